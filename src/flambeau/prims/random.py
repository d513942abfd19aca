"""Samplers that fill an array with the numbers PyTorch draws on a CPU, in PyTorch's order.

`out` is filled in the order of its memory: a transposed array takes the same numbers as its base.
Every sampler leaves the engine where PyTorch would: the number of draws is part of the contract.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from flambeau.prims.choice import pays
from flambeau.prims.core import silently
from flambeau.prims.random_engine import CHUNK, Engine

Array = np.ndarray[Any, Any]

_MASK24 = np.uint64(2**24 - 1)
_SCALE24 = np.float32(2**-24)

# The largest integer up to which a floating dtype holds every integer: what `random_()` draws from.
DIGITS = {"d": 53, "f": 24, "e": 11, "E": 8}
"""By `dtype.char`: float64, float32, float16, bfloat16."""

_F32, _F64, _I64 = np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.int64)


@cache
def _kernels() -> Any:
    """The module of the kernels, loaded at its first use."""
    from flambeau.kernels import random

    return random


def _plain(out: Array) -> bool:
    """Whether kernels fill `out` as it lies."""
    return (out.dtype is _F32 or out.dtype is _F64) and out.flags.c_contiguous and out.size > 0


def uniform(engine: Engine, out: Array, low: float = 0.0, high: float = 1.0) -> None:
    """Fill `out` from [low, high)."""
    if _plain(out) and engine.by_kernel(out.size):
        _kernels().uniform(engine.state, out, low, high)
    elif out.dtype.kind == "c":
        _as_real_pairs(out, lambda pairs: uniform(engine, pairs, low, high))
    elif out.dtype is _F64:
        _fill(out, lambda block: _uniform_double(engine, block, low, high))
    elif out.dtype is _F32:
        _fill(out, lambda block: _uniform_single(engine, block, low, high))
    else:
        _fill(out, lambda block: _uniform_half(engine, block, low, high))


def normal(engine: Engine, out: Array, mean: float = 0.0, std: float = 1.0) -> None:
    """Fill `out` from N(mean, std²); a complex number has half of that variance in each part."""
    if out.dtype.kind == "c":
        _as_real_pairs(out, lambda pairs: normal(engine, pairs, mean, std / math.sqrt(2)))
    elif out.size < 16:
        if _plain(out) and engine.by_kernel(out.size):
            _few_by_kernel(engine, out.reshape(-1), mean, std)
            return
        ordered = _in_memory_order(out)
        values = np.array([normal * std + mean for normal in engine.few_normals(out.size)])
        _store(ordered, values.reshape(ordered.shape))
    elif _plain(out) and pays("normal", out.size) and engine.state is not None:
        _normal_by_kernels(engine, out.reshape(-1), mean, std)
    elif not out.flags.c_contiguous:
        _fill(out, lambda block: _store(block, engine.standard_normals(len(block)) * std + mean))
    elif out.dtype == np.float64:
        _normal_blocks(engine, out.reshape(-1), mean, std, engine.doubles)
    else:
        _normal_blocks(engine, out.reshape(-1), mean, std, lambda n: _singles(engine, n))


def log_normal(engine: Engine, out: Array, mean: float = 1.0, std: float = 2.0) -> None:
    """Fill `out` with exp(N(mean, std²))."""
    _fill(out, lambda block: _store(block, np.exp(engine.standard_normals(len(block)) * std + mean)))


def exponential(engine: Engine, out: Array, rate: float = 1.0) -> None:
    """Fill `out` by inversion of 1 - exp(-rate x)."""
    scale = -1 / rate
    _fill(out, lambda block: _store(block, scale * np.log1p(-engine.doubles(len(block)))))


def cauchy(engine: Engine, out: Array, median: float = 0.0, sigma: float = 1.0) -> None:
    """Fill `out` by inversion of the Cauchy distribution."""

    def sample(block: Array) -> None:
        _store(block, median + sigma * np.tan(np.pi * (engine.doubles(len(block)) - 0.5)))

    _fill(out, sample)


def geometric(engine: Engine, out: Array, p: float) -> None:
    """Fill `out` with the number of trials up to the first success, by inversion."""
    log_failure = math.log1p(-p)

    def sample(block: Array) -> None:
        _store(block, np.ceil(np.log(engine.doubles(len(block))) / log_failure))

    _fill(out, sample)


def bernoulli(engine: Engine, out: Array, p: float | Array) -> None:
    """Fill `out` with ones of probability `p`, a number or an array that broadcasts to `out`.

    A number and a float64 array are compared with 53 random bits, other arrays with 24.
    """
    if not isinstance(p, np.ndarray):
        if out.dtype.kind in "fbu" and out.flags.c_contiguous and out.size and engine.by_kernel(out.size):
            if _kernels().bernoulli(engine.state, out, math.ceil(p * 2**53)):
                return
        _fill(out, _below(engine, p))
        return
    ordered = _in_memory_order(out)
    p = _in_memory_order(out, p if p.shape == out.shape else np.broadcast_to(p, out.shape))
    if p.dtype == np.float64:
        ordered[...] = engine.doubles(out.size).reshape(p.shape) < p
    else:
        ordered[...] = _singles(engine, out.size).reshape(p.shape) < p.astype(np.float32, copy=False)


def integers(engine: Engine, out: Array, low: int, high: int) -> None:
    """Fill `out` with integers from [low, high), wherever those lie within 64 bits."""
    digits = DIGITS.get(out.dtype.char)
    if digits is not None:
        low, high = _unrounded_bounds(out.dtype.type, digits, low, high)
    span = high - low
    if out.dtype is _I64 and out.flags.c_contiguous and span < 2**28 and out.size and engine.by_kernel(out.size):
        _kernels().kernel("integers")(engine.state, out, out.size, span, low)
        return
    _remainders(engine, out, span, low, wide=span >= 2**28)


def _unrounded_bounds(kind: Any, digits: int, low: int, high: int) -> tuple[int, int]:
    """Bounds moved inwards by a spacing of `digits` bits where rounding would step over them."""
    last, first = int(kind(np.float64(high - 1))), int(kind(np.float64(low + 1)))
    if last >= high:
        high = last - (1 << (high - 1).bit_length() - digits)
    if first < low:
        low = first + (1 << (low + 1).bit_length() - digits)
    return low, high


def any_integers(engine: Engine, out: Array) -> None:
    """Fill `out` from the non-negative integers its dtype holds exactly."""
    kind, bits = out.dtype.kind, 8 * out.dtype.itemsize
    if kind == "b":
        span = 2
    elif kind in "iu":
        span = 2 ** (bits - (kind == "i"))
    else:
        span = 2 ** DIGITS[out.dtype.char] + 1
    _remainders(engine, out, span, 0, wide=bits == 64)


def permutation(engine: Engine, out: Array) -> None:
    """Fill the 1-d `out` with 0 ... n-1, where each i in turn was exchanged with i + r % (n-i)."""
    n = len(out)
    if n < 2:
        out[...] = 0
        return
    if engine.by_kernel(n):
        order = out if out.dtype is _I64 and out.flags.c_contiguous else np.empty(n, _I64)
        _kernels().kernel("permutation")(engine.state, order, n)
        if order is not out:
            out[...] = order
        return
    draws = engine.draw32(n - 1)
    if n >= 512:
        steps = (draws % np.arange(n, 1, -1, dtype=np.uint32)).astype(np.int64)
        out[...] = _swapped(np.arange(n - 1) + steps, n)
    else:
        listed = list(range(n))
        for place, draw in enumerate(draws.tolist()):
            target = place + draw % (n - place)
            listed[place], listed[target] = listed[target], listed[place]
        out[...] = listed


def _swapped(targets: np.ndarray[Any, np.dtype[np.int64]], n: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """What `arange(n)` becomes when each place i in turn is exchanged with `targets[i] >= i`.

    Before step i, place i holds what the last earlier step that aimed at i put there: the value
    that step found at its own place. These references run backwards: doubling resolves them.
    """
    places = np.arange(n - 1)
    shift = int(n).bit_length()
    # Sorting (target, place) pairs brings together the steps that aim at one place, in time order.
    pairs = np.sort((targets << shift) | places)
    aim, step = pairs >> shift, pairs & ((1 << shift) - 1)
    same = aim[1:] == aim[:-1]
    # What each step finds at its target: the last value put there, or what was there at first.
    previous = np.full(n - 1, -1)
    previous[step[1:][same]] = step[:-1][same]
    # The last step before i that aimed at i; a step that aims at its own place changes nothing.
    source = np.arange(n)
    last = np.append(~same, True)
    arriving, aimed = step[last], aim[last]
    own = arriving == aimed
    arriving = np.where(own, previous[arriving], arriving)
    moved = arriving >= 0
    source[aimed[moved]] = arriving[moved]
    while True:
        further = source[source]
        if np.array_equal(further, source):
            break
        source = further
    result = np.empty(n, np.int64)
    result[:-1] = np.where(previous >= 0, source[previous], targets)
    result[-1] = source[n - 1]
    return result


def _in_memory_order(out: Array, array: Array | None = None) -> Array:
    """`array` (`out` itself, if not given) with its dimensions in the order of `out`'s memory."""
    array = out if array is None else array
    if out.flags.c_contiguous:
        return array
    return array.transpose(sorted(range(out.ndim), key=lambda dim: -out.strides[dim]))


def _fill(out: Array, sample: Callable[[Array], None]) -> None:
    """Let `sample` write consecutive blocks of `out`, along its memory."""
    if out.size <= CHUNK and out.flags.c_contiguous:
        sample(out.reshape(-1))
        return
    ordered = _in_memory_order(out)
    dense = ordered.flags.c_contiguous
    flat = ordered.reshape(-1) if dense else np.empty(out.size, out.dtype)
    for start in range(0, out.size, CHUNK):
        sample(flat[start : start + CHUNK])
    if not dense:
        ordered[...] = flat.reshape(ordered.shape)


def _as_real_pairs(out: Array, fill: Callable[[Array], None]) -> None:
    """Let `fill` write `out`'s real and imaginary parts as a last dimension of 2."""
    part = out.real
    fill(np.lib.stride_tricks.as_strided(part, (*out.shape, 2), (*part.strides, part.itemsize), writeable=True))


def _rounded(values: Array, out: Array) -> Array:
    """`values` ready to be stored in `out`: PyTorch rounds to 16 bits by way of 32."""
    return values.astype(np.float32) if out.dtype.itemsize == 2 else values


@silently
def _store(block: Array, values: Array) -> None:
    block[...] = _rounded(values, block)


def _singles(engine: Engine, n: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """The next `n` numbers in [0, 1) with 24 random bits."""
    result = np.empty(n, np.float32)
    uniform(engine, result)
    return result


def _uniform_single(engine: Engine, block: Array, low: float, high: float) -> None:
    n = len(block)
    bits: Array
    if n < 1024:
        bits = engine.raw(n)
        bits &= _MASK24
    else:
        bits = engine.draw32(n)
        bits &= np.uint32(2**24 - 1)
        bits = bits.view(np.int32)
    if low == 0 and high == 1:
        if n < 1024:
            np.multiply(bits, 2.0**-24, out=block, casting="unsafe")
        else:
            np.multiply(bits, _SCALE24, out=block, dtype=np.float32, casting="unsafe")
        return
    # One rounding, as PyTorch multiplies and adds: in float64 only the sum rounds, to more digits.
    first, last = float(np.float32(low)), float(np.float32(high))
    width = float(np.float32(last) - np.float32(first))
    values = bits * (width * 2.0**-24)
    values += first
    block[...] = values
    if np.float32(first + width * (1 - 2.0**-24)) >= last:
        block[block == last] = first


def _uniform_double(engine: Engine, block: Array, low: float, high: float) -> None:
    uniforms = engine.doubles(len(block))
    block[...] = _multiply_add(uniforms, high - low, low) if low != 0 else uniforms * high
    if high != 1:
        block[block == high] = low


def _uniform_half(engine: Engine, block: Array, low: float, high: float) -> None:
    first, last = np.float32(low), np.float32(high)
    values = _singles(engine, len(block)) * np.float64(last - first) + np.float64(first)
    _store(block, values)
    block[block == block.dtype.type(last)] = low


def _multiply_add(x: Array, factor: float, addend: float) -> Array:
    """`x * factor + addend` rounded once, by Dekker's product and Knuth's sum."""
    product = x * factor
    split = 134217729.0  # 2**27 + 1
    x_high = x * split - (x * split - x)
    f_high = factor * split - (factor * split - factor)
    x_low, f_low = x - x_high, factor - f_high
    product_error = x_low * f_low - (((product - x_high * f_high) - x_low * f_high) - x_high * f_low)
    total = product + addend
    part = total - product
    total_error = (product - (total - part)) + (addend - part)
    return total + (product_error + total_error)


def _normal_blocks(engine: Engine, out: Array, mean: float, std: float, uniforms: Callable[[int], Array]) -> None:
    """Box and Muller's formula on blocks of 16: eight radii, then their eight angles.

    A ragged tail is drawn again as the last 16 elements. PyTorch draws the float32 and float64
    tail twice, the 16-bit one only again.
    """
    whole = len(out) // 16 * 16
    for start in range(0, whole, CHUNK):
        block = out[start : min(start + CHUNK, whole)]
        _store(block, _box_muller(engine, uniforms(len(block)), mean, std))
    if whole < len(out):
        if out.dtype.itemsize > 2:
            uniforms(len(out) - whole)
        _store(out[-16:], _box_muller(engine, uniforms(16), mean, std))


def _few_by_kernel(engine: Engine, out: Array, mean: float, std: float) -> None:
    if engine.spare_normal is not None:
        out[0] = engine.spare_normal * std + mean
        engine.spare_normal = None
        out = out[1:]
    if len(out):
        engine.spare_normal = _kernels().few_normals(engine.state, out, mean, std)


def _normal_by_kernels(engine: Engine, out: Array, mean: float, std: float) -> None:
    """The same where numbers are drawn into `out` itself."""
    kernels = _kernels()
    whole = len(out) // 16 * 16
    for start in range(0, whole, CHUNK):
        block = out[start : min(start + CHUNK, whole)]
        kernels.uniform(engine.state, block, 0.0, 1.0)
        kernels.box_muller(block, mean, std)
    if whole < len(out):
        kernels.uniform(engine.state, out[whole:].copy(), 0.0, 1.0)
        tail = out[-16:]
        kernels.uniform(engine.state, tail, 0.0, 1.0)
        kernels.box_muller(tail, mean, std)


def _box_muller(engine: Engine, uniforms: Array, mean: float, std: float) -> Array:
    if pays("normal", len(uniforms)) and engine.state is not None:
        _kernels().box_muller(uniforms, mean, std)
        return uniforms
    scalar = uniforms.dtype.type
    first, second = np.ascontiguousarray(uniforms.reshape(-1, 2, 8).swapaxes(0, 1))
    radius = np.sqrt(np.log(scalar(1) - first) * scalar(-2))
    angle = second * scalar(2 * math.pi)
    normals = np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).reshape(-1)
    if std != 1:
        normals *= scalar(std)
    if mean != 0:
        normals += scalar(mean)
    return normals


def _below(engine: Engine, p: float) -> Callable[[Array], None]:
    """A sampler of `uniform < p`, in the integers that the 53 random bits are."""
    limit = np.uint64(math.ceil(p * 2**53))

    def sample(block: Array) -> None:
        bits = engine.draw64(len(block))
        bits &= np.uint64(2**53 - 1)
        block[...] = bits < limit

    return sample


def _remainders(engine: Engine, out: Array, span: int, base: int, *, wide: bool) -> None:
    """Fill `out` with `base + draw % span`, in the arithmetic of 64 bits."""
    draw = engine.draw64 if wide else engine.draw32

    def sample(block: Array) -> None:
        bits: Array = draw(len(block))
        kind = bits.dtype.type
        if span & (span - 1) == 0:
            bits &= kind(span - 1)
        else:
            bits -= bits // kind(span) * kind(span)
        values = bits.view(np.int64) if wide else bits.astype(np.int64)
        if base:
            values += base
        _store(block, values)

    _fill(out, sample)
