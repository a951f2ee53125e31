"""Frames put together column by column.

A query takes longer to make than a batch's columns to hand on, and over a frame in many pieces it copies every column.
"""

from __future__ import annotations

import polars as pl


def with_columns(frame: pl.DataFrame, *columns: pl.Series) -> pl.DataFrame:
    """The frame with these columns, each in the place of the one of its name, or behind the others.

    >>> with_columns(pl.DataFrame({"a": [1], "b": [2]}), pl.Series("b", [3]), pl.Series("c", [4])).to_dicts()
    [{'a': 1, 'b': 3, 'c': 4}]
    """
    named = {column.name: column for column in (*frame.get_columns(), *columns)}
    return pl.DataFrame(list(named.values()))


def without(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """The frame without a column, if it has it.

    >>> without(pl.DataFrame({"a": [1], "b": [2]}), "a").columns
    ['b']
    """
    return pl.DataFrame([column for column in frame.get_columns() if column.name != name])
