"""Fourier transforms side by side with PyTorch."""

import numpy as np
import pytest
from side_by_side import assert_alike

ONE = ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"]
MANY = ["fft2", "ifft2", "rfft2", "irfft2", "hfft2", "ihfft2", "fftn", "ifftn", "rfftn", "irfftn"]
REAL = {"rfft", "ihfft", "rfft2", "ihfft2", "rfftn", "ihfftn"}


def signal(torch, name):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(3, 4, 5))
    if name not in REAL:
        values = values + 1j * rng.normal(size=values.shape)
    return torch.tensor(values, requires_grad=True)


def result_and_gradient(torch, name, *args, **options):
    x = signal(torch, name)
    result = getattr(torch.fft, name)(x, *args, **options)
    (result.abs() ** 2).sum().backward()
    return result.resolve_conj(), x.grad.resolve_conj()


@pytest.mark.parametrize("norm", [None, "backward", "ortho", "forward"])
@pytest.mark.parametrize("name", [*ONE, *MANY])
def test_norms(reference, name, norm):
    assert_alike(lambda torch: result_and_gradient(torch, name, norm=norm), reference)


@pytest.mark.parametrize("n", [1, 3, 8])
@pytest.mark.parametrize("dim", [0, -1])
@pytest.mark.parametrize("name", ONE)
def test_sizes(reference, name, n, dim):
    assert_alike(lambda torch: result_and_gradient(torch, name, n, dim), reference)


@pytest.mark.parametrize("s", [(2, 7), (-1, 3)])
@pytest.mark.parametrize("name", [*MANY, "hfftn", "ihfftn"])
def test_sizes_of_several_dimensions(reference, name, s):
    def body(torch):
        return result_and_gradient(torch, name, s, (0, 2))

    assert_alike(body, reference)


@pytest.mark.parametrize(
    "body",
    [
        lambda t: t.fft.fft(t.arange(4)),
        lambda t: t.fft.fft(t.ones(4)).dtype.is_complex,
        lambda t: t.fft.fftshift(t.arange(5)),
        lambda t: t.fft.ifftshift(t.arange(6).reshape(2, 3), dim=1),
        lambda t: (t.fft.fftfreq(5, 0.5), t.fft.rfftfreq(4)),
        lambda t: t.fft.fft(t.ones(2), n=0),
        lambda t: t.fft.fft(t.ones(2), dim=3),
        lambda t: t.fft.fft(t.ones(2), norm="no"),
        lambda t: t.fft.fft(t.ones(2).half()),
        lambda t: t.fft.rfft(t.ones(2, dtype=t.complex64)),
        lambda t: t.fft.fftn(t.ones(2), s=(1, 2)),
        lambda t: t.fft.fftn(t.ones(2, 2), dim=(0, 0)),
        lambda t: t.fft.irfft(t.ones(1)),
    ],
)
def test_dtypes_orders_and_bad_input(reference, body):
    assert_alike(body, reference)


@pytest.mark.parametrize("options", [{}, {"center": False}, {"normalized": True}])
def test_short_time_transform_and_its_inverse(reference, options):
    def body(torch):
        x = torch.sin(torch.arange(64, dtype=torch.float64)).requires_grad_()
        window = torch.linspace(0.1, 1, 16, dtype=torch.float64)
        given = {"n_fft": 16, "hop_length": 4, "window": window, **options}
        spectrum = torch.stft(x, return_complex=True, **given)
        (spectrum.abs() ** 2).sum().backward()
        return spectrum, torch.istft(spectrum, **given), x.grad

    assert_alike(body, reference)


@pytest.mark.parametrize("name", ["fft", "ifft2", "rfft", "irfftn", "hfft", "fftn"])
@pytest.mark.parametrize("kind", ["f4", "f8"])
def test_large_transforms(reference, name, kind):
    """What SciPy computes, with a transform of other dimensions than the last."""
    array = np.random.default_rng(0).normal(size=(9, 40, 50)).astype(kind)
    dims = {"dim": 1} if name in ("fft", "rfft", "hfft") else {"dim": (0, 2)}

    def body(torch):
        x = torch.tensor(array, requires_grad=True)
        y = getattr(torch.fft, name)(x, norm="ortho", **dims)
        flat = torch.view_as_real(y.resolve_conj()) if y.is_complex() else y
        return y.resolve_conj(), torch.autograd.grad((flat * flat).sum(), x)

    assert_alike(body, reference, rtol=1e-4, atol=1e-3)
