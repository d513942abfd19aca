"""Object files into memory: the linking that kernels need, without LLVM's library.

Kernels are compiled for any address (LLVM's "large" code model), so all there is to fill in is the
address of a symbol, 64 bits wide, or its distance. LLVM's library takes 0.1 s and 45 MB to load; with this, only the
process that compiles a kernel loads it, and those that find it on disk do not.

The names are those of the System V ABI's chapters on object files and its AMD64 supplement.
"""

from __future__ import annotations

import ctypes
import mmap
import struct
from collections.abc import Iterator
from typing import NamedTuple

R_X86_64_64, R_X86_64_PC32, R_X86_64_PC64 = 1, 2, 24
FIELDS = {R_X86_64_64: "<Q", R_X86_64_PC32: "<i", R_X86_64_PC64: "<q"}
"""What is filled in: an address, or how far it is from the field."""
EM_X86_64 = 62
SHT_SYMTAB, SHT_RELA, SHT_NOBITS = 2, 4, 8
SHF_WRITE, SHF_ALLOC = 1, 2
SHN_UNDEF, SHN_ABS = 0, 0xFFF1
UNWINDING = ".eh_frame"
"""How exceptions of C++ would pass through; none does."""


class Unlinkable(Exception):
    """An object file with something that kernels have not."""


class Section(NamedTuple):
    name: int
    type: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    alignment: int
    entry: int


class Object:
    """The parts of an ELF file that linking reads."""

    def __init__(self, data: bytes) -> None:
        if data[:6] != b"\x7fELF\x02\x01" or struct.unpack_from("<H", data, 18)[0] != EM_X86_64:
            raise Unlinkable("not an object file of this machine")
        self.data = data
        (start,) = struct.unpack_from("<Q", data, 40)
        count, names = struct.unpack_from("<HH", data, 60)
        self.sections = [Section(*struct.unpack_from("<IIQQQQIIQQ", data, start + 64 * k)) for k in range(count)]
        self.names = self.sections[names]
        (table,) = (s for s in self.sections if s.type == SHT_SYMTAB)
        self.symbols = [self._symbol(table, k) for k in range(table.size // 24)]

    def _symbol(self, table: Section, k: int) -> tuple[str, int, int]:
        """A symbol's name, section and place in it."""
        name, _, _, section, value, _ = struct.unpack_from("<IBBHQQ", self.data, table.offset + 24 * k)
        return self.text(self.sections[table.link], name), section, value

    def text(self, strings: Section, at: int) -> str:
        start = strings.offset + at
        return self.data[start : self.data.index(b"\0", start)].decode()

    def wanted(self, section: Section) -> bool:
        return bool(section.flags & SHF_ALLOC and self.text(self.names, section.name) != UNWINDING)

    def relocations(self) -> Iterator[tuple[int, int, int, int, int]]:
        """What is to be filled in: its type, where (section and place), of which symbol, and what to add."""
        for table in self.sections:
            if table.type == SHT_RELA and self.wanted(self.sections[table.info]):
                for at in range(table.offset, table.offset + table.size, 24):
                    place, info, addend = struct.unpack_from("<QQq", self.data, at)
                    if info & 0xFFFFFFFF not in FIELDS:
                        raise Unlinkable(f"relocation of type {info & 0xFFFFFFFF}")
                    yield info & 0xFFFFFFFF, table.info, place, info >> 32, addend


class Linker:
    """Object code in the memory of this process, for good: worker threads run it until the end."""

    def __init__(self) -> None:
        self.symbols: dict[str, int] = {}
        libc = ctypes.CDLL(None, use_errno=True)
        self._map, self._protect = libc.mmap, libc.mprotect
        self._map.restype = ctypes.c_void_p
        self._map.argtypes = (ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long)
        self._protect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
        self._libraries = (ctypes.pythonapi, libc)

    def define(self, name: str, address: int) -> None:
        """Let object code that is added later call `name`."""
        self.symbols[name] = address

    def address(self, name: str) -> int:
        """Of a symbol of an object, or of a function of C's library or Python's."""
        if name not in self.symbols:
            for library in self._libraries:
                if hasattr(library, name):
                    self.symbols[name] = ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0
                    break
            else:
                raise Unlinkable(f"nothing here is called {name}")
        return self.symbols[name]

    def add(self, data: bytes) -> None:
        """Put an object's code and data into memory; its symbols get addresses."""
        file = Object(data)
        places, frozen, size = self._lay_out(file)
        pages = self._map(None, size, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
        if pages in {None, ctypes.c_void_p(-1).value}:
            raise MemoryError(f"no {size} bytes for compiled code")

        def of(k: int) -> int:
            name, section, value = file.symbols[k]
            if section == SHN_UNDEF:
                return self.address(name)
            return value if section == SHN_ABS else pages + places[section] + value

        image = (ctypes.c_ubyte * size).from_address(pages)
        for k, place in places.items():
            section = file.sections[k]
            if section.type != SHT_NOBITS:
                ctypes.memmove(pages + place, data[section.offset : section.offset + section.size], section.size)
        for kind, k, place, symbol, addend in file.relocations():
            at = places[k] + place
            value = of(symbol) + addend - (0 if kind == R_X86_64_64 else pages + at)
            struct.pack_into(FIELDS[kind], image, at, value)
        if frozen and self._protect(pages, frozen, mmap.PROT_READ | mmap.PROT_EXEC):
            raise OSError(ctypes.get_errno(), "this system lets no process make code of its own")
        for k, (name, where, _) in enumerate(file.symbols):
            if name and where in places:
                self.symbols[name] = of(k)

    def _lay_out(self, file: Object) -> tuple[dict[int, int], int, int]:
        """Where each section goes, the bytes that stay as they are, and those in all."""
        places: dict[int, int] = {}
        end = frozen = 0
        for writable in (0, SHF_WRITE):
            for k, section in enumerate(file.sections):
                if file.wanted(section) and section.flags & SHF_WRITE == writable:
                    places[k] = -(-end // max(section.alignment, 1)) * max(section.alignment, 1)
                    end = places[k] + section.size
            if not writable:
                frozen = end = -(-end // mmap.PAGESIZE) * mmap.PAGESIZE
        return places, frozen, max(end, mmap.PAGESIZE)
