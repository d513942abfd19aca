"""Run the recorded PyTorch cases and write docs/conformance.md: `python .ci/conformance.py`.

The cases and their runner are in the folder that FLAMBEAU_SHARED names, or `../shared`.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
CASES = Path(os.environ.get("FLAMBEAU_SHARED", ROOT.parent / "shared")) / "conformance"
DOC = ROOT / "docs" / "conformance.md"
KINDS = {"ops": "operations", "modules": "modules", "optims": "optimizers and schedulers"}


def run(match: str = "") -> dict[str, Any]:
    """The runner's report on flambeau, over the entries that `match` (a regex) selects."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "report.json"
        command: list[str | Path] = [
            sys.executable,
            CASES / "opinfo_conformance.py",
            "run",
            "flambeau",
        ]
        options: list[str | Path] = ["--cases", CASES / "cases.pkl.xz", "--out", out]
        chosen = ["--match", match] if match else []
        subprocess.run([*command, *options, *chosen], check=True, stdout=sys.stderr)
        return json.loads(out.read_text())


def failing(report: dict[str, Any]) -> dict[str, str]:
    """Entries that exist here and do not pass every check, each with its first failure."""
    return {
        name: entry["fail"][0] if entry["fail"] else "fails"
        for name, entry in report["entries"].items()
        if entry["status"] != "missing" and not passes(entry)
    }


def passes(entry: dict[str, Any]) -> bool:
    """Whether every sample passes, and every check of it: gradients, in-place, `out=`, views."""
    counts = [*entry["checks"].values(), entry["samples"]]
    return all(good == total for good, total in counts)


def document(report: dict[str, Any]) -> Iterator[str]:
    """The lines of docs/conformance.md."""
    yield "# Conformance"
    yield ""
    yield (
        "Written by `python .ci/conformance.py`: flambeau on cases recorded under PyTorch 2.13. "
        "An entry passes when all its samples do, in every dtype, with gradients, the method, "
        "in-place and `out=` forms, and what aliases what."
    )
    yield ""
    yield "| | exist here | pass every check | samples passing |"
    yield "|---|--:|--:|--:|"
    for kind, title in [*KINDS.items(), ("errors", "calls that must raise")]:
        entries = of_kind(report, kind)
        here = [entry for entry in entries.values() if entry["status"] != "missing"]
        whole = sum(map(passes, here))
        good, total = (sum(entry["samples"][i] for entry in here) for i in (0, 1))
        share = f"{100 * whole / max(len(here), 1):.1f}%"
        yield (
            f"| {title} | {len(here)} of {len(entries)} | {whole} ({share}) "
            f"| {good} of {total} ({100 * good / max(total, 1):.1f}%) |"
        )
    for kind, title in [*KINDS.items(), ("errors", "calls that must raise")]:
        entries = of_kind(report, kind)
        reasons = {
            name.partition(":")[2]: reason for name, reason in failing(report).items() if name.startswith(f"{kind}:")
        }
        missing = [name for name, entry in entries.items() if entry["status"] == "missing"]
        if reasons:
            yield from ("", f"## Differ: {title}", "", "| entry | first difference |", "|---|---|")
            for name, reason in reasons.items():
                text = " ".join(reason.split()).replace("|", "\\|").replace("`", "'")
                yield f"| {name} | `{text[:160]}` |"
        if missing:
            yield from ("", f"## Not here yet: {title}", "", ", ".join(missing) + ".")


def of_kind(report: dict[str, Any], kind: str) -> dict[str, Any]:
    return {name.partition(":")[2]: entry for name, entry in report["entries"].items() if name.startswith(f"{kind}:")}


def main() -> None:
    lines = list(document(run()))
    DOC.parent.mkdir(exist_ok=True)
    DOC.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines[4:10]))


if __name__ == "__main__":
    main()
