"""Averages of a model's weights along the training (Izmailov et al. 2018), and their schedule."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any, Literal

import flambeau
from flambeau.nn import Module
from flambeau.optim.lr_scheduler._base import LRScheduler, per_group
from flambeau.optim.optimizer import Optimizer
from flambeau.tensor import Tensor

__all__ = [
    "SWALR",
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]

Count = Tensor | int
AvgFn = Callable[[Tensor, Tensor, Count], Tensor]
MultiAvgFn = Callable[[list[Tensor], list[Tensor], Count], None]


def _in_place(avg_fn: AvgFn) -> MultiAvgFn:
    """The function that writes `avg_fn` of each pair into the average."""

    @flambeau.no_grad()
    def update(averages: list[Tensor], currents: list[Tensor], num_averaged: Count) -> None:
        for average, current in zip(averages, currents, strict=True):
            average.copy_(avg_fn(average, current.to(average.device), num_averaged))

    return update


def get_ema_avg_fn(decay: float = 0.999) -> AvgFn:
    """The exponential moving average of one parameter: `decay * average + (1 - decay) * new`."""
    if decay < 0.0 or decay > 1.0:
        raise ValueError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.")

    @flambeau.no_grad()
    def ema_update(ema_param: Tensor, current_param: Tensor, num_averaged: Count) -> Tensor:
        if decay == 1.0:
            return ema_param
        return decay * ema_param + (1 - decay) * current_param

    return ema_update


def get_ema_multi_avg_fn(decay: float = 0.999) -> MultiAvgFn:
    """The exponential moving average of lists of parameters, in place."""
    return _in_place(get_ema_avg_fn(decay))


def get_swa_avg_fn() -> AvgFn:
    """The mean of all values so far of one parameter."""

    @flambeau.no_grad()
    def swa_update(averaged_param: Tensor, current_param: Tensor, num_averaged: Count) -> Tensor:
        return averaged_param + (current_param - averaged_param) / (num_averaged + 1)

    return swa_update


def get_swa_multi_avg_fn() -> MultiAvgFn:
    """The mean of all values so far of lists of parameters, in place."""
    return _in_place(get_swa_avg_fn())


class AveragedModel(Module):
    """A copy of `model` whose parameters are averages of those seen by `update_parameters`.

    `avg_fn` or `multi_avg_fn` replaces the mean. Buffers are averaged with `use_buffers`, else
    copied.
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: AvgFn | None = None,
        multi_avg_fn: MultiAvgFn | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", flambeau.tensor(0, dtype=flambeau.long, device=device))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Run the averaged model."""
        return self.module(*args, **kwargs)

    @flambeau.no_grad()
    def update_parameters(self, model: Module) -> None:
        """Take the present parameters of `model` into the average."""
        averages: list[Tensor] = list(self.module.parameters())
        currents: list[Tensor] = list(model.parameters())
        buffers = list(zip(self.module.buffers(), model.buffers(), strict=False))
        if self.use_buffers:
            averages += [mine for mine, _ in buffers]
            currents += [theirs for _, theirs in buffers]
        if self.n_averaged == 0:
            for average, current in zip(averages, currents, strict=True):
                average.copy_(current.detach().to(average.device))
        elif averages:
            update = self.multi_avg_fn or _in_place(self.avg_fn or get_swa_avg_fn())
            update(averages, [c.detach() for c in currents], self.n_averaged)
        if not self.use_buffers:
            for mine, theirs in buffers:
                mine.copy_(theirs.detach().to(mine.device))
        self.n_averaged += 1


@flambeau.no_grad()
def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Recompute the batch norm statistics of `model` by one pass over `loader`."""
    momenta = {
        module: module.momentum
        for module in model.modules()
        if isinstance(module, flambeau.nn.modules.batchnorm._BatchNorm)
    }
    if not momenta:
        return
    was_training = model.training
    model.train()
    for module in momenta:
        module.reset_running_stats()
        module.momentum = None  # the mean over all batches
    for batch in loader:
        data = batch[0] if isinstance(batch, (list, tuple)) else batch
        model(data if device is None else data.to(device))
    for module, momentum in momenta.items():
        module.momentum = momentum
    model.train(was_training)


class SWALR(LRScheduler):
    """Move each group's rate to `swa_lr` in `anneal_epochs` epochs and keep it there."""

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float,
        anneal_epochs: int = 10,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        last_epoch: int = -1,
    ) -> None:
        for rate, group in zip(per_group("swa_lr", optimizer, swa_lr), optimizer.param_groups, strict=True):
            group["swa_lr"] = rate
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        self._anneal_strategy = anneal_strategy
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _alpha(self, step: int) -> float:
        """How far towards `swa_lr` the rate is after `step` epochs."""
        t = max(0.0, min(1.0, step / max(1, self.anneal_epochs)))
        return t if self._anneal_strategy == "linear" else (1 - math.cos(math.pi * t)) / 2

    def get_lr(self) -> list[Any]:
        """The rate of each group for `last_epoch`, from those of the epoch before."""
        current, step = self._current(), self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, alpha = self._alpha(step - 1), self._alpha(step)
        rates = []
        for lr, group in zip(current, self.optimizer.param_groups, strict=True):
            goal = group["swa_lr"]
            start = goal if before == 1 else (lr - before * goal) / (1 - before)
            rates.append(goal * alpha + start * (1 - alpha))
        return rates
