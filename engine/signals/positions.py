"""Positions from entries and exits, by the language's own `flip`: where `exrem` has a signal that is on.

A position is on from a bar where its entry is true until one where its exit is; where both are true, it is off. Entries
of one side end a position of the other. An undefined signal is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from ...data.frames import FrameRepository
from ...errors import ProcessingEngineError
from ..jobs import ProcessingJob
from .points import Point

POSITION: Final = "position"
LONG: Final = ("entry", "exit", "short_entry")
SHORT: Final = ("short_entry", "short_exit", "entry")


def positions(table: pl.DataFrame, points: Sequence[Point], timeframe: str) -> list[pl.Series]:
    """The position of each point at every bar: 1 long, -1 short, 0 none.

    `table` has symbol, ts and the signals' columns, sorted by symbol and ts. Raises ProcessingEngineError where no
    signal opens a position.
    """
    names = points[0].columns
    if not {LONG[0], SHORT[0]} & names.keys():
        given = ", ".join(names)
        raise ProcessingEngineError(
            f"positions begin with a signal called entry (or short_entry) and end with exit (or short_exit); "
            f"there are {given}"
        )
    columns = list(dict.fromkeys(column for point in points for column in point.columns.values()))
    plain = {column: f"signal_{place}" for place, column in enumerate(columns)}
    made = _evaluated(table.rename(plain), points, plain, timeframe)
    return [_side(made, f"long_{place}") - _side(made, f"short_{place}") for place in range(len(points))]


def _evaluated(table: pl.DataFrame, points: Sequence[Point], plain: Mapping[str, str], timeframe: str) -> pl.DataFrame:
    """Both sides of every point, as far as they have an entry."""
    from ..processing import ProcessingEngine  # noqa: PLC0415 - it makes signals, and these make positions by it

    formulas: dict[str, str] = {}
    for place, point in enumerate(points):
        signals = {name: plain[column] for name, column in point.columns.items()}
        for side, (begins, ends, other) in (("long", LONG), ("short", SHORT)):
            if begins in signals:
                resets = [signals[name] for name in (ends, other) if name in signals]
                formulas[f"{side}_{place}"] = f"flip({signals[begins]}, {' or '.join(resets) or 'false'})"
    if table.is_empty():
        return pl.DataFrame(schema=dict.fromkeys(formulas, pl.Boolean))
    repository = FrameRepository(table, timeframe=timeframe, name="the signals")
    with ProcessingEngine(repository) as engine:
        return engine.evaluate(ProcessingJob(None, formulas, timeframe=timeframe))


def _side(made: pl.DataFrame, name: str) -> pl.Series:
    """1 where a position of the side is on."""
    if name in made.columns:
        return made[name].cast(pl.Int8).alias(POSITION)
    return pl.repeat(0, made.height, dtype=pl.Int8, eager=True).alias(POSITION)
