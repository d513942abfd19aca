"""The threads that run kernels: how many take part, what they may change, forks, signals."""

import ctypes
import signal
import threading

import numpy as np
import pytest

import flambeau as torch
from flambeau.kernels import compile as compiling
from flambeau.kernels import pool, threads
from flambeau.nn import functional as F

pytestmark = pytest.mark.kernels

# block: 0 how many tasks have begun, 1 how many have to before one ends, 2... the thread of each task.
PROBE = """
declare void @flambeau_run(ptr, ptr, i64)
define internal void @probe_task(ptr %block, i64 %task, i64 %worker) {
entry:
  %place = add i64 %task, 2
  %at = getelementptr i64, ptr %block, i64 %place
  store i64 %worker, ptr %at
  %before = atomicrmw add ptr %block, i64 1 seq_cst
  %wanted.at = getelementptr i64, ptr %block, i64 1
  %wanted = load i64, ptr %wanted.at
  br label %wait
wait:
  %k = phi i64 [ 0, %entry ], [ %k1, %wait ]
  %k1 = add i64 %k, 1
  %begun = load atomic i64, ptr %block seq_cst, align 8
  %enough = icmp sge i64 %begun, %wanted
  %never = icmp sgt i64 %k, 20000000000
  %end = or i1 %enough, %never
  br i1 %end, label %done, label %wait
done:
  ret void
}
define void @flambeau_probe(ptr %block, i64 %tasks) {
  call void @flambeau_run(ptr @probe_task, ptr %block, i64 %tasks)
  ret void
}
"""


@pytest.fixture(autouse=True)
def same_count():
    before = threads.get_num_threads()
    yield
    threads.set_num_threads(before)


def probe(tasks, together):
    """The thread that ran each task; no task ends before `together` have begun."""
    threads.load()
    address = compiling.engine().load("probe" + PROBE, lambda: PROBE, "flambeau_probe")
    block = np.full(tasks + 2, -1, np.int64)
    block[:2] = 0, together
    ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(address)(block.ctypes.data, tasks)
    assert block[0] == tasks, "a task ran twice, or not at all"
    return block[2:].tolist()


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_a_job_runs_on_as_many_threads_as_were_asked_for(count):
    torch.set_num_threads(count)
    assert torch.get_num_threads() == count
    for _ in range(20):
        assert sorted(probe(count, count)) == list(range(count))
        assert set(probe(50, min(count, 3))) <= set(range(count))


def test_eight_threads_while_another_python_thread_lives():
    done = threading.Event()
    other = threading.Thread(target=done.wait)
    other.start()
    try:
        torch.set_num_threads(8)
        assert sorted(probe(8, 8)) == list(range(8))
    finally:
        done.set()
        other.join()


def test_fewer_threads_after_more():
    torch.set_num_threads(8)
    probe(8, 8)
    torch.set_num_threads(1)
    assert set(probe(64, 1)) == {0}
    torch.set_num_threads(2)
    assert sorted(probe(2, 2)) == [0, 1]


def test_a_job_of_few_tasks_runs_on_the_first_threads():
    """Scratch memory is for as many threads as there are tasks."""
    torch.set_num_threads(8)
    for _ in range(200):
        assert sorted(probe(3, 3)) == [0, 1, 2]


def test_no_more_native_threads_than_there_is_state_for():
    torch.set_num_threads(1000)
    assert max(probe(500, 1)) < threads.MOST


def randn(*shape, seed=0):
    array = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
    return torch.from_numpy(array)


def gradient(function, *shape):
    x = randn(*shape).requires_grad_()
    result = function(x)
    result.backward(randn(*result.shape, seed=1))
    return result.detach(), x.grad


def layer(make, *shape):
    def run():
        torch.manual_seed(0)
        module = make()
        module.train()
        tensors = list(gradient(module, *shape))
        return tensors + [p.grad for p in module.parameters()]

    return run


def steps(make):
    def run():
        weight = randn(300, 300).requires_grad_()
        optimizer = make([weight])
        for seed in range(3):
            weight.grad = randn(300, 300, seed=seed)
            optimizer.step()
        return [weight.detach()]

    return run


INDEX = np.random.default_rng(5).integers(0, 1000, (1000, 200))
COMPUTATIONS = {
    "pointwise": lambda: gradient(lambda x: torch.tanh(x * x) + x.exp(), 500_003),
    "sum of all": lambda: [randn(1_000_003).sum(), randn(1_000_003).var()],
    "sums of rows": lambda: [randn(1000, 333).sum(1), randn(7, 70_001).sum(1)],
    "sums of columns": lambda: [randn(1000, 333).sum(0), randn(70_001, 7).mean(0)],
    "softmax": lambda: gradient(lambda x: x.softmax(-1), 700, 333),
    "layer norm": layer(lambda: torch.nn.LayerNorm(333), 700, 333),
    "batch norm": layer(lambda: torch.nn.BatchNorm2d(12), 9, 12, 33, 31),
    "matmul": lambda: gradient(lambda x: x @ x.T, 333, 257),
    "batched matmul": lambda: gradient(lambda x: x @ x.mT, 9, 77, 65),
    "conv 3x3": layer(lambda: torch.nn.Conv2d(9, 17, 3, padding=1), 7, 9, 41, 39),
    "conv 1x1": layer(lambda: torch.nn.Conv2d(65, 33, 1), 3, 65, 29, 31),
    "conv strided": layer(lambda: torch.nn.Conv2d(3, 33, 7, 2, padding=3), 3, 3, 65, 63),
    "conv depthwise": layer(lambda: torch.nn.Conv2d(33, 33, 3, groups=33), 3, 33, 31, 29),
    "conv transposed": layer(lambda: torch.nn.ConvTranspose2d(17, 9, 4, 2, padding=1), 3, 17, 21, 19),
    "max pool": lambda: gradient(lambda x: F.max_pool2d(x, 3, 2), 5, 7, 61, 63),
    "cumsum": lambda: gradient(lambda x: x.cumsum(1), 300, 400),
    "sort": lambda: [*randn(300, 1000).sort(1), randn(200_000).sort()[0]],
    "topk": lambda: [*randn(300, 1000).topk(37, 1)],
    "gather": lambda: gradient(lambda x: x.gather(1, torch.from_numpy(INDEX)), 1000, 1000),
    "scatter": lambda: [torch.zeros(1000).index_add_(0, torch.from_numpy(INDEX.ravel()), randn(200_000))],
    "embedding": lambda: gradient(lambda x: F.embedding(torch.from_numpy(INDEX), x) @ randn(64, 64), 1000, 64),
    "attention": lambda: gradient(lambda x: F.scaled_dot_product_attention(x, x, x, is_causal=True), 2, 4, 130, 32),
    "cross entropy": lambda: gradient(lambda x: F.cross_entropy(x, torch.arange(500) % 1000), 500, 1000),
    "adam": steps(lambda p: torch.optim.Adam(p, lr=0.1)),
    "random": lambda: [torch.rand(100_001), torch.randn(100_001), torch.randperm(50_000)],
}


@pytest.mark.parametrize("name", COMPUTATIONS)
def test_results_do_not_depend_on_the_number_of_threads(name):
    found = []
    for count in (1, 2, 3, 8):
        torch.set_num_threads(count)
        torch.manual_seed(0)
        found.append([t.detach().contiguous().numpy().tobytes() for t in COMPUTATIONS[name]()])
    assert all(len(one) > 0 for one in found[0])
    for other in found[1:]:
        assert other == found[0]


def test_callers_in_several_threads_while_the_number_changes():
    work = {name: COMPUTATIONS[name] for name in ("pointwise", "softmax", "conv 3x3", "adam")}
    want = {name: [t.numpy().tobytes() for t in run()] for name, run in work.items()}
    wrong, done = [], threading.Event()

    def call(name):
        wrong.extend(name for _ in range(10) if [t.numpy().tobytes() for t in work[name]()] != want[name])

    def change():
        while not done.is_set():
            for count in (2, 1, 3):
                torch.set_num_threads(count)

    torch.set_num_threads(3)  # the most there will be
    callers = [threading.Thread(target=call, args=(name,)) for name in work]
    changer = threading.Thread(target=change)
    for thread in (*callers, changer):
        thread.start()
    for thread in callers:
        thread.join()
    done.set()
    changer.join()
    assert wrong == []


def test_an_interrupt_between_kernels_leaves_everything_in_order():
    x = randn(200_000)
    want = (x.exp() * x).sum().item()
    hits = 0

    def interrupt(number, frame):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    live = pool.statistics()["live"]
    try:
        while hits < 30:
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.002)
                while True:
                    y = (x.exp() * x).sum()
            except KeyboardInterrupt:
                hits += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    y = (x.exp() * x).sum().item()
    assert y == want
    assert pool.statistics()["live"] == live


FORK = """
import os, sys, threading
import flambeau as torch
torch.set_num_threads(2)
x = torch.arange(200_000, dtype=torch.float32)
want = (x * 0.5).sum().item()
stop = threading.Event()

def compile_on_and_on():
    exponent = 3.0
    while not stop.is_set():
        exponent += 1
        torch.fused(lambda x, y: (x * exponent + y) * exponent)(x, x)

torch.fused(lambda x: x * 2 + 1)(x)  # all is imported: a child waits for ever for an import that another thread began
thread = threading.Thread(target=compile_on_and_on)
thread.start()
children = []
for k in range(12):
    pid = os.fork()
    if pid == 0:
        good = False
        try:
            good = (x * 0.5).sum().item() == want and torch.get_num_threads() == 1
            new = torch.fused(lambda x: x * (k + 0.25) - 1.0)(x)
            good = good and new[8].item() == 8 * (k + 0.25) - 1
            torch.set_num_threads(2)
            good = good and (x * 0.5).sum().item() == want
        finally:
            os._exit(0 if good else 1)
    children.append(pid)
codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
stop.set()
thread.join()
print(codes == [0] * 12, (x * 0.5).sum().item() == want)
"""


def test_a_fork_while_another_thread_compiles(python, tmp_path):
    done = python("-W", "ignore", "-c", FORK, FLAMBEAU_CACHE_DIR=str(tmp_path / "cache"), FLAMBEAU_KERNELS="1")
    assert done.stdout.split() == ["True", "True"], done.stderr


PROCESSES = """
import sys
import flambeau as torch
import multiprocessing as mp

def blas():
    from flambeau.kernels import threads
    return [getattr(library, symbol.replace("set", "get", 1))() for library, symbol in threads._blas()]

def work(k):
    x = torch.arange(200_000, dtype=torch.float32)
    return ((x * k).exp2().clamp(max=2.0) @ x.reciprocal().clamp(max=1.0)).item(), torch.get_num_threads()

class Data(torch.utils.data.Dataset):
    def __len__(self):
        return 4
    def __getitem__(self, k):
        return torch.tensor([work(k)[0], torch.get_num_threads(), *blas()])

if __name__ == "__main__":
    torch.set_num_threads(2)
    want = [work(k)[0] for k in range(4)]
    for method in ("fork", "spawn"):
        with mp.get_context(method).Pool(2) as pool:
            print(method, [value for value, _ in pool.map(work, range(4))] == want)
        loader = torch.utils.data.DataLoader(Data(), num_workers=2, multiprocessing_context=method)
        rows = torch.cat(list(loader))
        print(method, rows[:, 0].tolist() == torch.tensor(want).tolist(), set(rows[:, 1:].flatten().tolist()))
    print(torch.get_num_threads(), blas())
"""


def test_processes_of_either_kind_and_workers_on_one_thread_each(python, tmp_path):
    (tmp_path / "program.py").write_text(PROCESSES)
    done = python("program.py", FLAMBEAU_KERNELS="1", OPENBLAS_NUM_THREADS="2")
    lines = done.stdout.splitlines()
    for method in ("fork", "spawn"):
        assert f"{method} True" in lines, done.stderr
        assert f"{method} True {{1.0}}" in lines, done.stdout + done.stderr
    assert lines[-1].startswith("2 ["), done.stderr
    assert set(lines[-1].partition("[")[2].rstrip("]").split(", ")) <= {"2"}


PATIENCE = """
import os, time
import numpy as np
import flambeau as torch
from flambeau.kernels import threads

torch.set_num_threads(2)
x = np.ones((600, 600), np.float32)
before = dict(os.environ)

def idle():  # processor time of what is over already
    assert ((x @ x) == 600).all()
    start = time.process_time()
    time.sleep(0.05)
    return time.process_time() - start

spun = idle()
threads.load()
calm = min(idle() for _ in range(5))
assert dict(os.environ) == before
print(spun, calm)
assert calm < 0.005, (spun, calm)
"""


@pytest.mark.kernels
def test_the_threads_of_blas_soon_sleep_once_kernels_have_some(python, tmp_path):
    (tmp_path / "program.py").write_text(PATIENCE)
    done = python("program.py", FLAMBEAU_KERNELS="1", OPENBLAS_NUM_THREADS="2")
    assert done.returncode == 0, done.stderr
