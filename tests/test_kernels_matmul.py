"""Products of matrices by the compiled kernel: NumPy's values over shapes, layouts and dtypes."""

import numpy as np
import pytest
from canaries import around_results

import flambeau
from flambeau.prims import product as products

pytestmark = pytest.mark.kernels

SIZES = [(1, 1, 1), (5, 7, 3), (13, 65, 17), (100, 200, 30), (30, 64, 900), (7, 130, 5), (600, 33, 8)]


def matrix(rows, columns, dtype, layout, seed):
    """Surrounded by NaN, which must not be read, and transposed in memory or not."""
    values = np.random.default_rng(seed).standard_normal((rows, columns)).astype(dtype)
    shape = (columns, rows) if layout == "transposed" else (rows, columns)
    room = np.full((shape[0] + 2, shape[1] + 5), np.nan, dtype)
    view = room[1:-1, 2:-3]
    view = view.T if layout == "transposed" else view
    view[...] = values
    return view


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("left", ["rows", "transposed"])
@pytest.mark.parametrize("right", ["rows", "transposed"])
def test_products_are_numpys(sizes, dtype, left, right):
    from flambeau.kernels.matmul import multiply

    m, n, k = sizes
    a, b = matrix(m, k, dtype, left, 0), matrix(k, n, dtype, right, 1)
    bias = matrix(1, n, dtype, "rows", 2)[0]
    wanted = a.astype(np.float64) @ b.astype(np.float64)
    close = {"rtol": 1e-4, "atol": 1e-4} if dtype == "float32" else {"rtol": 1e-11, "atol": 1e-11}
    np.testing.assert_allclose(multiply(a, b), wanted, **close)
    np.testing.assert_allclose(multiply(a, b, bias), wanted + bias, **close)
    room = np.full((m + 2, n + 5), 7, dtype)
    target = room[1:-1, 2:-3]
    assert multiply(a, b, out=target, add=True) is target
    np.testing.assert_allclose(target, wanted + 7, **close)
    target[...] = 7
    assert (room == 7).all()


@pytest.mark.parametrize("sizes", [*SIZES, (16, 48, 8), (64, 192, 96), (65, 49, 97), (70, 400, 20), (129, 1000, 200)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_products_of_few_rows_are_numpys(sizes, dtype):
    from flambeau.kernels.few_rows import multiply

    m, n, k = sizes
    x, w = matrix(m, k, dtype, "rows", 0), matrix(n, k, dtype, "rows", 1)
    bias = matrix(1, n, dtype, "rows", 2)[0]
    wanted = x.astype(np.float64) @ w.T.astype(np.float64)
    close = {"rtol": 1e-4, "atol": 1e-4} if dtype == "float32" else {"rtol": 1e-11, "atol": 1e-11}
    np.testing.assert_allclose(multiply(x, w), wanted, **close)
    np.testing.assert_allclose(multiply(x, w, bias), wanted + bias, **close)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((3, 40, 30), (3, 30, 50)),
        ((2, 1, 33, 40), (5, 40, 30)),
        ((4, 3, 64, 70), (1, 3, 70, 9)),
        ((2, 3, 4, 30, 40), (4, 40, 50)),
        ((1, 40, 50), (7, 50, 80)),
    ],
)
@pytest.mark.parametrize("order", ["plain", "heads", "transposed"])
def test_stacks_of_products_are_numpys(monkeypatch, dtype, one, other, order):
    from flambeau.kernels import matmul

    runs = []
    monkeypatch.setattr(products, "_kernels", {})  # no stack like these has been prepared
    monkeypatch.setattr(matmul, "prepared_stacks", lambda *args, f=matmul.prepared_stacks: runs.append(1) or f(*args))
    rng = np.random.default_rng(0)
    factors = []
    for shape in (one, other):
        if order == "plain":
            factors.append(rng.standard_normal(shape).astype(dtype))
        elif order == "heads":  # as attention has them: the axis before the last is outside of the stack's inner one
            moved = (*shape[:-3], shape[-2], *shape[-3:-2], shape[-1])
            factors.append(rng.standard_normal(moved).astype(dtype).swapaxes(-2, -3 if len(shape) > 2 else -2))
        else:
            factors.append(rng.standard_normal((*shape[:-2], shape[-1], shape[-2])).astype(dtype).swapaxes(-1, -2))
    with around_results(monkeypatch, matmul):
        found = products.product(*factors)
    wanted = np.matmul(*(each.astype(np.float64) for each in factors))
    assert found.dtype == dtype
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)
    assert runs


def test_a_stack_of_no_matrices():
    assert products.product(np.ones((0, 40, 40), np.float32), np.ones((40, 40), np.float32)).shape == (0, 40, 40)


@pytest.mark.parametrize("left", ["rows", "transposed"])
@pytest.mark.parametrize("right", ["rows", "transposed"])
def test_the_choice_of_a_kernel_does_not_show(left, right):
    """Each of the kernels and BLAS."""
    for m, n, k in ((64, 192, 96), (20, 64, 64), (300, 128, 64), (300, 65, 64), (1, 64, 600)):
        a, b = matrix(m, k, "float32", left, 0), matrix(k, n, "float32", right, 1)
        bias = matrix(1, n, "float32", "rows", 2)[0]
        wanted = a.astype(np.float64) @ b.astype(np.float64) + bias
        np.testing.assert_allclose(products.product(a, b, bias), wanted, rtol=1e-4, atol=1e-4)


def test_nan_and_infinity_go_where_they_belong():
    a, b = np.ones((20, 20), np.float32), np.ones((20, 40), np.float32)
    a[3, 4], b[7, 39] = np.nan, np.inf
    c = products.product(a, b)
    assert np.isnan(c[3]).all()
    assert np.isinf(np.delete(c[:, 39], 3)).all()
    assert (np.delete(c, 3, 0)[:, :39] == 20).all()


@pytest.mark.parametrize("turned", [False, True])
def test_threads_do_not_change_a_product(turned):
    from flambeau.kernels import few_rows, matmul

    multiply = few_rows.multiply if turned else matmul.multiply
    a, b = matrix(700, 300, "float32", "rows", 0), matrix(300, 200, "float32", "transposed", 1)
    b = b.T if turned else b
    before, found = flambeau.get_num_threads(), []
    try:
        for threads in (1, 2, 3):
            flambeau.set_num_threads(threads)
            found.append(multiply(a, b).tobytes())
    finally:
        flambeau.set_num_threads(before)
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("rows", [1, 5, 64, 300])
@pytest.mark.parametrize("bias", [False, True])
def test_linear_is_pytorchs(reference, rows, bias):
    def run(torch):
        torch.manual_seed(0)
        layer = torch.nn.Linear(48, 100, bias=bias)
        x = torch.randn(2, rows, 48, requires_grad=True)
        y = layer(x)
        y.square().sum().backward()
        return y.detach().numpy(), x.grad.numpy(), layer.weight.grad.numpy()

    for one, other in zip(run(flambeau), run(reference), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4 * float(np.abs(other).max()))
