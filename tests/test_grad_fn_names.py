"""The names of nodes, which are printed with results: PyTorch's, by the form of the call."""

import pytest
from side_by_side import assert_alike

CALLS = """
x ** 2
2 ** x
x ** x
x.sum()
x.sum(0)
x.sum((0, 1))
x.mean()
x.mean(-1, keepdim=True)
x.prod()
x.prod(1)
x.squeeze()
x[None].squeeze(0)
x[None].squeeze((0, 1))
torch.square(x)
torch.fft.fft(x)
torch.fft.rfft(x).real
torch.fft.irfft(x)
torch.nn.functional.cross_entropy(x, torch.tensor([0, 1]))
torch.nn.functional.l1_loss(x, 2 * x.detach())
x.max(0)[0]
x.norm()
x.std()
x.cumsum(0)
x.reshape(-1)
x.t().reshape(-1)
x[0]
x[:, 0]
x[x > 0]
x.masked_fill(x > 0, 0)
x.clone().mul_(x)
1 - x
2 / x
1 - x.double()
1 - x.half()
2.0 / x.half()
torch.rsub(x, 1)
x.clone().clamp_(0, 1)
x.clone().clamp_(min=0)
x.clone().div_(2)
x.clone().pow_(2)
x.clone().pow_(x)
x.clone().lerp_(x.detach(), 0.5)
x.clone().zero_()
x.clone().fill_(2)
x.clone().fill_(torch.tensor(2.0))
x.clone().copy_(x.detach())
x.clone().addmm_(x.detach(), x.detach())
x.clone().t_()
x.clone().transpose_(0, 1)
x.clone().unsqueeze_(0)
x.clone()[None].squeeze_()
x.clone()[None].squeeze_(0)
x.clamp_min(0)
x.log1p()
torch.deg2rad(x)
torch.addmm(x, x, x)
torch.cdist(x, x)
torch.dist(x, x.detach())
torch.trace(x)
torch.rot90(x)
torch.diag_embed(x)
torch.std_mean(x)[0]
torch.std_mean(x)[1]
torch.complex(x, x)
torch.vdot(x[0], x[1])
torch.fmod(x, 2)
torch.remainder(x, x)
x.split([1, 1])[1]
x.split(1)[1]
x.tensor_split(2)[1]
x.scatter(0, torch.tensor([[0, 1]]), 1.0)
x.scatter(0, torch.tensor([[0, 1]]), x)
x.repeat_interleave(2)
x.repeat_interleave(torch.tensor([1, 2]), 0)
x[None] @ x
x[None] @ x[None]
x[None] @ x[0]
torch.einsum("ij,jk->ik", x, x)
torch.einsum("bij,bjk->bik", x[None], x[None])
torch.nn.functional.linear(x, x)
torch.nn.functional.linear(x, x, x[0])
torch.nn.functional.linear(x[None], x)
torch.nn.functional.linear(x[None], x, x[0])
torch.nn.functional.linear(x[0], x)
torch.nn.functional.linear(x[0], x, x[0])
torch.nn.functional.cross_entropy(x, torch.tensor([0, 1]), label_smoothing=0.1)
torch.nn.functional.cross_entropy(x[None], torch.tensor([[0, 1]]))
torch.nn.functional.nll_loss(x[None], torch.tensor([[0, 1]]))
torch.nn.functional.binary_cross_entropy(x / 10, x.detach() / 10)
torch.nn.functional.binary_cross_entropy(x / 10, x.detach() / 10, reduction="sum")
torch.nn.functional.binary_cross_entropy_with_logits(x, x.detach() / 10, pos_weight=torch.ones(2))
torch.nn.functional.binary_cross_entropy_with_logits(x, x.detach() / 10, weight=torch.ones(2))
torch.nn.functional.soft_margin_loss(x, x.detach())
torch.nn.functional.multi_margin_loss(x, torch.tensor([0, 1]))
torch.nn.functional.l1_loss(x, 2 * x.detach(), reduction="sum")
torch.nn.functional.l1_loss(x, 2 * x.detach(), reduction="none")
torch.nn.functional.celu(x)
torch.nn.functional.glu(x)
torch.nn.functional.pairwise_distance(x, x.detach())
torch.nn.functional.embedding_bag(torch.tensor([0, 1]), x, torch.tensor([0]))
torch.nn.LSTM(2, 3)(x[None])[0]
torch.nn.GRU(2, 3)(x[None])[0]
torch.nn.RNN(2, 3, batch_first=True)(x[None])[0]
torch.nn.GRUCell(2, 3)(x)
torch.nn.RNNCell(2, 3)(x)
"""


@pytest.mark.parametrize("call", CALLS.strip().split("\n"))
def test_names(reference, call):
    def body(torch):
        result = eval(call, {"torch": torch, "x": torch.tensor([[1.0, 2.0], [3.0, 2.0]], requires_grad=True)})
        node = result.grad_fn
        return node.name(), type(node).__name__, repr(result), result._version if "_(" in call else None

    assert_alike(body, reference)


def test_a_renamed_node_runs_and_keeps_its_place(reference):
    def body(torch):
        x = torch.tensor([[1.0, 2.0], [3.0, 4.5]], requires_grad=True)
        middle = x.sum(0)
        names = [type(middle.grad_fn).__name__]
        result = (middle**2).sum()
        names.append(type(result.grad_fn.next_functions[0][0].next_functions[0][0]).__name__)
        result.backward()
        return names, x.grad, type(middle.grad_fn).__name__

    assert_alike(body, reference)


def test_what_is_not_of_an_op_says_where_it_is_from(reference):
    def body(torch):
        x = torch.ones(2, requires_grad=True)
        y = x * 1
        y[0] = 2.0
        z = (x * 1).copy_(torch.ones(2))
        return [each.name() for each in (y.grad_fn, z.grad_fn, (x * 1).grad_fn.next_functions[0][0])]

    assert_alike(body, reference)


def test_a_composite_that_returns_its_argument_leaves_its_node_alone(reference):
    def body(torch):
        x = torch.ones(2, requires_grad=True).exp()
        torch.nn.functional.dropout(x, 0.0)
        torch.rot90(x[None], 4)
        return type(x.grad_fn).__name__

    assert_alike(body, reference)


def test_splits_by_number_are_views_that_may_be_written(reference):
    def body(torch):
        x = torch.ones(4, requires_grad=True)
        y = x * 1
        y.tensor_split(2)[1].mul_(3)
        y.sum().backward()
        return x.grad

    assert_alike(body, reference)


@pytest.mark.parametrize("form", ["split(1)", "split([1, 1])", "unbind()", "chunk(2)"])
def test_the_name_in_the_error_of_a_write_to_one_of_several_views(reference, form):
    def body(torch):
        x = torch.ones(2, requires_grad=True) * 1
        return eval(f"x.{form}[0].mul_(2)", {"x": x})

    assert_alike(body, reference)


def test_what_was_overwritten_has_the_gradient_zero(reference):
    def body(torch):
        found = []
        for write in ("copy_(torch.ones(2))", "fill_(3)", "zero_()", "fill_(torch.tensor(1.0))", "floor_()"):
            x = torch.tensor([1.5, -2.5], requires_grad=True)
            y = eval(f"(x * 1).{write}", {"torch": torch, "x": x})
            (-y * torch.tensor([1.0, float("inf")])).sum().backward()
            found.append([y.requires_grad, str(x.grad)])
        return found

    assert_alike(body, reference)


def test_views_in_place_count_as_writes_and_check_first(reference):
    def body(torch):
        x = torch.ones(2, 3)
        x.t_().unsqueeze_(0)
        found = [x._version, x.shape]
        leaf = torch.ones(2, 3, requires_grad=True)
        with torch.no_grad():
            leaf.transpose_(0, 1)
        leaf.sum().backward()
        found += [leaf.grad.shape, leaf._version]
        try:
            leaf.t_()
        except RuntimeError as error:
            found += [str(error), leaf.shape, leaf._version]
        inner = torch.ones(4, requires_grad=True)
        (inner * 1).as_strided_((2,), (2,), 1).sum().backward()
        return [*found, inner.grad]

    assert_alike(body, reference)


def test_a_computed_tensor_that_looks_elsewhere_has_no_derivative(reference):
    def body(torch):
        y = torch.ones(2, requires_grad=True) * 1
        y.set_(torch.zeros(3))
        found = [repr(y)]
        try:
            y.sum().backward()
        except RuntimeError as error:
            found.append(str(error))
        return found

    assert_alike(body, reference)
