"""Initializers beside PyTorch: the same values for the same seed, the same errors."""

import pytest
from side_by_side import assert_alike

FILLS = {
    "uniform": lambda t, x: t.nn.init.uniform_(x, -2, 3),
    "normal": lambda t, x: t.nn.init.normal_(x, 1.0, 0.5),
    "constant": lambda t, x: t.nn.init.constant_(x, 0.3),
    "ones": lambda t, x: t.nn.init.ones_(x),
    "zeros": lambda t, x: t.nn.init.zeros_(x),
    "eye": lambda t, x: t.nn.init.eye_(x),
    "xavier_uniform": lambda t, x: t.nn.init.xavier_uniform_(x, 2.0),
    "xavier_normal": lambda t, x: t.nn.init.xavier_normal_(x),
    "kaiming_uniform": lambda t, x: t.nn.init.kaiming_uniform_(x, 0.2),
    "kaiming_normal": lambda t, x: t.nn.init.kaiming_normal_(x, mode="fan_out", nonlinearity="relu"),
    "orthogonal": lambda t, x: t.nn.init.orthogonal_(x, gain=2),
    "sparse": lambda t, x: t.nn.init.sparse_(x, 0.4, 0.1),
    "trunc_normal": lambda t, x: t.nn.init.trunc_normal_(x, 0.5, 2.0, -1.0, 1.0),
    "trunc_normal, wide": lambda t, x: t.nn.init.trunc_normal_(x),
    "trunc_normal, far": lambda t, x: t.nn.init.trunc_normal_(x, 10.0, 1.0, -1.0, 1.0),
    "generator": lambda t, x: t.nn.init.kaiming_uniform_(x, generator=t.Generator().manual_seed(3)),
    "old name": lambda t, x: t.nn.init.uniform(x),
    "dirac": lambda t, x: t.nn.init.dirac_(x),
    "unknown mode": lambda t, x: t.nn.init.kaiming_normal_(x, mode="fan"),
    "unknown nonlinearity": lambda t, x: t.nn.init.kaiming_normal_(x, nonlinearity="x"),
}


@pytest.mark.parametrize("shape", [(3,), (5, 4), (4, 6), (6, 4, 3), (0, 4)], ids=str)
@pytest.mark.parametrize("fill", FILLS)
def test_fill(fill, shape, reference):
    def body(torch):
        weight = torch.nn.Parameter(torch.full(shape, 9.0))
        result = FILLS[fill](torch, weight)
        return result, result is weight

    assert_alike(body, reference, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("groups", [1, 2, 3])
@pytest.mark.parametrize("shape", [(4, 2, 3), (4, 3, 3, 2), (2, 2, 3, 3, 1)], ids=str)
def test_dirac(shape, groups, reference):
    assert_alike(lambda t: t.nn.init.dirac_(t.empty(shape), groups), reference)


@pytest.mark.parametrize("kind", ["float64", "float16", "bfloat16"])
def test_other_dtypes(kind, reference):
    def body(torch):
        weight = torch.empty(8, 5, dtype=getattr(torch, kind))
        return torch.nn.init.kaiming_uniform_(weight).double()

    assert_alike(body, reference, rtol=1e-6)


GAINS = [
    ("linear", None),
    ("conv_transpose2d", None),
    ("sigmoid", None),
    ("tanh", None),
    ("relu", None),
    ("selu", None),
    ("leaky_relu", None),
    ("leaky_relu", 0.3),
    ("leaky_relu", True),
    ("leaky_relu", "0.3"),
    ("gelu", None),
]


@pytest.mark.parametrize(("name", "param"), GAINS)
def test_gain(name, param, reference):
    assert_alike(lambda t: t.nn.init.calculate_gain(name, param), reference)
