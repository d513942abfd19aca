"""The attention kernels: NumPy's values over shapes, strides, dtypes and masks, on any number of threads."""

import numpy as np
import pytest

import flambeau
import flambeau.nn.functional as F
from flambeau.kernels import attention as compiled
from flambeau.prims import attention as arrays

pytestmark = pytest.mark.kernels
SHAPES = [
    ((), 1, 1, 1, 1),
    ((3,), 5, 7, 3, 2),
    ((2, 3), 30, 17, 20, 33),
    ((2, 3), 17, 50, 8, 64),
    ((1, 1), 300, 130, 16, 16),
    ((2, 2, 2), 25, 25, 5, 5),
]
"""Leading dimensions, queries, keys, and the widths of a key and of a value."""


@pytest.fixture
def on_numpy(monkeypatch):
    """Run a function on NumPy's body."""

    def run(function, *args):
        with monkeypatch.context() as patch:
            patch.setattr(arrays, "_compiled", lambda *_: None)
            return function(*args)

    return run


def operands(shape, dtype, spread=False):
    """Queries, keys, values and a cotangent; `spread`: rows apart in memory, surrounded by NaN."""
    lead, queries, keys, width, value_width = shape
    rng = np.random.default_rng(0)
    sizes = ((queries, width), (keys, width), (keys, value_width), (queries, value_width))
    found = []
    for rows, columns in sizes:
        values = rng.standard_normal((*lead, rows, columns)).astype(dtype)
        if spread:
            room = np.full((rows + 2, *lead, columns + 3), np.nan, dtype)
            view = np.moveaxis(room[1:-1, ..., 1:-2], 0, -2)
            view[...] = values
            values = view
        found.append(values)
    return found


def mask_of(shape, dtype):
    mask = np.random.default_rng(1).standard_normal((shape[1], shape[2])).astype(dtype)
    mask[0] = -np.inf  # a query that sees nothing
    mask[-1, : shape[2] // 2] = -np.inf
    return mask


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("spread", [False, True])
def test_kernels_give_what_numpy_gives(on_numpy, shape, dtype, masked, causal, spread):
    q, k, v, g = operands(shape, dtype, spread)
    mask = mask_of(shape, dtype) if masked else None
    noise = None
    if masked is spread:
        noise = np.random.default_rng(2).integers(0, 2, (*shape[0], *shape[1:3])).astype(dtype) * 2
    result, sums = compiled.attend(q, k, v, mask, noise, 0.3, causal)
    close = {"rtol": 2e-4, "atol": 2e-5} if dtype == "float32" else {"rtol": 1e-9, "atol": 1e-11}
    expected, expected_sums = on_numpy(arrays.attend, q, k, v, mask, noise, 0.3, causal)
    np.testing.assert_allclose(result, expected, **close)
    np.testing.assert_allclose(sums, expected_sums, **close)
    found = compiled.attend_back(g, q, k, v, mask, noise, 0.3, causal, result, sums)
    wanted = on_numpy(arrays.attend_back, g, q, k, v, mask, noise, 0.3, causal, result, sums, False)
    for each, other in zip(found, wanted, strict=False):
        np.testing.assert_allclose(each, other, **close)


def test_nan_and_infinity_stay_in_their_rows():
    q, k, v, _ = operands(((2,), 30, 40, 8, 8), np.float32)
    q[0, 3, 2] = np.nan
    v[1, 39, 5] = np.inf
    result, _ = compiled.attend(q, k, v, None, None, 1.0, False)
    assert np.isnan(result[0, 3]).all()
    assert np.isinf(result[1, :, 5]).all()
    result[0, 3], result[1, :, 5] = 0, 0
    assert np.isfinite(result).all()


@pytest.mark.parametrize("heads", [1, 3, 8])
def test_threads_do_not_change_a_result(heads):
    q, k, v, g = operands(((heads,), 500, 70, 16, 16), np.float32)
    before, found = flambeau.get_num_threads(), []
    try:
        for threads in (1, 2, 3):
            flambeau.set_num_threads(threads)
            result, sums = compiled.attend(q, k, v, None, None, 0.3, True)
            found.append((result, sums, *compiled.attend_back(g, q, k, v, None, None, 0.3, True, result, sums)))
    finally:
        flambeau.set_num_threads(before)
    for each in found[1:]:
        for one, other in zip(each, found[0], strict=True):
            assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("kernels", ["0", "1"])
def test_values_and_layouts_are_pytorchs(reference, kernels):
    def run(torch, masked, causal, kind=None):
        torch.manual_seed(3)
        x = torch.randn(2, 9, 3 * 24, requires_grad=True)
        q, k, v = (part.view(2, 9, 3, 8).transpose(1, 2) for part in x.split(24, 2))
        mask = torch.ones(9, 9).tril(2).bool() if masked else None
        attend = torch.nn.functional.scaled_dot_product_attention
        result = attend(q, k, v, mask, is_causal=causal)
        (result * torch.linspace(-1, 1, result.numel()).view(result.shape)).sum().backward()
        return result.stride(), result.detach().numpy(), x.grad.numpy()

    from flambeau.prims.core import set_kernels, silent

    before = silent["large"]
    set_kernels(kernels)
    try:
        for masked, causal in ((False, False), (True, False), (False, True)):
            (strides, result, grad), wanted = run(flambeau, masked, causal), run(reference, masked, causal)
            if kernels == "1":
                assert strides == wanted[0]
            np.testing.assert_allclose(result, wanted[1], rtol=1e-5, atol=1e-6)
            np.testing.assert_allclose(grad, wanted[2], rtol=1e-4, atol=1e-5)
    finally:
        silent["large"] = before


def test_a_recorded_backward_pass_is_the_kernels():
    flambeau.manual_seed(0)
    given = [flambeau.randn(1, 2, 12, 8, requires_grad=True) for _ in range(3)]
    loss = F.scaled_dot_product_attention(*given, is_causal=True).square().sum()
    plain = flambeau.autograd.grad(loss, given, retain_graph=True)
    recorded = flambeau.autograd.grad(loss, given, create_graph=True)
    for one, other in zip(plain, recorded, strict=True):
        assert flambeau.allclose(one, other.detach(), rtol=1e-4, atol=1e-6)


def test_dropout_is_pytorchs(reference):
    def run(torch):
        torch.manual_seed(5)
        q, k, v = (torch.linspace(-2, 2, 3 * 2 * 40 * 16).view(3, 2, 40, 16).roll(n, -1) for n in range(3))
        given = [x.clone().requires_grad_() for x in (q, k, v)]
        mask = torch.ones(40, 40).tril().bool()
        result = torch.nn.functional.scaled_dot_product_attention(*given, mask, 0.3)
        result.square().sum().backward()
        return [each.numpy() for each in (result.detach(), *(x.grad for x in given), torch.rand(3))]

    for one, other in zip(run(flambeau), run(reference), strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-4, atol=2e-4)


def test_dropout_has_derivatives_of_two_orders():
    given = [flambeau.randn(1, 3, 2, dtype=flambeau.float64, requires_grad=True) for _ in range(3)]

    def attend(*given):
        flambeau.manual_seed(0)
        return F.scaled_dot_product_attention(*given, dropout_p=0.4)

    assert flambeau.autograd.gradcheck(attend, given)
    assert flambeau.autograd.gradgradcheck(attend, given)
    with pytest.raises(RuntimeError, match="dropout probability has to be between 0 and 1, but got 2"):
        F.scaled_dot_product_attention(*given, dropout_p=2.0)
