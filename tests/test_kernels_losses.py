"""Softmax, cross-entropy and norms of large tensors: one kernel each way, PyTorch's numbers."""

import numpy as np
import pytest

import flambeau
from flambeau.kernels import fusion
from flambeau.ops import activation, loss
from flambeau.prims.core import AUTO_THRESHOLD, silent

ROWS, CLASSES = 300, 257


@pytest.mark.kernels
@pytest.mark.parametrize(
    "function",
    [
        lambda x: flambeau.softmax(x, 1),
        lambda x: flambeau.log_softmax(x, 0),
        lambda x: flambeau.nn.functional.cross_entropy(x, flambeau.arange(len(x)) % x.shape[1]),
    ],
    ids=["softmax", "log_softmax", "cross_entropy"],
)
def test_each_direction_is_one_kernel(monkeypatch, function):
    monkeypatch.setitem(silent, "large", AUTO_THRESHOLD)
    bodies = (activation._softmax_body, activation._log_softmax_body, loss._log_sum, loss._scaled_softmax)
    rules = (activation._softmax_rule, activation._log_softmax_rule)
    ran = []
    run = fusion.Ready.__call__
    for each in (*bodies, *rules):
        each.compiled.plans.clear()
    x = flambeau.randn(ROWS, CLASSES, requires_grad=True)
    monkeypatch.setattr(fusion.Ready, "__call__", lambda self, *args: (ran.append(self), run(self, *args))[1])
    result = function(x)
    known = [ready for each in bodies for ready in each.compiled.plans.values()]
    assert ran == known
    assert len(known) == 1
    ran.clear()
    result.backward(flambeau.ones_like(result))
    known = [ready for each in (*rules, *bodies[3:]) for ready in each.compiled.plans.values()]
    assert ran == known
    assert len(known) == 1


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("ignored", [False, True])
@pytest.mark.parametrize(
    ("dtype", "smoothing"), [("float32", 0.0), ("float32", 0.1), ("float64", 0.0), ("float64", 0.1), ("float16", 0.0)]
)
def test_cross_entropy_is_pytorchs(reference, reduction, weighted, ignored, dtype, smoothing):
    rng = np.random.default_rng(0)
    logits, classes = rng.standard_normal((ROWS, CLASSES)).astype(dtype) * 5, rng.integers(0, CLASSES, ROWS)
    weights = rng.random(CLASSES).astype(dtype)
    if ignored:
        classes[::3] = -100

    def run(torch):
        x, y = torch.tensor(logits, requires_grad=True), torch.tensor(classes)
        weight = torch.tensor(weights) if weighted else None
        found = torch.nn.functional.cross_entropy(x, y, weight, reduction=reduction, label_smoothing=smoothing)
        (found.float() * 2).sum().backward()
        return found.detach().numpy(), x.grad.numpy()

    tolerance = {"float32": 2e-5, "float64": 1e-11, "float16": 5e-3}[dtype]
    for one, other in zip(run(flambeau), run(reference), strict=True):
        assert one.dtype == other.dtype
        scale = max(1.0, float(np.abs(other).max()))
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance * scale)


def test_infinite_logits_are_as_in_pytorch(reference):
    def run(torch):
        x = torch.zeros(3, 4)
        x[0, 1], x[1, 2], x[2] = -float("inf"), float("inf"), -float("inf")
        x.requires_grad_()
        found = torch.nn.functional.cross_entropy(x, torch.tensor([0, 2, 1]), reduction="none")
        found.sum().backward()
        return found.detach().numpy(), x.grad.numpy()

    for one, other in zip(run(flambeau), run(reference), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


@pytest.mark.parametrize("order", [0, 1, 2, 3.5, -1, float("inf"), -float("inf")])
@pytest.mark.parametrize("dim", [None, 0, 1])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "complex64"])
def test_norms_of_large_tensors_are_pytorchs(reference, order, dim, dtype):
    rng = np.random.default_rng(0)
    values = rng.standard_normal((ROWS, CLASSES)) + (
        1j * rng.standard_normal((ROWS, CLASSES)) if dtype[0] == "c" else 0
    )
    values = (np.sign(values.real) * 0.5 + values).astype(dtype)
    found, wanted = (
        torch.linalg.vector_norm(torch.tensor(values), order, dim).numpy() for torch in (flambeau, reference)
    )
    assert found.dtype == wanted.dtype
    np.testing.assert_allclose(found, wanted, rtol={"float16": 2e-3, "float64": 1e-11}.get(dtype, 2e-5))


@pytest.mark.parametrize("bound", [1e-3, 1e3, float("nan")])
def test_clipped_gradients_are_pytorchs(reference, bound):
    def run(torch):
        torch.manual_seed(0)
        parameters = [torch.randn(n, requires_grad=True) for n in (3, 5000, 70000)]
        for each in parameters:
            each.grad = each.detach() * 0.1
        norm = torch.nn.utils.clip_grad_norm_(parameters, bound)
        return [norm.numpy(), *(each.grad.numpy() for each in parameters)]

    for one, other in zip(run(flambeau), run(reference), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)
