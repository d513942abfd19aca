"""Fused functions: one kernel, the same result as the body."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from flambeau import prims as prim
from flambeau.kernels import compile as compiling
from flambeau.kernels import fused, pool, threads
from flambeau.prims.core import set_kernels, silent

pytestmark = pytest.mark.kernels


@pytest.fixture(autouse=True)
def forced():
    """Every size runs as a kernel."""
    before = silent["large"]
    set_kernels("force")
    yield
    silent["large"] = before


def randn(*shape, dtype=np.float32, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


@fused
def gelu(x, w, b):
    z = x * w + b
    return 0.5 * z * (1 + prim.erf(z * 0.7071067811865476))


@fused
def softmax(x, *, axis):
    e = prim.exp(x - prim.amax(x, axis, True))
    return e / prim.sum(e, axis, True)


@fused
def softmax_vjp(g, result, *, axis):
    return result * (g - prim.sum(g * result, axis, True))


@fused
def layer_norm(x, weight, bias, eps):
    mean = prim.mean(x, -1, True)
    centred = x - mean
    scale = prim.rsqrt(prim.mean(centred * centred, -1, True) + eps)
    return centred * scale * weight + bias, mean, scale


@fused
def layer_norm_vjp(g, x, mean, scale, weight):
    normal, gw = (x - mean) * scale, g * weight
    inner = prim.mean(gw, -1, True) + normal * prim.mean(gw * normal, -1, True)
    return (gw - inner) * scale, prim.sum(g * normal, 0), prim.sum(g, 0)


@fused
def batch_norm(x, weight):
    mean, var = prim.mean(x, (0, 2), True), prim.var(x, (0, 2), True, 0)
    return (x - mean) * prim.rsqrt(var + 1e-5) * weight[:, None], mean, var


@fused
def moments(x):
    return prim.sum(x), prim.mean(x), prim.var(x), prim.amax(x), prim.sum(x, 0), prim.amin(x, 1)


@fused
def standardize(x):
    centred = x - prim.mean(x)
    return centred / prim.sqrt(prim.mean(centred * centred))


@fused
def log_softmax_loss(x, target, index):
    shifted = x - prim.amax(x, 1, True)
    logs = shifted - prim.log(prim.sum(prim.exp(shifted), 1, True))
    return -prim.mean(prim.sum(prim.where(prim.eq(index, target), logs, 0.0), 1))


@fused
def adam(param, grad, first, second, rate, *, amsgrad):
    if amsgrad:
        grad = -grad
    first = first + 0.1 * (grad - first)
    second = 0.999 * second + 0.001 * (grad * grad)
    return param - rate * first / (prim.sqrt(second) + 1e-8), first, second


def compiled(function):
    plans = function.compiled.plans
    return bool(plans) and all(plan is not None for plan in plans.values())


def check(function, *args, tolerance=1e-5, **kwargs):
    """The kernel's results against the body's on NumPy, in float64."""

    def wide(a):
        return a.astype(np.float64) if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a

    got = function(*args, **kwargs)
    assert compiled(function)
    set_kernels("0")
    want = function(*map(wide, args), **kwargs)
    set_kernels("force")
    single = not isinstance(got, tuple)
    for x, y in zip((got,) if single else got, (want,) if single else want, strict=True):
        assert x.shape == y.shape
        np.testing.assert_allclose(x, y, rtol=tolerance, atol=tolerance)
    return got


SHAPES = [(1, 1), (4, 7), (1, 300), (300, 1), (5, 64), (33, 1000), (1000, 33), (2, 70_000)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_rows_columns_and_all(shape):
    rows, columns = shape
    x, g = randn(*shape), randn(*shape, seed=1)
    weight, bias = randn(columns, seed=2), randn(columns, seed=3)
    check(gelu, x, weight, randn(rows, 1))
    for axis in (0, 1, -1):
        result = check(softmax, x, axis=axis)
        check(softmax_vjp, g, result, axis=axis)
    _, mean, scale = check(layer_norm, x, weight, bias, 1e-5, tolerance=2e-3 if columns == 1 else 1e-4)
    check(layer_norm_vjp, g, x, mean, scale, weight, tolerance=1e-3 if columns > 1 else 1)
    if rows * columns > 1:
        check(moments, x, tolerance=1e-4)
        check(standardize, x, tolerance=1e-4)
    index = np.arange(columns)
    target = np.random.default_rng(0).integers(0, columns, (rows, 1))
    check(log_softmax_loss, x, target, index)


@pytest.mark.parametrize("shape", [(6, 5, 49), (6, 5, 1), (1, 3, 7), (16, 64, 100)], ids=str)
def test_reductions_around_a_kept_axis(shape):
    check(batch_norm, randn(*shape), randn(shape[1]), tolerance=1e-4)


@pytest.mark.parametrize("permutation", list(itertools.permutations(range(3))))
def test_permuted_inputs(permutation):
    x = randn(5, 6, 7).transpose(permutation)
    for axis in (0, 1, 2, (0, 2), (1, 2), (0, 1, 2)):
        check(softmax, x, axis=axis)
    check(gelu, x, randn(*x.shape), randn(x.shape[2]))


@pytest.mark.parametrize("dtype", [np.float16, np.float64, "bfloat16"])
def test_other_dtypes(dtype):
    import ml_dtypes

    dtype = getattr(ml_dtypes, dtype) if isinstance(dtype, str) else dtype
    x = randn(40, 50).astype(dtype)
    got = softmax(x, axis=1)
    assert got.dtype == x.dtype
    assert compiled(softmax)
    exact = np.exp(x.astype(np.float64))
    exact /= exact.sum(1, keepdims=True)
    np.testing.assert_allclose(got.astype(np.float64), exact, rtol=8 * float(ml_dtypes.finfo(dtype).eps))


def test_numbers_do_not_make_new_kernels():
    x = randn(100)
    gelu(x, 1.5, 2)
    before = len(gelu.compiled.plans)
    for k in range(5):
        np.testing.assert_allclose(gelu(x, 0.5 + k, k), gelu.__wrapped__(x, 0.5 + k, k), rtol=1e-5, atol=1e-6)
    assert len(gelu.compiled.plans) == before


def test_targets_that_are_arguments():
    """An optimizer's step, in place."""
    args = [randn(3, 50, seed=k) for k in range(3)] + [abs(randn(3, 50, seed=3))]
    for amsgrad in (False, True):
        want = adam.__wrapped__(*args, 0.01, amsgrad=amsgrad)
        param, _, first, second = (a.copy() for a in args)
        out = (param, first, second)
        assert adam(param, args[1], first, second, 0.01, amsgrad=amsgrad, out=out) is not None
        for got, exact in zip(out, want, strict=True):
            np.testing.assert_allclose(got, exact, rtol=1e-5, atol=1e-6)


def test_targets_that_overlap_arguments():
    memory = randn(101)
    want = standardize(memory[:-1].copy())
    standardize(memory[:-1], out=memory[1:])
    np.testing.assert_allclose(memory[1:], want, rtol=1e-5, atol=1e-6)
    x = randn(100)
    want = standardize(x)
    standardize(x, out=x)
    np.testing.assert_array_equal(x, want)


def test_what_is_no_expression_runs_as_it_stands():
    @fused
    def by_value(x):
        return x * 2 if x.max() > 0 else x

    @fused
    def unknown(x):
        return prim.lgamma(x)

    @fused
    def diagonal(x):
        return x + prim.sum(x, 0)[:, None]

    x = abs(randn(5, 5)) + 1
    np.testing.assert_array_equal(by_value(x), x * 2)
    np.testing.assert_allclose(unknown(x), prim.lgamma(x))
    np.testing.assert_allclose(diagonal(x), x + x.sum(0)[:, None], rtol=1e-6)
    assert set(unknown.compiled.plans.values()) == {None}
    with pytest.raises(ValueError, match="broadcast"):
        gelu(randn(3), randn(4), 0.0)


def test_equal_numbers_are_told_apart():
    """2, 2.0 and True are equal to Python, 0.0 and -0.0 too; kernels of them differ."""
    n = np.arange(5)
    assert prim.pow(n, 2).dtype == np.int64
    assert prim.pow(n, 2.0).dtype == np.float64
    assert prim.add(n, 1).dtype == np.int64
    assert prim.add(n, 1.0).dtype == np.float64

    @fused
    def plus(x):
        return prim.copysign(x, 0.0)

    @fused
    def minus(x):
        return prim.copysign(x, -0.0)

    x = randn(10)
    np.testing.assert_array_equal(plus(x), abs(x))
    np.testing.assert_array_equal(minus(x), -abs(x))


def test_numpy_functions_in_a_body_run_on_numpy():
    @fused
    def mixed(x):
        return np.sin(x) + prim.cos(x)

    x = randn(10)
    np.testing.assert_array_equal(mixed(x), np.sin(x) + np.cos(x))
    assert set(mixed.compiled.plans.values()) == {None}


def test_errors_of_the_body_are_the_callers():
    @fused
    def broken(x):
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        broken(randn(3))


def test_other_kinds_of_arrays_run_the_body():
    class Symbol:
        def __init__(self, text):
            self.text = text

        def __prim__(self, name, args, kwargs):
            return Symbol(f"{name}({', '.join(getattr(a, 'text', repr(a)) for a in args)})")

    @fused
    def square_root(x):
        return prim.sqrt(prim.add(x, 1.0))

    assert square_root(Symbol("x")).text == "sqrt(add(x, 1.0))"


def test_thread_count_does_not_change_results():
    x, g = randn(700, 300), randn(700, 300, seed=1)
    weight = randn(300)
    before = threads.get_num_threads()
    results = []
    try:
        for count in (1, 2, 4):
            threads.set_num_threads(count)
            assert threads.get_num_threads() == count
            parts = layer_norm_vjp(g, x, x[:, :1], x[:, 1:2], weight)
            results.append([*parts, *moments(x), standardize(x)])
    finally:
        threads.set_num_threads(before)
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)
    for bad in (0, -1, 2.5):
        with pytest.raises(RuntimeError, match="set_num_threads expects"):
            threads.set_num_threads(bad)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_computes_alone():
    x = randn(300_000)
    want = gelu(x, x, x)
    program = """
import os, numpy as np, sys
from flambeau import prims as prim
from flambeau.kernels import threads
x = np.arange(300_000, dtype=np.float32)
want = prim.exp(x * -1e-5)
pid = os.fork()
if pid == 0:
    same = np.array_equal(prim.exp(x * -1e-5), want) and threads.get_num_threads() == 1
    threads.set_num_threads(2)
    same = same and np.array_equal(prim.exp(x * -1e-5), want)
    os._exit(0 if same else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
    assert want.shape == x.shape
    done = run(program)
    assert done.returncode == 0, done.stderr


def run(program, **environment):
    source = str(Path(compiling.__file__).parents[2])
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": source, "FLAMBEAU_KERNELS": "1", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


CACHED = """
import numpy as np
from flambeau import prims as prim
from flambeau.kernels.compile import engine
x = np.arange(100_000, dtype=np.float32)
assert np.array_equal(prim.add(x, x), x + x)
print(engine().compiled, engine().loaded)
"""


def test_object_code_is_kept_on_disk(tmp_path):
    where = {"FLAMBEAU_CACHE_DIR": str(tmp_path / "cache")}
    first = run(CACHED, **where)
    assert first.stdout.split() == ["3", "0"], first.stderr  # threads, pool and the sum
    assert run(CACHED, **where).stdout.split() == ["0", "3"]
    files = sorted((tmp_path / "cache").iterdir())
    assert [f.suffix for f in files] == [".o"] * 3
    files[0].write_bytes(files[0].read_bytes()[:-10])  # a damaged file is compiled anew
    assert run(CACHED, **where).stdout.split() == ["1", "2"]
    nowhere = tmp_path / "file"
    nowhere.write_text("no directory")
    assert run(CACHED, FLAMBEAU_CACHE_DIR=str(nowhere)).stdout.split() == ["3", "0"]


def test_without_llvmlite():
    """Everything runs on NumPy."""
    program = """
import sys
sys.modules["llvmlite"] = None
import numpy as np
from flambeau import prims as prim
from flambeau.kernels import fused, pool
@fused
def f(x): return prim.exp(x) * 2
x = np.ones(200_000, np.float32)
assert np.array_equal(f(x), np.exp(x) * 2)
assert prim.add(x, x)[0] == 2 and pool.empty((300_000,), x.dtype).shape == (300_000,)
pool.empty_cache()
print(pool.statistics()["peak"])
"""
    done = run(program)
    assert done.stdout.strip() == "0", done.stderr


@pytest.mark.parametrize("mode", ["0", "1", "force"])
def test_modes_of_the_environment(mode):
    program = """
from flambeau.prims.core import threshold
print(threshold())
"""
    got = int(run(program, FLAMBEAU_KERNELS=mode).stdout)
    assert got == {"0": 1 << 62, "1": got, "force": 0}[mode]
    assert run(program, FLAMBEAU_KERNELS="2").returncode != 0


def test_memory_is_reused_and_given_back():
    pool.empty_cache()
    dtype = np.dtype(np.float32)
    array = pool.empty((1000, 1000), dtype)
    before = pool.statistics()
    address = array.__array_interface__["data"][0]
    assert address % 64 == 0
    view = array[10:, ::2].T
    del array
    assert pool.statistics()["live"] == before["live"]  # the view keeps it
    view[:] = 1
    del view
    after = pool.statistics()
    assert after["live"] < before["live"]
    assert after["kept"] > before["kept"]
    again = pool.empty((500, 2000), dtype)
    assert again.__array_interface__["data"][0] == address
    assert pool.statistics()["reused"] == after["reused"] + 1
    del again
    pool.empty_cache()
    assert pool.statistics()["kept"] == 0


def test_kept_memory_is_little_more_than_the_peak():
    """Blocks of other sizes are given back before the sum of live and kept would exceed the peak and its margin."""
    pool.empty_cache()
    dtype = np.dtype(np.uint8)
    unit = max(pool.statistics()["peak"], 40_000_000) // 8  # whatever the peak is that other tests left
    sizes = range(2 * unit, 12 * unit, unit)
    for size in sizes:
        array = pool.empty((size,), dtype)
        now = pool.statistics()
        assert now["live"] + now["kept"] <= 1.25 * now["peak"] + pool.MARGIN
        del array
    assert pool.statistics()["kept"] < sum(sizes)
    pool.empty_cache()


def test_the_block_that_was_free_for_longest_goes_first():
    dtype = np.dtype(np.uint8)
    pool.empty((1 << 28,), dtype)  # whatever ran before, the blocks below raise no peak
    pool.empty_cache()
    now = pool.statistics()
    wanted = now["peak"] + (1 << 26)
    room = (now["live"] + wanted) // 4 + pool.MARGIN
    size = room * 3 // 4  # two such blocks are more than the room, by less than one of them
    one, two = pool.empty((size,), dtype), pool.empty((size,), dtype)
    places = [each.ctypes.data for each in (one, two)]
    del one
    kept = pool.statistics()["kept"]
    del two
    large = pool.empty((wanted,), dtype)
    assert pool.statistics()["kept"] == kept
    assert pool.empty((size,), dtype).ctypes.data == places[1]
    del large
    pool.empty_cache()


def test_a_free_block_serves_arrays_that_are_a_little_smaller():
    pool.empty_cache()
    dtype = np.dtype(np.uint8)
    one = pool.empty((10 << 20,), dtype)
    place = one.ctypes.data
    del one
    other = pool.empty((9 << 20,), dtype)
    assert other.ctypes.data == place
    fresh = pool.statistics()["fresh"]
    del other
    smaller = pool.empty((4 << 20,), dtype)
    assert pool.statistics()["fresh"] == fresh + 1
    del smaller
    pool.empty_cache()


def test_the_limit_of_kept_memory():
    dtype = np.dtype(np.uint8)
    before = pool._state[6] if pool._state is not None else None
    keep = pool.empty((1 << 20,), dtype)
    try:
        pool.set_limit(0)
        del keep
        pool.empty_cache()
        keep = pool.empty((1 << 20,), dtype)
        kept = pool.statistics()["kept"]
        del keep
        assert pool.statistics()["kept"] == kept
    finally:
        pool.set_limit(before or 1 << 30)


def test_pooled_arrays_can_be_resized_by_numpy():
    array = pool.empty((100_000,), np.dtype(np.int64))
    array[:] = np.arange(100_000)
    array.resize((200_000,), refcheck=False)
    np.testing.assert_array_equal(array[:100_000], np.arange(100_000))
    array.resize((10,), refcheck=False)
    np.testing.assert_array_equal(array, np.arange(10))
    small = pool.empty((3,), np.dtype(np.float32))
    assert small.shape == (3,)


def test_a_lambda():
    double = fused(lambda x, y=2.0: x * y)
    x = randn(100_000)
    np.testing.assert_array_equal(double(x), x * 2)
    np.testing.assert_array_equal(double(x, 3.0), x * 3)
    np.testing.assert_array_equal(double(x[:3]), x[:3] * 2)
