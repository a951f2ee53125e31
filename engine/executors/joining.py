"""Joining series of another timeframe or symbol: always on the time a bar is known, never on its label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from ...data.instants import at_local
from ...data.resampling import BUCKET_BEGIN, BUCKET_END, FIRST_TS, resample
from ...data.timeframes import Timeframe, infer_timeframe
from ...errors import ProcessingEngineError
from ...formulas.limits import MOST_BARS_IN_ONE
from ...formulas.scope import BAR, LOCAL, SYMBOL, TS
from .surroundings import Surroundings

OWNER: Final = "~owner"
"""The number of the symbol to which a bar of another timeframe belongs."""
KNOWN: Final = "~known"
"""The instant from which a bar's values are known: its end."""


def made_of(own: Timeframe, target: str) -> Timeframe:
    """The timeframe that a formula names; ProcessingEngineError if whole bars of the data do not make it up.

    Likewise if too many of them would.
    """
    coarser = Timeframe.parse(target)
    if coarser < own or not coarser.made_of(own):
        message = f'timeframe("{target}", ...) cannot be made of {own} bars'
        raise ProcessingEngineError(f"{message}: ask for whole multiples of the data's own bars")
    if coarser.seconds / own.seconds > MOST_BARS_IN_ONE:
        message = f'timeframe("{target}", ...) has more than {MOST_BARS_IN_ONE:,} bars of {own} in one'
        raise ProcessingEngineError(f"{message}: ask for shorter bars, or scan longer ones")
    return coarser


def on_timeframe(
    frame: pl.DataFrame, around: Surroundings, target: str, columns: Sequence[str] | None = None
) -> pl.DataFrame:
    """The frame's bars joined to a coarser timeframe, with the instant when each is complete in `~known`.

    Bars outside the exchange's session do not count. A symbol's first bucket is undefined where the data begin inside
    it. Raises ProcessingEngineError if the data are not fine enough.
    """
    coarser = made_of(own_timeframe(frame, around), target)
    if columns is None:
        columns = [name for name in frame.columns if name not in {"symbol", TS, SYMBOL, BAR, LOCAL}]
    counting = in_session(frame, around)
    rows = frame if counting is None else frame.filter(counting)
    zone, session = around.zone, around.session
    joined = resample(rows, coarser, columns, tz=zone, edges=True, session=session)
    is_first = pl.col("symbol") != pl.col("symbol").shift(1)
    is_cut = is_first.fill_null(value=True) & (pl.col(FIRST_TS) > pl.col(BUCKET_BEGIN if session else TS))
    whole = [pl.when(~is_cut).then(pl.col(name)).alias(name) for name in columns]
    # the dense number that the symbol has in the frame, also where another has no bar that counts
    numbers = frame.filter(pl.col(BAR) == 0).select("symbol", SYMBOL) if SYMBOL in frame.columns else None
    made = joined.select("symbol", TS, *whole, pl.col(BUCKET_END).alias(KNOWN))
    return made if numbers is None else made.join(numbers.rename({SYMBOL: OWNER}), on="symbol", maintain_order="left")


def in_session(frame: pl.DataFrame, around: Surroundings) -> pl.Series | None:
    """Which bars count for longer ones; None for all."""
    if around.session is None:
        return None
    return around.session.inside(frame[TS], own_timeframe(frame, around), around.zone)


def join_known(
    frame: pl.DataFrame, values: pl.DataFrame, names: Sequence[str], around: Surroundings
) -> list[pl.Series]:
    """For each row the latest of its symbol's `values` that was known when the row was; undefined before the first."""
    left = frame.select(known_at(frame, around).alias(KNOWN), pl.col(SYMBOL).alias(OWNER))
    joined = left.join_asof(values, on=KNOWN, by=OWNER, strategy="backward", check_sortedness=False)
    return [joined[name] for name in names]


def join_other(frame: pl.DataFrame, values: pl.DataFrame, names: Sequence[str]) -> list[pl.Series]:
    """For each row the latest of one other symbol's `values`, by ts; undefined before the first.

    The rows' ts begin anew with every symbol, so that no join on a sorted key will do.
    """
    place = values[TS].search_sorted(frame[TS], side="right").cast(pl.Int64) - 1
    return [values[name].gather(place.set(place < 0, None)).alias(name) for name in names]


def join_published(
    frame: pl.DataFrame, values: pl.DataFrame, names: Sequence[str], around: Surroundings
) -> list[pl.Series]:
    """For each row the latest of its symbol's `values` that was published before the bar was known, by ts."""
    known = in_instants(known_at(frame, around), around.zone)
    left = frame.select(known.alias(KNOWN), pl.col("symbol").cast(pl.String))
    right = values.rename({TS: KNOWN}).with_columns(pl.col("symbol").cast(pl.String))
    joined = left.join_asof(right, on=KNOWN, by="symbol", strategy="backward", check_sortedness=False)
    return [joined[name] for name in names]


def in_instants(moments: pl.Series, zone: str) -> pl.Series:
    """Moments as instants in UTC; a date is its first moment in the exchange's zone."""
    kind = moments.dtype
    if isinstance(kind, pl.Datetime) and kind.time_zone is not None:
        return moments.cast(pl.Datetime("us", "UTC"))
    naive = pl.lit(moments).cast(pl.Datetime("us"))
    return pl.select(at_local(naive, zone if kind == pl.Date else "UTC")).to_series()


def known_at(frame: pl.DataFrame, around: Surroundings) -> pl.Series:
    """The moment when each bar of the frame is known; an instant, or of dates without a session the next date."""
    own = own_timeframe(frame, around)
    if around.session is not None:
        return around.session.known(frame[TS], own, around.zone)
    zone = around.zone if isinstance(frame.schema[TS], pl.Datetime) else "UTC"
    return frame.select(own.after(pl.col(TS), zone)).to_series()


def own_timeframe(frame: pl.DataFrame, around: Surroundings) -> Timeframe:
    """The timeframe of the frame's bars: as told, or inferred."""
    return around.timeframe or infer_timeframe(frame)
