"""How many bars of each symbol a job will load, as far as that is known beforehand."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Final

from ..data.instants import Bounds, Instant, instant_of, zone
from ..data.repository import CandleRepository
from ..data.timeframes import Timeframe
from .jobs import DateRange
from .loading import Request
from .sources import rows_of, span_of

BARS_OF_UNKNOWN: Final = 5_000


def estimate_bars(repository: CandleRepository, symbols: Sequence[str], request: Request) -> dict[str, int]:
    """Bars that will be loaded for each symbol: what there is, or what the range and the bars before it come to."""
    known = rows_of(repository, request.timeframe)
    if known is not None and request.bounds == DateRange():
        return _known(known, symbols, BARS_OF_UNKNOWN)
    span = span_of(repository, request.timeframe) if known is not None else None
    if known is None or span is None:
        return dict.fromkeys(symbols, BARS_OF_UNKNOWN)
    first, last = map(_seconds, span)
    stored = max(1, int((last - first) / Timeframe.parse(request.timeframe).seconds) + 1)
    share = _share(request, first, last)
    if share == 1.0:
        return _known(known, symbols, stored)
    before = stored if request.before is None else request.before
    sizes = {symbol: known.get(symbol, stored) for symbol in symbols}
    return {symbol: min(bars, int(bars * share) + before + 1) for symbol, bars in sizes.items()}


def _known(rows: Mapping[str, int], symbols: Sequence[str], unknown: int) -> dict[str, int]:
    if len(rows) == len(symbols) and list(rows) == symbols:
        return dict(rows)
    return dict(zip(symbols, map(rows.get, symbols, itertools.repeat(unknown)), strict=True))


def _share(request: Request, first: float, last: float) -> float:
    """The part of the stored span that lies inside the range."""
    bounds = Bounds.read(request.bounds.start, request.bounds.end, dates=False, tz="UTC")
    start = first if bounds.first is None else max(first, _seconds(bounds.first))
    end = last if bounds.last is None else min(last, _seconds(bounds.last))
    return min(1.0, max(0.0, (end - start) / (last - first))) if last > first else 1.0


def _seconds(moment: Instant) -> float:
    """Seconds since 1970 of a stored moment; a date begins at midnight."""
    instant = instant_of(moment, zone("UTC"))
    assert instant is not None
    return instant.timestamp()
