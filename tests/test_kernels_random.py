"""The kernels of random numbers: NumPy's numbers to the last bit, and the engine left where NumPy leaves it."""

import numpy as np
import pytest

from flambeau.prims import random
from flambeau.prims.core import set_kernels, silent
from flambeau.prims.random_engine import Engine

pytestmark = pytest.mark.kernels

SIZES = (1, 2, 3, 15, 16, 17, 40, 311, 312, 313, 624, 625, 2048, 5000, 70_001)


@pytest.fixture(autouse=True)
def mode():
    before = silent["large"]
    yield
    silent["large"] = before


def draws(mode, fill, size, dtype):
    """What `fill` writes into the middle of a canary, twice, and the state after."""
    set_kernels(mode)
    engine = Engine(123)
    memory = np.full(2 * size + 64, 7, dtype)
    for start in (32, 32 + size):
        fill(engine, memory[start : start + size])
    set_kernels("0")
    canary = np.array(7).astype(dtype)
    assert (memory[:32] == canary).all()
    assert (memory[-32:] == canary).all()
    return memory.tobytes(), engine.get_state().tobytes()


FILLS = {
    "uniform": (random.uniform, ("float32", "float64")),
    "uniform of a range": (lambda e, out: random.uniform(e, out, -3.0, 5.5), ("float32", "float64")),
    "uniform of a narrow range": (lambda e, out: random.uniform(e, out, 1.0, 1.0000001), ("float32", "float64")),
    "uniform up to one": (lambda e, out: random.uniform(e, out, 0.5, 1.0), ("float32", "float64")),
    "integers": (lambda e, out: random.integers(e, out, -7, 1000), ("int64",)),
    "integers of a power": (lambda e, out: random.integers(e, out, 0, 1 << 20), ("int64",)),
    "integers of many": (lambda e, out: random.integers(e, out, 0, (1 << 28) - 1), ("int64",)),
    "one integer": (lambda e, out: random.integers(e, out, 5, 6), ("int64",)),
    "bernoulli": (lambda e, out: random.bernoulli(e, out, 0.3), ("float32", "float64", "bool", "uint8", "int64")),
    "certain": (lambda e, out: random.bernoulli(e, out, 1.0), ("float32", "bool")),
    "permutation": (random.permutation, ("int64",)),
}


@pytest.mark.parametrize("name", FILLS)
@pytest.mark.parametrize("size", SIZES)
def test_kernels_give_numpys_numbers(name, size):
    fill, dtypes = FILLS[name]
    for dtype in dtypes:
        assert draws("force", fill, size, dtype) == draws("0", fill, size, dtype)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_normal_numbers(size, dtype):
    def fill(engine, out):
        random.normal(engine, out, 2.0, 0.5)

    got, got_state = draws("force", fill, size, dtype)
    want, want_state = draws("0", fill, size, dtype)
    assert got_state == want_state
    if size < 16:
        assert got == want
    np.testing.assert_allclose(np.frombuffer(got, dtype), np.frombuffer(want, dtype), rtol=1e-6, atol=1e-6)


def test_small_draws_are_the_same_before_and_after_kernels_are_loaded():
    set_kernels("1")
    engine, other = Engine(5), Engine(5)
    for _ in range(150):
        for fill, dtype in ((random.uniform, "float32"), (random.normal, "float32"), (random.permutation, "int64")):
            out = np.empty(9, dtype)
            fill(engine, out)
            set_kernels("0")
            want = np.empty(9, dtype)
            fill(other, want)
            set_kernels("1")
            assert out.tobytes() == want.tobytes()
