"""The kernel that selects and sorts, against NumPy's stable order; ties, NaN, memory around."""

import ml_dtypes
import numpy as np
import pytest
from canaries import around_results

from flambeau.kernels import select as kernels
from flambeau.kernels import threads
from flambeau.prims import sorting
from flambeau.prims.core import set_kernels, silent

pytestmark = pytest.mark.kernels

DTYPES = ("float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "uint64", "bool")
SHAPES = ((1,), (2,), (31,), (32,), (33,), (65,), (200,), (1000,), (2051,), (3, 70), (70, 3), (4, 5, 130), (2, 130, 6))


@pytest.fixture(autouse=True)
def mode():
    before = silent["large"]
    set_kernels("force")
    yield
    silent["large"] = before


@pytest.fixture
def canaries(monkeypatch):
    """Results and scratch lie between bytes that must stay as they are."""
    with around_results(monkeypatch, kernels):
        yield


def values(shape, dtype, special=False):
    rng = np.random.default_rng(0)
    dtype = np.dtype(getattr(ml_dtypes, dtype, dtype))
    if dtype.kind in "iub":
        info = None if dtype.kind == "b" else np.iinfo(dtype)
        found = rng.integers(0, 2, shape).astype(dtype)
        if info is not None:
            found = rng.integers(max(info.min, -30), 30, shape).astype(dtype)
            if special:
                found.reshape(-1)[::5] = info.min
                found.reshape(-1)[::7] = info.max
        return found
    found = (rng.standard_normal(shape) * 3).astype(dtype)
    if special:
        for step, number in ((7, np.nan), (11, np.inf), (6, -np.inf), (5, 0.0), (10, -0.0), (9, -np.nan)):
            found.reshape(-1)[step - 1 :: step] = number
    return found


def ordered(x, dim, descending):
    """Places in the stable order, NaN greatest."""
    rows = np.moveaxis(x, dim, -1)
    rows = rows.astype(np.float64) if x.dtype.kind in "fV" else rows
    if not descending:
        return np.argsort(rows, axis=-1, kind="stable")
    return rows.shape[-1] - 1 - np.argsort(rows[..., ::-1], axis=-1, kind="stable")[..., ::-1]


def expect(found, x, dim, places):
    got, at = found
    want = np.moveaxis(np.take_along_axis(np.moveaxis(x, dim, -1), places, -1), -1, dim)
    np.testing.assert_array_equal(at, np.moveaxis(places, -1, dim))
    assert got.dtype == x.dtype
    assert got.tobytes() == np.ascontiguousarray(want).tobytes()


@pytest.mark.parametrize("special", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_length_and_dimension(dtype, special, canaries):
    for shape in SHAPES:
        x = values(shape, dtype, special)
        for dim, n in enumerate(shape):
            for descending in (False, True):
                places = ordered(x, dim, descending)
                expect(sorting.sort(x, dim, descending), x, dim, places)
                for k in {1, min(3, n), (n + 1) // 2, n}:
                    expect(sorting.topk(x, k, dim, descending), x, dim, places[..., :k])
            for k in {1, (n + 1) // 2, n}:
                value, at = sorting.kthvalue(x, k, dim)
                expect(
                    (np.expand_dims(value, dim), np.expand_dims(at, dim)),
                    x,
                    dim,
                    ordered(x, dim, False)[..., k - 1 : k],
                )


def test_strides(canaries):
    base = values((30, 90), "float32", True)
    for x in (
        base.T,
        base[::2, ::3],
        base[:, ::-1],
        np.broadcast_to(base[0], (30, 90)),
        base.reshape(5, 6, 90).transpose(1, 0, 2),
    ):
        for dim in range(x.ndim):
            expect(sorting.topk(x, 4, dim), x, dim, ordered(x, dim, True)[..., :4])


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16"])
@pytest.mark.parametrize("k", [1, 7, 300, 30_000])
def test_long_lines(dtype, k):
    for x in (values((150_001,), dtype), values((1, 150_001, 1), dtype, True)):
        dim = x.ndim // 2
        for largest in (True, False):
            expect(sorting.topk(x, k, dim, largest), x, dim, ordered(x, dim, largest)[..., :k])


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_medians(dtype):
    for special in (False, True):
        x = values((20, 301), dtype, special)
        for dim in (0, 1):
            for skip in (False, True):
                found = sorting.median(x, dim, skip)
                set_kernels("0")
                want = sorting.median(x, dim, skip)
                set_kernels("force")
                for got, other in zip(found, want, strict=True):
                    np.testing.assert_array_equal(got, other)


def test_the_number_of_threads_does_not_matter():
    x = values((40, 3000), "float32", True)
    before = threads.get_num_threads()
    found = []
    try:
        for count in (1, 2, 3):
            threads.set_num_threads(count)
            found.append([part.tobytes() for part in (*sorting.topk(x, 50), *sorting.sort(x))])
    finally:
        threads.set_num_threads(before)
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int32", "uint8"])
@pytest.mark.parametrize("right", [False, True])
def test_search(dtype, right):
    for rows, length, count in (
        ((), 1, 1),
        ((), 5, 9),
        ((), 64, 3000),
        ((), 1000, 40_001),
        ((3,), 7, 10),
        ((2, 2), 33, 70),
    ):
        boundaries = np.sort(values((*rows, length), dtype, True), axis=-1)
        wanted = values((*rows, count), dtype, True)
        set_kernels("force")
        got = sorting.searchsorted(boundaries, wanted, right)
        set_kernels("0")
        want = sorting.searchsorted(boundaries, wanted, right)
        assert got.dtype == want.dtype
        np.testing.assert_array_equal(got, want)
