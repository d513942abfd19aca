"""Loading by worker processes: order, seeds, failures, and their end."""

import functools
import operator
import os
import random
import time

import numpy as np
import pytest

import flambeau
from flambeau.utils import data
from flambeau.utils.data import get_worker_info

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


class Numbers(data.Dataset):
    def __len__(self):
        return 10

    def __getitem__(self, i):
        return i


class Draws(Numbers):
    def __getitem__(self, i):
        info = get_worker_info()
        numpy_draw = np.random.rand()  # noqa: NPY002 -- the global stream is what is seeded
        return flambeau.rand(1).item(), numpy_draw, random.random(), info.seed, info.id


class Failing(Numbers):
    def __getitem__(self, i):
        if i == 4:
            raise KeyError("boom")
        return i


class Dying(Numbers):
    def __getitem__(self, i):
        if i == 4:
            os._exit(3)
        return i


class Slow(Numbers):
    def __getitem__(self, i):
        time.sleep(30)


class Part(data.IterableDataset):
    def __iter__(self):
        begin = 10 * get_worker_info().id
        return iter(range(begin, begin + 5))


class Lazy(Numbers):
    def __getitem__(self, i):
        time.sleep(0.3 if i == 0 else 0)
        return i


def lists(loader):
    return [batch.tolist() for batch in loader]


def test_order_is_that_of_the_sampler():
    loader = data.DataLoader(Numbers(), batch_size=3, num_workers=2)
    assert lists(loader) == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9]]


def test_shuffle_does_not_depend_on_the_workers():
    def shuffled(workers):
        flambeau.manual_seed(7)
        return lists(data.DataLoader(Numbers(), batch_size=3, shuffle=True, num_workers=workers))

    assert shuffled(2) == shuffled(0)


def test_order_may_be_given_up_for_speed():
    loader = data.DataLoader(Lazy(), num_workers=2, in_order=False)
    batches = lists(loader)
    assert sorted(batches) == [[i] for i in range(10)]
    assert batches[0] != [0]


def test_seeds_in_workers_equal_pytorch():
    flambeau.manual_seed(0)
    loader = data.DataLoader(Draws(), batch_size=None, num_workers=2)
    first, second, *_ = list(loader)
    base = 900450186894289455
    np.testing.assert_allclose(first, (0.7821398973464966, 0.8371640508861415, 0.21315340548154382, base, 0))
    np.testing.assert_allclose(second, (0.6938178539276123, 0.6702704958690073, 0.7733861492043289, base + 1, 1))


def test_persistent_workers_serve_every_epoch():
    flambeau.manual_seed(0)
    loader = data.DataLoader(Numbers(), batch_size=3, shuffle=True, num_workers=2, persistent_workers=True)
    assert lists(loader) == [[6, 7, 1], [4, 2, 0], [9, 8, 3], [5]]
    processes = [worker.process.pid for worker in loader._iterator._workers]
    next(iter(loader))  # an epoch that is left early
    assert sorted(functools.reduce(operator.iadd, lists(loader), [])) == list(range(10))
    assert [worker.process.pid for worker in loader._iterator._workers] == processes


def test_iterable_dataset_is_read_by_each_worker():
    loader = data.DataLoader(Part(), batch_size=3, num_workers=2)
    assert lists(loader) == [[0, 1, 2], [10, 11, 12], [3, 4], [13, 14]]


def test_initializer_sees_the_worker():
    def initialize(worker_id):
        info = get_worker_info()
        assert (info.id, info.num_workers) == (worker_id, 2)
        assert isinstance(info.dataset, Numbers)
        info.dataset.__class__ = Failing

    with pytest.raises(KeyError):
        list(data.DataLoader(Numbers(), num_workers=2, worker_init_fn=initialize))


def test_exception_comes_with_the_traceback_of_the_worker():
    loader = data.DataLoader(Failing(), batch_size=3, num_workers=2)
    with pytest.raises(KeyError) as caught:
        list(loader)
    message = str(caught.value)
    assert message.startswith("Caught KeyError in DataLoader worker process 1.\nOriginal Traceback")
    assert "in __getitem__" in message
    assert message.endswith("KeyError: 'boom'\n")


def test_dead_worker_is_named_with_what_killed_it():
    loader = data.DataLoader(Dying(), batch_size=3, num_workers=2)
    with pytest.raises(RuntimeError, match=r"DataLoader worker \(pid\(s\) \d+\) exited unexpectedly") as caught:
        list(loader)
    assert "exit code 3" in str(caught.value.__cause__)


def test_timeout(monkeypatch):
    monkeypatch.setattr("flambeau.utils.data._multiprocess.PATIENCE", 0.1)
    loader = data.DataLoader(Slow(), num_workers=1, timeout=0.2)
    with pytest.raises(RuntimeError, match=r"DataLoader timed out after 0.2 seconds"):
        next(iter(loader))


def test_workers_end_with_the_pass():
    iterator = iter(data.DataLoader(Numbers(), num_workers=2))
    processes = [worker.process for worker in iterator._workers]
    assert all(process.is_alive() for process in processes)
    next(iterator)
    del iterator
    assert not any(process.is_alive() for process in processes)


def test_spawned_workers():
    loader = data.DataLoader(range(4), batch_size=2, num_workers=1, multiprocessing_context="spawn")
    assert lists(loader) == [[0, 1], [2, 3]]


def test_tensors_and_containers_travel():
    rows = data.TensorDataset(flambeau.arange(6).reshape(3, 2), flambeau.ones(3, dtype=flambeau.bfloat16))
    (first, second), *_ = data.DataLoader(rows, batch_size=2, num_workers=1)
    assert first.tolist() == [[0, 1], [2, 3]]
    assert second.dtype is flambeau.bfloat16


def test_bad_context():
    with pytest.raises(ValueError, match="should specify a valid start method in"):
        data.DataLoader(Numbers(), num_workers=1, multiprocessing_context="x")
    with pytest.raises(ValueError, match=r"can only be used with multi-process loading"):
        data.DataLoader(Numbers(), multiprocessing_context="fork")


def test_a_program_may_end_by_an_error_with_workers_waiting(python, tmp_path):
    """What is left when the interpreter ends has nothing to call any more."""
    (tmp_path / "script.py").write_text(
        "from torch.utils.data import DataLoader\n"
        "loader = DataLoader(range(4), batch_size=2, num_workers=1, persistent_workers=True)\n"
        "print(list(loader))\n"
        "1 / 0\n"
    )
    result = python("-m", "flambeau", "script.py")
    assert result.stdout == "[tensor([0, 1]), tensor([2, 3])]\n"
    assert result.stderr.endswith("ZeroDivisionError: division by zero\n")
