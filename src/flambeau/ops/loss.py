"""Losses: one node each for the common ones; the others are composed of ops.

`reduction` is "none", "mean" or "sum".
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from .. import prims
from ..dtypes import from_numpy_dtype, scalar_name
from ..kernels import fused
from ..prims import losses as class_losses
from ..tensor import Tensor
from .activation import _log_sigmoid, _log_softmax_body, _need_float, _over, _softmax_body, log_softmax, softmax
from .arithmetic import clamp_min
from .checks import lacking
from .comparison import where
from .declare import EXPRESSION, composite, op
from .errors import cast_error
from .pointwise import abs as absolute
from .pointwise import exp, log, sigmoid, sign, sub, xlogy
from .reduction import need_float

FUNCTIONAL = "flambeau.nn.functional"


def loss(**options: Any) -> Any:
    """Declare a loss of two tensors as an op of `nn.functional`."""
    return op(**{"module": FUNCTIONAL, "method": False, "out": False, "promote": "default", **EXPRESSION, **options})


def composed(grad_name: str | None = None) -> Any:
    """Declare a loss that is written with other ops; `grad_name` is its node's name where PyTorch has one for it."""
    return functools.partial(composite, module=FUNCTIONAL, method=False, out=False, grad_name=grad_name)


def reduced(values: Any, reduction: str) -> Any:
    """The elements' losses as `reduction` asks."""
    if reduction == "none":
        return values
    if isinstance(values, Tensor):
        return values.mean() if reduction == "mean" else values.sum()  # type: ignore[attr-defined]
    if reduction not in ("mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return prims.mean(values) if reduction == "mean" else prims.sum(values)


def share(g: Any, count: int, reduction: str) -> Any:
    """The cotangent of each element's loss."""
    return g / count if reduction == "mean" else g


def _size(*tensors: Any) -> int:
    if len(tensors) == 1 or tensors[0].shape == tensors[1].shape:
        return math.prod(tensors[0].shape)
    return math.prod(np.broadcast_shapes(*[tuple(each.shape) for each in tensors]))


# --- of differences -------------------------------------------------------------------------------------------


@loss(grad_name="MseLossBackward0", check=lacking("ciub", "mse_cpu"))
def mse_loss(input, target, reduction: str):
    """(x - y)**2."""
    difference = prims.sub(input, target)
    return reduced(prims.mul(difference, difference), reduction)


mse_loss.vjp(
    input=lambda g, input, target, reduction: (input - target) * share(g * 2, _size(input, target), reduction),
    target=lambda g, input, target, reduction: (target - input) * share(g * 2, _size(input, target), reduction),
)


@loss(grad_name="MeanBackward0")
def l1_loss(input, target, reduction: str):
    """|x - y|."""
    if reduction == "mean":
        need_float("mean", input)
    return reduced(prims.abs(prims.sub(input, target)), reduction)


def _l1_vjp(g: Any, input: Any, target: Any, reduction: str) -> Any:
    from .pointwise import sgn

    return share(g, _size(input, target), reduction) * sgn(input - target)


l1_loss.op.variant = lambda given: {"mean": None, "sum": "SumBackward0"}.get(given["reduction"], "AbsBackward0")
l1_loss.vjp(input=_l1_vjp, target=lambda g, input, target, reduction: -_l1_vjp(g, input, target, reduction))


@loss(grad_name="SmoothL1LossBackward0", check=lacking("ciub", "smooth_l1_cpu"))
def smooth_l1_loss(input, target, reduction: str, beta: float):
    """(x - y)**2 / (2 beta) where |x - y| < beta, else |x - y| - beta / 2."""
    size = prims.abs(prims.sub(input, target))
    small = prims.true_divide(prims.mul(prims.mul(size, size), 0.5), beta)
    return reduced(prims.where(prims.lt(size, beta), small, prims.sub(size, 0.5 * beta)), reduction)


def _smooth_vjp(g: Any, input: Any, target: Any, reduction: str, beta: float) -> Any:
    d = input - target
    return share(g, _size(input, target), reduction) * where(absolute(d) < beta, d / beta, sign(d))


smooth_l1_loss.vjp(
    input=_smooth_vjp,
    target=lambda g, input, target, reduction, beta: -_smooth_vjp(g, input, target, reduction, beta),
)


@loss(grad_name="HuberLossBackward0", check=lacking("ciub", "huber_cpu"), fuses=False)
def huber_loss(input, target, reduction: str, delta: float):
    """(x - y)**2 / 2 where |x - y| < delta, else delta (|x - y| - delta / 2)."""
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    return _huber(input, target, delta, reduction=reduction)


@fused
def _huber(input, target, delta, *, reduction):
    size = prims.abs(prims.sub(input, target))
    linear = prims.mul(prims.sub(size, 0.5 * delta), delta)
    return reduced(prims.where(prims.lt(size, delta), prims.mul(prims.mul(size, size), 0.5), linear), reduction)


def _huber_vjp(g: Any, input: Any, target: Any, reduction: str, delta: float) -> Any:
    d = input - target
    return share(g, _size(input, target), reduction) * where(absolute(d) < delta, d, delta * sign(d))


huber_loss.vjp(
    input=_huber_vjp,
    target=lambda g, input, target, reduction, delta: -_huber_vjp(g, input, target, reduction, delta),
)


# --- of classes -------------------------------------------------------------------------------------------------


def _classes_last(x: Any) -> Any:
    """(N, C, ...) or (C) as (rows, C)."""
    if x.ndim <= 2:
        return x.reshape(-1, x.shape[-1])
    return np.moveaxis(x, 1, -1).reshape(-1, x.shape[1])


def _classes_back(rows: Any, shape: tuple[int, ...]) -> Any:
    if len(shape) <= 2:
        return rows.reshape(shape)
    return np.moveaxis(rows.reshape(shape[0], *shape[2:], shape[1]), -1, 1)


def _named(array: Any) -> str:
    return scalar_name(from_numpy_dtype(array.dtype))


def _check_classes(input: Any, target: Any, weight: Any, ignore_index: int) -> None:
    """Raise, in PyTorch's words and order, for class indices that are not those of `input`."""
    count = input.shape[1 if input.ndim > 1 else 0]
    if input.ndim == 1 and target.ndim == 1 and target.size != 1:
        raise ValueError(f"For 1D input, 1D target must have size 1, but got target size: {target.size}")
    if input.ndim > 1 and (target.ndim == 0 or input.shape[0] != target.shape[0]):
        batch = target.shape[0] if target.ndim else 0
        raise ValueError(f"Expected input batch_size ({input.shape[0]}) to match target batch_size ({batch}).")
    if input.ndim <= 2 and target.ndim > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if input.ndim == 4 and target.ndim != 3:
        raise RuntimeError(
            f"only batches of spatial targets supported (3D tensors) but got targets of dimension: {target.ndim}"
        )
    if input.ndim > 2 and input.ndim != 4 and target.shape[1:] != input.shape[2:]:
        raise RuntimeError(f"Expected target size {[input.shape[0], *input.shape[2:]]}, got {list(target.shape)}")
    if target.dtype not in (np.int64, np.uint8):
        raise RuntimeError(f"expected target dtype to be Long or Byte, but got {_named(target)}")
    if target.shape[1:] != input.shape[2:]:
        raise RuntimeError(f"size mismatch (got input: {list(input.shape)} , target: {list(target.shape)}")
    if target.dtype == np.uint8 and input.ndim > 2:
        raise RuntimeError("expected scalar type Long but found Byte")
    lacking("ciub", "nll_loss2d_forward_out_frame" if input.ndim > 2 else "nll_loss_out_frame")(input)
    if weight is not None and (weight.ndim != 1 or weight.size != count):
        raise RuntimeError(
            f"weight tensor should be defined either for all {count} classes or no classes but got weight tensor of "
            f"shape: {list(weight.shape)}"
        )
    if weight is not None and weight.dtype != input.dtype:
        raise RuntimeError(f"expected scalar type {_named(input)} but found {_named(weight)}")
    _check_bounds(target, count, ignore_index)


def _check_bounds(target: Any, count: int, ignore_index: int) -> None:
    flat = target.reshape(-1)
    bad = (flat != ignore_index) & ((flat < 0) | (flat >= count))
    if bad.any():
        raise IndexError(f"Target {int(flat[np.argmax(bad)])} is out of bounds.")


class _Targets:
    """Class indices as rows: which count, their classes, and the weights of their losses."""

    def __init__(self, target: Any, weight: Any, ignore_index: int, array_dtype: Any) -> None:
        flat = target.reshape(-1)
        counts = flat != ignore_index
        self.every = bool(counts.all())
        self.classes = flat if self.every else np.where(counts, flat, 0)
        self.rows = np.arange(flat.size)
        self.counts = counts
        if weight is None:
            self.weights = np.ones((), array_dtype) if self.every else counts.astype(array_dtype)
            self.total = array_dtype.type(flat.size if self.every else counts.sum())
        else:
            self.weights = weight[self.classes] * counts
            self.total = prims.sum(self.weights)


def _class_reduction(values: Any, targets: _Targets, reduction: str, shape: tuple[int, ...]) -> Any:
    if reduction == "none":
        return values.reshape(shape)
    total = prims.sum(values)
    return total / targets.total if reduction == "mean" else total


@loss(grad_name="NllLossBackward0", promote=None)
def nll_loss(input, target, weight: Tensor | None, reduction: str, ignore_index: int):
    """Minus the log-probability (N, C, ...) given to each class index (N, ...)."""
    _check_classes(input, target, weight, ignore_index)
    targets = _Targets(target, weight, ignore_index, input.dtype)
    picked = _classes_last(input)[targets.rows, targets.classes]
    values = -picked * targets.weights
    if not targets.every:
        values[~targets.counts] = 0
    return _class_reduction(values, targets, reduction, target.shape)


nll_loss.op.variant = lambda given: "NllLoss2DBackward0" if len(given["input_shape"]) > 2 else None


@nll_loss.vjp
def _nll_vjp(
    g: Any, input_shape: Any, input_dtype: Any, target: Any, weight: Any, reduction: str, ignore_index: int
) -> Any:
    plain = target._array if isinstance(target, Tensor) else target
    factor = weight._array if isinstance(weight, Tensor) else weight
    targets = _Targets(plain, factor, ignore_index, input_dtype)
    rows = np.zeros((plain.size, input_shape[1 if len(input_shape) > 1 else 0]), input_dtype)
    rows[targets.rows, targets.classes] = -targets.weights
    return _scaled_rows(g, _classes_back(rows, input_shape), targets, reduction), None, None


def _scaled_rows(g: Any, rows: Any, targets: _Targets, reduction: str) -> Any:
    """The gradient of the sum of losses, `rows`, times each loss's cotangent."""
    if isinstance(g, Tensor) and not isinstance(rows, Tensor):
        from ..tensor import wrap

        rows = wrap(np.ascontiguousarray(rows))
    if reduction == "mean":
        return rows * (g / (targets.total.item() if targets.counts.any() else 1))
    if reduction == "none" and rows.ndim > 1:
        lead = g.shape[:1]
        g = g.reshape((*lead, 1, *g.shape[1:]))
    return rows * g


@fused
def _log_sum(x: Any) -> Any:
    """log(sum(exp(x))) of each row."""
    most = prims.amax(x, 1, True)
    return most + prims.log(prims.sum(prims.exp(x - most), 1, True))


@fused
def _scaled_softmax(x: Any, scale: Any) -> Any:
    """softmax of each row, times the row's `scale`."""
    e = prims.exp(x - prims.amax(x, 1, True))
    return e * (scale / prims.sum(e, 1, True))


@loss(grad_name="NllLossBackward0", promote=None, name="_cross_entropy_indices")
def cross_entropy_indices(
    input, target, weight: Tensor | None, reduction: str, ignore_index: int, label_smoothing: float
):
    if weight is None and not label_smoothing and class_losses.suits(input, target):
        values, count, fine = class_losses.class_losses(input, target, ignore_index)
        if not fine:
            _check_bounds(target, input.shape[1], ignore_index)
        if reduction == "none":
            return values
        total = prims.sum(values)
        return total / input.dtype.type(count) if reduction == "mean" else total
    _check_classes(input, target, weight, ignore_index)
    targets = _Targets(target, weight, ignore_index, input.dtype)
    rows = _classes_last(input)
    if label_smoothing or rows.dtype.itemsize == 2 or not rows.size:
        log_probabilities = _over(_log_softmax_body, rows, 1)
        values = -log_probabilities[targets.rows, targets.classes] * targets.weights
    else:
        values = (_log_sum(rows)[:, 0] - rows[targets.rows, targets.classes]) * targets.weights
    if label_smoothing:
        spread = prims.sum(log_probabilities if weight is None else log_probabilities * weight, 1)
        values = (1 - label_smoothing) * values - (label_smoothing / rows.shape[1]) * spread
    if not targets.every:
        values = np.where(targets.counts, values, 0).astype(values.dtype)
    return _class_reduction(values, targets, reduction, target.shape)


def _cross_entropy_name(given: dict[str, Any]) -> str | None:
    if given["label_smoothing"]:
        return "AddBackward0"
    return "NllLoss2DBackward0" if given["input"].ndim > 2 else None


cross_entropy_indices.op.variant = _cross_entropy_name


@cross_entropy_indices.vjp
def _cross_entropy_vjp(
    g: Any, input: Any, target: Any, weight: Any, reduction: str, ignore_index: int, label_smoothing: float
) -> Any:
    """Of each row: softmax times the sum of the target's weights, less those weights."""
    plain = target._array if isinstance(target, Tensor) else target
    factor = weight._array if isinstance(weight, Tensor) else weight
    logits = input._array if isinstance(input, Tensor) else input
    if factor is None and not label_smoothing and not isinstance(g, Tensor) and class_losses.suits(logits, plain):
        scale = g
        if reduction == "mean":
            scale = g / logits.dtype.type(np.count_nonzero(plain != ignore_index))
        scale = np.asarray(scale, logits.dtype, order="C")
        return class_losses.cotangent(logits, plain, ignore_index, scale), None, None
    targets = _Targets(plain, factor, ignore_index, logits.dtype)
    classes = logits.shape[1 if logits.ndim > 1 else 0]
    if not isinstance(g, Tensor) and not label_smoothing and reduction != "none":
        scale = g / targets.total if reduction == "mean" else g
        scale = np.asarray(targets.weights * scale, logits.dtype).reshape(-1, 1)
        if not targets.every:  # also where none counts and the scale is no number
            scale[~targets.counts] = 0
        rows = _classes_last(logits)
        if rows.dtype.itemsize == 2 or not rows.size:
            rows = _over(_softmax_body, rows, 1) * scale
        else:
            rows = _scaled_softmax(rows, scale)
        rows[targets.rows, targets.classes] -= scale[:, 0]
        return _classes_back(rows, logits.shape), None, None
    wanted = np.zeros((plain.size, classes), logits.dtype)
    wanted[targets.rows, targets.classes] = targets.weights * (1 - label_smoothing)
    if label_smoothing:
        wanted += (label_smoothing / classes) * (1 if factor is None else factor)
        wanted[~targets.counts] = 0
    mass = np.broadcast_to(prims.sum(wanted, 1, True), wanted.shape)
    wanted, mass = _classes_back(wanted, logits.shape), _classes_back(mass, logits.shape)
    if isinstance(g, Tensor):
        from ..tensor import wrap

        wanted, mass = wrap(np.ascontiguousarray(wanted)), wrap(np.ascontiguousarray(mass))
    rows = softmax(input, 1 if logits.ndim > 1 else 0) * mass - wanted
    return _scaled_rows(g, rows, targets, reduction) if reduction != "none" else _each_row(g, rows), None, None


def _each_row(g: Any, rows: Any) -> Any:
    if rows.ndim > 1:
        shape = tuple(g.shape)
        g = g.reshape((*shape[:1], 1, *shape[1:]))
    return rows * g


@composed()
def cross_entropy(input, target, weight: Any, reduction: str, ignore_index: int, label_smoothing: float):
    """The cross-entropy of logits (N, C, ...) and class indices (N, ...) or probabilities (N, C, ...)."""
    if input.ndim == 0:
        raise RuntimeError("Expected target to be 0D")
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing:g}")
    _need_float("log_softmax", input._array if isinstance(input, Tensor) else input, input.ndim <= 2)
    if input.shape == target.shape and not target.is_floating_point():
        kind = scalar_name(target.dtype)
        raise RuntimeError(f"Expected floating point type for target with class probabilities, got {kind}")
    if input.shape != target.shape:
        return cross_entropy_indices(input, target, weight, reduction, ignore_index, label_smoothing)
    axis = 1 if input.ndim > 1 else 0
    classes = input.shape[axis]
    if label_smoothing:
        target = target * (1 - label_smoothing) + label_smoothing / classes
    scores = log_softmax(input, axis)
    if weight is not None:
        scores = scores * weight.reshape((1,) * axis + (classes,) + (1,) * (input.ndim - axis - 1))
    values = -(scores * target).sum(axis)
    if reduction == "mean":
        return values.sum() / max(values.numel(), 1)
    return reduced(values, reduction)


# --- of probabilities ---------------------------------------------------------------------------------------------


@loss(
    grad_name="BinaryCrossEntropyBackward0",
    name="_bce",
    promote="same",
    check=lacking("ciub", "binary_cross_entropy"),
)
def _bce(input, target):
    if input.size and not ((input >= 0) & (input <= 1)).all():
        raise RuntimeError("all elements of input should be between 0 and 1")
    return (target - 1) * np.maximum(np.log1p(-input), -100) - target * np.maximum(np.log(input), -100)


_bce.vjp(
    input=lambda g, input, target: g * (input - target) / clamp_min((1 - input) * input, 1e-12),
    target=lambda g, input: g * (log(1 - input) - log(input)),
)


@composed("BinaryCrossEntropyBackward0")
def binary_cross_entropy(input, target, weight: Any, reduction: str):
    """-(y log x + (1 - y) log(1 - x)); the logarithms are at least -100."""
    if target.shape != input.shape:
        raise ValueError(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}) is deprecated. "
            "Please ensure they have the same size."
        )
    if target.dtype is not input.dtype:
        raise RuntimeError(f"Found dtype {scalar_name(target.dtype)} but expected {scalar_name(input.dtype)}")
    values = _bce(input, target)
    return reduced(values if weight is None else values * weight, reduction)


@loss(grad_name="BinaryCrossEntropyWithLogitsBackward0", name="_bce_logits")
def _bce_logits(input, target, reduction: str):
    positive = prims.maximum(input, 0)
    tail = prims.log1p(prims.exp(prims.negative(prims.abs(input))))
    return reduced(prims.add(prims.sub(positive, prims.mul(input, target)), tail), reduction)


_bce_logits.vjp(
    input=lambda g, input, target, reduction: share(g, _size(input), reduction) * (sigmoid(input) - target),
    target=lambda g, input, reduction: share(g, _size(input), reduction) * -input,
)


@composed("BinaryCrossEntropyWithLogitsBackward0")
def binary_cross_entropy_with_logits(input, target, weight: Any, pos_weight: Any, reduction: str):
    """The binary cross-entropy of sigmoid(x); `pos_weight` weighs the positive term."""
    if target.shape != input.shape:
        raise ValueError(f"Target size ({target.shape}) must be the same as input size ({input.shape})")
    if input.dtype is not target.dtype or not input.dtype.is_floating_point:
        lacking("ciub", "log_sigmoid_cpu")(input._array)
        if not target.dtype.is_floating_point:
            sub(target, target)  # which raises for bools
            raise cast_error(input.dtype, target.dtype)
        input = input.to(target.dtype)  # which is the dtype of PyTorch's result
    if pos_weight is None and weight is None:
        return _bce_logits(input, target, reduction)
    if pos_weight is None:
        values = _bce_logits(input, target, "none")
    else:
        log_weight = (pos_weight - 1) * target + 1
        values = (1 - target) * input - log_weight * _log_sigmoid(input)
    return reduced(values if weight is None else values * weight, reduction)


@composed()
def kl_div(input, target, reduction: str, log_target: bool):
    """y (log y - x), for `input` of log-probabilities; with `log_target`, `target` is log y."""
    if not (input.dtype.is_differentiable and target.dtype.is_differentiable):
        raise RuntimeError("kl_div: Integral inputs not supported.")
    values = exp(target) * (target - input) if log_target else xlogy(target, target) - target * input
    return reduced(values, reduction)


@composed()
def poisson_nll_loss(input, target, log_input: bool, full: bool, eps: float, reduction: str):
    """exp(x) - y x (of log rates), or x - y log(x + eps); `full` adds Stirling's approximation of log y!."""
    values = exp(input) - target * input if log_input else input - target * log(input + eps)
    if full:
        stirling = target * log(target) - target + 0.5 * log(2 * math.pi * target)
        values = values + stirling.masked_fill(target <= 1, 0)
    return reduced(values, reduction)


# --- of margins -----------------------------------------------------------------------------------------------------


@composed("SoftMarginLossBackward0")
def soft_margin_loss(input, target, reduction: str):
    """log(1 + exp(-y x))."""
    return reduced(-_log_sigmoid(input * target), reduction)


def _check_rows(input: Any) -> None:
    """Scores must be a vector, or a matrix with classes."""
    if input.ndim > 2 or 0 in tuple(input.shape)[-1:]:
        raise RuntimeError(
            f"Expected non-empty vector or matrix with optional 0-dim batch size, but got: {list(input.shape)}"
        )


@composed("MultiMarginLossBackward0")
def multi_margin_loss(input, target, p: Any, margin: float, weight: Any, reduction: str):
    """The mean over the other classes i of max(0, margin - x[y] + x[i])**p."""
    _check_rows(input)
    if p not in (1, 2):
        raise RuntimeError("only p == 1 and p == 2 supported")
    samples = input.shape[0] if input.ndim > 1 else 1
    if target.ndim > 1 or target.numel() != samples:
        raise RuntimeError(
            "multi_margin_loss: target tensor should be 1-D with size equal to the number of input samples (batch "
            f"size). Expected target size [{samples}], but got {list(target.shape)}. Input has shape "
            f"{list(input.shape)}."
        )
    classes = input.shape[-1] if input.ndim else 1
    if weight is not None and (weight.ndim > 1 or weight.numel() != classes):
        raise RuntimeError(f"inconsistent weight size, expected {classes} but got {list(weight.shape)}")
    rows = input if input.ndim > 1 else input.reshape((1, -1))
    classes = rows.shape[1]
    places = target.reshape((-1, 1))
    if places.numel() and not bool(((places >= 0) & (places < classes)).all()):
        raise RuntimeError("target out of range")
    picked = rows.gather(1, places)
    values = clamp_min(margin - picked + rows, 0)
    values = values if p == 1 else values * values
    if weight is not None:
        values = values * weight[places]
    others = values.new_ones(tuple(values.shape)).scatter(1, places, 0.0)
    values = (values * others).sum(1) / classes
    return reduced(values if target.ndim else values.reshape(()), reduction)


@composed("MultilabelMarginLossBackward0")
def multilabel_margin_loss(input, target, reduction: str):
    """The sum over pairs of target and other classes of max(0, 1 - x[y] + x[i]), over the number of classes.

    The targets of a row are its entries before the first -1.
    """
    _check_rows(input)
    if tuple(target.shape) != tuple(input.shape):
        raise RuntimeError(f"inconsistent target size: {list(target.shape)} for input of size: {list(input.shape)}")
    classes = input.shape[-1] if input.ndim else 1
    if target.numel() and not bool(((target >= -1) & (target < classes)).all()):
        raise RuntimeError("argument #2 'target' is out of range")
    rows = input if input.ndim > 1 else input.reshape((1, -1))
    places = target.reshape(tuple(rows.shape))
    valid = (places >= 0).cumprod(1).bool()
    classes = rows.shape[1]
    safe = places.where(valid, 0)
    is_target = rows.new_zeros(tuple(rows.shape)).scatter_add(1, safe, valid.to(rows.dtype)) > 0
    picked = rows.gather(1, safe)
    margins = clamp_min(1 - picked.unsqueeze(2) + rows.unsqueeze(1), 0)
    counted = valid.unsqueeze(2) & ~is_target.unsqueeze(1)
    values = (margins * counted).sum((1, 2)) / classes
    return reduced(values if input.ndim > 1 else values.reshape(()), reduction)


@composed()
def cosine_embedding_loss(input1, input2, target, margin: float, reduction: str):
    """1 - cos for pairs labelled 1, max(0, cos - margin) for those labelled -1."""
    eps = 1e-12
    if target.ndim not in (0, 1):
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if target.ndim + 1 != input1.ndim or target.ndim + 1 != input2.ndim:
        raise RuntimeError(
            f"{target.ndim}D target tensor expects {target.ndim + 1}D input tensors, but found inputs with sizes "
            f"{list(input1.shape)} and {list(input2.shape)}."
        )
    product = (input1 * input2).sum(-1)
    sizes = ((input1 * input1).sum(-1) + eps) * ((input2 * input2).sum(-1) + eps)
    cosine = product / sizes.sqrt()
    values = where(target == 1, 1 - cosine, where(target == -1, clamp_min(cosine - margin, 0), 0.0))
    return reduced(values, reduction)


@composed()
def triplet_margin_loss(anchor, positive, negative, margin: float, p: float, eps: float, swap: bool, reduction: str):
    """max(0, |anchor - positive| - |anchor - negative| + margin), in the `p`-norm."""
    if len({anchor.ndim, positive.ndim, negative.ndim}) > 1:
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: "
            f"anchor {anchor.ndim}D, positive {positive.ndim}D, and negative {negative.ndim}D inputs"
        )

    def distance(a: Any, b: Any) -> Any:
        return (a - b + eps).norm(p, -1)

    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = far.minimum(distance(positive, negative))
    return reduced(clamp_min(margin + near - far, 0), reduction)
