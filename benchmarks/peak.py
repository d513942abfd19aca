"""The most floating-point work this machine can do, measured: independent FMAs in registers."""

import ctypes
import statistics
import threading
import time

from benchmarks.worker import THREADS

CHAINS = 24
"""Independent accumulators: FMA latency times throughput, with room to spare."""

LOOPS = 1_000_000


def _source(lanes: int) -> str:
    """LLVM IR of a function that does LOOPS rounds of CHAINS vector FMAs, and returns their sum."""
    vector = f"<{lanes} x float>"
    fma = f"llvm.fma.v{lanes}f32"
    names = range(CHAINS)
    phis = [f"%a{i} = phi {vector} [zeroinitializer, %entry], [%b{i}, %loop]" for i in names]
    works = [f"%b{i} = call {vector} @{fma}({vector} %x, {vector} %y, {vector} %a{i})" for i in names]
    sums = [f"%s{i} = fadd {vector} %{f's{i - 1}' if i else 'x'}, %b{i}" for i in names]
    lines = [
        f"declare {vector} @{fma}({vector}, {vector}, {vector})",
        "define float @work(float %v, i64 %n) {",
        "entry:",
        f"%one = insertelement {vector} poison, float %v, i32 0",
        f"%x = shufflevector {vector} %one, {vector} poison, <{lanes} x i32> zeroinitializer",
        f"%y = fadd {vector} %x, %x",
        "br label %loop",
        "loop:",
        "%i = phi i64 [0, %entry], [%next, %loop]",
        *phis,
        *works,
        "%next = add i64 %i, 1",
        "%more = icmp ult i64 %next, %n",
        "br i1 %more, label %loop, label %done",
        "done:",
        *sums,
        f"%r = extractelement {vector} %s{CHAINS - 1}, i32 0",
        "ret float %r",
        "}",
    ]
    return "\n".join(lines)


def gigaflops() -> float:
    """GFLOP/s of float32 FMAs on all threads: the median of seven runs."""
    from llvmlite import binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features()
    lanes = 16 if features.get("avx512f") else 8 if features.get("avx2") else 4
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=features.flatten(), opt=3
    )
    module = llvm.parse_assembly(_source(lanes))
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    work = ctypes.CFUNCTYPE(ctypes.c_float, ctypes.c_float, ctypes.c_int64)(engine.get_function_address("work"))
    work(1.0, LOOPS)
    operations = 2 * lanes * CHAINS * LOOPS * THREADS

    def run() -> float:
        threads = [threading.Thread(target=work, args=(1.0, LOOPS)) for _ in range(THREADS)]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return operations / (time.perf_counter() - start) / 1e9

    return statistics.median(run() for _ in range(7))
