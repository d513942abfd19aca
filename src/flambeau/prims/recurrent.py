"""Recurrent layers over arrays: one direction of one layer, forward and backward.

Sequences lie flat, step after step: `sizes[t]` rows belong to step t, never more than to the step
before (all of equal length: the batch, again and again). A state has a row for each sequence; a step
changes the first `sizes[t]` of them, so sequences that have ended keep their last state, and in the
other direction those that have not begun keep their first.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from flambeau import prims
from flambeau.kernels.cells import CELLS, STATES, Cell, Place
from flambeau.kernels.pool import empty
from flambeau.prims.core import COMPILED, pays, silently
from flambeau.prims.product import add_product, product

GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}
"""How many gates of `hidden` numbers a cell computes."""
LEAST = 64
"""Weights from which a compiled step beats NumPy, whose calls are some thirty."""


@dataclass(frozen=True)
class Weights:
    """Of one direction of one layer; `projection` makes the output of an LSTM smaller."""

    input: Any
    hidden: Any
    input_bias: Any
    hidden_bias: Any
    projection: Any


# The cells: from the product with the hidden state, a number for each gate, and what else a step has.


def _gate(x):
    """The sigmoid, to two units in the last place; `prims.sigmoid`, to one, takes 1.2 times as long."""
    return 1 / (1 + prims.exp(-x))


@silently
def _lstm(hi, hf, hg, ho, xi, xf, xg, xo, c):
    """The gates after their activations, the new cell state (twice), and the output."""
    i, f, g, o = _gate(xi + hi), _gate(xf + hf), prims.tanh(xg + hg), _gate(xo + ho)
    new = f * c + i * g
    return i, f, g, o, new, new, o * prims.tanh(new)


@silently
def _lstm_back(product, change, of_output, i, f, g, o, before, new, dc):
    """The cotangents of the gates before their activations, of the cell state before, of the output past the gates."""
    dh, squashed = product + change + of_output, prims.tanh(new)
    total = dc + dh * o * (1 - squashed * squashed)
    of_gates = (
        total * g * i * (1 - i),
        total * before * f * (1 - f),
        total * i * (1 - g * g),
        dh * squashed * o * (1 - o),
    )
    return *of_gates, total * f, 0.0


@silently
def _gru(hr, hz, hn, xr, xz, xn, h):
    """The gates after their activations, the hidden part of the last, and the output."""
    r, z = _gate(xr + hr), _gate(xz + hz)
    n = prims.tanh(xn + r * hn)
    return r, z, n, hn, n + z * (h - n)


@silently
def _gru_back(product, change, of_output, r, z, n, hn, h):
    """The cotangents of the gates, of the products with the hidden state, and of that state past them."""
    dh = product + change + of_output
    of_n = dh * (1 - z) * (1 - n * n)
    of_r, of_z = of_n * hn * r * (1 - r), dh * (h - n) * z * (1 - z)
    return of_r, of_z, of_n, of_r, of_z, of_n * r, dh * z


@silently
def _rnn_tanh(h, x):
    return prims.tanh(x + h)


@silently
def _rnn_tanh_back(product, change, of_output, made):
    return (product + change + of_output) * (1 - made * made), 0.0


@silently
def _rnn_relu(h, x):
    return prims.maximum(x + h, 0)


@silently
def _rnn_relu_back(product, change, of_output, made):
    return prims.where(prims.gt(made, 0), product + change + of_output, 0), 0.0


def _gates(array: str, parts: int) -> tuple[Place, ...]:
    return tuple(Place(array, gate) for gate in range(parts))


_CHANGE = Place("change")
_BACK = (_CHANGE, Place("of_outputs"))
_MADE = (*_BACK, Place("outputs"))
CELLS |= {
    "lstm": Cell(
        *(_lstm, 4, (*_gates("gates", 4), Place("state"))),
        (*_gates("gates", 4), Place("extra"), Place("state"), Place("outputs")),
    ),
    "lstm_back": Cell(
        *(_lstm_back, 1, (*_BACK, *_gates("gates", 4), Place("before"), Place("extra"), Place("state"))),
        (*_gates("of_gates", 4), Place("state"), _CHANGE),
        _CHANGE,
    ),
    "gru": Cell(
        *(_gru, 3, (*_gates("gates", 3), Place("state"))),
        (*_gates("gates", 3), Place("extra"), Place("outputs")),
    ),
    "gru_back": Cell(
        *(_gru_back, 1, (*_BACK, *_gates("gates", 3), Place("extra"), Place("before"))),
        (*_gates("of_gates", 3), *_gates("of_linear", 3), _CHANGE),
        _CHANGE,
    ),
    "rnn_tanh": Cell(_rnn_tanh, 1, _gates("gates", 1), (Place("outputs"),)),
    "rnn_tanh_back": Cell(_rnn_tanh_back, 1, _MADE, (Place("of_gates"), _CHANGE), _CHANGE),
    "rnn_relu": Cell(_rnn_relu, 1, _gates("gates", 1), (Place("outputs"),)),
    "rnn_relu_back": Cell(_rnn_relu_back, 1, _MADE, (Place("of_gates"), _CHANGE), _CHANGE),
}


class _OnNumPy:
    """What `kernels.recurrent.Runner` does, by NumPy."""

    def __init__(
        self, cell: str, weights: np.ndarray, bias: np.ndarray | None, rows: int, arrays: dict[str, np.ndarray]
    ) -> None:
        self.arrays = arrays
        depth, self.parts, self.hidden = weights.shape
        self.cell, self.weights = CELLS[cell], np.ascontiguousarray(weights).reshape(depth, self.parts * self.hidden)
        self.bias = None if bias is None else bias.reshape(-1)

    def __call__(self, a: np.ndarray, lines: np.ndarray, carried: bool = False) -> None:
        for line in lines.tolist():
            self.step(a, *line)
            if carried:
                first, count = line[2:]
                a[:count] = self.arrays["outputs"][first : first + count]

    def step(self, a: np.ndarray, a_first: int, a_count: int, first: int, count: int) -> None:
        columns = np.zeros((max(a_count, count), self.weights.shape[1]), a.dtype)
        np.matmul(a[a_first : a_first + a_count], self.weights, out=columns[:a_count])
        if self.bias is not None:
            columns += self.bias

        def find(place: Place) -> np.ndarray:
            start = 0 if place.array in STATES else first
            width = self.hidden * place.gate
            return self.arrays[place.array][start : start + count, width : width + self.hidden]

        with np.errstate(all="ignore"):
            made = self.cell.body(*_columns(columns[:count], self.parts), *map(find, self.cell.reads))
        if self.cell.rest is not None:
            self.arrays[self.cell.rest.array][count:a_count] += columns[count:]
        for place, value in zip(self.cell.writes, made if isinstance(made, tuple) else (made,), strict=True):
            find(place)[...] = value


def _runner(cell: str, weights: np.ndarray, bias: np.ndarray | None, rows: int, arrays: dict[str, np.ndarray]) -> Any:
    """What computes the steps of `cell`; `weights` (depth, parts, hidden)."""
    from flambeau.kernels.host import available

    if not pays(weights.size, LEAST) or not rows or weights.dtype not in COMPILED or not available():
        return _OnNumPy(cell, weights, bias, rows, arrays)
    from flambeau.kernels.recurrent import Runner

    return Runner(cell, weights, bias, rows, arrays)


class Order(NamedTuple):
    """The steps of sequences that lie flat, in the order of the computation."""

    steps: list[tuple[int, int]]
    """The first row and the number of rows of each."""
    lines: np.ndarray
    """The steps as a runner takes them: rows of the factor, first and count, and rows of the others."""
    back: np.ndarray
    """The same for the way back. A step's factor are the cotangents of the gates that the one before it made; the last
    line has that of the first step, and no rows: it makes the cotangent of the first states."""
    most: int
    """Sequences at most."""
    even: bool
    """Whether each step begins with the states that the one before it in memory made."""


@lru_cache(128)
def order(sizes: tuple[int, ...], reverse: bool) -> Order:
    """Of sequences of which `sizes[t]` have a step t."""
    starts = itertools.accumulate(sizes, initial=0)
    steps = list(zip(starts, sizes, strict=False))[:: -1 if reverse else 1]
    lines = np.array([(0, n, start, n) for start, n in steps], np.int64).reshape(-1, 4)
    back = itertools.pairwise([(0, 0), *steps[::-1], (0, 0)])
    even = not reverse and len(set(sizes)) == 1
    return Order(steps, lines, np.array([(*a, *b) for a, b in back], np.int64), max(sizes, default=0), even)


def _columns(array: np.ndarray, parts: int) -> list[np.ndarray]:
    width = array.shape[1] // parts
    return [array[:, at * width : (at + 1) * width] for at in range(parts)]


def layer(
    cell: str,
    x: np.ndarray,
    h: np.ndarray,
    c: np.ndarray | None,
    weights: Weights,
    sizes: tuple[int, ...],
    reverse: bool,
) -> tuple[np.ndarray, ...]:
    """Outputs, last states h and c, and what the backward pass needs: gates and an extra.

    That is the cell states of an LSTM (in front of which stand the first, where steps are even), or the hidden part of
    a GRU's last gate.
    """
    parts, hidden = GATES[cell], weights.hidden.shape[0] // GATES[cell]
    input_bias, bias = weights.input_bias, weights.hidden_bias
    if bias is not None and cell != "gru":  # nothing comes between the two sums
        input_bias, bias = input_bias + bias, None
    gates = product(x, weights.input.T, input_bias)
    h = h.copy()
    c = None if c is None else c.copy()
    outputs = empty((len(x), h.shape[1]), x.dtype)
    steps, lines, _, most, even = order(sizes, reverse)
    ahead = len(h) if c is not None and even else 0
    kept = empty((ahead + len(x), hidden if cell in ("lstm", "gru") else 0), x.dtype)
    if c is not None:
        kept[:ahead] = c[:ahead]
    extra = kept[ahead:]
    whole = outputs if weights.projection is None else empty(extra.shape, x.dtype)
    packed = weights.hidden.reshape(parts, hidden, -1).transpose(2, 0, 1)
    arrays = {"gates": gates, "state": h if c is None else c, "extra": extra, "outputs": whole}
    biases = None if bias is None else bias.reshape(parts, hidden)
    run = _runner(cell, packed, biases, most, arrays)
    if weights.projection is None:
        run(h, lines, carried=True)
    else:
        for at, (start, n) in enumerate(steps):
            run(h, lines[at : at + 1])
            np.matmul(whole[start : start + n], weights.projection.T, out=outputs[start : start + n])
            h[:n] = outputs[start : start + n]
    return outputs, h, h[:0] if c is None else c, gates, kept


def layer_back(
    cell: str,
    of_outputs: np.ndarray | None,
    of_h: np.ndarray | None,
    of_c: np.ndarray | None,
    x: np.ndarray,
    h: np.ndarray,
    c: np.ndarray | None,
    weights: Weights,
    sizes: tuple[int, ...],
    reverse: bool,
    outputs: np.ndarray,
    gates: np.ndarray,
    kept: np.ndarray,
    needs: Sequence[bool],
) -> tuple[Any, ...]:
    """The cotangents of x, h, c, and of the weights in the order of `Weights`' fields; products only where `needs`."""
    parts, projection = GATES[cell], weights.projection
    hidden = weights.hidden.shape[0] // parts
    dh = np.zeros(h.shape, h.dtype) if of_h is None else of_h.copy()
    dc = dh if c is None else (np.zeros(c.shape, c.dtype) if of_c is None else of_c.copy())
    of_outputs = np.zeros_like(outputs) if of_outputs is None else np.ascontiguousarray(of_outputs)
    of_gates = empty((len(x), parts * hidden), x.dtype)
    of_linear = empty(of_gates.shape, x.dtype) if cell == "gru" else of_gates
    _, _, lines, most, even = order(sizes, reverse)
    ahead = len(kept) - len(x)
    extra = kept[ahead:]
    before_h = None if even and cell != "gru" else _previous(outputs, h, sizes, reverse)
    if c is None:
        before = outputs if before_h is None else before_h
    else:
        before = kept[: len(x)] if ahead else _previous(extra, c, sizes, reverse)
    of_projection = None if projection is None else np.zeros_like(projection)
    arrays = {"gates": gates, "extra": extra, "outputs": outputs, "before": before, "of_outputs": of_outputs}
    arrays |= {"of_gates": of_gates, "of_linear": of_linear, "state": dc, "change": dh}
    back = f"{cell}_back"
    if projection is None:
        run = _runner(back, weights.hidden.reshape(-1, 1, hidden), None, most, arrays)
        run(of_linear, lines if needs[1] else lines[:-1])
    else:  # the product with the gates gives the cotangent of what was projected
        arrays |= {"change": np.zeros_like(dc), "of_outputs": np.zeros((len(x), hidden), x.dtype)}
        run = _runner(back, np.zeros((0, 1, hidden), x.dtype), None, 0, arrays)
        *to_steps, to_first = lines.tolist()
        for last, late, start, n in to_steps:
            rows = slice(start, start + n)
            dh[:late] = of_linear[last : last + late] @ weights.hidden
            total = dh[:n] + of_outputs[rows]
            of_projection += total.T @ (gates[rows, 3 * hidden :] * np.tanh(extra[rows]))
            arrays["of_outputs"][rows] = total @ projection
            run(of_linear[:0, :0], np.array([(0, 0, start, n)]))
        last, late = to_first[:2]
        dh[:late] = of_linear[last : last + late] @ weights.hidden
    of_input_bias = of_hidden_bias = None
    if weights.input_bias is not None:
        of_input_bias = prims.sum(of_gates, 0)
        of_hidden_bias = prims.sum(of_linear, 0) if cell == "gru" else of_input_bias.copy()
    of_x = product(of_gates, weights.input) if needs[0] else None
    of_input = product(of_gates.T, x) if needs[3] else None
    of_hidden = None
    if needs[4] and before_h is not None:
        of_hidden = product(of_linear.T, before_h)
    elif needs[4]:  # each step began with the outputs of the one in front of it
        of_hidden = product(of_linear[: len(h)].T, h)
        add_product(of_hidden, of_linear[len(h) :].T, outputs[: -len(h)])
    return (
        *(of_x, dh, None if c is None else dc),
        *(of_input, of_hidden, of_input_bias, of_hidden_bias, of_projection),
    )


def _previous(values: np.ndarray, first: np.ndarray, sizes: tuple[int, ...], reverse: bool) -> np.ndarray:
    """For each row, the state that its step began with."""
    result = empty((len(values), first.shape[1]), values.dtype)
    steps, *_, even = order(sizes, reverse)
    if even:
        result[: len(first)], result[len(first) :] = first, values[: len(values) - len(first)]
        return result
    current = first.copy()
    for start, n in steps:
        rows = slice(start, start + n)
        result[rows] = current[:n]
        current[:n] = values[rows]
    return result
