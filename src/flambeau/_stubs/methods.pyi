"""The methods of Tensor that ops declare. Written by `python -m flambeau.ops --stubs`; not to be edited."""

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

class Methods:
    @property
    def H(self) -> Tensor: ...

    @property
    def T(self) -> Tensor: ...

    def __abs__(self, *, out: Tensor | None = None) -> Tensor:
        """The absolute value (of complex numbers: the modulus)."""

    def __add__(self, other: Tensor | _Number) -> Tensor:
        """The sum `input + alpha * other`."""

    def __and__(self, other: Tensor | _Number) -> Tensor:
        """The bits set in both."""

    def __deepcopy__(self, memo: Any) -> Tensor: ...

    def __delitem__(self, index: Any) -> None:
        """Raises TypeError: a tensor keeps its size."""

    def __div__(self, other: Tensor | _Number) -> Tensor:
        """The quotient of each pair of elements; integers are divided as floats."""

    def __dlpack__(self, **options: Any) -> Any: ...

    def __dlpack_device__(self) -> Any: ...

    def __eq__(self, other: Any) -> Tensor:  # type: ignore[override]
        """Whether the elements are equal."""

    def __floordiv__(self, other: Tensor | _Number) -> Tensor:
        """The quotient rounded down."""

    def __ge__(self, other: Tensor | _Number) -> Tensor:
        """Whether `input` is at least `other`."""

    def __getitem__(self, item: Any) -> Any:
        """`self[item]`: a view, or a copy where tensors, lists or masks take part."""

    def __gt__(self, other: Tensor | _Number) -> Tensor:
        """Whether `input` is greater than `other`."""

    def __iadd__(self, other: Tensor | _Number) -> Tensor:
        """The sum `input + alpha * other`."""

    def __iand__(self, other: Tensor | _Number) -> Tensor:
        """The bits set in both."""

    def __ifloordiv__(self, other: Tensor | _Number) -> Tensor:
        """The quotient rounded down."""

    def __ilshift__(self, other: Tensor | _Number) -> Tensor:
        """The bits moved up by `other` places."""

    def __imatmul__(self, other: Tensor | _Number) -> Tensor:
        """The matrix product; vectors and stacks of matrices as `numpy.matmul` treats them."""

    def __imod__(self, other: Tensor | _Number) -> Tensor:
        """The remainder of a division rounded down: it has the sign of `other`."""

    def __imul__(self, other: Tensor | _Number) -> Tensor:
        """The product of each pair of elements."""

    def __invert__(self) -> Tensor:
        """The bits inverted, of integers and bools."""

    def __ior__(self, other: Tensor | _Number) -> Tensor:
        """The bits set in either."""

    def __ipow__(self, other: Tensor | _Number) -> Tensor:
        """`input` to the power `exponent`."""

    def __irshift__(self, other: Tensor | _Number) -> Tensor:
        """The bits moved down by `other` places."""

    def __isub__(self, other: Tensor | _Number) -> Tensor:
        """The difference `input - alpha * other`."""

    def __itruediv__(self, other: Tensor | _Number) -> Tensor:
        """The quotient of each pair of elements; integers are divided as floats."""

    def __ixor__(self, other: Tensor | _Number) -> Tensor:
        """The bits set in one of the two."""

    def __le__(self, other: Tensor | _Number) -> Tensor:
        """Whether `input` is at most `other`."""

    def __lshift__(self, other: Tensor | _Number) -> Tensor:
        """The bits moved up by `other` places."""

    def __lt__(self, other: Tensor | _Number) -> Tensor:
        """Whether `input` is less than `other`."""

    def __matmul__(self, other: Tensor | _Number) -> Tensor:
        """The matrix product; vectors and stacks of matrices as `numpy.matmul` treats them."""

    def __mod__(self, other: Tensor | _Number) -> Tensor:
        """The remainder of a division rounded down: it has the sign of `other`."""

    def __mul__(self, other: Tensor | _Number) -> Tensor:
        """The product of each pair of elements."""

    def __ne__(self, other: Any) -> Tensor:  # type: ignore[override]
        """Whether the elements differ."""

    def __neg__(self, *, out: Tensor | None = None) -> Tensor:
        """The negative."""

    def __or__(self, other: Tensor | _Number) -> Tensor:
        """The bits set in either."""

    def __pos__(self) -> Tensor:
        """The tensor itself."""

    def __pow__(self, other: Tensor | _Number) -> Tensor:
        """`input` to the power `exponent`."""

    def __radd__(self, other: Tensor | _Number) -> Tensor:
        """The sum `input + alpha * other`."""

    def __rand__(self, other: Tensor | _Number) -> Tensor:
        """The bits set in both."""

    def __rdiv__(self, other: Tensor | _Number) -> Tensor:
        """The quotient of each pair of elements; integers are divided as floats."""

    def __reduce_ex__(self, protocol: Any) -> Any: ...

    def __rfloordiv__(self, other: Tensor | _Number) -> Tensor:
        """The quotient rounded down."""

    def __rlshift__(self, other: Tensor | _Number) -> Tensor:
        """The bits moved up by `other` places."""

    def __rmatmul__(self, other: Any) -> Any:
        """`other @ self`."""

    def __rmod__(self, other: Tensor | _Number) -> Tensor:
        """The remainder of a division rounded down: it has the sign of `other`."""

    def __rmul__(self, other: Tensor | _Number) -> Tensor:
        """The product of each pair of elements."""

    def __ror__(self, other: Tensor | _Number) -> Tensor:
        """The bits set in either."""

    def __rpow__(self, other: Tensor | _Number) -> Tensor:
        """`input` to the power `exponent`."""

    def __rrshift__(self, other: Tensor | _Number) -> Tensor:
        """The bits moved down by `other` places."""

    def __rshift__(self, other: Tensor | _Number) -> Tensor:
        """The bits moved down by `other` places."""

    def __rsub__(self, other: Tensor | _Number) -> Tensor:
        """The difference `input - alpha * other`."""

    def __rtruediv__(self, other: Tensor | _Number) -> Tensor:
        """The quotient of each pair of elements; integers are divided as floats."""

    def __rxor__(self, other: Tensor | _Number) -> Tensor:
        """The bits set in one of the two."""

    def __setitem__(self, item: Any, value: Any) -> None:
        """`self[item] = value` for a tensor or a Python number."""

    def __sub__(self, other: Tensor | _Number) -> Tensor:
        """The difference `input - alpha * other`."""

    def __truediv__(self, other: Tensor | _Number) -> Tensor:
        """The quotient of each pair of elements; integers are divided as floats."""

    def __xor__(self, other: Tensor | _Number) -> Tensor:
        """The bits set in one of the two."""

    def _elu_(self, alpha: _Number, scale: _Number, input_scale: _Number) -> Tensor: ...

    def _index_put_(self, values: Tensor, advanced: Any, accumulate: _bool = False) -> Tensor:
        """`input` with `values` written, or added, at `advanced`."""

    def _lerp_(self, end: Tensor, weight: Any) -> Tensor:
        """input + weight * (end - input)."""

    def _polygamma_(self, order: SupportsIndex) -> Tensor:
        """The `order`-th derivative of the digamma function."""

    def abs(self, *, out: Tensor | None = None) -> Tensor:
        """The absolute value (of complex numbers: the modulus)."""

    def abs_(self) -> Tensor:
        """The absolute value (of complex numbers: the modulus)."""

    def absolute(self, *, out: Tensor | None = None) -> Tensor:
        """The absolute value (of complex numbers: the modulus)."""

    def absolute_(self) -> Tensor:
        """The absolute value (of complex numbers: the modulus)."""

    def acos(self, *, out: Tensor | None = None) -> Tensor:
        """The inverse cosine."""

    def acos_(self) -> Tensor:
        """The inverse cosine."""

    def acosh(self, *, out: Tensor | None = None) -> Tensor:
        """The inverse hyperbolic cosine."""

    def acosh_(self) -> Tensor:
        """The inverse hyperbolic cosine."""

    def add(self, other: Tensor | _Number, *, alpha: _Number = 1, out: Tensor | None = None) -> Tensor:
        """The sum `input + alpha * other`."""

    def add_(self, other: Tensor | _Number, *, alpha: _Number = 1) -> Tensor:
        """The sum `input + alpha * other`."""

    def addbmm(self, batch1: Tensor | _Number, batch2: Tensor | _Number, *, beta: Tensor | _Number = 1, alpha: _Number = 1, out: Tensor | None = None) -> Tensor:
        """beta * input + alpha * the sum of the batches' products."""

    def addbmm_(self, batch1: Tensor | _Number, batch2: Tensor | _Number, *, beta: Tensor | _Number = 1, alpha: _Number = 1) -> Tensor:
        """beta * input + alpha * the sum of the batches' products."""

    def addcdiv(self, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1, out: Tensor | None = None) -> Tensor: ...

    def addcdiv_(self, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1) -> Tensor: ...

    def addcmul(self, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1, out: Tensor | None = None) -> Tensor: ...

    def addcmul_(self, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1) -> Tensor: ...

    def addmm(self, mat1: Tensor | _Number, mat2: Tensor | _Number, *, beta: Tensor | _Number = 1, alpha: _Number = 1, out: Tensor | None = None) -> Tensor:
        """beta * input + alpha * (mat1 @ mat2)."""

    def addmm_(self, mat1: Tensor | _Number, mat2: Tensor | _Number, *, beta: Tensor | _Number = 1, alpha: _Number = 1) -> Tensor:
        """beta * input + alpha * (mat1 @ mat2)."""

    def addmv(self, mat: Tensor | _Number, vec: Tensor | _Number, *, beta: Tensor | _Number = 1, alpha: _Number = 1, out: Tensor | None = None) -> Tensor:
        """beta * input + alpha * (mat @ vec)."""

    def addmv_(self, mat: Tensor | _Number, vec: Tensor | _Number, *, beta: Tensor | _Number = 1, alpha: _Number = 1) -> Tensor:
        """beta * input + alpha * (mat @ vec)."""

    def addr(self, vec1: Tensor | _Number, vec2: Tensor | _Number, *, beta: Tensor | _Number = 1, alpha: _Number = 1, out: Tensor | None = None) -> Tensor:
        """beta * input + alpha * outer(vec1, vec2)."""

    def addr_(self, vec1: Tensor | _Number, vec2: Tensor | _Number, *, beta: Tensor | _Number = 1, alpha: _Number = 1) -> Tensor:
        """beta * input + alpha * outer(vec1, vec2)."""

    def adjoint(self) -> Tensor:
        """The conjugate transpose of each matrix."""

    def all(self, dim: _Ints | None = None, keepdim: _bool = False, *, out: Tensor | None = None, **names: Any) -> Tensor: ...

    def allclose(self, other: Tensor | _Number, rtol: _Number = 1e-05, atol: _Number = 1e-08, equal_nan: _bool = False) -> _bool:
        """Whether all elements are close: |input - other| <= atol + rtol * |other|."""

    def amax(self, dim: _Ints | None = ..., keepdim: _bool = False, *, out: Tensor | None = None, **names: Any) -> Tensor: ...

    def amin(self, dim: _Ints | None = ..., keepdim: _bool = False, *, out: Tensor | None = None, **names: Any) -> Tensor: ...

    def aminmax(self, *, dim: _Ints | None = None, keepdim: _bool = False, out: Any = None, **names: Any) -> _returns.aminmax:
        """The least and the greatest element, over everything or along `dim`."""

    def angle(self, *, out: Tensor | None = None) -> Tensor:
        """The argument of each complex number, in radians."""

    def any(self, dim: _Ints | None = None, keepdim: _bool = False, *, out: Tensor | None = None, **names: Any) -> Tensor: ...

    def apply_(self, callable: Any) -> Tensor:
        """Replace each element by `callable` of it."""

    def arccos(self, *, out: Tensor | None = None) -> Tensor:
        """The inverse cosine."""

    def arccos_(self) -> Tensor:
        """The inverse cosine."""

    def arccosh(self, *, out: Tensor | None = None) -> Tensor:
        """The inverse hyperbolic cosine."""

    def arccosh_(self) -> Tensor:
        """The inverse hyperbolic cosine."""

    def arcsin(self, *, out: Tensor | None = None) -> Tensor:
        """The inverse sine."""

    def arcsin_(self) -> Tensor:
        """The inverse sine."""

    def arcsinh(self, *, out: Tensor | None = None) -> Tensor:
        """The inverse hyperbolic sine."""

    def arcsinh_(self) -> Tensor:
        """The inverse hyperbolic sine."""

    def arctan(self, *, out: Tensor | None = None) -> Tensor:
        """The inverse tangent."""

    def arctan2(self, other: Tensor, *, out: Tensor | None = None) -> Tensor:
        """The angle of the point (other, input), in radians."""

    def arctan2_(self, other: Tensor) -> Tensor:
        """The angle of the point (other, input), in radians."""

    def arctan_(self) -> Tensor:
        """The inverse tangent."""

    def arctanh(self, *, out: Tensor | None = None) -> Tensor:
        """The inverse hyperbolic tangent."""

    def arctanh_(self) -> Tensor:
        """The inverse hyperbolic tangent."""

    def argmax(self, dim: _Ints | None = None, keepdim: _bool = False, *, out: Tensor | None = None, **names: Any) -> Tensor: ...

    def argmin(self, dim: _Ints | None = None, keepdim: _bool = False, *, out: Tensor | None = None, **names: Any) -> Tensor: ...

    def argsort(self, dim: SupportsIndex = -1, descending: _bool = False, *, stable: _bool = False, **names: Any) -> Tensor:
        """The places of the elements of `input` in order along `dim`."""

    def argwhere(self, *, out: Tensor | None = None) -> Tensor:
        """The position of each element that is not zero, a row each."""

    def as_strided(self, size: Any, stride: Any, storage_offset: Any = None) -> Tensor:
        """A view of the tensor's storage with the given shape, strides and offset, in elements."""

    def as_strided_(self, *args: Any, **keywords: Any) -> Tensor:
        """`as_strided` of the tensor itself."""

    def as_strided_scatter(self, src: Tensor | _Number, size: Any, stride: Any, storage_offset: Any = None) -> Tensor:
        """A copy in which `src` stands where the strides lead. (The gradient is the derivative; PyTorch's is not.)"""

    def as_subclass(self, cls: Any) -> Any:
        """The same tensor as an instance of `cls`."""

    def asin(self, *, out: Tensor | None = None) -> Tensor:
        """The inverse sine."""

    def asin_(self) -> Tensor:
        """The inverse sine."""

    def asinh(self, *, out: Tensor | None = None) -> Tensor:
        """The inverse hyperbolic sine."""

    def asinh_(self) -> Tensor:
        """The inverse hyperbolic sine."""

    def atan(self, *, out: Tensor | None = None) -> Tensor:
        """The inverse tangent."""

    def atan2(self, other: Tensor, *, out: Tensor | None = None) -> Tensor:
        """The angle of the point (other, input), in radians."""

    def atan2_(self, other: Tensor) -> Tensor:
        """The angle of the point (other, input), in radians."""

    def atan_(self) -> Tensor:
        """The inverse tangent."""

    def atanh(self, *, out: Tensor | None = None) -> Tensor:
        """The inverse hyperbolic tangent."""

    def atanh_(self) -> Tensor:
        """The inverse hyperbolic tangent."""

    def backward(self, gradient: Any = None, retain_graph: _bool | None = None, create_graph: _bool = False, inputs: Any = None) -> None:
        """Accumulate the gradient of this tensor into the leaves' `.grad` (see `autograd.backward`)."""

    def baddbmm(self, batch1: Tensor | _Number, batch2: Tensor | _Number, *, beta: Tensor | _Number = 1, alpha: _Number = 1, out: Tensor | None = None) -> Tensor:
        """beta * input + alpha * (batch1 @ batch2)."""

    def baddbmm_(self, batch1: Tensor | _Number, batch2: Tensor | _Number, *, beta: Tensor | _Number = 1, alpha: _Number = 1) -> Tensor:
        """beta * input + alpha * (batch1 @ batch2)."""

    def bernoulli(self, p: Any = None, *, generator: _Generator | None = None) -> Tensor:
        """Ones with the probabilities that `input` holds, or all with probability `p`; zeros else."""

    def bernoulli_(self, p: Any = 0.5, *, generator: _Generator | None = None) -> Any:
        """Fill the tensor with ones of probability `p`, a number or a tensor that broadcasts to it."""

    def bfloat16(self, memory_format: _memory_format | None = ...) -> Tensor:
        """The tensor in torch.bfloat16."""

    def bincount(self, weights: Tensor | None = None, minlength: SupportsIndex = 0) -> Tensor:
        """How often each of 0, 1, ... occurs, or the sum of its `weights`."""

    def bitwise_and(self, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
        """The bits set in both."""

    def bitwise_and_(self, other: Tensor | _Number) -> Tensor:
        """The bits set in both."""

    def bitwise_left_shift(self, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
        """The bits moved up by `other` places."""

    def bitwise_left_shift_(self, other: Tensor | _Number) -> Tensor:
        """The bits moved up by `other` places."""

    def bitwise_not(self, *, out: Tensor | None = None) -> Tensor:
        """The bits inverted."""

    def bitwise_not_(self) -> Tensor:
        """The bits inverted."""

    def bitwise_or(self, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
        """The bits set in either."""

    def bitwise_or_(self, other: Tensor | _Number) -> Tensor:
        """The bits set in either."""

    def bitwise_right_shift(self, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
        """The bits moved down by `other` places."""

    def bitwise_right_shift_(self, other: Tensor | _Number) -> Tensor:
        """The bits moved down by `other` places."""

    def bitwise_xor(self, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
        """The bits set in one of the two."""

    def bitwise_xor_(self, other: Tensor | _Number) -> Tensor:
        """The bits set in one of the two."""

    def bmm(self, mat2: Tensor, *, out: Tensor | None = None) -> Tensor:
        """The products of two stacks of matrices of one length."""

    def bool(self, memory_format: _memory_format | None = ...) -> Tensor:
        """The tensor in torch.bool."""

    def broadcast_to(self, *args: Any, **keywords: Any) -> Any:
        """A view expanded to `size`."""

    def byte(self, memory_format: _memory_format | None = ...) -> Tensor:
        """The tensor in torch.uint8."""

    def cauchy_(self, *args: Any, generator: _Generator | None = None, **kwargs: Any) -> Any:
        """Fill the tensor with numbers from the Cauchy distribution."""

    def cdouble(self, memory_format: _memory_format | None = ...) -> Tensor:
        """The tensor in torch.complex128."""

    def ceil(self, *, out: Tensor | None = None) -> Tensor:
        """The least integer that is not less."""

    def ceil_(self) -> Tensor:
        """The least integer that is not less."""

    def celu_(self, alpha: _Number = 1.0) -> Tensor: ...

    def cfloat(self, memory_format: _memory_format | None = ...) -> Tensor:
        """The tensor in torch.complex64."""

    def char(self, memory_format: _memory_format | None = ...) -> Tensor:
        """The tensor in torch.int8."""

    def cholesky(self, upper: _bool = False, *, out: Tensor | None = None) -> Tensor:
        """The Cholesky factor of Hermitian positive-definite matrices."""

    def cholesky_inverse(self, upper: _bool = False, *, out: Tensor | None = None) -> Tensor:
        """The inverse of A from its Cholesky factor."""

    def cholesky_solve(self, L: Tensor, upper: _bool = False, *, out: Tensor | None = None) -> Tensor:
        """X of `A X = input` from the Cholesky factor of A."""

    def chunk(self, chunks: SupportsIndex, dim: SupportsIndex = 0, **names: Any) -> tuple[Tensor, ...]:
        """Views of at most `chunks` parts of equal size along `dim` (the last may be smaller)."""

    def clamp(self, min: Any = None, max: Any = None, *, out: Tensor | None = None) -> Tensor:
        """x, at least `min` and at most `max`: numbers or tensors."""

    def clamp_(self, min: Any = None, max: Any = None) -> Tensor:
        """x, at least `min` and at most `max`: numbers or tensors."""

    def clamp_max(self, max: Any, *, out: Tensor | None = None) -> Tensor:
        """x, at most `max`."""

    def clamp_max_(self, max: Any) -> Tensor:
        """x, at most `max`."""

    def clamp_min(self, min: Any, *, out: Tensor | None = None) -> Tensor:
        """x, at least `min`."""

    def clamp_min_(self, min: Any) -> Tensor:
        """x, at least `min`."""

    def clip(self, min: Any = None, max: Any = None, *, out: Tensor | None = None) -> Tensor:
        """x, at least `min` and at most `max`: numbers or tensors."""

    def clip_(self, min: Any = None, max: Any = None) -> Tensor:
        """x, at least `min` and at most `max`: numbers or tensors."""

    def clone(self, *, memory_format: _memory_format | None = None) -> Tensor:
        """A copy in memory of its own."""

    def conj(self) -> Tensor:
        """The complex conjugate."""

    def conj_physical(self, *, out: Tensor | None = None) -> Tensor:
        """The complex conjugate."""

    def conj_physical_(self) -> Tensor:
        """The complex conjugate."""

    def contiguous(self, memory_format: _memory_format | None = ...) -> Tensor:
        """The tensor itself if it lies so in memory, else a copy that does."""

    def copy_(self, src: Any, non_blocking: _bool = False) -> Any:
        """Write the elements of `src` (broadcast, and cast) over this tensor's."""

    def copysign(self, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
        """The size of `input` with the sign of `other`."""

    def copysign_(self, other: Tensor | _Number) -> Tensor:
        """The size of `input` with the sign of `other`."""

    def corrcoef(self) -> Tensor:
        """The matrix of correlation coefficients of variables (rows)."""

    def cos(self, *, out: Tensor | None = None) -> Tensor:
        """The cosine."""

    def cos_(self) -> Tensor:
        """The cosine."""

    def cosh(self, *, out: Tensor | None = None) -> Tensor:
        """The hyperbolic cosine."""

    def cosh_(self) -> Tensor:
        """The hyperbolic cosine."""

    def count_nonzero(self, dim: _Ints | None = None, **names: Any) -> Tensor:
        """The number of nonzero elements, over all dimensions or over `dim`."""

    def cov(self, *, correction: SupportsIndex = 1, fweights: Any = None, aweights: Any = None) -> Tensor:
        """The covariance matrix of variables (rows) over observations (columns)."""

    def cpu(self, memory_format: _memory_format | None = ...) -> Tensor:
        """The tensor itself: it is on the CPU."""

    def cross(self, other: Tensor | _Number, dim: SupportsIndex | None = None, *, out: Tensor | None = None, **names: Any) -> Tensor:
        """The cross product along `dim`, by default the first dimension of size 3."""

    def cuda(self, device: _Place | None = None, non_blocking: _bool = False, memory_format: _memory_format | None = None) -> Tensor:
        """Raises: this build computes on the CPU."""

    def cummax(self, dim: SupportsIndex = ..., *, out: Any = None, **names: Any) -> Any: ...

    def cummin(self, dim: SupportsIndex = ..., *, out: Any = None, **names: Any) -> Any: ...

    def cumprod(self, dim: SupportsIndex = ..., *, dtype: _Kind | None = None, out: Tensor | None = None, **names: Any) -> Tensor:
        """The running product along `dim`; integers become int64."""

    def cumprod_(self, dim: SupportsIndex, *, dtype: _Kind | None = None) -> Tensor:
        """The running product along `dim`; integers become int64."""

    def cumsum(self, dim: SupportsIndex = ..., *, dtype: _Kind | None = None, out: Tensor | None = None, **names: Any) -> Tensor:
        """The running sum along `dim`; integers become int64."""

    def cumsum_(self, dim: SupportsIndex, *, dtype: _Kind | None = None) -> Tensor:
        """The running sum along `dim`; integers become int64."""

    data: Tensor

    def deg2rad(self, *, out: Tensor | None = None) -> Tensor:
        """Degrees to radians."""

    def deg2rad_(self) -> Tensor:
        """Degrees to radians."""

    def det(self, *, out: Tensor | None = None) -> Tensor:
        """Determinants."""

    def detach(self) -> Tensor:
        """The same memory (and version) outside the graph."""

    def detach_(self) -> Any:
        """Take this tensor out of the graph."""

    def diag(self, diagonal: SupportsIndex = 0, *, out: Tensor | None = None) -> Tensor:
        """A vector as the diagonal of a matrix, or the diagonal of a matrix (a copy)."""

    def diag_embed(self, offset: SupportsIndex = 0, dim1: SupportsIndex = -2, dim2: SupportsIndex = -1, *, out: Tensor | None = None) -> Tensor:
        """The last dimension as the diagonals of new planes."""

    def diagflat(self, offset: SupportsIndex = 0) -> Tensor:
        """The elements as the diagonal of a matrix."""

    def diagonal(self, offset: SupportsIndex = 0, dim1: SupportsIndex = 0, dim2: SupportsIndex = 1) -> Tensor:
        """A view of the diagonals of the planes of `dim1` and `dim2`, as the last dimension."""

    def diagonal_scatter(self, src: Tensor | _Number, offset: SupportsIndex = 0, dim1: SupportsIndex = 0, dim2: SupportsIndex = 1) -> Tensor:
        """A copy in which `src` is the diagonal."""

    def diff(self, n: SupportsIndex = 1, dim: SupportsIndex = -1, prepend: Tensor | _Number | None = None, append: Tensor | _Number | None = None, *, out: Tensor | None = None, **names: Any) -> Tensor:
        """The `n`-th differences of neighbours along `dim`."""

    def digamma(self, *, out: Tensor | None = None) -> Tensor:
        """The derivative of `lgamma`."""

    def digamma_(self) -> Tensor:
        """The derivative of `lgamma`."""

    def dist(self, other: Tensor | _Number, p: Any = 2, *, out: Tensor | None = None) -> Tensor:
        """The `p`-norm of `input - other`."""

    def div(self, other: Tensor | _Number, *, rounding_mode: Tensor | _Number | None = None, out: Tensor | None = None) -> Tensor:
        """The quotient; `rounding_mode` "floor" rounds it down, "trunc" towards zero."""

    def div_(self, other: Tensor | _Number, *, rounding_mode: Tensor | _Number | None = None) -> Tensor:
        """The quotient; `rounding_mode` "floor" rounds it down, "trunc" towards zero."""

    def divide(self, other: Tensor | _Number, *, rounding_mode: Tensor | _Number | None = None, out: Tensor | None = None) -> Tensor:
        """The quotient; `rounding_mode` "floor" rounds it down, "trunc" towards zero."""

    def divide_(self, other: Tensor | _Number, *, rounding_mode: Tensor | _Number | None = None) -> Tensor:
        """The quotient; `rounding_mode` "floor" rounds it down, "trunc" towards zero."""

    def dot(self, tensor: Tensor, *, out: Tensor | None = None) -> Tensor:
        """The sum of the products of two vectors' elements."""

    def double(self, memory_format: _memory_format | None = ...) -> Tensor:
        """The tensor in torch.float64."""

    def dsplit(self, indices_or_sections: Any) -> tuple[Tensor, ...]: ...

    def elu_(self, alpha: _Number = 1.0) -> Tensor: ...

    def eq(self, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
        """Whether the elements are equal."""

    def eq_(self, other: Tensor | _Number) -> Tensor:
        """Whether the elements are equal."""

    def equal(self, other: Tensor | _Number) -> _bool:
        """Whether both have the same shape and elements."""

    def erf(self, *, out: Tensor | None = None) -> Tensor:
        """The error function."""

    def erf_(self) -> Tensor:
        """The error function."""

    def erfc(self, *, out: Tensor | None = None) -> Tensor:
        """1 - erf(x)."""

    def erfc_(self) -> Tensor:
        """1 - erf(x)."""

    def erfinv(self, *, out: Tensor | None = None) -> Tensor:
        """The inverse of the error function."""

    def erfinv_(self) -> Tensor:
        """The inverse of the error function."""

    def exp(self, *, out: Tensor | None = None) -> Tensor:
        """e to the power x."""

    def exp2(self, *, out: Tensor | None = None) -> Tensor:
        """2 to the power x."""

    def exp2_(self) -> Tensor:
        """2 to the power x."""

    def exp_(self) -> Tensor:
        """e to the power x."""

    def expand(self, *args: Any, **keywords: Any) -> Any:
        """A view in which dimensions of size 1 are repeated; -1 keeps a size."""

    def expand_as(self, other: Tensor) -> Tensor:
        """A view expanded to the shape of `other`."""

    def expm1(self, *, out: Tensor | None = None) -> Tensor:
        """exp(x) - 1."""

    def expm1_(self) -> Tensor:
        """exp(x) - 1."""

    def exponential_(self, *args: Any, generator: _Generator | None = None, **kwargs: Any) -> Any:
        """Fill the tensor with numbers of density lambd * exp(-lambd * x)."""

    def fill_(self, value: Any) -> Any:
        """Set every element to `value`, a number or a 0-d tensor."""

    def fill_diagonal_(self, fill_value: Any, wrap: _bool = False) -> Tensor:
        """Write a number along the diagonal; with `wrap`, again below each square of a tall matrix."""

    def fix(self, *, out: Tensor | None = None) -> Tensor:
        """The integer part."""

    def fix_(self) -> Tensor:
        """The integer part."""

    def flatten(self, start_dim: SupportsIndex = 0, end_dim: SupportsIndex = -1) -> Tensor:
        """The dimensions from `start_dim` to `end_dim` made one."""

    def flip(self, *dims: Any, **keywords: Any) -> Tensor:
        """The elements in reverse order along the given dimensions."""

    def fliplr(self) -> Tensor:
        """The columns in reverse order."""

    def flipud(self) -> Tensor:
        """The rows in reverse order."""

    def float(self, memory_format: _memory_format | None = ...) -> Tensor:
        """The tensor in torch.float32."""

    def float_power(self, exponent: Any, *, out: Tensor | None = None) -> Tensor:
        """x to a power, computed in float64 (or complex128)."""

    def float_power_(self, exponent: Any) -> Tensor:
        """`float_power` of the tensor itself, which must have the result's dtype."""

    def floor(self, *, out: Tensor | None = None) -> Tensor:
        """The greatest integer that is not greater."""

    def floor_(self) -> Tensor:
        """The greatest integer that is not greater."""

    def floor_divide(self, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
        """The quotient rounded down."""

    def floor_divide_(self, other: Tensor | _Number) -> Tensor:
        """The quotient rounded down."""

    def fmax(self, other: Tensor, *, out: Tensor | None = None) -> Tensor:
        """The greater of each pair, ignoring NaN."""

    def fmin(self, other: Tensor, *, out: Tensor | None = None) -> Tensor:
        """The lesser of each pair, ignoring NaN."""

    def fmod(self, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
        """The remainder of a division rounded towards zero: it has the sign of `input`."""

    def fmod_(self, other: Tensor | _Number) -> Tensor:
        """The remainder of a division rounded towards zero: it has the sign of `input`."""

    def frac(self, *, out: Tensor | None = None) -> Tensor:
        """What is behind the point."""

    def frac_(self) -> Tensor:
        """What is behind the point."""

    def frexp(self, *, out: Any = None) -> _returns.frexp:
        """Mantissas in [0.5, 1) and exponents with x = mantissa * 2**exponent."""

    def gather(self, dim: SupportsIndex = ..., index: Tensor = ..., *, sparse_grad: _bool = False, out: Tensor | None = None, **names: Any) -> Tensor:
        """`out[i][j] = input[index[i][j]][j]` for `dim` 0, and so on."""

    def gcd(self, other: Tensor, *, out: Tensor | None = None) -> Tensor:
        """The greatest common divisor."""

    def gcd_(self, other: Tensor) -> Tensor:
        """The greatest common divisor."""

    def ge(self, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
        """Whether `input` is at least `other`."""

    def ge_(self, other: Tensor | _Number) -> Tensor:
        """Whether `input` is at least `other`."""

    def geometric_(self, *args: Any, generator: _Generator | None = None, **kwargs: Any) -> Any:
        """Fill the tensor with numbers of trials up to the first success of probability `p`."""

    def geqrf(self, *, out: Any = None) -> _returns.geqrf:
        """R above the reflectors of a QR factorization, and the reflectors' coefficients."""

    def ger(self, vec2: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
        """All products of an element of each vector."""

    grad: Any

    @property
    def grad_fn(self) -> Any: ...

    def greater(self, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
        """Whether `input` is greater than `other`."""

    def greater_(self, other: Tensor | _Number) -> Tensor:
        """Whether `input` is greater than `other`."""

    def greater_equal(self, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
        """Whether `input` is at least `other`."""

    def greater_equal_(self, other: Tensor | _Number) -> Tensor:
        """Whether `input` is at least `other`."""

    def gt(self, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
        """Whether `input` is greater than `other`."""

    def gt_(self, other: Tensor | _Number) -> Tensor:
        """Whether `input` is greater than `other`."""

    def half(self, memory_format: _memory_format | None = ...) -> Tensor:
        """The tensor in torch.float16."""

    def hardshrink(self, lambd: _Number = 0.5, *, out: Tensor | None = None) -> Tensor:
        """x, and 0 within `lambd` of it."""

    def hardsigmoid_(self) -> Tensor:
        """min(max(0, x + 3), 6) / 6."""

    def hardswish_(self) -> Tensor:
        """x hardsigmoid(x)."""

    def hardtanh_(self, min_val: _Number = -1.0, max_val: _Number = 1.0) -> Tensor:
        """x between `min_val` and `max_val`, which bound it."""

    def hash_tensor(self, dim: _Ints | None = ..., *, keepdim: _bool = False, mode: SupportsIndex = 0, out: Tensor | None = None, **names: Any) -> Tensor:
        """The exclusive or of the elements' bits, as 64-bit numbers, over `dim`."""

    def heaviside(self, other: Tensor, *, out: Tensor | None = None) -> Tensor:
        """0, `other` or 1 for negative, zero and positive elements."""

    def heaviside_(self, other: Tensor) -> Tensor:
        """0, `other` or 1 for negative, zero and positive elements."""

    def histc(self, bins: SupportsIndex = 100, min: Any = 0, max: Any = 0, *, out: Tensor | None = None) -> Tensor:
        """Counts in `bins` equal bins from `min` to `max`, or over the range of the elements."""

    def histogram(self, bins: Any, *, range: Any = None, weight: Tensor | None = None, density: _bool = False, out: Any = None) -> _returns.histogram:
        """Weighted counts of the elements in bins, and the edges of the bins."""

    def hsplit(self, indices_or_sections: Any) -> tuple[Tensor, ...]: ...

    def hypot(self, other: Tensor, *, out: Tensor | None = None) -> Tensor:
        """sqrt(input**2 + other**2)."""

    def hypot_(self, other: Tensor) -> Tensor:
        """sqrt(input**2 + other**2)."""

    def i0(self, *, out: Tensor | None = None) -> Tensor:
        """The modified Bessel function of the first kind of order 0."""

    def i0_(self) -> Tensor:
        """The modified Bessel function of the first kind of order 0."""

    def igamma(self, other: Tensor, *, out: Tensor | None = None) -> Tensor:
        """The lower regularized incomplete gamma function."""

    def igamma_(self, other: Tensor) -> Tensor:
        """The lower regularized incomplete gamma function."""

    def igammac(self, other: Tensor, *, out: Tensor | None = None) -> Tensor:
        """The upper regularized incomplete gamma function."""

    def igammac_(self, other: Tensor) -> Tensor:
        """The upper regularized incomplete gamma function."""

    imag: Any

    def index_add(self, dim: SupportsIndex = ..., index: Tensor = ..., source: Tensor = ..., *, alpha: _Number = 1, out: Tensor | None = None, **names: Any) -> Tensor:
        """`input` with `alpha` times the slices of `source` added to its slices `index` along `dim`."""

    def index_add_(self, dim: SupportsIndex, index: Tensor, source: Tensor, *, alpha: _Number = 1) -> Tensor:
        """`input` with `alpha` times the slices of `source` added to its slices `index` along `dim`."""

    def index_copy(self, dim: SupportsIndex = ..., index: Tensor = ..., source: Tensor = ..., *, out: Tensor | None = None, **names: Any) -> Tensor:
        """`input` with its slices `index` along `dim` replaced by those of `source`."""

    def index_copy_(self, dim: SupportsIndex, index: Tensor, source: Tensor) -> Tensor:
        """`input` with its slices `index` along `dim` replaced by those of `source`."""

    def index_fill(self, dim: SupportsIndex = ..., index: Tensor = ..., value: Tensor | _Number = ..., **names: Any) -> Tensor:
        """`input` with its slices `index` along `dim` filled with `value`, a number or 0-d tensor."""

    def index_fill_(self, dim: SupportsIndex, index: Tensor, value: Tensor | _Number) -> Tensor:
        """`input` with its slices `index` along `dim` filled with `value`, a number or 0-d tensor."""

    def index_put(self, indices: Any, values: Tensor | _Number, accumulate: _bool = False) -> Tensor:
        """`input` with `values` written, or added, where the tensors `indices` point."""

    def index_put_(self, indices: Any, values: Tensor, accumulate: _bool = False) -> Tensor:
        """`index_put` in place."""

    def index_reduce(self, dim: SupportsIndex = ..., index: Tensor = ..., source: Tensor = ..., reduce: _str = ..., *, include_self: _bool = True, out: Tensor | None = None, **names: Any) -> Tensor:
        """`input` with the slices of `source` combined into its slices `index` along `dim`."""

    def index_reduce_(self, dim: SupportsIndex, index: Tensor, source: Tensor, reduce: _str, *, include_self: _bool = True) -> Tensor:
        """`input` with the slices of `source` combined into its slices `index` along `dim`."""

    def index_select(self, dim: SupportsIndex = ..., index: Tensor = ..., *, out: Tensor | None = None, **names: Any) -> Tensor:
        """The slices of `input` along `dim` in the order of the 1-d `index`."""

    def inner(self, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
        """The sums of products over the last dimensions of both."""

    def int(self, memory_format: _memory_format | None = ...) -> Tensor:
        """The tensor in torch.int32."""

    def inverse(self, *, out: Tensor | None = None) -> Tensor:
        """The inverse of each matrix. LinAlgError for a singular one."""

    @property
    def is_leaf(self) -> _bool: ...

    def is_nonzero(self) -> _bool:
        """Whether a one-element tensor is nonzero."""

    def isclose(self, other: Tensor | _Number, rtol: _Number = 1e-05, atol: _Number = 1e-08, equal_nan: _bool = False) -> Tensor:
        """Where the elements are close: |input - other| <= atol + rtol * |other|."""

    def isfinite(self) -> Tensor:
        """Whether the element is neither infinite nor NaN."""

    def isinf(self) -> Tensor:
        """Whether the element is infinite."""

    def isnan(self) -> Tensor:
        """Whether the element is NaN."""

    def isneginf(self, *, out: Tensor | None = None) -> Tensor:
        """Whether the element is negative infinity."""

    def isposinf(self, *, out: Tensor | None = None) -> Tensor:
        """Whether the element is positive infinity."""

    def isreal(self) -> Tensor:
        """Whether the imaginary part is 0."""

    def istft(self, n_fft: SupportsIndex, hop_length: SupportsIndex | None = None, win_length: SupportsIndex | None = None, window: Tensor | _Number | None = None, center: _bool = True, normalized: _bool = False, onesided: _bool | None = None, length: SupportsIndex | None = None, return_complex: _bool = False) -> Tensor:
        """The signal whose `stft` is nearest to `input`: frames added up, over the windows' squares."""

    def kron(self, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
        """The Kronecker product."""

    def kthvalue(self, k: SupportsIndex, dim: SupportsIndex = -1, keepdim: _bool = False, *, out: Any = None, **names: Any) -> _returns.kthvalue:
        """The `k`-th smallest element along `dim`, counted from 1, and its place."""

    def lcm(self, other: Tensor, *, out: Tensor | None = None) -> Tensor:
        """The least common multiple."""

    def lcm_(self, other: Tensor) -> Tensor:
        """The least common multiple."""

    def ldexp(self, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
        """input * 2**other."""

    def ldexp_(self, other: Tensor | _Number) -> Tensor:
        """input * 2**other."""

    def le(self, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
        """Whether `input` is at most `other`."""

    def le_(self, other: Tensor | _Number) -> Tensor:
        """Whether `input` is at most `other`."""

    def leaky_relu_(self, negative_slope: _Number = 0.01) -> Tensor:
        """x where positive, else negative_slope * x."""

    def lerp(self, end: Tensor | _Number, weight: Any, *, out: Tensor | None = None) -> Tensor:
        """input + weight * (end - input)."""

    def lerp_(self, end: Tensor | _Number, weight: Any) -> Tensor:
        """input + weight * (end - input)."""

    def less(self, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
        """Whether `input` is less than `other`."""

    def less_(self, other: Tensor | _Number) -> Tensor:
        """Whether `input` is less than `other`."""

    def less_equal(self, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
        """Whether `input` is at most `other`."""

    def less_equal_(self, other: Tensor | _Number) -> Tensor:
        """Whether `input` is at most `other`."""

    def lgamma(self, *, out: Tensor | None = None) -> Tensor:
        """The logarithm of the absolute value of the gamma function."""

    def lgamma_(self) -> Tensor:
        """The logarithm of the absolute value of the gamma function."""

    def log(self, *, out: Tensor | None = None) -> Tensor:
        """The natural logarithm."""

    def log10(self, *, out: Tensor | None = None) -> Tensor:
        """The logarithm to base 10."""

    def log10_(self) -> Tensor:
        """The logarithm to base 10."""

    def log1p(self, *, out: Tensor | None = None) -> Tensor:
        """log(1 + x)."""

    def log1p_(self) -> Tensor:
        """log(1 + x)."""

    def log2(self, *, out: Tensor | None = None) -> Tensor:
        """The logarithm to base 2."""

    def log2_(self) -> Tensor:
        """The logarithm to base 2."""

    def log_(self) -> Tensor:
        """The natural logarithm."""

    def log_normal_(self, *args: Any, generator: _Generator | None = None, **kwargs: Any) -> Any:
        """Fill the tensor with exponentials of numbers from a normal distribution."""

    def log_softmax(self, dim: SupportsIndex = ..., dtype: _Kind | None = None, *, out: Tensor | None = None, **names: Any) -> Tensor: ...

    def logaddexp(self, other: Tensor, *, out: Tensor | None = None) -> Tensor:
        """log(exp(input) + exp(other))."""

    def logaddexp2(self, other: Tensor, *, out: Tensor | None = None) -> Tensor:
        """log2(2**input + 2**other)."""

    def logcumsumexp(self, dim: SupportsIndex = ..., *, out: Tensor | None = None, **names: Any) -> Tensor:
        """`log(cumsum(exp(input)))` along `dim`, without overflow."""

    def logdet(self, *, out: Tensor | None = None) -> Tensor:
        """The logarithm of each determinant; NaN where it is negative."""

    def logical_and(self, other: Tensor, *, out: Tensor | None = None) -> Tensor:
        """Whether both elements are nonzero."""

    def logical_and_(self, other: Tensor) -> Tensor:
        """Whether both elements are nonzero."""

    def logical_not(self, *, out: Tensor | None = None) -> Tensor:
        """Whether the element is zero."""

    def logical_not_(self) -> Tensor:
        """Whether the element is zero."""

    def logical_or(self, other: Tensor, *, out: Tensor | None = None) -> Tensor:
        """Whether either element is nonzero."""

    def logical_or_(self, other: Tensor) -> Tensor:
        """Whether either element is nonzero."""

    def logical_xor(self, other: Tensor, *, out: Tensor | None = None) -> Tensor:
        """Whether one element is nonzero and the other zero."""

    def logical_xor_(self, other: Tensor) -> Tensor:
        """Whether one element is nonzero and the other zero."""

    def logit(self, eps: _Number | None = None, *, out: Tensor | None = None) -> Tensor:
        """`log(x / (1 - x))`, of x clamped to `[eps, 1 - eps]` if given."""

    def logit_(self, eps: _Number | None = None) -> Tensor:
        """`log(x / (1 - x))`, of x clamped to `[eps, 1 - eps]` if given."""

    def logsumexp(self, dim: _Ints | None = ..., keepdim: _bool = False, *, out: Tensor | None = None, **names: Any) -> Tensor:
        """The logarithm of the sum of exponentials over `dim`, computed from the greatest element."""

    def long(self, memory_format: _memory_format | None = ...) -> Tensor:
        """The tensor in torch.int64."""

    def lt(self, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
        """Whether `input` is less than `other`."""

    def lt_(self, other: Tensor | _Number) -> Tensor:
        """Whether `input` is less than `other`."""

    def lu(self, pivot: _bool = True, get_infos: _bool = False, *, out: Any = None) -> Any:
        """L and U in one matrix, and the row exchanges; with `get_infos` also where a pivot is zero."""

    def lu_solve(self, LU_data: Tensor | _Number, LU_pivots: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
        """X of `A X = input` from the factorization of A."""

    @property
    def mH(self) -> Tensor: ...

    @property
    def mT(self) -> Tensor: ...

    def map_(self, tensor: Tensor, callable: Any) -> Tensor:
        """Replace each element by `callable` of it and of its counterpart in `tensor`."""

    def masked_fill(self, mask: Tensor, value: Tensor | _Number) -> Tensor:
        """`input` with `value`, a number or 0-d tensor, where `mask` is true."""

    def masked_fill_(self, mask: Tensor, value: Tensor | _Number) -> Tensor:
        """`input` with `value`, a number or 0-d tensor, where `mask` is true."""

    def masked_scatter(self, mask: Tensor, source: Tensor) -> Tensor:
        """`input` with successive elements of `source` where `mask` is true."""

    def masked_scatter_(self, mask: Tensor, source: Tensor) -> Tensor:
        """`input` with successive elements of `source` where `mask` is true."""

    def masked_select(self, mask: Tensor, *, out: Tensor | None = None) -> Tensor:
        """The elements of `input` where `mask` is true, as a 1-d tensor."""

    def matmul(self, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
        """The matrix product; vectors and stacks of matrices as `numpy.matmul` treats them."""

    def matrix_exp(self, *, out: Tensor | None = None) -> Tensor:
        """The matrix exponential."""

    def matrix_power(self, n: SupportsIndex, *, out: Tensor | None = None) -> Tensor:
        """`linalg.matrix_power`."""

    def max(self, dim: _Ints | None = None, keepdim: _bool = False, *, other: Any = None, out: Any = None, **names: Any) -> Any: ...

    def maximum(self, other: Tensor, *, out: Tensor | None = None) -> Tensor:
        """The greater of each pair (NaN if either is)."""

    def mean(self, dim: _Ints | None = None, keepdim: _bool = False, *, dtype: _Kind | None = None, out: Tensor | None = None, **names: Any) -> Tensor:
        """The mean of the elements, over all dimensions or over `dim`."""

    def median(self, dim: Tensor | _Number | None = None, keepdim: _bool = False, *, out: Any = None, **names: Any) -> Any:
        """The lower median of all elements, or along `dim` with its place."""

    def min(self, dim: _Ints | None = None, keepdim: _bool = False, *, other: Any = None, out: Any = None, **names: Any) -> Any: ...

    def minimum(self, other: Tensor, *, out: Tensor | None = None) -> Tensor:
        """The lesser of each pair (NaN if either is)."""

    def mish_(self) -> Tensor:
        """x tanh(softplus(x))."""

    def mm(self, mat2: Tensor, *, out: Tensor | None = None) -> Tensor:
        """The product of two matrices."""

    def mode(self, dim: SupportsIndex = -1, keepdim: _bool = False, *, out: Any = None, **names: Any) -> _returns.mode:
        """The most frequent element along `dim`, the least of such, and its place."""

    def moveaxis(self, source: Any, destination: Any) -> Tensor:
        """A view with the dimensions `source` moved to the places `destination`."""

    def movedim(self, source: Any, destination: Any) -> Tensor:
        """A view with the dimensions `source` moved to the places `destination`."""

    def msort(self, *, out: Tensor | None = None) -> Tensor:
        """The elements in order along the first dimension."""

    def mul(self, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
        """The product of each pair of elements."""

    def mul_(self, other: Tensor | _Number) -> Tensor:
        """The product of each pair of elements."""

    def multinomial(self, num_samples: SupportsIndex, replacement: _bool = False, *, generator: _Generator | None = None) -> Tensor:
        """Indices of each row of `input`, drawn in proportion to the weights the row holds."""

    def multiply(self, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
        """The product of each pair of elements."""

    def multiply_(self, other: Tensor | _Number) -> Tensor:
        """The product of each pair of elements."""

    def mv(self, vec: Tensor, *, out: Tensor | None = None) -> Tensor:
        """The product of a matrix and a vector."""

    def mvlgamma(self, p: SupportsIndex, *, out: Tensor | None = None) -> Tensor:
        """The logarithm of the multivariate gamma function of dimension `p`."""

    def mvlgamma_(self, p: SupportsIndex) -> Tensor:
        """The logarithm of the multivariate gamma function of dimension `p`."""

    def nan_to_num(self, nan: Any = None, posinf: Any = None, neginf: Any = None, *, out: Tensor | None = None) -> Tensor:
        """x with NaN, inf and -inf replaced (by 0, the greatest and the least number of the dtype)."""

    def nan_to_num_(self, nan: Any = None, posinf: Any = None, neginf: Any = None) -> Tensor:
        """x with NaN, inf and -inf replaced (by 0, the greatest and the least number of the dtype)."""

    def nanmean(self, dim: _Ints | None = None, keepdim: _bool = False, *, dtype: _Kind | None = None, out: Tensor | None = None, **names: Any) -> Tensor:
        """The mean of the elements that are not NaN."""

    def nanmedian(self, dim: Tensor | _Number | None = None, keepdim: _bool = False, *, out: Any = None, **names: Any) -> Any:
        """The lower median of all elements, or along `dim` with its place, NaN left out."""

    def nanquantile(self, q: Tensor | _Number, dim: SupportsIndex | None = None, keepdim: _bool = False, *, interpolation: _str = 'linear', out: Tensor | None = None, **names: Any) -> Tensor:
        """`quantile` of the elements that are not NaN."""

    def nansum(self, dim: _Ints | None = None, keepdim: _bool = False, *, dtype: _Kind | None = None, out: Tensor | None = None, **names: Any) -> Tensor:
        """The sum with NaN counted as 0."""

    def narrow(self, dim: SupportsIndex = ..., start: Any = ..., length: SupportsIndex = ..., **names: Any) -> Tensor:
        """A view of `length` slices along `dim`, from `start` on."""

    def narrow_copy(self, *, out: Any = None, **keywords: Any) -> Any:
        """`narrow` in memory of its own."""

    def ne(self, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
        """Whether the elements differ."""

    def ne_(self, other: Tensor | _Number) -> Tensor:
        """Whether the elements differ."""

    def neg(self, *, out: Tensor | None = None) -> Tensor:
        """The negative."""

    def neg_(self) -> Tensor:
        """The negative."""

    def negative(self, *, out: Tensor | None = None) -> Tensor:
        """The negative."""

    def negative_(self) -> Tensor:
        """The negative."""

    def new(self, *args: Any, **options: Any) -> Tensor:
        """The legacy constructor, in this tensor's dtype."""

    def new_empty(self, *size: Any, dtype: _Kind | None = None, device: _Place | None = None, requires_grad: _bool = False, layout: _layout | None = None, pin_memory: _bool = False, **keywords: Any) -> Tensor:
        """A tensor of shape `size` and this one's dtype, not initialized."""

    def new_empty_strided(self, size: Any, stride: Any, **options: Any) -> Tensor:
        """`empty_strided` in this tensor's dtype."""

    def new_full(self, size: Any, fill_value: Any, *, dtype: _Kind | None = None, device: _Place | None = None, requires_grad: _bool = False, layout: _layout | None = None, pin_memory: _bool = False) -> Tensor:
        """A tensor of shape `size` and this one's dtype, filled with `fill_value`."""

    def new_ones(self, *size: Any, dtype: _Kind | None = None, device: _Place | None = None, requires_grad: _bool = False, layout: _layout | None = None, pin_memory: _bool = False, **keywords: Any) -> Tensor:
        """A tensor of shape `size` and this one's dtype, filled with 1."""

    def new_tensor(self, data: Any, *, dtype: _Kind | None = None, device: _Place | None = None, requires_grad: _bool = False, layout: _layout | None = None, pin_memory: _bool = False) -> Tensor:
        """`data` as a new tensor of this one's dtype."""

    def new_zeros(self, *size: Any, dtype: _Kind | None = None, device: _Place | None = None, requires_grad: _bool = False, layout: _layout | None = None, pin_memory: _bool = False, **keywords: Any) -> Tensor:
        """A tensor of shape `size` and this one's dtype, filled with 0."""

    def nextafter(self, other: Tensor, *, out: Tensor | None = None) -> Tensor:
        """The next float towards `other`."""

    def nextafter_(self, other: Tensor) -> Tensor:
        """The next float towards `other`."""

    def nonzero(self, *, as_tuple: _bool = False, out: Any = None) -> Any:
        """Where the elements are not zero: rows, or with `as_tuple` a tensor for each dimension."""

    def nonzero_static(self, *, size: SupportsIndex, fill_value: SupportsIndex = -1, out: Tensor | None = None) -> Tensor:
        """`nonzero` cut or filled up to `size` rows."""

    def norm(self, p: Any = 'fro', dim: _Ints | None = None, keepdim: _bool = False, dtype: _Kind | None = None, *, out: Tensor | None = None, **names: Any) -> Tensor:
        """The `p`-norm over `dim`, or of all elements."""

    def normal_(self, *args: Any, generator: _Generator | None = None, **kwargs: Any) -> Any:
        """Fill the tensor with numbers from the normal distribution of `mean` and `std`."""

    def not_equal(self, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
        """Whether the elements differ."""

    def not_equal_(self, other: Tensor | _Number) -> Tensor:
        """Whether the elements differ."""

    def orgqr(self, tau: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
        """`linalg.householder_product`."""

    def ormqr(self, tau: Tensor | _Number, other: Tensor | _Number, left: _bool = True, transpose: _bool = False, *, out: Tensor | None = None) -> Tensor:
        """The product of `other` with the reflectors stored in `input` (or their adjoint)."""

    def outer(self, vec2: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
        """All products of an element of each vector."""

    @property
    def output_nr(self) -> _int: ...

    def permute(self, *args: Any, **keywords: Any) -> Any:
        """A view with the dimensions in the given order."""

    def pin_memory(self, device: _Place | None = None) -> Tensor:
        """The tensor itself: there is no device to copy to."""

    def pinverse(self, rcond: _Number = 1e-15, *, out: Tensor | None = None) -> Tensor:
        """The Moore-Penrose pseudo-inverse."""

    def polygamma(self, order: SupportsIndex, *, out: Tensor | None = None) -> Tensor:
        """The `order`-th derivative of the digamma function."""

    def polygamma_(self, order: SupportsIndex) -> Tensor:
        """The `order`-th derivative of the digamma function."""

    def positive(self) -> Tensor:
        """The tensor itself."""

    def pow(self, exponent: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
        """`input` to the power `exponent`."""

    def pow_(self, exponent: Tensor | _Number) -> Tensor:
        """`input` to the power `exponent`."""

    def prelu(self, weight: Tensor | _Number) -> Tensor:
        """x where positive, else weight * x; `weight` has one element, or one for each channel (dimension 1)."""

    def prod(self, dim: _Ints | None = None, keepdim: _bool = False, *, dtype: _Kind | None = None, out: Tensor | None = None, **names: Any) -> Tensor:
        """The product of the elements, over all dimensions or over one. Integers are multiplied in int64."""

    def put(self, index: Tensor, source: Tensor, accumulate: _bool = False) -> Tensor:
        """`input` with `source` written, or added, at `index` of `input` seen as 1-d."""

    def put_(self, index: Tensor, source: Tensor, accumulate: _bool = False) -> Tensor:
        """`input` with `source` written, or added, at `index` of `input` seen as 1-d."""

    def qr(self, some: _bool = True, *, out: Any = None) -> _returns.qr:
        """`linalg.qr`, reduced if `some`, else complete."""

    def quantile(self, q: Tensor | _Number, dim: SupportsIndex | None = None, keepdim: _bool = False, *, interpolation: _str = 'linear', out: Tensor | None = None, **names: Any) -> Tensor:
        """The `q`-quantiles of all elements, or along `dim`; NaN if any element is."""

    def rad2deg(self, *, out: Tensor | None = None) -> Tensor:
        """Radians to degrees."""

    def rad2deg_(self) -> Tensor:
        """Radians to degrees."""

    def random_(self, *args: Any, generator: _Generator | None = None, **kwargs: Any) -> Any:
        """Fill the tensor with integers: from [from, to), from [0, to), or from all its dtype holds."""

    def ravel(self) -> Tensor:
        """The elements as one dimension."""

    real: Any

    def reciprocal(self, *, out: Tensor | None = None) -> Tensor:
        """1 / x."""

    def reciprocal_(self) -> Tensor:
        """1 / x."""

    def register_hook(self, hook: Any) -> Any:
        """Call `hook(grad)` whenever the gradient of this tensor is computed; what it returns replaces it."""

    def register_post_accumulate_grad_hook(self, hook: Any) -> Any:
        """Call `hook(tensor)` after a gradient has been added to this leaf's `.grad`."""

    def relu(self) -> Tensor:
        """max(0, x)."""

    def relu6_(self) -> Tensor:
        """min(max(0, x), 6)."""

    def relu_(self) -> Tensor:
        """max(0, x)."""

    def remainder(self, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
        """The remainder of a division rounded down: it has the sign of `other`."""

    def remainder_(self, other: Tensor | _Number) -> Tensor:
        """The remainder of a division rounded down: it has the sign of `other`."""

    def renorm(self, p: Any, dim: SupportsIndex = ..., maxnorm: _Number = ..., *, out: Tensor | None = None, **names: Any) -> Tensor:
        """`input` with every slice along `dim` whose `p`-norm exceeds `maxnorm` scaled down to it."""

    def renorm_(self, p: Any, dim: SupportsIndex, maxnorm: _Number) -> Tensor:
        """`input` with every slice along `dim` whose `p`-norm exceeds `maxnorm` scaled down to it."""

    def repeat(self, *repeats: Any, **keywords: Any) -> Tensor:
        """The tensor laid out so many times along each dimension."""

    def repeat_interleave(self, repeats: Any = None, dim: _Ints | None = None, *, output_size: Any = None, **names: Any) -> Tensor:
        """Each element (or slice along `dim`) repeated so many times; of counts alone, the positions they stand for."""

    requires_grad: _bool

    def requires_grad_(self, requires_grad: _bool = True) -> Any:
        """Set whether gradients are wanted for this leaf; returns the tensor."""

    def reshape(self, *args: Any, **keywords: Any) -> Any:
        """The elements in another shape: a view where the memory allows it, else a copy."""

    def reshape_as(self, other: Tensor) -> Tensor:
        """The elements in the shape of `other`."""

    def resize_(self, *sizes: Any, memory_format: _memory_format | None = None) -> Any:
        """Give the tensor a new shape over its own storage, which grows if it must (new elements are undefined)."""

    def resize_as_(self, the_template: Tensor, memory_format: _memory_format | None = None) -> Any:
        """`resize_` to the shape of another tensor."""

    def resolve_conj(self) -> Tensor:
        """The tensor itself: conjugation is never put off here."""

    def resolve_neg(self) -> Tensor:
        """The tensor itself: negation is never put off here."""

    def retain_grad(self) -> None:
        """Have `backward` fill `.grad` although the tensor is not a leaf."""

    @property
    def retains_grad(self) -> _bool: ...

    def roll(self, shifts: Any, dims: Any = ...) -> Tensor:
        """The elements moved around."""

    def rot90(self, k: SupportsIndex = 1, dims: Any = ...) -> Tensor:
        """The planes of `dims` turned by `k` quarter turns, from the first dimension towards the second."""

    def round(self, *, decimals: SupportsIndex = 0, out: Tensor | None = None) -> Tensor:
        """The nearest integer (half to even), or the nearest multiple of `10**-decimals`."""

    def round_(self, *, decimals: SupportsIndex = 0) -> Tensor:
        """The nearest integer (half to even), or the nearest multiple of `10**-decimals`."""

    def rrelu_(self, lower: _Number = 0.125, upper: _Number = 0.3333333333333333, training: _bool = False, generator: _Generator | None = None) -> Tensor:
        """Positive x as it is; other x times a slope, drawn from [lower, upper) in training."""

    def rsqrt(self, *, out: Tensor | None = None) -> Tensor:
        """1 / sqrt(x)."""

    def rsqrt_(self) -> Tensor:
        """1 / sqrt(x)."""

    def scatter(self, dim: SupportsIndex = ..., index: Tensor = ..., src: Tensor | _Number | None = None, value: Any = None, *, reduce: _str | None = None, out: Tensor | None = None, **names: Any) -> Tensor:
        """`input` with `src`, or a number, written at `index` along `dim`, or combined (`reduce`)."""

    def scatter_(self, dim: SupportsIndex, index: Tensor, src: Tensor | _Number | None = None, value: Any = None, *, reduce: _str | None = None) -> Tensor:
        """`input` with `src`, or a number, written at `index` along `dim`, or combined (`reduce`)."""

    def scatter_add(self, dim: SupportsIndex = ..., index: Tensor = ..., src: Tensor = ..., *, out: Tensor | None = None, **names: Any) -> Tensor:
        """`input` with `src` added at `index` along `dim`."""

    def scatter_add_(self, dim: SupportsIndex, index: Tensor, src: Tensor) -> Tensor:
        """`input` with `src` added at `index` along `dim`."""

    def scatter_reduce(self, dim: SupportsIndex = ..., index: Tensor = ..., src: Tensor = ..., reduce: _str = ..., *, include_self: _bool = True, out: Tensor | None = None, **names: Any) -> Tensor:
        """`input` with `src` combined by `reduce` at `index` along `dim`."""

    def scatter_reduce_(self, dim: SupportsIndex, index: Tensor, src: Tensor, reduce: _str, *, include_self: _bool = True) -> Tensor:
        """`input` with `src` combined by `reduce` at `index` along `dim`."""

    def select(self, dim: SupportsIndex = ..., index: SupportsIndex = ..., **names: Any) -> Tensor:
        """A view of the `index`-th slice along `dim`, without that dimension."""

    def select_scatter(self, src: Tensor | _Number, dim: SupportsIndex = ..., index: SupportsIndex = ..., **names: Any) -> Tensor:
        """A copy in which `src` is the `index`-th slice along `dim`."""

    def selu_(self, alpha: _Number = 1.0) -> Tensor: ...

    def set_(self, source: Any = None, storage_offset: SupportsIndex = 0, size: Any = None, stride: Any = None) -> Any:
        """Let the tensor look at the storage of `source`: a tensor or a storage."""

    def sgn(self, *, out: Tensor | None = None) -> Tensor:
        """x / |x|, and 0 at 0."""

    def sgn_(self) -> Tensor:
        """x / |x|, and 0 at 0."""

    def share_memory_(self) -> Tensor:
        """The tensor itself."""

    def short(self, memory_format: _memory_format | None = ...) -> Tensor:
        """The tensor in torch.int16."""

    def sigmoid(self, *, out: Tensor | None = None) -> Tensor:
        """1 / (1 + exp(-x))."""

    def sigmoid_(self) -> Tensor:
        """1 / (1 + exp(-x))."""

    def sign(self, *, out: Tensor | None = None) -> Tensor:
        """-1, 0 or 1 by the sign."""

    def sign_(self) -> Tensor:
        """-1, 0 or 1 by the sign."""

    def signbit(self, *, out: Tensor | None = None) -> Tensor:
        """Whether the sign bit is set."""

    def silu_(self) -> Tensor:
        """x sigmoid(x)."""

    def sin(self, *, out: Tensor | None = None) -> Tensor:
        """The sine."""

    def sin_(self) -> Tensor:
        """The sine."""

    def sinc(self, *, out: Tensor | None = None) -> Tensor:
        """sin(pi x) / (pi x), and 1 at 0."""

    def sinc_(self) -> Tensor:
        """sin(pi x) / (pi x), and 1 at 0."""

    def sinh(self, *, out: Tensor | None = None) -> Tensor:
        """The hyperbolic sine."""

    def sinh_(self) -> Tensor:
        """The hyperbolic sine."""

    def slice_scatter(self, src: Tensor | _Number, dim: SupportsIndex = 0, start: Any = None, end: Any = None, step: SupportsIndex = 1, *, out: Tensor | None = None, **names: Any) -> Tensor:
        """A copy in which `src` stands at `start:end:step` along `dim`."""

    def slogdet(self, *, out: Any = None) -> _returns.slogdet:
        """`linalg.slogdet`."""

    def softmax(self, dim: SupportsIndex = ..., dtype: _Kind | None = None, *, out: Tensor | None = None, **names: Any) -> Tensor: ...

    def sort(self, dim: SupportsIndex = -1, descending: _bool = False, *, stable: _bool | None = None, out: Any = None, **names: Any) -> Any:
        """The elements in order along `dim`, NaN greatest, and where each was; always stable."""

    def split(self, split_size_or_sections: Any, dim: SupportsIndex = 0, **names: Any) -> tuple[Tensor, ...]:
        """Views of consecutive parts along `dim`: of one size (the last may be smaller), or of the given sizes."""

    def split_with_sizes(self, split_sizes: Any, dim: SupportsIndex = 0, **names: Any) -> tuple[Tensor, ...]:
        """Views of consecutive parts of the given sizes along `dim`."""

    def sqrt(self, *, out: Tensor | None = None) -> Tensor:
        """The square root."""

    def sqrt_(self) -> Tensor:
        """The square root."""

    def square(self, *, out: Tensor | None = None) -> Tensor:
        """x squared."""

    def square_(self) -> Tensor:
        """x squared."""

    def squeeze(self, dim: _Ints | None = None, **names: Any) -> Tensor:
        """A view without the dimensions of size 1, or without those of `dim` that have size 1."""

    def squeeze_(self, *args: Any, **keywords: Any) -> Tensor:
        """`squeeze` of the tensor itself."""

    def std(self, dim: _Ints | None = None, unbiased: Any = None, keepdim: _bool = False, *, correction: Any = None, out: Tensor | None = None, **names: Any) -> Tensor:
        """The standard deviation: the square root of the variance."""

    def stft(self, n_fft: SupportsIndex, hop_length: SupportsIndex | None = None, win_length: SupportsIndex | None = None, window: Tensor | _Number | None = None, center: _bool = True, pad_mode: _str = 'reflect', normalized: _bool = False, onesided: _bool | None = None, return_complex: _bool | None = None, align_to_window: _bool | None = None) -> Tensor:
        """Fourier transforms of overlapping windowed frames: frequencies by frames."""

    def sub(self, other: Tensor | _Number, *, alpha: _Number = 1, out: Tensor | None = None) -> Tensor:
        """The difference `input - alpha * other`."""

    def sub_(self, other: Tensor | _Number, *, alpha: _Number = 1) -> Tensor:
        """The difference `input - alpha * other`."""

    def subtract(self, other: Tensor | _Number, *, alpha: _Number = 1, out: Tensor | None = None) -> Tensor:
        """The difference `input - alpha * other`."""

    def subtract_(self, other: Tensor | _Number, *, alpha: _Number = 1) -> Tensor:
        """The difference `input - alpha * other`."""

    def sum(self, dim: _Ints | None = None, keepdim: _bool = False, *, dtype: _Kind | None = None, out: Tensor | None = None, **names: Any) -> Tensor:
        """The sum of the elements, over all dimensions or over `dim`. Integers are summed in int64."""

    def sum_to_size(self, *args: Any, **keywords: Any) -> Any:
        """The sum over the dimensions in which the tensor is larger than `size`."""

    def svd(self, some: _bool = True, compute_uv: _bool = True, *, out: Any = None) -> _returns.svd:
        """U, S and V of `input = U diag(S) V^H`; zeros for U and V unless `compute_uv`."""

    def swapaxes(self, dim0: SupportsIndex, dim1: SupportsIndex) -> Tensor:
        """A view with `dim0` and `dim1` swapped."""

    def swapaxes_(self, *args: Any, **keywords: Any) -> Tensor:
        """`swapaxes` of the tensor itself."""

    def swapdims(self, dim0: SupportsIndex, dim1: SupportsIndex) -> Tensor:
        """A view with `dim0` and `dim1` swapped."""

    def swapdims_(self, *args: Any, **keywords: Any) -> Tensor:
        """`swapdims` of the tensor itself."""

    def t(self) -> Tensor:
        """The transpose of a matrix (a vector is its own)."""

    def t_(self, *args: Any, **keywords: Any) -> Tensor:
        """`t` of the tensor itself."""

    def take(self, index: Tensor, *, out: Tensor | None = None) -> Tensor:
        """The elements of `input`, seen as 1-d, at `index`."""

    def take_along_dim(self, indices: Tensor | _Number, dim: SupportsIndex | None = None, *, out: Tensor | None = None, **names: Any) -> Tensor:
        """The elements of `input` at `indices` along `dim` (or of the flat input), both broadcast."""

    def tan(self, *, out: Tensor | None = None) -> Tensor:
        """The tangent."""

    def tan_(self) -> Tensor:
        """The tangent."""

    def tanh(self, *, out: Tensor | None = None) -> Tensor:
        """The hyperbolic tangent."""

    def tanh_(self) -> Tensor:
        """The hyperbolic tangent."""

    def tensor_split(self, indices_or_sections: Any = None, dim: SupportsIndex = 0, *, indices: Any = None, sections: Any = None, **names: Any) -> tuple[Tensor, ...]:
        """Views of parts along `dim`: so many of nearly equal size, or cut at the given positions."""

    def threshold_(self, threshold: _Number, value: _Number) -> Tensor:
        """x where greater than `threshold`, else `value`."""

    def tile(self, *dims: Any, **keywords: Any) -> Tensor:
        """`repeat`, with ones put before the given numbers where there are too few."""

    def to(self, *args: Any, **options: Any) -> Tensor:
        """The tensor in another dtype or on another device; itself if nothing changes and `copy` is false."""

    def topk(self, k: SupportsIndex, dim: SupportsIndex = -1, largest: _bool = True, sorted: _bool = True, *, out: Any = None, **names: Any) -> _returns.topk:
        """The `k` largest (or smallest) elements along `dim`, in order, and where they are."""

    def trace(self) -> Tensor:
        """The sum of a matrix's diagonal."""

    def transpose(self, dim0: SupportsIndex, dim1: SupportsIndex) -> Tensor:
        """A view with `dim0` and `dim1` swapped."""

    def transpose_(self, *args: Any, **keywords: Any) -> Tensor:
        """`transpose` of the tensor itself."""

    def triangular_solve(self, A: Tensor | _Number, upper: _bool = True, transpose: _bool = False, unitriangular: _bool = False, *, out: Any = None) -> _returns.triangular_solve:
        """X of `A X = input` (or with A transposed) for triangular A, and A."""

    def tril(self, diagonal: SupportsIndex = 0, *, out: Tensor | None = None) -> Tensor: ...

    def tril_(self, diagonal: SupportsIndex = 0) -> Tensor: ...

    def triu(self, diagonal: SupportsIndex = 0, *, out: Tensor | None = None) -> Tensor: ...

    def triu_(self, diagonal: SupportsIndex = 0) -> Tensor: ...

    def true_divide(self, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
        """The quotient of each pair of elements; integers are divided as floats."""

    def true_divide_(self, other: Tensor | _Number) -> Tensor:
        """The quotient of each pair of elements; integers are divided as floats."""

    def trunc(self, *, out: Tensor | None = None) -> Tensor:
        """The integer part."""

    def trunc_(self) -> Tensor:
        """The integer part."""

    def type_as(self, other: Tensor) -> Tensor:
        """The tensor in the dtype of `other`."""

    def unbind(self, dim: SupportsIndex = 0, **names: Any) -> tuple[Tensor, ...]:
        """Views of all slices along `dim`."""

    def unflatten(self, dim: SupportsIndex = ..., sizes: Any = ..., **names: Any) -> Tensor:
        """Dimension `dim` split into `sizes`, of which one may be -1."""

    def unfold(self, dimension: SupportsIndex, size: SupportsIndex, step: SupportsIndex) -> Tensor:
        """A view of the windows of `size` along `dimension`, every `step`; a window's elements come last."""

    def uniform_(self, *args: Any, generator: _Generator | None = None, **kwargs: Any) -> Any:
        """Fill the tensor with numbers from the uniform distribution on [from, to)."""

    def unique(self, sorted: _bool = True, return_inverse: _bool = False, return_counts: _bool = False, dim: SupportsIndex | None = None, **names: Any) -> Any:
        """The distinct elements, or slices along `dim`, in order; places and counts where asked."""

    def unique_consecutive(self, return_inverse: _bool = False, return_counts: _bool = False, dim: SupportsIndex | None = None, **names: Any) -> Any:
        """The elements, or slices along `dim`, that differ from the one before."""

    def unsafe_chunk(self, chunks: SupportsIndex, dim: SupportsIndex = 0, **names: Any) -> tuple[Tensor, ...]:
        """`chunk` whose parts may be written in place."""

    def unsafe_split(self, split_size: SupportsIndex, dim: SupportsIndex = 0, **names: Any) -> tuple[Tensor, ...]:
        """`split` whose parts may be written in place."""

    def unsafe_split_with_sizes(self, split_sizes: Any, dim: SupportsIndex = 0, **names: Any) -> tuple[Tensor, ...]:
        """`split_with_sizes` whose parts may be written in place."""

    def unsqueeze(self, dim: SupportsIndex = ..., **names: Any) -> Tensor:
        """A view with a dimension of size 1 put in at `dim`."""

    def unsqueeze_(self, *args: Any, **keywords: Any) -> Tensor:
        """`unsqueeze` of the tensor itself."""

    def var(self, dim: _Ints | None = None, unbiased: Any = None, keepdim: _bool = False, *, correction: Any = None, out: Tensor | None = None, **names: Any) -> Tensor:
        """The variance, dividing by the number of elements less `correction` (1)."""

    def vdot(self, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
        """The sum of the products of two vectors' elements, the first conjugated."""

    def view(self, *shape: Any, dtype: _Kind | None = None) -> Tensor:
        """The same memory in another shape, or seen as another dtype."""

    def view_as(self, other: Tensor) -> Tensor:
        """The same memory in the shape of `other`."""

    def vsplit(self, indices_or_sections: Any) -> tuple[Tensor, ...]: ...

    def where(self, condition: Any, other: Any) -> Any:
        """This tensor's elements where `condition`, else those of `other`."""

    def xlogy(self, other: Tensor | _Number, *, out: Tensor | None = None) -> Tensor:
        """input * log(other), and 0 where `input` is 0."""

    def xlogy_(self, other: Tensor | _Number) -> Tensor:
        """input * log(other), and 0 where `input` is 0."""

    def zero_(self) -> Any:
        """Set every element to 0."""
