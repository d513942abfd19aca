"""Remainders and floored quotients by kernels: NumPy's to the last bit, signs of zeros included."""

import numpy as np
import pytest

from flambeau import prims
from flambeau.prims.core import set_kernels

pytestmark = pytest.mark.kernels

SPECIAL = [0, -0.0, 1, -1, 2, 0.5, -0.5, 3, 7, 1e-40, 1e38, np.inf, -np.inf, np.nan, 1e10, 1e-10, 16777216, 1e20]


def operands(kind):
    """Pairs of special numbers, then pairs with quotients of all sizes, exact, near an integer or neither."""
    generator, each = np.random.default_rng(0), np.array(SPECIAL)
    xs, ys = [np.repeat(each, len(each))], [np.tile(each, len(each))]
    for x, y in (
        (generator.normal(size=3000) * 10, generator.normal(size=3000)),
        (np.exp(generator.uniform(-60, 60, 3000)), np.exp(generator.uniform(-60, 60, 3000))),
        (generator.integers(-50, 50, 3000) * 1.0, generator.integers(-5, 5, 3000) * 1.0),
        (generator.integers(-50, 50, 3000) * 0.1, generator.integers(-5, 5, 3000) * 0.1),
    ):
        xs.append(x)
        ys.append(y)
    return np.concatenate(xs).astype(kind), np.concatenate(ys).astype(kind)


@pytest.mark.parametrize("kind", ["f4", "f8"])
@pytest.mark.parametrize("name", ["fmod", "remainder", "floor_divide"])
def test_divisions_are_numpys(name, kind):
    x, y = operands(kind)
    with np.errstate(all="ignore"):
        expected = getattr(np, name)(x, y)
    set_kernels("force")
    try:
        found = getattr(prims, name)(x, y)
    finally:
        set_kernels("1")
    np.testing.assert_array_equal(found, expected)
    numbers = ~np.isnan(expected)
    assert np.array_equal(np.signbit(found[numbers]), np.signbit(expected[numbers]))
