from typing import Any, NoReturn


def needs_cuda(*args: Any, **kwargs: Any) -> NoReturn:
    """Stands for every function that has no meaning without a GPU."""
    raise AssertionError("Torch not compiled with CUDA enabled")
