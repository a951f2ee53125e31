"""Executors: what runs a plan over candles."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final, Protocol

import polars as pl

from ...data.candles import Candles
from ...errors import ProcessingEngineError
from ...formulas import Plan, Stage
from ...formulas.kernels.machine import Stop
from .joining import made_of
from .polars_executor import PolarsExecutor
from .rooms import Rooms
from .surroundings import Surroundings
from .tile_executor import TileExecutor

EXECUTORS: Final = ("auto", "polars", "tiles")
"""`auto` takes tiles, and Polars where llvmlite, which compiles their kernels, is missing."""


class Executor(Protocol):
    """Runs the stages of one plan.

    `start` takes checked candles of whole symbols (ts and the plan's columns; float64, undefined = null). `advance`
    runs one stage and keeps symbol, ts and what later stages and the results need. No run depends on
    an earlier one: several jobs, and several threads, may use it at once.
    """

    def start(self, candles: Candles, around: Surroundings) -> pl.DataFrame:
        """Make the frame that the first stage reads."""
        ...

    def advance(self, stage: Stage, frame: pl.DataFrame, around: Surroundings, stop: Stop) -> pl.DataFrame | None:
        """Run one stage; None if the flag was raised."""
        ...


def make_executor(name: str, plan: Plan, rooms: Rooms | None = None, *, indicators: bool = True) -> Executor:
    """The executor of that name for a plan, of which results are reported, and its indicators if they are asked for.

    Those that are given the same `rooms` share their memory. Raises ProcessingEngineError if there is none of the name.
    """
    if chosen(known_executor(name)) == "polars":
        return PolarsExecutor()
    if plan.across:
        from .across_executor import AcrossExecutor  # noqa: PLC0415 - takes a start time that most formulas need not pay

        return AcrossExecutor(plan, rooms, indicators=indicators)
    return TileExecutor(plan, rooms)


def known_executor(name: str) -> str:
    """The name, if it is an executor's; raises ProcessingEngineError."""
    if name not in EXECUTORS:
        message = f"there is no executor {name!r}: choose one of {', '.join(EXECUTORS)}"
        raise ProcessingEngineError(message)
    return name


def chosen(name: str) -> str:
    """What `auto` stands for on this machine."""
    if name != "auto":
        return name
    return "tiles" if find_spec("llvmlite") else "polars"


__all__ = [
    "EXECUTORS",
    "Executor",
    "PolarsExecutor",
    "Rooms",
    "Surroundings",
    "TileExecutor",
    "chosen",
    "known_executor",
    "made_of",
    "make_executor",
]
