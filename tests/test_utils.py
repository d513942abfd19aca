"""Pytrees, hook handles, activation checkpointing."""

import pickle
from collections import OrderedDict, defaultdict, deque
from typing import Any, NamedTuple

import pytest
from side_by_side import assert_alike

import flambeau
from flambeau.utils import _pytree as pytree
from flambeau.utils import checkpoint as checkpointing
from flambeau.utils.checkpoint import CheckpointError, checkpoint, checkpoint_sequential
from flambeau.utils.hooks import RemovableHandle


class Pair(NamedTuple):
    x: Any
    y: Any


TREE = {
    "b": [1, (2, 3)],
    "a": Pair(4, OrderedDict(z=5)),
    "c": None,
    "d": deque([1, 2], maxlen=4),
    "e": defaultdict(list, {"q": 7}),
}
LEAVES = [1, 2, 3, 4, 5, None, 1, 2, 7]
SPEC = """TreeSpec(dict, ['b', 'a', 'c', 'd', 'e'], [TreeSpec(list, None, [*,
    TreeSpec(tuple, None, [*,
      *])]),
  TreeSpec(namedtuple, <class 'test_utils.Pair'>, [*,
    TreeSpec(OrderedDict, ['z'], [*])]),
  *,
  TreeSpec(deque, 4, [*,
    *]),
  TreeSpec(defaultdict, [<class 'list'>, ['q']], [*])])"""


def test_flatten_and_unflatten():
    leaves, spec = pytree.tree_flatten(TREE)
    assert leaves == LEAVES
    assert repr(spec).replace(Pair.__module__, "test_utils") == SPEC
    rebuilt = pytree.tree_unflatten(leaves, spec)
    assert rebuilt == TREE
    assert [type(value) for value in rebuilt.values()] == [type(v) for v in TREE.values()]
    assert (spec.num_leaves, spec.num_nodes, spec.num_children) == (9, 16, 5)
    assert spec == pytree.tree_structure(TREE)
    assert hash(spec) == hash(pytree.tree_structure(TREE))
    assert spec != pytree.tree_structure([1])


def test_map():
    assert pytree.tree_map(lambda a, b: a + b, [1, [2]], [3, [4]]) == [4, [6]]
    assert pytree.tree_map(lambda a, b: (a, b), [1, 2], [3, [4]]) == [(1, 3), (2, [4])]
    assert pytree.tree_map_only(int, lambda a: a + 1, [1, 2.5, "a"]) == [2, 2.5, "a"]
    assert pytree.tree_map_only((int, float), lambda a: a + 1, [1, 2.5]) == [2, 3.5]
    size = flambeau.ones(2, 3).shape
    assert type(pytree.tree_map(lambda n: n + 1, size)) is flambeau.Size
    assert pytree.tree_any(lambda a: a == 3, [1, [3]])
    assert not pytree.tree_all_only(int, lambda a: a == 3, [1, [3], "x"])
    assert pytree.tree_leaves(TREE, is_leaf=lambda n: isinstance(n, (tuple, deque)))[1] == (2, 3)


def test_paths():
    paths = [pytree.keystr(path) for path, _ in pytree.tree_leaves_with_path(TREE)]
    assert paths[:5] == ["['b'][0]", "['b'][1][0]", "['b'][1][1]", "['a'].x", "['a'].y['z']"]
    named = pytree.tree_map_with_path(lambda path, leaf: (len(path), leaf), {"a": [5]})
    assert named == {"a": [(2, 5)]}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: pytree.tree_map(max, [1, [2]], [3, 4]),
            "Node type mismatch; expected <class 'list'>, but got <class 'int'>.",
        ),
        (
            lambda: pytree.tree_map(max, [1, 2], [3]),
            "Node arity mismatch; expected 2, but got 1.",
        ),
        (
            lambda: pytree.tree_map(max, {"a": 1}, {"b": 1}),
            "Node keys mismatch; missing key(s): {'a'}; extra key(s): {'b'}.",
        ),
        (
            lambda: pytree.tree_unflatten([1, 2], pytree.tree_structure(1)),
            (
                "treespec.unflatten(leaves): `leaves` has length 2 but the spec refers to a pytree "
                "that holds 1 items (*)."
            ),
        ),
        (
            lambda: pytree.register_pytree_node(list, list, list),
            "<class 'list'> is already registered as pytree node.",
        ),
    ],
)
def test_mismatches(call, message):
    with pytest.raises(ValueError, match=r"[a-z]") as caught:
        call()
    assert str(caught.value) == message


def test_registered_class():
    class Box:
        def __init__(self, content, label):
            self.content, self.label = content, label

    pytree.register_pytree_node(Box, lambda box: ([box.content], box.label), lambda values, label: Box(*values, label))
    try:
        doubled = pytree.tree_map(lambda a: 2 * a, Box([1, 2], "x"))
        assert (doubled.content, doubled.label) == ([2, 4], "x")
        with pytest.raises(ValueError, match="Did not find a flatten_with_keys_fn"):
            pytree.tree_flatten_with_path(Box(1, "x"))
    finally:
        pytree._deregister_pytree_node(Box)


def test_handle_removes_its_hook():
    hooks, extra = OrderedDict(), OrderedDict()
    handle = RemovableHandle(hooks, extra_dict=extra)
    hooks[handle.id] = extra[handle.id] = "hook"
    other = RemovableHandle(hooks)
    hooks[other.id] = "other"
    handle.remove()
    handle.remove()
    assert list(hooks.values()) == ["other"]
    assert not extra
    with other:
        assert hooks
    assert not hooks


def test_handle_survives_pickling_and_the_end_of_its_table():
    hooks = OrderedDict()
    handle = RemovableHandle(hooks)
    clone = pickle.loads(pickle.dumps(handle))
    assert clone.id == handle.id
    del hooks
    handle.remove()
    clone.remove()


def model():
    nn = flambeau.nn
    return nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Dropout(0.5), nn.Linear(3, 1))


def gradients(run, net, x):
    """The gradients of everything after a backward pass that began with seed 1."""
    net.zero_grad()
    x.grad = None
    flambeau.manual_seed(1)
    run(net, x).sum().backward()
    return [x.grad.tolist(), *(p.grad.tolist() for p in net.parameters())]


@pytest.mark.parametrize(
    "run",
    [
        lambda net, x: checkpoint(net, x, use_reentrant=True),
        lambda net, x: checkpoint(net, x, use_reentrant=False),
        lambda net, x: checkpoint(net, x, use_reentrant=False, early_stop=False),
        lambda net, x: checkpoint_sequential(net, 2, x, use_reentrant=True),
        lambda net, x: checkpoint_sequential(net, 2, x, use_reentrant=False),
    ],
)
def test_checkpointed_gradients_are_the_same(run):
    net, x = model(), flambeau.randn(4, 3, requires_grad=True)
    assert gradients(run, net, x) == gradients(lambda net, x: net(x), net, x)


@pytest.mark.parametrize("use_reentrant", [True, False])
def test_function_runs_twice_with_the_same_random_numbers(use_reentrant):
    seen = []

    def noisy(x):
        seen.append(flambeau.rand(1).item())
        return (x * x).sin()

    x = flambeau.ones(3, requires_grad=True)
    y = checkpoint(noisy, x, use_reentrant=use_reentrant)
    between = flambeau.get_rng_state()
    y.sum().backward()
    assert len(seen) == 2
    assert seen[0] == seen[1]
    assert flambeau.get_rng_state().tolist() == between.tolist()


def test_checkpoint_without_reentry_reaches_parameters_alone():
    net = flambeau.nn.Linear(2, 1)
    checkpoint(lambda x: net(x).tanh(), flambeau.ones(1, 2), use_reentrant=False).sum().backward()
    assert net.weight.grad is not None


def test_checkpoint_has_second_derivatives_without_reentry():
    x = flambeau.tensor([0.3], requires_grad=True)
    y = checkpoint(lambda x: x.sin(), x, use_reentrant=False)
    (first,) = flambeau.autograd.grad(y, x, create_graph=True)
    (second,) = flambeau.autograd.grad(first, x)
    assert second.item() == pytest.approx(-flambeau.sin(x).item())


def test_changed_recomputation_is_refused():
    runs = []

    def changing(x):
        runs.append(None)
        return (x * x).sin() if len(runs) == 1 else x.sin()

    x = flambeau.ones(3, requires_grad=True)
    y = checkpoint(changing, x, use_reentrant=False)
    with pytest.raises(CheckpointError, match="A different number of tensors was saved"):
        y.sum().backward()


def test_checkpoint_arguments():
    x = flambeau.ones(1, requires_grad=True)
    with pytest.raises(ValueError, match="Unexpected keyword arguments: foo"):
        checkpoint(flambeau.sin, x, use_reentrant=True, foo=1)
    with pytest.warns(UserWarning, match="use_reentrant parameter should be passed explicitly"):
        checkpoint(flambeau.sin, x)
    with pytest.warns(UserWarning, match="None of the inputs have requires_grad=True"):
        checkpoint(flambeau.sin, flambeau.ones(1), use_reentrant=True)
    with flambeau.no_grad():
        assert not checkpoint(flambeau.sin, x, use_reentrant=False).requires_grad
    kept, number = checkpointing.detach_variable((x, 3))
    assert kept.is_leaf
    assert kept.requires_grad
    assert number == 3


def test_module_of_an_object_can_be_set():
    class Local:
        pass

    flambeau.utils.set_module(Local, "a.b")
    assert Local.__module__ == "a.b"
    with pytest.raises(TypeError, match="The mod argument should be a string"):
        flambeau.utils.set_module(Local, 5)
    assert flambeau.utils.model_zoo.load_url is flambeau.hub.load_state_dict_from_url


def test_devices_as_contexts(reference):
    def body(torch):
        with torch.device("cpu") as where:
            made = torch.ones(2)
        return str(where), str(made.device), made

    assert_alike(body, reference)
    with pytest.raises(AssertionError, match="Torch not compiled with CUDA enabled"), flambeau.device("cuda"):
        pass
