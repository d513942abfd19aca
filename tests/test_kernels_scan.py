"""The kernels of running sums, products, extrema and log-sums against NumPy's bodies."""

import numpy as np
import pytest
from canaries import around_results

from flambeau.kernels import scan as kernels
from flambeau.kernels import threads
from flambeau.prims import scan
from flambeau.prims.core import set_kernels, silent

pytestmark = pytest.mark.kernels

INT64 = np.dtype(np.int64)
SCANS = {"cumsum": (), "cumprod": (), "cummax": (), "cummin": (), "logcumsumexp": ()}
SHAPES = (
    (1,), (2,), (7,), (8,), (9,), (63,), (64,), (65,), (1000,), (10_007,), (100_003,),
    (3, 5), (17, 33), (4, 1000), (2, 6000), (9, 40, 3), (4, 50, 100), (2, 5000, 2), (3, 7, 16), (2, 3, 4, 5),
)  # fmt: skip


@pytest.fixture(autouse=True)
def mode():
    before = silent["large"]
    yield
    silent["large"] = before


@pytest.fixture(autouse=True)
def canaries(monkeypatch):
    """Results of kernels lie between bytes that must stay as they are."""
    with around_results(monkeypatch, kernels):
        yield


def values(name, shape, dtype):
    rng = np.random.default_rng(0)
    if name == "cumprod":
        return rng.choice([-1, 1], shape).astype(dtype)
    if np.dtype(dtype).kind in "iub":
        return rng.integers(0, 2 if dtype == "bool" else 9, shape).astype(dtype)
    return (rng.standard_normal(shape) * 3).astype(dtype)


def by(mode, name, *args):
    set_kernels(mode)
    with np.errstate(all="ignore"):  # as ops run bodies
        found = getattr(scan, name)(*args)
    return found if isinstance(found, tuple) else (found,)


def alike(name, *args):
    for got, want in zip(by("force", name, *args), by("0", name, *args), strict=True):
        assert got.dtype == want.dtype
        assert got.shape == want.shape
        if want.dtype.kind == "f" and name in ("cumsum", "logcumsumexp"):
            single = want.dtype == np.float32
            np.testing.assert_allclose(got, want, rtol=3e-7 if single else 1e-12, atol=1e-5 if single else 1e-10)
        else:
            np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int32", "uint8", "bool"])
@pytest.mark.parametrize("name", SCANS)
def test_shapes(name, dtype):
    if name == "logcumsumexp" and not dtype.startswith("float"):
        dtype = "float64"
    for shape in SHAPES:
        x = values(name, shape, dtype)
        summed = name in ("cumsum", "cumprod") and x.dtype.kind in "iub"
        for dim in range(len(shape)):
            alike(name, x, dim, *([INT64] if summed else []))


@pytest.mark.parametrize("name", SCANS)
def test_strides(name):
    base = values(name, (40, 60), "float32")
    for x in (base.T, base[::2, ::3], base[::-1], base[:, ::-1], np.broadcast_to(base[:1], (40, 60))):
        for dim in (0, 1):
            alike(name, x, dim)
    deep = values(name, (6, 7, 8, 9), "float64").transpose(2, 0, 3, 1)
    for dim in range(4):
        alike(name, deep, dim)


@pytest.mark.parametrize("name", SCANS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_special_numbers(name, dtype):
    rng = np.random.default_rng(1)
    special = np.array([np.nan, np.inf, -np.inf, 0.0, 1.0, 1.0, 2.0, -2.0], dtype)
    for chances in (
        [0, 0, 0, 1, 1, 1, 1, 1],
        [0, 1, 0, 1, 1, 1, 1, 1],
        [0, 0, 2, 1, 1, 1, 1, 1],
        [1, 3, 3, 30, 30, 30, 30, 30],
    ):
        for shape in ((40,), (5000,), (30, 40)):
            x = rng.choice(special, shape, p=np.array(chances) / sum(chances))
            for dim in range(len(shape)):
                alike(name, x, dim)
    for number in special[:3]:
        alike(name, np.full((20,), number, dtype), 0)


def test_another_dtype():
    x = values("cumsum", (300,), "float64") * 1e3
    alike("cumsum", x, 0, np.dtype(np.float32))
    alike("cumsum", x.astype(np.float32), 0, np.dtype(np.float64))
    alike("cumsum", x, 0, INT64)
    assert by("force", "cumsum", np.full(70_000, 0.1, np.float32), 0)[0][-1] == pytest.approx(7000, rel=1e-6)


@pytest.mark.parametrize("name", SCANS)
def test_the_number_of_threads_does_not_matter(name):
    x = values(name, (3, 50_001), "float32")
    before = threads.get_num_threads()
    found = []
    try:
        for count in (1, 2, 3):
            threads.set_num_threads(count)
            found.append([part.tobytes() for part in by("force", name, x, 1)])
    finally:
        threads.set_num_threads(before)
    assert found[0] == found[1] == found[2]
