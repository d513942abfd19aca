"""Calls that must raise, written once and run on both: the same exception with the same words."""

import pytest
from side_by_side import assert_alike

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
