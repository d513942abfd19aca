"""From samples to a batch, by the type of the samples."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

import flambeau
from flambeau.tensor import Tensor

CollateFn = Callable[..., Any]

default_collate_err_msg_format = (
    "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {}"
)


def _is_text(array: Any) -> bool:
    """Whether the array holds strings or objects, which no tensor can."""
    return array.dtype.kind in "SUO"


def _is_namedtuple(value: Any) -> bool:
    return isinstance(value, tuple) and hasattr(value, "_fields")


def _rebuilt(like: Any, items: list[Any]) -> Any:
    """A sequence of the type of `like`; a list where that type takes no iterable."""
    try:
        if isinstance(like, MutableSequence):
            clone = copy.copy(like)
            for i, item in enumerate(items):
                clone[i] = item
            return clone
        return type(like)(items)
    except TypeError:
        return items


def _remapped(like: Mapping[Any, Any], items: dict[Any, Any]) -> Any:
    """A mapping of the type of `like`; a dict where that type takes none."""
    try:
        if isinstance(like, MutableMapping):
            clone = copy.copy(like)
            clone.update(items)
            return clone
        return type(like)(items)  # type: ignore[call-arg]
    except TypeError:
        return items


def default_convert(data: Any) -> Any:
    """NumPy arrays and scalars, at any depth of containers, to tensors; the rest as it is."""
    if isinstance(data, Tensor):
        return data
    if isinstance(data, (np.ndarray, np.generic)):
        return data if _is_text(data) else flambeau.as_tensor(data)
    if isinstance(data, Mapping):
        return _remapped(data, {key: default_convert(value) for key, value in data.items()})
    if _is_namedtuple(data):
        return type(data)(*map(default_convert, data))
    if isinstance(data, tuple):
        return [default_convert(item) for item in data]
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return _rebuilt(data, [default_convert(item) for item in data])
    return data


def collate(batch: Any, *, collate_fn_map: dict[type | tuple[type, ...], CollateFn] | None = None) -> Any:
    """Collate samples of equal structure; `collate_fn_map` says how, by the type of a leaf."""
    first = batch[0]
    functions = collate_fn_map or {}
    function = functions.get(type(first))
    if function is None:
        function = next((f for kind, f in functions.items() if isinstance(first, kind)), None)
    if function is not None:
        return function(batch, collate_fn_map=collate_fn_map)
    if isinstance(first, Mapping):
        return _remapped(
            first,
            {key: collate([sample[key] for sample in batch], collate_fn_map=collate_fn_map) for key in first},
        )
    if _is_namedtuple(first):
        columns = zip(*batch, strict=False)
        return type(first)(*(collate(c, collate_fn_map=collate_fn_map) for c in columns))
    if isinstance(first, Sequence):
        if any(len(sample) != len(first) for sample in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        parts = [collate(column, collate_fn_map=collate_fn_map) for column in zip(*batch, strict=True)]
        return parts if isinstance(first, tuple) else _rebuilt(first, parts)
    raise TypeError(default_collate_err_msg_format.format(type(first)))


def collate_tensor_fn(batch: Any, *, collate_fn_map: Any = None) -> Any:
    return flambeau.stack(list(batch), 0)


def collate_numpy_array_fn(batch: Any, *, collate_fn_map: Any = None) -> Any:
    if _is_text(batch[0]):
        raise TypeError(default_collate_err_msg_format.format(batch[0].dtype))
    return collate([flambeau.as_tensor(item) for item in batch], collate_fn_map=collate_fn_map)


def collate_numpy_scalar_fn(batch: Any, *, collate_fn_map: Any = None) -> Any:
    return flambeau.as_tensor(np.asarray(batch))


def collate_float_fn(batch: Any, *, collate_fn_map: Any = None) -> Any:
    return flambeau.tensor(batch, dtype=flambeau.float64)


def collate_int_fn(batch: Any, *, collate_fn_map: Any = None) -> Any:
    return flambeau.tensor(batch)


def collate_str_fn(batch: Any, *, collate_fn_map: Any = None) -> Any:
    return batch


default_collate_fn_map: dict[type | tuple[type, ...], CollateFn] = {
    Tensor: collate_tensor_fn,
    np.ndarray: collate_numpy_array_fn,
    (np.bool_, np.number, np.object_): collate_numpy_scalar_fn,
    float: collate_float_fn,
    int: collate_int_fn,
    str: collate_str_fn,
    bytes: collate_str_fn,
}


def default_collate(batch: Any) -> Any:
    """Stack tensors, arrays and numbers along a new first dimension, inside any containers.

    Mappings, named tuples and sequences are collated by their entries; strings stay a list.
    Raises TypeError for samples of other types, RuntimeError for sequences of unequal length.
    """
    return collate(batch, collate_fn_map=default_collate_fn_map)
