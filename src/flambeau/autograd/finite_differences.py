"""Derivatives against finite differences: the checks behind `gradcheck`.

A complex number is two real ones here. The derivative of a real part of an output by a complex
input x + iy is written d/dx + i d/dy, which is the gradient that backward computes.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import flambeau
from flambeau.tensor import Array, Tensor

from . import forward_ad
from .gradcheck import GradcheckError

_FAST_MODE = (
    "\nThe above quantities relating the numerical and analytical jacobians are computed \nin fast "
    "mode. See: https://github.com/pytorch/pytorch/issues/53876 for more background \nabout fast "
    "mode. Below, we recompute numerical and analytical jacobians in slow mode:\n\n"
)

_NONDETERMINISTIC = """

NOTE: If your op relies on non-deterministic operations i.e., it is listed here:
https://pytorch.org/docs/stable/generated/torch.use_deterministic_algorithms.html
this failure might be expected.

If you are adding a new operator, please file an issue and then use one of the
workarounds. The workaround depends on how your test invokes gradcheck/gradgradcheck.
If the test
- manually invokes gradcheck/gradgradcheck, then call gradcheck/gradgradcheck
  with `nondet_tol=<tol>` as a keyword argument.
- is OpInfo-based (e.g., in test_ops_gradients.py), then modify the OpInfo for the test
  to have `gradcheck_nondet_tol=<tol>`.
- is a Module test (e.g., in common_nn.py), then modify the corresponding
  module_test entry to have `gradcheck_nondet_tol=<tol>`
"""

_NOTES = "Please look at 'Notes about undefined output gradients' in 'tools/autograd/derivatives.yaml'"


def is_differentiable(value: Any) -> bool:
    return isinstance(value, Tensor) and (value.is_floating_point() or value.is_complex())


def _values(tensor: Tensor) -> Array:
    """A copy of a tensor's elements, in a row, with enough precision to subtract them."""
    kind = flambeau.complex128 if tensor.is_complex() else flambeau.float64
    return tensor.detach().to(kind).numpy().reshape(-1).copy()


def _close(found: Array, reference: Array, rtol: float, atol: float) -> bool:
    return bool(np.allclose(found, reference, rtol, atol, equal_nan=True))


@dataclass
class Problem:
    """A function, its arguments, and the outputs and inputs to be differentiated."""

    func: Callable[..., Any]
    inputs: tuple[Any, ...]
    eps: float

    def __post_init__(self) -> None:
        self.places = [
            place for place, item in enumerate(self.inputs) if is_differentiable(item) and item.requires_grad
        ]
        self.variables: list[Tensor] = [self.inputs[place] for place in self.places]
        self.results = self.as_outputs(self.func(*self.inputs))
        self.outputs = [item for item in self.results if is_differentiable(item) and item.requires_grad]

    @staticmethod
    def as_outputs(result: Any) -> list[Any]:
        return list(result) if isinstance(result, (tuple, list)) else [result]

    def evaluate(self, *, all_results: bool) -> list[Array]:
        """The values of the outputs for what the inputs hold now."""
        results = self.as_outputs(self.func(*self.inputs))
        if not all_results:
            results = [
                item
                for item, first in zip(results, self.results, strict=True)
                if is_differentiable(first) and first.requires_grad
            ]
        return [_values(item) for item in results if is_differentiable(item)]

    def difference(self, variable: Tensor, step: Array, *, all_results: bool = False) -> list[Array]:
        """The central difference of each output as `variable` moves by eps along `step`."""
        memory = variable.detach().numpy()
        before = memory.copy()
        try:
            memory[...] = before + self.eps * step
            above = self.evaluate(all_results=all_results)
            memory[...] = before - self.eps * step
            below = self.evaluate(all_results=all_results)
        finally:
            memory[...] = before
        return [(up - down) / (2 * self.eps) for up, down in zip(above, below, strict=True)]

    def numerical(self, variable: Tensor, unit: complex, *, all_results: bool = False) -> list[Array]:
        """For each output, the (input, output) matrix of differences along `unit`."""
        rows = [self.difference(variable, step * unit, all_results=all_results) for step in _basis(variable)]
        if not rows:
            return [np.zeros((0, output.numel())) for output in self.outputs]
        return [np.stack(columns) for columns in zip(*rows, strict=True)]

    def backward(self, output: Tensor, cotangent: Tensor) -> list[Tensor | None]:
        return list(flambeau.autograd.grad(output, self.variables, cotangent, retain_graph=True, allow_unused=True))

    def analytical(self, output: Tensor, unit: complex) -> list[Array]:
        """For each input, the (input, output) matrix of the cotangents of `output` times `unit`."""
        columns = []
        for step in _basis(output):
            cotangent = _tensor(step * unit, output)
            grads = self.backward(output, cotangent)
            columns.append(
                [
                    np.zeros(variable.numel(), _kind(variable)) if grad is None else _row(grad)
                    for grad, variable in zip(grads, self.variables, strict=True)
                ]
            )
        if not columns:
            return [np.zeros((variable.numel(), 0)) for variable in self.variables]
        return [np.stack(rows, axis=1) for rows in zip(*columns, strict=True)]

    def forward(self, place: int, direction: Array) -> list[Array]:
        """The tangents of the outputs for a tangent of one input."""
        with forward_ad.dual_level():
            inputs = [item.detach() if isinstance(item, Tensor) else item for item in self.inputs]
            primal = inputs[place]
            tangent = _tensor(direction, primal)
            inputs[place] = forward_ad.make_dual(primal, tangent)
            tangents = []
            for item, first in zip(self.as_outputs(self.func(*inputs)), self.results, strict=True):
                if is_differentiable(first) and first.requires_grad:
                    found = forward_ad.unpack_dual(item).tangent
                    size = first.numel()
                    tangents.append(np.zeros(size, _kind(first)) if found is None else _row(found))
        return tangents


def _tensor(values: Any, like: Tensor) -> Tensor:
    """`values`, an array or a NumPy number, as a tensor of the dtype of `like`."""
    return flambeau.from_numpy(np.asarray(values)).to(like.dtype)


def _kind(tensor: Tensor) -> Any:
    return tensor.dtype.numpy if tensor.dtype.itemsize > 2 else np.float32


def _row(tensor: Tensor) -> Array:
    return _values(tensor).astype(_kind(tensor))


def _basis(tensor: Tensor) -> Iterator[Array]:
    """The unit vectors of a tensor's shape."""
    for index in np.ndindex(*tensor.shape):
        step = np.zeros(tensor.shape)
        step[index] = 1
        yield step


@dataclass
class Options:
    """What `gradcheck` was asked for."""

    atol: float
    rtol: float
    nondet_tol: float
    check_undefined_grad: bool
    check_grad_dtypes: bool
    check_batched_grad: bool
    check_batched_forward_grad: bool
    check_forward_ad: bool
    check_backward_ad: bool
    fast_mode: bool


def _show(matrix: Array) -> str:
    return str(flambeau.from_numpy(np.ascontiguousarray(matrix)))


def _mismatch(
    prefix: str,
    mode: str,
    output: int,
    variable: int,
    numerical: Any,
    analytical: Any,
    slow: str = "",
) -> GradcheckError:
    what = f"{prefix}Jacobian {mode}mismatch"
    return GradcheckError(
        f"{what} for output {output} with respect to input {variable},\n"
        f"numerical:{numerical}\nanalytical:{analytical}\n{slow}"
    )


# --- reverse mode ----------------------------------------------------------------------------


def _parts(tensors: Sequence[Tensor], what: str) -> list[tuple[str, complex]]:
    """The real quantities to look at: the name of each, and the unit that stands for it."""
    if not any(tensor.is_complex() for tensor in tensors):
        return [("", 1)]
    return [
        (f"While considering the imaginary part of complex {what} only, ", 1j),
        (f"While considering the real part of complex {what} only, ", 1),
    ]


def _of_part(matrix: Array, unit: complex) -> Array:
    return np.imag(matrix) if unit == 1j else np.real(matrix)


def _reference(by_x: Array, by_y: Array | None, unit: complex) -> Array:
    """The derivative of one part of an output, as backward writes it."""
    if by_y is None:
        return _of_part(by_x, unit)
    return _of_part(by_x, unit) + 1j * _of_part(by_y, unit)


def _check_backward(problem: Problem, options: Options) -> None:
    differences = [
        (
            problem.numerical(variable, 1),
            problem.numerical(variable, 1j) if variable.is_complex() else None,
        )
        for variable in problem.variables
    ]
    for prefix, unit in _parts(problem.outputs, "outputs"):
        for index, output in enumerate(problem.outputs):
            if unit == 1j and not output.is_complex():
                continue
            found = problem.analytical(output, unit)
            again = problem.analytical(output, unit)
            for place, (by_x, by_y) in enumerate(differences):
                expected = _reference(by_x[index], None if by_y is None else by_y[index], unit)
                if not _close(found[place], expected, options.rtol, options.atol):
                    raise _mismatch(prefix, "", index, place, _show(expected), _show(found[place]))
                if not _close(found[place], again[place], 0.0, options.nondet_tol):
                    raise GradcheckError(
                        "Backward is not reentrant, i.e., running backward with same input and "
                        "grad_output multiple times gives different values, although analytical "
                        "gradient matches numerical gradient.The tolerance for nondeterminism was "
                        f"{options.nondet_tol}.{_NONDETERMINISTIC}"
                    )


def _check_zero_cotangent(problem: Problem, options: Options) -> None:
    """Backward is linear: nothing comes of nothing; and each gradient looks like its input."""
    zeros = [flambeau.zeros_like(output) for output in problem.outputs]
    grads = flambeau.autograd.grad(problem.outputs, problem.variables, zeros, retain_graph=True, allow_unused=True)
    for grad, variable in zip(grads, problem.variables, strict=True):
        if grad is None:
            continue
        if grad.layout != variable.layout:
            raise GradcheckError(f"grad is incorrect layout ({grad.layout} is not {variable.layout})")
        if bool((grad != 0).any()):
            raise GradcheckError("backward not multiplied by grad_output")
        if options.check_grad_dtypes and grad.dtype != variable.dtype:
            raise GradcheckError(f"grad is incorrect type: {grad.dtype} is not {variable.dtype}")
        if grad.device != variable.device:
            raise GradcheckError("grad is incorrect device")
        if grad.size() != variable.size():
            raise GradcheckError("grad is incorrect size")


def _check_undefined(problem: Problem) -> None:
    """Every output but one may be without a cotangent."""
    if len(problem.outputs) < 2:
        return
    for output in problem.outputs:
        others = [item for item in problem.outputs if item is not output]
        try:
            grads = flambeau.autograd.grad(
                others,
                problem.variables,
                [flambeau.zeros_like(item) for item in others],
                retain_graph=True,
                allow_unused=True,
            )
        except RuntimeError as error:
            raise GradcheckError(f"Expected backward function to handle undefined output grads. {_NOTES}") from error
        if not all(grad is None or bool((grad == 0).all()) for grad in grads):
            raise GradcheckError(
                "Expected all input grads to be undefined or zero when all output grads are "
                "undefined or zero. " + _NOTES
            )


def _check_batched(problem: Problem, options: Options) -> None:
    """One backward pass over a batch of cotangents gives what passes one by one give."""
    for index, output in enumerate(problem.outputs):
        batch = flambeau.stack([flambeau.randn_like(output) for _ in range(2)])
        singly = [problem.backward(output, cotangent) for cotangent in batch]
        together = flambeau.autograd.grad(
            output,
            problem.variables,
            batch,
            retain_graph=True,
            allow_unused=True,
            is_grads_batched=True,
        )
        for place, (found, *expected) in enumerate(zip(together, *singly, strict=True)):
            if found is None and all(grad is None for grad in expected):
                continue
            _compare_batched(found, expected, index, place, options)


def _compare_batched(found: Any, expected: Sequence[Any], output: int, variable: int, options: Options) -> None:
    if not flambeau.allclose(found, flambeau.stack(tuple(expected)), options.rtol, options.atol):
        raise GradcheckError(
            f"For output {output} and input {variable}:\n\nBatched gradients differ from those "
            f"computed one by one.\n\nGot:\n{found}\n\nExpected:\n{flambeau.stack(tuple(expected))}"
        )


# --- forward mode ----------------------------------------------------------------------------


def _check_forward(problem: Problem, options: Options) -> None:
    for variable_index, (place, variable) in enumerate(zip(problem.places, problem.variables, strict=True)):
        for prefix, unit in _parts([variable], "inputs"):
            expected = problem.numerical(variable, unit)
            rows = [problem.forward(place, step * unit) for step in _basis(variable)]
            for index, columns in enumerate(zip(*rows, strict=True)):
                found = np.stack(columns)
                if not _close(found, expected[index], options.rtol, options.atol):
                    raise _mismatch(
                        prefix,
                        "computed with forward mode ",
                        index,
                        variable_index,
                        _show(expected[index].astype(np.result_type(expected[index], found))),
                        _show(found),
                    )


def _check_batched_forward(problem: Problem, options: Options) -> None:
    """The same forward pass under vmap gives what passes one by one give."""
    for variable_index, (place, variable) in enumerate(zip(problem.places, problem.variables, strict=True)):
        others = [item.detach() if isinstance(item, Tensor) else item for item in problem.inputs]

        def push(tangent: Tensor, place: int = place, others: list[Any] = others) -> tuple[Any, ...]:
            inputs = list(others)
            with forward_ad.dual_level():
                inputs[place] = forward_ad.make_dual(inputs[place], tangent)
                results = Problem.as_outputs(problem.func(*inputs))
                unpacked = [forward_ad.unpack_dual(item) for item in results if is_differentiable(item)]
                return tuple(
                    flambeau.zeros_like(primal) if tangent is None else tangent for primal, tangent in unpacked
                )

        batch = flambeau.stack([flambeau.randn_like(variable.detach()) for _ in range(2)])
        singly = [push(tangent) for tangent in batch]
        for index, (found, *expected) in enumerate(zip(flambeau.vmap(push)(batch), *singly, strict=True)):  # type: ignore[attr-defined]
            _compare_batched(found, expected, index, variable_index, options)


# --- fast mode -------------------------------------------------------------------------------


def _unit_vector(tensor: Tensor, generator: Any) -> Array:
    """A random direction; complex for a complex tensor."""
    count = tensor.numel() * (2 if tensor.is_complex() else 1)
    numbers = flambeau.rand(count, generator=generator, dtype=flambeau.float64).numpy()
    numbers = numbers / (np.linalg.norm(numbers) or 1)
    if tensor.is_complex():
        numbers = numbers.view(np.complex128)
    return numbers.reshape(tensor.shape)


def _check_fast(problem: Problem, options: Options) -> None:
    """Compare the Jacobians along random directions u of the inputs and v of the outputs only."""
    generator = flambeau.Generator()
    directions = [_unit_vector(variable, generator) for variable in problem.variables]
    differences = [
        problem.difference(variable, direction)
        for variable, direction in zip(problem.variables, directions, strict=True)
    ]
    if options.check_backward_ad:
        for index, output in enumerate(problem.outputs):
            weights = np.abs(_unit_vector(output, generator))
            moved = [difference[index] for difference in differences]
            _check_fast_backward(problem, options, index, weights, directions, moved)
    if options.check_forward_ad:
        for variable, place in enumerate(problem.places):
            tangents = problem.forward(place, directions[variable])
            atol = options.atol * float(np.abs(directions[variable]).sum())
            for index, found in enumerate(tangents):
                expected = differences[variable][index]
                if not _close(found, expected, options.rtol, atol):
                    slow = _slow_report(problem, index, variable, None)
                    mode = "computed with forward mode "
                    shown = _show(expected), _show(found)
                    raise _mismatch("", mode, index, variable, *shown, slow)


def _check_fast_backward(
    problem: Problem,
    options: Options,
    index: int,
    weights: Array,
    directions: list[Array],
    differences: list[Array],
) -> None:
    """Compare v.J.u for one output, weighted by v, and every input, moved along its u."""
    output = problem.outputs[index]
    for prefix, unit in _parts([output], "outputs"):
        cotangent = _tensor(weights * unit, output)
        grads = problem.backward(output, cotangent)
        for place, (grad, direction) in enumerate(zip(grads, directions, strict=True)):
            expected = float(_of_part(differences[place], unit) @ weights.reshape(-1))
            found = 0.0
            if grad is not None:
                found = float(np.real(np.vdot(_values(grad), direction.reshape(-1))))
            atol = options.atol * float(np.abs(direction).sum() * weights.sum())
            if not _close(np.array(found), np.array(expected), options.rtol, atol):
                slow = _slow_report(problem, index, place, unit)
                raise _mismatch(prefix, "", index, place, expected, found, slow)


def _slow_report(problem: Problem, output: int, variable: int, unit: complex | None) -> str:
    """Both Jacobians whole, by backward for one part of the outputs, or by forward mode (None)."""
    tensor = problem.variables[variable]
    by_x = problem.numerical(tensor, 1)[output]
    if unit is None:
        place = problem.places[variable]
        expected = by_x
        found = np.stack([problem.forward(place, step)[output] for step in _basis(tensor)])
    else:
        by_y = problem.numerical(tensor, 1j)[output] if tensor.is_complex() else None
        expected = _reference(by_x, by_y, unit)
        found = problem.analytical(problem.outputs[output], unit)[variable]
    worst = float(np.abs(expected - found).max())
    return (
        f"{_FAST_MODE}Numerical:\n {_show(expected)}\nAnalytical:\n{_show(found)}\n\n"
        f"The max per-element difference (slow mode) is: {worst}.\n"
    )


# --- the whole -------------------------------------------------------------------------------


def check_inputs(inputs: tuple[Any, ...]) -> None:
    wanted = False
    for index, item in enumerate(inputs):
        if not (isinstance(item, Tensor) and item.requires_grad):
            continue
        wanted = True
        if item.dtype not in (flambeau.float64, flambeau.complex128):
            warnings.warn(
                f"Input #{index} requires gradient and is not a double precision floating point "
                "or complex. This check will likely fail if all the inputs are not of double "
                "precision floating point or complex. ",
                UserWarning,
                stacklevel=4,
            )
        if any(step == 0 and size > 1 for step, size in zip(item.stride(), item.size(), strict=True)):
            raise RuntimeError(
                f"The {index}th input has a dimension with stride 0. gradcheck only supports "
                "inputs that are non-overlapping to be able to compute the numerical gradients "
                "correctly. You should call .contiguous on the input before passing it to "
                "gradcheck."
            )
    if not wanted:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them have requires_grad=True."
        )


def check(problem: Problem, options: Options) -> bool:
    if not any(item.requires_grad for item in problem.results):
        for variable in problem.variables:
            for matrix in problem.numerical(variable, 1, all_results=True):
                if matrix.any():
                    raise GradcheckError("Numerical gradient for function expected to be zero")
        return True
    if options.fast_mode:
        _check_fast(problem, options)
    else:
        if options.check_backward_ad:
            _check_backward(problem, options)
        if options.check_forward_ad:
            _check_forward(problem, options)
    if options.check_batched_forward_grad:
        _check_batched_forward(problem, options)
    if options.check_backward_ad:
        if options.check_batched_grad:
            _check_batched(problem, options)
        _check_zero_cotangent(problem, options)
        if options.check_undefined_grad:
            _check_undefined(problem)
    return True


def random_like(tensor: Tensor, noncontiguous: bool) -> Tensor:
    from flambeau.testing import make_tensor

    kind = tensor.dtype if tensor.is_complex() or tensor.dtype.itemsize == 8 else flambeau.float64
    return make_tensor(
        tuple(tensor.size()),
        dtype=kind,
        device=tensor.device,
        low=-1,
        high=1,
        requires_grad=True,
        noncontiguous=noncontiguous,
    )
