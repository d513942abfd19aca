"""Pooling over sliding windows: maxima with their places, and averages.

Maxima differentiate through `_gather_planes` and `_scatter_planes`, averages through
`_window_shares`; either pair is each other's derivative.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flambeau import dtypes
from flambeau.ops.declare import composite, op
from flambeau.ops.memo import remembered
from flambeau.prims import pooling as arrays
from flambeau.tensor import Array, Tensor

Sizes = tuple[int, ...]
Ints = Any
NATIVE = "flambeau._C._nn"
"""The module of ops that PyTorch keeps out of its top level."""
_AXES = ("T", "H", "W")
_NUMBERS = {2: "two", 3: "three"}


@op(name="_gather_planes", method=False, out=False)
def gather_planes(input, index, rank: int):
    """The elements of each plane (the last `rank` dimensions) at flat indices."""
    return arrays.gather_planes(input, index, rank)


@op(name="_scatter_planes", method=False, out=False)
def scatter_planes(input, index, spatial: Sizes):
    """Planes of shape `spatial` to which the elements are added at flat indices."""
    return arrays.scatter_planes(input, index, spatial)


gather_planes.vjp(input=lambda g, index, input_shape, rank: scatter_planes(g, index, tuple(input_shape[-rank:])))
scatter_planes.vjp(input=lambda g, index, spatial: gather_planes(g, index, len(spatial)))


def _tuple(values: Ints, rank: int, message: str) -> Sizes:
    """One int for each of `rank` dimensions. Raises RuntimeError(message) for another number."""
    if isinstance(values, int):
        return (values,) * rank
    found = tuple(int(value) for value in values)
    if len(found) not in (1, rank):
        raise RuntimeError(message)
    return found * rank if len(found) == 1 else found


def _must(name: str, argument: str, rank: int, be: str) -> str:
    return f"{name}: {argument} must {be}a single int, or a tuple of {_NUMBERS[rank]} ints"


def check_kind(input: Array, name: str, kinds: str) -> None:
    """Raise NotImplementedError for a dtype that PyTorch has no kernel for."""
    if input.dtype.kind not in kinds:
        kind = dtypes.scalar_name(dtypes.from_numpy_dtype(input.dtype))
        raise NotImplementedError(f"\"{name}\" not implemented for '{kind}'")


def _check_windows(kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes) -> None:
    if min(stride) == 0:
        raise RuntimeError("stride should not be zero")
    if min(kernel) <= 0 or min(stride) < 0:
        raise RuntimeError("kernel size and stride should be greater than zero")
    if min(dilation) <= 0:
        sizes = " ".join(f"dilation{axis}: {d}" for axis, d in zip(_AXES[-len(dilation) :], dilation, strict=True))
        raise RuntimeError(f"dilation should be greater than zero, but got {sizes}")
    for k, p, d in zip(kernel, padding, dilation, strict=True):
        if p < 0:
            raise RuntimeError(f"pad must be non-negative, but got pad: {p}")
        if p > (d * (k - 1) + 1) // 2:
            raise RuntimeError(
                f"pad should be at most half of effective kernel size, but got pad={p}, "
                f"kernel_size={k} and dilation={d}"
            )


def _counts(shape: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, ceil_mode: bool) -> Sizes:
    """How many windows there are along each dimension; RuntimeError where none."""
    rank = len(kernel)
    counts = tuple(
        arrays.pooled_size(n, k, s, p, d, ceil_mode)
        for n, k, s, p, d in zip(shape[-rank:], kernel, stride, padding, dilation, strict=True)
    )
    if min(counts) < 1:
        lead = (shape[-rank - 1], 1) if rank == 1 else shape[-rank - 1 : -rank]
        size, made = ("x".join(map(str, (*lead, *n))) for n in (shape[-rank:], counts))
        raise RuntimeError(f"Given input size: ({size}). Calculated output size: ({made}). Output size is too small")
    return counts


def _is_absent(stride: Ints) -> bool:
    return stride is None or (not isinstance(stride, int) and not len(stride))


def _check_dims(shape: Sizes, where: str, rank: int) -> None:
    """A batch, which may be empty, of non-empty images, or one image; else RuntimeError."""
    if len(shape) not in (rank + 1, rank + 2):
        raise RuntimeError(f"non-empty {rank + 1}D or {rank + 2}D (batch mode) tensor expected for input")
    sizes = shape[-rank - 1 :]
    if 0 not in sizes:
        return
    if rank == 3:
        raise RuntimeError(
            f"{where}: Expected input's non-batch dimensions to have positive length, but input has "
            f"a shape of {list(shape)} and non-batch dimension {sizes.index(0)} has length zero!"
        )
    raise RuntimeError(
        f"Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size for input, but got:{list(shape)}"
    )


@remembered
def _max_windows(
    shape: Sizes,
    kernel_size: Ints,
    stride: Ints,
    padding: Ints,
    dilation: Ints,
    ceil_mode: bool,
    rank: int,
    indices: bool,
) -> tuple[Sizes, ...]:
    """Kernel, stride, padding, dilation and the number of windows, checked."""
    name = f"max_pool{rank}d"
    if rank == 1:
        arguments = (kernel_size, stride, padding, dilation, ceil_mode, indices)
        return _max_windows_1d(shape, *arguments)
    kernel = _tuple(kernel_size, rank, _must(name, "kernel_size", rank, "either be "))
    if _is_absent(stride):
        stride = kernel
    steps = _tuple(stride, rank, _must(name, "stride", rank, "either be omitted, "))
    pads = _tuple(padding, rank, _must(name, "padding", rank, "either be "))
    spread = _tuple(dilation, rank, _must(name, "dilation", rank, "be either "))
    _check_windows(kernel, steps, pads, spread)
    _check_dims(shape, f"{name}_with_indices_out_cpu_template()", rank)
    return kernel, steps, pads, spread, _counts(shape, kernel, steps, pads, spread, ceil_mode)


def _max_windows_1d(
    shape: Sizes,
    kernel_size: Ints,
    stride: Ints,
    padding: Ints,
    dilation: Ints,
    ceil_mode: bool,
    indices: bool,
) -> tuple[Sizes, ...]:
    if len(shape) not in (2, 3) or 0 in shape[-2:]:
        raise RuntimeError(
            "max_pool1d: Expected 2D or 3D (batch mode) tensor with optional 0 dim batch size for "
            f"input, but got:{list(shape)}"
        )

    def one(name: str, value: Ints) -> int:
        values = (value,) if isinstance(value, int) else tuple(value)
        if len(values) != 1:
            raise RuntimeError(
                f"max_pool1d() {name} must be an int, list of ints or tuple of ints of size 1 but "
                f"got size {len(values)}"
            )
        return int(values[0])

    k = one("kernel_size", kernel_size)
    s = k if _is_absent(stride) else one("stride", stride)
    p, d = one("padding", padding), one("dilation", dilation)
    for name, value in (("kernel_size", k), ("stride", s)):
        if value <= 0:
            raise RuntimeError(f"max_pool1d() {name} must be greater than zero, but got {value}")
    if indices:  # computed as two dimensions, which say other things
        _check_windows((k,), (s,), (p,), (max(d, 1),))
    if p < 0:
        raise RuntimeError(f"max_pool1d() padding must be non-negative, but got {p}")
    if p > k // 2:
        raise RuntimeError(
            f"max_pool1d() padding should be at most half of kernel size, but got padding={p} and kernel_size={k}"
        )
    if d <= 0:
        raise RuntimeError(f"max_pool1d() dilation must be greater than zero, but got {d}")
    count = arrays.pooled_size(shape[-1], k, s, p, d, ceil_mode)
    if count <= 0:
        raise RuntimeError(f"max_pool1d() Invalid computed output size: {count}")
    return (k,), (s,), (p,), (d,), (count,)


def scatter_rule(rank: int) -> Callable[..., Any]:
    """The rule of an op that gives maxima and their flat indices."""
    return lambda g, result1, input_shape: scatter_planes(g[0], result1, tuple(input_shape[-rank:]))


def _max_pool(rank: int) -> tuple[Callable[..., Any], Callable[..., Any]]:
    name = f"max_pool{rank}d"
    grad_name = "SqueezeBackward1" if rank == 1 else f"MaxPool{rank}DWithIndicesBackward0"

    @op(name=f"_{name}", method=False, out=False, grad_name=grad_name)
    def maxima(input, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, counts: Sizes):
        check_kind(input, "max_pool1d_impl" if rank == 1 else name, "fV" if rank == 1 else "fViu")
        return arrays.max_pool(input, kernel, stride, padding, dilation, counts)

    maxima.vjp(input=scatter_rule(rank))

    def with_indices(
        input,
        kernel_size: Ints,
        stride: Ints = None,
        padding: Ints = 0,
        dilation: Ints = 1,
        ceil_mode: bool = False,
    ) -> tuple[Tensor, Tensor]:
        shape = tuple(input.shape)
        arguments = (kernel_size, stride, padding, dilation, ceil_mode)
        return maxima(input, *_max_windows(shape, *arguments, rank, True))

    def pool(
        input,
        kernel_size: Ints,
        stride: Ints = None,
        padding: Ints = 0,
        dilation: Ints = 1,
        ceil_mode: bool = False,
    ):
        shape = tuple(input.shape)
        arguments = (kernel_size, stride, padding, dilation, ceil_mode)
        return maxima(input, *_max_windows(shape, *arguments, rank, False))[0]

    pool.__doc__ = f"The largest element of each window of the last {rank} dimensions."
    with_indices.__doc__ = f"{pool.__doc__[:-1]}, and its flat index."
    options: dict[str, Any] = {"method": False, "out": False}
    module = "flambeau" if rank == 1 else NATIVE
    return (
        composite(with_indices, name=f"{name}_with_indices", module=module, **options),
        composite(pool, name=name, **options),
    )


max_pool1d_with_indices, max_pool1d = _max_pool(1)
max_pool2d_with_indices, max_pool2d = _max_pool(2)
max_pool3d_with_indices, max_pool3d = _max_pool(3)


@op(name="_window_shares", method=False, out=False)
def window_shares(input, spatial: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, divisor: Any):
    """The transpose of `means`: every element over `divisor`, given to all of its window."""
    return arrays.avg_pool_input(input, spatial, kernel, stride, padding, divisor)


window_shares.vjp(
    input=lambda g, input_shape, kernel, stride, padding, divisor: means[len(kernel)](
        g, kernel, stride, padding, tuple(input_shape[-len(kernel) :]), divisor
    )
)


def declare_means(name: str, rank: int, kinds: str, kernel_name: str, grad_name: str) -> Any:
    """An op that takes the sum of each window over `divisor`."""

    @op(name=f"_{name}", method=False, out=False, grad_name=grad_name)
    def apply(input, kernel: Sizes, stride: Sizes, padding: Sizes, counts: Sizes, divisor: Any):
        check_kind(input, kernel_name, kinds)
        return arrays.avg_pool(input, kernel, stride, padding, counts, divisor)

    apply.vjp(
        input=lambda g, input_shape, kernel, stride, padding, divisor: window_shares(
            g, tuple(input_shape[-rank:]), kernel, stride, padding, divisor
        )
    )
    return apply


means = {
    1: declare_means("avg_pool1d", 1, "fViu", "avg_pool2d", "SqueezeBackward1"),
    2: declare_means("avg_pool2d", 2, "fViu", "avg_pool2d", "AvgPool2DBackward0"),
    3: declare_means("avg_pool3d", 3, "fViu", "avg_pool3d_out_frame", "AvgPool3DBackward0"),
}


def one_int(name: str, argument: str, value: Ints) -> Sizes:
    """One int, also as a sequence of one; else RuntimeError."""
    if isinstance(value, int):
        return (value,)
    if len(value) != 1:
        raise RuntimeError(f"{name}() argument '{argument}' should contain one int (got {len(value)})")
    return (int(value[0]),)


def dims_error(name: str, ndim: int) -> str:
    return (
        f"Expected 2 to 3 dimensions, but got {ndim}-dimensional tensor for argument #1 'self' "
        f"(while checking arguments for {name})"
    )


@remembered
def _avg_windows(
    shape: Sizes,
    kernel_size: Ints,
    stride: Ints,
    padding: Ints,
    ceil_mode: bool,
    include_pad: bool,
    override: int | None,
    rank: int,
) -> tuple[Any, ...]:
    """Kernel, stride, padding, the number of windows and the divisors, checked."""
    name = f"avg_pool{rank}d"
    if rank == 1:
        if len(shape) not in (2, 3):
            raise RuntimeError(dims_error(name, len(shape)))
        kernel = one_int(name, "kernel_size", kernel_size)
        steps = kernel if _is_absent(stride) else one_int(name, "stride", stride)
        pads = one_int(name, "padding", padding)
    else:
        be = "either be " if rank == 2 else "be "
        kernel = _tuple(kernel_size, rank, _must(name, "kernel_size", rank, be))
        if _is_absent(stride):
            stride = kernel
        steps = _tuple(stride, rank, _must(name, "stride", rank, f"{be}omitted, "))
        pads = _tuple(padding, rank, _must(name, "padding", rank, be))
    if override == 0:
        raise RuntimeError("divisor must be not zero")
    if rank == 2 and len(shape) < 3:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-len(shape)}, {len(shape) - 1}], but got -3)"
        )
    _check_windows(kernel, steps, pads, (1,) * rank)
    _check_dims(shape, f"{name}()", rank)
    spatial = shape[-rank:]
    if rank == 3 and any(k > n + 2 * p for n, k, p in zip(spatial, kernel, pads, strict=True)):
        sizes = " ".join(f"{axis}: {n}" for axis, n in zip(_AXES, spatial, strict=True))
        kernels = " ".join(f"k{axis}: {k}" for axis, k in zip(_AXES, kernel, strict=True))
        raise RuntimeError(f"input image ({sizes}) smaller than kernel size ({kernels})")
    counts = _counts(shape, kernel, steps, pads, (1,) * rank, ceil_mode)
    divisor = override or arrays.average_divisors(spatial, kernel, steps, pads, counts, include_pad)
    return kernel, steps, pads, counts, divisor


@composite(method=False, out=False)
def avg_pool1d(
    input,
    kernel_size: Ints,
    stride: Ints = None,
    padding: Ints = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
):
    """The mean of each window of the last dimension."""
    arguments = (kernel_size, stride, padding, ceil_mode, count_include_pad, None)
    return means[1](input, *_avg_windows(tuple(input.shape), *arguments, 1))


def _avg_pool(rank: int) -> Callable[..., Any]:
    def pool(
        input,
        kernel_size: Ints,
        stride: Ints = None,
        padding: Ints = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ):
        arguments = (kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
        return means[rank](input, *_avg_windows(tuple(input.shape), *arguments, rank))

    pool.__doc__ = f"The mean of each window of the last {rank} dimensions."
    return composite(pool, name=f"avg_pool{rank}d", method=False, module=NATIVE)


avg_pool2d, avg_pool3d = _avg_pool(2), _avg_pool(3)
