"""Loss scaling: gradients of half-precision losses kept out of the underflow."""

import math
import warnings
from collections import defaultdict
from collections.abc import Iterable
from enum import Enum
from typing import TYPE_CHECKING, Any

import flambeau
from flambeau import Tensor

if TYPE_CHECKING:  # `cuda` loads this module, and should not load the optimizers
    from flambeau.optim import Optimizer

__all__ = ["GradScaler", "OptState"]


class OptState(Enum):
    """How far an optimizer has come since the last `update`."""

    READY = 0
    UNSCALED = 1
    STEPPED = 2


class _PerOptimizer:
    __slots__ = ("found_inf", "stage")

    def __init__(self) -> None:
        self.stage = OptState.READY
        self.found_inf: bool | None = None


class GradScaler:
    """Multiplies a loss by a factor that grows while gradients stay finite and backs off when not.

    After `scale(loss).backward()`, `step(optimizer)` divides the gradients by the factor and steps
    the optimizer unless one of them is infinite or NaN; `update()` then adjusts the factor: times
    `backoff_factor` after such a step, times `growth_factor` after `growth_interval` good ones.

    Raises:
        AssertionError: `growth_factor` is not above 1 or `backoff_factor` not below 1.
    """

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        self._device = device
        self._enabled = enabled
        if enabled and device == "cuda":
            warnings.warn(
                "torch.cuda.amp.GradScaler is enabled, but CUDA is not available.  Disabling.",
                stacklevel=2,
            )
            self._enabled = False
        if self._enabled:
            assert growth_factor > 1.0, "The growth factor must be > 1.0."
            assert backoff_factor < 1.0, "The backoff factor must be < 1.0."
            self._init_scale = init_scale
            self._scale: Tensor | None = None
            self._growth_factor = growth_factor
            self._backoff_factor = backoff_factor
            self._growth_interval = growth_interval
            self._growth_tracker = 0
            self._per_optimizer: dict[int, _PerOptimizer] = defaultdict(_PerOptimizer)

    def scale(self, outputs: Any) -> Any:
        """`outputs`, a tensor or nested iterables of tensors, times the factor."""
        if not self._enabled:
            return outputs
        if self._scale is None:
            self._scale = flambeau.full((), self._init_scale, dtype=flambeau.float32)
        return self._scaled(outputs, self._scale)

    def _scaled(self, outputs: Any, factor: Tensor) -> Any:
        if isinstance(outputs, Tensor):
            return outputs * factor
        if not isinstance(outputs, Iterable):
            raise ValueError("outputs must be a Tensor or an iterable of Tensors")
        scaled = [self._scaled(output, factor) for output in outputs]
        return type(outputs)(scaled) if isinstance(outputs, list | tuple) else scaled  # type: ignore[call-arg]

    def unscale_(self, optimizer: "Optimizer") -> None:
        """Divide the gradients of `optimizer` by the factor, as before clipping them.

        Raises:
            RuntimeError: called twice, or after `step`, since the last `update`.
            ValueError: a gradient is float16 itself.
        """
        if not self._enabled:
            return
        inverse = 1.0 / self._factor("unscale_").double().item()
        state = self._per_optimizer[id(optimizer)]
        if state.stage is OptState.UNSCALED:
            raise RuntimeError("unscale_() has already been called on this optimizer since the last update().")
        if state.stage is OptState.STEPPED:
            raise RuntimeError("unscale_() is being called after step().")
        gradients = [
            parameter.grad
            for group in optimizer.param_groups
            for parameter in group["params"]
            if parameter.grad is not None
        ]
        if any(gradient.dtype is flambeau.float16 for gradient in gradients):
            raise ValueError("Attempting to unscale FP16 gradients.")
        if gradients:
            state.found_inf = False
        with flambeau.no_grad():
            for gradient in gradients:
                values = gradient._values() if gradient.is_sparse else gradient
                state.found_inf = bool(state.found_inf) or not values.isfinite().all().item()
                values.mul_(inverse)
        state.stage = OptState.UNSCALED

    def step(self, optimizer: "Optimizer", *args: Any, **kwargs: Any) -> float | None:
        """Unscale if that is still to do, then step `optimizer` if all gradients are finite."""
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError("Closure use is not currently supported if GradScaler is enabled.")
        self._factor("step")
        state = self._per_optimizer[id(optimizer)]
        if state.stage is OptState.STEPPED:
            raise RuntimeError("step() has already been called since the last update().")
        if state.stage is OptState.READY:
            self.unscale_(optimizer)
        assert state.found_inf is not None, "No inf checks were recorded for this optimizer."
        result = None if state.found_inf else optimizer.step(*args, **kwargs)
        state.stage = OptState.STEPPED
        return result

    def update(self, new_scale: float | Tensor | None = None) -> None:
        """Adjust the factor by what the steps found, or set it to `new_scale`."""
        if not self._enabled:
            return
        factor = self._factor("update")
        if new_scale is not None:
            if isinstance(new_scale, Tensor):
                if new_scale.numel() != 1 or new_scale.requires_grad:
                    raise AssertionError(
                        "new_scale should be a float or a 1-element torch.cuda.FloatTensor or "
                        "torch.FloatTensor with requires_grad=False."
                    )
                new_scale = new_scale.item()
            factor.fill_(new_scale)
        else:
            found = [s.found_inf for s in self._per_optimizer.values() if s.found_inf is not None]
            assert found, "No inf checks were recorded prior to update."
            self._adjust(factor, overflowed=any(found))
        self._per_optimizer.clear()

    def _adjust(self, factor: Tensor, *, overflowed: bool) -> None:
        if overflowed:
            factor.mul_(self._backoff_factor)
            self._growth_tracker = 0
            return
        self._growth_tracker += 1
        if self._growth_tracker == self._growth_interval:
            grown = factor * self._growth_factor
            if math.isfinite(grown.item()):
                factor.copy_(grown)
            self._growth_tracker = 0

    def _factor(self, caller: str) -> Tensor:
        assert self._scale is not None, (
            f"Attempted {caller} but _scale is None.  This may indicate your script did not use "
            "scaler.scale(loss or outputs) earlier in the iteration."
        )
        return self._scale

    def get_scale(self) -> float:
        """The factor; 1.0 when disabled."""
        if not self._enabled:
            return 1.0
        return self._init_scale if self._scale is None else self._scale.item()

    def get_growth_factor(self) -> float:
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        self._growth_interval = new_interval

    def is_enabled(self) -> bool:
        return self._enabled

    def state_dict(self) -> dict[str, Any]:
        """The factor, how it moves, and the count of good steps; empty when disabled."""
        if not self._enabled:
            return {}
        return {
            "scale": self.get_scale(),
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._growth_tracker,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from what `state_dict` returned.

        Raises:
            RuntimeError: `state_dict` is empty, as a disabled scaler's is.
        """
        if not self._enabled:
            return
        if not state_dict:
            raise RuntimeError(
                "The source state dict is empty, possibly because it was saved from a disabled instance of GradScaler."
            )
        self._init_scale = state_dict["scale"]
        if self._scale is not None:
            self._scale.fill_(state_dict["scale"])
        self._growth_factor = state_dict["growth_factor"]
        self._backoff_factor = state_dict["backoff_factor"]
        self._growth_interval = state_dict["growth_interval"]
        self._growth_tracker = state_dict["_growth_tracker"]

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        if self._enabled:
            assert not self._per_optimizer, (
                "A GradScaler instance may only be pickled at the beginning of an iteration, "
                "or at the end after scaler.update()."
            )
            state["_init_scale"] = self.get_scale()
            state["_scale"] = None
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
