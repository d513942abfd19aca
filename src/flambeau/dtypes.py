"""Data types, their promotion, and the default floating-point type."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

BOOL, INTEGRAL, FLOATING, COMPLEX = range(4)


class dtype:
    """The element type of a tensor; `numpy` is the matching `numpy.dtype`."""

    __slots__ = ("_numpy", "category", "is_signed", "itemsize", "name")

    def __init__(self, name: str, itemsize: int, category: int, *, signed: bool = True) -> None:
        self.name = name
        self.itemsize = itemsize
        self.category = category
        self.is_signed = signed
        self._numpy: np.dtype[Any] | None = None

    @property
    def is_floating_point(self) -> bool:
        return self.category == FLOATING

    @property
    def is_complex(self) -> bool:
        return self.category == COMPLEX

    @property
    def is_differentiable(self) -> bool:
        return self.category >= FLOATING

    @property
    def numpy(self) -> np.dtype[Any]:
        """The NumPy dtype; ml_dtypes is imported when its types are first asked for."""
        if self._numpy is None:
            self._numpy = _extension_dtype(self)
        return self._numpy

    def to_complex(self) -> dtype:
        return _TO_COMPLEX.get(self, self)

    def to_real(self) -> dtype:
        return _TO_REAL.get(self, self)

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        return self.name


bool_ = dtype("bool", 1, BOOL, signed=False)
uint8 = dtype("uint8", 1, INTEGRAL, signed=False)
uint16 = dtype("uint16", 2, INTEGRAL, signed=False)
uint32 = dtype("uint32", 4, INTEGRAL, signed=False)
uint64 = dtype("uint64", 8, INTEGRAL, signed=False)
int8 = dtype("int8", 1, INTEGRAL)
int16 = dtype("int16", 2, INTEGRAL)
int32 = dtype("int32", 4, INTEGRAL)
int64 = dtype("int64", 8, INTEGRAL)
float8_e4m3fn = dtype("float8_e4m3fn", 1, FLOATING)
float8_e5m2 = dtype("float8_e5m2", 1, FLOATING)
float8_e4m3fnuz = dtype("float8_e4m3fnuz", 1, FLOATING)
float8_e5m2fnuz = dtype("float8_e5m2fnuz", 1, FLOATING)
float16 = dtype("float16", 2, FLOATING)
bfloat16 = dtype("bfloat16", 2, FLOATING)
float32 = dtype("float32", 4, FLOATING)
float64 = dtype("float64", 8, FLOATING)
complex64 = dtype("complex64", 8, COMPLEX)
complex128 = dtype("complex128", 16, COMPLEX)

# `bool` names the built-in in this module's own code; pickle finds the dtype under its PyTorch name.
globals()["bool"] = bool_
half, float_, double = float16, float32, float64
short, int_, long = int16, int32, int64
cfloat, cdouble = complex64, complex128

ALL: tuple[dtype, ...] = (
    bool_,
    *(uint8, uint16, uint32, uint64, int8, int16, int32, int64),
    *(float8_e4m3fn, float8_e5m2, float8_e4m3fnuz, float8_e5m2fnuz),
    *(float16, bfloat16, float32, float64, complex64, complex128),
)
ALIASES: dict[str, dtype] = {
    "half": float16,
    "float": float32,
    "double": float64,
    "short": int16,
    "int": int32,
    "long": int64,
    "cfloat": complex64,
    "cdouble": complex128,
}
_TO_COMPLEX = {float32: complex64, float64: complex128, float16: complex64, bfloat16: complex64}
_TO_REAL = {complex64: float32, complex128: float64}
_EXTENSION = {"bfloat16", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz"}

_from_numpy: dict[np.dtype[Any], dtype] = {}
for _dtype in ALL:
    if _dtype.name not in _EXTENSION:
        _dtype._numpy = np.dtype(_dtype.name)
        _from_numpy[_dtype._numpy] = _dtype


def _extension_dtype(which: dtype) -> np.dtype[Any]:
    import ml_dtypes

    for each in ALL:
        if each.name in _EXTENSION:
            each._numpy = np.dtype(getattr(ml_dtypes, each.name))
            _from_numpy[each._numpy] = each
    return which.numpy


def from_numpy_dtype(array_dtype: np.dtype[Any]) -> dtype:
    """The dtype of tensors that hold arrays of `array_dtype`.

    Raises TypeError, in PyTorch's words, for a type that no tensor can hold.
    """
    found = _from_numpy.get(array_dtype)
    if found is None:
        if array_dtype.name in _EXTENSION and array_dtype.type.__module__ == "ml_dtypes":
            _extension_dtype(bfloat16)
            found = _from_numpy.get(array_dtype)
        elif not array_dtype.isnative:
            raise ValueError(
                "given numpy array has byte order different from the native byte order. "
                "Conversion between byte orders is currently not supported."
            )
    if found is None:
        raise TypeError(
            f"can't convert np.ndarray of type {array_dtype.type.__module__}."
            f"{array_dtype.type.__name__}. The only supported types are: float64, float32, float16, "
            "complex64, complex128, int64, int32, int16, int8, uint64, uint32, uint16, uint8, and bool."
        )
    return found


_FLOAT_RANK = {float16: 1, bfloat16: 1, float32: 2, float64: 3, complex64: 2, complex128: 3}
_SIGNED = {1: int8, 2: int16, 4: int32, 8: int64}
_WIDE_UNSIGNED = (uint16, uint32, uint64)
_FLOAT8 = (float8_e4m3fn, float8_e5m2, float8_e4m3fnuz, float8_e5m2fnuz)


def promote_types(type1: dtype, type2: dtype) -> dtype:
    """The smallest dtype of the higher category that both can be cast to, by PyTorch's lattice."""
    if type1 is type2:
        return type1
    for family, members in (("Float8 Types", _FLOAT8), ("uint16, uint32, uint64 types", _WIDE_UNSIGNED)):
        low, high = sorted((type1, type2), key=lambda each: each in members)
        if high in members and (family[0] == "F" or low.category <= INTEGRAL):
            raise RuntimeError(
                f"Promotion for {family} is not supported, attempted to promote "
                f"{scalar_name(type1)} and {scalar_name(type2)}"
            )
    low, high = (type1, type2) if type1.category <= type2.category else (type2, type1)
    if low.category < high.category:
        return complex128 if high.category == COMPLEX and low is float64 else high
    if high.category == INTEGRAL:
        if type1.is_signed == type2.is_signed:
            return type1 if type1.itemsize > type2.itemsize else type2
        return _SIGNED[max(type1.itemsize, type2.itemsize, 2)]
    rank1, rank2 = _FLOAT_RANK[type1], _FLOAT_RANK[type2]
    if rank1 == rank2:  # float16 with bfloat16: neither holds the other
        return float32
    return type1 if rank1 > rank2 else type2


_SCALAR_NAMES = {
    bool_: "Bool",
    uint8: "Byte",
    int8: "Char",
    int16: "Short",
    int32: "Int",
    int64: "Long",
    float16: "Half",
    float32: "Float",
    float64: "Double",
    bfloat16: "BFloat16",
    complex64: "ComplexFloat",
    complex128: "ComplexDouble",
    uint16: "UInt16",
    uint32: "UInt32",
    uint64: "UInt64",
    float8_e4m3fn: "Float8_e4m3fn",
    float8_e5m2: "Float8_e5m2",
    float8_e4m3fnuz: "Float8_e4m3fnuz",
    float8_e5m2fnuz: "Float8_e5m2fnuz",
}


C_NAMES = {
    "float64": "double",
    "float32": "float",
    "float16": "c10::Half",
    "bfloat16": "c10::BFloat16",
    "complex64": "c10::complex<float>",
    "complex128": "c10::complex<double>",
    "int64": "long int",
    "int32": "int",
    "int16": "short int",
    "int8": "signed char",
    "uint8": "unsigned char",
    "uint16": "short unsigned int",
    "uint32": "unsigned int",
    "uint64": "long unsigned int",
}
"""What C++ calls a dtype, where that is another name."""


def c_name(kind: dtype) -> str:
    """A dtype as C++ calls it."""
    return C_NAMES.get(kind.name, kind.name)


def scalar_name(which: dtype) -> str:
    """The name PyTorch's messages use: "Float" for float32, "Long" for int64."""
    return _SCALAR_NAMES[which]


def can_cast(from_: dtype, to: dtype) -> bool:
    """Whether a value of `from_` may be written into a tensor of `to` (categories may not fall)."""
    if from_.category > to.category and from_.category >= FLOATING:
        return False
    return not (to is bool_ and from_ is not bool_)


class finfo:
    """Numerical limits of a floating-point dtype."""

    def __init__(self, type: dtype | None = None) -> None:
        type = get_default_dtype() if type is None else as_dtype(type, "finfo")
        if type.category < FLOATING:
            raise TypeError(f"torch.finfo() requires a floating point input type. Use torch.iinfo to handle '{type}'")
        type = type.to_real()
        limits: Any
        if type.name in _EXTENSION:
            import ml_dtypes

            limits = ml_dtypes.finfo(type.numpy)  # type: ignore[no-untyped-call]
        else:
            limits = np.finfo(type.numpy)
        self.bits = type.itemsize * 8
        self.eps = float(limits.eps)
        self.max = float(limits.max)
        self.min = float(limits.min)
        self.tiny = self.smallest_normal = float(limits.smallest_normal)
        self.resolution = float(f"1e-{limits.precision}")  # the decimal number, not its neighbour in the dtype
        self.dtype = type.name

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
            f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})"
        )


class iinfo:
    """Numerical limits of an integer dtype."""

    def __init__(self, type: dtype) -> None:
        type = as_dtype(type, "iinfo")
        if type.category != INTEGRAL:
            raise TypeError(f"torch.iinfo() requires an integer input type. Use torch.finfo to handle '{type}'")
        limits = np.iinfo(type.numpy)
        self.bits, self.max, self.min, self.dtype = limits.bits, int(limits.max), int(limits.min), type.name

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"


_default = float32


def get_default_dtype() -> dtype:
    return _default


def set_default_dtype(d: dtype) -> None:
    """Make `d` the dtype of new floating-point tensors; complex ones follow it.

    Raises TypeError unless `d` is a floating-point dtype.
    """
    global _default
    if not isinstance(d, dtype):
        raise TypeError("invalid dtype object: only floating-point types are supported as the default type")
    if not d.is_floating_point:
        raise TypeError("only floating-point types are supported as the default type")
    _default = d


def default_of(value_type: type) -> dtype:
    """The dtype that a Python scalar of `value_type` has on its own."""
    if value_type is float or issubclass(value_type, float):
        return _default
    if value_type is bool_type or value_type is np.bool_:
        return bool_
    if issubclass(value_type, int):
        return int64
    return _default.to_complex()


bool_type = builtins.bool
_PYTHON_TYPES: dict[Any, dtype] = {float: float64, int: int64, bool_type: bool_, complex: complex128}


def as_dtype(given: Any, function: str) -> dtype:
    """What a `dtype` argument of `function` means: a dtype, or the widest of a Python number type."""
    if isinstance(given, dtype):
        return given
    if isinstance(given, type) and given in _PYTHON_TYPES:
        return _PYTHON_TYPES[given]
    raise TypeError(f"{function}(): argument 'dtype' must be torch.dtype, not {type(given).__name__}")
