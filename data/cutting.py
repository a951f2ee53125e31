"""Cutting a universe into runs of whole symbols that are taken together."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import numpy as np


def cut_symbols(
    sizes: Mapping[str, int], most_rows: int, most_symbols: int, borders: Collection[str] = frozenset()
) -> Iterator[list[str]]:
    """Cut symbols, in the order of `sizes` (symbol -> bars), into runs within both limits; a symbol is never cut.

    A run ends ahead of one of `borders` where that leaves it no less than half as large.

    >>> list(cut_symbols({"A": 5, "B": 5, "C": 9}, 10, 100))
    [['A', 'B'], ['C']]
    >>> list(cut_symbols({"A": 5, "B": 5, "C": 3}, 10, 100, borders={"B"}))
    [['A'], ['B', 'C']]
    >>> list(cut_symbols({"A": 1, "B": 8, "C": 3}, 10, 100, borders={"B"}))
    [['A', 'B'], ['C']]
    """
    symbols, begin = list(sizes), 0
    preferred = np.flatnonzero([symbol in borders for symbol in symbols]) if borders else np.zeros(0, np.int64)
    ends = np.cumsum(list(sizes.values()))
    while begin < len(symbols):
        taken = int(ends[begin - 1]) if begin else 0
        fitting = int(np.searchsorted(ends, taken + most_rows, side="right"))
        end = min(max(fitting, begin + 1), begin + most_symbols)
        if end < len(symbols) and (earlier := preferred[(preferred > begin) & (preferred <= end)]).size:
            border = int(earlier[-1])
            end = border if 2 * (ends[border - 1] - taken) >= ends[end - 1] - taken else end
        yield symbols[begin:end]
        begin = end
