"""`gradcheck` finds wrong gradients and passes right ones; Jacobians; forward mode."""

import numpy as np
import pytest

import flambeau as fb
from flambeau.autograd import forward_ad
from flambeau.autograd import functional as F
from flambeau.autograd.gradcheck import GradcheckError, gradcheck, gradgradcheck


def rows(framework):
    """Two vectors to differentiate by."""
    return tuple(
        framework.tensor(values, dtype=framework.float64, requires_grad=True) for values in ([1.0, 2.0], [3.0, 4.0])
    )


def functions(framework):
    """Functions with gradients that are wrong each in its own way."""

    class Base(framework.autograd.Function):
        @staticmethod
        def forward(ctx, a):
            return a * 2

        @staticmethod
        def jvp(ctx, tangent):
            return tangent * 3

    class Wrong(Base):
        @staticmethod
        def backward(ctx, g):
            return g * 3

    class Constant(Base):
        @staticmethod
        def backward(ctx, g):
            return framework.full_like(g, 2)

    class Unsteady(Base):
        calls = 0

        @staticmethod
        def backward(ctx, g):
            Unsteady.calls += 1
            return g * (2 + 1e-7 * Unsteady.calls)

    class WrongSecond(framework.autograd.Function):
        @staticmethod
        def forward(ctx, a):
            ctx.save_for_backward(a)
            return a**2

        @staticmethod
        def backward(ctx, g):
            return g * 2 * ctx.saved_tensors[0].detach()

    return Wrong.apply, Constant.apply, Unsteady.apply, WrongSecond.apply


CHECKS = {
    "right": lambda f, check, x, y: check(f.mul, (x, y)),
    "single": lambda f, check, x, y: check(f.exp, x),
    "complex": lambda f, check, x, y: check(f.mul, (complex_of(f, x), complex_of(f, y))),
    "complex to real": lambda f, check, x, y: check(f.abs, (complex_of(f, x),)),
    "fast": lambda f, check, x, y: check(f.mul, (x, y), fast_mode=True),
    "forward": lambda f, check, x, y: check(f.mul, (x, y), check_forward_ad=True),
    "batched": lambda f, check, x, y: check(f.mul, (x, y), check_batched_grad=True),
    "wrong": lambda f, check, x, y: check(functions(f)[0], (x,)),
    "wrong, quietly": lambda f, check, x, y: check(functions(f)[0], (x,), raise_exception=False),
    "wrong forward": lambda f, check, x, y: check(
        functions(f)[0], (x,), check_forward_ad=True, check_backward_ad=False
    ),
    "wrong second output": lambda f, check, x, y: check(lambda a, b: (a * b, functions(f)[0](b)), (x, y)),
    "constant": lambda f, check, x, y: check(functions(f)[1], (x,)),
    "unsteady": lambda f, check, x, y: check(functions(f)[2], (x,)),
    "unsteady allowed": lambda f, check, x, y: check(functions(f)[2], (x,), nondet_tol=1e-3),
    "nothing to check": lambda f, check, x, y: check(f.mul, (x.detach(), y.detach())),
    "neither mode": lambda f, check, x, y: check(f.mul, (x, y), check_backward_ad=False),
    "batched without mode": lambda f, check, x, y: check(f.mul, (x, y), check_batched_forward_grad=True),
    "cut off": lambda f, check, x, y: check(lambda a: a.detach() * 2, (x,)),
    "constant function": lambda f, check, x, y: check(lambda a: f.ones(2), (x,)),
    "integer output": lambda f, check, x, y: check(lambda a: (a * 2, a.long()), (x,)),
    "overlapping": lambda f, check, x, y: check(f.exp, (f.ones(1, dtype=f.float64).expand(3).requires_grad_(),)),
}


def complex_of(framework, x):
    return (x.detach() + 1j * x.detach().flip(0)).requires_grad_()


def outcome(call):
    try:
        return call()
    except (RuntimeError, ValueError, AssertionError, TypeError, NotImplementedError) as error:
        return type(error).__name__, str(error)


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")
@pytest.mark.parametrize("name", CHECKS)
def test_gradcheck_answers_as_pytorch_does(reference, name):
    check = CHECKS[name]
    expected = outcome(lambda: check(reference, reference.autograd.gradcheck, *rows(reference)))
    assert outcome(lambda: check(fb, gradcheck, *rows(fb))) == expected


def test_a_fast_mismatch_shows_both_jacobians_whole():
    with pytest.raises(GradcheckError, match=r"difference \(slow mode\) is: 1\.0"):
        gradcheck(functions(fb)[0], rows(fb)[:1], fast_mode=True)


def test_single_precision_is_warned_of():
    x = fb.ones(2, requires_grad=True)
    with pytest.warns(UserWarning, match="is not a double precision floating point or complex"):
        assert gradcheck(fb.mul, (x, rows(fb)[0]), atol=0.3)


def test_second_derivatives():
    x, y = rows(fb)
    assert gradgradcheck(fb.mul, (x, y))
    assert gradgradcheck(lambda a: (a**3).sum(), (x,), check_fwd_over_rev=True)
    assert gradgradcheck(fb.exp, (x,), fb.ones(2, dtype=fb.float64, requires_grad=True))
    with pytest.raises(GradcheckError, match="Jacobian mismatch for output 0 with respect to input 0"):
        gradgradcheck(functions(fb)[3], (x,))


# --- functional ------------------------------------------------------------------------------

a, b = [1.0, 2.0], [3.0, 4.0]
PRODUCTS = {
    "values": lambda f, G: G(lambda x: (x**2).sum(), f.tensor(a), *weights(f, G, a)),
    "two inputs": lambda f, G: G(lambda x, y: (x * y).sum(), (f.tensor(a), f.tensor(b)), *weights(f, G, b, a)),
    "linear": lambda f, G: G(lambda x: x.sum(), f.tensor(a), *weights(f, G, b)),
    "linear, strict": lambda f, G: G(lambda x: x.sum(), f.tensor(a), *weights(f, G, b), strict=True),
    "unused": lambda f, G: G(lambda x, y: (x**2).sum(), (f.tensor(a), f.tensor(b)), *weights(f, G, b, a)),
    "unused, strict": lambda f, G: G(
        lambda x, y: (x**2).sum(), (f.tensor(a), f.tensor(b)), *weights(f, G, b, a), strict=True
    ),
    "constant": lambda f, G: G(lambda x: f.ones(()), f.tensor(a), *weights(f, G, b)),
    "constant, strict": lambda f, G: G(lambda x: f.ones(()), f.tensor(a), *weights(f, G, b), strict=True),
    "no tensor in": lambda f, G: G(lambda x: x, 3),
    "no tensor out": lambda f, G: G(lambda x: 3, f.tensor(a), *weights(f, G, b)),
    "not a number": lambda f, G: G(lambda x: x**2, f.tensor(a), *weights(f, G, b)),
}


def weights(framework, function, *values):
    """The vector of a product: like the output for a vjp, like the inputs for the others."""
    name = function.__name__
    if name in ("jacobian", "hessian"):
        return ()
    if name == "vjp":
        return (framework.tensor(1.0),)
    vectors = tuple(framework.tensor(each) for each in values)
    return (vectors if len(vectors) > 1 else vectors[0],)


def listed(result):
    if isinstance(result, tuple):
        return [listed(each) for each in result]
    return result.tolist() if hasattr(result, "tolist") else result


@pytest.mark.parametrize("case", PRODUCTS)
@pytest.mark.parametrize("name", ["jacobian", "hessian", "vjp", "jvp", "vhp", "hvp"])
def test_functional_answers_as_pytorch_does(reference, name, case):
    call = PRODUCTS[case]
    expected = outcome(lambda: call(reference, getattr(reference.autograd.functional, name)))
    assert listed(outcome(lambda: call(fb, getattr(F, name)))) == listed(expected)


def test_vectorized_jacobians_are_the_same():
    def f(x, y):
        return x.sin() * y, (x * y).sum()

    inputs = (fb.tensor(a), fb.tensor(b))
    plain = F.jacobian(f, inputs)
    fb.testing.assert_close(F.jacobian(f, inputs, vectorize=True), plain)
    fb.testing.assert_close(F.jacobian(f, inputs, vectorize=True, strategy="forward-mode"), plain)


def test_a_hessian_by_forward_over_reverse():
    def f(x):
        return (x**3).sum() * x[0]

    x = fb.tensor(a)
    expected = F.hessian(f, x)
    found = F.hessian(f, x, vectorize=True, outer_jacobian_strategy="forward-mode")
    fb.testing.assert_close(found.detach(), expected)


def test_results_can_be_differentiated_further():
    x = fb.tensor(a, requires_grad=True)
    value, product = F.vjp(lambda x: (x**3).sum(), x, create_graph=True)
    (grad,) = fb.autograd.grad(product.sum(), x)
    assert grad.tolist() == [6, 12]
    assert value.requires_grad
    assert not F.vjp(lambda x: (x**3).sum(), x)[1].requires_grad


# --- forward mode ----------------------------------------------------------------------------

FORWARD = {
    "product": lambda d: d * d,
    "chain": lambda d: (d.sin() * 2).exp(),
    "sum": lambda d: d.sum(),
    "index": lambda d: d[0],
    "view": lambda d: d.reshape(2, 1).t(),
    "cast": lambda d: d.double(),
    "promotion": lambda d: d * d.double().detach() + d,
    "several results": lambda d: d.max(0).values,
    "in place": lambda d: d.clone().mul_(d),
    "assignment": lambda d: assigned(d),
    "comparison": lambda d: d == d,
    "integers": lambda d: d.long(),
    "detached": lambda d: d.detach(),
    "constant": lambda d: d.new_ones(2),
}


def assigned(d):
    target = d.new_zeros(2, 2)
    target[0] = d
    return target


@pytest.mark.parametrize("name", FORWARD)
def test_tangents_are_pytorchs(reference, name):
    def run(framework):
        forward = framework.autograd.forward_ad
        with forward.dual_level():
            dual = forward.make_dual(framework.tensor(a), framework.tensor(b))
            pair = forward.unpack_dual(FORWARD[name](dual))
        return [None if each is None else each.numpy() for each in pair]

    for ours, theirs in zip(run(fb), run(reference), strict=True):
        assert (ours is None) == (theirs is None)
        if ours is not None:
            np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_forward_mode_composes_with_reverse_mode():
    x = fb.tensor(a, requires_grad=True)
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(x, fb.tensor(b))
        tangent = forward_ad.unpack_dual((dual**3).sum()).tangent
        (second,) = fb.autograd.grad(tangent, x)
    assert second.tolist() == [18, 48]


DUAL_ERRORS = {
    "no level": lambda f, fw: fw.make_dual(f.tensor(a), f.tensor(b)),
    "shape": lambda f, fw: within(fw, lambda: fw.make_dual(f.tensor(a), f.ones(3))),
    "primal": lambda f, fw: within(fw, lambda: fw.make_dual(f.tensor([1, 2]), f.tensor(b))),
    "tangent": lambda f, fw: within(fw, lambda: fw.make_dual(f.tensor(a), f.tensor([1, 2]))),
    "nested": lambda f, fw: within(fw, fw.enter_dual_level),
    "exit": lambda f, fw: fw.exit_dual_level(),
    "twice": lambda f, fw: within(fw, lambda: fw.make_dual(fw.make_dual(f.tensor(a), f.tensor(b)), f.tensor(b))),
}


def within(forward, call):
    with forward.dual_level():
        return call()


@pytest.mark.parametrize("name", DUAL_ERRORS)
def test_wrong_duals_are_refused_as_in_pytorch(reference, name):
    call = DUAL_ERRORS[name]
    expected = outcome(lambda: call(reference, reference.autograd.forward_ad))
    assert outcome(lambda: call(fb, forward_ad)) == expected
