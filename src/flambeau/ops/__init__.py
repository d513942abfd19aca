"""Every differentiable operation, declared once, by family.

`table` has all declarations; `python -m flambeau.ops` prints it. An op is also an attribute of this package.
"""

from importlib import import_module

from . import declare, dispatch, codegen  # isort: skip
from .declare import Op, aliases, table

FAMILIES = (
    *("pointwise", "convert", "creation", "shape", "indexing", "scan", "scatter", "join", "reduction", "matmul"),
    *(
        "arithmetic",
        "activation",
        "loss",
        "embedding",
        "sorting",
        "random",
        "random_creation",
        "random_draws",
        "random_dropout",
    ),
    *("linalg", "spectral", "matrix_functions", "lowrank", "gradient", "einsum", "fft", "stft", "special"),
    *("conv", "folding", "grid", "padding", "pooling", "pooling_adaptive", "resample", "normalization"),
    *("channel_norm", "rnn"),
    *("attention", "distance", "copies", "statistics", "weights", "ctc"),
)
for _name in FAMILIES:
    import_module(f"{__name__}.{_name}")
for _name in FAMILIES:
    if _name in table:  # `ops.dropout` is the op, not the module that declares it
        globals()[_name] = table[_name].function


def public() -> dict[str, object]:
    """The functions of the top-level namespace, by name."""
    from .creation import functions

    found: dict[str, object] = {}
    for name, op in table.items():
        if op.module == "flambeau" and not name.startswith("_"):
            found[name] = op.function
            if "inplace" in op.forms:
                found[f"{name}_"] = op.forms["inplace"]
    return {**found, **aliases, **functions}


def __getattr__(name: str) -> object:
    """An op (or the in-place form of one) by its name."""
    if name in table:
        return table[name].function
    if name.endswith("_") and name[:-1] in table and "inplace" in table[name[:-1]].forms:
        return table[name[:-1]].forms["inplace"]
    if name in aliases:
        return aliases[name]
    raise AttributeError(f"module 'flambeau.ops' has no op {name!r}")
