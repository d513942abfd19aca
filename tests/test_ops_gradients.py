"""Every differentiable op against finite differences, first and second order, both modes.

The calls come from the op table and from `op_samples`; the last test here asks the graphs that they
recorded whether any op was left out.
"""

import pytest
from op_samples import all_calls, arguments, has_derivative, pointwise_call, results_of

import flambeau as fb
from flambeau.autograd.gradcheck import gradcheck, gradgradcheck
from flambeau.ops import table

SAMPLES = dict(all_calls())
POINTWISE = [name for name in SAMPLES if name in table]
COMPLEX = [
    *("add", "sub", "mul", "true_divide", "pow", "neg", "positive", "reciprocal", "square"),
    *("sqrt", "rsqrt", "abs", "sgn", "angle", "conj", "exp", "expm1", "sigmoid", "silu"),
    *("log", "log2", "log10", "log1p", "sin", "cos", "tan", "asin", "acos", "atan"),
    *("sinh", "cosh", "tanh", "asinh", "acosh", "atanh"),
]
"""The pointwise ops that PyTorch differentiates on complex numbers."""


@pytest.mark.parametrize("name", SAMPLES)
def test_first_derivatives(name):
    function, *shapes = SAMPLES[name]
    assert gradcheck(function, arguments(function, shapes), check_forward_ad=True)


@pytest.mark.parametrize("name", SAMPLES)
def test_second_derivatives(name):
    function, *shapes = SAMPLES[name]
    assert gradgradcheck(function, arguments(function, shapes), atol=1e-4)


@pytest.mark.parametrize("name", COMPLEX)
def test_complex_derivatives(name):
    function, *shapes = SAMPLES[name]
    leaves = arguments(function, shapes, fb.complex128)
    assert gradcheck(function, leaves, check_forward_ad=True)
    assert gradgradcheck(function, leaves, atol=1e-4)


@pytest.mark.parametrize("name", [name for name in POINTWISE if "inplace" in table[name].forms])
def test_in_place_is_the_function(name):
    op = table[name]
    function, *shapes = pointwise_call(op)
    first, *others = arguments(function, shapes)
    expected = function(first, *others)
    target = first.clone()
    assert op.forms["inplace"](target, *others) is target
    assert target.tolist() == expected.tolist()
    weights = fb.rand_like(expected)
    leaves = [first, *others]
    wanted = fb.autograd.grad(expected, leaves, weights, allow_unused=True)
    found = fb.autograd.grad(target, leaves, weights, allow_unused=True)
    fb.testing.assert_close(found, wanted)


@pytest.mark.parametrize("name", [name for name in POINTWISE if table[name].out])
def test_out_is_the_function(name):
    function, *shapes = pointwise_call(table[name])
    leaves = [leaf.detach() for leaf in arguments(function, shapes)]
    expected = function(*leaves)
    out = fb.empty_like(expected)
    assert function(*leaves, out=out) is out
    assert out.tolist() == expected.tolist()


def ops_behind(tensors):
    """The names of the ops in the graph of these tensors."""
    found, seen = set(), set()
    stack = [tensor.grad_fn for tensor in tensors if tensor is not None]
    while stack:
        node = stack.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        op = getattr(type(node), "op", None)
        if op is not None:
            found.add(op.name)
        stack.extend(edge for edge, _ in node.next_functions)
    return found


# Draws whose gradient PyTorch defines as zero, or by implicit differentiation of the distribution:
# finite differences of one draw are not that, so `test_random` compares them with PyTorch's.
DRAWN = {"_normal_mean", "_normal_std", "_normal_both", "_standard_gamma"}


def test_no_differentiable_op_is_left_out():
    reached = set(DRAWN)
    for function, *shapes in SAMPLES.values():
        leaves = arguments(function, shapes)
        results = results_of(function(*leaves))
        reached |= ops_behind(results)
        total = [(result.abs() ** 2).sum() for result in results if result.requires_grad]
        grads = fb.autograd.grad(total, leaves, create_graph=True, allow_unused=True)
        reached |= ops_behind(grads)
    missing = {name for name, op in table.items() if has_derivative(op)} - reached
    assert missing == set()
