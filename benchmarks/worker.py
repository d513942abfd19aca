"""One framework in a process of its own, doing a round of steps when told: `worker.py MODULE`.

It reads a JSON command a line and answers with one. Between rounds it sleeps in `readline`, so that
the two frameworks' threads never compete.
"""

import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.curves import CURVES
from benchmarks.workloads import WORKLOADS, Step

THREADS = 2


def best_of(step: Step, times: int) -> float:
    return min(elapsed(step, 1) for _ in range(times))


def elapsed(step: Step, times: int) -> float:
    """Seconds for each of `times` steps."""
    start = time.perf_counter()
    for _ in range(times):
        step()
    return (time.perf_counter() - start) / times


def resident(field: str) -> int:
    """A figure in kB from the kernel's account of this process (Linux)."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field))


class Worker:
    def __init__(self, module: str) -> None:
        self.torch = importlib.import_module(module)
        self.torch.set_num_threads(THREADS)
        self.step: Step

    def prepare(self, name: str) -> dict[str, Any]:
        """Build a workload; its first step's seconds, and what the third returned."""
        self.torch.manual_seed(0)
        self.step = WORKLOADS[name].build(self.torch)
        first = elapsed(self.step, 1)
        self.step()
        return {"first": first, "value": self.step().item()}

    def pace(self) -> dict[str, Any]:
        """Seconds of a step once everything is warm."""
        deadline = time.perf_counter() + 0.3
        while time.perf_counter() < deadline:
            self.step()
        return {"seconds": best_of(self.step, 3)}

    def round(self, times: int) -> dict[str, Any]:
        return {"seconds": elapsed(self.step, times)}

    def memory(self, name: str) -> dict[str, Any]:
        """The most memory that building and five steps took beyond the import, in kB."""
        base = resident("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")  # the high-water mark starts again here
        self.prepare(name)
        elapsed(self.step, 2)
        return {"kilobytes": resident("VmHWM") - base}

    def curve(self, name: str, size: int) -> dict[str, Any]:
        """Seconds of a curve's step at one size."""
        self.step = CURVES[name].build(self.torch, size)
        times = max(1, min(1000, int(0.02 / max(best_of(self.step, 3), 1e-7))))
        return {"seconds": min(elapsed(self.step, times) for _ in range(5))}

    def serve(self) -> None:
        answers = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)  # what a framework prints is not an answer
        for line in sys.stdin:
            command, *arguments = json.loads(line)
            answer = getattr(self, command)(*arguments)
            answers.write(json.dumps(answer) + "\n")
            answers.flush()


if __name__ == "__main__":
    Worker(sys.argv[1]).serve()
