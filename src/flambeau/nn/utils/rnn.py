"""Sequences of unequal lengths: padded to a block, or packed step by step."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any, NamedTuple, Self

import flambeau
from flambeau.tensor import Tensor

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]


class PackedSequence_(NamedTuple):
    data: Any
    batch_sizes: Any
    sorted_indices: Any
    unsorted_indices: Any


class PackedSequence(PackedSequence_):
    """Sequences laid out step by step, the longest first.

    `data` holds the first elements of all sequences, then the second ones, ...; `batch_sizes` says
    how many there are of each. `sorted_indices` is the order the sequences were put in,
    `unsorted_indices` the way back. Made by `pack_sequence` and `pack_padded_sequence`.
    """

    def __new__(
        cls,
        data: Any,
        batch_sizes: Tensor | None = None,
        sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> Self:
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        if batch_sizes is None:  # both in one pair
            if not (isinstance(data, (list, tuple)) and len(data) == 2):
                raise AssertionError("Expected data to be a list or tuple of length 2")
            data, batch_sizes = data
        elif batch_sizes.device.type != "cpu":
            raise ValueError(
                "batch_sizes should always be on CPU. Instances of PackedSequence should never be "
                "created manually. They should be instantiated by functions like pack_sequence and "
                "pack_padded_sequences in nn.utils.rnn. "
                "https://pytorch.org/docs/stable/nn.html#torch.nn.utils.rnn.pack_sequence"
            )
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def _map(self, data: Tensor, method: str, *args: Any, **kwargs: Any) -> PackedSequence:
        """With `data` and, where there are any, indices moved by `method`."""
        moved = [
            None if each is None else getattr(each, method)(*args, **kwargs)
            for each in (self.sorted_indices, self.unsorted_indices)
        ]
        return type(self)(data, self.batch_sizes, *moved)

    def pin_memory(self) -> PackedSequence:
        """The sequences in pinned memory."""
        return self._map(self.data.pin_memory(), "pin_memory")

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The sequences moved or cast as `Tensor.to` says; the same object if nothing changes."""
        data = self.data.to(*args, **kwargs)
        return self if data is self.data else self._map(data, "to", data.device)

    def cuda(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """Raises: this build computes on the CPU."""
        return self._map(self.data.cuda(*args, **kwargs), "cuda")

    def cpu(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The sequences on the CPU."""
        return self.to(*args, **{"device": "cpu", **kwargs})

    def double(self) -> PackedSequence:
        """The data in float64."""
        return self.to(dtype=flambeau.double)

    def float(self) -> PackedSequence:
        """The data in float32."""
        return self.to(dtype=flambeau.float)

    def half(self) -> PackedSequence:
        """The data in float16."""
        return self.to(dtype=flambeau.half)

    def long(self) -> PackedSequence:
        """The data in int64."""
        return self.to(dtype=flambeau.long)

    def int(self) -> PackedSequence:
        """The data in int32."""
        return self.to(dtype=flambeau.int)

    def short(self) -> PackedSequence:
        """The data in int16."""
        return self.to(dtype=flambeau.short)

    def char(self) -> PackedSequence:
        """The data in int8."""
        return self.to(dtype=flambeau.int8)

    def byte(self) -> PackedSequence:
        """The data in uint8."""
        return self.to(dtype=flambeau.uint8)

    @property
    def is_cuda(self) -> bool:
        """Whether the data is on a GPU."""
        return self.data.is_cuda

    def is_pinned(self) -> bool:
        """Whether the data is in pinned memory."""
        return self.data.is_pinned()


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The permutation that undoes `permutation`."""
    if permutation is None:
        return None
    places = flambeau.arange(0, permutation.numel(), device=permutation.device)
    return flambeau.empty_like(permutation).scatter_(0, permutation, places.to(permutation.dtype))


def pack_padded_sequence(
    input: Tensor,
    lengths: Tensor | list[int],
    batch_first: bool = False,
    enforce_sorted: bool = True,
) -> PackedSequence:
    """Pack a block of padded sequences, (T, N, *) or (N, T, *), of the given lengths.

    Sequences must come longest first unless `enforce_sorted` is False.
    """
    if isinstance(lengths, Tensor):
        lengths = lengths.to(dtype=flambeau.int64)
    else:
        lengths = flambeau.as_tensor(lengths, dtype=flambeau.int64)
    order = None
    if not enforce_sorted:
        lengths, order = flambeau.sort(lengths, descending=True)
        input = input.index_select(0 if batch_first else 1, order)
    if batch_first:
        input = input.transpose(0, 1)
    assert isinstance(lengths, Tensor)
    sizes = _batch_sizes(input, lengths)
    steps = flambeau.arange(len(sizes)).unsqueeze(1)
    present = steps < lengths.unsqueeze(0)
    data = input[: len(sizes)].flatten(0, 1).index_select(0, present.flatten().nonzero().squeeze(1))
    return PackedSequence(data, present.sum(1), order, None)


def _batch_sizes(input: Tensor, lengths: Tensor) -> range:
    """The steps that any sequence reaches, once input and lengths have been checked."""
    if input.numel() == 0:
        raise RuntimeError("Cannot pack empty tensors.")
    if lengths.size(0) != input.size(1):
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {lengths.size(0)} (batch_size={input.size(1)})"
        )
    listed = lengths.tolist()
    if listed[-1] <= 0:
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0"
        )
    if any(longer < shorter for longer, shorter in pairwise(listed)):
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You "
            "can pass `enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to "
            "sidestep this requirement if you do not need ONNX exportability."
        )
    if listed[0] > input.size(0):
        raise RuntimeError(f"Expected sequence length to be at most {input.size(0)}, but got {listed[0]}")
    return range(listed[0])


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Tensor, Tensor]:
    """The sequences as a block, (T, N, *) or (N, T, *), padded to the longest, and their lengths.

    `total_length` asks for a longer block; ValueError where it is too short.
    """
    sizes = sequence.batch_sizes
    longest = sizes.size(0)
    if total_length is not None and total_length < longest:
        raise ValueError(
            "Expected total_length to be at least the length of the longest sequence in input, "
            f"but got total_length={total_length} and max sequence length being {longest}"
        )
    data = sequence.data
    batch = int(sizes[0])
    present = flambeau.arange(batch).unsqueeze(0) < sizes.unsqueeze(1)
    places = present.flatten().nonzero().squeeze(1)
    shape = (total_length or longest, batch, *data.shape[1:])
    block = data.new_full((shape[0] * batch, *data.shape[1:]), padding_value)
    block = block.index_copy(0, places, data).view(shape)
    if batch_first:
        block = block.transpose(0, 1)
    lengths = present.sum(0)
    if sequence.unsorted_indices is None:
        return block, lengths
    back = sequence.unsorted_indices
    return block.index_select(0 if batch_first else 1, back), lengths[back]


def pad_sequence(
    sequences: Tensor | Iterable[Tensor],
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Tensor:
    """Sequences (L_i, *) as one block, (T, N, *) or (N, T, *), padded on one side."""
    if not isinstance(sequences, Iterable):
        raise RuntimeError(
            f"pad_sequence: Expected iterable for input sequences, but got arg of type: {type(sequences)}"
        )
    sequences = tuple(sequences)
    if not sequences:
        raise RuntimeError("received an empty list of sequences")
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"Expected padding_side to be one of left or right, but got {padding_side}.")
    longest = max(sequence.size(0) for sequence in sequences)
    rows = []
    for sequence in sequences:
        missing = longest - sequence.size(0)
        fill = sequence.new_full((missing, *sequence.shape[1:]), padding_value)
        parts = [fill, sequence] if padding_side == "left" else [sequence, fill]
        rows.append(flambeau.cat(parts) if missing else sequence)
    return flambeau.stack(rows, 0 if batch_first else 1)


def unpad_sequence(padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False) -> list[Tensor]:
    """The sequences of a padded block, each of its own length."""
    if not batch_first:
        padded_sequences = padded_sequences.transpose(0, 1)
    places = flambeau.arange(padded_sequences.shape[1], device=lengths.device)
    return [sequence[places < length] for sequence, length in zip(padded_sequences, lengths, strict=True)]


def pack_sequence(sequences: list[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Pack sequences (L_i, *), longest first unless `enforce_sorted` is False."""
    lengths = flambeau.as_tensor([sequence.size(0) for sequence in sequences])
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences of a packed block, in their original order."""
    block, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(block, lengths, batch_first=True)
