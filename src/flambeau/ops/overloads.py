"""The call forms of functions that have several, as PyTorch's errors print them.

A Python signature cannot say them; `arguments` reads them when a call fits none. `input` is the tensor of the method.
"""

from __future__ import annotations

_OPTIONS = (
    "torch.dtype dtype = None, torch.layout layout = None, torch.device device = None, bool pin_memory = False, "
    "bool requires_grad = False"
)
_FORMS = """
add sub
    (Tensor input, Tensor other, *, Number alpha = 1, Tensor out = None)
addbmm
    (Tensor input, Tensor batch1, Tensor batch2, *, Number beta = 1, Number alpha = 1, Tensor out = None)
addcdiv addcmul
    (Tensor input, Tensor tensor1, Tensor tensor2, *, Number value = 1, Tensor out = None)
addmm
    (Tensor input, Tensor mat1, Tensor mat2, *, Number beta = 1, Number alpha = 1, Tensor out = None)
    (Tensor input, Tensor mat1, Tensor mat2, torch.dtype out_dtype, *, Number beta = 1, Number alpha = 1, Tensor
        out = None)
addmv
    (Tensor input, Tensor mat, Tensor vec, *, Number beta = 1, Number alpha = 1, Tensor out = None)
addr
    (Tensor input, Tensor vec1, Tensor vec2, *, Number beta = 1, Number alpha = 1, Tensor out = None)
all any
    (Tensor input, *, Tensor out = None)
    (Tensor input, tuple of ints dim = None, bool keepdim = False, *, Tensor out = None)
    (Tensor input, int dim, bool keepdim = False, *, Tensor out = None)
arange
    (Number end, *, Tensor out = None, OPTIONS)
    (Number start, Number end, *, OPTIONS)
    (Number start, Number end, Number step = 1, *, Tensor out = None, OPTIONS)
argsort
    (Tensor input, *, bool stable, int dim = -1, bool descending = False, Tensor out = None)
    (Tensor input, int dim = -1, bool descending = False)
baddbmm
    (Tensor input, Tensor batch1, Tensor batch2, *, Number beta = 1, Number alpha = 1, Tensor out = None)
    (Tensor input, Tensor batch1, Tensor batch2, torch.dtype out_dtype, *, Number beta = 1, Number alpha = 1,
        Tensor out = None)
bernoulli
    (Tensor input, *, torch.Generator generator = None, Tensor out = None)
    (Tensor input, float p, *, torch.Generator generator = None)
bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor remainder
    (Tensor input, Tensor other, *, Tensor out = None)
    (Number self, Tensor other)
    (Tensor input, Number other, *, Tensor out = None)
bmm mm
    (Tensor input, Tensor mat2, *, Tensor out = None)
    (Tensor input, Tensor mat2, torch.dtype out_dtype, *, Tensor out = None)
bucketize
    (Tensor input, Tensor boundaries, *, bool out_int32 = False, bool right = False, Tensor out = None)
    (Number self, Tensor boundaries, *, bool out_int32 = False, bool right = False)
clamp clip
    (Tensor input, Tensor min = None, Tensor max = None, *, Tensor out = None)
    (Tensor input, Number min = None, Number max = None, *, Tensor out = None)
clamp_max
    (Tensor input, Tensor max, *, Tensor out = None)
    (Tensor input, Number max, *, Tensor out = None)
clamp_min
    (Tensor input, Tensor min, *, Tensor out = None)
    (Tensor input, Number min, *, Tensor out = None)
conv1d conv2d conv3d
    (Tensor input, Tensor weight, Tensor bias = None, tuple of ints stride = 1, tuple of ints padding = 0, tuple
        of ints dilation = 1, int groups = 1)
    (Tensor input, Tensor weight, Tensor bias = None, tuple of ints stride = 1, str padding = "valid", tuple of
        ints dilation = 1, int groups = 1)
copysign eq fmod ge greater greater_equal gt le less less_equal lt ne not_equal
    (Tensor input, Tensor other, *, Tensor out = None)
    (Tensor input, Number other, *, Tensor out = None)
count_nonzero
    (Tensor input, int dim = None)
    (Tensor input, tuple of ints dim)
cumulative_trapezoid trapezoid
    (Tensor y, Tensor x, *, int dim = -1)
    (Tensor y, *, Number dx = 1, int dim = -1)
div
    (Tensor input, Tensor other, *, Tensor out = None)
    (Tensor input, Tensor other, *, str rounding_mode, Tensor out = None)
    (Tensor input, Number other, *, str rounding_mode)
divide
    (Tensor input, Tensor other, *, Tensor out = None)
    (Tensor input, Tensor other, *, str rounding_mode, Tensor out = None)
    (Tensor input, Number other)
    (Tensor input, Number other, *, str rounding_mode)
dsplit hsplit vsplit
    (Tensor input, int sections)
    (Tensor input, tuple of ints indices)
eye
    (int n, *, Tensor out = None, OPTIONS)
    (int n, int m, *, Tensor out = None, OPTIONS)
fill
    (Tensor input, Tensor value)
    (Tensor input, Number value)
float_power pow
    (Tensor input, Tensor exponent, *, Tensor out = None)
    (Number self, Tensor exponent, *, Tensor out = None)
    (Tensor input, Number exponent, *, Tensor out = None)
floor_divide multiply true_divide
    (Tensor input, Tensor other, *, Tensor out = None)
    (Tensor input, Number other)
gradient
    (Tensor input, *, tuple of ints dim, int edge_order = 1)
    (Tensor input, *, Number spacing, tuple of ints dim, int edge_order = 1)
    (Tensor input, *, Number spacing = None, int dim = None, int edge_order = 1)
    (Tensor input, *, tuple of Scalars spacing, int dim = None, int edge_order = 1)
    (Tensor input, *, tuple of Scalars spacing, tuple of ints dim, int edge_order = 1)
    (Tensor input, *, tuple of Tensors spacing, int dim = None, int edge_order = 1)
    (Tensor input, *, tuple of Tensors spacing, tuple of ints dim, int edge_order = 1)
histogram
    (Tensor input, Tensor bins, *, Tensor weight = None, bool density = False, tuple of Tensors out = None)
    (Tensor input, int bins = 100, *, tuple of floats range = None, Tensor weight = None, bool density = False,
        tuple of Tensors out = None)
histogramdd
    (Tensor input, int bins, tuple of floats range = None, Tensor weight = None, bool density = False)
    (Tensor input, tuple of ints bins, tuple of floats range = None, Tensor weight = None, bool density = False)
    (Tensor input, tuple of Tensors bins, tuple of floats range = None, Tensor weight = None, bool density =
        False)
index_fill
    (Tensor input, int dim, Tensor index, Tensor value)
    (Tensor input, int dim, Tensor index, Number value)
isin
    (Tensor elements, Tensor test_elements, *, bool assume_unique = False, bool invert = False, Tensor out =
        None)
    (Number element, Tensor test_elements, *, bool assume_unique = False, bool invert = False, Tensor out =
        None)
    (Tensor elements, Number test_element, *, bool assume_unique = False, bool invert = False, Tensor out =
        None)
lerp
    (Tensor input, Tensor end, Tensor weight, *, Tensor out = None)
    (Tensor input, Tensor end, Number weight, *, Tensor out = None)
linalg_cond
    (Tensor input, Number p = None, *, Tensor out = None)
    (Tensor input, str p, *, Tensor out = None)
linalg_matrix_norm
    (Tensor input, Number ord, tuple of ints dim = {-2,-1}, bool keepdim = False, *, torch.dtype dtype = None,
        Tensor out = None)
    (Tensor input, str ord = "fro", tuple of ints dim = {-2,-1}, bool keepdim = False, *, torch.dtype dtype =
        None, Tensor out = None)
linalg_matrix_rank
    (Tensor input, *, Tensor atol = None, Tensor rtol = None, bool hermitian = False, Tensor out = None)
    (Tensor input, *, float atol = None, float rtol = None, bool hermitian = False, Tensor out = None)
    (Tensor input, Tensor tol, bool hermitian = False, *, Tensor out = None)
    (Tensor input, float tol, bool hermitian = False, *, Tensor out = None)
linalg_norm
    (Tensor input, Number ord = None, tuple of ints dim = None, bool keepdim = False, *, torch.dtype dtype =
        None, Tensor out = None)
    (Tensor input, str ord, tuple of ints dim = None, bool keepdim = False, *, torch.dtype dtype = None, Tensor
        out = None)
linalg_pinv
    (Tensor input, *, Tensor atol = None, Tensor rtol = None, bool hermitian = False, Tensor out = None)
    (Tensor input, *, float atol = None, float rtol = None, bool hermitian = False, Tensor out = None)
    (Tensor input, Tensor rcond, bool hermitian = False, *, Tensor out = None)
    (Tensor input, float rcond, bool hermitian = False, *, Tensor out = None)
linspace
    (Tensor start, Tensor end, int steps, *, Tensor out = None, OPTIONS)
    (Number start, Tensor end, int steps, *, Tensor out = None, OPTIONS)
    (Tensor start, Number end, int steps, *, Tensor out = None, OPTIONS)
    (Number start, Number end, int steps, *, Tensor out = None, OPTIONS)
logspace
    (Tensor start, Tensor end, int steps, float base = 10.0, *, Tensor out = None, OPTIONS)
    (Number start, Tensor end, int steps, float base = 10.0, *, Tensor out = None, OPTIONS)
    (Tensor start, Number end, int steps, float base = 10.0, *, Tensor out = None, OPTIONS)
    (Number start, Number end, int steps, float base = 10.0, *, Tensor out = None, OPTIONS)
masked_fill
    (Tensor input, Tensor mask, Tensor value)
    (Tensor input, Tensor mask, Number value)
max min
    (Tensor input, *, Tensor out = None)
    (Tensor input, Tensor other, *, Tensor out = None)
    (Tensor input, int dim, bool keepdim = False, *, tuple of Tensors out = None)
mean
    (Tensor input, *, torch.dtype dtype = None, Tensor out = None)
    (Tensor input, tuple of ints dim, bool keepdim = False, *, torch.dtype dtype = None, Tensor out = None)
median nanmedian
    (Tensor input)
    (Tensor input, int dim, bool keepdim = False, *, tuple of Tensors out = None)
moveaxis movedim
    (Tensor input, int source, int destination)
    (Tensor input, tuple of ints source, tuple of ints destination)
nanquantile quantile
    (Tensor input, Tensor q, int dim = None, bool keepdim = False, *, str interpolation = "linear", Tensor out =
        None)
    (Tensor input, float q, int dim = None, bool keepdim = False, *, str interpolation = "linear", Tensor out =
        None)
narrow
    (Tensor input, int dim, Tensor start, int length)
    (Tensor input, int dim, int start, int length)
normal
    (Tensor mean, Tensor std, *, torch.Generator generator = None, Tensor out = None)
    (Tensor mean, float std = 1, *, torch.Generator generator = None, Tensor out = None)
    (float mean, Tensor std, *, torch.Generator generator = None, Tensor out = None)
    (float mean, float std, tuple of ints size, *, torch.Generator generator = None, Tensor out = None, OPTIONS)
prod
    (Tensor input, *, torch.dtype dtype = None)
    (Tensor input, int dim, bool keepdim = False, *, torch.dtype dtype = None, Tensor out = None)
rand randn
    (tuple of ints size, *, torch.Generator generator, Tensor out = None, OPTIONS)
    (tuple of ints size, *, Tensor out = None, OPTIONS)
rand_like randn_like
    (Tensor input, *, torch.Generator generator, torch.memory_format memory_format = None, OPTIONS)
    (Tensor input, *, torch.memory_format memory_format = None, OPTIONS)
randint
    (int high, tuple of ints size, *, torch.Generator generator, Tensor out = None, OPTIONS)
    (int high, tuple of ints size, *, Tensor out = None, OPTIONS)
    (int low, int high, tuple of ints size, *, torch.Generator generator, Tensor out = None, OPTIONS)
    (int low, int high, tuple of ints size, *, Tensor out = None, OPTIONS)
randint_like
    (Tensor input, int low, int high, *, torch.Generator generator, torch.memory_format memory_format = None,
        OPTIONS)
    (Tensor input, int low, int high, *, torch.memory_format memory_format = None, OPTIONS)
    (Tensor input, Tensor high, *, torch.Generator generator, torch.memory_format memory_format = None, OPTIONS)
    (Tensor input, Tensor high, *, torch.memory_format memory_format = None, OPTIONS)
    (Tensor input, int high, *, torch.Generator generator, torch.memory_format memory_format = None, OPTIONS)
    (Tensor input, int high, *, torch.memory_format memory_format = None, OPTIONS)
randperm
    (int n, *, torch.Generator generator, Tensor out = None, OPTIONS)
    (int n, *, Tensor out = None, OPTIONS)
repeat_interleave
    (Tensor input, Tensor repeats, int dim = None, *, int output_size = None)
    (Tensor repeats, *, int output_size = None)
    (Tensor input, int repeats, int dim = None, *, int output_size = None)
round
    (Tensor input, *, Tensor out = None)
    (Tensor input, *, int decimals, Tensor out = None)
rsub
    (Tensor input, Tensor other, *, Number alpha = 1)
    (Tensor input, Number other, Number alpha = 1)
scatter
    (Tensor input, int dim, Tensor index, Tensor src, *, Tensor out = None)
    (Tensor input, int dim, Tensor index, Tensor src, *, str reduce, Tensor out = None)
    (Tensor input, int dim, Tensor index, Number value, *, Tensor out = None)
    (Tensor input, int dim, Tensor index, Number value, *, str reduce, Tensor out = None)
searchsorted
    (Tensor sorted_sequence, Tensor input, *, bool out_int32 = False, bool right = False, str side = None,
        Tensor sorter = None, Tensor out = None)
    (Tensor sorted_sequence, Number self, *, bool out_int32 = False, bool right = False, str side = None, Tensor
        sorter = None, Tensor out = None)
sort
    (Tensor input, *, bool stable, int dim = -1, bool descending = False, tuple of Tensors out = None)
    (Tensor input, int dim = -1, bool descending = False, *, tuple of Tensors out = None)
special_chebyshev_polynomial_t special_chebyshev_polynomial_u special_chebyshev_polynomial_v
+special_chebyshev_polynomial_w special_hermite_polynomial_h special_hermite_polynomial_he
+special_laguerre_polynomial_l special_legendre_polynomial_p special_shifted_chebyshev_polynomial_t
+special_shifted_chebyshev_polynomial_u special_shifted_chebyshev_polynomial_v
+special_shifted_chebyshev_polynomial_w
    (Tensor x, Tensor n, *, Tensor out = None)
    (Number x, Tensor n, *, Tensor out = None)
    (Tensor x, Number n, *, Tensor out = None)
special_xlog1py special_zeta xlogy
    (Tensor input, Tensor other, *, Tensor out = None)
    (Number self, Tensor other, *, Tensor out = None)
    (Tensor input, Number other, *, Tensor out = None)
squeeze
    (Tensor input)
    (Tensor input, int dim)
    (Tensor input, tuple of ints dim)
std var
    (Tensor input, tuple of ints dim, bool unbiased = True, bool keepdim = False, *, Tensor out = None)
    (Tensor input, tuple of ints dim = None, *, Number correction = None, bool keepdim = False, Tensor out =
        None)
    (Tensor input, bool unbiased = True)
std_mean var_mean
    (Tensor input, tuple of ints dim, bool unbiased = True, bool keepdim = False)
    (Tensor input, tuple of ints dim = None, *, Number correction = None, bool keepdim = False)
    (Tensor input, bool unbiased = True)
subtract
    (Tensor input, Tensor other, *, Number alpha = 1, Tensor out = None)
    (Tensor input, Number other, Number alpha = 1)
sum
    (Tensor input, *, torch.dtype dtype = None)
    (Tensor input, tuple of ints dim, bool keepdim = False, *, torch.dtype dtype = None, Tensor out = None)
tensor_split
    (Tensor input, tuple of ints indices, int dim = 0)
    (Tensor input, Tensor tensor_indices_or_sections, int dim = 0)
    (Tensor input, int sections, int dim = 0)
trapz
    (Tensor y, *, float dx = 1, int dim = -1)
    (Tensor y, Tensor x, *, int dim = -1)
where
    (Tensor condition)
    (Tensor condition, Tensor input, Tensor other, *, Tensor out = None)
    (Tensor condition, Number self, Tensor other)
    (Tensor condition, Tensor input, Number other)
    (Tensor condition, Number self, Number other)
"""


def _read() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    names: list[str] = []
    for line in _FORMS.strip().split("\n"):
        text = line.strip().replace("OPTIONS", _OPTIONS)
        if line.startswith(" " * 8):
            for name in names:
                found[name][-1] += " " + text
        elif line.startswith(" "):
            for name in names:
                found[name].append(text)
        elif line.startswith("+"):
            names += line[1:].split()
            found.update({name: [] for name in names})
        else:
            names = line.split()
            found.update({name: [] for name in names})
    return {name: tuple(forms) for name, forms in found.items()}


FORMS = _read()
"""The call forms of each function, in the order in which they are tried."""

METHODS = {
    "addmm": ("(Tensor mat1, Tensor mat2, *, Number beta = 1, Number alpha = 1)",),
    "baddbmm": ("(Tensor batch1, Tensor batch2, *, Number beta = 1, Number alpha = 1)",),
    "where": ("(Tensor condition, Tensor other)", "(Tensor condition, Number other)"),
    "view": ("(torch.dtype dtype)", "(tuple of ints size)"),
}
"""Those of methods that are not the function's without `input` and `out`."""
