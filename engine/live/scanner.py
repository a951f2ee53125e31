"""LiveScanner: formulas on bars as they arrive."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping, Sequence
from typing import Any, Self

import polars as pl

from ...data.candles import Candles
from ...data.sessions import Session
from ...errors import ProcessingEngineError
from ..controlling import LOG
from ..executors.columns import Whole
from ..forking import assert_threads_live
from ..jobs import Bound, Formulas, ProcessingJob, Setting
from ..other_tables import close
from ..service import FormulaService
from ..sources import as_repository, timeframe_of
from .arrived import Arrived
from .arriving import CLOSED, Reader, no_candles, refused_as
from .beginning import Begun, begin, without_history
from .saving import read_state, write_state
from .standing import Columns
from .waiting import Waiting, as_patience, as_time


class LiveScanner:
    """Runs formulas on bars as they arrive: at every bar the values are those of a batch over all bars up to it.

    `formulas`    as in `scan`: a text, or several by name. Conditions have matches, numbers have values alone
    `history`     past bars, anything that `scan` takes as data; None: there are none yet
    `symbols`     the universe, of which others' bars are refused. None: whoever comes
    `lateness`    a timedelta, or seconds: bars wait until one has come that is later by so much, and are run in the
                  order of their ts. By default nobody waits, and a bar before its symbol's last one is refused
    `grace`       seconds that a bar waits for others of its ts, so that rankings see them all; with rankings a ts that
                  has a bar of every symbol is run at once. By default what is pushed together is ranked together

    The other arguments are those of `scan`. A bar is pushed when it is over; `update` is for the one in the making.
    What is wrong with a symbol's bars concerns these alone: they are in `refused`, with the reason, and logged. A
    scanner belongs to one thread at a time.

    Raises FormulaError, RepositoryError or ProcessingEngineError, as `scan` does before work starts.

    >>> from datetime import date
    >>> days = pl.date_range(date(2024, 1, 1), date(2024, 1, 4), eager=True)
    >>> history = pl.DataFrame({"symbol": "A", "ts": days, "close": [1.0, 2.0, 3.0, 4.0]})
    >>> scanner = LiveScanner("close > 1.2 * sma(close, 4)", history)
    >>> scanner.push({"symbol": "A", "ts": date(2024, 1, 5), "close": 6.0}).matches.rows()
    [('A', datetime.date(2024, 1, 5), 3.75)]
    """

    def __init__(
        self,
        formulas: Formulas,
        history: object = None,
        *,
        symbols: Sequence[str] | None = None,
        timeframe: str | None = None,
        parameters: Mapping[str, Setting] | None = None,
        service: FormulaService | None = None,
        tables: Mapping[str, object] | None = None,
        session: Session | None = None,
        dialect: str | None = None,
        lateness: dt.timedelta | float = 0,
        grace: float = 0,
    ) -> None:
        assert_threads_live()
        late, patience = as_time(lateness), as_patience(grace)
        repository = (
            without_history("1d" if timeframe is None else timeframe) if history is None else as_repository(history)
        )
        own = timeframe_of(repository) if timeframe is None else timeframe
        options: dict[str, Any] = {"session": session, "dialect": dialect}
        job = ProcessingJob(symbols, formulas, None, own, parameters, **options)
        try:
            self._begun: Begun = begin(job, repository, service or FormulaService(), tables)
        finally:
            if repository is not history:
                close(repository)
        self.note: dict[str, Any] = {}
        self._waiting = Waiting(self._begun.members, self._begun.plan.across, late, patience)

    @property
    def symbols(self) -> list[str]:
        """The symbols that have had a bar, sorted."""
        return sorted(self._begun.members.places)

    @property
    def timeframe(self) -> str:
        """The timeframe of the bars."""
        return self._reader.timeframe

    @property
    def _reader(self) -> Reader:
        return self._begun.reader

    def push(self, bars: object) -> Arrived:
        """Bars that are over: a frame, an Arrow table, one bar as a mapping, or several in a list.

        One or many of each symbol, in any order; those of a symbol are run in the order of their ts.
        """
        assert_threads_live()
        taken = self._reader.read(bars)
        candles, late = self._still_open(taken.candles)
        ready, twice = self._waiting.take(candles)
        some = [each for each in (taken.refused, late, twice) if each.height]
        refused = pl.concat(some, how="vertical_relaxed") if some else self._reader.nothing
        return self._run(ready, self._told(refused))

    def update(self, bars: object) -> Arrived:
        """Bars in the making, one of each symbol: their values and matches as they stand. Nothing of them is kept.

        With rankings these see the bars that are given here alone.
        """
        assert_threads_live()
        taken = self._reader.read(bars)
        if taken.candles.lengths.max(initial=0) > 1:
            symbol = taken.candles.symbols[int(taken.candles.lengths.argmax())]
            raise ProcessingEngineError(f"{symbol}: several bars in the making; push those that are over")
        return self._answer(taken.candles, taken.refused, keep=False)

    def due(self) -> Arrived:
        """Run the bars that have waited long enough; for a feed that is silent."""
        return self._run(self._waiting.due(), self._reader.nothing)

    def flush(self) -> Arrived:
        """Run all bars that wait: at the end of a day."""
        return self._run(self._waiting.flush(), self._reader.nothing)

    def catch_up(self, source: object, since: Bound | None = None) -> Arrived:
        """Run the bars of a source, anything that `scan` takes as data, that come after those that were run.

        Bars that were run before are passed over. The source is read from `since` on; without it from the newest ts
        that there was, less `lateness`.
        """
        repository = as_repository(source)
        start = since if since is not None else self._waiting.earliest(self._reader.ts)
        try:
            candles, refused = self._reader.load(repository, start)
        finally:
            if repository is not source:
                close(repository)
        candles, _ = self._still_open(candles)
        ready, _ = self._waiting.take(candles)
        return self._run(ready, self._told(refused))

    def save(self, path: str | os.PathLike[str], note: Mapping[str, Any] | None = None) -> None:
        """Write the state to a file, which gets its name, in the place of an older one, when it is whole.

        `note` is anything of the caller's that JSON can hold; a restored scanner has it as `note`.
        """
        write_state(path, self._begun, self._waiting, note or {})

    @classmethod
    def restore(cls, path: str | os.PathLike[str], formulas: Formulas, **options: Any) -> Self:
        """Go on from a file that `save` wrote, with the same formulas and options; there is no history to read.

        Raises ProcessingEngineError where the file is damaged, or was written by another version or with other
        formulas: then a new scanner of the history has to be made.
        """
        state = read_state(path)
        nothing = without_history(state.timeframe, state.columns, state.zone, state.policy)
        scanner = cls(formulas, nothing, timeframe=state.timeframe, **options)
        state.into(scanner._begun, scanner._waiting)
        scanner.note = dict(state.about["note"])
        return scanner

    def _told(self, refused: pl.DataFrame) -> pl.DataFrame:
        for symbol, ts, reason in refused.iter_rows():
            fields = {"event": "bar refused", "symbol": symbol, "ts": str(ts), "reason": reason}
            LOG.warning("%s: the bar at %s is refused: %s", symbol, ts, reason, extra=fields)
        return refused

    def _still_open(self, candles: Candles) -> tuple[Candles, pl.DataFrame]:
        """Without the bars whose ts has been ranked already."""
        if not self._begun.plan.across or not candles.height:
            return candles, self._reader.nothing
        is_late = pl.col("ts").to_physical() <= self._waiting.closed
        frame = candles.frame
        late = frame.filter(is_late)
        if late.is_empty():
            return candles, self._reader.nothing
        return Candles.of(frame.filter(~is_late)), refused_as(late, CLOSED)

    def _run(self, candles: Candles, refused: pl.DataFrame) -> Arrived:
        arrived = self._answer(candles, refused, keep=True)
        if candles.height:
            last = candles.ticks[candles.starts[1:] - 1]
            self._begun.members.last[self._places(candles)] = last
        return arrived

    def _answer(self, candles: Candles, refused: pl.DataFrame, *, keep: bool) -> Arrived:
        following, begun = self._begun.following, self._begun
        column: Columns = begun.at_no_bar
        if candles.height:
            column = (following.push if keep else following.look)(candles, self._places(candles))
        else:
            candles = no_candles(self._reader.ts or pl.Date())
        return Arrived(refused, self._waiting.count, candles, column, begun.results, begun.selection)

    def _places(self, candles: Candles) -> Whole:
        return self._begun.members.places_of(candles.symbols)
