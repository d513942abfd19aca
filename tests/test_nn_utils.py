"""nn.utils beside PyTorch: clipping, packing, parametrizations, pruning, fusion."""

import pytest
from side_by_side import assert_alike


def trained(torch):
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
    (net(torch.randn(5, 3)).sum() * 10).backward()
    return net


def grads(net):
    return [p.grad for p in net.parameters()]


CLIPS = {
    "norm": lambda t, net: t.nn.utils.clip_grad_norm_(net.parameters(), 1.0),
    "norm of order 1": lambda t, net: t.nn.utils.clip_grad_norm_(net.parameters(), 1.0, 1),
    "largest": lambda t, net: t.nn.utils.clip_grad_norm_(net.parameters(), 1.0, float("inf")),
    "one tensor": lambda t, net: t.nn.utils.clip_grad_norm_(net[0].weight, 0.1),
    "below": lambda t, net: t.nn.utils.clip_grad_norm_(list(net.parameters()), 1e6),
    "nothing": lambda t, net: t.nn.utils.clip_grad_norm_(iter([]), 1.0),
    "empty generator": lambda t, net: t.nn.utils.clip_grad_norm_((p for p in []), 1.0),
    "old name": lambda t, net: t.nn.utils.clip_grad_norm(net.parameters(), 1.0),
    "value": lambda t, net: t.nn.utils.clip_grad_value_(net.parameters(), 0.5),
    "total": lambda t, net: t.nn.utils.get_total_norm(grads(net)),
    "given norm": lambda t, net: t.nn.utils.clip_grads_with_norm_(net.parameters(), 1.0, t.tensor(4.0)),
    "not finite": lambda t, net: t.nn.utils.clip_grad_norm_(
        [t.nn.Parameter(t.ones(1)), spoiled(t)], 1.0, error_if_nonfinite=True
    ),
}


def spoiled(torch):
    made = torch.nn.Parameter(torch.ones(1))
    made.grad = torch.tensor([float("nan")])
    return made


@pytest.mark.parametrize("case", CLIPS)
def test_clip(case, reference):
    def body(torch):
        net = trained(torch)
        return CLIPS[case](torch, net), grads(net)

    assert_alike(body, reference)


def test_parameters_as_a_vector(reference):
    def body(torch):
        net = trained(torch)
        vector = torch.nn.utils.parameters_to_vector(net.parameters())
        torch.nn.utils.vector_to_parameters(vector * 2, net.parameters())
        return vector, net.state_dict()

    assert_alike(body, reference)
    assert_alike(lambda t: t.nn.utils.vector_to_parameters([1], []), reference)


# Sequences


def sequences(torch):
    return [torch.randn(n, 2) for n in (4, 2, 3)]


SEQUENCES = {
    "pad": lambda t, r: r.pad_sequence(sequences(t)),
    "pad on the left": lambda t, r: r.pad_sequence(sequences(t), True, 7.0, "left"),
    "pad by a wrong side": lambda t, r: r.pad_sequence(sequences(t), padding_side="top"),
    "pad nothing": lambda t, r: r.pad_sequence([]),
    "pad a number": lambda t, r: r.pad_sequence(3),
    "pack": lambda t, r: r.pack_sequence(sequences(t), enforce_sorted=False),
    "pack unsorted": lambda t, r: r.pack_sequence(sequences(t)),
    "pack padded": lambda t, r: r.pack_padded_sequence(t.randn(2, 5, 3), [5, 2], batch_first=True),
    "pack no length": lambda t, r: r.pack_padded_sequence(t.randn(5, 2, 3), [5, 0]),
    "pack wrong count": lambda t, r: r.pack_padded_sequence(t.randn(5, 2, 3), [5]),
    "pack nothing": lambda t, r: r.pack_padded_sequence(t.randn(0, 2, 3), [5, 2]),
    "round trip": lambda t, r: r.pad_packed_sequence(r.pack_sequence(sequences(t), False), True, -1.0),
    "longer": lambda t, r: r.pad_packed_sequence(r.pack_sequence(sequences(t), False), total_length=6),
    "too short": lambda t, r: r.pad_packed_sequence(r.pack_sequence(sequences(t), False), total_length=2),
    "unpack": lambda t, r: r.unpack_sequence(r.pack_sequence(sequences(t), False)),
    "unpad": lambda t, r: r.unpad_sequence(t.randn(4, 2, 3), t.tensor([4, 1])),
    "double": lambda t, r: r.pack_sequence(sequences(t), enforce_sorted=False).double(),
    "same": lambda t, r: (p := r.pack_sequence(sequences(t), False)).float() is p,
    "permutation": lambda t, r: r.invert_permutation(t.tensor([2, 0, 1])),
}


@pytest.mark.parametrize("case", SEQUENCES)
def test_sequences(case, reference):
    assert_alike(lambda t: SEQUENCES[case](t, t.nn.utils.rnn), reference)


def test_gradients_through_packing(reference):
    def body(torch):
        rnn = torch.nn.utils.rnn
        x = torch.randn(4, 3, 2, requires_grad=True)
        packed = rnn.pack_padded_sequence(x, [4, 3, 1])
        block, _ = rnn.pad_packed_sequence(packed)
        (block * torch.randn(4, 3, 2)).sum().backward()
        return x.grad

    assert_alike(body, reference)


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("sort", [True, False])
def test_packed_recurrent(name, sort, reference):
    def body(torch):
        net = getattr(torch.nn, name)(2, 3, bidirectional=True)
        packed = torch.nn.utils.rnn.pack_sequence(
            sorted(sequences(torch), key=len, reverse=True) if sort else sequences(torch), sort
        )
        output, state = net(packed)
        output.data.sum().backward()
        return output, state, net.weight_hh_l0.grad

    assert_alike(body, reference)


# Parametrizations


def with_parametrizations(torch, *kinds):
    class Symmetric(torch.nn.Module):
        def forward(self, x):
            return x.triu() + x.triu(1).mT

        def right_inverse(self, x):
            return x.triu()

    class Scale(torch.nn.Module):
        def forward(self, x):
            return x * 2

    class Sum(torch.nn.Module):
        def forward(self, a, b):
            return a + b

        def right_inverse(self, x):
            return x / 4, x * 3 / 4

    class Wider(torch.nn.Module):
        def forward(self, x):
            return x.repeat(2, 1)

    class Double(torch.nn.Module):
        def forward(self, x):
            return x.double()

    known = {"symmetric": Symmetric, "scale": Scale, "sum": Sum, "wider": Wider, "double": Double}
    net = torch.nn.Linear(3, 3)
    for kind in kinds:
        torch.nn.utils.parametrize.register_parametrization(net, "weight", known[kind]())
    return net


@pytest.mark.parametrize(
    "kinds",
    [
        ("symmetric",),
        ("scale",),
        ("symmetric", "scale"),
        ("sum",),
        ("wider",),
        ("double",),
        ("scale", "wider"),
    ],
    ids=str,
)
def test_parametrize(kinds, reference):
    def body(torch):
        parametrize = torch.nn.utils.parametrize
        net = with_parametrizations(torch, *kinds)
        net(torch.ones(2, 3)).sum().backward()
        shown = repr(net), parametrize.is_parametrized(net, "weight"), type(net).__name__
        state = net.state_dict()
        learned = {name: p.grad for name, p in net.named_parameters()}
        with parametrize.cached():
            once = net.weight is net.weight
        parametrize.remove_parametrizations(net, "weight")
        return shown, state, learned, once, repr(net), net.weight, type(net.weight).__name__

    assert_alike(body, reference)


PARAMETRIZE_ERRORS = {
    "no such tensor": lambda t, p: p.register_parametrization(t.nn.Linear(2, 2), "x", t.nn.ReLU()),
    "not parametrized": lambda t, p: p.remove_parametrizations(t.nn.Linear(2, 2), "weight"),
    "no inverse": lambda t, p: setattr(with_parametrizations(t, "scale"), "weight", t.ones(3, 3)),
    "several originals": lambda t, p: p.remove_parametrizations(
        with_parametrizations(t, "sum"), "weight", leave_parametrized=False
    ),
    "pickle": lambda t, p: __import__("pickle").dumps(with_parametrizations(t, "scale")),
    "nothing": lambda t, p: p.ParametrizationList([], t.ones(1)),
}


@pytest.mark.parametrize("case", PARAMETRIZE_ERRORS)
def test_parametrize_errors(case, reference):
    assert_alike(lambda t: PARAMETRIZE_ERRORS[case](t, t.nn.utils.parametrize), reference)


def test_parametrized_assignment_and_copies(reference):
    def body(torch):
        import copy

        parametrize = torch.nn.utils.parametrize
        net = with_parametrizations(torch, "symmetric")
        net.weight = torch.arange(9.0).view(3, 3)
        twin = copy.deepcopy(net)
        target = torch.nn.Linear(3, 3)
        parametrize.transfer_parametrizations_and_params(net, target)
        return (
            net.weight,
            twin.weight,
            target.weight,
            parametrize.type_before_parametrizations(net).__name__,
        )

    assert_alike(body, reference)


NORMS = {
    "weight": lambda t: t.nn.utils.parametrizations.weight_norm(t.nn.Linear(3, 4)),
    "weight over all": lambda t: t.nn.utils.parametrizations.weight_norm(t.nn.Linear(3, 4), dim=None),
    "spectral": lambda t: t.nn.utils.parametrizations.spectral_norm(t.nn.Linear(3, 4)),
    "spectral of a vector": lambda t: t.nn.utils.parametrizations.spectral_norm(t.nn.Linear(3, 4), "bias"),
    "orthogonal": lambda t: t.nn.utils.parametrizations.orthogonal(t.nn.Linear(3, 3)),
    "orthogonal, wide": lambda t: t.nn.utils.parametrizations.orthogonal(t.nn.Linear(3, 2)),
    "orthogonal by Cayley": lambda t: t.nn.utils.parametrizations.orthogonal(
        t.nn.Linear(3, 3), orthogonal_map="cayley"
    ),
    "orthogonal without base": lambda t: t.nn.utils.parametrizations.orthogonal(
        t.nn.Linear(2, 3), use_trivialization=False
    ),
    "orthogonal by x": lambda t: t.nn.utils.parametrizations.orthogonal(t.nn.Linear(3, 3), orthogonal_map="x"),
    "orthogonal vector": lambda t: t.nn.utils.parametrizations.orthogonal(t.nn.Linear(3, 3), "bias"),
    "orthogonal nothing": lambda t: t.nn.utils.parametrizations.orthogonal(t.nn.ReLU()),
    "older weight": lambda t: t.nn.utils.weight_norm(t.nn.Linear(3, 4)),
    "older spectral": lambda t: t.nn.utils.spectral_norm(t.nn.Linear(3, 4), n_power_iterations=2),
    "weight twice": lambda t: t.nn.utils.weight_norm(t.nn.utils.weight_norm(t.nn.Linear(3, 4))),
    "no weight": lambda t: t.nn.utils.remove_weight_norm(t.nn.Linear(3, 4)),
    "no spectral": lambda t: t.nn.utils.remove_spectral_norm(t.nn.Linear(3, 4)),
}


@pytest.mark.parametrize("case", NORMS)
def test_norms(case, reference):
    def body(torch):
        net = NORMS[case](torch)
        outputs = [net(torch.ones(2, net.in_features)) for _ in range(2)]
        outputs[-1].sum().backward()
        gradients = {name: p.grad for name, p in net.named_parameters()}
        return (
            repr(net),
            net.state_dict(),
            outputs,
            gradients,
            net.eval()(torch.ones(1, net.in_features)),
        )

    assert_alike(body, reference, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("kind", ["weight_norm", "spectral_norm"])
def test_removing_older_norms(kind, reference):
    def body(torch):
        net = getattr(torch.nn.utils, kind)(torch.nn.Linear(3, 4))
        state = net.state_dict()
        getattr(torch.nn.utils, f"remove_{kind}")(net)
        return list(state), str(dict(state._metadata)), net.state_dict(), type(net.weight).__name__

    assert_alike(body, reference)


def test_loading_older_weight_norm(reference):
    def body(torch):
        old = torch.nn.utils.weight_norm(torch.nn.Linear(3, 4))
        new = torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(3, 4))
        return str(new.load_state_dict(old.state_dict())), new.weight

    assert_alike(body, reference)


# Pruning

PRUNES = {
    "identity": lambda p, net: p.identity(net, "weight"),
    "random": lambda p, net: p.random_unstructured(net, "weight", 0.4),
    "smallest": lambda p, net: p.l1_unstructured(net, "weight", 5),
    "random channels": lambda p, net: p.random_structured(net, "weight", 2, dim=0),
    "smallest channels": lambda p, net: p.ln_structured(net, "weight", 0.5, n=2, dim=1),
    "twice": lambda p, net: p.l1_unstructured(p.ln_structured(net, "weight", 1, n=2, dim=0), "weight", 4),
    "channels after elements": lambda p, net: p.ln_structured(
        p.l1_unstructured(net, "weight", 4), "weight", 1, n=1, dim=0
    ),
    "everywhere": lambda p, net: p.global_unstructured([(net, "weight"), (net, "bias")], p.L1Unstructured, amount=0.5),
    "too many": lambda p, net: p.l1_unstructured(net, "weight", 100),
    "negative": lambda p, net: p.l1_unstructured(net, "weight", -1),
    "fraction": lambda p, net: p.l1_unstructured(net, "weight", 1.5),
    "text": lambda p, net: p.l1_unstructured(net, "weight", "all"),
    "vector channels": lambda p, net: p.ln_structured(net, "bias", 1, n=2, dim=0),
    "no dimension": lambda p, net: p.ln_structured(net, "weight", 1, n=2, dim=4),
    "not pruned": lambda p, net: p.remove(net, "weight"),
    "not unstructured": lambda p, net: p.global_unstructured([(net, "weight")], p.RandomStructured, amount=1),
}


@pytest.mark.parametrize("case", PRUNES)
def test_prune(case, reference):
    def body(torch):
        prune = torch.nn.utils.prune
        net = torch.nn.Linear(4, 3)
        PRUNES[case](prune, net)
        net(torch.ones(2, 4)).sum().backward()
        state = net.state_dict()
        gradient = net.weight_orig.grad
        pruned = prune.is_pruned(net)
        prune.remove(net, "weight")
        return state, gradient, pruned, net.state_dict(), net.weight

    import torch.nn.utils.prune  # noqa: F401 (PyTorch does not load it by itself)

    import flambeau.nn.utils.prune  # noqa: F401

    assert_alike(body, reference)


# Fusion, calls with other parameters, construction

FUSIONS = {
    "convolution": lambda t: (t.nn.Conv2d(2, 3, 2), t.nn.BatchNorm2d(3), (1, 2, 4, 4)),
    "transposed": lambda t: (t.nn.ConvTranspose2d(2, 3, 2), t.nn.BatchNorm2d(3), (1, 2, 4, 4)),
    "linear": lambda t: (t.nn.Linear(2, 3, bias=False), t.nn.BatchNorm1d(3), (5, 2)),
}


@pytest.mark.parametrize("case", FUSIONS)
def test_fuse(case, reference):
    def body(torch):
        layer, norm, shape = FUSIONS[case](torch)
        norm(layer(torch.randn(shape)))
        layer.eval(), norm.eval()
        x = torch.randn(shape)
        if case == "linear":
            fused = torch.nn.utils.fuse_linear_bn_eval(layer, norm)
        else:
            fused = torch.nn.utils.fuse_conv_bn_eval(layer, norm, transpose=case == "transposed")
        return fused(x), norm(layer(x)), fused.state_dict()

    assert_alike(body, reference, rtol=1e-4, atol=1e-5)


def test_fusion_wants_eval(reference):
    assert_alike(lambda t: t.nn.utils.fuse_conv_bn_eval(t.nn.Conv1d(1, 1, 1), t.nn.BatchNorm1d(1)), reference)


CALLS = {
    "some": lambda t: {"0.weight": t.ones(4, 3)},
    "tied": lambda t: {"3.weight": t.ones(4, 3)},
    "both ties": lambda t: {"3.weight": t.ones(4, 3), "0.weight": t.zeros(4, 3)},
    "unknown": lambda t: {"5.weight": t.ones(1)},
}


@pytest.mark.parametrize("case", CALLS)
@pytest.mark.parametrize("options", [{}, {"strict": True}, {"tie_weights": False}], ids=str)
def test_functional_call(case, options, reference):
    def body(torch):
        first = torch.nn.Linear(3, 4)
        net = torch.nn.Sequential(first, torch.nn.Tanh(), torch.nn.Linear(4, 3), first)
        call = torch.nn.utils.stateless.functional_call
        result = call(net, CALLS[case](torch), torch.ones(2, 3), **options)
        return result, net.state_dict()

    assert_alike(body, reference)


def test_functional_call_keeps_written_buffers(reference):
    def body(torch):
        net = torch.nn.BatchNorm1d(2)
        own = {name: each.clone() for name, each in net.state_dict().items()}
        torch.nn.utils.stateless.functional_call(net, own, (torch.randn(4, 2),))
        return own, net.state_dict()

    assert_alike(body, reference)


def test_prefix_of_wrapped_modules(reference):
    def body(torch):
        state = torch.nn.Sequential(torch.nn.Linear(1, 1)).state_dict(prefix="module.")
        strip = torch.nn.modules.utils.consume_prefix_in_state_dict_if_present
        strip(state, "module.")
        return list(state), list(state._metadata)

    assert_alike(body, reference)


def test_data_parallel_on_a_cpu(reference):
    def body(torch):
        net = torch.nn.DataParallel(torch.nn.Linear(2, 1))
        return net(torch.ones(1, 2)), list(net.state_dict()), repr(net)

    assert_alike(body, reference)
