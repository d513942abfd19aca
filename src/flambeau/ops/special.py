"""Special functions: gamma, Bessel, error functions and their kin, orthogonal polynomials."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import prims
from ..kernels import fused
from ..prims.precision import widen
from ..tensor import attach
from .checks import lacking
from .comparison import where
from .declare import binary, composite, op, unary
from .pointwise import exp, log, log1p, sgn

SPECIAL = "flambeau.special"
SQRT_2, SQRT_PI, SQRT_2PI = math.sqrt(2), math.sqrt(math.pi), math.sqrt(2 * math.pi)


def _module() -> Any:
    from importlib import import_module

    return import_module("flambeau.prims.special")


def _special(name: str, prim: Any, doc: str, vjp: Any = None, **options: Any) -> Any:
    """A pointwise function of `torch.special`."""
    return unary(
        f"special_{name}",
        prim,
        doc,
        vjp,
        **{"promote": "float", "module": SPECIAL, "method": False, "inplace": False, **options},
    )


# Gamma functions

lgamma: Any = unary(
    "lgamma",
    prims.lgamma,
    "The logarithm of the absolute value of the gamma function.",
    lambda g, input: g * digamma(input),
    promote="float",
    check=lacking("c", "lgamma_vml_cpu"),
)


def _digamma(x: Any) -> Any:
    """The digamma function, with the sign of infinity that `1 / -x` has at 0."""
    found = prims.digamma(x)
    return np.where(x == 0, np.copysign(np.inf, -x).astype(found.dtype), found)


digamma: Any = unary(
    "digamma",
    _digamma,
    "The derivative of `lgamma`.",
    lambda g, input: g * polygamma_of(input, 1),
    promote="float",
    check=lacking("c", "digamma"),
)


@op(name="_polygamma", grad_name="PolygammaBackward0", method=False, inplace=True, promote="float")
def polygamma_of(input, order: int):
    """The `order`-th derivative of the digamma function."""
    if order < 0:
        raise RuntimeError("polygamma(n, x) does not support negative n.")
    return _module().polygamma(input, order)


polygamma_of.vjp(input=lambda g, input, order: g * polygamma_of(input, order + 1))
attach(polygamma=polygamma_of.op.form("method", "polygamma"))
attach(polygamma_=polygamma_of.op.forms["inplace_method"])


@composite(method=False)
def polygamma(n: int, input):
    """The `n`-th derivative of the digamma function."""
    return polygamma_of(input, n)


@op(inplace=True, promote="float")
def mvlgamma(input, p: int):
    """The logarithm of the multivariate gamma function of dimension `p`."""
    if p < 1:
        raise RuntimeError("p has to be greater than or equal to 1")
    x = widen(input)
    total = p * (p - 1) / 4 * math.log(math.pi) + sum(prims.lgamma(x - j / 2) for j in range(p))
    return total.astype(input.dtype)


mvlgamma.vjp(input=lambda g, input, p: g * sum(digamma(input - j / 2) for j in range(p)))


def _no_derivative(name: str) -> Any:
    def rule(g):
        raise NotImplementedError(f"the derivative for '{name}' is not implemented.")

    return rule


def _gamma_density(g: Any, input: Any, other: Any) -> Any:
    return g * exp((input - 1) * log(other) - other - lgamma(input))


igamma = binary(
    "igamma",
    prims.gammainc,
    "The lower regularized incomplete gamma function.",
    promote="default",
    scalars=(),
    input=_no_derivative("igamma: input"),
    other=_gamma_density,
    check=lacking("ciub", "igamma_cpu"),
)
igammac = binary(
    "igammac",
    prims.gammaincc,
    "The upper regularized incomplete gamma function.",
    promote="default",
    scalars=(),
    input=_no_derivative("igammac: input"),
    other=lambda g, input, other: -_gamma_density(g, input, other),
    check=lacking("ciub", "igammac_cpu"),
)
special_zeta: Any = binary(
    "special_zeta",
    prims.zeta,
    "The Hurwitz zeta function.",
    promote="float",
    module=SPECIAL,
    method=False,
    inplace=False,
    input=_no_derivative("zeta"),
    other=lambda g, input, other: g * -input * special_zeta(input + 1, other),
    check=lacking("ch", "zeta_cpu"),
)

# Error functions and the normal distribution

erfcx = _special(
    "erfcx",
    prims.erfcx,
    "`exp(x^2) erfc(x)`.",
    lambda g, input, result: g * (2 * (input * result) - 2 / SQRT_PI),
    check=lacking("ch", "erfcx_cpu"),
)
ndtr = _special(
    "ndtr",
    prims.ndtr,
    "The normal distribution function.",
    lambda g, input: g * (exp(-input * input / 2) / SQRT_2PI),
    check=lacking("c", "erf_vml_cpu"),
)
ndtri = _special(
    "ndtri",
    prims.ndtri,
    "The inverse of the normal distribution function.",
    lambda g, result: g * (SQRT_2PI * exp(result * result / 2)),
    check=lacking("ch", "ndtri_cpu"),
)
log_ndtr = _special(
    "log_ndtr",
    prims.log_ndtr,
    "The logarithm of the normal distribution function.",
    lambda g, input: g * (math.sqrt(2 / math.pi) / erfcx(input * (-1 / SQRT_2))),
    check=lacking("ch", "log_ndtr_cpu"),
)
entr = _special(
    "entr",
    prims.entr,
    "`-x log(x)`, 0 at 0, and minus infinity below.",
    lambda g, input: g * where(input != input, input, -log(input) - 1),
    check=lacking("c", "entr_cpu"),
)


special_xlog1py = binary(
    "special_xlog1py",
    prims.xlog1py,
    "`input * log1p(other)`, and 0 where `input` is 0.",
    promote="float",
    check=lacking("c", "xlog1py_cpu"),
    module=SPECIAL,
    method=False,
    inplace=False,
    input=lambda g, input, other: g * where((input == 0) & (other <= -1), 0.0, log1p(other)),
    other=lambda g, input, other: g * (input / (other + 1)),
)


@op(inplace=True, promote="float")
def logit(input, eps: float | None = None):
    """`log(x / (1 - x))`, of x clamped to `[eps, 1 - eps]` if given."""
    x = widen(input)
    found = _log_odds(x) if eps is None else _log_odds_inside(x, eps)
    return found.astype(input.dtype, copy=False)


@fused
def _log_odds(x):
    return prims.log(prims.true_divide(x, prims.sub(1, x)))


@fused
def _log_odds_inside(x, eps):
    return _log_odds(prims.minimum(prims.maximum(x, eps), 1 - eps))


def _logit_vjp(g, input, eps):
    slope = g / (input * (1 - input))
    if eps is None:
        return where((input < 0) | (input > 1), float("nan"), slope)
    return where((input < eps) | (input > 1 - eps), 0.0, slope)


logit.vjp(input=_logit_vjp)

# Bessel functions

i0: Any = unary(
    "i0",
    prims.i0,
    "The modified Bessel function of the first kind of order 0.",
    lambda g, input: g * i1(input),
    promote="float",
    check=lacking("c", "i0_vml_cpu"),
)
i0e: Any = _special(
    "i0e",
    prims.i0e,
    "`exp(-|x|) i0(x)`.",
    lambda g, input, result: g * (i1e(input) - sgn(input) * result),
    check=lacking("c", "i0e_cpu"),
)
i1: Any = _special(
    "i1",
    prims.i1,
    "The modified Bessel function of the first kind of order 1.",
    lambda g, input, result: g * where(input == 0, 0.5, i0(input) - result / where(input == 0, 1.0, input)),
    check=lacking("c", "i1_cpu"),
)
i1e: Any = _special(
    "i1e",
    prims.i1e,
    "`exp(-|x|) i1(x)`.",
    lambda g, input, result: (
        g
        * where(
            input == 0,
            0.5,
            i0e(input) - result * (sgn(input) + 1 / where(input == 0, 1.0, input)),
        )
    ),
    check=lacking("c", "i1e_cpu"),
)
bessel_j0 = _special(
    "bessel_j0",
    prims.bessel_j0,
    "The Bessel function of the first kind, order 0.",
    check=lacking("ch", "bessel_j0_cpu"),
)
bessel_j1 = _special(
    "bessel_j1",
    prims.bessel_j1,
    "The Bessel function of the first kind, order 1.",
    check=lacking("ch", "bessel_j1_cpu"),
)
bessel_y0 = _special(
    "bessel_y0",
    prims.bessel_y0,
    "The Bessel function of the second kind, order 0.",
    check=lacking("ch", "bessel_y0_cpu"),
)
bessel_y1 = _special(
    "bessel_y1",
    prims.bessel_y1,
    "The Bessel function of the second kind, order 1.",
    check=lacking("ch", "bessel_y1_cpu"),
)
modified_bessel_i0 = _special("modified_bessel_i0", prims.i0, "`i0`.", check=lacking("ch", "modified_bessel_i0_cpu"))
modified_bessel_i1 = _special(
    "modified_bessel_i1", prims.i1, "`special.i1`.", check=lacking("ch", "modified_bessel_i1_cpu")
)
modified_bessel_k0 = _special(
    "modified_bessel_k0",
    prims.bessel_k0,
    "The modified Bessel function of the second kind, order 0.",
    check=lacking("ch", "modified_bessel_k0_cpu"),
)
modified_bessel_k1 = _special(
    "modified_bessel_k1",
    prims.bessel_k1,
    "The modified Bessel function of the second kind, order 1.",
    check=lacking("ch", "modified_bessel_k1_cpu"),
)
scaled_modified_bessel_k0 = _special(
    "scaled_modified_bessel_k0",
    prims.bessel_k0e,
    "`exp(x) modified_bessel_k0(x)`.",
    check=lacking("ch", "scaled_modified_bessel_k0_cpu"),
)
scaled_modified_bessel_k1 = _special(
    "scaled_modified_bessel_k1",
    prims.bessel_k1e,
    "`exp(x) modified_bessel_k1(x)`.",
    check=lacking("ch", "scaled_modified_bessel_k1_cpu"),
)
spherical_bessel_j0 = _special(
    "spherical_bessel_j0",
    lambda x: _module().spherical_bessel_j0(x),
    "The spherical Bessel function of the first kind of order 0.",
    check=lacking("ch", "spherical_bessel_j0_cpu"),
)
airy_ai = _special(
    "airy_ai", lambda x: _module().airy_ai(x), "The Airy function Ai.", check=lacking("ch", "airy_ai_cpu")
)

# Orthogonal polynomials


def _polynomial(name: str, doc: str) -> Any:
    def body(input: Any, n: Any) -> Any:
        return getattr(_module(), name)(input, n)

    return binary(
        f"special_{name}",
        body,
        doc,
        signature=_degree,
        promote="float",
        check=lacking("ch", f"{name}_cpu"),
        module=SPECIAL,
        method=False,
        inplace=False,
    )


def _degree(input, n): ...


chebyshev_polynomial_t = _polynomial("chebyshev_polynomial_t", "Chebyshev, first kind.")
chebyshev_polynomial_u = _polynomial("chebyshev_polynomial_u", "Chebyshev, second kind.")
chebyshev_polynomial_v = _polynomial("chebyshev_polynomial_v", "Chebyshev, third kind.")
chebyshev_polynomial_w = _polynomial("chebyshev_polynomial_w", "Chebyshev, fourth kind.")
shifted_chebyshev_polynomial_t = _polynomial("shifted_chebyshev_polynomial_t", "Chebyshev, first kind, on [0, 1].")
shifted_chebyshev_polynomial_u = _polynomial("shifted_chebyshev_polynomial_u", "Chebyshev, second kind, on [0, 1].")
shifted_chebyshev_polynomial_v = _polynomial("shifted_chebyshev_polynomial_v", "Chebyshev, third kind, on [0, 1].")
shifted_chebyshev_polynomial_w = _polynomial("shifted_chebyshev_polynomial_w", "Chebyshev, fourth kind, on [0, 1].")
hermite_polynomial_h = _polynomial("hermite_polynomial_h", "Hermite, the physicists'.")
hermite_polynomial_he = _polynomial("hermite_polynomial_he", "Hermite, the probabilists'.")
laguerre_polynomial_l = _polynomial("laguerre_polynomial_l", "Laguerre.")
legendre_polynomial_p = _polynomial("legendre_polynomial_p", "Legendre.")
