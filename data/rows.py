"""Repositories that hand out candle objects one symbol at a time, made to fit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Protocol, runtime_checkable

import polars as pl
import pyarrow as pa

from ..errors import BarsweepError, RepositoryError
from .frames import FrameRepository
from .instants import Bound, Bounds, Instant, shifted, zone
from .layout import CANDLE_FIELDS, Kind
from .options import assert_option, shown
from .policies import CandlePolicy
from .timeframes import DAY, Timeframe

FIRST: Final = dt.datetime(1900, 1, 1, tzinfo=dt.UTC)
LAST: Final = dt.datetime(2200, 1, 1, tzinfo=dt.UTC)


@runtime_checkable
class RowSource(Protocol):
    """A user's class: candles of one symbol, each with ts or date, open, high, low, close, volume."""

    def get_range(self, symbol_id: Any, timeframe: str, start: Any, end: Any) -> Sequence[Any]:
        """The candles from start to end, both inclusive."""
        ...


class RowRepository:
    """Adapts a `RowSource`. It costs a Python object per bar, which a table does not.

    `symbol_ids` maps symbols to what the source calls them: a mapping, which also says what symbols there are, or a
    callable; by default the symbol itself. Without a mapping, `symbols` says what symbols there are, or the source's
    own `symbols()`. `start` and `end` reach the source as datetimes in UTC; where they are open, as the years 1900
    and 2200.

    >>> from types import SimpleNamespace
    >>> class Prices:
    ...     def get_range(self, symbol_id, timeframe, start, end):
    ...         fields = {"open": 1, "high": 3, "low": 1, "volume": 0}
    ...         return [SimpleNamespace(date=dt.date(2024, 1, day), close=day, **fields) for day in (2, 3)]
    >>> RowRepository(Prices(), {"ACME": 7}).load(["ACME"], "1d", None, None, ["close"])["close"].to_pylist()
    [2.0, 3.0]
    """

    def __init__(
        self,
        source: RowSource,
        symbol_ids: Mapping[str, Any] | Callable[[str], Any] | None = None,
        *,
        symbols: Sequence[str] | None = None,
        tz: str | None = None,
        policy: CandlePolicy | None = None,
    ) -> None:
        if not isinstance(source, RowSource):
            raise RepositoryError(f"{shown(source)} has no get_range(symbol_id, timeframe, start, end)")
        assert_option("symbol_ids", symbol_ids, Mapping | Callable | None, "a mapping or a function is needed")
        assert_option("policy", policy, CandlePolicy | None, "a CandlePolicy is needed")
        if tz is not None:
            zone(tz)
        self.source = source
        self.symbol_ids = symbol_ids
        self.named = None if symbols is None else _texts(symbols)
        self.tz = tz
        self.policy = policy

    def symbols(self, timeframe: str) -> list[str]:
        """All symbols, sorted; RepositoryError where nobody says what there is."""
        if self.named is not None:
            return sorted(self.named)
        if isinstance(self.symbol_ids, Mapping):
            return sorted(self.symbol_ids)
        listing = getattr(self.source, "symbols", None)
        if callable(listing):
            return sorted(listing())
        name = type(self.source).__name__
        raise RepositoryError(f"{name} cannot list its symbols: name the symbols, or give symbol_ids= as a mapping")

    def columns(self, timeframe: str) -> dict[str, Kind]:
        """The candle fields."""
        return dict.fromkeys(CANDLE_FIELDS, "number")

    def rows(self, timeframe: str) -> None:
        """Nothing is known without reading all."""
        return

    def span(self, timeframe: str) -> tuple[Instant, Instant] | None:
        """The first and the last ts, from reading every symbol."""
        table = self.load(None, timeframe, None, None, ())
        frame = pl.DataFrame(table)
        return None if frame.is_empty() else (frame["ts"].min(), frame["ts"].max())  # type: ignore[return-value]

    def health(self) -> None:
        """Ask the source's own `health()`, if it has one."""
        own = getattr(self.source, "health", None)
        if callable(own):
            guarded(own, "its health check failed")

    def load(
        self,
        symbols: Sequence[str] | None,
        timeframe: str,
        start: Bound,
        end: Bound,
        columns: Sequence[str],
        before: int | None = 0,
    ) -> pa.Table:
        """The candles asked for, see `CandleRepository.load`."""
        wanted = self.symbols(timeframe) if symbols is None else sorted(set(symbols))
        length = Timeframe.parse(timeframe)
        bounds = Bounds.read(start, end, dates=False, tz=self.tz or "UTC")
        first = FIRST if before is None or bounds.first is None else early(bounds.first, length, before)
        frames = [self.fetch(symbol, timeframe, first, bounds, before or 0) for symbol in wanted]
        whole = pl.concat([frame for frame in frames if frame.height] or [empty()], how="vertical_relaxed")
        repository = FrameRepository(whole, name=type(self.source).__name__, timeframe=timeframe, tz=self.tz)
        return repository.load(None, timeframe, start, end, columns, before)

    def fetch(self, symbol: str, timeframe: str, first: Any, bounds: Bounds, before: int) -> pl.DataFrame:
        """The candles of one symbol; read whole if fewer came ahead of the start than asked for."""
        last = bounds.last or LAST
        found = self.ask(symbol, timeframe, first, last)
        if before and bounds.first is not None and sum(moment(bar) < bounds.first for bar in found) < before:
            found = self.ask(symbol, timeframe, FIRST, last)
        return to_frame(symbol, found)

    def ask(self, symbol: str, timeframe: str, first: Any, last: Any) -> Sequence[Any]:
        """Call the source; whatever it raises names the symbol."""
        known = self.identity(symbol)
        if known is None:
            return []
        candles: Sequence[Any] = guarded(
            lambda: self.source.get_range(known, timeframe, first, last) or [], f"no candles of {symbol}"
        )
        return candles

    def identity(self, symbol: str) -> Any:
        """What the source calls the symbol; None if it does not know it."""
        if isinstance(self.symbol_ids, Mapping):
            return self.symbol_ids.get(symbol)
        return symbol if self.symbol_ids is None else self.symbol_ids(symbol)


def _texts(symbols: object) -> tuple[str, ...]:
    """Symbols as they were named; a single text is one symbol."""
    assert_option("symbols", symbols, Iterable, "a list of texts is needed")
    listed = (symbols,) if isinstance(symbols, str) else tuple(symbols)  # type: ignore[arg-type] # as just seen
    for symbol in listed:
        assert_option("symbols", symbol, str, "symbols are texts")
    return listed


def guarded(call: Callable[[], Any], what: str) -> Any:
    """Call a user's code; what goes wrong there is a repository's fault, which may pass."""
    try:
        return call()
    except BarsweepError:
        raise
    except Exception as error:
        raise RepositoryError(
            f"{what}: {type(error).__name__}: {error}", retryable=isinstance(error, OSError)
        ) from error


def early(first: Instant, length: Timeframe, before: int) -> Instant:
    """A start before which the last `before` bars usually do not lie."""
    days = min(before * length.seconds / DAY * (6 if length.intraday else 1.6) + 10, 36_500) if before else 0
    return shifted(first, -dt.timedelta(days=days)) or FIRST


def field_of(bar: Any, name: str) -> Any:
    """A field of a candle object or mapping."""
    return bar.get(name) if isinstance(bar, Mapping) else getattr(bar, name, None)


def time_of(bar: Any) -> Any:
    """The ts or date of a candle."""
    found = [field_of(bar, name) for name in ("ts", "date", "datetime", "timestamp", "time")]
    for value in found:
        if value is not None:
            return value
    raise RepositoryError(f"a candle of type {type(bar).__name__} has neither ts nor date")


def moment(bar: Any) -> dt.datetime:
    """The ts of a candle as an instant."""
    ts = time_of(bar)
    if isinstance(ts, dt.datetime):
        return ts if ts.tzinfo is not None else ts.replace(tzinfo=dt.UTC)
    if isinstance(ts, dt.date):
        return dt.datetime(ts.year, ts.month, ts.day, tzinfo=dt.UTC)
    raise RepositoryError(f"a candle's ts is {ts!r}: a date or a datetime is needed")


def empty() -> pl.DataFrame:
    """No candles."""
    return pl.DataFrame(schema={"symbol": pl.String, "ts": pl.Date} | dict.fromkeys(CANDLE_FIELDS, pl.Float64))


def to_frame(symbol: str, bars: Sequence[Any]) -> pl.DataFrame:
    """Candle objects as columns."""
    times = [time_of(bar) for bar in bars]
    values = {name: [as_number(field_of(bar, name)) for bar in bars] for name in CANDLE_FIELDS}
    columns = {name: pl.Series(name, numbers, dtype=pl.Float64) for name, numbers in values.items()}
    return pl.DataFrame({"symbol": pl.Series([symbol] * len(bars), dtype=pl.String), "ts": pl.Series(times), **columns})


def as_number(value: Any) -> float | None:
    """A field as a float: integers, decimals and NumPy's numbers alike."""
    return None if value is None else float(value)
