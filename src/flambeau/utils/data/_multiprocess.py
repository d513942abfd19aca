"""Passes over a loader whose batches are made by worker processes."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any

from flambeau.utils.data._utils.worker import (
    ExceptionWrapper,
    Exhausted,
    Resume,
    Task,
    WorkerSetup,
    _worker_loop,
)
from flambeau.utils.data.dataloader import DataLoader, _BaseDataLoaderIter, _DatasetKind

# How long, in seconds, a worker that was told to stop may take before it is killed.
PATIENCE = 5.0


@dataclass(eq=False)
class _Worker:
    """A worker process, as the main process sees it."""

    process: Any
    tasks: Any
    results: Connection
    active: bool = True
    waiting: deque[int] = field(default_factory=deque)  # numbers of the batches it is to make


def _ending(exit_code: int) -> str:
    """How a process ended, in words."""
    if exit_code >= 0:
        return f"exited with exit code {exit_code}"
    return f"is killed by signal: {signal.strsignal(-exit_code) or -exit_code}"


class _MultiProcessingDataLoaderIter(_BaseDataLoaderIter):
    """Batches made ahead by worker processes, handed out in the order they were asked for.

    Each worker has a queue of tasks and a pipe for results, so that the death of one is noticed at
    once, by its sentinel, and cannot hold up the others.
    """

    def __init__(self, loader: DataLoader[Any]) -> None:
        self._workers: list[_Worker] = []
        self._shutdown = False
        self._owner = os.getpid()
        super().__init__(loader)
        self._prefetch_factor = loader.prefetch_factor or 0
        self._in_order = loader.in_order
        self._start(loader)
        self._ask_ahead()

    def _start(self, loader: DataLoader[Any]) -> None:
        context = loader.multiprocessing_context or multiprocessing.get_context()
        for worker_id in range(self._num_workers):
            setup = WorkerSetup(
                worker_id,
                self._num_workers,
                self._base_seed,
                self._dataset,
                _DatasetKind.fetcher(self._dataset_kind),
                self._auto_collation,
                self._collate_fn,
                self._drop_last,
                loader.worker_init_fn,
            )
            tasks = context.Queue()
            tasks.cancel_join_thread()  # tasks not sent are lost at exit; nobody wants them
            receiver, sender = context.Pipe(duplex=False)
            process = context.Process(target=_worker_loop, args=(setup, tasks, sender), daemon=True)
            process.start()
            sender.close()
            self._workers.append(_Worker(process, tasks, receiver))

    def _reset(self, loader: DataLoader[Any]) -> None:
        super()._reset(loader)
        self._resume()
        self._ask_ahead()

    def _ask_ahead(self) -> None:
        """Fill the queues at the beginning of a pass."""
        self._results: dict[int, Any] = {}
        self._sent = 0  # batches asked for
        self._next = 0  # the batch to hand out
        self._turns = itertools.cycle(self._workers)
        for _ in range(self._prefetch_factor * self._num_workers):
            self._ask()

    def _resume(self) -> None:
        """Let every worker begin a new epoch, and drop what it still sends of the last one."""
        for worker in self._workers:
            worker.tasks.put(Resume())
            worker.waiting.clear()
            worker.active = True
        pending = set(self._workers)
        while pending:
            worker, number, answer = self._receive()
            if number is None:
                if isinstance(answer, ExceptionWrapper):
                    answer.reraise()
                pending.discard(worker)

    def _ask(self) -> None:
        """Give the next batch to the active worker whose turn it is."""
        active = [worker for worker in self._workers if worker.active]
        if not active:
            return
        try:
            index = self._next_index()
        except StopIteration:
            return
        if self._in_order:
            worker = next(worker for worker in self._turns if worker.active)
        else:
            worker = min(active, key=lambda candidate: len(candidate.waiting))
        worker.tasks.put(Task(self._sent, index))
        worker.waiting.append(self._sent)
        self._sent += 1

    def _receive(self) -> tuple[_Worker, int | None, Any]:
        """The next answer of any worker. Raises RuntimeError when one has died, or none comes."""
        active = [worker for worker in self._workers if worker.active]
        pipes = {worker.results: worker for worker in active}
        ready = wait([*pipes, *(w.process.sentinel for w in active)], self._timeout or None)
        if not ready:
            raise RuntimeError(f"DataLoader timed out after {self._timeout} seconds")
        for pipe, worker in pipes.items():
            if pipe not in ready:
                continue
            try:
                number, answer = pipe.recv()
            except EOFError:
                continue
            return worker, number, answer
        for worker in active:  # what closes first, pipe or sentinel, comes before the exit code
            if worker.results in ready or worker.process.sentinel in ready:
                worker.process.join(PATIENCE)
        dead = [w.process for w in active if not w.process.is_alive()]
        self._shutdown_workers()
        causes = "; ".join(f"worker (pid {p.pid}) {_ending(p.exitcode)}" for p in dead)
        raise RuntimeError(
            f"DataLoader worker (pid(s) {', '.join(str(p.pid) for p in dead)}) exited unexpectedly"
        ) from RuntimeError(f"DataLoader {causes}")

    def _take(self) -> Any:
        """The answer to the oldest batch asked for; with `in_order=False` to any."""
        while self._in_order and not any(self._next in w.waiting for w in self._workers):
            self._next += 1  # its worker has ended
        while True:
            number: Any = self._next if self._in_order else next(iter(self._results), None)
            if number in self._results:
                worker, answer = self._results.pop(number)
                worker.waiting.remove(number)
                if isinstance(answer, Exhausted):
                    self._retire(worker)
                return answer
            worker, number, answer = self._receive()
            if number in worker.waiting:
                self._results[number] = worker, answer

    def _retire(self, worker: _Worker) -> None:
        """A worker whose part of the dataset has ended: what it was still asked for never comes."""
        worker.active = False
        worker.waiting.clear()
        if not self._persistent_workers:
            worker.tasks.put(None)

    def _next_data(self) -> Any:
        while any(worker.waiting for worker in self._workers):
            answer = self._take()
            self._ask()
            if isinstance(answer, Exhausted):
                continue
            if isinstance(answer, ExceptionWrapper):
                answer.reraise()
            return answer
        if not self._persistent_workers:
            self._shutdown_workers()
        raise StopIteration

    def _shutdown_workers(self) -> None:
        """Stop every worker: those that do not stop by themselves are killed."""
        if self._shutdown or self._owner != os.getpid():
            return
        self._shutdown = True
        for worker in self._workers:
            worker.results.close()
            worker.tasks.put(None)
        limit = time.monotonic() + PATIENCE
        for worker in self._workers:
            worker.process.join(max(0.0, limit - time.monotonic()))
            if worker.process.is_alive():
                worker.process.terminate()
                worker.process.join()
            worker.tasks.close()

    def __del__(self) -> None:
        if sys is not None and not sys.is_finalizing():  # then the workers, which are daemons, have been stopped
            self._shutdown_workers()
