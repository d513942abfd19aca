"""Convolutions: compiled kernels against NumPy, all against PyTorch, derivatives of every order."""

import random

import numpy as np
import pytest
from side_by_side import assert_alike

import flambeau
from flambeau.autograd import gradcheck, gradgradcheck
from flambeau.kernels import channel_conv, geometry, winograd, winograd_conv
from flambeau.kernels import conv as conv_kernels
from flambeau.kernels.entry import kernel
from flambeau.prims import conv as arrays
from flambeau.prims.core import set_kernels


@pytest.fixture
def kernels():
    yield set_kernels
    set_kernels("1")


def some_convolution(seed: int, way: str = "") -> tuple:
    """Random arrays and a random geometry; for `way` "tiles" one that is computed so."""
    pick, generator = random.Random(seed), np.random.default_rng(seed)
    if way == "tiles":
        depth, channels = (pick.choice([1, 2, 9, 16, 33]) for _ in range(2))
        spatial = tuple(pick.choice([4, 5, 8, 13]) for _ in range(2))
        size, stride = pick.choice([(2, 1), (3, 1), (3, 1), (3, 2), (4, 2), (4, 2), (5, 2), (7, 3)])
        x = generator.normal(size=(pick.choice([1, 3, 40]), depth, *spatial)).astype("f4")
        weight = generator.normal(size=(channels, depth, size, size)).astype("f4")
        padding = tuple(max(pick.randrange(size), (size - n + 1) // 2) for n in spatial)
        return x, weight, generator.normal(size=channels).astype("f4"), ((stride,) * 2, padding, (1, 1)), 1
    rank, groups = pick.choice([1, 2, 3]), pick.choice([1, 1, 2, 3])
    depth, channels = pick.choice([1, 2, 9]), pick.choice([1, 2, 7, 17])

    def each(*choices: int) -> tuple[int, ...]:
        return tuple(pick.choice(choices) for _ in range(rank))

    windows = each(1, 2, 3), each(0, 1, 2), each(1, 2)
    kernel, spatial = each(1, 2, 3), each(5, 6, 7 if rank == 3 else 19)
    kind = pick.choice(["f4", "f8"])
    x = generator.normal(size=(pick.choice([1, 3, 8]), groups * depth, *spatial)).astype(kind)
    weight = generator.normal(size=(groups * channels, depth, *kernel)).astype(kind)
    if pick.choice([True, False]):  # channels last
        x = np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1)
    return x, weight, generator.normal(size=groups * channels).astype(kind), windows, groups


@pytest.fixture(params=["channels", "positions", "tiles"])
def way(request, monkeypatch):
    """Vectors along the channels or along the positions, or outputs in tiles, whatever is faster."""
    monkeypatch.setattr(conv_kernels, "_along_channels", lambda *_: request.param == "channels")
    monkeypatch.setattr(winograd_conv, "FEWEST", 1 if request.param == "tiles" else 1 << 30)
    for name in ("LEAST_SAVING", "WEIGHT_TILES"):
        monkeypatch.setattr(winograd_conv, name, 0 if request.param == "tiles" else 1 << 30)
    winograd_conv._saves.cache_clear()
    yield request.param
    winograd_conv._saves.cache_clear()


@pytest.fixture
def guarded(monkeypatch):
    """Results and scratch lie between canaries, which are looked at in the end."""
    blocks = []

    def empty(shape, dtype):
        count = int(np.prod(shape))
        block = np.full(count + 128, 12345, dtype)
        blocks.append((block, count))
        return block[64 : 64 + count].reshape(shape)

    for module in (conv_kernels, channel_conv, geometry, winograd_conv):
        monkeypatch.setattr(module, "empty", empty)
    yield
    assert blocks
    for block, count in blocks:
        assert (block[:64] == 12345).all()
        assert (block[64 + count :] == 12345).all()


@pytest.mark.kernels
@pytest.mark.parametrize("seed", range(60))
@pytest.mark.usefixtures("guarded")
def test_kernels_compute_what_numpy_computes(kernels, seed, way):
    x, weight, bias, windows, groups = some_convolution(seed, way)
    found = []
    for mode in ("0", "force"):
        kernels(mode)
        y = arrays.convolution(x, weight, bias, *windows, groups)
        g = np.random.default_rng(seed).normal(size=y.shape).astype(y.dtype)
        of_x = arrays.convolution_input(g, weight, x.shape[2:], *windows, groups)
        of_weight = arrays.convolution_weight(g, x, weight.shape[2:], *windows, groups)
        found.append((y, of_x, of_weight))
    tolerance = 2e-4 if x.dtype == np.float32 else 1e-10
    for expected, result in zip(*found, strict=True):
        np.testing.assert_allclose(result, expected, tolerance, 10 * tolerance)


@pytest.mark.parametrize("seed", range(12))
def test_against_pytorch(seed):
    torch = pytest.importorskip("torch")
    x, weight, bias, (stride, padding, dilation), groups = some_convolution(seed)
    results = []
    for framework in (torch, flambeau):
        conv = getattr(framework.nn.functional, f"conv{x.ndim - 2}d")
        leaves = [framework.tensor(a.astype("f8"), requires_grad=True) for a in (x, weight, bias)]
        y = conv(*leaves, stride, padding, dilation, groups)
        (y * y).sum().backward()
        results.append([y.detach().numpy(), *(leaf.grad.numpy() for leaf in leaves)])
    for expected, result in zip(*results, strict=True):
        np.testing.assert_allclose(result, expected, 1e-8, 1e-8)


@pytest.mark.parametrize("transposed", [False, True])
def test_derivatives_of_two_orders(transposed):
    flambeau.manual_seed(0)
    shapes = ((2, 4, 4, 3), (4, 2, 2, 2), (4,))
    x, weight, bias = (flambeau.randn(s, dtype=flambeau.float64, requires_grad=True) for s in shapes)

    def call(x, weight, bias):
        if transposed:
            options = {"stride": 2, "padding": 1, "output_padding": 1, "groups": 2}
            return flambeau.conv_transpose2d(x, weight, bias, **options)
        return flambeau.conv2d(x, weight, bias, stride=(2, 1), padding=1, groups=2)

    assert gradcheck(call, (x, weight, bias))
    assert gradgradcheck(call, (x, weight, bias))


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(("size", "stride"), [(3, 1), (4, 2)])
def test_a_result_does_not_depend_on_threads(kernels, size, stride):
    kernels("force")
    generator = np.random.default_rng(0)
    x = generator.normal(size=(16, 8, 20, 20)).astype("f4")
    g = generator.normal(size=(16, 8, 20 // stride, 20 // stride)).astype("f4")
    weight = generator.normal(size=(8, 8, size, size)).astype("f4")
    windows = (stride, stride), (1, 1), (1, 1), 1
    before, results = flambeau.get_num_threads(), []
    for count in (1, 2, 3):
        flambeau.set_num_threads(count)
        results.append(
            [
                arrays.convolution(x, weight, None, *windows),
                arrays.convolution_input(g, weight, (20, 20), *windows),
                arrays.convolution_weight(g, x, (size, size), *windows),
            ]
        )
    flambeau.set_num_threads(before)
    for one, *others in zip(*results, strict=True):
        assert all(np.array_equal(one, other) for other in others)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_infinity_reach_the_windows_that_hold_them_and_no_others(kernels, value):
    x = np.ones((2, 3, 9, 9), "f4")
    x[1, 2, 4, 4] = value
    weight = np.ones((10, 3, 3, 3), "f4")
    found = []
    for mode in ("0", "force"):
        kernels(mode)
        found.append(arrays.convolution(x, weight, None, (1, 1), (1, 1), (1, 1), 1))
    np.testing.assert_array_equal(*found)
    assert np.isfinite(found[1]).sum() == 10 * (2 * 81 - 9)


@pytest.mark.kernels
def test_values_that_would_overflow_within_a_tile_do_not(kernels):
    kernels("force")
    x, weight = np.full((16, 16, 6, 6), 2e38, "f4"), np.full((16, 16, 3, 3), 1e-3, "f4")
    x[0], weight[0] = -2e38, 1e-8
    y = arrays.convolution(x, weight, None, (1, 1), (0, 0), (1, 1), 1)
    np.testing.assert_allclose(y[0, 0], -2e38 * 144e-8, 1e-5)
    assert np.isfinite(y).all()
    of_weight = arrays.convolution_weight(np.full_like(y, 1e-8), x, (3, 3), (1, 1), (0, 0), (1, 1), 1)
    np.testing.assert_allclose(of_weight, 16 * (15 - 1) * 2e30, 1e-5)
    of_input = arrays.convolution_input(
        np.full_like(y, 2e38), weight[:, :, ::-1] * 1e-3, (6, 6), (1, 1), (0, 0), (1, 1), 1
    )
    assert np.isfinite(of_input).all()


@pytest.mark.kernels
@pytest.mark.parametrize(("size", "stride"), [(2, 1), (3, 1), (4, 2), (6, 2)])
def test_tiles_are_as_exact_as_sums_of_products(kernels, monkeypatch, size, stride):
    kernels("force")
    generator = np.random.default_rng(0)
    x, weight = (generator.normal(size=s) for s in ((4, 64, 34, 34), (64, 64, size, size)))
    windows, errors = ((stride, stride), (1, 1), (1, 1), 1), []
    g = generator.normal(size=arrays.convolution(x, weight, None, *windows).shape)

    def run(x, weight, g):
        return (
            arrays.convolution(x, weight, None, *windows),
            arrays.convolution_input(g, weight, x.shape[2:], *windows),
            arrays.convolution_weight(g, x, weight.shape[2:], *windows),
        )

    exact = run(x, weight, g)
    x, weight, g = (each.astype("f4") for each in (x, weight, g))
    ran = []
    monkeypatch.setattr(winograd_conv, "kernel", lambda *key: ran.append(key) or kernel(*key))
    for fewest in (16, 1 << 30):
        monkeypatch.setattr(winograd_conv, "FEWEST", fewest)
        errors.append([np.abs(f - e).max() for f, e in zip(run(x, weight, g), exact, strict=True)])
        assert {key[0] for key in ran} >= {winograd.convolver, winograd.weigher}
        assert {key[-1] for key in ran if key[0] is winograd.transformer} == {False, True}  # and of the transposed
    assert np.max(errors) < 2e-3
    assert (np.array(errors[0]) < 2 * np.array(errors[1])).all()


ERRORS = {
    "channels": ((1, 2, 5, 5), {}, "expected input\\[1, 2, 5, 5\\] to have 3 channels"),
    "kernel": ((1, 3, 2, 2), {}, "Kernel size can't be greater than actual input size"),
    "dims": ((3, 3), {}, "Expected 3D \\(unbatched\\) or 4D \\(batched\\) input to conv2d"),
    "padding": ((1, 3, 5, 5), {"padding": -1}, "negative padding is not supported"),
    "stride": ((1, 3, 5, 5), {"stride": 0}, "non-positive stride is not supported"),
    "groups": ((1, 3, 5, 5), {"groups": 0}, "non-positive groups is not supported"),
    "same": ((1, 3, 5, 5), {"padding": "same", "stride": 2}, "not supported for strided"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_what_cannot_be_convolved(name):
    shape, options, message = ERRORS[name]
    with pytest.raises(RuntimeError, match=message):
        flambeau.conv2d(flambeau.ones(shape), flambeau.ones(2, 3, 3, 3), **options)


@pytest.mark.parametrize(("stride", "extra", "dilation"), [(1, 0, 1), (1, 1, 2), (2, 1, 1), (3, 2, 1)])
@pytest.mark.parametrize("kernel", [1, 2, 3])
@pytest.mark.parametrize(("channels", "groups"), [((3, 4), 1), ((32, 32), 1), ((64, 32), 2), ((16, 16), 16)])
def test_transposed_with_a_bias_and_room_for_more(reference, stride, extra, dilation, kernel, channels, groups):
    def body(torch):
        x = torch.randn(2, channels[0], 5, 6)
        weight, bias = torch.randn(channels[0], channels[1] // groups, kernel, kernel), torch.randn(channels[1])
        return torch.nn.functional.conv_transpose2d(x, weight, bias, stride, 0, extra, groups, dilation)

    assert_alike(body, reference, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("spatial", [(4,), (3, 5), (2, 3, 2)])
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("kind", ["float32", "float64", "bfloat16"])
def test_a_window_that_is_the_whole_image(reference, spatial, transposed, kind):
    def body(torch):
        torch.manual_seed(0)
        x = (
            torch.randn(6, 9, *((1,) * len(spatial) if transposed else spatial))
            .to(getattr(torch, kind))
            .requires_grad_()
        )
        weight = torch.randn(*((9, 16) if transposed else (16, 9)), *spatial).to(x.dtype).requires_grad_()
        bias = torch.randn(16).to(x.dtype).requires_grad_()
        name = f"conv{'_transpose' if transposed else ''}{len(spatial)}d"
        y = getattr(torch.nn.functional, name)(x, weight, bias, stride=2)
        assert tuple(y.shape) == (6, 16, *(spatial if transposed else (1,) * len(spatial)))
        found = torch.autograd.grad((y * y).sum(), (x, weight, bias), create_graph=True)
        return [each.float() for each in (y, *found, *torch.autograd.grad(found[1].sum(), (x, weight)))]

    tolerance = 3e-2 if kind == "bfloat16" else 1e-4
    assert_alike(body, reference, rtol=tolerance, atol=tolerance * 20)


@pytest.mark.parametrize("shape", [(0, 3, 4, 4), (0, 3, 9, 9), (2, 3, 4, 4)])
def test_a_batch_of_none(reference, shape):
    def body(torch):
        x = torch.ones(shape, requires_grad=True)
        weight = torch.ones(5, 3, 4, 4, requires_grad=True)
        y = torch.nn.functional.conv2d(x, weight)
        return y, *torch.autograd.grad(y.sum(), (x, weight))

    assert_alike(body, reference)
