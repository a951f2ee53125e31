"""What a job asks for: which formulas, over which symbols, which bars, at which timeframe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TypeAlias

from ..errors import ProcessingEngineError

Bound: TypeAlias = date | datetime | str
Setting: TypeAlias = float | bool | str

ONLY: str = "match"  # the name of a formula that was given without one


@dataclass(frozen=True, slots=True)
class DateRange:
    """The bars that are reported: `start` and `end` are inclusive, None is open.

    Each is a date, a datetime or ISO text; a date means the whole exchange day. Earlier bars that the
    formula reaches are loaded besides.

    >>> DateRange("2016-01-01", "2016-12-31").end
    '2016-12-31'
    """

    start: Bound | None = None
    end: Bound | None = None

    def __post_init__(self) -> None:
        first, last = (_day(bound) for bound in (self.start, self.end))
        if first is not None and last is not None and first > last:
            raise ProcessingEngineError(f"the range starts on {self.start} and ends before that, on {self.end}")


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula's source with values for its `param`s; `name` tells several formulas of a job apart."""

    source: str
    name: str = ""
    parameters: Mapping[str, Setting] = field(default_factory=dict)


Formulas: TypeAlias = str | Formula | Mapping[str, str | Formula] | Sequence[Formula] | None


@dataclass(frozen=True, slots=True)
class ProcessingJob:
    """One sweep. `symbols` None means all; `formula` None means: check the candles and count them.

    `latest` reports matches on the universe's last ts alone and loads only the bars that the formula reaches;
    `stale` (a timedelta, or days) then admits symbols whose last bar is older by at most that, marked in the
    column `stale`. `values` are number formulas reported with each match, one column a name.

    >>> ProcessingJob(["AAPL"], "close > sma(close, 20)").formulas["match"].source
    'close > sma(close, 20)'
    """

    symbols: Sequence[str] | None = None
    formula: Formulas = None
    date_range: DateRange | None = None
    timeframe: str = "1d"
    parameters: Mapping[str, Setting] | None = None
    latest: bool = False
    stale: timedelta | float | None = None
    executor: str = "auto"
    values: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.stale is not None and not self.latest:
            raise ProcessingEngineError("stale= is about the latest bars: ask for latest=True too")

    @property
    def formulas(self) -> dict[str, Formula]:
        """The job's formulas by name."""
        given = self.formula
        if given is None:
            return {}
        if isinstance(given, str | Formula):
            given = [_formula(given)]
        if isinstance(given, Mapping):
            return {name: _formula(formula) for name, formula in given.items()}
        return {formula.name or ONLY: formula for formula in given}

    @property
    def several(self) -> bool:
        """Whether matches need a column `formula` to tell them apart."""
        return self.formula is not None and not isinstance(self.formula, str | Formula)

    @property
    def requested(self) -> tuple[str, ...] | None:
        """The symbols as asked for; a single text is one symbol."""
        if self.symbols is None:
            return None
        return (self.symbols,) if isinstance(self.symbols, str) else tuple(self.symbols)

    @property
    def bounds(self) -> DateRange:
        """The date range, open on both sides when none was given."""
        return self.date_range or DateRange()

    @property
    def patience(self) -> timedelta | None:
        """How much older than the universe's last ts a symbol's last bar may be; None: not at all."""
        if self.stale is None or isinstance(self.stale, timedelta):
            return self.stale
        return timedelta(days=self.stale)

    def settings(self, formula: Formula) -> dict[str, Setting]:
        """A formula's parameters: the job's, and over them its own."""
        return {**(self.parameters or {}), **formula.parameters}


def _formula(given: str | Formula) -> Formula:
    return Formula(given) if isinstance(given, str) else given


def _day(bound: Bound | None) -> date | None:
    if bound is None:
        return None
    if isinstance(bound, str):
        try:
            bound = datetime.fromisoformat(bound)
        except ValueError:
            raise ProcessingEngineError(f"{bound!r} is no date; write it as 2016-12-31") from None
    return bound.date() if isinstance(bound, datetime) else bound
