"""Bytes around results that kernels must leave as they are."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

FILL = 0x5A
WIDTH = 128


@contextmanager
def around_results(monkeypatch, module) -> Iterator[None]:
    """What `module` gets from its `empty` lies between such bytes, which are looked at in the end."""
    made = []

    def guarded(shape, dtype):
        nbytes = int(np.prod(shape)) * dtype.itemsize
        memory = np.full(nbytes + 2 * WIDTH, FILL, np.uint8)
        made.append((memory, nbytes))
        return memory[WIDTH : WIDTH + nbytes].view(dtype).reshape(shape)

    monkeypatch.setattr(module, "empty", guarded)
    yield
    assert made
    for memory, nbytes in made:
        assert (memory[:WIDTH] == FILL).all()
        assert (memory[WIDTH + nbytes :] == FILL).all()
