"""Memory for large arrays, kept when an array dies and given to the next of about its size.

Fresh pages are what a large result costs most, so the allocator handed to NumPy here (NEP 49) keeps
freed blocks. It holds little more than the program once needed at a time: before asking the system
for memory it gives back the blocks that were free for longest, if they would raise the sum of live and
kept memory above the peak of live memory and a margin.
NumPy frees a block when the last view of it dies. Blocks are aligned to 64 bytes.
"""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau.kernels.lock import lock

SMALLEST = 1 << 16
"""Smaller arrays are left to the C library, which keeps them itself."""

MARGIN = 64 << 20
"""What may be held beyond the program's peak and a quarter of it, so that blocks of sizes which take turns stay."""

# Lists are rings of links, a pair (next, before), with a head among them: @kept has one for each size class (eight to
# a doubling), @ages one of all free blocks, the newest first.
# Before a block's data stand its bytes, its class (-1: not kept), its link in @ages and the one in its class.
# @state: 0 lock, 1 live bytes, 2 kept bytes, 3 peak of live, 4 blocks reused, 5 blocks fresh,
# 6 limit of kept.
SOURCE = """
%link = type { ptr, ptr }
@kept = internal global [520 x %link] zeroinitializer, align 64
@ages = internal global %link zeroinitializer, align 64
@state = internal global [8 x i64] zeroinitializer, align 64

declare ptr @aligned_alloc(i64, i64)
declare void @free(ptr)
declare i64 @llvm.ctlz.i64(i64, i1)
declare i64 @llvm.umax.i64(i64, i64)
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
declare ptr @flambeau_set_handler(ptr)

; makes the rings empty: called once, before the first block
define ptr @flambeau_pool_state() {
entry:
  call void @close(ptr @ages)
  br label %next
next:
  %c = phi i64 [ 0, %entry ], [ %c1, %next ]
  %head = getelementptr %link, ptr @kept, i64 %c
  call void @close(ptr %head)
  %c1 = add i64 %c, 1
  %more = icmp slt i64 %c1, 520
  br i1 %more, label %next, label %done
done:
  ret ptr @state
}

define internal void @close(ptr %head) {
  store ptr %head, ptr %head
  %before = getelementptr %link, ptr %head, i64 0, i32 1
  store ptr %head, ptr %before
  ret void
}

define internal void @insert(ptr %head, ptr %link) {
  %next = load ptr, ptr %head
  store ptr %next, ptr %link
  %link.before = getelementptr %link, ptr %link, i64 0, i32 1
  store ptr %head, ptr %link.before
  %next.before = getelementptr %link, ptr %next, i64 0, i32 1
  store ptr %link, ptr %next.before
  store ptr %link, ptr %head
  ret void
}

define internal void @remove(ptr %link) {
  %next = load ptr, ptr %link
  %link.before = getelementptr %link, ptr %link, i64 0, i32 1
  %before = load ptr, ptr %link.before
  store ptr %next, ptr %before
  %next.before = getelementptr %link, ptr %next, i64 0, i32 1
  store ptr %before, ptr %next.before
  ret void
}

; takes a free block out of the lists; gives its bytes
define internal i64 @take(ptr %base) {
  %age = getelementptr i8, ptr %base, i64 16
  call void @remove(ptr %age)
  %same = getelementptr i8, ptr %base, i64 32
  call void @remove(ptr %same)
  %bytes = load i64, ptr %base
  %minus = sub i64 0, %bytes
  call void @count(i64 2, i64 %minus)
  ret i64 %bytes
}

define ptr @flambeau_use_allocator(ptr %self, ptr %args, i64 %count) {
  %handler = load ptr, ptr %args
  %old = call ptr @flambeau_set_handler(ptr %handler)
  ret ptr %old
}

define internal void @lock() {
entry:
  br label %try
try:
  %pair = cmpxchg ptr @state, i64 0, i64 1 acquire monotonic
  %ok = extractvalue { i64, i1 } %pair, 1
  br i1 %ok, label %done, label %try
done:
  ret void
}

define internal void @unlock() {
  store atomic i64 0, ptr @state release, align 8
  ret void
}

define internal void @count(i64 %word, i64 %change) {
  %at = getelementptr i64, ptr @state, i64 %word
  %old = load i64, ptr %at
  %new = add i64 %old, %change
  store i64 %new, ptr %at
  ret void
}

; gives kept blocks back, the oldest first, until `excess` bytes are gone
define void @flambeau_pool_trim(i64 %excess) {
entry:
  br label %next
next:
  %left = phi i64 [ %excess, %entry ], [ %less, %release ]
  %oldest = load ptr, ptr getelementptr (%link, ptr @ages, i64 0, i32 1)
  %none = icmp eq ptr %oldest, @ages
  %enough = icmp sle i64 %left, 0
  %stop = or i1 %none, %enough
  br i1 %stop, label %done, label %release
release:
  %base = getelementptr i8, ptr %oldest, i64 -16
  %bytes = call i64 @take(ptr %base)
  call void @free(ptr %base)
  %less = sub i64 %left, %bytes
  br label %next
done:
  ret void
}

define ptr @flambeau_malloc(ptr %context, i64 %size) {
entry:
  %small = icmp ult i64 %size, %SMALLEST%
  br i1 %small, label %plain, label %pooled
plain:
  %up = add i64 %size, 128
  %whole = and i64 %up, -64
  %p = call ptr @aligned_alloc(i64 64, i64 %whole)
  %p.bad = icmp eq ptr %p, null
  br i1 %p.bad, label %fail, label %p.ok
p.ok:
  %p.bytes = sub i64 %whole, 64
  store i64 %p.bytes, ptr %p
  %p.class = getelementptr i64, ptr %p, i64 1
  store i64 -1, ptr %p.class
  %p.data = getelementptr i8, ptr %p, i64 64
  ret ptr %p.data
pooled:
  %z = call i64 @llvm.ctlz.i64(i64 %size, i1 true)
  %shift = sub i64 60, %z
  %step = shl i64 1, %shift
  %mask = sub i64 %step, 1
  %over = add i64 %size, %mask
  %not = xor i64 %mask, -1
  %bytes = and i64 %over, %not
  %z2 = call i64 @llvm.ctlz.i64(i64 %bytes, i1 true)
  %power = sub i64 63, %z2
  %shift2 = sub i64 60, %z2
  %parts = lshr i64 %bytes, %shift2
  %part = and i64 %parts, 7
  %eight = shl i64 %power, 3
  %class = add i64 %eight, %part
  call void @lock()
  br label %look
look: ; in its own class, then in the next two, whose blocks are at most a quarter larger
  %away = phi i64 [ 0, %pooled ], [ %away1, %further ]
  %here = add i64 %class, %away
  %head = getelementptr %link, ptr @kept, i64 %here
  %found = load ptr, ptr %head
  %none = icmp eq ptr %found, %head
  br i1 %none, label %further, label %reuse
further:
  %away1 = add i64 %away, 1
  %beyond = icmp sgt i64 %away1, 2
  br i1 %beyond, label %fresh, label %look
reuse:
  %found.base = getelementptr i8, ptr %found, i64 -32
  %found.bytes = call i64 @take(ptr %found.base)
  call void @count(i64 4, i64 1)
  br label %live
fresh:
  call void @count(i64 5, i64 1)
  %live.now = load i64, ptr getelementptr (i64, ptr @state, i64 1)
  %kept.now = load i64, ptr getelementptr (i64, ptr @state, i64 2)
  %peak.now = load i64, ptr getelementptr (i64, ptr @state, i64 3)
  %needed = add i64 %live.now, %bytes
  %bound = call i64 @llvm.umax.i64(i64 %needed, i64 %peak.now)
  %quarter = lshr i64 %bound, 2
  %more = add i64 %quarter, %MARGIN%
  %roof = add i64 %bound, %more
  %sum = add i64 %needed, %kept.now
  %excess = sub i64 %sum, %roof
  call void @flambeau_pool_trim(i64 %excess)
  %all = add i64 %bytes, 64
  %q = call ptr @aligned_alloc(i64 64, i64 %all)
  %q.bad = icmp eq ptr %q, null
  br i1 %q.bad, label %unlock.fail, label %q.ok
unlock.fail:
  call void @unlock()
  br label %fail
q.ok:
  store i64 %bytes, ptr %q
  %q.class = getelementptr i64, ptr %q, i64 1
  store i64 %class, ptr %q.class
  br label %live
live:
  %base = phi ptr [ %found.base, %reuse ], [ %q, %q.ok ]
  %its = phi i64 [ %found.bytes, %reuse ], [ %bytes, %q.ok ]
  %data = getelementptr i8, ptr %base, i64 64
  call void @count(i64 1, i64 %its)
  %l = load i64, ptr getelementptr (i64, ptr @state, i64 1)
  %pk = load i64, ptr getelementptr (i64, ptr @state, i64 3)
  %new.peak = call i64 @llvm.umax.i64(i64 %l, i64 %pk)
  store i64 %new.peak, ptr getelementptr (i64, ptr @state, i64 3)
  call void @unlock()
  ret ptr %data
fail:
  ret ptr null
}

define ptr @flambeau_calloc(ptr %context, i64 %count, i64 %size) {
entry:
  %bytes = mul i64 %count, %size
  %data = call ptr @flambeau_malloc(ptr null, i64 %bytes)
  %bad = icmp eq ptr %data, null
  br i1 %bad, label %done, label %clear
clear:
  call void @llvm.memset.p0.i64(ptr %data, i8 0, i64 %bytes, i1 false)
  br label %done
done:
  ret ptr %data
}

define void @flambeau_free(ptr %context, ptr %data, i64 %size) {
entry:
  %nothing = icmp eq ptr %data, null
  br i1 %nothing, label %end, label %some
some:
  %base = getelementptr i8, ptr %data, i64 -64
  %bytes = load i64, ptr %base
  %class.at = getelementptr i64, ptr %base, i64 1
  %class = load i64, ptr %class.at
  %plain = icmp slt i64 %class, 0
  br i1 %plain, label %release, label %pooled
pooled:
  call void @lock()
  %minus = sub i64 0, %bytes
  call void @count(i64 1, i64 %minus)
  %kept = load i64, ptr getelementptr (i64, ptr @state, i64 2)
  %limit = load i64, ptr getelementptr (i64, ptr @state, i64 6)
  %sum = add i64 %kept, %bytes
  %full = icmp sgt i64 %sum, %limit
  br i1 %full, label %unlock.release, label %keep
keep:
  %head = getelementptr %link, ptr @kept, i64 %class
  %same = getelementptr i8, ptr %base, i64 32
  call void @insert(ptr %head, ptr %same)
  %age = getelementptr i8, ptr %base, i64 16
  call void @insert(ptr @ages, ptr %age)
  call void @count(i64 2, i64 %bytes)
  call void @unlock()
  br label %end
unlock.release:
  call void @unlock()
  br label %release
release:
  call void @free(ptr %base)
  br label %end
end:
  ret void
}

define ptr @flambeau_realloc(ptr %context, ptr %data, i64 %size) {
entry:
  %new = call ptr @flambeau_malloc(ptr null, i64 %size)
  %bad = icmp eq ptr %new, null
  %nothing = icmp eq ptr %data, null
  %stop = or i1 %bad, %nothing
  br i1 %stop, label %done, label %copy
copy:
  %base = getelementptr i8, ptr %data, i64 -64
  %bytes = load i64, ptr %base
  %less = icmp ult i64 %size, %bytes
  %n = select i1 %less, i64 %size, i64 %bytes
  call void @llvm.memcpy.p0.p0.i64(ptr %new, ptr %data, i64 %n, i1 false)
  call void @flambeau_free(ptr null, ptr %data, i64 0)
  br label %done
done:
  ret ptr %new
}
"""


class _Handler(ctypes.Structure):
    """NumPy's `PyDataMem_Handler`, version 1."""

    _fields_ = (
        ("name", ctypes.c_char * 127),
        ("version", ctypes.c_uint8),
        ("context", ctypes.c_void_p),
        ("malloc", ctypes.c_void_p),
        ("calloc", ctypes.c_void_p),
        ("realloc", ctypes.c_void_p),
        ("free", ctypes.c_void_p),
    )


_SET_HANDLER = 304  # the position of PyDataMem_SetHandler in NumPy's table of C functions
_use: Callable[[Any], Any] | None = None
_allocator: Any = None
_state: Any = None
_trim: Any = None
_limit: int | None = None
_keep: list[Any] = []


def _load() -> None:
    global _use, _allocator, _state, _trim
    from numpy._core import _multiarray_umath  # type: ignore[attr-defined]

    from flambeau.kernels.compile import builtin, engine

    with lock:
        if _use is not None:
            return
        api = ctypes.pythonapi
        api.PyCapsule_GetPointer.restype = ctypes.c_void_p
        api.PyCapsule_GetPointer.argtypes = (ctypes.py_object, ctypes.c_char_p)
        functions = api.PyCapsule_GetPointer(_multiarray_umath._ARRAY_API, None)
        assert functions is not None
        jit = engine()
        entry = ctypes.c_void_p.from_address(functions + _SET_HANDLER * ctypes.sizeof(ctypes.c_void_p))
        assert entry.value is not None
        jit.define("flambeau_set_handler", entry.value)
        source = SOURCE.replace("%SMALLEST%", str(SMALLEST)).replace("%MARGIN%", str(MARGIN))
        use = builtin("use_allocator", jit.load("pool" + source, lambda: source, "flambeau_use_allocator"))
        find = jit.address
        handler = _Handler(
            b"flambeau",
            1,
            None,
            *(find(f"flambeau_{n}") for n in ("malloc", "calloc", "realloc", "free")),
        )
        api.PyCapsule_New.restype = ctypes.py_object
        api.PyCapsule_New.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
        name = b"mem_handler"
        capsule = api.PyCapsule_New(ctypes.addressof(handler), name, None)
        # Arrays may outlive this module: what frees them must not go away.
        for thing in (handler, capsule, name):
            api.Py_IncRef(ctypes.py_object(thing))
        state = ctypes.CFUNCTYPE(ctypes.c_void_p)(find("flambeau_pool_state"))()
        _state = (ctypes.c_int64 * 8).from_address(state)
        _trim = ctypes.PYFUNCTYPE(None, ctypes.c_int64)(find("flambeau_pool_trim"))
        _allocator, _use = capsule, use
        set_limit(_memory() // 2 if _limit is None else _limit)


def allocator() -> Any:
    """The handler (a capsule) by which NumPy takes memory from the pool; machine code sets it itself."""
    if _use is None:
        _load()
    return _allocator


def empty(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """An uninitialized C-contiguous array, in pooled memory if it is large."""
    size = dtype.itemsize
    for n in shape:
        size *= n
    if size < SMALLEST:
        return np.empty(shape, dtype)
    if _use is None:
        from flambeau.kernels.host import available

        if not available():
            return np.empty(shape, dtype)
        _load()
        assert _use is not None
    before = _use(_allocator)
    try:
        return np.empty(shape, dtype)
    finally:
        _use(before)


def empty_cache() -> None:
    """Give all memory that no array uses back to the system."""
    if _trim is not None:
        _trim(1 << 62)


def set_limit(nbytes: int) -> None:
    """Keep at most `nbytes` of memory that no array uses."""
    global _limit
    _limit = nbytes
    if _state is not None:
        _state[6] = nbytes


def statistics() -> dict[str, int]:
    """Bytes in use and kept, the most that was in use at a time, and blocks reused and fresh."""
    names = ("live", "kept", "peak", "reused", "fresh")
    return dict(zip(names, _state[1:6] if _state is not None else (0,) * 5, strict=True))


def _memory() -> int:
    import os

    if platform.system() == "Linux":
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return 8 << 30
