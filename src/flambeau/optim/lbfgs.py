"""Limited-memory BFGS with a strong Wolfe line search."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import flambeau
from flambeau.optim.optimizer import Closure, Optimizer, ParamsT
from flambeau.tensor import Tensor

__all__ = ["LBFGS"]


class Point(NamedTuple):
    """The objective along a line: step length, value, gradient, slope."""

    t: float
    value: float
    grad: Tensor
    slope: float


def cubic_minimum(a: Point, b: Point, low: float, high: float) -> float:
    """Minimizer within `[low, high]` of the cubic through both points (Nocedal-Wright 3.59)."""
    if a.t > b.t:
        a, b = b, a
    mixed = a.slope + b.slope - 3 * (a.value - b.value) / (a.t - b.t)
    square = mixed * mixed - a.slope * b.slope
    if not square >= 0:
        return (low + high) / 2
    root = square**0.5
    t = b.t - (b.t - a.t) * ((b.slope + root - mixed) / (b.slope - a.slope + 2 * root))
    return min(max(t, low), high)


def strong_wolfe(
    evaluate: Callable[[float], Point],
    start: Point,
    t: float,
    longest: float,
    *,
    tolerance: float,
    c1: float = 1e-4,
    c2: float = 0.9,
    max_evals: int = 25,
) -> tuple[Point, int]:
    """A step that satisfies the strong Wolfe conditions, and the number of evaluations.

    Nocedal and Wright, algorithms 3.5 and 3.6, with cubic interpolation. `longest` is the largest
    entry of the direction, by which `tolerance` limits the bracket.
    """

    def too_high(point: Point) -> bool:
        return point.value > start.value + c1 * point.t * start.slope

    def flat(point: Point) -> bool:
        return abs(point.slope) <= -c2 * start.slope

    last, point, evals, tries = start, evaluate(t), 1, 0
    low, high = start, point
    while tries < max_evals:
        if too_high(point) or (tries > 1 and point.value >= last.value):
            low, high = last, point
            break
        if flat(point):
            return point, evals
        if point.slope >= 0:
            low, high = last, point
            break
        nearest, farthest = point.t + 0.01 * (point.t - last.t), point.t * 10
        last, point = point, evaluate(cubic_minimum(last, point, nearest, farthest))
        evals, tries = evals + 1, tries + 1
    else:
        low, high = start, point

    if low.value > high.value:
        low, high = high, low
    stuck = False
    while tries < max_evals:
        left, right = sorted((low.t, high.t))
        if (right - left) * longest < tolerance:
            break
        t = cubic_minimum(low, high, left, right)
        margin = 0.1 * (right - left)
        if min(right - t, t - left) < margin:  # no progress towards the middle
            if stuck or t >= right or t <= left:
                t = right - margin if abs(t - right) < abs(t - left) else left + margin
                stuck = False
            else:
                stuck = True
        else:
            stuck = False
        point = evaluate(t)
        evals, tries = evals + 1, tries + 1
        if too_high(point) or point.value >= low.value:
            high = point
            if low.value > high.value:
                low, high = high, low
            continue
        if flat(point):
            return point, evals
        if point.slope * (high.t - low.t) >= 0:
            high = low
        low = point
    return low, evals


class LBFGS(Optimizer):
    """Quasi-Newton steps from the last `history_size` gradient differences; Liu, Nocedal 1989.

    `step` needs a closure, which it calls several times. One parameter group only.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        if isinstance(lr, Tensor) and lr.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        if not lr >= 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")
        self._params = self.param_groups[0]["params"]

    def _flat_grad(self) -> Tensor:
        pieces = [flambeau.zeros_like(param) if param.grad is None else param.grad for param in self._params]
        return flambeau.cat([_real(piece).reshape(-1) for piece in pieces])

    def _move(self, start: list[Tensor], t: float | Tensor, direction: Tensor) -> None:
        """Set every parameter to `start + t * direction`."""
        offset = 0
        for param, origin in zip(self._params, start, strict=True):
            param.copy_(origin)
            view = _real(param)
            view.add_(direction[offset : offset + view.numel()].view_as(view), alpha=t)
            offset += view.numel()

    @flambeau.no_grad()
    def step(self, closure: Closure) -> Any:  # type: ignore[override]
        """Iterate up to `max_iter` times; `closure` returns the loss with gradients set."""
        evaluate_model = flambeau.enable_grad()(closure)
        group = self.param_groups[0]
        lr = float(group["lr"])
        state = self.state[self._params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)

        first_loss = evaluate_model()
        loss = float(first_loss)
        evals = 1
        state["func_evals"] += 1
        grad = self._flat_grad()
        if _largest(grad) <= group["tolerance_grad"]:
            return first_loss

        for iteration in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            direction = self._direction(state, grad, group["history_size"])
            previous, state["prev_loss"] = loss, loss
            state["prev_flat_grad"] = grad.clone()
            t = lr
            if state["n_iter"] == 1:
                t *= min(1.0, 1.0 / float(grad.abs().sum()))
            slope = float(grad.dot(direction))
            state["t"] = t
            if slope > -group["tolerance_change"]:
                break

            start = [param.clone() for param in self._params]
            used = 0
            if group["line_search_fn"] is None:
                self._move(start, t, direction)
                if iteration != group["max_iter"]:
                    loss, grad, used = float(evaluate_model()), self._flat_grad(), 1
            elif group["line_search_fn"] == "strong_wolfe":

                def along(t: float, start: Any = start, direction: Tensor = direction) -> Point:
                    self._move(start, t, direction)
                    value, grad = float(evaluate_model()), self._flat_grad()
                    return Point(t, value, grad, float(grad.dot(direction)))

                best, used = strong_wolfe(
                    along,
                    Point(0.0, loss, grad, slope),
                    t,
                    _largest(direction),
                    tolerance=group["tolerance_change"],
                )
                t, loss, grad = best.t, best.value, best.grad
                self._move(start, t, direction)
            else:
                raise RuntimeError("only 'strong_wolfe' is supported")
            state["t"] = t
            evals += used
            state["func_evals"] += used
            if (
                evals >= group["max_eval"]
                or (used and _largest(grad) <= group["tolerance_grad"])
                or abs(t) * _largest(direction) <= group["tolerance_change"]
                or abs(loss - previous) < group["tolerance_change"]
            ):
                break
        return first_loss

    def _direction(self, state: dict[str, Any], grad: Tensor, history_size: int) -> Tensor:
        """The descent direction by the two-loop recursion, after taking in the last step."""
        if state["n_iter"] == 1:
            state.update(d=-grad, t=0.0, old_dirs=[], old_stps=[], ro=[], H_diag=1)
            return state["d"]
        dirs, steps, ro = state["old_dirs"], state["old_stps"], state["ro"]
        change = grad - state["prev_flat_grad"]
        step = state["d"] * state["t"]
        curvature = change.dot(step)
        if curvature > 1e-10:
            if len(dirs) == history_size:
                for history in (dirs, steps, ro):
                    history.pop(0)
            dirs.append(change)
            steps.append(step)
            ro.append(1.0 / curvature)
            state["H_diag"] = curvature / change.dot(change)
        q = -grad
        weights = []
        for y, s, r in zip(reversed(dirs), reversed(steps), reversed(ro), strict=True):
            weights.append(s.dot(q) * r)
            q = q - weights[-1] * y
        state["al"] = [*reversed(weights), *[None] * (history_size - len(weights))]
        q = q * state["H_diag"]
        for y, s, r, weight in zip(dirs, steps, ro, reversed(weights), strict=True):
            q = q + (weight - y.dot(q) * r) * s
        state["d"] = q
        return q


def _real(x: Tensor) -> Tensor:
    return flambeau.view_as_real(x) if x.is_complex() else x


def _largest(x: Tensor) -> float:
    return float(x.abs().max())
