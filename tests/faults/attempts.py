"""One hostile text, tried: it is checked, and what is sound is planned and computed by both executors.

Anything but an error of barsweep's own goes through, and so does a FormulaError that cannot be shown.
"""

import datetime as dt
from functools import cache

import polars as pl

import barsweep as bs
from barsweep.engine.service import FormulaService
from barsweep.errors import BarsweepError, FormulaError

LANGUAGES = (None, "qlib", "alpha101", "alpha101_yli188", "gtja191")
NUMBERS = ("open", "high", "low", "close", "volume", "vwap", "amount", "cap", "benchmark_close", "benchmark_open")
KINDS = {**dict.fromkeys(NUMBERS, "number"), "sector": "text", "listed": "boolean"}
BARS = 12


@cache
def service():
    return FormulaService()


@cache
def candles():
    """Two symbols with a few days each; every column has a hole."""
    days = [dt.date(2024, 1, 1) + dt.timedelta(days=day) for day in range(BARS)]
    prices = {name: [10.0 + (3 * bar + place) % 7 for bar in range(BARS)] for place, name in enumerate(NUMBERS)}
    one = pl.DataFrame({"ts": days, **prices}).with_columns(
        pl.max_horizontal("open", "close").alias("high"), pl.min_horizontal("open", "close").alias("low")
    )
    both = pl.concat([one.with_columns(symbol=pl.lit(symbol)) for symbol in ("A", "SPY")])
    return both.with_columns(sector=pl.col("symbol").replace("A", "Tech"), listed=pl.col("close") > 12)


def check(text, language=None):
    """What the text means, or the FormulaError that says what is wrong with it, which is shown and encoded."""
    try:
        return service().check(text, KINDS, dialect=language)
    except FormulaError as error:
        found = error
    assert found.problems
    assert str(found).encode()
    assert all(0 <= problem.start <= len(text) for problem in found.problems)
    return found


def compute(text, language=None, executor="auto"):
    """The values at every bar, or barsweep's own word on why there are none."""
    try:
        return bs.evaluate(text, candles(), dialect=language, executor=executor)
    except BarsweepError as error:
        return error


def attempt(text, language=None, *, computed=True):
    """Check, and compute what is sound; both executors know the same values, or neither does. True if it is sound."""
    if isinstance(check(text, language), FormulaError):
        return False
    if computed:
        tiles, polars = (compute(text, language, executor) for executor in ("tiles", "polars"))
        assert isinstance(tiles, BarsweepError) == isinstance(polars, BarsweepError), (tiles, polars)
    return True
