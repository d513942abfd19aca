"""Checkpoints: PyTorch's are read, PyTorch reads ours, and nothing unsafe runs."""

import collections
import copy
import datetime as dt
import io
import os
import pickle
import zipfile

import numpy as np
import pytest
from side_by_side import assert_alike

import flambeau as fb
from flambeau import serialization

DTYPES = [
    *("float64", "float32", "float16", "bfloat16", "complex64", "complex128"),
    *("int64", "int32", "int16", "int8", "uint8", "bool", "uint16", "uint32", "uint64"),
    *("float8_e4m3fn", "float8_e5m2"),
]


def saved(value, framework=fb, **options):
    buffer = io.BytesIO()
    framework.save(value, buffer, **options)
    buffer.seek(0)
    return buffer


def sample(framework):
    """A checkpoint with shared memory, strides, every kind of plain value, parameters."""
    base = framework.arange(12.0).reshape(3, 4)
    return {
        "base": base,
        "transposed": base.t(),
        "slice": base[1:, ::2],
        "scalar": framework.tensor(3),
        "empty": framework.zeros(0, 3),
        "parameter": framework.nn.Parameter(base),
        "frozen": framework.nn.Parameter(framework.ones(2), requires_grad=False),
        "leaf": framework.ones(2, requires_grad=True),
        "ordered": collections.OrderedDict(weight=base[0]),
        "plain": [1, -(2**70), 2.5, None, True, "text", b"bytes", (1, 2), {1, 2}, 1 + 2j],
        "meta": [framework.float32, framework.Size([2, 3]), framework.device("cpu")],
    }


def check_sample(found, framework):
    assert type(found["parameter"]) is framework.nn.Parameter
    assert found["base"].tolist() == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    assert found["transposed"].stride() == (1, 4)
    assert found["slice"].storage_offset() == 4
    assert found["slice"].stride() == (4, 2)
    assert found["slice"].tolist() == [[4, 6], [8, 10]]
    assert found["empty"].shape == (0, 3)
    assert found["scalar"].item() == 3
    assert found["parameter"].requires_grad
    assert not found["frozen"].requires_grad
    assert found["leaf"].requires_grad
    assert type(found["ordered"]) is collections.OrderedDict
    assert found["plain"] == sample(fb)["plain"]
    assert found["meta"][0] is framework.float32
    assert type(found["meta"][1]) is framework.Size
    with framework.no_grad():
        found["base"][0, 0] = 99.0
    assert found["parameter"][0, 0].item() == 99.0
    assert found["transposed"][0, 0].item() == 99.0
    assert found["ordered"]["weight"][0].item() == 99.0


@pytest.mark.parametrize("options", [{}, {"weights_only": False}])
@pytest.mark.parametrize("new", [True, False])
def test_a_checkpoint_comes_back(new, options):
    buffer = saved(sample(fb), _use_new_zipfile_serialization=new)
    check_sample(fb.load(buffer, **options), fb)


@pytest.mark.parametrize("options", [{}, {"weights_only": False}])
@pytest.mark.parametrize("new", [True, False])
def test_pytorch_reads_it(reference, new, options):
    buffer = saved(sample(fb), _use_new_zipfile_serialization=new)
    check_sample(reference.load(buffer, **options), reference)


@pytest.mark.parametrize("options", [{}, {"weights_only": False}])
@pytest.mark.parametrize("new", [True, False])
def test_pytorch_files_are_read(reference, new, options):
    buffer = saved(sample(reference), reference, _use_new_zipfile_serialization=new)
    check_sample(fb.load(buffer, **options), fb)


@pytest.mark.parametrize("name", DTYPES)
def test_every_dtype_goes_both_ways(reference, name):
    ours = fb.tensor([0, 1, 1, 0]).to(getattr(fb, name))
    theirs = reference.tensor([0, 1, 1, 0]).to(getattr(reference, name))
    there = reference.load(saved(ours))
    assert there.dtype is theirs.dtype
    assert there.tolist() == theirs.tolist()
    back = fb.load(saved(theirs, reference))
    assert back.dtype is ours.dtype
    assert back.tolist() == ours.tolist()


def test_the_archive_has_pytorchs_records(reference):
    def records(buffer):
        archive = zipfile.ZipFile(buffer)
        return {
            name: None if name.endswith(("data.pkl", "serialization_id")) else archive.read(name)
            for name in archive.namelist()
        }

    ours, theirs = saved({"a": fb.arange(5.0)}), saved({"a": reference.arange(5.0)}, reference)
    assert list(records(ours).items()) == list(records(theirs).items())
    pickles = [zipfile.ZipFile(each).read("archive/data.pkl") for each in (ours, theirs)]
    assert pickles[0] == pickles[1]


def test_records_start_at_multiples_of_64():
    buffer = saved([fb.ones(count) for count in range(1, 9)])
    for info in zipfile.ZipFile(buffer).infolist():
        buffer.seek(info.header_offset + 26)
        name, extra = np.frombuffer(buffer.read(4), np.uint16)
        assert (info.header_offset + 30 + name + extra) % 64 == 0


def test_optimizer_states_and_state_dicts(reference):
    def train(framework):
        framework.manual_seed(0)
        model = framework.nn.Linear(3, 2)
        optimizer = framework.optim.Adam(model.parameters())
        model(framework.ones(4, 3)).sum().backward()
        optimizer.step()
        return model, optimizer

    model, optimizer = train(fb)
    other, other_optimizer = train(reference)
    states = reference.load(saved([model.state_dict(), optimizer.state_dict()]))
    other.load_state_dict(states[0])
    other_optimizer.load_state_dict(states[1])
    states = fb.load(saved([other.state_dict(), other_optimizer.state_dict()], reference))
    model.load_state_dict(states[0])
    optimizer.load_state_dict(states[1])
    assert states[0]._metadata == model.state_dict()._metadata


def test_whole_modules_go_both_ways(reference):
    def model(framework):
        return framework.nn.Sequential(framework.nn.Linear(3, 2), framework.nn.ReLU())

    there = reference.load(saved(model(fb)), weights_only=False)
    assert there(reference.ones(1, 3)).shape == (1, 2)
    back = fb.load(saved(model(reference), reference), weights_only=False)
    assert back(fb.ones(1, 3)).shape == (1, 2)


class Point:
    def __init__(self, x):
        self.x = x


class Slotted:
    __slots__ = ("x",)


def message(error):
    return str(error).replace("torch.serialization", "serialization")


def test_a_refused_class_is_explained_as_pytorch_does(reference):
    for value in (Point(1), dt.timedelta(1), os.system, print):
        with pytest.raises(pickle.UnpicklingError) as theirs:
            reference.load(saved(value, reference))
        with pytest.raises(pickle.UnpicklingError) as ours:
            fb.load(saved(value))
        assert str(ours.value) == str(theirs.value)


def test_a_class_may_be_allowed():
    buffer = saved(Point(fb.ones(2)))
    with serialization.safe_globals([Point]):
        assert fb.load(buffer).x.tolist() == [1, 1]
    buffer.seek(0)
    with pytest.raises(pickle.UnpicklingError):
        fb.load(buffer)
    serialization.add_safe_globals([(Point, f"{__name__}.Point")])
    try:
        buffer.seek(0)
        assert fb.load(buffer).x.tolist() == [1, 1]
        assert serialization.get_safe_globals() == [(Point, f"{__name__}.Point")]
    finally:
        serialization.clear_safe_globals()
    assert serialization.get_safe_globals() == []


def test_slots_are_restored_for_an_allowed_class():
    point = Slotted()
    point.x = 5
    with serialization.safe_globals([Slotted]):
        assert fb.load(saved(point)).x == 5


def test_unsafe_globals_are_listed():
    buffer = saved({"point": Point(1), "tensor": fb.ones(1), "model": fb.nn.Linear(1, 1)})
    assert serialization.get_unsafe_globals_in_checkpoint(buffer) == sorted(
        [f"{__name__}.Point", "torch.nn.modules.linear.Linear"]
    )


PROTOCOL = b"\x80\x02"


def forged(reference, body):
    """A checkpoint of PyTorch's whose pickle is `body`."""
    made = io.BytesIO()
    with zipfile.ZipFile(saved(1, reference)) as source, zipfile.ZipFile(made, "w") as target:
        for name in source.namelist():
            target.writestr(name, body if name.endswith("data.pkl") else source.read(name))
    made.seek(0)
    return made


@pytest.mark.parametrize(
    "body",
    [
        b"]}b.",
        b"}}b.",
        b"ctorch._utils\n_rebuild_parameter\n}b.",
        b"])R.",
        b"])\x81.",
        b"]K\x00K\x01s.",
        b"](K\x00K\x01u.",
        b"}K\x01a.",
        b"}(K\x01e.",
        b"U\x01aQ.",
        b"(U\x01aK\x01tQ.",
        b"cbuiltins\ngetattr\n.",
        b"c__builtin__\neval\n.",
        b"csys\nexit\n.",
        b"cposix\nsystem\n.",
        b"ctorch.nn\nLinear\n.",
        b"I1\n.",
    ],
    ids=repr,
)
def test_a_forged_pickle_is_refused_as_pytorch_does(reference, body):
    with pytest.raises(pickle.UnpicklingError) as theirs:
        reference.load(forged(reference, PROTOCOL + body))
    with pytest.raises(pickle.UnpicklingError) as ours:
        fb.load(forged(reference, PROTOCOL + body))
    assert str(ours.value) == str(theirs.value)


@pytest.mark.parametrize(
    "data",
    [b"", b"hello world this is garbage", b"PK\x03\x04 broken"],
    ids=["empty", "text", "zip"],
)
@pytest.mark.parametrize("weights_only", [True, False])
def test_a_damaged_file_fails_as_in_pytorch(reference, data, weights_only):
    with pytest.raises(Exception) as theirs:
        reference.load(io.BytesIO(data), weights_only=weights_only)
    with pytest.raises(type(theirs.value)) as ours:
        fb.load(io.BytesIO(data), weights_only=weights_only)
    assert str(ours.value) == str(theirs.value)


def test_a_truncated_file_is_an_error():
    data = saved(fb.ones(1000)).getvalue()
    for end in (len(data) - 30, 700):
        with pytest.raises(RuntimeError, match="failed finding central directory"):
            fb.load(io.BytesIO(data[:end]))


BAD_CALLS = {
    "map to cuda": (lambda f, b: f.load(b, map_location="cuda"), RuntimeError),
    "map to nowhere": (lambda f, b: f.load(b, map_location="foo"), RuntimeError),
    "map by number": (lambda f, b: f.load(b, map_location=3), TypeError),
    "mmap of a buffer": (lambda f, b: f.load(b, mmap=True), ValueError),
    "pickle module": (
        lambda f, b: f.load(b, pickle_module=pickle, weights_only=True),
        RuntimeError,
    ),
    "save to a number": (lambda f, b: f.save(1, 3), AttributeError),
    "load a number": (lambda f, b: f.load(3), AttributeError),
    "no folder": (lambda f, b: f.save(1, "/no/such/folder/x.pt"), RuntimeError),
    "no file": (lambda f, b: f.load("/no/such/file.pt"), FileNotFoundError),
    "two dtypes": (
        lambda f, b: f.save([(x := f.ones(2)), x.view(f.int32)], io.BytesIO()),
        RuntimeError,
    ),
}


@pytest.mark.parametrize("name", BAD_CALLS)
def test_bad_arguments_are_answered_as_in_pytorch(reference, name):
    call, kind = BAD_CALLS[name]
    with pytest.raises(kind) as theirs:
        call(reference, saved(reference.ones(1), reference))
    with pytest.raises(kind) as ours:
        call(fb, saved(fb.ones(1)))
    assert str(ours.value) == str(theirs.value)


def test_map_location_in_every_form():
    seen = []

    def keep(storage, location):
        seen.append((type(storage).__name__, location))
        return storage

    for location in (
        "cpu",
        fb.device("cpu"),
        {"cpu": "cpu"},
        {"cuda:0": "cpu"},
        keep,
        lambda *_: None,
    ):
        assert fb.load(saved(fb.ones(2)), map_location=location).tolist() == [1, 1]
    assert seen == [("UntypedStorage", "cpu")]


@pytest.mark.parametrize("writer", ["ours", "theirs"])
def test_storages_can_stay_in_the_file(reference, tmp_path, writer):
    framework = fb if writer == "ours" else reference
    path = tmp_path / "model.pt"
    framework.save([framework.arange(6.0).reshape(2, 3).t(), framework.ones(3)], path)
    first, second = fb.load(path, mmap=True)
    assert first.tolist() == [[0, 3], [1, 4], [2, 5]]
    second[0] = 7
    assert second.tolist() == [7, 1, 1]
    assert fb.load(path)[1].tolist() == [1, 1, 1]


def test_the_archive_is_named_after_the_file(tmp_path):
    path = tmp_path / "epoch.3.pt"
    fb.save(fb.ones(1), path)
    assert zipfile.ZipFile(path).namelist()[0] == "epoch.3/data.pkl"


def test_a_failed_save_leaves_the_old_file(tmp_path):
    path = tmp_path / "model.pt"
    fb.save(fb.ones(1), path)
    with pytest.raises((AttributeError, pickle.PicklingError)):
        fb.save([fb.zeros(1), lambda: 0], path)
    assert fb.load(path).tolist() == [1]
    assert [each.name for each in tmp_path.iterdir()] == ["model.pt"]


def test_a_file_keeps_its_mode_and_its_link(tmp_path):
    path, link = tmp_path / "model.pt", tmp_path / "latest.pt"
    fb.save(fb.ones(1), path)
    path.chmod(0o640)
    link.symlink_to(path)
    fb.save(fb.zeros(1), link)
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    assert fb.load(path).tolist() == [0]


def test_any_object_with_write_will_do():
    class Sink:
        def __init__(self):
            self.data = b""

        def write(self, piece):
            self.data += bytes(piece)
            return len(piece)

    sink = Sink()
    fb.save({"a": fb.ones(3)}, sink)
    assert fb.load(io.BytesIO(sink.data))["a"].tolist() == [1, 1, 1]


@pytest.mark.parametrize("protocol", range(2, 6))
def test_plain_pickle_keeps_class_and_attributes(protocol):
    class_, tensor = fb.nn.Parameter(fb.ones(2)), fb.arange(4)[1:]
    tensor.note = "mine"
    parameter, plain = pickle.loads(pickle.dumps([class_, tensor], protocol))
    assert type(parameter) is fb.nn.Parameter
    assert parameter.requires_grad
    assert plain.tolist() == [1, 2, 3]
    assert plain.note == "mine"


def test_deepcopy_copies_memory_once():
    base = fb.arange(4.0)
    base.grad = fb.ones(4)
    first, second = copy.deepcopy([base, base[1:]])
    first[1] = 50
    assert second.tolist() == [50, 2, 3]
    assert base.tolist() == [0, 1, 2, 3]
    assert first.grad.tolist() == [1, 1, 1, 1]


def test_deepcopy_refuses_computed_tensors():
    with pytest.raises(RuntimeError, match="Only Tensors created explicitly by the user"):
        copy.deepcopy(fb.ones(2, requires_grad=True) * 2)


def test_a_computed_tensor_is_saved_as_a_leaf():
    found = fb.load(saved(fb.ones(2, requires_grad=True) * 2))
    assert found.is_leaf
    assert found.requires_grad
    assert found.tolist() == [2, 2]


def test_a_subclass_keeps_its_class():
    tensor = fb.ones(2).as_subclass(Image)
    tensor.note = 1
    with serialization.safe_globals([Image]):
        found = fb.load(saved(tensor))
    assert type(found) is Image
    assert found.note == 1


class Image(fb.Tensor):
    pass


def test_a_generator_is_restored(reference):
    generator = fb.Generator().manual_seed(3)
    fb.rand(5, generator=generator)
    found = fb.load(saved(generator), weights_only=False)
    assert fb.rand(3, generator=found).tolist() == fb.rand(3, generator=generator).tolist()
    theirs = reference.Generator().manual_seed(3)
    found = fb.load(saved(theirs, reference), weights_only=False)
    np.testing.assert_array_equal(fb.rand(3, generator=found).numpy(), reference.rand(3, generator=theirs).numpy())


def test_the_state_of_a_tensor_subclass_is_pickled_as_in_pytorch(reference):
    def body(torch):
        class Slotted(torch.nn.Parameter):
            __slots__ = ("place",)

        class Stateful(torch.Tensor):
            def __getstate__(self):
                return {"kept": 1}

        slotted, plain = Slotted(torch.ones(1)), torch.nn.Parameter(torch.ones(1))
        slotted.place, slotted.note, plain.note = 5, "a", "b"
        stateful = torch.ones(2).as_subclass(Stateful)
        stateful.lost = 2
        copied = copy.deepcopy(plain)
        states = [each.__reduce_ex__(2)[1][-1] for each in (slotted, plain, stateful)]
        return states, [each.__reduce_ex__(2)[0].__name__ for each in (slotted, plain, stateful)], copied.__dict__

    assert_alike(body, reference)


def test_attributes_come_back():
    weight = fb.nn.Parameter(fb.ones(2))
    weight.note = "kept"
    assert pickle.loads(pickle.dumps(weight)).note == "kept"
    tensor = fb.ones(2)
    tensor.note = [1]
    assert copy.deepcopy(tensor).note == [1]
