"""Recurrent networks: Elman, LSTM, GRU; whole sequences (also packed) and single steps.

One node stands for one direction of one layer over all steps. Its rule walks the steps backwards on
arrays; where the backward pass is recorded, the layer is run again, step by step, on tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flambeau import autograd
from flambeau.autograd.graph import rename
from flambeau.ops.activation import relu
from flambeau.ops.declare import composite, op
from flambeau.ops.join import cat, stack
from flambeau.ops.pointwise import sigmoid, tanh
from flambeau.ops.random_dropout import dropout
from flambeau.prims import recurrent as arrays
from flambeau.prims.precision import is_half, widen
from flambeau.tensor import Tensor

Sizes = tuple[int, ...]


@op(name="_rnn_layer", method=False, out=False, grad_name="RnnLayerBackward0")
def rnn_layer(
    input,
    h,
    c: Tensor | None,
    w_ih,
    w_hh,
    b_ih: Tensor | None,
    b_hh: Tensor | None,
    w_hr: Tensor | None,
    cell: str,
    sizes: Sizes,
    reverse: bool,
):
    """Outputs and last states; gates and cell states (or, for a GRU, a part of its last gate)."""
    given = (input, h, c, w_ih, w_hh, b_ih, b_hh, w_hr)
    if not is_half(input.dtype):
        return arrays.layer(cell, input, h, c, arrays.Weights(*given[3:]), sizes, reverse)
    x, h, c, *weights = (None if each is None else widen(each) for each in given)
    found = arrays.layer(cell, x, h, c, arrays.Weights(*weights), sizes, reverse)
    return tuple([each.astype(input.dtype, copy=False) for each in found])


@rnn_layer.vjp
def _(
    g,
    input,
    h,
    c,
    w_ih,
    w_hh,
    b_ih,
    b_hh,
    w_hr,
    cell,
    sizes,
    reverse,
    result0,
    result3,
    result4,
    needs,
):
    given = (input, h, c, w_ih, w_hh, b_ih, b_hh, w_hr)
    if any(isinstance(each, Tensor) for each in g):
        return _recorded_rule(g, given, needs, cell, sizes, reverse)
    of_results, stash = g[:3], (result0, result3, result4)
    if not is_half(input.dtype):
        found = arrays.layer_back(
            cell, *of_results, *given[:3], arrays.Weights(*given[3:]), sizes, reverse, *stash, needs
        )
        return tuple([each if needed else None for each, needed in zip(found, needs, strict=True)])
    wide = [None if each is None else widen(each) for each in given]
    of_results = [None if each is None else widen(each) for each in of_results]
    stash = [widen(each) for each in stash]
    weights = arrays.Weights(*wide[3:])
    found = arrays.layer_back(cell, *of_results, *wide[:3], weights, sizes, reverse, *stash, needs)
    return tuple(
        [
            each.astype(one.dtype, copy=False) if each is not None and needed else None
            for each, one, needed in zip(found, given, needs, strict=True)
        ]
    )


def _recorded_rule(
    g: Sequence[Any],
    given: Sequence[Tensor | None],
    needs: Sequence[bool],
    cell: str,
    sizes: Sizes,
    reverse: bool,
) -> tuple[Any, ...]:
    results = _stepwise(given, cell, sizes, reverse)
    pairs = [(r, each) for r, each in zip(results, g[:3], strict=False) if r is not None and each is not None]
    wanted = [each for each, needed in zip(given, needs, strict=True) if needed]
    found = iter(
        autograd.grad(
            [r for r, _ in pairs],
            wanted,
            [each for _, each in pairs],
            create_graph=True,
            allow_unused=True,
        )
    )
    return tuple(next(found) if needed else None for needed in needs)


def _stepwise(
    given: Sequence[Tensor | None], cell: str, sizes: Sizes, reverse: bool
) -> tuple[Tensor, Tensor, Tensor | None]:
    """The layer written with ops, a step at a time."""
    x, h, c, w_ih, w_hh, b_ih, b_hh, w_hr = given
    assert x is not None and h is not None and w_ih is not None and w_hh is not None
    starts = [sum(sizes[:t]) for t in range(len(sizes))]
    outputs: list[Any] = [None] * len(sizes)
    for t in reversed(range(len(sizes))) if reverse else range(len(sizes)):
        n = sizes[t]
        before = h[:n]
        own, linear = x[starts[t] : starts[t] + n] @ w_ih.t(), before @ w_hh.t()
        if b_ih is not None and b_hh is not None:
            own, linear = own + b_ih, linear + b_hh
        made, cell_state = _step(cell, own, linear, before, None if c is None else c[:n])
        outputs[t] = made if w_hr is None else made @ w_hr.t()
        h = cat([outputs[t], h[n:]])
        c = None if c is None or cell_state is None else cat([cell_state, c[n:]])
    return cat(outputs), h, c


def _step(cell: str, own: Any, linear: Any, h: Any, c: Any) -> tuple[Any, Any]:
    if cell == "lstm":
        i, f, g, o = (own + linear).chunk(4, 1)
        c = sigmoid(f) * c + sigmoid(i) * tanh(g)
        return sigmoid(o) * tanh(c), c
    if cell == "gru":
        (xr, xz, xn), (hr, hz, hn) = own.chunk(3, 1), linear.chunk(3, 1)
        n = tanh(xn + sigmoid(xr + hr) * hn)
        return n + sigmoid(xz + hz) * (h - n), None
    return (tanh if cell == "rnn_tanh" else relu)(own + linear), None


def _grouped(params: Sequence[Tensor], biases: bool, projected: bool) -> list[tuple[Any, ...]]:
    """The flat list of weights, by direction and layer: w_ih, w_hh, b_ih, b_hh, w_hr."""
    each = 2 + 2 * biases + projected
    groups = []
    for at in range(0, len(params), each):
        part = list(params[at : at + each])
        bias = part[2:4] if biases else (None, None)
        groups.append((*part[:2], *bias, part[-1] if projected else None))
    return groups


def _network(
    cell: str,
    data: Tensor,
    sizes: Sizes,
    hx: Sequence[Tensor],
    params: Sequence[Tensor],
    has_biases: bool,
    num_layers: int,
    rate: float,
    train: bool,
    bidirectional: bool,
) -> tuple[Tensor, list[Tensor]]:
    """All layers over flat data; the outputs, and the last states stacked."""
    directions = 2 if bidirectional else 1
    projected = cell == "lstm" and hx[0].shape[2] != hx[1].shape[2]
    weights = _grouped(params, has_biases, projected)
    states: list[list[Tensor]] = [[] for _ in hx]
    for at in range(num_layers):
        outputs = []
        for direction in range(directions):
            place = at * directions + direction
            first = [state[place] for state in hx]
            c = first[1] if cell == "lstm" else None
            found = rnn_layer(data, first[0], c, *weights[place], cell, sizes, direction == 1)
            outputs.append(found[0])
            for kept, last in zip(states, found[1:3], strict=False):
                kept.append(last)
        data = outputs[0] if directions == 1 else cat(outputs, 1)
        if rate and train and at < num_layers - 1:
            data = dropout(data, rate, True)
    return data, [stack(kept) for kept in states]


def _sequence(cell: str, arguments: tuple[Any, ...]) -> tuple[Tensor, ...]:
    """A call in either form: (input, hx, ..., batch_first), or (data, batch_sizes, hx, ...)."""
    packed = len(arguments) > 2 and isinstance(arguments[3], (list, tuple))
    if packed:
        data, batch_sizes, hx, params, *settings = arguments
        sizes = tuple(batch_sizes.tolist())
        states = tuple(hx) if cell == "lstm" else (hx,)
        output, last = _network(cell, data, sizes, states, params, *settings)
        return output, *last
    input, hx, params, *settings, batch_first = arguments
    states = tuple(hx) if cell == "lstm" else (hx,)
    if batch_first:
        input = input.transpose(0, 1)
    steps, batch = input.shape[:2]
    flat = input.reshape(steps * batch, input.shape[2])
    output, last = _network(cell, flat, (batch,) * steps, states, params, *settings)
    output = output.reshape(steps, batch, output.shape[1])
    if output._node is not None:
        rename(output._node, "MkldnnRnnLayerBackward0" if cell == "lstm" else "StackBackward0", settled=True)
    if batch_first:
        output = output.transpose(0, 1)
        if output._node is not None and cell != "lstm":
            rename(output._node, "TransposeBackward1", settled=True)  # PyTorch transposes in place there
    return output, *last


def _declare_network(cell: str, doc: str) -> Callable[..., Any]:
    @composite(name=cell, method=False, out=False)
    def network(
        input,
        hx: Any,
        params: Any,
        has_biases: Any,
        num_layers: Any,
        dropout: Any,
        train: Any,
        bidirectional: Any,
        batch_first: Any,
    ) -> tuple[Tensor, ...]:
        arguments = (
            *(input, hx, params, has_biases, num_layers, dropout, train),
            *(bidirectional, batch_first),
        )
        return _sequence(cell, arguments)

    network.op.doc = doc
    return network


lstm = _declare_network("lstm", "An LSTM (Hochreiter and Schmidhuber, 1997): outputs, h and c.")
gru = _declare_network("gru", "Gated recurrent units (Cho et al., 2014): outputs and h.")
rnn_tanh = _declare_network("rnn_tanh", "An Elman network with tanh: outputs and h.")
rnn_relu = _declare_network("rnn_relu", "An Elman network with ReLU: outputs and h.")


def _cell(cell: str, input: Tensor, states: Sequence[Tensor], weights: Sequence[Any]) -> Any:
    hidden, parts = states[0].shape[1], arrays.GATES[cell]
    if input.shape[1] != weights[0].shape[1]:
        raise RuntimeError(f"input has inconsistent input_size: got {input.shape[1]} expected {weights[0].shape[1]}")
    if input.shape[0] != states[0].shape[0]:
        raise RuntimeError(f"Input batch size {input.shape[0]} doesn't match hidden batch size {states[0].shape[0]}")
    if hidden * parts != weights[1].shape[0]:
        raise RuntimeError(
            f"hidden has inconsistent hidden_size: got {hidden}, expected {weights[1].shape[0] // parts}"
        )
    c = states[1] if cell == "lstm" else None
    return rnn_layer(input, states[0], c, *weights, None, cell, (input.shape[0],), False)


@composite(method=False, out=False)
def lstm_cell(
    input,
    hx: Sequence[Tensor],
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
):
    """One step of an LSTM: the new (h, c)."""
    if len(hx) != 2:
        raise RuntimeError("lstm_cell expects two hidden states")
    found = _cell("lstm", input, hx, (w_ih, w_hh, b_ih, b_hh))
    return found[0], found[2]


def _declare_cell(cell: str, name: str, doc: str, last: str) -> Callable[..., Any]:
    @composite(name=name, method=False, out=False, grad_name=f"{last}Backward0")
    def step(
        input,
        hx: Tensor,
        w_ih: Tensor,
        w_hh: Tensor,
        b_ih: Tensor | None = None,
        b_hh: Tensor | None = None,
    ):
        return _cell(cell, input, (hx,), (w_ih, w_hh, b_ih, b_hh))[0]

    step.op.doc = doc
    return step


gru_cell = _declare_cell("gru", "gru_cell", "One step of gated recurrent units.", "Add")
rnn_tanh_cell = _declare_cell("rnn_tanh", "rnn_tanh_cell", "One step of an Elman network.", "Tanh")
rnn_relu_cell = _declare_cell("rnn_relu", "rnn_relu_cell", "One step with ReLU.", "Relu")
