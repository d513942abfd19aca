"""Draws that depend on a tensor: `bernoulli`, `multinomial`, `poisson`, `binomial`, gamma.

Their gradients are zero, except for Gamma numbers, which move with their parameters.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau import dtypes
from flambeau.autograd import inplace
from flambeau.ops.creation import creator
from flambeau.ops.declare import functions, op
from flambeau.ops.dispatch import write_out
from flambeau.ops.errors import broadcast_error
from flambeau.ops.random import (
    bernoulli_,
    check_bernoulli,
    engine_of,
    invalid_arguments,
    is_float,
    is_integer,
    is_number,
    no_gradient,
    number,
    scalar_name,
    unsupported,
)
from flambeau.prims import random as samplers
from flambeau.prims import random_gradients as gradients
from flambeau.prims import random_rejection as rejection
from flambeau.tensor import Array, Tensor, wrap


@op(name="bernoulli", grad_name="BernoulliBackward0", out=False)
def _bernoulli(input, p: Any = None, *, generator: Any = None):
    """Ones with the probabilities that `input` holds, or all with probability `p`; zeros else."""
    if not (p is None or is_number(p)):
        raise invalid_arguments(
            "bernoulli",
            (wrap(input), p),
            {},
            "Tensor input, *, torch.Generator generator = None, Tensor out = None",
            "Tensor input, float p, *, torch.Generator generator = None",
        )
    result = np.empty(input.shape, input.dtype)
    probability = input if p is None else number(p)
    check_bernoulli(result, probability)
    samplers.bernoulli(engine_of(generator, "bernoulli"), result, probability)
    return result


@op(grad_name="PoissonBackward0", method=False, out=False)
def poisson(input, generator: Any = None):
    """A number from the Poisson distribution of each rate in `input`.

    Raises RuntimeError for rates that are negative or NaN.
    """
    if not is_float(input):
        raise unsupported("poisson_cpu", input)
    if not np.all(input >= 0):
        raise RuntimeError("invalid Poisson rate, expected rate to be non-negative")
    return rejection.poisson(engine_of(generator, "poisson"), input)


@op(method=False, out=False)
def binomial(count, prob, generator: Any = None):
    """The number of successes in `count` trials of probability `prob`, element by element.

    Raises ValueError for integers, RuntimeError for two different dtypes.
    """
    for name, array in (("count", count), ("prob", prob)):
        if array.dtype.kind not in "fV":
            raise ValueError(f"binomial only supports floating-point dtypes for {name}, got: {scalar_name(array)}")
    if count.dtype != prob.dtype:
        raise RuntimeError(f"Found dtype {scalar_name(prob)} but expected {scalar_name(count)}")
    if count.dtype.name not in {"float32", "float64"}:
        raise unsupported("binomial_cpu", count)
    try:
        count, prob = np.broadcast_arrays(count, prob)
    except ValueError:
        raise broadcast_error(count, prob) from None
    return rejection.binomial(engine_of(generator, "binomial"), count, prob)


_bernoulli.vjp(input=no_gradient)
poisson.vjp(input=no_gradient)


@op(name="multinomial", out=False)
def _multinomial(input, num_samples: int, replacement: bool = False, *, generator: Any = None):
    """Indices of each row of `input`, drawn in proportion to the weights the row holds."""
    if not is_integer(num_samples):
        kind = type(num_samples).__name__
        raise TypeError(f"multinomial(): argument 'num_samples' (position 2) must be int, not {kind}")
    _check_weights(input, num_samples, replacement)
    if input.size == 0:
        return np.empty((*input.shape[:-1], num_samples), np.int64)
    engine = engine_of(generator, "multinomial")
    return rejection.multinomial(engine, input, num_samples, replacement=replacement)


def _check_weights(weights: Array, samples: int, replacement: bool) -> None:
    if weights.ndim not in (1, 2):
        raise RuntimeError("prob_dist must be 1 or 2 dim")
    if weights.dtype.kind not in "fV":
        raise RuntimeError(f"multinomial only supports floating-point dtypes for input, got: {scalar_name(weights)}")
    if samples <= 0:
        raise RuntimeError("cannot sample n_sample <= 0 samples")
    if not replacement and samples > weights.shape[-1]:
        raise RuntimeError("cannot sample n_sample > prob_dist.size(-1) samples without replacement")
    if weights.shape[-1] > 2**24:
        raise RuntimeError("number of categories cannot exceed 2^24")
    if replacement and samples > 1:
        for flaw, found in (
            ("encountering probability entry < 0", weights < 0),
            ("encountering probability entry = infinity or NaN", ~np.isfinite(weights)),
        ):
            if np.any(found):
                raise RuntimeError(f"invalid multinomial distribution ({flaw})")
    elif not np.all((weights >= 0) & np.isfinite(weights)):
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if not np.all(weights.any(-1)):
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")


@op(name="_standard_gamma", grad_name="StandardGammaBackward0", method=False, out=False)
def _standard_gamma(input, generator: Any = None):
    """A number from the Gamma distribution of each shape in `input`, with scale 1."""
    if input.dtype.name not in {"float32", "float64"}:
        raise unsupported("gamma_cpu", input)
    return rejection.standard_gamma(engine_of(generator, "_standard_gamma"), input)


@op(name="_standard_gamma_grad", method=False, out=False)
def _standard_gamma_grad(input, output):
    """How Gamma numbers `output` move with their shapes `input` at a fixed quantile."""
    return gradients.standard_gamma_grad(input, output)


_standard_gamma.vjp(input=lambda g, input, result: g * _standard_gamma_grad(input, result))


@op(name="_sample_dirichlet", method=False, out=False)
def _sample_dirichlet(input, generator: Any = None):
    """A point of the simplex for each row of concentrations."""
    if input.dtype.name not in {"float32", "float64"}:
        raise unsupported("dirichlet", input)
    return rejection.dirichlet(engine_of(generator, "_sample_dirichlet"), input)


@op(name="_dirichlet_grad", method=False, out=False)
def _dirichlet_grad(x, alpha, total):
    """How Beta numbers `x` move with `alpha`, where `total` is the sum of both parameters."""
    return gradients.dirichlet_grad(x, alpha, total)


def bernoulli(input: Any, p: Any = None, *, generator: Any = None, out: Tensor | None = None) -> Any:
    """Ones with the probabilities that `input` holds, or all with probability `p`; zeros else."""
    if out is None:
        return _bernoulli(input, p, generator=generator)
    if out.shape != input.shape:
        inplace.resize(out, input.shape)
    return bernoulli_(out, input if p is None else p, generator=generator)


def multinomial(
    input: Any,
    num_samples: int,
    replacement: bool = False,
    *,
    generator: Any = None,
    out: Tensor | None = None,
) -> Any:
    """Indices of each row of `input`, drawn in proportion to the weights the row holds."""
    if out is not None and out.dtype is not dtypes.int64:
        kind = dtypes.scalar_name(out.dtype)
        raise RuntimeError(f"multinomial expects Long tensor out, got: {kind}")
    result = _multinomial(input, num_samples, replacement, generator=generator)
    return result if out is None else write_out("multinomial", out, result)


creator(bernoulli)
creator(multinomial)

# PyTorch has these under their private names, and programs use them there.
for _each in (_standard_gamma, _standard_gamma_grad, _sample_dirichlet, _dirichlet_grad):
    functions[_each.__name__] = _each
