"""Executors: what runs a plan over candles."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Final, Protocol

import polars as pl

from ...data.candles import Candles
from ...data.timeframes import Timeframe
from ...errors import ProcessingEngineError
from ...formulas import Plan, Stage
from .joining import made_of
from .polars_executor import PolarsExecutor
from .tile_executor import TileExecutor

EXECUTORS: Final = ("auto", "polars", "tiles")
"""`auto` takes tiles, and Polars where llvmlite, which compiles their kernels, is missing."""


class Executor(Protocol):
    """Runs the stages of one plan.

    `start` takes checked candles of whole symbols (ts and the plan's columns; float64, undefined = null), and the candles of the plan's other symbols. `advance` runs one stage and keeps symbol,
    ts and what later stages and the results need. Both may be called from several threads at once.
    """

    def start(
        self, candles: Candles, timeframe: Timeframe | None, references: Mapping[str, pl.DataFrame]
    ) -> pl.DataFrame:
        """Make the frame that the first stage reads."""
        ...

    def advance(self, stage: Stage, frame: pl.DataFrame) -> pl.DataFrame:
        """Run one stage."""
        ...


def make_executor(name: str, plan: Plan, zone: str = "UTC") -> Executor:
    """The executor of that name for a plan; `zone` is the exchange's time zone.

    Raises ProcessingEngineError if there is none of that name.
    """
    if name not in EXECUTORS:
        message = f"there is no executor {name!r}: choose one of {', '.join(EXECUTORS)}"
        raise ProcessingEngineError(message)
    return PolarsExecutor(plan, zone) if chosen(name) == "polars" else TileExecutor(plan, zone)


def chosen(name: str) -> str:
    """What `auto` stands for on this machine."""
    if name != "auto":
        return name
    return "tiles" if find_spec("llvmlite") else "polars"


__all__ = ["EXECUTORS", "Executor", "PolarsExecutor", "TileExecutor", "chosen", "made_of", "make_executor"]
