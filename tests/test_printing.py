"""The printed form of tensors: PyTorch's, to the character."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from side_by_side import assert_alike

import flambeau as fb
from flambeau import printing

DTYPES = ["float32", "float64", "float16", "int64", "int8", "uint8", "bool", "complex64"]
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "precision": st.integers(0, 6),
        "threshold": st.sampled_from([0, 5, 100, float("inf")]),
        "edgeitems": st.integers(0, 4),
        "linewidth": st.sampled_from([20, 80, 120]),
        "sci_mode": st.sampled_from([True, False]),
    },
)


@st.composite
def arrays(draw):
    """Arrays whose magnitudes, zeros and special values lead to every notation."""
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=9))
    if dtype.kind in "biu":
        return draw(hnp.arrays(dtype, shape))
    values = np.empty(shape, dtype)
    with np.errstate(over="ignore"):
        values.real[...] = draw(real_arrays(shape))
        if dtype.kind == "c":
            values.imag[...] = draw(real_arrays(shape))
    return values


@st.composite
def real_arrays(draw, shape):
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    kind = draw(st.sampled_from(["normal", "scaled", "spread", "whole", "special", "zero"]))
    if kind == "normal":
        values = rng.normal(size=shape)
    elif kind == "scaled":
        values = rng.normal(size=shape) * 10.0 ** rng.integers(-7, 5)
    elif kind == "spread":
        values = rng.normal(size=shape) * 10.0 ** rng.integers(-5, 5, shape)
    elif kind == "whole":
        values = rng.integers(-60000, 60000, shape) * 1.0
    elif kind == "special":
        values = rng.choice([0.0, -0.0, 1.0, 999.5, 1e-4, 9.99995, np.nan, np.inf, -np.inf], shape)
    else:
        values = np.zeros(shape)
    return np.asarray(values)


@pytest.fixture(autouse=True)
def _default_options():
    yield
    fb.set_printoptions(profile="default")


@pytest.fixture
def torch(reference):
    yield reference
    reference.set_printoptions(profile="default")


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(array=arrays(), options=OPTIONS)
def test_elements_are_printed_as_pytorch_does(torch, array, options):
    for framework in (torch, fb):
        framework.set_printoptions(profile="default")
        framework.set_printoptions(**options)
    assert repr(fb.from_numpy(array)) == repr(torch.from_numpy(array))


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: fb.tensor(1.5), "tensor(1.5000)"),
        (lambda: fb.tensor([1.0, 2.0]), "tensor([1., 2.])"),
        (lambda: fb.tensor([1e-6, 300.0]), "tensor([1.0000e-06, 3.0000e+02])"),
        (lambda: fb.tensor([]), "tensor([])"),
        (lambda: fb.zeros(0, 3), "tensor([], size=(0, 3))"),
        (lambda: fb.tensor([], dtype=fb.int64), "tensor([], dtype=torch.int64)"),
        (lambda: fb.tensor([True, False]), "tensor([ True, False])"),
        (lambda: fb.tensor([1, -20]), "tensor([  1, -20])"),
        (lambda: fb.tensor([1], dtype=fb.uint8), "tensor([1], dtype=torch.uint8)"),
        (lambda: fb.tensor([1.5], dtype=fb.bfloat16), "tensor([1.5000], dtype=torch.bfloat16)"),
        (lambda: fb.tensor([1 + 2j]), "tensor([1.+2.j])"),
        (lambda: fb.tensor([float("nan"), -0.0]), "tensor([nan, -0.])"),
        (lambda: fb.ones(2, requires_grad=True), "tensor([1., 1.], requires_grad=True)"),
        (
            lambda: fb.ones(2, requires_grad=True) * 2,
            "tensor([2., 2.], grad_fn=<MulBackward0>)",
        ),
        (
            lambda: fb.nn.Parameter(fb.ones(2)),
            "Parameter containing:\ntensor([1., 1.], requires_grad=True)",
        ),
    ],
)
def test_a_tensor_shows_what_it_is(make, text):
    assert repr(make()) == text


def test_suffixes_start_a_new_line_where_the_width_is_reached(torch):
    for count in range(1, 14):
        ours = fb.full((count,), 0.12345, dtype=fb.float64, requires_grad=True)
        theirs = torch.full((count,), 0.12345, dtype=torch.float64, requires_grad=True)
        assert repr(ours) == repr(theirs)


def test_a_subclass_is_shown_by_its_name():
    class Image(fb.Tensor):
        pass

    assert repr(fb.ones(2).as_subclass(Image)) == "Image([1., 1.])"


def test_the_default_dtype_goes_unmentioned():
    fb.set_default_dtype(fb.float64)
    try:
        assert repr(fb.tensor([1.0])) == "tensor([1.])"
        assert repr(fb.tensor([1.0], dtype=fb.float32)) == "tensor([1.], dtype=torch.float32)"
        assert repr(fb.tensor([1j])) == "tensor([0.+1.j])"
    finally:
        fb.set_default_dtype(fb.float32)


def test_long_tensors_are_summarized():
    text = repr(fb.arange(2000).reshape(2, 1000))
    assert text == (
        "tensor([[   0,    1,    2,  ...,  997,  998,  999],\n        [1000, 1001, 1002,  ..., 1997, 1998, 1999]])"
    )


def test_a_number_formats_as_itself():
    assert f"{fb.tensor(2.5):.3f} {fb.tensor(3)}" == "2.500 3"


def test_options_hold_within_a_block():
    with printing.printoptions(precision=2, sci_mode=True):
        assert repr(fb.tensor([1.0])) == "tensor([1.00e+00])"
    assert repr(fb.tensor([1.0])) == "tensor([1.])"


def test_a_profile_sets_every_option():
    fb.set_printoptions(profile="short")
    assert repr(fb.tensor([1.2345])) == "tensor([1.23])"
    fb.set_printoptions(profile="default", linewidth=40)
    assert printing.get_printoptions() == {
        "precision": 4,
        "threshold": 1000,
        "edgeitems": 3,
        "linewidth": 40,
        "sci_mode": None,
    }


@pytest.mark.parametrize("kind", ["float16", "bfloat16", "float32", "float64", "complex64"])
def test_limits_of_floats(reference, kind):
    def body(torch):
        limits = torch.finfo(getattr(torch, kind))
        return limits.resolution, limits.eps, limits.max, limits.tiny, repr(limits)

    assert_alike(body, reference)
