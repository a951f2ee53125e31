"""Symbols in the order of the request: runs of rows are put one behind the other, so that nothing need be in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from ..data.candles import starts_of

FEW_PIECES: Final = 64  # a column of more is slow to go through


def in_order(matches: pl.DataFrame, order: Mapping[str, int]) -> pl.DataFrame:
    """Rows with the symbols in this order, those of each as they are; ahead, each symbol's rows stand together.

    Runs that follow each other in both orders stay one piece. Where there are many pieces, columns are copied into one.

    >>> table = pl.DataFrame({"symbol": ["A", "A", "B"], "value": [1, 2, 3]})
    >>> in_order(table, {"B": 0, "A": 1}).rows()
    [('B', 3), ('A', 1), ('A', 2)]
    """
    if matches.is_empty():
        return matches
    starts = starts_of(matches["symbol"]).tolist()
    symbols = matches["symbol"].gather(starts[:-1]).to_list()
    runs: list[list[int]] = []
    for place in sorted(range(len(symbols)), key=lambda number: order[symbols[number]]):
        if runs and runs[-1][1] == starts[place]:
            runs[-1][1] = starts[place + 1]
        else:
            runs.append([starts[place], starts[place + 1]])
    return pl.concat([matches.slice(begin, end - begin) for begin, end in runs], rechunk=len(runs) > FEW_PIECES)
