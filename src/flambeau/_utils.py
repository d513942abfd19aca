"""How tensors are taken apart for pickling and copying, and put together again.

The functions named `_rebuild_*` are what PyTorch's checkpoint files call by name, with these
arguments.
"""

from __future__ import annotations

import copy
import copyreg
import warnings
from collections import OrderedDict
from typing import Any

import numpy as np

import flambeau

from . import dtypes
from .serialization.names import STORAGE_NAMES
from .storage import TypedStorage, UntypedStorage
from .tensor import DisableTorchFunctionSubclass, Tensor, wrap


def _array_over(
    storage: UntypedStorage, dtype: dtypes.dtype, offset: int, size: Any, stride: Any
) -> np.ndarray[Any, Any]:
    """An array that looks into `storage`; `offset` and `stride` count elements."""
    memory = storage.bytes()
    reach = sum((n - 1) * step for n, step in zip(size, stride, strict=True)) + offset + 1
    if 0 in size:
        memory = memory[:0]
        offset = 0
    elif reach * dtype.itemsize > memory.nbytes:
        raise RuntimeError(
            f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {offset}, and "
            f"itemsize {dtype.itemsize} requiring a storage size of {reach * dtype.itemsize} are "
            f"out of bounds for storage of size {memory.nbytes}"
        )
    steps = tuple(step * dtype.itemsize for step in stride)
    return np.ndarray(tuple(size), dtype.numpy, memory, offset * dtype.itemsize, steps)


def _over_storage(storage: UntypedStorage, dtype: dtypes.dtype, offset: int, size: Any, stride: Any) -> Tensor:
    if storage.device.type == "meta":
        return flambeau.empty_strided(size, stride, dtype=dtype, device="meta")
    return wrap(_array_over(storage, dtype, offset, size, stride))


def _rebuild_tensor(storage: TypedStorage, storage_offset: int, size: Any, stride: Any) -> Tensor:
    return _over_storage(storage.untyped(), storage.dtype, storage_offset, size, stride)


def _rebuild_tensor_v2(
    storage: TypedStorage,
    storage_offset: int,
    size: Any,
    stride: Any,
    requires_grad: bool,
    backward_hooks: Any,
    metadata: dict[str, bool] | None = None,
) -> Tensor:
    return _rebuild_tensor_v3(
        storage.untyped(),
        storage_offset,
        size,
        stride,
        requires_grad,
        backward_hooks,
        storage.dtype,
        metadata,
    )


def _rebuild_tensor_v3(
    storage: UntypedStorage,
    storage_offset: int,
    size: Any,
    stride: Any,
    requires_grad: bool,
    backward_hooks: Any,
    dtype: dtypes.dtype,
    metadata: dict[str, bool] | None = None,
) -> Tensor:
    tensor = _over_storage(storage, dtype, storage_offset, size, stride)
    if metadata and metadata.get("conj"):
        tensor = tensor.conj()  # type: ignore[attr-defined]
    if metadata and metadata.get("neg"):
        tensor = -tensor  # type: ignore[operator]
    if requires_grad:
        tensor.requires_grad = True
    tensor._backward_hooks = backward_hooks  # type: ignore[attr-defined]
    return tensor


def _rebuild_meta_tensor_no_storage(dtype: dtypes.dtype, size: Any, stride: Any, requires_grad: bool) -> Tensor:
    return flambeau.empty_strided(size, stride, dtype=dtype, device="meta", requires_grad=requires_grad)


def _rebuild_parameter(data: Tensor, requires_grad: bool, backward_hooks: Any) -> Any:
    return flambeau.nn.Parameter(data, requires_grad)


def _rebuild_parameter_with_state(data: Tensor, requires_grad: bool, backward_hooks: Any, state: Any) -> Any:
    return _set_state(flambeau.nn.Parameter(data, requires_grad), state)


def _rebuild_from_type_v2(rebuild: Any, cls: type, args: tuple[Any, ...], state: Any) -> Any:
    """A tensor of a subclass: rebuilt as a plain one, then given its class and attributes."""
    tensor = rebuild(*args)
    if type(tensor) is not cls:
        tensor = tensor.as_subclass(cls)
    if getattr(cls, "__setstate__", None) is not None:
        tensor.__setstate__(state)
        return tensor
    return _set_state(tensor, state)


def _set_state(instance: Any, state: Any) -> Any:
    """Give back what `_get_state` took: a `__dict__`, or a pair with the slots' values too."""
    slots = None
    if isinstance(state, tuple):
        if len(state) != 2:
            raise RuntimeError(f"Invalid serialized state: {state}")
        state, slots = state
    for attributes in (state, slots):
        for name, value in (attributes or {}).items():
            setattr(instance, name, value)
    return instance


def _get_state(tensor: Tensor) -> Any:
    """What a pickle keeps besides the elements: what the class's own `__getstate__` gives, or the user's attributes."""
    own = type(tensor).__getstate__ is not object.__getstate__
    return tensor.__getstate__() if own else _attributes(tensor)


def _attributes(tensor: Tensor) -> Any:
    """What a user put on `tensor` (a pair, where some is in a subclass's slots); the framework's own stay behind."""
    attributes = {name: value for name, value in tensor.__dict__.items() if not hasattr(Tensor, name)}
    names = [name for name in copyreg._slotnames(type(tensor)) if name not in Tensor.__slots__]  # type: ignore[attr-defined]
    slots = {name: getattr(tensor, name) for name in names if hasattr(tensor, name)}
    return (attributes, slots) if slots else attributes


def _reduce_plain(tensor: Tensor) -> tuple[Any, ...]:
    hooks: OrderedDict[int, Any] = OrderedDict()
    if tensor.is_meta:
        args = (tensor.dtype, tuple(tensor.size()), tensor.stride(), tensor.requires_grad)
        return _rebuild_meta_tensor_no_storage, args
    storage = tensor.untyped_storage()
    place = (tensor.storage_offset(), tuple(tensor.size()), tensor.stride())
    if tensor.dtype in STORAGE_NAMES:
        typed = TypedStorage(wrap_storage=storage, dtype=tensor.dtype)
        return _rebuild_tensor_v2, (typed, *place, tensor.requires_grad, hooks)
    return _rebuild_tensor_v3, (storage, *place, tensor.requires_grad, hooks, tensor.dtype)


def reduce_tensor(tensor: Tensor, protocol: Any) -> tuple[Any, ...]:
    """`Tensor.__reduce_ex__`: how any pickler stores a tensor. It comes back as a leaf."""
    hooks = getattr(tensor, "_backward_hooks", None)
    for hook in (hooks or {}).values():
        if not hasattr(hook, "__torch_unserializable__"):
            warnings.warn(
                f"backward hook {hook!r} on tensor will not be serialized.  If this is expected, "
                "you can decorate the function with @torch.utils.hooks.unserializable_hook to "
                "suppress this warning",
                UserWarning,
                stacklevel=3,
            )
    rebuild, args = _reduce_plain(tensor)
    state = _get_state(tensor)
    if type(tensor) is Tensor and not state:
        return rebuild, args
    return _rebuild_from_type_v2, (rebuild, type(tensor), args, state)


def deepcopy_tensor(tensor: Tensor, memo: dict[int, Any]) -> Tensor:
    """`Tensor.__deepcopy__`: tensors that shared memory share its copy.

    Raises RuntimeError, in PyTorch's words, for a tensor that was computed from others.
    """
    if not tensor.is_leaf:
        raise RuntimeError(
            "Only Tensors created explicitly by the user (graph leaves) support the deepcopy "
            "protocol at the moment.  If you were attempting to deepcopy a module, this may be "
            "because of a torch.nn.utils.weight_norm usage, see "
            "https://github.com/pytorch/pytorch/pull/103001"
        )
    if id(tensor) in memo:
        return memo[id(tensor)]
    with DisableTorchFunctionSubclass():
        plain = type(tensor) is Tensor or type(tensor.new_empty(())) is type(tensor)
    if not plain:
        raise RuntimeError(
            "The default implementation of __deepcopy__() for non-wrapper subclasses only works "
            "for subclass types that implement new_empty() and for which that function returns "
            "another instance of the same subclass. You should either properly implement "
            "new_empty() for your subclass or override __deepcopy__() if it is intended behavior "
            "for new_empty() to return an instance of a different type."
        )
    if tensor.is_meta:
        copied = flambeau.empty_strided(tensor.size(), tensor.stride(), dtype=tensor.dtype, device="meta")
    else:
        storage = tensor.untyped_storage()
        # Storages are made on demand: their memory is what identifies them.
        shared = memo.setdefault(id(_MEMORY), {})
        key = (storage.data_ptr(), storage.nbytes())
        if key not in shared:
            shared[key] = storage.clone()
            memo.setdefault(id(memo), []).append(storage)
        copied = _over_storage(shared[key], tensor.dtype, tensor.storage_offset(), tensor.size(), tensor.stride())
    if type(tensor) is not Tensor:
        copied = copied.as_subclass(type(tensor))
    copied.requires_grad = tensor.requires_grad
    memo[id(tensor)] = copied
    if tensor.grad is not None:
        copied.grad = copy.deepcopy(tensor.grad, memo)
    return _set_state(copied, copy.deepcopy(_attributes(tensor), memo))


_MEMORY = object()  # its id is a key of deepcopy's memo, as all keys there are
