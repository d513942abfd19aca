"""`assert_close`: are two values (tensors, numbers, or nested containers of them) close enough?

Containers are taken apart into pairs of leaves; each pair has a kind that knows what it compares
and how it reports. The first pair that differs is the one reported.
"""

from __future__ import annotations

import cmath
import collections.abc
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import numpy as np

import flambeau
from flambeau import dtypes
from flambeau.tensor import Array, Tensor

Message = str | Callable[[str], str] | None

_PRECISION = {
    dtypes.float16: (1e-3, 1e-5),
    dtypes.bfloat16: (1.6e-2, 1e-5),
    dtypes.float32: (1.3e-6, 1e-5),
    dtypes.float64: (1e-7, 1e-7),
}


def default_tolerances(*kinds: dtypes.dtype) -> tuple[float, float]:
    """`(rtol, atol)` for values of these dtypes: the loosest of each one's."""
    known = [_PRECISION.get(kind.to_real(), (0.0, 0.0)) for kind in kinds]
    return max(rtol for rtol, _ in known), max(atol for _, atol in known)


class Options:
    """How strict a comparison is."""

    def __init__(
        self,
        *,
        rtol: float | None,
        atol: float | None,
        equal_nan: bool = False,
        allow_subclasses: bool = True,
        check_device: bool = True,
        check_dtype: bool = True,
        check_layout: bool = True,
        check_stride: bool = False,
    ) -> None:
        if (rtol is None) != (atol is None):
            raise ValueError(
                "Both 'rtol' and 'atol' must be either specified or omitted, "
                f"but got no {'rtol' if rtol is None else 'atol'}."
            )
        self.rtol, self.atol, self.equal_nan = rtol, atol, equal_nan
        self.allow_subclasses, self.check_dtype = allow_subclasses, check_dtype
        self.attributes: list[tuple[str, Callable[[Tensor], Any]]] = [("shape", lambda tensor: tensor.shape)]
        if check_layout:
            self.attributes.append(("layout", lambda tensor: tensor.layout))
        if check_stride:
            self.attributes.append(("stride()", lambda tensor: tensor.stride()))
        if check_device:
            self.attributes.append(("device", lambda tensor: tensor.device))
        if check_dtype:
            self.attributes.append(("dtype", lambda tensor: tensor.dtype))

    def tolerances(self, *kinds: dtypes.dtype) -> tuple[float, float]:
        if self.rtol is None or self.atol is None:
            return default_tolerances(*kinds)
        return self.rtol, self.atol


class Pair:
    """Two values at one place; `make` answers None for values of another kind."""

    def __init__(self, actual: Any, expected: Any, path: tuple[Any, ...], options: Options) -> None:
        self.actual, self.expected, self.path, self.options = actual, expected, path, options

    @classmethod
    def make(cls, actual: Any, expected: Any, path: tuple[Any, ...], options: Options) -> Pair | None:
        raise TypeError(f"{cls.__name__} does not say what it compares")

    def compare(self) -> str | None:
        """The report of a difference; None when the values are close."""
        raise TypeError(f"{type(self).__name__} does not say how it compares")


class NonePair(Pair):
    @classmethod
    def make(cls, actual: Any, expected: Any, path: tuple[Any, ...], options: Options) -> Pair | None:
        return cls(actual, expected, path, options) if actual is None or expected is None else None

    def compare(self) -> str | None:
        if self.actual is self.expected:
            return None
        return f"None mismatch: {self.actual} is not {self.expected}"


class BooleanPair(Pair):
    @classmethod
    def make(cls, actual: Any, expected: Any, path: tuple[Any, ...], options: Options) -> Pair | None:
        kinds = (bool, np.bool_)
        if not (isinstance(actual, kinds) and isinstance(expected, kinds)):
            return None
        return cls(bool(actual), bool(expected), path, options)

    def compare(self) -> str | None:
        if self.actual is self.expected:
            return None
        return f"Booleans mismatch: {self.actual} is not {self.expected}"


class NumberPair(Pair):
    @classmethod
    def make(cls, actual: Any, expected: Any, path: tuple[Any, ...], options: Options) -> Pair | None:
        kinds = (int, float, complex, np.number)
        if not (isinstance(actual, kinds) and isinstance(expected, kinds)):
            return None
        actual, expected = (value.item() if isinstance(value, np.number) else value for value in (actual, expected))
        return cls(actual, expected, path, options)

    def compare(self) -> str | None:
        actual, expected, options = self.actual, self.expected, self.options
        if options.check_dtype and type(actual) is not type(expected):
            return f"The (d)types do not match: {type(actual)} != {type(expected)}."
        rtol, atol = options.tolerances(
            *(dtypes.float64 if isinstance(value, (float, complex)) else dtypes.int64 for value in (actual, expected))
        )
        if isinstance(actual, complex) or isinstance(expected, complex):
            nans = cmath.isnan(actual) and cmath.isnan(expected)
        else:
            nans = actual != actual and expected != expected
        difference = abs(actual - expected)
        finite = not cmath.isinf(difference) and not cmath.isnan(difference)
        if actual == expected or (options.equal_nan and nans) or (finite and difference <= atol + rtol * abs(expected)):
            return None
        return scalar_report(actual, expected, rtol, atol)


class TensorPair(Pair):
    """Tensors, and what can be made one: NumPy arrays."""

    @classmethod
    def make(cls, actual: Any, expected: Any, path: tuple[Any, ...], options: Options) -> Pair | None:
        related = isinstance(actual, type(expected)) or isinstance(expected, type(actual))
        if not related or (not options.allow_subclasses and type(actual) is not type(expected)):
            return None
        if not all(isinstance(value, (Tensor, np.ndarray)) for value in (actual, expected)):
            return None
        return cls(flambeau.as_tensor(actual), flambeau.as_tensor(expected), path, options)

    def compare(self) -> str | None:
        actual, expected, options = self.actual, self.expected, self.options
        for name, read in options.attributes:
            found, wanted = read(actual), read(expected)
            if found != wanted:
                return f"The values for attribute '{name}' do not match: {found} != {wanted}."
        if actual.is_meta or expected.is_meta:
            return None
        rtol, atol = options.tolerances(actual.dtype, expected.dtype)
        left, right = _comparable(actual, expected)
        with np.errstate(all="ignore"):
            close = is_close(left, right, rtol, atol, equal_nan=options.equal_nan)
            if close.all():
                return None
            if left.ndim == 0:
                return scalar_report(actual.item(), expected.item(), rtol, atol)
            return array_report(left, right, close, rtol, atol)


def _comparable(actual: Tensor, expected: Tensor) -> tuple[Array, Array]:
    """The values of two tensors in one dtype in which differences do not wrap around."""
    left, right = actual._array, expected._array
    if actual.dtype is not expected.dtype:
        kind = dtypes.promote_types(actual.dtype, expected.dtype).numpy
        left, right = left.astype(kind), right.astype(kind)
    if left.dtype.kind in "biu":
        left, right = left.astype(np.int64), right.astype(np.int64)
    return left, right


def is_close(left: Array, right: Array, rtol: float, atol: float, *, equal_nan: bool) -> Array:
    """Where |left - right| <= atol + rtol |right|, or both are the same infinity (or NaN)."""
    close = left == right
    if rtol or atol:
        if left.dtype.kind not in "fc" and left.dtype.kind != "i":
            left, right = left.astype(np.float32), right.astype(np.float32)
        error = np.abs(left - right)
        close |= np.isfinite(error) & (error <= atol + np.abs(rtol * right))
    if equal_nan:
        close |= (left != left) & (right != right)
    return close


def _bounds(value: Any, tolerance: float, exact: bool) -> str:
    return f"{value}" if exact else f"{value} (up to {tolerance} allowed)"


def _verdict(what: str, exact: bool) -> str:
    return f"{what} are not {'equal' if exact else 'close'}!\n\n"


def scalar_report(actual: Any, expected: Any, rtol: float, atol: float) -> str:
    exact = rtol == 0 and atol == 0
    difference = abs(actual - expected)
    relative = float("inf") if expected == 0 else difference / abs(expected)
    return (
        f"{_verdict('Scalars', exact)}Expected {expected} but got {actual}.\n"
        f"Absolute difference: {_bounds(difference, atol, exact)}\n"
        f"Relative difference: {_bounds(relative, rtol, exact)}"
    )


def array_report(left: Array, right: Array, close: Array, rtol: float, atol: float) -> str:
    exact = rtol == 0 and atol == 0
    wrong = close.size - int(np.count_nonzero(close))
    absolute = np.abs(left - right)
    divisor = np.abs(right)
    if left.dtype.kind == "i":
        relative = absolute.astype(np.float32) / divisor.astype(np.float32)
    else:
        relative = absolute / divisor
    lines = [f"Mismatched elements: {wrong} / {close.size} ({wrong / close.size:.1%})"]
    for name, difference, tolerance in (
        ("absolute", absolute, atol),
        ("relative", relative, rtol),
    ):
        difference[close] = 0
        flat = difference.reshape(-1)
        place = int(np.argmax(flat))
        index = tuple(int(i) for i in np.unravel_index(place, difference.shape))
        worst = flat[place].item()
        bound = "" if exact else f" (up to {tolerance} allowed)"
        lines.append(f"Greatest {name} difference: {worst} at index {index}{bound}")
    return _verdict("Tensor-likes", exact) + "\n".join(lines)


_KINDS: tuple[type[Pair], ...] = (NonePair, BooleanPair, NumberPair, TensorPair)


def pairs(actual: Any, expected: Any, path: tuple[Any, ...], options: Options, message: Message) -> Iterator[Pair]:
    """The leaves of two structures of the same form, side by side."""
    if (
        _are(actual, expected, collections.abc.Sequence)
        and not isinstance(actual, str)
        and not isinstance(expected, str)
    ):
        if len(actual) != len(expected):
            _fail(
                f"The length of the sequences mismatch: {len(actual)} != {len(expected)}",
                path,
                message,
            )
        for index, (left, right) in enumerate(zip(actual, expected, strict=True)):
            yield from pairs(left, right, (*path, index), options, message)
    elif _are(actual, expected, collections.abc.Mapping):
        if set(actual) != set(expected):
            missing = sorted(set(expected) - set(actual), key=str)
            extra = sorted(set(actual) - set(expected), key=str)
            _fail(
                "The keys of the mappings do not match:\n"
                f"Missing keys in the actual mapping: {missing}\n"
                f"Additional keys in the actual mapping: {extra}",
                path,
                message,
            )
        for key in sorted(actual, key=str):
            yield from pairs(actual[key], expected[key], (*path, key), options, message)
    else:
        for kind in _KINDS:
            pair = kind.make(actual, expected, path, options)
            if pair is not None:
                yield pair
                return
        raise TypeError(
            _located(
                f"No comparison pair was able to handle inputs of type {type(actual)} and {type(expected)}.",
                path,
            )
        )


def _are(actual: Any, expected: Any, kind: type) -> bool:
    return isinstance(actual, kind) and isinstance(expected, kind)


def _located(report: str, path: tuple[Any, ...]) -> str:
    if not path:
        return report
    return f"{report}\n\nThe failure occurred for item {''.join(f'[{item!r}]' for item in path)}"


def _fail(report: str, path: tuple[Any, ...], message: Message) -> NoReturn:
    report = _located(report, path)
    if message is not None:
        report = message(report) if callable(message) else message
    raise AssertionError(report)


def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: Message = None,
) -> None:
    """Assert |actual - expected| <= atol + rtol |expected| everywhere.

    Args:
        actual: a tensor, array, number, bool or None, or sequences and mappings of these.
        expected: the same form with the right values.
        allow_subclasses: compare a tensor with one of a subclass.
        rtol: the relative tolerance; left out together with `atol`, both follow from the dtypes.
        atol: the absolute tolerance.
        equal_nan: count two NaN as equal.
        check_device: the devices must be equal, too.
        check_dtype: the dtypes (or types of numbers) must be equal, too.
        check_layout: the layouts must be equal, too.
        check_stride: the strides must be equal, too.
        msg: the error's message, or a function from the message to another.

    Raises:
        AssertionError: the values differ, or something that is checked beside them does.
        TypeError: values of these types cannot be compared.
        ValueError: only one of `rtol` and `atol` is given.
    """
    __tracebackhide__ = True
    options = Options(
        rtol=rtol,
        atol=atol,
        equal_nan=equal_nan,
        allow_subclasses=allow_subclasses,
        check_device=check_device,
        check_dtype=check_dtype,
        check_layout=check_layout,
        check_stride=check_stride,
    )
    for pair in list(pairs(actual, expected, (), options, msg)):
        report = pair.compare()
        if report is not None:
            _fail(report, pair.path, msg)


_FORMER_PRECISION = {
    dtypes.float16: (1e-3, 1e-3),
    dtypes.float32: (1e-4, 1e-5),
    dtypes.float64: (1e-5, 1e-8),
}


def assert_allclose(
    actual: Any,
    expected: Any,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = True,
    msg: str = "",
) -> None:
    """The former `assert_close`: looser, and blind to the dtype."""
    import warnings

    warnings.warn(
        "`torch.testing.assert_allclose()` is deprecated since 1.12 and will be removed in a "
        "future release. Please use `torch.testing.assert_close()` instead. You can find "
        "detailed upgrade instructions in https://github.com/pytorch/pytorch/issues/61844.",
        FutureWarning,
        stacklevel=2,
    )
    if not isinstance(actual, Tensor):
        actual = flambeau.as_tensor(actual)
    if not isinstance(expected, Tensor):
        expected = flambeau.as_tensor(expected, dtype=actual.dtype)
    if rtol is None and atol is None:
        known = [_FORMER_PRECISION.get(kind, (0.0, 0.0)) for kind in (actual.dtype, expected.dtype)]
        rtol, atol = max(each[0] for each in known), max(each[1] for each in known)
    assert_close(
        actual,
        expected,
        rtol=rtol,
        atol=atol,
        equal_nan=equal_nan,
        check_device=True,
        check_dtype=False,
        check_stride=False,
        msg=msg or None,
    )
