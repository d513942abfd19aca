"""Imports run down the layers, and the check that says so can fail."""

import subprocess
import sys
from pathlib import Path

CHECK = Path(__file__).parents[1] / ".ci" / "layers.py"


def check(script):
    return subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)


def test_no_import_runs_upward():
    result = check(CHECK)
    assert result.returncode == 0, result.stdout


def test_an_upward_import_is_found_wherever_it_stands(tmp_path):
    script = tmp_path / ".ci" / "layers.py"
    script.parent.mkdir()
    script.write_text(CHECK.read_text())
    for path, text in {
        "prims/__init__.py": "def late():\n    from flambeau.nn import functional\n",
        "kernels/loop.py": "from .. import prims\n",
        "ops/loss.py": "from flambeau import autograd, dtypes\nimport flambeau.prims.core\n",
        "nn/functional.py": "from ..ops import loss\n",
        "autograd/__init__.py": "",
        "dtypes.py": "",
    }.items():
        file = tmp_path / "src" / "flambeau" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    result = check(script)
    assert result.returncode == 1
    assert result.stdout.splitlines() == [
        "src/flambeau/kernels/loop.py:1: kernels imports flambeau.prims from prims",
        "src/flambeau/prims/__init__.py:2: prims imports flambeau.nn.functional from API",
        "6 imports, 2 upward",
    ]
