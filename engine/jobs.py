"""What a job asks for: which formulas, over which symbols, which bars, at which timeframe."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field, replace
from datetime import date, datetime, timedelta
from typing import Final, Literal, TypeAlias, get_args

import numpy as np

from ..data.options import shown
from ..data.sessions import Session
from ..data.timeframes import Timeframe
from ..errors import ProcessingEngineError
from ..formulas.check.applying import shown_value
from ..formulas.check.tunable import is_finite
from ..formulas.freezing import frozen
from ..formulas.limits import MOST_POINTS
from ..formulas.parse.parsing import HALF
from .given import DIALECT, assert_by_name, assert_kind

Bound: TypeAlias = date | datetime | str
Setting: TypeAlias = float | bool | str
Outputs: TypeAlias = Literal["result", "all", "parts", "distances"]
Values: TypeAlias = Collection[Setting]
"""Several values for a param, to be tried one by one: a range, a list, an array."""

ONLY: str = "match"  # the name of a formula that was given without one


@frozen
class DateRange:
    """The bars that are reported: `start` and `end` are inclusive, None is open.

    Each is a date, a datetime or ISO text; a date means the whole exchange day. Earlier bars that the
    formula reaches are loaded besides. Of bars made of shorter ones, one that is not over at `end` is left out.

    >>> DateRange("2016-01-01", "2016-12-31").end
    '2016-12-31'
    """

    start: Bound | None = None
    end: Bound | None = None

    def __post_init__(self) -> None:
        first, last = (_day(bound) for bound in (self.start, self.end))
        if first is not None and last is not None and first > last:
            raise ProcessingEngineError(f"the range starts on {self.start} and ends before that, on {self.end}")


WAYS: Final = "give a text, a Formula, several in a list, or by name"
SWAPPED: Final = "the formula comes first, then the candles"
NO_FORMULA: Final = f"there is no formula: {WAYS}"
VALUES: Final = 'values are formulas by name, {"change": "roc(close, 20)"}'
PARAMETERS: Final = 'parameters are given by name, {"n": 20}'
MOST_DAYS: Final = 1_000_000


@frozen
class Formula:
    """A formula's source with values for its `param`s; `name` tells several formulas of a job apart.

    A param with several values (a range, a list) is swept: each is tried, and the results have a column of its name.
    `dialect` is the foreign language that the source is written in ("qlib", "alpha101", ...); None: the job's.
    """

    source: str
    name: str = ""
    parameters: Mapping[str, Setting | Values] = field(default_factory=dict)
    dialect: str | None = None


Formulas: TypeAlias = str | Formula | Mapping[str, str | Formula] | Sequence[Formula] | None


@frozen
class ProcessingJob:
    """One sweep. `symbols` None means all; `formula` None means: check the candles and count them.

    `latest` reports matches on the universe's last ts alone and loads only the bars that the formula reaches, so the
    range may have an end but no start; `stale` (a timedelta, or days) then admits symbols whose last bar is older by
    at most that, marked in the column `stale`. `values` are number formulas reported with each match, one column a
    name. `dialect` is that of formulas and values that name none. `outputs="all"`, which is for values at every bar,
    adds the formulas' named lines to their results; `outputs="parts"` gives the parts of a single formula instead, and
    `"distances"` how far its conditions are from being true as well. With a `session`, the exchange's hours, longer
    bars that formulas ask for begin and end with it. Raises ProcessingEngineError for what can be refused without
    looking at any candle.

    >>> ProcessingJob(["AAPL"], "close > sma(close, 20)").formulas["match"].source
    'close > sma(close, 20)'
    """

    symbols: Sequence[str] | None = None
    formula: Formulas = None
    date_range: DateRange | None = None
    timeframe: str = "1d"
    parameters: Mapping[str, Setting | Values] | None = None
    latest: bool = False
    stale: timedelta | float | None = None
    executor: str = "auto"
    values: Mapping[str, str] = field(default_factory=dict)
    outputs: Outputs = "result"
    session: Session | None = None
    dialect: str | None = None

    def __post_init__(self) -> None:
        self._assert_kinds()
        if self.outputs not in get_args(Outputs):
            raise ProcessingEngineError(
                f"outputs is {self.outputs!r}; it is one of {', '.join(map(repr, get_args(Outputs)))}"
            )
        if self.session is not None and not isinstance(self.session, Session):
            hint = 'write Session("09:30", "16:00", tz="America/New_York")'
            raise ProcessingEngineError(f"session is {self.session!r}; {hint}")
        if self.stale is not None and not self.latest:
            raise ProcessingEngineError("stale= is about the latest bars: ask for latest=True too")
        if self.latest and self.bounds.start is not None:
            message = "latest=True reports the last bar alone, so start= has no use there; end= moves the last bar"
            raise ProcessingEngineError(message)
        object.__setattr__(self, "symbols", _as_texts(self.symbols))
        if self.formula is not None and not self.formulas:
            raise ProcessingEngineError(NO_FORMULA)
        _assert_distinct(self.formula)
        _assert_names([*self.formulas, *self.values])
        _assert_dialects((self.dialect, *(formula.dialect for formula in self.formulas.values())))
        for each in (self.parameters or {}, *(formula.parameters for formula in self.formulas.values())):
            as_settings({name: value for name, value in each.items() if name not in swept(each)})
            for name, values in swept(each).items():
                for value in values:
                    as_settings({name: value})

    def _assert_kinds(self) -> None:
        assert_kind(self.timeframe, str | Timeframe, 'a timeframe is a text such as "1d"')
        assert_kind(self.date_range, DateRange | None, 'a date range is a DateRange("2016-01-01", "2016-12-31")')
        assert_by_name(self.parameters, PARAMETERS)
        assert_kind(self.values, Mapping, VALUES)
        assert_by_name(self.values, VALUES)
        for each in self.values.values():
            assert_kind(each, str, "values are texts of formulas")
        for name in ("executor", "outputs"):
            assert_kind(getattr(self, name), str, f"{name} is a text")
        assert_kind(self.dialect, str | None, DIALECT)
        days = self.stale.total_seconds() / 86_400 if isinstance(self.stale, timedelta) else self.stale
        if days is not None and not (isinstance(days, int | float) and 0 <= days <= MOST_DAYS):
            raise ProcessingEngineError(
                f"stale is {shown(self.stale)}; it is a timedelta, or days from 0 to {MOST_DAYS:,}"
            )

    @property
    def formulas(self) -> dict[str, Formula]:
        """The job's formulas by name."""
        given = self.formula
        if given is None:
            return {}
        if isinstance(given, Mapping):
            assert_by_name(given, 'several formulas are given by name, {"up": "close > open"}')
            return {name: self._in_dialect(_formula(formula)) for name, formula in given.items()}
        return {formula.name or ONLY: self._in_dialect(formula) for formula in _listed(given)}

    def _in_dialect(self, formula: Formula) -> Formula:
        return formula if self.dialect is None or formula.dialect else replace(formula, dialect=self.dialect)

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

    def settings(self, formula: Formula | None = None) -> dict[str, Setting]:
        """The job's parameters, and over them a formula's own; of a job whose sweeps are laid open (sweeps.py)."""
        return as_settings({**(self.parameters or {}), **(formula.parameters if formula else {})})


def as_settings(parameters: Mapping[str, object] | None) -> dict[str, Setting]:
    """Parameters as Python's own numbers, booleans and texts; NumPy's are unwrapped, NaN and infinities refused."""
    assert_by_name(parameters, PARAMETERS)
    settings: dict[str, Setting] = {}
    for name, given in (parameters or {}).items():
        value = given.item() if isinstance(given, np.generic) else given
        if not isinstance(value, int | float | bool | str):
            wanted = "a number, True, False or a text is wanted"
            raise ProcessingEngineError(f"the parameter {name} is {shown_value(value)}; {wanted}")
        if not isinstance(value, str) and not is_finite(value):
            raise ProcessingEngineError(f"the parameter {name} is {shown_value(value)}, no number to compute with")
        settings[name] = value
    return settings


def swept(parameters: Mapping[str, object]) -> dict[str, list[Setting]]:
    """The params that have several values, with them; raises ProcessingEngineError for no value and for too many."""
    assert_by_name(parameters, PARAMETERS)
    found: dict[str, list[Setting]] = {}
    for name, given in parameters.items():
        if not isinstance(given, Collection) or isinstance(given, str | Mapping) or getattr(given, "ndim", 1) == 0:
            continue
        if not 0 < len(given) <= MOST_POINTS:
            bounds = f"from 1 to {MOST_POINTS:,} are computed at once; a range from..to rises"
            raise ProcessingEngineError(f"the parameter {name} has {len(given):,} values to try: {bounds}")
        found[name] = [value.item() if isinstance(value, np.generic) else value for value in given]
    return found


def _as_texts(symbols: object) -> str | tuple[str, ...] | None:
    """Symbols as given, of an iterator, which can be read once only, what it has."""
    if symbols is None or isinstance(symbols, str):
        return symbols
    assert_kind(symbols, Iterable, "symbols are a list of texts")
    assert isinstance(symbols, Iterable)
    listed = tuple(symbols)
    for symbol in listed:
        assert_kind(symbol, str, "symbols are texts")
        if HALF.search(symbol):
            raise ProcessingEngineError(f"the symbol {shown_value(symbol)} holds half a character")
    return listed


def _assert_names(names: Iterable[object]) -> None:
    """Refuse names of formulas that no column can bear."""
    for name in names:
        if not isinstance(name, str) or not name:
            raise ProcessingEngineError(f"formulas are called by texts, {shown_value(name)} is no name")
        if HALF.search(name):
            raise ProcessingEngineError(f"the formula's name {shown_value(name)} holds half a character")


def _formula(given: str | Formula) -> Formula:
    if not isinstance(given, str | Formula):
        raise ProcessingEngineError(f"{shown(given)} is no formula; give its text, or a Formula")
    formula = Formula(given) if isinstance(given, str) else given
    assert_kind(formula.source, str, "a formula is a text")
    assert_kind(formula.name, str, "formulas are called by texts")
    assert_kind(formula.parameters, Mapping, PARAMETERS)
    assert_by_name(formula.parameters, PARAMETERS)
    assert_kind(formula.dialect, str | None, DIALECT)
    return formula


def _listed(given: str | Formula | Sequence[str | Formula]) -> list[Formula]:
    if not isinstance(given, str | Formula | Sequence):
        which = SWAPPED if hasattr(given, "columns") else WAYS
        raise ProcessingEngineError(f"{shown(given)} is no formula; {which}")
    return [_formula(each) for each in ([given] if isinstance(given, str | Formula) else given)]


def _assert_dialects(named: Iterable[str | None]) -> None:
    for name in filter(None, named):
        from ..formulas.dialects import assert_dialect  # noqa: PLC0415 - few formulas are foreign

        assert_dialect(name)


def _assert_distinct(given: Formulas) -> None:
    """Refuse lists in which one formula would take the place of another."""
    if given is None or isinstance(given, Mapping):
        return
    names = Counter(formula.name or ONLY for formula in _listed(given))
    name, times = max(names.items(), key=lambda each: each[1], default=(ONLY, 0))
    if times > 1:
        called = f"have no name, or that of those without one, {ONLY!r}" if name == ONLY else f"are called {name!r}"
        raise ProcessingEngineError(f"{times} formulas of the list {called}; their names have to tell them apart")


def _day(bound: object) -> date | None:
    bound = bound.item() if isinstance(bound, np.generic) else bound
    if bound is None:
        return None
    if isinstance(bound, str):
        try:
            bound = datetime.fromisoformat(bound)
        except ValueError:
            raise ProcessingEngineError(f"{bound!r} is no date; write it as 2016-12-31") from None
    if not isinstance(bound, date):
        raise ProcessingEngineError(f"{bound!r} is no date; write it as 2016-12-31")
    return bound.date() if isinstance(bound, datetime) else bound
