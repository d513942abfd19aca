"""Object code in memory: both linkers, what they refuse, and when LLVM's library is loaded at all."""

import ctypes
import math
import os
import struct
import sys
from pathlib import Path

import pytest

from flambeau.kernels import compile as compiling
from flambeau.kernels import host
from flambeau.kernels.objects import Linker, Unlinkable

pytestmark = [
    pytest.mark.kernels,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="objects are ELF on Linux"),
]

COUNTER = """
@total = internal global i64 5, align 64
@nothing = internal global [100 x i64] zeroinitializer, align 64
define i64 @add(i64 %x) {
  %a = load i64, ptr @total
  %z = load i64, ptr getelementptr (i64, ptr @nothing, i64 99)
  %b = add i64 %a, %x
  %c = add i64 %b, %z
  store i64 %c, ptr @total
  ret i64 %c
}
"""
CALLER = """
declare i64 @add(i64)
declare double @cos(double)
declare i64 @PyLong_AsLongLong(ptr)
define i64 @twice(i64 %x) {
  %a = call i64 @add(i64 %x)
  %b = call i64 @add(i64 %x)
  ret i64 %b
}
define double @cosine(double %x) {
  %y = call double @cos(double %x)
  ret double %y
}
define i64 @number(ptr %x) {
  %y = call i64 @PyLong_AsLongLong(ptr %x)
  ret i64 %y
}
define double @third(i64 %k) {
  switch i64 %k, label %other [ i64 0, label %a
    i64 1, label %b
    i64 2, label %c
    i64 3, label %d
    i64 4, label %e ]
a:
  ret double 0.1
b:
  ret double 1.1
c:
  ret double 2.7
d:
  ret double 3.3
e:
  ret double 4.9
other:
  ret double -1.5
}
"""


@pytest.fixture(params=["own", "llvm"])
def linker(request):
    compiler = compiling.Compiler()
    linker = Linker() if request.param == "own" else compiling.LLVMLinker(compiler)
    for text in (COUNTER, CALLER):
        linker.add(compiler.compile(text))
    return linker


def function(linker, name, result, *arguments):
    return ctypes.CFUNCTYPE(result, *arguments)(linker.address(name))


def test_data_constants_and_calls_between_objects_and_into_libraries(linker):
    twice = function(linker, "twice", ctypes.c_int64, ctypes.c_int64)
    assert twice(10) == 25
    assert twice(-1) == 23
    assert function(linker, "cosine", ctypes.c_double, ctypes.c_double)(1.0) == math.cos(1.0)
    number = ctypes.PYFUNCTYPE(ctypes.c_int64, ctypes.py_object)(linker.address("number"))
    assert number(2**40 + 1) == 2**40 + 1
    third = function(linker, "third", ctypes.c_double, ctypes.c_int64)
    assert [third(k) for k in range(6)] == [0.1, 1.1, 2.7, 3.3, 4.9, -1.5]


def test_code_cannot_be_written_to_and_data_can():
    linker = Linker()
    linker.add(compiling.Compiler().compile(COUNTER))
    at = linker.address("add")
    for line in Path("/proc/self/maps").read_text(encoding="ascii").splitlines():
        span, access = line.split()[:2]
        low, high = (int(end, 16) for end in span.split("-"))
        if low <= at < high:
            assert access == "r-xp"
            return
    pytest.fail("the code is nowhere")


def test_what_is_no_object_of_this_machine_is_refused():
    code = bytearray(compiling.Compiler().compile(COUNTER))
    linker = Linker()
    with pytest.raises(Unlinkable, match="not an object"):
        linker.add(b"\x7fELF and nothing more, but long enough")
    struct.pack_into("<H", code, 18, 183)  # AArch64
    with pytest.raises(Unlinkable, match="not an object"):
        linker.add(bytes(code))
    with pytest.raises(Unlinkable, match="nothing here is called add"):
        linker.add(compiling.Compiler().compile(CALLER))


PROGRAM = """
import sys
import flambeau
flambeau.set_num_threads(2)
x = flambeau.arange(200_000, dtype=flambeau.float32, requires_grad=True)
(x * 2).tanh().sum().backward()
flambeau.nn.functional.conv2d(flambeau.ones(8, 8, 32, 32), flambeau.ones(8, 8, 3, 3)).sum().item()
flambeau.randn(100_000)
from flambeau.kernels.compile import engine
print(engine().compiled > 0, "llvmlite.binding" in sys.modules)
"""


def test_llvm_is_loaded_to_compile_and_not_when_kernels_are_on_disk(python, tmp_path):
    for compiled in ("True True", "False False"):
        done = python("-c", PROGRAM, FLAMBEAU_CACHE_DIR=str(tmp_path / "cache"), FLAMBEAU_KERNELS="1")
        assert done.stdout.strip() == compiled, done.stderr


def test_the_system_and_llvm_agree_on_the_processor():
    import llvmlite.binding as llvm

    of_llvm = {name for name, there in llvm.get_host_cpu_features().items() if there}
    for name in ("avx", "avx2", "avx512f", "fma", "f16c"):
        assert (name in host.features()) == (name in of_llvm)
    widest = 64 if "avx512f" in of_llvm else 32 if "avx" in of_llvm else 16
    assert host.vector_bytes() == min(widest, int(os.environ.get("FLAMBEAU_VECTOR_BYTES", widest)))


@pytest.mark.parametrize(("given", "said"), [("16", "16"), ("24", "FLAMBEAU_VECTOR_BYTES must be 16, 32 or 64")])
def test_vectors_can_be_made_narrower(python, given, said):
    program = "from flambeau.kernels.host import vector_bytes; print(vector_bytes())"
    done = python("-c", program, FLAMBEAU_VECTOR_BYTES=given)
    assert said in done.stdout + done.stderr
