"""Multi-head attention over projected queries, keys and values."""

from __future__ import annotations

import math
import warnings
from typing import Any

import flambeau
from flambeau.tensor import Tensor

from .. import _ops as ops
from .activation import softmax
from .dropout import dropout
from .vision import pad


def _assert(condition: bool, message: str) -> None:
    if not condition:
        raise AssertionError(message)


def _is_batched(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    key_padding_mask: Tensor | None,
    attn_mask: Tensor | None,
    num_heads: int,
) -> bool:
    """Check the number of dimensions of every argument against the query's."""
    if query.dim() not in (2, 3):
        raise AssertionError(
            f"query should be unbatched 2D or batched 3D tensor but received {query.dim()}-D query tensor"
        )
    ndim = query.dim()
    case = "For batched (3-D) `query`" if ndim == 3 else "For unbatched (2-D) `query`"
    _assert(
        key.dim() == ndim and value.dim() == ndim,
        f"{case}, expected `key` and `value` to be {ndim}-D but found {key.dim()}-D and "
        f"{value.dim()}-D tensors respectively",
    )
    if key_padding_mask is not None:
        _assert(
            key_padding_mask.dim() == ndim - 1,
            f"{case}, expected `key_padding_mask` to be `None` or {ndim - 1}-D but found "
            f"{key_padding_mask.dim()}-D tensor instead",
        )
    if attn_mask is not None:
        _assert(
            attn_mask.dim() in (2, 3),
            f"{case}, expected `attn_mask` to be `None`, 2-D or 3-D but found {attn_mask.dim()}-D tensor instead",
        )
        if ndim == 2 and attn_mask.dim() == 3:
            expected = (num_heads, query.shape[0], key.shape[0])
            _assert(
                tuple(attn_mask.shape) == expected,
                f"Expected `attn_mask` shape to be {expected} but got {attn_mask.shape}",
            )
    return ndim == 3


def _none_or_dtype(input: Tensor | None) -> Any:
    return None if input is None else input.dtype


def _canonical_mask(
    mask: Tensor | None,
    mask_name: str,
    other_type: Any,
    other_name: str,
    target_type: Any,
    check_other: bool = True,
) -> Tensor | None:
    """`mask` as numbers to add to scores: a boolean one becomes -inf where it is True."""
    if mask is None:
        return None
    is_float = mask.is_floating_point()
    _assert(
        is_float or mask.dtype == flambeau.bool,
        f"only bool and floating types of {mask_name} are supported",
    )
    if check_other and other_type is not None and mask.dtype != other_type:
        warnings.warn(
            f"Support for mismatched {mask_name} and {other_name} is deprecated. Use same type for both instead.",
            stacklevel=3,
        )
    if is_float:
        return mask
    return flambeau.zeros_like(mask, dtype=target_type).masked_fill_(mask, float("-inf"))


def _project_packed(
    query: Tensor, key: Tensor, value: Tensor, weight: Tensor, bias: Tensor | None
) -> tuple[Tensor, ...]:
    """The three projections whose weights are stacked; equal inputs share one product."""
    width = query.size(-1)
    if key is value and query is key:
        joint = ops.linear(query, weight, bias)
        stacked = joint.unflatten(-1, (3, width)).unsqueeze(0).transpose(0, -2).squeeze(-2)
        return tuple(stacked.contiguous().unbind(0))
    if key is value:
        weight_q, weight_kv = weight.split([width, 2 * width])
        bias_q, bias_kv = (None, None) if bias is None else bias.split([width, 2 * width])
        joint = ops.linear(key, weight_kv, bias_kv)
        stacked = joint.unflatten(-1, (2, width)).unsqueeze(0).transpose(0, -2).squeeze(-2)
        return ops.linear(query, weight_q, bias_q), *stacked.contiguous().unbind(0)
    biases = (None, None, None) if bias is None else bias.chunk(3)
    return tuple(ops.linear(x, w, b) for x, w, b in zip((query, key, value), weight.chunk(3), biases, strict=True))


def _project_separately(
    inputs: tuple[Tensor, ...], weights: tuple[Any, ...], bias: Tensor | None
) -> tuple[Tensor, ...]:
    """The three projections, each with a weight of its own."""
    width = inputs[0].size(-1)
    for name, x, w in zip(("query", "key", "value"), inputs, weights, strict=True):
        expected = (width, x.size(-1))
        _assert(
            tuple(w.shape) == expected,
            f"expecting {name} weights shape of {expected}, but got {w.shape}",
        )
    biases = (None, None, None) if bias is None else bias.chunk(3)
    return tuple(ops.linear(x, w, b) for x, w, b in zip(inputs, weights, biases, strict=True))


def _check_attn_mask(mask: Tensor, expected: tuple[int, int, int]) -> Tensor:
    """`mask` with 3 dimensions; RuntimeError unless it fits (batch heads, targets, sources)."""
    if mask.dim() not in (2, 3):
        raise RuntimeError(f"attn_mask's dimension {mask.dim()} is not supported")
    correct = expected[3 - mask.dim() :]
    if tuple(mask.shape) != correct:
        raise RuntimeError(f"The shape of the {mask.dim()}D attn_mask is {mask.shape}, but should be {correct}.")
    return mask.unsqueeze(0) if mask.dim() == 2 else mask


def _extend_mask(mask: Tensor | None) -> Tensor | None:
    """Room for one more source that nothing masks."""
    return None if mask is None else pad(mask, (0, 1))


def _static(name: str, static: Tensor, heads: int, head_dim: int) -> Tensor:
    for axis, expected in ((0, heads), (2, head_dim)):
        _assert(
            static.size(axis) == expected,
            f"expecting {name}.size({axis}) of {expected}, but got {static.size(axis)}",
        )
    return static


def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """Attention of several heads with projections in and out (Vaswani et al., 2017).

    Query (L, N, E), key (S, N, E) and value (S, N, E), or without N; the output is (L, N, E), the
    weights (N, L, S), or (N, heads, L, S) where not averaged. Masks are added to the scores, or
    forbid where they are True: `key_padding_mask` (N, S), `attn_mask` (L, S) or (N heads, L, S).
    """
    batched = _is_batched(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not batched:
        query, key, value = query.unsqueeze(1), key.unsqueeze(1), value.unsqueeze(1)
        if key_padding_mask is not None:
            key_padding_mask = key_padding_mask.unsqueeze(0)
    targets, batch, width = query.shape
    key_padding_mask = _canonical_mask(
        key_padding_mask, "key_padding_mask", _none_or_dtype(attn_mask), "attn_mask", query.dtype
    )
    if is_causal and attn_mask is None:
        raise RuntimeError(
            "Need attn_mask if specifying the is_causal hint. You may use the Transformer module "
            "method `generate_square_subsequent_mask` to create this mask."
        )
    if is_causal and key_padding_mask is None and not need_weights:
        attn_mask = None  # the hint says it all
    else:
        attn_mask = _canonical_mask(attn_mask, "attn_mask", None, "", query.dtype, False)
        is_causal = is_causal and key_padding_mask is None
    _assert(
        width == embed_dim_to_check,
        f"was expecting embedding dimension of {embed_dim_to_check}, but got {width}",
    )
    head_dim = width // num_heads
    heads = batch * num_heads
    _assert(
        head_dim * num_heads == width,
        f"embed_dim {width} not divisible by num_heads {num_heads}",
    )
    if use_separate_proj_weight:
        _assert(
            key.shape[:2] == value.shape[:2],
            f"key's sequence and batch dims {key.shape[:2]} do not match value's {value.shape[:2]}",
        )
        weights = (q_proj_weight, k_proj_weight, v_proj_weight)
        for letter, each in zip("qkv", weights, strict=True):
            _assert(
                each is not None,
                f"use_separate_proj_weight is True but {letter}_proj_weight is None",
            )
        q, k, v = _project_separately((query, key, value), weights, in_proj_bias)
    else:
        _assert(
            key.shape == value.shape,
            f"key shape {key.shape} does not match value shape {value.shape}",
        )
        if in_proj_weight is None:
            raise AssertionError("use_separate_proj_weight is False but in_proj_weight is None")
        q, k, v = _project_packed(query, key, value, in_proj_weight, in_proj_bias)
    if attn_mask is not None:
        attn_mask = _check_attn_mask(attn_mask, (heads, targets, key.shape[0]))

    if bias_k is not None and bias_v is not None:
        _assert(static_k is None, "bias cannot be added to static key.")
        _assert(static_v is None, "bias cannot be added to static value.")
        k = flambeau.cat([k, bias_k.repeat(1, batch, 1)])
        v = flambeau.cat([v, bias_v.repeat(1, batch, 1)])
        attn_mask, key_padding_mask = _extend_mask(attn_mask), _extend_mask(key_padding_mask)
    else:
        _assert(bias_k is None, "bias_k is set but bias_v is None")
        _assert(bias_v is None, "bias_v is set but bias_k is None")

    def split_heads(x: Tensor) -> Tensor:
        return x.view(x.shape[0], heads, head_dim).transpose(0, 1)

    q = split_heads(q)
    k = _static("static_k", static_k, heads, head_dim) if static_k is not None else split_heads(k)
    v = _static("static_v", static_v, heads, head_dim) if static_v is not None else split_heads(v)
    if add_zero_attn:
        zeros = (heads, 1, head_dim)
        k = flambeau.cat([k, flambeau.zeros(zeros, dtype=k.dtype, device=k.device)], dim=1)
        v = flambeau.cat([v, flambeau.zeros(zeros, dtype=v.dtype, device=v.device)], dim=1)
        attn_mask, key_padding_mask = _extend_mask(attn_mask), _extend_mask(key_padding_mask)
    sources = k.size(1)
    if key_padding_mask is not None:
        for axis, expected in enumerate((batch, sources)):
            _assert(
                key_padding_mask.shape[axis] == expected,
                f"Expected key_padded_mask.shape[{axis}] to be {expected}, but got {key_padding_mask.shape[axis]}",
            )
        padding = key_padding_mask.view(batch, 1, 1, sources).expand(-1, num_heads, -1, -1)
        padding = padding.reshape(heads, 1, sources)
        attn_mask = padding if attn_mask is None else attn_mask + padding
    if not training:
        dropout_p = 0.0

    if not need_weights:
        if attn_mask is not None:
            if attn_mask.size(0) == 1 and attn_mask.dim() == 3:
                attn_mask = attn_mask.unsqueeze(0)
            else:
                attn_mask = attn_mask.view(batch, num_heads, -1, sources)
        attended = ops.scaled_dot_product_attention(
            q.view(batch, num_heads, targets, head_dim),
            k.view(batch, num_heads, sources, head_dim),
            v.view(batch, num_heads, sources, head_dim),
            attn_mask,
            dropout_p,
            is_causal,
        )
        merged = attended.permute(2, 0, 1, 3).reshape(batch * targets, width)
        output = ops.linear(merged, out_proj_weight, out_proj_bias).view(targets, batch, -1)
        return (output if batched else output.squeeze(1)), None

    scaled = q * math.sqrt(1.0 / float(head_dim))
    if attn_mask is None:
        scores = flambeau.bmm(scaled, k.transpose(-2, -1))
    else:
        scores = flambeau.baddbmm(attn_mask, scaled, k.transpose(-2, -1))
    probabilities = softmax(scores, dim=-1)
    if dropout_p > 0.0:
        probabilities = dropout(probabilities, p=dropout_p)
    merged = flambeau.bmm(probabilities, v).transpose(0, 1).reshape(targets * batch, width)
    output = ops.linear(merged, out_proj_weight, out_proj_bias).view(targets, batch, -1)
    probabilities = probabilities.view(batch, num_heads, targets, sources)
    if average_attn_weights:
        probabilities = probabilities.mean(dim=1)
    if not batched:
        return output.squeeze(1), probabilities.squeeze(0)
    return output, probabilities
