"""Pooling: against PyTorch where it is installed; what is known of maxima and averages elsewhere."""

import math

import numpy as np
import pytest

import flambeau
import flambeau.nn.functional as F
from flambeau.kernels import planes
from flambeau.prims import pooling as arrays
from flambeau.prims.core import set_kernels


def of_both(call, *values):
    """Results and gradients of `call(framework.nn.functional, *tensors)` in both frameworks."""
    torch = pytest.importorskip("torch")
    results = []
    for framework in (torch, flambeau):
        leaves = [framework.tensor(value, requires_grad=True) for value in values]
        found = call(framework.nn.functional, *leaves)
        found = found if isinstance(found, tuple) else (found,)
        (found[0] * found[0]).sum().backward()
        results.append([*(r.detach().numpy() for r in found), *(v.grad.numpy() for v in leaves)])
    return zip(*results, strict=True)


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("ceil_mode", [False, True])
@pytest.mark.parametrize("dilation", [1, 2])
def test_maxima_and_their_places(rank, ceil_mode, dilation):
    x = np.random.default_rng(rank).normal(size=(2, 3, *(7, 8, 9)[:rank]))

    def call(functional, x):
        pool = getattr(functional, f"max_pool{rank}d")
        return pool(x, 3, 2, 1, dilation, ceil_mode, return_indices=True)

    for expected, result in of_both(call, x):
        np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("ceil_mode", [False, True])
@pytest.mark.parametrize("count_include_pad", [False, True])
def test_averages(rank, ceil_mode, count_include_pad):
    x = np.random.default_rng(rank).normal(size=(2, 3, *(7, 8, 9)[:rank]))

    def call(functional, x):
        pool = getattr(functional, f"avg_pool{rank}d")
        return pool(x, 3, 2, 1, ceil_mode, count_include_pad)

    for expected, result in of_both(call, x):
        np.testing.assert_allclose(result, expected, 1e-12, 1e-14)


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 2, 5, 11])
@pytest.mark.parametrize("kind", ["avg", "max"])
def test_adaptive(rank, size, kind):
    x = np.random.default_rng(rank).normal(size=(2, 3, *(7, 8, 9)[:rank]))

    def call(functional, x):
        return getattr(functional, f"adaptive_{kind}_pool{rank}d")(x, size)

    for expected, result in of_both(call, x):
        np.testing.assert_allclose(result, expected, 1e-12, 1e-14)


def test_a_window_of_infinities_has_a_place_inside():
    values, places = arrays.max_pool(np.full((1, 4), -np.inf), (3,), (2,), (1,), (1,), (2,))
    assert (values == -np.inf).all()
    assert places.tolist() == [[0, 1]]


def test_nan_is_larger_than_all():
    values, places = arrays.max_pool(np.array([[1.0, math.nan, 3.0, 9.0]]), (2,), (2,), (0,), (1,), (2,))
    assert math.isnan(values[0, 0])
    assert values[0, 1] == 9
    assert places.tolist() == [[1, 3]]


def test_unpooling_undoes_pooling():
    x = flambeau.arange(16.0).reshape(1, 4, 4)
    maxima, places = F.max_pool2d(x, 2, return_indices=True)
    unpooled = F.max_unpool2d(maxima, places, 2)
    assert flambeau.equal(F.max_pool2d(unpooled, 2), maxima)
    assert unpooled.count_nonzero() == 4


def test_second_derivatives():
    x = flambeau.randn(1, 2, 6, 6, dtype=flambeau.float64, requires_grad=True)
    for pool in (F.max_pool2d, F.avg_pool2d):
        assert flambeau.autograd.gradgradcheck(lambda x, pool=pool: pool(x, 3, 2, 1), (x,))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kernel_size": 0}, "stride should not be zero"),
        ({"kernel_size": 2, "padding": 2}, "pad should be at most half of effective kernel size"),
        ({"kernel_size": 9}, "Output size is too small"),
        ({"kernel_size": (1, 1, 1)}, "must either be a single int, or a tuple of two ints"),
    ],
)
def test_impossible_windows(options, message):
    with pytest.raises(RuntimeError, match=message):
        F.max_pool2d(flambeau.ones(1, 4, 4), **options)


@pytest.mark.kernels
@pytest.mark.parametrize("kind", ["f4", "f8"])
@pytest.mark.parametrize("shape", [(3, 4, 5), (1, 1, 1), (0, 2, 3), (700, 6, 6)])
def test_kernels_add_into_planes_as_numpy_does(monkeypatch, kind, shape):
    blocks = []

    def empty(shape, dtype):
        count = int(np.prod(shape))
        blocks.append((np.full(count + 128, 12345, dtype), count))
        return blocks[-1][0][64 : 64 + count].reshape(shape)

    monkeypatch.setattr(planes, "empty", empty)
    generator = np.random.default_rng(0)
    values = generator.normal(size=shape).astype(kind)
    values.flat[:1] = np.nan
    index = generator.integers(0, 30, shape)
    found = []
    for mode in ("0", "force"):
        set_kernels(mode)
        found.append(arrays.scatter_planes(values, index, (5, 6)))
    set_kernels("1")
    assert bool(blocks) == bool(values.size)
    np.testing.assert_allclose(found[1], found[0], 1e-6)
    for block, count in blocks:
        assert (block[:64] == 12345).all()
        assert (block[64 + count :] == 12345).all()
    if values.size:
        index.flat[-1] = 30
        set_kernels("force")
        with pytest.raises(RuntimeError, match="out of bounds"):
            arrays.scatter_planes(values, index, (5, 6))
        set_kernels("1")


@pytest.mark.kernels
@pytest.mark.parametrize("kind", ["f4", "f8", "f2"])
@pytest.mark.parametrize(("shape", "counts"), [((2, 3, 7, 9), (3, 4)), ((5, 11), (4,)), ((2, 4, 5, 6), (2, 5, 1))])
def test_kernels_find_the_maxima_that_numpy_finds(kind, shape, counts):
    x = np.random.default_rng(0).integers(-3, 3, shape).astype(kind)
    x.flat[::17] = np.nan
    x.flat[1::13] = -np.inf
    x = np.swapaxes(np.ascontiguousarray(np.swapaxes(x, 0, -1)), 0, -1)
    found = []
    for mode in ("0", "force"):
        set_kernels(mode)
        found.append(arrays.max_pool_adaptive(x, counts))
    set_kernels("1")
    for expected, result in zip(*found, strict=True):
        assert expected.dtype == result.dtype
        np.testing.assert_array_equal(result, expected)
