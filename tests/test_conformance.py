"""Cases recorded under PyTorch, without PyTorch: docs/conformance.md says what they say."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE = (
    r"^(add|mul|div|sub|pow|exp|tanh|sigmoid|sum|mean|var|amax|argmax|cumsum|matmul|bmm|cat|stack|"
    r"gather|index_select|where|sort|reshape|transpose|expand|clone|nn\.functional\.(linear|softmax|"
    r"layer_norm|cross_entropy|gelu|relu|mse_loss|embedding)|nn\.(Linear|LayerNorm|Embedding|GELU)|"
    r"optim\.(SGD|Adam|AdamW))/"
)


@pytest.fixture(scope="module")
def conformance(shared):
    path = ROOT / ".ci" / "conformance.py"
    spec = importlib.util.spec_from_file_location("conformance", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def documented(conformance):
    """The entries that the document names as different."""
    text = conformance.DOC.read_text(encoding="utf-8")
    return set(re.findall(r"^\| (.+?) \| `", text, re.MULTILINE))


def check(conformance, match):
    report = conformance.run(match)
    names = {name.partition(":")[2] for name in conformance.failing(report)}
    assert report["entries"]
    assert names - documented(conformance) == set()
    return report


def test_core_entries_pass_every_check(conformance):
    report = check(conformance, CORE)
    assert len(report["entries"]) > 30
    assert [name for name in conformance.failing(report) if not name.startswith("errors:")] == []


@pytest.mark.exhaustive
@pytest.mark.timeout(3000)
def test_every_entry_agrees_with_the_document(conformance):
    report = check(conformance, "")
    for kind in ("ops", "modules", "optims"):
        here = [e for e in conformance.of_kind(report, kind).values() if e["status"] != "missing"]
        assert sum(map(conformance.passes, here)) >= 0.95 * len(here), kind


def test_a_failing_entry_is_told_from_a_passing_and_a_missing_one(conformance):
    def entry(status, good, fail=()):
        return {"status": status, "samples": [good, 2], "checks": {"grad": [good, 2]}, "fail": fail}

    report = {
        "entries": {
            "ops:fine": entry("pass", 2),
            "ops:wrong": entry("partial", 1, ["float32 forward: | differs"]),
            "ops:absent": entry("missing", 0, ["missing"]),
        }
    }
    assert conformance.failing(report) == {"ops:wrong": "float32 forward: | differs"}
    text = "\n".join(conformance.document(report))
    assert "| operations | 2 of 3 | 1 (50.0%) | 3 of 4 (75.0%) |" in text
    assert "| wrong | `float32 forward: \\| differs` |" in text
    assert "absent." in text
