"""Matrix products as PyTorch's: 16-bit floats are computed in float32 and rounded once."""

import pytest

import flambeau

CASES = {
    "mm": ((7, 300), (300, 9)),
    "bmm": ((3, 7, 300), (3, 300, 9)),
    "mv": ((7, 300), (300,)),
    "addmm": ((7, 9), (7, 300), (300, 9)),
    "baddbmm": ((3, 7, 9), (3, 7, 300), (3, 300, 9)),
    "addmv": ((7,), (7, 300), (300,)),
    "linear": ((5, 300), (9, 300), (9,)),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("kind", ["bfloat16", "float16"])
def test_sixteen_bits_are_rounded_once(name, kind):
    flambeau.manual_seed(0)
    dtype = getattr(flambeau, kind)
    values = [flambeau.randn(shape).to(dtype) for shape in CASES[name]]
    function = getattr(flambeau, name, None) or getattr(flambeau.nn.functional, name)
    options = {"beta": 0.5, "alpha": 1.5} if name.startswith(("add", "badd")) else {}
    result = function(*values, **options)
    exact = function(*(value.double() for value in values), **options)
    assert result.dtype == dtype
    # Sums of float32 lie so near the exact ones that few round to a neighbour, and none further.
    away = (result.double() - exact).abs() / exact.abs().clamp_min(1e-3)
    half_step = flambeau.finfo(dtype).eps / 2
    assert away.max() <= half_step * 1.05
    assert (result != exact.to(dtype)).float().mean() < 0.02


def test_cotangents_of_sixteen_bits_have_the_arguments_dtype():
    leaves = [flambeau.ones(s, dtype=flambeau.bfloat16, requires_grad=True) for s in ((2, 3), (2, 4), (4, 3))]
    flambeau.addmm(*leaves).sum().backward()
    assert [leaf.grad.dtype for leaf in leaves] == [flambeau.bfloat16] * 3
    assert [leaf.grad.float().sum().item() for leaf in leaves] == [6.0, 24.0, 24.0]
