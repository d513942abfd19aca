"""Parameters and buffers: the tensors a module owns."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, ClassVar, Self

import flambeau
from flambeau.autograd.modes import watch_plain_classes
from flambeau.ops.declare import namespace
from flambeau.tensor import Tensor, TensorType

__all__ = [
    "Buffer",
    "Parameter",
    "UninitializedBuffer",
    "UninitializedParameter",
    "UninitializedTensorMixin",
    "is_lazy",
]


@classmethod  # type: ignore[misc]
def _disabled_torch_function_impl(
    cls: type, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
) -> Any:
    return NotImplemented


_disabled_torch_function_impl.__func__.disabled = True  # type: ignore[attr-defined]


class _MarkedTensorType(TensorType):
    """A tensor type whose instances are also the tensors carrying its `_mark` attribute.

    A parameter made from a tensor subclass keeps that subclass's type and is only marked.
    """

    _mark = ""

    def __instancecheck__(cls, instance: Any) -> bool:
        if super().__instancecheck__(instance):
            return True
        mark = cls.__dict__.get("_mark", "")
        return bool(mark) and isinstance(instance, Tensor) and getattr(instance, mark, False)


class Parameter(Tensor, metaclass=_MarkedTensorType):
    """A leaf tensor that a module registers when it is assigned as an attribute.

    Args:
        data: the initial value, whose memory is shared; an empty tensor if left out.
        requires_grad: whether gradients are recorded for it.
    """

    _mark = "_is_param"

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Self:
        if data is None:
            data = flambeau.empty(0)
        if type(data) is Tensor or type(data) is Parameter:
            return Tensor._make_subclass(cls, data, requires_grad)
        marked = data.detach().requires_grad_(requires_grad)
        if type(marked) is not type(data):
            raise RuntimeError(
                f"Creating a Parameter from an instance of type {type(data).__name__} requires "
                "that detach() returns an instance of the same type, but return type "
                f"{type(marked).__name__} was found instead. To use the type as a Parameter, "
                "please correct the detach() semantics defined by its __torch_dispatch__() "
                "implementation."
            )
        marked._is_param = True  # type: ignore[attr-defined]
        return marked  # type: ignore[return-value]

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        if id(self) not in memo:
            value = self.data.clone(memory_format=flambeau.preserve_format)
            memo[id(self)] = type(self)(value, self.requires_grad)
        return memo[id(self)]

    def __repr__(self) -> str:  # type: ignore[override]
        return "Parameter containing:\n" + super().__repr__()

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        from flambeau._utils import _get_state, _rebuild_parameter, _rebuild_parameter_with_state

        args: tuple[Any, ...] = (self.data, self.requires_grad, OrderedDict())
        state = _get_state(self)
        if not state:
            return _rebuild_parameter, args
        return _rebuild_parameter_with_state, (*args, state)

    # Functions treat it as the plain tensor it is.
    __torch_function__ = _disabled_torch_function_impl


# The code written for ops takes its fast path for parameters as for plain tensors.


class Buffer(Tensor, metaclass=_MarkedTensorType):
    """Wraps a tensor so that assigning it to a module registers a buffer.

    Args:
        data: the value, whose memory is shared; an empty tensor if left out.
        persistent: whether the buffer is part of the module's `state_dict`.
    """

    _mark = "_is_buffer"
    persistent: bool
    __torch_function__ = _disabled_torch_function_impl

    def __new__(cls, data: Tensor | None = None, *, persistent: bool = True) -> Any:
        if data is None:
            data = flambeau.empty(0)
        buffer = data.detach().requires_grad_(data.requires_grad)
        buffer.persistent = persistent
        buffer._is_buffer = True
        return buffer


class UninitializedTensorMixin:
    """A tensor with a dtype and no shape yet; lazy modules give it one at their first call."""

    cls_to_become: type = Tensor
    data: Any

    # What may be asked of a tensor without a shape: moves, casts and loading.
    _allowed_methods: ClassVar[set[str]] = {
        "__hash__",
        "bfloat16",
        "char",
        "copy_",
        "cpu",
        "cuda",
        "double",
        "float",
        "get_device",
        "half",
        "int",
        "is_complex",
        "is_floating_point",
        "long",
        "short",
        "size",
        "to",
    }

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Become an ordinary tensor of `shape` with unset values, in place."""
        data = self.data
        self.data = flambeau.empty(shape, device=device or data.device, dtype=dtype or data.dtype)
        self.__class__ = self.cls_to_become  # type: ignore[assignment]

    @property
    def shape(self) -> Any:
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter or buffer. "
            "This error usually happens in `load_state_dict` when trying to load "
            "an uninitialized parameter into an initialized one. "
            "Call `forward` to initialize the parameters before accessing their attributes."
        )

    def share_memory_(self) -> Any:
        raise RuntimeError(
            "Can't share memory on an uninitialized parameter or buffer. "
            "Call `forward` to initialize the parameters before calling `module.share_memory()`."
        )

    def __repr__(self, *, tensor_contents: str | None = None) -> str:
        return f"<{type(self).__name__}>"

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return type(self), (self.requires_grad,)  # type: ignore[attr-defined]

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        name = getattr(func, "__name__", "")
        if name in cls._allowed_methods or type(func).__name__ == "method-wrapper":
            return Tensor.__torch_function__.__func__(cls, func, types, args, kwargs or {})  # type: ignore[attr-defined]
        raise ValueError(
            f"Attempted to use an uninitialized parameter in {func}. "
            "This error happens when you are using a `LazyModule` or "
            f"explicitly manipulating `torch.nn.parameter.{cls.__name__}` "
            "objects. When using LazyModules Call `forward` with a dummy batch "
            "to initialize the parameters before calling torch functions"
        )


def is_lazy(param: Any) -> bool:
    """Whether `param` still waits for its shape."""
    return isinstance(param, UninitializedTensorMixin)


class UninitializedParameter(UninitializedTensorMixin, Parameter):  # type: ignore[misc]
    """A parameter whose shape is found at the first forward call of a lazy module."""

    cls_to_become = Parameter

    def __new__(cls, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> Self:
        return Tensor._make_subclass(cls, flambeau.empty(0, device=device, dtype=dtype), requires_grad)

    def __deepcopy__(self, memo: dict[int, Any]) -> UninitializedParameter:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.requires_grad, self.data.device, self.data.dtype)
        return memo[id(self)]


class UninitializedBuffer(UninitializedTensorMixin, Tensor):  # type: ignore[misc]
    """A buffer whose shape is found at the first forward call of a lazy module."""

    def __new__(
        cls,
        requires_grad: bool = False,
        device: Any = None,
        dtype: Any = None,
        persistent: bool = True,
    ) -> Self:
        buffer = Tensor._make_subclass(cls, flambeau.empty(0, device=device, dtype=dtype), requires_grad)
        buffer.persistent = persistent
        buffer._is_buffer = True
        return buffer


watch_plain_classes(namespace, Parameter=Parameter)
