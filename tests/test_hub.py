"""Weights from a URL and models from a folder."""

import hashlib

import pytest

import flambeau as torch

HUBCONF = """
dependencies = ["numpy"]
import torch_free_helper

def model(width=2):
    '''A layer.'''
    return torch_free_helper.SCALE * width

def _private():
    pass
"""


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))
    return tmp_path


def test_cache_folder_follows_the_environment_until_it_is_set(cache, monkeypatch):
    assert torch.hub.get_dir() == str(cache / "home" / "hub")
    monkeypatch.setattr(torch.hub, "_dir", None)
    torch.hub.set_dir(cache / "chosen")
    assert torch.hub.get_dir() == str(cache / "chosen")


def test_weights_are_downloaded_once_and_checked(cache):
    weights = {"weight": torch.arange(3.0)}
    torch.save(weights, cache / "source.pt")
    digest = hashlib.sha256((cache / "source.pt").read_bytes()).hexdigest()
    source = (cache / "source.pt").rename(cache / f"model-{digest[:8]}.pt")
    for _ in range(2):  # the second time from the cache
        loaded = torch.hub.load_state_dict_from_url(source.as_uri(), check_hash=True, progress=False)
        assert torch.equal(loaded["weight"], weights["weight"])
        source.unlink(missing_ok=True)


def test_a_download_that_does_not_match_leaves_nothing(cache):
    source = cache / "model-00000000.bin"
    source.write_bytes(b"weights")
    target = cache / "target" / "model.bin"
    target.parent.mkdir()
    with pytest.raises(RuntimeError, match=r'invalid hash value \(expected "00000000"'):
        torch.hub.download_url_to_file(source.as_uri(), str(target), "00000000", progress=False)
    assert list(target.parent.iterdir()) == []


def test_models_of_a_folder(tmp_path):
    (tmp_path / "hubconf.py").write_text(HUBCONF)
    (tmp_path / "torch_free_helper.py").write_text("SCALE = 10")
    assert torch.hub.list(str(tmp_path), source="local") == ["model"]
    assert torch.hub.help(str(tmp_path), "model", source="local") == "A layer."
    assert torch.hub.load(str(tmp_path), "model", width=3, source="local") == 30
    with pytest.raises(RuntimeError, match="Cannot find callable nonsense in hubconf"):
        torch.hub.load(str(tmp_path), "nonsense", source="local")


def test_a_missing_dependency_is_named(tmp_path):
    (tmp_path / "hubconf.py").write_text("dependencies = ['nonsense_package']")
    with pytest.raises(RuntimeError, match="Missing dependencies: nonsense_package"):
        torch.hub.load(str(tmp_path), "model", source="local")
