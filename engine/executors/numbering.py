"""What every frame has that programs run on: its symbols and bars numbered, and exchange time."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ...data.candles import starts_of
from ...formulas.scope import BAR, LOCAL, SYMBOL, TS

FRAME_COLUMNS: Final = ("symbol", TS, SYMBOL, BAR, LOCAL)
"""What every frame between stages has: the symbol's name, ts, dense symbol id, row within the symbol, exchange time."""


def ready(frame: pl.DataFrame, zone: str) -> pl.DataFrame:
    """The frame as `prepared`; one of a single row has it twice, of which the caller takes the head."""
    return prepared(never_single(frame), zone)


def never_single(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame; its row twice where there is but one.

    Polars computes with a column of one row as with a constant, and rounds differently there (and takes two equal rows
    for one; those of Arrow are two).
    """
    return pl.DataFrame(pl.concat([frame, frame]).to_arrow()) if frame.height == 1 else frame


def prepared(frame: pl.DataFrame, zone: str) -> pl.DataFrame:
    """The frame with a dense, truly sorted symbol id, the row within the symbol, and exchange time.

    Rows must be sorted by (symbol, ts); every symbol's rows stand together.
    """
    return numbered(frame, np.diff(starts_of(frame["symbol"])), zone)


def numbered(frame: pl.DataFrame, lengths: NDArray[np.int64], zone: str) -> pl.DataFrame:
    """As `prepared`, where the symbols' lengths are known."""
    ids = pl.Series(np.repeat(np.arange(lengths.size, dtype=np.uint32), lengths)).set_sorted()
    begins = np.repeat(np.cumsum(lengths) - lengths, lengths)
    bars = pl.Series(BAR, np.arange(frame.height, dtype=np.int64) - begins)
    is_instant = isinstance(frame.schema[TS], pl.Datetime) and frame.schema[TS].time_zone is not None
    if frame.schema[TS] == pl.Date:
        local = pl.col(TS).cast(pl.Datetime("us"))
    else:
        local = pl.col(TS).dt.convert_time_zone(zone) if is_instant and zone != "UTC" else pl.col(TS)
    return frame.with_columns(ids.alias(SYMBOL), bars, local.alias(LOCAL))


def starts(frame: pl.DataFrame) -> NDArray[np.int64]:
    """The first row of each symbol, and the number of rows."""
    first = frame.select(pl.arg_where(pl.col(BAR) == 0)).to_series().to_numpy().astype(np.int64)
    return np.append(first, frame.height)
