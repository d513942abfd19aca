"""Settings that scripts make at their start."""

import pytest
from side_by_side import assert_alike, assert_same, outcome

import flambeau


def test_precision_of_products(reference):
    def body(torch):
        found = [torch.get_float32_matmul_precision()]
        try:
            torch.set_float32_matmul_precision("high")
            found.append(torch.get_float32_matmul_precision())
            torch.set_float32_matmul_precision(3)
        except RuntimeError as error:
            found.append(str(error))
        finally:
            torch.set_float32_matmul_precision("highest")
        return found

    assert_alike(body, reference)


def test_an_unknown_precision_changes_nothing():
    with pytest.warns(UserWarning, match="low is not one of 'highest', 'high', or 'medium'"):
        flambeau.set_float32_matmul_precision("low")
    assert flambeau.get_float32_matmul_precision() == "highest"


def test_determinism(reference):
    def body(torch):
        def state():
            return (
                torch.are_deterministic_algorithms_enabled(),
                torch.is_deterministic_algorithms_warn_only_enabled(),
                torch.get_deterministic_debug_mode(),
            )

        found = [state()]
        try:
            torch.use_deterministic_algorithms(True)
            found.append(state())
            torch.use_deterministic_algorithms(True, warn_only=True)
            found.append(state())
            torch.set_deterministic_debug_mode("error")
            found.append(state())
            for bad in ("x", 5, 1.5):
                try:
                    torch.set_deterministic_debug_mode(bad)
                except (RuntimeError, TypeError) as error:
                    found.append(str(error))
        finally:
            torch.use_deterministic_algorithms(False)
        return [*found, state()]

    assert_alike(body, reference)


def same_but_for_warnings(body, reference):
    """PyTorch warns of this function at its first call only."""
    assert_same(outcome(body, flambeau)[0], outcome(body, reference)[0])


@pytest.mark.parametrize("kind", ["torch.LongTensor", "torch.cuda.FloatTensor", 3])
def test_default_types_that_cannot_be(reference, kind):
    same_but_for_warnings(lambda torch: torch.set_default_tensor_type(kind), reference)


def test_default_type(reference):
    def body(torch):
        try:
            torch.set_default_tensor_type(torch.DoubleTensor)
            found = [torch.ones(1)]
            torch.set_default_tensor_type("torch.FloatTensor")
            return [*found, torch.ones(1)]
        finally:
            torch.set_default_dtype(torch.float32)

    same_but_for_warnings(body, reference)


CALLS = """
torch.detach(x)
torch.detach_(x * 2)
torch.is_inference(x)
torch.is_distributed(x)
torch.is_warn_always_enabled()
torch.is_anomaly_enabled()
torch.compiled_with_cxx11_abi()
torch.set_flush_denormal(False)
torch._assert(True, "words")
torch._assert(False, "words")
"""


@pytest.mark.parametrize("call", CALLS.strip().split("\n"))
def test_small_functions(reference, call):
    assert_alike(lambda torch: eval(call, {"torch": torch, "x": torch.ones(2, requires_grad=True)}), reference)
