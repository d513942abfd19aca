"""Elementary functions on IR values: float32 within 2 ulp, float64 within 4.

Each is the textbook scheme: reduce the argument, evaluate a polynomial, undo the reduction. The
coefficients are minimax fits (Remez exchange in 160-bit arithmetic) of the functions named beside
them. Denormals, infinities, NaN and signed zeros come out as IEEE 754 asks. Only `+ - * /`, integer
operations and selects are used (and an instruction of AVX-512 in place of some), so a lane's result does not depend on
its neighbours.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from flambeau.kernels.emit import Value
from flambeau.kernels.host import vector_bytes

LN2 = math.log(2.0)
# ln 2 and pi/2 in parts with trailing zeros, so that small multiples of the leading parts are exact
LN2_PARTS = {
    "f32": (0.693145751953125, 1.428606765330187e-06),
    "f64": (0.6931471803691238, 1.9082149292705877e-10),
}
HALF_PI_PARTS = {
    "f32": (1.5703125, 0.0004837512969970703, 7.549790126404332e-08, -1.7151245100058819e-15),
    "f64": (1.5707963267341256, 6.077100506303966e-11, 2.0222662487111665e-21, 8.4784276603689e-32),
}
TRIGONOMETRIC_LIMIT = {"f32": 2.0**13, "f64": 2.0**20}
MAGIC = {"f32": 12582912.0, "f64": 6755399441055744.0}  # adding it leaves round(x) in the low bits
INT = {"f32": "i32", "f64": "i64"}
MANTISSA = {"f32": 23, "f64": 52}
BIAS = {"f32": 127, "f64": 1023}
SQRT_HALF_BITS = {"f32": 0x3F3504F3, "f64": 0x3FE6A09E667F3BCD}
TINY = {"f32": 2.0**-126, "f64": 2.0**-1022}

# (exp(r) - 1 - r) / r^2 for |r| <= ln2 / 2
EXP = {
    "f32": (0.5000000013541843, 0.16666666756953863, 0.041666464175377414, 0.008333285834128611,
            0.0013933732690823964, 0.00019907705603414787),
    "f64": (0.5, 0.1666666666666667, 0.041666666666666685, 0.008333333333326082,
            0.0013888888888874294, 0.00019841269875003743, 2.4801587347586656e-05,
            2.7557255168383707e-06, 2.755725267309953e-07, 2.5105313327801075e-08,
            2.0921670480089433e-09),
}  # fmt: skip
# (log((1+s) / (1-s)) - 2s) / s^3 in s^2, for |s| <= 0.1716
LOG = {
    "f32": (0.6666666655214494, 0.4000012346686335, 0.28550656497114524, 0.23334569834981406),
    "f64": (0.6666666666666666, 0.400000000000009, 0.28571428570790874, 0.2222222239448254,
            0.1818179535474322, 0.15386254750593772, 0.1326838094306942, 0.13090630580296508),
}  # fmt: skip
# (sin x - x) / x^3 and (cos x - 1 + x^2/2) / x^4 in x^2, for |x| <= pi/4
SIN = {
    "f32": (-0.16666664607598872, 0.008332737309122583, -0.00019585493549471031),
    "f64": (-0.16666666666666666, 0.008333333333330828, -0.00019841269836578268,
            2.7557316009321487e-06, -2.5051112483503946e-08, 1.5916739735766178e-10),
}  # fmt: skip
COS = {
    "f32": (0.04166666460370487, -0.0013888291926381752, 2.454551950724456e-05),
    "f64": (0.041666666666666664, -0.0013888888888887322, 2.4801587298652715e-05,
            -2.75573172133259e-07, 2.0876134141358796e-09, -1.1381762182414481e-11),
}  # fmt: skip
# (atan x - x) / x^3 in x^2, for |x| <= tan(1/2)
ATAN = {
    "f32": (-0.3333333327517771, 0.19999980233661283, -0.14284614880872043, 0.11087995865893338,
            -0.08855473494112778, 0.06415249434716339, -0.029054414707705572),
    "f64": (-0.3333333333333333, 0.19999999999999984, -0.14285714285710407, 0.11111111110721375,
            -0.09090909070373697, 0.07692307039463912, -0.06666653082558519, 0.0588215833862082,
            -0.05261176255416126, 0.04747284907073831, -0.04268958108036307, 0.03688621023142502,
            -0.028095017864408964, 0.015994769220162, -0.00483414250094468),
}  # fmt: skip
TAN_HALF = 0.5463  # tan(1/2): beyond, results are large enough to hide the error of a division
# (tanh x - x) / x^3 in x^2, for |x| <= 5/8, and (sinh x - x) / x^3 for |x| <= 1
TANH = {
    "f32": (-0.3333333318044132, 0.13333304529020437, -0.053959440914253275, 0.02177009478236641,
            -0.008347031309229156, 0.00229554576355913),
    "f64": (-0.3333333333333333, 0.1333333333333305, -0.05396825396790331, 0.021869488519223646,
            -0.008863235106903185, 0.0035921217860462925, -0.0014557756063984999,
            0.0005896612761846826, -0.00023759159991978198, 9.257117383431099e-05,
            -3.1199185556920575e-05, 6.4833785144609064e-06),
}  # fmt: skip
SINH = {
    "f32": (0.16666666646778577, 0.008333339687364962, 0.00019838098914901875,
            2.806300620808922e-06),
    "f64": (0.16666666666666666, 0.008333333333333333, 0.00019841269841269773,
            2.7557319224040365e-06, 2.5052108364049926e-08, 1.6059048397540358e-10,
            7.646625275154877e-13, 2.844528887770282e-15),
}  # fmt: skip
# (asin x - x) / x^3 in x^2, for |x| <= 1/2
ASIN = {
    "f32": (0.16666673149827205, 0.07498759315303787, 0.04502076596153002, 0.02642927805566328,
            0.038337582589145276),
    "f64": (0.16666666666666646, 0.0750000000002338, 0.04464285709920764, 0.03038194763200201,
            0.02237203910033825, 0.017355420166506888, 0.013927778062593488, 0.011889579529051722,
            0.007734993865551882, 0.016239044877806322, -0.011093461466196277,
            0.028420844500067998),
}  # fmt: skip
# erf(x) / x - 1 in x^2, for |x| <= 1
ERF = {
    "f32": (0.1283791659138179, -0.3761262713637476, 0.11283600179624406, -0.026854444678391765,
            0.005189535424591232, -0.0008020841518251459, 7.889119072085315e-05),
    "f64": (0.1283791670955126, -0.3761263890318375, 0.11283791670954885, -0.026866170645077868,
            0.0052239776248283855, -0.000854832698142344, 0.00012055331132894142,
            -1.4925595771013368e-05, 1.6461008463502946e-06, -1.6350396112649666e-07,
            1.4660328227506626e-08, -1.1374954664835815e-09, 5.960684792692577e-11),
}  # fmt: skip
# -log(erfc(x)) for 1 <= x <= 4
ERFC_LOG = (0.00035375469107004235, 1.1270398909868005, 0.6382259214160256, 0.10303715396556044,
            -0.02180521427538705, 0.0029395809918187654, -0.00018557129647870242)  # fmt: skip
# exp(x^2) erfc(x) in 1 / (x + 2), for 1 <= x <= 6
ERFCX = (-3.1305575376221594e-06, 0.5643774112604958, 1.123265207147652, 2.058495066341542,
         1.8974727487568797, 9.887881478605621, -41.1178485029534, 161.22595832851732,
         -510.82409708328316, 994.7884582148566, -1153.029597500991, 748.0157278926027,
         -212.13300548389662)  # fmt: skip


def fma(a: Value, b: Value | float, c: Value | float) -> Value:
    """a * b + c, in one rounding where the machine has it."""
    return a.call("fmuladd", a._other(b), a._other(c))


def polynomial(x: Value, coefficients: Sequence[float]) -> Value:
    """c[0] + c[1] x + c[2] x^2 + ..., by Horner's rule."""
    result = x.like(coefficients[-1])
    for c in reversed(coefficients[:-1]):
        result = fma(result, x, c)
    return result


def absolute(x: Value) -> Value:
    return x.call("fabs")


def copysign(x: Value, sign: Value) -> Value:
    return x.call("copysign", sign)


def clamp(x: Value, low: float, high: float) -> Value:
    """x within [low, high]; NaN stays."""
    x = (x < low).select(low, x)
    return (x > high).select(high, x)


def power_of_two(n: Value, kind: str) -> Value:
    """2^n for n within the exponents of normal numbers."""
    return ((n + BIAS[kind]) << MANTISSA[kind]).bitcast(kind)


def _scaled(x: Value, n: Value) -> Value | None:
    """x 2^n, n being whole, by the instruction that AVX-512 has for it: rounded once. Else None."""
    letter, whole = {"f32": ("s", 16), "f64": ("d", 8)}[x.kind]
    if x.lanes % whole or vector_bytes() < 64:
        return None
    if x.lanes > whole:
        half = x.lanes // 2
        lows, highs = (list(range(start, start + half)) for start in (0, half))
        low, high = (_scaled(x.shuffle(x, places), n.shuffle(n, places)) for places in (lows, highs))
        return None if low is None or high is None else low.shuffle(high, list(range(x.lanes)))
    name, mask = f"llvm.x86.avx512.mask.scalef.p{letter}.512", f"i{x.lanes}"
    called = x.fn.module.declare(name, x.type, f"{x.type}, {x.type}, {x.type}, {mask}, i32")
    given = f"{x.type} {x.ref}, {x.type} {n.ref}, {x.type} {x.ref}, {mask} -1, i32 {CURRENT_ROUNDING}"
    return x.fn.op(f"call {x.type} {called}({given})", x.kind, x.lanes)


CURRENT_ROUNDING = 4


def scale(x: Value, n: Value, integer: Value) -> Value:
    """x 2^n, for n as a float and as an integer: in two steps, so that overflow and denormals come out right."""
    found = _scaled(x, n)
    if found is not None:
        return found
    half = integer >> 1
    return x * power_of_two(half, x.kind) * power_of_two(integer - half, x.kind)


def nearest(x: Value) -> tuple[Value, Value]:
    """x rounded, as a float and as an integer."""
    magic = MAGIC[x.kind]
    shifted = x + magic
    return shifted - magic, shifted.bitcast(INT[x.kind]) - x.like(magic).bitcast(INT[x.kind])


def _exp_parts(x: Value) -> tuple[Value, Value, Value]:
    """exp(r) - 1, and n as a float and as an integer, with x = n ln2 + r."""
    high, low = LN2_PARTS[x.kind]
    n, integer = nearest(x * (1 / LN2))
    r = fma(n, -low, fma(n, -high, x))
    return fma(r * r, polynomial(r, EXP[x.kind]), r), n, integer


def exp(x: Value, shift: int = 0) -> Value:
    """e^x 2^shift."""
    low, high = {"f32": (-105.0, 90.0), "f64": (-747.0, 711.0)}[x.kind]
    part, n, integer = _exp_parts(clamp(x, low, high))
    return scale(part + 1, n + shift, integer + shift) if shift else scale(part + 1, n, integer)


def _exp_moderate(x: Value) -> Value:
    """e^x, where that is a normal number."""
    part, n, integer = _exp_parts(x)
    found = _scaled(part + 1, n)
    return (part + 1) * power_of_two(integer, x.kind) if found is None else found


def _exp_pair(x: Value) -> tuple[Value, Value]:
    """e^x for x <= 0 as a sum, of a value and what its rounding took away."""
    high, low = LN2_PARTS[x.kind]
    x = clamp(x, {"f32": -105.0, "f64": -747.0}[x.kind], 0)
    n, integer = nearest(x * (1 / LN2))
    near = fma(n, -high, x)
    r = fma(n, -low, near)
    r_rest = fma(n, -low, near - r)
    top = r + 1
    tail = fma(r * r, polynomial(r, EXP[x.kind]), (r - (top - 1)) + r_rest)
    value = top + tail
    return scale(value, n, integer), scale(tail - (value - top), n, integer)


def exp2(x: Value) -> Value:
    low, high = {"f32": (-152.0, 130.0), "f64": (-1077.0, 1026.0)}[x.kind]
    x = clamp(x, low, high)
    n, integer = nearest(x)
    r = (x - n) * LN2
    return scale(fma(r * r, polynomial(r, EXP[x.kind]), r) + 1, n, integer)


def expm1(x: Value) -> Value:
    low, high = {"f32": (-30.0, 89.0), "f64": (-60.0, 709.9)}[x.kind]
    part, _, integer = _exp_parts(clamp(x, low, high))
    half = power_of_two(integer - 1, x.kind)  # 2^n itself may overflow
    tiny = absolute(x) < {"f32": 2.0**-26, "f64": 2.0**-55}[x.kind]
    return tiny.select(x, fma(half, part, half - 0.5) * 2)


def _log_parts(x: Value) -> tuple[Value, Value]:
    """(m, e) with x = m 2^e and m in [sqrt(1/2), sqrt(2)), for positive finite x."""
    kind, integer, bits = x.kind, INT[x.kind], MANTISSA[x.kind]
    small = x < TINY[kind]
    pattern = small.select(x * 2.0**bits, x).bitcast(integer)
    e = (pattern - SQRT_HALF_BITS[kind]) >> bits
    m = (pattern - (e << bits)).bitcast(kind)
    e = e - small.select(e.like(bits), 0)
    return m, e.convert(kind)


def _log_of(m: Value) -> tuple[Value, Value]:
    """(f, rest) with log(m) = f - rest, f = m - 1, rest small."""
    f = m - 1
    s = f / (f + 2)
    z = s * s
    half = f * f * 0.5
    return f, half - s * (half + z * polynomial(z, LOG[m.kind]))


def _log_edges(x: Value, result: Value) -> Value:
    result = x.eq(math.inf).select(math.inf, result)
    result = x.eq(0).select(-math.inf, result)
    return x.compare("uge", 0).select(x.isnan().select(x, result), math.nan)


def log(x: Value) -> Value:
    m, e = _log_parts(x)
    f, rest = _log_of(m)
    high, low = LN2_PARTS[x.kind]
    return _log_edges(x, fma(e, high, f - (rest - e * low)))


def _log_base(x: Value, base: float, parts: tuple[float, float]) -> Value:
    """log(x) in another base; `parts` sum to log(2) in it, the first with few bits."""
    m, e = _log_parts(x)
    f, rest = _log_of(m)
    inverse = 1 / math.log(base)
    high = _few_bits(inverse)
    f_high = _high_half(f)
    tail = (f - f_high) - rest
    mantissa = fma(tail, inverse, f_high * (inverse - high))
    result = fma(e, parts[0], fma(f_high, high, fma(e, parts[1], mantissa)))
    return _log_edges(x, result)


def _few_bits(c: float) -> float:
    """c to 8 bits, so that products with it are exact or nearly so."""
    mantissa, exponent = math.frexp(c)
    return math.ldexp(round(mantissa * 256) / 256, exponent)


def _high_half(x: Value) -> Value:
    mask = {"f32": -(1 << 12), "f64": -(1 << 27)}[x.kind]
    return (x.bitcast(INT[x.kind]) & mask).bitcast(x.kind)


def log2(x: Value) -> Value:
    return _log_base(x, 2.0, (1.0, 0.0))


def log10(x: Value) -> Value:
    parts = {
        "f32": (0.30078125, 0.00024874566),
        "f64": (0.30102999566406652, -8.5323443170571066e-14),
    }
    high = parts[x.kind][0] if x.kind == "f32" else 0.3010299955494702
    return _log_base(x, 10.0, (high, math.log10(2.0) - high))


def log1p(x: Value) -> Value:
    u = x + 1
    lost = (x - (u - 1)) / u  # what the rounding of 1 + x took away
    ordinary = (u < math.inf) & (u > 0)
    result = log(u) + ordinary.select(lost, 0)
    return x.eq(0).select(x, result)


def odd(x: Value, coefficients: Sequence[float]) -> Value:
    """x + x^3 p(x^2)."""
    z = x * x
    return fma(x * z, polynomial(z, coefficients), x)


def tanh(x: Value) -> Value:
    size = absolute(x)
    large = 1 - 2 / (_exp_moderate(clamp(size, 0, 20) * 2) + 1)
    return copysign((size < 0.625).select(odd(size, TANH[x.kind]), large), x)


def sigmoid(x: Value) -> Value:
    """1 / (1 + e^-x); for x < 0 as e^x / (1 + e^x), where the roundings would add up, in double length."""
    e, rest = _exp_pair(-absolute(x))
    bottom = e + 1
    inverse = 1 / bottom
    lost = (e - (bottom - 1)) + rest
    quotient = e * inverse
    small = fma(fma(-quotient, bottom, e) + (rest - quotient * lost), inverse, quotient)
    return (x < 0).select(small, inverse)


def log_sigmoid(x: Value) -> Value:
    """log(1 / (1 + exp(-x)))."""
    return -(log1p(exp(-absolute(x))) - (x < 0).select(x, 0))


def sinh(x: Value) -> Value:
    size = absolute(x)
    u = exp(size, shift=-1)
    return copysign((size < 1).select(odd(size, SINH[x.kind]), u - 0.25 / u), x)


def cosh(x: Value) -> Value:
    u = exp(absolute(x), shift=-1)
    return u + 0.25 / u


def erf(x: Value) -> Value:
    size = absolute(x)
    small = fma(x, polynomial(x * x, ERF[x.kind]), x)
    if x.kind == "f32":
        t = clamp(size, 1, 4)
        tail = 1 - _exp_moderate(-polynomial(t, ERFC_LOG))
    else:
        t = clamp(size, 1, 6)
        tail = 1 - _exp_moderate(-(t * t)) * polynomial(1 / (t + 2), ERFCX)
    return (size < 1).select(small, copysign(tail, x))


def _quadrant(x: Value) -> tuple[Value, Value]:
    """(r, k) with x = k pi/2 + r, for |x| below the limit."""
    k, integer = nearest(x * (2 / math.pi))
    for part in HALF_PI_PARTS[x.kind]:
        x = fma(k, -part, x)
    return x, integer


def _sine(r: Value) -> Value:
    z = r * r
    return fma(r * z, polynomial(z, SIN[r.kind]), r)


def _cosine(r: Value) -> Value:
    z = r * r
    half = z * 0.5
    top = 1 - half
    return top + ((1 - top) - half + z * z * polynomial(z, COS[r.kind]))


def _trigonometric(x: Value, name: str, of_parts: Callable[[Value, Value], Value]) -> Value:
    """`of_parts(r, k)`; large arguments are handed to the C library, one by one."""
    result = of_parts(*_quadrant(x))
    result = x.eq(0).select(x, result) if name != "cos" else result
    return by_library(name, (x,), lambda x: ~(absolute(x) < TRIGONOMETRIC_LIMIT[x.kind]), result)


def by_library(name: str, args: Sequence[Value], hard: Callable[..., Value], result: Value) -> Value:
    """`result`, with the C library's function `name` in the lanes whose arguments are `hard`."""
    x, fn, lanes = args[0], args[0].fn, args[0].lanes
    libm = fn.module.declare(name, "double", ", ".join(["double"] * len(args)))
    results, rare = fn.slot(x.kind, lanes), hard(*args)
    fn.store(result, results, slot=True)
    some = rare if lanes == 1 else fn.op(f"bitcast {rare.type} {rare.ref} to i{lanes}", "i1")
    if lanes > 1:
        some = fn.op(f"icmp ne i{lanes} {some.ref}, 0", "i1")
    with fn.when(some):
        slots = [fn.slot(x.kind, lanes) for _ in args]
        for slot, value in zip(slots, args, strict=True):
            fn.store(value, slot, slot=True)
        size = 4 if x.kind == "f32" else 8
        with fn.loop(fn.const(0, "i64"), fn.const(lanes, "i64")) as i:
            each = [fn.load(fn.offset(slot, i * size), x.kind) for slot in slots]
            with fn.when(hard(*each)):
                wide = ", ".join(f"double {one.convert('f64').ref}" for one in each)
                exact = fn.op(f"call double {libm}({wide})", "f64")
                fn.store(exact.convert(x.kind), fn.offset(results, i * size))
    return fn.load_slot(results, x.kind, lanes)


def _flip(x: Value, negative: Value) -> Value:
    return negative.select(-x, x)


def sin(x: Value) -> Value:
    def of_parts(r: Value, k: Value) -> Value:
        return _flip((k & 1).ne(0).select(_cosine(r), _sine(r)), (k & 2).ne(0))

    return _trigonometric(x, "sin", of_parts)


def cos(x: Value) -> Value:
    def of_parts(r: Value, k: Value) -> Value:
        return _flip((k & 1).ne(0).select(_sine(r), _cosine(r)), ((k + 1) & 2).ne(0))

    return _trigonometric(x, "cos", of_parts)


def tan(x: Value) -> Value:
    def of_parts(r: Value, k: Value) -> Value:
        swap = (k & 1).ne(0)
        wide = r.convert("f64")
        s, c = _sine(wide), _cosine(wide)
        return (swap.select(-c, s) / swap.select(s, c)).convert(x.kind)

    return _trigonometric(x, "tan", of_parts)


def atan(x: Value) -> Value:
    return copysign(_atan_positive(absolute(x), x.like(1)), x)


def _atan_positive(y: Value, x: Value) -> Value:
    """The angle of (x, y) for x, y >= 0: y/x is reduced to at most tan(1/2)."""
    swap = y > x
    low, high = swap.select(x, y), swap.select(y, x)
    big, tiny = {"f32": (2.0**126, 2.0**-100), "f64": (2.0**1022, 2.0**-1000)}[x.kind]
    scaled = (high > big).select(x.like(0.25), (high < tiny).select(x.like(1 / tiny**0.5), 1))
    low, high = low * scaled, high * scaled
    middle = low > high * TAN_HALF
    t = middle.select(low - high, low) / middle.select(low + high, high)
    quarter_pi, half_pi = _as_kind(math.pi / 4, t.kind), _as_kind(math.pi / 2, t.kind)
    rest = _rest_of_pi(t.kind) / 2
    angle = odd(t, ATAN[t.kind])
    angle = middle.select(angle + rest / 2 + quarter_pi, angle)
    return swap.select(half_pi - (angle - rest), angle)


def _rest_of_pi(kind: str) -> float:
    """What pi exceeds its value in `kind` by."""
    return math.pi - _as_kind(math.pi, kind) if kind == "f32" else 1.2246467991473532e-16


def _as_kind(c: float, kind: str) -> float:
    from flambeau.kernels.emit import _as_float32

    return _as_float32(c) if kind == "f32" else c


def atan2(y: Value, x: Value) -> Value:
    size_y, size_x = absolute(y), absolute(x)
    both = size_y.eq(math.inf) & size_x.eq(math.inf)
    zero = size_y.eq(0) & size_x.eq(0)
    size_x = (both | zero).select(1, size_x)
    size_y = both.select(1, zero.select(0, size_y))
    angle = _atan_positive(size_y, size_x)
    negative = copysign(x.like(1), x) < 0
    pi = _as_kind(math.pi, y.kind)
    result = copysign(negative.select(pi - (angle - _rest_of_pi(y.kind)), angle), y)
    return (x.isnan() | y.isnan()).select(x + y, result)


def asin(x: Value) -> Value:
    size = absolute(x)
    large = size > 0.5
    part = _asin_part(size, large)
    half_pi, rest = _as_kind(math.pi / 2, x.kind), _rest_of_pi(x.kind) / 2
    return copysign(large.select(half_pi - (part * 2 - rest), part), x)


def acos(x: Value) -> Value:
    size = absolute(x)
    large = size > 0.5
    part = _asin_part(size, large)
    half_pi, pi = _as_kind(math.pi / 2, x.kind), _as_kind(math.pi, x.kind)
    rest = _rest_of_pi(x.kind)
    outer = (x < 0).select(pi - (part * 2 - rest), part * 2)
    return large.select(outer, half_pi - (copysign(part, x) - rest / 2))


def _asin_part(size: Value, large: Value) -> Value:
    """asin(size), or asin(sqrt((1 - size) / 2)) where `large`."""
    z = large.select((1 - size) * 0.5, size * size)
    t = large.select(z.call("sqrt"), size)
    return fma(t * z, polynomial(z, ASIN[size.kind]), t)


def asinh(x: Value) -> Value:
    size = absolute(x)
    large = size > {"f32": 2.0**30, "f64": 2.0**100}[x.kind]
    t = large.select(1, size)
    square = t * t
    ordinary = log1p(t + square / ((square + 1).call("sqrt") + 1))
    return copysign(large.select(log(large.select(size, 1)) + LN2, ordinary), x)


def acosh(x: Value) -> Value:
    large = x > {"f32": 2.0**30, "f64": 2.0**100}[x.kind]
    t = large.select(1, x - 1)
    ordinary = log1p(t + (t * (t + 2)).call("sqrt"))
    result = large.select(log(large.select(x, 1)) + LN2, ordinary)
    return (x < 1).select(math.nan, result)


def atanh(x: Value) -> Value:
    size = absolute(x)
    return copysign(log1p(size * 2 / (1 - size)) * 0.5, x)


def in_double(function: Callable[[Value], Value]) -> Callable[[Value], Value]:
    """`function` computed in float64 whatever its argument."""
    return lambda x: function(x.convert("f64")).convert(x.kind)


def pow(x: Value, y: Value) -> Value:
    """x^y in float32, by way of float64."""
    wide = y.convert("f64")
    size = absolute(x).convert("f64")
    result = exp2(clamp(wide * log2(size), -400, 400)).convert(x.kind)
    result = (size.eq(1) | y.eq(0)).select(1, result)
    integer = y.call("trunc").eq(y)
    half = y * 0.5
    odd = integer & ~half.call("trunc").eq(half)
    result = ((copysign(x.like(1), x) < 0) & odd).select(-result, result)
    finite = (x < 0) & (x > -math.inf) & (absolute(y) < math.inf) & ~integer
    result = finite.select(math.nan, result)
    nan = (x.isnan() & y.ne(0)) | (y.isnan() & x.ne(1))
    return nan.select(x + y, x.eq(1).select(1, result))
