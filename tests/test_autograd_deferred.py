"""Rules put off in a backward pass: nothing that a program can see depends on it."""

import numpy as np
import pytest

import flambeau
from flambeau.autograd import deferred
from flambeau.prims.core import set_kernels, silent

pytestmark = pytest.mark.kernels

SIZE = 1 << 16


@pytest.fixture
def kernels():
    """Run a function with compiled kernels or without."""
    before = silent["large"]

    def run(mode, function, *args):
        set_kernels(mode)
        try:
            return function(*args)
        finally:
            silent["large"] = before

    return run


@pytest.fixture
def count(monkeypatch):
    """How many kernels backward passes have run for what was put off."""
    calls = []
    compute = deferred.compute
    monkeypatch.setattr(deferred, "compute", lambda wanted: (calls.append(len(wanted)), compute(wanted))[1])
    return calls


def leaves(torch, count=2, size=SIZE):
    torch.manual_seed(0)
    return [torch.randn(size, requires_grad=True) for _ in range(count)]


def chain(torch):
    x, w = leaves(torch)
    h = torch.tanh(x * w + x)
    h = torch.sigmoid(h - w) * torch.exp(-h * h)
    h.sum().backward()
    return x.grad, w.grad


def broadcasts(torch):
    x, w = leaves(torch)
    rows, columns = torch.randn(256, 1, requires_grad=True), torch.randn(256, requires_grad=True)
    h = torch.relu(x.view(256, 256) * columns + rows) * 0.37
    (torch.where(h > 0.1, h * w.view(256, 256), w.view(256, 256)) / 3).mean().backward()
    return x.grad, w.grad, rows.grad, columns.grad


def long_chain(torch):
    (x,) = leaves(torch, 1)
    h = x
    for k in range(100):
        h = torch.sin(h) * (1 - 0.001 * k) + 0.01 * x
        if k % 9 == 0:
            h = h.view(2, -1).view(-1)
    h.sum().backward()
    return (x.grad,)


def one_cotangent_for_two_leaves(torch):
    x, w = leaves(torch)
    (torch.tanh(x + w) * 2).sum().backward()
    x.grad.zero_()  # which is no part of the other
    return x.grad, w.grad


def accumulated(torch):
    x, w = leaves(torch)
    for _ in range(3):
        ((x * w).exp() - x * x).sum().backward()
    return x.grad, w.grad


def twice_through(torch):
    x, w = leaves(torch)
    loss = (torch.tanh(x * w) * x).sum()
    loss.backward(retain_graph=True)
    loss.backward()
    return x.grad, w.grad


def hooks(torch):
    x, w = leaves(torch)
    seen = []
    h = torch.tanh(x * w)
    h.register_hook(lambda g: seen.append(g.clone()))
    y = torch.sin(h) * w
    y.register_hook(lambda g: g * 2)
    y.retain_grad()
    x.register_hook(lambda g: g + 1)
    (y * y).sum().backward()
    return x.grad, w.grad, y.grad, *seen


def node_hooks(torch):
    x, w = leaves(torch)
    h = x * w
    seen = []
    h.grad_fn.register_prehook(lambda grads: (grads[0] * 3,))
    h.grad_fn.register_hook(lambda before, after: seen.extend((*before, *after)))
    (torch.exp(-h) * w).sum().backward()
    return x.grad, w.grad, *(each.detach() for each in seen)


def writes_in_a_hook(torch):
    """A hook that writes to a leaf which rules that are put off have yet to read."""
    x, w = leaves(torch)
    late = torch.randn(SIZE, requires_grad=True)

    def write(leaf):
        with torch.no_grad():
            w.data.zero_()

    late.register_post_accumulate_grad_hook(write)
    # the rule of the last product runs first, and `late` gets its gradient after it
    (((x * w).sin() + late).tanh() * w).sum().backward()
    return late.grad, w.grad


def a_function_of_ones_own(torch):
    class Doubled(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            assert isinstance(g, torch.Tensor)
            return (g * 2).exp().log()

    x, w = leaves(torch)
    (Doubled.apply((x * w).abs() + 1) * w).exp().clamp(max=5).sum().backward()
    return x.grad, w.grad


def cast_and_double(torch):
    x, w = leaves(torch)
    h = (x * w).double()
    ((h * h).float() + w.to(torch.float16).float().abs()).sum().backward()
    return x.grad, w.grad


PROGRAMS = [
    *(chain, broadcasts, long_chain, one_cotangent_for_two_leaves, accumulated, twice_through, hooks, node_hooks),
    *(writes_in_a_hook, a_function_of_ones_own, cast_and_double),
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_gradients_are_pytorchs(reference, kernels, program):
    wanted = [each.numpy() for each in program(reference)]
    for mode in ("0", "1"):
        found = kernels(mode, program, flambeau)
        for one, other in zip(found, wanted, strict=True):
            np.testing.assert_allclose(one.numpy(), other, rtol=2e-4, atol=1e-5)


def test_a_chain_goes_backward_in_one_kernel(kernels, count):
    kernels("1", chain, flambeau)
    assert count == [2]


def test_a_chain_is_split_where_it_keeps_much_alive(kernels, count):
    kernels("1", long_chain, flambeau)
    assert len(count) > 100 * 3 // deferred.MOST


def test_an_error_leaves_what_was_done_before_it(kernels):
    def run():
        x, w = leaves(flambeau)

        def fail(g):
            raise ValueError("no further")

        h = x * 1
        h.register_hook(fail)
        with pytest.raises(ValueError, match="no further"):
            (h.sin() * w).sum().backward()
        return x.grad, w.grad

    x, w = kernels("1", run)
    assert x is None
    assert w is not None
    assert flambeau.is_grad_enabled()


def test_a_pending_result_is_an_array_to_everybody_else():
    class Pass(deferred.Deferring):
        def __init__(self):
            self.pending = []

        def settle(self, *held):
            return tuple(deferred.as_array(each) for each in held)

    g, y = np.arange(4, dtype=np.float32), np.full(4, 2, np.float32)
    stands = Pass().take(lambda g, y: g * y, (g, y))
    assert stands.__class__ is deferred.Pending
    assert (stands.shape, stands.dtype, stands.ndim, stands.size) == ((4,), np.float32, 1, 4)
    assert np.asarray(stands).tolist() == [0, 2, 4, 6]
    assert stands.reshape(2, 2).tolist() == [[0, 2], [4, 6]]
    assert Pass().take(lambda g: g, (g,)) is g
    assert Pass().take(lambda g, y: (g * y).astype(np.float64), (g, y)) is None


def test_a_leaf_takes_the_array_that_was_made_for_it_and_no_other(monkeypatch):
    from flambeau.autograd.graph import AccumulateGrad

    owned = []
    accumulate = AccumulateGrad.accumulate
    monkeypatch.setattr(
        AccumulateGrad, "accumulate", lambda self, g, own: (owned.append((g.shape, own)), accumulate(self, g, own))[1]
    )
    x, w = flambeau.randn(4, 3), flambeau.randn(5, 3, requires_grad=True)
    flambeau.nn.functional.linear(x, w).sum().backward()
    assert owned == [((5, 3), True)]
    a, b = flambeau.zeros(3, requires_grad=True), flambeau.zeros(3, requires_grad=True)
    g = flambeau.ones(3)
    (a + b).backward(g)
    arrays = [g.numpy(), a.grad.numpy(), b.grad.numpy()]
    for k, each in enumerate(arrays):
        assert not any(np.shares_memory(each, other) for other in arrays[k + 1 :])
