"""Autocasting: inside a block, each op computes in the precision that its kind wants.

The table below follows PyTorch's on a CPU. An op with a policy gets its floating-point arguments
cast (float64 stays as it is); every other op computes in the dtype of what it is given.
"""

import functools
import warnings
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import flambeau
from flambeau import Tensor, bfloat16, dtype, float16, float32, float64
from flambeau.autograd import modes

__all__ = ["autocast", "autocast_decorator", "custom_bwd", "custom_fwd", "is_autocast_available"]

LOWER = """
    addbmm addmm baddbmm bmm conv1d conv2d conv3d conv_transpose1d conv_transpose2d
    conv_transpose3d convolution einsum gru linear lstm matmul mm multi_dot prelu prelu_kernel
    rnn_relu rnn_tanh scaled_dot_product_attention tensordot vecdot
"""
FLOAT32 = """
    adaptive_avg_pool3d adaptive_max_pool3d avg_pool3d bce bce_logits binary_cross_entropy
    binary_cross_entropy_with_logits cdist cholesky cholesky_ex cholesky_inverse cholesky_solve cond
    cosine_embedding_loss cross_entropy cross_entropy_indices ctc_loss eig eigh eigvals eigvalsh
    fft fft2 fftn
    fractional_max_pool2d fractional_max_pool3d geqrf grid_sample hfft hinge_embedding_loss
    householder_product huber_loss ifft ifft2 ifftn ihfft inv inv_ex irfft irfft2 irfftn kl_div
    l1_loss lstsq lu_solve margin_ranking_loss matrix_rank max_pool3d max_unpool2d max_unpool3d
    mse_loss multi_margin_loss multilabel_margin_loss nanquantile nll_loss ormqr poisson_nll_loss
    polar prod qr quantile rfft rfft2 rfftn smooth_l1_loss soft_margin_loss solve stft svd svdvals
    tensorinv tensorsolve trace triangular_solve triplet_margin_loss view_as_complex
"""
WIDEST = "cat index_copy stack"

_POLICIES = dict.fromkeys(FLOAT32.split(), float32) | dict.fromkeys(WIDEST.split())
_LOWER = frozenset(LOWER.split())
_PREFIXES = ("linalg_", "fft_", "special_")

_enabled: dict[str, bool] = {}
_dtypes: dict[str, dtype] = {"cpu": bfloat16, "cuda": float16, "xpu": bfloat16, "mps": float16}
_cache_enabled = True
_nesting = 0


class _Casting:
    """What the op layer asks, under an active autocast, for the arguments to compute with."""

    def __init__(self, lower: dtype, *, cached: bool) -> None:
        self.lower = lower
        self.cached = cached
        self.cache: dict[int, tuple[Tensor, Tensor]] = {}

    def __call__(self, op: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """`args` of `op`, in the order of its parameters, cast by its policy."""
        name = op.name.lstrip("_")  # a part of a composite goes by the same policy
        for prefix in _PREFIXES:
            name = name.removeprefix(prefix)
        if name in _LOWER:
            target = self.lower
        elif name in _POLICIES:
            target = _POLICIES[name] or _widest(args)
        else:
            return args
        return tuple(self._cast(arg, target) for arg in args)

    def _cast(self, value: Any, target: dtype) -> Any:
        if isinstance(value, list | tuple):
            items = [self._cast(item, target) for item in value]
            return items if isinstance(value, list) else tuple(items)
        if not isinstance(value, Tensor) or not value.is_floating_point():
            return value
        if value.dtype in (target, float64):
            return value
        lowered = target is self.lower and value.is_leaf and value.requires_grad
        if not (self.cached and lowered and modes.is_grad_enabled()):
            return value.to(target)
        # A parameter is cast once for the whole outermost block.
        if id(value) not in self.cache:
            self.cache[id(value)] = value, value.to(target)
        return self.cache[id(value)][1]


def _widest(values: tuple[Any, ...]) -> dtype:
    """float32 if any tensor among `values` is float32, else the dtype they have."""
    found = [
        item.dtype
        for value in values
        for item in (value if isinstance(value, list | tuple) else (value,))
        if isinstance(item, Tensor) and item.is_floating_point()
    ]
    return found[0] if found and all(one is found[0] for one in found) else float32


def _device_type(device_type: Any) -> str:
    if not isinstance(device_type, str):
        raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
    return flambeau.device(device_type).type


def is_autocast_available(device_type: str) -> bool:
    """Whether `autocast` knows the device type.

    Raises:
        RuntimeError: no such device type.
    """
    return _device_type(device_type) in _dtypes


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    return _enabled.get(_device_type(device_type), False)


def set_autocast_enabled(device_type: Any, enabled: bool | None = None) -> None:
    """Turn autocasting on or off outside of any block: `(device_type, enabled)` or `(enabled)`."""
    if enabled is None:
        device_type, enabled = "cuda", device_type
    _set(_device_type(device_type), bool(enabled))


def get_autocast_dtype(device_type: str) -> dtype:
    return _dtypes[_device_type(device_type)]


def set_autocast_dtype(device_type: str, dtype: dtype) -> None:
    _dtypes[_device_type(device_type)] = dtype
    _set(device_type, is_autocast_enabled(device_type))


def is_autocast_cache_enabled() -> bool:
    return _cache_enabled


def set_autocast_cache_enabled(enabled: bool) -> None:
    global _cache_enabled
    _cache_enabled = enabled


def clear_autocast_cache() -> None:
    if modes.state.autocast is not None:
        modes.state.autocast.cache.clear()


def autocast_increment_nesting() -> int:
    global _nesting
    _nesting += 1
    return _nesting


def autocast_decrement_nesting() -> int:
    global _nesting
    _nesting -= 1
    return _nesting


def _set(device_type: str, enabled: bool) -> None:
    """Record the setting and, for the CPU, tell the op layer."""
    _enabled[device_type] = enabled
    if device_type != "cpu":
        return
    before = modes.state.autocast
    if enabled:
        now = _Casting(_dtypes["cpu"], cached=_cache_enabled)
        if before is not None and before.lower is now.lower:
            now.cache = before.cache
        modes.state.autocast = now
    else:
        modes.state.autocast = None
    if enabled and before is None:
        modes.enter_slow()
    elif before is not None and not enabled:
        modes.leave_slow()


class autocast:
    """Context manager and decorator: compute matrix products and convolutions in `dtype`.

    `device_type` "cpu" takes bfloat16 (the default) and float16; for another device type, or
    another dtype, it warns and stays off.
    """

    def __init__(
        self,
        device_type: str,
        dtype: dtype | None = None,
        enabled: bool = True,
        cache_enabled: bool | None = None,
    ) -> None:
        self.device = _device_type(device_type)
        if self.device not in _dtypes:
            raise RuntimeError(f"User specified an unsupported autocast device_type '{self.device}'")
        self.fast_dtype = get_autocast_dtype(self.device) if dtype is None else dtype
        self._cache_enabled = _cache_enabled if cache_enabled is None else cache_enabled
        self._enabled = enabled and self._supported()

    def _supported(self) -> bool:
        if self.device == "cuda":
            warnings.warn(
                "CUDA is not available or torch_xla is imported. Disabling autocast.",
                stacklevel=3,
            )
            return False
        if self.device == "cpu" and self.fast_dtype not in (bfloat16, float16):
            warnings.warn(
                "In CPU autocast, but the target dtype is not supported. Disabling autocast.\n"
                "CPU Autocast only supports dtypes of torch.bfloat16, torch.float16 currently.",
                stacklevel=3,
            )
            return False
        return True

    def __enter__(self) -> Self:
        self.prev = is_autocast_enabled(self.device)
        self.prev_fastdtype = get_autocast_dtype(self.device)
        self.prev_cache_enabled = _cache_enabled
        set_autocast_cache_enabled(self._cache_enabled)
        _dtypes[self.device] = self.fast_dtype
        _set(self.device, self._enabled)
        autocast_increment_nesting()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if autocast_decrement_nesting() == 0:
            clear_autocast_cache()
        set_autocast_cache_enabled(self.prev_cache_enabled)
        _dtypes[self.device] = self.prev_fastdtype
        _set(self.device, self.prev)

    def __call__(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return autocast_decorator(self, func)


def autocast_decorator(autocast_instance: autocast, func: Callable[..., Any]) -> Callable[..., Any]:
    """`func` run under `autocast_instance`."""

    @functools.wraps(func)
    def decorate_autocast(*args: Any, **kwargs: Any) -> Any:
        with autocast_instance:
            return func(*args, **kwargs)

    return decorate_autocast


def _cast_tensors(value: Any, device_type: str, dtype: dtype) -> Any:
    if isinstance(value, Tensor):
        eligible = value.is_floating_point() and value.device.type == device_type and value.dtype is not float64
        return value.to(dtype) if eligible else value
    if isinstance(value, dict):
        return {key: _cast_tensors(item, device_type, dtype) for key, item in value.items()}
    if isinstance(value, list | tuple):
        items = [_cast_tensors(item, device_type, dtype) for item in value]
        return items if isinstance(value, list) else tuple(items)
    return value


def custom_fwd(
    fwd: Callable[..., Any] | None = None,
    *,
    device_type: str,
    cast_inputs: dtype | None = None,
) -> Callable[..., Any]:
    """Decorate the `forward` of a custom `Function` for use under autocast.

    With `cast_inputs`, the floating-point tensors among its arguments are cast to that dtype and
    autocasting is off inside; without, `forward` runs in the caller's state. `custom_bwd` brings
    the same state back for `backward`.
    """
    _device_type(device_type)
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @functools.wraps(fwd)
    def decorate_fwd(*args: Any, **kwargs: Any) -> Any:
        context = args[0]
        context._dtype = get_autocast_dtype(device_type)
        enabled = is_autocast_enabled(device_type)
        if cast_inputs is None:
            context._fwd_used_autocast = enabled
            return fwd(*args, **kwargs)
        context._fwd_used_autocast = False
        if not enabled:
            return fwd(*args, **kwargs)
        with autocast(device_type, enabled=False):
            return fwd(
                *_cast_tensors(args, device_type, cast_inputs),
                **_cast_tensors(kwargs, device_type, cast_inputs),
            )

    return decorate_fwd


def custom_bwd(bwd: Callable[..., Any] | None = None, *, device_type: str) -> Callable[..., Any]:
    """Decorate the `backward` of a custom `Function` whose `forward` has `custom_fwd`."""
    _device_type(device_type)
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)

    @functools.wraps(bwd)
    def decorate_bwd(*args: Any, **kwargs: Any) -> Any:
        context = args[0]
        with autocast(device_type, enabled=context._fwd_used_autocast, dtype=context._dtype):
            return bwd(*args, **kwargs)

    return decorate_bwd
