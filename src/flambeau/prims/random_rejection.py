"""Samplers that draw until a draw is accepted: what they draw decides how many draws they take.

Each element continues where the one before it stopped: these loops are sequential by nature.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau.prims.random_engine import Engine

Array = np.ndarray[Any, Any]


def poisson(engine: Engine, rates: Array) -> Array:
    """A Poisson count for each of `rates`, which are not negative."""
    return _each(_poisson, engine, rates)


def binomial(engine: Engine, counts: Array, probabilities: Array) -> Array:
    """The number of successes in each of `counts` trials of the matching probability."""
    return _each(_binomial, engine, counts, probabilities)


def standard_gamma(engine: Engine, shapes: Array) -> Array:
    """A Gamma(shape, 1) number for each of `shapes`; never below the dtype's smallest normal."""
    return np.fmax(_each(_gamma, engine, shapes), np.finfo(shapes.dtype).tiny)


def dirichlet(engine: Engine, concentration: Array) -> Array:
    """A point of the simplex for each row of `concentration`: normalized Gamma numbers."""
    gammas = _each(_gamma, engine, concentration, dtype=np.float64)
    result = gammas / gammas.sum(-1, keepdims=True)
    smallest = float(np.finfo(concentration.dtype).tiny)
    return np.maximum(result, smallest).astype(concentration.dtype)


def _each(sample: Callable[..., float], engine: Engine, *arrays: Array, dtype: Any = None) -> Array:
    """`sample(engine, *elements)` over arrays of one shape, row by row."""
    columns = [array.ravel().tolist() for array in arrays]
    values = np.array([sample(engine, *row) for row in zip(*columns, strict=True)], np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        return values.reshape(arrays[0].shape).astype(dtype or arrays[0].dtype, copy=False)


def _poisson(engine: Engine, rate: float) -> float:
    """Hörmann (1993), PTRS, from 10 on; below, the product of uniforms (Knuth)."""
    if rate == 0:
        return 0.0
    uniform = engine.double
    if math.isinf(rate):
        uniform(), uniform()
        return -(2.0**63)  # what becomes of an infinity that is stored in 64 bits
    if rate < 10:
        limit, product, count = math.exp(-rate), uniform(), 0
        while product > limit:
            product *= uniform()
            count += 1
        return float(count)
    log_rate = math.log(rate)
    b = 0.931 + 2.53 * math.sqrt(rate)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    squeeze = 0.9277 - 3.6224 / (b - 2)
    while True:
        u = uniform() - 0.5
        v = uniform()
        us = 0.5 - abs(u)
        k = math.floor((2 * a / us + b) * u + rate + 0.43)
        if us >= 0.07 and v <= squeeze:
            return float(k)
        if k < 0 or (us < 0.013 and v > us):
            continue
        accept = math.log(v) + math.log(inverse_alpha) - math.log(a / (us * us) + b)
        if accept <= -rate + k * log_rate - math.lgamma(k + 1):
            return float(k)


def _binomial(engine: Engine, count: float, p: float) -> float:
    if count <= 0 or p <= 0:
        return 0.0
    if p >= 1:
        return count
    if math.isnan(p) or not math.isfinite(count):
        return math.nan
    if p > 0.5:
        return count - _few_successes(engine, count, 1 - p)
    return _few_successes(engine, count, p)


def _few_successes(engine: Engine, count: float, p: float) -> float:
    """For p <= 1/2: gaps between successes or, from a mean of 10, Hörmann (1993), BTRS."""
    uniform = engine.double
    if count * p < 10:
        log_failure = math.log1p(-p)
        successes, trials = 0, 0.0
        while True:
            trials += math.ceil(math.log(uniform()) / log_failure)
            if trials > count:
                return float(successes)
            successes += 1
    spread = math.sqrt(count * p * (1 - p))
    b = 1.15 + 2.53 * spread
    a = -0.0873 + 0.0248 * b + 0.01 * p
    c = count * p + 0.5
    squeeze = 0.92 - 4.2 / b
    odds = p / (1 - p)
    alpha = (2.83 + 5.1 / b) * spread
    mode = math.floor((count + 1) * p)
    while True:
        u = uniform() - 0.5
        v = uniform()
        us = 0.5 - abs(u)
        k = math.floor((2 * a / us + b) * u + c)
        if us >= 0.07 and v <= squeeze:
            return float(k)
        if k < 0 or k > count:
            continue
        bound = (
            (mode + 0.5) * math.log((mode + 1) / (odds * (count - mode + 1)))
            + (count + 1) * math.log((count - mode + 1) / (count - k + 1))
            + (k + 0.5) * math.log(odds * (count - k + 1) / (k + 1))
            + _stirling_tail(mode)
            + _stirling_tail(count - mode)
            - _stirling_tail(k)
            - _stirling_tail(count - k)
        )
        if math.log(v * alpha / (a / (us * us) + b)) <= bound:
            return float(k)


def _stirling_tail(k: float) -> float:
    """What Stirling's formula for log(k!) leaves out."""
    if k <= 9:
        k = int(k)
        stirling = (k + 0.5) * math.log(k + 1) - (k + 1) + 0.5 * math.log(2 * math.pi)
        return math.lgamma(k + 1) - stirling
    square = (k + 1) ** 2
    return (1 / 12 - (1 / 360 - 1 / 1260 / square) / square) / (k + 1)


def _gamma(engine: Engine, shape: float) -> float:
    """Marsaglia and Tsang (2000); a shape below one by the power of a uniform."""
    scale = 1.0
    if shape < 1:
        if shape == 0:
            return 0.0
        u = 1 - engine.double()
        scale = u ** (1 / shape) if shape > 0 else math.nan
        shape += 1
    d = shape - 1 / 3
    c = 1 / math.sqrt(9 * d) if d > 0 else math.nan
    while True:
        x = engine.standard_normal()
        y = 1 + c * x
        if y <= 0:
            continue
        v = y * y * y
        u = 1 - engine.double()
        square = x * x
        if u < 1 - 0.0331 * square * square:
            return scale * d * v
        if math.log(u) < 0.5 * square + d * (1 - v + math.log(v)):
            return scale * d * v


def multinomial(engine: Engine, weights: Array, samples: int, *, replacement: bool) -> Array:
    """Indices drawn from each row of `weights` (one row or a matrix): int64, `samples` a row."""
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        if replacement and samples > 1:
            return _with_replacement(engine, weights, samples)
        from flambeau.prims.random import exponential

        races = np.empty(weights.shape, weights.dtype)
        exponential(engine, races)
        np.divide(weights, races, out=races)
    if samples == 1:
        return races.argmax(-1, keepdims=True)
    return np.argsort(-races, axis=-1, kind="stable")[..., :samples].copy()


def _with_replacement(engine: Engine, weights: Array, samples: int) -> Array:
    """By inversion of each row's cumulative weights."""
    rows = weights.reshape(-1, weights.shape[-1])
    precision = np.float64 if rows.dtype == np.float64 else np.float32
    result = np.empty((len(rows), samples), np.int64)
    for row, chosen in zip(rows, result, strict=True):
        cumulative: Array = np.cumsum(row, dtype=precision)
        cumulative /= cumulative[-1]
        cumulative[-1] = 1
        chosen[...] = np.searchsorted(cumulative, engine.doubles(samples))
    return result.reshape(*weights.shape[:-1], samples)
