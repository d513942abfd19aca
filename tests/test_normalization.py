"""Normalization: PyTorch's values, gradients and running statistics; derivatives of two orders."""

import numpy as np
import pytest

import flambeau
import flambeau.nn.functional as F

CALLS = {
    "layer": lambda f, x, w, b: f.layer_norm(x, (6,), w, b),
    "rms": lambda f, x, w, b: f.rms_norm(x, (6,), w) + b,
    "group": lambda f, x, w, b: f.group_norm(x.transpose(1, 2), 3, w, b),
    "instance": lambda f, x, w, b: f.instance_norm(x.transpose(1, 2), None, None, w, b),
    "batch": lambda f, x, w, b: f.batch_norm(x.transpose(1, 2), None, None, w, b, True),
    "fixed": lambda f, x, w, b: f.batch_norm(x.transpose(1, 2), x.new_full((6,), 0.1), x.new_full((6,), 2.0), w, b),
    "plain group": lambda f, x, w, b: f.group_norm(x.transpose(1, 2), 2) * w[:, None] + b[:, None],
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("batch", [2, 700])  # the second runs compiled kernels
def test_against_pytorch(name, batch):
    torch = pytest.importorskip("torch")
    generator = np.random.default_rng(0)
    values = [generator.normal(size=s).astype("f4") for s in ((batch, 10, 6), (6,), (6,))]
    results = []
    for framework in (torch, flambeau):
        leaves = [framework.tensor(value, requires_grad=True) for value in values]
        y = CALLS[name](framework.nn.functional, *leaves)
        (y * y * y).mean().backward()
        results.append([y.detach().numpy(), *(leaf.grad.numpy() for leaf in leaves)])
    for expected, result in zip(*results, strict=True):
        np.testing.assert_allclose(result, expected, 2e-3, 1e-5)


@pytest.mark.parametrize("name", CALLS)
def test_derivatives_of_two_orders(name):
    flambeau.manual_seed(0)
    shapes = ((3, 4, 6), (6,), (6,))
    leaves = [flambeau.randn(s, dtype=flambeau.float64, requires_grad=True) for s in shapes]
    assert flambeau.autograd.gradcheck(lambda *a: CALLS[name](F, *a), leaves)
    assert flambeau.autograd.gradgradcheck(lambda *a: CALLS[name](F, *a), leaves)


def test_running_statistics_move_towards_the_batch():
    x = flambeau.randn(50, 3, 4)
    mean, variance = flambeau.zeros(3), flambeau.ones(3)
    F.batch_norm(x, mean, variance, training=True, momentum=0.25)
    assert flambeau.allclose(mean, 0.25 * x.mean((0, 2)), atol=1e-6)
    assert flambeau.allclose(variance, 0.75 + 0.25 * x.var((0, 2)), atol=1e-6)


def test_one_value_a_channel_has_no_statistics():
    with pytest.raises(ValueError, match="Expected more than 1 value per channel when training"):
        F.batch_norm(flambeau.ones(1, 3), flambeau.zeros(3), flambeau.ones(3), training=True)


def test_native_batch_norm_writes_where_it_is_told():
    x = flambeau.randn(4, 3, 5)
    arguments = (flambeau.ones(3), flambeau.zeros(3), None, None, True, 0.1, 1e-5)
    targets = tuple(flambeau.empty(0) for _ in range(3))
    results = flambeau.native_batch_norm(x, *arguments, out=targets)
    assert all(a is b for a, b in zip(results, targets, strict=True))
    for written, expected in zip(targets, flambeau.native_batch_norm(x, *arguments), strict=True):
        assert flambeau.equal(written, expected)
