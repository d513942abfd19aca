"""Pointwise ops that choose: extremes, comparisons, logic and bits, `where`."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import dtypes, prims
from ..tensor import Tensor, attach, method
from .checks import lacking, refusing
from .declare import alias, binary, op, operators, unary


def flat(g: Any) -> Any:
    """The cotangent through a function that is flat almost everywhere: 0, whatever `g` is."""
    return where(g == 0, g * g, 0.0)


def underivable(name: str) -> dict[str, Any]:
    """The options of an op whose results want a gradient that PyTorch cannot give: the backward pass raises."""

    def rule(g: Any) -> Any:
        raise RuntimeError(f"derivative for aten::{name} is not implemented")

    return {"grad_name": "NotImplemented", "input": rule, "other": rule}


# --- extremes -------------------------------------------------------------------------------------------


def _extreme(name: str, doc: str, **rules: Callable[..., Any]) -> Any:
    """One element of each pair."""
    check = refusing("c", f"{name} not implemented for complex tensors.")
    return binary(name, getattr(prims, name), doc, inplace=False, scalars=(), check=check, **rules)


def _shared(loses: Callable[[Any, Any], Any]) -> dict[str, Callable[..., Any]]:
    """The gradient goes to the element that does not lose, and to both evenly at ties."""
    return {
        "input": lambda g, input, other: where(input == other, g * 0.5, where(loses(input, other), 0.0, g)),
        "other": lambda g, input, other: where(input == other, g * 0.5, where(loses(other, input), 0.0, g)),
    }


def _first(wins: Callable[[Any, Any], Any]) -> dict[str, Callable[..., Any]]:
    """It goes to the first element where that wins, or the second is NaN."""
    return {
        "input": lambda g, input, other: where(wins(input, other) | isnan(other), g, 0.0),
        "other": lambda g, input, other: where(wins(input, other) | isnan(other), 0.0, g),
    }


maximum = _extreme("maximum", "The greater of each pair (NaN if either is).", **_shared(operator.lt))
minimum = _extreme("minimum", "The lesser of each pair (NaN if either is).", **_shared(operator.gt))
fmax = _extreme("fmax", "The greater of each pair, ignoring NaN.", **_first(operator.ge))
fmin = _extreme("fmin", "The lesser of each pair, ignoring NaN.", **_first(operator.le))

# --- comparison, logic, bits ----------------------------------------------------------------------------

for _name, _doc in {
    "eq": "Whether the elements are equal.",
    "ne": "Whether the elements differ.",
    "lt": "Whether `input` is less than `other`.",
    "le": "Whether `input` is at most `other`.",
    "gt": "Whether `input` is greater than `other`.",
    "ge": "Whether `input` is at least `other`.",
    "logical_and": "Whether both elements are nonzero.",
    "logical_or": "Whether either element is nonzero.",
    "logical_xor": "Whether one element is nonzero and the other zero.",
}.items():
    globals()[_name] = binary(
        _name,
        getattr(prims, _name),
        _doc,
        promote="bool",
        scalars=() if _name.startswith("logical") else ("other",),
        check=lacking("c", f"{_name}_cpu") if _name in ("lt", "le", "gt", "ge") else None,
    )
for _name, _doc in {
    "bitwise_and": "The bits set in both.",
    "bitwise_or": "The bits set in either.",
    "bitwise_xor": "The bits set in one of the two.",
    "bitwise_left_shift": "The bits moved up by `other` places.",
    "bitwise_right_shift": "The bits moved down by `other` places.",
}.items():
    _prim = getattr(prims, _name.removeprefix("bitwise_") if "shift" in _name else _name)
    if "shift" in _name:
        _check = lacking("cfhb", f"{_name[8]}shift_cpu")
    else:
        _check = lacking("cfh", f"{_name}_cpu")
    globals()[_name] = binary(_name, _prim, _doc, check=_check)
for _name, _doc in {
    "isnan": "Whether the element is NaN.",
    "isinf": "Whether the element is infinite.",
    "isfinite": "Whether the element is neither infinite nor NaN.",
    "signbit": "Whether the sign bit is set.",
    "logical_not": "Whether the element is zero.",
}.items():
    globals()[_name] = unary(
        _name,
        getattr(prims, _name),
        _doc,
        promote=None,
        check=refusing("c", "signbit is not implemented for complex tensors.", NotImplementedError)
        if _name == "signbit"
        else None,
        inplace=_name == "logical_not",
        out="no" in _name or "bit" in _name,
    )
eq: Any
ne: Any
lt: Any
le: Any
gt: Any
ge: Any
bitwise_and: Any
bitwise_or: Any
bitwise_xor: Any
bitwise_left_shift: Any
bitwise_right_shift: Any
isnan: Any
isinf: Any
isfinite: Any
logical_not: Any
bitwise_not = unary("bitwise_not", prims.bitwise_not, "The bits inverted.", check=lacking("cfh", "bitwise_not_cpu"))
copysign = binary(
    "copysign",
    prims.copysign,
    "The size of `input` with the sign of `other`.",
    scalars=("other",),
    promote="float",
    input=lambda g, input, result: g * where(input == 0, 0.0, result / where(input == 0, 1.0, input)),
    other=lambda g: flat(g),
    check=lacking("c", "copysign_cpu"),
)
nextafter = binary(
    "nextafter",
    prims.nextafter,
    "The next float towards `other`.",
    scalars=(),
    input=lambda g: g,
    other=lambda g: flat(g),
    check=lacking("ciub", "nextafter_cpu"),
)
gcd = binary("gcd", prims.gcd, "The greatest common divisor.", check=lacking("cfhb", "gcd_cpu"), scalars=())
lcm = binary("lcm", prims.lcm, "The least common multiple.", check=lacking("cfhb", "lcm_cpu"), scalars=())
heaviside = binary(
    "heaviside",
    lambda x, y: np.where(x == 0, y, x > 0).astype(x.dtype),
    "0, `other` or 1 for negative, zero and positive elements.",
    promote="same",
    scalars=(),
    **underivable("heaviside"),
    check=refusing("c", "heaviside is not yet implemented for complex tensors."),
)


@op(
    promote="default",
    scalars=("input", "other"),
    alone=True,
    keep=("condition",),
    grad_name="WhereBackward0",
    method=False,
)
def where(condition, input, other):  # type: ignore[no-untyped-def]
    """`input` where `condition`, else `other`."""
    if condition.dtype != bool:
        if condition.dtype != np.uint8:
            raise RuntimeError(
                "where expected condition to be a boolean tensor, but got a tensor with dtype "
                f"{dtypes.scalar_name(dtypes.from_numpy_dtype(condition.dtype))}"
            )
        condition = condition.astype(bool)
    return prims.where(condition, input, other)


where.vjp(
    input=lambda g, condition: where(condition, g, 0.0),
    other=lambda g, condition: where(condition, 0.0, g),
)


def _places(condition: Any) -> Any:
    """`where` of a condition alone: the indices of what is true."""
    from .indexing import nonzero

    return nonzero(condition, as_tuple=True)


where.op.shorter = _places


def _where(self: Any, condition: Any, other: Any) -> Any:
    """This tensor's elements where `condition`, else those of `other`."""
    return where(condition, self, other)


attach(where=_where)


# --- operators ---------------------------------------------------------------------------------------------


@method
def __invert__(self: Tensor) -> Tensor:
    """The bits inverted, of integers and bools."""
    if self.dtype.is_differentiable:
        raise TypeError("~ (operator.invert) is only implemented on integer and Boolean-type tensors")
    return bitwise_not(self)  # type: ignore[no-any-return]


operators(bitwise_and, "and")
operators(bitwise_or, "or")
operators(bitwise_xor, "xor")
operators(bitwise_left_shift, "lshift")
operators(bitwise_right_shift, "rshift")
for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    operators(globals()[_name], _name, reverse=False, inplace=False)

alias(gt, "greater")
alias(ge, "greater_equal")
alias(lt, "less")
alias(le, "less_equal")
alias(ne, "not_equal")
