"""Running lark's parse table: the same moves as lark's own loop, three times as fast.

Lark turns grammar.lark into an LALR(1) table. A grammar with ten levels of precedence spends most of its moves on
renaming one thing (a name is a product is a sum is a comparison ...). Such runs of renamings depend on two states and
the next token alone, so their end is found once and remembered.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from lark import Lark, __version__
from lark.parsers.lalr_analysis import Shift

from ..keeping import private_folder
from .reading import Token

END: Final = "$END"

Build: TypeAlias = Callable[[list[Any]], Any]


@dataclass(frozen=True, slots=True)
class _Reduce:
    """Replace the last `size` values by what `build` makes of them; a renaming keeps the one value as it is."""

    size: int
    origin: str
    build: Build
    renaming: bool


class Unexpected(Exception):  # noqa: N818 - never leaves the package
    """No rule goes on with the token at `index`; at the number of tokens it is the end that comes too early."""

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self.index = index


@dataclass(slots=True)
class Automaton:
    """Parses sequences of tokens. It holds nothing of a text, so threads may share it."""

    actions: list[dict[str, int | _Reduce]]
    start: int
    end: int
    # (state below, state, next token) -> the state in which a run of renamings ends
    renamed: dict[tuple[int, int, str], int] = field(default_factory=dict)

    def run(self, tokens: Sequence[Token]) -> Any:
        """Parse the tokens and give what was built. Raises Unexpected."""
        states, values = [self.start], []
        actions, renamed = self.actions, self.renamed
        for index, token in enumerate((*tokens, Token(END, "", 0, 0))):
            kind = token.type
            while True:
                action = actions[states[-1]].get(kind)
                if isinstance(action, int):
                    states.append(action)
                    values.append(token)
                    break
                if action is None:
                    raise Unexpected(index)
                if action.renaming:
                    key = (states[-2], states[-1], kind)
                    state = renamed.get(key)
                    states[-1] = self._rename(key) if state is None else state
                else:
                    self._reduce(action, states, values)
                if kind == END and states[-1] == self.end:
                    return values[-1]
        raise AssertionError  # the end is either reached or unexpected

    def _reduce(self, action: _Reduce, states: list[int], values: list[Any]) -> None:
        taken: list[Any] = []
        if action.size:
            taken = values[-action.size :]
            del states[-action.size :]
            del values[-action.size :]
        values.append(action.build(taken))
        states.append(self._goto(states[-1], action.origin))

    def _goto(self, state: int, origin: str) -> int:
        target = self.actions[state][origin]
        assert isinstance(target, int)
        return target

    def _rename(self, key: tuple[int, int, str]) -> int:
        below, state, kind = key
        action = self.actions[state].get(kind)
        while isinstance(action, _Reduce) and action.renaming and state != self.end:
            state = self._goto(below, action.origin)
            action = self.actions[state].get(kind)
        self.renamed[key] = state
        return state


def make_automaton(grammar: str, start: str, builder: object) -> Automaton:
    """Let lark make the table of `grammar`, with the methods of `builder` for its rules.

    The table is kept for the next process: to make it takes longer than to parse the whole library.
    """
    folder = private_folder()
    name = f"grammar-{hashlib.sha256((__version__ + start + grammar).encode()).hexdigest()[:24]}.table"
    kept: str | bool = str(folder / name) if folder is not None and os.access(folder, os.W_OK) else False
    made = Lark(grammar, start=start, parser="lalr", lexer="basic", transformer=builder, cache=kept)
    parser = made.parser.parser.parser
    table, callbacks = parser.parse_table, parser.callbacks
    actions = [
        {str(name): _plain(action, argument, callbacks) for name, (action, argument) in table.states[state].items()}
        for state in range(len(table.states))
    ]
    return Automaton(actions, table.start_states[start], table.end_states[start])


def _plain(action: Any, argument: Any, callbacks: Any) -> int | _Reduce:
    """Turn lark's action into a state to go to, or a reduction."""
    if action is Shift:
        return int(argument)
    renaming = len(argument.expansion) == 1 and argument.options.expand1 and argument.alias is None
    return _Reduce(len(argument.expansion), str(argument.origin.name), callbacks[argument], renaming)
