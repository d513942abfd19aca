"""Padding with a constant, mirror images, the edge, or the other end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flambeau.ops.declare import composite, op
from flambeau.ops.pooling import NATIVE, Sizes, check_kind
from flambeau.ops.resample import Maps, mapped, transposed
from flambeau.prims import resample as arrays


@op(method=False, out=False, grad_name="ConstantPadNdBackward0")
def constant_pad_nd(input, pad: Sequence[int], value: Any = 0):
    """`value` around the last dimensions; a negative number cuts."""
    if len(pad) % 2:
        raise RuntimeError(f"Length of pad must be even but instead it equals {len(pad)}")
    if len(pad) // 2 > input.ndim:
        raise RuntimeError(
            "Length of pad should be no more than twice the number of dimensions of the input. Pad "
            f"length is {len(pad)} while the input has {input.ndim} dimensions."
        )
    for at in range(len(pad) // 2):
        before, after, size = pad[2 * at], pad[2 * at + 1], input.shape[-at - 1]
        if size + min(before, 0) + min(after, 0) < 0:
            raise RuntimeError("narrow(): length must be non-negative.")
        if size + before + after < 0:
            raise RuntimeError(
                f"The input size {size}, plus negative padding {before} and {after}, resulted in a "
                f"negative output size, which is invalid. Check dimension {input.ndim - at - 1} of "
                "your input."
            )
    return arrays.constant_pad(input, pad, value)


constant_pad_nd.vjp(input=lambda g, pad: constant_pad_nd(g, [-n for n in pad]))

_COMBINATIONS = """Padding size {} is not supported for {}D input tensor.
Supported combinations for non-constant padding:
  - 2D or 3D input: padding size = 2 (pads last dimension)
  - 3D or 4D input: padding size = 4 (pads last 2 dimensions)
  - 4D or 5D input: padding size = 6 (pads last 3 dimensions)"""


def _check_reflect(shape: Sizes, axis: int, pair: Sizes, place: int) -> None:
    if max(pair) >= shape[axis]:
        raise RuntimeError(
            f"Argument #{place}: Padding size should be less than the corresponding input "
            f"dimension, but got: padding ({pair[0]}, {pair[1]}) at dimension {axis} of input "
            f"{list(shape)}"
        )


def _check_pads(mode: str, shape: Sizes, padding: Sequence[int], rank: int) -> None:
    """Raise PyTorch's RuntimeError for sizes that a mode cannot pad."""
    if 0 in shape[-rank - 1 :]:
        raise RuntimeError(
            f"Expected {rank + 1}D or {rank + 2}D (batch mode) tensor with possibly 0 batch size and "
            f"other non-zero dimensions for input, but got: {list(shape)}"
        )
    for at in range(rank):
        pair, axis = (padding[2 * at], padding[2 * at + 1]), len(shape) - 1 - at
        if mode == "reflect":
            _check_reflect(shape, axis, pair, 4 + 2 * at)
    sizes = [shape[-at - 1] + padding[2 * at] + padding[2 * at + 1] for at in range(rank)]
    if min(sizes) < 1:
        names = "DHW"[-rank:]
        known, made = (
            " ".join(f"{name}: {n}" for name, n in zip(names, values, strict=True))
            for values in (shape[-rank:], sizes[::-1])
        )
        raise RuntimeError(f"input ({known}) is too small. Calculated output {made}")


def _line_padding(mode: str, rank: int, node: str) -> Callable[..., Any]:
    """Declare one of the modes that repeat elements, for `rank` dimensions."""
    name = f"{node}_pad{rank}d"
    make = getattr(arrays, mode)

    def maps(shape: Sizes, padding: Sequence[int]) -> Maps:
        return tuple(make(shape[-at - 1], padding[2 * at], padding[2 * at + 1]) for at in range(rank - 1, -1, -1))

    def pad(input, padding: Sequence[int]):
        _check_pads(mode, input.shape, padding, rank)
        if mode == "reflect":
            check_kind(input, name, "fViuc")
        return arrays.apply_maps(input, maps(input.shape, padding))

    pad.__doc__ = f"Padding of the last {rank} dimensions; see `nn.functional.pad`."
    grad_name = f"{node.capitalize()}Pad{rank}DBackward0"
    module = "flambeau" if rank == 1 else NATIVE
    declared = op(pad, name=name, method=False, out=False, grad_name=grad_name, module=module)
    declared.vjp(input=lambda g, input_shape, padding: mapped(g, transposed(maps(input_shape, padding))))
    return declared


_LINES = {
    mode: {rank: _line_padding(mode, rank, node) for rank in (1, 2, 3)}
    for mode, node in (("reflect", "reflection"), ("replicate", "replication"))
}


@op(name="_pad_circular", method=False, out=False, grad_name="CopySlices")
def pad_circular(input, pad: Sequence[int]):
    """Padding with the elements of the other end."""
    if len(pad) // 2 > input.ndim:
        raise RuntimeError("Invalid padding size, expected the padding of the last dimensions")
    for at in range(len(pad) // 2):
        size, before, after = input.shape[-at - 1], pad[2 * at], pad[2 * at + 1]
        if max(before, after) > size:
            raise RuntimeError("Padding value causes wrapping around more than once.")
        if size + before + after < 0:
            raise RuntimeError("Negative padding value is resulting in an empty dimension")
    return arrays.apply_maps(input, _circular_maps(input.shape, pad))


def _circular_maps(shape: Sizes, pad: Sequence[int]) -> Maps:
    return tuple(
        arrays.circular(shape[-at - 1], pad[2 * at], pad[2 * at + 1]) for at in range(len(pad) // 2 - 1, -1, -1)
    )


pad_circular.vjp(input=lambda g, input_shape, pad: mapped(g, transposed(_circular_maps(input_shape, pad))))


@composite(name="pad", method=False, out=False, module=NATIVE)
def pad_nd(input, pad: Sequence[int], mode: str = "constant", value: float | None = None):
    """Extend `input` by `pad`: before and after the last dimension, the one before it, ..."""
    pad = [int(n) for n in pad]
    if len(pad) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    if len(pad) > 2 * input.ndim:
        raise RuntimeError(
            "Padding length should be less than or equal to two times the input dimension but got "
            f"padding length {len(pad)} and input of dimension {input.ndim}"
        )
    if mode == "constant":
        if isinstance(value, complex):
            raise TypeError("pad(): argument 'value' (position 4) must be float, not complex")
        return constant_pad_nd(input, pad, 0 if value is None else value)
    if value is not None and value != 0:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    rank = len(pad) // 2
    if rank in (1, 2, 3) and input.ndim in (rank + 1, rank + 2):
        if mode == "circular":
            return pad_circular(input, pad)
        if mode in _LINES:
            return _LINES[mode][rank](input, pad)
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    raise NotImplementedError(_COMBINATIONS.format(len(pad), input.ndim))
