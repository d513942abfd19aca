"""Pointwise functions of several tensors, and with bounds or settings."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes, prims
from ..dtypes import c_name
from ..kernels import fused
from ..tensor import Tensor, method
from .checks import lacking, not_complex
from .comparison import where
from .declare import EXPRESSION, alias, composite, op
from .promotion import result_type


@op(promote="default", method=False, name="_clamp", grad_name="ClampBackward1", check=not_complex, **EXPRESSION)
def clamp_numbers(input, min: Any, max: Any):
    """x between two numbers."""
    result = input if min is None else prims.maximum(input, min)
    if max is not None:
        result = prims.minimum(result, max)
    return result.copy() if result is input else result


clamp_numbers.vjp(
    input=lambda g, input, min, max: where(
        (input <= max) if min is None else (input >= min) if max is None else (input >= min) & (input <= max), g, 0.0
    )
)


@op(promote="default", method=False, name="_clamp_tensors", grad_name="ClampBackward0", check=not_complex, **EXPRESSION)
def clamp_tensors(input, min: Tensor | None, max: Tensor | None):
    """x between the elements of two tensors."""
    result = input if min is None else prims.maximum(input, min)
    return result if max is None else prims.minimum(result, max)


@clamp_tensors.vjp
def _clamp_vjp(g: Any, input: Any, min: Any, max: Any, needs: Any) -> Any:
    if min is None:
        inside, below, above = input <= max, None, input > max
    elif max is None:
        inside, below, above = input >= min, input < min, None
    else:
        inside, below = (input >= min) & (input <= max), (min < max) & (input < min)
        above = (input > max) | (max < min)
    return (
        where(inside, g, 0.0) if needs[0] else None,
        where(below, g, 0.0) if below is not None and needs[1] else None,
        where(above, g, 0.0) if above is not None and needs[2] else None,
    )


def _number(value: Any) -> Any:
    return value.item() if isinstance(value, Tensor) and value._array.ndim == 0 and value._node is None else value


def _bound(value: Any, kind: dtypes.dtype) -> Any:
    """A bound as an integer dtype holds it: a negative one wraps around in an unsigned dtype."""
    if value is None:
        return None
    limits = dtypes.iinfo(kind)
    if not (-limits.max if limits.min == 0 else limits.min) <= value <= limits.max:
        raise RuntimeError(f"value cannot be converted to type {kind.name}_t without overflow")
    return value + limits.max + 1 if value < limits.min else int(value)


@composite(inplace=True)
def clamp(input, min: Any = None, max: Any = None):
    """x, at least `min` and at most `max`: numbers or tensors."""
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if isinstance(min, Tensor) or isinstance(max, Tensor):
        bounds = [None if b is None else b if isinstance(b, Tensor) else input.new_tensor(b) for b in (min, max)]
        return clamp_tensors(input, *bounds)
    if isinstance(input, Tensor) and not input.dtype.is_differentiable:
        kind = result_type([input, min, max])
        if kind is dtypes.bool_:
            raise NotImplementedError(
                f"\"clamp_{'max' if min is None else 'min'}_scalar_cpu\" not implemented for 'Bool'"
            )
        input = input if input.dtype is kind else input.to(kind)
        if not kind.is_differentiable:
            min, max = _bound(min, kind), _bound(max, kind)
    return clamp_numbers(input, min, max)


@composite(inplace=True, grad_name="ClampMinBackward0")
def clamp_min(input, min: Any):
    """x, at least `min`."""
    return clamp(input, min=min)


@composite(inplace=True, grad_name="ClampMaxBackward0")
def clamp_max(input, max: Any):
    """x, at most `max`."""
    return clamp(input, max=max)


alias(clamp, "clip")


@op(
    promote="default",
    inplace=True,
    name="_lerp",
    traced=True,
    method=False,
    grad_name="LerpBackward0",
    check=lacking("iub", "lerp_kernel_scalar"),
)
def lerp_op(input, end, weight: Any):
    """input + weight * (end - input)."""
    return _lerped(input, end, weight)


@fused
def _from_start(start, end, weight):
    return prims.add(start, prims.mul(prims.sub(end, start), weight))


@fused
def _from_end(start, end, weight):
    return prims.sub(end, prims.mul(prims.sub(end, start), prims.sub(1, weight)))


def _lerped(start: Any, end: Any, weight: Any) -> Any:
    """Computed from the nearer end, so that weight 1 gives `end` exactly."""
    if isinstance(weight, (int, float, complex)):
        return (_from_start if abs(weight) < 0.5 else _from_end)(start, end, weight)
    near, far = _from_start(start, end, weight), _from_end(start, end, weight)
    return prims.where(prims.lt(prims.abs(weight), 0.5), near, far)


lerp_op.vjp(input=lambda g, weight: g * _conj(1 - weight), end=lambda g, weight: g * _conj(weight))


@op(
    promote="default",
    name="_lerp_tensor",
    **EXPRESSION,
    method=False,
    grad_name="LerpBackward1",
    check=lacking("iub", "lerp_kernel_tensor"),
)
def lerp_tensor(input, end, weight):
    """input + weight * (end - input), for a tensor of weights."""
    return _lerped(input, end, weight)


def _conj(x: Any) -> Any:
    if isinstance(x, (int, float)):
        return x
    if isinstance(x, complex):
        return x.conjugate()
    if isinstance(x, Tensor):
        return x.conj() if x.is_complex() else x
    return np.conjugate(x) if x.dtype.kind == "c" else x


lerp_tensor.vjp(
    input=lambda g, weight: g * _conj(1 - weight),
    end=lambda g, weight: g * _conj(weight),
    weight=lambda g, input, end: g * _conj(end - input),
)


@composite(inplace=True)
def lerp(input, end, weight: Any):
    """input + weight * (end - input)."""
    if isinstance(input, Tensor) and isinstance(end, Tensor) and input.dtype is not end.dtype:
        raise RuntimeError(f"expected dtype {c_name(input.dtype)} for `end` but got dtype {c_name(end.dtype)}")
    if isinstance(input, Tensor) and isinstance(weight, Tensor) and input.dtype is not weight.dtype:
        raise RuntimeError(f"expected dtype {c_name(input.dtype)} for `weight` but got dtype {c_name(weight.dtype)}")
    return lerp_tensor(input, end, weight) if isinstance(weight, (Tensor, np.ndarray)) else lerp_op(input, end, weight)


def _add_third(name: str, operator: Any, doc: str) -> Any:
    @op(promote="default", inplace=True, name=name, grad_name=f"{name.capitalize()}Backward0", **EXPRESSION)
    def function(input, tensor1, tensor2, *, value: Any = 1):
        product = operator(tensor1, tensor2)
        return prims.add(input, product if value == 1 else prims.mul(product, value))

    function.op.doc = doc
    return function


addcmul = _add_third("addcmul", prims.mul, "input + value * tensor1 * tensor2.")
addcmul.op.check = lacking("b", "addcmul_cpu_out")
addcmul.vjp(
    input=lambda g: g,
    tensor1=lambda g, tensor2, value: g * _conj(tensor2 * value),
    tensor2=lambda g, tensor1, value: g * _conj(tensor1 * value),
)


def _check_addcdiv(*arrays: Any) -> None:
    if arrays[1].dtype.kind in "iub" and arrays[2].dtype.kind in "iub":
        raise RuntimeError(
            "Integer division with addcdiv is no longer supported, and in a future  release addcdiv will perform a "
            "true division of tensor1 and tensor2. The historic addcdiv behavior can be implemented as (input + value "
            "* torch.trunc(tensor1 / tensor2)).to(input.dtype) for integer inputs and as (input + value * tensor1 / "
            "tensor2) for float inputs. The future addcdiv behavior is just the latter implementation: (input + value "
            "* tensor1 / tensor2), for all dtypes."
        )


addcdiv = _add_third("addcdiv", prims.true_divide, "input + value * tensor1 / tensor2.")
addcdiv.op.check = _check_addcdiv
addcdiv.vjp(
    input=lambda g: g,
    tensor1=lambda g, tensor2, value: g * _conj(value / tensor2),
    tensor2=lambda g, tensor1, tensor2, value: g * _conj(-value * tensor1 / (tensor2 * tensor2)),
)


@op(inplace=True, grad_name="NanToNumBackward0")
def nan_to_num(input, nan: Any = None, posinf: Any = None, neginf: Any = None):
    """x with NaN, inf and -inf replaced (by 0, the greatest and the least number of the dtype)."""
    if input.dtype.kind in "iub":
        return input.copy()
    if input.dtype.kind == "c":
        return np.nan_to_num(input, nan=nan or 0.0, posinf=posinf, neginf=neginf)
    if np.isfinite(input).all():
        return input.copy()
    limits = dtypes.finfo(dtypes.from_numpy_dtype(input.dtype))
    result = np.where(np.isnan(input), input.dtype.type(0 if nan is None else nan), input)
    result = np.where(np.isposinf(input), input.dtype.type(limits.max if posinf is None else posinf), result)
    return np.where(np.isneginf(input), input.dtype.type(limits.min if neginf is None else neginf), result)


nan_to_num.vjp(
    input=lambda g, input: where(input.isfinite() if isinstance(input, Tensor) else np.isfinite(input), g, 0.0)
)


@composite(method=False, out=False, grad_name="RsubBackward1")
def rsub(input, other: Any, alpha: Any = 1):
    """other - alpha * input."""
    if not isinstance(input, Tensor):
        raise TypeError("rsub(): the first argument is no tensor")
    return other - (input if alpha == 1 else input * alpha)


def _wide(*operands: Any) -> dtypes.dtype:
    """The dtype in which `float_power` computes."""
    for each in operands:
        if isinstance(each, complex) or (isinstance(each, Tensor) and each.is_complex()):
            return dtypes.complex128
    return dtypes.float64


_POWER_OUT = "the output given to float_power has dtype {out} but the operation's result requires dtype {result}"


@composite
def float_power(input: Any, exponent: Any):
    """x to a power, computed in float64 (or complex128)."""
    wide = _wide(input, exponent)
    if not isinstance(input, Tensor) and not isinstance(exponent, Tensor):
        raise TypeError("float_power(): neither argument is a tensor")
    base = input.to(wide) if isinstance(input, Tensor) else input
    power = exponent.to(wide) if isinstance(exponent, Tensor) else exponent
    return base**power


float_power.op.exact_out = _POWER_OUT


@method
def float_power_(self: Any, exponent: Any) -> Tensor:
    """`float_power` of the tensor itself, which must have the result's dtype."""
    wide = _wide(self, exponent)
    if self.dtype is not wide:
        raise RuntimeError(
            f"the base given to float_power_ has dtype {dtypes.scalar_name(self.dtype)} but the operation's result "
            f"requires dtype {dtypes.scalar_name(wide)}"
        )
    return self.pow_(exponent.to(wide) if isinstance(exponent, Tensor) else exponent)  # type: ignore[no-any-return]


@op(out=True, quiet=True, method=True, name="frexp")
def frexp(input):
    """Mantissas in [0.5, 1) and exponents with x = mantissa * 2**exponent."""
    from .. import return_types

    if input.dtype.kind not in "fV":
        raise RuntimeError("torch.frexp() only supports floating-point dtypes")
    mantissa, exponent = np.frexp(input.astype(np.float32) if input.dtype.kind == "V" else input)
    return return_types.frexp(np.asarray(mantissa).astype(input.dtype), np.asarray(exponent, np.int32))


frexp.vjp(input=lambda g, result1: g[0] / 2.0**result1)
