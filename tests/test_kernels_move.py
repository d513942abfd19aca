"""Copies by kernels: whatever the strides and dtypes, they write what NumPy writes, and nothing beside it."""

import random

import ml_dtypes
import numpy as np
import pytest

import flambeau
from flambeau.kernels import move
from flambeau.prims import copies
from flambeau.prims.core import set_kernels

KINDS = [*map(np.dtype, ("f4", "f8", "i8", "i4", "i2", "u1", "bool", "f2")), np.dtype(ml_dtypes.bfloat16)]

pytestmark = pytest.mark.kernels


def some_arrays(seed):
    """An array to read, shuffled, with gaps, reversed and broadcast axes; what makes one to write; its dtype."""
    pick, generator = random.Random(seed), np.random.default_rng(seed)
    shape = [pick.choice([1, 2, 3, 5, 8, 17, 33, 70]) for _ in range(pick.randint(1, 5))]
    while np.prod(shape) > 50_000:
        shape.pop()
    ndim = len(shape)
    kind = pick.choice(KINDS)
    target = kind if pick.random() < 0.6 else pick.choice(KINDS)
    wide = [n * pick.choice([1, 1, 2]) + pick.choice([0, 0, 1]) for n in shape]
    order = pick.sample(range(ndim), ndim)
    source = generator.integers(0, 100, size=[wide[axis] for axis in order]).astype(kind)
    source = source.transpose(np.argsort(order))
    steps = [2 if w >= 2 * n and pick.random() < 0.5 else 1 for n, w in zip(shape, wide, strict=True)]
    source = source[tuple(slice(0, n * step, step) for n, step in zip(shape, steps, strict=True))]
    for axis in range(ndim):
        if pick.random() < 0.15:
            source = np.flip(source, axis)
        elif pick.random() < 0.1:
            source = np.broadcast_to(source.take([0], axis), shape)
    order = pick.sample(range(ndim), ndim) if pick.random() < 0.5 else list(range(ndim))
    whole = np.full([shape[axis] + pick.choice([0, 0, 2]) for axis in order], 77).astype(target)

    def inner(array):
        return array.transpose(np.argsort(order))[tuple(slice(0, n) for n in shape)]

    return source, whole, inner


@pytest.mark.parametrize("seed", range(400))
def test_copies_of_any_strides_and_dtypes(seed):
    source, whole, inner = some_arrays(seed)
    expected = whole.copy()
    inner(expected)[...] = source
    if move.copy(inner(whole), source):
        assert whole.tobytes() == expected.tobytes()


@pytest.mark.parametrize("target", ["i1", "u1", "i2", "i4", "i8", "bool"])
@pytest.mark.parametrize("source", ["f4", "f8"])
def test_floats_that_integers_do_not_hold(source, target):
    """As this machine's C has it, and so NumPy and PyTorch."""
    numbers = [np.nan, np.inf, -np.inf, 1e20, -1e20, -5.5, 300.7, -0.4, 3e9, -3e9, 70000.5, 2.0**31, 2.0**63]
    array = np.array(numbers * 3).astype(source)
    with np.errstate(invalid="ignore"):
        expected = array.astype(target)
    found = np.empty_like(expected)
    assert move.copy(found, array)
    assert found.tobytes() == expected.tobytes()


def test_every_way_is_taken(monkeypatch):
    taken, kernel = set(), move.kernel
    monkeypatch.setattr(move, "kernel", lambda *key: taken.add(key[1]) or kernel(*key))
    move.plan.cache_clear()
    for seed in range(400):
        source, whole, inner = some_arrays(seed)
        move.copy(inner(whole), source)
    assert taken == set(move.WAYS)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_copies_larger_than_a_task(threads):
    before = flambeau.get_num_threads()
    flambeau.set_num_threads(threads)
    try:
        x = np.arange(300 * 257 * 5, dtype="f4").reshape(300, 257, 5)
        for view in (
            x,
            x.T,
            x.transpose(1, 0, 2),
            x[::-1],
            x[:, ::-1],
            x[:, :, ::-1],
            x[::3, ::2],
            x[:1] + np.zeros(x.shape, "f4"),
        ):
            result = np.zeros(view.shape, "f4")
            assert move.copy(result, view)
            assert np.array_equal(result, view)
    finally:
        flambeau.set_num_threads(before)


@pytest.mark.parametrize("value", [0, 1.5, -0.0, float("nan"), True])
@pytest.mark.parametrize("kind", ["f4", "f8", "i8", "bool"])
def test_filling(value, kind):
    if value != value and kind[0] != "f":
        return
    array = np.empty((130, 200), kind)
    copies.fill(array[:, 3:], value)
    expected = array.copy()
    expected[:, 3:] = value
    assert array.tobytes() == expected.tobytes()


@pytest.mark.parametrize("mode", ["0", "force", "1"])
def test_what_is_built_on_copies(mode):
    set_kernels(mode)
    try:
        x = flambeau.arange(130 * 140.0).reshape(130, 140)
        array = x.numpy()
        assert np.array_equal(x.roll((3, -5, 2), (0, 1, 0)).numpy(), np.roll(array, (5, -5), (0, 1)))
        assert np.array_equal(x.roll(1000).numpy(), np.roll(array, 1000))
        assert np.array_equal(x.flip(0, 1).numpy(), array[::-1, ::-1])
        assert np.array_equal(
            flambeau.cat([x, x[:, 3:], x[:, :0]], 1).numpy(), np.concatenate([array, array[:, 3:]], 1)
        )
        assert np.array_equal(flambeau.stack([x, x * 2], 2).numpy(), np.stack([array, array * 2], 2))
        assert x.t().clone().stride() == (1, 140)
        assert np.array_equal(x.t().contiguous().numpy(), array.T)
        padded = flambeau.nn.functional.pad(x, (1, 2, 3, -4), value=7.0)
        assert np.array_equal(padded.numpy(), np.pad(array[:-4], ((3, 0), (1, 2)), constant_values=7))
        y = x.clone()
        y[1:].copy_(y[:-1].clone())
        y.copy_(y.flip(0))
        assert np.array_equal(y.numpy()[:-1], array[:-1][::-1])
        y[:, 1:].copy_(y[:, :-1])  # in part the same memory: as if read before it is written
        assert np.array_equal(y.numpy()[0, 1:], array[-2, :-1])
    finally:
        set_kernels("1")


def test_memory_that_is_not_to_be_written_is_not():
    array = np.zeros((300, 300), "f4")
    array.flags.writeable = False
    for attempt in (lambda: copies.fill(array, 1), lambda: copies.write(array, np.ones((300, 300), "f4"))):
        with pytest.raises(ValueError, match="read-only"):
            attempt()
    assert not array.any()


@pytest.mark.parametrize("kind", [np.dtype("f2"), np.dtype("f4"), KINDS[-1]])
def test_a_copy_keeps_every_bit(kind):
    """Those of a NaN, too."""
    bits = np.random.default_rng(0).integers(0, 1 << 16, 8 * kind.itemsize * 500).astype("u2")
    source = bits.view(kind).reshape(40, -1)
    for view in (source, source[::-1], source[:, ::-1], source[:, :33]):
        found = np.zeros(view.shape, kind)
        assert move.copy(found, view)
        assert found.tobytes() == view.tobytes()


def test_bytes_in_another_order_are_not_taken_as_they_lie():
    source = np.arange(20_000).astype(">f4")
    found = np.zeros(20_000, "f4")
    assert not move.copy(found, source)
    copies.write(found, source)
    assert np.array_equal(found, np.arange(20_000))
