"""Special functions side by side with PyTorch."""

import numpy as np
import pytest
from side_by_side import assert_alike

SMOOTH = [
    *("digamma", "entr", "erfcx", "gammaln", "i0", "i0e", "i1", "i1e", "log_ndtr", "logit"),
    *("ndtr", "ndtri", "expit", "sinc"),
]
PLAIN = [
    *("airy_ai", "bessel_j1", "bessel_y0", "modified_bessel_i0", "modified_bessel_i1"),
    *("modified_bessel_k0", "modified_bessel_k1", "scaled_modified_bessel_k0"),
    *("scaled_modified_bessel_k1", "spherical_bessel_j0"),
]
POLYNOMIALS = [
    *(f"chebyshev_polynomial_{kind}" for kind in "tuvw"),
    *(f"shifted_chebyshev_polynomial_{kind}" for kind in "tuvw"),
    *("hermite_polynomial_h", "hermite_polynomial_he"),
    *("laguerre_polynomial_l", "legendre_polynomial_p"),
]


@pytest.mark.parametrize("name", SMOOTH)
def test_values_and_gradients(reference, name):
    def body(torch):
        x = torch.linspace(0.05, 0.95, 11, dtype=torch.float64, requires_grad=True)
        result = getattr(torch.special, name)(x)
        result.sum().backward()
        return result, x.grad

    assert_alike(body, reference, rtol=1e-7)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", PLAIN)
def test_values(reference, name, dtype):
    def body(torch):
        return getattr(torch.special, name)(torch.linspace(0.1, 4, 14, dtype=getattr(torch, dtype)))

    assert_alike(body, reference)


@pytest.mark.parametrize("name", POLYNOMIALS)
def test_polynomials(reference, name):
    def body(torch):
        x = torch.linspace(-1.5, 1.5, 13, dtype=torch.float64)
        degrees = torch.tensor([[-1.0], [0.0], [1.0], [5.0], [9.0]], dtype=torch.float64)
        return getattr(torch.special, name)(x, degrees), getattr(torch.special, name)(x, 3)

    assert_alike(body, reference)


@pytest.mark.parametrize(
    "call",
    [
        lambda t, x: t.polygamma(2, x),
        lambda t, x: x.mvlgamma(1) + t.mvlgamma(x + 2, 3),
        lambda t, x: t.special.zeta(t.tensor(2.5, dtype=x.dtype), x),
        lambda t, x: t.igamma(t.tensor(1.5, dtype=x.dtype), x),
        lambda t, x: t.igammac(t.tensor(0.5, dtype=x.dtype), x),
        lambda t, x: t.special.xlog1py(x, x + 1),
        lambda t, x: t.logit(x, 0.2),
    ],
)
def test_functions_with_parameters(reference, call):
    def body(torch):
        x = torch.tensor(np.linspace(0.1, 0.9, 7), requires_grad=True)
        result = call(torch, x)
        result.sum().backward()
        return result, x.grad

    assert_alike(body, reference)


@pytest.mark.parametrize("dtype", ["int64", "bool", "float16", "bfloat16"])
@pytest.mark.parametrize("name", ["i0", "ndtr", "digamma", "erfinv"])
def test_dtypes(reference, name, dtype):
    def body(torch):
        result = getattr(torch.special, name)(torch.tensor([1, 1]).to(getattr(torch, dtype)))
        return str(result.dtype), result.double()

    assert_alike(body, reference, rtol=1e-2)


@pytest.mark.parametrize(
    "body",
    [lambda t: t.polygamma(-1, t.ones(2)), lambda t: t.mvlgamma(t.ones(2), 0)],
)
def test_bad_input(reference, body):
    assert_alike(body, reference)


@pytest.mark.parametrize("call", ["xlogy(x, 2)", "xlogy(x, 0.5)", "xlogy(2, x)", "special.xlog1py(x, 2)"])
@pytest.mark.parametrize("kind", ["float32", "float64", "float16", "int64"])
def test_numbers_do_not_widen(reference, call, kind):
    def body(torch):
        x = torch.tensor([1, 0, 2], dtype=getattr(torch, kind))
        return eval(f"torch.{call}", {"torch": torch, "x": x})

    assert_alike(body, reference, rtol=1e-3)
