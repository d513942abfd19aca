"""The tensor: an array, what autograd needs to know about it, and how it shows itself to Python.

Every operation on tensors is declared in `ops` and attached here as a method; this file holds what
concerns the object itself: its memory, its views and versions, its conversions.
"""

from __future__ import annotations

import copyreg
import sys
import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np

from . import device as devices
from . import dtypes, storage
from ._late import promised
from .dtypes import dtype

Array = np.ndarray[Any, Any]
Function = TypeVar("Function", bound=Callable[..., Any])


class Size(tuple[int, ...]):
    """The shape of a tensor: a tuple of ints that counts its elements."""

    __slots__ = ()

    def numel(self) -> int:
        total = 1
        for n in self:
            total *= n
        return total

    def __getitem__(self, index: Any) -> Any:
        found = tuple.__getitem__(self, index)
        return Size(found) if index.__class__ is slice else found

    def __add__(self, other: Any) -> Size:
        return Size(tuple.__add__(self, tuple(other)))

    def __radd__(self, other: Any) -> Size:
        return Size(tuple(other) + tuple(self))

    def __mul__(self, times: Any) -> Size:
        return Size(tuple.__mul__(self, times))

    def __repr__(self) -> str:
        return f"torch.Size([{', '.join(map(str, self))}])"

    def __reduce__(self) -> tuple[Any, ...]:
        return Size, (tuple(self),)


class layout:
    """How a tensor's elements lie in memory; `strided` is the only one held here."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"torch.{self._name}"

    def __reduce__(self) -> str:
        return self._name


class memory_format:
    """An order of strides that a function may be asked to keep or to produce."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"torch.{self._name}"

    def __reduce__(self) -> str:
        return self._name


strided = layout("strided")
sparse_coo = layout("sparse_coo")
contiguous_format = memory_format("contiguous_format")
preserve_format = memory_format("preserve_format")
channels_last = memory_format("channels_last")
channels_last_3d = memory_format("channels_last_3d")
_CHANNELS_LAST_ORDER = {channels_last: (0, 2, 3, 1), channels_last_3d: (0, 2, 3, 4, 1)}

new = object.__new__


class TensorType(type):
    """The type of Tensor and its subclasses."""


def _tensor() -> type:
    return Tensor


def _reduce_type(cls: type) -> Any:
    """Tensor is called `torch.Tensor`, which is what picklers look up where torch is this package."""
    known = cls is not Tensor or getattr(sys.modules.get("torch"), "Tensor", None) is Tensor
    return cls.__qualname__ if known else (_tensor, ())


copyreg.pickle(TensorType, _reduce_type)  # type: ignore[arg-type]


if TYPE_CHECKING:
    from ._stubs.methods import Methods
else:
    Methods = object  # what ops attach, of which a type checker must be told


class Tensor(Methods, metaclass=TensorType):
    """An n-dimensional array of one dtype which can record how it was computed.

    `_array` is the memory, `_node` the place in the graph (None: no gradient is wanted), `_counter` the version: a
    list shared by all views of one storage, `[version]`, followed, once there are views, by a bound and weak
    references to them.
    """

    __module__ = "torch"  # libraries choose their backend by it
    __slots__ = ("__dict__", "__weakref__", "_array", "_counter", "_node")
    _array: Array
    _node: Any
    _counter: list[Any]

    # State that few tensors have lives in the instance's __dict__ and defaults here.
    _base: Tensor | None = None
    _grad: Tensor | None = None
    _view_flaw: ClassVar[str | None] = None
    _inference = False
    names: ClassVar[Any] = None
    device: Any = devices.cpu
    layout: Any = strided
    is_cuda = is_sparse = is_quantized = is_mkldnn = is_meta = is_nested = is_vulkan = is_mps = False
    is_xpu = is_ipu = is_xla = is_mtia = is_maia = is_sparse_csr = False
    is_cpu = True
    __array_priority__ = 1000

    def __new__(cls, *args: Any, device: Any = None, **kwargs: Any) -> Any:
        """The legacy constructor: sizes, or data, in the default dtype."""
        return legacy_tensor(cls, dtypes.get_default_dtype(), args, device, **kwargs)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)

    @staticmethod
    def _make_subclass(cls: Any, data: Tensor, require_grad: bool = False, **_: Any) -> Any:
        made = new(cls)
        made._array, made._node, made._counter = data._array, None, data._counter
        if require_grad:
            made.requires_grad = True
        return made

    # --- shape and memory -----------------------------------------------------------------------

    @property
    def shape(self) -> Size:
        return Size(self._array.shape)

    @property
    def dtype(self) -> dtype:
        return dtypes.from_numpy_dtype(self._array.dtype)

    @property
    def ndim(self) -> int:
        return self._array.ndim

    def dim(self) -> int:
        """The number of dimensions."""
        return self._array.ndim

    ndimension = dim

    def size(self, dim: int | None = None) -> Any:
        """The shape, or its entry `dim`."""
        if dim is None:
            return Size(self._array.shape)
        return self._array.shape[wrap_dim(dim, self._array.ndim)]

    def numel(self) -> int:
        """The number of elements."""
        return self._array.size

    nelement = numel

    def stride(self, dim: int | None = None) -> Any:
        """The step in elements along each dimension, or along `dim`."""
        steps = self._array.strides
        itemsize = self._array.itemsize
        if 0 in self._array.shape and self._array.flags.c_contiguous:  # NumPy's steps are 0 there
            steps = np.empty([n or 1 for n in self._array.shape], self._array.dtype).strides
        if dim is None:
            return tuple([step // itemsize for step in steps])
        return steps[wrap_dim(dim, len(steps))] // itemsize

    def storage_offset(self) -> int:
        """The place of the first element in the storage, in elements."""
        array = self._array
        if array.base is None:
            return 0
        start = storage.root(array).__array_interface__["data"][0]
        return (array.__array_interface__["data"][0] - start) // array.itemsize if array.size else 0

    def data_ptr(self) -> int:
        """The address of the first element (0 when there is none)."""
        return self._array.__array_interface__["data"][0] if self._array.size else 0

    def element_size(self) -> int:
        """The size of an element in bytes."""
        return self._array.itemsize

    @property
    def itemsize(self) -> int:
        return self._array.itemsize

    @property
    def nbytes(self) -> int:
        return self._array.nbytes

    def is_contiguous(self, memory_format: memory_format = contiguous_format) -> bool:
        """Whether the elements lie in memory in the order of `memory_format`, without gaps."""
        order = _CHANNELS_LAST_ORDER.get(memory_format)
        if order is None:
            return self._array.flags.c_contiguous
        return self._array.ndim == len(order) and self._array.transpose(order).flags.c_contiguous

    def untyped_storage(self) -> storage.UntypedStorage:
        return storage.UntypedStorage(storage.root(self._array))

    def storage(self) -> storage.TypedStorage:
        return storage.TypedStorage(wrap_storage=self.untyped_storage(), dtype=self.dtype)

    _typed_storage = storage

    def storage_type(self) -> Any:
        return TypedStorage

    @property
    def _version(self) -> int:
        return self._counter[0]

    def is_floating_point(self) -> bool:
        return self.dtype.is_floating_point

    def is_complex(self) -> bool:
        return self._array.dtype.kind == "c"

    def is_signed(self) -> bool:
        return self.dtype.is_signed

    def is_conj(self) -> bool:
        return False

    is_neg = is_conj

    def is_inference(self) -> bool:
        return self._inference

    def is_shared(self) -> bool:
        return False

    def is_pinned(self, device: Any = None) -> bool:
        return False

    def _is_view(self) -> bool:
        return self._base is not None

    def is_set_to(self, tensor: Tensor) -> bool:
        """Whether both look at the same memory in the same way."""
        mine, its = self._array, tensor._array
        return (
            mine.__array_interface__["data"] == its.__array_interface__["data"]
            and mine.shape == its.shape
            and mine.strides == its.strides
        )

    def is_same_size(self, other: Tensor) -> bool:
        return self._array.shape == other._array.shape

    def get_device(self) -> int:
        return -1

    def dim_order(self) -> tuple[int, ...]:
        """The dimensions from the outermost in memory to the innermost."""
        return tuple(np.argsort([-step for step in self._array.strides], kind="stable").tolist())

    # --- conversions ----------------------------------------------------------------------------

    def numpy(self, *, force: bool = False) -> Array:
        """The tensor's memory as a NumPy array.

        Raises RuntimeError for a tensor that requires grad, TypeError for a dtype NumPy lacks, unless `force`.
        """
        if self._node is not None and not force:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
        if self._array.dtype.kind not in "fiubc":
            raise TypeError(f"Got unsupported ScalarType {dtypes.scalar_name(self.dtype)}")
        return self._array[...]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        array = self.numpy()
        if dtype is not None and array.dtype != dtype:
            return array.astype(dtype)
        return array.copy() if copy else array

    def __array_wrap__(self, array: Array, context: Any = None, return_scalar: bool = False) -> Tensor:
        return wrap(np.asarray(array))

    def item(self) -> Any:
        """The value of a one-element tensor as a Python number."""
        if self._array.size != 1:
            raise RuntimeError(f"a Tensor with {self._array.size} elements cannot be converted to Scalar")
        found = self._array.item()
        return found if isinstance(found, (bool, int, float, complex)) else float(found)

    def tolist(self) -> Any:
        """The elements as nested lists of Python numbers."""
        array = self._array
        return (array if array.dtype.kind in "fiubc" else array.astype(np.float32)).tolist()

    def __bool__(self) -> bool:
        if self._array.size != 1:
            if self._array.size == 0:
                raise RuntimeError("Boolean value of Tensor with no values is ambiguous")
            raise RuntimeError("Boolean value of Tensor with more than one value is ambiguous")
        return bool(self._array.item())

    def __int__(self) -> int:
        return int(self._real_item("int64_t"))

    def __float__(self) -> float:
        return float(self._real_item("double"))

    def __complex__(self) -> complex:
        self._need_one()
        return complex(self.item())

    def _need_one(self) -> None:
        if self._array.size != 1:
            raise ValueError("only one element tensors can be converted to Python scalars")

    def _real_item(self, target: str) -> Any:
        """The one element, which must not have an imaginary part to be a C `target`."""
        self._need_one()
        value = self.item()
        if isinstance(value, complex):
            if value.imag:
                raise RuntimeError(f"value cannot be converted to type {target} without overflow")
            return value.real
        return value

    def __index__(self) -> int:
        if self._array.size != 1 or self._array.dtype.kind not in "iub":
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self._array.item())

    def __len__(self) -> int:
        if self._array.ndim == 0:
            raise TypeError("len() of a 0-d tensor")
        return self._array.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if self._array.ndim == 0:
            raise TypeError("iteration over a 0-d tensor")
        return iter(self.unbind(0))  # type: ignore[attr-defined]

    def __contains__(self, element: Any) -> bool:
        if isinstance(element, (Tensor, int, float, bool, complex)):
            return bool((self == element).any())  # type: ignore[attr-defined]
        raise RuntimeError(f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type(element)}.")

    __hash__ = object.__hash__

    def __format__(self, format_spec: str) -> str:
        if self._array.ndim == 0 and type(self) is Tensor:
            return self.item().__format__(format_spec)
        return object.__format__(self, format_spec)

    def __repr__(self, *, tensor_contents: str | None = None) -> str:
        from .printing import tensor_repr

        return tensor_repr(self, tensor_contents=tensor_contents)

    def __dir__(self) -> list[str]:
        return sorted(set(dir(type(self))) | set(self.__dict__))

    def type(self, dtype: Any = None, non_blocking: bool = False, **kwargs: Any) -> Any:
        """The name of the tensor's legacy type, or the tensor converted to `dtype`."""
        if dtype is None:
            return f"torch.{dtypes.scalar_name(self.dtype)}Tensor"
        if isinstance(dtype, str):
            if dtype.removeprefix("torch.") not in LEGACY_TYPES:
                raise ValueError(f"invalid type: '{dtype}'")
            dtype = LEGACY_TYPES[dtype.removeprefix("torch.")]
        return self.to(getattr(dtype, "dtype", dtype) if not isinstance(dtype, dtypes.dtype) else dtype)  # type: ignore[attr-defined]

    @classmethod
    def __torch_function__(cls, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run `func` on tensors of subclass `cls` and give its results that class."""
        if not all(issubclass(cls, each) for each in types):
            return NotImplemented
        with DisableTorchFunctionSubclass():
            result = func(*args, **(kwargs or {}))
        return result if func in KEEP_TYPE else as_subclass(result, cls)


TypedStorage = storage.TypedStorage
KEEP_TYPE: set[Any] = set()


class DisableTorchFunctionSubclass:
    """Within it, subclasses of Tensor are treated as plain tensors."""

    depth = 0

    def __enter__(self) -> None:
        DisableTorchFunctionSubclass.depth += 1

    def __exit__(self, *_: object) -> None:
        DisableTorchFunctionSubclass.depth -= 1


def as_subclass(result: Any, cls: type) -> Any:
    """`result` with its plain tensors (in tuples and lists too) made instances of `cls`."""
    if cls is Tensor:
        return result
    if isinstance(result, Tensor):
        return result if isinstance(result, cls) else retyped(result, cls)
    if isinstance(result, tuple) and hasattr(result, "_fields"):
        return type(result)(*(as_subclass(each, cls) for each in result))
    if type(result) in (tuple, list):
        return type(result)(as_subclass(each, cls) for each in result)
    return result


def retyped(tensor: Tensor, cls: type) -> Any:
    """The same tensor (memory, graph, version) as an instance of `cls`."""
    made: Any = new(cls)
    made._array, made._node, made._counter = tensor._array, tensor._node, tensor._counter
    if tensor._base is not None:
        made._base = tensor._base
    return made


def wrap(array: Array) -> Tensor:
    """A new tensor over `array`, without a copy and outside the graph."""
    tensor = new(Tensor)
    tensor._array = array if array.__class__ is np.ndarray else np.asarray(array)
    tensor._node = None
    tensor._counter = [0]
    return tensor


def wrap_view(array: Array, base: Tensor) -> Tensor:
    """A tensor over `array`, a view of `base`'s memory, with which it shares its version."""
    tensor = new(Tensor)
    tensor._array = array
    tensor._node = None
    tensor._counter = counter = base._counter
    tensor._base = base if base._base is None else base._base
    if len(counter) == 1:
        counter.append(64)
    elif len(counter) > counter[1]:
        counter[2:] = [each for each in counter[2:] if each() is not None]
        counter[1] = 2 * len(counter) + 64
    counter.append(weakref.ref(tensor))
    return tensor


def live_views(base: Tensor) -> list[Tensor]:
    """The views of `base` that still exist."""
    return [view for each in base._counter[2:] if (view := each()) is not None]


def from_numpy(array: Any) -> Tensor:
    """A tensor over the memory of a NumPy array; writes show on both sides.

    Raises TypeError for a dtype no tensor can hold, ValueError for negative strides or foreign byte order.
    """
    if not isinstance(array, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(array).__name__})")
    dtypes.from_numpy_dtype(array.dtype)
    itemsize = array.itemsize
    for step in array.strides:
        if step < 0:
            raise ValueError(
                "At least one stride in the given numpy array is negative, and tensors with negative strides "
                "are not currently supported. (You can probably work around this by making a copy of your "
                "array  with array.copy().) "
            )
        if step % itemsize:
            raise ValueError(
                "given numpy array strides not a multiple of the element byte size. Copy the numpy array to "
                "reallocate the memory."
            )
    if not array.flags.writeable:
        import warnings

        warnings.warn(
            "The given NumPy array is not writable, and PyTorch does not support non-writable tensors. This means "
            "writing to this tensor will result in undefined behavior. You may want to copy the array to protect "
            "its data or make it writable before converting it to a tensor. This type of warning will be "
            "suppressed for the rest of this program.",
            UserWarning,
            stacklevel=2,
        )
    if isinstance(array.base, np.ndarray):
        # The storage starts where the given array starts, not where the memory it looks into does.
        return wrap(np.asarray(_Window(array)))
    return wrap(array.view(np.ndarray))


class _Window:
    """Memory of an array that is itself a view, as an owner of its own."""

    def __init__(self, array: Array) -> None:
        self.array = array
        self.__array_interface__ = array.__array_interface__


def wrap_dim(dim: int, ndim: int) -> int:
    """`dim` counted from the front. Raises IndexError, in PyTorch's words, when out of range."""
    bound = ndim or 1
    if not -bound <= dim < bound:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-bound}, {bound - 1}], but got {dim})")
    return dim + bound if dim < 0 else dim


def method(function: Function) -> Function:
    """Attach `function` to Tensor under its own name."""
    attach(**{function.__name__: function})
    return function


def attach(**attributes: Any) -> None:
    """Attach attributes to Tensor, for layers above this one."""
    for name, value in attributes.items():
        if name in promised:
            promised[name].value = value  # `_late` puts it there, when it is first used
        else:
            setattr(Tensor, name, value)


# --- the legacy constructors ------------------------------------------------------------------------

LEGACY_TYPES: dict[str, dtype] = {f"{dtypes.scalar_name(each)}Tensor": each for each in dtypes.ALL}


def legacy_tensor(cls: type, kind: dtype, args: tuple[Any, ...], device: Any = None, **kwargs: Any) -> Any:
    """`Tensor(2, 3)`, `FloatTensor([1., 2.])`, `Tensor(other)` and their like."""
    devices.check(device)
    data = kwargs.pop("data", None)
    if data is not None:
        args = (data,)
    if "size" in kwargs:
        args = tuple(kwargs.pop("size"))
    if kwargs:
        raise TypeError(f"new() received an invalid keyword argument: {next(iter(kwargs))!r}")
    target = kind.numpy
    if len(args) == 1 and isinstance(args[0], Tensor):
        source = args[0]
        if source.dtype is not kind and cls is not Tensor:
            raise TypeError(f"expected {_options(kind)} (got {_options(source.dtype)})")
        made = new(cls if issubclass(cls, Tensor) else Tensor)
        made._array, made._node, made._counter = source._array, None, source._counter
        return made
    if len(args) == 1 and isinstance(args[0], Size):
        args = tuple(args[0])
    if len(args) == 1 and not isinstance(args[0], (int, np.integer)):
        if isinstance(args[0], (storage.UntypedStorage, storage.TypedStorage)):
            array = args[0].untyped().bytes().view(target)
        elif isinstance(args[0], str):
            raise TypeError("new(): invalid data type 'str'")
        elif not hasattr(args[0], "__len__"):
            raise TypeError(f"new(): data must be a sequence (got {type(args[0]).__name__})")
        else:
            array = np.array(args[0], target)
    elif not args:
        array = np.empty(0, target)
    else:
        array = np.empty([int(each) for each in args], target)
    made = new(cls if issubclass(cls, Tensor) else Tensor)
    made._array, made._node, made._counter = array, None, [0]
    return made


def _options(kind: dtype) -> str:
    return (
        f"TensorOptions(dtype={dtypes.c_name(kind)}, device=cpu, layout=Strided, requires_grad=false (default), "
        "pinned_memory=false (default), memory_format=(nullopt))"
    )


class _LegacyType(type):
    """A legacy tensor type: constructs tensors of one dtype and recognizes them."""

    dtype: Any
    is_cuda = False

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, Tensor) and instance.dtype is cls.dtype

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return legacy_tensor(cls, cls.dtype, args, **kwargs)


def legacy_types() -> dict[str, type]:
    """`FloatTensor`, `LongTensor`, ..., by name."""
    return {name: _LegacyType(name, (), {"dtype": kind, "__module__": "torch"}) for name, kind in LEGACY_TYPES.items()}
