"""Automatic differentiation: the graph, the engine, grad modes, `Function`."""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING
from typing import Any as _Any

from .. import _late
from ..tensor import Tensor as _Tensor
from . import variable
from .graph import Node
from .legacy import Variable
from .modes import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)

if TYPE_CHECKING:
    from .function import Function
    from .passes import GradientEdge, backward, get_gradient_edge, grad

_late.promise(_Tensor, ["backward"], f"{__name__}.method")

_LAZY = {
    "Function": "function",
    **dict.fromkeys(("GradientEdge", "backward", "get_gradient_edge", "grad"), "passes"),
    "gradcheck": "gradcheck",
    "gradgradcheck": "gradcheck",
    "GradcheckError": "gradcheck",
    "detect_anomaly": "saved",
    "set_detect_anomaly": "saved",
}
_MODULES = frozenset({"anomaly_mode", "forward_ad", "function", "functional", "grad_mode", "passes", "saved"})


def __getattr__(name: str) -> _Any:
    if name in _LAZY:
        found = globals()[name] = getattr(_import_module(f"{__name__}.{_LAZY[name]}"), name)
        return found
    if name in _MODULES:
        return _import_module(f"{__name__}.{name}")
    if name == "__all__":  # `import *` takes what is there
        for each in _LAZY:
            __getattr__(each)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY, *_MODULES})
