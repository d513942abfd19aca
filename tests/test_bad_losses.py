"""Targets that do not fit: the mistakes of training scripts, with PyTorch's words for each."""

import pytest
from side_by_side import assert_alike

CLASSES = """
x | torch.ones(2)
x | torch.ones(2, 3).long()
x | torch.ones(2).int()
x | torch.ones(2).bool()
x | torch.ones(2, 1).long()
x | torch.ones(3).long()
x | torch.tensor(1)
x | torch.tensor([0, 3])
x | torch.tensor([0, -1])
x.long() | torch.tensor([0, 1])
x.long() | x
x[0] | torch.tensor([1, 2])
x[0] | torch.tensor(1.0)
x[0] | torch.zeros(3, 2).long()
image | torch.zeros(1, 2, 2)
image | torch.zeros(1, 2, 2).int()
image | torch.zeros(1, 2, 2).byte()
image | torch.zeros(1, 3, 2, 2).long()
image | torch.zeros(1, 2).long()
image | torch.zeros(1, 3, 3).long()
image | torch.zeros(2, 2, 2).long()
image.long() | torch.zeros(1, 2, 2).long()
image[0] | torch.zeros(3, 3).long()
image[0] | torch.zeros(3, 2)
"""


@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
@pytest.mark.parametrize("case", CLASSES.strip().split("\n"))
def test_class_targets(reference, name, case):
    def body(torch):
        names = {"torch": torch, "x": torch.ones(2, 3), "image": torch.ones(1, 3, 2, 2)}
        scores, target = (eval(each, names) for each in case.split(" | "))
        return getattr(torch.nn.functional, name)(scores, target)

    assert_alike(body, reference)


@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
def test_weights_have_the_dtype_of_the_scores(reference, name):
    def body(torch):
        loss = getattr(torch.nn.functional, name)
        return loss(torch.ones(2, 3), torch.tensor([0, 1]), weight=torch.ones(3, dtype=torch.float64))

    assert_alike(body, reference)


@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
def test_class_targets_may_be_bytes(reference, name):
    def body(torch):
        scores = torch.tensor([[1.0, 2.0, 3.0], [0.0, 1.0, 0.0]])
        return getattr(torch.nn.functional, name)(scores, torch.tensor([0, 2], dtype=torch.uint8))

    assert_alike(body, reference)


NUMBERS = """
binary_cross_entropy float64 float32
binary_cross_entropy float32 int64
binary_cross_entropy int64 int64
binary_cross_entropy_with_logits float32 int64
binary_cross_entropy_with_logits float32 bool
binary_cross_entropy_with_logits int64 float32
binary_cross_entropy_with_logits int64 int64
binary_cross_entropy_with_logits float64 float32
binary_cross_entropy_with_logits float32 float64
mse_loss int64 int64
mse_loss float32 int64
mse_loss float32 float64
l1_loss int64 int64
smooth_l1_loss int64 int64
huber_loss int64 int64
kl_div float32 int64
kl_div int64 float32
"""


@pytest.mark.parametrize("case", NUMBERS.strip().split("\n"))
def test_dtypes_of_numbers(reference, case):
    name, first, second = case.split()

    def body(torch):
        target = torch.tensor([0, 1], dtype=getattr(torch, second))
        return getattr(torch.nn.functional, name)(torch.ones(2, dtype=getattr(torch, first)), target)

    assert_alike(body, reference)


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"])
def test_shapes_that_do_not_broadcast(reference, name):
    assert_alike(lambda torch: getattr(torch.nn.functional, name)(torch.ones(3), torch.ones(4)), reference)
