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
        lambda x: flambeau.nn.functional.cross_entropy(x, flambeau.arange(len(x)) % x.shape[1], x.detach()[0]),
    ],
    ids=["softmax", "log_softmax", "cross_entropy with weights"],
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


SHAPES = [(1, 1), (3, 2), (200, 10), (64, 16), (64, 17), (7, 300), (40, 1000), (2000, 33)]


@pytest.mark.kernels
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_losses_of_rows_and_their_cotangent(shape, dtype):
    from flambeau.kernels import losses

    rows, classes = shape
    rng = np.random.default_rng(0)
    x = (rng.standard_normal(shape) * 20).astype(dtype)
    target = rng.integers(0, classes, rows)
    target[::5] = -7
    counts, classes_of = target != -7, np.where(target == -7, 0, target)
    wide = x.astype(np.longdouble)
    sums = np.log(np.exp(wide - wide.max(1, keepdims=True)).sum(1)) + wide.max(1)
    wanted = np.where(counts, sums - wide[np.arange(rows), classes_of], 0)
    found, word = losses.losses(x, target, -7)
    assert word == losses.IGNORED
    close = {"rtol": 2e-6, "atol": 2e-5} if dtype == "float32" else {"rtol": 1e-13, "atol": 1e-13}
    np.testing.assert_allclose(found, wanted.astype("f8"), **close)
    probabilities = np.exp(wide - sums[:, None])
    probabilities[np.arange(rows), classes_of] -= 1
    for scale in (np.asarray(0.5, dtype), rng.standard_normal(rows).astype(dtype)):
        each = np.broadcast_to(scale, rows)[:, None]
        cotangent = losses.cotangent(x, target, -7, scale)
        np.testing.assert_allclose(
            cotangent, (np.where(counts[:, None], probabilities, 0) * each).astype("f8"), **close
        )


@pytest.mark.kernels
def test_every_tasks_word_is_heard():
    from flambeau.kernels import losses

    x, target = np.zeros((4000, 64), "f4"), np.zeros(4000, np.int64)
    assert losses.losses(x, target, -100)[1] == 0
    target[3] = -100
    assert losses.losses(x, target, -100)[1] == losses.IGNORED
    target[3990] = 64
    assert losses.losses(x, target, -100)[1] == losses.IGNORED | losses.OUTSIDE


def test_rows_that_are_not_finite_are_pytorchs(reference):
    values = np.zeros((80, 40), "f4")
    values[0] = -np.inf
    values[1, 3] = np.inf
    values[2, 5] = np.nan
    values[3, 7] = -np.inf
    target = np.full(80, 7)
    target[4] = -100
    results = []
    for torch in (flambeau, reference):
        x = torch.tensor(values, requires_grad=True)
        losses = torch.nn.functional.cross_entropy(x, torch.tensor(target), reduction="none")
        losses.sum().backward()
        results.append((losses.detach().numpy(), x.grad.numpy()))
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("bad", [-1, 40, 1 << 40])
def test_a_class_out_of_bounds_is_an_error_and_ignored_rows_do_not_count(bad, reference):
    target = np.arange(80) % 40
    for torch in (flambeau, reference):
        x = torch.zeros(80, 40, requires_grad=True)
        every = torch.full((80,), -100)
        assert torch.nn.functional.cross_entropy(x, every).isnan()
        assert torch.nn.functional.cross_entropy(x, every, reduction="sum").item() == 0
        some = torch.tensor(target)
        some[:40] = -100
        torch.nn.functional.cross_entropy(x, some).backward()
        assert (x.grad[:40] == 0).all()
        assert x.grad[40:].abs().sum().item() == pytest.approx(40 * 2 * 39 / 40 / 40, rel=1e-5)
        some[70] = bad
        with pytest.raises(IndexError, match=f"Target {bad} is out of bounds"):
            torch.nn.functional.cross_entropy(x, some)


@pytest.mark.parametrize("loss", ["cross_entropy", "nll_loss"])
@pytest.mark.parametrize("rows", [2, 80])
def test_where_nothing_counts_the_mean_is_no_number_and_the_gradient_zero(loss, rows, reference):
    for torch in (flambeau, reference):
        x = torch.zeros(rows, 40, requires_grad=True)
        mean = getattr(torch.nn.functional, loss)(x, torch.full((rows,), -100))
        mean.backward()
        assert mean.isnan()
        assert (x.grad == 0).all()
