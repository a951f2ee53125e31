"""Arrays as Polars columns without a copy, over Arrow's C interface.

Polars takes arrays of NumPy by copying them, and of pyarrow through a module that takes longer to import than a small
scan takes.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

KINDS: Final = {
    np.dtype(name): getattr(pa, name)() for name in ("float64", "int64", "uint64", "int32", "uint32", "uint16", "uint8")
}

VIEW: Final = np.dtype("c16")
"""As large as the view of a text, and copied as fast as a number."""
FEW: Final = 4096
"""Values up to which a copy takes less time than handing over."""

MASKS: Final = "numpy.ma"
"""What Polars asks about each array that it copies. To import it takes longer than to hand over what one scan needs, so
only who hands over again and again does that."""


class _Handed:
    """An array of which nothing is known but the interface."""

    def __init__(self, array: Any) -> None:
        self.array = array

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]:
        handed: tuple[object, object] = self.array.__arrow_c_array__(requested_schema)
        return handed


def column_of(name: str, values: NDArray[Any], valid: NDArray[np.uint8] | None = None) -> pl.Series:
    """Numbers or truths as a column; those of `valid`, bits with the first row's lowest, are defined, else all are.

    >>> column_of("a", np.array([1.5, 2.5])).to_list(), column_of("b", np.array([True, False])).to_list()
    ([1.5, 2.5], [True, False])
    """
    if valid is None and values.size <= FEW and MASKS in sys.modules:
        return pl.Series(name, values)
    if values.dtype == np.bool_:
        return truths_of(name, np.packbits(values, bitorder="little"), values.size, valid)
    return _handed(name, KINDS[values.dtype], np.ascontiguousarray(values), values.size, valid)


def truths_of(name: str, bits: NDArray[np.uint8], rows: int, valid: NDArray[np.uint8] | None = None) -> pl.Series:
    """Bits of truth as a column of so many rows."""
    return _handed(name, pa.bool_(), bits, rows, valid)


def handed(name: str, array: pa.Array) -> pl.Series:
    """An array of Arrow as a column.

    >>> handed("symbol", pa.array(["A", "B"])).to_list()
    ['A', 'B']
    """
    return pl.Series(_Handed(array)).rename(name)


def repeated(name: str, texts: Sequence[str], counts: NDArray[np.int64]) -> pl.Series:
    """Each text so many times, one after the other: views of sixteen bytes are copied, no text is.

    >>> repeated("symbol", ["A", "B", "C"], np.array([2, 0, 1])).to_list()
    ['A', 'A', 'C']
    """
    # by Polars: pyarrow looks whether a list is pandas', and imports that wherever it is installed
    array = pl.Series(texts, dtype=pl.String).to_arrow(compat_level=pl.CompatLevel.newest())
    _, views, *letters = array.buffers()
    repeats = np.repeat(np.frombuffer(views, VIEW, len(texts)), counts)
    return handed(name, pa.Array.from_buffers(array.type, repeats.size, [None, pa.py_buffer(repeats), *letters]))


def _handed(name: str, kind: Any, values: NDArray[Any], rows: int, valid: NDArray[np.uint8] | None) -> pl.Series:
    buffers = [None if valid is None else pa.py_buffer(valid), pa.py_buffer(values)]
    return handed(name, pa.Array.from_buffers(kind, rows, buffers))
