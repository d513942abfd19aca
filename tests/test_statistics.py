"""Covariance, membership and unsafe splits side by side with PyTorch."""

import numpy as np
import pytest
from side_by_side import assert_alike

import flambeau


@pytest.mark.parametrize(
    "call",
    [
        lambda t: t.cov(t.tensor([1.0, 2.0])),
        lambda t: t.cov(t.tensor([[1.0, 2.0, 4.0]])),
        lambda t: t.cov(t.tensor([[1.0, 2.0, 4.0], [3.0, 1.0, 1.0]]), correction=0),
        lambda t: t.cov(
            t.tensor([[1.0, 2, 4], [3, 1, 1]]), fweights=t.tensor([1, 2, 1]), aweights=t.tensor([1.0, 2, 3])
        ),
        lambda t: t.corrcoef(t.tensor([[1.0, 2.0, 4.0]])),
        lambda t: t.corrcoef(t.tensor([[1.0, 2.0, 4.0], [3.0, 1.0, 1.0]])),
        lambda t: t.isin(t.tensor([1, 2, 3]), t.tensor([2.0, 3.0])),
        lambda t: t.isin(t.tensor([[1, 2]]), 2, invert=True),
        lambda t: t.isin(2, t.tensor([1, 2])),
        lambda t: t.isin(t.tensor([1.5]).bfloat16(), t.tensor([1.5]).bfloat16()),
    ],
)
def test_values(reference, call):
    assert_alike(call, reference)


def test_cov_without_degrees_of_freedom():
    with pytest.warns(UserWarning, match="degrees of freedom is <= 0"):
        found = flambeau.cov(flambeau.tensor([[1.0], [2.0]]))
    assert found.isnan().all()


def test_isin_writes_into_out(reference):
    def body(t):
        out = t.empty(3, dtype=t.bool)
        assert t.isin(t.tensor([1, 2, 3]), t.tensor([2]), out=out) is out
        return out

    assert_alike(body, reference)


@pytest.mark.parametrize(
    "split",
    [
        lambda t, x: t.unsafe_chunk(x, 2),
        lambda t, x: t.unsafe_split(x, 2),
        lambda t, x: x.unsafe_split_with_sizes([1, 3, 1], 0),
        lambda t, x: x.t().unsafe_chunk(3, -1),
    ],
)
def test_parts_of_an_unsafe_split_share_memory_and_may_be_written(reference, split):
    def body(t):
        x = t.arange(10.0).reshape(5, 2)
        parts = split(t, x)
        parts[0].mul_(-1)
        leaf = t.ones(5, 2, requires_grad=True)
        mine = split(t, leaf * 2)
        mine[1].mul_(3)
        sum(each.sum() for each in mine).backward()
        return x, parts, leaf.grad

    assert_alike(body, reference)


@pytest.mark.parametrize("p", [0.0, 1.0, 2.0, 2.5])
def test_distances(reference, p):
    def body(t):
        x = t.tensor([[1.0, 2.0, 0.0], [0.5, 2.0, 3.0]], requires_grad=True)
        y = t.tensor([[1.0, 0.25, 0.0], [0.5, 1.0, 2.0], [3.0, 2.5, 0.75]], requires_grad=True)
        found = t.cdist(x, y, p), t.nn.functional.pdist(y, p)
        (found[0].sum() + found[1].sum()).backward()
        return found, x.grad, y.grad

    assert_alike(body, reference)


def test_cosine_similarity_computes_in_the_common_dtype(reference):
    def body(t):
        x, y = t.tensor([[1.0, 2.0], [3.0, 1.0]]), t.tensor([0.5, 2.0], dtype=t.float64)
        return t.cosine_similarity(x, y), t.cosine_similarity(x, t.tensor([[1, 2]]), 0)

    assert_alike(body, reference)


@pytest.mark.parametrize("name", ["slice_scatter", "select_scatter", "diagonal_scatter"])
def test_scattered_copies(reference, name):
    def body(t):
        x, rest = (
            t.zeros(3, 3, requires_grad=True),
            {"select_scatter": (0, 1), "slice_scatter": (1, 0, 3, 2)}.get(name, ()),
        )
        src = t.ones({"slice_scatter": (3, 2)}.get(name, 3), requires_grad=True)
        found = getattr(t, name)(x, src, *rest)
        (found * t.arange(9.0).view(3, 3)).sum().backward()
        return found, x.grad, src.grad

    assert_alike(body, reference)


def test_heaviside_of_nan(reference):
    def body(t):
        x = t.tensor([float("nan"), 0.0, -1.0, 2.0])
        return t.heaviside(x, t.tensor([5.0, float("nan"), 5.0, 5.0])), t.heaviside(x.bfloat16(), x.bfloat16())

    assert_alike(body, reference)


@pytest.mark.parametrize("mode", [None, "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist"])
@pytest.mark.parametrize("shape", [(40, 7), (2, 30, 5), (3, 4)])
def test_euclidean_distances_and_those_that_are_0(reference, shape, mode):
    """Of many rows by products of matrices, as PyTorch has them."""
    x, y = (np.random.default_rng(seed).normal(size=shape) for seed in (0, 1))
    x[..., 0, :] = y[..., 1, :] = 0

    def body(t):
        a, b = (t.tensor(each, requires_grad=True) for each in (x, y))
        found = t.cdist(a, b, compute_mode=mode or "use_mm_for_euclid_dist_if_necessary")
        return found, t.autograd.grad((found * found.detach().cos()).sum(), (a, b))

    assert_alike(body, reference, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("name", ["max", "min", "argmax", "argmin"])
@pytest.mark.parametrize("dim", [0, 1, 2])
@pytest.mark.parametrize("keepdim", [False, True])
def test_extremes_of_large_tensors(reference, name, dim, keepdim):
    values = np.random.default_rng(0).integers(0, 50, (30, 31, 32)).astype("f4")
    values[3, 4, 5] = values[6, 4, 5] = np.nan
    assert_alike(lambda t: getattr(t.tensor(values), name)(dim, keepdim=keepdim), reference)
