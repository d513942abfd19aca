"""Calls that must raise, written once and run on both: the same exception with the same words."""

import pytest
from side_by_side import assert_alike

import flambeau

CALLS = """
torch.amax(f, 0, out=torch.empty(2, dtype=torch.int32))
torch.amax(f, 0, out=torch.empty(2, dtype=torch.float64))
torch.amin(torch.empty(0, 3))
torch.amin(torch.empty(0, 3), 0)
torch.aminmax(torch.empty(0, 3))
torch.aminmax(torch.empty(0, 3), dim=0)
torch.aminmax(f, dim=0, out=(torch.empty(2, dtype=torch.float64), torch.empty(2, dtype=torch.float64)))
torch.aminmax(c)
c.amax()
c.max()
c.min(0)
c.argmax()
b.argmin()
c.nansum()
c.nanmean()
torch.max(f, 0, out=(torch.empty(2, dtype=torch.float64), torch.empty(2, dtype=torch.int64)))
torch.argmax(f, 0, out=torch.empty(2, dtype=torch.int32))
torch.empty(0, 3).max()
torch.empty(0, 3).argmax()
torch.var_mean(i)
torch.std_mean(i)
torch.trace(b)
torch.isposinf(c)
torch.isneginf(c)
torch.vander(c)
torch.cov(f[None])
torch.cov(b)
torch.cov(f, fweights=torch.tensor([1.0, 2]))
torch.cov(f, aweights=torch.tensor([1, 2]))
torch.cov(f, aweights=torch.tensor([-1.0, 2]))
torch.cov(f, fweights=torch.tensor([-1, 2]))
torch.cov(f, fweights=torch.tensor([1, 2, 3]))
torch.cov(f, aweights=torch.tensor([[1.0, 2]]))
torch.isin(c, f)
torch.isin(b, b)
f.narrow(0, -11, 0)
f.narrow(0, torch.tensor([0, 1]), 1)
f.narrow(0, torch.tensor(0.0), 1)
f.narrow(0, 0, -1)
f.narrow(0, 0, 3)
f.narrow(3, 0, 3)
torch.narrow_copy(f, 3, 0, 1)
torch.narrow_copy(f, 0, 11, 1)
torch.narrow_copy(f, 0, 0, -1)
torch.narrow_copy(torch.tensor(1.0), 0, 0, 1)
torch.roll(torch.tensor(1.0), 0, 0)
torch.roll(f, (), ())
torch.roll(f, 1, (0, 1))
torch.ones(1).view(0, -1)
torch.ones(0).view(0, -1)
torch.vsplit(torch.ones(2), 2)
torch.hsplit(torch.tensor(1.0), 2)
torch.dsplit(torch.ones(2), 2)
torch.cat([])
torch.stack([])
torch.cat([f, torch.ones(2, 2, 2)])
torch.arange(0, 3, 0)
torch.arange(3, 1)
torch.arange(0, 64, 0.5, out=torch.empty(0, dtype=torch.int64))
torch.arange(2, dtype=torch.bool)
torch.arange(3j)
torch.arange(None)
torch.arange(0, 1e30)
torch.arange(0, 3, out=torch.empty(0), dtype=torch.int64)
torch.linspace(0, 3, 1.0)
torch.linspace(0, 3, True)
torch.linspace(torch.tensor([0]), 3, 3)
torch.linspace(0, torch.tensor([3]), 3)
torch.linspace(0, 1j, 3, dtype=torch.float32)
torch.linspace(0, 3, 3, dtype=torch.bool)
torch.logspace(torch.tensor([1, 2]), torch.tensor([1, 2]), 1)
torch.logspace(0, 3, 1.0)
torch.complex(f, 1)
torch.complex(1, f)
torch.complex(f, f.double())
torch.complex(f, f, out=torch.empty(2, dtype=torch.complex128))
torch.polar(f, f.double())
torch.polar(i, i)
torch.float_power(2, 2)
torch.float_power(f, 2, out=torch.empty(0))
f.float_power_(2)
f.double().float_power_(2j)
torch.ldexp(f, 2)
torch.ldexp(2, f)
torch.rsub(1, f)
torch.rsub(b, b)
f.rsub(1)
torch.nn.functional.cosine_similarity(i, i)
torch.nn.functional.cosine_similarity(f, f, 5)
torch.cdist(f, f.double())
torch.cdist(f.half(), f.half())
torch.cdist(i, f)
torch.cdist(f, f, -1)
torch.cdist(f, f, compute_mode="a")
torch.nn.functional.pdist(f.half())
torch.nn.functional.pdist(i)
torch.nn.functional.pdist(f, -1)
torch.nn.functional.prelu(f, f[0].double())
torch.nn.functional.prelu(f, f)
torch.nn.functional.softshrink(f, -0.5)
torch.nn.functional.softshrink(f.half(), 1e6)
torch.nn.functional.hardtanh(f.to(torch.uint8))
torch.nn.functional.multi_margin_loss(f, i)
torch.nn.functional.multi_margin_loss(f, i[0] * 9)
torch.nn.functional.multi_margin_loss(f, i[0], weight=torch.ones(5))
torch.nn.functional.multi_margin_loss(f, i[0], p=3)
torch.nn.functional.multi_margin_loss(torch.ones(5, 0), i[0])
torch.nn.functional.multilabel_margin_loss(torch.ones(5, 0), torch.zeros(5, 0, dtype=torch.int64))
torch.nn.functional.multilabel_margin_loss(f, torch.tensor(1))
torch.nn.functional.multilabel_margin_loss(f, i + 4)
torch.nn.functional.soft_margin_loss(torch.ones(5, 4), torch.ones(5, 5))
torch.nn.functional.triplet_margin_loss(f, f, f[0])
torch.nn.functional.adaptive_avg_pool2d(torch.ones(1, 1, 4, 4), (1, 2, 3))
torch.nn.functional.adaptive_max_pool3d(torch.ones(1, 1, 4, 4, 4), (1, 2))
torch.nn.functional.adaptive_max_pool2d(torch.ones(1, 1, 4, 4), (1, 2, 3))
f.slice_scatter(torch.ones(3, 2), 0)
f.select_scatter(torch.ones(3), 0, 0)
f["a", 0]
torch.tensor("a")
torch.tensor(["a"])
torch.tensor([["a"]])
~f
~c
f.type("Float")
torch.Tensor(3.5)
torch.Tensor(None)
torch.LongTensor(f)
torch.FloatTensor(f.double())
f.__delitem__(0)
setattr(torch.ones(3, requires_grad=True), "grad", f)
b @ b
b[0] @ b[0]
b @ b[0]
b[None] @ b[None]
f @ f[0].double()
f[0] @ f[0].double()
f[None] @ f[None].double()
f[None] @ f[0].double()
torch.lerp(f, f, f.double())
torch.lerp(f, f.double(), 0.5)
torch.where(f > 0, torch.ones(4), f)
torch.nn.functional.scaled_dot_product_attention(torch.ones(2, 3), torch.ones(2, 3), torch.ones(3, 2))
torch.nn.functional.scaled_dot_product_attention(torch.ones(1, 2, 3), torch.ones(1, 2, 3), torch.ones(1, 3, 2))
torch.nn.functional.scaled_dot_product_attention(torch.ones(1, 2, 3), torch.ones(1, 3, 2), torch.ones(1, 3, 2))
torch.tensor(True).add_(torch.ones(2))
i.mul_(torch.ones(2, 2, 2))
"""


@pytest.mark.parametrize("call", CALLS.strip().split("\n"))
def test_bad_call(reference, call):
    def body(torch):
        names = {
            "f": torch.ones(2, 2),
            "i": torch.ones(2, 2, dtype=torch.int64),
            "b": torch.ones(2, 2, dtype=torch.bool),
            "c": torch.ones(2, 2, dtype=torch.complex64),
        }
        result = eval(call, {"torch": torch, **names})
        raise AssertionError(f"{call} is no bad call: {result}")

    assert_alike(body, reference)


@pytest.mark.parametrize(("number", "error"), [(1e40, RuntimeError), (-1e39, RuntimeError), (1 << 70, OverflowError)])
def test_where_refuses_numbers_that_its_dtype_does_not_hold(number, error, reference):
    said = []
    for torch in (flambeau, reference):
        condition, x = torch.tensor([True, False]), torch.zeros(2)
        for values in ((x, number), (number, x)):
            with pytest.raises(error) as caught:
                torch.where(condition, *values)
            said.append(str(caught.value))
        for fine in (3.4e38, float("inf"), -7, 1 << 62, (1 << 64) - 1, -(1 << 63)):
            assert torch.where(condition, x, fine).tolist()[1] == pytest.approx(fine, rel=1e-6)
    assert len(set(said)) == 1
