"""Segments, hashes, diagonals, lists of tensors and permuted memory side by side with PyTorch."""

import pytest
from side_by_side import assert_alike


@pytest.mark.parametrize("initial", [None, 0.5])
@pytest.mark.parametrize("reduce", ["sum", "mean", "prod", "max", "min"])
def test_segment_reduce(reference, reduce, initial):
    def body(torch):
        x = torch.tensor([[1.0, 2], [3, 1], [2, 2], [0.5, 4], [1, 1]], requires_grad=True)
        a = torch.segment_reduce(x, reduce, lengths=torch.tensor([2, 0, 3]), initial=initial)
        b = torch.segment_reduce(x.t(), reduce, lengths=torch.tensor([[1, 4], [3, 2]]), axis=1, initial=initial)
        c = torch.segment_reduce(x, reduce, offsets=torch.tensor([0, 1, 5]), initial=initial)
        (a[[0, 2]].sum() + b.sum() + c.sum()).backward()
        return a, b, c, x.grad

    assert_alike(body, reference)


@pytest.mark.parametrize(
    "call",
    [
        lambda t, x: t.segment_reduce(x, "sum"),
        lambda t, x: t.segment_reduce(x, "foo", lengths=t.tensor([4])),
        lambda t, x: t.segment_reduce(x, "sum", lengths=t.tensor([1, 2])),
        lambda t, x: t.hash_tensor(x),
        lambda t, x: t.hash_tensor(x.view(2, 2), 1, keepdim=True),
        lambda t, x: t.hash_tensor(x.int()),
        lambda t, x: t.hash_tensor(x.bfloat16(), 0),
        lambda t, x: t.hash_tensor(x[:0]),
        lambda t, x: t.hash_tensor(x * 1j),
        lambda t, x: t.hash_tensor(x, mode=1),
        lambda t, x: t._chunk_cat([x.view(2, 2), t.ones(3, 2)], 0, 2),
        lambda t, x: t._chunk_cat([], 0, 2),
        lambda t, x: t._chunk_cat([x], 0, 0),
        lambda t, x: t.empty_permuted((2, 3, 5), (0, 2, 1)).stride(),
        lambda t, x: t.empty_permuted((2, 3), (0, 0)),
        lambda t, x: t.empty_permuted((2, 3), (0,)),
        lambda t, x: t.empty_permuted((2, 3), (0, 2)),
        lambda t, x: t._softmax_backward_data(x, x, 0, t.float32),
        lambda t, x: x.view(2, 2).fill_diagonal_(5),
        lambda t, x: t.zeros(7, 3).fill_diagonal_(3, wrap=True),
        lambda t, x: t.zeros(7, 3).fill_diagonal_(3),
        lambda t, x: t.zeros(2, 2, 2).fill_diagonal_(3),
        lambda t, x: t.zeros(2, 3, 2).fill_diagonal_(3),
        lambda t, x: x.fill_diagonal_(1),
        lambda t, x: t._foreach_add([x, 2 * x], 1),
        lambda t, x: t._foreach_add([x, x], [x, 2 * x], alpha=3),
        lambda t, x: t._foreach_mul([x, x], [2, 3.0]),
        lambda t, x: t._foreach_addcmul([x, x], [x, x], [x, x], 0.5),
        lambda t, x: t._foreach_lerp([x, x], [2 * x, x], 0.25),
        lambda t, x: t._foreach_maximum([x, x], 2.0),
        lambda t, x: t._foreach_sqrt([x]),
        lambda t, x: t._foreach_norm([x, 2 * x]),
        lambda t, x: t._foreach_add([x, x], [x]),
        lambda t, x: t._foreach_sub([], 1),
    ],
)
def test_calls(reference, call):
    assert_alike(lambda t: call(t, t.tensor([1.0, 2, 3, 4])), reference)


def test_lists_in_place(reference):
    def body(t):
        tensors = [t.ones(2), t.arange(3.0)]
        found = [t._foreach_add_(tensors, 1), t._foreach_mul_(tensors, [2, 3]), t._foreach_div_(tensors, t.tensor(2.0))]
        t._foreach_copy_(tensors[:1], [t.full((2,), 9.0)])
        return found, tensors

    assert_alike(body, reference)


def test_the_diagonal_is_filled_under_autograd(reference):
    def body(t):
        x = t.ones(3, 3, requires_grad=True)
        y = x * 2
        y.fill_diagonal_(0)
        y.sum().backward()
        return y, x.grad

    assert_alike(body, reference)


def test_margin_losses_of_one_number(reference):
    def body(t):
        x, y = t.tensor(0.5), t.tensor(0)
        return t.nn.functional.multilabel_margin_loss(x, y), t.tensor([1.0, 2.0]).hash_tensor(0)

    assert_alike(body, reference)
