"""Writes in place: what may be written, and how the graph learns of it.

A write to a view changes its base, so the base's history becomes a `CopySlices` node, and every view of the base
that still lives is given a new place in the graph, behind it.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ..prims import copies
from ..storage import flat_bytes, root
from ..tensor import Array, Tensor, live_views, new
from .graph import AccumulateGrad, Node, freed_error, next_seq, target


def check(tensor: Tensor) -> None:
    """Raise, in PyTorch's words, if a recorded write to `tensor` is not allowed; nothing has changed yet."""
    node = tensor._node
    if tensor._base is not None:
        flaw = tensor._view_flaw
        if flaw == "multi":
            maker = target(node)
            name = re.sub(r"Backward\d*$", "", maker.name()) if maker is not None else "Unbind"
            raise RuntimeError(
                f"Output {getattr(node, 'index', 0)} of {name} is a view and is being modified inplace. This view is "
                "the output of a function that returns multiple views. Such functions do not allow the output views "
                "to be modified inplace. You should replace the inplace operation by an out-of-place one."
            )
        base = tensor._base._node
        if isinstance(base, AccumulateGrad):
            if node is None or flaw == "no_grad":
                raise RuntimeError(
                    "A view was created in no_grad mode and is being modified inplace with grad mode enabled. Given "
                    "that this use case is ambiguous and error-prone, it is forbidden. You can clarify your code by "
                    "moving both the view and the inplace either both inside the no_grad block (if you don't want "
                    "the inplace to be tracked) or both outside (if you want the inplace to be tracked)."
                )
            raise RuntimeError("a view of a leaf Variable that requires grad is being used in an in-place operation.")
    if isinstance(node, AccumulateGrad):
        raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")


def write(tensor: Tensor, result: Array) -> None:
    """Put `result` into the tensor's memory: a new version of it."""
    array = tensor._array
    if result.dtype.kind == "c" and array.dtype.kind != "c":
        result = result.real
    copies.write(array, result)
    tensor._counter[0] += 1


def rebase(tensor: Tensor, node: Node | None) -> None:
    """Make `node` the history of `tensor` after a recorded write."""
    base = tensor._base
    if base is None:
        tensor._node = node
        views = live_views(tensor) if len(tensor._counter) > 1 else []
        base = tensor
    else:
        if node is None and base._node is None:
            return
        copied = new(CopySlices)
        copied.seq, copied.saved, copied.shape = next_seq(), (node,), base._array.shape
        copied.geometry = Geometry(tensor._array, base._array)
        # The written tensor's own edge is replaced: its old value lay in the base.
        copied.edges = (base._node, *(node.edges[1:] if node is not None else ()))
        base._node = copied
        views = live_views(base)
    for view in views:
        if view is not base:
            view._node = as_strided_node(view, base)


class Geometry:
    """Where a view lies in its base: shape and strides, and the offset from the base's first element, in bytes."""

    __slots__ = ("base_shape", "base_strides", "dtype", "offset", "shape", "strides")

    def __init__(self, view: Array, base: Array) -> None:
        self.shape, self.strides = view.shape, view.strides
        self.base_shape, self.base_strides = base.shape, base.strides
        self.dtype = base.dtype
        self.offset = view.__array_interface__["data"][0] - base.__array_interface__["data"][0]

    def layout(self, like: Array) -> Array:
        """A copy of `like` in memory laid out as the base's is."""
        span = sum((n - 1) * step for n, step in zip(self.base_shape, self.base_strides, strict=True))
        memory = np.zeros(span + self.dtype.itemsize if 0 not in self.base_shape else 0, np.uint8)
        copy = np.ndarray(self.base_shape, like.dtype, memory, 0, self.base_strides)
        copy[...] = like
        return copy

    def of(self, laid: Array) -> Array:
        """The view of an array made by `layout`."""
        if 0 in self.shape:
            return np.empty(self.shape, laid.dtype)
        memory = flat_bytes(root(laid))
        start = laid.__array_interface__["data"][0] - memory.__array_interface__["data"][0]
        return np.ndarray(self.shape, laid.dtype, memory, start + self.offset, self.strides)

    def elements(self) -> Array:
        """For each element of the view, its place among the base's elements in row-major order; -1 outside it."""
        own = self._positions(self.base_shape, self.base_strides, 0)
        wanted = self._positions(self.shape, self.strides, self.offset)
        low = min(own.min(initial=0), wanted.min(initial=0))
        places = np.full(int(max(own.max(initial=0), wanted.max(initial=0)) - low) + 1, -1, np.int64)
        places[own.reshape(-1) - low] = np.arange(own.size)
        return places[wanted - low]

    def _positions(self, shape: tuple[int, ...], strides: tuple[int, ...], offset: int) -> Array:
        """Where elements lie in memory, in elements."""
        found = np.full((), offset // self.dtype.itemsize, np.int64)
        for n, step in zip(shape, strides, strict=True):
            found = found[..., None] + np.arange(n) * (step // self.dtype.itemsize)
        return found


class CopySlices(Node):
    """The history of a base of which a view was written: outside the view it is unchanged."""

    __slots__ = ("geometry",)
    geometry: Geometry

    def name(self) -> str:
        return "torch::autograd::CopySlices"

    @property
    def function(self) -> Any:
        """The node of the write itself."""
        if self.saved is None:
            raise freed_error()
        return self.saved[0]

    def run(self, g: Any) -> tuple[Any, ...]:
        geometry, function = self.geometry, self.function
        base = geometry.layout(g)
        part = geometry.of(base)
        results: tuple[Any, ...] = (None,) if function is None else function.run(part.copy())
        part[...] = 0 if results[0] is None or not _kept(function) else _shaped(results[0], part.shape)
        return base, *results[1:]

    def run_graph(self, g: Any) -> tuple[Any, ...]:
        geometry, function = self.geometry, self.function
        places = geometry.elements()
        part = g.reshape(-1)[_index(places)]
        results: tuple[Any, ...] = (None,) if function is None else function.run_graph(part)
        flat = g.reshape(-1).clone()
        zero = part * 0 if results[0] is None or not _kept(function) else results[0].expand(part.shape)
        flat = flat.index_put((_index(places.reshape(-1)),), zero.reshape(-1))
        return flat.reshape(geometry.base_shape), *results[1:]


def _kept(function: Node | None) -> bool:
    """Whether the write still depended on what the view held before."""
    return function is not None and function.edges[0] is not None


def _shaped(g: Any, shape: tuple[int, ...]) -> Any:
    from .engine import sum_to

    return g if g.shape == shape else sum_to(g, shape)


def _index(places: Array) -> Tensor:
    from ..tensor import wrap

    return wrap(np.ascontiguousarray(places))


class AsStridedBackward0(Node):
    """The place in the graph of a view whose base was written after the view was made."""

    __slots__ = ("geometry",)
    geometry: Geometry

    def run(self, g: Any) -> tuple[Any, ...]:
        geometry = self.geometry
        flat = np.zeros(int(np.prod(geometry.base_shape)), g.dtype)
        places = geometry.elements().reshape(-1)
        inside = places >= 0
        np.add.at(flat, places[inside], np.asarray(g).reshape(-1)[inside])
        return (flat.reshape(geometry.base_shape),)

    def run_graph(self, g: Any) -> tuple[Any, ...]:
        geometry = self.geometry
        flat = g.new_zeros(int(np.prod(geometry.base_shape)))
        places = geometry.elements().reshape(-1)
        inside = np.flatnonzero(places >= 0)
        kept = g.reshape(-1)[_index(inside)]
        return (flat.index_add(0, _index(places[inside]), kept).reshape(geometry.base_shape),)


def as_strided_node(view: Tensor, base: Tensor) -> Node | None:
    if base._node is None:
        return None
    node = new(AsStridedBackward0)
    node.seq, node.edges, node.saved = next_seq(), (base._node,), ()
    node.shape, node.geometry = view._array.shape, Geometry(view._array, base._array)
    return node


class CastBack(Node):
    """Between a write whose result was of a wider dtype and the tensor it was written to."""

    __slots__ = ("kind",)
    kind: Any

    @property
    def inner(self) -> Any:
        if self.saved is None:
            raise freed_error()
        return self.saved[0]

    def run(self, g: Any) -> tuple[Any, ...]:
        return self.inner.run(g.astype(self.kind))

    def run_graph(self, g: Any) -> tuple[Any, ...]:
        from ..dtypes import from_numpy_dtype

        return self.inner.run_graph(g.to(from_numpy_dtype(self.kind)))

    def name(self) -> str:
        return self.inner.name()


def cast_node(inner: Node, kind: np.dtype[Any], tensor: Tensor) -> Node:
    node = new(CastBack)
    node.kind, node.edges, node.saved = kind, inner.edges, (inner,)
    node.seq, node.shape = next_seq(), tensor._array.shape
    return node


def resize_out(out: Tensor, shape: tuple[int, ...]) -> None:
    """Give an `out=` tensor the shape of the result, with PyTorch's warning unless it was empty."""
    if out._array.shape == shape:
        return
    if out._array.size:
        import warnings

        warnings.warn(
            f"An output with one or more elements was resized since it had shape {list(out._array.shape)}, which does "
            f"not match the required output shape {list(shape)}. This behavior is deprecated, and in a future PyTorch "
            "release outputs will not be resized unless they have zero elements. You can explicitly reuse an out "
            "tensor t by resizing it, inplace, to zero elements with t.resize_(0).",
            UserWarning,
            stacklevel=5,
        )
    resize(out, shape)


def resize(tensor: Tensor, shape: tuple[int, ...]) -> None:
    """Give a tensor a new shape over its storage; memory is allocated only when it does not suffice."""
    array = tensor._array
    count = int(np.prod(shape, dtype=np.int64))
    memory = flat_bytes(root(array))
    start = array.__array_interface__["data"][0] - memory.__array_interface__["data"][0] if array.size else 0
    if start + count * array.itemsize <= memory.nbytes and memory.nbytes:
        tensor._array = np.ndarray(shape, array.dtype, memory, start)
    else:
        grown = np.empty(shape, array.dtype)
        grown.reshape(-1)[: array.size] = array.reshape(-1)[:count]
        tensor._array = grown
    if isinstance(tensor._node, AccumulateGrad):
        tensor._node.follow(tensor)
