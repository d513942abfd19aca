"""`testing.assert_close` says what PyTorch's says; `make_tensor` draws what PyTorch's draws."""

import collections

import numpy as np
import pytest

import flambeau as fb
from flambeau.testing import assert_allclose, assert_close, make_tensor

nan, inf = float("nan"), float("inf")


def wrong_at(framework, size, *places):
    values = framework.zeros(size)
    for place in places:
        values[place] = place[0] + 2.0 if isinstance(place, tuple) else place + 2.0
    return values


# Pairs made by a function of the framework, and the options they are compared with.
PAIRS = {
    "one element": (lambda f: (f.tensor([1.0, 2.0]), f.tensor([1.0, 2.1])), {}),
    "every element": (lambda f: (f.tensor([1.0, 2.0]), f.tensor([2.0, 3.0])), {}),
    "0-d": (lambda f: (f.tensor(1.0), f.tensor(2.0)), {}),
    "0-d in 2-d": (lambda f: (f.tensor([[1.0]]), f.tensor([[2.0]])), {}),
    "two dimensions": (lambda f: (f.zeros(2, 3), wrong_at(f, (2, 3), (0, 2), (1, 1))), {}),
    "integers": (lambda f: (f.tensor([1, 2]), f.tensor([1, 3])), {}),
    "bytes": (lambda f: (f.tensor([1]).to(f.uint8), f.tensor([255]).to(f.uint8)), {}),
    "bools": (lambda f: (f.tensor([True, False]), f.tensor([False, False])), {}),
    "half": (lambda f: (f.ones(2).half(), f.ones(2).half() * 1.01), {}),
    "bfloat16": (lambda f: (f.ones(2).bfloat16(), f.ones(2).bfloat16() * 1.1), {}),
    "bfloat16 close": (lambda f: (f.ones(2).bfloat16(), f.ones(2).bfloat16() * 1.01), {}),
    "complex": (lambda f: (f.tensor([1 + 1j]), f.tensor([1 + 2j])), {}),
    "shape": (lambda f: (f.ones(2), f.ones(3)), {}),
    "dtype": (lambda f: (f.ones(2), f.ones(2).double()), {}),
    "dtype unchecked": (lambda f: (f.ones(2), f.ones(2).double()), {"check_dtype": False}),
    "stride": (lambda f: (f.ones(2, 2), f.ones(2, 2).t()), {"check_stride": True}),
    "mixed": (lambda f: (f.tensor([1.5]), f.tensor([2])), {"check_dtype": False}),
    "given tolerances": (lambda f: (f.tensor(1.0), f.tensor(1.5)), {"rtol": 0.0, "atol": 0.1}),
    "no tolerance": (lambda f: (f.tensor(1.0), f.tensor(2.0)), {"rtol": 0, "atol": 0}),
    "within": (lambda f: (f.tensor([100]), f.tensor([101])), {"rtol": 0.1, "atol": 0}),
    "only rtol": (lambda f: (f.tensor(1.0), f.tensor(2.0)), {"rtol": 0.1}),
    "only atol": (lambda f: (f.tensor(1.0), f.tensor(2.0)), {"atol": 0.1}),
    "nan": (lambda f: (f.tensor([nan, 1.0]), f.tensor([nan, 1.0])), {}),
    "nan equal": (lambda f: (f.tensor([nan, 1.0]), f.tensor([nan, 2.0])), {"equal_nan": True}),
    "infinity": (lambda f: (f.tensor([inf]), f.tensor([1.0])), {}),
    "infinities": (lambda f: (f.tensor([inf, -inf]), f.tensor([inf, -inf])), {}),
    "of zero": (lambda f: (f.tensor([1.0, 5.0]), f.tensor([0.0, 5.0])), {}),
    "empty": (lambda f: (f.zeros(0), f.zeros(0)), {}),
    "numbers": (lambda f: (1.0, 2.0), {}),
    "ints": (lambda f: (1, 2), {}),
    "int and float": (lambda f: (1, 1.0), {}),
    "complex numbers": (lambda f: (1j, 2j), {}),
    "nan numbers": (lambda f: (nan, nan), {}),
    "bool values": (lambda f: (True, False), {}),
    "none": (lambda f: (None, None), {}),
    "none and tensor": (lambda f: (None, f.tensor(1.0)), {}),
    "arrays": (lambda f: (np.array([1.0, 2.0]), np.array([1.0, 3.0])), {}),
    "numpy numbers": (lambda f: (np.float64(1), np.float64(2)), {}),
    "strings": (lambda f: ("a", "a"), {}),
    "sets": (lambda f: ({1}, {1}), {}),
    "sequence": (lambda f: ([f.tensor(1.0), f.tensor(2.0)], [f.tensor(1.0), f.tensor(3.0)]), {}),
    "list and tuple": (lambda f: ([1.0], (1.0,)), {}),
    "lengths": (lambda f: ([1], [1, 2]), {}),
    "sizes": (lambda f: (f.Size([1]), f.Size([2])), {}),
    "mapping": (lambda f: ({"a": f.tensor(1.0)}, {"a": f.tensor(2.0)}), {}),
    "keys": (lambda f: ({"a": 1, "c": 2}, {"b": 1}), {}),
    "mappings": (lambda f: (collections.OrderedDict(a=1), {"a": 1}), {}),
    "nested": (
        lambda f: ({"a": [1, {"b": f.tensor([1.0])}]}, {"a": [1, {"b": f.tensor([3.0])}]}),
        {},
    ),
    "message": (lambda f: (f.tensor(1.0), f.tensor(2.0)), {"msg": "no"}),
    "made message": (
        lambda f: ([f.tensor(1.0)], [f.tensor(2.0)]),
        {"msg": lambda text: f"no: {text}"},
    ),
    "parameter": (lambda f: (f.nn.Parameter(f.ones(1)), f.ones(1)), {}),
}


def outcome(check, pair, options):
    try:
        check(*pair, **options)
    except (AssertionError, TypeError, ValueError) as error:
        return type(error), str(error)
    return None


@pytest.mark.parametrize("name", PAIRS)
def test_assert_close_says_what_pytorch_says(reference, name):
    make, options = PAIRS[name]
    expected = outcome(reference.testing.assert_close, make(reference), options)
    assert outcome(assert_close, make(fb), options) == expected


def test_other_types_cannot_be_compared():
    with pytest.raises(TypeError, match="No comparison pair was able to handle inputs of type"):
        assert_close(fb.tensor(1.0), 1.0)
    with pytest.raises(TypeError, match="No comparison pair"):
        assert_close(fb.nn.Parameter(fb.ones(1)), fb.ones(1), allow_subclasses=False)


def test_assert_allclose_is_looser_and_deprecated(reference):
    with pytest.warns(FutureWarning, match="is deprecated since 1.12"):
        assert_allclose(fb.tensor([1.0]), [1.00005])
    with pytest.warns(FutureWarning), pytest.raises(AssertionError) as ours:
        assert_allclose(fb.tensor([1.0]), fb.tensor([2.0]))
    with pytest.warns(FutureWarning), pytest.raises(AssertionError) as theirs:
        reference.testing.assert_allclose(reference.tensor([1.0]), reference.tensor([2.0]))
    assert str(ours.value) == str(theirs.value)


MADE = [
    *("float32", "float64", "float16", "bfloat16", "complex64", "complex128"),
    *("int64", "int32", "int8", "uint8", "bool"),
]


@pytest.mark.parametrize("options", [{}, {"low": 0, "high": 3}], ids=["default", "interval"])
@pytest.mark.parametrize("name", MADE)
def test_make_tensor_draws_as_pytorch_does(reference, name, options):
    fb.manual_seed(7)
    reference.manual_seed(7)
    ours = make_tensor(5, 4, dtype=getattr(fb, name), device="cpu", **options)
    theirs = reference.testing.make_tensor(5, 4, dtype=getattr(reference, name), device="cpu", **options)
    assert ours.dtype is getattr(fb, name)
    np.testing.assert_allclose(np.array(ours.tolist()), np.array(theirs.tolist()), rtol=1e-6, atol=1e-6)


def test_make_tensor_options():
    real = {"dtype": fb.float32, "device": "cpu"}
    assert make_tensor((2, 3), noncontiguous=True, **real).stride() == (6, 2)
    assert make_tensor(2, requires_grad=True, **real).requires_grad
    last = make_tensor((2, 2, 2, 2), memory_format=fb.channels_last, **real)
    assert last.stride() == (8, 1, 4, 2)
    whole = make_tensor(50, dtype=fb.int64, device="cpu", low=-1, high=1, exclude_zero=True)
    assert set(whole.tolist()) == {-1, 1}


BAD_MAKES = {
    "empty interval": {"dtype": "float32", "low": 4, "high": 3},
    "equal bounds": {"dtype": "int64", "low": 3, "high": 3},
    "outside": {"dtype": "uint8", "low": 300, "high": 400},
    "nan": {"dtype": "float32", "low": nan, "high": 3},
    "grad of ints": {"dtype": "int64", "requires_grad": True},
}


@pytest.mark.parametrize("name", BAD_MAKES)
def test_make_tensor_refuses_as_pytorch_does(reference, name):
    def call(framework):
        options = {**BAD_MAKES[name], "device": "cpu"}
        options["dtype"] = getattr(framework, options["dtype"])
        return outcome(framework.testing.make_tensor, (2,), options)

    assert call(fb) == call(reference)
