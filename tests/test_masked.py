"""Masked reductions side by side with PyTorch."""

import pytest
from side_by_side import assert_alike

REDUCTIONS = ["sum", "prod", "mean", "amax", "amin", "logsumexp", "var", "std", "norm", "argmax", "argmin"]
ALONG = ["softmax", "log_softmax", "softmin", "cumsum", "cumprod"]


def inputs(torch, dtype="float32"):
    x = torch.tensor([[1.0, 2.5, 3.0], [4.0, 0.5, -6.0], [2.0, 1.0, 7.0]]).to(getattr(torch, dtype))
    mask = torch.tensor([[True, False, True], [False, False, False], [True, True, True]])
    return (x.requires_grad_() if x.is_floating_point() else x), mask


@pytest.mark.parametrize("keepdim", [False, True])
@pytest.mark.parametrize("dim", [None, 1, -2])
@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions(reference, name, dim, keepdim):
    def body(torch):
        x, mask = inputs(torch)
        found = getattr(torch.masked, name)(x, dim=dim, keepdim=keepdim, mask=mask)
        if name.startswith("arg"):
            return found
        found[~(found.isnan() | found.isinf())].sum().backward()
        return found, x.grad.nan_to_num()

    assert_alike(body, reference)


@pytest.mark.parametrize("name", [each for each in REDUCTIONS if each not in ("mean", "norm")])
def test_reductions_of_integers(reference, name):
    def body(torch):
        x, mask = inputs(torch, "int32")
        return getattr(torch.masked, name)(x, dim=1, mask=mask)

    assert_alike(body, reference)


@pytest.mark.parametrize("name", ALONG)
def test_functions_along_a_dimension(reference, name):
    def body(torch):
        x, mask = inputs(torch)
        return getattr(torch.masked, name)(x, 1, mask=mask), getattr(torch.masked, name)(x, 0, dtype=torch.float64)

    assert_alike(body, reference)


@pytest.mark.parametrize(
    "call",
    [
        lambda m, x, k: m.median(x, 1, mask=k),
        lambda m, x, k: m.median(x.int(), 1, mask=k),
        lambda m, x, k: m.norm(x, 1.5, mask=k),
        lambda m, x, k: m.norm(x, float("-inf"), 1, mask=k),
        lambda m, x, k: m.normalize(x, 2, 1, mask=k),
        lambda m, x, k: m.normalize(x, 1, 0, eps=1e-3),
        lambda m, x, k: m.var(x, 1, False, mask=k),
        lambda m, x, k: m.std(x, 1, correction=0, mask=k),
        lambda m, x, k: m.logaddexp(x, 2 * x, input_mask=k, other_mask=~k),
        lambda m, x, k: m.sum(x, 1, mask=k[0]),
        lambda m, x, k: m.sum(x, (0, 1), mask=k.int()),
        lambda m, x, k: m.mean(x.int(), 1, mask=k),
        lambda m, x, k: m.amax(k, 1, mask=k),
        lambda m, x, k: m.sum(x, 2),
        lambda m, x, k: m.sum(x, (0, 0)),
    ],
)
def test_settings(reference, call):
    assert_alike(lambda torch: call(torch.masked, *inputs(torch)), reference)
