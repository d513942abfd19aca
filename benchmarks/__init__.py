"""flambeau against PyTorch on the same code: `python -m benchmarks --help`."""
