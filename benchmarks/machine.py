"""What the table was measured on."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

from benchmarks.worker import THREADS


def processor() -> str:
    """The processor's name, as the system gives it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def description() -> str:
    """One line that names the processor and what ran on it."""
    from flambeau.backends.cpu import get_cpu_capability

    return (
        f"{processor()} ({get_cpu_capability()}), {os.cpu_count()} cores, {THREADS} threads; "
        f"PyTorch {version('torch')}, NumPy {version('numpy')}, Python {platform.python_version()}"
    )
