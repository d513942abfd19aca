"""Matrix products."""

from __future__ import annotations

from types import FunctionType
from typing import Any

import numpy as np

from .. import prims
from ..autograd.graph import rename
from ..dtypes import c_name, from_numpy_dtype, scalar_name
from ..prims import product as arrays
from ..prims.precision import is_half, widen
from ..tensor import Tensor, attach, wrap_dim
from .checks import lacking
from .declare import composite, op, operators
from .errors import broadcast_error
from .pointwise import add, mul
from .shape import expand_to, reshape, squeeze, sum_to_size, transpose, unsqueeze


def _c_name(array: Any) -> str:
    return c_name(from_numpy_dtype(array.dtype))


def product(x: Any, y: Any) -> Any:
    """The matrix product of arrays; 16-bit floats are multiplied in float32."""
    return arrays.product(widen(x), widen(y)).astype(x.dtype, copy=False)


def adjoint(x: Any) -> Any:
    """The transpose of each matrix, conjugated if complex."""
    flipped = transpose(x, -2, -1)
    return flipped.conj() if _is_complex(x) else flipped


def _is_complex(x: Any) -> bool:
    return x.is_complex() if isinstance(x, Tensor) else x.dtype.kind == "c"


def _conj(x: Any) -> Any:
    return x.conj() if _is_complex(x) else x


def _same_dtype(a: Any, b: Any, names: str = "mat1 and mat2") -> None:
    if a.dtype != b.dtype:
        raise RuntimeError(f"{names} must have the same dtype, but got {_named(a)} and {_named(b)}")


def _named(array: Any) -> str:
    return scalar_name(from_numpy_dtype(array.dtype))


def _mat_shapes(a: Any, b: Any) -> None:
    if a.shape[1] != b.shape[0]:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({a.shape[0]}x{a.shape[1]} and {b.shape[0]}x{b.shape[1]})"
        )


@op(name="_matmul", method=False, grad_name="MmBackward0")
def _product(input, other):
    """The product of stacks of matrices whose leading dimensions broadcast."""
    _stacks(input, other)
    return product(input, other)


_product.vjp(
    input=lambda g, other: _product(g, adjoint(other)),
    other=lambda g, input: _product(adjoint(input), g),
)


def _many_by_matrix(input: Any, other: Any) -> Any:
    """A stack of matrices times one matrix: one product of tall matrices, which is also cheaper to differentiate."""
    shape = tuple(input.shape)
    flat = reshape(input, (-1, shape[-1]))
    return _folded(reshape(mm(flat, other), (*shape[:-1], other.shape[-1])))


def _folded(result: Any) -> Any:
    """A product of stacks, whose node PyTorch names by the view that restores the shape."""
    if result._node is not None:
        rename(result._node, "UnsafeViewBackward0", settled=True)
    return result


@composite
def matmul(input, other):
    """The matrix product; vectors and stacks of matrices as `numpy.matmul` treats them."""
    if isinstance(input, np.ndarray):
        return product(input, other)
    a, b = input.ndim, other.ndim
    if a == 0 or b == 0:
        raise RuntimeError(f"both arguments to matmul need to be at least 1D, but they are {a}D and {b}D")
    if a == 2 and b == 2:
        return mm(input, other)
    if a == 1 and b == 1:
        return dot(input, other)
    if a == 2 and b == 1:
        return mv(input, other)
    if a == 1 and b == 2:
        return squeeze(mm(unsqueeze(input, 0), other), 0)
    if b == 1:
        _vector_dtype(input._array, other._array)
        return _folded(squeeze(_many_by_matrix(input, unsqueeze(other, 1)), -1))
    if a == 1:
        return squeeze(matmul(unsqueeze(input, 0), other), -2)
    if b == 2 and input.numel():
        return _many_by_matrix(input, other)
    if input.shape[-1] != other.shape[-2]:
        lead = 1
        for n in np.broadcast_shapes(tuple(input.shape[:-2]), tuple(other.shape[:-2])):
            lead *= n
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{lead}, {input.shape[-1]}] but got: "
            f"[{lead}, {other.shape[-2]}]."
        )
    try:
        return _folded(_product(input, other))
    except ValueError:
        raise broadcast_error(
            np.empty(tuple(input.shape[:-2]), bool), np.empty(tuple(other.shape[:-2]), bool)
        ) from None


def _reversed_matmul(self: Tensor, other: Any) -> Any:
    """`other @ self`."""
    return matmul(other, self) if isinstance(other, Tensor) else NotImplemented


operators(matmul, "matmul", reverse=False, inplace=False)
attach(__rmatmul__=_reversed_matmul, __imatmul__=matmul.op.forms["dunder"])


@op(grad_name="MmBackward0")
def mm(input, mat2):
    """The product of two matrices."""
    if input.ndim != 2:
        raise RuntimeError("self must be a matrix")
    if mat2.ndim != 2:
        raise RuntimeError("mat2 must be a matrix")
    _mat_shapes(input, mat2)
    if input.dtype.kind == "b":
        lacking("b", "addmm_impl_cpu_")(input)
    if input.dtype != mat2.dtype:
        raise RuntimeError(f"expected m1 and m2 to have the same dtype, but got: {_c_name(input)} != {_c_name(mat2)}")
    return product(input, mat2)


mm.vjp(input=lambda g, mat2: _times(g, adjoint(mat2)), mat2=lambda input, g: _times(adjoint(input), g))
mm.op.small.update(
    {
        "": lambda input, mat2: _small(input, mat2),
        "input": lambda g, mat2: _small(g, mat2.T),
        "mat2": lambda input, g: _small(input.T, g),
    }
)
matmul.op.shortcut = mm.op


def _small(a: Any, b: Any, bias: Any = None) -> Any:
    """What `kernels.calls` runs for small matrices; None for others."""
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[0] or (bias is not None and bias.ndim != 1):
        return None
    from ..kernels import small

    return small.product(a, b, bias)


def _times(a: Any, b: Any) -> Any:
    return mm(a, b) if isinstance(a, Tensor) or isinstance(b, Tensor) else product(a, b)


@op(grad_name="BmmBackward0")
def bmm(input, mat2):
    """The products of two stacks of matrices of one length."""
    for name, each in (("batch1", input), ("batch2", mat2)):
        if each.ndim != 3:
            raise RuntimeError(f"{name} must be a 3D tensor")
    if input.shape[0] != mat2.shape[0] or input.shape[2] != mat2.shape[1]:
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{input.shape[0]}, {input.shape[2]}] but "
            f"got: [{mat2.shape[0]}, {mat2.shape[1]}]."
        )
    _stacks(input, mat2)
    return product(input, mat2)


def _stacks(a: Any, b: Any) -> None:
    """Raise for dtypes of which PyTorch does not multiply stacks of matrices."""
    if a.dtype != b.dtype:
        raise RuntimeError(f"expected scalar type {_named(a)} but found {_named(b)}")
    if a.dtype.kind == "b":
        lacking("b", "bmm")(a)


bmm.vjp(input=lambda g, mat2: bmm(g, adjoint(mat2)), mat2=lambda g, input: bmm(adjoint(input), g))


@op(grad_name="DotBackward0")
def dot(input, tensor):
    """The sum of the products of two vectors' elements."""
    _check_vectors("dot", input, tensor)
    if input.dtype.kind == "b":
        lacking("b", "dot")(input)
    return prims.sum(prims.mul(input, tensor)) if input.dtype.itemsize == 2 else np.asarray(np.dot(input, tensor))


def _check_vectors(name: str, a: Any, b: Any) -> None:
    if a.ndim != 1 or b.ndim != 1:
        raise RuntimeError(f"1D tensors expected, but got {a.ndim}D and {b.ndim}D tensors")
    if a.dtype != b.dtype:
        raise RuntimeError(f"{name} : expected both vectors to have same dtype, but found {_named(a)} and {_named(b)}")
    if a.shape != b.shape:
        raise RuntimeError(
            f"inconsistent tensor size, expected tensor [{a.shape[0]}] and src [{b.shape[0]}] to have the same number "
            f"of elements, but got {a.shape[0]} and {b.shape[0]} elements respectively"
        )


dot.vjp(input=lambda g, tensor: g * _conj(tensor), tensor=lambda g, input: g * _conj(input))


@composite(grad_name="VdotBackward0")
def vdot(input, other):
    """The sum of the products of two vectors' elements, the first conjugated."""
    _check_vectors("vdot", input._array, other._array)
    return dot(_conj(input), other)


@composite
def inner(input, other):
    """The sums of products over the last dimensions of both."""
    if input.ndim == 0 or other.ndim == 0:
        return mul(input, other)
    if input.shape[-1] != other.shape[-1]:
        raise RuntimeError(
            f"inner() the last dimension must match on both input tensors but got shapes {list(input.shape)} and "
            f"{list(other.shape)}"
        )
    return tensordot(input, other, dims=([-1], [-1]))


@composite
def outer(input, vec2):
    """All products of an element of each vector."""
    for name, each in (("self", input), ("vec2", vec2)):
        if each.ndim != 1:
            raise RuntimeError(f"outer: Expected 1-D argument {name}, but got {each.ndim}-D")
    return mul(unsqueeze(input, 1), vec2)


@composite
def ger(input, vec2):
    """All products of an element of each vector."""
    return outer(input, vec2)


def _vector_dtype(mat: Any, vec: Any) -> None:
    if mat.dtype != vec.dtype:
        kinds = f"{_named(vec)}, {_named(mat)}, and {_named(vec)}"
        raise RuntimeError(f"addmv input tensors must have the same dtype, but got {kinds}")
    if mat.dtype.kind == "b":
        lacking("b", "addmv_impl_cpu")(mat)


@op(grad_name="MvBackward0")
def mv(input, vec):
    """The product of a matrix and a vector."""
    if input.ndim != 2 or vec.ndim != 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got {vec.ndim}, {input.ndim}, {vec.ndim}")
    if input.shape[1] != vec.shape[0]:
        raise RuntimeError(
            f"size mismatch, got input ({input.shape[0]}), mat ({input.shape[0]}x{input.shape[1]}), vec ({vec.shape[0]})"
        )
    _vector_dtype(input, vec)
    return product(input, vec)


mv.vjp(
    input=lambda g, vec: mul(unsqueeze(g, 1), unsqueeze(_conj(vec), 0)),
    vec=lambda g, input: mv(adjoint(input), g),
)


def _number_like(tensor: Tensor, value: Any) -> Any:
    """A number in the category of a tensor's dtype, as PyTorch converts `alpha` and `beta`."""
    if tensor.dtype.is_differentiable:
        return value
    return bool(value) if tensor.dtype.name == "bool" else int(value)


# --- with an addend -------------------------------------------------------------------------------------------


def _addend(name: str, doc: str, first: str, second: str, multiply: Any) -> Any:
    """`beta * input + alpha * (mat1 @ mat2)` and its kin, declared once; 16-bit floats are rounded once, in the end."""

    def addend(input, first, second, *, beta=1, alpha=1):
        if is_half(first.dtype.numpy) and input.dtype == first.dtype == second.dtype:
            return addend(input.float(), first.float(), second.float(), beta=beta, alpha=alpha).to(input.dtype)
        product = multiply(first, second)
        beta, alpha = _number_like(product, beta), _number_like(product, alpha)
        if alpha != 1:
            product = mul(product, alpha)
        expand_to(input, tuple(product.shape))
        if beta == 0:
            return product
        return add(product, input if beta == 1 else mul(input, beta))

    names = {"first": first, "second": second}
    code = addend.__code__
    code = code.replace(co_name=name, co_varnames=tuple([names.get(each, each) for each in code.co_varnames]))
    function = FunctionType(code, globals(), name, None, addend.__closure__)
    function.__kwdefaults__, function.__doc__ = addend.__kwdefaults__, doc
    return composite(
        function, name=name, inplace=True, grad_name=None if name == "addbmm" else f"{name.capitalize()}Backward0"
    )


addmm = _addend("addmm", "beta * input + alpha * (mat1 @ mat2).", "mat1", "mat2", lambda a, b: mm(a, b))
addbmm = _addend(
    "addbmm",
    "beta * input + alpha * the sum of the batches' products.",
    "batch1",
    "batch2",
    lambda a, b: bmm(a, b).sum(0),
)
baddbmm = _addend("baddbmm", "beta * input + alpha * (batch1 @ batch2).", "batch1", "batch2", lambda a, b: bmm(a, b))
addmv = _addend("addmv", "beta * input + alpha * (mat @ vec).", "mat", "vec", lambda a, b: mv(a, b))
addr = _addend("addr", "beta * input + alpha * outer(vec1, vec2).", "vec1", "vec2", lambda a, b: outer(a, b))


@op(module="flambeau.nn.functional", method=False, grad_name="AddmmBackward0", traced=("bias",))
def linear(input, weight, bias: Tensor | None = None):
    """`input @ weight.T + bias`, in one node. `input` (..., in), `weight` (out, in) or (in), `bias` (out)."""
    if weight.ndim == 2 and input.ndim and input.shape[-1] != weight.shape[1]:
        rows = int(np.prod(input.shape[:-1]))
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({rows}x{input.shape[-1]} and {weight.shape[1]}x{weight.shape[0]})"
        )
    if input.dtype != weight.dtype:
        _same_dtype(input, weight)
    if is_half(input.dtype):
        wide = linear(widen(input), widen(weight), None if bias is None else widen(bias))  # type: ignore[arg-type]
        return wide.astype(input.dtype)
    if weight.ndim == 1 or input.ndim == 2:
        return arrays.product(input, weight.T, bias)
    flat = arrays.product(input.reshape(-1, input.shape[-1]), weight.T, bias)
    return flat.reshape(*input.shape[:-1], weight.shape[0])


def _linear_name(given: dict[str, Any]) -> str:
    """PyTorch's name of a linear layer's node: it reshapes the result where `input` is no matrix."""
    ndim, plain = len(given["node"].shape), given["bias_shape"] is None
    if ndim == 2:
        return "MmBackward0" if plain else "AddmmBackward0"
    return "ViewBackward0" if not plain else "SqueezeBackward4" if ndim == 1 else "UnsafeViewBackward0"


linear.op.variant = _linear_name


def _rows(x: Any) -> Any:
    """The vectors along the last dimension as the rows of a matrix."""
    return x if x.ndim == 2 else x.reshape((-1, x.shape[-1]))


def _linear_input(g: Any, weight: Any, input_shape: Any) -> Any:
    if weight.ndim == 1:
        return unsqueeze(g, -1) * _conj(weight)
    found = _times(_rows(g), _conj(weight))
    return found if len(input_shape) == 2 else found.reshape(tuple(input_shape))


def _linear_weight(g: Any, input: Any, weight_shape: Any) -> Any:
    if len(weight_shape) == 1:
        return sum_to_size(unsqueeze(g, -1) * _conj(input), tuple(weight_shape))
    return _times(_rows(g).mT, _conj(_rows(input)))


def _linear_bias(g: Any, bias_shape: Any) -> Any:
    return sum_to_size(g, bias_shape) if isinstance(g, Tensor) else prims.sum(g, tuple(range(g.ndim - 1)))


def _linear_kernel(input: Any, weight: Any, bias: Any) -> Any:
    """The same for larger ones."""
    if weight.ndim != 2 or not input.flags.c_contiguous or not input.size:
        return None
    found = arrays.linear_kernel(input.reshape(-1, input.shape[-1]), weight, bias)
    if found is None:
        return None
    run, numbers, scratch = found
    return run, numbers, [((*input.shape[:-1], len(weight)), input.dtype)], scratch


linear.vjp(input=_linear_input, weight=_linear_weight, bias=_linear_bias)
linear.op.small.update(
    {
        "": lambda input, weight, bias: _small(input, weight.T, bias) or _linear_kernel(input, weight, bias),
        "input": lambda g, weight, input_shape: _small(g, weight),
        "weight": lambda g, input, weight_shape: _small(g.T, input),
    }
)


@composite(method=False)
def tensordot(a, b, dims: Any = 2):
    """The sums of products over pairs of dimensions: the last `dims` of `a` with the first of `b`, or lists of both."""
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(a.ndim, b.ndim):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        first, second = list(range(a.ndim - dims, a.ndim)), list(range(dims))
    else:
        first, second = ([each] if isinstance(each, int) else list(each) for each in dims)
    first, second = [wrap_dim(d, a.ndim) for d in first], [wrap_dim(d, b.ndim) for d in second]
    if len(first) != len(second):
        raise RuntimeError("both dimension lists should have same length")
    for i, j in zip(first, second, strict=True):
        if a.shape[i] == 1:
            b = b.sum(j, keepdim=True)
        elif b.shape[j] == 1:
            a = a.sum(i, keepdim=True)
        if a.shape[i] != b.shape[j]:
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {a.shape[i]} in dim {i} and second has size "
                f"{b.shape[j]} in dim {j}"
            )
    keep_a = [d for d in range(a.ndim) if d not in first]
    keep_b = [d for d in range(b.ndim) if d not in second]
    shape = (*[a.shape[d] for d in keep_a], *[b.shape[d] for d in keep_b])
    inner_size = 1
    for d in first:
        inner_size *= a.shape[d]
    rows = 1
    for d in keep_a:
        rows *= a.shape[d]
    columns = 1
    for d in keep_b:
        columns *= b.shape[d]
    left = reshape(a.permute(*keep_a, *first) if a.ndim else a, (rows, inner_size))
    right = reshape(b.permute(*second, *keep_b) if b.ndim else b, (inner_size, columns))
    return reshape(mm(left, right), shape)
