"""Index expressions, gather and scatter: values, gradients and errors as PyTorch has them."""

import numpy as np
import pytest
from side_by_side import assert_alike

import flambeau as fb


def arange(torch, *shape):
    return torch.arange(float(np.prod(shape))).reshape(shape)


INDICES = {
    "int": lambda t: (1, -1),
    "slice": lambda t: (slice(None, None, 2), slice(-3, None)),
    "newaxis": lambda t: (None, ..., None, 0),
    "list": lambda t: ([2, 0], slice(1, 3)),
    "lists": lambda t: ([0, 1], [1, 2]),
    "bool": lambda t: (True, 1),
    "mask": lambda t: t.tensor([True, False, True]),
    "mask over two": lambda t: t.tensor([[True, False, True, False]] * 3),
    "apart": lambda t: (t.tensor([0, 1]), slice(None), t.tensor([1, 4])),
    "int apart": lambda t: (0, slice(None), t.tensor([1, 4])),
    "broadcast": lambda t: (t.tensor([[0], [2]]), t.tensor([1, -1])),
    "0-d tensor": lambda t: t.tensor(2),
    "empty": lambda t: t.tensor([], dtype=t.long),
    "numpy": lambda t: np.array([1, 0]),
    "out of bounds": lambda t: (0, 7),
    "gather out of bounds": lambda t: (slice(None), t.tensor([0, 9])),
    "too many": lambda t: (0, 0, 0, 0),
    "backwards": lambda t: slice(None, None, -1),
    "float": lambda t: 1.0,
    "float tensor": lambda t: t.tensor([1.0]),
    "mask of another shape": lambda t: t.tensor([True, False]),
    "shapes apart": lambda t: (t.tensor([0, 1]), t.tensor([0, 1, 2])),
}


@pytest.mark.parametrize("name", INDICES)
def test_reading_and_its_gradient(reference, name):
    def body(torch):
        x = arange(torch, 3, 4, 5).requires_grad_()
        part = x[INDICES[name](torch)]
        (part * part).sum().backward()
        return part, part.stride() if part.numel() else None, x.grad

    assert_alike(body, reference)


@pytest.mark.parametrize("name", INDICES)
def test_writing_and_its_gradient(reference, name):
    def body(torch):
        x = arange(torch, 3, 4, 5).requires_grad_()
        value = torch.tensor(2.0, requires_grad=True)
        y = x * 1
        y[INDICES[name](torch)] = value
        (y * y).sum().backward()
        return y, x.grad, value.grad

    assert_alike(body, reference)


@pytest.mark.parametrize(
    "value",
    [
        lambda t: t.zeros(3),
        lambda t: t.zeros(1, 1, 4, 5),
        lambda t: t.zeros(2, 4, 5),
        lambda t: t.ones(5, dtype=t.float64),
        lambda t: [1.0, 2.0],
        lambda t: None,
        lambda t: 1j,
        lambda t: np.float32(3),
    ],
)
@pytest.mark.parametrize("at", [lambda t: 0, lambda t: t.tensor([0, 2])])
def test_what_may_be_assigned(reference, value, at):
    def body(torch):
        x = arange(torch, 3, 4, 5)
        x[at(torch)] = value(torch)
        return x

    assert_alike(body, reference)


def test_a_list_of_lists_stands_for_a_tuple():
    x = arange(fb, 3, 4, 5)
    with pytest.warns(UserWarning, match="non-tuple sequence"):
        part = x[[[0, 1], [1, 2]]]
    assert part.tolist() == x[[0, 1], [1, 2]].tolist()


def test_a_failed_write_changes_nothing():
    x = fb.ones(3)
    with pytest.raises(IndexError, match="index 5 is out of bounds"):
        x[fb.tensor([0, 5])] = 2.0
    assert x.tolist() == [1.0, 1.0, 1.0]
    assert x._version == 0


def test_a_basic_index_is_a_view():
    x = fb.zeros(2, 3)
    x[1, :2] += 1
    x[None][0, 0] = 5
    assert x.tolist() == [[5, 5, 5], [1, 1, 0]]


ALONG = {
    "gather": lambda t, x, i, y: x.gather(1, i),
    "scatter": lambda t, x, i, y: x.scatter(1, i, y),
    "scatter number": lambda t, x, i, y: x.scatter(1, i, 2.5),
    "scatter_add": lambda t, x, i, y: x.scatter_add(1, i, y),
    "index_select": lambda t, x, i, y: x.index_select(0, i[0]),
    "index_add": lambda t, x, i, y: x.index_add(0, t.tensor([1, 0, 1]), y, alpha=2),
    "index_copy": lambda t, x, i, y: x.index_copy(0, t.tensor([2, 0, 1]), y),
    "index_fill": lambda t, x, i, y: x.index_fill(1, i[0], -1.0),
    "take": lambda t, x, i, y: x.take(i),
    "put": lambda t, x, i, y: x.put(i, y, accumulate=True),
    "masked_fill": lambda t, x, i, y: x.masked_fill(y > 0, 3.0),
    "masked_select": lambda t, x, i, y: x.masked_select(y > 0),
    "masked_scatter": lambda t, x, i, y: x.masked_scatter(x > 4, y),
    "take_along_dim": lambda t, x, i, y: t.take_along_dim(x, i[:1], 1),
    "index_put": lambda t, x, i, y: x.index_put((i[0], i[1]), y[0], accumulate=True),
    **{
        f"scatter_reduce {how} {own}": lambda t, x, i, y, how=how, own=own: x.scatter_reduce(
            1, i, y, how, include_self=own
        )
        for how in ("sum", "prod", "mean", "amin", "amax")
        for own in (True, False)
    },
}


@pytest.mark.parametrize("name", ALONG)
def test_along_a_dimension(reference, name):
    rng = np.random.default_rng(0)
    values, others = rng.normal(size=(2, 3, 3))
    places = rng.integers(0, 3, (3, 3))

    def body(torch):
        x = torch.tensor(values, requires_grad=True)
        y = torch.tensor(others, requires_grad=True)
        result = ALONG[name](torch, x, torch.tensor(places), y)
        (result * result).sum().backward()
        return result, x.grad, y.grad

    assert_alike(body, reference)


BAD = {
    "gather index": lambda t, x: x.gather(0, t.tensor([[0, 9, 0]])),
    "gather shape": lambda t, x: x.gather(0, t.zeros(1, 9, dtype=t.long)),
    "gather dtype": lambda t, x: x.gather(0, t.zeros(1, 1)),
    "scatter shape": lambda t, x: x.scatter(0, t.zeros(1, 2, dtype=t.long), t.ones(1, 1)),
    "scatter dtype": lambda t, x: x.scatter(0, t.zeros(1, 1, dtype=t.long), t.ones(1, 1).double()),
    "scatter how": lambda t, x: x.scatter(0, t.zeros(1, 1, dtype=t.long), 1.0, reduce="no"),
    "index_select": lambda t, x: x.index_select(0, t.tensor([9])),
    "index_add": lambda t, x: x.index_add(0, t.tensor([0, 1]), x),
    "index_copy": lambda t, x: x.index_copy(0, t.tensor([9]), x[:1]),
    "index_fill": lambda t, x: x.index_fill(0, t.tensor([9]), 0),
    "index_reduce": lambda t, x: x.index_reduce(0, t.tensor([0]), x[:1], "sum"),
    "take": lambda t, x: x.take(t.tensor([99])),
    "put": lambda t, x: x.put(t.tensor([1, 2]), t.ones(1)),
    "masked_fill mask": lambda t, x: x.masked_fill(x, 1),
    "masked_fill value": lambda t, x: x.masked_fill(x > 0, t.ones(2)),
    "masked_scatter": lambda t, x: x.masked_scatter(x > 0, t.ones(1)),
    "index_put": lambda t, x: x.index_put((t.tensor([0]),), t.ones(7)),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(reference, name):
    assert_alike(lambda torch: BAD[name](torch, arange(torch, 3, 3)), reference)


@pytest.mark.parametrize("places", [[0, 2], [-1, 5], [4, -7]])
@pytest.mark.parametrize("dim", [None, 0, 1])
def test_places_along_a_dimension_are_remainders_and_others_are_not(reference, places, dim):
    def body(torch):
        index = torch.tensor(places)
        if dim is not None:
            index = index.reshape((2, 1) if dim == 0 else (1, 2))
        return torch.take_along_dim(torch.arange(6.0).reshape(2, 3), index, dim)

    assert_alike(body, reference)


WRITES = {
    "scatter_": lambda t, x, y: x.scatter_(0, t.tensor([[0, 1], [2, 0]]), y[:2, :2]),
    "scatter_ of a number": lambda t, x, y: x.scatter_(1, t.tensor([[0], [2]]), 3.0),
    "scatter_ that multiplies": lambda t, x, y: x.scatter_(0, t.tensor([[0, 1]]), 3.0, reduce="multiply"),
    "scatter_add_": lambda t, x, y: x.scatter_add_(1, t.tensor([[0, 0, 2], [1, 1, 1], [2, 0, 2]]), y),
    "scatter_reduce_": lambda t, x, y: x.scatter_reduce_(1, t.tensor([[0, 0, 2]]), y, "amax", include_self=False),
    "index_add_": lambda t, x, y: x.index_add_(0, t.tensor([1, 1, 0]), y, alpha=2),
    "index_copy_": lambda t, x, y: x.index_copy_(1, t.tensor([2, 0, 1]), y),
    "index_fill_": lambda t, x, y: x.index_fill_(1, t.tensor([-1]), 7),
    "index_fill_ by a tensor": lambda t, x, y: x.index_fill_(1, t.tensor([2]), y.sum()),
    "index_put_": lambda t, x, y: x.index_put_((t.tensor([0, 0]), t.tensor([1, 1])), y[0, :2], accumulate=True),
    "masked_fill_": lambda t, x, y: x.masked_fill_(t.tensor([True, False, True]), -1.5),
    "masked_fill_ by a tensor": lambda t, x, y: x.masked_fill_(t.tensor([True, False, True]), y.sum()),
    "masked_scatter_": lambda t, x, y: x.masked_scatter_(t.tensor([[True], [False], [True]]), y),
    "put_": lambda t, x, y: x.put_(t.tensor([0, -1]), y[0, :2]),
    "an index outside": lambda t, x, y: x.scatter_add_(1, t.tensor([[0, 3, 2]]), y),
    "a slice outside": lambda t, x, y: x.index_add_(0, t.tensor([0, 1, 3]), y),
    "a position outside": lambda t, x, y: x.index_put_((t.tensor([0, 3]),), y[:2]),
    "a mask that is larger": lambda t, x, y: x.masked_fill_(t.ones(2, 3, 3, dtype=t.bool), 1.0),
    "another dtype": lambda t, x, y: x.scatter_add_(0, t.tensor([[0]]), y.double()),
}


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("recorded", [False, True])
def test_writes_in_place(reference, name, recorded):
    """What is written, where the gradients go, and that nothing is written by a call that fails."""

    def body(torch):
        base = arange(torch, 3, 3)
        x = base * 1 if recorded else base
        y = (arange(torch, 3, 3) + 10).requires_grad_(recorded)
        before = x._version
        try:
            same = WRITES[name](torch, x, y) is x
        except (RuntimeError, IndexError) as error:
            if torch is fb:  # PyTorch has written what came before the flaw
                assert torch.equal(x.detach(), arange(torch, 3, 3))
                assert x._version == before
            return type(error), str(error)
        if recorded and x.requires_grad:
            (x * x).sum().backward()
        return same, x.detach(), x._version > before, y.grad, type(x.grad_fn).__name__.rstrip("01")

    assert_alike(body, reference)


@pytest.mark.parametrize("name", WRITES)
def test_writes_into_a_view(reference, name):
    def body(torch):
        base = arange(torch, 5, 6)
        y = arange(torch, 3, 3) + 10
        try:
            WRITES[name](torch, base[1:4, 1::2], y)
        except (RuntimeError, IndexError) as error:
            if torch is fb:
                assert torch.equal(base, arange(torch, 5, 6))
            return type(error), str(error)
        return base

    assert_alike(body, reference)


@pytest.mark.parametrize("name", ["index_copy_", "index_add_"])
def test_slices_of_a_tensor_are_not_written_into_itself(reference, name):
    def body(torch):
        x = arange(torch, 3, 3)
        return getattr(x, name)(0, torch.tensor([2, 0, 1]), x)

    assert_alike(body, reference)


def test_elements_of_a_tensor_are_not_added_to_itself(reference):
    def body(torch):
        x = arange(torch, 3, 3)
        return x.scatter_add_(0, torch.zeros(3, 3, dtype=torch.long), x)

    assert_alike(body, reference)


def test_rows_of_a_table_have_a_name_at_the_top():
    table = fb.arange(6.0).reshape(3, 2)
    assert fb.embedding(table, fb.tensor([0, 2])).tolist() == [[0, 1], [4, 5]]


def test_repeating_asks_how_often():
    with pytest.raises(TypeError, match='repeat\\(\\) missing 1 required positional arguments: "repeats"'):
        fb.ones(2).repeat()
