"""Optimizers: trajectories and checkpoints like PyTorch's, options, groups, hooks."""

import copy
import pickle

import numpy as np
import pytest
from side_by_side import assert_alike

import flambeau
from flambeau import optim

SHAPES = ((5, 4), (3,), ())
RUNS = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9, "dampening": 0.5, "weight_decay": 0.1}),
    ("SGD", {"momentum": 0.9, "nesterov": True, "maximize": True}),
    ("Adam", {}),
    ("Adam", {"amsgrad": True, "weight_decay": 0.1, "fused": True}),
    ("Adam", {"betas": (0.5, 0.9), "lr": 0.1, "maximize": True, "foreach": True}),
    ("AdamW", {}),
    ("AdamW", {"amsgrad": True}),
    ("Adagrad", {"lr_decay": 0.1, "weight_decay": 0.1, "initial_accumulator_value": 0.1}),
    ("Adadelta", {"rho": 0.5, "weight_decay": 0.1, "maximize": True}),
    ("RMSprop", {}),
    ("RMSprop", {"centered": True, "momentum": 0.5, "weight_decay": 0.1}),
    ("Adamax", {"weight_decay": 0.1}),
    ("NAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("RAdam", {"weight_decay": 0.1}),
    ("RAdam", {"decoupled_weight_decay": True, "weight_decay": 0.1, "maximize": True}),
    ("ASGD", {"t0": 5, "lambd": 0.1, "weight_decay": 0.1}),
    ("Rprop", {"etas": (0.3, 1.5), "step_sizes": (1e-3, 0.1)}),
    ("Adafactor", {"weight_decay": 0.1, "d": 2.0}),
]
REAL = [name for name, _ in RUNS if name != "Adafactor"]


def draws(dtype, shapes, count, seed=0):
    """`count` lists of arrays of the given shapes, the same for every framework."""
    random = np.random.default_rng(seed)

    def one(shape):
        values = random.standard_normal(shape)
        if np.dtype(dtype).kind == "c":
            values = values + 1j * random.standard_normal(shape)
        return np.asarray(values, dtype)

    return [[one(shape) for shape in shapes] for _ in range(count)]


def parameters(library, arrays):
    return [library.nn.Parameter(library.from_numpy(array.copy())) for array in arrays]


def train(library, name, options, dtype, steps=50, shapes=SHAPES):
    start, *grads = draws(dtype, shapes, steps + 1)
    params = parameters(library, start)
    optimizer = getattr(library.optim, name)(params, **options)
    for row in grads:
        for param, grad in zip(params, row, strict=True):
            param.grad = library.from_numpy(grad.copy())
        optimizer.step()
    return params, optimizer


def arrays_of(tensors):
    return [tensor.detach().numpy() for tensor in tensors]


@pytest.mark.parametrize(
    ("name", "options", "dtype"),
    [
        (name, options, dtype)
        for name, options in RUNS
        for dtype in ("float32", "float64", "complex64")
        if dtype != "complex64" or not (name == "Adafactor" or options.get("fused"))
    ],
)
def test_trajectory_and_state_equal_pytorch(reference, name, options, dtype):
    ours, optimizer = train(flambeau, name, options, dtype)
    theirs, expected = train(reference, name, options, dtype)
    tolerance = 1e-12 if dtype == "float64" else 3e-6
    for mine, its in zip(arrays_of(ours), arrays_of(theirs), strict=True):
        np.testing.assert_allclose(mine, its, rtol=tolerance, atol=tolerance)
    mine, its = optimizer.state_dict(), expected.state_dict()
    assert mine["param_groups"] == its["param_groups"]
    assert mine["state"].keys() == its["state"].keys()
    for key, entries in its["state"].items():
        assert list(mine["state"][key]) == list(entries)
        for entry, value in entries.items():
            found = mine["state"][key][entry]
            assert str(found.dtype) == str(value.dtype)
            assert tuple(found.shape) == tuple(value.shape)
            np.testing.assert_allclose(found.numpy(), value.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", sorted(set(REAL)))
def test_large_parameters_take_the_same_steps(name):
    """A compiled kernel and NumPy agree, whatever the layout of the parameter."""
    shape = (200, 300)
    whole, _ = train(flambeau, name, {}, "float32", steps=3, shapes=(shape,))
    start, *grads = draws("float32", (shape,), 4)
    rows = [flambeau.nn.Parameter(flambeau.from_numpy(row.copy())) for row in start[0]]
    optimizer = getattr(optim, name)(rows)
    for (grad,) in grads:
        for row, part in zip(rows, grad, strict=True):
            row.grad = flambeau.from_numpy(part.copy())
        optimizer.step()
    np.testing.assert_allclose(arrays_of(whole)[0], np.stack(arrays_of(rows)), rtol=1e-5, atol=1e-6)


def test_transposed_parameter_is_written_in_place():
    base = flambeau.ones(300, 200)
    param = base.t().requires_grad_()
    param.grad = flambeau.ones(200, 300)
    optim.SGD([param], lr=0.5).step()
    assert base.tolist() == [[0.5] * 200] * 300


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"lr": 0.1}, [0.9, -2.2]),
        ({"lr": 0.1, "momentum": 0.9}, [0.71, -2.58]),
    ],
)
def test_two_steps_of_sgd_by_hand(options, expected):
    param = flambeau.tensor([1.0, -2.0], requires_grad=True)
    optimizer = optim.SGD([param], **options)
    steps = 1 if "momentum" not in options else 2
    for _ in range(steps):
        param.grad = flambeau.tensor([1.0, 2.0])
        optimizer.step()
    np.testing.assert_allclose(param.detach().numpy(), expected, rtol=1e-6)


def test_first_step_of_adam_is_the_learning_rate():
    param = flambeau.tensor([1.0, -2.0, 3.0], requires_grad=True)
    optimizer = optim.Adam([param], lr=0.01)
    param.grad = flambeau.tensor([5.0, -0.1, 1e-3])
    optimizer.step()
    np.testing.assert_allclose(param.detach().numpy(), [0.99, -1.99, 2.99], rtol=1e-4)
    assert optimizer.state[param]["step"].item() == 1.0


@pytest.mark.parametrize(
    "options",
    [{}, {"line_search_fn": "strong_wolfe"}, {"lr": 0.3, "history_size": 3, "max_iter": 5}],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_lbfgs_equals_pytorch(reference, options, dtype):

    def run(library):
        start, goal = draws(dtype, SHAPES, 2)
        params = parameters(library, start)
        goals = [library.from_numpy(array.copy()) for array in goal]
        optimizer = library.optim.LBFGS(params, **options)

        def closure():
            optimizer.zero_grad()
            loss = sum(((p - g) ** 2 * (1 + g.abs()) + (p - g) ** 4).sum() for p, g in zip(params, goals, strict=True))
            loss.backward()
            return loss

        losses = [optimizer.step(closure).item() for _ in range(3)]
        return losses, arrays_of(params)

    (losses, params), (its_losses, expected) = run(flambeau), run(reference)
    tolerance = 1e-9 if dtype == "float64" else 1e-4
    np.testing.assert_allclose(losses, its_losses, rtol=tolerance, atol=tolerance)
    for mine, its in zip(params, expected, strict=True):
        np.testing.assert_allclose(mine, its, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("options", [{}, {"nesterov": False, "adjust_lr_fn": "match_rms_adamw"}])
def test_muon_equals_pytorch(reference, options):
    shapes = ((5, 4), (3, 6))
    ours, _ = train(flambeau, "Muon", options, "float32", 5, shapes)
    theirs, _ = train(reference, "Muon", options, "float32", 5, shapes)
    for mine, its in zip(arrays_of(ours), arrays_of(theirs), strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop", "NAdam", "ASGD"])
def test_checkpoint_continues_the_run(name):
    options = {"momentum": 0.9} if name == "SGD" else {}
    (start,), grads = draws("float32", SHAPES, 1), draws("float32", SHAPES, 6, seed=1)

    def advance(params, optimizer, rows):
        for row in rows:
            for param, grad in zip(params, row, strict=True):
                param.grad = flambeau.from_numpy(grad.copy())
            optimizer.step()

    straight = parameters(flambeau, start)
    advance(straight, getattr(optim, name)(straight, **options), grads)
    first = parameters(flambeau, start)
    optimizer = getattr(optim, name)(first, **options)
    advance(first, optimizer, grads[:3])
    second = parameters(flambeau, arrays_of(first))
    resumed = getattr(optim, name)(second)
    resumed.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    advance(second, resumed, grads[3:])
    for one, other in zip(arrays_of(straight), arrays_of(second), strict=True):
        np.testing.assert_array_equal(one, other)


def test_pickle_and_deepcopy_keep_state_and_options():
    param = flambeau.ones(3, requires_grad=True)
    optimizer = optim.Adam([param], lr=0.5)
    param.grad = flambeau.ones(3)
    optimizer.step()
    for clone in (pickle.loads(pickle.dumps(optimizer)), copy.deepcopy(optimizer)):
        (group,) = clone.param_groups
        assert group["lr"] == 0.5
        assert clone.state[group["params"][0]]["step"].item() == 1.0
        group["params"][0].grad = flambeau.ones(3)
        clone.step()


def test_loading_takes_the_dtype_of_the_parameter():
    param = flambeau.ones(3, requires_grad=True)
    optimizer = optim.Adam([param])
    param.grad = flambeau.ones(3)
    optimizer.step()
    wide = flambeau.ones(3, dtype=flambeau.float64, requires_grad=True)
    other = optim.Adam([wide])
    other.load_state_dict(optimizer.state_dict())
    assert other.state[wide]["exp_avg"].dtype is flambeau.float64
    assert other.state[wide]["step"].dtype is flambeau.float32


def test_groups_have_options_of_their_own():
    a, b = (flambeau.zeros(2, requires_grad=True) for _ in range(2))
    optimizer = optim.SGD([{"params": [a], "lr": 1.0}, {"params": b}], lr=0.1)
    a.grad = b.grad = flambeau.ones(2)
    optimizer.step()
    assert a.tolist() == [-1.0, -1.0]
    np.testing.assert_allclose(b.tolist(), [-0.1, -0.1], rtol=1e-6)
    assert repr(optimizer).count("Parameter Group") == 2


def test_names_are_kept_in_checkpoints():
    model = flambeau.nn.Linear(2, 1)
    optimizer = optim.SGD(model.named_parameters())
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == ["weight", "bias"]


def test_step_counts_as_a_write_to_the_parameter():
    param = flambeau.ones(3, requires_grad=True)
    optimizer = optim.SGD([param], lr=0.1)
    loss = (param * param).sum()
    param.grad = flambeau.ones(3)
    before = param._version
    optimizer.step()
    assert param._version > before
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_closure_runs_with_gradients_and_its_loss_is_returned():
    param = flambeau.ones(3, requires_grad=True)
    optimizer = optim.SGD([param], lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = (param * param).sum()
        loss.backward()
        return loss

    with flambeau.no_grad():
        assert optimizer.step(closure).item() == 3.0
    np.testing.assert_allclose(param.tolist(), [0.8] * 3, rtol=1e-6)


@pytest.mark.parametrize("set_to_none", [True, False])
def test_zero_grad(set_to_none):
    param = flambeau.ones(2, requires_grad=True)
    optimizer = optim.SGD([param])
    (param * 2).sum().backward()
    optimizer.zero_grad(set_to_none)
    assert (param.grad is None) if set_to_none else (param.grad.tolist() == [0.0, 0.0])


def test_learning_rate_may_be_a_tensor_that_changes():
    param = flambeau.ones(2, requires_grad=True)
    rate = flambeau.tensor(0.5)
    optimizer = optim.SGD([param], lr=rate)
    for expected in (0.5, 0.4):
        param.grad = flambeau.ones(2)
        optimizer.step()
        np.testing.assert_allclose(param.tolist(), [expected] * 2, rtol=1e-6)
        rate.fill_(0.1)


@pytest.mark.parametrize(
    ("name", "options"),
    [(name, options) for name, options in RUNS if name != "Adafactor"],
)
def test_differentiable_step_gives_the_gradient_of_the_update(name, options):
    """The gradient through one step, against finite differences."""
    options = {k: v for k, v in options.items() if k not in ("fused", "foreach")}

    def stepped(grad):
        param = flambeau.tensor([1.0, -2.0, 0.5], dtype=flambeau.float64, requires_grad=True)
        moving = param.clone()
        moving.grad = grad
        optimizer = getattr(optim, name)([moving], differentiable=True, **options)
        optimizer.step()
        return moving

    grad = flambeau.tensor([0.3, -0.7, 0.9], dtype=flambeau.float64, requires_grad=True)
    (found,) = flambeau.autograd.grad(stepped(grad).sum(), grad)
    for i in range(3):
        shift = flambeau.zeros(3, dtype=flambeau.float64)
        shift[i] = 1e-6
        high, low = stepped(grad.detach() + shift).sum(), stepped(grad.detach() - shift).sum()
        expected = float(high - low) / 2e-6
        assert float(found[i]) == pytest.approx(expected, rel=1e-4, abs=1e-7)


def test_hooks_run_around_the_step_in_order():
    from flambeau.optim.optimizer import (
        register_optimizer_step_post_hook,
        register_optimizer_step_pre_hook,
    )

    param = flambeau.ones(1, requires_grad=True)
    optimizer = optim.SGD([param])
    seen = []
    handles = [
        register_optimizer_step_pre_hook(lambda *_: seen.append("all before")),
        optimizer.register_step_pre_hook(lambda *_: seen.append("before")),
        optimizer.register_step_post_hook(lambda *_: seen.append("after")),
        register_optimizer_step_post_hook(lambda *_: seen.append("all after")),
    ]
    optimizer.step(lambda: seen.append("step"))
    assert seen == ["all before", "before", "step", "after", "all after"]
    for handle in handles:
        handle.remove()
    optimizer.step()
    assert len(seen) == 5
    optimizer.register_step_pre_hook(lambda *_: 5)
    with pytest.raises(RuntimeError, match="must return None or a tuple of"):
        optimizer.step()


def test_state_dict_hooks():
    param = flambeau.ones(1, requires_grad=True)
    optimizer = optim.SGD([param], lr=0.25)
    seen = []
    optimizer.register_state_dict_pre_hook(lambda o: seen.append("save"))
    optimizer.register_state_dict_post_hook(lambda o, d: {**d, "extra": 1})
    optimizer.register_load_state_dict_pre_hook(lambda o, d: seen.append(d["extra"]))
    optimizer.register_load_state_dict_post_hook(lambda o: seen.append("loaded"))
    optimizer.load_state_dict(optimizer.state_dict())
    assert seen == ["save", 1, "loaded"]
    assert optimizer.param_groups[0]["lr"] == 0.25


def leaf():
    return flambeau.ones(2, requires_grad=True)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: optim.SGD([]), ValueError, "optimizer got an empty parameter list"),
        (
            lambda: optim.SGD(leaf()),
            TypeError,
            (
                "params argument given to the optimizer should be an iterable of Tensors or dicts, "
                "but got torch.FloatTensor"
            ),
        ),
        (
            lambda: optim.SGD([{"params": {leaf()}}]),
            TypeError,
            (
                "optimizer parameters need to be organized in ordered collections, but the ordering "
                "of tensors in sets will change between runs. Please use a list instead."
            ),
        ),
        (
            lambda: optim.SGD([5]),
            TypeError,
            "optimizer can only optimize Tensors, but one of the params is int",
        ),
        (lambda: optim.SGD([leaf() * 2]), ValueError, "can't optimize a non-leaf Tensor"),
        (
            lambda: optim.SGD([{"params": leaf()}, 5]),
            TypeError,
            "param_group must be a dict, but got <class 'int'>",
        ),
        (
            lambda: optim.SGD([("w", leaf()), leaf()]),
            ValueError,
            "all optimizer params should be with/without names. Some param names are missing",
        ),
        (lambda: optim.SGD([leaf()], lr=-1), ValueError, "Invalid learning rate: -1"),
        (
            lambda: optim.SGD([leaf()], nesterov=True),
            ValueError,
            "Nesterov momentum requires a momentum and zero dampening",
        ),
        (
            lambda: optim.Adam([leaf()], betas=(1.0, 0.0)),
            ValueError,
            "Invalid beta parameter at index 0: 1.0",
        ),
        (lambda: optim.Adam([leaf()], eps=-1), ValueError, "Invalid epsilon value: -1"),
        (
            lambda: optim.Adam([leaf()], lr=flambeau.ones(2)),
            ValueError,
            "Tensor lr must be 1-element",
        ),
        (
            lambda: optim.Adam([leaf()], fused=True, foreach=True),
            RuntimeError,
            "`fused` and `foreach` cannot be `True` together.",
        ),
        (
            lambda: optim.Rprop([leaf()], etas=(1.0, 0.5)),
            ValueError,
            "Invalid eta values: 1.0, 0.5",
        ),
        (
            lambda: optim.Adafactor([leaf()], d=0.0),
            ValueError,
            "Clipping threshold d should be >= 1 but is: 0.0",
        ),
        (
            lambda: optim.LBFGS([{"params": [leaf()]}, {"params": [leaf()]}]),
            ValueError,
            "LBFGS doesn't support per-parameter options (parameter groups)",
        ),
    ],
)
def test_bad_arguments(make, error, message):
    with pytest.raises(error) as caught:
        make()
    assert str(caught.value) == message


def test_mismatched_checkpoints_are_refused():
    one, two = optim.SGD([leaf()]), optim.SGD([leaf(), leaf()])
    with pytest.raises(ValueError, match="doesn't match the size of optimizer's group"):
        one.load_state_dict(two.state_dict())
    two.add_param_group({"params": leaf()})
    with pytest.raises(ValueError, match="a different number of parameter groups"):
        one.load_state_dict(two.state_dict())
    shared = leaf()
    with pytest.raises(ValueError, match="appear in more than one parameter group"):
        optim.SGD([{"params": shared}, {"params": shared}])


def test_an_optimizer_written_outside_works():
    class Sign(optim.Optimizer):
        def __init__(self, params, lr):
            super().__init__(params, {"lr": lr})

        @flambeau.no_grad()
        def step(self, closure=None):
            for group in self.param_groups:
                for param in group["params"]:
                    state = self.state[param]
                    state["seen"] = state.get("seen", 0) + 1
                    param.add_(param.grad.sign(), alpha=-group["lr"])

    param = leaf()
    optimizer = Sign([param], lr=0.5)
    param.grad = flambeau.tensor([3.0, -4.0])
    optimizer.step()
    assert param.tolist() == [0.5, 1.5]
    assert optimizer.state_dict()["state"] == {0: {"seen": 1}}


def test_the_state_of_lbfgs_is_pytorchs(reference):
    def body(torch):
        weight = torch.nn.Parameter(torch.tensor([1.0, -2.0, 3.0]))
        optimizer = torch.optim.LBFGS([weight], max_iter=4, history_size=5)

        def loss():
            optimizer.zero_grad()
            value = (weight**2 * torch.tensor([1.0, 2.0, 3.0])).sum()
            value.backward()
            return value

        optimizer.step(loss)
        state = optimizer.state_dict()["state"][0]
        return sorted(state), [each is None for each in state["al"]], [each for each in state["al"] if each is not None]

    assert_alike(body, reference)
