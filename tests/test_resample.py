"""Interpolation, padding, folding, sampling: PyTorch's values and gradients; transposes of maps."""

import numpy as np
import pytest

import flambeau
import flambeau.nn.functional as F
from flambeau.kernels import axis_maps
from flambeau.kernels import taps as tap_kernels
from flambeau.prims import resample, taps
from flambeau.prims import resample as arrays
from flambeau.prims.core import set_kernels

INTERPOLATIONS = {
    "nearest": {"size": (3, 11)},
    "nearest scale": {"scale_factor": (1.7, 0.6)},
    "nearest-exact": {"size": (3, 11), "mode": "nearest-exact"},
    "bilinear": {"size": (9, 4), "mode": "bilinear"},
    "bilinear corners": {"size": (9, 4), "mode": "bilinear", "align_corners": True},
    "bilinear antialias": {"size": (3, 4), "mode": "bilinear", "antialias": True},
    "bicubic": {"scale_factor": 1.3, "mode": "bicubic"},
    "bicubic antialias": {"size": (3, 4), "mode": "bicubic", "antialias": True},
    "area": {"size": (2, 3), "mode": "area"},
}
PADDINGS = {
    "constant": ((1, 2, -1, 3), "constant", 2.0),
    "reflect": ((1, 2, 3, 0), "reflect", None),
    "replicate": ((1, 2, 3, 0), "replicate", None),
    "circular": ((1, 2, 3, 0), "circular", None),
    "circular cut": ((-1, 2, 3, -2), "circular", None),
}


def check_both(call, *values):
    """The same results and gradients in both frameworks."""
    torch = pytest.importorskip("torch")
    results = []
    for framework in (torch, flambeau):
        leaves = [framework.tensor(value, requires_grad=True) for value in values]
        y = call(framework.nn.functional, *leaves)
        (y * y).sum().backward()
        results.append([y.detach().numpy(), *(leaf.grad.numpy() for leaf in leaves)])
    for expected, result in zip(*results, strict=True):
        np.testing.assert_allclose(result, expected, 1e-9, 1e-11)


def image(*shape):
    return np.random.default_rng(0).normal(size=shape)


@pytest.mark.parametrize("name", INTERPOLATIONS)
def test_interpolation(name):
    check_both(lambda f, x: f.interpolate(x, **INTERPOLATIONS[name]), image(2, 3, 5, 7))


@pytest.mark.parametrize("name", PADDINGS)
def test_padding(name):
    check_both(lambda f, x: f.pad(x, *PADDINGS[name]), image(2, 3, 5, 7))


@pytest.mark.parametrize("padding_mode", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
@pytest.mark.parametrize("corners", [False, True])
def test_sampling(mode, padding_mode, corners):
    grid = np.random.default_rng(1).uniform(-1.5, 1.5, size=(2, 3, 4, 2))
    check_both(lambda f, x, g: f.grid_sample(x, g, mode, padding_mode, corners), image(2, 3, 5, 7), grid)


def test_affine_grid():
    check_both(lambda f, x: f.affine_grid(x, (2, 1, 3, 4), False), image(2, 2, 3))


def test_folding():
    windows = {"kernel_size": (2, 3), "dilation": (2, 1), "padding": (1, 0), "stride": (1, 2)}
    check_both(lambda f, x: f.unfold(x, **windows), image(2, 3, 6, 7))
    columns = F.unfold(flambeau.ones(1, 3, 6, 7), **windows)
    check_both(lambda f, x: f.fold(x, (6, 7), **windows), image(*columns.shape))


@pytest.mark.parametrize("r", [1, 2, 3])
def test_shuffles_are_inverse(r):
    x = flambeau.randn(2, 4, 3 * r, 5 * r)
    assert flambeau.equal(F.pixel_shuffle(F.pixel_unshuffle(x, r), r), x)
    assert F.pixel_unshuffle(x, r).shape == (2, 4 * r * r, 3, 5)


@pytest.mark.parametrize(
    "each",
    [
        arrays.reflect(7, 3, 2),
        arrays.adaptive_average(7, 3),
        arrays.linear(7, 12, None, False, np.float64),
        arrays.cubic(7, 4, None, True, np.float64),
        arrays.nearest(9, 4, None, False),
    ],
)
def test_a_transpose_is_the_adjoint(each):
    x, y = image(3, each.size), image(3, len(each.index))
    forward, back = (arrays.apply_maps(a, [m]) for a, m in ((x, each), (y, each.transposed)))
    np.testing.assert_allclose((forward * y).sum(), (x * back).sum())


def test_what_is_not_read_does_not_leak():
    x = np.array([[1.0, 2.0, np.nan, 4.0]])
    result = arrays.apply_maps(x, [arrays.linear(4, 8, None, False, np.float64)])
    assert np.isnan(result).sum() == 4
    assert not np.isnan(result[0, [0, 1, 2, 7]]).any()


MAPS = {
    "linear": lambda n: resample.linear(n, 2 * n + 1, None, False, np.float32),
    "aligned": lambda n: resample.linear(n, n + 3, None, True, np.float32),
    "cubic": lambda n: resample.cubic(n, n + 2, None, False, np.float32),
    "average": lambda n: resample.adaptive_average(n, max(2, n // 3)),
    "smooth": lambda n: resample.antialiased(n, max(2, n // 2), None, False, np.float32, "bilinear"),
    "mirror": lambda n: resample.reflect(n, 2, 1).transposed,
}


@pytest.mark.kernels
@pytest.mark.parametrize("name", MAPS)
@pytest.mark.parametrize("shape", [(3, 5, 7), (1, 1, 4), (2, 3, 33, 18), (0, 4, 5), (2, 3, 4, 5, 20)])
@pytest.mark.parametrize("kind", ["f4", "f8"])
@pytest.mark.parametrize("back", [False, True])
def test_kernels_map_as_numpy_does(monkeypatch, name, shape, kind, back):
    blocks = []

    def empty(shape, dtype):
        count = int(np.prod(shape))
        blocks.append((np.full(count + 128, 12345, dtype), count))
        return blocks[-1][0][64 : 64 + count].reshape(shape)

    rank = min(3, len(shape) - 1)
    maps = [MAPS[name](n) if n > 3 else None for n in shape[-rank:]]
    maps = [m if m is None or not back else m.transposed for m in maps]
    sizes = [n if m is None else m.size for n, m in zip(shape[-rank:], maps, strict=True)]
    x = np.random.default_rng(0).normal(size=(*shape[:-rank], *sizes)).astype(kind)
    x = np.swapaxes(np.ascontiguousarray(np.swapaxes(x, 0, -1)), 0, -1)
    if x.size:
        x[(0,) * x.ndim] = np.inf
    monkeypatch.setattr(axis_maps, "empty", empty)
    found = []
    for mode in ("0", "force"):
        set_kernels(mode)
        with np.errstate(invalid="ignore"):
            found.append(resample.apply_maps(x, maps))
    set_kernels("1")
    assert blocks or not x.size or all(m is None or m.weight is None for m in maps)
    np.testing.assert_allclose(found[1], found[0], 1e-5 if kind == "f4" else 1e-12, 1e-5 if kind == "f4" else 1e-12)
    for block, count in blocks:
        assert (block[:64] == 12345).all()
        assert (block[64 + count :] == 12345).all()


@pytest.mark.kernels
@pytest.mark.parametrize("kind", ["f4", "f8"])
@pytest.mark.parametrize(
    "sizes", [(2, 3, 20, 4, 37), (1, 1, 1, 1, 1), (2, 5, 9, 8, 16), (1, 2, 6, 0, 5), (0, 2, 6, 3, 5)]
)
def test_kernels_sum_taps_as_numpy_does(monkeypatch, kind, sizes):
    blocks = []

    def empty(shape, dtype):
        count = int(np.prod(shape))
        blocks.append((np.full(count + 128, 12345, dtype), count))
        return blocks[-1][0][64 : 64 + count].reshape(shape)

    monkeypatch.setattr(tap_kernels, "empty", empty)
    batch, channels, size, count_taps, count = sizes
    generator = np.random.default_rng(0)
    x, g = (generator.normal(size=(batch, channels, n)).astype(kind) for n in (size, count))
    weight = generator.normal(size=(batch, count_taps, count)).astype(kind)
    index = generator.integers(-2, size + 2, weight.shape)
    weight[index < 0] = np.nan  # what lies outside counts nothing
    found = []
    for mode in ("0", "force"):
        set_kernels(mode)
        found.append(
            [taps.gathered(x, weight, index), taps.scattered(g, weight, index, size), taps.correlated(g, x, index)]
        )
    set_kernels("1")
    for expected, result in zip(*found, strict=True):
        assert expected.dtype == result.dtype
        np.testing.assert_allclose(result, expected, 1e-4 if kind == "f4" else 1e-11, 1e-5)
    for block, count in blocks:
        assert (block[:64] == 12345).all()
        assert (block[64 + count :] == 12345).all()
