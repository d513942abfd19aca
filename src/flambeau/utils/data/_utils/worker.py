"""The loop that a worker process runs, and what it tells the dataset of itself."""

from __future__ import annotations

import multiprocessing
import queue
import random
import sys
import traceback
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

import flambeau
from flambeau.utils.data._utils.fetch import _BaseDatasetFetcher, _IterableDatasetFetcher

# How often, in seconds, a worker that waits for work looks whether its parent still lives.
MP_STATUS_CHECK_INTERVAL = 5.0


@dataclass(frozen=True)
class WorkerInfo:
    """What a worker knows of itself: its number, how many there are, its seed and dataset."""

    id: int
    num_workers: int
    seed: int
    dataset: Any
    rng: Any = None
    worker_method: str | None = None


_worker_info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """The worker that this process is; None in the main process."""
    return _worker_info


class _KeyMessage(str):
    """A message that `KeyError` prints as it is, its line breaks unescaped."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class ExceptionWrapper:
    """An exception on its way to another process: its type and traceback as text."""

    def __init__(self, exc_info: Any = None, where: str = "in background") -> None:
        kind, *rest = sys.exc_info() if exc_info is None else exc_info
        self.exc_type: Any = kind
        self.exc_msg = "".join(traceback.format_exception(kind, *rest))
        self.where = where

    def reraise(self) -> None:
        """Raise an exception of the same type whose message has the original traceback."""
        kind = self.exc_type
        message = f"Caught {kind.__name__} {self.where}.\nOriginal {self.exc_msg}"
        if kind is KeyError:
            raise KeyError(_KeyMessage(message))
        try:
            exception = kind(message)
        except TypeError:  # a type with arguments of its own
            raise RuntimeError(message) from None
        raise exception


class Task(NamedTuple):
    """Work for a worker: the number of a batch and the keys of its samples."""

    number: int
    index: Any


class Resume(NamedTuple):
    """Begin another epoch."""


class Exhausted(NamedTuple):
    """In place of a batch: the worker's part of an iterable dataset has ended."""

    worker_id: int


@dataclass
class WorkerSetup:
    """Everything a worker process is started with."""

    worker_id: int
    num_workers: int
    base_seed: int
    dataset: Any
    fetcher: type[_BaseDatasetFetcher]
    auto_collation: bool
    collate_fn: Any
    drop_last: bool
    init_fn: Any


def _seed_everything(base_seed: int, worker_id: int) -> int:
    seed = base_seed + worker_id
    random.seed(seed)
    flambeau.manual_seed(seed)
    # Users' datasets draw from NumPy's global stream.
    np.random.seed(np.random.SeedSequence([worker_id, base_seed]).generate_state(4))  # noqa: NPY002
    return seed


def _worker_loop(setup: WorkerSetup, tasks: Any, results: Any) -> None:
    """Answer tasks until None comes or the parent is gone.

    `tasks` is a queue, `results` the writing end of a pipe that carries `(number, batch)`.
    """
    global _worker_info
    flambeau.set_num_threads(1)
    where = f"in DataLoader worker process {setup.worker_id}"
    fetcher: Any = None
    failure: ExceptionWrapper | None = None
    try:
        seed = _seed_everything(setup.base_seed, setup.worker_id)
        _worker_info = WorkerInfo(setup.worker_id, setup.num_workers, seed, setup.dataset)
        if setup.init_fn is not None:
            setup.init_fn(setup.worker_id)
        fetcher = _new_fetcher(setup)
    except Exception:  # noqa: BLE001 -- whatever the user's code raises, the main process raises
        failure = ExceptionWrapper(where=where)

    def answer(task: Task | Resume) -> Any:
        nonlocal fetcher, failure
        if failure is not None:
            reported, failure = failure, None
            return reported
        try:
            if isinstance(task, Resume):
                fetcher = _new_fetcher(setup)
                return task
            return fetcher.fetch(task.index)
        except Exception as error:  # noqa: BLE001 -- as above
            if isinstance(error, StopIteration) and setup.fetcher is _IterableDatasetFetcher:
                return Exhausted(setup.worker_id)
            return ExceptionWrapper(where=where)

    parent = multiprocessing.parent_process()
    try:
        while parent is None or parent.is_alive():
            try:
                task = tasks.get(timeout=MP_STATUS_CHECK_INTERVAL)
            except queue.Empty:
                continue
            if task is None:
                break
            results.send((getattr(task, "number", None), answer(task)))
    except (BrokenPipeError, KeyboardInterrupt):  # the main process reads no more
        pass
    finally:
        results.close()


def _new_fetcher(setup: WorkerSetup) -> _BaseDatasetFetcher:
    return setup.fetcher(setup.dataset, setup.auto_collation, setup.collate_fn, setup.drop_last)
