"""Random programs, the same on flambeau and on PyTorch: promotion, views, writes in place, `out=`, indexing, reductions.

A program is one or two statements over tensors of random shapes, dtypes and strides, from a seed. Values, dtypes, shapes, what
became of the arguments, and whether a call is refused are compared; the words of refusals have tests of their own.
"""

import random

import numpy as np
import pytest

import flambeau

DTYPES = ["float32", "float64", "int64", "int32", "uint8", "bool", "complex64", "bfloat16", "int8"]
UNARY = ["neg", "abs", "exp", "sqrt", "floor", "round", "sign", "square", "tanh", "isnan", "logical_not", "relu"]
BINARY = [
    *(
        "add",
        "sub",
        "mul",
        "div",
        "floor_divide",
        "remainder",
        "pow",
        "maximum",
        "eq",
        "lt",
        "logical_and",
        "bitwise_and",
    ),
    *("atan2", "copysign", "fmax", "xlogy", "float_power"),
]
OPERATORS = ["+", "-", "*", "/", "//", "%", "**", "<", "==", "&", "|"]
REDUCTIONS = [
    "sum",
    "mean",
    "amax",
    "std",
    "all",
    "any",
    "argmax",
    "logsumexp",
    "cumsum",
    "prod",
    "count_nonzero",
]
VIEWS = {
    "flatten": ["", "0,1", "-2"],
    "squeeze": ["", "0", "(0,1)"],
    "unsqueeze": ["0", "-1", "-2"],
    "transpose": ["0,1", "-1,-2"],
    "reshape": ["-1", "(2,-1)", "1,-1,1"],
    "view": ["-1", "(2,-1)"],
    "expand": ["-1,3", "(2,3,-1)"],
    "narrow": ["0,0,1", "-1,0,2"],
    "select": ["0,0", "-1,0"],
    "unfold": ["0,2,1", "-1,2,2"],
    "diagonal": ["", "1", "0,1,0"],
    "movedim": ["0,1", "-1,0"],
    "flip": ["0", "(-1,)"],
    "roll": ["1", "(1,2),(0,1)"],
    "chunk": ["2", "2,-1"],
    "split": ["2", "[1,2]"],
    "unbind": ["", "-1"],
    "repeat": ["2,1", "(1,2,3)"],
    "tril": ["", "1"],
    "index_select": ["0,torch.tensor([0,1])", "-1,torch.tensor([1,0,0])"],
}
OTHERS = [
    "torch.cat([x,y])",
    "torch.stack([x,y])",
    "torch.where(x>0,x,y)",
    "torch.clamp(x,-1,1)",
    "x.masked_fill(x>0,2)",
    "x.to(y)",
    "torch.full_like(x,3)",
    "x.fill_(2.5)",
    "x.copy_(y)",
    "x.zero_()",
    "torch.isclose(x,y)",
    "torch.equal(x,y)",
    "x.is_contiguous()",
    "x.tolist()",
    "float(x)",
    "len(x)",
    "torch.broadcast_tensors(x,y)",
    "x.index_add_(0,torch.tensor([0]),y[:1])",
]


class Subscript:
    def __getitem__(self, key):
        return key


def number(r):
    return r.choice(["2", "0", "-1", "1.5", "True", "-2.5", "3", "2+1j", "300"])


def subscript(r, ndim, *, basic=False):
    pieces = []
    for _ in range(r.randint(1, ndim + 1)):
        pieces.append(
            r.choice(
                [
                    *("None", "0", "1", "-1", "1:", ":-1", "::2", "0:0"),
                    *(() if basic else ("[0,1]", "[-1]", "torch.tensor([1,0])", "x>0")),
                    *(["..."] if "..." not in pieces else []),
                ]
            )
        )
    return ",".join(pieces)


def statement(r, shape):
    ndim, empty = len(shape), 0 in shape
    dim = r.choice(["", "0", "-1", "(0,1)", "1,True", "dim=0,keepdim=True"])
    name = r.choice([*VIEWS])
    return r.choice(
        [
            f"torch.{r.choice(UNARY)}(x)",
            f"x {r.choice(OPERATORS)} {r.choice(['y', number(r), 'y'])}",
            f"{number(r)} {r.choice(OPERATORS)} x",
            f"torch.{r.choice(BINARY)}(x,{r.choice(['y', 'y', number(r)])})",
            f"x.{r.choice(BINARY[:5])}_({r.choice(['y', number(r)])})",
            f"torch.{r.choice(BINARY)}(x,y,out=torch.empty(0,dtype=torch.{r.choice(['float64', 'int64', 'float32'])}))",
            f"x.{r.choice(REDUCTIONS)}({dim})",
            f"x.{name}({r.choice(VIEWS[name])})",
            f"x[{subscript(r, ndim, basic=empty)}]",
            f"x.__setitem__(I[{subscript(r, ndim, basic=True)}],{r.choice(['y', '1', '1.5', 'y[0]'])})",
            r.choice(OTHERS),
        ]
    )


def tensor(torch, shape, dtype, seed):
    values = np.random.default_rng(seed).uniform(-3, 3, shape)
    values = values > 0 if dtype == "bool" else np.abs(values * 2) if dtype == "uint8" else values
    values = np.round(values * 2) if "int" in dtype else values
    return torch.tensor(values.tolist(), dtype=getattr(torch, dtype)).reshape(shape)


def shown(value, torch):
    if isinstance(value, torch.Tensor):
        wide = value.double() if value.dtype is torch.bfloat16 else value
        return str(value.dtype), tuple(value.shape), wide.resolve_conj().numpy().copy()
    if isinstance(value, (tuple, list)):
        return [shown(each, torch) for each in value]
    return str(value)


def run(torch, seed):
    """What became of the program: its results and arguments, and what stopped it."""
    r = random.Random(seed)
    shape = tuple(r.choice([0, 1, 2, 3, 3, 4]) for _ in range(r.randint(0, 3)))
    other = r.choice([shape, shape, shape[1:], (1,), ()])
    x = tensor(torch, shape, r.choice(DTYPES), seed)
    y = tensor(torch, other, r.choice(DTYPES), seed + 1)
    x = r.choice([x, x, x, x.mT if x.ndim > 1 else x, x[..., ::2] if x.ndim else x])
    names = {"torch": torch, "x": x, "y": y, "I": Subscript()}
    program = [statement(r, shape) for _ in range(r.randint(1, 2))]
    found = []
    try:
        for each in program:
            value = eval(each, names)
            found.append(shown(value, torch))
            if isinstance(value, torch.Tensor):
                names["x"] = value
    except Exception as error:  # noqa: BLE001 (an error is a result)
        return program, [*found, "raises"], error
    return program, [*found, shown(x, torch), shown(y, torch)], None


def alike(ours, theirs):
    if isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(alike, ours, theirs))
    if isinstance(theirs, tuple):
        if ours[:2] != theirs[:2]:
            return False
        loose = 2e-2 if "bfloat16" in theirs[0] else 1e-5
        return np.allclose(ours[2], theirs[2], rtol=loose, atol=loose, equal_nan=True)
    return ours == theirs


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("block", range(20))
def test_random_programs(reference, block):
    for seed in range(block * 100, block * 100 + 100):
        program, theirs, their_error = run(reference, seed)
        _, ours, our_error = run(flambeau, seed)
        assert alike(ours, theirs), (
            f"seed {seed}: {program}: {ours} ({our_error!r}), PyTorch {theirs} ({their_error!r})"
        )
