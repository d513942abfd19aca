"""Run one body on flambeau and on PyTorch and compare what came of it."""

import warnings

import numpy as np

import flambeau

NATIVE = ("oneDNN", "prototype stage")
"""Words of warnings that are about PyTorch's own kernels."""


def outcome(body, torch, *args):
    """What `body` returned, in plain Python and NumPy, or its error; then its warnings."""
    torch.manual_seed(0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = plain(body(torch, *args), torch)
        except Exception as error:  # noqa: BLE001 (errors are results here)
            result = error
    messages = [(w.category, _neutral(str(w.message))) for w in caught]
    return result, [each for each in messages if not any(word in each[1] for word in NATIVE)]


def plain(value, torch):
    """Tensors as arrays; tuples, lists and dictionaries by their elements."""
    if isinstance(value, torch.Tensor):
        array = value.detach().numpy()
        return np.array(array), value.requires_grad
    if isinstance(value, dict):
        return {key: plain(each, torch) for key, each in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(each, torch) for each in value]
    return value


def _neutral(text):
    """A message without what differs by design: the package's name and addresses."""
    words = text.replace("flambeau.", "torch.").split(" ")
    return " ".join("0x" if word.startswith("0x") else word for word in words)


def assert_same(ours, theirs, rtol=1e-5, atol=1e-6):
    if isinstance(theirs, Exception):
        assert isinstance(ours, Exception), f"PyTorch raised {theirs!r}, here came {ours!r}"
        assert type(ours).__name__ == type(theirs).__name__, (ours, theirs)
        assert _neutral(str(ours)) == _neutral(str(theirs))
        return
    if isinstance(ours, Exception):
        raise ours
    if isinstance(theirs, np.ndarray):
        assert ours.dtype == theirs.dtype
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol)
        return
    if isinstance(theirs, dict):
        assert list(ours) == list(theirs)
        ours, theirs = list(ours.values()), list(theirs.values())
    if isinstance(theirs, (tuple, list)):
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            assert_same(one, other, rtol, atol)
        return
    if isinstance(theirs, str):
        ours, theirs = _neutral(ours), _neutral(theirs)
    assert ours == theirs


def assert_alike(body, reference, *args, rtol=1e-5, atol=1e-6):
    """`body(torch, *args)` returns, raises and warns the same on both."""
    ours, our_warnings = outcome(body, flambeau, *args)
    theirs, their_warnings = outcome(body, reference, *args)
    assert_same(ours, theirs, rtol, atol)
    assert our_warnings == their_warnings
