"""Whole training runs from the same seed: fifty steps, and PyTorch's losses at every one."""

import pytest

import flambeau

STEPS = 50


def mlp(torch):
    nn = torch.nn
    return nn.Sequential(
        nn.Linear(20, 64),
        nn.ReLU(),
        nn.Dropout(0.1),
        nn.Linear(64, 64),
        nn.Tanh(),
        nn.Linear(64, 5),
    )


def classifier(torch, make_optimizer):
    """An MLP over shuffled batches of a data loader; its losses."""
    data = torch.utils.data
    torch.manual_seed(1)  # from 0, one input of the ReLU comes within 2e-8 of 0: on which side is a matter of rounding
    points = torch.randn(320, 20)
    labels = (points[:, :5] + 0.3 * torch.randn(320, 5)).argmax(1)
    loader = data.DataLoader(data.TensorDataset(points, labels), batch_size=32, shuffle=True)
    model = mlp(torch)
    optimizer = make_optimizer(torch, model)
    losses = []
    while len(losses) < STEPS:
        for x, y in loader:
            loss = torch.nn.functional.cross_entropy(model(x), y, label_smoothing=0.1)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            losses.append(loss.item())
    return losses


def small_gpt(torch):
    nn, F = torch.nn, torch.nn.functional

    class Block(nn.Module):
        def __init__(self, width, heads):
            super().__init__()
            self.heads = heads
            self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.mlp = nn.Sequential(
                nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width), nn.Dropout(0.1)
            )

        def forward(self, x):
            b, t, c = x.shape
            q, k, v = self.qkv(self.norm1(x)).view(b, t, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.out(mixed.transpose(1, 2).reshape(b, t, c))
            return x + self.mlp(self.norm2(x))

    class GPT(nn.Module):
        def __init__(self):
            super().__init__()
            self.token, self.place = nn.Embedding(64, 32), nn.Embedding(24, 32)
            self.blocks = nn.Sequential(Block(32, 4), Block(32, 4))
            self.norm = nn.LayerNorm(32)
            for table in (self.token, self.place):
                nn.init.normal_(table.weight, std=0.02)

        def forward(self, tokens):
            x = self.token(tokens) + self.place(torch.arange(tokens.shape[1]))
            return self.norm(self.blocks(x)) @ self.token.weight.T

    return GPT()


def language_model(torch, make_optimizer):
    """A small GPT with tied weights on random text that repeats itself; its losses."""
    torch.manual_seed(1)
    model = small_gpt(torch)
    optimizer = make_optimizer(torch, model)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    losses = []
    for _ in range(STEPS):
        half = torch.randint(0, 64, (4, 12))
        tokens = torch.cat([half, half, half[:, :1]], dim=1)
        logits = model(tokens[:, :-1])
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    return losses


def sgd(torch, model):
    return torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-4)


def adam(torch, model):
    return torch.optim.Adam(model.parameters(), lr=3e-3, amsgrad=True)


def adamw(torch, model):
    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim == 1]
    groups = [{"params": decayed, "weight_decay": 0.1}, {"params": plain, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=3e-3, betas=(0.9, 0.95))


@pytest.mark.parametrize("make_optimizer", [sgd, adam, adamw])
@pytest.mark.parametrize("train", [classifier, language_model])
def test_losses_are_pytorchs_at_every_step(train, make_optimizer, reference):
    ours, theirs = (train(torch, make_optimizer) for torch in (flambeau, reference))
    assert ours == pytest.approx(theirs, rel=1e-4)
    assert min(ours) < ours[0]
