"""Calls that have a short way when their arguments are plain: the results, dtypes, strides and errors of the long one."""

import warnings

import numpy as np
import pytest
from side_by_side import assert_alike

import flambeau

INTEGERS = [
    "n + 3",
    "3 - n",
    "n * -2",
    "n // 3",
    "n // -3",
    "n % 4",
    "n % -4",
    "7 // n",
    "n % 0",
    "n ** 2",
    "n ** n.abs()",
]
INTEGERS += ["n == 2", "n < 0", "n >= m", "2 > n", "n == 2.5", "n + 2.5", "n + True", "n * 2**40", "n + 2**70", "n / 2"]
INTEGERS += [
    "n & m",
    "n | 1",
    "n ^ m",
    "~n",
    "n << 2",
    "b & b.T",
    "b | ~b",
    "b ^ True",
    "b + b",
    "b * 2",
    "b < b.T",
    "-b",
    "b - b",
]
INTEGERS += [
    "torch.maximum(n, m)",
    "torch.maximum(b, b.T)",
    "n.abs()",
    "u * u",
    "u - 1",
    "u // 2",
    "~u",
    "u & 12",
    "n.add_(2)",
    "n // m",
]


@pytest.mark.parametrize("code", INTEGERS)
def test_integers_and_booleans(reference, code):
    def body(torch):
        n = torch.tensor([[5, -3, 2], [7, 1, -8], [0, 4, 9]])
        names = {"torch": torch, "n": n, "m": n.flip(0) + 1, "b": n > 1, "u": n.to(torch.uint8)}
        result = eval(code, names)
        return result, str(result.dtype).rpartition(".")[2]

    assert_alike(body, reference)


@pytest.mark.parametrize(
    "code",
    [
        *("x[None]", "x[:, None]", "x[..., None]", "x[None, :, None]", "x[:, :, :, None]", "x[None, ..., None]"),
        *(
            "x[:, None, None, :]",
            "x[..., :, None]",
            "x.mT[:, None]",
            "x[1, None]",
            "x[None, 1:, None]",
            "x[:, None, :, :, :]",
        ),
        *(
            "x[None, None, None]",
            "x[..., None, :]",
            "s[None]",
            "s[..., None]",
            "s[:, None]",
            "x.unsqueeze(-1)",
            "x.mT.unsqueeze(1)",
        ),
        *(
            "x.squeeze(0)",
            "x[None].squeeze(0)",
            "x[None].squeeze(-1)",
            "x.squeeze(5)",
            "x.movedim(0, -1)",
            "x.movedim(-1, 1)",
        ),
        *(
            "x.movedim(3, 0)",
            "x.flatten()",
            "x.mT.flatten()",
            "x.reshape(-1)",
            "x.mT.reshape(4, -1)",
            "x.reshape(7, -1)",
        ),
    ],
)
def test_views(reference, code):
    def body(torch):
        names = {"x": torch.arange(24.0).reshape(2, 3, 4), "s": torch.tensor(3.0)}
        found = eval(code, names)
        return found, list(found.stride()), found._base is not None

    assert_alike(body, reference)


@pytest.mark.parametrize(
    "code",
    [
        *(
            "[1, 2, 3]",
            "[1.5, 2]",
            "[True, False]",
            "[[1, 2], [3, 4]]",
            "[[1.0, 2.0], [3.0, 4.0]]",
            "[[1, 2.0], [3, 4]]",
        ),
        *(
            "[]",
            "[[]]",
            "[[], []]",
            "[[1], [2, 3]]",
            "[[1, 2], 3]",
            "[1, [2]]",
            "[2**63]",
            "[[2**64, 1]]",
            "[1e300]",
            "[1e300, 1.0]",
        ),
        *(
            "[True, 2]",
            "[[True], [False]]",
            "['a']",
            "[None]",
            "[float('nan'), 1.0]",
            "[1, 2], dtype=torch.uint8",
            "(1, 2)",
        ),
        *("[torch.tensor(1.0), 2.0]", "[[[1.0, 2.0]]]", "[1j, 2.0]"),
    ],
)
def test_tensors_of_lists(reference, code):
    def body(torch):
        found = eval(f"torch.tensor({code})", {"torch": torch})
        return found, str(found.dtype).rpartition(".")[2]

    assert_alike(body, reference)


@pytest.mark.parametrize(
    "code",
    [
        *("torch.arange(5)", "torch.arange(2, 9, 3)", "torch.arange(3, 3)", "torch.arange(0)", "torch.arange(-4, 2)"),
        *("torch.arange(4, 1)", "torch.arange(1.0, 3)", "torch.arange(5, 0, -2)", "torch.arange(3, dtype=torch.int32)"),
        *("torch.arange(True)", "torch.arange(3, requires_grad=True)", "torch.arange(2**60, 2**60 + 2)"),
        *("x.tril()", "x.triu(1)", "x.tril(-1)", "x[0].tril(5)", "x[0, 0].tril()", "x.tril_()", "(x > 3).triu()"),
        *(
            "x.max(1)",
            "x.mT.max(0)",
            "x.min(-1, keepdim=True)",
            "x.mT.max(1)",
            "x.argmax(1)",
            "x.argmin(0, keepdim=True)",
        ),
        *(
            "x[0].max(dim=1).indices",
            "x[:, :0].max(2)",
            "x[:, :0].max(1)",
            "n.max(0)",
            "n.argmax(0)",
            "x.mean(1)",
            "x.std((0, 2))",
        ),
        *(
            "x.nan_to_num()",
            "n.nan_to_num()",
            "n.nan_to_num(1.0, posinf=5.0)",
            "torch.nn.functional.one_hot(x[0, 0].long())",
        ),
        *(
            "torch.nn.functional.one_hot(x[0].long(), 30)",
            "x.clone().copy_(x[0])",
            "x[0].clone().copy_(x)",
            "x.clone().copy_(x > 2)",
        ),
        *(
            "x.to(torch.float64)",
            "x.to('cpu') is x",
            "x.to(torch.float32) is x",
            "x.float() is x",
            "x.to(torch.device('cpu')) is x",
        ),
        *("x.to('nowhere')", "x.to(x) is x", "x.type_as(x.double())", "x.equal(x.clone())", "x.long().float()"),
    ],
)
def test_short_ways(reference, code):
    def body(torch):
        n = torch.tensor([[1.0, float("nan")], [float("-inf"), 4.0]])
        return eval(code, {"torch": torch, "x": torch.arange(12.0).reshape(2, 2, 3), "n": n})

    assert_alike(body, reference)


@pytest.mark.filterwarnings("error")
def test_a_number_too_large_is_infinite_without_a_warning():
    assert flambeau.tensor([1e300, 1.0]).tolist() == [np.inf, 1.0]


def test_the_transpose_of_other_than_matrices_is_deprecated(monkeypatch):
    from flambeau.ops import warn

    monkeypatch.setattr(warn, "_said", set())
    for x, words in ((flambeau.zeros(2, 3, 4), "other than 2"), (flambeau.zeros(()), "0-D")):
        with pytest.warns(UserWarning, match=words) as caught:
            seen = [x.T, x.T]
        assert [each.shape for each in seen] == [x.shape[::-1]] * 2
        assert len(caught) == 1
    assert flambeau.zeros(2, 3).T.shape == (3, 2)


MIXED = [
    "x + n",
    "n + x",
    "x * b",
    "x - n",
    "n / 2",
    "n / m",
    "x > n",
    "b == x",
    "x + 1j",
    "c * 2",
    "c * x",
    "x / d",
    "d - x",
]
MIXED += ["torch.add(x, n, alpha=2)", "torch.add(n, x, alpha=0.5)", "torch.sub(n, m, alpha=0.5)", "torch.atan2(n, x)"]
MIXED += [
    "n ** 0.5",
    "2.5 ** n",
    "x ** n",
    "x.lerp(y, 0.5)",
    "torch.where(b, x, 1)",
    "x * s",
    "h + x",
    "s64 * x",
    "x * s64",
]
MIXED += ["x.mul_(b)", "x.add_(n)", "n.add_(x)", "n.mul_(b)", "b.mul_(n)", "n.sub_(3)", "n.add_(2.5)", "n.add_(2**70)"]
MIXED += [
    "x.add_(y, alpha=-0.1)",
    "d.sub_(d * 2, alpha=3)",
    "x.add_(y[0], alpha=2)",
    "x.add_(x, alpha=2)",
    "n.add_(m, alpha=2)",
]
MIXED += ["x[1:].add_(x[:-1])", "n[1:].mul_(n[:-1])", "x.add_(x[0])", "x[1:].add_(x[1:])", "n[:, 1:].sub_(m[:, 1:])"]
MIXED += ["n.add_(m, alpha=0.5)", "x.add_(y, alpha=True)", "x[0].add_(x[:, 0], alpha=0.5)", "c.mul_(x)", "x.mul_(c)"]


@pytest.mark.parametrize("code", MIXED)
@pytest.mark.parametrize("recorded", [False, True])
def test_several_dtypes(reference, code, recorded):
    def body(torch):
        x = torch.linspace(-2, 3, 9).reshape(3, 3).requires_grad_(recorded)
        y, n = torch.linspace(1, 2, 9).reshape(3, 3), torch.tensor([[5, -3, 2], [7, 1, -8], [0, 4, 9]])
        if recorded and "_(" in code:
            x = x * 1
        names = {"torch": torch, "x": x, "y": y, "n": n, "m": n.flip(0) + 1, "b": n > 1, "d": y.double(), "c": y + 2j}
        names |= {"s": torch.tensor(2), "h": y.half(), "s64": torch.tensor(1.5, dtype=torch.float64)}
        result = eval(code, names)
        found = [result, str(result.dtype).rpartition(".")[2], result._version, x._version]
        if result.requires_grad:
            leaf = torch.ones_like(x, requires_grad=True)
            again = eval(code, names | {"x": x.detach() * leaf})
            found.append(torch.autograd.grad(torch.view_as_real(again + 0j).sum(), leaf)[0])
        return found

    assert_alike(body, reference)


@pytest.mark.parametrize("reduce", ["sum", "prod", "mean", "amax", "amin"])
@pytest.mark.parametrize("name", ["scatter_reduce", "index_reduce"])
def test_reductions_into_numbers(reference, name, reduce):
    """Tensors without dimensions keep being arrays."""

    def body(torch):
        x = torch.tensor(1.5, requires_grad=True)
        source = torch.tensor(2.5, requires_grad=True)
        kind = "prod" if name == "index_reduce" and reduce == "sum" else reduce
        index = torch.tensor([0]) if name == "index_reduce" else torch.tensor(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch's of what may change
            result = getattr(x, name)(0, index, source, kind)
        return result, torch.autograd.grad(result, (x, source))

    assert_alike(body, reference)
