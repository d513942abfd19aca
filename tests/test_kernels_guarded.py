"""Every family of kernels in memory that ends at forbidden pages (`guarded.py`), against NumPy's bodies."""

import signal
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.kernels,
    pytest.mark.filterwarnings("default"),
]
PROGRAM = Path(__file__).with_name("guarded.py")
FAMILIES = {
    "pointwise": 250,
    "reductions": 300,
    "norms": 300,
    "gemm": 250,
    "conv": 90,
    "scans": 200,
    "sorting": 300,
    "indexing": 230,
    "random": 50,
    "optimizers": 40,
    "attention": 40,
    "recurrent": 40,
    "pooling": 300,
    "losses": 140,
}
"""How many cases a family has at least."""


@pytest.mark.parametrize("family", FAMILIES)
def test_kernels_compute_what_numpy_does_and_touch_nothing_outside_their_arrays(family, python):
    done = python("-W", "ignore", PROGRAM, family, FLAMBEAU_KERNELS="0")
    assert done.returncode == 0, done.stderr[-3000:]
    cases, kernels = map(int, done.stdout.split())
    assert cases >= FAMILIES[family]
    assert kernels > 0


@pytest.mark.parametrize("family", ["outside", "outside_before"])
def test_the_pages_around_an_array_are_forbidden(family, python):
    done = python("-W", "ignore", PROGRAM, family)
    assert done.returncode == -signal.SIGSEGV
