"""`python -m flambeau`: a script or a module run as `__main__`, with torch meaning flambeau."""

import argparse
import builtins
import importlib.util
import io
import sys
from importlib.abc import InspectLoader
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType, TracebackType

from flambeau.launch.alias import as_torch
from flambeau.version import __version__, release

_USAGE = "python -m flambeau script.py [args] | -m module [args] | -c command [args]"


def main(arguments: list[str] | None = None) -> None:
    """Run what the command line names. Exit codes and tracebacks are the program's own."""
    options = _parse(sys.argv[1:] if arguments is None else arguments)
    as_torch()
    module = ModuleType("__main__")
    module.__dict__.update(__annotations__={}, __builtins__=builtins, __cached__=None, __spec__=None)
    try:
        if options.module:
            code = _prepare_module(module, options.module)
        elif options.command:
            code = _prepare_command(module, options.command)
        else:
            code = _prepare_script(module, options.script)
    except SyntaxError:  # speaks of the program's file by itself
        _show_from(None)
        raise
    sys.modules["__main__"] = module
    try:
        exec(code, module.__dict__)  # noqa: S102 -- the program itself
    except BaseException as error:
        _show_from(error.__traceback__.tb_next if error.__traceback__ else None)
        raise


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m flambeau",
        usage=_USAGE,
        description="Run a PyTorch program unchanged: its `import torch` is flambeau.",
    )
    rest = argparse.REMAINDER
    parser.add_argument("-m", dest="module", nargs=rest, help="run a module, as python -m does")
    parser.add_argument("-c", dest="command", nargs=rest, help="run a string, as python -c does")
    version = f"flambeau {release} (torch {__version__})"
    parser.add_argument("-V", "--version", action="version", version=version)
    parser.add_argument("script", nargs=rest, help="the program and its own arguments")
    options = parser.parse_args(arguments)
    if not (options.module or options.command or options.script):
        parser.error("name a program to run")
    return options


def _enter(argv: list[str], first_path: str) -> None:
    """Set `sys.argv` and `sys.path[0]` as the interpreter does for this kind of program."""
    sys.argv[:] = argv
    if not sys.flags.safe_path:
        sys.path[0] = first_path


def _prepare_script(module: ModuleType, argv: list[str]) -> CodeType:
    path = str(Path(argv[0]).absolute())
    try:
        with io.open_code(path) as file:
            source = file.read()
    except OSError as error:
        reason = f"[Errno {error.errno}] {error.strerror}"
        sys.stderr.write(f"{sys.executable}: can't open file {path!r}: {reason}\n")
        sys.exit(2)
    _enter(argv, str(Path(path).resolve().parent))
    module.__file__ = path
    module.__loader__ = SourceFileLoader("__main__", path)
    return compile(source, path, "exec", dont_inherit=True)


def _prepare_module(module: ModuleType, argv: list[str]) -> CodeType:
    name = argv[0]
    _enter(["-m", *argv[1:]], str(Path.cwd()))
    try:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.submodule_search_locations is not None:
            name += ".__main__"
            spec = importlib.util.find_spec(name)
    except ModuleNotFoundError as error:
        if error.name is None or not name.startswith(error.name):
            raise
        spec = None
    code = None
    if spec is not None and isinstance(spec.loader, InspectLoader):
        code = spec.loader.get_code(spec.name)
    if spec is None or code is None:
        sys.exit(f"{sys.executable}: No module named {name}")
    sys.argv[0] = spec.origin or name
    module.__dict__.update(
        __spec__=spec,
        __file__=spec.origin,
        __cached__=spec.cached,
        __loader__=spec.loader,
        __package__=spec.parent,
    )
    return code


def _prepare_command(_: ModuleType, argv: list[str]) -> CodeType:
    _enter(["-c", *argv[1:]], "")
    return compile(argv[0], "<string>", "exec", dont_inherit=True)


def _show_from(traceback: TracebackType | None) -> None:
    """Have the exception on its way out shown by its own frames, without the launcher's."""
    hook = sys.excepthook

    def excepthook(kind: type[BaseException], error: BaseException, _: TracebackType | None) -> None:
        hook(kind, error.with_traceback(traceback), traceback)

    sys.excepthook = excepthook
