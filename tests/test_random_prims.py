"""The samplers on arrays give PyTorch's numbers and leave the engine where PyTorch leaves it."""

import ml_dtypes
import numpy as np
import pytest

from flambeau.prims import random, random_rejection
from flambeau.prims.random_engine import Engine

torch = pytest.importorskip("torch")

WIDE = ("float64", "float32")
FLOATS = (*WIDE, "float16", "bfloat16")
COMPLEX = ("complex64", "complex128")
INTEGERS = ("int64", "int32", "int16", "int8", "uint8")

SHAPES = ((0,), (1,), (5,), (15,), (16,), (17,), (40,), (17001,), (4, 6), (3, 5, 7))
LAYOUTS = {
    "contiguous": lambda zeros, shape: zeros(shape),
    "transposed": lambda zeros, shape: zeros(shape).swapaxes(0, -1),
    "gaps": lambda zeros, shape: zeros((*shape, 2))[..., 0],
}


def numpy_dtype(name):
    return np.dtype(ml_dtypes.bfloat16 if name == "bfloat16" else name)


def as_array(tensor):
    if tensor.dtype is torch.bfloat16:
        return tensor.float().numpy().astype(ml_dtypes.bfloat16)
    return tensor.numpy()


def assert_same_draws(draw, reference, *, exact=False, spare=False):
    """Both run from one seed, perhaps with a spare normal number waiting."""
    generator, engine = torch.Generator().manual_seed(77), Engine(77)
    if spare:
        torch.randn(1, generator=generator)
        engine.standard_normal()
    want, got = as_array(reference(generator)), draw(engine)
    assert (got.shape, got.dtype) == (want.shape, want.dtype)
    if exact or want.dtype.kind not in "fc":
        np.testing.assert_array_equal(got.astype(complex), want.astype(complex))
    else:
        np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(engine.get_state(), generator.get_state().numpy())


def assert_same_fills(fill, reference, dtypes, *, exact=False):
    for dtype in dtypes:
        for shape in SHAPES:
            for make in LAYOUTS.values():
                target = make(lambda s, d=dtype: np.zeros(s, numpy_dtype(d)), shape)
                wanted = make(lambda s, d=dtype: torch.zeros(s, dtype=getattr(torch, d)), shape)
                assert_same_draws(
                    lambda engine, out=target: (fill(engine, out), out)[1],
                    lambda generator, out=wanted: reference(out, generator),
                    exact=exact,
                    spare=shape in {(5,), (17,)},
                )


@pytest.mark.parametrize("bounds", [(0, 1), (-2.3, 3.7), (1, 1.0000002), (0, 5), (2, 2)])
def test_uniform(bounds):
    assert_same_fills(
        lambda e, out: random.uniform(e, out, *bounds),
        lambda out, g: out.uniform_(*bounds, generator=g),
        FLOATS + COMPLEX,
        exact=True,
    )


@pytest.mark.parametrize(("mean", "std"), [(0, 1), (1.5, 0.7), (3, 0)])
def test_normal(mean, std):
    # A last bit that differs in float32 can move a rounding to 16 bits; these seeds have none.
    assert_same_fills(
        lambda e, out: random.normal(e, out, mean, std),
        lambda out, g: out.normal_(mean, std, generator=g),
        (*WIDE, "bfloat16", *COMPLEX),
    )


@pytest.mark.parametrize(
    ("name", "arguments", "dtypes"),
    [
        ("log_normal", (0.2, 0.5), FLOATS),
        ("exponential", (2.5,), FLOATS),
        ("cauchy", (0.2, 0.5), FLOATS),
        ("geometric", (0.3,), FLOATS + INTEGERS),
        ("geometric", (0.999,), FLOATS + INTEGERS),
    ],
)
def test_inversions(name, arguments, dtypes):
    assert_same_fills(
        lambda e, out: getattr(random, name)(e, out, *arguments),
        lambda out, g: getattr(out, f"{name}_")(*arguments, generator=g),
        dtypes,
    )


@pytest.mark.parametrize("p", [0, 1e-9, 0.25, 0.3, 0.5, 1])
def test_bernoulli_with_one_probability(p):
    assert_same_fills(
        lambda e, out: random.bernoulli(e, out, p),
        lambda out, g: out.bernoulli_(p, generator=g),
        (*FLOATS, *INTEGERS, "bool"),
    )


@pytest.mark.parametrize("dtype", FLOATS)
def test_bernoulli_with_an_array_of_probabilities(dtype):
    def probabilities(shape):
        return torch.linspace(0, 1, int(np.prod(shape)), dtype=getattr(torch, dtype)).reshape(shape)

    assert_same_fills(
        lambda e, out: random.bernoulli(e, out, as_array(probabilities(out.shape))),
        lambda out, g: out.bernoulli_(probabilities(out.shape), generator=g),
        ("float32", "int64"),
    )


@pytest.mark.parametrize(
    ("low", "high", "dtypes"),
    [
        (0, 10, FLOATS + INTEGERS),
        (-50, 50, ("int64", "int8", *FLOATS)),
        (0, 2**28 - 1, ("int64", "int32", "float64")),
        (5, 2**28 + 5, ("int64", "int32", "float64")),
        (0, 2**40, ("int64", "float64")),
        (-(2**63), 2**63 - 1, ("int64",)),
    ],
)
def test_integers(low, high, dtypes):
    assert_same_fills(
        lambda e, out: random.integers(e, out, low, high),
        lambda out, g: out.random_(low, high, generator=g),
        dtypes,
    )


@pytest.mark.filterwarnings("ignore:.*out of bounds")
@pytest.mark.parametrize(("dtype", "bits"), [("float64", 53), ("float32", 24), ("bfloat16", 8)])
def test_integers_move_bounds_that_a_float_dtype_would_round_over(dtype, bits):
    exact = 2**bits
    for low, high in ((0, 4 * exact), (0, 2 * exact + 1), (1 - 8 * exact, 8 * exact - 1)):
        assert_same_fills(
            lambda e, out, lo=low, hi=high: random.integers(e, out, lo, hi),
            lambda out, g, lo=low, hi=high: out.random_(lo, hi, generator=g),
            (dtype,),
        )


def test_any_integers():
    assert_same_fills(
        random.any_integers,
        lambda out, g: out.random_(generator=g),
        (*FLOATS, *INTEGERS, "bool"),
    )


@pytest.mark.parametrize("n", [0, 1, 2, 3, 10, 511, 512, 513, 2000, 40000])
def test_permutation(n):
    out = np.empty(n, np.int64)
    assert_same_draws(
        lambda e: (random.permutation(e, out), out)[1],
        lambda g: torch.randperm(n, generator=g),
    )


def arrays(dtype, *tensors):
    kind = getattr(torch, dtype)
    converted = [tensor.to(kind) for tensor in tensors]
    return converted, [as_array(tensor) for tensor in converted]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("scale", [5, 60, 4000])
def test_poisson(dtype, scale):
    (rates,), (rate_array,) = arrays(dtype, torch.linspace(0, scale, 300).reshape(10, 30).t())
    assert_same_draws(
        lambda e: random_rejection.poisson(e, rate_array),
        lambda g: torch.poisson(rates, generator=g),
    )


@pytest.mark.parametrize("dtype", WIDE)
@pytest.mark.parametrize("trials", [20, 300, 40000])
def test_binomial(dtype, trials):
    tensors, operands = arrays(dtype, torch.linspace(0, trials, 300).round(), torch.linspace(1, 0, 300))
    assert_same_draws(
        lambda e: random_rejection.binomial(e, *operands),
        lambda g: torch.binomial(*tensors, generator=g),
    )


@pytest.mark.parametrize("dtype", WIDE)
@pytest.mark.parametrize("scale", [0.1, 5, 50])
def test_gamma_and_dirichlet(dtype, scale):
    (shapes,), (array,) = arrays(dtype, torch.linspace(0, scale, 300).reshape(60, 5))
    assert_same_draws(
        lambda e: random_rejection.standard_gamma(e, array),
        lambda g: torch._standard_gamma(shapes, generator=g),
    )
    assert_same_draws(
        lambda e: random_rejection.dirichlet(e, array),
        lambda g: torch._sample_dirichlet(shapes, generator=g),
    )


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", [(7,), (3, 200)])
@pytest.mark.parametrize("replacement", [False, True])
def test_multinomial(dtype, shape, replacement):
    count = shape[-1]
    weights = torch.linspace(0.1, 1, count).expand(shape).contiguous()
    (weights,), (array,) = arrays(dtype, weights)
    # Among equal 16-bit quotients PyTorch's selection has an order of its own.
    for samples in (1, 2, count if dtype in WIDE else 3):
        assert_same_draws(
            lambda e, n=samples: random_rejection.multinomial(e, array, n, replacement=replacement),
            lambda g, n=samples: torch.multinomial(weights, n, replacement, generator=g),
        )


@pytest.mark.parametrize("draws", [0, 1, 623, 624, 625])
@pytest.mark.parametrize("spare", [False, True])
def test_states_are_exchanged_both_ways(draws, spare):
    generator, engine = torch.Generator().manual_seed(-5), Engine(-5)
    assert engine.initial_seed == generator.initial_seed() == 2**64 - 5
    torch.rand(draws, generator=generator)
    engine.draw32(draws)
    if spare:
        torch.randn(1, generator=generator)
        engine.standard_normal()
    state = engine.get_state()
    np.testing.assert_array_equal(state, generator.get_state().numpy())

    theirs, ours = torch.Generator(), Engine()
    theirs.set_state(torch.from_numpy(state.copy()))
    ours.set_state(generator.get_state().numpy())
    want, got = torch.randn(3, dtype=torch.float64, generator=theirs).numpy(), np.empty(3)
    random.normal(ours, got)
    np.testing.assert_allclose(got, want, rtol=1e-12)
    np.testing.assert_array_equal(ours.get_state(), theirs.get_state().numpy())


@pytest.mark.parametrize("state", [np.zeros(5056, np.uint8), np.zeros(8, np.uint8)])
def test_a_state_that_is_none_is_refused(state):
    with pytest.raises(RuntimeError) as theirs:
        torch.Generator().set_state(torch.from_numpy(state))
    with pytest.raises(RuntimeError) as ours:
        Engine().set_state(state)
    assert str(ours.value) == str(theirs.value)


def test_an_unseeded_engine_starts_as_pytorchs_and_clones_go_their_own_way():
    engine = Engine()
    np.testing.assert_array_equal(engine.get_state(), torch.Generator().get_state().numpy())
    engine.standard_normal()
    clone = engine.clone()
    assert clone.standard_normal() == engine.standard_normal()
    clone.double()
    assert not np.array_equal(clone.get_state(), engine.get_state())
    assert engine.seed() == engine.initial_seed
