"""Module: registration, lookup, calls and hooks, state, conversion and printing, beside PyTorch."""

import copy
import io
import pickle
from collections import OrderedDict

import pytest
from side_by_side import assert_alike

import flambeau

WEIGHT = [[1.0, 2.0], [3.0, 4.0]]


def make_net(torch):
    nn = torch.nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(2, 3)
            self.second = nn.Sequential(nn.Linear(3, 2), nn.Tanh())
            self.scale = nn.Parameter(torch.ones(2))
            self.register_buffer("count", torch.zeros(1))
            self.register_buffer("scratch", torch.zeros(1), persistent=False)
            self.register_parameter("absent", None)

        def forward(self, x, shift=0.0):
            return self.second(self.first(x).tanh()) * self.scale + shift

    return Net()


def bare(torch):
    class Bare(torch.nn.Module):
        pass

    return Bare()


def without_init(torch):
    class Careless(torch.nn.Module):
        def __init__(self):
            pass

    return Careless()


def parameter(torch):
    return torch.nn.Parameter(torch.tensor(WEIGHT))


# registering

REGISTRATION_ERRORS = {
    "buffer named 3": lambda t: bare(t).register_buffer(3, t.ones(1)),
    "buffer with a dot": lambda t: bare(t).register_buffer("a.b", t.ones(1)),
    "buffer without a name": lambda t: bare(t).register_buffer("", t.ones(1)),
    "buffer in the way": lambda t: bare(t).register_buffer("forward", t.ones(1)),
    "buffer of an int": lambda t: bare(t).register_buffer("a", 3),
    "buffer before init": lambda t: without_init(t).register_buffer("a", t.ones(1)),
    "parameter named None": lambda t: bare(t).register_parameter(None, parameter(t)),
    "parameter with a dot": lambda t: bare(t).register_parameter("a.b", parameter(t)),
    "parameter without a name": lambda t: bare(t).register_parameter("", parameter(t)),
    "parameter in the way": lambda t: bare(t).register_parameter("eval", parameter(t)),
    "parameter of a tensor": lambda t: bare(t).register_parameter("a", t.ones(1)),
    "parameter before init": lambda t: setattr(without_init(t), "a", parameter(t)),
    "module of a tensor": lambda t: bare(t).add_module("a", t.ones(1)),
    "module of an int": lambda t: bare(t).add_module("a", 3),
    "module named 3": lambda t: bare(t).add_module(3, bare(t)),
    "module with a dot": lambda t: bare(t).add_module("a.b", bare(t)),
    "module without a name": lambda t: bare(t).add_module("", bare(t)),
    "module in the way": lambda t: bare(t).add_module("train", bare(t)),
    "module before init": lambda t: setattr(without_init(t), "a", bare(t)),
    "call before init": lambda t: without_init(t)(1),
    "parameter replaced by a tensor": lambda t: setattr(t.nn.Linear(2, 2), "weight", t.ones(2)),
    "parameter replaced by a number": lambda t: setattr(t.nn.Linear(2, 2), "weight", 3),
    "module replaced by a number": lambda t: setattr(make_net(t), "first", 3),
    "buffer replaced by a number": lambda t: setattr(make_net(t), "count", 3),
    "attribute that is not there": lambda t: bare(t).nothing,
    "deleting what is not there": lambda t: delattr(bare(t), "nothing"),
    "no forward": lambda t: bare(t)(1),
    "keyword for the base class": lambda t: t.nn.Module(size=3),
    "argument for the base class": lambda t: t.nn.Module(3, 4),
}


@pytest.mark.parametrize("case", REGISTRATION_ERRORS)
def test_registration_errors(case, reference):
    assert_alike(REGISTRATION_ERRORS[case], reference)


def test_non_leaf_parameter_is_refused(reference):
    def body(torch):
        made = parameter(torch)
        made.data = made.data * 2
        leaf = torch.ones(2, requires_grad=True)
        derived = leaf * 2
        derived._is_param = True
        bare(torch).register_parameter("a", derived)

    assert_alike(body, reference)


def test_names_move_between_kinds(reference):
    def body(torch):
        net = make_net(torch)
        net.plain = 3
        net.plain = torch.nn.Parameter(torch.ones(1))
        net.count = torch.nn.Parameter(torch.ones(2))
        net.scale = None
        net.scratch = torch.ones(3)
        net.shown = torch.nn.Buffer(torch.ones(2))
        net.hidden = torch.nn.Buffer(torch.ones(2), persistent=False)
        net.first = None
        del net.second
        return [
            list(net.state_dict()),
            [name for name, _ in net.named_parameters()],
            [name for name, _ in net.named_buffers()],
            [name for name, _ in net.named_children()],
            "plain" in vars(net),
            sorted(net._non_persistent_buffers_set),
        ]

    assert_alike(body, reference)


def test_registration_hooks(reference):
    def body(torch):
        nn = torch.nn
        seen = []
        module = nn.modules.module
        handles = [
            module.register_module_parameter_registration_hook(lambda m, name, p: seen.append(("parameter", name))),
            module.register_module_buffer_registration_hook(lambda m, name, b: seen.append(("buffer", name))),
            module.register_module_module_registration_hook(lambda m, name, c: seen.append(("module", name))),
        ]
        make_net(torch)
        for handle in handles:
            handle.remove()
        make_net(torch)
        return seen

    assert_alike(body, reference)


# lookup

LOOKUPS = {
    "submodule": lambda t: make_net(t).get_submodule("second.0").extra_repr(),
    "itself": lambda t: make_net(t).get_submodule("").__class__.__name__,
    "no submodule": lambda t: make_net(t).get_submodule("second.5"),
    "no module": lambda t: make_net(t).get_submodule("scale"),
    "parameter": lambda t: make_net(t).get_parameter("first.weight"),
    "no parameter": lambda t: make_net(t).get_parameter("first.other"),
    "not a parameter": lambda t: make_net(t).get_parameter("count"),
    "buffer": lambda t: make_net(t).get_buffer("count"),
    "no buffer": lambda t: make_net(t).get_buffer("first.count"),
    "not a buffer": lambda t: make_net(t).get_buffer("first.weight"),
    "set without a target": lambda t: make_net(t).set_submodule("", bare(t)),
    "set a number": lambda t: make_net(t).set_submodule("first", 3),
    "set over a parameter": lambda t: make_net(t).set_submodule("scale", bare(t)),
    "set strictly where none is": lambda t: make_net(t).set_submodule("a", bare(t), strict=True),
}


@pytest.mark.parametrize("case", LOOKUPS)
def test_lookup(case, reference):
    assert_alike(LOOKUPS[case], reference)


def test_set_submodule(reference):
    def body(torch):
        net = make_net(torch)
        net.set_submodule("second.1", torch.nn.ReLU())
        net.set_submodule("new", torch.nn.Identity())
        return repr(net)

    assert_alike(body, reference)


def test_iteration_over_shared_members(reference):
    def body(torch):
        net = make_net(torch)
        net.again = net.first
        net.tied = net.scale
        return [
            [name for name, _ in net.named_parameters()],
            [name for name, _ in net.named_parameters(remove_duplicate=False)],
            [name for name, _ in net.named_parameters(prefix="net", recurse=False)],
            [name for name, _ in net.named_buffers(prefix="net")],
            [name for name, _ in net.named_modules()],
            [name for name, _ in net.named_modules(remove_duplicate=False)],
            [name for name, _ in net.named_children()],
            len(list(net.modules())),
            len(list(net.parameters())),
            len(list(net.buffers(recurse=False))),
        ]

    assert_alike(body, reference)


def test_dir_lists_members():
    names = dir(make_net(flambeau))
    assert {"first", "scale", "count", "forward", "training"} <= set(names)
    assert "0" not in dir(flambeau.nn.Sequential(flambeau.nn.ReLU()))


# calls and hooks


def test_forward_hooks(reference):
    def body(torch):
        net = make_net(torch)
        seen = []

        def before(module, args):
            seen.append("before")
            return args[0] * 2

        def before_kwargs(module, args, kwargs):
            seen.append(sorted(kwargs))
            return args, {"shift": 1.0}

        def after(module, args, output):
            seen.append("after")
            return output + 1

        def after_kwargs(module, args, kwargs, output):
            seen.append(kwargs)

        handles = [
            net.register_forward_pre_hook(before),
            net.register_forward_pre_hook(before_kwargs, with_kwargs=True, prepend=True),
            net.register_forward_hook(after),
            net.register_forward_hook(after_kwargs, with_kwargs=True, prepend=True),
        ]
        x = torch.ones(1, 2)
        with_hooks = net(x, shift=3.0)
        for handle in handles:
            handle.remove()
        return with_hooks, net(x), seen

    assert_alike(body, reference)


def test_bad_pre_hook_result(reference):
    def body(torch):
        net = make_net(torch)
        net.register_forward_pre_hook(lambda m, args, kwargs: 3, with_kwargs=True)
        return net(torch.ones(1, 2))

    assert_alike(body, reference)


def test_global_forward_hooks(reference):
    def body(torch):
        module = torch.nn.modules.module
        seen = []
        handles = [
            module.register_module_forward_pre_hook(lambda m, a: seen.append(type(m).__name__)),
            module.register_module_forward_hook(lambda m, a, out: out * 2),
        ]
        try:
            result = torch.nn.Sequential(torch.nn.Identity(), torch.nn.Identity())(torch.ones(1))
        finally:
            for handle in handles:
                handle.remove()
        return result, seen

    assert_alike(body, reference)


def test_always_called_hooks(reference):
    def body(torch):
        class Broken(torch.nn.Module):
            def forward(self, x):
                raise KeyError("broken")

        seen = []

        def loud(module, args, output):
            raise ValueError("hook")

        net = Broken()
        net.register_forward_hook(lambda m, a, out: seen.append("usual"))
        net.register_forward_hook(lambda m, a, out: seen.append(out), always_call=True)
        net.register_forward_hook(loud, always_call=True)
        try:
            net(1)
        except KeyError as error:
            return seen, str(error)
        return seen

    assert_alike(body, reference)


def test_full_backward_hooks(reference):
    def body(torch):
        net = torch.nn.Linear(2, 2)
        seen = []

        def before(module, grad_output):
            seen.append([g.sum() for g in grad_output])
            return (grad_output[0] * 2,)

        def after(module, grad_input, grad_output):
            seen.append([grad_input[0].sum(), grad_output[0].sum()])
            return (grad_input[0] * 3,)

        net.register_full_backward_pre_hook(before)
        net.register_full_backward_hook(after)
        x = torch.ones(1, 2, requires_grad=True)
        net(x).sum().backward()
        return x.grad, net.weight.grad, seen

    assert_alike(body, reference)


def test_full_backward_hook_without_input_gradient(reference):
    def body(torch):
        net = torch.nn.Linear(2, 2)
        seen = []
        net.register_full_backward_hook(lambda m, gi, go: seen.append((gi, go[0].sum())))
        net(torch.ones(1, 2)).sum().backward()
        return seen

    assert_alike(body, reference)


@pytest.mark.parametrize("full_first", [True, False])
def test_backward_hook_kinds_do_not_mix(full_first, reference):
    def body(torch):
        net = bare(torch)
        first, second = net.register_full_backward_hook, net.register_backward_hook
        if not full_first:
            first, second = second, first
        first(print)
        second(print)

    assert_alike(body, reference)


def test_wrong_count_from_backward_hook(reference):
    def body(torch):
        net = torch.nn.Identity()
        net.register_full_backward_hook(lambda m, gi, go: (None, None))
        net(torch.ones(2, requires_grad=True)).sum().backward()

    assert_alike(body, reference)


def test_older_backward_hook(reference):
    def body(torch):
        net = torch.nn.Tanh()
        seen = []
        net.register_backward_hook(lambda m, gi, go: seen.append((gi[0].sum(), go[0].sum())))
        x = torch.ones(2, requires_grad=True)
        net(x).sum().backward()
        return seen

    assert_alike(body, reference)


# state


def test_state_dict(reference):
    def body(torch):
        net = make_net(torch)
        state = net.state_dict()
        shared = state["scale"].data_ptr() == net.scale.data_ptr()
        kept = net.state_dict(keep_vars=True, prefix="net.")
        return state, dict(state._metadata), shared, kept["net.scale"] is net.scale, list(kept)

    assert_alike(body, reference)


def test_state_dict_positional_arguments_are_deprecated(reference):
    assert_alike(lambda t: list(make_net(t).state_dict(OrderedDict(), "a.", True)), reference)


def changed_state(torch, change):
    state = make_net(torch).state_dict()
    change(torch, state)
    return state


STATE_CHANGES = {
    "none": lambda t, s: None,
    "missing": lambda t, s: s.pop("first.weight"),
    "unexpected": lambda t, s: s.update({"third.weight": t.ones(1), "first.more": t.ones(1)}),
    "size": lambda t, s: s.update({"first.weight": t.ones(5, 2), "scale": t.ones(3)}),
    "kind": lambda t, s: s.update({"scale": 3}),
    "one element": lambda t, s: s.update({"count": t.tensor(4.0)}),
    "all of it": lambda t, s: (
        s.pop("count"),
        s.update({"more": t.ones(1), "scale": t.ones(3), "second.0.bias": "text"}),
    ),
}


@pytest.mark.parametrize("change", STATE_CHANGES)
@pytest.mark.parametrize("options", [{}, {"strict": False}, {"assign": True}])
def test_load_state_dict(change, options, reference):
    def body(torch):
        state = changed_state(torch, STATE_CHANGES[change])
        net = make_net(torch)
        keys = net.load_state_dict(state, **options)
        return str(keys), list(keys), net.state_dict()

    assert_alike(body, reference)


def test_load_state_dict_of_a_list(reference):
    assert_alike(lambda t: make_net(t).load_state_dict([1]), reference)


def test_assign_takes_the_tensors_over(reference):
    def body(torch):
        state = {key: value.double() for key, value in make_net(torch).state_dict().items()}
        net = make_net(torch)
        net.load_state_dict(state, assign=True)
        return (
            net.scale.dtype == torch.float64,
            net.scale.data_ptr() == state["scale"].data_ptr(),
            net.scale.requires_grad,
            type(net.scale).__name__,
        )

    assert_alike(body, reference)


def test_state_hooks(reference):
    def body(torch):
        net = make_net(torch)
        seen = []

        def rename(state, prefix, metadata, strict, missing, unexpected, errors):
            state[prefix + "scale"] = state.pop(prefix + "factor")
            seen.append((prefix, strict, len(missing)))

        net.register_state_dict_pre_hook(lambda m, prefix, keep: seen.append(prefix))
        net.register_state_dict_post_hook(
            lambda m, state, prefix, meta: state.update({prefix + "factor": state.pop("scale")})
        )
        state = net.state_dict()
        net._register_load_state_dict_pre_hook(rename)
        net.register_load_state_dict_pre_hook(lambda m, *rest: seen.append(type(m).__name__))
        net.register_load_state_dict_post_hook(lambda m, keys: keys.missing_keys.clear())
        state.pop("count")
        keys = net.load_state_dict(state)
        return list(state), str(keys), seen

    assert_alike(body, reference)


def test_extra_state(reference):
    def body(torch):
        class Extra(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.extra = {"epoch": 1}

            def get_extra_state(self):
                return self.extra

            def set_extra_state(self, state):
                self.extra = state

        net = torch.nn.Sequential(Extra())
        state = net.state_dict()
        state["0._extra_state"] = {"epoch": 7}
        net.load_state_dict(state)
        lacking = torch.nn.Sequential(Extra()).load_state_dict({}, strict=False)
        spare = torch.nn.Sequential(torch.nn.Identity()).load_state_dict(state, strict=False)
        return list(state), net[0].extra, str(lacking), str(spare)

    assert_alike(body, reference)


def test_extra_state_is_not_defined_by_default(reference):
    assert_alike(lambda t: bare(t).get_extra_state(), reference)
    assert_alike(lambda t: bare(t).set_extra_state(1), reference)


def test_pickle_and_deepcopy():
    net = flambeau.nn.Sequential(flambeau.nn.Linear(2, 3), flambeau.nn.BatchNorm1d(3))
    buffer = io.BytesIO()
    pickle.dump(net, buffer)
    for twin in (copy.deepcopy(net), pickle.loads(buffer.getvalue())):
        assert repr(twin) == repr(net)
        assert type(twin[0].weight) is flambeau.nn.Parameter
        assert twin[0].weight is not net[0].weight
        for name, value in net.state_dict().items():
            assert flambeau.equal(twin.state_dict()[name], value)


def test_deepcopy_keeps_ties():
    net = flambeau.nn.Module()
    net.a = flambeau.nn.Linear(2, 2)
    net.b = net.a
    twin = copy.deepcopy(net)
    assert twin.a is twin.b
    assert twin.a is not net.a


def test_unpickling_old_modules():
    net = flambeau.nn.ReLU()
    state = net.__getstate__()
    for young in ("_forward_hooks_with_kwargs", "_backward_pre_hooks", "_is_full_backward_hook"):
        del state[young]
    old = flambeau.nn.ReLU.__new__(flambeau.nn.ReLU)
    old.__setstate__(state)
    assert flambeau.equal(old(flambeau.tensor([-1.0, 2.0])), flambeau.tensor([0.0, 2.0]))


# conversion and modes

CONVERSIONS = {
    "double": lambda t, net: net.double(),
    "half": lambda t, net: net.half(),
    "float": lambda t, net: net.double().float(),
    "to dtype": lambda t, net: net.to(t.float64),
    "to device and dtype": lambda t, net: net.to("cpu", t.float64),
    "to keyword": lambda t, net: net.to(dtype=t.float64, non_blocking=True),
    "to tensor": lambda t, net: net.to(t.ones(1, dtype=t.float64)),
    "to int": lambda t, net: net.to(t.int64),
    "to complex": lambda t, net: net.to(t.complex64),
    "type": lambda t, net: net.type(t.float64),
    "cpu": lambda t, net: net.cpu(),
    "nothing": lambda t, net: net.to(),
    "wrong keyword": lambda t, net: net.to(dtypes=t.float64),
}


@pytest.mark.parametrize("case", CONVERSIONS)
def test_conversion(case, reference):
    def body(torch):
        net = make_net(torch)
        net.register_buffer("index", torch.tensor([1, 2]))
        net(torch.ones(1, 2)).sum().backward()
        before = net.scale
        result = CONVERSIONS[case](torch, net)
        return (
            result is net,
            net.scale is before,
            {name: str(each.dtype) for name, each in net.state_dict().items()},
            str(net.scale.grad.dtype),
        )

    if case == "wrong keyword":
        with pytest.raises(TypeError):
            body(flambeau)
        return
    assert_alike(body, reference)


def test_modes(reference):
    def body(torch):
        net = make_net(torch)
        evaluated = net.eval() is net, [m.training for m in net.modules()]
        net.second.train()
        frozen = net.requires_grad_(requires_grad=False)
        return (
            evaluated,
            [m.training for m in net.modules()],
            [p.requires_grad for p in frozen.parameters()],
        )

    assert_alike(body, reference)
    assert_alike(lambda t: make_net(t).train(1), reference)


@pytest.mark.parametrize("set_to_none", [True, False])
def test_zero_grad(set_to_none, reference):
    def body(torch):
        net = make_net(torch)
        net(torch.ones(1, 2)).sum().backward()
        net.zero_grad(set_to_none=set_to_none)
        return [p.grad for p in net.parameters()]

    assert_alike(body, reference)


def test_apply(reference):
    def body(torch):
        seen = []

        def fill(module):
            seen.append(type(module).__name__)
            if isinstance(module, torch.nn.Linear):
                torch.nn.init.ones_(module.weight)

        net = make_net(torch)
        return net.apply(fill) is net, seen, net.state_dict()

    assert_alike(body, reference)


# printing


def test_repr(reference):
    def body(torch):
        class Lines(torch.nn.Module):
            def extra_repr(self):
                return "one\n\ntwo"

        net = make_net(torch)
        net.lines = Lines()
        net.nothing = bare(torch)
        net.lines.inner = bare(torch)
        return repr(net), repr(Lines()), repr(bare(torch)), str(torch.nn.Sequential())

    assert_alike(body, reference)


def test_parameter(reference):
    def body(torch):
        made = parameter(torch)
        twin = copy.deepcopy(made)
        frozen = torch.nn.Parameter(torch.ones(1), requires_grad=False)
        return (
            repr(made),
            repr(frozen),
            isinstance(made, torch.Tensor),
            isinstance(torch.ones(1), torch.nn.Parameter),
            type(twin).__name__,
            twin is not made,
            twin,
            made.is_leaf,
            (made * 2),
            type(made * 2).__name__,
            type(made.detach()).__name__,
            torch.nn.Parameter().shape == (0,),
        )

    assert_alike(body, reference)


def test_buffer(reference):
    def body(torch):
        made = torch.nn.Buffer(torch.ones(2), persistent=False)
        return (
            isinstance(made, torch.nn.Buffer),
            isinstance(torch.ones(1), torch.nn.Buffer),
            type(made).__name__,
            made.persistent,
            made,
        )

    assert_alike(body, reference)


def test_calls_cost_little():
    """A call without hooks runs no hook machinery."""
    net = flambeau.nn.Identity()
    assert net(7) == 7
    net.compile = None
    del net.compile
    handle = net.register_forward_hook(lambda m, a, out: out + 1)
    assert net(7) == 8
    handle.remove()
    assert net(7) == 7
