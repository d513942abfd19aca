"""Mixed precision: what autocast casts, and how the loss scale moves."""

import pickle

import pytest

import flambeau as torch
from flambeau import bfloat16, float16, float32, float64
from flambeau.nn import functional as F

CASTS = {
    "x @ w": bfloat16,
    "torch.mm(x, w)": bfloat16,
    "torch.addmm(w, x, w)": bfloat16,
    "torch.bmm(x[None], w[None])": bfloat16,
    "F.linear(x, w)": bfloat16,
    "F.scaled_dot_product_attention(x[None], x[None], x[None])": bfloat16,
    "torch.einsum('ij,jk', x, w)": bfloat16,
    "x + w": float32,
    "(x @ w) * w": float32,
    "(x @ w).exp()": bfloat16,
    "(x @ w).softmax(-1)": bfloat16,
    "(x @ w).sum()": bfloat16,
    "(x @ w).prod()": float32,
    "F.mse_loss(x @ w, w)": float32,
    "F.cross_entropy(x @ w, torch.arange(4))": float32,
    "F.layer_norm(x @ w, (4,))": bfloat16,
    "torch.cat([x, x @ w])": float32,
    "torch.stack([x @ w, x @ w])": bfloat16,
    "x.double() @ w.double()": float64,
}


def dtype_under_autocast(torch, call, **options):
    x, w = torch.ones(4, 4), torch.ones(4, 4)
    with torch.autocast("cpu", **options):
        return eval(call, {"torch": torch, "F": torch.nn.functional, "x": x, "w": w}).dtype


@pytest.mark.parametrize(("call", "expected"), CASTS.items())
def test_each_op_computes_in_the_dtype_of_its_kind(call, expected):
    assert dtype_under_autocast(torch, call) is expected


@pytest.mark.parametrize("call", CASTS)
def test_pytorch_computes_in_the_same_dtype(call, reference):
    ours = dtype_under_autocast(torch, call, dtype=float16)
    assert str(ours) == str(dtype_under_autocast(reference, call, dtype=reference.float16))


def test_blocks_nest_and_leave_the_state_as_it_was():
    x = torch.ones(2, 2)
    with torch.autocast("cpu"):
        assert torch.is_autocast_enabled("cpu")
        with torch.autocast("cpu", enabled=False):
            assert (x @ x).dtype is float32
        with torch.autocast("cpu", dtype=float16):
            assert (x @ x).dtype is float16
        assert (x @ x).dtype is bfloat16
    assert not torch.is_autocast_enabled("cpu")
    assert torch.get_autocast_dtype("cpu") is bfloat16
    assert (x @ x).dtype is float32


def test_as_a_decorator():
    @torch.autocast("cpu")
    def product(x):
        return x @ x

    assert product(torch.ones(2, 2)).dtype is bfloat16


def test_gradients_come_back_in_the_parameters_dtype():
    layer = torch.nn.Linear(3, 2)
    with torch.autocast("cpu"):
        loss = layer(layer(torch.ones(1, 3))[:, [0, 0, 0]]).sum()
    loss.backward()
    assert layer.weight.grad.dtype is float32
    assert layer.weight.grad.abs().sum() > 0


@pytest.mark.parametrize("options", [{"device_type": "cuda"}, {"device_type": "cpu"}])
def test_what_cannot_be_warns_and_stays_off(options):
    with pytest.warns(UserWarning, match="Disabling autocast"):
        context = torch.autocast(**options, dtype=float32)
    with context:
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is float32


def test_a_custom_function_chooses_its_dtype():
    seen = []

    class Square(torch.autograd.Function):
        @staticmethod
        @torch.amp.custom_fwd(device_type="cpu", cast_inputs=float32)
        def forward(ctx, x):
            seen.append((x.dtype, torch.is_autocast_enabled("cpu")))
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        @torch.amp.custom_bwd(device_type="cpu")
        def backward(ctx, g):
            seen.append(torch.is_autocast_enabled("cpu"))
            return 2 * g * ctx.saved_tensors[0]

    x = torch.ones(2, dtype=bfloat16, requires_grad=True)
    with torch.autocast("cpu"):
        Square.apply(x).sum().backward()
    assert seen == [(float32, False), False]
    assert x.grad.tolist() == [2, 2]


def scaled_steps(torch, gradients, **options):
    """The scale after each step whose gradient is given, and the parameter at the end."""
    weight = torch.nn.Parameter(torch.zeros(2))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    scaler = torch.amp.GradScaler("cpu", **options)
    scales = []
    for gradient in gradients:
        optimizer.zero_grad()
        scaler.scale((weight * torch.tensor(gradient)).sum()).backward()
        scaler.step(optimizer)
        scaler.update()
        scales.append(scaler.get_scale())
    return scales, weight.tolist(), scaler.state_dict()


INF = float("inf")
GRADIENTS = [[1.0, 2.0], [INF, 0.0], [1.0, 1.0], [2.0, 1.0], [float("nan"), 1.0], [0.5, 0.5]]


def test_the_scale_grows_and_backs_off_as_pytorchs(reference):
    options = {"init_scale": 1024.0, "growth_interval": 2, "growth_factor": 4.0}
    ours, theirs = (scaled_steps(t, GRADIENTS, **options) for t in (torch, reference))
    assert ours == theirs
    assert ours[0] == [1024.0, 512.0, 512.0, 2048.0, 1024.0, 1024.0]
    assert ours[1] == [-4.5, -4.5]


@pytest.mark.parametrize(
    ("calls", "error", "message"),
    [
        (["unscale_"], AssertionError, "Attempted unscale_ but _scale is None"),
        (["scale", "unscale_", "unscale_"], RuntimeError, "unscale_.. has already been called"),
        (["scale", "step", "unscale_"], RuntimeError, "unscale_.. is being called after step"),
        (["scale", "step", "step"], RuntimeError, "step.. has already been called"),
    ],
)
def test_calls_out_of_order_raise(calls, error, message):
    weight = torch.nn.Parameter(torch.ones(1))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    scaler = torch.amp.GradScaler("cpu")
    *before, last = calls
    for call in before:
        if call == "scale":
            scaler.scale(weight.sum()).backward()
        else:
            getattr(scaler, call)(optimizer)
    value = weight.item()
    with pytest.raises(error, match=message):
        getattr(scaler, last)(optimizer)
    assert weight.item() == value


def test_a_scaler_continues_from_its_state():
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
    scaler.scale(torch.ones(1))
    scaler.update(4.0)
    other = torch.amp.GradScaler("cpu")
    other.load_state_dict(scaler.state_dict())
    assert other.get_scale() == pickle.loads(pickle.dumps(scaler)).get_scale() == 4.0


def test_a_disabled_scaler_steps_aside():
    weight = torch.nn.Parameter(torch.ones(1))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    scaler = torch.amp.GradScaler("cpu", enabled=False)
    loss = F.mse_loss(weight, torch.zeros(1))
    assert scaler.scale(loss) is loss
    loss.backward()
    scaler.step(optimizer)
    scaler.update()
    assert weight.item() == -1.0
    assert (scaler.get_scale(), scaler.state_dict()) == (1.0, {})
