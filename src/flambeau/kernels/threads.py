"""The threads that run kernels: native ones, parked, woken by a store while they spin.

They are started from compiled code and never touch Python, so no kernel waits for the interpreter.
A job is a function and a number of tasks; whoever is free takes the next task, and the caller takes
part. Of a job of n tasks only the first n threads take any, so that scratch for n threads is enough. A
worker that has not joined a job by the time its tasks are gone is not waited for, so a busy machine
costs nothing but the help. Which thread runs a task has no influence on its result.

Measured (2 cores): a job of two empty tasks costs 0.3 us while workers spin, 4 us when they are
parked; the same through `ThreadPoolExecutor` 30 us, through Python threads and locks 12 us.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from functools import cache
from pathlib import Path

import numpy as np

from flambeau.kernels.lock import lock

MOST = 64
"""Threads at most."""
WORDS = 64 + 8 * MOST
SPIN = 12000
"""How often a worker looks for work before it parks (each look some 40 ns): longer than Python takes from one kernel
of a model to the next, which after a large kernel, with cold caches, is up to 0.4 ms. At 1000, workers slept 16 times in a
step of 3.0 ms, which takes 2.7 ms if they do not."""
BLAS_SPIN = 16
"""How long a thread of OpenBLAS looks for work, as a power of two of the processor's ticks: some 25 us. By itself it
looks for 20 ms, and all kernels that run meanwhile miss a core: an LSTM's step took 1.28 times as long, an MLP's 1.22
(2 cores)."""

# Words of @state: 0 the job (active workers in bits 0-15, open in bit 16, generation above),
# 8 threads of the job, 16-18 function, block, tasks, 24 taken, 32 sleepers, 40 mutex, 48 condition,
# 56 workers allowed, 64 + 8 k the next task of thread k's share. A thread works through its own
# share first, so that over a chain of kernels the same cores see the same data, then helps others.
SOURCE = """
@state = internal global [576 x i64] zeroinitializer, align 64
@mutex = internal alias i8, getelementptr (i8, ptr @state, i64 320)
@condition = internal alias i8, getelementptr (i8, ptr @state, i64 384)

declare i32 @pthread_mutex_lock(ptr)
declare i32 @pthread_mutex_unlock(ptr)
declare i32 @pthread_cond_wait(ptr, ptr)
declare i32 @pthread_cond_broadcast(ptr)
declare i32 @sched_yield()
declare i64 @llvm.umin.i64(i64, i64)
%PAUSE_DECLARATION%

define ptr @flambeau_thread_state() {
  ret ptr @state
}

define internal void @work(ptr %function, ptr %block, i64 %tasks, i64 %worker) {
entry:
  %threads = load i64, ptr getelementptr (i64, ptr @state, i64 8)
  %has.share = icmp slt i64 %worker, %threads
  br i1 %has.share, label %share, label %done
share:
  %k = phi i64 [ 0, %entry ], [ %k1, %next ]
  %left = icmp slt i64 %k, %threads
  br i1 %left, label %begin, label %done
begin:
  %sum = add i64 %worker, %k
  %q = urem i64 %sum, %threads
  %q1 = add i64 %q, 1
  %scaled = mul i64 %tasks, %q1
  %end = udiv i64 %scaled, %threads
  %word = shl i64 %q1, 3
  %cursor = getelementptr i64, ptr getelementptr (i64, ptr @state, i64 56), i64 %word
  br label %take
take:
  %task = atomicrmw add ptr %cursor, i64 1 acq_rel
  %some = icmp slt i64 %task, %end
  br i1 %some, label %run, label %next
run:
  call void %function(ptr %block, i64 %task, i64 %worker)
  br label %take
next:
  %k1 = add i64 %k, 1
  br label %share
done:
  ret void
}

define internal void @share_out(i64 %tasks, i64 %threads) {
entry:
  store i64 %threads, ptr getelementptr (i64, ptr @state, i64 8)
  br label %each
each:
  %q = phi i64 [ 0, %entry ], [ %q1, %each ]
  %scaled = mul i64 %tasks, %q
  %start = udiv i64 %scaled, %threads
  %word = shl i64 %q, 3
  %cursor = getelementptr i64, ptr getelementptr (i64, ptr @state, i64 64), i64 %word
  store atomic i64 %start, ptr %cursor monotonic, align 8
  %q1 = add i64 %q, 1
  %more = icmp slt i64 %q1, %threads
  br i1 %more, label %each, label %done
done:
  ret void
}

define void @flambeau_run(ptr %function, ptr %block, i64 %tasks) {
entry:
  %allowed = load atomic i64, ptr getelementptr (i64, ptr @state, i64 56) monotonic, align 8
  %few = icmp sle i64 %tasks, 1
  %alone = icmp eq i64 %allowed, 0
  %simple = or i1 %few, %alone
  br i1 %simple, label %serial, label %try
try:
  %pair = cmpxchg ptr getelementptr (i64, ptr @state, i64 24), i64 0, i64 1 acquire monotonic
  %mine = extractvalue { i64, i1 } %pair, 1
  br i1 %mine, label %publish, label %serial
serial:
  br label %next
next:
  %i = phi i64 [ 0, %serial ], [ %i1, %step ]
  %more = icmp slt i64 %i, %tasks
  br i1 %more, label %step, label %end
step:
  call void %function(ptr %block, i64 %i, i64 0)
  %i1 = add i64 %i, 1
  br label %next
publish:
  %all = add i64 %allowed, 1
  %threads = call i64 @llvm.umin.i64(i64 %all, i64 %tasks)
  call void @share_out(i64 %tasks, i64 %threads)
  store ptr %function, ptr getelementptr (i64, ptr @state, i64 16)
  store ptr %block, ptr getelementptr (i64, ptr @state, i64 17)
  store i64 %tasks, ptr getelementptr (i64, ptr @state, i64 18)
  %old = load atomic i64, ptr @state monotonic, align 64
  %generation = lshr i64 %old, 17
  %newer = add i64 %generation, 1
  %shifted = shl i64 %newer, 17
  %job = or i64 %shifted, 65536
  store atomic i64 %job, ptr @state seq_cst, align 64
  %sleepers = load atomic i64, ptr getelementptr (i64, ptr @state, i64 32) seq_cst, align 8
  %asleep = icmp ne i64 %sleepers, 0
  br i1 %asleep, label %wake, label %join
wake:
  %l = call i32 @pthread_mutex_lock(ptr @mutex)
  %b = call i32 @pthread_cond_broadcast(ptr @condition)
  %u = call i32 @pthread_mutex_unlock(ptr @mutex)
  br label %join
join:
  call void @work(ptr %function, ptr %block, i64 %tasks, i64 0)
  %closed = atomicrmw and ptr @state, i64 -65537 acq_rel
  br label %wait
wait:
  %spins = phi i64 [ 0, %join ], [ %spins1, %again ], [ %spins1, %yield ]
  %now = load atomic i64, ptr @state acquire, align 64
  %active = and i64 %now, 65535
  %busy = icmp ne i64 %active, 0
  br i1 %busy, label %pause, label %release
pause:
  %spins1 = add i64 %spins, 1
  %PAUSE%
  %long = icmp sgt i64 %spins1, 4000
  br i1 %long, label %yield, label %again
again:
  br label %wait
yield:
  %y = call i32 @sched_yield()
  br label %wait
release:
  store atomic i64 0, ptr getelementptr (i64, ptr @state, i64 24) release, align 8
  br label %end
end:
  ret void
}

define internal i1 @is_new(i64 %job, i64 %seen) {
  %open = and i64 %job, 65536
  %is_open = icmp ne i64 %open, 0
  %generation = lshr i64 %job, 17
  %other = icmp ne i64 %generation, %seen
  %new = and i1 %is_open, %other
  ret i1 %new
}

define ptr @flambeau_worker(ptr %argument) {
entry:
  %worker = ptrtoint ptr %argument to i64
  br label %idle
idle:
  %seen = phi i64 [ 0, %entry ], [ %generation, %left ], [ %generation, %found ]
  br label %spin
spin:
  %k = phi i64 [ 0, %idle ], [ %k1, %pause ]
  %job1 = load atomic i64, ptr @state acquire, align 64
  %new1 = call i1 @is_new(i64 %job1, i64 %seen)
  br i1 %new1, label %found, label %tired
tired:
  %k1 = add i64 %k, 1
  %enough = icmp sgt i64 %k, %SPIN%
  br i1 %enough, label %park, label %pause
pause:
  %PAUSE%
  br label %spin
park:
  %l = call i32 @pthread_mutex_lock(ptr @mutex)
  %s = atomicrmw add ptr getelementptr (i64, ptr @state, i64 32), i64 1 seq_cst
  br label %look
look:
  %job2 = load atomic i64, ptr @state seq_cst, align 64
  %new2 = call i1 @is_new(i64 %job2, i64 %seen)
  br i1 %new2, label %awake, label %sleep
sleep:
  %w = call i32 @pthread_cond_wait(ptr @condition, ptr @mutex)
  br label %look
awake:
  %t = atomicrmw sub ptr getelementptr (i64, ptr @state, i64 32), i64 1 seq_cst
  %u = call i32 @pthread_mutex_unlock(ptr @mutex)
  br label %found
found:
  %job = phi i64 [ %job1, %spin ], [ %job2, %awake ]
  %generation = lshr i64 %job, 17
  %allowed = load atomic i64, ptr getelementptr (i64, ptr @state, i64 56) monotonic, align 8
  %may = icmp sle i64 %worker, %allowed
  br i1 %may, label %join, label %idle
join:
  %current = load atomic i64, ptr @state acquire, align 64
  %still = call i1 @is_new(i64 %current, i64 %seen)
  br i1 %still, label %enter, label %left
enter:
  %joined = add i64 %current, 1
  %pair = cmpxchg ptr @state, i64 %current, i64 %joined acq_rel monotonic
  %ok = extractvalue { i64, i1 } %pair, 1
  br i1 %ok, label %work, label %join
work:
  %function = load ptr, ptr getelementptr (i64, ptr @state, i64 16)
  %block = load ptr, ptr getelementptr (i64, ptr @state, i64 17)
  %tasks = load i64, ptr getelementptr (i64, ptr @state, i64 18)
  call void @work(ptr %function, ptr %block, i64 %tasks, i64 %worker)
  %last = atomicrmw sub ptr @state, i64 1 release
  br label %left
left:
  br label %idle
}
"""

_started = 0
_count = max(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, 1)
_slots = max(_count, 8)
_loaded = False


def source() -> str:
    """The IR of the scheduler for this machine."""
    import platform

    intel = platform.machine().lower() in {"x86_64", "amd64"}
    pause = "call void @llvm.x86.sse2.pause()" if intel else "fence seq_cst"
    declaration = "declare void @llvm.x86.sse2.pause()" if intel else ""
    text = SOURCE.replace("%PAUSE_DECLARATION%", declaration).replace("%PAUSE%", pause)
    return text.replace("%SPIN%", str(SPIN))


def load() -> None:
    """Make `flambeau_run` known to compiled code, and start the workers."""
    global _loaded
    from flambeau.kernels.compile import engine

    with lock:
        if _loaded:
            return
        jit = engine()
        address = jit.load("threads" + source(), source, "flambeau_run")
        jit.define("flambeau_run", address)
        _calm_blas()
        _loaded = True
        os.register_at_fork(after_in_child=_forget)
    _start()


def _state() -> ctypes.Array[ctypes.c_int64]:
    from flambeau.kernels.compile import engine

    address = engine().address("flambeau_thread_state")
    where = ctypes.CFUNCTYPE(ctypes.c_void_p)(address)()
    return (ctypes.c_int64 * WORDS).from_address(where)


def _start() -> None:
    """Start workers up to the number wanted; none is stopped, but it may be allowed no work."""
    global _started
    from flambeau.kernels.compile import engine

    with lock:
        entry = engine().address("flambeau_worker")
        create = ctypes.CDLL(None).pthread_create
        create.argtypes = (ctypes.c_void_p,) * 4
        # Signals are Python's to handle, in its own threads.
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            while _started < min(_count, MOST) - 1:
                thread = ctypes.c_void_p()
                if create(ctypes.addressof(thread), None, entry, _started + 1):
                    break
                _started += 1
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        _state()[56] = min(_started, _count - 1, _slots - 1)


def _forget() -> None:
    """In a forked child the workers do not exist: it computes alone until it asks for threads."""
    global _started, _count
    _started, _count = 0, 1
    ctypes.memset(_state(), 0, WORDS * 8)


def get_num_threads() -> int:
    """How many threads run a kernel."""
    return _count


def slots() -> int:
    """For how many threads a kernel's scratch memory has to be.

    Another Python thread may ask for more threads between the making of that memory and the kernel's
    start. So this is no less than the number of cores, nor than 8 (what no thread touches takes no memory), and
    grows only while no other thread could be there: until then kernels run on as many threads as this at most.
    """
    return _slots


def set_num_threads(count: int) -> None:
    """Let `count` threads, the caller's among them, run each kernel and each matrix product.

    Raises:
        RuntimeError: if `count` is not a positive int.
    """
    global _count, _slots
    if not isinstance(count, int):
        raise RuntimeError(f"set_num_threads expects an int, but got {type(count).__name__}")
    if count < 1:
        raise RuntimeError("set_num_threads expects a positive integer")
    _count = count
    if len(sys._current_frames()) == 1:
        _slots = max(_slots, min(count, MOST))
    if _loaded:
        _start()
    for library, symbol in _blas():
        getattr(library, symbol)(count)


def _calm_blas() -> None:
    """Start the threads of OpenBLAS anew, with the patience of `BLAS_SPIN`, unless the user chose one."""
    name = "OPENBLAS_THREAD_TIMEOUT"
    if name in os.environ or len(sys._current_frames()) > 1:  # another thread may be in the middle of a product
        return
    os.environ[name] = str(BLAS_SPIN)
    try:
        for library, _ in _blas():
            if hasattr(library, "openblas_read_env") and hasattr(library, "blas_thread_shutdown_"):
                library.openblas_read_env()
                library.blas_thread_shutdown_()  # the next product starts them
    finally:
        del os.environ[name]


@cache
def _blas() -> list[tuple[ctypes.CDLL, str]]:
    """NumPy's OpenBLAS and the name of its function that sets the number of threads."""
    found = []
    package = Path(np.__file__).parent
    for path in (
        *package.with_name("numpy.libs").glob("*openblas*"),
        *package.glob(".dylibs/*openblas*"),
    ):
        library = ctypes.CDLL(str(path))  # loaded by NumPy: this is the same
        for symbol in ("scipy_openblas_set_num_threads64_", "openblas_set_num_threads"):
            if hasattr(library, symbol):
                found.append((library, symbol))
                break
    return found
