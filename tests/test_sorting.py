"""Order, search and counting side by side with PyTorch."""

import numpy as np
import pytest
from side_by_side import assert_alike

import flambeau as fb

VALUES = np.random.default_rng(0).permutation(24).reshape(4, 6) - 7.0

ORDERS = {
    "sort": lambda t, x: tuple(x.sort(0)),
    "sort descending": lambda t, x: tuple(t.sort(x, dim=1, descending=True, stable=True)),
    "argsort": lambda t, x: x.argsort(1),
    "msort": lambda t, x: t.msort(x),
    "topk": lambda t, x: tuple(x.topk(3)),
    "topk smallest": lambda t, x: tuple(x.topk(2, 0, largest=False)),
    "kthvalue": lambda t, x: tuple(x.kthvalue(2, 1, keepdim=True)),
    "median": lambda t, x: (x.median(), *x.median(1)),
    "nanmedian": lambda t, x: (x.nanmedian(), *x.nanmedian(0)),
    "mode": lambda t, x: tuple((x // 4).mode(1)),
    "unique": lambda t, x: t.unique(x // 4, return_inverse=True, return_counts=True),
    "unique rows": lambda t, x: t.unique(x // 20, dim=0, return_inverse=True),
    "unique_consecutive": lambda t, x: t.unique_consecutive(x // 9, return_counts=True),
}


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int16"])
@pytest.mark.parametrize("name", ORDERS)
def test_order(reference, name, dtype):
    def body(torch):
        return ORDERS[name](torch, torch.tensor(VALUES, dtype=getattr(torch, dtype)))

    assert_alike(body, reference)


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_nan_is_the_greatest(reference, dtype, descending):
    def body(torch):
        x = torch.tensor([1.0, float("nan"), -0.0, 0.0, float("inf")], dtype=getattr(torch, dtype))
        return tuple(torch.sort(x, stable=True, descending=descending))

    assert_alike(body, reference)


@pytest.mark.parametrize("count", [10, 100_000])
def test_sorting_is_stable_and_complete(count):
    x = fb.randint(0, 50, (count,))
    values, places = x.sort()
    array = x.numpy()
    assert (places.numpy() == np.argsort(array, kind="stable")).all()
    assert (values.numpy() == np.sort(array)).all()


@pytest.mark.parametrize("how", ["linear", "lower", "higher", "midpoint", "nearest"])
@pytest.mark.parametrize("dim", [None, 0, 1])
def test_quantiles(reference, how, dim):
    def body(torch):
        x = torch.tensor(VALUES, requires_grad=True)
        q = torch.tensor([0.1, 0.5, 1.0], dtype=torch.float64)
        result = torch.quantile(x, q, dim=dim, interpolation=how, keepdim=True)
        (result * result).sum().backward()
        return result, x.grad, torch.nanquantile(x, 0.3, dim=dim, interpolation=how)

    assert_alike(body, reference)


COUNTS = {
    "bincount": lambda t, x: t.bincount(x.long().flatten() + 7, minlength=40),
    "bincount weights": lambda t, x: t.bincount(x.long().flatten() + 7, x.flatten()),
    "histc": lambda t, x: t.histc(x, 5, -3, 9),
    "histogram": lambda t, x: tuple(t.histogram(x, 4, weight=x, density=True)),
    "histogramdd": lambda t, x: t.histogramdd(x[:, :2], [2, 3])[0],
    "searchsorted": lambda t, x: t.searchsorted(x.sort(1)[0], x[:, :2].contiguous(), right=True),
    "bucketize": lambda t, x: t.bucketize(x, t.tensor([-3.0, 0.0, 4.0]).double(), out_int32=True),
}


@pytest.mark.parametrize("name", COUNTS)
def test_counting_and_search(reference, name):
    assert_alike(lambda torch: COUNTS[name](torch, torch.tensor(VALUES)), reference)


BAD = {
    "topk": lambda t, x: x.topk(9),
    "kthvalue": lambda t, x: x.kthvalue(0),
    "median": lambda t, x: x[:, :0].median(1),
    "quantile": lambda t, x: x.quantile(1.5),
    "quantile dtype": lambda t, x: x.half().quantile(0.5),
    "bincount": lambda t, x: t.bincount(t.tensor([-1])),
    "searchsorted": lambda t, x: t.searchsorted(x, x, side="left", right=True),
    "histc": lambda t, x: t.histc(x, 0),
    "complex": lambda t, x: t.complex(x, x).sort(),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(reference, name):
    assert_alike(lambda torch: BAD[name](torch, torch.tensor(VALUES)), reference)


ARRAYS = {
    "few integers": lambda g: g.integers(-5, 9, (40, 50)),
    "distant integers": lambda g: g.integers(0, 1 << 40, (40, 50)) // (1 << 35),
    "bytes": lambda g: g.integers(0, 255, 3000).astype("u1"),
    "booleans": lambda g: g.integers(0, 2, (40, 50)) > 0,
    "floats": lambda g: g.normal(size=(40, 50)).round(1).astype("f4"),
    "none": lambda g: np.zeros((0, 3), "i8"),
    "one": lambda g: np.array(5),
}


@pytest.mark.parametrize(
    "asked",
    [{}, {"return_inverse": True}, {"return_counts": True}, dict.fromkeys(("return_inverse", "return_counts"), True)],
)
@pytest.mark.parametrize("name", ARRAYS)
def test_distinct_values(reference, name, asked):
    array = ARRAYS[name](np.random.default_rng(0))
    assert_alike(lambda torch: torch.unique(torch.tensor(array), **asked), reference)


@pytest.mark.parametrize("shape", [(70_000,), (300, 200), (30, 40, 50)])
def test_positions_in_large_tensors(shape):
    array = np.random.default_rng(0).integers(-1, 2, shape).astype("f4")
    array.flat[::97] = np.nan
    for each in (array, array > 0, array.T):
        assert np.array_equal(fb.tensor(each).nonzero().numpy(), np.argwhere(each))
        assert np.array_equal(fb.from_numpy(each).nonzero().numpy(), np.argwhere(each))
