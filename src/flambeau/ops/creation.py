"""Making tensors: from data, filled with a value, and ranges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import dtypes
from ..autograd.engine import quiet, reset_errstate, set_errstate
from ..autograd.graph import AccumulateGrad
from ..device import check as check_device
from ..dtypes import dtype
from ..kernels import pool
from ..prims import copies
from ..storage import UntypedStorage
from ..tensor import (
    Tensor,
    attach,
    channels_last,
    from_numpy,
    method,
    preserve_format,
    wrap,
)
from .convert import copied
from .declare import functions
from .dispatch import override, overrides, write_out
from .promotion import NUMBERS


def creator(function: Any) -> Any:
    """Enter a function in the public namespace."""
    name = function.__name__ = function.__qualname__ = function.__name__.removesuffix("_")
    functions[name] = function
    function.__module__ = "flambeau"
    return function


def made(array: Any, requires_grad: bool = False) -> Tensor:
    tensor = wrap(array)
    if requires_grad:
        if not tensor.dtype.is_differentiable:
            raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
        tensor._node = AccumulateGrad(tensor)
    return tensor


def size_of(args: Sequence[Any], name: str = "empty") -> tuple[int, ...]:
    """A shape given as ints or as one sequence."""
    if len(args) == 1 and not isinstance(args[0], (int, np.integer)):
        first = args[0]
        if isinstance(first, (tuple, list)):
            args = first
        elif isinstance(first, Tensor):
            args = [first] if first._array.ndim == 0 else first.tolist()
        else:
            raise TypeError(f"{name}(): argument 'size' (position 1) must be tuple of ints, not {type(first).__name__}")
    shape = []
    for place, given in enumerate(args):
        each = given
        if given.__class__ is not int:
            if isinstance(given, (bool, float, str)) or not hasattr(given, "__index__"):
                raise TypeError(
                    f"{name}(): argument 'size' (position 1) must be tuple of ints, but found element of type "
                    f"{type(given).__name__} at pos {place}"
                )
            each = given.__index__()
        if each < 0:
            if name == "zeros":
                raise RuntimeError("zeros: Dimension size must be non-negative.")
            raise RuntimeError(f"Trying to create tensor with negative dimension {each}: {[int(n) for n in args]}")
        shape.append(each)
    return tuple(shape)


def _fill_value(given: Any, function: str) -> Any:
    """A `fill_value` as a Python number."""
    if isinstance(given, Tensor):
        return given.item()
    if not isinstance(given, NUMBERS):
        kind = type(given).__name__
        raise TypeError(f"{function}(): argument 'fill_value' (position 2) must be Number, not {kind}")
    return given


def _kind(given: Any, default: dtype | None, function: str) -> dtype:
    if given is None:
        return default or dtypes.get_default_dtype()
    return given if given.__class__ is dtype else dtypes.as_dtype(given, function)


# --- from data ------------------------------------------------------------------------------------------


def _infer(data: Any) -> dtype:
    """The dtype of Python data: the widest of its numbers'."""
    if isinstance(data, Tensor):
        return data.dtype
    if isinstance(data, (np.ndarray, np.generic)):
        return dtypes.from_numpy_dtype(data.dtype)
    if isinstance(data, (bool, int, float, complex)):
        return dtypes.default_of(type(data))
    found: dtype | None = None
    for each in data:
        kind = _infer(each)
        found = kind if found is None else dtypes.promote_types(found, kind)
        if found is dtypes.complex128:
            break
    return found or dtypes.get_default_dtype()


def _plain_data(data: Any) -> Any:
    """Nested sequences with tensors replaced by what NumPy understands."""
    if isinstance(data, Tensor):
        return data._array
    if isinstance(data, (list, tuple)):
        return [_plain_data(each) for each in data]
    return data


def _check_nested(data: Any, depth: int = 0) -> tuple[int, ...]:
    """The shape of nested sequences. Raises ValueError, in PyTorch's words, for ragged ones."""
    if isinstance(data, (Tensor, np.ndarray)):
        return tuple(data.shape)
    if isinstance(data, (str, bytes)):
        if depth:
            raise ValueError("too many dimensions 'str'")
        raise TypeError("new(): invalid data type 'str'")
    if not isinstance(data, (list, tuple)) and not hasattr(data, "__len__"):
        if isinstance(data, (bool, int, float, complex, np.generic)) or hasattr(data, "__float__"):
            return ()
        if data is None:
            raise RuntimeError("Could not infer dtype of NoneType")
        raise RuntimeError(f"Could not infer dtype of {type(data).__name__}")
    shapes = [_check_nested(each, depth + 1) for each in data]
    for each, shape in zip(data, shapes, strict=True):
        if len(shape) < len(shapes[0]) and not isinstance(data[0], Tensor):
            raise TypeError("not a sequence")
        if shape != shapes[0]:
            if not shapes[0] and isinstance(each, (list, tuple)):
                fraction = _infer(data).is_floating_point
                wanted = (
                    "must be real number, not list" if fraction else "'list' object cannot be interpreted as an integer"
                )
                raise TypeError(wanted)
            if not shapes[0] or isinstance(data[0], Tensor):
                raise ValueError("only one element tensors can be converted to Python scalars")
            raise ValueError(f"expected sequence of length {shapes[0][0]} at dim {depth + 1} (got {shape[0]})")
    return (len(shapes), *(shapes[0] if shapes else ()))


def _alike(data: list[Any]) -> type | None:
    """The type of the numbers of a list, or of a list of lists of one length, if all have that."""
    kinds = set(map(type, data))
    if kinds == {list} and len(set(map(len, data))) == 1:
        kinds = {type(each) for row in data for each in row}
    return kinds.pop() if len(kinds) == 1 and kinds <= _NUMBERS else None


_NUMBERS = {float, int, bool}


def array_of(data: Any, kind: dtype | None = None) -> Any:
    """A new array holding `data` (numbers, nested sequences, arrays, tensors)."""
    if isinstance(data, Tensor):
        return copied(data._array, None, None if kind is None else kind.numpy)
    if isinstance(data, (np.ndarray, np.generic)):
        array = np.array(data, order="C" if isinstance(data, np.generic) else "K")
        natural = dtypes.from_numpy_dtype(array.dtype)
        return array if kind is None or natural is kind else array.astype(kind.numpy)
    if data.__class__ is float or data.__class__ is int or data.__class__ is bool:
        target = (kind or dtypes.default_of(data.__class__)).numpy
        try:
            return np.array(data, target)
        except OverflowError:
            if not -(1 << 63) <= data < 1 << 63:
                raise ValueError("Overflow when unpacking long long") from None
            kind_name = np.dtype(target).name
            raise RuntimeError(f"value cannot be converted to type {kind_name}_t without overflow") from None
    if hasattr(data, "__array__") and not isinstance(data, (list, tuple)):
        return array_of(np.asarray(data), kind)
    natural_type = _alike(data) if kind is None and data.__class__ is list else None
    if natural_type is not None:
        token = set_errstate(quiet)
        try:
            return np.array(data, dtypes.default_of(natural_type).numpy)
        except OverflowError:
            pass  # the way below has PyTorch's words for it
        finally:
            reset_errstate(token)
    shape = _check_nested(data)
    target = (kind or _infer(data)).numpy
    plain = _plain_data(data) if _has_tensors(data) else data
    if 0 in shape:
        return np.empty(shape, target)
    try:
        with np.errstate(all="ignore"):
            return np.array(plain, target)
    except OverflowError:
        if target.itemsize == 8:
            raise ValueError("Overflow when unpacking long long") from None
        raise RuntimeError(f"value cannot be converted to type {target.name} without overflow") from None
    except (TypeError, ValueError):
        return np.array(plain).astype(target)


def _has_tensors(data: Any) -> bool:
    if isinstance(data, (list, tuple)):
        return any(_has_tensors(each) for each in data)
    return isinstance(data, Tensor)


@creator
def tensor(
    data: Any,
    *,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """A new tensor that holds a copy of `data`.

    Raises ValueError for ragged sequences, RuntimeError for data that are no numbers.
    """
    if device is not None:
        check_device(device)
    if isinstance(data, Tensor):
        import warnings

        warnings.warn(
            "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
            "sourceTensor.detach().clone().requires_grad_(True), rather than torch.tensor(sourceTensor).",
            UserWarning,
            stacklevel=2,
        )
    return made(array_of(data, dtype and _kind(dtype, None, "tensor")), requires_grad)


@creator
def as_tensor(data: Any, dtype: dtype | None = None, device: Any = None) -> Tensor:
    """`data` as a tensor, without a copy where its memory can be shared."""
    if device is not None:
        check_device(device)
    if dtype is not None:
        dtype = dtypes.as_dtype(dtype, "as_tensor")
    if isinstance(data, Tensor):
        return data if dtype is None or data.dtype is dtype else data.to(dtype)  # type: ignore[attr-defined]
    if isinstance(data, np.ndarray):
        found = from_numpy(data)
        return found if dtype is None or found.dtype is dtype else found.to(dtype)  # type: ignore[attr-defined]
    return wrap(array_of(data, dtype))


@creator
def asarray(
    obj: Any,
    *,
    dtype: dtype | None = None,
    device: Any = None,
    copy: bool | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """`obj` as a tensor; `copy` forces (True) or forbids (False) a copy."""
    if device is not None:
        check_device(device)
    if dtype is not None:
        dtype = dtypes.as_dtype(dtype, "asarray")
    if isinstance(obj, UntypedStorage):
        obj = obj.bytes()
    if isinstance(obj, Tensor):
        changed = dtype is not None and obj.dtype is not dtype
        if copy is False and changed:
            raise ValueError("can't alias tensor with dtype different from the one requested")
        found = obj.to(dtype) if changed else obj.clone() if copy else obj  # type: ignore[attr-defined]
        return found if obj.requires_grad and requires_grad else found.detach().requires_grad_(requires_grad)  # type: ignore[attr-defined]
    if isinstance(obj, np.ndarray) and not copy:
        found = as_tensor(obj, dtype)
    elif hasattr(obj, "__dlpack__") and not isinstance(obj, np.ndarray):
        found = wrap(np.from_dlpack(obj))
    else:
        if copy is False:
            raise ValueError("can't alias arbitrary sequence into a tensor.")
        found = wrap(array_of(obj, dtype))
    if requires_grad:
        found.requires_grad = True  # type: ignore[attr-defined]
    return found


@creator
def scalar_tensor(s: Any, *, dtype: dtype | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A 0-d tensor of the default dtype, or of `dtype`."""
    return made(np.array(s, _kind(dtype, None, "scalar_tensor").numpy), requires_grad)


@creator
def frombuffer(buffer: Any, *, dtype: dtype, count: int = -1, offset: int = 0, requires_grad: bool = False) -> Tensor:
    """A tensor over the memory of an object with Python's buffer protocol."""
    dtype = dtypes.as_dtype(dtype, "frombuffer")
    size = memoryview(buffer).nbytes
    if size == 0 or count == 0:
        raise ValueError(f"both buffer length ({size}) and count ({count}) must not be 0")
    if not 0 <= offset < size:
        raise ValueError(
            f"offset ({offset} bytes) must be non-negative and no greater than buffer length ({size} bytes) minus 1"
        )
    if count < 0 and (size - offset) % dtype.itemsize:
        raise ValueError(
            f"buffer length ({size - offset} bytes) after offset ({offset} bytes) must be a multiple of element size "
            f"({dtype.itemsize})"
        )
    if count > 0 and offset + count * dtype.itemsize > size:
        raise ValueError(
            f"requested buffer length ({count} * {dtype.itemsize} bytes) after offset ({offset} bytes) must not be "
            f"greater than actual buffer length ({size} bytes)"
        )
    return made(np.frombuffer(buffer, dtype.numpy, count, offset), requires_grad)


@creator
def from_file(
    filename: Any,
    shared: bool | None = None,
    size: int = 0,
    *,
    dtype: dtype | None = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """A tensor over the first `size` elements of a file; with `shared`, writes go to the file."""
    kind = _kind(dtype, None, "from_file")
    memory = UntypedStorage.from_file(filename, bool(shared), size * kind.itemsize).bytes()
    return made(memory[: size * kind.itemsize].view(kind.numpy), requires_grad)


functions["from_numpy"] = from_numpy


# --- filled with a value --------------------------------------------------------------------------------


def _filled(name: str, make: Any, doc: str) -> None:
    """A creation function of a shape, with its `_like` and `new_` forms."""

    def sized(
        *size: Any,
        out: Tensor | None = None,
        dtype: dtype | None = None,
        layout: Any = None,
        device: Any = None,
        pin_memory: bool = False,
        requires_grad: bool = False,
        memory_format: Any = None,
        names: Any = None,
        **keywords: Any,
    ) -> Tensor:
        if keywords:
            size = (*size, keywords.pop("size", None)) if "size" in keywords else size
            if keywords:
                raise TypeError(f"{name}() received an invalid keyword argument: {next(iter(keywords))!r}")
        if device is not None:
            check_device(device)
        shape = size_of(size, name)
        if out is not None:
            return write_out(name, out, make(shape, out._array.dtype))
        array = make(shape, _kind(dtype, None, name).numpy)
        if memory_format is channels_last:
            array = copied(array, memory_format)
        return made(array, requires_grad)

    def like(
        input: Tensor,
        *,
        dtype: dtype | None = None,
        layout: Any = None,
        device: Any = None,
        pin_memory: bool = False,
        requires_grad: bool = False,
        memory_format: Any = preserve_format,
    ) -> Tensor:
        answering = overrides((input,))
        if answering:
            return override(like, answering, (input,), {"dtype": dtype} if dtype else {})
        if not isinstance(input, Tensor):
            raise TypeError(f"{name}_like(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
        if device is not None:
            check_device(device)
        array = _empty_like(input._array, _kind(dtype, input.dtype, f"{name}_like").numpy, memory_format)
        if make is not pool.empty:
            array[...] = make((), array.dtype)
        return made(array, requires_grad)

    def new(
        self: Tensor,
        *size: Any,
        dtype: dtype | None = None,
        device: Any = None,
        requires_grad: bool = False,
        layout: Any = None,
        pin_memory: bool = False,
        **keywords: Any,
    ) -> Tensor:
        size = (*size, keywords["size"]) if "size" in keywords else size
        if device is not None:
            check_device(device)
        function = f"new_{name}"
        return made(make(size_of(size, function), _kind(dtype, self.dtype, function).numpy), requires_grad)

    for function, its_name, its_doc in (
        (sized, name, f"A tensor of shape `size`, {doc}."),
        (like, f"{name}_like", f"A tensor with the shape, dtype and memory order of `input`, {doc}."),
        (new, f"new_{name}", f"A tensor of shape `size` and this one's dtype, {doc}."),
    ):
        function.__name__ = function.__qualname__ = its_name
        function.__doc__ = its_doc
        if function is new:
            attach(**{its_name: function})
        else:
            creator(function)


def _empty_like(array: Any, target: Any, format: Any) -> Any:
    if format is None or format is preserve_format:
        return copied_layout(array, target)
    return copied(pool.empty(array.shape, target), format)


def copied_layout(array: Any, target: Any) -> Any:
    """An uninitialized array with the memory order of a dense `array` (else row-major)."""
    if array.flags.c_contiguous:
        return pool.empty(array.shape, target)
    return np.empty_like(array, target, order="K") if 0 not in array.strides else np.empty(array.shape, target)


_filled("empty", pool.empty, "not initialized")
_filled("zeros", copies.full, "filled with 0")
_filled("ones", lambda shape, dtype: copies.full(shape, dtype, 1), "filled with 1")


def _full(shape: tuple[int, ...], value: Any, target: np.dtype) -> np.ndarray:
    return copies.full(shape, target, np.full((), value, target)[()])


@creator
def full(
    size: Any,
    fill_value: Any,
    *,
    out: Tensor | None = None,
    dtype: dtype | None = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    names: Any = None,
) -> Tensor:
    """A tensor of shape `size` filled with `fill_value`, whose type gives the dtype."""
    if device is not None:
        check_device(device)
    fill_value = _fill_value(fill_value, "full")
    shape = size_of((size,), "full")
    kind = _kind(dtype, dtypes.default_of(type(fill_value)), "full")
    if out is not None:
        return write_out("full", out, _full(shape, fill_value, out._array.dtype))
    return made(_full(shape, fill_value, kind.numpy), requires_grad)


@creator
def full_like(
    input: Tensor,
    fill_value: Any,
    *,
    dtype: dtype | None = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    memory_format: Any = preserve_format,
) -> Tensor:
    """A tensor like `input` filled with `fill_value`."""
    answering = overrides((input,))
    if answering:
        return override(full_like, answering, (input, fill_value), {"dtype": dtype} if dtype else {})
    if device is not None:
        check_device(device)
    array = _empty_like(input._array, _kind(dtype, input.dtype, "full_like").numpy, memory_format)
    array[...] = _fill_value(fill_value, "full_like")
    return made(array, requires_grad)


@method
def new_full(
    self: Tensor,
    size: Any,
    fill_value: Any,
    *,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """A tensor of shape `size` and this one's dtype, filled with `fill_value`."""
    fill_value = _fill_value(fill_value, "new_full")
    return full(
        size, fill_value, dtype=_kind(dtype, self.dtype, "new_full"), device=device, requires_grad=requires_grad
    )


@method
def new_tensor(
    self: Tensor,
    data: Any,
    *,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """`data` as a new tensor of this one's dtype."""
    if device is not None:
        check_device(device)
    return made(array_of(data, _kind(dtype, self.dtype, "new_tensor")), requires_grad)


@method
def new(self: Tensor, *args: Any, **options: Any) -> Tensor:
    """The legacy constructor, in this tensor's dtype."""
    from ..tensor import legacy_tensor

    return legacy_tensor(Tensor, self.dtype, args, **options)


@creator
def empty_strided(
    size: Any,
    stride: Any,
    *,
    dtype: dtype | None = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """An uninitialized tensor with the given shape and strides (in elements)."""
    if device is not None:
        check_device(device)
    if len(size) != len(stride):
        raise RuntimeError(
            f"dimensionality of sizes ({len(size)}) must match dimensionality of strides ({len(stride)})"
        )
    target = _kind(dtype, None, "empty_strided").numpy
    span = 0 if 0 in size else 1 + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    memory = np.zeros(span, target)
    strides = tuple(step * target.itemsize for step in stride)
    return made(np.ndarray(tuple(size), target, memory.view(np.uint8), 0, strides), requires_grad)


@creator
def empty_permuted(
    size: Any,
    physical_layout: Any,
    *,
    dtype: dtype | None = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """An uninitialized dense tensor whose dimensions lie in memory in the order `physical_layout`."""
    if device is not None:
        check_device(device)
    ndim = len(size)
    if len(physical_layout) != ndim:
        raise RuntimeError(
            "Number of dimensions in size does not match the length of the physical_layout; i.e. len(size) = "
            f"{ndim} is not equal to len(physical_layout) = {len(physical_layout)}"
        )
    for place, dim in enumerate(physical_layout):
        if not 0 <= dim < ndim:
            raise RuntimeError(
                f"Dimension out of range (expected to be between 0 and {ndim - 1}, but got {dim} at index {place}).  "
                "NB: negative dims not currently supported; file an issue if you want it."
            )
    if len(set(physical_layout)) < ndim:
        raise RuntimeError("Duplicate dim not allowed")
    array = np.empty([size[dim] for dim in physical_layout], _kind(dtype, None, "empty_permuted").numpy)
    return made(array.transpose(np.argsort(physical_layout)), requires_grad)


@method
def new_empty_strided(self: Tensor, size: Any, stride: Any, **options: Any) -> Tensor:
    """`empty_strided` in this tensor's dtype."""
    return empty_strided(size, stride, **{"dtype": self.dtype, **options})


@creator
def eye(
    n: int,
    m: int | None = None,
    *,
    out: Tensor | None = None,
    dtype: dtype | None = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """The n x m matrix with ones on its diagonal."""
    if device is not None:
        check_device(device)
    for name, value in (("n", n), ("m", m)):
        if value is not None and value < 0:
            raise RuntimeError(f"{name} must be greater or equal to 0, got {value}")
    array = np.eye(n, m, dtype=(out.dtype if out is not None else _kind(dtype, None, "eye")).numpy)
    return made(array, requires_grad) if out is None else write_out("eye", out, array)
