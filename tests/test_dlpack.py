"""DLPack: memory shared with other libraries, both ways."""

import gc

import numpy as np
import pytest

import flambeau as fb
from flambeau.utils import dlpack

SHARED_DTYPES = [
    *("float64", "float32", "float16", "bfloat16", "complex64", "complex128", "bool"),
    *("int64", "int32", "int16", "int8", "uint8", "uint16", "uint32", "uint64"),
    *("float8_e4m3fn", "float8_e5m2"),
]


@pytest.mark.parametrize("name", SHARED_DTYPES)
def test_pytorch_shares_our_memory(reference, name):
    ours = fb.tensor([1, 0, 1, 1]).to(getattr(fb, name))
    theirs = reference.from_dlpack(ours)
    assert theirs.dtype is getattr(reference, name)
    assert theirs.data_ptr() == ours.data_ptr()
    assert theirs.tolist() == ours.tolist()


@pytest.mark.parametrize("name", SHARED_DTYPES)
def test_we_share_pytorchs_memory(reference, name):
    theirs = reference.tensor([1, 0, 1, 1]).to(getattr(reference, name))
    for source in (theirs, theirs.__dlpack__(), theirs.__dlpack__(max_version=(1, 0))):
        ours = fb.from_dlpack(source)
        assert ours.dtype is getattr(fb, name)
        assert ours.data_ptr() == theirs.data_ptr()
        assert ours.tolist() == theirs.tolist()


def test_writes_show_on_both_sides(reference):
    theirs = reference.zeros(3)
    for source in (theirs, theirs.__dlpack__()):
        ours = fb.from_dlpack(source)
        ours[0] += 1
    assert theirs.tolist() == [2, 0, 0]


def test_the_memory_outlives_its_owner():
    array = fb.from_dlpack(np.arange(1000.0))
    gc.collect()
    assert array.sum().item() == 499500


def test_strides_offsets_and_empty_shapes_are_kept():
    base = fb.arange(24).reshape(2, 3, 4)
    for view in (base.permute(2, 0, 1), base[1, :, ::2], base[:0], base[0, 0, 3]):
        found = np.from_dlpack(view)
        assert found.shape == view.shape
        assert found.tolist() == view.tolist()
        assert fb.from_dlpack(found).tolist() == view.tolist()


def test_copy_says_whether_memory_is_shared():
    array = fb.arange(3.0)
    assert fb.from_dlpack(array, copy=True).data_ptr() != array.data_ptr()
    assert fb.from_dlpack(array, copy=False).data_ptr() == array.data_ptr()


def test_a_producer_from_before_versions_is_understood():
    class Old:
        def __dlpack__(self, stream=None):
            return np.arange(3).__dlpack__()

    assert fb.from_dlpack(Old()).tolist() == [0, 1, 2]


def used_capsule(framework):
    capsule = framework.arange(3).__dlpack__()
    framework.from_dlpack(capsule)
    return capsule


BAD_CALLS = {
    "requires grad": (lambda f: f.ones(2, requires_grad=True).__dlpack__(), BufferError),
    "parameter": (lambda f: f.nn.Parameter(f.ones(2)).__dlpack__(), BufferError),
    "stream": (lambda f: f.ones(2).__dlpack__(stream=1), AssertionError),
    "stream type": (lambda f: f.ones(2).__dlpack__(stream="a"), TypeError),
    "number": (lambda f: f.from_dlpack(3), RuntimeError),
    "list": (lambda f: f.from_dlpack([1.0]), RuntimeError),
    "used": (lambda f: f.from_dlpack(used_capsule(f)), RuntimeError),
    "strings": (lambda f: f.from_dlpack(np.array(["a"])), BufferError),
}


@pytest.mark.parametrize("name", BAD_CALLS)
def test_what_cannot_be_shared_is_refused_as_in_pytorch(reference, name):
    call, kind = BAD_CALLS[name]
    with pytest.raises(kind) as theirs:
        call(reference)
    with pytest.raises(kind) as ours:
        call(fb)
    assert str(ours.value) == str(theirs.value)


def test_the_device_is_the_cpu():
    assert fb.ones(1).__dlpack_device__() == (dlpack.DLDeviceType.kDLCPU, 0)
    capsule = dlpack.to_dlpack(fb.arange(2))
    assert dlpack.from_dlpack(capsule).tolist() == [0, 1]
