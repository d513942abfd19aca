"""What it costs to hand work to the threads that run kernels: a job of two tasks that do nothing."""

import ctypes
import statistics
import time

from benchmarks.worker import THREADS

JOBS = 2000
SOURCE = """
declare void @flambeau_run(ptr, ptr, i64)
define internal void @nothing(ptr %block, i64 %task, i64 %worker) {
  ret void
}
define void @flambeau_jobs(i64 %count, i64 %tasks) {
entry:
  br label %next
next:
  %k = phi i64 [ 0, %entry ], [ %k1, %next ]
  call void @flambeau_run(ptr @nothing, ptr null, i64 %tasks)
  %k1 = add i64 %k, 1
  %more = icmp slt i64 %k1, %count
  br i1 %more, label %next, label %done
done:
  ret void
}
"""


def microseconds() -> tuple[float, float]:
    """For a job: while the workers still look for the next one, and after they have gone to sleep.

    What a job of a single task costs, which nobody else is asked about, is taken off.
    """
    from flambeau.kernels import threads
    from flambeau.kernels.compile import engine

    threads.set_num_threads(THREADS)
    threads.load()
    address = engine().load("handoff" + SOURCE, lambda: SOURCE, "flambeau_jobs")
    run = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_int64)(address)

    def each(jobs: int, tasks: int) -> float:
        start = time.perf_counter()
        run(jobs, tasks)
        return 1e6 * (time.perf_counter() - start) / jobs

    def parked(tasks: int) -> float:
        time.sleep(0.002)
        return each(1, tasks)

    awake = statistics.median(each(JOBS, THREADS) for _ in range(21))
    asleep = statistics.median(parked(THREADS) for _ in range(101)) - statistics.median(parked(1) for _ in range(101))
    return awake, max(asleep, 0.0)
