"""How much of the machine's memory this process holds, and how to have its allocators give back what they keep idle."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache

import psutil
import pyarrow as pa


def resident() -> int:
    """Bytes of this process in memory, mapped files apart where the system tells them."""
    memory = psutil.Process().memory_info()
    return int(memory.rss - getattr(memory, "shared", 0))


def give_back() -> None:
    """Give idle memory back to the system, which takes about a millisecond.

    Every batch has a thread of its own, and glibc keeps an arena for each of several threads: what was freed there
    stays with the process, and several batches' worth of memory would be held that nobody uses.
    """
    trim = _trim()
    if trim is not None:
        trim(0)
    pa.default_memory_pool().release_unused()


@cache
def _trim() -> Callable[[int], int] | None:
    """Ask glibc, by `malloc_trim`; None where another C library serves the process."""
    try:
        found: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, TypeError, OSError):  # other C libraries lack it; Windows has no CDLL(None)
        return None
    return found
