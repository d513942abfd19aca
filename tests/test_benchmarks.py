"""What the benchmarks time is the same computation in both frameworks, and their table reads."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import flambeau

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import __main__ as program  # noqa: E402
from benchmarks import machine  # noqa: E402
from benchmarks.__main__ import duration, row  # noqa: E402
from benchmarks.curves import CURVES, draw  # noqa: E402
from benchmarks.handoff import microseconds  # noqa: E402
from benchmarks.pair import Pair, Result, Start, environment, measure, start  # noqa: E402
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


def test_the_peak_is_that_of_the_whole_process_and_the_first_step_counts_from_the_import(reference):
    begun = start("lesson")
    assert 20_000 < begun.flambeau < begun.torch
    assert 0 < begun.warm < 20
    assert 0 < begun.cold < 20


def test_a_pair_takes_turns_and_its_ratio_is_pytorchs_time_over_ours(reference):
    with Pair() as pair:
        assert len(pair.measure("lesson", 3)) == 3
    result = measure("lesson", 1)
    assert result.ratio == pytest.approx(result.torch / result.flambeau, rel=0.9)


@pytest.mark.parametrize("name", CURVES)
def test_a_curve_computes_in_flambeau_what_it_does_in_pytorch(name, reference):
    curve = CURVES[name]
    assert curve.sizes == sorted(set(curve.sizes))
    for size in curve.sizes[:2]:
        shapes = []
        for torch in (flambeau, reference):
            torch.manual_seed(0)
            shapes.append(result_of(curve.build(torch, size)()))
        assert shapes[0] == pytest.approx(shapes[1], rel=1e-4)


def result_of(value):
    if value is None:  # a step of training
        return []
    if isinstance(value, tuple):
        value = value[0]
    return value.flatten().tolist()[:100]


def test_curves_are_drawn_into_one_small_picture(tmp_path):
    times = {name: [[2e-6 * size, 1e-6 * size] for size in curve.sizes] for name, curve in CURVES.items()}
    path = draw(times, tmp_path)
    text = path.read_text(encoding="utf-8")
    assert text.startswith("<?xml")
    assert all(curve.title in text for curve in CURVES.values())
    assert len(text) < 300_000


def test_the_table_names_the_processor_and_says_what_takes_more_than_asked(reference, monkeypatch, capsys):
    """The whole program, its measurements replaced."""
    monkeypatch.setattr(program, "measure", lambda name, rounds: Result(2.0, 1.0, 2.0))
    monkeypatch.setattr(program, "start", lambda name: Start(2048, 4096 if name == "mlp_step" else 1024, 4.0, 0.1))
    monkeypatch.setattr(program, "gigaflops", lambda: 100.0)
    monkeypatch.setattr(program, "import_seconds", lambda modules, rounds: [[0.1] for _ in modules])
    monkeypatch.setattr(program, "microseconds", lambda: (0.31, 4.2))
    monkeypatch.setattr(sys, "argv", ["benchmarks", "lesson", "mlp_step"])
    assert program.main() == 1
    printed = capsys.readouterr().out
    assert printed.startswith(f"{machine.processor()} (")
    for missed in ("lesson 2.00", "lesson first step cold", "mlp_step first step cold", "mlp_step memory"):
        assert missed in printed
    assert "mlp_step 2.00" not in printed
    monkeypatch.setattr(sys, "argv", ["benchmarks"])
    program.main()
    rate = 2e-9 * 1024**3
    printed = capsys.readouterr().out
    assert f"1024 square at {rate:.0f} GFLOP/s ({rate:.0f}%)" in printed
    assert "costs 0.3 µs while they wait for it awake, 4.2 µs when they sleep" in printed


@pytest.mark.kernels
def test_a_hand_off_is_measured():
    before = flambeau.get_num_threads()
    try:
        awake, asleep = microseconds()
    finally:
        flambeau.set_num_threads(before)
    assert 0 < awake < 1e5
    assert 0 <= asleep < 1e5


def test_a_row_of_the_table():
    text = row("lesson", Result(226e-6, 36.4e-6, 6.211), Start(2048, 1024, 1.25, 0.0123))
    assert text.split("|")[2:-1] == [
        " 226 µs ", " 36.4 µs ", " **6.21** ", " 6 ", " 1.25 s ", " 12.3 ms ", " 1 MB ", " 2 MB "
    ]  # fmt: skip
    assert duration(1.5) == "1.5 s"
