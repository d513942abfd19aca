"""What `importlib.metadata` says of the distribution `torch`."""

import os
from importlib.metadata import Distribution
from pathlib import Path

from flambeau.launch.alias import ALIAS
from flambeau.version import __version__


class TorchDistribution(Distribution):
    """PyTorch, installed as far as anyone asks."""

    def read_text(self, filename: str) -> str | None:
        if filename == "METADATA":
            return f"Metadata-Version: 2.1\nName: {ALIAS}\nVersion: {__version__}\n"
        return f"{ALIAS}\n" if filename == "top_level.txt" else None

    def locate_file(self, path: str | os.PathLike[str]) -> Path:
        return Path(__file__).parents[2] / path
