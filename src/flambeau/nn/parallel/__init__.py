"""Modules run over several devices: on a CPU, over the one there is."""

from .data_parallel import DataParallel, data_parallel

__all__ = ["DataParallel", "data_parallel"]
