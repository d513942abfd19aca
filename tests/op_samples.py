"""Calls of every differentiable op, for the tests that are generated from the op table.

A pointwise op needs no entry: its arguments follow from its declaration. All others are called as a
user calls them; the tests find out which ops a call reaches.
"""

import numpy as np

import flambeau as fb
from flambeau import linalg, nn
from flambeau.ops import table

F = nn.functional

INTERVALS = [(-1.9, 1.9), (0.15, 0.85), (1.15, 2.9)]
"""Where arguments are drawn from: the first interval in which a function is finite."""


def ints(*values):
    return fb.tensor(values)


def symmetric(x):
    return x + x.mT.conj()


def positive_definite(x):
    return x @ x.mT.conj() + 2 * fb.eye(x.shape[-1], dtype=x.dtype)


def triangular(x):
    return x.tril() + 3 * fb.eye(x.shape[-1], dtype=x.dtype)


def lstm(x, h, *options):
    return fb.lstm(x, (h, h), *options)


MASK = fb.tensor([[True, False, True], [False, True, True]])
VALUES = fb.tensor([[0.1, 0.2], [1.0, 2.0]], dtype=fb.float64)
INDEX = ints([0, 1, 1], [1, 0, 1])
ROWS = ints(1, 0, 1)

# By the name of what is called: functions of tensors, each with the shapes of its arguments.
CALLS = {
    # conversions and copies
    "clone": [(lambda x: x.clone(), (2, 3))],
    "to": [(lambda x: (x.to(fb.complex128) * 1j).imag, (2, 3))],
    "contiguous": [(lambda x: x.t().contiguous(), (2, 3))],
    "fill": [(lambda x: fb.fill(x, 2.0) + x, (2, 3))],
    # views
    "view": [(lambda x: x.view(3, 2), (2, 3)), (lambda x: x.t().reshape(-1), (2, 3))],
    "expand": [(lambda x: x.expand(4, 2, 3), (2, 1))],
    "sum_to_size": [(lambda x: x.sum_to_size(1, 3), (2, 3))],
    "transpose": [(lambda x: x.transpose(0, 2), (2, 3, 2)), (lambda x: x.t(), (2, 3))],
    "permute": [(lambda x: x.permute(2, 0, 1), (2, 3, 2))],
    "squeeze": [
        (lambda x: x.squeeze(), (2, 1, 3)),
        (lambda x: x.squeeze(1), (2, 1)),
        (lambda x: x.unsqueeze(-1), (2,)),
    ],
    "select": [(lambda x: x.select(1, -1), (2, 3)), (lambda x: x.narrow(1, 1, 2), (2, 3))],
    "unsafe_split": [(lambda x: x.unsafe_split(2, 1)[1], (2, 3))],
    "split": [(lambda x: x.split(2, 1)[1], (2, 3)), (lambda x: x.chunk(2)[0], (2, 3))],
    "unbind": [(lambda x: x.unbind(1)[2], (2, 3))],
    "diagonal": [(lambda x: x.diagonal(1), (3, 3)), (lambda x: x.diag_embed(), (2, 2))],
    "as_strided": [(lambda x: x.as_strided((2, 2), (1, 2), 1), (2, 3))],
    "unfold": [(lambda x: x.unfold(1, 2, 1), (2, 4))],
    "flip": [(lambda x: x.flip(0, 1), (2, 3)), (lambda x: x.roll((1, 2), (0, 1)), (2, 3))],
    "repeat": [
        (lambda x: x.repeat(2, 1, 2), (2, 3)),
        (lambda x: x.repeat_interleave(ints(1, 0, 2), 1), (2, 3)),
    ],
    "tril": [(lambda x: x.tril(-1) + x.triu(1), (3, 3))],
    # indexing
    "index": [
        (lambda x: x[0], (2, 3)),
        (lambda x: x[:, 1:], (2, 3)),
        (lambda x: x[None, ..., 0], (2, 3)),
        (lambda x: x[...], (2, 3)),
        (lambda x: x[None], (2, 3)),
        (lambda x: x[ROWS, :2], (2, 3)),
        (lambda x: x[MASK], (2, 3)),
    ],
    "index_put": [
        (lambda x, y: x.index_put((ints(0, 1, 1),), y, accumulate=True), (2, 3), (1, 3)),
        (lambda x, y: x.index_put((ints(1),), y), (2, 3), (3,)),
        (lambda x, y: x.index_put((ROWS,), y, accumulate=True), (2, 3), (3,)),
        (lambda x, y: x.index_put((ROWS,), y, accumulate=True), (2, 3), (3, 3)),
    ],
    "setitem": [(lambda x, y: assigned(x, y), (2, 3), (3,))],
    "masked_fill": [(lambda x, y: x.masked_fill(MASK, y), (2, 3), ())],
    "masked_select": [(lambda x: x.masked_select(MASK), (2, 3))],
    "masked_scatter": [(lambda x, y: x.masked_scatter(MASK, y), (2, 3), (6,))],
    "where": [(lambda x, y: fb.where(MASK, x, y), (2, 3), (3,))],
    "take": [
        (lambda x: x.take(ints(5, 0, 0)), (2, 3)),
        (lambda x, y: x.put(ints(4, 0), y), (2, 3), (2,)),
        (lambda x, y: x.put(ints(4, 4), y, accumulate=True), (2, 3), (2,)),
    ],
    "cat": [
        (lambda x, y: fb.cat([x, y], 1), (2, 3), (2, 2)),
        (lambda x, y: fb.stack([x, y], 1), (2, 3), (2, 3)),
    ],
    "gather": [(lambda x: x.gather(0, INDEX), (2, 3))],
    "scatter": [
        (lambda x, y: x.scatter(1, ints([2, 0], [1, 2]), y), (2, 3), (2, 2)),
        (lambda x: x.scatter(0, INDEX[:1], 2.0), (2, 3)),
        (lambda x, y: x.scatter_add(0, INDEX, y), (2, 3), (2, 3)),
    ],
    "scatter_reduce": [
        (lambda x, y, how=how: x.scatter_reduce(0, INDEX, y, how), (2, 3), (2, 3))
        for how in ("sum", "mean", "prod", "amax", "amin")
    ],
    "index_select": [
        (lambda x: x.index_select(1, ints(2, 0, 0)), (2, 3)),
        (lambda x, y: x.index_add(0, ROWS, y, alpha=2), (2, 3), (3, 3)),
        (lambda x, y: x.index_copy(0, ints(1), y), (2, 3), (1, 3)),
        (lambda x, y: x.index_fill(1, ints(2, 0), y), (2, 3), ()),
    ],
    "index_reduce": [
        (lambda x, y, how=how: x.index_reduce(0, ROWS, y, how), (2, 3), (3, 3))
        for how in ("mean", "prod", "amax", "amin")
    ],
    # scans and sorting
    "cumsum": [(lambda x: x.cumsum(1), (2, 3)), (lambda x: x.cumprod(0), (3, 2))],
    "cummax": [
        (lambda x: x.cummax(1).values, (2, 4)),
        (lambda x: x.cummin(0).values, (4, 2)),
        (lambda x: x.logcumsumexp(1), (2, 3)),
    ],
    "sort": [
        (lambda x: x.sort(1, descending=True).values, (2, 4)),
        (lambda x: x.topk(2, 1).values, (2, 4)),
        (lambda x: x.kthvalue(2, 1).values, (2, 4)),
        (lambda x: x.mode(1).values, (2, 4)),
    ],
    "median": [
        (lambda x: x.median(), (2, 3)),
        (lambda x: x.median(1).values, (2, 3)),
        (lambda x: x.nanmedian(), (2, 3)),
        (lambda x: x.nanmedian(1, keepdim=True).values, (2, 3)),
    ],
    # reductions
    "sum": [
        (lambda x: x.sum(), (2, 3)),
        (lambda x: x.sum((0, 2), keepdim=True), (2, 3, 2)),
        (lambda x: x.nansum(1), (2, 3)),
    ],
    "mean": [(lambda x: x.mean(), (2, 3)), (lambda x: x.mean(1, keepdim=True), (2, 3))],
    "prod": [(lambda x: x.prod(), (2, 3)), (lambda x: x.prod(1), (2, 3))],
    "amax": [(lambda x: x.amax((0, 1)), (2, 3)), (lambda x: x.amin(1), (2, 3))],
    "max": [
        (lambda x: x.max(), (2, 3)),
        (lambda x: x.min(), (2, 3)),
        (lambda x: x.max(1).values, (2, 3)),
        (lambda x: x.min(0, keepdim=True).values, (2, 3)),
        (lambda x: sum(fb.aminmax(x, dim=1)), (2, 3)),
    ],
    "var": [
        (lambda x: x.var(), (2, 3)),
        (lambda x: x.var(1, correction=0), (2, 3)),
        (lambda x: x.std(0, keepdim=True), (2, 3)),
    ],
    "logsumexp": [(lambda x: x.logsumexp(1), (2, 3))],
    "norm": [(lambda x, p=p: linalg.vector_norm(x, p, 1), (2, 3)) for p in (0.5, 1, 2, 3, float("inf"), -float("inf"))],
    # products
    "matmul": [
        (lambda x, y: x @ y, (2, 3), (3, 2)),
        (lambda x, y: x @ y, (2, 1, 2, 3), (3, 3, 2)),
        (lambda x, y: x @ y, (3,), (2, 3, 2)),
        (lambda x, y: fb.mm(x, y), (2, 3), (3, 2)),
        (lambda x, y: fb.bmm(x, y), (2, 2, 3), (2, 3, 2)),
        (lambda x, y: fb.dot(x, y), (3,), (3,)),
        (lambda x, y: fb.mv(x, y), (2, 3), (3,)),
    ],
    "linear": [
        (lambda x, w, b: F.linear(x, w, b), (2, 3), (4, 3), (4,)),
        (lambda x, w: F.linear(x, w), (2, 2, 3), (4, 3)),
    ],
    # arithmetic
    "div": [(lambda x, y: x - fb.div(x, y, rounding_mode="floor"), (2, 3), (3,))],
    "round": [(lambda x: x + x.round(decimals=1), (2, 3))],
    "clamp": [
        (lambda x: x.clamp(-0.5, 0.7), (2, 3)),
        (lambda x, low, high: x.clamp(low, high), (2, 3), (3,), (2, 1)),
    ],
    "lerp": [
        (lambda x, y: x.lerp(y, 0.3), (2, 3), (3,)),
        (lambda x, y, w: x.lerp(y, w), (2, 3), (3,), (2, 1)),
    ],
    "addcmul": [
        (lambda x, y, z: fb.addcmul(x, y, z, value=2), (2, 3), (3,), (2, 1)),
        (lambda x, y, z: fb.addcdiv(x, y, z, value=2), (2, 3), (3,), (2, 1)),
    ],
    "nan_to_num": [(lambda x: x.nan_to_num(), (2, 3))],
    "logit": [(lambda x: x.logit(), (2, 3)), (lambda x: x.logit(0.2), (2, 3))],
    "frexp": [(lambda x: fb.frexp(x).mantissa, (2, 3))],
    # activations and losses
    "threshold": [(lambda x: F.threshold(x, 0.1, 3.0), (2, 3))],
    "_elu": [
        (lambda x: F.elu(x, 0.7), (2, 3)),
        (lambda x: F.celu(x, 0.7), (2, 3)),
        (F.selu, (2, 3)),
    ],
    "prelu": [(lambda x, w: F.prelu(x, w), (2, 3), (3,))],
    "rrelu": [(lambda x: seeded(F.rrelu, x, training=True), (2, 3))],
    "attention": [
        (F.scaled_dot_product_attention, (2, 2, 3, 4), (1, 1, 3, 4), (1, 1, 3, 4)),
        (lambda q, k, v: F.scaled_dot_product_attention(q, k, v), (1, 2, 3, 4), (1, 2, 3, 4), (1, 2, 3, 4)),
    ],
    "softmax": [(lambda x: x.softmax(1), (2, 3)), (lambda x: x.log_softmax(0), (2, 3))],
    "losses": [
        (lambda x, y, loss=loss, how=how: loss(x, y, reduction=how), (2, 3), (2, 3))
        for loss in (F.mse_loss, F.l1_loss, F.smooth_l1_loss, F.huber_loss)
        for how in ("mean", "sum", "none")
    ],
    "classes": [
        (lambda x: F.nll_loss(x, ints(1, 2), weight=fb.tensor([0.1, 0.2, 0.7]).double()), (2, 3)),
        (lambda x: F.cross_entropy(x, ints(1, -100)), (2, 3)),
        (lambda x: F.cross_entropy(x, ints(1, 2), label_smoothing=0.1), (2, 3)),
    ],
    "entropy": [
        (lambda x, y: F.binary_cross_entropy(x.sigmoid(), y), (2, 3), (2, 3)),
        (lambda x, y: F.binary_cross_entropy_with_logits(x, y), (2, 3), (2, 3)),
    ],
    "embedding": [(lambda w: F.embedding(INDEX, w), (3, 2))],
    # convolution, pooling, padding, resampling
    "convolution": [
        (lambda x, w, b: F.conv1d(x, w, b, stride=2, padding=1), (2, 2, 5), (3, 2, 3), (3,)),
        (lambda x, w: F.conv2d(x, w, dilation=2, groups=2), (1, 2, 4, 4), (2, 1, 2, 2)),
        (lambda x, w: F.conv3d(x, w, padding=1), (1, 1, 2, 2, 2), (1, 1, 2, 2, 2)),
        (
            lambda x, w, b: F.conv_transpose2d(x, w, b, stride=2, output_padding=1),
            (1, 2, 2, 2),
            (2, 1, 2, 2),
            (1,),
        ),
    ],
    "windows": [
        (lambda x: F.unfold(x, 2, padding=1), (1, 2, 2, 3)),
        (lambda x: F.fold(x, (3, 3), 2), (1, 4, 4)),
    ],
    "max_pool": [
        (lambda x: F.max_pool1d(x, 2, padding=1), (1, 2, 5)),
        (lambda x: F.max_pool2d(x, 2, 1), (1, 1, 3, 3)),
        (lambda x: F.max_pool3d(x, 2), (1, 1, 2, 4, 2)),
        (lambda x: F.adaptive_max_pool1d(x, 2), (1, 2, 5)),
        (lambda x: F.adaptive_max_pool2d(x, 2), (1, 1, 3, 4)),
        (lambda x: F.adaptive_max_pool3d(x, 1), (1, 1, 2, 2, 2)),
        (lambda x: seeded(F.fractional_max_pool2d, x, 2, 2), (1, 1, 4, 5)),
        (lambda x: seeded(F.fractional_max_pool3d, x, 2, 2), (1, 1, 4, 3, 4)),
        (lambda x: unpooled(F.max_pool1d, F.max_unpool1d, x), (1, 2, 4)),
        (lambda x: unpooled(F.max_pool2d, F.max_unpool2d, x), (1, 1, 4, 4)),
        (lambda x: unpooled(F.max_pool3d, F.max_unpool3d, x), (1, 1, 2, 4, 2)),
    ],
    "avg_pool": [
        (lambda x: F.avg_pool1d(x, 2, padding=1, count_include_pad=False), (1, 2, 4)),
        (lambda x: F.avg_pool2d(x, 2, 1, divisor_override=3), (1, 1, 3, 3)),
        (lambda x: F.avg_pool3d(x, 2), (1, 1, 2, 4, 2)),
        (lambda x: F.adaptive_avg_pool1d(x, 2), (1, 2, 5)),
        (lambda x: F.adaptive_avg_pool2d(x, 2), (1, 1, 3, 5)),
        (lambda x: F.adaptive_avg_pool3d(x, 2), (1, 1, 3, 2, 3)),
        (lambda x: F.adaptive_avg_pool1d(x, 2), (1, 2, 4)),
        (lambda x: F.adaptive_avg_pool2d(x, 2), (1, 1, 4, 2)),
        (lambda x: F.adaptive_avg_pool3d(x, 2), (1, 1, 2, 4, 2)),
    ],
    "pad": [
        (lambda x, mode=mode, pad=pad: F.pad(x, pad, mode), shape)
        for mode in ("constant", "reflect", "replicate", "circular")
        for pad, shape in (
            ((1, 1), (1, 2, 3)),
            ((1, 0, 1, 1), (1, 1, 3, 2)),
            ((1, 1, 0, 1, 1, 0), (1, 1, 2, 2, 2)),
        )
    ],
    "shuffle": [
        (lambda x: F.pixel_shuffle(x, 2), (1, 4, 1, 2)),
        (lambda x: F.pixel_unshuffle(x, 2), (1, 1, 2, 4)),
        (lambda x: F.channel_shuffle(x, 2), (1, 4, 1, 2)),
    ],
    "interpolate": [
        (lambda x, mode=mode, options=options: F.interpolate(x, 3, mode=mode, **options), shape)
        for mode, shape, options in (
            *(("nearest", (1, 1, *(2,) * rank), {}) for rank in (1, 2, 3)),
            *(("nearest-exact", (1, 1, *(2,) * rank), {}) for rank in (1, 2, 3)),
            ("linear", (1, 1, 2), {"align_corners": True}),
            ("bilinear", (1, 1, 2, 2), {}),
            ("bilinear", (1, 1, 4, 4), {"antialias": True}),
            ("bicubic", (1, 1, 2, 2), {}),
            ("bicubic", (1, 1, 4, 4), {"antialias": True}),
            ("lanczos", (1, 1, 4, 4), {"antialias": True}),
            ("trilinear", (1, 1, 2, 2, 2), {}),
        )
    ],
    "grid": [
        (lambda x: F.affine_grid(x, (1, 1, 2, 2), align_corners=False), (1, 2, 3)),
        (
            lambda x, g: F.grid_sample(x, g.tanh(), align_corners=False),
            (1, 1, 3, 3),
            (1, 2, 2, 2),
        ),
    ],
    # normalization
    "normalization": [
        (lambda x, w, b: F.layer_norm(x, (3,), w, b), (2, 3), (3,), (3,)),
        (lambda x: F.layer_norm(x, (2, 3)), (2, 2, 3)),
        (lambda x, w: F.rms_norm(x, (3,), w), (2, 3), (3,)),
        (lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True), (3, 2), (2,), (2,)),
        (lambda x, w: F.batch_norm(x, VALUES[0], VALUES[1], w), (3, 2), (2,)),
        (lambda x: F.group_norm(x, 2), (2, 4, 2)),
        (lambda x: fb.native_group_norm(x, None, None, 2, 4, 2, 2, 1e-5)[1], (2, 4, 2)),
        (lambda x: F.instance_norm(x), (2, 2, 3)),
    ],
    # recurrence: cells of one unit and one feature, over two steps
    "recurrence": [
        (
            lambda x, h, a, b, run=run: run(x, h, (a, b), False, 1, 0.0, False, False, False)[0],
            (2, 1, 1),
            (1, 1, 1),
            (gates, 1),
            (gates, 1),
        )
        for run, gates in ((fb.rnn_tanh, 1), (fb.gru, 3), (lstm, 4))
    ],
    # random
    "dropout": [
        (lambda x: seeded(F.dropout, x, 0.4), (3, 4)),
        (lambda x: seeded(fb.native_dropout, x, 0.4, train=True)[0], (3, 4)),
    ],
    "draws": [
        (lambda x: seeded(fb.bernoulli, x.sigmoid()) + x, (3, 4)),
        (lambda x: seeded(fb.poisson, x.exp()) + x, (3, 4)),
    ],
    # linear algebra
    "cholesky": [
        (lambda x: linalg.cholesky(positive_definite(x)), (2, 3, 3)),
        (lambda x, y: fb.cholesky_solve(y, triangular(x)), (3, 3), (3, 2)),
        (lambda x: fb.cholesky_inverse(triangular(x)), (3, 3)),
    ],
    "lu": [
        (lambda x: linalg.lu_factor(positive_definite(x))[0], (3, 3)),
        (lambda x: linalg.lu(positive_definite(x))[1], (3, 3)),
        (lambda x: linalg.lu(x)[2], (2, 3)),
        (lambda x: linalg.lu(x)[1], (3, 2)),
    ],
    "inverse": [
        (lambda x: linalg.inv(positive_definite(x)), (2, 3, 3)),
        (lambda x, y: linalg.solve(positive_definite(x), y), (3, 3), (3, 2)),
        (lambda x, y: linalg.solve_triangular(triangular(x), y, upper=False), (3, 3), (3, 2)),
        (lambda x: linalg.pinv(x), (3, 2)),
        (lambda x, y: linalg.lstsq(x, y).solution, (3, 2), (3, 1)),
    ],
    "qr": [
        (lambda x: linalg.qr(x)[0], (3, 2)),
        (lambda x: linalg.qr(x)[1], (3, 2)),
        (lambda x, tau: linalg.householder_product(x, tau), (3, 2), (2,)),
    ],
    "svd": [
        (lambda x: linalg.svdvals(x), (2, 3)),
        (lambda x: linalg.svd(x, full_matrices=False)[1], (3, 2)),
        (lambda x: rank_one(*linalg.svd(x, full_matrices=False)), (3, 2)),
    ],
    "eigen": [
        (lambda x: linalg.eigvalsh(symmetric(x)), (3, 3)),
        (lambda x: linalg.eigh(symmetric(x))[1].abs(), (3, 3)),
        (lambda x: linalg.eigvals(x).abs(), (3, 3)),
        (lambda x: linalg.eig(x)[1].abs(), (3, 3)),
    ],
    "determinant": [
        (lambda x: linalg.det(x), (2, 3, 3)),
        (lambda x: linalg.slogdet(x)[1], (3, 3)),
        (lambda x: linalg.matrix_exp(x), (2, 2)),
        (lambda x, y: linalg.cross(x, y), (2, 3), (2, 3)),
    ],
    # Fourier transforms and special functions
    "fft": [
        (lambda x: fb.fft.fft(x, 5).real, (2, 3)),
        (lambda x: fb.fft.rfft(x, norm="ortho").imag, (2, 4)),
        (lambda x: fb.fft.irfft(x, 5), (2, 3)),
        (lambda x: fb.fft.fft2(x, (2, 2)).abs(), (2, 3)),
        (lambda x: fb.fft.hfft(x, 4), (2, 3)),
    ],
    "gamma": [
        (lambda x: fb.polygamma(1, x), (2, 3)),
        (lambda x: fb.mvlgamma(x + 2, 2), (2, 3)),
    ],
    # differentiable in their second argument only
    "special_zeta": [(lambda x: fb.special.zeta(fb.tensor(3.0).double(), x), (2, 3))],
    "igamma": [(lambda x: fb.igamma(fb.tensor(1.5).double(), x), (2, 3))],
    "igammac": [(lambda x: fb.igammac(fb.tensor(1.5).double(), x), (2, 3))],
    "complex": [
        (lambda x: fb.view_as_real(fb.view_as_complex(x) ** 2), (3, 2)),
        (lambda x: fb.view_as_complex(x).real + fb.view_as_complex(x).imag, (3, 2)),
        (lambda x: fb.view_as_complex(x).conj().angle(), (3, 2)),
    ],
}


def assigned(x, y):
    x = x.clone()
    x[1] = y
    return x


def seeded(function, *args, **options):
    """A random function with the same draws at every call."""
    with fb.random.fork_rng():
        fb.manual_seed(3)
        return function(*args, **options)


def unpooled(pool, unpool, x):
    """Pooled maxima, put back to where they were found."""
    found, indices = pool(x, 2, return_indices=True)
    return unpool(found, indices, 2, output_size=x.shape)


def rank_one(U, S, Vh):
    """A part of the decomposition that its signs do not change."""
    return U[:, :1] @ Vh[:1] * S[1]


def pointwise_call(op):
    """A call of a pointwise op as its declaration has it, its second argument broadcast."""
    shapes = [(2, 3), (3,), (2, 1)]
    count = sum(param.kind == "tensor" for param in op.params)
    return op.function, *shapes[:count]


def has_derivative(op):
    """Whether a gradient flows through the op: a node named NotImplemented raises, as in PyTorch."""
    return op.differentiable and op.grad_name != "NotImplemented"


def all_calls():
    """Name and call of every sample."""
    for name, calls in CALLS.items():
        for place, call in enumerate(calls):
            yield f"{name}-{place}", call
    for name, op in table.items():
        if op.family == "pointwise" and has_derivative(op) and name not in CALLS:
            yield name, pointwise_call(op)


def draw(shapes, interval, dtype, seed=0):
    """Leaves of the shapes, with distinct elements inside the interval and away from its middle."""
    rng = np.random.default_rng(seed)
    low, high = interval
    leaves = []
    for shape in shapes:
        count = int(np.prod(shape))
        grid = low + (high - low) * (rng.permutation(count) + rng.uniform(0.3, 0.7, count)) / max(count, 1)
        if dtype is fb.complex128:
            grid = grid + 1j * rng.uniform(low, high, count)
        leaves.append(fb.from_numpy(grid.reshape(shape)).requires_grad_())
    return leaves


def arguments(function, shapes, dtype=fb.float64):
    """Arguments for which the function is finite everywhere."""
    for interval in INTERVALS:
        leaves = draw(shapes, interval, dtype)
        with fb.no_grad():
            results = results_of(function(*leaves))
        if all(bool(each.isfinite().all()) for each in results):
            return leaves
    raise ValueError(f"no interval in which {function} is finite")


def results_of(result):
    results = result if isinstance(result, (tuple, list)) else [result]
    return [each for each in results if each.is_floating_point() or each.is_complex()]
