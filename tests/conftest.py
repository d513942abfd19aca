import os
import subprocess
import sys
import warnings
from pathlib import Path

# Each xdist worker computes on one thread; read when NumPy is imported.
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
os.environ.setdefault("MPLBACKEND", "Agg")

import pytest  # noqa: E402 -- after the thread counts

import flambeau  # noqa: E402
from flambeau.kernels.host import available  # noqa: E402

ROOT = Path(__file__).parents[1]
SHARED = Path(os.environ.get("FLAMBEAU_SHARED", ROOT.parent / "shared"))


def pytest_runtest_setup(item):
    if item.get_closest_marker("kernels") and not available():
        pytest.skip("kernels need llvmlite")


@pytest.fixture(scope="session")
def reference():
    """PyTorch itself, where it is installed."""
    torch = pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    with warnings.catch_warnings(action="ignore"), torch.autograd.forward_ad.dual_level():
        torch.autograd.forward_ad.make_dual(torch.ones(1), torch.ones(1))  # what it loads then warns of itself
    torch.set_num_threads(1)
    return torch


@pytest.fixture(scope="session")
def shared():
    """The folder of recorded cases and programs beside the repository."""
    if not SHARED.is_dir():
        pytest.skip(f"no recorded cases at {SHARED}")
    return SHARED


@pytest.fixture(autouse=True)
def pristine():
    """Every test starts from seed 0, and leaves modes and defaults as it found them."""
    flambeau.manual_seed(0)
    yield
    assert flambeau.is_grad_enabled()
    assert flambeau.get_default_dtype() is flambeau.float32


@pytest.fixture
def python(tmp_path):
    """Run Python in `tmp_path`: `python("-m", "flambeau", "script.py")`, its output as text."""

    def run(*arguments, **environment):
        source = str(Path(flambeau.__file__).parents[1])
        path = os.pathsep.join(filter(None, [source, os.environ.get("PYTHONPATH")]))
        return subprocess.run(
            [sys.executable, *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path, **environment},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    return run
