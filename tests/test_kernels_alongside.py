"""Arrays that are the parts of one array: found, made alike, and joined where they lie."""

import numpy as np
import pytest

import flambeau
from flambeau.kernels import alongside


def parts(kind):
    whole = np.arange(2 * 3 * 24, dtype="f4").reshape(2, 3, 24)
    thirds = [whole[..., k * 8 : (k + 1) * 8] for k in range(3)]
    return {
        "last axis": (thirds, 2),
        "heads": ([x.reshape(2, 3, 2, 4).transpose(0, 2, 1, 3) for x in thirds], None),
        "first axis": ([whole.reshape(6, 24)[k * 2 : k * 2 + 2] for k in range(3)], 0),
        "middle axis": ([whole.reshape(2, 9, 8)[:, k * 3 : k * 3 + 3] for k in range(3)], 1),
    }[kind]


@pytest.mark.parametrize("kind", ["last axis", "heads", "first axis", "middle axis"])
def test_parts_in_order_are_found_and_new_ones_lie_as_they_do(kind):
    arrays, axis = parts(kind)
    run = alongside.apart(arrays)
    assert run is not None
    made = alongside.new(len(arrays), run, arrays[0].shape, arrays[0].strides, arrays[0].dtype)
    for new, old in zip(made, arrays, strict=True):
        assert new.strides == old.strides
        new[...] = old
    np.testing.assert_array_equal(made[0].base, arrays[0].base.ravel())
    if axis is not None:
        found = alongside.joined(made, axis)
        np.testing.assert_array_equal(found, np.concatenate(arrays, axis))
        assert all(np.shares_memory(found, each) for each in made)


@pytest.mark.parametrize("kind", ["last axis", "first axis", "middle axis"])
def test_anything_else_is_no_whole(kind):
    arrays, axis = parts(kind)
    assert alongside.joined(arrays[::-1], axis) is None
    assert alongside.joined([arrays[0], arrays[2], arrays[1]], axis) is None
    assert alongside.joined([arrays[0]] * 3, axis) is None
    assert alongside.joined(arrays[:2], axis) is None
    assert alongside.joined([each.copy() for each in arrays], axis) is None
    assert alongside.joined([arrays[0], arrays[1], arrays[2].copy()], axis) is None
    assert alongside.joined(arrays, 0 if axis else 1) is None


@pytest.mark.kernels
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (0, 0, 1), (1, 1, 1)])
@pytest.mark.parametrize("causal", [False, True])
def test_attention_of_parts_has_pytorchs_gradients(order, causal, reference):
    values = np.random.default_rng(0).standard_normal((3, 37, 72)).astype("f4")
    weights = np.random.default_rng(1).standard_normal((3, 37, 24)).astype("f4")
    found = []
    for torch in (flambeau, reference):
        x = torch.tensor(values, requires_grad=True)
        thirds = x.split(24, dim=2)
        q, k, v = (thirds[place].view(3, 37, 4, 6).transpose(1, 2) for place in order)
        mixed = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=causal)
        (mixed.transpose(1, 2).reshape(3, 37, 24) * torch.tensor(weights)).sum().backward(retain_graph=True)
        (thirds[0] * 2).sum().backward()
        found.append(x.grad.numpy())
    np.testing.assert_allclose(*found, rtol=1e-4, atol=1e-5)
    assert found[0].flags.c_contiguous


def test_a_splits_rule_copies_nothing_that_lies_alongside():
    arrays, axis = parts("last axis")
    assert np.shares_memory(parts_rule(arrays, axis), arrays[0])
    apart = [each.copy() for each in arrays]
    assert not np.shares_memory(parts_rule(apart, axis), apart[0])
    np.testing.assert_array_equal(parts_rule(arrays, axis), parts_rule(apart, axis))


def parts_rule(arrays, axis):
    from flambeau.ops.parts import split_view

    return split_view.op.joint(arrays, (2, 3, 24), np.dtype("f4"), ((0, 8), (8, 16), (16, 24)), axis)
