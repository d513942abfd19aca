"""What `import flambeau` loads: NumPy, and little besides."""

import json

import pytest

from flambeau import ops
from flambeau.ops import record

PRINT_MODULES = (
    "import json, sys, numpy; before = set(sys.modules); {}; print(json.dumps(sorted(set(sys.modules) - before)))"
)


def loaded(python, statement):
    run = python("-c", PRINT_MODULES.format(statement), FLAMBEAU_KERNELS="1")
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_importing_loads_numpy_and_its_own_small_modules(python):
    others = {name.partition(".")[0] for name in loaded(python, "import flambeau")}
    assert others <= {"flambeau", "__future__", "threading"}


def test_no_op_is_declared_at_import(python):
    names = set(loaded(python, "import flambeau"))
    assert not {
        name for name in names if name.startswith(("flambeau.prims", "flambeau.kernels", "flambeau.autograd.e"))
    }
    assert {name for name in names if name.startswith("flambeau.ops.")} == {"flambeau.ops.homes"}


def test_kernels_networks_and_optimizers_wait_until_they_are_used(python):
    names = loaded(python, "import flambeau")
    assert not {"flambeau.nn", "flambeau.optim"} & set(names)


def test_arithmetic_and_derivatives_load_nothing_more(python):
    statement = "import flambeau as torch; x = torch.ones(3, requires_grad=True); (x * x).sum().backward()"
    others = {name.partition(".")[0] for name in loaded(python, statement)}
    assert others <= {"flambeau", "__future__", "heapq", "_heapq", "threading"}


def test_names_that_load_later_are_found_and_listed(python):
    code = (
        "import flambeau as torch\n"
        "assert 'conv2d' in dir(torch) and callable(torch.conv2d) and callable(torch.ops.lstm)\n"
        "from flambeau import max_pool1d, rnn_tanh\n"
        "assert not hasattr(torch, 'no_such_name')\n"
    )
    run = python("-c", code)
    assert run.returncode == 0, run.stderr


def test_what_each_file_declares_is_written_down():
    assert record.FILE.read_text() == record.text(), "run `python -m flambeau.ops --stubs`"


@pytest.mark.parametrize("start", range(4))
def test_every_file_of_ops_imports_first(python, start):
    """Each in a process of its own: it must need nothing that others would have imported."""
    for name in ops.files()[start::4]:
        run = python("-W", "error", "-c", f"import flambeau.ops.{name}")
        assert run.returncode == 0, run.stderr


def test_a_name_loads_its_file_and_not_the_others(python):
    assert "flambeau.ops.random_creation" in loaded(python, "import flambeau; flambeau.randn")
    for statement in ("flambeau.Tensor.cholesky", "flambeau.ops.linalg_lu", "hasattr(flambeau.Tensor, 'lu')"):
        names = loaded(python, f"import flambeau; {statement}")
        assert "flambeau.ops.stft" not in names
    assert "flambeau.ops.linalg" in names


LATE = """
import inspect, pickle, pydoc, threading
import flambeau as torch
from flambeau._late import Late

def waiting():
    return {name for name, found in vars(torch.Tensor).items() if isinstance(found, Late)}

assert {"__add__", "sort", "T", "real", "__getitem__", "uniform_", "backward"} <= waiting() <= set(dir(torch.Tensor))
"""
EXPECTED = {
    "operators find their function": """
x = torch.ones(2)
assert (x + 1).tolist() == (1 + x).tolist() == [2, 2] and (-x).tolist() == [-1, -1] and x[0] == 1
x += 1
assert x.tolist() == [2, 2] and abs(x) is not x and (x @ x).item() == 8 and (x > 1).all() and 2.0 in x
""",
    "operators give way to other classes": """
class Other:
    def __radd__(self, other):
        return "other's"
assert torch.ones(2) + Other() == "other's"
try:
    torch.ones(2) @ 3
except TypeError as error:
    assert "unsupported operand type" in str(error), error
""",
    "a property reads, writes and refuses": """
x = torch.view_as_complex(torch.ones(2, 2))
x.real = 3
assert x.real.tolist() == [3, 3] and "real" not in x.__dict__
for change in ("x.T = 3", "del x.T"):
    try:
        exec(change)
    except AttributeError as error:
        assert "no " in str(error), error
    else:
        raise AssertionError(change)
""",
    "a subclass overrides and calls super": """
class Mine(torch.Tensor):
    def sort(self, *args):
        return "mine", super().sort(*args)
    def __add__(self, other):
        return "sum", super().__add__(other)
x = torch.tensor([2.0, 1.0]).as_subclass(Mine)
assert x.sort()[0] == "mine" and x.sort()[1].values.tolist() == [1, 2]
assert (x + 1)[0] == "sum" and (x + 1)[1].tolist() == [3, 2] and type((x + 1)[1]) is Mine
""",
    "__torch_function__ is handed what is found by its name": """
class Mine(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        seen.append(func)
        return super().__torch_function__(func, types, args, kwargs)
seen = []
torch.ones(2).as_subclass(Mine).cumsum(0).to(torch.float64)
assert torch.cumsum in seen and torch.Tensor.to in seen
""",
    "what a program puts in its place stays": """
torch.Tensor.sort = lambda self: "patched"
torch.randn = lambda *size: "patched"
assert torch.ones(2).sort() == "patched" and torch.rand(2).shape == (2,) and torch.ops.sort
assert torch.ones(2).argsort().tolist() == [0, 1] and torch.ones(2).sort() == torch.randn(2) == "patched"
""",
    "what is declared anew replaces what stood there": """
from flambeau.ops.declare import op
assert torch.ones(2).cumsum(0).tolist() == [1, 2]
@op
def cumsum(input, dim: int):
    return input * 5
assert torch.ones(2).cumsum(0).tolist() == [5, 5] and torch.ones(2).cumprod(0).tolist() == [1, 1]
""",
    "functions are pickled by their names": """
text = pickle.dumps(torch.cumsum)
assert pickle.loads(text) is torch.cumsum is torch.ops.cumsum
assert pickle.loads(b"cflambeau\\nsearchsorted\\n.") is torch.searchsorted
""",
    "what inspects classes sees functions": """
assert "The running sum" in pydoc.render_doc(torch.Tensor.cumsum)
kinds = {each.name: each for each in inspect.classify_class_attrs(torch.Tensor)}
assert kinds["sort"].kind == "method" and kinds["T"].kind == "property"
assert inspect.getdoc(torch.Tensor.sort) == inspect.getdoc(torch.sort)
assert not waiting()
""",
    "nothing is left when all is loaded": """
torch.ops.load_all()
assert waiting() == {"backward"} and callable(torch.Tensor.backward) and not waiting()
assert all(getattr(torch.ops, name) is op.function for name, op in torch.ops.table.items())
""",
    "an op is the op although its file is called the same": """
import flambeau.ops.scatter, flambeau.ops.embedding
assert torch.ops.scatter is torch.scatter and callable(torch.ops.embedding) and callable(torch.tensor)
""",
    "import * takes them": """
names = {}
exec("from flambeau import *; from flambeau.autograd import *", names)
assert names["Function"] is torch.autograd.Function and names["backward"] is torch.autograd.backward
assert names["randn"] is torch.randn and names["conv2d"] is torch.conv2d and "math" not in names
""",
    "modules are attributes without an import": """
assert torch.autograd.function.once_differentiable and torch.autograd.passes.grad is torch.autograd.grad
assert torch.prims.add and torch.kernels.fused and torch.ops.declare.table is torch.ops.table
""",
    "an unknown name is an AttributeError": """
for holder in (torch, torch.Tensor, torch.ones(1), torch.ops):
    assert not hasattr(holder, "no_such_name")
""",
    "threads that come at once find whole functions": """
import sys
sys.setswitchinterval(1e-6)
names = sorted(name for name in waiting() if not name.startswith("_"))
start, failed = threading.Barrier(8), []

def look(shift):
    start.wait()
    try:
        for name in names[shift:] + names[:shift]:
            assert not isinstance(getattr(torch.Tensor, name), Late), name
        x = torch.tensor([3.0, 1.0], requires_grad=True)
        x.cumsum(0).sort().values.sum().backward()
        assert x.grad.tolist() == [2, 1], x.grad
    except BaseException as error:
        failed.append(error)

threads = [threading.Thread(target=look, args=(31 * i,)) for i in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert not failed, failed
assert not {name for name in waiting() if not name.startswith("_")}
""",
}


@pytest.mark.parametrize("code", EXPECTED.values(), ids=EXPECTED)
def test_what_loads_late_behaves_as_if_it_had_been_there(python, code):
    run = python("-W", "error", "-c", LATE + code)
    assert run.returncode == 0, run.stderr
