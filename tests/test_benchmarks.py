"""What the benchmarks time is the same computation in both frameworks, and their table reads."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import flambeau

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.__main__ import duration, row  # noqa: E402
from benchmarks.pair import Result, environment  # noqa: E402
from benchmarks.workloads import WORKLOADS  # noqa: E402


def values(torch, name):
    torch.manual_seed(0)
    step = WORKLOADS[name].build(torch)
    return [step().item() for _ in range(3)]


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_workload_computes_in_flambeau_what_it_does_in_pytorch(name, reference):
    assert values(flambeau, name) == pytest.approx(values(reference, name), rel=1e-3)


def test_a_worker_answers_each_command_with_a_line():
    commands = [["prepare", "lesson"], ["pace"], ["round", 3]]
    worker = subprocess.run(
        [sys.executable, "-m", "benchmarks.worker", "flambeau"],
        input="".join(json.dumps(command) + "\n" for command in commands),
        cwd=ROOT,
        env=environment() | {"PYTHONPATH": str(Path(flambeau.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    prepared, pace, timed = map(json.loads, worker.stdout.splitlines())
    assert prepared["value"] == pytest.approx(values(flambeau, "lesson")[-1])
    assert 0 < pace["seconds"] < 1
    assert 0 < timed["seconds"] < 1


def test_both_sides_get_the_same_threads_and_openblas_as_it_is(monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    chosen = environment()
    assert "OPENBLAS_CORETYPE" not in chosen
    assert chosen["OMP_NUM_THREADS"] == chosen["OPENBLAS_NUM_THREADS"] == "2"


def test_a_row_of_the_table():
    text = row("lesson", Result(226e-6, 36.4e-6, 6.211, 0.0123), [2048, 1024])
    assert text.split("|")[2:-1] == [
        " 226 µs ", " 36.4 µs ", " **6.21** ", " 6 ", " 12.3 ms ", " 1 MB, PyTorch 2 "
    ]  # fmt: skip
    assert duration(1.5) == "1.5 s"
