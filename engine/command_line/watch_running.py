"""What `barsweep watch` does: a scanner made or restored, a feed opened, matches handed out until it ends."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, Final

from ...data.delimited import DelimitedRepository
from ...data.repository import CandleRepository
from ...data.timeframes import Timeframe
from ...errors import RepositoryError
from ...formulas.freezing import frozen
from ..controlling import LOG
from ..live.alerts import Alerts, command, webhook
from ..live.beginning import without_history
from ..live.feeds import Feed, GrowingSource, Lines
from ..live.journal import Journal
from ..live.scanner import LiveScanner
from ..live.watching import Watch, Watched
from ..results import counted
from .asking import read_session, read_sweep, read_symbols, read_tables
from .ending import Code
from .formats import Format
from .misuse import UsageError, as_asked
from .opening import opened, read_formula, read_policy
from .printing import printer
from .saying import say
from .showing import to_terminal
from .warning import warnings_said
from .watching import compile_first, interruptible

STDIN: Final = "-"
OF_BARS: Final = ("tz", "policy")
"""What can be told of bars that come on standard input; all else is about a table."""
PATIENCE: Final = 60.0  # seconds that a source may be locked before the first look


@frozen
class Asked:
    """What the line said, as it was written."""

    formula: str
    source: str
    history: str | None
    journal: Path | None
    state: Path | None
    every: float
    lateness: float
    grace: float
    run: Sequence[str]
    post: Sequence[str]
    symbols: str | None
    timeframe: str | None
    parameter: Sequence[str]
    how: Format | None
    column: Sequence[str]
    tz: str | None
    table: str | None
    date_format: str | None
    decimal: str | None
    adjust: str | None
    policy: Sequence[str]
    session: str | None
    beside: Sequence[str]
    dialect: str | None

    def __post_init__(self) -> None:
        if self.is_piped and self.formula == STDIN:
            raise UsageError("- is the formula, so standard input cannot bring bars too: write @file.formula")
        if self.history is not None and not self.is_piped:
            raise UsageError(f"--history goes with bars on standard input; {self.source} has its own")
        of_table = [name for name, value in self.told.items() if value and name not in OF_BARS]
        if of_table and self.past is None:
            option = f"--{of_table[0].replace('_', '-')}"
            raise UsageError(f"{option} is about a table: it goes with --history, or with a file to follow")

    @property
    def is_piped(self) -> bool:
        """Whether bars come on standard input."""
        return self.source == STDIN

    @property
    def past(self) -> str | None:
        """Where past bars are."""
        return self.history if self.is_piped else self.source

    @property
    def bars(self) -> str | None:
        """The timeframe asked for; UsageError where it is none."""
        with as_asked():
            return None if self.timeframe is None else Timeframe.parse(self.timeframe).text

    @property
    def told(self) -> dict[str, Any]:
        """How a table is read."""
        told = {"column": self.column, "policy": self.policy, "tz": self.tz, "table": self.table, "adjust": self.adjust}
        return told | {"date_format": self.date_format, "decimal": self.decimal}

    def options(self) -> dict[str, Any]:
        """What a scanner is told, whether it is new or goes on; UsageError where that cannot be."""
        with as_asked():
            parameters = read_sweep(self.parameter)
            several = [name for name, value in parameters.items() if isinstance(value, list)]
            if several:
                raise UsageError(f"-p {several[0]} has several values; watch takes one: write a formula for each")
            options: dict[str, Any] = {"symbols": read_symbols(self.symbols), "parameters": parameters}
            options |= {"session": read_session(self.session), "dialect": self.dialect}
            options |= {"lateness": self.lateness, "grace": self.grace}
            return options | {"tables": read_tables(self.beside) or None}

    def alerts(self) -> Alerts:
        """Who is told; UsageError where somebody cannot be."""
        with as_asked():
            return Alerts([*map(command, self.run), *map(webhook, self.post)])


def follow(asked: Asked) -> Code:
    """Follow the source until it ends, or somebody ends it."""
    formula, options = read_formula(asked.formula), asked.options()
    show, stop = printer(asked.how or (Format.TABLE if to_terminal() else Format.JSON)), threading.Event()
    alerts = asked.alerts()
    compile_first()
    with ExitStack() as stack, interruptible(stop.set, terminated=True), warnings_said():
        scanner, stored = _begun(asked, stop, lambda history: _scanner(asked, formula, history, options))
        since = int(scanner.note.get("journal", 0))
        journal = None if asked.journal is None else stack.enter_context(Journal(asked.journal, since))
        feed = _feed(asked, stored, stack)
        say(f"watching {'standard input' if asked.is_piped else asked.source}: Ctrl-C ends it")
        watched = Watch(scanner, feed, show, journal, alerts, asked.state).run(stop)
    _report(watched, saved=asked.state is not None)
    if stop.is_set():
        return Code.INTERRUPTED
    return Code.FOUND if watched.matches else Code.NOTHING_FOUND


def _scanner(asked: Asked, formula: str, history: CandleRepository, options: Mapping[str, Any]) -> LiveScanner:
    """One that goes on from its state, or a new one that begins after the past bars."""
    if asked.state is None or not asked.state.exists():
        return LiveScanner(formula, history, timeframe=asked.bars, **options)
    scanner = LiveScanner.restore(asked.state, formula, **options)
    if asked.bars not in {None, scanner.timeframe}:
        raise UsageError(f"{asked.state} was saved of {scanner.timeframe} bars: leave --timeframe out, or name another")
    return scanner


def _begun(
    asked: Asked, stop: threading.Event, make: Callable[[CandleRepository], LiveScanner]
) -> tuple[LiveScanner, str | None]:
    """The scanner, and the timeframe that is stored; a source that somebody writes to at this moment is waited for."""
    if asked.past is None:
        return make(without_history(asked.bars or "1d", tz=asked.tz, policy=read_policy(asked.policy))), None
    began, attempt = time.monotonic(), 0
    while True:
        attempt += 1
        try:
            with opened(asked.past, **asked.told) as repository:
                repository.health()
                stored = getattr(repository, "stored", None)
                return make(repository), None if stored is None else str(stored.text)
        except RepositoryError as error:
            late = time.monotonic() - began > PATIENCE or stop.is_set()
            if late or not error.retryable or not Path(asked.past).expanduser().exists():
                raise
            fields = {"event": "retry", "doing": "reading history", "attempt": attempt, "pause": asked.every}
            told = {**fields, "error": str(error)}
            LOG.warning("the source cannot be read, next try in %g s: %s", asked.every, error, extra=told)
            stop.wait(asked.every)


def _feed(asked: Asked, stored: str | None, stack: ExitStack) -> Feed:
    """Where bars come from. The stored timeframe is told, so that it is not looked for each time."""
    if asked.past is None:
        return Lines(_standard_input())
    repository = stack.enter_context(opened(asked.past, timeframe=stored, **asked.told))
    if isinstance(repository, DelimitedRepository) and not asked.is_piped:
        raise UsageError(
            f"{asked.past} is CSV, which is read once, as a whole: nobody would see what is added. Have a folder of"
            " Parquet files or DuckDB written, or pipe in lines of JSON: barsweep watch FORMULA - --history this.csv"
        )
    return Lines(_standard_input(), repository) if asked.is_piped else GrowingSource(repository, asked.every)


def _standard_input() -> BinaryIO:
    return sys.stdin.buffer


def _report(watched: Watched, *, saved: bool) -> None:
    """Say how it went."""
    facts = [counted(watched.bars, "bar"), counted(watched.matches, "match")]
    if watched.refused:
        facts.append(f"{watched.refused:,} refused")
    if watched.waiting:
        facts.append(f"{watched.waiting:,} still waited" + (" (they are in the state)" if saved else ""))
    say(", ".join(facts))
