"""Running the parse table of grammar.lark.

Lark makes an LALR(1) table of the grammar. What is needed of it is shipped as grammar.json (`make grammar` writes it, a
test holds that it is the grammar's): to load lark takes longer than to check a long formula.
A grammar with ten levels of precedence spends most of its moves on renaming one thing (a name is a product is a sum is
a comparison ...). Such runs of renamings depend on two states and the next token alone, so their end is found once and
remembered.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import field
from operator import itemgetter
from typing import Any, Final, NamedTuple, TypeAlias

from ..freezing import mutable
from .reading import Token

END: Final = "$END"

Build: TypeAlias = Callable[[Sequence[Any]], Any]


class _Reduce(NamedTuple):
    """Replace the last `size` values by what `build` makes of them; without one the rule is a renaming of one value."""

    size: int
    origin: str
    build: Build | None


class Unexpected(Exception):  # noqa: N818 - never leaves the package
    """No rule goes on with the token at `index`; at the number of tokens it is the end that comes too early."""

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self.index = index


@mutable
class Automaton:
    """Parses sequences of tokens. It holds nothing of a text, so threads may share it.

    `states` say by the name of the next token what to do: a number from 0 on is the state to go to, `~number` the rule
    to reduce by. By the name of a rule they say where to go when it is complete.
    """

    states: list[dict[str, int]]
    rules: list[_Reduce]
    start: int
    end: int
    # (state below, state, next token) -> the state in which a run of renamings ends
    renamed: dict[tuple[int, int, str], int] = field(default_factory=dict)

    def run(self, tokens: Sequence[Token]) -> Any:
        """Parse the tokens and give what was built. Raises Unexpected."""
        passed, values = [self.start], []
        states, rules, renamed, end = self.states, self.rules, self.renamed, self.end
        for index, token in enumerate((*tokens, Token(END, "", 0, 0))):
            kind = token.type
            while True:
                action = states[passed[-1]].get(kind)
                if action is None:
                    raise Unexpected(index)
                if action >= 0:
                    passed.append(action)
                    values.append(token)
                    break
                size, origin, build = rules[~action]
                if build is None:
                    key = (passed[-2], passed[-1], kind)
                    state = renamed.get(key)
                    passed[-1] = self._rename(key) if state is None else state
                elif size == 1:
                    values[-1] = build((values[-1],))
                    passed[-1] = states[passed[-2]][origin]
                elif size:
                    values[-size:] = (build(values[-size:]),)
                    passed[-size:] = (states[passed[-size - 1]][origin],)
                else:
                    values.append(build(()))
                    passed.append(states[passed[-1]][origin])
                if kind == END and passed[-1] == end:
                    return values[-1]
        raise AssertionError  # the end is either reached or unexpected

    def _rename(self, key: tuple[int, int, str]) -> int:
        below, state, kind = key
        action = self.states[state].get(kind)
        while action is not None and action < 0 and self.rules[~action].build is None and state != self.end:
            state = self.states[below][self.rules[~action].origin]
            action = self.states[state].get(kind)
        self.renamed[key] = state
        return state


def make_automaton(table: str, builder: object) -> Automaton:
    """The automaton of a table, as tests/grammar_table.py writes it, with the methods of `builder` for its rules."""
    read = json.loads(table)
    rules = [
        _Reduce(size, origin, _building(builder, size, method, kept)) for origin, size, method, kept in read["rules"]
    ]
    return Automaton(read["states"], rules, read["start"], read["end"])


def _building(builder: object, size: int, method: str, kept: list[int | None] | None) -> Build | None:
    """What is done with the values of a rule, given those that are kept.

    `~index` among them is a run, whose values are handed on each for itself. A rule without a method makes a run; one
    that goes on with a run lengthens it where it stands, or a long text would take the square of its length.
    """
    if kept is None:
        return None
    if not method and kept[0] == ~0:
        return lambda values: _lengthened(values, kept[1:])
    make: Build = getattr(builder, method) if method else list
    if kept == list(range(size)):
        return make
    plain = [index for index in kept if index is not None and index >= 0]
    if len(plain) < len(kept):
        return lambda values: make(_picked(values, kept))
    if len(plain) == 1:
        return lambda values: make((values[plain[0]],))
    pick = itemgetter(*plain)
    return lambda values: make(pick(values))


def _lengthened(values: Sequence[Any], kept: Sequence[int | None]) -> list[Any]:
    run: list[Any] = values[0]
    run.extend(_picked(values, kept))
    return run


def _picked(values: Sequence[Any], kept: Sequence[int | None]) -> list[Any]:
    picked: list[Any] = []
    for index in kept:
        if index is not None and index < 0:
            picked.extend(values[~index])
        else:
            picked.append(None if index is None else values[index])
    return picked
