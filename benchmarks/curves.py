"""Time against size: where a curve bends, and whether the bend is the hardware's."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.workloads import Step

if TYPE_CHECKING:
    from benchmarks.pair import Pair


class Curve(NamedTuple):
    title: str
    unit: str
    sizes: list[int]
    build: Callable[[Any, int], Step]


ELEMENTS = [10**power for power in range(9)]
BATCHES = [2**power for power in range(11)]


def _pointwise(torch: Any, size: int) -> Step:
    x, y = torch.randn(size), torch.randn(size)
    return lambda: x * y + x


def _exp(torch: Any, size: int) -> Step:
    x = torch.randn(size)
    return lambda: torch.exp(x)


def _sum(torch: Any, size: int) -> Step:
    x = torch.randn(size)
    return lambda: x.sum()


def _softmax(torch: Any, size: int) -> Step:
    x = torch.randn(max(1, size // 1000), min(size, 1000))
    return lambda: x.softmax(1)


def _backward(torch: Any, size: int) -> Step:
    x = torch.randn(size, requires_grad=True)

    def step() -> None:
        x.grad = None
        torch.tanh(x * x).sum().backward()

    return step


def _mlp(torch: Any, size: int) -> Step:
    nn = torch.nn
    model = nn.Sequential(nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 10))
    x, y = torch.randn(size, 256), torch.randint(0, 10, (size,))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

    def step() -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()

    return step


def _conv(torch: Any, size: int) -> Step:
    layer, x = torch.nn.Conv2d(16, 32, 3, padding=1), torch.randn(size, 16, 16, 16)
    return lambda: layer(x)


CURVES = {
    "pointwise": Curve("x * y + x", "elements", ELEMENTS, _pointwise),
    "exp": Curve("exp", "elements", ELEMENTS, _exp),
    "sum": Curve("sum", "elements", ELEMENTS, _sum),
    "softmax": Curve("softmax of rows", "elements", ELEMENTS, _softmax),
    "backward": Curve("tanh(x * x), forward and backward", "elements", ELEMENTS[:-1], _backward),
    "mlp": Curve("MLP step", "batch", BATCHES, _mlp),
    "conv": Curve("conv2d 3x3", "batch", BATCHES, _conv),
}


def draw(pair: "Pair", folder: Path) -> Path:
    """Measure every curve and draw them all into `folder`/curves.svg."""
    import matplotlib.pyplot as plt

    from benchmarks.machine import processor

    columns = 3
    rows = -(-len(CURVES) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(13, 3.4 * rows), layout="constrained")
    for axis in axes.flat[len(CURVES) :]:
        axis.set_axis_off()
    for axis, (name, curve) in zip(axes.flat, CURVES.items(), strict=False):
        times = [[a["seconds"] for a in pair.ask("curve", name, size)] for size in curve.sizes]
        for label, seconds in zip(("PyTorch", "flambeau"), zip(*times, strict=True), strict=True):
            axis.loglog(curve.sizes, [1e6 * s for s in seconds], marker="o", ms=3, label=label)
        axis.set(title=curve.title, xlabel=curve.unit, ylabel="µs")
        axis.grid(alpha=0.3)
        axis.legend()
    figure.suptitle(f"time against size, two threads: {processor()}")
    path = folder / "curves.svg"
    plt.savefig(path)
    return path
