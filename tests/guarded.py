"""Kernels in memory that ends at forbidden pages, against NumPy's bodies: `python guarded.py FAMILY`.

NumPy takes the memory of every array here (arguments, results, scratch) from `Pages`, which puts an array's
first byte right behind a page that may not be touched, or its last byte right before one. A kernel that
reads or writes outside its arrays ends the process. `test_kernels_guarded.py` runs each family.
"""

import ctypes
import faulthandler
import itertools
import mmap
import os
import sys
import zlib

import numpy as np

import flambeau as torch
from flambeau.kernels import pool
from flambeau.kernels.compile import engine
from flambeau.nn import functional as F
from flambeau.prims.core import set_kernels

PAGE = mmap.PAGESIZE


class Pages:
    """A memory handler of NumPy (NEP 49): each block on pages of its own between two forbidden ones."""

    def __init__(self):
        libc = ctypes.CDLL(None)
        libc.mmap.restype = ctypes.c_void_p
        libc.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long)
        libc.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
        libc.mprotect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
        self.libc, self.at_end, self.blocks = libc, True, {}
        pointer, size = ctypes.c_void_p, ctypes.c_size_t
        kinds = {
            "malloc": ctypes.CFUNCTYPE(pointer, pointer, size)(lambda _, n: self.take(n)),
            "calloc": ctypes.CFUNCTYPE(pointer, pointer, size, size)(lambda _, n, each: self.take(n * each)),
            "realloc": ctypes.CFUNCTYPE(pointer, pointer, pointer, size)(lambda _, old, n: self.again(old, n)),
            "free": ctypes.CFUNCTYPE(None, pointer, pointer, size)(lambda _, at, n: self.give(at)),
        }
        calls = {name: ctypes.cast(call, pointer) for name, call in kinds.items()}
        handler = pool._Handler(name=b"pages", version=1, **calls)
        ctypes.pythonapi.PyCapsule_New.restype = ctypes.py_object
        ctypes.pythonapi.PyCapsule_New.argtypes = (pointer, ctypes.c_char_p, pointer)
        self.capsule = ctypes.pythonapi.PyCapsule_New(ctypes.addressof(handler), b"mem_handler", None)
        self.kept = (kinds, handler)

    def take(self, size):
        whole = -(-max(size, 1) // PAGE) * PAGE
        base = self.libc.mmap(None, whole + 2 * PAGE, 0, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
        self.libc.mprotect(base + PAGE, whole, mmap.PROT_READ | mmap.PROT_WRITE)
        at = base + PAGE + (whole - size if self.at_end else 0)
        self.blocks[at] = base, whole + 2 * PAGE, size
        return at

    def give(self, at):
        if at:
            base, whole, _ = self.blocks.pop(at)
            self.libc.munmap(base, whole)

    def again(self, old, size):
        new = self.take(size)
        if old:
            ctypes.memmove(new, old, min(size, self.blocks[old][2]))
            self.give(old)
        return new

    def use(self, *, at_end):
        self.at_end = at_end
        pool._use(self.capsule)


SPECIALS = (np.nan, np.inf, -np.inf, 1e-40, -1e-42, -0.0)


def strides(shape, layout):
    """In elements."""
    plain = [int(np.prod(shape[k + 1 :])) for k in range(len(shape))]
    if layout == "fortran":
        return [int(np.prod(shape[:k])) for k in range(len(shape))]
    if layout == "gaps":
        return [2 * s for s in plain]
    if layout == "rows":  # of odd length, so that they begin at any element
        return [
            1 if k == len(shape) - 1 else int(np.prod([n + 1 - n % 2 + 2 for n in shape[k + 1 :]]))
            for k in range(len(shape))
        ]
    if layout == "expanded":
        return [0, *plain[1:]][: len(shape)]
    return plain


def array(shape, dtype="float32", layout="plain", seed=0, special=False):
    """Random values, laid out as asked in no more memory than that takes."""
    steps = strides(shape, layout)
    empty = 0 in shape
    extent = 0 if empty else 1 + sum((n - 1) * s for n, s in zip(shape, steps, strict=True))
    rng = np.random.default_rng([seed, *zlib.crc32(repr((shape, dtype)).encode()).to_bytes(4, "little")])
    kind = torch.empty(0, dtype=getattr(torch, dtype)).numpy().dtype if dtype != "bfloat16" else _bfloat16()
    flat = np.empty(extent, kind)
    values = rng.standard_normal(extent) * 2
    if special and extent:
        count = max(1, extent // 40)
        values[rng.integers(0, extent, count)] = rng.choice(SPECIALS, count)
    flat[...] = values > 0 if dtype == "bool" else values * (10 if kind.kind in "iu" else 1)
    return np.lib.stride_tricks.as_strided(flat, shape, [s * kind.itemsize for s in steps])


def _bfloat16():
    import ml_dtypes

    return np.dtype(ml_dtypes.bfloat16)


def index(shape, high, seed=0):
    flat = np.empty(int(np.prod(shape)), np.int64)
    flat[...] = np.random.default_rng(seed).integers(0, high, flat.size)
    return flat.reshape(shape)


def tensors(value):
    """All tensors of a nested result, as arrays."""
    if isinstance(value, torch.Tensor):
        return [np.array(value.detach().to(torch.float64 if value.is_floating_point() else value.dtype).numpy())]
    if isinstance(value, tuple | list):
        return [each for part in value for each in tensors(part)]
    return []


def backward(function, parameters=()):
    """The function of tensors with its gradients."""

    def run(*arguments):
        leaves = [a.detach().requires_grad_() if a.is_floating_point() else a for a in arguments]
        result = function(*leaves)
        first = result[0] if isinstance(result, tuple) else result
        weights = torch.linspace(0.5, 1.5, max(first.numel(), 1), dtype=first.dtype)[: first.numel()].reshape(
            first.shape
        )
        first.backward(weights)
        return [result, *(leaf.grad for leaf in leaves if leaf.is_floating_point())]

    return run


LAYOUTS = ("plain", "fortran", "gaps", "rows", "expanded")
TOLERANCE = {"float64": 1e-9, "float32": 2e-4, "float16": 2e-2, "bfloat16": 1e-1}
FLOATS = tuple(TOLERANCE)


class Cases:
    """Calls to be made on NumPy's bodies and on kernels, and their results compared."""

    def __init__(self, pages):
        self.pages, self.count = pages, 0

    def check(self, label, function, *makers, tolerance=2e-4):
        """`makers` give the arguments anew each time, in the memory that is in use then."""
        found = []
        for mode, at_end in (("0", True), ("force", True), ("force", False)):
            set_kernels(mode)
            self.pages.use(at_end=at_end)
            torch.manual_seed(3)
            arguments = [torch.from_numpy(make()) for make in makers]
            try:
                found.append(tensors(function(*arguments)))
            except (RuntimeError, IndexError, ValueError) as error:  # the same in every mode
                found.append(f"{type(error).__name__}: {error}")
        set_kernels("0")
        want, *others = found
        for got in others:
            if isinstance(want, str) or isinstance(got, str):
                assert got == want, f"{label}: {got} is not {want}"
                continue
            assert len(got) == len(want), label
            for one, other in zip(got, want, strict=True):
                assert one.shape == other.shape, label
                np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance, err_msg=label)
        self.count += 1

    def each(self, functions, shapes, dtypes=("float32",), layouts=LAYOUTS, special=(False, True), inputs=1):
        combinations = itertools.product(functions.items(), shapes, dtypes, layouts, special)
        for (name, function), shape, dtype, layout, extra in combinations:
            makers = [
                lambda k=k, shape=shape, dtype=dtype, layout=layout, extra=extra: array(shape, dtype, layout, k, extra)
                for k in range(inputs)
            ]
            label = f"{name} {shape} {dtype} {layout} {'special' if extra else ''}"
            self.check(label, function, *makers, tolerance=TOLERANCE.get(dtype, 1e-6))


SHAPES = ((), (1,), (0,), (17,), (65, 3), (3, 130), (5, 0, 2), (4, 5, 33))


def pointwise(cases):
    functions = {
        "arithmetic": lambda x, y: x * y + x / 3 - 1,
        "exp": lambda x, y: (torch.exp(x), torch.tanh(y), torch.sigmoid(x)),
        "where": lambda x, y: torch.where(x > y, x, 0.5),
        "extrema": lambda x, y: (torch.maximum(x, y), torch.clamp(x, -1, 1), torch.fmin(x, y)),
        "gelu": backward(lambda x, y: F.gelu(x) * F.silu(y)),
        "compare": lambda x, y: (x < y, x == y, torch.isnan(x)),
        "cast": lambda x, y: (x.to(torch.float64), y.to(torch.float16), x.to(torch.bfloat16)),
    }
    cases.each({"arithmetic": functions["arithmetic"]}, SHAPES, special=(False,), inputs=2)
    cases.each(functions, SHAPES, layouts=("plain", "rows"), inputs=2)
    cases.each(functions, ((3, 33),), ("float64", "float16", "bfloat16"), ("plain",), (False,), inputs=2)
    whole = {"integers": lambda x, y: (x + y * 3, torch.bitwise_xor(x, y), x > y)}
    cases.each(
        whole, ((1,), (0,), (77,), (5, 33)), ("uint8", "int16", "int64"), ("plain", "rows"), special=(False,), inputs=2
    )
    cases.each(
        {"logic": lambda x, y: x & ~y}, ((1,), (77,), (5, 33)), ("bool",), ("plain", "rows"), special=(False,), inputs=2
    )


def reductions(cases):
    functions = {"all": lambda x: (x.sum(), x.mean(), x.amax() if x.numel() else x)}
    for dim in (0, -1):
        functions |= {
            f"sum {dim}": lambda x, dim=dim: (x.sum(dim), x.mean(dim), x.nansum(dim)),
            f"var {dim}": lambda x, dim=dim: (x.var(dim, correction=0), x.norm(dim=dim)),
            f"extrema {dim}": lambda x, dim=dim: (x.amax(dim), x.amin(dim), x.argmax(dim)) if x.numel() else x,
            f"log {dim}": lambda x, dim=dim: x.logsumexp(dim),
        }
    cases.each(functions, SHAPES[1:], special=(False,))
    cases.each(functions, ((17,), (3, 130)), layouts=("plain", "rows"), special=(True,))
    cases.each(functions, ((3, 130),), FLOATS, ("plain", "rows"), (False,))
    # A product that runs over or under on the way is another number in another order.
    cases.each({"prod": lambda x: (x.tanh().prod(), x.tanh().prod(0))}, SHAPES[1:], special=(False,))


def norms(cases):
    functions = {
        "softmax": backward(lambda x: x.softmax(-1)),
        "softmax 0": backward(lambda x: x.softmax(0)),
        "log_softmax": backward(lambda x: x.log_softmax(-1)),
        "layer_norm": backward(lambda x: F.layer_norm(x, x.shape[-1:])),
        "rms_norm": backward(lambda x: F.rms_norm(x, x.shape[-1:])),
    }
    shapes = ((1, 1), (3, 17), (65, 3), (4, 5, 33), (2, 0), (0, 2))
    cases.each(functions, shapes, layouts=LAYOUTS[:4])
    cases.each(functions, ((3, 17),), FLOATS, ("plain", "rows"), (False,))
    channels = {
        "batch_norm": backward(lambda x: F.batch_norm(x, None, None, training=True)),
        "group_norm": backward(lambda x: F.group_norm(x, 2)),
        "instance_norm": backward(lambda x: F.instance_norm(x)),
    }
    cases.each(channels, ((2, 4, 5), (3, 2, 7, 9), (5, 6, 3, 3, 2)), layouts=LAYOUTS[:4], special=(False,))
    for rows, width in ((1, 2), (33, 10), (7, 129)):
        target = lambda rows=rows, width=width: index((rows,), width)  # noqa: E731
        for smoothing in (0.1, 0.0):
            loss = backward(lambda x, t, s=smoothing: F.cross_entropy(x, t, label_smoothing=s, ignore_index=1))
            name = f"cross_entropy {rows} {width} {smoothing}"
            cases.check(name, loss, lambda r=rows, w=width: array((r, w)), target)


def gemm(cases):
    sizes = (
        (1, 1, 1),
        (2, 3, 1),
        (1, 17, 5),
        (7, 1, 9),
        (17, 33, 9),
        (33, 65, 31),
        (65, 16, 130),
        (64, 33, 50),
        (5, 0, 3),
        (0, 4, 2),
    )
    for (m, k, n), a, b in itertools.product(sizes, LAYOUTS[:4], LAYOUTS[:4]):
        for dtype in FLOATS if a == b else ("float32",):
            makers = (
                lambda m=m, k=k, a=a, d=dtype: array((m, k), d, a),
                lambda n=n, k=k, b=b, d=dtype: array((k, n), d, b, 1),
            )
            cases.check(
                f"mm {m, k, n} {a} {b} {dtype}", backward(torch.matmul), *makers, tolerance=5 * TOLERANCE[dtype]
            )
    for shape, other in (
        ((3, 5, 7), (3, 7, 9)),
        ((2, 1, 17, 9), (3, 9, 4)),
        ((33,), (33, 5)),
        ((5, 33), (33,)),
        ((9,), (9,)),
    ):
        for layout in LAYOUTS:
            makers = (lambda s=shape, a=layout: array(s, "float32", a), lambda s=other: array(s, seed=1))
            cases.check(f"matmul {shape} {other} {layout}", backward(torch.matmul), *makers)
    for rows, inside, outside in ((1, 1, 1), (9, 33, 5), (130, 17, 66)):
        makers = (
            lambda r=rows, i=inside: array((r, i), "float32", "rows"),
            lambda i=inside, o=outside: array((o, i), seed=1),
            lambda o=outside: array((o,), seed=2),
        )
        cases.check(f"linear {rows, inside, outside}", backward(F.linear), *makers)


def conv(cases):
    tries = [
        (F.conv1d, (2, 3, 17), (5, 3, 3), {"padding": 1}),
        (F.conv1d, (1, 1, 5), (1, 1, 5), {}),
        (F.conv2d, (2, 3, 9, 11), (5, 3, 3, 3), {"padding": 1}),
        (F.conv2d, (1, 4, 8, 7), (6, 2, 3, 2), {"stride": (2, 1), "groups": 2}),
        (F.conv2d, (3, 5, 7, 6), (9, 5, 1, 1), {}),
        (F.conv2d, (2, 6, 13, 13), (6, 1, 3, 3), {"groups": 6, "padding": 1}),
        (F.conv2d, (1, 2, 15, 15), (3, 2, 3, 3), {"dilation": 3, "padding": 2, "stride": 2}),
        (F.conv2d, (1, 3, 21, 19), (17, 3, 7, 7), {"stride": 2, "padding": 3}),
        (F.conv2d, (0, 3, 5, 5), (2, 3, 3, 3), {}),
        (F.conv2d, (1, 65, 4, 4), (33, 65, 3, 3), {"padding": 1}),
        (F.conv2d, (3, 19, 7, 10), (20, 19, 3, 3), {"padding": (1, 2)}),
        (F.conv2d, (1, 16, 30, 9), (16, 16, 3, 3), {}),
        (F.conv3d, (1, 2, 5, 6, 7), (3, 2, 2, 3, 3), {"padding": (0, 1, 1)}),
        (F.conv_transpose1d, (2, 3, 7), (3, 4, 4), {"stride": 2, "padding": 1}),
        (F.conv_transpose2d, (2, 5, 5, 6), (5, 3, 4, 4), {"stride": 2, "padding": 1}),
        (F.conv_transpose2d, (1, 4, 4, 4), (4, 1, 3, 3), {"groups": 4, "stride": 3, "output_padding": 2}),
    ]
    for function, shape, weight, options in tries:
        bias = weight[1] * options.get("groups", 1) if "transpose" in function.__name__ else weight[0]
        for layout, dtype in (*((each, "float32") for each in LAYOUTS), ("plain", "float64"), ("plain", "bfloat16")):
            makers = (
                lambda s=shape, a=layout, d=dtype: array(s, d, a),
                lambda s=weight, a=layout, d=dtype: array(s, d, a if a != "expanded" else "plain", 1),
                lambda n=bias, d=dtype: array((n,), d, seed=2),
            )
            run = backward(lambda x, w, b, f=function, o=options: f(x, w, b, **o))
            cases.check(
                f"{function.__name__} {shape} {weight} {layout} {dtype}", run, *makers, tolerance=5 * TOLERANCE[dtype]
            )


def scans(cases):
    functions = {}
    for dim in (0, -1):
        functions |= {
            f"cumsum {dim}": backward(lambda x, dim=dim: x.cumsum(dim)),
            f"cumprod {dim}": lambda x, dim=dim: (x * 0.5).cumprod(dim),
            f"cummax {dim}": lambda x, dim=dim: (*x.cummax(dim), *x.cummin(dim)),
            f"logcumsumexp {dim}": lambda x, dim=dim: x.logcumsumexp(dim),
        }
    cases.each(functions, ((1,), (0,), (17,), (65, 3), (3, 130), (4, 5, 33)), layouts=LAYOUTS[:4], special=(False,))
    cases.each(functions, ((3, 33),), ("float64",), ("plain", "rows"), (False,))


def sorting(cases):
    functions = {}
    for dim in (0, -1):
        functions |= {
            f"sort {dim}": lambda x, dim=dim: (*x.sort(dim, stable=True), x.sort(dim, descending=True)[0]),
            f"topk {dim}": lambda x, dim=dim: x.topk(min(3, x.shape[dim]), dim)[0],
            f"median {dim}": lambda x, dim=dim: (x.median(dim)[0], x.kthvalue(1, dim)[0]) if x.numel() else x,
        }
    shapes = ((1,), (17,), (65, 3), (3, 130), (4, 5, 33), (3, 1000))
    cases.each(functions, shapes, layouts=LAYOUTS[:4])
    cases.each(functions, ((3, 130),), ("float64", "int32", "int64", "uint8", "float16"), ("plain", "rows"), (False,))


def indexing(cases):
    for shape, layout in itertools.product(((1, 1), (17, 5), (5, 130), (33, 33)), LAYOUTS):
        x = lambda s=shape, a=layout: array(s, "float32", a)  # noqa: E731
        rows, all_of = (lambda s=shape: index((29,), s[0])), (lambda s=shape: index(s, s[1]))
        small = lambda s=shape: array((29, s[1]), seed=1)  # noqa: E731
        label = f"{shape} {layout}"
        cases.check(f"rows {label}", backward(lambda x, i: x[i]), x, rows)
        cases.check(f"columns {label}", backward(lambda x, i: x[:, i % x.shape[1]]), x, rows)
        cases.check(f"gather {label}", backward(lambda x, i: x.gather(1, i)), x, all_of)
        cases.check(f"index_select {label}", backward(lambda x, i: x.index_select(0, i)), x, rows)
        cases.check(f"index_add {label}", backward(lambda x, i, y: x.index_add(0, i, y)), x, rows, small)
        cases.check(f"scatter_add {label}", backward(lambda x, i: torch.zeros(x.shape).scatter_add(1, i, x)), x, all_of)
        cases.check(f"embedding {label}", backward(lambda x, i: F.embedding(i, x)), x, rows)
        cases.check(f"scatter_reduce {label}", lambda x, i: x.scatter_reduce(1, i, x, "amax"), x, all_of)
        cases.check(f"index_fill {label}", backward(lambda x, i: x.index_fill(0, i, 3.0)), x, rows)
        cases.check(f"take {label}", backward(lambda x, i: x.take(i % x.numel())), x, all_of)
        cases.check(f"put {label}", lambda x, i, y: x.clone().index_put_((i,), y, accumulate=True), x, rows, small)
        cases.check(f"masked {label}", backward(lambda x: (x[x > 0], x.masked_fill(x > 1, 7.0))[0]), x)


def random(cases):
    for size in (0, 1, 15, 16, 17, 31, 33, 623, 625, 1249, 5000):
        cases.check(f"uniform {size}", lambda n=size: [torch.rand(n), torch.rand(n, dtype=torch.float64)])
        cases.check(f"normal {size}", lambda n=size: [torch.randn(n), torch.randn(n, dtype=torch.float64)])
        cases.check(f"integers {size}", lambda n=size: [torch.randperm(n), torch.randint(0, 9, (n,))])
        cases.check(f"dropout {size}", lambda n=size: F.dropout(torch.ones(n), 0.3))
        cases.check(
            f"others {size}", lambda n=size: [torch.empty(n).exponential_(), torch.bernoulli(torch.full((n,), 0.4))]
        )


def optimizers(cases):
    def steps(make, shape):
        def run(*arguments):
            parameter = torch.nn.Parameter(arguments[0].clone())
            optimizer = make([parameter])
            for gradient in arguments[1:]:
                parameter.grad = gradient.clone()
                optimizer.step()
            return parameter

        return run

    optim = torch.optim
    makers = {
        "sgd": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01, nesterov=True),
        "adam": lambda p: optim.Adam(p, lr=0.1, amsgrad=True),
        "adamw": lambda p: optim.AdamW(p, lr=0.1),
        **{name: lambda p, name=name: getattr(optim, name)(p) for name in
           ("Adadelta", "Adagrad", "Adamax", "ASGD", "NAdam", "RAdam", "RMSprop", "Rprop")},
    }  # fmt: skip
    for (name, make), shape in itertools.product(makers.items(), ((1,), (17,), (5, 33), (130,))):
        arguments = [lambda s=shape, k=k: array(s, seed=k) for k in range(4)]
        cases.check(f"{name} {shape}", steps(make, shape), *arguments)

    def clipped(*gradients):
        parameters = [torch.nn.Parameter(torch.zeros_like(each)) for each in gradients]
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient.clone()
        norm = torch.nn.utils.clip_grad_norm_(parameters, 0.5)
        optim.Adam(parameters).step()
        return [norm, *(p.grad for p in parameters), *parameters]

    for shapes in (((1,),), ((17,), (0,), (5, 33)), ((130,), (129,), (1,), (64,))):
        makers = [lambda s=shape, k=k: array(s, seed=k) for k, shape in enumerate(shapes)]
        cases.check(f"clipped {shapes}", clipped, *makers)


def attention(cases):
    for (queries, keys, width), layout, causal in itertools.product(
        ((1, 1, 1), (5, 9, 4), (17, 17, 33), (70, 70, 16), (129, 65, 32)), LAYOUTS[:4], (False, True)
    ):
        makers = [
            lambda n=n, w=width, a=layout, k=k: array((2, 3, n, w), "float32", a, k)
            for k, n in enumerate((queries, keys, keys))
        ]
        run = backward(lambda q, k, v, c=causal: F.scaled_dot_product_attention(q, k, v, is_causal=c))
        cases.check(f"attention {queries, keys, width} {layout} {causal}", run, *makers)


def recurrent(cases):
    for kind, hidden, layers, both in itertools.product(("RNN", "LSTM", "GRU"), (1, 5, 17, 33), (1, 2), (False, True)):

        def run(x, kind=kind, hidden=hidden, layers=layers, both=both):
            torch.manual_seed(1)
            module = getattr(torch.nn, kind)(7, hidden, layers, bidirectional=both)
            result = backward(lambda x: module(x)[0])(x)
            return [result, *(p.grad for p in module.parameters())]

        cases.check(f"{kind} {hidden} {layers} {both}", run, lambda: array((6, 3, 7), "float32", "rows"))


def pooling(cases):
    functions = {
        "max_pool2d": backward(lambda x: F.max_pool2d(x, 3, 2, 1)),
        "avg_pool2d": backward(lambda x: F.avg_pool2d(x, 2, 1, 1)),
        "max_pool1d": backward(lambda x: F.max_pool1d(x.flatten(0, 1), 2, 1, return_indices=True)),
        "max_pool3d": backward(lambda x: F.max_pool3d(x, 2)),
        "adaptive": backward(lambda x: F.adaptive_avg_pool2d(x, (3, 2))),
        "adaptive max": backward(lambda x: F.adaptive_max_pool2d(x, (2, 3), return_indices=True)),
        "unfold": backward(lambda x: F.fold(F.unfold(x, 3, padding=1), x.shape[2:], 3, padding=1)),
        "nearest": backward(lambda x: F.interpolate(x, size=(7, 5))),
        "bicubic": backward(lambda x: F.interpolate(x, size=(7, 5), mode="bicubic")),
        "pad": backward(lambda x: F.pad(x, (1, 2, 2, 1), mode="reflect")),
        "upsample": backward(lambda x: F.interpolate(x, scale_factor=2, mode="bilinear")),
    }
    shapes = ((1, 1, 3, 3), (2, 3, 9, 7), (1, 2, 33, 18))
    cases.each(functions, shapes, ("float32", "float64"), LAYOUTS[:4], (False,))
    for layout, mode, border in itertools.product(
        LAYOUTS[:4], ("bilinear", "nearest", "bicubic"), ("zeros", "border", "reflection")
    ):
        run = backward(lambda x, g, m=mode, b=border: F.grid_sample(x, g.tanh() * 1.3, m, b, align_corners=False))
        makers = (
            (lambda a=layout: array((2, 3, 9, 7), "float32", a)),
            (lambda a=layout: array((2, 5, 6, 2), "float32", a, 1)),
        )
        cases.check(f"grid_sample {layout} {mode} {border}", run, *makers)


def losses(cases):
    two = {
        "mse": backward(lambda x, y: F.mse_loss(x, y)),
        "l1": backward(lambda x, y: F.l1_loss(x, y, reduction="sum")),
        "smooth": backward(lambda x, y: F.smooth_l1_loss(x, y, reduction="none")),
        "huber": backward(lambda x, y: F.huber_loss(x, y, delta=0.5)),
        "bce": backward(lambda x, y: F.binary_cross_entropy_with_logits(x, y.sigmoid())),
        "kl": backward(lambda x, y: F.kl_div(x.log_softmax(-1), y.softmax(-1), reduction="batchmean")),
        "margin": backward(lambda x, y: F.soft_margin_loss(x, y.sign().detach())),
        "cosine": backward(lambda x, y: F.cosine_similarity(x, y, -1)),
        "distance": backward(lambda x, y: torch.cdist(x, y) if x.dim() == 2 else F.pairwise_distance(x, y)),
    }
    cases.each(two, ((1, 1), (17, 3), (3, 130), (2, 5, 33)), layouts=LAYOUTS[:4], special=(False,), inputs=2)


def outside(cases, *, before=False):
    """What ends the process."""
    cases.pages.use(at_end=not before)
    x = np.zeros(1000, np.float32)
    ctypes.string_at(x.ctypes.data + (-1 if before else x.nbytes), 1)


def outside_before(cases):
    outside(cases, before=True)


FAMILIES = (
    pointwise, reductions, norms, gemm, conv, scans, sorting, indexing, random, optimizers, attention, recurrent, pooling, losses,
    outside, outside_before,
)  # fmt: skip


def main(name):
    faulthandler.enable()
    np.seterr(all="ignore")
    pool._load()
    pool.SMALLEST = 1 << 62  # nothing is pooled: all memory is NumPy's to give
    cases = Cases(Pages())
    next(family for family in FAMILIES if family.__name__ == name)(cases)
    sys.stdout.write(f"{cases.count} {engine().compiled + engine().loaded}\n")
    sys.stdout.flush()
    os._exit(0)  # arrays that live until the end would be freed by a handler that is gone


if __name__ == "__main__":
    main(sys.argv[1])
