"""From what kernels find in a batch to its matches: of one formula a table, of several what tables are made of.

What stands behind a table that nobody has looked at yet takes far less memory than the table: marks of two bytes for
sixteen bars, the values, and the batch's column of ts. All of a batch goes when the last of its tables is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import compress
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..data.candles import Candles
from ..data.handing import column_of, repeated
from ..formulas.kernels.machine import Stop
from ..formulas.kernels.tiles import Whole
from .controlling import Ticket
from .deferring import TEXT, Table
from .executors.finding import Found, Listed
from .figures import Figures
from .splitting import Piece, Selection, bars_counted, joined_rows, put_together, reported, rows_inside, tags_of

Find: TypeAlias = Callable[[Stop], list[Found] | None]
"""Runs the kernels over a batch: what was found for each formula; None if the flag was raised."""


def split_found(candles: Candles, selection: Selection, find: Find, ticket: Ticket) -> Piece:
    """The matches of each formula, in the order of `selection.results`."""
    inside = rows_inside(candles, selection)
    piece = bars_counted(candles, inside, selection)
    found = _found(find, selection, ticket)
    if inside is None and selection.several:
        _defer(piece, found, candles, selection)
        return piece
    listed = {name: each.listed() for name, each in found.items()}
    tables = {name: _table(name, each, candles, selection, inside) for name, each in listed.items()}
    if inside is None:
        piece.found = _by_symbol(candles, _counts(found.values()))
    else:
        rows = np.sort(np.concatenate([table["~row"].to_numpy() for table in tables.values()]))
        piece.found = Figures(candles.by_symbol(rows))
    put_together(piece, tables, selection, by=("~row",))
    return piece


def _found(find: Find, selection: Selection, ticket: Ticket) -> dict[str, Found]:
    with ticket.tally.stage("compute"):
        found = find(ticket.stop)
    ticket.look()
    assert found is not None, "only who abandons a batch stops its kernels"
    return dict(zip(selection.indicators, found, strict=True))


def _by_symbol(candles: Candles, counts: Whole) -> Figures[int]:
    """How many matches each symbol has that has any; `counts` by formula and symbol."""
    together = counts.sum(axis=0)
    return Figures.of(list(compress(candles.symbols, together.tolist())), together[together > 0])


def _counts(found: Iterable[Found]) -> Whole:
    """How many bars were found, by formula and symbol."""
    return np.array([each.counts for each in found])


def _defer(piece: Piece, found: Mapping[str, Found], candles: Candles, selection: Selection) -> None:
    """Leave the tables to be made by those who look, unless what they are made of takes more memory than they."""
    counts = _counts(found.values())
    piece.found, heights = _by_symbol(candles, counts), dict(zip(found, counts.sum(axis=1).tolist(), strict=True))
    points: dict[str, dict[str, Found]] = {}
    for name, each in found.items():
        points.setdefault(selection.origins.get(name, name), {})[name] = each
    keys = Candles(candles.symbols, candles.starts, candles.table.select("ts"))
    piece.tables = {
        name: _deferred(several, sum(map(heights.__getitem__, several)), keys, selection)
        for name, several in points.items()
    }
    ts = int(candles.ts.estimated_size())
    marks = sum(each.marks.nbytes for each in found.values())
    roll = next((each.roll.size for each in found.values()), 0)  # one for all
    piece.shared = ts + marks + roll
    of_match = TEXT + ts / max(1, candles.height)
    if of_match * sum(table.height for table in piece.tables.values()) <= ts + marks:
        for table in piece.tables.values():
            table.at_once()
        piece.shared = 0


def _deferred(points: Mapping[str, Found], height: int, keys: Candles, selection: Selection) -> Table:
    """The table of a formula's points, which have so many matches together, of bars that `keys` names."""

    def make() -> pl.DataFrame:
        tables = [_table(name, each.listed(), keys, selection, None) for name, each in points.items()]
        return joined_rows(tables, by=("~row",))

    return Table(height, sum(each.size for each in points.values()), make)


def _table(
    name: str, listed: Listed, candles: Candles, selection: Selection, inside: NDArray[np.bool_] | None
) -> pl.DataFrame:
    """The table of one formula's matches, with their rows in the candles in `~row`."""
    tags = [tag.alias(column) for column, tag in tags_of(name, selection, len(listed.rows)).items()]
    labels = selection.indicators[name]
    values = [column.alias(reported(label)) for label, column in zip(labels, listed.columns, strict=True)]
    # [] gathers at once, where gather makes a query of it
    keys = [
        listed.rows.alias("~row"),
        repeated("symbol", candles.symbols, listed.counts),
        candles.ts[listed.rows].alias("ts"),
    ]
    table = pl.DataFrame([*keys, *tags, *values])
    return table if inside is None else table.filter(column_of("inside", inside[listed.rows.to_numpy()]))
