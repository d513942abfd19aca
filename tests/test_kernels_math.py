"""The elementary functions of kernels: within 2 ulp in float32, within 4 in float64."""

import numpy as np
import pytest
import scipy.special

from flambeau.kernels import fusion

pytestmark = pytest.mark.kernels

REFERENCE = {
    "exp": np.exp,
    "exp2": np.exp2,
    "expm1": np.expm1,
    "log": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "log1p": np.log1p,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "log_sigmoid": lambda x: np.minimum(x, 0) - np.log1p(np.exp(-abs(x))),
    "erf": scipy.special.erf,
}
BINARY = {"atan2": np.arctan2, "hypot": np.hypot, "pow": np.power, "xlogy": scipy.special.xlogy}


def samples(dtype, count=60_000):
    """Every magnitude, and the usual ranges densely."""
    rng = np.random.default_rng(7)
    integer = np.int32 if dtype == np.float32 else np.int64
    info = np.iinfo(integer)
    return np.concatenate(
        [
            rng.integers(info.min, info.max, count, integer).view(dtype),
            *(rng.uniform(-r, r, count).astype(dtype) for r in (1, 10, 100, 800)),
            rng.uniform(0.5, 1.5, count).astype(dtype),
            (1 + rng.standard_normal(count) * 1e-3).astype(dtype),
        ]
    )


def ulps(got, exact):
    """Distances in units of the last place of the exact result as `got`'s dtype holds it."""
    with np.errstate(all="ignore"):
        rounded = exact.astype(got.dtype)
        distance = abs(got.astype(exact.dtype) - exact) / np.spacing(abs(rounded)).astype(exact.dtype)
    distance[(got == rounded) | (np.isnan(got) & np.isnan(rounded))] = 0
    return np.nan_to_num(distance, nan=np.inf)


def run(name, *args):
    result = fusion.run_prim(name, args, {})
    assert result is not NotImplemented
    return result


@pytest.mark.parametrize("name", REFERENCE)
def test_float32_within_two_ulps(name):
    x = samples(np.float32)
    with np.errstate(all="ignore"):
        exact = REFERENCE[name](x.astype(np.float64))
    distance = ulps(run(name, x), exact)
    worst = distance.argmax()
    assert distance[worst] <= 2, f"{name}({x[worst]!r}) is off by {distance[worst]:.2f} ulp"


@pytest.mark.parametrize("name", REFERENCE)
def test_float64_within_four_ulps(name):
    if np.finfo(np.longdouble).nmant <= 52:
        pytest.skip("no wider float here to compare with")
    x = samples(np.float64, 30_000)
    with np.errstate(all="ignore"):
        wide = x if name == "erf" else x.astype(np.longdouble)  # SciPy's erf is good to 1 ulp
        exact = REFERENCE[name](wide).astype(np.longdouble)
    distance = ulps(run(name, x), exact)
    worst = distance.argmax()
    assert distance[worst] <= 4, f"{name}({x[worst]!r}) is off by {distance[worst]:.2f} ulp"


@pytest.mark.parametrize("name", BINARY)
def test_binary_float32_within_two_ulps(name):
    rng = np.random.default_rng(3)
    x = samples(np.float32)
    y = rng.permutation(x)
    if name == "pow":
        x[::2] = abs(x[::2])
        y[::3] = rng.uniform(-20, 20, len(y[::3]))
        y[::5] = rng.integers(-20, 20, len(y[::5]))
    with np.errstate(all="ignore"):
        exact = BINARY[name](x.astype(np.float64), y.astype(np.float64))
    distance = ulps(run(name, x, y), exact)
    worst = distance.argmax()
    assert distance[worst] <= 2, f"{name}({x[worst]!r}, {y[worst]!r}): {distance[worst]:.2f} ulp"


def test_position_does_not_matter():
    """A value's result is the same wherever it stands: in a vector, in the tail, alone."""
    x = samples(np.float32, 500)
    for name in ("exp", "sin", "erf", "log1p", "tanh"):
        whole = run(name, x)
        for start, stop in ((0, 1), (3, 20), (7, 140), (len(x) - 5, len(x))):
            np.testing.assert_array_equal(run(name, x[start:stop].copy()), whole[start:stop])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_division_by_a_row_value_is_exact(dtype):
    """x / y with y known outside of the loop goes through 1 / y, and rounds as division does.

    Where the remainder of the division underflows it may be an ulp off.
    """
    x = samples(dtype, 2000)
    x = x[np.isfinite(x)]
    for y in (3.0, 0.1, -7.7e10, 1e-40, 0.0, np.inf, np.nan, 1e30, -1e-20):
        divisor = np.array(y, dtype)
        with np.errstate(all="ignore"):
            want = x / divisor
        got = run("true_divide", x, divisor)
        info = np.finfo(dtype)
        normal = (abs(x) * info.eps > 4 * info.tiny) & ~(abs(want) < info.tiny)
        np.testing.assert_array_equal(got[normal], want[normal])
        np.testing.assert_allclose(got, want, rtol=info.eps, atol=2 * info.smallest_subnormal)
