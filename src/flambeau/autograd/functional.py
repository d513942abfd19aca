"""Products with Jacobians and Hessians of functions of tensors, and the matrices themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import flambeau
from flambeau.tensor import Tensor

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

Tensors = Tensor | tuple[Tensor, ...]
Grads = tuple[Tensor | None, ...]

_OUTPUTS = "outputs of the user-provided function"
_STRICT = "This is not allowed in strict mode"


def _as_tuple(value: Any, what: str, function: str) -> tuple[bool, tuple[Tensor, ...]]:
    """Whether `value` is a tuple, and it as one. Raises TypeError unless it holds tensors only."""
    is_tuple = isinstance(value, tuple)
    items = value if is_tuple else (value,)
    for index, item in enumerate(items):
        if not isinstance(item, Tensor):
            which = f"the value at index {index}" if is_tuple else f"the given {what}"
            raise TypeError(
                f"The {what} given to {function} must be either a Tensor or a tuple of Tensors but "
                f"{which} has type {type(item)}."
            )
    return is_tuple, items


def _unwrap(items: tuple[Any, ...], is_tuple: bool) -> Any:
    return items if is_tuple else items[0]


def _tracked(inputs: tuple[Tensor, ...], create_graph: bool) -> tuple[Any, ...]:
    """The inputs as tensors to differentiate by, connected to the caller's if wanted."""
    return tuple(
        item.view_as(item) if create_graph and item.requires_grad else item.detach().requires_grad_() for item in inputs
    )


def _detached(items: Any) -> Any:
    if isinstance(items, tuple):
        return tuple(_detached(item) for item in items)
    return items.detach()


def _grad(
    outputs: Sequence[Any],
    inputs: Sequence[Tensor],
    cotangents: Sequence[Any] | None = None,
    *,
    create_graph: bool = False,
) -> Grads:
    """The gradients of `inputs`, None for those that no output depends on."""
    cotangents = (None,) * len(outputs) if cotangents is None else cotangents
    used = [
        (output, cotangent)
        for output, cotangent in zip(outputs, cotangents, strict=True)
        if output is not None and output.requires_grad
    ]
    if not used:
        return (None,) * len(inputs)
    return flambeau.autograd.grad(
        [output for output, _ in used],
        inputs,
        [cotangent for _, cotangent in used],
        create_graph=create_graph,
        retain_graph=True,
        allow_unused=True,
    )


def _filled(
    grads: Grads,
    references: Sequence[Tensor],
    *,
    independent: str | None = None,
    constant: str | None = None,
) -> tuple[Tensor, ...]:
    """`grads` with zeros for None.

    `independent` and `constant`, if given, are the errors for a gradient that is None and for one
    that cannot be differentiated further; `{}` in them is its place.
    """
    filled: list[Any] = []
    for index, (grad, reference) in enumerate(zip(grads, references, strict=True)):
        if grad is None and independent:
            raise RuntimeError(independent.format(index))
        if grad is not None and constant and not grad.requires_grad:
            raise RuntimeError(constant.format(index))
        filled.append(flambeau.zeros_like(reference) if grad is None else grad)
    return tuple(filled)


_UNRELATED = f"The output of the user-provided function is independent of input {{}}. {_STRICT}."
_LINEAR = f"The jacobian of the user-provided function is independent of input {{}}. {_STRICT} when create_graph=True."
_NO_HESSIAN = (
    "While computing the hessian, found that the jacobian of the user-provided function with "
    f"respect to input {{}} is independent of the input. {_STRICT}. You should ensure that your "
    "function is twice differentiable and that the jacobian depends on the inputs (this would be "
    "violated by a linear function for example)."
)
_CONSTANT = (
    "Output {} of the user-provided function does not require gradients. The outputs must be "
    "computed in a differentiable manner from the input when running in strict mode."
)
_NO_TRICK = (
    "The gradient with respect to the input is independent of entry {} in the grad_outputs when "
    "using the double backward trick to compute forward mode gradients. This is not allowed in "
    "strict mode."
)
_NO_DOUBLE_TRICK = (
    "The hessian of the user-provided function is independent of entry {} in the grad_jacobian. "
    "This is not allowed in strict mode as it prevents from using the double backward trick to "
    "replace forward mode AD."
)
_NO_SECOND = f"The jacobian of the user-provided function is independent of input {{}}. {_STRICT}."


def _call(
    func: Callable[..., Any], inputs: tuple[Any, ...], function: str, strict: bool
) -> tuple[bool, tuple[Tensor, ...]]:
    is_tuple, outputs = _as_tuple(func(*inputs), _OUTPUTS, function)
    if strict:
        _filled(outputs, outputs, constant=_CONSTANT)
    return is_tuple, outputs


def _scalar_call(
    func: Callable[..., Any], inputs: tuple[Any, ...], function: str, strict: bool
) -> tuple[bool, tuple[Tensor, ...]]:
    """As `_call`, for a function that must return one number."""
    is_tuple, outputs = _call(func, inputs, function, strict)
    if is_tuple:
        raise RuntimeError(f"The function given to {function} should return a single Tensor")
    if outputs[0].numel() != 1:
        raise RuntimeError(f"The Tensor returned by the function given to {function} should contain a single element")
    return is_tuple, outputs


def _vector(v: Any, like: tuple[Tensor, ...], is_tuple: bool, owner: str, function: str) -> tuple[Any, ...]:
    """The vector of a product, checked against its tensors; ones for a single number."""
    if v is None:
        if len(like) != 1 or like[0].numel() != 1:
            raise RuntimeError(f"The vector v can only be None if {owner} a single Tensor with a single element.")
        return (flambeau.ones_like(like[0]),)
    _, items = _as_tuple(v, "v", function)
    if len(items) != len(like):
        if is_tuple:
            raise RuntimeError(f"v is a tuple of invalid length: should be {len(like)} but got {len(items)}.")
        raise RuntimeError("The given v should contain a single Tensor.")
    for index, (item, reference) in enumerate(zip(items, like, strict=True)):
        if item.size() != reference.size():
            entry = f"Entry {index} in " if is_tuple else ""
            raise RuntimeError(f"{entry}v has invalid size: should be {reference.size()} but got {item.size()}.")
    return items


_THE_INPUT = "the input to the user-provided function is"
_THE_OUTPUT = "the user-provided function returns"


def vjp(
    func: Callable[..., Any],
    inputs: Tensors,
    v: Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The value of `func` and the product of `v` with its Jacobian.

    Args:
        func: a function of tensors that returns a tensor or a tuple of tensors.
        inputs: its arguments.
        v: tensors of the outputs' shapes; may be left out for a single number.
        create_graph: let the result be differentiated further.
        strict: raise RuntimeError for an output or input that is not connected, instead of giving
            zeros.
    """
    with flambeau.enable_grad():
        many, given = _as_tuple(inputs, "inputs", "vjp")
        tracked = _tracked(given, create_graph)
        many_outputs, outputs = _call(func, tracked, "vjp", strict)
        vector = _vector(v, outputs, many_outputs, _THE_OUTPUT, "vjp")
        grads = _grad(outputs, tracked, vector, create_graph=create_graph)
        result = _filled(
            grads,
            tracked,
            independent=_UNRELATED if strict else None,
            constant=_LINEAR if strict and create_graph else None,
        )
    return _finish(outputs, many_outputs, result, many, create_graph)


def jvp(
    func: Callable[..., Any],
    inputs: Tensors,
    v: Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The value of `func` and the product of its Jacobian with `v`: a vjp, differentiated.

    Args:
        func: a function of tensors that returns a tensor or a tuple of tensors.
        inputs: its arguments.
        v: tensors of the inputs' shapes; may be left out for a single number.
        create_graph: let the result be differentiated further.
        strict: raise RuntimeError for an output or input that is not connected, instead of giving
            zeros.
    """
    with flambeau.enable_grad():
        many, given = _as_tuple(inputs, "inputs", "jvp")
        vector = _vector(v, given, many, _THE_INPUT, "jvp")
        tracked = _tracked(given, create_graph)
        many_outputs, outputs = _call(func, tracked, "jvp", strict)
        # A vjp is linear in its cotangents: its derivative by them, applied to v, is the jvp.
        cotangents = tuple(flambeau.zeros_like(output, requires_grad=True) for output in outputs)
        grads = _filled(
            _grad(outputs, tracked, cotangents, create_graph=True),
            tracked,
            independent=_UNRELATED if strict else None,
            constant=_LINEAR if strict and create_graph else None,
        )
        result = _filled(
            _grad(grads, cotangents, vector, create_graph=create_graph),
            outputs,
            independent=_NO_TRICK if strict else None,
            constant=_LINEAR if strict and create_graph else None,
        )
    return _finish(outputs, many_outputs, result, many_outputs, create_graph)


def vhp(
    func: Callable[..., Any],
    inputs: Tensors,
    v: Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The value of `func`, which returns one number, and the product of `v` with its Hessian.

    Args:
        func: a function of tensors that returns a tensor of one element.
        inputs: its arguments.
        v: tensors of the inputs' shapes; may be left out for a single number.
        create_graph: let the result be differentiated further.
        strict: raise RuntimeError for an output or input that is not connected, instead of giving
            zeros.
    """
    with flambeau.enable_grad():
        many, given = _as_tuple(inputs, "inputs", "vhp")
        vector = _vector(v, given, many, _THE_INPUT, "vhp")
        tracked = _tracked(given, create_graph)
        _, outputs = _scalar_call(func, tracked, "vhp", strict)
        gradient = _gradient(outputs, tracked, strict)
        result = _filled(
            _grad(gradient, tracked, vector, create_graph=create_graph),
            tracked,
            independent=_NO_SECOND if strict else None,
            constant=_LINEAR if strict and create_graph else None,
        )
    return _finish(outputs, False, result, many, create_graph)


def hvp(
    func: Callable[..., Any],
    inputs: Tensors,
    v: Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The value of `func`, which returns one number, and the product of its Hessian with `v`.

    A Hessian is symmetric where the second derivatives are continuous, so `vhp` gives the same for
    less.

    Args:
        func: a function of tensors that returns a tensor of one element.
        inputs: its arguments.
        v: tensors of the inputs' shapes; may be left out for a single number.
        create_graph: let the result be differentiated further.
        strict: raise RuntimeError for an output or input that is not connected, instead of giving
            zeros.
    """
    with flambeau.enable_grad():
        many, given = _as_tuple(inputs, "inputs", "hvp")
        vector = _vector(v, given, many, _THE_INPUT, "hvp")
        tracked = _tracked(given, create_graph)
        _, outputs = _scalar_call(func, tracked, "hvp", strict)
        gradient = _gradient(outputs, tracked, strict)
        cotangents = tuple(flambeau.zeros_like(item, requires_grad=True) for item in tracked)
        second = _filled(
            _grad(gradient, tracked, cotangents, create_graph=True),
            tracked,
            independent=_NO_SECOND if strict else None,
        )
        result = _filled(
            _grad(second, cotangents, vector, create_graph=create_graph),
            tracked,
            independent=_NO_DOUBLE_TRICK if strict else None,
            constant=_LINEAR if strict and create_graph else None,
        )
    return _finish(outputs, False, result, many, create_graph)


def _gradient(outputs: tuple[Tensor, ...], tracked: tuple[Any, ...], strict: bool) -> tuple[Any, ...]:
    """The gradient of one number, to be differentiated again."""
    grads = _grad(outputs, tracked, create_graph=True)
    return _filled(
        grads,
        tracked,
        independent=_UNRELATED if strict else None,
        constant=_NO_HESSIAN if strict else None,
    )


def _finish(
    outputs: tuple[Any, ...],
    many_outputs: bool,
    result: tuple[Any, ...],
    many_results: bool,
    create_graph: bool,
) -> tuple[Any, Any]:
    if not create_graph:
        outputs, result = _detached(outputs), _detached(result)
    return _unwrap(outputs, many_outputs), _unwrap(result, many_results)


def jacobian(
    func: Callable[..., Any],
    inputs: Tensors,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """The Jacobian of `func`: a tensor (*output.shape, *input.shape) for each output and input.

    Args:
        func: a function of tensors that returns a tensor or a tuple of tensors.
        inputs: its arguments.
        create_graph: let the result be differentiated further.
        strict: raise RuntimeError for an output or input that is not connected, instead of giving
            zeros.
        vectorize: compute all rows at once.
        strategy: "reverse-mode" (by rows) or "forward-mode" (by columns).

    Returns:
        A tensor, or tuples of tensors: by outputs where `func` returns a tuple, then by inputs
        where `inputs` is one.
    """
    if _by_forward_mode(strategy, create_graph, strict, vectorize):
        return _jacobian_by_columns(func, inputs)
    with flambeau.enable_grad():
        many, given = _as_tuple(inputs, "inputs", "jacobian")
        tracked = _tracked(given, create_graph)
        many_outputs, outputs = _call(func, tracked, "jacobian", strict)
        if vectorize and strict:
            raise RuntimeError(
                f"{_JACOBIAN}: `strict=True` and `vectorized=True` are not supported together. "
                "Please either set `strict=False` or `vectorize=False`."
            )
        rows = _rows_at_once if vectorize else _rows
        blocks = tuple(
            tuple(
                block.view(output.size() + item.size())
                for block, item in zip(rows(output, index, tracked, create_graph, strict), tracked, strict=True)
            )
            for index, output in enumerate(outputs)
        )
    if not create_graph:
        blocks = _detached(blocks)
    return _unwrap(tuple(_unwrap(block, many) for block in blocks), many_outputs)


_JACOBIAN = "torch.autograd.functional.jacobian"


def _by_forward_mode(strategy: str, create_graph: bool, strict: bool, vectorize: bool) -> bool:
    """Whether `strategy` is forward mode. Raises, as PyTorch does, where an option excludes it."""
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your '
            'function has more outputs than inputs, "forward-mode" tends to be more performant. '
            'Otherwise, prefer to use "reverse-mode".'
        )
    if strategy == "reverse-mode":
        return False
    excluded = (
        f'{_JACOBIAN}: `{{0}}=True` and `strategy="forward-mode"` are not supported together '
        '(yet). Please either set `{0}=False` or `strategy="reverse-mode"`.'
    )
    if create_graph:
        raise NotImplementedError(excluded.format("create_graph"))
    if strict:
        raise RuntimeError(excluded.format("strict"))
    if not vectorize:
        raise NotImplementedError(
            "Computing Jacobian using forward-AD or forward-over-reverse Hessian is"
            "only implemented for `vectorize=True`."
        )
    return True


def _rows(output: Tensor, index: int, inputs: tuple[Any, ...], create_graph: bool, strict: bool) -> list[Any]:
    """For each input, the gradients of one element of `output` after the other."""
    independent = f"Output {index} of the user-provided function is independent of input {{}}. {_STRICT}."
    rows = [
        _filled(
            _grad((element,), inputs, create_graph=create_graph),
            inputs,
            independent=independent if strict else None,
            constant=_LINEAR if strict and create_graph else None,
        )
        for element in output.reshape(-1)
    ]
    if not rows:
        return [item.new_zeros((0, *item.size())) for item in inputs]
    return [flambeau.stack(columns) for columns in zip(*rows, strict=True)]


def _rows_at_once(output: Tensor, index: int, inputs: tuple[Any, ...], create_graph: bool, strict: bool) -> list[Any]:
    """The same from one backward pass that carries a batch of cotangents."""
    count = output.numel()
    if not output.requires_grad or not count:
        return [item.new_zeros((count, *item.size())) for item in inputs]
    basis = flambeau.eye(count, dtype=output.dtype).view((count, *output.size()))
    grads = flambeau.autograd.grad(
        output,
        inputs,
        basis,
        create_graph=create_graph,
        retain_graph=True,
        allow_unused=True,
        is_grads_batched=True,
    )
    return [
        item.new_zeros((count, *item.size())) if grad is None else grad
        for grad, item in zip(grads, inputs, strict=True)
    ]


def _jacobian_by_columns(func: Callable[..., Any], inputs: Tensors) -> Any:
    """The Jacobian from one forward-mode pass for each element of the inputs."""
    from . import forward_ad

    many, given = _as_tuple(inputs, "inputs", "jacobian")
    columns: list[list[Any]] = []
    many_outputs = False
    for place, item in enumerate(given):
        for unit in flambeau.eye(item.numel(), dtype=item.dtype):
            with forward_ad.dual_level():
                duals = tuple(
                    forward_ad.make_dual(other.detach(), unit.view_as(item)) if index == place else other.detach()
                    for index, other in enumerate(given)
                )
                many_outputs, outputs = _as_tuple(func(*duals), _OUTPUTS, "jacobian")
                unpacked = [forward_ad.unpack_dual(output) for output in outputs]
                columns.append(
                    [flambeau.zeros_like(primal) if tangent is None else tangent for primal, tangent in unpacked]
                )
    blocks = []
    for tangents in zip(*columns, strict=True):
        by_input = []
        start = 0
        for item in given:
            own = tangents[start : start + item.numel()]
            start += item.numel()
            block = flambeau.stack(own, dim=-1)
            by_input.append(block.view(own[0].size() + item.size()))
        blocks.append(_unwrap(tuple(by_input), many))
    return _unwrap(tuple(blocks), many_outputs)


def hessian(
    func: Callable[..., Any],
    inputs: Tensors,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The Hessian of `func`, which returns one number: a tensor for each pair of inputs.

    Args:
        func: a function of tensors that returns a tensor of one element.
        inputs: its arguments.
        create_graph: let the result be differentiated further.
        strict: raise RuntimeError for an output or input that is not connected, instead of giving
            zeros.
        vectorize: compute all rows at once.
        outer_jacobian_strategy: how the gradient is differentiated: "reverse-mode" or
            "forward-mode".
    """
    many, _ = _as_tuple(inputs, "inputs", "hessian")
    if outer_jacobian_strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode".')

    def number(*args: Tensor) -> Tensor:
        return _scalar_call(func, args, "hessian", strict)[1][0].squeeze()

    def gradient(*args: Any) -> Any:
        if outer_jacobian_strategy == "forward-mode":
            args = tuple(arg.requires_grad_(True) for arg in args)
        found = jacobian(number, args, create_graph=True)
        if strict:
            _filled(found, found, constant=_NO_HESSIAN)
        return found if many else found[0]

    return jacobian(
        gradient,
        inputs,
        create_graph=create_graph,
        strict=strict,
        vectorize=vectorize,
        strategy=outer_jacobian_strategy,
    )
