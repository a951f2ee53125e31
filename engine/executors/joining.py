"""Joining series of another timeframe or symbol: always on the time a bar is known, never on its label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from ...data.resampling import BUCKET_END, FIRST_TS, resample
from ...data.timeframes import Timeframe, infer_timeframe
from ...errors import ProcessingEngineError
from ...formulas.scope import BAR, LOCAL, SYMBOL, TS
from .surroundings import Surroundings

KNOWN: Final = "~known"
"""The instant from which a bar's values are known: its end."""


def made_of(own: Timeframe, target: str) -> Timeframe:
    """The timeframe that a formula names; ProcessingEngineError if whole bars of the data do not make it up."""
    coarser = Timeframe.parse(target)
    if coarser < own or not coarser.made_of(own):
        message = f'timeframe("{target}", ...) cannot be made of {own} bars'
        raise ProcessingEngineError(f"{message}: ask for whole multiples of the data's own bars")
    return coarser


def on_timeframe(
    frame: pl.DataFrame, own: Timeframe | None, target: str, zone: str, columns: Sequence[str] | None = None
) -> pl.DataFrame:
    """The frame's bars joined to a coarser timeframe, with the instant when each is complete in `~known`.

    A symbol's first bucket is undefined where the data begin inside it. Raises ProcessingEngineError if the data are
    not fine enough.
    """
    coarser = made_of(own_timeframe(frame, own), target)
    if columns is None:
        columns = [name for name in frame.columns if name not in {"symbol", TS, SYMBOL, BAR, LOCAL}]
    joined = resample(frame, coarser, columns, tz=calendar_zone(frame, zone), edges=True)
    is_first = pl.col("symbol") != pl.col("symbol").shift(1)
    is_cut = is_first.fill_null(value=True) & (pl.col(FIRST_TS) > pl.col(TS))
    whole = [pl.when(~is_cut).then(pl.col(name)).alias(name) for name in columns]
    return joined.select("symbol", TS, *whole, pl.col(BUCKET_END).alias(KNOWN))


def join_known(frame: pl.DataFrame, values: pl.DataFrame, names: Sequence[str], at: pl.Expr) -> list[pl.Series]:
    """For each row the latest of its symbol's `values` that was known at `at`; undefined before the first."""
    left = frame.select(at.alias(KNOWN), SYMBOL)
    joined = left.join_asof(values, on=KNOWN, by=SYMBOL, strategy="backward", check_sortedness=False)
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
    known = in_instants(known_at(frame, around.timeframe, around.zone), frame, around.zone)
    left = frame.select(known.alias(KNOWN), pl.col("symbol").cast(pl.String))
    right = values.rename({TS: KNOWN}).with_columns(pl.col("symbol").cast(pl.String))
    joined = left.join_asof(right, on=KNOWN, by="symbol", strategy="backward", check_sortedness=False)
    return [joined[name] for name in names]


def in_instants(moment: pl.Expr, frame: pl.DataFrame, zone: str) -> pl.Expr:
    """Moments of the frame's calendar as instants in UTC; a date is its first moment in the exchange's zone."""
    kind = frame.schema[TS]
    if isinstance(kind, pl.Datetime) and kind.time_zone is not None:
        return moment.cast(pl.Datetime("us", "UTC"))
    naive = moment.cast(pl.Datetime("us"))
    tz = zone if kind == pl.Date else "UTC"
    return naive.dt.replace_time_zone(tz, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")


def known_at(frame: pl.DataFrame, own: Timeframe | None, zone: str) -> pl.Expr:
    """The instant when each bar of the frame is known."""
    return own_timeframe(frame, own).after(pl.col(TS), calendar_zone(frame, zone))


def own_timeframe(frame: pl.DataFrame, told: Timeframe | None) -> Timeframe:
    """The timeframe of the frame's bars: as told, or inferred."""
    return told or infer_timeframe(frame)


def calendar_zone(frame: pl.DataFrame, zone: str) -> str:
    """Dates are exchange dates already; instants are counted in the exchange's zone."""
    return zone if isinstance(frame.schema[TS], pl.Datetime) else "UTC"
