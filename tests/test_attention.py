"""Attention: the formula, masks, and derivatives of two orders."""

import math

import pytest

import flambeau
import flambeau.nn.functional as F


def tensors(batch=2, targets=4, sources=6):
    flambeau.manual_seed(0)
    shapes = ((batch, 3, targets, 5), (batch, 3, sources, 5), (batch, 3, sources, 7))
    return [flambeau.randn(s, dtype=flambeau.float64, requires_grad=True) for s in shapes]


def test_the_formula():
    q, k, v = tensors()
    expected = (q @ k.transpose(-2, -1) / math.sqrt(5)).softmax(-1) @ v
    assert flambeau.allclose(F.scaled_dot_product_attention(q, k, v), expected)


def test_causal_is_a_mask():
    q, k, v = tensors(batch=40, targets=32, sources=32)  # large enough for compiled kernels
    lower = flambeau.ones(32, 32).tril().bool()
    masked = F.scaled_dot_product_attention(q, k, v, lower)
    assert flambeau.allclose(F.scaled_dot_product_attention(q, k, v, is_causal=True), masked)


def test_a_row_that_sees_nothing_is_zero():
    q, k, v = tensors()
    mask = flambeau.ones(4, 6, dtype=flambeau.bool)
    mask[1] = False
    result = F.scaled_dot_product_attention(q, k, v, mask)
    assert (result[:, :, 1] == 0).all()
    assert not result.isnan().any()


def test_derivatives_of_two_orders():
    q, k, v = tensors(batch=1, targets=2, sources=3)
    mask = flambeau.randn(2, 3, dtype=flambeau.float64, requires_grad=True)
    assert flambeau.autograd.gradcheck(F.scaled_dot_product_attention, (q, k, v, mask))
    assert flambeau.autograd.gradgradcheck(F.scaled_dot_product_attention, (q, k, v, mask))


def test_a_mask_and_causal_exclude_each_other():
    q, k, v = tensors()
    with pytest.raises(RuntimeError, match="should not be set when is_causal=True"):
        F.scaled_dot_product_attention(q, k, v, flambeau.zeros(4, 6), is_causal=True)
