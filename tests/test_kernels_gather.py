"""The loop nests of gather and scatter against NumPy's bodies, and memory around what they write."""

import ml_dtypes
import numpy as np
import pytest
from canaries import around_results

from flambeau.kernels import threads
from flambeau.prims import indexing, scatter
from flambeau.prims.core import set_kernels, silent

pytestmark = pytest.mark.kernels

DTYPES = ("float32", "float64", "int64", "int32", "int16", "uint8", "bool", "float16", "bfloat16", "complex64")


@pytest.fixture(autouse=True)
def mode():
    before = silent["large"]
    yield
    silent["large"] = before


@pytest.fixture
def canaries(monkeypatch):
    """Results of kernels lie between bytes that must stay as they are."""
    with around_results(monkeypatch, scatter):
        yield


def values(shape, dtype, seed=0):
    rng = np.random.default_rng(seed)
    dtype = np.dtype(getattr(ml_dtypes, dtype, dtype))
    if dtype.kind in "iub":
        return rng.integers(0, 2 if dtype.kind == "b" else 50, shape).astype(dtype)
    found = rng.standard_normal(shape)
    if dtype.kind == "c":
        return (found + 1j * rng.standard_normal(shape)).astype(dtype)
    return found.astype(dtype)


def positions(shape, size, seed=1, low=0, dtype=np.int64):
    return np.random.default_rng(seed).integers(low, size, shape).astype(dtype)


def both(function, *args):
    """What a call gives by kernels and by NumPy."""
    results = []
    for mode in ("force", "0"):
        set_kernels(mode)
        try:
            results.append(function(*args))
        except (IndexError, RuntimeError) as error:
            results.append((type(error), str(error)))
    return results


def alike(function, *args, rtol=0.0):
    got, want = both(function, *args)
    if isinstance(want, tuple):
        assert got == want
        return
    assert got.dtype == want.dtype
    assert got.shape == want.shape
    if rtol:
        np.testing.assert_allclose(got, want, rtol=rtol, atol=rtol)
    else:
        assert got.tobytes() == want.tobytes()


def laid_out(x, layout):
    """The same elements in other memory: strided, transposed, reversed."""
    if layout == "strided":
        wide = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), x.dtype)
        wide[..., ::2] = x
        return wide[..., ::2]
    if layout == "transposed":
        return np.asfortranarray(x)
    if layout == "reversed":
        return x[::-1].copy()[::-1]
    return x


LAYOUTS = ("dense", "strided", "transposed", "reversed")
SHAPES = (
    ((1,), (1,)),
    ((7,), (40,)),
    ((5, 9), (5, 9)),
    ((4, 33), (3, 70)),
    ((3, 4, 5), (2, 4, 5)),
    ((2, 3, 4, 5), (2, 2, 3, 4)),
)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_gather(dtype, shapes, canaries):
    shape, index_shape = shapes
    for dim in range(len(shape)):
        fitted = tuple(n if d == dim else min(n, m) for d, (n, m) in enumerate(zip(index_shape, shape, strict=True)))
        for item in (np.int64, np.int32):
            index = positions(fitted, shape[dim], dtype=item)
            alike(scatter.gather, values(shape, dtype), dim, index)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("index_layout", LAYOUTS)
def test_strides(layout, index_layout, canaries):
    for dim in (0, 1):
        x = laid_out(values((13, 21), "float32"), layout)
        index = laid_out(positions((13, 21), x.shape[dim]), index_layout)
        src = laid_out(values((13, 21), "float32", 3), index_layout)
        alike(scatter.gather, x, dim, index)
        for reduce in (None, "sum", "prod", "amin", "amax", "mean"):
            alike(scatter.scatter, x, dim, index, src, reduce)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("reduce", [None, "sum", "prod", "amin", "amax", "mean"])
@pytest.mark.parametrize("include_self", [True, False])
def test_scatter(dtype, reduce, include_self):
    if reduce in {"bool": ("mean", "sum", "prod"), "complex64": ("amin", "amax")}.get(dtype, ()):
        return
    for shape, index_shape in SHAPES:
        for dim in range(len(shape)):
            fitted = tuple(
                n if d == dim else min(n, m) for d, (n, m) in enumerate(zip(index_shape, shape, strict=True))
            )
            index = positions(fitted, shape[dim])
            src = values(fitted, dtype, 2)
            alike(scatter.scatter, values(shape, dtype), dim, index, src, reduce, include_self)


@pytest.mark.parametrize("reduce", ["amin", "amax", "sum"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_special_numbers(reduce, dtype):
    special = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, np.nan], dtype)
    index = positions((70,), 9)
    with np.errstate(all="ignore"):
        alike(scatter.scatter, np.zeros(9, dtype), 0, index, np.tile(special, 10), reduce, rtol=1e-6)


@pytest.mark.parametrize("size", [0, 1, 2, 7, 8, 9, 63, 64, 65, 1000, 70_000])
def test_vectors(size):
    x = values((31,), "float32")
    index = positions((size,), 31)
    src = values((size,), "float32", 2)
    alike(scatter.gather, x, 0, index)
    alike(scatter.take, x, index - 31 * (index % 2))
    alike(indexing.index, x, (index - 31 * (index % 3 == 0),))
    for reduce, rtol in ((None, 0.0), ("sum", 1e-3), ("amax", 0.0), ("mean", 1e-3)):
        alike(scatter.scatter, x, 0, index, src, reduce, rtol=rtol)


def test_a_sum_does_not_depend_on_the_number_of_threads():
    """Neither where one vector goes to few places, nor along rows and columns."""
    set_kernels("force")
    x, flat = values((300, 400), "float32"), values((120_000,), "float32")
    index, few = positions((300, 400), 300), positions((120_000,), 50)
    before = threads.get_num_threads()
    found = []
    try:
        for count in (1, 2, 3):
            threads.set_num_threads(count)
            found.append(
                [scatter.scatter(x, d, index, x, "sum").tobytes() for d in (0, 1)]
                + [scatter.scatter(np.zeros(50, np.float32), 0, few, flat, "sum").tobytes()]
            )
    finally:
        threads.set_num_threads(before)
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("dtype", ["float32", "int16", "complex128", "bool"])
def test_rows(dtype, canaries):
    for shape in ((6,), (6, 1), (6, 5), (6, 70), (2, 6, 33), (6, 0)):
        dim = 1 if len(shape) == 3 else 0
        x = values(shape, dtype)
        for index in (positions((9,), 6), positions((2, 3), 6), positions((18,), 6)[::2], positions((0,), 6)):
            alike(scatter.rows, x, dim, index)
            alike(scatter.rows, laid_out(x, "transposed"), dim, index.astype(np.int32))
            if index.ndim == 1:
                source = values((*shape[:dim], index.size, *shape[dim + 1 :]), dtype, 5)
                alike(scatter.index_copy, x, dim, index, source)
                alike(scatter.index_fill, x, dim, index - 6, source.dtype.type(1))
                if dtype != "bool":
                    alike(scatter.index_combine, x, dim, index, source, "sum")


EXPRESSIONS = {
    "one": lambda p: (p((7,), 5),),
    "middle": lambda p: (indexing.FULL, p((4, 2), 6)),
    "pair": lambda p: (p((3, 4), 5), p((4,), 6)),
    "apart": lambda p: (p((4,), 5), indexing.FULL, p((3, 1), 7)),
    "mask": lambda p: (p((5, 6), 2) > 0,),
    "mask and positions": lambda p: (np.array([True, False, True, True, False]), p((3,), 6)),
    "strided": lambda p: (p((8,), 5)[::2], p((4,), 6).astype(np.int32)),
    "none": lambda p: (p((0,), 5), p((0,), 6)),
}


@pytest.mark.parametrize("name", EXPRESSIONS)
@pytest.mark.parametrize("accumulate", [False, True])
def test_expressions(name, accumulate):
    advanced = EXPRESSIONS[name](lambda shape, size: positions(shape, size, low=-size if name != "mask" else 0))
    x = values((5, 6, 7), "float32")
    alike(indexing.index, x, advanced)
    alike(indexing.index, laid_out(x, "transposed"), advanced)
    shape = indexing.index_shape(x.shape, advanced)
    for source in (values(shape, "float32", 4), values((), "float32", 4), values(shape[-1:], "float32", 4)):
        alike(indexing.index_put, x, advanced, source, accumulate, rtol=1e-6)


@pytest.mark.parametrize("bad", [-1, 5, -6, 1 << 40])
@pytest.mark.parametrize("size", [1, 8, 30])
def test_an_index_outside_is_pytorchs_error_and_changes_nothing(bad, size):
    x = values((5, 40), "float32")
    index = np.zeros(size, np.int64)
    for place in {0, size // 2, size - 1}:
        index[:] = 1
        index[place] = bad
        spread = np.broadcast_to(index[:, None], (size, 40)).copy()
        alike(scatter.rows, x, 0, index)
        alike(scatter.gather, x, 0, spread)
        alike(scatter.take, x.T[0], index)
        alike(indexing.index, x, (index,))
        alike(indexing.index, x, (index, index))
        for mode in ("force", "0"):
            set_kernels(mode)
            kept = x.copy()
            source = np.ones((size, 40), np.float32)
            for function, *arguments in (
                (scatter.scatter, spread, source, None, True),
                (scatter.scatter, spread, source, "sum", True),
                (scatter.index_copy, index, source),
                (scatter.index_combine, index, source, "sum", True),
            ):
                with pytest.raises((IndexError, RuntimeError), match="out of bounds"):
                    function(x, 0, *arguments, x)
                assert (x == kept).all()
        if not -5 <= bad < 5:
            alike(indexing.index_put, x, (index,), np.float32(1))
            alike(scatter.index_fill, x, 0, index, np.float32(1))
            alike(scatter.put, x, index * 40, np.ones(size, np.float32))


@pytest.mark.parametrize("dtype", ["float32", "uint8", "complex64"])
def test_nothing_is_written_around_a_view(dtype):
    for mode in ("force", "0"):
        set_kernels(mode)
        memory = np.full((12, 300), 7, np.dtype(dtype))
        view = memory[1:11, 100:200]
        index = positions((10, 100), 10)
        scatter.scatter(view, 0, index, values((10, 100), dtype), None, out=view)
        scatter.index_fill(view, 1, np.array([0, 99, -1]), memory.dtype.type(1), out=view)
        outside = memory.copy()
        outside[1:11, 100:200] = 7
        assert (outside == 7).all()
