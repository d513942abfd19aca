"""A function of the arrays of many rows by one kernel: NumPy's values, whatever the rows' sizes and number."""

import numpy as np
import pytest

import flambeau
from flambeau.prims import lists
from flambeau.prims.core import AUTO_THRESHOLD, silent

pytestmark = pytest.mark.kernels

SIZES = [[5], [3, 0, 70_000, 1, 129, 16_384, 16_385], [40_000] * 3, [17] * 90, [0, 2000]]


@pytest.fixture(autouse=True)
def large_arrays_have_kernels(monkeypatch):
    monkeypatch.setitem(silent, "large", AUTO_THRESHOLD)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def guarded(size, dtype, rng):
    """An array between canaries, which must stay as they are."""
    room = np.full(size + 8, 7, dtype)
    room[4:-4] = rng.standard_normal(size)
    return room, room[4:-4]


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rows_are_updated_in_place_and_nothing_beside_them(sizes, dtype, rng):
    from flambeau.kernels.many import Many

    rooms = [[guarded(size, dtype, rng) for _ in range(3)] for size in sizes]
    rows = [[array for _, array in row] for row in rooms]
    before = [[array.copy() for array in row] for row in rows]
    run = Many(lambda x, y, z, factor, flag: (x + y * factor, z * z if flag else z))
    for factor in (0.5, 2.0):
        sums = run(rows, (factor, True), (0, 2))
        assert sums is not None
        for (x, y, z), (x0, y0, z0) in zip(rows, before, strict=True):
            np.testing.assert_array_equal(y, y0)
            np.testing.assert_allclose(x, x0 + y0 * np.dtype(dtype).type(factor), rtol=1e-6)
            np.testing.assert_allclose(z, z0 * z0, rtol=1e-6)
            x[...], z[...] = x0, z0
    assert len(run.kernels) == 1
    for row in rooms:
        for room, _ in row:
            assert (room[:4] == 7).all()
            assert (room[-4:] == 7).all()


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_result_is_summed_row_by_row_in_float64(sizes, dtype, rng):
    rows = [rng.standard_normal(size).astype(dtype) * 1e25 for size in sizes]  # whose squares no float32 holds
    found = lists.norms(rows)
    if sum(sizes) < 1024:
        assert found is None
        return
    wanted = [np.sqrt((row.astype(np.float64) ** 2).sum()) for row in rows]
    np.testing.assert_allclose(found, wanted, rtol=1e-6 if dtype == "float32" else 1e-13)


def test_what_is_not_dense_or_not_alike_is_left_to_others(rng):
    whole = rng.standard_normal((64, 64)).astype("f4")
    assert lists.norms([whole.T]) is None
    assert lists.norms([whole, whole.astype("f8")]) is None
    assert lists.norms([whole.astype("f2")]) is None
    assert lists.norms([]) is None
    frozen = whole.copy()
    frozen.flags.writeable = False
    assert not lists.scale([whole, frozen], 2.0)
    assert lists.scale([whole], 2.0)


def test_arrays_that_share_memory_are_left_to_others():
    whole = np.ones(4000, "f4")
    assert not lists.scale([whole, whole], 2.0)
    assert not lists.scale([whole[:3000], whole[2000:]], 2.0)
    assert not lists.scale([whole, whole[:10]], 2.0)
    assert lists.scale([whole[:2000], whole[2000:]], 2.0)
    assert (whole == 2).all()


def parameters(torch, rng_seed, *, transposed):
    rng = np.random.default_rng(rng_seed)
    shapes = [(300, 40), (40,), (1,), (7, 3, 11), (60, 300)]
    made = [torch.nn.Parameter(torch.tensor(rng.standard_normal(shape).astype("f4"))) for shape in shapes]
    if transposed:
        made[0] = torch.nn.Parameter(torch.tensor(rng.standard_normal((40, 300)).astype("f4")).t())
    return made


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("SGD", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
        ("Adam", {"amsgrad": True, "maximize": True}),
        ("AdamW", {}),
        ("Adadelta", {}),
        ("RMSprop", {"centered": True, "momentum": 0.5}),
        ("Adagrad", {"lr_decay": 0.1}),
        ("Adamax", {}),
        ("NAdam", {}),
        ("RAdam", {}),
        ("Rprop", {}),
        ("ASGD", {}),
    ],
)
def test_optimizers_step_as_pytorchs(name, options, transposed, reference):
    results = []
    for torch in (flambeau, reference):
        held = parameters(torch, 0, transposed=transposed)
        optimizer = getattr(torch.optim, name)(held, lr=0.01, **options)
        for step in range(3):
            for k, param in enumerate(held):
                grad = np.random.default_rng(10 * step + k).standard_normal(tuple(param.shape)).astype("f4")
                param.grad = None if k == 3 and step == 1 else torch.tensor(grad)
            norm = torch.nn.utils.clip_grad_norm_(held, 20.0)
            optimizer.step()
        results.append([norm.item(), *(param.detach().numpy().copy() for param in held)])
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-6)


def test_an_optimizer_writes_by_itself_what_no_kernel_takes(monkeypatch):
    taken = []
    monkeypatch.setattr(flambeau.optim.Adam, "_write", lambda self, row, coefficients: taken.append(row[0].shape))
    held = parameters(flambeau, 0, transposed=True)
    for param in held:
        param.grad = param.detach() * 0.5
    before = [param.detach().clone() for param in held]
    flambeau.optim.Adam(held).step()
    assert taken == [(300, 40)]
    assert [bool((a != b).any()) for a, b in zip(held, before, strict=True)] == [False, True, True, True, True]


def test_subclasses_and_modes_see_each_gradient(reference):
    for torch in (flambeau, reference):

        class Noted(torch.Tensor):
            calls = ()

            @classmethod
            def __torch_function__(cls, func, types, args=(), kwargs=None):
                Noted.calls += (func.__name__,)
                return super().__torch_function__(func, types, args, kwargs or {})

        param = torch.nn.Parameter(torch.ones(2000))
        param.grad = torch.ones(2000).as_subclass(Noted)
        torch.nn.utils.clip_grad_norm_([param], 1.0)
        assert Noted.calls
        assert param.grad.sum().item() == pytest.approx(2000**0.5, rel=1e-4)


@pytest.mark.parametrize("most", [1e38, float("inf")])
def test_bounds_past_what_float32_holds_warn_of_nothing(most, reference):
    for torch in (flambeau, reference):
        param = torch.nn.Parameter(torch.zeros(2000))
        param.grad = torch.zeros(2000)
        assert torch.nn.utils.clip_grad_norm_([param], most).item() == 0
        assert (param.grad == 0).all()


def test_clipping_counts_as_a_change_and_keeps_what_is_not_finite(reference):
    for torch in (flambeau, reference):
        param = torch.nn.Parameter(torch.ones(2000))
        param.grad = torch.full((2000,), 3.0)
        version = param.grad._version
        torch.nn.utils.clip_grad_norm_([param], 1.0)
        assert param.grad._version == version + 1
        assert param.grad.norm().item() == pytest.approx(1.0, rel=1e-5)
        param.grad[7] = float("nan")
        assert torch.nn.utils.clip_grad_norm_([param], 1.0).isnan()
        assert param.grad.isnan().all()
        with pytest.raises(RuntimeError, match="non-finite"):
            torch.nn.utils.clip_grad_norm_([param], 1.0, error_if_nonfinite=True)


def test_steps_do_not_depend_on_the_number_of_threads():
    before = flambeau.get_num_threads()
    found = []
    try:
        for threads in (1, 2):
            flambeau.set_num_threads(threads)
            held = parameters(flambeau, 0, transposed=False)
            for param in held:
                param.grad = param.detach() * 0.5
            norm = flambeau.nn.utils.clip_grad_norm_(held, 0.1)
            flambeau.optim.Adam(held).step()
            found.append([norm.item(), *(param.detach().numpy().copy() for param in held)])
    finally:
        flambeau.set_num_threads(before)
    for one, two in zip(*found, strict=True):
        np.testing.assert_array_equal(one, two)
