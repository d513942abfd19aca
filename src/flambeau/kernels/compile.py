"""IR text to callable machine code: LLVM, a cache of object code on disk, a linker.

A kernel is called as a CPython built-in made from its address, which costs 60 ns where a call
through ctypes costs 900.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import Any

from flambeau.kernels import host
from flambeau.kernels.lock import lock
from flambeau.kernels.objects import Linker

METH_FASTCALL = 0x0080
HEADER = object.__basicsize__
"""Bytes before an object's own fields."""


_engine: Engine | None = None


class Compiler:
    """LLVM, for the processor it runs on. Its library is loaded where a kernel is not on disk."""

    def __init__(self) -> None:
        import llvmlite.binding as llvm

        self.llvm = llvm
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        self.machine = llvm.Target.from_default_triple().create_target_machine(
            cpu=llvm.get_host_cpu_name(),
            features=llvm.get_host_cpu_features().flatten(),
            opt=2,
            reloc="static",
            codemodel="large",
            jit=True,
        )

    def compile(self, text: str) -> bytes:
        """The object file of a module's text."""
        module = self.llvm.parse_assembly(text)
        module.triple = self.machine.triple
        module.data_layout = str(self.machine.target_data)
        # The IR is vectorized as written: what is left to do is cleaning.
        passes = self.llvm.create_new_function_pass_manager()
        passes.add_sroa_pass()
        passes.add_simplify_cfg_pass()
        passes.add_instruction_combine_pass()
        passes.add_new_gvn_pass()
        options = self.llvm.create_pipeline_tuning_options(speed_level=2)
        builder = self.llvm.create_pass_builder(self.machine, options)
        for function in module.functions:
            if not function.is_declaration:
                passes.run(function, builder)
        return self.machine.emit_object(module)


class LLVMLinker:
    """LLVM's own linker, for machines whose object files `objects.Linker` does not read."""

    def __init__(self, compiler: Compiler) -> None:
        self.llvm = compiler.llvm
        # The engine owns its target machine.
        self.jit = self.llvm.create_mcjit_compiler(self.llvm.parse_assembly(""), Compiler().machine)
        # Worker threads run this code until the process ends.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self.jit))

    def add(self, data: bytes) -> None:
        self.jit.add_object_file(self.llvm.ObjectFileRef.from_data(data))
        self.jit.finalize_object()

    def define(self, name: str, address: int) -> None:
        self.llvm.add_symbol(name, address)

    def address(self, name: str) -> int:
        return self.jit.get_function_address(name)


class Engine:
    """Compiled code by name: from the disk, or compiled now."""

    def __init__(self) -> None:
        from llvmlite import __version__  # which loads no library yet

        self.vector_bytes = host.vector_bytes()
        self.salt = repr((__version__, host.identity(), self.vector_bytes, _sources(), sys.version_info[:2]))
        own = sys.platform.startswith("linux") and platform.machine() in {"x86_64", "AMD64"}
        self.linker: Linker | LLVMLinker = Linker() if own else LLVMLinker(self.compiler)
        self.seconds = 0.0
        self.compiled = self.loaded = 0

    @cached_property
    def compiler(self) -> Compiler:
        return Compiler()

    def load(self, key: str, generate: Callable[[], str], name: str) -> int:
        """The address of function `name` of the module that `generate` gives the text of.

        `key` identifies that text; the object code is kept on disk under it.
        """
        with lock:
            start = perf_counter()
            digest = hashlib.sha256((self.salt + key).encode()).hexdigest()
            code = _read(digest)
            if code is None:
                code = self.compiler.compile(generate())
                _write(digest, code)
                self.compiled += 1
            else:
                self.loaded += 1
            self.linker.add(code)
            self.seconds += perf_counter() - start
            return self.address(name)

    def address(self, name: str) -> int:
        """Where a function of a module that was loaded stands."""
        return self.linker.address(name)

    def define(self, name: str, address: int) -> None:
        """Let compiled code call `name`."""
        self.linker.define(name, address)


def engine() -> Engine:
    global _engine
    if _engine is None:
        with lock:
            _engine = _engine or Engine()
    return _engine


def _sources() -> str:
    """A digest of the code that generates code."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


class MethodDef(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


_definitions: list[MethodDef] = []


def builtin(name: str, address: int, bound: Any = None) -> Callable[..., Any]:
    """A Python function of the code `PyObject *(self, PyObject **args, Py_ssize_t count)`; `self` is `bound`."""
    definition = MethodDef(name.encode(), address, METH_FASTCALL, None)
    _definitions.append(definition)
    new = ctypes.pythonapi.PyCFunction_NewEx
    new.restype = ctypes.py_object
    new.argtypes = (ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p)
    function: Any = new(ctypes.addressof(definition), bound, None)
    return function


# the cache on disk


def cache_directory() -> Path:
    """Where object code is kept: `FLAMBEAU_CACHE_DIR`, else the user's cache directory."""
    given = os.environ.get("FLAMBEAU_CACHE_DIR")
    if given:
        return Path(given)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "flambeau" / "kernels"


def _read(digest: str) -> bytes | None:
    try:
        data = (cache_directory() / f"{digest}.o").read_bytes()
    except OSError:
        return None
    code = data[32:]
    return code if hashlib.sha256(code).digest() == data[:32] else None


def _write(digest: str, code: bytes) -> None:
    """Whole or not at all; a directory that cannot be written to is no error."""
    directory = cache_directory()
    part = directory / f"{digest}.{os.getpid()}.{threading.get_ident()}.part"
    with suppress(OSError):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            part.write_bytes(hashlib.sha256(code).digest() + code)
            part.replace(directory / f"{digest}.o")
        finally:
            part.unlink(missing_ok=True)
