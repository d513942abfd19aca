"""Optimizers that are one formula: the driver that applies it to every parameter.

A `FormulaOptimizer` declares what it remembers of a parameter (`init`), the numbers that change
with the step (`coefficients`) and a pure function of arrays (`formula`)

    (param, grad, *buffers, *numbers, *, flags) -> (new param, *new buffers)

The driver runs it on arrays, compiled where they are large (`fused`), and writes the results in
place; with `differentiable=True` the same function runs on tensors. A buffer or a number that an
option leaves out is `None`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, ClassVar

import numpy as np

import flambeau
from flambeau.kernels.fusion import MANY
from flambeau.optim.optimizer import Closure, Optimizer, ParamsT
from flambeau.prims.core import threshold
from flambeau.tensor import Tensor

_CAPTURABLE_DEVICES = ["cuda", "xpu", "hpu", "privateuseone", "xla"]


def check_options(lr: Any, betas: tuple[Any, Any] | None = None, *, eps: float = 0.0, **non_negative: Any) -> None:
    """Raise ValueError for the first option that is out of its range."""
    if isinstance(lr, Tensor) and lr.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")
    if not lr >= 0.0:
        raise ValueError(f"Invalid learning rate: {lr}")
    if not eps >= 0.0:
        raise ValueError(f"Invalid epsilon value: {eps}")
    for i, beta in enumerate(betas or ()):
        if not 0.0 <= beta < 1.0:
            raise ValueError(f"Invalid beta parameter at index {i}: {beta}")
    for name, value in non_negative.items():
        if not value >= 0.0:
            raise ValueError(f"Invalid {name} value: {value}")


def zero_step() -> Tensor:
    """A step count: a 0-d float tensor, as checkpoints hold it."""
    wide = flambeau.get_default_dtype() == flambeau.float64
    return flambeau.tensor(0.0, dtype=flambeau.float64 if wide else flambeau.float32)


def present(*results: Any) -> tuple[Any, ...]:
    """What a formula returns: the new parameter and the new buffers, without those left out."""
    return tuple(result for result in results if result is not None)


class FormulaOptimizer(Optimizer):
    """Base of the optimizers whose step is one function of arrays."""

    formula: ClassVar[Callable[..., tuple[Any, ...]]]
    buffers: ClassVar[tuple[str, ...]] = ()
    elementwise: ClassVar[bool] = True

    def __init__(self, params: ParamsT, defaults: dict[str, Any]) -> None:
        if defaults.get("fused"):
            if defaults["differentiable"]:
                raise RuntimeError("`fused` does not support `differentiable`")
            if defaults["foreach"]:
                raise RuntimeError("`fused` and `foreach` cannot be `True` together.")
        super().__init__(params, defaults)

    def init(self, group: dict[str, Any], param: Tensor) -> dict[str, Any]:
        """The state of a parameter before its first step."""
        return {"step": zero_step(), **{name: flambeau.zeros_like(param) for name in self.buffers}}

    def advance(self, group: dict[str, Any], param: Tensor, state: dict[str, Any]) -> Hashable:
        """Count a step; gives what the coefficients depend on besides the options."""
        step = state["step"]._array
        step += 1
        return float(step)

    def coefficients(self, group: dict[str, Any], moment: Any) -> dict[str, Any]:
        """The formula's numbers and flags, from the options and what `advance` gave."""
        raise NotImplementedError

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for value in self.state.values():
            if "step" in value and not isinstance(value["step"], Tensor):
                value["step"] = zero_step().fill_(float(value["step"]))

    def step(self, closure: Closure | None = None) -> Any:
        """Make one update; `closure` evaluates the model anew and returns the loss."""
        loss = None
        if closure is not None:
            with flambeau.enable_grad():
                loss = closure()
        for group in self.param_groups:
            self._check_group(group)
            self._step_group(group)
        return loss

    def _check_group(self, group: dict[str, Any]) -> None:
        if group.get("capturable"):
            raise AssertionError(
                f"If capturable=True, params and state_steps must be on supported devices: {_CAPTURABLE_DEVICES}."
            )
        if group.get("foreach") and group.get("differentiable"):
            raise AssertionError("_foreach ops don't support autograd")

    def _step_group(self, group: dict[str, Any]) -> None:
        differentiable = group.get("differentiable")
        moments: dict[Hashable, dict[str, Any]] = {}
        together: dict[Any, list[list[Any]]] = {}
        for param in group["params"]:
            grad = param.grad
            if grad is None:
                continue
            state = self.state.get(param)
            if not state:
                state = self.init(group, param)
                if state:  # a rule that remembers nothing leaves no trace in checkpoints
                    self.state[param] = state
            moment = self.advance(group, param, state)
            coefficients = moments.get(moment)
            if coefficients is None:
                coefficients = moments[moment] = self.coefficients(group, moment)
            if differentiable:
                self._update_tensors(param, grad, state, coefficients)
                continue
            array = param._array
            held = [None if b is None else b._array for b in map(state.get, self.buffers)]
            arrays = [array, grad._array, *held]
            if array.dtype.kind == "c":  # the real and the imaginary parts are parameters
                for part in ("real", "imag"):
                    self._write([a if a is None else getattr(a, part) for a in arrays], coefficients)
            elif self.elementwise:
                left_out = tuple([a is None for a in held])
                together.setdefault((moment, array.dtype, left_out), []).append(arrays)
            else:
                self._write(arrays, coefficients)
            param._counter[0] += 1
        for (moment, *_), rows in together.items():
            self._write_together(rows, moments[moment])

    def _write(self, arrays: list[Any], coefficients: dict[str, Any]) -> None:
        """Update one parameter and its buffers, `[param, grad, *buffers]`, in place."""
        targets = present(arrays[0], *arrays[2:])
        self.formula(*arrays, **coefficients, out=targets)

    def _write_together(self, rows: list[list[Any]], coefficients: dict[str, Any]) -> None:
        """Update many parameters by one call of a kernel, or else the small ones by one call on all of them end to end."""
        from flambeau.kernels.many import step  # not needed where models are small

        large = threshold()
        if sum([row[0].size for row in rows]) * MANY >= large:
            rows = step(self.formula, rows, coefficients)
        for row in rows:
            if row[0].size >= large:
                self._write(row, coefficients)
        rows = [row for row in rows if row[0].size < large]
        if len(rows) == 1:
            self._write(rows[0], coefficients)
        if len(rows) < 2:
            return
        columns = list(zip(*rows, strict=True))
        joined = [None if c[0] is None else np.concatenate(c, axis=None) for c in columns]
        results = self.formula(*joined, **coefficients)
        del columns[1]  # the gradients
        used = [column for column in columns if column[0] is not None]
        for column, result in zip(used, results, strict=True):
            begin = 0
            for array in column:
                end = begin + array.size
                array[...] = result[begin:end].reshape(array.shape)
                begin = end

    def _update_tensors(self, param: Tensor, grad: Tensor, state: dict[str, Any], coefficients: dict[str, Any]) -> None:
        def real(x: Tensor | None) -> Tensor | None:
            return x if x is None or not x.is_complex() else flambeau.view_as_real(x)

        def like_param(x: Tensor) -> Tensor:
            return flambeau.view_as_complex(x) if param.is_complex() else x

        with flambeau.enable_grad():
            # Copies, because the step writes into the parameter and may hand on the gradient.
            args = (param.clone(), grad.clone(), *(state.get(name) for name in self.buffers))
            formula = self.formula.__wrapped__  # type: ignore[attr-defined]
            new, *kept = formula(*map(real, args), **coefficients)
            param.copy_(like_param(new))
        used = [name for name in self.buffers if state.get(name) is not None]
        for name, value in zip(used, kept, strict=True):
            state[name] = like_param(value)


def number(group: dict[str, Any], name: str) -> Any:
    """An option as a number; as the tensor that it is where the step is differentiated."""
    value = group[name]
    if isinstance(value, Tensor) and not group.get("differentiable"):
        return value.item()
    return value
