"""Conversions and copies: `to` and its short forms, `clone`, `contiguous`, and the plainest writes."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes
from ..autograd import inplace
from ..autograd.engine import sum_to
from ..autograd.graph import Node, next_seq, rename
from ..autograd.modes import state
from ..device import check as check_device
from ..device import device as Device
from ..dtypes import dtype
from ..prims import copies
from ..tensor import (
    Tensor,
    attach,
    channels_last,
    channels_last_3d,
    contiguous_format,
    memory_format,
    method,
    new,
    preserve_format,
)
from .declare import composite, namespace, op
from .dispatch import override, overrides
from .errors import broadcast_error
from .memory import check_target, dense
from .promotion import NUMBERS

_LAST_ORDER = {channels_last: (0, 2, 3, 1), channels_last_3d: (0, 2, 3, 4, 1)}


def copied(array: Any, format: memory_format | None = None, to: np.dtype[Any] | None = None) -> Any:
    """A copy of `array` in a memory format (preserved where the array has no gaps, as PyTorch does)."""
    target = array.dtype if to is None else to
    if format is None or format is preserve_format:
        if array.dtype.kind == "c" and target.kind != "c":
            array = array.real
        return copies.copied(array, target, keep_order=dense(array))
    if array.dtype.kind == "c" and target.kind != "c":
        array = array.real
    if format is contiguous_format:
        return copies.copied(array, target)
    order = _LAST_ORDER[format]
    if array.ndim != len(order):
        raise RuntimeError(f"required rank {len(order)} tensor to use {str(format)[6:]} format")
    back = np.argsort(order)
    return copies.copied(array.transpose(order), target).transpose(back)


@op(out=False, linear=True, grad_name="CloneBackward0", promote=None, quiet=False)
def clone(input, *, memory_format: Any = None):  # type: ignore[no-untyped-def]
    """A copy in memory of its own."""
    return copied(input, memory_format)


clone.vjp(input=lambda g: g)


@op(out=False, linear=True, method=False, grad_name="ToCopyBackward0", promote=None, name="_to_copy")
def convert_copy(input, kind: Any, memory_format: Any):  # type: ignore[no-untyped-def]
    """A copy in another dtype."""
    return copied(input, memory_format, kind.numpy)


convert_copy.vjp(input=lambda g, input_dtype: converted(g, input_dtype))


def converted(value: Any, array_dtype: np.dtype[Any]) -> Any:
    """An array or tensor in another dtype (of complex numbers, the real part, if that is real)."""
    if isinstance(value, Tensor):
        return value.to(dtypes.from_numpy_dtype(array_dtype))  # type: ignore[attr-defined]
    value = np.asarray(value)
    if value.dtype.kind == "c" and array_dtype.kind != "c":
        value = value.real
    return value.astype(array_dtype)


def convert(tensor: Tensor, kind: dtype) -> Tensor:
    """`tensor` in dtype `kind`: itself if it has that dtype."""
    if tensor._array.dtype == kind.numpy:
        return tensor
    return convert_copy(tensor, kind, None)


@composite(out=False)
def contiguous(input, memory_format: Any = contiguous_format):  # type: ignore[no-untyped-def]
    """The tensor itself if it lies so in memory, else a copy that does."""
    if isinstance(input, np.ndarray):
        return copies.row_major(input)
    return input if input.is_contiguous(memory_format) else clone(input, memory_format=memory_format)


def parse_to(args: tuple[Any, ...], options: dict[str, Any]) -> tuple[Any, ...]:
    """The arguments of `to`: a dtype, a device, both, or another tensor."""
    kind, where = options.pop("dtype", None), options.pop("device", None)
    non_blocking, copy = options.pop("non_blocking", False), options.pop("copy", False)
    format = options.pop("memory_format", None)
    other = options.pop("other", None)
    rest = list(args)
    if options:
        raise TypeError(f"to() received an invalid keyword argument: {next(iter(options))!r}")
    if rest and isinstance(rest[0], Tensor):
        other = rest.pop(0)
    elif rest and isinstance(rest[0], (dtype, type)):
        kind = rest.pop(0)
    elif rest and (rest[0] is None or isinstance(rest[0], (str, int, Device))):
        where = rest.pop(0)
        if rest and (isinstance(rest[0], (dtype, type)) or rest[0] is None):
            kind = rest.pop(0)
    elif rest:
        raise TypeError(
            f"to() received an invalid combination of arguments - got ({type(rest[0]).__name__}), but expected one of:\n"
            " * (torch.device device = None, torch.dtype dtype = None, bool non_blocking = False, bool copy = False, *, "
            "torch.memory_format memory_format = None)\n"
            " * (torch.dtype dtype, bool non_blocking = False, bool copy = False, *, torch.memory_format memory_format "
            "= None)\n"
            " * (Tensor tensor, bool non_blocking = False, bool copy = False, *, torch.memory_format memory_format = "
            "None)"
        )
    if rest:
        non_blocking = rest.pop(0)
    if rest:
        copy = rest.pop(0)
    if other is not None:
        kind, where = other.dtype, other.device
    if kind is not None:
        kind = dtypes.as_dtype(kind, "to")
    return where, kind, non_blocking, copy, format


@method
def to(self: Tensor, *args: Any, **options: Any) -> Tensor:
    """The tensor in another dtype or on another device; itself if nothing changes and `copy` is false."""
    if len(args) == 1 and not options and (self.__class__ is Tensor or self.__class__ is namespace["Parameter"]):
        given = args[0]
        if given.__class__ is dtype:
            return self if self._array.dtype is given.numpy else convert_copy(self, given, None)
        if (given.__class__ is str and given == "cpu") or (given.__class__ is Device and given.type == "cpu"):
            return self
    answering = overrides((self,))
    if answering:
        return override(Tensor.to, answering, (self, *args), options)  # type: ignore[attr-defined]
    where, kind, _, copy, format = parse_to(args, dict(options))
    if where is not None:
        check_device(where)
    kind = kind or self.dtype
    if (
        not copy
        and self._array.dtype == kind.numpy
        and (format in (None, preserve_format) or self.is_contiguous(format))
    ):
        return self
    return convert_copy(self, kind, format)


def _short_form(name: str, kind: dtype) -> None:
    def cast(self: Tensor, memory_format: Any = preserve_format) -> Tensor:
        if self.__class__ is Tensor and self._array.dtype is kind._numpy:
            return self
        return self.to(kind)  # type: ignore[attr-defined]

    cast.__name__, cast.__qualname__ = name, f"Tensor.{name}"
    cast.__doc__ = f"The tensor in {kind}."
    attach(**{name: cast})


for _name, _kind in {
    "float": dtypes.float32,
    "double": dtypes.float64,
    "half": dtypes.float16,
    "bfloat16": dtypes.bfloat16,
    "int": dtypes.int32,
    "long": dtypes.int64,
    "short": dtypes.int16,
    "char": dtypes.int8,
    "byte": dtypes.uint8,
    "bool": dtypes.bool_,
    "cfloat": dtypes.complex64,
    "cdouble": dtypes.complex128,
}.items():
    _short_form(_name, _kind)


@method
def type_as(self: Tensor, other: Tensor) -> Tensor:
    """The tensor in the dtype of `other`."""
    return self.to(other.dtype)  # type: ignore[attr-defined]


@method
def cpu(self: Tensor, memory_format: Any = preserve_format) -> Tensor:
    """The tensor itself: it is on the CPU."""
    return self


@method
def cuda(self: Tensor, device: Any = None, non_blocking: bool = False, memory_format: Any = None) -> Tensor:
    """Raises: this build computes on the CPU."""
    return self.to(check_device("cuda"))  # type: ignore[attr-defined]


# --- writes -------------------------------------------------------------------------------------------


class CopyBackwards(Node):
    """The history of a tensor that another was copied into: only the source has a gradient; what was there before, 0."""

    __slots__ = ("source_dtype", "source_shape")
    source_dtype: Any
    source_shape: Any

    def run(self, g: Any) -> tuple[Any, ...]:
        before = None if self.edges[0] is None else np.zeros_like(g)
        if self.edges[1] is None:
            return before, None
        if g.shape != self.source_shape:
            g = sum_to(g, self.source_shape)
        return before, converted(g, self.source_dtype)

    def run_graph(self, g: Any) -> tuple[Any, ...]:
        before = None if self.edges[0] is None else g.new_zeros(g.shape)
        if self.edges[1] is None:
            return before, None
        return before, converted(g.sum_to_size(self.source_shape), self.source_dtype)

    def name(self) -> str:
        name = super().name()
        return f"torch::autograd::{name}" if name == "CopyBackwards" else name


@method
def copy_(self: Any, src: Any, non_blocking: bool = False) -> Any:
    """Write the elements of `src` (broadcast, and cast) over this tensor's."""
    answering = overrides((self, src))
    if answering:
        return override(Tensor.copy_, answering, (self, src), {})  # type: ignore[attr-defined]
    if not isinstance(src, Tensor):
        raise TypeError(f"copy_(): argument 'other' (position 1) must be Tensor, not {type(src).__name__}")
    recorded = state.grad and (self._node is not None or src._node is not None)
    if recorded:
        inplace.check(self)
    source = spread = src._array
    if source.shape != self._array.shape:
        try:
            spread = np.broadcast_to(source, self._array.shape)
        except ValueError:
            raise broadcast_error(self._array, source, inplace=True) from None
    check_target(self._array)
    inplace.write(self, spread)
    if recorded:
        node: Any = None
        if self.dtype.is_differentiable and (src._node is not None or self._base is None):
            node = new(CopyBackwards)
            own = None if self._base is not None else self._node  # of a view, the base's history has the rest
            node.seq, node.edges, node.saved = next_seq(), (own, src._node), ()
            node.shape = self._array.shape
            node.source_shape, node.source_dtype = source.shape, source.dtype
        inplace.rebase(self, node)
    if state.dual_levels:
        namespace["forward_copy"](self, src)
    return self


@op(method=False, out=False, inplace=True, promote=None, name="fill", grad_name="FillBackward2")
def fill(input, value: Any):  # type: ignore[no-untyped-def]
    """A tensor like `input` with every element `value`."""
    filled = np.empty_like(input)
    filled[...] = value
    return filled


fill.vjp(input=lambda g: g.new_zeros(g.shape) if isinstance(g, Tensor) else np.zeros_like(g))
_fill_number = fill.op.forms["inplace"]


@method
def fill_(self: Any, value: Any) -> Any:
    """Set every element to `value`, a number or a 0-d tensor."""
    if isinstance(value, Tensor):
        if value._array.ndim:
            raise RuntimeError(
                f"fill_ only supports 0-dimension value tensor but got tensor with {value._array.ndim} dimensions."
            )
        return _settled(copy_(self, value), "FillBackward3")
    if not isinstance(value, NUMBERS):
        raise TypeError(
            f"fill_() received an invalid combination of arguments - got ({type(value).__name__}), but expected one of:\n"
            " * (Tensor value)\n * (Number value)"
        )
    if isinstance(value, complex) and self._array.dtype.kind != "c":
        raise RuntimeError(
            f"value cannot be converted to type {dtypes.scalar_name(self.dtype).lower()} without overflow"
        )
    if self._node is not None and state.grad:
        return _fill_number(self, value)
    copies.fill(self._array, value)
    self._counter[0] += 1
    return self


@method
def zero_(self: Any) -> Any:
    """Set every element to 0."""
    return _settled(fill_(self, 0), "ZeroBackward0")


def _settled(written: Tensor, name: str) -> Tensor:
    """A tensor that was just written, whose history bears that name."""
    if written._node is not None and written._base is None and state.grad:
        rename(written._node, name, settled=True)
    return written


@composite(method=False)
def zero(input):  # type: ignore[no-untyped-def]
    """Zeros like `input`."""
    return fill(input, 0)
