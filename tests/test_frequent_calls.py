"""Calls that come often are made by machine code (kernels.calls): they give and record what Python's way does."""

import gc
import sys
import weakref

import numpy as np
import pytest

import flambeau as torch
from flambeau.kernels import pool
from flambeau.ops import hot
from flambeau.prims.core import AUTO_THRESHOLD, silent

pytestmark = pytest.mark.kernels
F = torch.nn.functional


@pytest.fixture(autouse=True)
def tables(monkeypatch):
    """Tables which want a cell at the second call, for these tests alone; in the mode that has tables."""
    monkeypatch.setitem(silent, "large", AUTO_THRESHOLD)
    monkeypatch.setattr(hot, "OFTEN", 2)
    hot.load()


def learned(table, *args):
    """What the table gives once it has a cell for these arguments; None if it gets none."""
    assert table.function(*args) is None
    assert table.function(*args) is ...
    table.want(args)
    return table.function(*args)


def form(function, *names, inplace=False):
    return hot.form_table(function.op, names, inplace=inplace)


OPS = {
    "add": (torch.add, ("input", "other")),
    "mul": (torch.mul, ("input", "other")),
    "sub": (torch.sub, ("input", "other")),
    "tanh": (torch.tanh, ("input",)),
    "exp": (torch.exp, ("input",)),
    "sigmoid": (torch.sigmoid, ("input",)),
    "mm": (torch.mm, ("input", "mat2")),
    "addcmul": (torch.addcmul, ("input", "tensor1", "tensor2")),
}


@pytest.mark.parametrize("name", OPS)
@pytest.mark.parametrize("grad", [(), (0,), (1,), (0, 1)], ids=str)
def test_a_cell_computes_and_records_what_python_does(name, grad):
    function, names = OPS[name]
    args = [torch.randn(5, 5) for _ in names]
    for place in grad:
        if place < len(args):
            args[place].requires_grad_()
    expected = function(*args)
    found = learned(form(function, *names), *args)
    np.testing.assert_allclose(found.detach().numpy(), expected.detach().numpy(), rtol=2e-6, atol=1e-6)
    assert found.requires_grad == expected.requires_grad
    assert found._version == 0
    assert found.is_leaf == expected.is_leaf
    if found.requires_grad:
        assert type(found.grad_fn) is type(expected.grad_fn)
        assert found.grad_fn.next_functions == expected.grad_fn.next_functions
        wanted = [args[place] for place in grad if place < len(args)]
        for create_graph in (False, True):
            ours = torch.autograd.grad(found, wanted, torch.ones(5, 5), True, create_graph)
            theirs = torch.autograd.grad(expected, wanted, torch.ones(5, 5), True, create_graph)
            for a, b in zip(ours, theirs, strict=True):
                torch.testing.assert_close(a, b)


LAYERS = {
    "linear": (F.linear, ("input", "weight", "bias"), lambda bias: ((2, 32, 48), (96, 48), (96,) if bias else None)),
    "linear to large": (F.linear, ("input", "weight", "bias"), lambda bias: ((64, 48), (1000, 48), (1000,) if bias else None)),
    "layer_norm": (
        torch.layer_norm,
        ("input", "normalized_shape", "weight", "bias", "eps"),
        lambda bias: ((2, 64, 96), ..., (96,), (96,) if bias else None, 1e-5),
    ),
    "gelu": (F.gelu, ("input",), lambda bias: ((64, 1000),) if bias else ((5,),)),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("grad", [False, True])
def test_layers_run_the_same_kernel(name, bias, grad):
    function, names, shapes = LAYERS[name]
    args = [torch.randn(each, requires_grad=grad) if type(each) is tuple else each for each in shapes(bias)]
    args = [(96,) if each is ... else each for each in args]
    tensors = [each for each in args if isinstance(each, torch.Tensor)]
    table = form(function, *names)
    found, expected = learned(table, *args), function(*args)
    exact = expected.numel() * 32 >= AUTO_THRESHOLD  # smaller ones are NumPy's
    np.testing.assert_allclose(found.detach(), expected.detach(), rtol=0 if exact else 1e-6, atol=0 if exact else 1e-6)
    assert found.grad_fn.__class__ is expected.grad_fn.__class__
    if grad:
        g = torch.randn(found.shape)
        for a, b in zip(*(torch.autograd.grad(each, tensors, g) for each in (found, expected)), strict=True):
            torch.testing.assert_close(a, b)
    with torch.no_grad():
        table.function(*args)
    gc.collect()
    things = [x for each in tensors for x in (each, each._array, each._node)]
    before = [sys.getrefcount(each) for each in things]
    for _ in range(200):
        assert table.function(*args) is not None or grad
    after = [sys.getrefcount(each) for each in things]
    assert max(abs(x - y) for x, y in zip(before, after, strict=True)) < 100


def test_large_results_are_in_pooled_memory():
    x, w = torch.randn(64, 48), torch.randn(1000, 48)
    table = form(F.linear, "input", "weight", "bias")
    learned(table, x, w, None)
    before = pool.statistics()["live"]
    found = table.function(x, w, None)
    after = pool.statistics()["live"]
    own = np.empty(1 << 20)  # the program's own arrays are not
    assert after - before >= found.nbytes
    assert pool.statistics()["live"] == after
    del found, own
    assert pool.statistics()["live"] == before


@pytest.mark.parametrize("threads", [1, 3, 20])
def test_a_kernel_of_several_threads_has_room_for_them(threads):
    x, w = torch.randn(64, 48), torch.randn(1000, 48)
    table = form(F.linear, "input", "weight", "bias")
    found, before = learned(table, x, w, None), torch.get_num_threads()
    try:
        torch.set_num_threads(threads)
        for _ in range(20):
            assert torch.equal(table.function(x, w, None), found)
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("shapes", [((4,), (3, 4)), ((3, 1), (1, 4)), ((), (2, 3)), ((2, 3, 4), (3, 4))], ids=str)
@pytest.mark.parametrize("turned", [False, True])
def test_shapes_broadcast_and_strides_are_followed(shapes, turned):
    a, b = (torch.randn(shape) for shape in shapes)
    if turned:
        turn = tuple(range(a.ndim))[::-1]
        a, b = a.permute(turn).contiguous().permute(turn), b[..., ::2] if b.shape[-1:] == a.shape[-1:] == () else b
    found = learned(form(torch.mul, "input", "other"), a, b)
    if found is None:
        assert turned  # a result in an order of strides that is neither C's nor a view's
        return
    np.testing.assert_array_equal(found.numpy(), a.numpy() * b.numpy())


def test_a_signature_is_told_from_all_others():
    table = form(torch.add, "input", "other")
    a, b = torch.randn(3, 4), torch.randn(3, 4)
    assert learned(table, a, b) is not None
    others = [
        (a, torch.randn(4)),
        (a, torch.randn(4, 3).T),
        (a.double(), b.double()),
        (a, 2.0),
        (a, 2),
        (2, a),
        (a, b.requires_grad_()),
        (a, b.detach().numpy()),
        (a, True),
        (a, [1.0]),
        (a, torch.randn(3, 4, dtype=torch.float64)),
    ]
    for args in others:
        assert table.function(*args) is None, args
    with torch.no_grad():
        assert table.function(a, b) is None  # recorded before: another signature


@pytest.mark.parametrize("number", [2, 2.5, -3, float("nan")])
def test_numbers_are_values_not_signatures(number):
    table, a = form(torch.mul, "input", "other"), torch.randn(3, requires_grad=True)
    assert learned(table, a, type(number)(7)) is not None
    found = table.function(a, number)
    np.testing.assert_array_equal(found.detach().numpy(), a.detach().numpy() * np.float32(number))
    found.sum().backward()
    np.testing.assert_array_equal(a.grad.numpy(), np.full(3, number, np.float32))


def test_integers_beyond_64_bits_are_left_to_python():
    table, a = form(torch.mul, "input", "other"), torch.randn(3)
    assert learned(table, a, 7) is not None
    assert table.function(a, 1 << 70) is None


@pytest.mark.parametrize(
    "args",
    [
        (torch.arange(3), torch.arange(3)),
        (torch.randn(3, dtype=torch.float64), torch.randn(3, dtype=torch.float64)),
        (torch.randn(2, 3), torch.randn(4, 5)),
        (torch.randn(0), torch.randn(0)),
        (torch.randn(1 << 17), torch.randn(1 << 17)),
    ],
    ids=["int", "float64", "shapes that do not fit", "empty", "large"],
)
def test_what_is_no_small_float32_is_left_to_python(args):
    assert learned(form(torch.add, "input", "other"), *args) is None


def test_what_is_left_to_python_is_not_kept_alive():
    table, big = form(torch.add, "input", "other"), torch.zeros(1 << 17)
    gone = weakref.ref(big)
    assert learned(table, big, big) is None
    del big
    assert gone() is None


def test_no_cell_answers_while_a_mode_is_on():
    table, a = form(torch.tanh, "input"), torch.randn(3)
    assert learned(table, a) is not None
    with torch.inference_mode():
        assert table.function(a) is None
    assert table.function(a) is not None


def test_subclasses_are_left_to_python_and_parameters_are_not():
    class Own(torch.Tensor):
        pass

    table = form(torch.tanh, "input")
    own = torch.randn(3).as_subclass(Own)
    assert [table.function(own) for _ in range(3)] == [None] * 3
    assert learned(table, torch.nn.Parameter(torch.randn(2))).requires_grad


def test_a_write_raises_the_version_and_keeps_the_tensor():
    table = form(torch.add, "input", "other", inplace=True)
    a, b = torch.zeros(4), torch.ones(4)
    view = a[1:]
    assert learned(table, a, b) is a
    assert a.tolist() == [1.0] * 4
    assert (a._version, view._version) == (1, 1)
    assert table.function(a, a) is a
    assert a.tolist() == [2.0] * 4


def test_a_write_over_what_is_read_is_left_to_python():
    memory = torch.arange(8.0)
    table = form(torch.add, "input", "other", inplace=True)
    assert learned(table, torch.zeros(4), torch.ones(4)) is not None
    assert table.function(memory[1:5], memory[:4]) is None
    assert memory.tolist() == list(range(8))


def test_a_write_on_what_wants_a_gradient_is_left_to_python():
    leaf = torch.randn(3, requires_grad=True)
    assert learned(form(torch.add, "input", "other", inplace=True), leaf, torch.ones(3)) is None
    with torch.no_grad():
        assert learned(form(torch.add, "input", "other", inplace=True), leaf, torch.ones(3)) is leaf


def test_saved_values_know_that_they_were_written_to():
    a = torch.randn(3, requires_grad=True)
    b = torch.randn(3)
    found = learned(form(torch.mul, "input", "other"), a, b)
    b.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        found.sum().backward()


def test_references_are_counted():
    a, b = torch.randn(3, requires_grad=True), torch.randn(3)
    table = form(torch.mul, "input", "other")
    learned(table, a, b)
    things = (a, b, a._array, b._array, a._counter, b._counter, a._node, None, 0, np.dtype(np.float32))
    gc.collect()
    before = [sys.getrefcount(each) for each in things]
    for _ in range(1000):
        table.function(a, b)
    after = [sys.getrefcount(each) for each in things]
    assert max(abs(x - y) for x, y in zip(before, after, strict=True)) < 100
    found = table.function(a, b)
    gone = [weakref.ref(found), weakref.ref(found.grad_fn)]
    del found
    assert [each() for each in gone] == [None, None]


def test_rules_run_in_machine_code_too():
    op = F.mse_loss.__globals__["ops"].mse_loss.op
    a, b, g = (np.random.default_rng(k).standard_normal((4, 3)).astype(np.float32) for k in range(3))
    g = np.float32(0.5) * np.ones((), np.float32)
    table = hot.rule_table(op, "input", [False, False, False, True])
    found = learned(table, np.asarray(g), a, b, "mean")
    np.testing.assert_allclose(found, (a - b) * 2 * g / a.size, rtol=1e-6)


SMALL_PRODUCTS = [(1, 1, 1), (4, 4, 4), (3, 5, 2), (100, 1, 1), (7, 3, 9), (2, 20, 17)]
SMALL_PRODUCTS += [(17, 17, 17), (5, 40, 33), (64, 64, 64), (31, 5, 100), (4, 300, 4)]


@pytest.mark.parametrize("sizes", SMALL_PRODUCTS, ids=str)
@pytest.mark.parametrize("turned", [False, True])
def test_small_products(sizes, turned):
    rows, inner, columns = sizes
    a, b = torch.randn(rows, inner), torch.randn(inner, columns)
    if turned:
        a, b = a.T.contiguous().T, b.T.contiguous().T
    found = learned(form(torch.mm, "input", "mat2"), a, b)
    if found is not None:
        np.testing.assert_allclose(found.numpy(), a.numpy() @ b.numpy(), rtol=1e-4, atol=1e-5)
    else:
        assert rows * inner * columns > 512
        assert min(sizes) < 4
    bias, weight = torch.randn(columns), b.T.contiguous()
    found = learned(form(F.linear, "input", "weight", "bias"), a, weight, bias)
    if found is not None:
        np.testing.assert_allclose(found.numpy(), a.numpy() @ b.numpy() + bias.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("sizes", [(17, 17, 17), (5, 40, 33), (31, 5, 100)], ids=str)
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("biased", [False, True])
def test_small_products_touch_nothing_outside_their_arrays(sizes, turned, biased):
    from flambeau.kernels import small

    rows, inner, columns = sizes
    rng = np.random.default_rng(0)

    def fenced(*shape):
        room = np.full(int(np.prod(shape)) + 64, np.nan, np.float32)
        return room, room[32:-32].reshape(shape)

    a, b = fenced(rows, inner)[1], fenced(columns, inner)[1].T if turned else fenced(inner, columns)[1]
    bias = fenced(columns)[1] if biased else None
    for each in (a, b, bias):
        if each is not None:
            each[...] = rng.standard_normal(each.shape)
    run, numbers, [(shape, dtype)], nbytes = small.product(a, b, bias)
    assert (shape, dtype, nbytes > 0) == ((rows, columns), np.float32, turned)
    (whole, out), (scratch_room, scratch) = fenced(*shape), fenced(nbytes // 4)
    run(numbers, a, b, *([bias] if biased else []), out, scratch)
    np.testing.assert_allclose(out, a @ b + (bias if biased else 0), rtol=1e-4, atol=1e-5)
    for room in (whole, scratch_room):
        assert np.isnan(room[:32]).all()
        assert np.isnan(room[-32:]).all()


def test_training_is_the_same_when_its_calls_become_frequent(python, tmp_path):
    script = tmp_path / "train.py"
    script.write_text(
        "import flambeau as torch\n"
        "torch.manual_seed(0)\n"
        "x, y = torch.randn(50, 3), torch.randn(50, 1)\n"
        "model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))\n"
        "optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)\n"
        "for _ in range(2000):\n"
        "    optimizer.zero_grad()\n"
        "    loss = torch.nn.functional.mse_loss(model(x), y)\n"
        "    loss.backward()\n"
        "    optimizer.step()\n"
        "print(f'{loss.item():.4f}', bool(torch.add.op.sources), 'want' in torch.tanh.op.source)\n"
    )
    answers = {kernels: python(script, FLAMBEAU_KERNELS=kernels).stdout.split() for kernels in ("0", "1", "hot")}
    assert answers["0"][0] == answers["1"][0] == answers["hot"][0]
    assert [answers[each][-1] for each in ("0", "1", "hot")] == ["False", "True", "True"]
