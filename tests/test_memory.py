"""Memory over many steps: nothing is kept by accident, and what is kept can be given back."""

import gc
from pathlib import Path

import numpy as np
import pytest

import flambeau as torch
from flambeau.kernels import pool
from flambeau.nn import functional as F

RESIDENT = """
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096
"""
needs_linux = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="resident memory as Linux counts it")

TRAINING = (
    RESIDENT
    + """
import gc, sys
import flambeau as torch
from flambeau.nn import functional as F
torch.manual_seed(0)
model = torch.nn.Sequential(
    torch.nn.Linear(256, 64), torch.nn.BatchNorm1d(64), torch.nn.ReLU(), torch.nn.Dropout(0.1), torch.nn.Linear(64, 10)
)
x, y = torch.randn(80, 256), torch.randint(0, 10, (80,))  # x is large enough for the pool
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
losses = []
for step in range(10_001):
    optimizer.zero_grad()
    noisy = x + 0.1 * torch.randn(80, 256)
    loss = F.cross_entropy(model(noisy), y)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    if step % 1000 == 0:
        losses.append(loss.item())
    if step == 1000:
        before, objects = resident(), len(gc.get_objects())
print(losses[-1] < losses[0], resident() - before, len(gc.get_objects()) - objects)
"""
)


@needs_linux
def test_ten_thousand_steps_take_no_more_memory_than_one_thousand(python):
    done = python("-c", TRAINING, FLAMBEAU_KERNELS="1")
    learned, grown, objects = done.stdout.split()
    assert learned == "True", done.stderr
    assert int(grown) < 4 << 20
    assert int(objects) < 1000


GIVEN_BACK = (
    RESIDENT
    + """
import flambeau as torch
from flambeau.kernels import pool
torch.zeros(100_000) + 1
start = resident()
x = torch.ones(64_000_000) * 2
y = x.reshape(8, -1).T[:1000]
full = resident()
del x
seen = resident()
del y
kept = resident()
pool.empty_cache()
print(full - start, seen - start, kept - start, resident() - start, pool.statistics()["kept"])
"""
)


@needs_linux
@pytest.mark.kernels
def test_what_the_pool_keeps_goes_back_to_the_system_when_asked(python):
    done = python("-c", GIVEN_BACK, FLAMBEAU_KERNELS="1")
    full, seen, kept, left, count = map(int, done.stdout.split())
    size = 250_000_000
    assert full > size
    assert seen > size  # a view holds it
    assert kept > size  # for the next array
    assert left < size // 10
    assert count == 0


def step(model, x):
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.grad = None
    loss = F.mse_loss(model(x), x)
    loss.backward()
    return loss.detach().item()


LAYERS = {
    "linear": lambda: torch.nn.Sequential(torch.nn.Linear(200, 300), torch.nn.GELU(), torch.nn.Linear(300, 200)),
    "conv": lambda: torch.nn.Sequential(
        torch.nn.Unflatten(1, (2, 10, 10)), torch.nn.Conv2d(2, 2, 3, padding=1), torch.nn.Flatten()
    ),
    "norms": lambda: torch.nn.Sequential(torch.nn.LayerNorm(200), torch.nn.BatchNorm1d(200), torch.nn.Dropout(0.2)),
    "softmax": lambda: torch.nn.Sequential(torch.nn.Softmax(1), torch.nn.Linear(200, 200)),
    "attention": lambda: Attention(),
    "lstm": lambda: Recurrent(),
}


class Attention(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = torch.nn.Linear(200, 200)

    def forward(self, x):
        heads = self.inner(x).reshape(8, -1, 5, 40).transpose(1, 2)
        return F.scaled_dot_product_attention(heads, heads, heads).transpose(1, 2).reshape(x.shape)


class Recurrent(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = torch.nn.LSTM(200, 200)

    def forward(self, x):
        return self.inner(x.reshape(8, -1, 200))[0].reshape(x.shape)


@pytest.mark.kernels
@pytest.mark.parametrize("name", LAYERS)
def test_a_step_leaves_nothing_behind_without_the_garbage_collector(name):
    """A graph and its arrays die with the last reference: there are no cycles in them."""
    model, x = LAYERS[name](), torch.randn(400, 200)
    for _ in range(3):
        step(model, x)
    gc.collect()
    gc.disable()
    try:
        live = pool.statistics()["live"]
        for _ in range(5):
            step(model, x)
        assert pool.statistics()["live"] == live
    finally:
        gc.enable()


@pytest.mark.kernels
def test_an_array_too_large_is_an_error_that_changes_nothing():
    pool.empty((1 << 20,), np.dtype(np.float32))
    before = pool.statistics()
    with pytest.raises(MemoryError):
        pool.empty((1 << 46,), np.dtype(np.float32))
    after = pool.statistics()
    assert after["live"] == before["live"]
    assert after["peak"] == before["peak"]
