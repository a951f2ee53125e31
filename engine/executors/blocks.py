"""Blocks of memory for columns, which go back to the system as soon as nobody uses them.

malloc would keep them: every batch has a thread of its own, glibc an arena for each of several threads, and what is
freed at the end of an arena stays there, up to twice the size of the largest block that was ever freed.
"""

from __future__ import annotations

import mmap
from contextlib import suppress
from typing import Final

import numpy as np
from numpy.typing import NDArray

LEAST: Final = 2**17  # numbers; smaller blocks are malloc's
NUMBER: Final = 8  # bytes


def block_of(size: int) -> NDArray[np.float64]:
    """Room for so many numbers, which are yet to be written; in large pages where the system has them.

    >>> block_of(3).shape, block_of(200_000).shape
    ((3,), (200000,))
    """
    if size < LEAST:
        return np.empty(size)
    if hasattr(mmap, "MAP_PRIVATE"):  # not shared, which would count, and be kept, as a mapped file
        pages = mmap.mmap(-1, size * NUMBER, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    else:
        pages = mmap.mmap(-1, size * NUMBER)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with suppress(OSError):  # a kernel without large pages refuses: small ones do as well
            pages.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(pages)
