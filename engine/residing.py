"""How much memory there is, how much this process holds, and how to have its allocators give back what is idle."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa

if TYPE_CHECKING:
    import psutil

OWN_PAGES: Final = Path("/proc/self/statm")
"""Where Linux tells the pages of this process: of its addresses, those in memory, those of them that are shared.

psutil reads the same, and takes longer to import than a twentieth of a small scan: it is asked on other systems.
"""
GROUPS: Final = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Where Linux tells what a container may take: control groups of version 2, and of version 1."""


def memory_at_hand() -> int:
    """Bytes of memory that the machine has, or the container, where that may take less."""
    bounds = [int(text) for text in map(_read, GROUPS) if text.isdecimal()]
    return min([_total(), *bounds])


def free_memory() -> int:
    """Bytes that this process may still take before the machine, or the container, has none left."""
    import psutil  # noqa: PLC0415 - see OWN_PAGES

    return int(max(0, min(psutil.virtual_memory().available, memory_at_hand() - resident())))


@cache
def _total() -> int:
    if OWN_PAGES.exists():
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    import psutil  # noqa: PLC0415 - see OWN_PAGES

    return int(psutil.virtual_memory().total)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:  # no such group: nothing bounds what the machine has
        return ""


def resident() -> int:
    """Bytes of this process in memory, mapped files apart where the system tells them."""
    try:
        _, there, shared, *_ = _own_pages()
    except OSError:  # another system
        memory = _process(os.getpid()).memory_info()
        return int(memory.rss - getattr(memory, "shared", 0))
    return (int(there) - int(shared)) * os.sysconf("SC_PAGE_SIZE")


def _own_pages() -> list[bytes]:
    """Read without a file of Python's, which takes longer to open: every batch asks."""
    opened = os.open(OWN_PAGES, os.O_RDONLY)
    try:
        return os.read(opened, 256).split()
    finally:
        os.close(opened)


@cache
def _process(number: int) -> psutil.Process:
    """To make one takes three times as long as to ask it; a fork has another number."""
    import psutil  # noqa: PLC0415 - see OWN_PAGES

    return psutil.Process(number)


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
