"""Files of PyTorch before 1.6: pickles one after the other, then the storages' bytes."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable
from typing import IO, Any

import numpy as np

from flambeau.storage import UntypedStorage

from .archive import read_array, swap_bytes

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
PROTOCOL_VERSION = 1001
SYSTEM = {
    "protocol_version": PROTOCOL_VERSION,
    "little_endian": True,
    "type_sizes": {"short": 2, "int": 4, "long": 4},
}


def load(
    file: IO[bytes],
    loads: Callable[[IO[bytes], Callable[[Any], Any] | None], Any],
    restore: Callable[[Any, str], Any],
) -> Any:
    """The object in `file`; `loads(file, persistent_load)` reads one pickle from it.

    Raises RuntimeError for a file of another kind.
    """
    from flambeau.storage import TypedStorage

    if loads(file, None) != MAGIC_NUMBER:
        raise RuntimeError("Invalid magic number; corrupt file?")
    version = loads(file, None)
    if version != PROTOCOL_VERSION:
        raise RuntimeError(f"Invalid protocol version: {version}")
    foreign = not loads(file, None).get("little_endian", True)
    storages: dict[str, UntypedStorage] = {}
    sizes: dict[str, int] = {}

    def persistent_load(pid: Any) -> Any:
        if pid[0] != "storage":
            raise RuntimeError(f"Unknown saved id type: {pid[0]}")
        _, kind, key, location, count, view = pid
        if key not in storages:
            memory = UntypedStorage(np.empty(count * kind.itemsize, np.uint8))
            storages[key] = restore(memory, location)
            sizes[key] = kind.itemsize
        storage = storages[key]
        if view is not None:
            _, offset, size = view
            start = offset * kind.itemsize
            storage = UntypedStorage(storage.bytes()[start : start + size * kind.itemsize])
        if kind.dtype is None:
            return storage
        return TypedStorage(wrap_storage=storage, dtype=kind.dtype)

    result = loads(file, persistent_load)
    for key in loads(file, None):
        (count,) = struct.unpack("<q", file.read(8))
        data = read_array(file, count * sizes[key])
        if storages[key].device.type != "meta":
            storages[key].bytes()[...] = swap_bytes(data, sizes[key]) if foreign else data
    return result


def save(
    value: Any,
    file: IO[bytes],
    dump: Callable[[Any, IO[bytes], Callable[[Any, str], Any]], dict[str, tuple[Any, int]]],
    protocol: int,
) -> None:
    """Write `value` in the old form; `dump` pickles it and returns its storages by key."""
    for header in (MAGIC_NUMBER, PROTOCOL_VERSION, SYSTEM):
        pickle.dump(header, file, protocol=protocol)
    storages = dump(value, file, lambda pid, key: (*pid, None))
    pickle.dump(sorted(storages), file, protocol=protocol)
    file.flush()
    for key in sorted(storages):
        storage, itemsize = storages[key]
        file.write(struct.pack("<q", storage.nbytes() // itemsize))
        file.write(memoryview(storage.bytes()))
