"""Print the table of flambeau against PyTorch, or draw the curves."""

import argparse
import statistics
import sys
from pathlib import Path

from benchmarks import curves, machine
from benchmarks.handoff import microseconds
from benchmarks.pair import Pair, Result, Start, WorkloadError, import_seconds, measure, start
from benchmarks.peak import gigaflops
from benchmarks.workloads import WORKLOADS

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- benchmarks: begin -->\n", "<!-- benchmarks: end -->\n"
HEAD = "| workload | PyTorch | flambeau | times faster | asked | first step, cold | warm | peak memory | PyTorch |"
COLD, WARM = 3.0, 0.5
"""Seconds that a first step may take, from the import on: with no kernel on disk, and with all."""


def duration(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e3)):
        if seconds * scale >= 1:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"


def row(name: str, result: Result, begun: Start) -> str:
    title, minimum, _ = WORKLOADS[name]
    cells = [
        title,
        duration(result.torch),
        duration(result.flambeau),
        f"**{result.ratio:.2f}**",
        f"{minimum:g}",
        duration(begun.cold),
        duration(begun.warm),
        f"{begun.flambeau / 1024:.0f} MB",
        f"{begun.torch / 1024:.0f} MB",
    ]
    return f"| {' | '.join(cells)} |"


def peak_line(results: dict[str, Result]) -> str:
    """How near the matrix products come to the machine's measured peak."""
    peak = gigaflops()
    rates = []
    for size in (1024, 2048):
        if f"matmul_{size}" in results:
            rate = 2e-9 * size**3 / results[f"matmul_{size}"].flambeau
            rates.append(f"{size} square at {rate:.0f} GFLOP/s ({100 * rate / peak:.0f}%)")
    return f"The FMA peak measured here is {peak:.0f} GFLOP/s; matmul runs {', '.join(rates)}."


def handoff_line() -> str:
    awake, asleep = microseconds()
    return (
        f"Handing a job to the threads costs {awake:.1f} µs while they wait for it awake, "
        f"{asleep:.1f} µs when they sleep."
    )


def import_line(rounds: int) -> str:
    numpy, ours = import_seconds(("numpy", "flambeau"), rounds)
    torch = statistics.median(import_seconds(("torch",), 3)[0])
    ratio = statistics.median(b / a for a, b in zip(numpy, ours, strict=True))
    return (
        f"`import flambeau` takes {duration(statistics.median(ours))}, {ratio:.2f} times `import numpy`; "
        f"`import torch` {duration(torch)}."
    )


def table(names: list[str], rounds: int) -> tuple[list[str], list[str]]:
    """Print the rows as they come; the lines, and what takes more than asked."""
    lines = [f"{machine.description()}.", "", HEAD, "|---|--:|--:|--:|--:|--:|--:|--:|--:|"]
    print("\n".join(lines), flush=True)
    missed, results = [], {}
    for name in names or WORKLOADS:
        try:
            results[name] = result = measure(name, rounds)
            begun = start(name)
            lines.append(row(name, result, begun))
        except WorkloadError as error:
            print(f"{name}: {error}", flush=True)
            missed.append(f"{name} (not measured)")
            continue
        print(lines[-1], flush=True)
        if result.ratio < WORKLOADS[name].minimum:
            missed.append(f"{name} {result.ratio:.2f}")
        limits = {
            "first step cold": begun.cold <= COLD,
            "warm": begun.warm <= WARM,
            "memory": begun.flambeau <= begun.torch,
        }
        missed += [f"{name} {what}" for what, kept in limits.items() if not kept]
    if not names:
        lines += ["", peak_line(results), handoff_line(), import_line(rounds)]
        print("\n".join(lines[-4:]))
    return lines, missed


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(WORKLOADS))
    parser.add_argument("--rounds", type=int, default=15, help="turns each framework takes")
    parser.add_argument("--readme", action="store_true", help="write the table into README.md")
    parser.add_argument("--curves", type=Path, metavar="FOLDER", help="draw time against size")
    options = parser.parse_args()
    unknown = set(options.names) - WORKLOADS.keys()
    if unknown:
        parser.error(f"no such workload: {', '.join(sorted(unknown))}")

    if options.curves:
        with Pair() as pair:
            print(curves.draw(curves.measure(pair), options.curves))
        return 0
    lines, missed = table(options.names, options.rounds)
    if options.readme:
        before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        README.write_text(before + BEGIN + "\n".join(lines) + "\n" + END + after, encoding="utf-8")
    if missed:
        print(f"\nmore than asked: {', '.join(missed)}")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
