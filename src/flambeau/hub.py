"""Models from a folder with a `hubconf.py`, and weights from a URL, kept in a cache folder."""

import builtins
import errno
import hashlib
import importlib.util
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlparse
from urllib.request import Request, urlopen

__all__ = [
    "download_url_to_file",
    "get_dir",
    "help",
    "list",
    "load",
    "load_state_dict_from_url",
    "set_dir",
]

_CHUNK = 1 << 17
_HASH_IN_NAME = re.compile(r"-([a-f0-9]*)\.")
_dir: str | None = None


def get_dir() -> str:
    """The cache folder: what `set_dir` chose, or `hub` in $TORCH_HOME, or in the user's cache."""
    if _dir is not None:
        return _dir
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    home = os.environ.get("TORCH_HOME", str(Path(cache) / "torch"))
    return str(Path(home).expanduser() / "hub")


def set_dir(d: str | os.PathLike[str]) -> None:
    """Choose the cache folder."""
    global _dir
    _dir = str(Path(d).expanduser())


def download_url_to_file(url: str, dst: str, hash_prefix: str | None = None, progress: bool = True) -> None:
    """Download `url` to the file `dst`, which appears only when it is whole.

    Raises:
        RuntimeError: the SHA-256 of what came does not begin with `hash_prefix`.
    """
    target = Path(dst).expanduser()
    digest = hashlib.sha256()
    request = Request(url, headers={"User-Agent": "torch.hub"})  # noqa: S310 -- the caller's URL
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=target.name, suffix=".partial", delete=False) as partial:
        try:
            with urlopen(request) as response:  # noqa: S310
                show = _progress(response.headers.get("Content-Length"), progress)
                while chunk := response.read(_CHUNK):
                    partial.write(chunk)
                    digest.update(chunk)
                    show(len(chunk))
            partial.close()
            found = digest.hexdigest()
            if hash_prefix is not None and not found.startswith(hash_prefix):
                raise RuntimeError(f'invalid hash value (expected "{hash_prefix}", got "{found}")')
            shutil.move(partial.name, target)
        finally:
            Path(partial.name).unlink(missing_ok=True)


def _progress(length: str | None, wanted: bool) -> Callable[[int], object]:
    """What to call with the size of each chunk: a bar where tqdm is installed."""
    if not wanted or importlib.util.find_spec("tqdm") is None:
        return lambda size: None
    from tqdm import tqdm

    total = int(length) if length else None
    return tqdm(total=total, unit="B", unit_scale=True, unit_divisor=1024).update


def load_state_dict_from_url(
    url: str,
    model_dir: str | None = None,
    map_location: Any = None,
    progress: bool = True,
    check_hash: bool = False,
    file_name: str | None = None,
    weights_only: bool = False,
) -> dict[str, Any]:
    """The checkpoint at `url`, downloaded once into `model_dir` (or the cache's `checkpoints`).

    With `check_hash` the file's name ends in `-<SHA-256 prefix>.<ext>`, and the content must match.
    """
    import flambeau

    folder = Path(model_dir) if model_dir is not None else Path(get_dir()) / "checkpoints"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (file_name or Path(urlparse(url).path).name)
    if not path.exists():
        sys.stderr.write(f'Downloading: "{url}" to {path}\n')
        match = _HASH_IN_NAME.search(path.name) if check_hash else None
        download_url_to_file(url, str(path), match and match[1], progress=progress)
    return flambeau.load(path, map_location=map_location, weights_only=weights_only)


def _hubconf(repo_or_dir: str, source: str) -> ModuleType:
    """The module `hubconf.py` of a folder, which must be there; `dependencies` it names as well."""
    if source != "local":
        raise ValueError(f'Unknown source: "{source}". Allowed values: "local" (download the repository first).')
    path = Path(repo_or_dir) / "hubconf.py"
    if not path.exists():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    spec = importlib.util.spec_from_file_location("hubconf", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(repo_or_dir))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(repo_or_dir))
    missing = [name for name in getattr(module, "dependencies", ()) if not _importable(name)]
    if missing:
        raise RuntimeError(f"Missing dependencies: {', '.join(missing)}")
    return module


def _importable(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def _entrypoint(module: ModuleType, model: str) -> Callable[..., Any]:
    if not isinstance(model, str):
        raise ValueError("Invalid input: model should be a string of function name")
    function = getattr(module, model, None)
    if not callable(function):
        raise RuntimeError(f"Cannot find callable {model} in hubconf")
    return function


def list(github: str, source: str = "local", **kwargs: Any) -> "builtins.list[str]":
    """The names of the models that a folder's `hubconf.py` offers."""
    module = _hubconf(github, source)
    return [name for name, x in vars(module).items() if callable(x) and not name.startswith("_")]


def help(github: str, model: str, source: str = "local", **kwargs: Any) -> str | None:
    """The docstring of a model's function."""
    return _entrypoint(_hubconf(github, source), model).__doc__


def load(repo_or_dir: str, model: str, *args: Any, source: str = "github", **kwargs: Any) -> Any:
    """The model that `model(*args, **kwargs)` of a folder's `hubconf.py` returns.

    Raises:
        ValueError: a source other than "local".
        RuntimeError: no such function, or a package it depends on is missing.
    """
    return _entrypoint(_hubconf(repo_or_dir, source), model)(*args, **kwargs)
