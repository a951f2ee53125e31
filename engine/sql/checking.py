"""From calls to the tables that the engine fills: every formula checked, faults told at their places in the SQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Final

import polars as pl

from ...data.layout import DTYPES
from ...data.repository import CandleRepository
from ...data.timeframes import Timeframe
from ...errors import FormulaError, Problem, ProcessingEngineError, RepositoryError
from ...formulas import Checked
from ...formulas.columns import column_text
from ...formulas.dialects import assert_dialect
from ...formulas.freezing import mutable
from ...formulas.language import declared_parameters
from ..jobs import Formula, Setting, Values, as_settings, swept
from ..plans import require_condition
from ..service import FormulaService
from ..sources import columns_of, span_of, symbols_of
from ..splitting import reported
from .calls import Argument, Call
from .faults import fault
from .statements import Statement
from .tables import Bars, Filled, Matches, distinct

KEYS_OF_CANDLES: Final = ("symbol", "ts")
TAGS: Final = {bool: pl.Boolean(), int: pl.Float64(), float: pl.Float64(), str: pl.String()}


@mutable(slots=False)
class Checking:
    """What the calls of one query are checked against; gathers their faults, so that all are told at once."""

    repository: CandleRepository
    service: FormulaService
    tables: Mapping[str, Mapping[str, str]]
    timeframe: str
    dialect: str | None
    parameters: Mapping[str, Setting | Values]
    problems: list[Problem] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    warnings: list[Problem] = field(default_factory=list)

    def tables_of(self, statement: Statement, calls: Sequence[Call]) -> list[Filled]:
        """A table for each call. Raises FormulaError with every fault of every formula."""
        found = [self._table(statement, call) for call in calls]
        if self.problems:
            raise FormulaError(self.problems, statement.text)
        unused = sorted(self.parameters.keys() - self.used)
        if unused:
            raise ProcessingEngineError(f"no formula of the query has a param {unused[0]!r}")
        return [table for table in found if table is not None]

    def candles(self, timeframe: str) -> Bars:
        """The candles themselves."""
        kinds = columns_of(self.repository, timeframe)
        texts = {name: column_text(name) for name in kinds if name not in KEYS_OF_CANDLES}
        named = {name: text for name, text in texts.items() if text is not None}
        names = dict(zip(distinct([*KEYS_OF_CANDLES, *named])[len(KEYS_OF_CANDLES) :], named, strict=True))
        types = {own: DTYPES[kinds[name]] for own, name in names.items()}
        formulas = {own: Formula(named[name]) for own, name in names.items()}
        return Bars({**self._keys(timeframe), **types}, formulas, timeframe)

    def _table(self, statement: Statement, call: Call) -> Filled | None:
        try:
            timeframe = Timeframe.parse(str(call.options.get("timeframe", self.timeframe))).text
            assert_dialect(self._dialect(call))
        except (RepositoryError, ProcessingEngineError) as error:
            raise fault(statement.text, call.span, str(error)) from None
        self._assert_claimed(statement, call)
        if call.function == "scan":
            return self._matches(statement, call, timeframe)
        return self._bars(statement, call, timeframe)

    def _matches(self, statement: Statement, call: Call, timeframe: str) -> Matches | None:
        (argument,) = call.formulas
        found = self._formula(statement, call, argument, timeframe, condition=True)
        if found is None:
            return None
        formula, checked = found
        stale = call.options.get("stale")
        if stale is not None and not call.options.get("latest"):
            raise fault(statement.text, call.span, "stale is about the latest bars", "say latest := true too")
        tags = {name: TAGS[type(values[0])] for name, values in swept(formula.parameters).items()}
        marks = {} if stale is None else {"stale": pl.Boolean()}
        labels = {reported(label): node.kind.dtype for label, node in checked.indicators.items()}
        own = {**self._keys(timeframe), **tags, **marks, **labels}
        columns = dict(zip(distinct(own), own, strict=True))
        schema = {name: own[column] for name, column in columns.items()}
        latest = bool(call.options.get("latest", False))
        older = None if stale is None else float(stale)
        return Matches(schema, formula, columns, timeframe, checked.across, latest, older)

    def _bars(self, statement: Statement, call: Call, timeframe: str) -> Bars | None:
        candles = self.candles(timeframe)
        found = [self._formula(statement, call, argument, timeframe, condition=False) for argument in call.formulas]
        if None in found:
            return None
        formulas, types, across = dict(candles.formulas), dict(candles.schema), set[str]()
        for argument, (formula, checked) in zip(call.formulas, filter(None, found), strict=True):
            name = argument.name or _own_name(checked)
            if name.lower() in map(str.lower, types):
                hint = f"name it otherwise: bars('{name}_2: ...')"
                raise fault(statement.text, argument.span, f"bars has a column {name!r} already", hint)
            formulas[name], types[name] = formula, checked.kind.dtype
            across |= {name} if checked.across else set()
        return Bars(types, formulas, timeframe, frozenset(across))

    def _formula(
        self, statement: Statement, call: Call, argument: Argument, timeframe: str, *, condition: bool
    ) -> tuple[Formula, Checked] | None:
        """A formula, checked; None where a fault was found, which is told later."""
        source, own = str(argument.value), self._dialect(call)
        try:
            parameters = self._parameters(statement, call, declared_parameters(source, own))
            first = {name: values[0] for name, values in swept(parameters).items()}
            settings = as_settings({**parameters, **first})
            kinds = columns_of(self.repository, timeframe)
            checked = self.service.check(source, kinds, settings, self.tables, own)
            if condition:
                require_condition(checked)
            self.warnings += _placed(checked.warnings, argument, statement.text)
        except FormulaError as error:
            if argument.parameter:
                raise FormulaError(error.problems, error.source, f"${argument.parameter}") from None
            self.problems += _placed(error.problems, argument, statement.text)
            return None
        return Formula(source, parameters=parameters, dialect=own), checked

    def _parameters(self, statement: Statement, call: Call, declared: frozenset[str]) -> dict[str, Setting | Values]:
        """The params of a formula: those that its call gives, else those given for all."""
        shared = {name: value for name, value in self.parameters.items() if name in declared}
        self.used |= shared.keys()
        own = {name: _setting(statement, each) for name, each in call.parameters.items() if name in declared}
        found = {**shared, **own}
        if call.function == "bars" and swept(found):
            name = next(iter(swept(found)))
            hint = "scan takes several, bars one: name a column for each"
            raise fault(statement.text, call.span, f"the param {name} has several values", hint)
        return found

    def _assert_claimed(self, statement: Statement, call: Call) -> None:
        """Every param that a call gives is one of its formulas'."""
        texts = [str(argument.value) for argument in call.formulas]
        try:
            declared = frozenset[str]().union(*(declared_parameters(text, self._dialect(call)) for text in texts))
        except FormulaError:  # which is told where the formula is checked
            return
        for name, argument in call.parameters.items():
            if name not in declared:
                hint = f"there are {', '.join(sorted(declared))}" if declared else "declare it: param n = 14; ..."
                problem = f"no formula of {call.function} has a param {name!r}"
                raise fault(statement.text, argument.span, problem, hint)

    def _dialect(self, call: Call) -> str | None:
        own = call.options.get("dialect", self.dialect)
        return None if own is None else str(own)

    def _keys(self, timeframe: str) -> dict[str, pl.DataType]:
        return {"symbol": pl.String(), "ts": type_of_ts(self.repository, timeframe)}


def type_of_ts(repository: CandleRepository, timeframe: str) -> pl.DataType:
    """The type of the column ts: a date, or an instant."""
    ends = span_of(repository, timeframe)
    if ends is not None:
        return pl.Datetime("us", "UTC") if isinstance(ends[0], dt.datetime) else pl.Date()
    few = list(symbols_of(repository, timeframe, None))[:1]
    ts: pl.DataType = pl.DataFrame(repository.load(few, timeframe, None, None, [], 0)).schema["ts"]
    return ts


def _own_name(checked: Checked) -> str:
    """What a formula calls its result, else its text."""
    named = [name for name, node in checked.lines.items() if node is checked.result]
    return named[-1] if named else checked.source.strip()


def _setting(statement: Statement, argument: Argument) -> Setting | Values:
    """A param's value, or several of them."""
    given: dict[str, object] = {argument.name: argument.value}
    try:
        several = swept(given)
        for values in several.values():
            for value in values:
                as_settings({argument.name: value})
        return several[argument.name] if several else as_settings(given)[argument.name]
    except ProcessingEngineError as error:
        raise fault(statement.text, argument.span, str(error)) from None


def _placed(problems: Sequence[Problem], argument: Argument, text: str) -> list[Problem]:
    """Problems of a formula as problems of the query in which it stands."""
    found = list[Problem]()
    for problem in problems:
        start, end = argument.span.start, argument.span.end
        if argument.places is not None:
            last = len(argument.places) - 1
            start = argument.places[min(problem.start, last)]
            end = argument.places[max(0, min(problem.end, last) - 1)] + 1
        found.append(Problem.at(text, start, end, problem.message, problem.hint, problem.note))
    return found
