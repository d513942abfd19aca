"""One lock for what is made once and kept: plans, compiled kernels, the threads, the pool.

A fork waits for it, so that no child finds it taken by a thread that the child does not have.
"""

from __future__ import annotations

import os
import threading

lock = threading.RLock()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release)
