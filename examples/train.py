"""Two spirals, told apart by a small network: a PyTorch script that knows nothing of flambeau."""

import argparse
import math
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from tqdm import tqdm


def spirals(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """`count` noisy points on two interleaved spirals, and which spiral each belongs to."""
    label = torch.arange(count) % 2
    angle = 5 * math.pi * torch.rand(count).sqrt()
    turn = angle + math.pi * label
    points = torch.stack([angle * turn.cos(), angle * turn.sin()], dim=1) / 8
    return points + 0.06 * torch.randn(count, 2), label


class Classifier(nn.Module):
    """A residual multilayer perceptron from a point to two logits."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.stem = nn.Linear(2, width)
        self.hidden = nn.ModuleList(nn.Linear(width, width) for _ in range(2))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        for layer in self.hidden:
            x = x + nn.functional.gelu(layer(x))
        return self.head(self.norm(x))


def accuracy(model: nn.Module, points: torch.Tensor, label: torch.Tensor) -> float:
    with torch.no_grad():
        return (model(points).argmax(1) == label).float().mean().item()


def plot(model: nn.Module, losses: list[float], points: torch.Tensor, label: torch.Tensor) -> None:
    """The loss over the steps, beside the learned border between the spirals."""
    _, (left, right) = plt.subplots(1, 2, figsize=(10, 4.5), layout="constrained")
    left.plot(losses, linewidth=0.5, alpha=0.4)
    smooth = torch.tensor(losses).unfold(0, 80, 20).mean(1)
    left.plot(range(80, len(losses) + 1, 20), smooth)
    left.set(xlabel="step", ylabel="cross-entropy", yscale="log", title="training loss")
    axis = torch.linspace(-2.2, 2.2, 200)
    grid = torch.cartesian_prod(axis, axis)
    with torch.no_grad():
        share = model(grid).softmax(1)[:, 1].reshape(200, 200)
    right.contourf(axis, axis, share.T, levels=20, cmap="coolwarm", alpha=0.6)
    right.scatter(points[:, 0], points[:, 1], c=label, s=5, cmap="coolwarm")
    right.set(aspect="equal", title="the border")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--out", type=Path, default=Path("spirals.png"))
    options = parser.parse_args()

    torch.manual_seed(0)
    train, test = spirals(4000), spirals(1000)
    loader = DataLoader(TensorDataset(*train), batch_size=100, shuffle=True)
    model = Classifier(width=64)
    print(model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    losses = []
    progress = tqdm(range(1, options.epochs + 1), unit="epoch")
    for epoch in progress:
        for points, label in loader:
            loss = nn.functional.cross_entropy(model(points), label)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            losses.append(loss.item())
        if epoch % 10 == 0:
            mean = sum(losses[-len(loader) :]) / len(loader)
            progress.write(f"epoch {epoch:3d}  loss {mean:.4f}")
    print(f"test accuracy {accuracy(model, *test):.3f}")
    plot(model, losses, *test)
    plt.savefig(options.out)
    print(f"plot saved to {options.out}")


if __name__ == "__main__":
    main()
