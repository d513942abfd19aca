"""DLPack: handing tensors to other libraries, and taking theirs, without a copy.

NumPy does the work. The types it lacks (bfloat16, float8) travel as integers of their size, with
the type code of the DLPack structure corrected in place.
"""

from __future__ import annotations

import ctypes
import enum
from typing import Any

import numpy as np

from flambeau import dtypes
from flambeau.device import check
from flambeau.tensor import Array, Tensor, wrap

__all__ = ["DLDeviceType", "from_dlpack", "to_dlpack"]


class DLDeviceType(enum.IntEnum):
    """The kinds of device that DLPack numbers."""

    kDLCPU = 1
    kDLCUDA = 2
    kDLCUDAHost = 3
    kDLOpenCL = 4
    kDLVulkan = 7
    kDLMetal = 8
    kDLVPI = 9
    kDLROCM = 10
    kDLROCMHost = 11
    kDLExtDev = 12
    kDLCUDAManaged = 13
    kDLOneAPI = 14
    kDLWebGPU = 15
    kDLHexagon = 16
    kDLMAIA = 17


# DLDataTypeCode of https://github.com/dmlc/dlpack/blob/main/include/dlpack/dlpack.h
_UNSIGNED = 1
_TYPE_CODES = {
    dtypes.bfloat16: 4,
    dtypes.float8_e4m3fn: 10,
    dtypes.float8_e4m3fnuz: 11,
    dtypes.float8_e5m2: 12,
    dtypes.float8_e5m2fnuz: 13,
}
_OF_CODE = {(code, dtype.itemsize * 8): dtype for dtype, code in _TYPE_CODES.items()}


class _DataType(ctypes.Structure):
    """DLDataType."""

    _fields_ = (("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16))


# Where a DLDataType lies: after data, device and ndim of the DLTensor, which a managed tensor
# begins with, and which a versioned one has after its version, context, deleter and flags.
_DATA_TYPE_AT = {b"dltensor": 20, b"dltensor_versioned": 52}


def _data_type(capsule: Any) -> _DataType:
    """The element type inside a capsule, to be read or replaced."""
    name, pointer = ctypes.pythonapi.PyCapsule_GetName, ctypes.pythonapi.PyCapsule_GetPointer
    name.restype, name.argtypes = ctypes.c_char_p, [ctypes.py_object]
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    kind = name(capsule)
    return _DataType.from_address(pointer(capsule, kind) + _DATA_TYPE_AT[kind])


def export(
    tensor: Tensor,
    *,
    stream: Any = None,
    max_version: tuple[int, int] | None = None,
    dl_device: tuple[int, int] | None = None,
    copy: bool | None = None,
) -> Any:
    """`Tensor.__dlpack__`: a capsule that owns a reference to the tensor's memory.

    Raises BufferError, in PyTorch's words, for a tensor that cannot be shared.
    """
    if tensor.requires_grad:
        raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
    if tensor.is_conj():
        raise BufferError("Can't export tensors with the conjugate bit set")
    if tensor.device.type != "cpu":
        raise BufferError(f"Cannot pack tensors on {tensor.device}")
    if stream is not None and type(stream) is not int:
        raise TypeError("stream must be ``int`` or ``none``")
    assert stream in (None, -1), "stream should be None on cpu."
    array, code = tensor._array, _TYPE_CODES.get(tensor.dtype)
    if code is not None:
        array = array.view(f"u{array.itemsize}")
    capsule = array.__dlpack__(max_version=max_version, dl_device=dl_device, copy=copy)
    if code is not None:
        _data_type(capsule).code = code
    return capsule


def export_device(tensor: Tensor) -> tuple[DLDeviceType, int]:
    """`Tensor.__dlpack_device__`: where the memory lies. Raises ValueError if nowhere."""
    if tensor.device.type != "cpu":
        raise ValueError(f"Unknown device type {tensor.device.type} for Dlpack")
    return DLDeviceType.kDLCPU, 0


def to_dlpack(tensor: Tensor) -> Any:
    """A DLPack capsule of `tensor`, to be consumed once."""
    return tensor.__dlpack__()


class _Producer:
    """A capsule, in the form NumPy takes it."""

    def __init__(self, capsule: Any) -> None:
        self._capsule = capsule

    def __dlpack__(self, **_: Any) -> Any:
        return self._capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return DLDeviceType.kDLCPU, 0


class _Writable:
    """The memory of an array that NumPy marks read-only because an old capsule cannot say."""

    def __init__(self, array: Array) -> None:
        self._array = array
        interface = array.__array_interface__
        self.__array_interface__ = {**interface, "data": (interface["data"][0], False)}


def _consume(capsule: Any) -> Array:
    """The array a capsule describes, over the same memory."""
    try:
        data_type = _data_type(capsule)
    except (KeyError, ValueError):  # not a capsule, or one that is used up
        raise RuntimeError(
            "from_dlpack received an invalid capsule. Note that DLTensor capsules can be consumed "
            "only once, so you might have already constructed a tensor from it once."
        ) from None
    dtype = _OF_CODE.get((data_type.code, data_type.bits))
    if dtype is not None:
        data_type.code = _UNSIGNED
    old = _is_old(capsule)
    array = np.from_dlpack(_Producer(capsule))
    if old and not array.flags.writeable:
        array = np.asarray(_Writable(array))
    return array if dtype is None else array.view(dtype.numpy)


def _is_old(capsule: Any) -> bool:
    valid = ctypes.pythonapi.PyCapsule_IsValid
    valid.restype, valid.argtypes = ctypes.c_int, [ctypes.py_object, ctypes.c_char_p]
    return bool(valid(capsule, b"dltensor"))


def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """A tensor over the memory of another library's array.

    Args:
        ext_tensor: an object with `__dlpack__`, or a DLPack capsule.
        device: where the tensor shall lie; the CPU.
        copy: True for memory of its own, False to refuse where that would be needed.

    Raises:
        RuntimeError: `ext_tensor` is neither, or a capsule that has been consumed.
        BufferError: its owner cannot share it.
    """
    check(device)
    if hasattr(ext_tensor, "__dlpack__"):
        options = {} if copy is None else {"copy": copy}
        try:
            capsule = ext_tensor.__dlpack__(max_version=(1, 0), **options)
        except TypeError:  # a producer from before these arguments
            capsule = ext_tensor.__dlpack__()
    else:
        capsule = ext_tensor
    array = _consume(capsule)
    dtypes.from_numpy_dtype(array.dtype)
    return wrap(array)
