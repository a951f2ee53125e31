"""What a plan may look at beside the candles at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

import polars as pl

from ...data.sessions import Session
from ...data.timeframes import Timeframe
from ...formulas.freezing import frozen


@frozen
class Surroundings:
    """The data's own timeframe, None where nobody knows it; candles of other symbols; the exchange's time zone.

    `tables` are other tables by name: symbol, ts (the instant from which a row is known, in UTC) and their columns.
    `session` are the exchange's hours, None where longer bars follow the calendar.
    """

    timeframe: Timeframe | None = None
    references: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    zone: str = "UTC"
    tables: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    session: Session | None = None
