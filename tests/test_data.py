"""Datasets, samplers and single-process loading: PyTorch's orders, batches and messages."""

import collections
from typing import Any, NamedTuple

import numpy as np
import pytest

import flambeau
from flambeau.utils import data


class Pair(NamedTuple):
    x: Any
    y: Any


class Squares(data.Dataset):
    def __init__(self, size=10):
        self.size = size

    def __len__(self):
        return self.size

    def __getitem__(self, i):
        return i * i


class Count(data.IterableDataset):
    def __init__(self, size=5):
        self.size = size

    def __iter__(self):
        return iter(range(self.size))


class Counted(Count):
    def __len__(self):
        return 3


def listed(batch):
    """A batch as plain Python values."""
    if hasattr(batch, "tolist"):
        return batch.tolist()
    if isinstance(batch, dict):
        return {key: listed(value) for key, value in batch.items()}
    if isinstance(batch, (list, tuple)):
        return [listed(item) for item in batch]
    return batch


def orders(library):
    """Everything random about samplers and loaders, from one seed."""
    tools = library.utils.data
    library.manual_seed(3)
    source = range(10)
    generator = library.Generator()
    generator.manual_seed(5)
    return [
        list(tools.RandomSampler(source)),
        list(tools.RandomSampler(source, replacement=True, num_samples=40)),
        list(tools.RandomSampler(source, num_samples=25)),
        list(tools.SubsetRandomSampler([3, 4, 5, 6])),
        list(tools.WeightedRandomSampler([0.1, 0.5, 0.4], 5)),
        list(tools.WeightedRandomSampler([0.1, 0.5, 0.4], 3, replacement=False)),
        [list(part.indices) for part in tools.random_split(source, [3, 7])],
        [list(part.indices) for part in tools.random_split(source, [0.3, 0.3, 0.4])],
        [listed(b) for b in tools.DataLoader(source, shuffle=True, batch_size=4)],
        [listed(b) for b in tools.DataLoader(source, batch_size=4)],
        [listed(b) for b in tools.DataLoader(source, shuffle=True, generator=generator)],
        [list(tools.DistributedSampler(source, 3, rank)) for rank in range(3)],
        list(tools.DistributedSampler(source, 3, 2, drop_last=True, seed=3)),
        list(tools.DistributedSampler(range(2), 5, 4)),
        library.randint(1000, (3,)).tolist(),
    ]


def test_orders_equal_pytorch(reference):
    assert orders(flambeau) == orders(reference)


def test_known_order():
    flambeau.manual_seed(0)
    batches = data.DataLoader(range(10), shuffle=True, batch_size=10)
    assert next(iter(batches)).tolist() == [6, 7, 1, 4, 2, 0, 9, 8, 3, 5]


SAMPLES = [
    [1, 2],
    [1.5, 2],
    [True, False],
    ["a", "b"],
    [b"a", b"b"],
    [np.float32(1), np.float32(2)],
    [np.int64(3)],
    [np.ones(2), np.zeros(2)],
    [np.array(3.0), np.array(4.0)],
    [{"a": 1, "b": [1, 2]}, {"a": 2, "b": [3, 4]}],
    [Pair(1, "s"), Pair(3, "t")],
    [(1, 2), (3, 4)],
    [[1, 2], [3, 4]],
    [collections.OrderedDict(a=1)],
]


@pytest.mark.parametrize("samples", SAMPLES, ids=str)
def test_collate_equals_pytorch(reference, samples):
    ours, theirs = data.default_collate(samples), reference.utils.data.default_collate(samples)
    assert type(ours).__name__ == type(theirs).__name__
    assert listed(ours) == listed(theirs)
    if hasattr(ours, "dtype"):
        assert str(ours.dtype) == str(theirs.dtype)


def test_collate_by_hand():
    batch = data.default_collate([{"x": flambeau.ones(2), "y": 1}, {"x": flambeau.zeros(2), "y": 2}])
    assert batch["x"].tolist() == [[1.0, 1.0], [0.0, 0.0]]
    assert batch["y"].dtype is flambeau.int64
    converted = data.default_convert([1, np.ones(2), {"a": np.float32(1)}, Pair(np.ones(1), "s")])
    assert isinstance(converted[1], flambeau.Tensor)
    assert converted[2]["a"].dtype is flambeau.float32
    assert converted[3].y == "s"


def test_batches_of_tensors():
    x, y = flambeau.arange(20).reshape(10, 2), flambeau.arange(10)
    loader = data.DataLoader(data.TensorDataset(x, y), batch_size=4)
    batches = list(loader)
    assert [type(b) for b in batches] == [list] * 3
    assert flambeau.cat([b[0] for b in batches]).tolist() == x.tolist()
    assert len(loader) == 3
    part = data.Subset(data.TensorDataset(x, y), [1, 8])
    ((rows, labels),) = data.DataLoader(part, batch_size=2)
    assert rows.tolist() == [[2, 3], [16, 17]]
    assert labels.tolist() == [1, 8]


def test_a_batch_does_not_share_memory_with_the_dataset():
    x = flambeau.zeros(4)
    for (batch,) in data.DataLoader(data.TensorDataset(x), batch_size=2):
        batch += 1
    assert x.tolist() == [0.0] * 4


def test_options_of_the_loader():
    assert listed(list(data.DataLoader(Squares(5), batch_size=2, drop_last=True))) == [
        [0, 1],
        [4, 9],
    ]
    assert list(data.DataLoader(Squares(3), batch_size=None)) == [0, 1, 4]
    assert listed(list(data.DataLoader(Squares(), batch_sampler=[[0], [2, 1]]))) == [[0], [4, 1]]
    assert listed(list(data.DataLoader(Squares(), sampler=[3]))) == [[9]]
    assert list(data.DataLoader(Squares(4), batch_size=2, collate_fn=sum)) == [1, 13]
    assert listed(list(data.DataLoader(Count(), batch_size=2))) == [[0, 1], [2, 3], [4]]
    assert listed(list(data.DataLoader(Count(), batch_size=2, drop_last=True))) == [[0, 1], [2, 3]]
    assert list(data.DataLoader(Count(), batch_size=None)) == [0, 1, 2, 3, 4]


def test_datasets_made_of_others():
    both = Squares(2) + Squares(3)
    assert [both[i] for i in range(-5, 5)] == [0, 1, 0, 1, 4] * 2
    assert both.cumulative_sizes == [2, 5]
    assert list(Count(2) + Count(1)) == [0, 1, 0]
    assert data.StackDataset(Squares(3), Squares(3))[2] == (4, 4)
    assert data.StackDataset(a=Squares(3)).__getitems__([1, 2]) == [{"a": 1}, {"a": 4}]
    assert data.Subset(Squares(), [3, 1])[0] == 9
    assert data.Subset(Squares(), [3, 1]).__getitems__([1, 0]) == [1, 9]


def test_samplers():
    assert list(data.BatchSampler(range(7), 3, False)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert list(data.BatchSampler(range(7), 3, True)) == [[0, 1, 2], [3, 4, 5]]
    assert [len(data.BatchSampler(range(7), 3, last)) for last in (False, True)] == [3, 2]
    assert sorted(data.RandomSampler(range(5))) == [0, 1, 2, 3, 4]
    shards = [list(data.DistributedSampler(range(8), 2, rank)) for rank in range(2)]
    assert sorted(shards[0] + shards[1]) == list(range(8))


def test_an_epoch_of_a_distributed_sampler_has_an_order_of_its_own():
    sampler = data.DistributedSampler(range(50), 2, 0)
    first = list(sampler)
    assert list(sampler) == first
    sampler.set_epoch(1)
    assert list(sampler) != first


def test_more_samples_than_promised_are_noticed():
    loader = data.DataLoader(Counted(4), batch_size=1)
    assert len(loader) == 3
    with pytest.warns(UserWarning, match="was reported to be 3.*but 4 samples have been fetched"):
        list(loader)


def test_pinned_memory_is_ignored_with_a_warning():
    with pytest.warns(UserWarning, match="'pin_memory' argument is set as true but no accelerator"):
        assert listed(list(data.DataLoader(range(2), pin_memory=True))) == [[0], [1]]


def test_no_worker_info_in_the_main_process():
    assert data.get_worker_info() is None


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: data.DataLoader(Squares(), num_workers=-1),
            ValueError,
            ("num_workers option should be non-negative; use num_workers=0 to disable multiprocessing."),
        ),
        (
            lambda: data.DataLoader(Squares(), persistent_workers=True),
            ValueError,
            "persistent_workers option needs num_workers > 0",
        ),
        (
            lambda: data.DataLoader(Count(), shuffle=True),
            ValueError,
            ("DataLoader with IterableDataset: expected unspecified shuffle option, but got shuffle=True"),
        ),
        (
            lambda: data.DataLoader(Squares(), sampler=[1], shuffle=True),
            ValueError,
            "sampler option is mutually exclusive with shuffle",
        ),
        (
            lambda: data.DataLoader(Squares(), batch_sampler=[[1]], batch_size=2),
            ValueError,
            ("batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last"),
        ),
        (
            lambda: data.DataLoader(Squares(), batch_size=0),
            ValueError,
            "batch_size should be a positive integer value, but got batch_size=0",
        ),
        (
            lambda: data.DataLoader([], shuffle=True),
            ValueError,
            "num_samples should be a positive integer value, but got num_samples=0",
        ),
        (
            lambda: setattr(data.DataLoader(Squares()), "batch_size", 2),
            ValueError,
            "batch_size attribute should not be set after DataLoader is initialized",
        ),
        (
            lambda: next(iter(data.DataLoader([None]))),
            TypeError,
            (
                "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; "
                "found <class 'NoneType'>"
            ),
        ),
        (
            lambda: data.default_collate([(1, 2), (3,)]),
            RuntimeError,
            "each element in list of batch should be of equal size",
        ),
        (
            lambda: data.random_split(range(10), [3, 3]),
            ValueError,
            "Sum of input lengths does not equal the length of the input dataset!",
        ),
        (
            lambda: data.TensorDataset(flambeau.ones(2), flambeau.ones(3)),
            AssertionError,
            "Size mismatch between tensors",
        ),
        (
            lambda: data.ConcatDataset([Count()]),
            AssertionError,
            "ConcatDataset does not support IterableDataset",
        ),
        (
            lambda: data.DistributedSampler(range(10), 3, 3),
            ValueError,
            "Invalid rank 3, rank should be in the interval [0, 2]",
        ),
        (
            lambda: data.WeightedRandomSampler([[1, 2]], 3),
            ValueError,
            "weights should be a 1d sequence but given weights have shape (1, 2)",
        ),
    ],
)
def test_bad_arguments(make, error, message):
    with pytest.raises(error) as caught:
        make()
    assert str(caught.value) == message
