"""What `import flambeau` loads: NumPy, and little besides."""

import json

PRINT_MODULES = (
    "import json, sys, numpy; before = set(sys.modules); {}; print(json.dumps(sorted(set(sys.modules) - before)))"
)


def loaded(python, statement):
    run = python("-c", PRINT_MODULES.format(statement), FLAMBEAU_KERNELS="1")
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_importing_loads_numpy_and_its_own_small_modules(python):
    others = {name.partition(".")[0] for name in loaded(python, "import flambeau")}
    assert others <= {"flambeau", "__future__", "heapq", "_heapq", "threading"}


def test_kernels_networks_and_optimizers_wait_until_they_are_used(python):
    names = loaded(python, "import flambeau")
    assert not {"flambeau.nn", "flambeau.optim", "flambeau.kernels.compile", "flambeau.ops.conv"} & set(names)


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
