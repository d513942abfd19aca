"""The ops of `nn.functional` that are not written there. Written by `python -m flambeau.ops --stubs`; not to be edited."""

from builtins import bool as _bool, complex as _complex, float as _float, int as _int, str as _str
from collections.abc import Callable, Sequence
from typing import Any, SupportsFloat, SupportsIndex

from flambeau._stubs import returns as _returns
from flambeau.device import device as _device
from flambeau.dtypes import dtype as _dtype
from flambeau.generator import Generator as _Generator
from flambeau.tensor import Size as Size, Tensor as Tensor, layout as _layout, memory_format as _memory_format

_Number = SupportsFloat | _complex
_Ints = SupportsIndex | Sequence[SupportsIndex]
_Kind = _dtype | type[_float | _complex]
_Place = _device | _str | _int

def avg_pool1d(input: Tensor, kernel_size: _Ints, stride: _Ints | None = None, padding: _Ints = 0, ceil_mode: _bool = False, count_include_pad: _bool = True) -> Tensor:
    """The mean of each window of the last dimension."""

def avg_pool2d(input: Tensor, kernel_size: _Ints, stride: _Ints | None = None, padding: _Ints = 0, ceil_mode: _bool = False, count_include_pad: _bool = True, divisor_override: SupportsIndex | None = None, *, out: Tensor | None = None) -> Tensor:
    """The mean of each window of the last 2 dimensions."""

def avg_pool3d(input: Tensor, kernel_size: _Ints, stride: _Ints | None = None, padding: _Ints = 0, ceil_mode: _bool = False, count_include_pad: _bool = True, divisor_override: SupportsIndex | None = None, *, out: Tensor | None = None) -> Tensor:
    """The mean of each window of the last 3 dimensions."""

def bilinear(input1: Tensor, input2: Tensor | _Number, weight: Tensor | _Number, bias: Any = None) -> Tensor:
    """input1 @ weight[k] @ input2 for each k, plus the bias. `weight` (out, in1, in2)."""

def celu_(input: Tensor, alpha: _Number = 1.0) -> Tensor: ...

def channel_shuffle(input: Tensor, groups: SupportsIndex) -> Tensor:
    """(N, g n, ...) with the channels of g groups interleaved (Zhang et al., 2018)."""

def conv1d(input: Tensor, weight: Tensor | _Number, bias: Tensor | _Number | None = None, stride: _Ints = 1, padding: Any = 0, dilation: _Ints = 1, groups: SupportsIndex = 1) -> Tensor:
    """The cross-correlation of (N, C, ...) or (C, ...) with (O, C/groups, ...), in 1D."""

def conv2d(input: Tensor, weight: Tensor | _Number, bias: Tensor | _Number | None = None, stride: _Ints = 1, padding: Any = 0, dilation: _Ints = 1, groups: SupportsIndex = 1) -> Tensor:
    """The cross-correlation of (N, C, ...) or (C, ...) with (O, C/groups, ...), in 2D."""

def conv3d(input: Tensor, weight: Tensor | _Number, bias: Tensor | _Number | None = None, stride: _Ints = 1, padding: Any = 0, dilation: _Ints = 1, groups: SupportsIndex = 1) -> Tensor:
    """The cross-correlation of (N, C, ...) or (C, ...) with (O, C/groups, ...), in 3D."""

def conv_tbc(input: Tensor, weight: Tensor | _Number, bias: Tensor | _Number, pad: SupportsIndex = 0) -> Tensor:
    """`conv1d` of (T, N, C) with (kernel, C, O)."""

def conv_transpose1d(input: Tensor, weight: Tensor | _Number, bias: Tensor | _Number | None = None, stride: _Ints = 1, padding: _Ints = 0, output_padding: _Ints = 0, groups: SupportsIndex = 1, dilation: _Ints = 1) -> Tensor:
    """The transpose of `conv1d`: (N, C, ...) with (C, O/groups, ...) to (N, O, ...)."""

def conv_transpose2d(input: Tensor, weight: Tensor | _Number, bias: Tensor | _Number | None = None, stride: _Ints = 1, padding: _Ints = 0, output_padding: _Ints = 0, groups: SupportsIndex = 1, dilation: _Ints = 1) -> Tensor:
    """The transpose of `conv2d`: (N, C, ...) with (C, O/groups, ...) to (N, O, ...)."""

def conv_transpose3d(input: Tensor, weight: Tensor | _Number, bias: Tensor | _Number | None = None, stride: _Ints = 1, padding: _Ints = 0, output_padding: _Ints = 0, groups: SupportsIndex = 1, dilation: _Ints = 1) -> Tensor:
    """The transpose of `conv3d`: (N, C, ...) with (C, O/groups, ...) to (N, O, ...)."""

def cosine_similarity(x1: Tensor, x2: Tensor | _Number, dim: SupportsIndex = 1, eps: _Number = 1e-08, **names: Any) -> Tensor:
    """x1 . x2 / (max(|x1|, eps) max(|x2|, eps)) along `dim`."""

def elu_(input: Tensor, alpha: _Number = 1.0) -> Tensor: ...

def gelu(input: Tensor, *, approximate: _str = 'none', out: Tensor | None = None) -> Tensor:
    """x times the normal distribution function (Hendrycks & Gimpel, 2016), or its "tanh" approximation."""

def hardshrink(input: Tensor, lambd: _Number = 0.5, *, out: Tensor | None = None) -> Tensor:
    """x, and 0 within `lambd` of it."""

def hardtanh_(input: Tensor, min_val: _Number = -1.0, max_val: _Number = 1.0) -> Tensor:
    """x between `min_val` and `max_val`, which bound it."""

def leaky_relu_(input: Tensor, negative_slope: _Number = 0.01) -> Tensor:
    """x where positive, else negative_slope * x."""

def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None, *, out: Tensor | None = None) -> Tensor:
    """`input @ weight.T + bias`, in one node. `input` (..., in), `weight` (out, in) or (in), `bias` (out)."""

def logsigmoid(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """log(sigmoid(x)), without overflow."""

def native_channel_shuffle(input: Tensor, groups: SupportsIndex) -> Tensor:
    """(N, g n, ...) with the channels of g groups interleaved (Zhang et al., 2018)."""

def one_hot(tensor: Tensor, num_classes: SupportsIndex = -1) -> Tensor:
    """Class numbers (...) as vectors (..., num_classes) with a 1 at the class."""

def pairwise_distance(x1: Tensor, x2: Tensor | _Number, p: _Number = 2.0, eps: _Number = 1e-06, keepdim: _bool = False) -> Tensor:
    """The `p`-norm of x1 - x2 + eps over the last dimension."""

def pdist(input: Tensor, p: _Number = 2.0) -> Tensor:
    """The `p`-norm distances of all pairs of rows, (N (N - 1) / 2)."""

def pixel_shuffle(input: Tensor, upscale_factor: SupportsIndex) -> Tensor:
    """(..., C r², H, W) to (..., C, H r, W r): channels become pixels (Shi et al., 2016)."""

def pixel_unshuffle(input: Tensor, downscale_factor: SupportsIndex) -> Tensor:
    """(..., C, H r, W r) to (..., C r², H, W): the inverse of `pixel_shuffle`."""

def prelu(input: Tensor, weight: Tensor | _Number) -> Tensor:
    """x where positive, else weight * x; `weight` has one element, or one for each channel (dimension 1)."""

def relu_(input: Tensor) -> Tensor:
    """max(0, x)."""

def rrelu_(input: Tensor, lower: _Number = 0.125, upper: _Number = 0.3333333333333333, training: _bool = False, generator: _Generator | None = None) -> Tensor:
    """Positive x as it is; other x times a slope, drawn from [lower, upper) in training."""

def scaled_dot_product_attention(query: Tensor, key: Tensor | _Number, value: Tensor | _Number, attn_mask: Any = None, dropout_p: _Number = 0.0, is_causal: _bool = False, scale: Any = None, enable_gqa: _bool = False) -> Tensor:
    """softmax(query @ key.T * scale + mask) @ value."""

def selu_(input: Tensor, alpha: _Number = 1.0) -> Tensor: ...

def softplus(input: Tensor, beta: _Number = 1, threshold: _Number = 20, *, out: Tensor | None = None) -> Tensor:
    """log(1 + exp(beta x)) / beta; x itself where beta x is greater than `threshold`."""

def softshrink(input: Tensor, lambd: _Number = 0.5, *, out: Tensor | None = None) -> Tensor:
    """x moved towards 0 by `lambd`, and 0 within it."""

def threshold_(input: Tensor, threshold: _Number, value: _Number) -> Tensor:
    """x where greater than `threshold`, else `value`."""
