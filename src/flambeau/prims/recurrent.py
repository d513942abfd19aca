"""Recurrent layers over arrays: one direction of one layer, forward and backward.

Sequences lie flat, step after step: `sizes[t]` rows belong to step t, never more than to the step
before (all of equal length: the batch, again and again). A state has a row for each sequence; a step
changes the first `sizes[t]` of them, so sequences that have ended keep their last state, and in the
other direction those that have not begun keep their first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from flambeau import prims
from flambeau.kernels import fused

GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}
"""How many gates of `hidden` numbers a cell computes."""


@dataclass(frozen=True)
class Weights:
    """Of one direction of one layer; `projection` makes the output of an LSTM smaller."""

    input: Any
    hidden: Any
    input_bias: Any
    hidden_bias: Any
    projection: Any


@fused
def _lstm_step(xi, xf, xg, xo, hi, hf, hg, ho, c):
    """The gates after their activations, the new cell state, and the output."""
    i, f, g = prims.sigmoid(xi + hi), prims.sigmoid(xf + hf), prims.tanh(xg + hg)
    o = prims.sigmoid(xo + ho)
    new = f * c + i * g
    return i, f, g, o, new, o * prims.tanh(new)


@fused
def _lstm_back(i, f, g, o, before, new, dh, dc):
    """The cotangents of the four gates before their activations, and of the cell state before."""
    squashed = prims.tanh(new)
    total = dc + dh * o * (1 - squashed * squashed)
    return (
        total * g * i * (1 - i),
        total * before * f * (1 - f),
        total * i * (1 - g * g),
        dh * squashed * o * (1 - o),
        total * f,
    )


@fused
def _gru_step(xr, xz, xn, hr, hz, hn, h):
    r, z = prims.sigmoid(xr + hr), prims.sigmoid(xz + hz)
    n = prims.tanh(xn + r * hn)
    return r, z, n, n + z * (h - n)


@fused
def _gru_back(r, z, n, hn, h, dh):
    """The cotangents of the gates, of the hidden part of the last, and of the state before."""
    of_n = dh * (1 - z) * (1 - n * n)
    return of_n * hn * r * (1 - r), dh * (h - n) * z * (1 - z), of_n, of_n * r, dh * z


def _run(function: Any, arguments: tuple[Any, ...], targets: tuple[np.ndarray, ...]) -> None:
    """A step's kernel whatever its size: the steps of a sequence are many."""
    result = NotImplemented
    if targets[0].size >= 512 and targets[0].dtype.itemsize >= 4:
        result = function.compiled.run(arguments, (), targets)
    if result is NotImplemented:
        for target, value in zip(targets, function(*arguments), strict=True):
            target[...] = value


def _steps(sizes: Sequence[int], reverse: bool) -> list[tuple[int, int]]:
    """The first row and the number of rows of each step, in the order of the computation."""
    found, start = [], 0
    for n in sizes:
        found.append((start, n))
        start += n
    return found[::-1] if reverse else found


def _columns(array: np.ndarray, parts: int) -> list[np.ndarray]:
    width = array.shape[1] // parts
    return [array[:, at * width : (at + 1) * width] for at in range(parts)]


def layer(
    cell: str,
    x: np.ndarray,
    h: np.ndarray,
    c: np.ndarray | None,
    weights: Weights,
    sizes: Sequence[int],
    reverse: bool,
) -> tuple[np.ndarray, ...]:
    """Outputs, last states h and c, and what the backward pass needs: gates and an extra."""
    parts, hidden = GATES[cell], weights.hidden.shape[0] // GATES[cell]
    gates = x @ weights.input.T
    if weights.input_bias is not None:
        gates += weights.input_bias
        if cell != "gru":
            gates += weights.hidden_bias
    h = h.copy()
    c = None if c is None else c.copy()
    outputs = np.empty((len(x), h.shape[1]), x.dtype)
    extra = np.empty((len(x), hidden if cell in ("lstm", "gru") else 0), x.dtype)
    transposed = np.ascontiguousarray(weights.hidden.T)
    whole = outputs if weights.projection is None else np.empty_like(extra)
    for start, n in _steps(sizes, reverse):
        rows = slice(start, start + n)
        linear = h[:n] @ transposed
        mine = _columns(gates[rows], parts)
        if cell == "lstm":
            assert c is not None
            arguments = (*mine, *_columns(linear, 4), c[:n])
            _run(_lstm_step, arguments, (*mine, extra[rows], whole[rows]))
            c[:n] = extra[rows]
        elif cell == "gru":
            if weights.hidden_bias is not None:
                linear += weights.hidden_bias
            parts_of_h = _columns(linear, 3)
            extra[rows] = parts_of_h[2]
            _run(_gru_step, (*mine, *parts_of_h, h[:n]), (*mine, outputs[rows]))
        else:
            linear += gates[rows]
            if cell == "rnn_tanh":
                np.tanh(linear, out=outputs[rows])
            else:
                np.maximum(linear, 0, out=outputs[rows])
        if weights.projection is not None:
            np.matmul(whole[rows], weights.projection.T, out=outputs[rows])
        h[:n] = outputs[rows]
    return outputs, h, h[:0] if c is None else c, gates, extra


def layer_back(
    cell: str,
    of_outputs: np.ndarray | None,
    of_h: np.ndarray | None,
    of_c: np.ndarray | None,
    x: np.ndarray,
    h: np.ndarray,
    c: np.ndarray | None,
    weights: Weights,
    sizes: Sequence[int],
    reverse: bool,
    outputs: np.ndarray,
    gates: np.ndarray,
    extra: np.ndarray,
) -> tuple[Any, ...]:
    """The cotangents of x, h, c, and of the weights in the order of `Weights`' fields."""
    dh = np.zeros_like(h) if of_h is None else of_h.copy()
    dc = None if c is None else (np.zeros_like(c) if of_c is None else of_c.copy())
    of_gates = np.empty_like(gates) if cell in ("lstm", "gru") else np.empty_like(outputs)
    of_linear = np.empty_like(gates) if cell == "gru" else of_gates
    before_h = _previous(outputs, h, sizes, reverse)
    before_c = None if c is None else _previous(extra, c, sizes, reverse)
    of_projection = None if weights.projection is None else np.zeros_like(weights.projection)
    for start, n in reversed(_steps(sizes, reverse)):
        rows = slice(start, start + n)
        total = dh[:n]
        if of_outputs is not None:
            total += of_outputs[rows]
        if cell == "lstm":
            assert dc is not None and before_c is not None
            mine = _columns(gates[rows], 4)
            if weights.projection is not None:
                whole = mine[3] * np.tanh(extra[rows])
                of_projection += total.T @ whole
                total = total @ weights.projection
            arguments = (*mine, before_c[rows], extra[rows], total, dc[:n])
            _run(_lstm_back, arguments, (*_columns(of_gates[rows], 4), dc[:n]))
            dh[:n] = of_gates[rows] @ weights.hidden
        elif cell == "gru":
            mine = _columns(gates[rows], 3)
            r, z, n_gate = _columns(of_gates[rows], 3)
            through = np.empty_like(total)
            last = _columns(of_linear[rows], 3)
            arguments = (*mine, extra[rows], before_h[rows], total)
            _run(_gru_back, arguments, (r, z, n_gate, last[2], through))
            last[0][...], last[1][...] = r, z
            np.add(of_linear[rows] @ weights.hidden, through, out=dh[:n])
        else:
            made = outputs[rows]
            slope = 1 - made * made if cell == "rnn_tanh" else made > 0
            np.multiply(total, slope, out=of_gates[rows])
            dh[:n] = of_gates[rows] @ weights.hidden
    of_input_bias = of_hidden_bias = None
    if weights.input_bias is not None:
        of_input_bias = of_gates.sum(0)
        of_hidden_bias = of_linear.sum(0) if cell == "gru" else of_input_bias.copy()
    return (
        *(of_gates @ weights.input, dh, dc),
        *(of_gates.T @ x, of_linear.T @ before_h, of_input_bias, of_hidden_bias, of_projection),
    )


def _previous(values: np.ndarray, first: np.ndarray, sizes: Sequence[int], reverse: bool) -> np.ndarray:
    """For each row, the state that its step began with."""
    result = np.empty((len(values), first.shape[1]), values.dtype)
    current = first.copy()
    for start, n in _steps(sizes, reverse):
        rows = slice(start, start + n)
        result[rows] = current[:n]
        current[:n] = values[rows]
    return result
