"""Two workers, one for each framework, that take turns."""

import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, NamedTuple, Self

from benchmarks.worker import THREADS

FRAMEWORKS = ("torch", "flambeau")
PAIRS, MORE_PAIRS = 5, 15
"""Processes of each framework that measure a workload, one after the other; and so many where they disagree."""
DISAGREEMENT = 0.15
"""The middle half of the pairs' ratios spread over so much of their median."""
ROUND = 0.15
"""Seconds that the slower framework's part of a round takes, about."""


def environment() -> dict[str, str]:
    """The same threads for both, OpenBLAS left to its own choices, modules compiled once."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "PYTHONDONTWRITEBYTECODE")
    }
    threads = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    return kept | dict.fromkeys(threads, str(THREADS))


class WorkloadError(RuntimeError):
    """A workload did not run (its worker's last words are on stderr), or went astray."""


class Process:
    """A worker and the pipe to it."""

    def __init__(self, module: str, **more: str) -> None:
        self.module = module
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment() | more,
        )

    def ask(self, *command: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise WorkloadError(f"{self.module} could not {' '.join(map(str, command))}")
        return json.loads(answer)

    def close(self) -> None:
        self.process.communicate()


class Result(NamedTuple):
    """One row: medians over the rounds, and of the rounds' ratios."""

    torch: float
    flambeau: float
    ratio: float


class Pair:
    """Both frameworks, ready for the same commands."""

    def __enter__(self) -> Self:
        self.processes = [Process(module) for module in FRAMEWORKS]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for process in self.processes:
            process.close()

    def ask(self, *command: Any) -> list[dict[str, Any]]:
        return [process.ask(*command) for process in self.processes]

    def measure(self, name: str, rounds: int) -> list[tuple[float, float]]:
        """Times of a workload round by round, after a check that both frameworks compute the same in it."""
        torch, flambeau = self.ask("prepare", name)
        if not math.isclose(torch["value"], flambeau["value"], rel_tol=1e-3):
            raise WorkloadError(f"PyTorch computes {torch['value']}, flambeau {flambeau['value']}")
        slower = max(answer["seconds"] for answer in self.ask("pace"))
        times = max(1, round(ROUND / slower))
        seconds: dict[str, list[float]] = {module: [] for module in FRAMEWORKS}
        for turn in range(rounds):
            for process in self.processes[:: 1 if turn % 2 else -1]:
                time.sleep(0.01)  # until the other one's threads have stopped spinning
                seconds[process.module].append(process.ask("round", times)["seconds"])
        return list(zip(*seconds.values(), strict=True))


def measure(name: str, rounds: int) -> Result:
    """The medians of `rounds` rounds or a few more, in `PAIRS` pairs of processes or in `MORE_PAIRS`.

    How fast a process is differs from one to the next: of 24 in which PyTorch trained the LSTM, 14 took 30 to 40 ms a
    step and ten 24 to 29, all of them steadily.
    """
    seconds: list[tuple[float, float]] = []
    middles: list[float] = []
    while len(middles) < PAIRS or (len(middles) < MORE_PAIRS and _disagree(middles)):
        with Pair() as pair:
            turns = pair.measure(name, -(-rounds // PAIRS))
        seconds += turns
        middles.append(statistics.median(a / b for a, b in turns))
    torch, flambeau = zip(*seconds, strict=True)
    ratios = [a / b for a, b in seconds]
    return Result(*(statistics.median(values) for values in (torch, flambeau, ratios)))


def _disagree(ratios: list[float]) -> bool:
    low, middle, high = statistics.quantiles(ratios, n=4)
    return high - low > DISAGREEMENT * middle


class Start(NamedTuple):
    """What a workload takes in a fresh process that does ten steps."""

    torch: int
    """Peak resident memory of the whole process, in kB."""
    flambeau: int
    cold: float
    """Seconds from flambeau's import to the end of its first step, every kernel compiled."""
    warm: float
    """The same with the kernels on disk."""


def start(name: str) -> Start:
    """PyTorch once; flambeau with nothing on disk, then with what that left there, whose memory is given."""

    def fresh(module: str, **more: str) -> dict[str, Any]:
        process = Process(module, **more)
        try:
            return process.ask("fresh", name)
        finally:
            process.close()

    with tempfile.TemporaryDirectory() as folder:
        torch = fresh("torch")
        cold, warm = (fresh("flambeau", FLAMBEAU_CACHE_DIR=folder) for _ in range(2))
    return Start(torch["kilobytes"], warm["kilobytes"], cold["first"], warm["first"])


def import_seconds(modules: Sequence[str], rounds: int) -> list[list[float]]:
    """Seconds of `import module` in a new interpreter, each round, without Python's own start. The modules take turns."""

    def run(code: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, env=environment())
        return time.perf_counter() - start

    for module in modules:
        run(f"import {module}")
    turns = []
    for _ in range(rounds):
        bare = run("pass")
        turns.append([run(f"import {module}") - bare for module in modules])
    return [list(seconds) for seconds in zip(*turns, strict=True)]
