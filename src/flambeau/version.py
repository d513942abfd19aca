"""Which flambeau this is, and which PyTorch it stands for."""

from flambeau.torch_version import TorchVersion

release = "0.1.0"
"""flambeau's own version, the one on the wheel."""

api = "2.13.0"
"""The PyTorch release whose behaviour this is."""

__version__ = TorchVersion(f"{api}+flambeau.{release}")
git_version = "unknown"
debug = False
cuda: str | None = None
hip: str | None = None
rocm: str | None = None
xpu: str | None = None
