"""The functions, dtypes and lazy modules of `flambeau`. Written by `python -m flambeau.ops --stubs`; not to be edited."""

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
from flambeau import autograd as autograd
from flambeau import dtypes as dtypes
from flambeau import ops as ops
from flambeau import protocols as protocols
from flambeau.autograd import enable_grad as enable_grad
from flambeau.autograd import inference_mode as inference_mode
from flambeau.autograd import is_grad_enabled as is_grad_enabled
from flambeau.autograd import is_inference_mode_enabled as is_inference_mode_enabled
from flambeau.autograd import no_grad as no_grad
from flambeau.autograd import set_grad_enabled as set_grad_enabled
from flambeau.device import device as device
from flambeau.dtypes import can_cast as can_cast
from flambeau.dtypes import dtype as dtype
from flambeau.dtypes import finfo as finfo
from flambeau.dtypes import get_default_dtype as get_default_dtype
from flambeau.dtypes import iinfo as iinfo
from flambeau.dtypes import promote_types as promote_types
from flambeau.dtypes import set_default_dtype as set_default_dtype
from flambeau.tensor import Size as Size
from flambeau.tensor import channels_last as channels_last
from flambeau.tensor import channels_last_3d as channels_last_3d
from flambeau.tensor import contiguous_format as contiguous_format
from flambeau.tensor import layout as layout
from flambeau.tensor import legacy_types as legacy_types
from flambeau.tensor import memory_format as memory_format
from flambeau.tensor import preserve_format as preserve_format
from flambeau.tensor import sparse_coo as sparse_coo
from flambeau.tensor import strided as strided
from flambeau import _C as _C
from flambeau import _utils as _utils
from flambeau import accelerator as accelerator
from flambeau import amp as amp
from flambeau import backends as backends
from flambeau import compiler as compiler
from flambeau import cpu as cpu
from flambeau import cuda as cuda
from flambeau import distributed as distributed
from flambeau import fft as fft
from flambeau import hub as hub
from flambeau import jit as jit
from flambeau import launch as launch
from flambeau import linalg as linalg
from flambeau import masked as masked
from flambeau import mps as mps
from flambeau import nn as nn
from flambeau import optim as optim
from flambeau import overrides as overrides
from flambeau import random as random
from flambeau import return_types as return_types
from flambeau import serialization as serialization
from flambeau import signal as signal
from flambeau import special as special
from flambeau import storage as storage
from flambeau import testing as testing
from flambeau import torch_version as torch_version
from flambeau import types as types
from flambeau import utils as utils
from flambeau import version as version
from flambeau import xpu as xpu
from flambeau.accelerator import AcceleratorError as AcceleratorError
from flambeau.generator import Generator as Generator
from flambeau.cuda import OutOfMemoryError as OutOfMemoryError
from flambeau.storage import TypedStorage as TypedStorage
from flambeau.storage import UntypedStorage as UntypedStorage
from flambeau.version import __version__ as __version__
from flambeau.settings import _assert as _assert
from flambeau.settings import are_deterministic_algorithms_enabled as are_deterministic_algorithms_enabled
from flambeau.launch import as_torch as as_torch
from flambeau.amp.autocast_mode import autocast as autocast
from flambeau.amp.autocast_mode import autocast_decrement_nesting as autocast_decrement_nesting
from flambeau.amp.autocast_mode import autocast_increment_nesting as autocast_increment_nesting
from flambeau.amp.autocast_mode import clear_autocast_cache as clear_autocast_cache
from flambeau.settings import compiled_with_cxx11_abi as compiled_with_cxx11_abi
from flambeau.random import default_generator as default_generator
from flambeau.autograd.variable import detach as detach
from flambeau.autograd.variable import detach_ as detach_
from flambeau.utils.dlpack import from_dlpack as from_dlpack
from flambeau.fusion import fused as fused
from flambeau.amp.autocast_mode import get_autocast_dtype as get_autocast_dtype
from flambeau.settings import get_deterministic_debug_mode as get_deterministic_debug_mode
from flambeau.settings import get_float32_matmul_precision as get_float32_matmul_precision
from flambeau.kernels.threads import get_num_threads as get_num_threads
from flambeau.printing import get_printoptions as get_printoptions
from flambeau.random import get_rng_state as get_rng_state
from flambeau.random import initial_seed as initial_seed
from flambeau.autograd.saved import is_anomaly_enabled as is_anomaly_enabled
from flambeau.amp.autocast_mode import is_autocast_cache_enabled as is_autocast_cache_enabled
from flambeau.amp.autocast_mode import is_autocast_enabled as is_autocast_enabled
from flambeau.settings import is_deterministic_algorithms_warn_only_enabled as is_deterministic_algorithms_warn_only_enabled
from flambeau.settings import is_distributed as is_distributed
from flambeau.settings import is_inference as is_inference
from flambeau.settings import is_warn_always_enabled as is_warn_always_enabled
from flambeau.serialization import load as load
from flambeau.random import manual_seed as manual_seed
from flambeau.serialization import save as save
from flambeau.random import seed as seed
from flambeau.amp.autocast_mode import set_autocast_cache_enabled as set_autocast_cache_enabled
from flambeau.amp.autocast_mode import set_autocast_dtype as set_autocast_dtype
from flambeau.amp.autocast_mode import set_autocast_enabled as set_autocast_enabled
from flambeau.settings import set_default_tensor_type as set_default_tensor_type
from flambeau.settings import set_deterministic_debug_mode as set_deterministic_debug_mode
from flambeau.settings import set_float32_matmul_precision as set_float32_matmul_precision
from flambeau.settings import set_flush_denormal as set_flush_denormal
from flambeau.kernels.threads import set_num_threads as set_num_threads
from flambeau.printing import set_printoptions as set_printoptions
from flambeau.random import set_rng_state as set_rng_state
from flambeau.settings import set_warn_always as set_warn_always
from flambeau.random import thread_safe_generator as thread_safe_generator
from flambeau.utils.dlpack import to_dlpack as to_dlpack
from flambeau.types import typename as typename
from flambeau.settings import use_deterministic_algorithms as use_deterministic_algorithms

bfloat16: _dtype
bool: _dtype
cdouble: _dtype
cfloat: _dtype
complex128: _dtype
complex64: _dtype
double: _dtype
float: _dtype
float16: _dtype
float32: _dtype
float64: _dtype
float8_e4m3fn: _dtype
float8_e4m3fnuz: _dtype
float8_e5m2: _dtype
float8_e5m2fnuz: _dtype
half: _dtype
int: _dtype
int16: _dtype
int32: _dtype
int64: _dtype
int8: _dtype
long: _dtype
short: _dtype
uint16: _dtype
uint32: _dtype
uint64: _dtype
uint8: _dtype
BFloat16Tensor: Any
BoolTensor: Any
ByteTensor: Any
CharTensor: Any
ComplexDoubleTensor: Any
ComplexFloatTensor: Any
DoubleTensor: Any
Float8_e4m3fnTensor: Any
Float8_e4m3fnuzTensor: Any
Float8_e5m2Tensor: Any
Float8_e5m2fnuzTensor: Any
FloatTensor: Any
HalfTensor: Any
IntTensor: Any
LongTensor: Any
ShortTensor: Any
UInt16Tensor: Any
UInt32Tensor: Any
UInt64Tensor: Any

def _chunk_cat(tensors: Sequence[Tensor], dim: SupportsIndex = ..., num_chunks: SupportsIndex = ..., *, out: Tensor | None = None, **names: Any) -> Tensor:
    """The tensors, each cut into `num_chunks` along `dim` (filled up with 0), flattened and put side by side."""

def _dirichlet_grad(x: Tensor, alpha: _Number, total: Tensor) -> Tensor:
    """How Beta numbers `x` move with `alpha`, where `total` is the sum of both parameters."""

def _foreach_abs(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`abs` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_abs_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`abs_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_acos(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`acos` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_acos_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`acos_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_add(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`add` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_add_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`add_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_addcdiv(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`addcdiv` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_addcdiv_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`addcdiv_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_addcmul(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`addcmul` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_addcmul_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`addcmul_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_asin(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`asin` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_asin_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`asin_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_atan(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`atan` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_atan_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`atan_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_ceil(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`ceil` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_ceil_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`ceil_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_clamp_max(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`clamp_max` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_clamp_max_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`clamp_max_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_clamp_min(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`clamp_min` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_clamp_min_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`clamp_min_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_copy_(self: Sequence[Tensor], src: Sequence[Tensor], non_blocking: _bool = False) -> list[Tensor]:
    """Copy each tensor of a list over its counterpart."""

def _foreach_cos(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`cos` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_cos_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`cos_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_cosh(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`cosh` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_cosh_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`cosh_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_div(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`div` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_div_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`div_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_erf(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`erf` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_erf_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`erf_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_erfc(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`erfc` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_erfc_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`erfc_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_exp(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`exp` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_exp_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`exp_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_expm1(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`expm1` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_expm1_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`expm1_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_floor(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`floor` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_floor_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`floor_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_frac(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`frac` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_frac_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`frac_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_lerp(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`lerp` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_lerp_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`lerp_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_lgamma(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`lgamma` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_lgamma_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`lgamma_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_log(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`log` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_log10(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`log10` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_log10_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`log10_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_log1p(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`log1p` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_log1p_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`log1p_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_log2(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`log2` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_log2_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`log2_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_log_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`log_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_max(self: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """The greatest element of each tensor of a list."""

def _foreach_maximum(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`maximum` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_maximum_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`maximum_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_minimum(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`minimum` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_minimum_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`minimum_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_mul(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`mul` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_mul_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`mul_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_neg(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`neg` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_neg_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`neg_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_norm(self: Sequence[Tensor], ord: Any = 2, dtype: _Kind | None = None) -> tuple[Tensor, ...]:
    """The norm of each tensor of a list."""

def _foreach_pow(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`pow` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_pow_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`pow_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_reciprocal(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`reciprocal` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_reciprocal_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`reciprocal_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_round(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`round` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_round_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`round_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_rsqrt(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`rsqrt` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_rsqrt_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`rsqrt_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_sigmoid(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`sigmoid` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_sigmoid_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`sigmoid_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_sign(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`sign` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_sign_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`sign_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_sin(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`sin` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_sin_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`sin_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_sinh(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`sinh` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_sinh_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`sinh_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_sqrt(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`sqrt` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_sqrt_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`sqrt_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_sub(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`sub` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_sub_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`sub_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_tan(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`tan` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_tan_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`tan_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_tanh(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`tanh` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_tanh_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`tanh_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_trunc(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
    """`trunc` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_trunc_(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
    """`trunc_` of each tensor of a list, with what stands beside it in the other lists."""

def _foreach_zero_(self: Sequence[Tensor]) -> list[Tensor]:
    """Fill each tensor of a list with 0."""

def _sample_dirichlet(input: Tensor, generator: _Generator | None = None) -> Tensor:
    """A point of the simplex for each row of concentrations."""

def _segment_reduce(data: Tensor, reduce: _str, *, lengths: Tensor | None = None, indices: Tensor | None = None, offsets: Tensor | None = None, axis: SupportsIndex = 0, unsafe: _bool = False, initial: Any = None) -> Tensor:
    """The sum, mean, product, maximum or minimum of each segment of `data` along `axis`, from `initial` on."""

def _softmax_backward_data(grad_output: Tensor, output: Tensor | _Number, dim: SupportsIndex = ..., input_dtype: Any = ..., *, out: Tensor | None = None, **names: Any) -> Tensor:
    """The cotangent of softmax's argument."""

def _stacked_norms(self: Sequence[Tensor], ord: Any = 2) -> Tensor:
    """The norms of the tensors of a list, in one tensor."""

def _standard_gamma(input: Tensor, generator: _Generator | None = None) -> Tensor:
    """A number from the Gamma distribution of each shape in `input`, with scale 1."""

def _standard_gamma_grad(input: Tensor, output: Tensor) -> Tensor:
    """How Gamma numbers `output` move with their shapes `input` at a fixed quantile."""

def _unsafe_masked_index(input: Tensor, mask: Tensor | _Number, indices: Any, fill: Any) -> Tensor:
    """`input[indices]` where `mask`, whatever the other indices are, and `fill` elsewhere."""

def _unsafe_masked_index_put_accumulate(input: Tensor, mask: Tensor | _Number, indices: Any, values: Tensor | _Number) -> Tensor:
    """`input` with the `values` under `mask` added at `indices`."""

def _weight_norm(v: Tensor, g: Tensor, dim: SupportsIndex = 0) -> Tensor:
    """The weight of direction `v` and size `g` (Salimans & Kingma, 2016)."""

def abs(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The absolute value (of complex numbers: the modulus)."""

def abs_(input: Tensor) -> Tensor:
    """The absolute value (of complex numbers: the modulus)."""

def absolute(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The absolute value (of complex numbers: the modulus)."""

def absolute_(input: Tensor) -> Tensor:
    """The absolute value (of complex numbers: the modulus)."""

def acos(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse cosine."""

def acos_(input: Tensor) -> Tensor:
    """The inverse cosine."""

def acosh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse hyperbolic cosine."""

def acosh_(input: Tensor) -> Tensor:
    """The inverse hyperbolic cosine."""

def adaptive_avg_pool1d(input: Tensor, output_size: _Ints) -> Tensor:
    """The means of `output_size` windows of the last 1 dimensions."""

def adaptive_max_pool1d(input: Tensor, output_size: _Ints) -> tuple[Tensor, Tensor]:
    """The largest elements of `output_size` windows of the last 1 dimensions, with indices."""

def add(input: Tensor | _Number, other: Tensor | _Number, *, alpha: _Number = 1, out: Tensor | None = None) -> Tensor:
    """The sum `input + alpha * other`."""

def add_(input: Tensor | _Number, other: Tensor | _Number, *, alpha: _Number = 1) -> Tensor:
    """The sum `input + alpha * other`."""

def addbmm(input: Tensor, batch1: Tensor | _Number, batch2: Tensor | _Number, *, beta: Tensor | _Number = 1, alpha: _Number = 1, out: Tensor | None = None) -> Tensor:
    """beta * input + alpha * the sum of the batches' products."""

def addbmm_(input: Tensor, batch1: Tensor | _Number, batch2: Tensor | _Number, *, beta: Tensor | _Number = 1, alpha: _Number = 1) -> Tensor:
    """beta * input + alpha * the sum of the batches' products."""

def addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1, out: Tensor | None = None) -> Tensor: ...

def addcdiv_(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1) -> Tensor: ...

def addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1, out: Tensor | None = None) -> Tensor: ...

def addcmul_(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1) -> Tensor: ...

def addmm(input: Tensor, mat1: Tensor | _Number, mat2: Tensor | _Number, *, beta: Tensor | _Number = 1, alpha: _Number = 1, out: Tensor | None = None) -> Tensor:
    """beta * input + alpha * (mat1 @ mat2)."""

def addmm_(input: Tensor, mat1: Tensor | _Number, mat2: Tensor | _Number, *, beta: Tensor | _Number = 1, alpha: _Number = 1) -> Tensor:
    """beta * input + alpha * (mat1 @ mat2)."""

def addmv(input: Tensor, mat: Tensor | _Number, vec: Tensor | _Number, *, beta: Tensor | _Number = 1, alpha: _Number = 1, out: Tensor | None = None) -> Tensor:
    """beta * input + alpha * (mat @ vec)."""

def addmv_(input: Tensor, mat: Tensor | _Number, vec: Tensor | _Number, *, beta: Tensor | _Number = 1, alpha: _Number = 1) -> Tensor:
    """beta * input + alpha * (mat @ vec)."""

def addr(input: Tensor, vec1: Tensor | _Number, vec2: Tensor | _Number, *, beta: Tensor | _Number = 1, alpha: _Number = 1, out: Tensor | None = None) -> Tensor:
    """beta * input + alpha * outer(vec1, vec2)."""

def addr_(input: Tensor, vec1: Tensor | _Number, vec2: Tensor | _Number, *, beta: Tensor | _Number = 1, alpha: _Number = 1) -> Tensor:
    """beta * input + alpha * outer(vec1, vec2)."""

def adjoint(input: Tensor) -> Tensor:
    """The conjugate transpose of each matrix."""

def affine_grid_generator(theta: Tensor, size: Sequence[SupportsIndex], align_corners: _bool) -> Tensor:
    """The grid for `grid_sampler` that applies the affine maps `theta`, (N, axes, axes + 1)."""

def alias_copy(*args: Any, out: Any = None, **keywords: Any) -> Any:
    """`alias` in memory of its own."""

def all(input: Tensor, dim: _Ints | None = None, keepdim: _bool = False, *, out: Tensor | None = None, **names: Any) -> Tensor: ...

def allclose(input: Tensor, other: Tensor | _Number, rtol: _Number = 1e-05, atol: _Number = 1e-08, equal_nan: _bool = False) -> _bool:
    """Whether all elements are close: |input - other| <= atol + rtol * |other|."""

def alpha_dropout(input: Tensor, p: _Number, train: _bool) -> Tensor:
    """Dropout that keeps mean and variance of SELU activations (Klambauer et al., 2017)."""

def alpha_dropout_(input: Tensor, p: _Number, train: _bool) -> Tensor:
    """Dropout that keeps mean and variance of SELU activations (Klambauer et al., 2017)."""

def amax(input: Tensor, dim: _Ints | None = ..., keepdim: _bool = False, *, out: Tensor | None = None, **names: Any) -> Tensor: ...

def amin(input: Tensor, dim: _Ints | None = ..., keepdim: _bool = False, *, out: Tensor | None = None, **names: Any) -> Tensor: ...

def aminmax(input: Tensor, *, dim: _Ints | None = None, keepdim: _bool = False, out: Any = None, **names: Any) -> _returns.aminmax:
    """The least and the greatest element, over everything or along `dim`."""

def angle(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The argument of each complex number, in radians."""

def any(input: Tensor, dim: _Ints | None = None, keepdim: _bool = False, *, out: Tensor | None = None, **names: Any) -> Tensor: ...

def arange(start: Any = 0, end: Any = None, step: Any = 1, *, out: Tensor | None = None, dtype: _Kind | None = None, layout: _layout | None = None, device: _Place | None = None, requires_grad: _bool = False, pin_memory: _bool = False) -> Tensor:
    """The values from `start` up to (not including) `end` in steps of `step`; integers if all three are."""

def arccos(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse cosine."""

def arccos_(input: Tensor) -> Tensor:
    """The inverse cosine."""

def arccosh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse hyperbolic cosine."""

def arccosh_(input: Tensor) -> Tensor:
    """The inverse hyperbolic cosine."""

def arcsin(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse sine."""

def arcsin_(input: Tensor) -> Tensor:
    """The inverse sine."""

def arcsinh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse hyperbolic sine."""

def arcsinh_(input: Tensor) -> Tensor:
    """The inverse hyperbolic sine."""

def arctan(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse tangent."""

def arctan2(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The angle of the point (other, input), in radians."""

def arctan2_(input: Tensor, other: Tensor) -> Tensor:
    """The angle of the point (other, input), in radians."""

def arctan_(input: Tensor) -> Tensor:
    """The inverse tangent."""

def arctanh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse hyperbolic tangent."""

def arctanh_(input: Tensor) -> Tensor:
    """The inverse hyperbolic tangent."""

def argmax(input: Tensor, dim: _Ints | None = None, keepdim: _bool = False, *, out: Tensor | None = None, **names: Any) -> Tensor: ...

def argmin(input: Tensor, dim: _Ints | None = None, keepdim: _bool = False, *, out: Tensor | None = None, **names: Any) -> Tensor: ...

def argsort(input: Tensor, dim: SupportsIndex = -1, descending: _bool = False, *, stable: _bool = False, **names: Any) -> Tensor:
    """The places of the elements of `input` in order along `dim`."""

def argwhere(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The position of each element that is not zero, a row each."""

def as_strided(input: Tensor, size: Any, stride: Any, storage_offset: Any = None) -> Tensor:
    """A view of the tensor's storage with the given shape, strides and offset, in elements."""

def as_strided_copy(*args: Any, out: Any = None, **keywords: Any) -> Any:
    """`as_strided` in memory of its own."""

def as_strided_scatter(input: Tensor, src: Tensor | _Number, size: Any, stride: Any, storage_offset: Any = None) -> Tensor:
    """A copy in which `src` stands where the strides lead. (The gradient is the derivative; PyTorch's is not.)"""

def as_tensor(data: Any, dtype: _Kind | None = None, device: _Place | None = None) -> Tensor:
    """`data` as a tensor, without a copy where its memory can be shared."""

def asarray(obj: Any, *, dtype: _Kind | None = None, device: _Place | None = None, copy: _bool | None = None, requires_grad: _bool = False) -> Tensor:
    """`obj` as a tensor; `copy` forces (True) or forbids (False) a copy."""

def asin(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse sine."""

def asin_(input: Tensor) -> Tensor:
    """The inverse sine."""

def asinh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse hyperbolic sine."""

def asinh_(input: Tensor) -> Tensor:
    """The inverse hyperbolic sine."""

def atan(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse tangent."""

def atan2(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The angle of the point (other, input), in radians."""

def atan2_(input: Tensor, other: Tensor) -> Tensor:
    """The angle of the point (other, input), in radians."""

def atan_(input: Tensor) -> Tensor:
    """The inverse tangent."""

def atanh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse hyperbolic tangent."""

def atanh_(input: Tensor) -> Tensor:
    """The inverse hyperbolic tangent."""

def atleast_1d(*tensors: Any) -> Any:
    """The tensors with at least 1 dimension."""

def atleast_2d(*tensors: Any) -> Any:
    """The tensors with at least 2 dimensions."""

def atleast_3d(*tensors: Any) -> Any:
    """The tensors with at least 3 dimensions."""

def avg_pool1d(input: Tensor, kernel_size: _Ints, stride: _Ints | None = None, padding: _Ints = 0, ceil_mode: _bool = False, count_include_pad: _bool = True) -> Tensor:
    """The mean of each window of the last dimension."""

def baddbmm(input: Tensor, batch1: Tensor | _Number, batch2: Tensor | _Number, *, beta: Tensor | _Number = 1, alpha: _Number = 1, out: Tensor | None = None) -> Tensor:
    """beta * input + alpha * (batch1 @ batch2)."""

def baddbmm_(input: Tensor, batch1: Tensor | _Number, batch2: Tensor | _Number, *, beta: Tensor | _Number = 1, alpha: _Number = 1) -> Tensor:
    """beta * input + alpha * (batch1 @ batch2)."""

def bartlett_window(window_length: SupportsIndex, periodic: _bool = True, *settings: Any, dtype: _Kind | None = None, layout: _layout | None = None, device: _Place | None = None, pin_memory: _bool = False, requires_grad: _bool = False, **named: Any) -> Tensor:
    """A triangle: 1 - |2 n / N - 1|."""

def batch_norm(input: Tensor, weight: Tensor | _Number, bias: Tensor | _Number, running_mean: Tensor | _Number, running_var: Tensor | _Number, training: _bool, momentum: _Number, eps: _Number, cudnn_enabled: _bool = True) -> Tensor:
    """Standardize each channel of (N, C, ...) over all else (Ioffe and Szegedy, 2015)."""

def bernoulli(input: Any, p: Any = None, *, generator: _Generator | None = None, out: Tensor | None = None) -> Any:
    """Ones with the probabilities that `input` holds, or all with probability `p`; zeros else."""

def bilinear(input1: Tensor, input2: Tensor | _Number, weight: Tensor | _Number, bias: Any = None) -> Tensor:
    """input1 @ weight[k] @ input2 for each k, plus the bias. `weight` (out, in1, in2)."""

def bincount(input: Tensor, weights: Tensor | None = None, minlength: SupportsIndex = 0) -> Tensor:
    """How often each of 0, 1, ... occurs, or the sum of its `weights`."""

def binomial(count: Tensor, prob: Tensor, generator: _Generator | None = None) -> Tensor:
    """The number of successes in `count` trials of probability `prob`, element by element."""

def bitwise_and(input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """The bits set in both."""

def bitwise_and_(input: Tensor | _Number, other: Tensor | _Number) -> Tensor:
    """The bits set in both."""

def bitwise_left_shift(input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """The bits moved up by `other` places."""

def bitwise_left_shift_(input: Tensor | _Number, other: Tensor | _Number) -> Tensor:
    """The bits moved up by `other` places."""

def bitwise_not(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The bits inverted."""

def bitwise_not_(input: Tensor) -> Tensor:
    """The bits inverted."""

def bitwise_or(input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """The bits set in either."""

def bitwise_or_(input: Tensor | _Number, other: Tensor | _Number) -> Tensor:
    """The bits set in either."""

def bitwise_right_shift(input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """The bits moved down by `other` places."""

def bitwise_right_shift_(input: Tensor | _Number, other: Tensor | _Number) -> Tensor:
    """The bits moved down by `other` places."""

def bitwise_xor(input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """The bits set in one of the two."""

def bitwise_xor_(input: Tensor | _Number, other: Tensor | _Number) -> Tensor:
    """The bits set in one of the two."""

def blackman_window(window_length: SupportsIndex, periodic: _bool = True, *settings: Any, dtype: _Kind | None = None, layout: _layout | None = None, device: _Place | None = None, pin_memory: _bool = False, requires_grad: _bool = False, **named: Any) -> Tensor:
    """0.42 - 0.5 cos(2 pi n / N) + 0.08 cos(4 pi n / N)."""

def block_diag(*tensors: Any) -> Tensor:
    """The matrices along the diagonal of one large matrix of zeros."""

def bmm(input: Tensor, mat2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The products of two stacks of matrices of one length."""

def broadcast_shapes(*shapes: Any) -> Any:
    """The shape that tensors of the given shapes broadcast to."""

def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """Views of the tensors expanded to their common shape."""

def broadcast_to(input: Tensor, size: Any) -> Tensor:
    """A view expanded to `size`."""

def bucketize(input: Tensor, boundaries: Tensor | _Number, *, out_int32: _bool = False, right: _bool = False, out: Tensor | None = None) -> Tensor:
    """Which of the ordered 1-d `boundaries` each element comes before."""

def cartesian_prod(*tensors: Any) -> Tensor:
    """All combinations of one element of each vector, as rows."""

def cat(tensors: Sequence[Tensor], dim: SupportsIndex = 0, *, out: Tensor | None = None, **names: Any) -> Tensor:
    """The tensors one after the other along `dim`. Empty vectors are left out, as PyTorch does."""

def cdist(x1: Tensor, x2: Tensor | _Number, p: _Number = 2.0, compute_mode: Any = None) -> Tensor:
    """The `p`-norm distance of each row of `x1` (..., P, M) to each row of `x2` (..., R, M), as (..., P, R)."""

def ceil(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The least integer that is not less."""

def ceil_(input: Tensor) -> Tensor:
    """The least integer that is not less."""

def chain_matmul(*matrices: Any) -> Any:
    """`linalg.multi_dot` of its arguments."""

def channel_shuffle(input: Tensor, groups: SupportsIndex) -> Tensor:
    """(N, g n, ...) with the channels of g groups interleaved (Zhang et al., 2018)."""

def cholesky(input: Tensor, upper: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """The Cholesky factor of Hermitian positive-definite matrices."""

def cholesky_inverse(L: Tensor, upper: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """The inverse of A from its Cholesky factor."""

def cholesky_solve(input: Tensor, L: Tensor, upper: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """X of `A X = input` from the Cholesky factor of A."""

def chunk(input: Tensor, chunks: SupportsIndex, dim: SupportsIndex = 0, **names: Any) -> tuple[Tensor, ...]:
    """Views of at most `chunks` parts of equal size along `dim` (the last may be smaller)."""

def clamp(input: Tensor, min: Any = None, max: Any = None, *, out: Tensor | None = None) -> Tensor:
    """x, at least `min` and at most `max`: numbers or tensors."""

def clamp_(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """x, at least `min` and at most `max`: numbers or tensors."""

def clamp_max(input: Tensor, max: Any, *, out: Tensor | None = None) -> Tensor:
    """x, at most `max`."""

def clamp_max_(input: Tensor, max: Any) -> Tensor:
    """x, at most `max`."""

def clamp_min(input: Tensor, min: Any, *, out: Tensor | None = None) -> Tensor:
    """x, at least `min`."""

def clamp_min_(input: Tensor, min: Any) -> Tensor:
    """x, at least `min`."""

def clip(input: Tensor, min: Any = None, max: Any = None, *, out: Tensor | None = None) -> Tensor:
    """x, at least `min` and at most `max`: numbers or tensors."""

def clip_(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """x, at least `min` and at most `max`: numbers or tensors."""

def clone(input: Tensor, *, memory_format: _memory_format | None = None) -> Tensor:
    """A copy in memory of its own."""

def column_stack(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """The tensors as columns beside each other."""

def combinations(input: Tensor, r: SupportsIndex = 2, with_replacement: _bool = False) -> Tensor:
    """All choices of `r` elements of a vector, as rows."""

def complex(real: Tensor, imag: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The complex numbers with the given parts."""

def concat(tensors: Sequence[Tensor], dim: SupportsIndex = 0, *, out: Tensor | None = None, **names: Any) -> Tensor:
    """The tensors one after the other along `dim`. Empty vectors are left out, as PyTorch does."""

def concatenate(tensors: Sequence[Tensor], dim: SupportsIndex = 0, *, out: Tensor | None = None, **names: Any) -> Tensor:
    """The tensors one after the other along `dim`. Empty vectors are left out, as PyTorch does."""

def conj(input: Tensor) -> Tensor:
    """The complex conjugate."""

def conj_physical(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The complex conjugate."""

def conj_physical_(input: Tensor) -> Tensor:
    """The complex conjugate."""

def constant_pad_nd(input: Tensor, pad: Sequence[SupportsIndex], value: Any = 0) -> Tensor:
    """`value` around the last dimensions; a negative number cuts."""

def contiguous(input: Tensor, memory_format: _memory_format | None = ...) -> Tensor:
    """The tensor itself if it lies so in memory, else a copy that does."""

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

def convolution(input: Tensor, weight: Tensor, bias: Tensor, stride: Sequence[SupportsIndex], padding: Sequence[SupportsIndex], dilation: Sequence[SupportsIndex], transposed: _bool, output_padding: Sequence[SupportsIndex], groups: SupportsIndex) -> Tensor:
    """The cross-correlation of (N, C, ...) with (O, C/groups, ...); or its transpose."""

def copysign(input: Tensor, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """The size of `input` with the sign of `other`."""

def copysign_(input: Tensor, other: Tensor | _Number) -> Tensor:
    """The size of `input` with the sign of `other`."""

def corrcoef(input: Tensor) -> Tensor:
    """The matrix of correlation coefficients of variables (rows)."""

def cos(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The cosine."""

def cos_(input: Tensor) -> Tensor:
    """The cosine."""

def cosh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The hyperbolic cosine."""

def cosh_(input: Tensor) -> Tensor:
    """The hyperbolic cosine."""

def cosine_similarity(x1: Tensor, x2: Tensor | _Number, dim: SupportsIndex = 1, eps: _Number = 1e-08, **names: Any) -> Tensor:
    """x1 . x2 / (max(|x1|, eps) max(|x2|, eps)) along `dim`."""

def count_nonzero(input: Tensor, dim: _Ints | None = None, **names: Any) -> Tensor:
    """The number of nonzero elements, over all dimensions or over `dim`."""

def cov(input: Tensor, *, correction: SupportsIndex = 1, fweights: Any = None, aweights: Any = None) -> Tensor:
    """The covariance matrix of variables (rows) over observations (columns)."""

def cross(input: Tensor, other: Tensor | _Number, dim: SupportsIndex | None = None, *, out: Tensor | None = None, **names: Any) -> Tensor:
    """The cross product along `dim`, by default the first dimension of size 3."""

def ctc_loss(log_probs: Tensor, targets: Tensor | _Number, input_lengths: Any, target_lengths: Any, blank: SupportsIndex, reduction: Any, zero_infinity: _bool) -> Tensor:
    """Minus the log-probability of all alignments of `targets` (N, S) or (sum of lengths) to `log_probs` (T, N, C)."""

def cummax(input: Tensor, dim: SupportsIndex = ..., *, out: Any = None, **names: Any) -> Any: ...

def cummin(input: Tensor, dim: SupportsIndex = ..., *, out: Any = None, **names: Any) -> Any: ...

def cumprod(input: Tensor, dim: SupportsIndex = ..., *, dtype: _Kind | None = None, out: Tensor | None = None, **names: Any) -> Tensor:
    """The running product along `dim`; integers become int64."""

def cumprod_(input: Tensor, dim: SupportsIndex, *, dtype: _Kind | None = None) -> Tensor:
    """The running product along `dim`; integers become int64."""

def cumsum(input: Tensor, dim: SupportsIndex = ..., *, dtype: _Kind | None = None, out: Tensor | None = None, **names: Any) -> Tensor:
    """The running sum along `dim`; integers become int64."""

def cumsum_(input: Tensor, dim: SupportsIndex, *, dtype: _Kind | None = None) -> Tensor:
    """The running sum along `dim`; integers become int64."""

def cumulative_trapezoid(y: Tensor, x: Tensor | _Number | None = None, *, dx: Any = 1, dim: SupportsIndex = -1, **names: Any) -> Tensor:
    """The running integral along `dim` by the trapezoidal rule."""

def deg2rad(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Degrees to radians."""

def deg2rad_(input: Tensor) -> Tensor:
    """Degrees to radians."""

def det(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Determinants."""

def diag(input: Tensor, diagonal: SupportsIndex = 0, *, out: Tensor | None = None) -> Tensor:
    """A vector as the diagonal of a matrix, or the diagonal of a matrix (a copy)."""

def diag_embed(input: Tensor, offset: SupportsIndex = 0, dim1: SupportsIndex = -2, dim2: SupportsIndex = -1, *, out: Tensor | None = None) -> Tensor:
    """The last dimension as the diagonals of new planes."""

def diagflat(input: Tensor, offset: SupportsIndex = 0) -> Tensor:
    """The elements as the diagonal of a matrix."""

def diagonal(input: Tensor, offset: SupportsIndex = 0, dim1: SupportsIndex = 0, dim2: SupportsIndex = 1) -> Tensor:
    """A view of the diagonals of the planes of `dim1` and `dim2`, as the last dimension."""

def diagonal_backward(grad_output: Tensor, input_sizes: Any, offset: SupportsIndex, dim1: SupportsIndex, dim2: SupportsIndex) -> Tensor:
    """Zeros of `input_sizes` with `grad_output` on the diagonals."""

def diagonal_copy(*args: Any, out: Any = None, **keywords: Any) -> Any:
    """`diagonal` in memory of its own."""

def diagonal_scatter(input: Tensor, src: Tensor | _Number, offset: SupportsIndex = 0, dim1: SupportsIndex = 0, dim2: SupportsIndex = 1) -> Tensor:
    """A copy in which `src` is the diagonal."""

def diff(input: Tensor, n: SupportsIndex = 1, dim: SupportsIndex = -1, prepend: Tensor | _Number | None = None, append: Tensor | _Number | None = None, *, out: Tensor | None = None, **names: Any) -> Tensor:
    """The `n`-th differences of neighbours along `dim`."""

def digamma(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The derivative of `lgamma`."""

def digamma_(input: Tensor) -> Tensor:
    """The derivative of `lgamma`."""

def dist(input: Tensor, other: Tensor | _Number, p: Any = 2, *, out: Tensor | None = None) -> Tensor:
    """The `p`-norm of `input - other`."""

def div(input: Tensor, other: Tensor | _Number, *, rounding_mode: Tensor | _Number | None = None, out: Tensor | None = None) -> Tensor:
    """The quotient; `rounding_mode` "floor" rounds it down, "trunc" towards zero."""

def div_(input: Tensor, other: Tensor | _Number, *, rounding_mode: Tensor | _Number | None = None) -> Tensor:
    """The quotient; `rounding_mode` "floor" rounds it down, "trunc" towards zero."""

def divide(input: Tensor, other: Tensor | _Number, *, rounding_mode: Tensor | _Number | None = None, out: Tensor | None = None) -> Tensor:
    """The quotient; `rounding_mode` "floor" rounds it down, "trunc" towards zero."""

def divide_(input: Tensor, other: Tensor | _Number, *, rounding_mode: Tensor | _Number | None = None) -> Tensor:
    """The quotient; `rounding_mode` "floor" rounds it down, "trunc" towards zero."""

def dot(input: Tensor, tensor: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The sum of the products of two vectors' elements."""

def dropout(input: Tensor, p: _Number, train: _bool) -> Tensor:
    """In training, zero each element with probability `p` and scale the others by 1 / (1 - p)."""

def dropout_(input: Tensor, p: _Number, train: _bool) -> Tensor:
    """In training, zero each element with probability `p` and scale the others by 1 / (1 - p)."""

def dsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Views of parts along dimension 2."""

def dstack(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """The tensors behind each other, along the third dimension."""

def einsum(*args: Any) -> Any:
    """The sum of products that an equation describes."""

def embedding(weight: Tensor, indices: Tensor, padding_idx: SupportsIndex | None = None, scale_grad_by_freq: _bool = False, sparse: _bool = False) -> Tensor:
    """The rows of `weight` (V, D) at `indices` (...), as (..., D)."""

def embedding_bag(weight: Tensor, indices: Tensor | _Number, offsets: Tensor | _Number, scale_grad_by_freq: _bool = False, mode: SupportsIndex = 0, sparse: _bool = False, per_sample_weights: Any = None, include_last_offset: _bool = False, padding_idx: Any = None) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The sums (`mode` 0), means (1) or maxima (2) of rows of `weight` over bags of `indices` that begin at `offsets`."""

def embedding_renorm_(weight: Tensor, indices: Tensor, max_norm: _Number, norm_type: _Number = 2.0) -> Tensor:
    """Scale the rows of `weight` named by `indices` down to `max_norm`, in place."""

def empty(*size: Any, out: Tensor | None = None, dtype: _Kind | None = None, layout: _layout | None = None, device: _Place | None = None, pin_memory: _bool = False, requires_grad: _bool = False, memory_format: _memory_format | None = None, names: Any = None, **keywords: Any) -> Tensor:
    """A tensor of shape `size`, not initialized."""

def empty_like(input: Tensor, *, dtype: _Kind | None = None, layout: _layout | None = None, device: _Place | None = None, pin_memory: _bool = False, requires_grad: _bool = False, memory_format: _memory_format | None = ...) -> Tensor:
    """A tensor with the shape, dtype and memory order of `input`, not initialized."""

def empty_permuted(size: Any, physical_layout: Any, *, dtype: _Kind | None = None, layout: _layout | None = None, device: _Place | None = None, requires_grad: _bool = False, pin_memory: _bool = False) -> Tensor:
    """An uninitialized dense tensor whose dimensions lie in memory in the order `physical_layout`."""

def empty_strided(size: Any, stride: Any, *, dtype: _Kind | None = None, layout: _layout | None = None, device: _Place | None = None, requires_grad: _bool = False, pin_memory: _bool = False) -> Tensor:
    """An uninitialized tensor with the given shape and strides (in elements)."""

def eq(input: Tensor, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """Whether the elements are equal."""

def eq_(input: Tensor, other: Tensor | _Number) -> Tensor:
    """Whether the elements are equal."""

def equal(input: Tensor, other: Tensor | _Number) -> _bool:
    """Whether both have the same shape and elements."""

def erf(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The error function."""

def erf_(input: Tensor) -> Tensor:
    """The error function."""

def erfc(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """1 - erf(x)."""

def erfc_(input: Tensor) -> Tensor:
    """1 - erf(x)."""

def erfinv(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse of the error function."""

def erfinv_(input: Tensor) -> Tensor:
    """The inverse of the error function."""

def exp(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """e to the power x."""

def exp2(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """2 to the power x."""

def exp2_(input: Tensor) -> Tensor:
    """2 to the power x."""

def exp_(input: Tensor) -> Tensor:
    """e to the power x."""

def expand(input: Tensor, sizes: Any) -> Tensor:
    """A view in which dimensions of size 1 are repeated; -1 keeps a size."""

def expand_copy(*args: Any, out: Any = None, **keywords: Any) -> Any:
    """`expand` in memory of its own."""

def expm1(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """exp(x) - 1."""

def expm1_(input: Tensor) -> Tensor:
    """exp(x) - 1."""

def eye(n: SupportsIndex, m: SupportsIndex | None = None, *, out: Tensor | None = None, dtype: _Kind | None = None, layout: _layout | None = None, device: _Place | None = None, requires_grad: _bool = False, pin_memory: _bool = False) -> Tensor:
    """The n x m matrix with ones on its diagonal."""

def feature_alpha_dropout(input: Tensor, p: _Number, train: _bool) -> Tensor:
    """`alpha_dropout` of whole channels."""

def feature_alpha_dropout_(input: Tensor, p: _Number, train: _bool) -> Tensor:
    """`alpha_dropout` of whole channels."""

def feature_dropout(input: Tensor, p: _Number, train: _bool) -> Tensor:
    """`dropout` of whole channels."""

def feature_dropout_(input: Tensor, p: _Number, train: _bool) -> Tensor:
    """`dropout` of whole channels."""

def fill(input: Tensor, value: Any) -> Tensor:
    """A tensor like `input` with every element `value`."""

def fill_(input: Tensor, value: Any) -> Tensor:
    """A tensor like `input` with every element `value`."""

def fix(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The integer part."""

def fix_(input: Tensor) -> Tensor:
    """The integer part."""

def flatten(input: Tensor, start_dim: SupportsIndex = 0, end_dim: SupportsIndex = -1) -> Tensor:
    """The dimensions from `start_dim` to `end_dim` made one."""

def flip(input: Tensor, dims: Any) -> Tensor:
    """The elements in reverse order along `dims`."""

def fliplr(input: Tensor) -> Tensor:
    """The columns in reverse order."""

def flipud(input: Tensor) -> Tensor:
    """The rows in reverse order."""

def float_power(input: Any, exponent: Any, *, out: Tensor | None = None) -> Tensor:
    """x to a power, computed in float64 (or complex128)."""

def floor(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The greatest integer that is not greater."""

def floor_(input: Tensor) -> Tensor:
    """The greatest integer that is not greater."""

def floor_divide(input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """The quotient rounded down."""

def floor_divide_(input: Tensor | _Number, other: Tensor | _Number) -> Tensor:
    """The quotient rounded down."""

def fmax(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The greater of each pair, ignoring NaN."""

def fmin(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The lesser of each pair, ignoring NaN."""

def fmod(input: Tensor, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """The remainder of a division rounded towards zero: it has the sign of `input`."""

def fmod_(input: Tensor, other: Tensor | _Number) -> Tensor:
    """The remainder of a division rounded towards zero: it has the sign of `input`."""

def frac(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """What is behind the point."""

def frac_(input: Tensor) -> Tensor:
    """What is behind the point."""

def frexp(input: Tensor, *, out: Any = None) -> _returns.frexp:
    """Mantissas in [0.5, 1) and exponents with x = mantissa * 2**exponent."""

def from_file(filename: Any, shared: _bool | None = None, size: SupportsIndex = 0, *, dtype: _Kind | None = None, layout: _layout | None = None, device: _Place | None = None, pin_memory: _bool = False, requires_grad: _bool = False) -> Tensor:
    """A tensor over the first `size` elements of a file; with `shared`, writes go to the file."""

def from_numpy(array: Any) -> Tensor:
    """A tensor over the memory of a NumPy array; writes show on both sides."""

def frombuffer(buffer: Any, *, dtype: _Kind, count: SupportsIndex = -1, offset: SupportsIndex = 0, requires_grad: _bool = False) -> Tensor:
    """A tensor over the memory of an object with Python's buffer protocol."""

def full(size: Any, fill_value: Any, *, out: Tensor | None = None, dtype: _Kind | None = None, layout: _layout | None = None, device: _Place | None = None, requires_grad: _bool = False, pin_memory: _bool = False, names: Any = None) -> Tensor:
    """A tensor of shape `size` filled with `fill_value`, whose type gives the dtype."""

def full_like(input: Tensor, fill_value: Any, *, dtype: _Kind | None = None, layout: _layout | None = None, device: _Place | None = None, requires_grad: _bool = False, pin_memory: _bool = False, memory_format: _memory_format | None = ...) -> Tensor:
    """A tensor like `input` filled with `fill_value`."""

def gather(input: Tensor, dim: SupportsIndex = ..., index: Tensor = ..., *, sparse_grad: _bool = False, out: Tensor | None = None, **names: Any) -> Tensor:
    """`out[i][j] = input[index[i][j]][j]` for `dim` 0, and so on."""

def gcd(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The greatest common divisor."""

def gcd_(input: Tensor, other: Tensor) -> Tensor:
    """The greatest common divisor."""

def ge(input: Tensor, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """Whether `input` is at least `other`."""

def ge_(input: Tensor, other: Tensor | _Number) -> Tensor:
    """Whether `input` is at least `other`."""

def geqrf(input: Tensor, *, out: Any = None) -> _returns.geqrf:
    """R above the reflectors of a QR factorization, and the reflectors' coefficients."""

def ger(input: Tensor, vec2: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """All products of an element of each vector."""

def gradient(input: Any, *, spacing: Any = None, dim: _Ints | None = None, edge_order: SupportsIndex = 1) -> Any:
    """The derivatives along `dim`, a tensor for each, of a function given by its samples."""

def greater(input: Tensor, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """Whether `input` is greater than `other`."""

def greater_(input: Tensor, other: Tensor | _Number) -> Tensor:
    """Whether `input` is greater than `other`."""

def greater_equal(input: Tensor, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """Whether `input` is at least `other`."""

def greater_equal_(input: Tensor, other: Tensor | _Number) -> Tensor:
    """Whether `input` is at least `other`."""

def grid_sampler(input: Tensor, grid: Tensor | _Number, interpolation_mode: SupportsIndex, padding_mode: SupportsIndex, align_corners: _bool) -> Tensor:
    """(N, C, ...) at the places `grid` (N, ..., axes), which run from -1 to 1."""

def grid_sampler_2d(input: Tensor, grid: Tensor | _Number, interpolation_mode: SupportsIndex, padding_mode: SupportsIndex, align_corners: _bool) -> Tensor:
    """(N, C, ...) at the places `grid` (N, ..., axes), which run from -1 to 1."""

def grid_sampler_3d(input: Tensor, grid: Tensor | _Number, interpolation_mode: SupportsIndex, padding_mode: SupportsIndex, align_corners: _bool) -> Tensor:
    """(N, C, ...) at the places `grid` (N, ..., axes), which run from -1 to 1."""

def group_norm(input: Tensor, num_groups: SupportsIndex, weight: Tensor | _Number | None = None, bias: Tensor | _Number | None = None, eps: _Number = 1e-05, cudnn_enabled: _bool = True) -> Tensor:
    """Standardize each of `num_groups` groups of channels of (N, C, ...) (Wu and He, 2018)."""

def gru(input: Tensor, hx: Any, params: Any, has_biases: Any, num_layers: Any, dropout: Any, train: Any, bidirectional: Any, batch_first: Any) -> tuple[Tensor, ...]: ...

def gru_cell(input: Tensor, hx: Tensor | _Number, w_ih: Tensor | _Number, w_hh: Tensor | _Number, b_ih: Tensor | _Number | None = None, b_hh: Tensor | _Number | None = None) -> Tensor: ...

def gt(input: Tensor, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """Whether `input` is greater than `other`."""

def gt_(input: Tensor, other: Tensor | _Number) -> Tensor:
    """Whether `input` is greater than `other`."""

def hamming_window(window_length: SupportsIndex, periodic: _bool = True, *settings: Any, dtype: _Kind | None = None, layout: _layout | None = None, device: _Place | None = None, pin_memory: _bool = False, requires_grad: _bool = False, **named: Any) -> Tensor:
    """A raised cosine on a platform: alpha - beta cos(2 pi n / N)."""

def hann_window(window_length: SupportsIndex, periodic: _bool = True, *settings: Any, dtype: _Kind | None = None, layout: _layout | None = None, device: _Place | None = None, pin_memory: _bool = False, requires_grad: _bool = False, **named: Any) -> Tensor:
    """A raised cosine: 1/2 - 1/2 cos(2 pi n / N)."""

def hardshrink(input: Tensor, lambd: _Number = 0.5, *, out: Tensor | None = None) -> Tensor:
    """x, and 0 within `lambd` of it."""

def hash_tensor(input: Tensor, dim: _Ints | None = ..., *, keepdim: _bool = False, mode: SupportsIndex = 0, out: Tensor | None = None, **names: Any) -> Tensor:
    """The exclusive or of the elements' bits, as 64-bit numbers, over `dim`."""

def heaviside(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """0, `other` or 1 for negative, zero and positive elements."""

def heaviside_(input: Tensor, other: Tensor) -> Tensor:
    """0, `other` or 1 for negative, zero and positive elements."""

def histc(input: Tensor, bins: SupportsIndex = 100, min: Any = 0, max: Any = 0, *, out: Tensor | None = None) -> Tensor:
    """Counts in `bins` equal bins from `min` to `max`, or over the range of the elements."""

def histogram(input: Tensor, bins: Any, *, range: Any = None, weight: Tensor | None = None, density: _bool = False, out: Any = None) -> _returns.histogram:
    """Weighted counts of the elements in bins, and the edges of the bins."""

def histogramdd(input: Tensor, bins: Any, *, range: Any = None, weight: Tensor | _Number | None = None, density: _bool = False) -> _returns.histogramdd:
    """Weighted counts of the rows of `input` in a grid of bins, and the edges along each axis."""

def hsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Views of parts along dimension 1."""

def hstack(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """The tensors side by side, along the second dimension (vectors: the first)."""

def hypot(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """sqrt(input**2 + other**2)."""

def hypot_(input: Tensor, other: Tensor) -> Tensor:
    """sqrt(input**2 + other**2)."""

def i0(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The modified Bessel function of the first kind of order 0."""

def i0_(input: Tensor) -> Tensor:
    """The modified Bessel function of the first kind of order 0."""

def igamma(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The lower regularized incomplete gamma function."""

def igamma_(input: Tensor, other: Tensor) -> Tensor:
    """The lower regularized incomplete gamma function."""

def igammac(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The upper regularized incomplete gamma function."""

def igammac_(input: Tensor, other: Tensor) -> Tensor:
    """The upper regularized incomplete gamma function."""

def imag(input: Tensor) -> Tensor:
    """The imaginary parts of a complex tensor, as a view."""

def index_add(input: Tensor, dim: SupportsIndex = ..., index: Tensor = ..., source: Tensor = ..., *, alpha: _Number = 1, out: Tensor | None = None, **names: Any) -> Tensor:
    """`input` with `alpha` times the slices of `source` added to its slices `index` along `dim`."""

def index_add_(input: Tensor, dim: SupportsIndex, index: Tensor, source: Tensor, *, alpha: _Number = 1) -> Tensor:
    """`input` with `alpha` times the slices of `source` added to its slices `index` along `dim`."""

def index_copy(input: Tensor, dim: SupportsIndex = ..., index: Tensor = ..., source: Tensor = ..., *, out: Tensor | None = None, **names: Any) -> Tensor:
    """`input` with its slices `index` along `dim` replaced by those of `source`."""

def index_copy_(input: Tensor, dim: SupportsIndex, index: Tensor, source: Tensor) -> Tensor:
    """`input` with its slices `index` along `dim` replaced by those of `source`."""

def index_fill(input: Tensor, dim: SupportsIndex = ..., index: Tensor = ..., value: Tensor | _Number = ..., **names: Any) -> Tensor:
    """`input` with its slices `index` along `dim` filled with `value`, a number or 0-d tensor."""

def index_fill_(input: Tensor, dim: SupportsIndex, index: Tensor, value: Tensor | _Number) -> Tensor:
    """`input` with its slices `index` along `dim` filled with `value`, a number or 0-d tensor."""

def index_put(input: Tensor, indices: Any, values: Tensor | _Number, accumulate: _bool = False) -> Tensor:
    """`input` with `values` written, or added, where the tensors `indices` point."""

def index_reduce(input: Tensor, dim: SupportsIndex = ..., index: Tensor = ..., source: Tensor = ..., reduce: _str = ..., *, include_self: _bool = True, out: Tensor | None = None, **names: Any) -> Tensor:
    """`input` with the slices of `source` combined into its slices `index` along `dim`."""

def index_reduce_(input: Tensor, dim: SupportsIndex, index: Tensor, source: Tensor, reduce: _str, *, include_self: _bool = True) -> Tensor:
    """`input` with the slices of `source` combined into its slices `index` along `dim`."""

def index_select(input: Tensor, dim: SupportsIndex = ..., index: Tensor = ..., *, out: Tensor | None = None, **names: Any) -> Tensor:
    """The slices of `input` along `dim` in the order of the 1-d `index`."""

def inner(input: Tensor, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """The sums of products over the last dimensions of both."""

def instance_norm(input: Tensor, weight: Tensor | _Number, bias: Tensor | _Number, running_mean: Tensor | _Number, running_var: Tensor | _Number, use_input_stats: _bool, momentum: _Number, eps: _Number, cudnn_enabled: _bool = True) -> Tensor:
    """Standardize each channel of each sample of (N, C, ...) (Ulyanov et al., 2016)."""

def inverse(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse of each matrix. LinAlgError for a singular one."""

def isclose(input: Tensor, other: Tensor | _Number, rtol: _Number = 1e-05, atol: _Number = 1e-08, equal_nan: _bool = False) -> Tensor:
    """Where the elements are close: |input - other| <= atol + rtol * |other|."""

def isfinite(input: Tensor) -> Tensor:
    """Whether the element is neither infinite nor NaN."""

def isin(elements: Tensor | _Number, test_elements: Tensor | _Number, *, assume_unique: _bool = False, invert: _bool = False, out: Tensor | None = None) -> Tensor:
    """Whether each of `elements` is among `test_elements`."""

def isinf(input: Tensor) -> Tensor:
    """Whether the element is infinite."""

def isnan(input: Tensor) -> Tensor:
    """Whether the element is NaN."""

def isneginf(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether the element is negative infinity."""

def isposinf(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether the element is positive infinity."""

def isreal(input: Tensor) -> Tensor:
    """Whether the imaginary part is 0."""

def istft(input: Tensor, n_fft: SupportsIndex, hop_length: SupportsIndex | None = None, win_length: SupportsIndex | None = None, window: Tensor | _Number | None = None, center: _bool = True, normalized: _bool = False, onesided: _bool | None = None, length: SupportsIndex | None = None, return_complex: _bool = False) -> Tensor:
    """The signal whose `stft` is nearest to `input`: frames added up, over the windows' squares."""

def kaiser_window(window_length: SupportsIndex, periodic: _bool = True, *settings: Any, dtype: _Kind | None = None, layout: _layout | None = None, device: _Place | None = None, pin_memory: _bool = False, requires_grad: _bool = False, **named: Any) -> Tensor:
    """I0(beta sqrt(1 - (2 n / N - 1)^2)) / I0(beta) (Kaiser & Schafer, 1980)."""

def kron(input: Tensor, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """The Kronecker product."""

def kthvalue(input: Tensor, k: SupportsIndex, dim: SupportsIndex = -1, keepdim: _bool = False, *, out: Any = None, **names: Any) -> _returns.kthvalue:
    """The `k`-th smallest element along `dim`, counted from 1, and its place."""

def layer_norm(input: Tensor, normalized_shape: Sequence[SupportsIndex], weight: Tensor | None = None, bias: Tensor | None = None, eps: _Number = 1e-05, cudnn_enable: _bool = True) -> Tensor:
    """Standardize over the trailing dimensions `normalized_shape` (Ba et al., 2016)."""

def lcm(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The least common multiple."""

def lcm_(input: Tensor, other: Tensor) -> Tensor:
    """The least common multiple."""

def ldexp(input: Tensor, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """input * 2**other."""

def ldexp_(input: Tensor, other: Tensor | _Number) -> Tensor:
    """input * 2**other."""

def le(input: Tensor, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """Whether `input` is at most `other`."""

def le_(input: Tensor, other: Tensor | _Number) -> Tensor:
    """Whether `input` is at most `other`."""

def lerp(input: Tensor, end: Tensor | _Number, weight: Any, *, out: Tensor | None = None) -> Tensor:
    """input + weight * (end - input)."""

def lerp_(input: Tensor, end: Tensor | _Number, weight: Any) -> Tensor:
    """input + weight * (end - input)."""

def less(input: Tensor, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """Whether `input` is less than `other`."""

def less_(input: Tensor, other: Tensor | _Number) -> Tensor:
    """Whether `input` is less than `other`."""

def less_equal(input: Tensor, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """Whether `input` is at most `other`."""

def less_equal_(input: Tensor, other: Tensor | _Number) -> Tensor:
    """Whether `input` is at most `other`."""

def lgamma(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The logarithm of the absolute value of the gamma function."""

def lgamma_(input: Tensor) -> Tensor:
    """The logarithm of the absolute value of the gamma function."""

def linspace(start: Any, end: Any, steps: SupportsIndex, *, out: Tensor | None = None, dtype: _Kind | None = None, layout: _layout | None = None, device: _Place | None = None, requires_grad: _bool = False, pin_memory: _bool = False) -> Tensor:
    """`steps` evenly spaced values from `start` to `end`, both included."""

def log(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The natural logarithm."""

def log10(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The logarithm to base 10."""

def log10_(input: Tensor) -> Tensor:
    """The logarithm to base 10."""

def log1p(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """log(1 + x)."""

def log1p_(input: Tensor) -> Tensor:
    """log(1 + x)."""

def log2(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The logarithm to base 2."""

def log2_(input: Tensor) -> Tensor:
    """The logarithm to base 2."""

def log_(input: Tensor) -> Tensor:
    """The natural logarithm."""

def log_softmax(input: Tensor, dim: SupportsIndex = ..., dtype: _Kind | None = None, *, out: Tensor | None = None, **names: Any) -> Tensor: ...

def logaddexp(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """log(exp(input) + exp(other))."""

def logaddexp2(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """log2(2**input + 2**other)."""

def logcumsumexp(input: Tensor, dim: SupportsIndex = ..., *, out: Tensor | None = None, **names: Any) -> Tensor:
    """`log(cumsum(exp(input)))` along `dim`, without overflow."""

def logdet(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The logarithm of each determinant; NaN where it is negative."""

def logical_and(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether both elements are nonzero."""

def logical_and_(input: Tensor, other: Tensor) -> Tensor:
    """Whether both elements are nonzero."""

def logical_not(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether the element is zero."""

def logical_not_(input: Tensor) -> Tensor:
    """Whether the element is zero."""

def logical_or(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether either element is nonzero."""

def logical_or_(input: Tensor, other: Tensor) -> Tensor:
    """Whether either element is nonzero."""

def logical_xor(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether one element is nonzero and the other zero."""

def logical_xor_(input: Tensor, other: Tensor) -> Tensor:
    """Whether one element is nonzero and the other zero."""

def logit(input: Tensor, eps: _Number | None = None, *, out: Tensor | None = None) -> Tensor:
    """`log(x / (1 - x))`, of x clamped to `[eps, 1 - eps]` if given."""

def logit_(input: Tensor, eps: _Number | None = None) -> Tensor:
    """`log(x / (1 - x))`, of x clamped to `[eps, 1 - eps]` if given."""

def logspace(start: Any, end: Any, steps: SupportsIndex, base: Any = 10.0, *, out: Tensor | None = None, dtype: _Kind | None = None, layout: _layout | None = None, device: _Place | None = None, requires_grad: _bool = False, pin_memory: _bool = False) -> Tensor:
    """`steps` values `base**x` for evenly spaced x from `start` to `end`."""

def logsumexp(input: Tensor, dim: _Ints | None = ..., keepdim: _bool = False, *, out: Tensor | None = None, **names: Any) -> Tensor:
    """The logarithm of the sum of exponentials over `dim`, computed from the greatest element."""

def lstm(input: Tensor, hx: Any, params: Any, has_biases: Any, num_layers: Any, dropout: Any, train: Any, bidirectional: Any, batch_first: Any) -> tuple[Tensor, ...]: ...

def lstm_cell(input: Tensor, hx: Sequence[Tensor], w_ih: Tensor | _Number, w_hh: Tensor | _Number, b_ih: Tensor | _Number | None = None, b_hh: Tensor | _Number | None = None) -> tuple[Tensor, Tensor]:
    """One step of an LSTM: the new (h, c)."""

def lt(input: Tensor, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """Whether `input` is less than `other`."""

def lt_(input: Tensor, other: Tensor | _Number) -> Tensor:
    """Whether `input` is less than `other`."""

def lu(input: Tensor, pivot: _bool = True, get_infos: _bool = False, *, out: Any = None) -> Any:
    """L and U in one matrix, and the row exchanges; with `get_infos` also where a pivot is zero."""

def lu_solve(input: Tensor, LU_data: Tensor | _Number, LU_pivots: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """X of `A X = input` from the factorization of A."""

def lu_unpack(LU_data: Tensor, LU_pivots: Tensor | _Number, unpack_data: _bool = True, unpack_pivots: _bool = True, *, out: Any = None) -> _returns.lu_unpack:
    """P, L and U from a packed factorization; what is not unpacked is empty."""

def masked_fill(input: Tensor, mask: Tensor, value: Tensor | _Number) -> Tensor:
    """`input` with `value`, a number or 0-d tensor, where `mask` is true."""

def masked_fill_(input: Tensor, mask: Tensor, value: Tensor | _Number) -> Tensor:
    """`input` with `value`, a number or 0-d tensor, where `mask` is true."""

def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """`input` with successive elements of `source` where `mask` is true."""

def masked_scatter_(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """`input` with successive elements of `source` where `mask` is true."""

def masked_select(input: Tensor, mask: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The elements of `input` where `mask` is true, as a 1-d tensor."""

def matmul(input: Tensor, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """The matrix product; vectors and stacks of matrices as `numpy.matmul` treats them."""

def matrix_exp(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The matrix exponential."""

def matrix_power(input: Tensor, n: SupportsIndex, *, out: Tensor | None = None) -> Tensor:
    """`linalg.matrix_power`."""

def max(input: Tensor, dim: _Ints | None = None, keepdim: _bool = False, *, other: Any = None, out: Any = None, **names: Any) -> Any: ...

def max_pool1d(input: Tensor, kernel_size: _Ints, stride: _Ints | None = None, padding: _Ints = 0, dilation: _Ints = 1, ceil_mode: _bool = False) -> Tensor:
    """The largest element of each window of the last 1 dimensions."""

def max_pool1d_with_indices(input: Tensor, kernel_size: _Ints, stride: _Ints | None = None, padding: _Ints = 0, dilation: _Ints = 1, ceil_mode: _bool = False) -> tuple[Tensor, Tensor]:
    """The largest element of each window of the last 1 dimensions, and its flat index."""

def max_pool2d(input: Tensor, kernel_size: _Ints, stride: _Ints | None = None, padding: _Ints = 0, dilation: _Ints = 1, ceil_mode: _bool = False) -> Tensor:
    """The largest element of each window of the last 2 dimensions."""

def max_pool3d(input: Tensor, kernel_size: _Ints, stride: _Ints | None = None, padding: _Ints = 0, dilation: _Ints = 1, ceil_mode: _bool = False) -> Tensor:
    """The largest element of each window of the last 3 dimensions."""

def maximum(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The greater of each pair (NaN if either is)."""

def mean(input: Tensor, dim: _Ints | None = None, keepdim: _bool = False, *, dtype: _Kind | None = None, out: Tensor | None = None, **names: Any) -> Tensor:
    """The mean of the elements, over all dimensions or over `dim`."""

def median(input: Tensor, dim: Tensor | _Number | None = None, keepdim: _bool = False, *, out: Any = None, **names: Any) -> Any:
    """The lower median of all elements, or along `dim` with its place."""

def meshgrid(*tensors: Any, indexing: _str | None = None) -> tuple[Tensor, ...]:
    """Grids of coordinates from vectors: "ij" (matrix) or "xy" (Cartesian) indexing."""

def min(input: Tensor, dim: _Ints | None = None, keepdim: _bool = False, *, other: Any = None, out: Any = None, **names: Any) -> Any: ...

def minimum(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The lesser of each pair (NaN if either is)."""

def mm(input: Tensor, mat2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The product of two matrices."""

def mode(input: Tensor, dim: SupportsIndex = -1, keepdim: _bool = False, *, out: Any = None, **names: Any) -> _returns.mode:
    """The most frequent element along `dim`, the least of such, and its place."""

def moveaxis(input: Tensor, source: Any, destination: Any) -> Tensor:
    """A view with the dimensions `source` moved to the places `destination`."""

def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """A view with the dimensions `source` moved to the places `destination`."""

def msort(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The elements in order along the first dimension."""

def mul(input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """The product of each pair of elements."""

def mul_(input: Tensor | _Number, other: Tensor | _Number) -> Tensor:
    """The product of each pair of elements."""

def multinomial(input: Any, num_samples: SupportsIndex, replacement: _bool = False, *, generator: _Generator | None = None, out: Tensor | None = None) -> Any:
    """Indices of each row of `input`, drawn in proportion to the weights the row holds."""

def multiply(input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """The product of each pair of elements."""

def multiply_(input: Tensor | _Number, other: Tensor | _Number) -> Tensor:
    """The product of each pair of elements."""

def mv(input: Tensor, vec: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The product of a matrix and a vector."""

def mvlgamma(input: Tensor, p: SupportsIndex, *, out: Tensor | None = None) -> Tensor:
    """The logarithm of the multivariate gamma function of dimension `p`."""

def mvlgamma_(input: Tensor, p: SupportsIndex) -> Tensor:
    """The logarithm of the multivariate gamma function of dimension `p`."""

def nan_to_num(input: Tensor, nan: Any = None, posinf: Any = None, neginf: Any = None, *, out: Tensor | None = None) -> Tensor:
    """x with NaN, inf and -inf replaced (by 0, the greatest and the least number of the dtype)."""

def nan_to_num_(input: Tensor, nan: Any = None, posinf: Any = None, neginf: Any = None) -> Tensor:
    """x with NaN, inf and -inf replaced (by 0, the greatest and the least number of the dtype)."""

def nanmean(input: Tensor, dim: _Ints | None = None, keepdim: _bool = False, *, dtype: _Kind | None = None, out: Tensor | None = None, **names: Any) -> Tensor:
    """The mean of the elements that are not NaN."""

def nanmedian(input: Tensor, dim: Tensor | _Number | None = None, keepdim: _bool = False, *, out: Any = None, **names: Any) -> Any:
    """The lower median of all elements, or along `dim` with its place, NaN left out."""

def nanquantile(input: Tensor, q: Tensor | _Number, dim: SupportsIndex | None = None, keepdim: _bool = False, *, interpolation: _str = 'linear', out: Tensor | None = None, **names: Any) -> Tensor:
    """`quantile` of the elements that are not NaN."""

def nansum(input: Tensor, dim: _Ints | None = None, keepdim: _bool = False, *, dtype: _Kind | None = None, out: Tensor | None = None, **names: Any) -> Tensor:
    """The sum with NaN counted as 0."""

def narrow(input: Tensor, dim: SupportsIndex = ..., start: Any = ..., length: SupportsIndex = ..., **names: Any) -> Tensor:
    """A view of `length` slices along `dim`, from `start` on."""

def narrow_copy(*args: Any, out: Any = None, **keywords: Any) -> Any:
    """`narrow` in memory of its own."""

def native_batch_norm(input: Tensor, weight: Tensor | _Number, bias: Tensor | _Number, running_mean: Tensor | _Number, running_var: Tensor | _Number, training: _bool, momentum: _Number, eps: _Number, *, out: Any = None) -> tuple[Tensor, Tensor, Tensor]:
    """`batch_norm`, the batch's mean and one over its standard deviation (empty if not used)."""

def native_channel_shuffle(input: Tensor, groups: SupportsIndex) -> Tensor:
    """(N, g n, ...) with the channels of g groups interleaved (Zhang et al., 2018)."""

def native_dropout(input: Tensor, p: _Number, train: Any) -> tuple[Tensor, Tensor]:
    """`dropout` and the mask of what it kept (train=None counts as True)."""

def native_group_norm(input: Tensor, weight: Tensor | _Number, bias: Tensor | _Number, N: SupportsIndex, C: SupportsIndex, HxW: SupportsIndex, group: SupportsIndex, eps: _Number) -> tuple[Tensor, Tensor, Tensor]:
    """`group_norm` of (N, C, HxW elements), means and one over standard deviations (N, group)."""

def native_layer_norm(input: Tensor, normalized_shape: Sequence[SupportsIndex], weight: Tensor | _Number, bias: Tensor | _Number, eps: _Number) -> tuple[Tensor, Tensor]:
    """`layer_norm`, the mean and one over the standard deviation."""

def ne(input: Tensor, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """Whether the elements differ."""

def ne_(input: Tensor, other: Tensor | _Number) -> Tensor:
    """Whether the elements differ."""

def neg(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The negative."""

def neg_(input: Tensor) -> Tensor:
    """The negative."""

def negative(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The negative."""

def negative_(input: Tensor) -> Tensor:
    """The negative."""

def nextafter(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The next float towards `other`."""

def nextafter_(input: Tensor, other: Tensor) -> Tensor:
    """The next float towards `other`."""

def nonzero(input: Tensor, *, as_tuple: _bool = False, out: Any = None) -> Any:
    """Where the elements are not zero: rows, or with `as_tuple` a tensor for each dimension."""

def nonzero_static(input: Tensor, *, size: SupportsIndex, fill_value: SupportsIndex = -1, out: Tensor | None = None) -> Tensor:
    """`nonzero` cut or filled up to `size` rows."""

def norm(input: Tensor, p: Any = 'fro', dim: _Ints | None = None, keepdim: _bool = False, dtype: _Kind | None = None, *, out: Tensor | None = None, **names: Any) -> Tensor:
    """The `p`-norm over `dim`, or of all elements."""

def norm_except_dim(v: Tensor, pow: _Number = 2, dim: SupportsIndex = 0) -> Tensor:
    """The norms of the slices of `v` along `dim` (-1: of all of it), with the other dimensions kept as 1."""

def normal(mean: Any = None, std: Any = None, size: Any = None, *, generator: _Generator | None = None, out: Tensor | None = None, **options: Any) -> Tensor:
    """Normal numbers of the given means and deviations: tensors, or numbers with a `size`."""

def not_equal(input: Tensor, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """Whether the elements differ."""

def not_equal_(input: Tensor, other: Tensor | _Number) -> Tensor:
    """Whether the elements differ."""

def ones(*size: Any, out: Tensor | None = None, dtype: _Kind | None = None, layout: _layout | None = None, device: _Place | None = None, pin_memory: _bool = False, requires_grad: _bool = False, memory_format: _memory_format | None = None, names: Any = None, **keywords: Any) -> Tensor:
    """A tensor of shape `size`, filled with 1."""

def ones_like(input: Tensor, *, dtype: _Kind | None = None, layout: _layout | None = None, device: _Place | None = None, pin_memory: _bool = False, requires_grad: _bool = False, memory_format: _memory_format | None = ...) -> Tensor:
    """A tensor with the shape, dtype and memory order of `input`, filled with 1."""

def orgqr(input: Tensor, tau: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """`linalg.householder_product`."""

def ormqr(input: Tensor, tau: Tensor | _Number, other: Tensor | _Number, left: _bool = True, transpose: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """The product of `other` with the reflectors stored in `input` (or their adjoint)."""

def outer(input: Tensor, vec2: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """All products of an element of each vector."""

def pairwise_distance(x1: Tensor, x2: Tensor | _Number, p: _Number = 2.0, eps: _Number = 1e-06, keepdim: _bool = False) -> Tensor:
    """The `p`-norm of x1 - x2 + eps over the last dimension."""

def pca_lowrank(A: Tensor, q: SupportsIndex | None = None, center: _bool = True, niter: SupportsIndex = 2) -> tuple[Tensor, Tensor, Tensor]:
    """Approximate principal components of the rows of `A`."""

def pdist(input: Tensor, p: _Number = 2.0) -> Tensor:
    """The `p`-norm distances of all pairs of rows, (N (N - 1) / 2)."""

def permute(input: Tensor, dims: Any) -> Tensor:
    """A view with the dimensions in the order `dims`."""

def permute_copy(*args: Any, out: Any = None, **keywords: Any) -> Any:
    """`permute` in memory of its own."""

def pinverse(input: Tensor, rcond: _Number = 1e-15, *, out: Tensor | None = None) -> Tensor:
    """The Moore-Penrose pseudo-inverse."""

def pixel_shuffle(input: Tensor, upscale_factor: SupportsIndex) -> Tensor:
    """(..., C r², H, W) to (..., C, H r, W r): channels become pixels (Shi et al., 2016)."""

def pixel_unshuffle(input: Tensor, downscale_factor: SupportsIndex) -> Tensor:
    """(..., C, H r, W r) to (..., C r², H, W): the inverse of `pixel_shuffle`."""

def poisson(input: Tensor, generator: _Generator | None = None) -> Tensor:
    """A number from the Poisson distribution of each rate in `input`."""

def polar(abs: Tensor, angle: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The complex numbers with the given absolute values and angles (radians)."""

def polygamma(n: SupportsIndex, input: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """The `n`-th derivative of the digamma function."""

def positive(input: Tensor) -> Tensor:
    """The tensor itself."""

def pow(input: Tensor | _Number, exponent: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """`input` to the power `exponent`."""

def pow_(input: Tensor | _Number, exponent: Tensor | _Number) -> Tensor:
    """`input` to the power `exponent`."""

def prelu(input: Tensor, weight: Tensor | _Number) -> Tensor:
    """x where positive, else weight * x; `weight` has one element, or one for each channel (dimension 1)."""

def prod(input: Tensor, dim: _Ints | None = None, keepdim: _bool = False, *, dtype: _Kind | None = None, out: Tensor | None = None, **names: Any) -> Tensor:
    """The product of the elements, over all dimensions or over one. Integers are multiplied in int64."""

def put(input: Tensor, index: Tensor, source: Tensor, accumulate: _bool = False) -> Tensor:
    """`input` with `source` written, or added, at `index` of `input` seen as 1-d."""

def put_(input: Tensor, index: Tensor, source: Tensor, accumulate: _bool = False) -> Tensor:
    """`input` with `source` written, or added, at `index` of `input` seen as 1-d."""

def qr(input: Tensor, some: _bool = True, *, out: Any = None) -> _returns.qr:
    """`linalg.qr`, reduced if `some`, else complete."""

def quantile(input: Tensor, q: Tensor | _Number, dim: SupportsIndex | None = None, keepdim: _bool = False, *, interpolation: _str = 'linear', out: Tensor | None = None, **names: Any) -> Tensor:
    """The `q`-quantiles of all elements, or along `dim`; NaN if any element is."""

def rad2deg(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Radians to degrees."""

def rad2deg_(input: Tensor) -> Tensor:
    """Radians to degrees."""

def rand(*size: Any, generator: _Generator | None = None, **options: Any) -> Tensor:
    """A tensor of shape `size` with numbers from the uniform distribution on [0, 1)."""

def rand_like(input: Tensor, *, dtype: _Kind | None = None, layout: _layout | None = None, device: _Place | None = None, pin_memory: _bool = False, requires_grad: _bool = False, memory_format: _memory_format | None = ..., generator: _Generator | None = None) -> Tensor:
    """A tensor with the shape and memory order of `input`, numbers from the uniform distribution on [0, 1)."""

def randint(*args: Any, generator: _Generator | None = None, **options: Any) -> Tensor:
    """A tensor of shape `size` with integers from [low, high): `randint(low=0, high, size)`."""

def randint_like(input: Tensor, *ends: Any, low: Any = 0, high: Any = None, dtype: _Kind | None = None, layout: _layout | None = None, device: _Place | None = None, pin_memory: _bool = False, requires_grad: _bool = False, memory_format: _memory_format | None = ..., generator: _Generator | None = None) -> Tensor:
    """A tensor like `input` with integers from [low, high)."""

def randn(*size: Any, generator: _Generator | None = None, **options: Any) -> Tensor:
    """A tensor of shape `size` with numbers from the normal distribution of mean 0 and variance 1."""

def randn_like(input: Tensor, *, dtype: _Kind | None = None, layout: _layout | None = None, device: _Place | None = None, pin_memory: _bool = False, requires_grad: _bool = False, memory_format: _memory_format | None = ..., generator: _Generator | None = None) -> Tensor:
    """A tensor with the shape and memory order of `input`, numbers from the normal distribution of mean 0 and variance 1."""

def randperm(n: Any, *, generator: _Generator | None = None, **options: Any) -> Tensor:
    """The integers 0 ... n-1 in random order."""

def range(start: Any = 0, end: Any = None, step: Any = 1, **options: Any) -> Tensor:
    """The values from `start` to `end`, both included (deprecated in PyTorch)."""

def ravel(input: Tensor) -> Tensor:
    """The elements as one dimension."""

def real(input: Tensor) -> Tensor:
    """The real parts: a view of a complex tensor, a real tensor itself."""

def reciprocal(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """1 / x."""

def reciprocal_(input: Tensor) -> Tensor:
    """1 / x."""

def reflection_pad1d(input: Tensor, padding: Sequence[SupportsIndex]) -> Tensor:
    """Padding of the last 1 dimensions; see `nn.functional.pad`."""

def relu(input: Tensor) -> Tensor:
    """max(0, x)."""

def relu_(input: Tensor) -> Tensor:
    """max(0, x)."""

def remainder(input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """The remainder of a division rounded down: it has the sign of `other`."""

def remainder_(input: Tensor | _Number, other: Tensor | _Number) -> Tensor:
    """The remainder of a division rounded down: it has the sign of `other`."""

def renorm(input: Tensor, p: Any, dim: SupportsIndex = ..., maxnorm: _Number = ..., *, out: Tensor | None = None, **names: Any) -> Tensor:
    """`input` with every slice along `dim` whose `p`-norm exceeds `maxnorm` scaled down to it."""

def renorm_(input: Tensor, p: Any, dim: SupportsIndex, maxnorm: _Number) -> Tensor:
    """`input` with every slice along `dim` whose `p`-norm exceeds `maxnorm` scaled down to it."""

def repeat(input: Tensor, repeats: Any) -> Tensor:
    """The tensor laid out `repeats` times along each dimension."""

def repeat_interleave(input: Tensor, repeats: Any = None, dim: _Ints | None = None, *, output_size: Any = None, **names: Any) -> Tensor:
    """Each element (or slice along `dim`) repeated so many times; of counts alone, the positions they stand for."""

def replication_pad1d(input: Tensor, padding: Sequence[SupportsIndex]) -> Tensor:
    """Padding of the last 1 dimensions; see `nn.functional.pad`."""

def reshape(input: Tensor, shape: Any) -> Tensor:
    """The elements in another shape: a view where the memory allows it, else a copy."""

def resolve_conj(input: Tensor) -> Tensor:
    """The tensor itself: conjugation is never put off here."""

def resolve_neg(input: Tensor) -> Tensor:
    """The tensor itself: negation is never put off here."""

def rms_norm(input: Tensor, normalized_shape: Sequence[SupportsIndex], weight: Tensor | _Number | None = None, eps: _Number | None = None) -> Tensor:
    """Divide by the root mean square over `normalized_shape` (Zhang and Sennrich, 2019)."""

def rnn_relu(input: Tensor, hx: Any, params: Any, has_biases: Any, num_layers: Any, dropout: Any, train: Any, bidirectional: Any, batch_first: Any) -> tuple[Tensor, ...]: ...

def rnn_relu_cell(input: Tensor, hx: Tensor | _Number, w_ih: Tensor | _Number, w_hh: Tensor | _Number, b_ih: Tensor | _Number | None = None, b_hh: Tensor | _Number | None = None) -> Tensor: ...

def rnn_tanh(input: Tensor, hx: Any, params: Any, has_biases: Any, num_layers: Any, dropout: Any, train: Any, bidirectional: Any, batch_first: Any) -> tuple[Tensor, ...]: ...

def rnn_tanh_cell(input: Tensor, hx: Tensor | _Number, w_ih: Tensor | _Number, w_hh: Tensor | _Number, b_ih: Tensor | _Number | None = None, b_hh: Tensor | _Number | None = None) -> Tensor: ...

def roll(input: Tensor, shifts: Any, dims: Any = ...) -> Tensor:
    """The elements moved along `dims` by `shifts` places, around the end; without `dims`, of the flat tensor."""

def rot90(input: Tensor, k: SupportsIndex = 1, dims: Any = ...) -> Tensor:
    """The planes of `dims` turned by `k` quarter turns, from the first dimension towards the second."""

def round(input: Tensor, *, decimals: SupportsIndex = 0, out: Tensor | None = None) -> Tensor:
    """The nearest integer (half to even), or the nearest multiple of `10**-decimals`."""

def round_(input: Tensor, *, decimals: SupportsIndex = 0) -> Tensor:
    """The nearest integer (half to even), or the nearest multiple of `10**-decimals`."""

def row_stack(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """The tensors below each other, along the first dimension."""

def rrelu(input: Tensor, lower: _Number = 0.125, upper: _Number = 0.3333333333333333, training: _bool = False, generator: _Generator | None = None) -> Tensor:
    """Positive x as it is; other x times a slope, drawn from [lower, upper) in training."""

def rrelu_(input: Tensor, lower: _Number = 0.125, upper: _Number = 0.3333333333333333, training: _bool = False, generator: _Generator | None = None) -> Tensor:
    """Positive x as it is; other x times a slope, drawn from [lower, upper) in training."""

def rsqrt(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """1 / sqrt(x)."""

def rsqrt_(input: Tensor) -> Tensor:
    """1 / sqrt(x)."""

def rsub(input: Tensor, other: Any, alpha: _Number = 1) -> Tensor:
    """other - alpha * input."""

def scalar_tensor(s: Any, *, dtype: _Kind | None = None, device: _Place | None = None, requires_grad: _bool = False) -> Tensor:
    """A 0-d tensor of the default dtype, or of `dtype`."""

def scatter(input: Tensor, dim: SupportsIndex = ..., index: Tensor = ..., src: Tensor | _Number | None = None, value: Any = None, *, reduce: _str | None = None, out: Tensor | None = None, **names: Any) -> Tensor:
    """`input` with `src`, or a number, written at `index` along `dim`, or combined (`reduce`)."""

def scatter_(input: Tensor, dim: SupportsIndex, index: Tensor, src: Tensor | _Number | None = None, value: Any = None, *, reduce: _str | None = None) -> Tensor:
    """`input` with `src`, or a number, written at `index` along `dim`, or combined (`reduce`)."""

def scatter_add(input: Tensor, dim: SupportsIndex = ..., index: Tensor = ..., src: Tensor = ..., *, out: Tensor | None = None, **names: Any) -> Tensor:
    """`input` with `src` added at `index` along `dim`."""

def scatter_add_(input: Tensor, dim: SupportsIndex, index: Tensor, src: Tensor) -> Tensor:
    """`input` with `src` added at `index` along `dim`."""

def scatter_reduce(input: Tensor, dim: SupportsIndex = ..., index: Tensor = ..., src: Tensor = ..., reduce: _str = ..., *, include_self: _bool = True, out: Tensor | None = None, **names: Any) -> Tensor:
    """`input` with `src` combined by `reduce` at `index` along `dim`."""

def scatter_reduce_(input: Tensor, dim: SupportsIndex, index: Tensor, src: Tensor, reduce: _str, *, include_self: _bool = True) -> Tensor:
    """`input` with `src` combined by `reduce` at `index` along `dim`."""

def searchsorted(sorted_sequence: Tensor, input: Tensor | _Number, *, out_int32: _bool = False, right: _bool = False, side: Tensor | _Number | None = None, sorter: Tensor | _Number | None = None, out: Tensor | None = None) -> Tensor:
    """Where `input` goes into the ordered last dimension of `sorted_sequence`."""

def segment_reduce(data: Tensor, reduce: _str, *, lengths: Tensor | None = None, indices: Tensor | None = None, offsets: Tensor | None = None, axis: SupportsIndex = 0, unsafe: _bool = False, initial: Any = None) -> Tensor:
    """The sum, mean, product, maximum or minimum of each segment of `data` along `axis`, from `initial` on."""

def select(input: Tensor, dim: SupportsIndex = ..., index: SupportsIndex = ..., **names: Any) -> Tensor:
    """A view of the `index`-th slice along `dim`, without that dimension."""

def select_backward(grad_output: Tensor, input_sizes: Any, dim: SupportsIndex = ..., index: SupportsIndex = ..., **names: Any) -> Tensor:
    """Zeros of `input_sizes` with `grad_output` as the `index`-th slice along `dim`."""

def select_copy(*args: Any, out: Any = None, **keywords: Any) -> Any:
    """`select` in memory of its own."""

def select_scatter(input: Tensor, src: Tensor | _Number, dim: SupportsIndex = ..., index: SupportsIndex = ..., **names: Any) -> Tensor:
    """A copy in which `src` is the `index`-th slice along `dim`."""

def sgn(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """x / |x|, and 0 at 0."""

def sgn_(input: Tensor) -> Tensor:
    """x / |x|, and 0 at 0."""

def sigmoid(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """1 / (1 + exp(-x))."""

def sigmoid_(input: Tensor) -> Tensor:
    """1 / (1 + exp(-x))."""

def sign(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """-1, 0 or 1 by the sign."""

def sign_(input: Tensor) -> Tensor:
    """-1, 0 or 1 by the sign."""

def signbit(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether the sign bit is set."""

def sin(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The sine."""

def sin_(input: Tensor) -> Tensor:
    """The sine."""

def sinc(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """sin(pi x) / (pi x), and 1 at 0."""

def sinc_(input: Tensor) -> Tensor:
    """sin(pi x) / (pi x), and 1 at 0."""

def sinh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The hyperbolic sine."""

def sinh_(input: Tensor) -> Tensor:
    """The hyperbolic sine."""

def slice_backward(grad_output: Tensor, input_sizes: Any, dim: SupportsIndex = ..., start: SupportsIndex = ..., end: SupportsIndex = ..., step: SupportsIndex = ..., **names: Any) -> Tensor:
    """Zeros of `input_sizes` with `grad_output` as the slices `start:end:step` along `dim`."""

def slice_copy(*args: Any, out: Any = None, **keywords: Any) -> Any:
    """`slice` in memory of its own."""

def slice_scatter(input: Tensor, src: Tensor | _Number, dim: SupportsIndex = 0, start: Any = None, end: Any = None, step: SupportsIndex = 1, *, out: Tensor | None = None, **names: Any) -> Tensor:
    """A copy in which `src` stands at `start:end:step` along `dim`."""

def slogdet(input: Tensor, *, out: Any = None) -> _returns.slogdet:
    """`linalg.slogdet`."""

def softmax(input: Tensor, dim: SupportsIndex = ..., dtype: _Kind | None = None, *, out: Tensor | None = None, **names: Any) -> Tensor: ...

def sort(input: Tensor, dim: SupportsIndex = -1, descending: _bool = False, *, stable: _bool | None = None, out: Any = None, **names: Any) -> Any:
    """The elements in order along `dim`, NaN greatest, and where each was; always stable."""

def split(tensor: Tensor, split_size_or_sections: Any, dim: SupportsIndex = 0, **names: Any) -> tuple[Tensor, ...]:
    """Views of consecutive parts along `dim`: of one size (the last may be smaller), or of the given sizes."""

def split_copy(*args: Any, out: Any = None, **keywords: Any) -> Any:
    """`split` in memory of its own."""

def split_with_sizes(input: Tensor, split_sizes: Any, dim: SupportsIndex = 0, **names: Any) -> tuple[Tensor, ...]:
    """Views of consecutive parts of the given sizes along `dim`."""

def split_with_sizes_copy(*args: Any, out: Any = None, **keywords: Any) -> Any:
    """`split_with_sizes` in memory of its own."""

def sqrt(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The square root."""

def sqrt_(input: Tensor) -> Tensor:
    """The square root."""

def square(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """x squared."""

def square_(input: Tensor) -> Tensor:
    """x squared."""

def squeeze(input: Tensor, dim: _Ints | None = None, **names: Any) -> Tensor:
    """A view without the dimensions of size 1, or without those of `dim` that have size 1."""

def squeeze_copy(*args: Any, out: Any = None, **keywords: Any) -> Any:
    """`squeeze` in memory of its own."""

def stack(tensors: Sequence[Tensor], dim: SupportsIndex = 0, *, out: Tensor | None = None, **names: Any) -> Tensor:
    """The tensors side by side along a new dimension `dim`."""

def std(input: Tensor, dim: _Ints | None = None, unbiased: Any = None, keepdim: _bool = False, *, correction: Any = None, out: Tensor | None = None, **names: Any) -> Tensor:
    """The standard deviation: the square root of the variance."""

def std_mean(input: Tensor, dim: _Ints | None = None, unbiased: Any = None, keepdim: _bool = False, *, correction: Any = None, **names: Any) -> tuple[Tensor, Tensor]:
    """The standard deviation and the mean."""

def stft(input: Tensor, n_fft: SupportsIndex, hop_length: SupportsIndex | None = None, win_length: SupportsIndex | None = None, window: Tensor | _Number | None = None, center: _bool = True, pad_mode: _str = 'reflect', normalized: _bool = False, onesided: _bool | None = None, return_complex: _bool | None = None, align_to_window: _bool | None = None) -> Tensor:
    """Fourier transforms of overlapping windowed frames: frequencies by frames."""

def sub(input: Tensor | _Number, other: Tensor | _Number, *, alpha: _Number = 1, out: Tensor | None = None) -> Tensor:
    """The difference `input - alpha * other`."""

def sub_(input: Tensor | _Number, other: Tensor | _Number, *, alpha: _Number = 1) -> Tensor:
    """The difference `input - alpha * other`."""

def subtract(input: Tensor | _Number, other: Tensor | _Number, *, alpha: _Number = 1, out: Tensor | None = None) -> Tensor:
    """The difference `input - alpha * other`."""

def subtract_(input: Tensor | _Number, other: Tensor | _Number, *, alpha: _Number = 1) -> Tensor:
    """The difference `input - alpha * other`."""

def sum(input: Tensor, dim: _Ints | None = None, keepdim: _bool = False, *, dtype: _Kind | None = None, out: Tensor | None = None, **names: Any) -> Tensor:
    """The sum of the elements, over all dimensions or over `dim`. Integers are summed in int64."""

def svd(input: Tensor, some: _bool = True, compute_uv: _bool = True, *, out: Any = None) -> _returns.svd:
    """U, S and V of `input = U diag(S) V^H`; zeros for U and V unless `compute_uv`."""

def svd_lowrank(A: Tensor, q: SupportsIndex | None = 6, niter: SupportsIndex | None = 2, M: Tensor | _Number | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """The `q` largest singular values of `A` (less `M`) with their vectors, approximately."""

def swapaxes(input: Tensor, dim0: SupportsIndex, dim1: SupportsIndex) -> Tensor:
    """A view with `dim0` and `dim1` swapped."""

def swapdims(input: Tensor, dim0: SupportsIndex, dim1: SupportsIndex) -> Tensor:
    """A view with `dim0` and `dim1` swapped."""

def t(input: Tensor) -> Tensor:
    """The transpose of a matrix (a vector is its own)."""

def t_copy(*args: Any, out: Any = None, **keywords: Any) -> Any:
    """`t` in memory of its own."""

def take(input: Tensor, index: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The elements of `input`, seen as 1-d, at `index`."""

def take_along_dim(input: Tensor, indices: Tensor | _Number, dim: SupportsIndex | None = None, *, out: Tensor | None = None, **names: Any) -> Tensor:
    """The elements of `input` at `indices` along `dim` (or of the flat input), both broadcast."""

def tan(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The tangent."""

def tan_(input: Tensor) -> Tensor:
    """The tangent."""

def tanh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The hyperbolic tangent."""

def tanh_(input: Tensor) -> Tensor:
    """The hyperbolic tangent."""

def tensor(data: Any, *, dtype: _Kind | None = None, device: _Place | None = None, requires_grad: _bool = False, pin_memory: _bool = False) -> Tensor:
    """A new tensor that holds a copy of `data`."""

def tensor_split(input: Tensor, indices_or_sections: Any = None, dim: SupportsIndex = 0, *, indices: Any = None, sections: Any = None, **names: Any) -> tuple[Tensor, ...]:
    """Views of parts along `dim`: so many of nearly equal size, or cut at the given positions."""

def tensordot(a: Tensor, b: Tensor | _Number, dims: Any = 2, *, out: Tensor | None = None) -> Tensor:
    """The sums of products over pairs of dimensions: the last `dims` of `a` with the first of `b`, or lists of both."""

def tile(input: Tensor, dims: Any) -> Tensor:
    """`repeat`, with ones put before `dims` where it is too short."""

def topk(input: Tensor, k: SupportsIndex, dim: SupportsIndex = -1, largest: _bool = True, sorted: _bool = True, *, out: Any = None, **names: Any) -> _returns.topk:
    """The `k` largest (or smallest) elements along `dim`, in order, and where they are."""

def trace(input: Tensor) -> Tensor:
    """The sum of a matrix's diagonal."""

def transpose(input: Tensor, dim0: SupportsIndex, dim1: SupportsIndex) -> Tensor:
    """A view with `dim0` and `dim1` swapped."""

def transpose_copy(*args: Any, out: Any = None, **keywords: Any) -> Any:
    """`transpose` in memory of its own."""

def trapezoid(y: Tensor, x: Tensor | _Number | None = None, *, dx: Any = 1, dim: SupportsIndex = -1, **names: Any) -> Tensor:
    """The integral along `dim` by the trapezoidal rule, over `x` or with spacing `dx`."""

def trapz(y: Tensor, x: Tensor | _Number | None = None, *, dx: Any = 1, dim: SupportsIndex = -1, **names: Any) -> Tensor:
    """The integral along `dim` by the trapezoidal rule, over `x` or with spacing `dx`."""

def triangular_solve(input: Tensor, A: Tensor | _Number, upper: _bool = True, transpose: _bool = False, unitriangular: _bool = False, *, out: Any = None) -> _returns.triangular_solve:
    """X of `A X = input` (or with A transposed) for triangular A, and A."""

def tril(input: Tensor, diagonal: SupportsIndex = 0, *, out: Tensor | None = None) -> Tensor:
    """Each matrix with what is above its `diagonal`-th diagonal set to 0."""

def tril_(input: Tensor, diagonal: SupportsIndex = 0) -> Tensor: ...

def tril_indices(row: SupportsIndex, col: SupportsIndex, offset: SupportsIndex = 0, *, dtype: _Kind | None = ..., device: _Place | None = None, layout: _layout | None = None) -> Tensor:
    """The positions of a triangle's elements, as two rows."""

def triu(input: Tensor, diagonal: SupportsIndex = 0, *, out: Tensor | None = None) -> Tensor:
    """Each matrix with what is below its `diagonal`-th diagonal set to 0."""

def triu_(input: Tensor, diagonal: SupportsIndex = 0) -> Tensor: ...

def triu_indices(row: SupportsIndex, col: SupportsIndex, offset: SupportsIndex = 0, *, dtype: _Kind | None = ..., device: _Place | None = None, layout: _layout | None = None) -> Tensor:
    """The positions of a triangle's elements, as two rows."""

def true_divide(input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """The quotient of each pair of elements; integers are divided as floats."""

def true_divide_(input: Tensor | _Number, other: Tensor | _Number) -> Tensor:
    """The quotient of each pair of elements; integers are divided as floats."""

def trunc(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The integer part."""

def trunc_(input: Tensor) -> Tensor:
    """The integer part."""

def unbind(input: Tensor, dim: SupportsIndex = 0, **names: Any) -> tuple[Tensor, ...]:
    """Views of all slices along `dim`."""

def unbind_copy(*args: Any, out: Any = None, **keywords: Any) -> Any:
    """`unbind` in memory of its own."""

def unflatten(input: Tensor, dim: SupportsIndex = ..., sizes: Any = ..., **names: Any) -> Tensor:
    """Dimension `dim` split into `sizes`, of which one may be -1."""

def unfold(input: Tensor, dimension: SupportsIndex, size: SupportsIndex, step: SupportsIndex) -> Tensor:
    """A view of the windows of `size` along `dimension`, every `step`; a window's elements come last."""

def unfold_backward(grad_in: Tensor, input_sizes: Any, dim: SupportsIndex = ..., size: SupportsIndex = ..., step: SupportsIndex = ..., **names: Any) -> Tensor:
    """The sum of windows at their places in zeros of `input_sizes`."""

def unfold_copy(*args: Any, out: Any = None, **keywords: Any) -> Any:
    """`unfold` in memory of its own."""

def unique(input: Tensor, sorted: _bool = True, return_inverse: _bool = False, return_counts: _bool = False, dim: SupportsIndex | None = None, **names: Any) -> Any:
    """The distinct elements, or slices along `dim`, in order; places and counts where asked."""

def unique_consecutive(input: Tensor, return_inverse: _bool = False, return_counts: _bool = False, dim: SupportsIndex | None = None, **names: Any) -> Any:
    """The elements, or slices along `dim`, that differ from the one before."""

def unravel_index(indices: Tensor, shape: Any) -> tuple[Tensor, ...]:
    """Positions in a flat tensor as positions in each dimension of `shape`."""

def unsafe_chunk(input: Tensor, chunks: SupportsIndex, dim: SupportsIndex = 0, **names: Any) -> tuple[Tensor, ...]:
    """`chunk` whose parts may be written in place."""

def unsafe_split(input: Tensor, split_size: SupportsIndex, dim: SupportsIndex = 0, **names: Any) -> tuple[Tensor, ...]:
    """`split` whose parts may be written in place."""

def unsafe_split_with_sizes(input: Tensor, split_sizes: Any, dim: SupportsIndex = 0, **names: Any) -> tuple[Tensor, ...]:
    """`split_with_sizes` whose parts may be written in place."""

def unsqueeze(input: Tensor, dim: SupportsIndex = ..., **names: Any) -> Tensor:
    """A view with a dimension of size 1 put in at `dim`."""

def unsqueeze_copy(*args: Any, out: Any = None, **keywords: Any) -> Any:
    """`unsqueeze` in memory of its own."""

def vander(x: Tensor, N: Any = None, increasing: _bool = False) -> Tensor:
    """The powers of a vector's elements, as columns."""

def var(input: Tensor, dim: _Ints | None = None, unbiased: Any = None, keepdim: _bool = False, *, correction: Any = None, out: Tensor | None = None, **names: Any) -> Tensor:
    """The variance, dividing by the number of elements less `correction` (1)."""

def var_mean(input: Tensor, dim: _Ints | None = None, unbiased: Any = None, keepdim: _bool = False, *, correction: Any = None, **names: Any) -> tuple[Tensor, Tensor]:
    """The variance and the mean."""

def vdot(input: Tensor, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """The sum of the products of two vectors' elements, the first conjugated."""

def view_as_complex(input: Tensor) -> Tensor:
    """A view of pairs of real numbers (the last dimension, of size 2) as complex ones."""

def view_as_complex_copy(*args: Any, out: Any = None, **keywords: Any) -> Any:
    """`view_as_complex` in memory of its own."""

def view_as_real(input: Tensor) -> Tensor:
    """A view of complex numbers as pairs of real ones, in a last dimension of size 2."""

def view_as_real_copy(*args: Any, out: Any = None, **keywords: Any) -> Any:
    """`view_as_real` in memory of its own."""

def view_copy(*args: Any, out: Any = None, **keywords: Any) -> Any:
    """`view` in memory of its own."""

def vsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Views of parts along dimension 0."""

def vstack(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """The tensors below each other, along the first dimension."""

def where(condition: Tensor, input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """`input` where `condition`, else `other`."""

def xlogy(input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
    """input * log(other), and 0 where `input` is 0."""

def xlogy_(input: Tensor | _Number, other: Tensor | _Number) -> Tensor:
    """input * log(other), and 0 where `input` is 0."""

def zero(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Zeros like `input`."""

def zeros(*size: Any, out: Tensor | None = None, dtype: _Kind | None = None, layout: _layout | None = None, device: _Place | None = None, pin_memory: _bool = False, requires_grad: _bool = False, memory_format: _memory_format | None = None, names: Any = None, **keywords: Any) -> Tensor:
    """A tensor of shape `size`, filled with 0."""

def zeros_like(input: Tensor, *, dtype: _Kind | None = None, layout: _layout | None = None, device: _Place | None = None, pin_memory: _bool = False, requires_grad: _bool = False, memory_format: _memory_format | None = ...) -> Tensor:
    """A tensor with the shape, dtype and memory order of `input`, filled with 0."""
