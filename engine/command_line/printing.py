"""Matches printed as they come: rows under one heading for people, lines of JSON for programs."""

from __future__ import annotations

import sys
from collections.abc import Callable

import polars as pl

from ..live.journal import as_lines
from .aligning import lines, texts
from .formats import Format


def printer(how: Format) -> Callable[[pl.DataFrame], None]:
    """What is called with matches that are new."""
    return Rows().show if how is Format.TABLE else show_lines


def show_lines(matches: pl.DataFrame) -> None:
    """Each match as a line of JSON; whoever reads has it at once."""
    sys.stdout.write("".join(f"{line}\n" for line in as_lines(matches)))
    sys.stdout.flush()


class Rows:
    """Rows of one table, which are not all known when its heading is written: columns widen when they have to."""

    def __init__(self) -> None:
        self._widths: dict[str, int] = {}

    def show(self, matches: pl.DataFrame) -> None:
        """Add rows."""
        rows = pl.DataFrame(list(map(texts, matches.get_columns())))
        is_first = not self._widths
        for name in rows.columns:
            widest = rows[name].str.len_chars().max()
            known = self._widths.get(name, len(name))
            self._widths[name] = max(known, widest if isinstance(widest, int) else 0)
        if is_first:
            heading = pl.DataFrame({name: [name] for name in matches.columns})
            sys.stdout.write(lines(heading, matches.schema, self._widths))
        sys.stdout.write(lines(rows, matches.schema, self._widths))
        sys.stdout.flush()
