"""One framework in a process of its own, doing a round of steps when told: `worker.py MODULE`.

It reads a JSON command a line and answers with one. Between rounds it sleeps in `readline`, so that
the two frameworks' threads never compete.
"""

import importlib
import json
import os
import resource
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


def peak_memory() -> int:
    """The most memory that was resident in this process at a time, in kB: interpreter, libraries, all."""
    status = Path("/proc/self/status")
    if status.exists():  # `ru_maxrss` of Linux begins with what the parent process had at the fork
        lines = status.read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "darwin" else 1)


class Worker:
    def __init__(self, module: str) -> None:
        self.torch = importlib.import_module(module)
        self.torch.set_num_threads(THREADS)
        self.step: Step

    def prepare(self, name: str, steps: int = 3) -> dict[str, Any]:
        """Build a workload and do some steps: what the last one returned."""
        self.torch.manual_seed(0)
        self.step = WORKLOADS[name].build(self.torch)
        return {"value": [self.step().item() for _ in range(steps)][-1]}

    def pace(self) -> dict[str, Any]:
        """Seconds of a step once everything is warm."""
        deadline = time.perf_counter() + 0.3
        while time.perf_counter() < deadline:
            self.step()
        return {"seconds": best_of(self.step, 3)}

    def round(self, times: int) -> dict[str, Any]:
        return {"seconds": elapsed(self.step, times)}

    def fresh(self, name: str) -> dict[str, Any]:
        """Seconds from the import to the end of the first step, and this process's peak after ten, in kB."""
        start = time.perf_counter()
        self.prepare(name, 1)
        first = time.perf_counter() - start
        elapsed(self.step, 9)
        return {"first": first, "kilobytes": peak_memory()}

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
