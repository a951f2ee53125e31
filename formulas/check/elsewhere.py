"""The forms that look at other rows: timeframe, symbol, table, bars_where; and columns by their name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .. import syntax
from ..freezing import frozen
from ..history import is_across
from ..kinds import Kind
from ..limits import DEEPEST_FORMS, MOST_LOOKS, MOST_SYMBOLS, MOST_UNITS
from ..nodes import Column, Constant, Elsewhere, Node, OtherBars, OtherSymbol, OtherTable, Place, SomeBars, walk
from ..syntax import Expression, Span
from .applying import is_stretch
from .binding import Binder, Evaluate, Slot
from .naming import SPECIAL_FORMS, suggestion
from .session import Session
from .values import FAULTY, Bound, Faulty, Given, Outputs, Value

SLOTS: Final[Mapping[str, tuple[Slot, ...]]] = {
    "column": (Slot("name", required=True),),
    "timeframe": (Slot("timeframe", required=True), Slot("x", required=True), Slot("forming", required=False)),
    "symbol": (Slot("symbol", required=True), Slot("x", required=True)),
    "table": (Slot("table", required=True), Slot("x", required=True)),
    "bars_where": (Slot("condition", required=True), Slot("x", required=True)),
}
FORMS: Final[Mapping[type[Place], str]] = {
    OtherBars: "timeframe",
    OtherSymbol: "symbol",
    OtherTable: "table",
    SomeBars: "bars_where",
}
REFUSED: Final[Mapping[type[Place], tuple[type[Place], ...]]] = {
    OtherBars: (OtherBars,),
    OtherSymbol: (OtherSymbol,),
    OtherTable: (OtherBars, OtherSymbol, OtherTable),
    SomeBars: (OtherBars,),
}
"""What cannot stand inside a form: rows of the one are no rows of which the other could be made."""


@frozen
class Forms:
    """Checks calls of these forms."""

    session: Session

    def value(self, form: str, call: syntax.Call, evaluate: Evaluate) -> Value:
        """The value of a call of a form; FAULTY once its faults are told."""
        bound = self._bound(form, call, evaluate)
        if bound is None:
            return FAULTY
        if form == "column":
            name = self._text(bound["name"], form)
            return FAULTY if name is None else self._column(name, _given(bound["name"]).span)
        place = self._place(form, bound)
        return FAULTY if place is None else self._elsewhere(place, _given(bound["x"]))

    def _bound(self, form: str, call: syntax.Call, evaluate: Evaluate) -> Bound | None:
        if self.session.forms == DEEPEST_FORMS:
            self.session.faults.add(call.name_span, *too_deep(form))
            return None
        with self.session.inside_form():
            inside = self._on_table(call, evaluate) if form == "table" else evaluate
            if inside is None:
                return None
            return Binder(call, SLOTS[form], lambda: SPECIAL_FORMS[form], self.session.faults).bind(inside)

    def _on_table(self, call: syntax.Call, evaluate: Evaluate) -> Evaluate | None:
        """How arguments are evaluated: all but the table's name on the rows of that table."""
        named = [argument.value for argument in call.arguments if argument.name == "table"]
        first = next(iter([*named, *(argument.value for argument in call.arguments if argument.name is None)]), None)
        if first is None:
            return evaluate
        target = evaluate(first)
        name = self._text(Given(target, first.span), "table")
        if name is None or not self._is_table(name, first.span):
            return None

        def inside(expression: Expression) -> Value:
            if expression is first:
                return target
            with self.session.inside(name):
                return evaluate(expression)

        return inside

    def _is_table(self, name: str, span: Span) -> bool:
        tables, faults = self.session.tables, self.session.faults
        if self.session.table is not None:
            faults.add(span, "table() cannot stand inside table()")
        elif name not in tables:
            nearest = suggestion(name, tables)
            hint = f"did you mean {nearest!r}?" if nearest else f'give it with the data: tables={{"{name}": frame}}'
            faults.add(span, f"there is no table {name!r}", hint)
        return self.session.table is None and name in tables

    def _text(self, given: object, form: str) -> str | None:
        assert isinstance(given, Given)
        if isinstance(given.value, Constant) and isinstance(given.value.value, str):
            return given.value.value
        if not isinstance(given.value, Faulty):
            self.session.faults.add(given.span, f"{form} takes text first", f"it is {SPECIAL_FORMS[form]}")
        return None

    def _column(self, name: str, span: Span) -> Value:
        columns = self.session.columns
        if name in columns:
            return self.session.interner.column(name, columns[name])
        self.session.faults.add(span, f"{self.session.owner} no column {name!r}", self.session.listed)
        return FAULTY

    def _place(self, form: str, bound: Bound) -> Place | None:
        if form == "bars_where":
            return self._some_bars(_given(bound["condition"]))
        text = self._text(bound[form], form)
        if text is None:
            return None
        if form == "symbol":
            return self._other_symbol(text, _given(bound["symbol"]).span)
        return OtherTable(text) if form == "table" else self._other_bars(text, bound)

    def _other_symbol(self, name: str, span: Span) -> OtherSymbol:
        symbols = self.session.symbols
        symbols.add(name)
        if len(symbols) == MOST_SYMBOLS + 1:
            message = f"the formula reads more than {MOST_SYMBOLS} other symbols"
            self.session.faults.add(span, message, "functions across symbols, such as rank(x), look at all of them")
        return OtherSymbol(name)

    def _some_bars(self, given: Given) -> SomeBars | None:
        if isinstance(given.value, Faulty):
            return None
        if isinstance(given.value, Outputs) or given.value.kind is not Kind.BOOLEAN:
            hint = f"it is {SPECIAL_FORMS['bars_where']}"
            self.session.faults.add(given.span, "bars_where takes a condition first", hint)
            return None
        return SomeBars(given.value)

    def _other_bars(self, timeframe: str, bound: Bound) -> OtherBars | None:
        if not is_stretch(timeframe):
            hint = f'write a number up to {MOST_UNITS:,} and m, h, d, w, mo, q or y, such as "1w"'
            self.session.faults.add(_given(bound["timeframe"]).span, f"{timeframe!r} is no timeframe", hint)
            return None
        if "forming" not in bound:
            return OtherBars(timeframe)
        forming = _given(bound["forming"])
        if not isinstance(forming.value, Constant) or not isinstance(forming.value.value, bool):
            if not isinstance(forming.value, Faulty):
                self.session.faults.add(forming.span, "timeframe's forming must be true or false")
            return None
        return OtherBars(timeframe, forming.value.value)

    def _elsewhere(self, place: Place, given: Given) -> Value:
        value = given.value
        if isinstance(value, Faulty):
            return FAULTY
        if not isinstance(value, Outputs):
            return self._at(place, value, given.span)
        nodes = {name: self._at(place, node, given.span) for name, node in value.nodes.items()}
        sound = {name: node for name, node in nodes.items() if not isinstance(node, Faulty)}
        return Outputs(FORMS[type(place)], sound) if len(sound) == len(nodes) else FAULTY

    def _at(self, place: Place, node: Node, span: Span) -> Node | Faulty:
        message, hint = self._refused(place, list(walk([node])))
        if message:
            self.session.faults.add(span, message, hint)
            return FAULTY
        made = self.session.interner.elsewhere(node, place)
        looks, layers = self.session.looks, self.session.layers
        inside = [each for each in walk([node], frames=False) if isinstance(each, Elsewhere)]
        # what stands in several places on other rows is evaluated in each, so that this may double with each layer
        looks[made] = 1 + sum(looks[each] for each in inside)
        layers[made] = 1 + max((layers[each] for each in inside), default=0)
        if layers[made] > DEEPEST_FORMS:
            self.session.faults.add(span, *too_deep(FORMS[type(place)]))
            return FAULTY
        if looks[made] > MOST_LOOKS or len(looks) > MOST_LOOKS:
            self.session.faults.add(span, *too_many_looks(max(looks[made], len(looks))))
            self.session.faults.raise_if_any()  # each more would cost time
        return made

    def _refused(self, place: Place, inside: list[Node]) -> tuple[str, str]:
        """What is wrong with an expression at that place, and a way out; empty texts where nothing is."""
        form = FORMS[type(place)]
        if any(map(is_across, inside)):
            return f"a ranking across symbols cannot stand inside {form}()", "rank the result instead"
        others = [node.place for node in inside if isinstance(node, Elsewhere)]
        for other in others:
            if isinstance(other, REFUSED[type(place)]):
                return f"{FORMS[type(other)]}() cannot stand inside {form}()", ""
        if isinstance(place, OtherBars) and place.forming and others:
            message = f"{FORMS[type(others[0])]}() cannot stand inside a bar that is still forming"
            return message, "compute the two apart, and compare their values"
        return self._not_of_table(place, inside) if isinstance(place, OtherTable) else ("", "")

    def _not_of_table(self, place: OtherTable, inside: list[Node]) -> tuple[str, str]:
        columns = self.session.tables[place.table]
        others = [n.name for n in inside if isinstance(n, Column) and columns.get(n.name) is not n.kind]
        if not others:
            return "", ""
        return f"the table {place.table!r} has no column {others[0]!r}", f"it has {', '.join(columns)}"


def too_deep(form: str) -> tuple[str, str]:
    """What is said where forms stand too deep in each other, and the way out."""
    message = f"forms such as {form}() stand at most {DEEPEST_FORMS} deep within each other"
    return message, "put fewer of these forms into each other"


def too_many_looks(count: int) -> tuple[str, str]:
    """What is said where other rows are looked at too often, and the way out."""
    message = f"this looks at other rows too often: {count:,} times, and {MOST_LOOKS} are allowed"
    return message, "put fewer of these forms into each other, and beside each other"


def _given(argument: object) -> Given:
    assert isinstance(argument, Given)
    return argument
