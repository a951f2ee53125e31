"""Machine code in one piece, as it is kept on disk, and put into memory: without LLVM."""

from __future__ import annotations

import ctypes
import json
import mmap
import os
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..freezing import frozen

WORD: Final = 8  # bytes of an address
READ_AND_RUN: Final = 1 | 4  # PROT_READ | PROT_EXEC


@frozen
class Image:
    """Code for wherever in memory it comes to lie; of addresses that are a word each, with the lowest byte first.

    Args:
        content: The bytes. A word at one of `inside` tells how far from the beginning that is which it stands for.
        inside: Where words are to which the address of the beginning is to be added.
        outside: Where words are that get the address of a function of the C library, by its name.
        symbols: How far from the beginning each function of its own is.
    """

    content: bytes
    inside: Sequence[int]
    outside: Mapping[str, Sequence[int]]
    symbols: Mapping[str, int]

    def to_bytes(self) -> bytes:
        """All of it, for a file.

        >>> image = Image(b"12345678", [0], {"memset": [8]}, {"sweep": 16})
        >>> Image.from_bytes(image.to_bytes()) == image
        True
        """
        facts = {"inside": self.inside, "outside": self.outside, "symbols": self.symbols}
        head = json.dumps(facts).encode()
        return len(head).to_bytes(WORD, "little") + head + self.content

    @classmethod
    def from_bytes(cls, content: bytes) -> Image:
        """What `to_bytes` made."""
        begin = WORD + int.from_bytes(content[:WORD], "little")
        facts = json.loads(content[WORD:begin])
        return cls(content[begin:], facts["inside"], facts["outside"], facts["symbols"])


class PlacedImage:
    """An image in memory that can be run, and not be written any more.

    Raises:
        OSError: The system lets nobody run what the process has written itself.
    """

    def __init__(self, image: Image) -> None:
        library = ctypes.CDLL(None, use_errno=True)
        self._memory = mmap.mmap(-1, len(image.content), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self._memory.write(image.content)
        cells = np.frombuffer(self._memory, np.uint8)
        self._begin, self._symbols = cells.ctypes.data, image.symbols
        _add(cells, image.inside, self._begin)
        for name, places in image.outside.items():
            _add(cells, places, ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0)
        if library.mprotect(ctypes.c_void_p(self._begin), ctypes.c_size_t(cells.size), READ_AND_RUN):
            number = ctypes.get_errno()
            raise OSError(number, f"compiled kernels may not run in this process ({os.strerror(number)})")

    def address(self, symbol: str) -> int:
        """Where a function begins; KeyError where there is none of that name."""
        return self._begin + self._symbols[symbol]


def _add(cells: NDArray[np.uint8], places: Sequence[int], address: int) -> None:
    """To the words at these places, which need not be places of whole words."""
    where: NDArray[Any] = np.array(places, np.int64)[:, None] + np.arange(WORD)
    cells[where] = (cells[where].view(np.int64) + address).view(np.uint8)
