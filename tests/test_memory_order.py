"""The strides of results: what can be viewed, and what cannot."""

import pytest
from side_by_side import assert_alike

CALLS = """
t.cumsum(0)
t.cumprod(0)
t.cummax(0)[0]
t.cummin(1)[1]
t.logcumsumexp(0)
torch.fft.fftshift(t)
t.roll(1, 0)
t.roll(1)
t.rot90()
t.softmax(0)
t.log_softmax(1)
torch.nn.functional.layer_norm(t, (2,))
t.masked_fill(t > 0, 0)
p.sum(1)
p.mean(1, True)
p.amax(1)
p.prod(1)
p.var(1)
p.all(1)
p.double().sum(1)
p.half().sum(1)
torch.stack([t, t])
e.sqrt()
e / 2
e + 1.5
e >= torch.ones(3)
e == 1.0
e**0.5
torch.maximum(torch.ones(3).expand(2, 3), e)
t.relu()
torch.nn.functional.gelu(t)
t.clone()
torch.nn.functional.scaled_dot_product_attention(q, q, q)
torch.nn.functional.scaled_dot_product_attention(q, q, q).transpose(1, 2).view(1, 4, 6)
"""


@pytest.mark.parametrize("call", CALLS.strip().split("\n"))
@pytest.mark.parametrize("size", [1, 128])
def test_strides(reference, call, size):
    def body(torch):
        names = {
            "torch": torch,
            "t": torch.ones(2, 3 * size).t(),
            "p": torch.ones(2, 3, 4 * size).permute(2, 0, 1),
            "e": torch.arange(3).expand(2 * size, 3),
            "q": torch.ones(1, 4, 2, 3).transpose(1, 2),
        }
        if size > 1 and "expand(2, 3)" in call:
            names["e"] = torch.arange(3).expand(2, 3)
        found = [eval(call, names) for _ in range(4)]
        return [(tuple(each.shape), each.stride(), each.is_contiguous()) for each in found]

    assert_alike(body, reference)
