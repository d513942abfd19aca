"""Running sums and their kin side by side with PyTorch."""

import numpy as np
import pytest
from side_by_side import assert_alike

import flambeau as fb

VALUES = np.random.default_rng(0).normal(size=(3, 4))
VALUES[1, 2] = 0

SCANS = {
    "cumsum": lambda t, x: x.cumsum(1),
    "cumprod": lambda t, x: x.cumprod(1),
    "cummax": lambda t, x: tuple(x.cummax(0)),
    "cummin": lambda t, x: tuple(x.cummin(1)),
    "logcumsumexp": lambda t, x: x.logcumsumexp(1),
    "diff": lambda t, x: t.diff(x, n=2, dim=1, prepend=x[:, :1]),
    "trapezoid": lambda t, x: t.trapezoid(x, x.detach()[0].sort()[0]),
    "cumulative_trapezoid": lambda t, x: t.cumulative_trapezoid(x, dx=0.5, dim=0),
}


@pytest.mark.parametrize("name", SCANS)
def test_values_and_gradients(reference, name):
    def body(torch):
        x = torch.tensor(VALUES, requires_grad=True)
        result = SCANS[name](torch, x)
        main = result[0] if isinstance(result, tuple) else result
        (main * main).sum().backward()
        return result, x.grad

    assert_alike(body, reference)


@pytest.mark.parametrize("dtype", ["bool", "int8", "int64", "float16", "bfloat16", "complex64"])
@pytest.mark.parametrize("name", ["cumsum", "cumprod"])
def test_dtypes(reference, name, dtype):
    def body(torch):
        result = getattr(torch, name)(torch.tensor(VALUES).to(getattr(torch, dtype)), 1)
        return str(result.dtype), result.to(torch.complex128)

    assert_alike(body, reference, rtol=1e-2)


@pytest.mark.parametrize("shape", [(100_000,), (3, 50_000), (1, 40_000), (300, 200)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_long_sums(shape, dtype):
    values = np.random.default_rng(0).normal(size=shape).astype(dtype)
    values[..., -1] = np.inf
    ours = fb.from_numpy(values).cumsum(-1).numpy()
    np.testing.assert_allclose(ours, np.cumsum(values, -1, dtype=np.float64), rtol=1e-6, atol=1e-6)
    turned = fb.from_numpy(values).mT if values.ndim == 2 else fb.from_numpy(values)
    np.testing.assert_allclose(turned.cumsum(0).numpy(), ours.T, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    "body",
    [
        lambda t: t.ones(2).cumsum(3),
        lambda t: t.ones(2, dtype=t.complex64).cummax(0),
        lambda t: t.diff(t.ones(2), n=-1),
        lambda t: t.diff(t.tensor(1.0)),
    ],
)
def test_bad_input(reference, body):
    assert_alike(body, reference)


@pytest.mark.parametrize("edge_order", [1, 2])
@pytest.mark.parametrize("uneven", [False, True])
def test_numerical_derivatives(reference, edge_order, uneven):
    def body(torch):
        x = torch.tensor(VALUES, requires_grad=True)
        spacing = [torch.tensor([0.0, 1.0, 3.0]), torch.tensor([0.0, 0.5, 2.0, 2.5])]
        spacing = [each.double() for each in spacing] if uneven else 2.0
        rows, columns = torch.gradient(x, spacing=spacing, edge_order=edge_order)
        (rows * rows + columns).sum().backward()
        return rows, columns, x.grad

    assert_alike(body, reference)
