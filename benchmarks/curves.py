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


ELEMENTS = sorted([10**power for power in range(9)] + [3 * 10**power for power in range(8)])
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


def _matmul(torch: Any, size: int) -> Step:
    side = round(size**0.5)
    a, b = torch.randn(side, side), torch.randn(side, side)
    return lambda: a @ b


def _gather(torch: Any, size: int) -> Step:
    x, index = torch.randn(size), torch.randint(0, size, (size,))
    return lambda: x[index]


def _sort(torch: Any, size: int) -> Step:
    x = torch.randn(size)
    return lambda: torch.sort(x)


def _cumsum(torch: Any, size: int) -> Step:
    x = torch.randn(size)
    return lambda: torch.cumsum(x, 0)


def _columns(torch: Any, size: int) -> Step:
    x = torch.randn(max(1, size // 1000), min(size, 1000))
    return lambda: x.mean(0)


CURVES = {
    "pointwise": Curve("x * y + x", "elements", ELEMENTS, _pointwise),
    "exp": Curve("exp", "elements", ELEMENTS, _exp),
    "sum": Curve("sum of all", "elements", ELEMENTS, _sum),
    "columns": Curve("mean of columns", "elements", ELEMENTS, _columns),
    "softmax": Curve("softmax of rows", "elements", ELEMENTS, _softmax),
    "backward": Curve("tanh(x * x), forward and backward", "elements", ELEMENTS[:-1], _backward),
    "matmul": Curve("square matmul", "elements of a factor", ELEMENTS[:-2], _matmul),
    "gather": Curve("x[index]", "elements", ELEMENTS, _gather),
    "sort": Curve("sort", "elements", ELEMENTS[:-2], _sort),
    "cumsum": Curve("cumsum", "elements", ELEMENTS, _cumsum),
    "conv": Curve("conv2d 3x3, 16 to 32 channels, 16x16", "batch", BATCHES, _conv),
    "mlp": Curve("MLP step, 256-256-10", "batch", BATCHES, _mlp),
}
FRAMEWORKS = ("PyTorch", "flambeau")

Times = dict[str, list[list[float]]]
"""Of each curve, for each size, the seconds of PyTorch and of flambeau."""


def measure(pair: "Pair") -> Times:
    """Every curve, printed as it comes."""
    found: Times = {}
    for name, curve in CURVES.items():
        found[name] = []
        for size in curve.sizes:
            seconds = [answer["seconds"] for answer in pair.ask("curve", name, size)]
            found[name].append(seconds)
            print(f"{name:10} {size:10} {1e6 * seconds[0]:12.1f} {1e6 * seconds[1]:12.1f} µs", flush=True)
    return found


def draw(times: Times, folder: Path) -> Path:
    """All curves in one picture, `folder`/curves.svg."""
    import matplotlib.pyplot as plt

    from benchmarks.machine import processor

    columns = 4
    rows = -(-len(times) // columns)
    with plt.rc_context({"svg.fonttype": "none", "svg.hashsalt": "flambeau"}):
        figure, axes = plt.subplots(rows, columns, figsize=(16, 3.4 * rows), layout="constrained", squeeze=False)
        for axis in axes.flat[len(times) :]:
            axis.set_axis_off()
        for axis, (name, seconds) in zip(axes.flat, times.items(), strict=False):
            curve = CURVES[name]
            for label, each in zip(FRAMEWORKS, zip(*seconds, strict=True), strict=True):
                axis.loglog(curve.sizes, [1e6 * s for s in each], marker="o", ms=3, label=label)
            axis.set(title=curve.title, xlabel=curve.unit, ylabel="µs")
            axis.minorticks_off()
            axis.grid(alpha=0.3)
            axis.legend()
        figure.suptitle(f"time against size, two threads: {processor()}")
        path = folder / "curves.svg"
        figure.savefig(path, metadata={"Date": None})
        plt.close(figure)
    return path
