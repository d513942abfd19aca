"""Recurrent layers over sequences, and the cells of one step."""

from __future__ import annotations

import math
import numbers
import warnings
from typing import Any

import flambeau
from flambeau.tensor import Tensor

from .. import _ops as ops
from .. import init
from .._deprecation import deprecated
from ..parameter import Parameter
from ..utils.rnn import PackedSequence
from .module import Module

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNBase", "RNNCell", "RNNCellBase"]

_GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}


def _apply_permutation(tensor: Tensor, permutation: Tensor, dim: int = 1) -> Tensor:
    return tensor.index_select(dim, permutation)


@deprecated("`apply_permutation` is deprecated, please use `tensor.index_select(dim, permutation)` instead")
def apply_permutation(tensor: Tensor, permutation: Tensor, dim: int = 1) -> Tensor:
    """`tensor` with `dim` in the order of `permutation`."""
    return _apply_permutation(tensor, permutation, dim)


def _uniform_parameters(module: Module, hidden_size: int) -> None:
    bound = 1.0 / math.sqrt(hidden_size) if hidden_size > 0 else 0
    for weight in module.parameters():
        init.uniform_(weight, -bound, bound)


class RNNBase(Module):
    """What `RNN`, `LSTM` and `GRU` share: stacked layers, in one or both directions.

    Layer k has `weight_ih_lk` (gates hidden, in), `weight_hh_lk` (gates hidden, hidden), the biases
    `bias_ih_lk`, `bias_hh_lk` and, for a projecting LSTM, `weight_hr_lk` (proj, hidden); those of
    the second direction end in `_reverse`. All start uniform in ±1/sqrt(hidden_size).

    Args:
        mode: "RNN_TANH", "RNN_RELU", "LSTM" or "GRU".
        input_size: features of the input.
        hidden_size: features of the state.
        num_layers: how many layers.
        bias: whether layers have biases.
        batch_first: whether input and output are (N, L, *) rather than (L, N, *).
        dropout: probability of dropout after each layer but the last.
        bidirectional: whether a second set of layers reads the sequence backwards.
        proj_size: features an LSTM's output is projected to, if any.
    """

    mode: str
    input_size: int
    hidden_size: int
    num_layers: int
    bias: bool
    batch_first: bool
    dropout: float
    bidirectional: bool
    proj_size: int
    _all_weights: list[list[str]]

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        is_number = isinstance(dropout, numbers.Number) and not isinstance(dropout, bool)
        if not is_number or not 0 <= dropout <= 1:
            raise ValueError(
                "dropout should be a number in range [0, 1] representing the probability of an element being zeroed"
            )
        if dropout > 0 and num_layers == 1:
            warnings.warn(
                "dropout option adds dropout after all but last recurrent layer, so non-zero "
                f"dropout expects num_layers greater than 1, but got dropout={dropout} and "
                f"num_layers={num_layers}",
                stacklevel=3,
            )
        for name, value, kind in (
            ("bias", bias, bool),
            ("batch_first", batch_first, bool),
            ("input_size", input_size, int),
            ("hidden_size", hidden_size, int),
        ):
            if not isinstance(value, kind):
                raise TypeError(f"{name} should be of type {kind.__name__}, got: {type(value).__name__}")
            if kind is int and value <= 0:
                raise ValueError(f"{name} must be greater than zero")
        if num_layers <= 0:
            raise ValueError("num_layers must be greater than zero")
        if proj_size < 0:
            raise ValueError("proj_size should be a positive integer or zero to disable projections")
        if proj_size >= hidden_size:
            raise ValueError("proj_size has to be smaller than hidden_size")
        if mode not in _GATES:
            raise ValueError(f"Unrecognized RNN mode: {mode}")
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self._all_weights = []
        for layer in range(num_layers):
            for suffix in ("", "_reverse")[: self._directions]:
                shapes = self._layer_shapes(layer)
                names = [f"{name}_l{layer}{suffix}" for name in shapes]
                for name, shape in zip(names, shapes.values(), strict=True):
                    weight = flambeau.empty(shape, device=device, dtype=dtype)
                    self.register_parameter(name, Parameter(weight))
                self._all_weights.append(names)
        self.reset_parameters()

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    @property
    def _output_size(self) -> int:
        return self.proj_size or self.hidden_size

    def _layer_shapes(self, layer: int) -> dict[str, tuple[int, ...]]:
        gates = _GATES[self.mode] * self.hidden_size
        inputs = self.input_size if layer == 0 else self._output_size * self._directions
        shapes: dict[str, tuple[int, ...]] = {
            "weight_ih": (gates, inputs),
            "weight_hh": (gates, self._output_size),
        }
        if self.bias:
            shapes |= {"bias_ih": (gates,), "bias_hh": (gates,)}
        if self.proj_size > 0:
            shapes["weight_hr"] = (self.proj_size, self.hidden_size)
        return shapes

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters of each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    @property
    def _flat_weights_names(self) -> list[str]:
        return [name for names in self._all_weights for name in names]

    @property
    def _flat_weights(self) -> list[Any]:
        parameters = self._parameters  # others, parametrized ones for instance, are attributes
        return [
            parameters[name] if name in parameters else getattr(self, name, None)
            for names in self._all_weights
            for name in names
        ]

    def flatten_parameters(self) -> None:
        """Nothing on a CPU: there is no layout the kernels would prefer."""

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        _uniform_parameters(self, self.hidden_size)

    def check_input(self, input: Tensor, batch_sizes: Tensor | None) -> None:
        """Raise where the input's dtype, dimensions or features don't fit."""
        dtype = getattr(self, self._all_weights[0][0]).dtype
        if input.dtype != dtype and not flambeau.is_autocast_enabled("cpu"):
            raise ValueError(
                f"RNN input dtype ({input.dtype}) does not match weight dtype ({dtype}). Convert "
                f"input: input.to({dtype}), or convert model: model.to({input.dtype})"
            )
        expected = 3 if batch_sizes is None else 2
        if input.dim() != expected:
            raise RuntimeError(f"input must have {expected} dimensions, got {input.dim()}")
        if self.input_size != input.size(-1):
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {input.size(-1)}"
            )

    def _state_size(self, input: Tensor, batch_sizes: Tensor | None, features: int) -> tuple[int, int, int]:
        if batch_sizes is not None:
            batch = int(batch_sizes[0])
        else:
            batch = input.size(0 if self.batch_first else 1)
        return (self.num_layers * self._directions, batch, features)

    def get_expected_hidden_size(self, input: Tensor, batch_sizes: Tensor | None) -> tuple[int, int, int]:
        """The shape of the hidden state for this input."""
        return self._state_size(input, batch_sizes, self._output_size)

    def check_hidden_size(
        self,
        hx: Tensor,
        expected_hidden_size: tuple[int, int, int],
        msg: str = "Expected hidden size {}, got {}",
    ) -> None:
        """RuntimeError unless `hx` has the expected shape."""
        if tuple(hx.size()) != tuple(expected_hidden_size):
            raise RuntimeError(msg.format(expected_hidden_size, list(hx.size())))

    def check_forward_args(self, input: Tensor, hidden: Any, batch_sizes: Tensor | None) -> None:
        """Check the input and the hidden state."""
        self.check_input(input, batch_sizes)
        self.check_hidden_size(hidden, self.get_expected_hidden_size(input, batch_sizes))

    def permute_hidden(self, hx: Any, permutation: Tensor | None) -> Any:
        """The state with its batch reordered."""
        if permutation is None:
            return hx
        return _apply_permutation(hx, permutation)

    # How the state differs: a tensor here, a pair in an LSTM.

    def _zero_state(self, input: Tensor, batch_sizes: Tensor | None) -> Any:
        size = self.get_expected_hidden_size(input, batch_sizes)
        return flambeau.zeros(size, dtype=input.dtype, device=input.device)

    def _batched_state(self, hx: Any, batched: bool) -> Any:
        """The state with a batch dimension; RuntimeError unless it fits the input's dimensions."""
        expected = 3 if batched else 2
        if hx.dim() != expected:
            case = "batched 3-D" if batched else "unbatched 2-D"
            raise RuntimeError(f"For {case} input, hx should also be {expected}-D but got {hx.dim()}-D tensor")
        return hx if batched else hx.unsqueeze(1)

    def _unbatched_state(self, state: Any) -> Any:
        return state.squeeze(1)

    def _result_state(self, result: tuple) -> Any:
        return result[1]

    def _dim_error(self, ndim: int) -> str:
        return f"{self._get_name()}: Expected input to be 2D or 3D, got {ndim}D instead"

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        run = getattr(ops, self.mode.lower())
        settings = (
            self._flat_weights,
            self.bias,
            self.num_layers,
            self.dropout,
            self.training,
            self.bidirectional,
        )
        if isinstance(input, PackedSequence):
            data, batch_sizes, order, back = input
            if hx is None:
                hx = self._zero_state(data, batch_sizes)
            else:
                hx = self.permute_hidden(hx, order)
            self.check_forward_args(data, hx, batch_sizes)
            result = run(data, batch_sizes, hx, *settings)
            output = PackedSequence(result[0], batch_sizes, order, back)
            return output, self.permute_hidden(self._result_state(result), back)
        if input.dim() not in (2, 3):
            raise ValueError(self._dim_error(input.dim()))
        batched = input.dim() == 3
        batch_dim = 0 if self.batch_first else 1
        if not batched:
            input = input.unsqueeze(batch_dim)
        hx = self._zero_state(input, None) if hx is None else self._batched_state(hx, batched)
        self.check_forward_args(input, hx, None)
        result = run(input, hx, *settings, self.batch_first)
        output, state = result[0], self._result_state(result)
        if not batched:
            return output.squeeze(batch_dim), self._unbatched_state(state)
        return output, state

    def extra_repr(self) -> str:
        shown = f"{self.input_size}, {self.hidden_size}"
        for name, default in (
            ("proj_size", 0),
            ("num_layers", 1),
            ("bias", True),
            ("batch_first", False),
            ("dropout", 0),
            ("bidirectional", False),
        ):
            value = getattr(self, name)
            if value != default:
                shown += f", {name}={value}"
        return shown

    def __setstate__(self, state: dict[str, Any]) -> None:
        # PyTorch's pickles hold the flat list beside the names it follows from.
        derived = ("_flat_weights", "_flat_weights_names", "_flat_weight_refs")
        super().__setstate__({key: each for key, each in state.items() if key not in derived})
        self.__dict__.setdefault("proj_size", 0)


class RNN(RNNBase):
    """h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or with ReLU.

    Args:
        input_size, hidden_size, num_layers: as in `RNNBase`.
        nonlinearity: "tanh" or "relu".
        bias, batch_first, dropout, bidirectional: as in `RNNBase`.
    """

    nonlinearity: str

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        nonlinearity = kwargs.pop("nonlinearity", "tanh")
        if len(args) > 3:
            nonlinearity, args = args[3], args[:3] + args[4:]
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        super().__init__(f"RNN_{nonlinearity.upper()}", *args, **kwargs)
        self.nonlinearity = nonlinearity

    def _dim_error(self, ndim: int) -> str:
        return f"RNN: Expected input to be 2D or 3D, got {ndim}D tensor instead"


class LSTM(RNNBase):
    """Long short-term memory (Hochreiter and Schmidhuber, 1997), gates in the order i, f, g, o.

    Returns the output (L, N, directions * features) and the state (h, c). The arguments are those
    of `RNNBase`, without `mode`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("LSTM", *args, **kwargs)

    def get_expected_cell_size(self, input: Tensor, batch_sizes: Tensor | None) -> tuple[int, int, int]:
        """The shape of the cell state for this input."""
        return self._state_size(input, batch_sizes, self.hidden_size)

    def check_forward_args(self, input: Tensor, hidden: Any, batch_sizes: Tensor | None) -> None:
        """Check the input and both states."""
        self.check_input(input, batch_sizes)
        for i, size in enumerate((self.get_expected_hidden_size, self.get_expected_cell_size)):
            message = f"Expected hidden[{i}] size {{}}, got {{}}"
            self.check_hidden_size(hidden[i], size(input, batch_sizes), message)

    def permute_hidden(self, hx: Any, permutation: Tensor | None) -> Any:
        """Both states with their batch reordered."""
        if permutation is None:
            return hx
        return tuple(_apply_permutation(state, permutation) for state in hx)

    def _zero_state(self, input: Tensor, batch_sizes: Tensor | None) -> Any:
        return tuple(
            flambeau.zeros(size(input, batch_sizes), dtype=input.dtype, device=input.device)
            for size in (self.get_expected_hidden_size, self.get_expected_cell_size)
        )

    def _batched_state(self, hx: Any, batched: bool) -> Any:
        expected = 3 if batched else 2
        if any(state.dim() != expected for state in hx):
            case = "batched 3-D" if batched else "unbatched 2-D"
            raise RuntimeError(
                f"For {case} input, hx and cx should also be {expected}-D but got "
                f"({hx[0].dim()}-D, {hx[1].dim()}-D) tensors"
            )
        return hx if batched else tuple(state.unsqueeze(1) for state in hx)

    def _unbatched_state(self, state: Any) -> Any:
        return tuple(each.squeeze(1) for each in state)

    def _result_state(self, result: tuple) -> Any:
        return tuple(result[1:])


class GRU(RNNBase):
    """Gated recurrent units (Cho et al., 2014), gates in the order r, z, n.

    The arguments are those of `RNNBase`, without `mode` and `proj_size`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        super().__init__("GRU", *args, **kwargs)


class RNNCellBase(Module):
    """What the cells share: `weight_ih` (gates hidden, in), `weight_hh` (gates hidden, hidden)."""

    input_size: int
    hidden_size: int
    bias: bool
    weight_ih: Tensor
    weight_hh: Tensor
    bias_ih: Tensor | None
    bias_hh: Tensor | None

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool,
        num_chunks: int,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        gates = num_chunks * hidden_size
        kind = {"device": device, "dtype": dtype}
        self.weight_ih = Parameter(flambeau.empty((gates, input_size), **kind))
        self.weight_hh = Parameter(flambeau.empty((gates, hidden_size), **kind))
        for name in ("bias_ih", "bias_hh"):
            weight = Parameter(flambeau.empty(gates, **kind)) if bias else None
            self.register_parameter(name, weight)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        _uniform_parameters(self, self.hidden_size)

    def extra_repr(self) -> str:
        shown = f"{self.input_size}, {self.hidden_size}"
        if self.bias is not True:
            shown += f", bias={self.bias}"
        nonlinearity = self.__dict__.get("nonlinearity", "tanh")
        return shown if nonlinearity == "tanh" else f"{shown}, nonlinearity={nonlinearity}"

    def _check_dims(self, name: str, value: Tensor) -> None:
        if value.dim() not in (1, 2):
            raise ValueError(f"{self._get_name()}: Expected {name} to be 1D or 2D, got {value.dim()}D instead")

    def _zeros(self, input: Tensor) -> Tensor:
        size = (input.size(0), self.hidden_size)
        return flambeau.zeros(size, dtype=input.dtype, device=input.device)

    @property
    def _weights(self) -> tuple[Any, ...]:
        return (self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)

    def _step(self, input: Tensor, hx: Tensor | None, name: str) -> Tensor:
        """One step of a cell whose state is one tensor."""
        self._check_dims("input", input)
        if hx is not None:
            self._check_dims("hidden", hx)
        batched = input.dim() == 2
        if not batched:
            input = input.unsqueeze(0)
        if hx is None:
            hx = self._zeros(input)
        elif not batched:
            hx = hx.unsqueeze(0)
        result = getattr(ops, name)(input, hx, *self._weights)
        return result if batched else result.squeeze(0)


class RNNCell(RNNCellBase):
    """h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or with ReLU, for (N, input_size)."""

    nonlinearity: str

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        return self._step(input, hx, f"rnn_{self.nonlinearity}_cell")


class LSTMCell(RNNCellBase):
    """One step of an LSTM: (N, input_size) and (h, c), each (N, hidden_size), to (h', c')."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        self._check_dims("input", input)
        for i, state in enumerate(hx or ()):
            self._check_dims(f"hx[{i}]", state)
        batched = input.dim() == 2
        if not batched:
            input = input.unsqueeze(0)
        if hx is None:
            zeros = self._zeros(input)
            hx = (zeros, zeros)
        elif not batched:
            hx = (hx[0].unsqueeze(0), hx[1].unsqueeze(0))
        h, c = ops.lstm_cell(input, hx, *self._weights)
        return (h, c) if batched else (h.squeeze(0), c.squeeze(0))


class GRUCell(RNNCellBase):
    """One step of a GRU: (N, input_size) and h (N, hidden_size) to h'."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        return self._step(input, hx, "gru_cell")
