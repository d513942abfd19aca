"""Recurrent layers: PyTorch's values and gradients; derivatives of two orders; packed sequences."""

import numpy as np
import pytest
from side_by_side import assert_alike

import flambeau
from flambeau import nn

MODES = ("LSTM", "GRU", "RNN")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("batch_first", [False, True])
def test_against_pytorch(mode, bidirectional, batch_first):
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(0).normal(size=(4, 3, 5)).astype("f4")
    results = []
    for framework in (torch, flambeau):
        framework.manual_seed(0)
        options = {"bidirectional": bidirectional, "batch_first": batch_first}
        network = getattr(framework.nn, mode)(5, 6, 2, **options)
        leaf = framework.tensor(x, requires_grad=True)
        output, _ = network(leaf)
        (output * output).sum().backward()
        gradients = [p.grad.numpy() for p in network.parameters()]
        results.append([output.detach().numpy(), leaf.grad.numpy(), *gradients])
    for expected, result in zip(*results, strict=True):
        np.testing.assert_allclose(result, expected, 1e-3, 1e-5)


@pytest.mark.parametrize("mode", MODES)
def test_derivatives_of_two_orders(mode):
    network = getattr(nn, mode)(2, 3, bidirectional=True).double()
    x = flambeau.randn(3, 2, 2, dtype=flambeau.float64, requires_grad=True)
    assert flambeau.autograd.gradcheck(lambda x: network(x)[0], (x,))
    assert flambeau.autograd.gradgradcheck(lambda x: network(x)[0], (x,))


@pytest.mark.parametrize("mode", MODES)
def test_a_packed_sequence_gives_what_each_sequence_gives(mode):
    network = getattr(nn, mode)(4, 3, bidirectional=True)
    sequences = [flambeau.randn(n, 4) for n in (5, 3, 2)]
    output, state = network(nn.utils.rnn.pack_sequence(sequences))
    padded, _ = nn.utils.rnn.pad_packed_sequence(output)
    last = state[0] if mode == "LSTM" else state
    for at, sequence in enumerate(sequences):
        alone, own = network(sequence)
        own = own[0] if mode == "LSTM" else own
        assert flambeau.allclose(padded[: len(sequence), at], alone, atol=1e-6)
        assert flambeau.allclose(last[:, at], own, atol=1e-6)


@pytest.mark.parametrize("mode", MODES)
def test_a_cell_is_one_step(mode):
    network, cell = getattr(nn, mode)(4, 3), getattr(nn, f"{mode}Cell")(4, 3)
    cell.load_state_dict({k.removesuffix("_l0"): v for k, v in network.state_dict().items()})
    x = flambeau.randn(2, 4)
    made = cell(x)
    assert flambeau.allclose(made[0] if mode == "LSTM" else made, network(x[None])[0][0])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("frozen", ["weight_ih_l0", "weight_hh_l0", "bias_hh_l0", "all but the input", "the input"])
@pytest.mark.parametrize("given", [False, True])
def test_what_wants_no_gradient_gets_none_and_the_others_theirs(mode, frozen, given, reference):
    def body(torch):
        module = getattr(torch.nn, mode)(3, 8)
        x = torch.randn(5, 4, 3, requires_grad=frozen != "the input")
        state = torch.randn(1, 4, 8, requires_grad=given)
        for name, each in module.named_parameters():
            each.requires_grad_(frozen not in (name, "all but the input"))
        hx = ((state, state * 2) if mode == "LSTM" else state) if given else None
        (module(x, hx)[0] ** 2).sum().backward()
        return [
            each if each is None else each.clone()
            for each in (x.grad, state.grad, *(p.grad for p in module.parameters()))
        ]

    assert_alike(body, reference, rtol=1e-4, atol=1e-5)
