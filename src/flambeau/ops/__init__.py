"""Every differentiable operation, declared once, by family.

`table` has all declarations; `python -m flambeau.ops` prints it. An op is also an attribute of this package.
"""

from importlib import import_module
from typing import Any

from . import declare, dispatch, codegen  # isort: skip
from .declare import Op, aliases

FAMILIES = (
    *(
        "pointwise",
        "convert",
        "creation",
        "ranges",
        "shape",
        "indexing",
        "scan",
        "scatter",
        "join",
        "reduction",
        "matmul",
    ),
    *("arithmetic", "activation", "sorting", "random", "random_creation", "random_draws"),
    *("linalg", "spectral", "matrix_functions", "gradient", "stft", "special", "copies", "statistics"),
)
LATER = (
    *("attention", "channel_norm", "conv", "ctc", "distance", "einsum", "embedding", "fft", "folding", "foreach"),
    *("grid", "loss"),
    *("lowrank", "normalization", "padding", "pooling", "pooling_adaptive", "random_dropout", "resample", "rnn"),
    *("segment", "weights", "windows"),
)
"""Families without methods of Tensor: they are imported when a name is asked for that is not there yet."""


def _load(families: tuple[str, ...]) -> None:
    for name in families:
        import_module(f"{__name__}.{name}")
    for name in families:
        if name in declare.table:  # `ops.dropout` is the op, not the module that declares it
            globals()[name] = declare.table[name].function


_load(FAMILIES)


def load_all() -> None:
    """Import every family."""
    if "table" not in globals():
        _load(LATER)
        globals()["table"] = declare.table


def public() -> dict[str, object]:
    """The functions of the top-level namespace, by name."""
    from .creation import functions

    found: dict[str, object] = {}
    for name, op in declare.table.items():
        if op.module == "flambeau" and not name.startswith("_"):
            found[name] = op.function
            if "inplace" in op.forms:
                found[f"{name}_"] = op.forms["inplace"]
    return {**found, **aliases, **functions}


def __getattr__(name: str) -> Any:
    """An op (or the in-place form of one) by its name; `table`."""
    for load in (None, load_all):
        if load is not None:
            load()
        if name in globals():
            return globals()[name]
        if name in declare.table:
            return declare.table[name].function
        if name.endswith("_") and name[:-1] in declare.table and "inplace" in declare.table[name[:-1]].forms:
            return declare.table[name[:-1]].forms["inplace"]
        if name in aliases:
            return aliases[name]
    raise AttributeError(f"module 'flambeau.ops' has no op {name!r}")
