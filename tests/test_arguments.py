"""What functions take: numbers for tensors, NumPy's numbers, and PyTorch's errors for arguments that do not fit."""

import numpy as np
import pytest
from side_by_side import assert_alike

from flambeau.ops import table

NUMBERS = sorted(name for name, op in table.items() if len(op.scalars) > 0 and op.name[0] != "_" and len(op.params) < 4)


def function(torch, name):
    """A function of PyTorch's by the name of the op."""
    family, _, rest = name.partition("_")
    return getattr(torch.special, rest) if family == "special" else getattr(torch, name)


@pytest.mark.parametrize("place", ["first", "second", "both"])
@pytest.mark.parametrize(
    "name", [*NUMBERS, "atan2", "hypot", "logaddexp", "logaddexp2", "logical_and", "maximum", "gcd"]
)
def test_numbers_stand_for_tensors_where_pytorch_lets_them(reference, name, place):
    def body(torch):
        x = torch.tensor([1, 2, 3])
        arguments = {"first": (2, x), "second": (x, 2), "both": (2, 2)}[place]
        try:
            return function(torch, name)(*arguments)
        except TypeError:
            return "refused"

    if name != "where":
        assert_alike(body, reference)


@pytest.mark.parametrize(
    "call",
    [
        lambda t, x, n: x * n,
        lambda t, x, n: n * x,
        lambda t, x, n: n - x,
        lambda t, x, n: x / n + n / x,
        lambda t, x, n: x**n,
        lambda t, x, n: n // x,
        lambda t, x, n: t.add(x, n) + t.add(x, x, alpha=n),
        lambda t, x, n: x.clone().mul_(n),
        lambda t, x, n: x < n,
        lambda t, x, n: t.where(x > 1, x, n),
        lambda t, x, n: x.masked_fill(x > 1, n),
        lambda t, x, n: t.clamp(x, n),
        lambda t, x, n: x.lerp(2 * x, n),
        lambda t, x, n: t.addcmul(x, x, x, value=n),
        lambda t, x, n: t.nn.functional.leaky_relu(-x, n),
        lambda t, x, n: t.nn.functional.elu(-x, n),
        lambda t, x, n: t.nn.functional.softplus(x, n),
        lambda t, x, n: x.sum(np.int64(0)) * n,
    ],
)
@pytest.mark.parametrize("number", [np.float64(2), np.float32(2), np.int64(2)], ids=["float64", "float32", "int64"])
def test_numpy_numbers_are_weak(reference, call, number):
    assert_alike(lambda torch: call(torch, torch.tensor([[1.0, 2, 3]]), number), reference)
    assert_alike(lambda torch: call(torch, torch.tensor([[1.0, 2, 3]], requires_grad=True), number), reference)


@pytest.mark.parametrize(
    "call", [lambda t, x, a: t.add(x, a), lambda t, x, a: t.matmul(x, a), lambda t, x, a: x.add_(a)]
)
def test_arrays_are_no_tensors(reference, call):
    def body(torch):
        with pytest.raises(TypeError):
            call(torch, torch.ones(3), np.ones(3))
        return "refused"

    assert_alike(body, reference)


@pytest.mark.parametrize(
    "call",
    [
        lambda t, x: x // 2,
        lambda t, x: t.floor_divide(x, x),
        lambda t, x: t.heaviside(x, x),
        lambda t, x: t.igamma(x, x),
        lambda t, x: t.special.zeta(x, x + 1),
    ],
)
def test_derivatives_that_pytorch_lacks(reference, call):
    def body(torch):
        result = call(torch, torch.tensor([1.0, 2.0], requires_grad=True))
        result.sum().backward()

    assert_alike(lambda torch: call(torch, torch.tensor([1.0, 2.0], requires_grad=True)), reference)
    assert_alike(body, reference)
