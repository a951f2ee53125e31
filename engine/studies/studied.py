"""What can be asked about the matches of a result; each question is answered when it is asked, by columns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

import polars as pl

if TYPE_CHECKING:
    from ..jobs import Formula
    from ..origin import Origin
    from ..results import SymbolError
    from .forward import ForwardReturns
    from .prices import Entry

Per: TypeAlias = Literal["date", "symbol"]
# The modules that answer need results.py, which needs this one: they are imported when somebody asks.


class StudiedMatches(ABC):
    """Matches that can be counted, ranked and followed up. Several formulas, and the points of a sweep, stay apart."""

    origin: Origin
    errors: dict[str, SymbolError]

    @property
    @abstractmethod
    def lazy(self) -> pl.LazyFrame:
        """The matches as a lazy frame."""

    @property
    @abstractmethod
    def outcomes(self) -> pl.DataFrame:
        """One row for each requested symbol."""

    @property
    @abstractmethod
    def tags(self) -> tuple[str, ...]:
        """The columns that tell matches of one formula, or one point of a sweep, from those of others."""

    def by_date(self) -> pl.DataFrame:
        """How many matches each ts has that has any: ts, formula and swept params, `matches`; ts ascend."""
        from .counting import by_date  # noqa: PLC0415 - as above

        return by_date(self)

    def by_symbol(self) -> pl.DataFrame:
        """How many matches each symbol has: symbol, formula, swept params, `matches`, `bars`, `share`, `first`, `last`.

        Every symbol without an error has a row for each formula and point, in the order of the request. `share` is
        matches per bar; `first` and `last` are the ts of matches, null where there is none.
        """
        from .counting import by_symbol  # noqa: PLC0415 - as above

        return by_symbol(self)

    def rank(
        self,
        by: str | Formula,
        top: int | None = None,
        per: Per | None = "date",
        *,
        descending: bool = True,
        parameters: Mapping[str, float | bool | str] | None = None,
    ) -> pl.DataFrame:
        """The matches with a column `rank`: 1 is the largest `by` of its ts, of its symbol, or (`per=None`) of all.

        `by` is an indicator's label, or a number formula, which is evaluated at the matches then ("rsi(close, 14)",
        with `parameters` for its params; swept ones have the values of each match). `top` keeps so many of each date or
        symbol. Equal values are in the order of their symbols, or dates. An undefined value has no rank: it comes last,
        and `top` leaves it out.
        """
        from .ranking import Ranking  # noqa: PLC0415 - as above

        return Ranking(by, top, per, descending, dict(parameters or {})).of(self)

    def forward_returns(
        self, horizons: int | Sequence[int] = (1, 5, 20), *, entry: Entry = "close", log: bool = False
    ) -> ForwardReturns:
        """What prices did after the matches, beside what they did after all bars of the same dates: an event study.

        This looks ahead, on purpose: it judges formulas, and no formula can read it. A return runs from the match's
        close, or with `entry="next_open"` from the open of the symbol's next bar, to the close `horizon` bars after the
        match, also past the end of the job's range. `log` takes logarithms of the ratio. `summary` has means, medians,
        hit rates and t-statistics, `frame` the matches with their returns: see ForwardReturns.
        """
        from .forward import ForwardReturns  # noqa: PLC0415 - as above

        return ForwardReturns(self, tuple(horizons) if isinstance(horizons, Iterable) else (horizons,), entry, log)

    def clustering(self, gap: int = 1) -> pl.DataFrame:
        """How matches bunch in time, a row for each formula and point; `episodes` has the runs one by one.

        `matches`, `dates` (with any), `calendar` (dates of the range at which any symbol has a bar); `busiest` and
        `most`, the date with most matches and how many; `effective_dates`: so many dates, if all had as many, would
        bunch as much, (sum m)^2 / sum m^2; `dispersion`: variance over mean of the matches of a date, all of the
        calendar counted, about 1 where they fall by chance; `episodes` and `per_episode`: runs of matches of one symbol
        at most `gap` bars apart, and matches of each.
        """
        from .clustering import clustering  # noqa: PLC0415 - as above

        return clustering(self, gap)

    def episodes(self, gap: int = 1) -> pl.DataFrame:
        """Runs of matches of one symbol, each at most `gap` of the symbol's bars after the one before.

        Symbol, formula and swept params, `first` and `last` ts, `bars` from first to last, `matches`.
        """
        from .clustering import episodes  # noqa: PLC0415 - as above

        return episodes(self, gap)
