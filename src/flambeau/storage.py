"""Storage: the one-dimensional memory that a tensor and its views share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib._stride_tricks_impl import DummyArray  # what stands between an `as_strided` view and its base

from . import dtypes


def root(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The array that owns the memory `array` looks into."""
    while True:
        base: Any = array.base
        if base.__class__ is DummyArray:
            base = base.base
        if not isinstance(base, np.ndarray):
            return array
        array = base


def flat_bytes(owner: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The memory of an owning array as bytes, in the order they lie in memory."""
    if not owner.flags.c_contiguous:
        owner = owner.transpose(np.argsort([-step for step in owner.strides], kind="stable"))
    return owner.reshape(-1).view(np.uint8)


def strided(
    array: np.ndarray[Any, Any], shape: tuple[int, ...], strides: tuple[int, ...], offset: int
) -> np.ndarray[Any, Any]:
    """A view of `array`'s storage; `strides` and `offset` count elements.

    Raises RuntimeError, in PyTorch's words, when the view would reach past the storage.
    """
    owner = root(array)
    itemsize = array.itemsize
    last = offset + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
    if 0 not in shape and (last + 1) * itemsize > owner.nbytes:
        raise RuntimeError(
            f"setStorage: sizes {list(shape)}, strides {list(strides)}, storage offset {offset}, and itemsize "
            f"{itemsize} requiring a storage size of {(last + 1) * itemsize} are out of bounds for storage of "
            f"size {owner.nbytes}"
        )
    steps = tuple(step * itemsize for step in strides)
    if 0 in shape:
        return np.ndarray(shape, array.dtype, flat_bytes(owner)[:0], 0, steps)
    return np.ndarray(shape, array.dtype, flat_bytes(owner), offset * itemsize, steps)


class UntypedStorage:
    """Bytes of memory. Two tensors alias when their storages have one `data_ptr()`."""

    __slots__ = ("_owner",)
    is_cuda = False
    is_sparse = False

    def __init__(self, size: int | np.ndarray[Any, Any] = 0) -> None:
        self._owner = size if isinstance(size, np.ndarray) else np.zeros(size, np.uint8)

    @property
    def device(self) -> Any:
        from .device import cpu

        return cpu

    def data_ptr(self) -> int:
        return int(self._owner.__array_interface__["data"][0])

    @property
    def _cdata(self) -> int:
        return self.data_ptr()

    def nbytes(self) -> int:
        return self._owner.nbytes

    size = __len__ = nbytes

    def element_size(self) -> int:
        return 1

    def bytes(self) -> np.ndarray[Any, Any]:
        """The storage's memory itself, as a flat uint8 array."""
        return flat_bytes(self._owner)

    def tolist(self) -> list[int]:
        return self.bytes().tolist()

    @classmethod
    def from_file(cls, filename: Any, shared: bool = False, nbytes: int = 0) -> UntypedStorage:
        """The bytes of a file, read when they are touched; `shared`: writes go to the file, made where it is missing.

        Raises RuntimeError for a file that is not there, or smaller than `nbytes`.
        """
        import mmap
        import os

        mode = "read-write" if shared else "read-only"
        try:
            file = os.open(filename, os.O_RDWR | os.O_CREAT if shared else os.O_RDONLY, 0o600)
        except OSError as error:
            raise RuntimeError(
                f"unable to open file <{os.fspath(filename)}> in {mode} mode: {error.strerror} ({error.errno})"
            ) from None
        try:
            size = os.fstat(file).st_size
            if size < nbytes and not shared:
                raise RuntimeError(
                    f"file <{os.fspath(filename)}> size <{size}> is smaller than the required mapping size <{nbytes}>"
                )
            if size < nbytes:
                os.ftruncate(file, nbytes)
            if not (nbytes or size):
                return cls(0)
            memory = mmap.mmap(file, nbytes or size, access=mmap.ACCESS_WRITE if shared else mmap.ACCESS_COPY)
        finally:
            os.close(file)
        return cls(np.frombuffer(memory, np.uint8))

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):  # a storage of its own, over the same memory
            return UntypedStorage(np.frombuffer(self.bytes()[index].data, np.uint8))
        return int(self.bytes()[index])

    def __setitem__(self, index: int | slice, value: int) -> None:
        self.bytes()[index] = value

    def __iter__(self) -> Any:
        return iter(self.tolist())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UntypedStorage) and self._owner is other._owner

    def __hash__(self) -> int:
        return self.data_ptr()

    def clone(self) -> UntypedStorage:
        return UntypedStorage(self.bytes().copy())

    def fill_(self, value: int) -> UntypedStorage:
        self.bytes()[...] = value
        return self

    def copy_(self, source: UntypedStorage, non_blocking: bool | None = None) -> UntypedStorage:
        self.bytes()[...] = source.bytes()
        return self

    def cpu(self) -> UntypedStorage:
        return self

    def untyped(self) -> UntypedStorage:
        return self

    def is_shared(self) -> bool:
        return False

    def __repr__(self) -> str:
        lines = "".join(f" {value}\n" for value in self.tolist())
        return f"{lines}[torch.storage.UntypedStorage(device=cpu) of size {self.nbytes()}]"


class TypedStorage:
    """A storage seen as elements of one dtype (PyTorch's older form)."""

    __slots__ = ("_untyped_storage", "dtype")
    is_cuda = False

    def __init__(
        self, *args: Any, wrap_storage: UntypedStorage | None = None, dtype: dtypes.dtype | None = None
    ) -> None:
        self.dtype = dtype or dtypes.get_default_dtype()
        if wrap_storage is None:
            count = args[0] if args and isinstance(args[0], int) else 0
            wrap_storage = UntypedStorage(count * self.dtype.itemsize)
            self._untyped_storage = wrap_storage
            if args and not isinstance(args[0], int):
                self._untyped_storage = UntypedStorage(np.array(args[0], self.dtype.numpy))
        else:
            self._untyped_storage = wrap_storage

    def _elements(self) -> np.ndarray[Any, Any]:
        return self._untyped_storage.bytes().view(self.dtype.numpy)

    def untyped(self) -> UntypedStorage:
        return self._untyped_storage

    def data_ptr(self) -> int:
        return self._untyped_storage.data_ptr()

    def _data_ptr(self) -> int:
        return self._untyped_storage.data_ptr()

    def nbytes(self) -> int:
        return self._untyped_storage.nbytes()

    def element_size(self) -> int:
        return self.dtype.itemsize

    def size(self) -> int:
        return self.nbytes() // self.dtype.itemsize

    __len__ = _size = size

    def tolist(self) -> list[Any]:
        return self._elements().tolist()

    def __getitem__(self, index: Any) -> Any:
        return self._elements()[index].tolist()

    def __setitem__(self, index: Any, value: Any) -> None:
        self._elements()[index] = value

    def __iter__(self) -> Any:
        return iter(self.tolist())

    @property
    def device(self) -> Any:
        return self._untyped_storage.device

    def __repr__(self) -> str:
        lines = "".join(f" {value}\n" for value in self.tolist())
        return f"{lines}[torch.storage.TypedStorage(dtype={self.dtype}, device=cpu) of size {self.size()}]"
