"""Trees of Python containers: taken apart into leaves and a `TreeSpec`, and put together again.

`None` is a leaf. Tuples, named tuples, lists, dicts, ordered and default dicts and deques are
nodes, and so is any class given to `register_pytree_node`; everything else is a leaf.
"""

# ruff: noqa: PYI024 -- `collections.namedtuple` is the key of all named tuples

from __future__ import annotations

import dataclasses
import functools
from collections import OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeAlias

from flambeau.tensor import Size

PyTree: TypeAlias = Any
Context: TypeAlias = Any
IsLeaf: TypeAlias = Callable[[PyTree], bool] | None
FlattenFunc: TypeAlias = Callable[[PyTree], tuple[list[Any], Context]]
UnflattenFunc: TypeAlias = Callable[[Iterable[Any], Context], PyTree]


@dataclasses.dataclass(frozen=True)
class SequenceKey:
    """The step to an entry of a sequence."""

    idx: int

    def __str__(self) -> str:
        return f"[{self.idx!r}]"

    def get(self, sequence: Any) -> Any:
        return sequence[self.idx]


@dataclasses.dataclass(frozen=True)
class MappingKey:
    """The step to a value of a mapping."""

    key: Any

    def __str__(self) -> str:
        return f"[{self.key!r}]"

    def get(self, mapping: Any) -> Any:
        return mapping[self.key]


@dataclasses.dataclass(frozen=True)
class GetAttrKey:
    """The step to an attribute."""

    name: str

    def __str__(self) -> str:
        return f".{self.name}"

    def get(self, obj: Any) -> Any:
        return getattr(obj, self.name)


KeyEntry: TypeAlias = Any
KeyPath: TypeAlias = tuple[KeyEntry, ...]


class NodeDef(NamedTuple):
    """How a node type is taken apart and put together; `keys` gives the steps to its children."""

    type: type[Any]
    flatten_fn: FlattenFunc
    unflatten_fn: UnflattenFunc
    flatten_with_keys_fn: Callable[[PyTree], tuple[list[tuple[KeyEntry, Any]], Context]] | None


SUPPORTED_NODES: dict[Any, NodeDef] = {}

_DICTS = (dict, OrderedDict, defaultdict)


def is_namedtuple_class(cls: Any) -> bool:
    """Whether a class was made by `collections.namedtuple`, or derives from one that was."""
    fields = getattr(cls, "_fields", None)
    return (
        isinstance(cls, type)
        and issubclass(cls, tuple)
        and isinstance(fields, tuple)
        and all(type(field) is str for field in fields)
        and callable(getattr(cls, "_make", None))
        and callable(getattr(cls, "_asdict", None))
    )


def is_namedtuple(obj: Any) -> bool:
    """Whether an object, or a class, is a named tuple."""
    return is_namedtuple_class(obj if isinstance(obj, type) else type(obj))


def is_namedtuple_instance(obj: Any) -> bool:
    """Whether an object is a named tuple."""
    return is_namedtuple_class(type(obj))


def register_pytree_node(
    cls: type[Any],
    flatten_fn: FlattenFunc,
    unflatten_fn: UnflattenFunc,
    *,
    serialized_type_name: str | None = None,
    to_dumpable_context: Callable[[Context], Any] | None = None,
    from_dumpable_context: Callable[[Any], Context] | None = None,
    flatten_with_keys_fn: Callable[[PyTree], tuple[list[tuple[KeyEntry, Any]], Context]] | None = None,
) -> None:
    """Make instances of `cls` nodes.

    `flatten_fn` gives the children and what else the object holds, `unflatten_fn` the object from
    both. Raises ValueError for a class that is registered already.
    """
    if cls in SUPPORTED_NODES:
        raise ValueError(f"{cls} is already registered as pytree node.")
    SUPPORTED_NODES[cls] = NodeDef(cls, flatten_fn, unflatten_fn, flatten_with_keys_fn)


_register_pytree_node = _private_register_pytree_node = register_pytree_node


def _deregister_pytree_node(cls: type[Any]) -> None:
    del SUPPORTED_NODES[cls]


def register_dataclass(
    cls: type[Any],
    *,
    field_names: list[str] | None = None,
    drop_field_names: list[str] | None = None,
    serialized_type_name: str | None = None,
) -> None:
    """Make instances of a dataclass nodes whose children are the fields that are not None."""
    dropped = set(drop_field_names or ())
    names = field_names or [f.name for f in dataclasses.fields(cls) if f.init and f.name not in dropped]

    def flatten(obj: Any) -> tuple[list[Any], Context]:
        given = [name for name in names if getattr(obj, name) is not None]
        empty = [name for name in names if getattr(obj, name) is None]
        return [getattr(obj, name) for name in given], [given, empty]

    def unflatten(values: Iterable[Any], context: Context) -> Any:
        given, empty = context
        return cls(**dict(zip(given, values, strict=True)), **dict.fromkeys(empty))

    def flatten_with_keys(obj: Any) -> tuple[list[tuple[KeyEntry, Any]], Context]:
        values, context = flatten(obj)
        keys = map(GetAttrKey, context[0])
        return list(zip(keys, values, strict=True)), context

    register_pytree_node(cls, flatten, unflatten, flatten_with_keys_fn=flatten_with_keys)


def register_constant(cls: type[Any]) -> None:
    """Make instances of `cls` nodes without children: part of the structure, not of the data."""

    def unflatten(values: Iterable[Any], context: Context) -> Any:
        return context

    register_pytree_node(cls, lambda obj: ([], obj), unflatten, flatten_with_keys_fn=lambda obj: ([], obj))


def _register_builtin(
    cls: Any,
    children: Callable[[Any], list[Any]],
    context: Callable[[Any], Context],
    unflatten: UnflattenFunc,
    keys: Callable[[Any], Iterable[KeyEntry]],
) -> None:
    def flatten_with_keys(obj: Any) -> tuple[list[tuple[KeyEntry, Any]], Context]:
        return list(zip(keys(obj), children(obj), strict=True)), context(obj)

    register_pytree_node(
        cls,
        lambda obj: (children(obj), context(obj)),
        unflatten,
        flatten_with_keys_fn=flatten_with_keys,
    )


def _positions(obj: Any) -> Iterable[KeyEntry]:
    return map(SequenceKey, range(len(obj)))


def _mapping_keys(obj: Any) -> Iterable[KeyEntry]:
    return map(MappingKey, obj)


def _values(obj: Any) -> list[Any]:
    return list(obj.values())


def _no_context(obj: Any) -> None:
    return None


_register_builtin(tuple, list, _no_context, lambda v, _: tuple(v), _positions)
_register_builtin(Size, list, _no_context, lambda v, _: Size(v), _positions)
_register_builtin(list, list, _no_context, lambda v, _: list(v), _positions)
_register_builtin(dict, _values, list, lambda v, keys: dict(zip(keys, v, strict=True)), _mapping_keys)
_register_builtin(
    namedtuple,
    list,
    type,
    lambda v, cls: cls(*v),
    lambda obj: map(GetAttrKey, obj._fields),
)
_register_builtin(
    OrderedDict,
    _values,
    list,
    lambda v, keys: OrderedDict(zip(keys, v, strict=True)),
    _mapping_keys,
)
_register_builtin(
    defaultdict,
    _values,
    lambda obj: [obj.default_factory, list(obj)],
    lambda v, context: defaultdict(context[0], zip(context[1], v, strict=True)),
    _mapping_keys,
)
_register_builtin(deque, list, lambda obj: obj.maxlen, lambda v, maxlen: deque(v, maxlen=maxlen), _positions)


def _get_node_type(tree: PyTree) -> Any:
    """The key of a node in `SUPPORTED_NODES`: its type, or `namedtuple` for all of those."""
    kind = type(tree)
    if kind not in SUPPORTED_NODES and is_namedtuple_class(kind):
        return namedtuple
    return kind


def tree_is_leaf(tree: PyTree, is_leaf: IsLeaf = None) -> bool:
    """Whether an object is a leaf."""
    if is_leaf is not None and is_leaf(tree):
        return True
    return _get_node_type(tree) not in SUPPORTED_NODES


class TreeSpec:
    """The structure of a tree, without its leaves."""

    __slots__ = ("_children", "_context", "num_children", "num_leaves", "num_nodes", "type")
    num_leaves: int
    num_nodes: int

    def __init__(self, type: Any, context: Context, children_specs: list[TreeSpec]) -> None:
        self.type = type
        self._context = context
        self._children = list(children_specs)
        self.num_children = len(self._children)
        self.num_nodes = 1 + sum(child.num_nodes for child in self._children)
        self.num_leaves = 1 if type is None else sum(child.num_leaves for child in self._children)

    @property
    def context(self) -> Context:
        return self._context

    @property
    def children_specs(self) -> list[TreeSpec]:
        return self._children

    def children(self) -> list[TreeSpec]:
        return list(self._children)

    def child(self, index: int) -> TreeSpec:
        return self._children[index]

    def is_leaf(self) -> bool:
        return self.type is None

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, TreeSpec):
            return NotImplemented
        return (self.type, self._context, self._children) == (
            other.type,
            other._context,
            other._children,
        )

    def __hash__(self) -> int:
        keys = self._context
        if self.type in _DICTS:
            keys = tuple(keys[1] if self.type is defaultdict else keys)
        elif isinstance(keys, list):
            keys = str(keys)
        return hash((self.type, keys, tuple(self._children)))

    def __repr__(self) -> str:
        return self._show(0)

    def _show(self, indent: int) -> str:
        if self.is_leaf():
            return "*"
        indent += 2
        separator = ",\n" + " " * indent
        children = separator.join(child._show(indent) for child in self._children)
        return f"TreeSpec({self.type.__name__}, {self._context}, [{children}])"

    def flatten_up_to(self, tree: PyTree) -> list[PyTree]:
        """The subtrees of `tree` where this structure has leaves.

        Raises ValueError where `tree` does not begin with this structure.
        """
        if self.is_leaf():
            return [tree]
        found = _get_node_type(tree)
        both_dicts = self.type in _DICTS and found in _DICTS
        if found is not self.type and not both_dicts:
            raise ValueError(f"Node type mismatch; expected {self.type!r}, but got {found!r}.")
        children, context = SUPPORTED_NODES[found].flatten_fn(tree)
        if len(children) != self.num_children:
            raise ValueError(f"Node arity mismatch; expected {self.num_children}, but got {len(children)}.")
        if both_dicts:
            keys = self._context[1] if self.type is defaultdict else self._context
            missing, extra = set(keys) - set(tree), set(tree) - set(keys)
            if missing or extra:
                message = f"; missing key(s): {missing}" if missing else ""
                message += f"; extra key(s): {extra}" if extra else ""
                raise ValueError(f"Node keys mismatch{message}.")
            children = [tree[key] for key in keys]
        elif context != self._context and self.type is not deque:
            raise ValueError(
                f"Node context mismatch for custom node type {self.type!r}."
                if self.type is not namedtuple
                else f"Node context mismatch; expected {self._context!r}, but got {context!r}."
            )
        subtrees: list[PyTree] = []
        for spec, child in zip(self._children, children, strict=True):
            subtrees += spec.flatten_up_to(child)
        return subtrees

    def unflatten(self, leaves: Iterable[Any]) -> PyTree:
        """The tree of this structure with the given leaves."""
        leaves = list(leaves)
        if len(leaves) != self.num_leaves:
            raise ValueError(
                f"treespec.unflatten(leaves): `leaves` has length {len(leaves)} but the spec "
                f"refers to a pytree that holds {self.num_leaves} items ({self})."
            )
        return self._build(iter(leaves))

    def _build(self, leaves: Iterator[Any]) -> PyTree:
        if self.is_leaf():
            return next(leaves)
        children = [child._build(leaves) for child in self._children]
        return SUPPORTED_NODES[self.type].unflatten_fn(children, self._context)


class LeafSpec(TreeSpec):
    """The structure of a leaf."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(None, None, [])


PyTreeSpec = TreeSpec
_LEAF_SPEC = LeafSpec()


def treespec_leaf() -> TreeSpec:
    """The structure of a leaf."""
    return _LEAF_SPEC


def treespec_tuple(iterable: Iterable[TreeSpec] = (), /) -> TreeSpec:
    """The structure of a tuple of trees."""
    return TreeSpec(tuple, None, list(iterable))


def treespec_dict(mapping: Any = (), /, **kwargs: TreeSpec) -> TreeSpec:
    """The structure of a dict of trees."""
    entries = dict(mapping, **kwargs)
    return TreeSpec(dict, list(entries), list(entries.values()))


def tree_flatten(tree: PyTree, is_leaf: IsLeaf = None) -> tuple[list[Any], TreeSpec]:
    """The leaves of a tree, in order, and its structure."""
    leaves: list[Any] = []

    def visit(node: PyTree) -> TreeSpec:
        kind = _get_node_type(node)
        if kind not in SUPPORTED_NODES or (is_leaf is not None and is_leaf(node)):
            leaves.append(node)
            return _LEAF_SPEC
        children, context = SUPPORTED_NODES[kind].flatten_fn(node)
        return TreeSpec(kind, context, [visit(child) for child in children])

    spec = visit(tree)
    return leaves, spec


def tree_unflatten(leaves: Iterable[Any], treespec: TreeSpec) -> PyTree:
    """The tree of the given structure and leaves."""
    if not isinstance(treespec, TreeSpec):
        raise TypeError(f"Expected `treespec` to be an instance of PyTreeSpec but got item of type {type(treespec)}.")
    return treespec.unflatten(leaves)


def tree_iter(tree: PyTree, is_leaf: IsLeaf = None) -> Iterator[Any]:
    """The leaves of a tree, one by one."""
    if tree_is_leaf(tree, is_leaf):
        yield tree
        return
    for child in SUPPORTED_NODES[_get_node_type(tree)].flatten_fn(tree)[0]:
        yield from tree_iter(child, is_leaf)


def tree_leaves(tree: PyTree, is_leaf: IsLeaf = None) -> list[Any]:
    """The leaves of a tree."""
    return list(tree_iter(tree, is_leaf))


def arg_tree_leaves(*args: PyTree, **kwargs: PyTree) -> list[Any]:
    """The leaves of all arguments."""
    return [*tree_leaves(args), *tree_leaves(kwargs)]


def tree_structure(tree: PyTree, is_leaf: IsLeaf = None) -> TreeSpec:
    """The structure of a tree."""
    return tree_flatten(tree, is_leaf)[1]


def tree_map(func: Callable[..., Any], tree: PyTree, *rests: PyTree, is_leaf: IsLeaf = None) -> PyTree:
    """The tree with `func` applied to each leaf, and to the subtrees of `rests` at its place."""
    leaves, spec = tree_flatten(tree, is_leaf)
    columns = [leaves, *(spec.flatten_up_to(rest) for rest in rests)]
    return spec.unflatten(map(func, *columns))


def tree_map_(func: Callable[..., Any], tree: PyTree, *rests: PyTree, is_leaf: IsLeaf = None) -> PyTree:
    """Call `func` on each leaf for its effect; the tree itself is returned."""
    leaves, spec = tree_flatten(tree, is_leaf)
    columns = [leaves, *(spec.flatten_up_to(rest) for rest in rests)]
    deque(map(func, *columns), maxlen=0)
    return tree


TypeSelector: TypeAlias = Any  # a type, a tuple or union of types, or a test


def _selects(selector: TypeSelector) -> Callable[[Any], bool]:
    if callable(selector) and not isinstance(selector, type):
        return selector
    return lambda x: isinstance(x, selector)


def map_only(selector: TypeSelector, /) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """A decorator: apply the function to what has the type (or passes the test), keep the rest."""
    selected = _selects(selector)

    def wrap(func: Callable[[Any], Any]) -> Callable[[Any], Any]:
        @functools.wraps(func)
        def wrapped(x: Any) -> Any:
            return func(x) if selected(x) else x

        return wrapped

    return wrap


def tree_map_only(
    type_or_types_or_pred: TypeSelector,
    /,
    func: Callable[[Any], Any],
    tree: PyTree,
    is_leaf: IsLeaf = None,
) -> PyTree:
    """`tree_map` over the leaves of a type, or that pass a test."""
    return tree_map(map_only(type_or_types_or_pred)(func), tree, is_leaf=is_leaf)


def tree_map_only_(
    type_or_types_or_pred: TypeSelector,
    /,
    func: Callable[[Any], Any],
    tree: PyTree,
    is_leaf: IsLeaf = None,
) -> PyTree:
    """`tree_map_` over the leaves of a type, or that pass a test."""
    return tree_map_(map_only(type_or_types_or_pred)(func), tree, is_leaf=is_leaf)


def tree_all(pred: Callable[[Any], bool], tree: PyTree, is_leaf: IsLeaf = None) -> bool:
    """Whether all leaves pass the test."""
    return all(map(pred, tree_iter(tree, is_leaf)))


def tree_any(pred: Callable[[Any], bool], tree: PyTree, is_leaf: IsLeaf = None) -> bool:
    """Whether any leaf passes the test."""
    return any(map(pred, tree_iter(tree, is_leaf)))


def tree_all_only(
    type_or_types: TypeSelector,
    /,
    pred: Callable[[Any], bool],
    tree: PyTree,
    is_leaf: IsLeaf = None,
) -> bool:
    """Whether all leaves of the type pass the test."""
    return all(map(pred, filter(_selects(type_or_types), tree_iter(tree, is_leaf))))


def tree_any_only(
    type_or_types: TypeSelector,
    /,
    pred: Callable[[Any], bool],
    tree: PyTree,
    is_leaf: IsLeaf = None,
) -> bool:
    """Whether any leaf of the type passes the test."""
    return any(map(pred, filter(_selects(type_or_types), tree_iter(tree, is_leaf))))


def _leaves_with_path(tree: PyTree, is_leaf: IsLeaf, path: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
    if tree_is_leaf(tree, is_leaf):
        yield path, tree
        return
    node = SUPPORTED_NODES[_get_node_type(tree)]
    if node.flatten_with_keys_fn is None:
        raise ValueError(
            f"Did not find a flatten_with_keys_fn for type: {type(tree)}. Please pass a "
            "flatten_with_keys_fn argument to register_pytree_node."
        )
    for key, child in node.flatten_with_keys_fn(tree)[0]:
        yield from _leaves_with_path(child, is_leaf, (*path, key))


def tree_leaves_with_path(tree: PyTree, is_leaf: IsLeaf = None) -> list[tuple[KeyPath, Any]]:
    """Each leaf of a tree with the steps that lead to it."""
    return list(_leaves_with_path(tree, is_leaf, ()))


def tree_flatten_with_path(tree: PyTree, is_leaf: IsLeaf = None) -> tuple[list[tuple[KeyPath, Any]], TreeSpec]:
    """The leaves with the steps that lead to them, and the structure."""
    return tree_leaves_with_path(tree, is_leaf), tree_structure(tree, is_leaf)


def tree_map_with_path(func: Callable[..., Any], tree: PyTree, *rests: PyTree, is_leaf: IsLeaf = None) -> PyTree:
    """`tree_map` for a function that also takes the steps that lead to each leaf."""
    pairs, spec = tree_flatten_with_path(tree, is_leaf)
    columns = [spec.flatten_up_to(rest) for rest in rests]
    paths, leaves = [path for path, _ in pairs], [leaf for _, leaf in pairs]
    return spec.unflatten(map(func, paths, leaves, *columns))


def keystr(kp: KeyPath) -> str:
    """The steps as one would write them in Python."""
    return "".join(map(str, kp))


def key_get(obj: Any, kp: KeyPath) -> Any:
    """What the steps lead to."""
    for key in kp:
        obj = key.get(obj)
    return obj


def _broadcast_to_and_flatten(tree: PyTree, treespec: TreeSpec, is_leaf: IsLeaf = None) -> list[Any] | None:
    """The leaves of `tree`, each repeated for all leaves of `treespec` below it; None: no fit."""
    if tree_is_leaf(tree, is_leaf):
        return [tree] * treespec.num_leaves
    kind = _get_node_type(tree)
    if treespec.is_leaf() or kind is not treespec.type:
        return None
    children, context = SUPPORTED_NODES[kind].flatten_fn(tree)
    if len(children) != treespec.num_children or context != treespec.context:
        return None
    leaves: list[Any] = []
    for child, spec in zip(children, treespec.children(), strict=True):
        part = _broadcast_to_and_flatten(child, spec, is_leaf)
        if part is None:
            return None
        leaves += part
    return leaves
