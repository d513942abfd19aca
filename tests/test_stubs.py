"""The type stubs: written from the op table as it is, true of what ops return, and of use to a type checker."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import op_samples
import pytest

import flambeau
from flambeau.ops import stubs, table

RETURNS = {}
for _op in table.values():
    for _kind, _form in _op.forms.items():
        if _op.name[0] != "_":
            RETURNS[f"<{_op.name}: {_kind}>", _form.__name__] = stubs.op_signature(_op, _kind).rsplit("-> ", 1)[1]


def test_they_are_up_to_date(python):
    """Written by a process of their own: what other tests have imported adds to Tensor."""
    code = "import json; from flambeau.ops import stubs; print(json.dumps(stubs.files()))"
    for name, text in json.loads(python("-c", code).stdout).items():
        assert (stubs.FOLDER / name).read_text() == text, f"{name}: run `python -m flambeau.ops --stubs`"


def test_every_public_op_is_in_them():
    names = {
        node.name for node in ast.parse((stubs.FOLDER / "namespace.pyi").read_text()).body if hasattr(node, "name")
    }
    assert {name for name, op in table.items() if op.module == "flambeau" and name[0] != "_"} <= names


def test_ops_return_what_they_say():
    """Every sample of the op table is run, and what the code of each form returned is seen by a profiler."""
    wrong = set()

    def watch(frame, event, result):
        declared = RETURNS.get((frame.f_code.co_filename, frame.f_code.co_name))
        if event != "return" or result is None or result is NotImplemented or declared in (None, "Any"):
            return
        kind = "Tensor" if hasattr(result, "_array") else type(result).__name__
        expected = {"_": type(result).__name__, "t": "tuple", "l": "list"}.get(declared[0], declared)
        if kind not in ("ndarray", "list" if expected == "tuple" else expected) and kind != expected:
            wrong.add((frame.f_code.co_filename, declared, kind))

    for _, (function, *shapes) in op_samples.all_calls():
        leaves = op_samples.arguments(function, [s for s in shapes if isinstance(s, tuple)])
        sys.setprofile(watch)
        try:
            function(*leaves)
        finally:
            sys.setprofile(None)
    assert sorted(wrong) == []


RIGHT = """
from typing import Any, assert_type

import flambeau as torch
from flambeau import Tensor, nn
from flambeau.nn import functional as F

x = torch.zeros(2, 3, dtype=torch.float32, device="cpu")
assert_type(x, Tensor)
assert_type(torch.sin(x) * 2 + x.sum(dim=1, keepdim=True), Tensor)
assert_type(1 - x, Tensor)
assert_type(x.split(1), tuple[Tensor, ...])
assert_type(torch.equal(x, x), bool)
assert_type(torch.cat([x, x], 1).add_(x, alpha=2).to(torch.int64).shape, torch.Size)
assert_type(torch.linalg.svd(x), Any)
assert_type(F.gelu(x, approximate="tanh"), Tensor)
assert_type(x.std(0).requires_grad, bool)
model = nn.Sequential(nn.Linear(3, 4), nn.ReLU())
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
with torch.no_grad():
    x[0] = torch.ones(3)
loss: Tensor = F.mse_loss(model(x), torch.ones(2, 4))
loss.backward()
optimizer.step()
torch.manual_seed(0)
torch.save(model.state_dict(), "model.pt")
"""
WRONG = """
import flambeau as torch

x = torch.ones(2)
x.sum(dim="rows")
x.nonsense()
torch.nonsense(x)
torch.sin("x")
torch.zeros(2, dtype="float32")
x + "1"
torch.cat(x, dim=0.5)
x.transpose(0)
number: int = x.relu()
"""


def checked(tmp_path, text):
    """The lines of a program that mypy complains about."""
    (tmp_path / "program.py").write_text(text.lstrip())
    source = Path(flambeau.__file__).parents[1]
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--follow-imports=silent",
        "--cache-dir",
        tmp_path,
        "program.py",
    ]
    environment = dict(os.environ)
    if source.name != "site-packages":  # which mypy looks through by itself
        environment["MYPYPATH"] = str(source)
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert not result.stderr, result.stderr
    errors = [line for line in result.stdout.splitlines() if ": error:" in line]
    assert all(line.startswith("program.py:") for line in errors), errors
    return {int(line.split(":")[1]): line for line in errors}


@pytest.mark.timeout(300)
def test_a_type_checker_takes_what_is_right_and_names_what_is_wrong(tmp_path):
    pytest.importorskip("mypy", reason="the type checker is a tool of development")
    assert checked(tmp_path, RIGHT) == {}
    wrong = WRONG.strip().splitlines()
    assert set(checked(tmp_path, WRONG)) == set(range(4, len(wrong) + 1))
