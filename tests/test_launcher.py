"""`python -m flambeau` and `as_torch()`: a program cannot tell that torch is flambeau."""

import pickle
import signal
import sys
import textwrap

import pytest

import flambeau

LIBRARY = """
    import torch.nn as nn
    from torch.nn.modules.linear import Linear
    module = nn
"""


@pytest.fixture
def program(tmp_path, python):
    """Run a script's text under the launcher, beside a library that imports torch by itself."""
    (tmp_path / "library.py").write_text(textwrap.dedent(LIBRARY))

    def run(text, *arguments, launcher=("-m", "flambeau"), **environment):
        (tmp_path / "script.py").write_text(textwrap.dedent(text))
        return python(*launcher, "script.py", *arguments, **environment)

    return run


def output(result):
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return result.stdout.strip()


def test_torch_is_flambeau_in_the_script_and_in_its_libraries(program):
    result = program("""
        import sys
        import flambeau
        import torch
        import torch.nn as nn
        import torch.utils.data.dataloader
        from torch.optim import SGD
        import library

        assert torch is flambeau
        assert nn is flambeau.nn is library.module
        assert library.Linear is flambeau.nn.Linear
        assert SGD is flambeau.optim.SGD
        pairs = [(name, "flambeau" + name[5:]) for name in sys.modules if name.startswith("torch")]
        assert all(sys.modules[alias] is sys.modules[real] for alias, real in pairs)
        assert all(sys.modules[real].__spec__.name == real for _, real in pairs)
        print(len(pairs) > 10)
    """)
    assert output(result) == "True"


def test_the_script_finds_the_interpreter_as_it_left_it(program, tmp_path):
    text = """
        import sys
        print(__name__, __file__, __spec__, __package__, sys.argv, sys.path[0])
        print(sys.modules["__main__"].__dict__ is globals(), sorted(globals()))
    """
    launched = program(text, "--flag", "-m", "x")
    assert output(launched) == output(program(text, "--flag", "-m", "x", launcher=()))
    assert str(tmp_path / "script.py") in launched.stdout


def test_a_module_runs_as_python_runs_it(python, tmp_path):
    package = tmp_path / "package"
    package.mkdir()
    package.joinpath("__init__.py").touch()
    text = "import sys; print(__name__, __file__, __spec__.name, __package__, sys.argv, sys.path[0])"
    package.joinpath("__main__.py").write_text(text)
    package.joinpath("part.py").write_text(text)
    for name in ("package", "package.part"):
        plain = python("-m", name, "-x", "1")
        assert output(python("-m", "flambeau", "-m", name, "-x", "1")) == output(plain)


def test_a_command_runs(python):
    result = python("-m", "flambeau", "-c", "import torch, sys; print(torch.__name__, sys.argv)", "a")
    assert output(result) == "flambeau ['-c', 'a']"


@pytest.mark.parametrize("leave", ["1 / 0", "raise SystemExit(3)", "raise SystemExit('why')"])
def test_leaving_by_an_exception_looks_as_in_python(program, leave):
    text = f"""
        def work():
            {leave}
        work()
    """
    launched, plain = program(text), program(text, launcher=())
    assert (launched.returncode, launched.stderr) == (plain.returncode, plain.stderr)
    assert launched.returncode != 0


def test_an_interrupt_looks_as_in_python(program):
    text = """
        import os, signal
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
        os.kill(os.getpid(), signal.SIGINT)
    """
    launched, plain = program(text), program(text, launcher=())
    assert launched.returncode == plain.returncode == -signal.SIGINT
    assert launched.stderr == plain.stderr


def test_the_programs_own_excepthook_is_asked(program):
    result = program("""
        import sys, traceback
        sys.excepthook = lambda kind, error, tb: print(kind.__name__, len(traceback.extract_tb(tb)))
        1 / 0
    """)
    assert (result.returncode, result.stdout, result.stderr) == (1, "ZeroDivisionError 1\n", "")


def test_a_syntax_error_shows_the_script_only(program):
    result = program("x = (")
    assert result.returncode == 1
    assert result.stderr.startswith('  File "')
    assert "SyntaxError" in result.stderr
    assert "flambeau" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["missing.py"], 2, "can't open file"),
        (["-m", "missing"], 1, "No module named missing"),
        (["-m", "missing.part"], 1, "No module named missing.part"),
        ([], 2, "name a program to run"),
    ],
)
def test_what_cannot_be_run_is_named(python, arguments, code, message):
    result = python("-m", "flambeau", *arguments)
    assert result.returncode == code
    assert message in result.stderr


def test_a_warning_points_at_the_script(program):
    result = program("import warnings; warnings.warn('old', DeprecationWarning)")
    assert "script.py:1: DeprecationWarning: old" in result.stderr


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_worker_processes_see_the_same_torch(program, method):
    result = program(f"""
        import multiprocessing
        import torch

        class Task:
            def __call__(self, x):
                import torch
                return torch.__name__, x

        if __name__ == "__main__":
            with multiprocessing.get_context("{method}").Pool(1) as pool:
                print(pool.map(Task(), [1]))
    """)
    assert output(result) == "[('flambeau', 1)]"


def test_a_python_started_by_the_program_sees_the_same_torch(program):
    result = program("""
        import subprocess, sys
        question = "import importlib.metadata as m; print(m.version('torch'))"
        for code in (question, "import torch; print(torch)"):
            print(subprocess.check_output([sys.executable, "-c", code], text=True), end="")
    """)
    assert output(result).startswith(f"{flambeau.__version__}\n<module 'flambeau'")


def test_a_sitecustomize_of_the_users_still_runs_in_children(program, tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import builtins; builtins.customized = True")
    result = program(
        """
        import subprocess, sys
        print(subprocess.run([sys.executable, "-c", "print(customized)"], capture_output=True))
        """,
        PYTHONPATH=f"{tmp_path}:{flambeau.__path__[0]}/..",
    )
    assert "True" in output(result)


def test_questions_about_the_distribution(program):
    result = program("""
        import importlib.metadata, importlib.util, pkgutil
        print(importlib.metadata.version("torch"))
        print(importlib.util.find_spec("torch").name, importlib.util.find_spec("torch.nonsense"))
        import torch
        print(torch.__version__)
        print("torch.nn" in [m.name for m in pkgutil.iter_modules(torch.__path__, "torch.")])
    """)
    version = flambeau.__version__
    assert output(result).splitlines() == [version, "torch None", version, "True"]


def test_what_is_missing_is_named(program):
    result = program("""
        import torch
        for question in (
            "import torch.nonsense.deep", "torch.nonsense", "from torch.nn import Nonsense",
        ):
            try:
                exec(question)
            except (ImportError, AttributeError) as error:
                print(type(error).__name__, error)
    """)
    first, second, third = output(result).splitlines()
    assert first == "ModuleNotFoundError No module named 'torch.nonsense'"
    assert second == "AttributeError module 'flambeau' has no attribute 'nonsense'"
    assert third.startswith("ImportError cannot import name 'Nonsense' from 'flambeau.nn'")


def test_as_torch_holds_inside_its_block(python, tmp_path):
    (tmp_path / "torch.py").write_text("real = True")
    result = python(
        "-c",
        textwrap.dedent("""
            import os
            import flambeau
            before = os.environ.get("PYTHONPATH")
            with flambeau.as_torch():
                with flambeau.as_torch():
                    import torch.nn
                import torch
                assert torch is flambeau
            import torch
            print(torch.real, os.environ.get("PYTHONPATH") == before)
        """),
    )
    assert output(result) == "True True"


def test_as_torch_refuses_when_pytorch_is_in_use(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", pickle)
    with pytest.raises(ImportError, match="PyTorch is already imported") as caught:
        flambeau.as_torch()
    assert caught.value.name == "torch"


def test_a_library_is_tested_on_flambeau(python, tmp_path):
    (tmp_path / "test_library.py").write_text("import torch\ndef test():\n    assert torch.__name__ == 'flambeau'")
    result = python("-m", "pytest", "-p", "flambeau.launch.pytest_plugin", "-p", "no:cacheprovider")
    assert result.returncode == 0, result.stdout
    assert f"torch: flambeau {flambeau.__version__}" in result.stdout


def test_tensors_are_torchs_by_name():
    """Libraries look at the class's module to choose their backend, however `import torch` was answered."""
    assert flambeau.Tensor.__module__ == "torch"
    assert str(flambeau.Tensor) == "<class 'torch.Tensor'>"


def test_the_tensor_class_pickles_whether_or_not_torch_is_flambeau(program):
    marked = flambeau.ones(2)
    marked.note = "kept"
    assert pickle.loads(pickle.dumps(flambeau.Tensor)) is flambeau.Tensor
    assert pickle.loads(pickle.dumps(marked)).note == "kept"
    result = program("""
        import pickle, torch
        text = pickle.dumps(torch.Tensor)
        print(b"flambeau" in text, pickle.loads(text) is torch.Tensor)
    """)
    assert output(result) == "False True"


def test_classes_and_pickles_name_torch(program):
    result = program("""
        import pickle, flambeau, torch, torch.nn as nn
        found = (nn.Linear, torch.optim.lr_scheduler.StepLR, torch.Size, torch.no_grad, torch.typename(nn.ReLU()))
        for each in found:
            print(each)
        text = pickle.dumps(nn.Linear(1, 1))
        print(b"flambeau" in text, pickle.loads(text))
    """)
    assert output(result).splitlines() == [
        "<class 'torch.nn.modules.linear.Linear'>",
        "<class 'torch.optim.lr_scheduler.StepLR'>",
        "<class 'torch.Size'>",
        "<class 'torch.autograd.grad_mode.no_grad'>",
        "torch.nn.modules.activation.ReLU",
        "False Linear(in_features=1, out_features=1, bias=True)",
    ]


def test_names_are_given_back_when_the_block_ends(python):
    result = python(
        "-c",
        "import pickle, flambeau\n"
        "with flambeau.as_torch():\n"
        "    import torch.nn.modules.fold\n"
        "print(flambeau.nn.Fold, flambeau.Size, flambeau.as_torch.__module__)\n"
        "print(pickle.loads(pickle.dumps(flambeau.nn.ReLU())))\n",
    )
    first = "<class 'flambeau.nn.modules.fold.Fold'> <class 'flambeau.tensor.Size'> flambeau.launch.alias"
    assert output(result) == f"{first}\nReLU()"
