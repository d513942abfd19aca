"""The container of a checkpoint: a plain zip archive with records at multiples of 64 bytes."""

from __future__ import annotations

import io
import os
import struct
import sys
import zipfile
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np

ALIGNMENT = 64
MemoryMode = Literal["c", "r+"]
_LOCAL_HEADER = struct.Struct("<26xHH")
_ZIP64_FIELD = 20
_BROKEN = (
    "This is an internal miniz error. If you are seeing this error, there is a high likelihood "
    "that your checkpoint file is corrupted. This can happen if the checkpoint was not saved "
    "properly, was transferred incorrectly, or the file was modified after saving."
)


class _Sink(io.RawIOBase):
    """A file of which nothing but `write` is known."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._file.write(data)
        return memoryview(data).nbytes


class ArchiveWriter:
    """Writes records into `file`, under a folder `name` inside the archive."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        sink: Any = file if hasattr(file, "flush") else _Sink(file)
        self._zip = zipfile.ZipFile(sink, "w")
        self._name = name
        self._checksum = 0

    def write(self, record: str, data: Any) -> None:
        """Add one record of bytes; an array is written from where it lies."""
        content = memoryview(data)
        info = zipfile.ZipInfo(f"{self._name}/{record}", date_time=(1980, 1, 1, 0, 0, 0))
        info.file_size = content.nbytes
        large = content.nbytes > zipfile.ZIP64_LIMIT
        assert self._zip.fp is not None
        start = self._zip.fp.tell() + 30 + len(info.filename.encode()) + _ZIP64_FIELD * large
        padding = -(start + 4) % ALIGNMENT
        info.extra = b"FB" + struct.pack("<H", padding) + b"Z" * padding
        with self._zip.open(info, "w", force_zip64=large) as stream:
            stream.write(content)
        info.extra = b""  # the directory at the end needs no padding
        self._checksum = (self._checksum * 1_000_003 + info.CRC) % 10**40

    def close(self) -> None:
        """Write the closing records and the directory."""
        self.write("version", b"3\n")
        self.write(".data/serialization_id", b"%040d" % self._checksum)
        self._zip.close()


class ArchiveReader:
    """Reads the records of a checkpoint; with `mmap`, storages stay in the file until touched.

    `mmap="c"` keeps what is written to them in memory, "r+" writes it into the file.
    """

    def __init__(self, file: IO[bytes], *, mmap: MemoryMode | None = None) -> None:
        self._file = file
        try:
            self._zip = zipfile.ZipFile(file)
        except zipfile.BadZipFile:
            short = file.seek(0, os.SEEK_END) < zipfile.sizeEndCentDir  # type: ignore[attr-defined]
            reason = "not a ZIP archive" if short else "failed finding central directory"
            raise RuntimeError(f"PytorchStreamReader failed reading zip archive: {reason}. {_BROKEN}") from None
        names = self._zip.namelist()
        self._name = names[0].split("/", 1)[0] if names else "archive"
        self._memory = np.memmap(file.name, np.uint8, mode=mmap) if mmap else None

    def __contains__(self, record: str) -> bool:
        return f"{self._name}/{record}" in self._zip.NameToInfo

    def read(self, record: str) -> bytes:
        return self.array(record).tobytes()

    def array(self, record: str) -> np.ndarray[Any, Any]:
        """One record as writable bytes.

        Raises RuntimeError, in PyTorch's words, when the archive has no such record or ends within
        it.
        """
        info = self._zip.NameToInfo.get(f"{self._name}/{record}")
        if info is None:
            raise RuntimeError(f"PytorchStreamReader failed locating file {record}: file not found. " + _BROKEN)
        if info.compress_type != zipfile.ZIP_STORED:
            return np.frombuffer(bytearray(self._zip.read(info)), np.uint8)
        self._file.seek(info.header_offset)
        name_length, extra_length = _LOCAL_HEADER.unpack(self._file.read(30))
        start = info.header_offset + 30 + name_length + extra_length
        if self._memory is not None:
            return self._memory[start : start + info.file_size]
        self._file.seek(start)
        return read_array(self._file, info.file_size)

    def is_big_endian(self, default: str) -> bool:
        order = self.read("byteorder").decode() if "byteorder" in self else default
        return order == "big"


def read_array(file: IO[bytes], count: int) -> np.ndarray[Any, Any]:
    """The next `count` bytes of `file`, in memory of their own."""
    array = np.empty(count, np.uint8)
    if hasattr(file, "readinto"):
        found = file.readinto(array.data) if count else 0
    else:
        piece = file.read(count)
        found = len(piece)
        array[:found] = np.frombuffer(piece, np.uint8)
    if found != count:
        raise RuntimeError(f"unexpected EOF, expected {count - found} more bytes. The file might be corrupted.")
    return array


def swap_bytes(array: np.ndarray[Any, Any], itemsize: int) -> np.ndarray[Any, Any]:
    """Bytes of elements of `itemsize`, in the other byte order."""
    return array.reshape(-1, itemsize)[:, ::-1].copy().reshape(-1)


def is_archive(file: IO[bytes]) -> bool:
    """Whether `file` holds a zip archive from its present position on."""
    start = file.tell()
    signature = file.read(4)
    file.seek(start)
    return signature == b"PK\x03\x04"


def archive_name(file: Any) -> str:
    """The folder inside the archive: the file's name without its suffix."""
    if isinstance(file, (str, os.PathLike)):
        return Path(file).stem or "archive"
    return "archive"


BYTE_ORDER = sys.byteorder.encode()
