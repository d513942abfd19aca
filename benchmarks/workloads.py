"""What is measured: ordinary code, written once, that takes `torch` as its argument.

A workload builds its model and data and returns a function that does one step; the number or tensor
that a step returns is compared between the frameworks before anything is timed.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

Step = Callable[[], Any]
Build = Callable[[Any], Step]


class Workload(NamedTuple):
    title: str
    minimum: float
    """How many times PyTorch's time is asked of flambeau at least."""
    build: Build


WORKLOADS: dict[str, Workload] = {}


def workload(title: str, minimum: float) -> Callable[[Build], Build]:
    def register(build: Build) -> Build:
        WORKLOADS[build.__name__] = Workload(title, minimum, build)
        return build

    return register


def training(torch: Any, optimizer: Any, loss: Step, parameters: Any = ()) -> Step:
    """A step of `optimizer` on `loss()`, its gradients clipped where `parameters` are given."""

    def step() -> Any:
        optimizer.zero_grad()
        value = loss()
        value.backward()
        if parameters:
            torch.nn.utils.clip_grad_norm_(parameters, 0.25)
        optimizer.step()
        return value

    return step


@workload("lesson step (100x1 linear model, update by hand)", 6)
def lesson(torch: Any) -> Step:
    x = torch.linspace(-1, 1, 100).unsqueeze(1)
    y = 4 * x + 5.5 + 0.5 * torch.randn(100, 1)
    model, criterion = torch.nn.Linear(1, 1), torch.nn.MSELoss()

    def step() -> Any:
        model.train()
        model.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter -= 0.005 * parameter.grad  # noqa: PLW2901 -- in place
        return loss

    return step


@workload("tiny ops (60 ops on 4x4, forward and backward)", 1.5)
def tiny_ops(torch: Any) -> Step:
    x, start = torch.randn(4, 4), torch.randn(4, 4)
    w = torch.randn(4, 4, requires_grad=True)

    def step() -> Any:
        w.grad = None
        h = start
        for _ in range(20):
            h = torch.tanh(h @ w) + x
        h.sum().backward()
        return w.grad.sum()

    return step


@workload("pendulum (100 steps of two ops on 3 elements, backward)", 1.5)
def pendulum(torch: Any) -> Step:
    start = torch.tensor([0.1, 0.5, 1.0], requires_grad=True)
    rate = torch.tensor([-0.01, -0.02, -0.03])

    def step() -> Any:
        start.grad = None
        angle = start
        for _ in range(100):
            angle = torch.addcmul(angle, rate, torch.sin(angle))
        angle.sum().backward()
        return start.grad.sum()

    return step


@workload("MLP step (784-512-256-10, batch 128, Adam)", 1.3)
def mlp_step(torch: Any) -> Step:
    nn = torch.nn
    model = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10))
    x, y = torch.randn(128, 784), torch.randint(0, 10, (128,))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    return training(torch, optimizer, lambda: nn.functional.cross_entropy(model(x), y))


@workload("CNN step (the classic MNIST net, batch 64, Adadelta)", 1.5)
def cnn_step(torch: Any) -> Step:
    nn = torch.nn
    model = nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Dropout(0.25), nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(128, 10), nn.LogSoftmax(dim=1),
    )  # fmt: skip
    x, y = torch.randn(64, 1, 28, 28), torch.randint(0, 10, (64,))
    optimizer = torch.optim.Adadelta(model.parameters(), lr=1.0)
    return training(torch, optimizer, lambda: nn.functional.nll_loss(model(x), y))


@workload("ResNet step (8 blocks, 32x32, batch 32, batch norm, SGD momentum)", 1.2)
def resnet_step(torch: Any) -> Step:
    nn = torch.nn

    class Block(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self, before: int, width: int) -> None:
            super().__init__()
            stride = 1 if before == width else 2
            self.conv1 = nn.Conv2d(before, width, 3, stride, padding=1, bias=False)
            self.bn1 = nn.BatchNorm2d(width)
            self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
            self.bn2 = nn.BatchNorm2d(width)
            self.shortcut = nn.Sequential()
            if stride == 2:
                self.shortcut = nn.Sequential(nn.Conv2d(before, width, 1, stride, bias=False), nn.BatchNorm2d(width))

        def forward(self, x: Any) -> Any:
            h = torch.relu(self.bn1(self.conv1(x)))
            return torch.relu(self.bn2(self.conv2(h)) + self.shortcut(x))

    widths = [32, 32, 32, 64, 64, 128, 128, 256, 256]
    model = nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(),
        *(Block(a, b) for a, b in pairwise(widths)),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(256, 10),
    )  # fmt: skip
    x, y = torch.randn(32, 3, 32, 32), torch.randint(0, 10, (32,))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
    return training(torch, optimizer, lambda: nn.functional.cross_entropy(model(x), y))


def gpt(torch: Any) -> Any:
    """A small GPT: 4 layers of width 192 with 6 heads, context 128, vocabulary 512."""
    nn, F = torch.nn, torch.nn.functional
    width, heads, context, vocabulary = 192, 6, 128, 512

    class Block(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

        def forward(self, x: Any) -> Any:
            batch, length, _ = x.shape
            q, k, v = (
                part.view(batch, length, heads, width // heads).transpose(1, 2)
                for part in self.qkv(self.norm1(x)).split(width, dim=2)
            )
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.out(mixed.transpose(1, 2).reshape(batch, length, width))
            return x + self.down(F.gelu(self.up(self.norm2(x))))

    class GPT(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.token = nn.Embedding(vocabulary, width)
            self.place = nn.Embedding(context, width)
            self.blocks = nn.Sequential(*(Block() for _ in range(4)))
            self.norm = nn.LayerNorm(width)
            self.head = nn.Linear(width, vocabulary, bias=False)

        def forward(self, tokens: Any) -> Any:
            x = self.token(tokens) + self.place(torch.arange(tokens.shape[1]))
            return self.head(self.norm(self.blocks(x)))

    return GPT()


@workload("GPT step (4 layers, width 192, context 128, batch 8, AdamW)", 1.3)
def gpt_step(torch: Any) -> Step:
    model = gpt(torch)
    tokens = torch.randint(0, 512, (8, 129))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4)

    def loss() -> Any:
        logits = model(tokens[:, :-1])
        return torch.nn.functional.cross_entropy(logits.view(-1, 512), tokens[:, 1:].reshape(-1))

    return training(torch, optimizer, loss)


@workload("GPT forward (batch 1, 64 tokens, no_grad)", 1.3)
def gpt_forward(torch: Any) -> Step:
    model = gpt(torch).eval()
    tokens = torch.randint(0, 512, (1, 64))

    def step() -> Any:
        with torch.no_grad():
            return model(tokens).logsumexp(-1).mean()

    return step


@workload("LSTM language model step (2x200, 35 steps, batch 20, vocabulary 1000)", 1.3)
def lstm_step(torch: Any) -> Step:
    nn = torch.nn

    class Language(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.token = nn.Embedding(1000, 200)
            self.lstm = nn.LSTM(200, 200, num_layers=2)
            self.head = nn.Linear(200, 1000)

        def forward(self, tokens: Any) -> Any:
            return self.head(self.lstm(self.token(tokens))[0])

    model = Language()
    tokens = torch.randint(0, 1000, (36, 20))
    parameters = list(model.parameters())
    optimizer = torch.optim.SGD(parameters, lr=1.0)

    def loss() -> Any:
        logits = model(tokens[:-1])
        return nn.functional.cross_entropy(logits.view(-1, 1000), tokens[1:].reshape(-1))

    return training(torch, optimizer, loss, parameters)


@workload("`gelu(x * w + b)`, 10 M floats, one `@fused` function", 5)
def fused_gelu(torch: Any) -> Step:
    gelu = torch.nn.functional.gelu
    x, w, b = torch.randn(10_000, 1000), torch.randn(1000), torch.randn(1000)

    def body(x: Any, w: Any, b: Any) -> Any:
        return gelu(x * w + b)

    function = torch.fused(body) if hasattr(torch, "fused") else body
    return lambda: function(x, w, b)[0].sum()


@workload("chain of separate pointwise ops, forward and backward, 4 M floats", 2)
def pointwise_chain(torch: Any) -> Step:
    x = torch.randn(4_000_000, requires_grad=True)
    w = torch.randn(4_000_000, requires_grad=True)

    def step() -> Any:
        x.grad = w.grad = None
        h = torch.tanh(x * w + x)
        h = torch.sigmoid(h - w) * torch.exp(-h * h)
        h.sum().backward()
        return x.grad[:1000].sum()

    return step


@workload("softmax + variance over 2048x2048", 2)
def softmax_variance(torch: Any) -> Step:
    x = torch.randn(2048, 2048)
    return lambda: torch.softmax(x, dim=1).var(dim=1).sum()


def matmul(torch: Any, size: int) -> Step:
    a, b = torch.randn(size, size), torch.randn(size, size)
    return lambda: (a @ b)[0].sum()


@workload("matmul 1024, float32", 1)
def matmul_1024(torch: Any) -> Step:
    return matmul(torch, 1024)


@workload("matmul 2048, float32", 1)
def matmul_2048(torch: Any) -> Step:
    return matmul(torch, 2048)


def convolution(torch: Any, make: Callable[[Any], Any], *shape: int) -> Step:
    layer = make(torch.nn)
    x = torch.randn(shape, requires_grad=True)

    def step() -> Any:
        x.grad = None
        layer.zero_grad()
        layer(x).square().mean().backward()
        return x.grad.abs().mean()

    return step


@workload("conv2d 1x1, 256 to 64, 56x56, batch 8, forward and backward", 1.2)
def conv_1x1(torch: Any) -> Step:
    return convolution(torch, lambda nn: nn.Conv2d(256, 64, 1), 8, 256, 56, 56)


@workload("conv2d 3x3, 64 to 64, 56x56, batch 8, forward and backward", 1.2)
def conv_3x3(torch: Any) -> Step:
    return convolution(torch, lambda nn: nn.Conv2d(64, 64, 3, padding=1), 8, 64, 56, 56)


@workload("conv2d 7x7 stride 2, 3 to 64, 224x224, batch 4, forward and backward", 1.2)
def conv_7x7(torch: Any) -> Step:
    return convolution(torch, lambda nn: nn.Conv2d(3, 64, 7, 2, padding=3), 4, 3, 224, 224)


@workload("conv2d depthwise 3x3, 128, 56x56, batch 8, forward and backward", 1.2)
def conv_depthwise(torch: Any) -> Step:
    return convolution(torch, lambda nn: nn.Conv2d(128, 128, 3, padding=1, groups=128), 8, 128, 56, 56)


@workload("conv_transpose2d 4x4 stride 2, 128 to 64, 28x28, batch 8, forward and backward", 1.2)
def conv_transposed(torch: Any) -> Step:
    return convolution(torch, lambda nn: nn.ConvTranspose2d(128, 64, 4, 2, padding=1), 8, 128, 28, 28)


@workload("sort, 1 M", 1)
def sort(torch: Any) -> Step:
    x = torch.randn(1_000_000)
    return lambda: torch.sort(x)[0][::1000].sum()


@workload("topk(100), 1000x1000", 1)
def topk(torch: Any) -> Step:
    x = torch.randn(1000, 1000)
    return lambda: torch.topk(x, 100).values.sum()


@workload("cumsum, 1000x1000", 1)
def cumsum(torch: Any) -> Step:
    x = torch.randn(1000, 1000)
    return lambda: torch.cumsum(x, dim=1)[:, -1].sum()


@workload("gather, 1000x1000", 1)
def gather(torch: Any) -> Step:
    x, index = torch.randn(1000, 1000), torch.randint(0, 1000, (1000, 1000))
    return lambda: torch.gather(x, 1, index)[0].sum()


@workload("scatter_add, 1 M", 1)
def scatter_add(torch: Any) -> Step:
    x, index = torch.randn(1_000_000), torch.randint(0, 10_000, (1_000_000,))
    return lambda: torch.zeros(10_000).scatter_add_(0, index, x)[::100].sum()


@workload("embedding backward, 1 M elements", 1)
def embedding_backward(torch: Any) -> Step:
    layer = torch.nn.Embedding(10_000, 64)
    tokens = torch.randint(0, 10_000, (15_625,))

    def step() -> Any:
        layer.zero_grad()
        layer(tokens).square().mean().backward()
        return layer.weight.grad.abs().mean()

    return step
