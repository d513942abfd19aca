"""Interpolation: every mode is a linear map along each spatial dimension (`prims.resample`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from flambeau.ops.declare import composite, op
from flambeau.ops.pooling import NATIVE, Sizes, check_kind
from flambeau.prims import resample as arrays
from flambeau.tensor import Array

Maps = tuple[Any, ...]


@op(name="_mapped", method=False, out=False)
def mapped(input, maps: Maps):
    """A map along each of the last dimensions."""
    return arrays.apply_maps(input, maps)


def transposed(maps: Maps) -> Maps:
    return tuple(None if each is None else each.transposed for each in maps)


mapped.vjp(input=lambda g, maps: mapped(g, transposed(maps)))


def _real(input: Array) -> type[np.floating]:
    """The type in which PyTorch computes places in an input of this dtype."""
    return np.float64 if input.dtype == np.float64 else np.float32


Make = Callable[[int, int, float | None, bool, type[np.floating]], arrays.AxisMap]


def _nearest(exact: bool) -> Make:
    return lambda n, m, scale, align, real: arrays.nearest(n, m, scale, exact)


def _antialiased(mode: str) -> Make:
    return lambda n, m, scale, align, real: arrays.antialiased(n, m, scale, align, real, mode)


def _output_sizes(
    shape: Sizes, output_size: Sequence[int] | None, scales: Sequence[float] | None, rank: int
) -> tuple[Sizes, tuple[float | None, ...]]:
    """The sizes wanted, and the scale that places are computed with where one was given."""
    if (output_size is None) == (scales is None):
        raise RuntimeError("Must specify exactly one of output_size and scale_factors")
    given = scales if output_size is None else output_size
    if len(shape) != rank + 2 or len(given) != rank:
        what = "scale_factors" if output_size is None else "output_size"
        raise RuntimeError(
            f"Expected static_cast<int64_t>({what}->size()) == spatial_dimensions to be true, but "
            "got false.  (Could this error message be improved?  If so, please report an "
            "enhancement request to PyTorch.)"
        )
    if scales is None:
        return tuple(int(n) for n in output_size), (None,) * rank
    sizes = tuple(int(float(n) * s) for n, s in zip(shape[2:], scales, strict=True))
    return sizes, tuple(float(s) for s in scales)


def _check_sizes(shape: Sizes, sizes: Sizes) -> None:
    rank = len(sizes)
    if min(*shape[2:], *sizes) <= 0:
        names = "DHW"[-rank:]
        known, wanted = (
            ", ".join(f"{name}: {n}" for name, n in zip(names, values, strict=True)) for values in (shape[2:], sizes)
        )
        link = " and " if rank == 1 else " "
        raise RuntimeError(
            f"Input and output sizes should be greater than 0, but got input ({known}){link}output ({wanted})"
        )
    if shape[1] == 0:
        raise RuntimeError(f"Non-empty {rank + 2}D data tensor expected but got a tensor with sizes {list(shape)}")


def _upsample(name: str, rank: int, make: Make, node: str, *, corners: bool) -> Callable[..., Any]:
    """Declare a mode of interpolation for `rank` spatial dimensions."""

    @op(name=f"_{name.removeprefix('_')}_op", method=False, out=False, grad_name=f"{node}Backward0")
    def apply(input, sizes: Sizes, scales: tuple[float | None, ...], align: bool):
        if input.dtype != np.uint8:
            check_kind(input, f"{name.removeprefix('_')}_channels_last", "fV")
        maps = _maps(input.shape, sizes, scales, align, _real(input))
        return arrays.apply_maps(input, maps)

    def _maps(shape: Sizes, sizes: Sizes, scales: Any, align: bool, real: Any) -> Maps:
        return tuple(make(n, m, scale, align, real) for n, m, scale in zip(shape[2:], sizes, scales, strict=True))

    apply.vjp(
        input=lambda g, input_shape, input_dtype, sizes, scales, align: mapped(
            g,
            transposed(
                _maps(
                    input_shape,
                    sizes,
                    scales,
                    align,
                    np.float64 if input_dtype == np.float64 else np.float32,
                )
            ),
        )
    )

    def run(input: Any, output_size: Any, align: bool, scales: Any) -> Any:
        shape = tuple(input.shape)
        sizes, factors = _output_sizes(shape, output_size, scales, rank)
        _check_sizes(shape, sizes)
        return apply(input, sizes, factors, align)

    options: dict[str, Any] = {"name": name, "method": False, "out": False, "module": NATIVE}
    if corners:

        @composite(**options)
        def upsample(input, output_size: Any, align_corners: bool, scale_factors: Any = None):
            return run(input, output_size, align_corners, scale_factors)

        return upsample

    @composite(**options)
    def upsample_nearest(input, output_size: Any, scale_factors: Any = None):
        return run(input, output_size, False, scale_factors)

    return upsample_nearest


for _rank in (1, 2, 3):
    for _name, _node, _exact in (
        ("upsample_nearest", "UpsampleNearest", False),
        ("_upsample_nearest_exact", "UpsampleNearestExact", True),
    ):
        _upsample(f"{_name}{_rank}d", _rank, _nearest(_exact), f"{_node}{_rank}D", corners=False)

_upsample("upsample_linear1d", 1, arrays.linear, "UpsampleLinear1D", corners=True)
_upsample("upsample_bilinear2d", 2, arrays.linear, "UpsampleBilinear2D", corners=True)
_upsample("upsample_trilinear3d", 3, arrays.linear, "UpsampleTrilinear3D", corners=True)
_upsample("upsample_bicubic2d", 2, arrays.cubic, "UpsampleBicubic2D", corners=True)
for _mode in ("bilinear", "bicubic", "lanczos"):
    _upsample(
        f"_upsample_{_mode}2d_aa",
        2,
        _antialiased(_mode),
        f"Upsample{_mode.capitalize()}2DAa",
        corners=True,
    )
