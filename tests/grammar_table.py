"""Makes formulas/parse/grammar.json, the parse table that is shipped, of grammar.lark: `make grammar`.

Lark works the table out. It takes longer to load than a hundred formulas to parse, so whoever runs formulas can do
without it.
"""

from __future__ import annotations

import json
from pathlib import Path

from lark import Lark, Tree
from lark.grammar import Rule
from lark.parsers.lalr_analysis import Shift

PARSE = Path(__file__).parents[1] / "formulas" / "parse"
START = "statement"


class Children:
    """Stands for the tree builder: whatever the rule, it answers with the children that lark would hand over."""

    def __getattr__(self, rule: str):
        return list


def table_text(grammar: str) -> str:
    """The table as JSON; a rule and a state are a line each, so that a change of the grammar can be read as one."""
    made = Lark(grammar, start=START, parser="lalr", lexer="basic", transformer=Children())
    parser = made.parser.parser.parser
    table, callbacks = parser.parse_table, parser.callbacks
    rules = sorted((rule for rule in callbacks if isinstance(rule, Rule)), key=str)
    numbers = {rule: number for number, rule in enumerate(rules)}
    order = _in_order(table.states, table.start_states[START])
    renumbered = {state: number for number, state in enumerate(order)}
    states = [
        {name: renumbered[to] if action is Shift else ~numbers[to] for name, (action, to) in row.items()}
        for row in map(table.states.get, order)
    ]
    parts = {
        "rules": _lines([_described(rule, callbacks[rule]) for rule in rules]),
        "states": _lines([dict(sorted(state.items())) for state in states]),
    }
    ends = f'"start": {renumbered[table.start_states[START]]},\n"end": {renumbered[table.end_states[START]]},\n'
    return "{\n" + ends + ",\n".join(f'"{name}": [\n{lines}\n]' for name, lines in parts.items()) + "\n}\n"


def _in_order(states, start: int) -> list[int]:
    """The states as they are met on the way from the start: lark numbers them anew each time."""
    order = [start]
    for state in order:
        targets = (to for _, (action, to) in sorted(states[state].items()) if action is Shift)
        order.extend(to for to in dict.fromkeys(targets) if to not in order)
    return order


def _lines(entries: list[object]) -> str:
    return ",\n".join(json.dumps(entry) for entry in entries)


def _described(rule, callback) -> list[object]:
    """What the automaton has to know of a rule: origin, size, method of the builder, and the children it is given.

    The method is empty for a renaming, and for a run of things that goes into the rule around it. A child is the index
    of a value, None for an option that is left out; `~index` is a run, whose things are children each.
    """
    size = len(rule.expansion)
    if size == 1 and rule.options.expand1 and rule.alias is None:
        return [str(rule.origin.name), size, "", None]
    assert not rule.options.expand1 or rule.alias, f"{rule}: a renaming that drops something"
    inner = [~i if _is_run(symbol) else i for i, symbol in enumerate(rule.expansion)]
    given = callback([Tree("run", [i]) if i < 0 else i for i in inner])
    return [str(rule.origin.name), size, "" if _is_run(rule.origin) else rule.alias or str(rule.origin.name), given]


def _is_run(symbol) -> bool:
    return not symbol.is_term and symbol.name.startswith("_")


if __name__ == "__main__":
    grammar = (PARSE / "grammar.lark").read_text(encoding="utf-8")
    (PARSE / "grammar.json").write_text(table_text(grammar), encoding="utf-8")
