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
"""


@pytest.mark.parametrize("call", CALLS.strip().split("\n"))
def test_names(reference, call):
    def body(torch):
        result = eval(call, {"torch": torch, "x": torch.tensor([[1.0, 2.0], [3.0, 2.0]], requires_grad=True)})
        node = result.grad_fn
        return node.name(), type(node).__name__, repr(result)

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
