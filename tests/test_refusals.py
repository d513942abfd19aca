"""What ops refuse: dtypes without a kernel, targets that overlap, `out=` of another dtype."""

import pytest
from side_by_side import assert_alike

from flambeau.ops import table

UNARY = sorted(
    name
    for name, op in table.items()
    if op.family == "pointwise" and sum(param.required for param in op.params) == 1 and name[0] != "_"
)
BINARY = sorted(
    name
    for name, op in table.items()
    if op.family == "pointwise" and sum(param.required for param in op.params) == 2 and name[0] != "_"
)
DTYPES = ["complex64", "int64", "bool", "uint8", "float16", "bfloat16", "float32"]


def function(torch, name):
    """A function of PyTorch's by the name of the op."""
    family, _, rest = name.partition("_")
    if family == "special":
        return getattr(torch.special, rest)
    name = {"log_sigmoid": "logsigmoid"}.get(name, name)
    return getattr(torch, name, None) or getattr(torch.nn.functional, name)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", UNARY)
def test_dtypes_of_one(reference, name, dtype):
    assert_alike(lambda t: function(t, name)(t.ones(2, 2).to(getattr(t, dtype))).dtype.is_complex, reference)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [name for name in BINARY if name not in ("where", "special_zeta", "threshold")])
def test_dtypes_of_two(reference, name, dtype):
    def body(t):
        x = t.ones(2, 2).to(getattr(t, dtype))
        return function(t, name)(x, x).dtype.is_complex

    assert_alike(body, reference)


EXPANDED = {
    "add_": lambda t, x: x.add_(t.ones(2, 2)),
    "add_ number": lambda t, x: x.double().expand(2, 2).add_(1),
    "copy_": lambda t, x: x.copy_(t.ones(2, 2)),
    "exp_": lambda t, x: x.to(t.bfloat16).expand(2, 2).exp_(),
    "clamp_": lambda t, x: x.clamp_(0),
    "scatter_": lambda t, x: x.scatter_(0, t.zeros(2, 2, dtype=t.int64), t.ones(2, 2)),
    "index_add_": lambda t, x: x.index_add_(0, t.tensor([0]), t.ones(1, 2)),
    "put_": lambda t, x: x.put_(t.tensor([0]), t.tensor([1.0])),
    "uniform_": lambda t, x: x.uniform_(),
    "cumsum_": lambda t, x: x.cumsum_(0),
    "fill_": lambda t, x: x.fill_(2.0),
    "out of exp": lambda t, x: t.exp(t.ones(2, 2), out=x),
}


@pytest.mark.parametrize("name", EXPANDED)
def test_targets_of_which_elements_are_one(reference, name):
    def body(t):
        x = t.tensor([[1.0, 2.0]]).expand(2, 2)
        EXPANDED[name](t, x)
        return x

    assert_alike(body, reference)


SHARED = {
    "gather": lambda t, x, i: t.gather(x, 0, i, out=x[:3]),
    "gather whole": lambda t, x, i: t.gather(x, 0, t.arange(6), out=x),
    "index_select": lambda t, x, i: t.index_select(x, 0, i, out=x[1:4]),
    "take": lambda t, x, i: t.take(x, i, out=x[:3]),
    "masked_select": lambda t, x, i: t.masked_select(x, x > 0, out=x),
    "cat": lambda t, x, i: t.cat([x[:3], x[:3]], out=x),
    "stack": lambda t, x, i: t.stack([x[:3], x[:3]], out=x.view(2, 3)),
    "scatter": lambda t, x, i: t.scatter(x, 0, i, x, out=x),
    "add": lambda t, x, i: t.add(x[:3], 1, out=x[1:4]),
    "add whole": lambda t, x, i: t.add(x, 1, out=x),
    "mul_": lambda t, x, i: x[1:].mul_(x[:-1].clone()),
}


@pytest.mark.parametrize("name", SHARED)
def test_targets_that_share_memory_with_arguments(reference, name):
    def body(t):
        return SHARED[name](t, t.arange(6.0), t.tensor([0, 2, 1]))

    assert_alike(body, reference)


OUT = {
    "gather": lambda t, x, out: t.gather(x, 0, t.zeros(1, 2, dtype=t.int64), out=out),
    "index_select": lambda t, x, out: t.index_select(x, 0, t.tensor([0]), out=out),
    "take": lambda t, x, out: t.take(x, t.tensor([0]), out=out),
    "masked_select": lambda t, x, out: t.masked_select(x, x > 0, out=out),
    "add": lambda t, x, out: t.add(x, x, out=out),
}


@pytest.mark.parametrize("dtype", ["float64", "int64", "bfloat16"])
@pytest.mark.parametrize("name", OUT)
def test_out_of_another_dtype(reference, name, dtype):
    assert_alike(lambda t: OUT[name](t, t.ones(2, 2), t.empty(0, dtype=getattr(t, dtype))).double(), reference)
