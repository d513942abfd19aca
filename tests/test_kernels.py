"""Compiled kernels against the NumPy bodies of the prims."""

import threading

import ml_dtypes
import numpy as np
import pytest

from flambeau import prims as prim
from flambeau.kernels import compile as compiling
from flambeau.kernels import fusion
from flambeau.kernels.lower import POINTWISE
from flambeau.prims.core import set_kernels, silent

pytestmark = pytest.mark.kernels

FLOATS = ("float16", "bfloat16", "float32", "float64")
INTEGERS = ("int8", "uint8", "int16", "int32", "int64", "uint64")
TOLERANCE = {"float16": 2e-3, "bfloat16": 2e-2, "float32": 4e-6, "float64": 1e-14}
SIZES = (0, 1, 3, 16, 31, 64, 65, 1000)


@pytest.fixture(autouse=True)
def forced():
    """Every size runs as a kernel."""
    before = silent["large"]
    set_kernels("force")
    yield
    silent["large"] = before


def arity(name):
    return prim.table[name].__code__.co_argcount - 1


def values(shape, dtype, seed=0):
    rng = np.random.default_rng(seed)
    dtype = np.dtype(getattr(ml_dtypes, dtype, dtype) if isinstance(dtype, str) else dtype)
    if dtype == np.bool_:
        return rng.integers(0, 2, shape).astype(bool)
    if dtype.kind in "iu":
        return rng.integers(0 if dtype.kind == "u" else -50, 50, shape).astype(dtype)
    return (rng.standard_normal(shape) * 3).astype(dtype)


def kernel(name, *args):
    """The prim's result by a compiled kernel, which has to exist."""
    result = fusion.run_prim(name, args, {})
    assert result is not NotImplemented, f"{name} has no kernel here"
    return result


def expect(name, *args):
    with np.errstate(all="ignore"):
        return np.asarray(prim.table[name].numpy(*args))


def same(got, want, tolerance=None):
    assert got.dtype == want.dtype
    assert got.shape == want.shape
    if want.dtype.kind in "iub":
        np.testing.assert_array_equal(got, want)
        return
    tolerance = tolerance or TOLERANCE[want.dtype.name]
    np.testing.assert_allclose(got.astype(np.float64), want.astype(np.float64), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", sorted(POINTWISE))
def test_floats(name, dtype):
    rule = POINTWISE[name]
    if "f32" not in rule.kinds or (dtype == "float64" and "f64" not in rule.kinds):
        with pytest.raises(TypeError):
            np.bitwise_and(1.5, 1.5)
        return
    for size in SIZES:
        args = [values(size, dtype, k) for k in range(arity(name))]
        if name == "where":
            args[0] = args[0] > 0
        if name == "pow":
            if dtype == "float64":
                args[1] = 2
            else:
                args[0] = abs(args[0])
        tolerance = TOLERANCE[dtype] * (4 if name in {"pow", "tan"} else 1)
        same(kernel(name, *args), expect(name, *args), tolerance)


@pytest.mark.parametrize("dtype", [*INTEGERS, "bool"])
@pytest.mark.parametrize("name", sorted(n for n, r in POINTWISE.items() if r.kinds & {"i32", "i1"} and n != "pow"))
def test_integers(name, dtype):
    args = [values(77, dtype, k) for k in range(arity(name))]
    try:
        want = expect(name, *args)
    except TypeError:  # NumPy has no such function of these
        with pytest.raises(TypeError):
            prim.table[name](*args)
        return
    same(prim.table[name](*args), want)


@pytest.mark.parametrize("exponent", [1, 2, 3, 2.0, 0.5, -1.0, -0.5])
def test_constant_powers(exponent):
    x = abs(values(100, "float64")) + 0.1
    same(kernel("pow", x, exponent), expect("pow", x, exponent))


EDGES = np.array([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 3e38, -3e38, 0.5, 2.5, -2.5])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", sorted(POINTWISE))
def test_edges(name, dtype):
    """NaN, infinities, denormals and signed zeros, in all pairs."""
    rule = POINTWISE[name]
    if f"f{dtype[-2:]}" not in rule.kinds or (name == "pow" and dtype == "float64"):
        assert name in {"bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not", "hypot", "pow"}
        return
    x, y = (a.ravel().astype(dtype) for a in np.meshgrid(EDGES, EDGES))
    args = [x, y, -x][: arity(name)]
    if name == "where":
        args[0] = args[0] > 0
    got, want = kernel(name, *args), expect(name, *args)
    if want.dtype == bool:
        np.testing.assert_array_equal(got, want)
        return
    np.testing.assert_allclose(got, want, rtol=4e-6 if dtype == "float32" else 1e-14)
    if name not in {"maximum", "minimum", "fmax", "fmin", "sign", "sgn"}:  # either zero will do
        zero = (got == 0) & (want == 0)
        np.testing.assert_array_equal(np.signbit(got[zero]), np.signbit(want[zero]))


LAYOUTS = {
    "contiguous": lambda a: a,
    "transposed": lambda a: a.T,
    "every other": lambda a: a[::2, ::3],
    "offset": lambda a: a[1:, 1:],
    "row": lambda a: a[:1],
    "column": lambda a: a[:, :1],
    "expanded": lambda a: np.broadcast_to(a[:, :1], a.shape),
    "backwards": lambda a: a[::-1, ::-1],
    "scalar": lambda a: a[2, 3],
}


@pytest.mark.parametrize("second", LAYOUTS)
@pytest.mark.parametrize("first", LAYOUTS)
def test_layouts(first, second):
    """Strides and broadcasting; the result lies in memory as NumPy's does."""
    x, y = LAYOUTS[first](values((38, 41), "float32")), LAYOUTS[second](values((38, 41), "float32", 1))
    x, y = np.asarray(x), np.asarray(y)
    try:
        want = x * y
    except ValueError:
        with pytest.raises(ValueError, match="broadcast"):
            prim.mul(x, y)
        return
    got = prim.mul(x, y)
    np.testing.assert_array_equal(got, want)
    if first == second and first != "expanded":
        assert got.strides == np.asarray(want).strides or "backwards" in first


@pytest.mark.parametrize("dtype", ["float32", "bool", "float64", "int16"])
@pytest.mark.parametrize("size", [1, 17, 64, 129])
def test_nothing_is_written_outside(size, dtype):
    """Canaries around an output at every alignment."""
    x = values(size, dtype)
    memory = np.full(size * x.itemsize + 256, 0xAB, np.uint8)
    for shift in (0, x.itemsize, 13):
        memory[:] = 0xAB
        out = memory[64 + shift : 64 + shift + x.nbytes].view(x.dtype)
        prim.maximum(x, x, out=out)
        np.testing.assert_array_equal(out, x)
        assert (memory[: 64 + shift] == 0xAB).all()
        assert (memory[64 + shift + x.nbytes :] == 0xAB).all()


def test_nothing_is_read_outside():
    """An input that ends where readable memory ends."""
    import mmap

    page = mmap.PAGESIZE
    with mmap.mmap(-1, 2 * page) as memory:
        import ctypes

        address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        protect = ctypes.CDLL(None).mprotect
        assert protect(ctypes.c_void_p(address + page), page, 0) == 0
        try:
            for size in (1, 15, 33, 100):
                x = np.frombuffer(memory, np.float32, size, page - 4 * size)
                same(prim.exp(x), np.exp(x))
                same(prim.sum(x), np.sum(x))
                del x
        finally:
            protect(ctypes.c_void_p(address + page), page, 3)


CASTS = ["bool", "int8", "uint8", "int32", "int64", *FLOATS]


@pytest.mark.parametrize("target", CASTS)
@pytest.mark.parametrize("source", CASTS)
def test_casts(source, target):
    x = values(100, source)
    if np.dtype(x.dtype).kind not in "iub" and target == "uint8":
        x = abs(x)
    want = x.astype(getattr(ml_dtypes, target, target))
    got = prim.cast(x, want.dtype)
    np.testing.assert_array_equal(got.astype(np.float64), want.astype(np.float64))
    assert got.dtype == want.dtype


REDUCTIONS = ("sum", "prod", "amax", "amin", "any", "all", "mean", "var")
SHAPES = ((1,), (70,), (5, 1), (1, 5), (3, 300), (300, 3), (4, 5, 6), (2, 3, 4, 5))


def axes_of(ndim):
    import itertools

    yield None
    for count in range(1, ndim + 1):
        yield from itertools.combinations(range(ndim), count)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions(name, shape):
    for dtype in ("float32", "float64", "int32", "bool"):
        if dtype == "bool" and name == "var":
            continue
        x = values(shape, dtype)
        if name == "prod":
            x = np.sign(x) if dtype != "bool" else x
        for axis in axes_of(len(shape)):
            for keepdims in (False, True):
                want = expect(name, x, axis, keepdims)
                same(getattr(prim, name)(x, axis, keepdims), want, 2e-5 if dtype == "float32" else 1e-12)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions_of_16_bit_floats_stay_16_bit(name, dtype):
    for shape, axis in (((3, 300), 1), ((3, 300), None), ((), None), ((1,), 0)):
        x = values(shape, dtype) if name != "prod" else np.sign(values(shape, dtype))
        same(getattr(prim, name)(x, axis), expect(name, x, axis))


def test_reductions_of_views_and_of_nothing():
    x = values((6, 7, 8), "float32")
    for view in (x.transpose(2, 0, 1), x[::2, :, ::-1], np.broadcast_to(x[:, :1], x.shape)):
        for axis in (None, 0, 1, 2, (0, 2), (1, 2)):
            same(prim.sum(view, axis), np.asarray(view.sum(axis)), 2e-5)
            same(prim.amax(view, axis), np.asarray(view.max(axis)))
    empty = np.zeros((0, 4), np.float32)
    same(prim.sum(empty, 0), np.zeros(4, np.float32))
    same(prim.sum(empty, 1), np.zeros(0, np.float32))
    assert np.isnan(prim.mean(empty))
    with pytest.raises(ValueError, match="zero-size"):
        prim.amax(empty, 0)


def test_nan_passes_through_maxima():
    x = values((40, 40), "float32")
    x[3, 5] = np.nan
    assert np.isnan(prim.amax(x))
    np.testing.assert_array_equal(np.isnan(prim.amin(x, 1)), np.arange(40) == 3)
    np.testing.assert_array_equal(np.isnan(prim.amax(x, 0)), np.arange(40) == 5)


def test_sums_are_accurate():
    """Long float32 sums keep the accuracy of float32."""
    x = np.full((1_000_000,), 0.1, np.float32)
    exact = np.sum(x, dtype=np.float64)
    assert abs(float(prim.sum(x)) - exact) <= 1e-6 * exact
    rows = x.reshape(2, -1)
    np.testing.assert_allclose(prim.sum(rows, 1), rows.sum(1, dtype=np.float64), rtol=1e-6)
    columns = x.reshape(-1, 2)
    np.testing.assert_allclose(prim.sum(columns, 0), columns.sum(0, dtype=np.float64), rtol=1e-5)


def test_numbers_as_arguments():
    x, n = values(50, "float32"), values(50, "int8")
    assert prim.mul(x, 2).dtype == np.float32
    same(prim.sub(x, 0.25), x - np.float32(0.25))
    same(prim.add(n, 7), n + np.int8(7))
    same(prim.true_divide(n, 2), n / 2)
    same(prim.where(n > 0, n, 0), np.where(n > 0, n, 0))
    with pytest.raises(OverflowError):
        prim.add(n, 300)
    same(prim.mul(x, np.float64(2)), x * np.float64(2))


def test_new_numbers_need_no_new_kernel():
    x = values(50, "float32")
    prim.mul(x, 1.0)
    count = compiling.engine().compiled + compiling.engine().loaded
    for k in range(5):
        same(prim.mul(x, 0.5 * k), x * np.float32(0.5 * k))
    assert compiling.engine().compiled + compiling.engine().loaded == count


def test_out():
    x, y = values((30, 40), "float32"), values((30, 40), "float32", 1)
    want = x + y
    out = np.empty_like(x)
    assert prim.add(x, y, out=out) is out
    np.testing.assert_array_equal(out, want)
    transposed = np.empty((40, 30), np.float32).T
    np.testing.assert_array_equal(prim.add(x, y, out=transposed), want)
    wide = np.empty((30, 40))
    np.testing.assert_array_equal(prim.add(x, y, out=wide), want.astype(np.float64))
    prim.add(x, y, out=x)
    np.testing.assert_array_equal(x, want)
    with pytest.raises(TypeError, match="Cannot cast"):
        prim.add(x, y, out=np.empty((30, 40), np.int32))
    frozen = np.empty_like(y)
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        prim.add(x, y, out=frozen)


def test_outputs_that_overlap_inputs():
    """As if the result were computed before anything is written."""
    for shift in (1, 3, 64):
        memory = values(500, "float32")
        want = memory[:-shift] * memory[:-shift]
        prim.mul(memory[:-shift], memory[:-shift], out=memory[shift:])
        np.testing.assert_array_equal(memory[shift:], want)
    square = values((33, 33), "float32")
    want = square + square.T
    prim.add(square, square.T, out=square)
    np.testing.assert_array_equal(square, want)


def test_other_kinds_of_arrays_are_asked():
    class Recorder:
        def __prim__(self, name, args, kwargs):
            return name, len(args), sorted(kwargs)

    x = values(10, "float32")
    assert prim.add(x, Recorder()) == ("add", 2, [])
    assert prim.tanh(Recorder()) == ("tanh", 1, [])
    assert prim.sum(Recorder(), 0) == ("sum", 4, [])


@pytest.mark.parametrize("mode", ["0", "1", "force"])
def test_silent_about_floating_point(mode):
    """No warning and no error, whatever the user's settings; and those stay."""
    set_kernels(mode)
    zero, big = np.zeros(10, np.float32), np.full(10, 3e38, np.float32)
    with np.errstate(all="warn"):
        assert np.isinf(prim.true_divide(big, zero)).all()
        assert np.isinf(prim.mul(big, big)).all()
        assert np.isnan(prim.log(-big)).all()
        assert np.isnan(prim.mean(np.zeros(0, np.float32)))
        with pytest.warns(RuntimeWarning):
            np.divide(1.0, zero)


def test_zero_dimensional_results_are_arrays():
    for mode in ("0", "force"):
        set_kernels(mode)
        for result in (prim.add(np.array(1.0), 2.0), prim.sum(np.ones(3)), prim.exp(np.array(1.0))):
            assert type(result) is np.ndarray
            assert result.shape == ()
    assert type(prim.sqrt(4)) is float


def test_many_callers_at_once():
    """Python threads share the workers; who finds them busy computes alone."""
    x = values(200_000, "float32")
    want = prim.add(prim.exp(x), x)
    same = []

    def work():
        same.extend(np.array_equal(prim.add(prim.exp(x), x), want) for _ in range(30))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(same)
    assert len(same) == 120


GELU = """
import sys
import flambeau as torch
x = torch.randn(4, 4, requires_grad=True)
torch.nn.functional.gelu(x).sum().backward()
assert torch.isfinite(x.grad).all()
print("scipy.special" in sys.modules)
"""


def test_a_small_gelu_does_not_import_scipy(python):
    done = python("-c", GELU, FLAMBEAU_KERNELS="1")
    assert done.stdout.split() == ["False"], done.stderr
    done = python("-c", GELU, FLAMBEAU_KERNELS="0")
    assert done.stdout.split() == ["True"], done.stderr
