"""Linear algebra side by side with PyTorch: values, gradients, errors, einsum."""

import numpy as np
import pytest
from side_by_side import assert_alike

import flambeau as fb


def positive(x):
    return x @ x.mH + 2 * x.new_ones(x.shape[-1]).diag()


def phased(U, S, Vh):
    """What the signs of singular vectors do not change."""
    return (U * S.unsqueeze(-2).exp()) @ Vh


CALLS = {
    "cholesky": lambda t, a, b: t.linalg.cholesky(positive(a)),
    "cholesky upper": lambda t, a, b: t.linalg.cholesky(positive(a), upper=True),
    "cholesky_solve": lambda t, a, b: t.cholesky_solve(b, t.linalg.cholesky(positive(a))),
    "cholesky_inverse": lambda t, a, b: t.cholesky_inverse(t.linalg.cholesky(positive(a))),
    "inv": lambda t, a, b: t.linalg.inv(a),
    "solve": lambda t, a, b: t.linalg.solve(a, b),
    "solve right": lambda t, a, b: t.linalg.solve(a, b.mT, left=False),
    "solve vector": lambda t, a, b: t.linalg.solve(a[0], b[0, :, 0]),
    "solve_triangular": lambda t, a, b: t.linalg.solve_triangular(positive(a), b, upper=True),
    "lu": lambda t, a, b: t.linalg.lu(a)[2],
    "lu wide": lambda t, a, b: t.linalg.lu(a[:, :2])[1],
    "lu tall": lambda t, a, b: t.linalg.lu(a[:, :, :2])[1],
    "lu_solve": lambda t, a, b: t.linalg.lu_solve(*t.linalg.lu_factor(a), b, adjoint=True),
    "qr": lambda t, a, b: t.linalg.qr(a)[0] + t.linalg.qr(a)[1],
    "qr wide": lambda t, a, b: t.linalg.qr(a[:, :2])[1],
    "svd": lambda t, a, b: phased(*t.linalg.svd(a, full_matrices=False)),
    "svdvals": lambda t, a, b: t.linalg.svdvals(a[:, :2]),
    "eigh": lambda t, a, b: t.linalg.eigh(a + a.mH)[1].abs(),
    "eigvalsh": lambda t, a, b: t.linalg.eigvalsh(a + a.mH),
    "eig": lambda t, a, b: t.linalg.eig(a)[1].abs().sum(-1),
    "pinv": lambda t, a, b: t.linalg.pinv(a[:, :2]),
    "lstsq": lambda t, a, b: t.linalg.lstsq(a[:, :, :2], b).solution,
    "det": lambda t, a, b: t.linalg.det(a),
    "slogdet": lambda t, a, b: t.linalg.slogdet(a)[1],
    "matrix_exp": lambda t, a, b: t.linalg.matrix_exp(a),
    "matrix_power": lambda t, a, b: t.linalg.matrix_power(a, -2),
    "cond": lambda t, a, b: t.linalg.cond(a),
    "multi_dot": lambda t, a, b: t.linalg.multi_dot([b[0, 0], a[0][:2], b[0], b[1, 0]]),
    "vander": lambda t, a, b: t.linalg.vander(a[0], N=4),
    "cross": lambda t, a, b: t.linalg.cross(a, a.roll(1, 0)),
    "householder": lambda t, a, b: t.linalg.householder_product(a[..., :2], b[:, 0]),
    "tensorsolve": lambda t, a, b: t.linalg.tensorsolve(a[0].reshape(3, 1, 3), b[0, :, :1]),
    **{
        f"vector_norm {p}": lambda t, a, b, p=p: t.linalg.vector_norm(a, p, dim=(0, 2))
        for p in (0.5, 1, 2, 3, float("inf"), -float("inf"))
    },
    **{
        f"matrix_norm {p}": lambda t, a, b, p=p: t.linalg.matrix_norm(a, p, keepdim=True)
        for p in ("fro", "nuc", 1, -1, 2, -2, float("inf"))
    },
}


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("name", CALLS)
def test_values_and_gradients(reference, name, dtype):
    rng = np.random.default_rng(1)
    matrices, others = rng.normal(size=(2, 3, 3)), rng.normal(size=(2, 3, 2))
    if dtype == "complex128":
        matrices = matrices + 1j * rng.normal(size=matrices.shape)
        others = others + 1j * rng.normal(size=others.shape)

    def body(torch):
        a = torch.tensor(matrices, requires_grad=True)
        b = torch.tensor(others, requires_grad=True)
        result = CALLS[name](torch, a, b)
        (result.abs() ** 3).sum().backward()
        return [x if x is None else x.resolve_conj() for x in (result, a.grad, b.grad)]

    assert_alike(body, reference, rtol=1e-6, atol=1e-8)


EMPTY = [(0, 0), (0, 3, 3), (2, 0, 0)]


@pytest.mark.parametrize("shape", EMPTY)
@pytest.mark.parametrize("name", ["inv", "det", "cholesky", "eigvalsh", "svdvals", "matrix_exp"])
def test_empty_matrices(reference, name, shape):
    assert_alike(lambda torch: getattr(torch.linalg, name)(torch.zeros(shape)), reference)


SINGULAR = {
    "inv": lambda t, a: t.linalg.inv(a),
    "solve": lambda t, a: t.linalg.solve(a, a),
    "cholesky": lambda t, a: t.linalg.cholesky(a - 2 * t.eye(2)),
    "lu_factor": lambda t, a: t.linalg.lu_factor(a),
    "inv of one in a batch": lambda t, a: t.linalg.inv(t.stack([t.eye(2), a])),
    "not square": lambda t, a: t.linalg.inv(a[:1]),
    "vector": lambda t, a: t.linalg.det(a[0]),
    "integers": lambda t, a: t.linalg.inv(a.long()),
    "half": lambda t, a: t.linalg.solve(a.half(), a.half()),
    "shapes": lambda t, a: t.linalg.solve(a, t.ones(3)),
    "norm": lambda t, a: t.linalg.matrix_norm(a, "no"),
    "driver": lambda t, a: t.linalg.lstsq(a, a, driver="no"),
    "mode": lambda t, a: t.linalg.qr(a, mode="no"),
    "multi_dot": lambda t, a: t.linalg.multi_dot([a, t.ones(3, 3)]),
    "cross": lambda t, a: t.linalg.cross(a, a),
}


@pytest.mark.parametrize("name", SINGULAR)
def test_bad_input(reference, name):
    def body(torch):
        return SINGULAR[name](torch, torch.ones(2, 2))

    if name in ("inv", "solve", "cholesky", "inv of one in a batch"):
        with pytest.raises(fb.linalg.LinAlgError) as ours:
            body(fb)
        with pytest.raises(reference.linalg.LinAlgError) as theirs:
            body(reference)
        assert str(ours.value) == str(theirs.value)
    else:
        assert_alike(body, reference)


EQUATIONS = [
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("bij,bjk,bk->bi", (2, 3, 4), (2, 4, 5), (2, 5)),
    ("...ij,...jk", (2, 1, 3, 4), (5, 4, 2)),
    ("ii->i", (3, 3)),
    ("ij,ij->", (2, 3), (1, 3)),
    ("i,j", (2,), (3,)),
    ("iI", (2, 3)),
    ("ij,jk", (2, 3), (4, 5)),
    ("ij->ii", (2, 3)),
    ("ijk", (2, 3)),
    ("i1", (2, 3)),
    ("i.j", (2, 3)),
]


@pytest.mark.parametrize("equation", EQUATIONS, ids=lambda case: case[0])
def test_einsum(reference, equation):
    def body(torch):
        torch.manual_seed(0)
        operands = [torch.rand(shape, dtype=torch.float64) for shape in equation[1:]]
        for each in operands:
            each.requires_grad_()
        result = torch.einsum(equation[0], *operands)
        (result * result).sum().backward()
        return result, [each.grad for each in operands]

    assert_alike(body, reference)


def test_einsum_with_lists(reference):
    def body(torch):
        a, b = torch.ones(2, 3), torch.ones(3, 4)
        return torch.einsum(a, [0, 1], b, [1, 2], [2, 0]), torch.einsum(a, [0, ...])

    assert_alike(body, reference)
