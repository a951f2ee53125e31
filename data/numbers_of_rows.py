"""Numbers of rows, ascending: where something holds, which of them are among others, several lists in one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

Rows = NDArray[np.uint32]
Numbers = NDArray[np.int64]

NONE: Final[Rows] = np.zeros(0, dtype=np.uint32)
BLOCK: Final = 2**16  # rows of a column that stay in the cache while they are looked at more than once


def blocks(column: pl.Series) -> Iterator[pl.Series]:
    """The column in pieces for those who look at each row more than once: of a long one, memory is slow.

    >>> [len(block) for block in blocks(pl.Series(range(70_000)))]
    [65536, 4464]
    """
    return (column.slice(begin, BLOCK) for begin in range(0, len(column), BLOCK))


def rows_where(
    column: pl.Series,
    compare: Callable[[pl.Series, pl.Series], pl.Series],
    of_piece: Callable[[pl.Series], Numbers] | None = None,
) -> Numbers:
    """The rows for which `compare(row, the row before it)` holds, or is undefined; the first row has none before it.

    The pieces in which a column was read are compared one by one, so that nothing of its size is copied; `of_piece`
    answers for one of them if it knows a faster way.

    >>> rows_where(pl.Series([1, 3, 2, 2]), lambda row, before: row < before).tolist()
    [2]
    """
    found, row, last = [np.zeros(0, dtype=np.int64)], 0, column.clear()
    for part in column.get_chunks():
        if part.is_empty():
            continue
        if row and compare(part.slice(0, 1), last)[0] is not False:
            found.append(np.array([row]))
        found.append((compared(part, compare) if of_piece is None else of_piece(part)) + row)
        row, last = row + len(part), part.slice(len(part) - 1)
    return np.concatenate(found)


def compared(piece: pl.Series, compare: Callable[[pl.Series, pl.Series], pl.Series]) -> Numbers:
    """As `rows_where`, of a column in one piece."""
    holds = compare(piece.slice(1), piece.slice(0, len(piece) - 1))
    known = holds.fill_null(value=True) if holds.null_count() else holds
    if not known.any():  # most of many pieces have no such row, and to list those of each is a query
        return np.zeros(0, dtype=np.int64)
    rows: Numbers = known.arg_true().to_numpy().astype(np.int64) + 1
    return rows


def are_among(rows: NDArray[np.integer], others: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Which of these numbers are among the others, which ascend.

    >>> are_among(np.array([1, 2, 5]), np.array([2, 5, 7])).tolist()
    [False, True, True]
    """
    if not len(others):
        return np.zeros(len(rows), dtype=np.bool_)
    place = np.searchsorted(others, rows)
    same: NDArray[np.bool_] = others[np.minimum(place, len(others) - 1)] == rows
    return same


def together(lists: Sequence[Rows]) -> Rows:
    """The numbers of all lists, each once.

    >>> together([np.array([1, 4], dtype=np.uint32), np.array([0, 4], dtype=np.uint32)]).tolist()
    [0, 1, 4]
    """
    if len(lists) < 2:
        return lists[0] if lists else NONE
    rows = np.sort(np.concatenate(lists))
    once: Rows = rows[np.append([True], rows[1:] != rows[:-1])]
    return once
