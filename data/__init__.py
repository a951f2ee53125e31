"""Where candles come from: repositories, importing, checking, sample data."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .adjusting import add_factor_column
    from .candles import Candles
    from .checking import CheckedCandles, check_candles
    from .database import DuckDBRepository
    from .frames import FrameRepository
    from .importing import ImportedCandles, import_candles
    from .opening import open_repository
    from .options import TableOptions
    from .parquet import ParquetRepository
    from .policies import CandlePolicy, companions
    from .repository import CandleRepository, CheckingRepository, InterruptibleRepository
    from .resampling import resample
    from .rows import RowRepository
    from .samples import sample_candles, sample_symbols
    from .sessions import Session
    from .store import CandleStore
    from .timeframes import Timeframe, infer_timeframe

__all__ = [
    "CandlePolicy",
    "CandleRepository",
    "CandleStore",
    "Candles",
    "CheckedCandles",
    "CheckingRepository",
    "DuckDBRepository",
    "FrameRepository",
    "ImportedCandles",
    "InterruptibleRepository",
    "ParquetRepository",
    "RowRepository",
    "Session",
    "TableOptions",
    "Timeframe",
    "add_factor_column",
    "check_candles",
    "companions",
    "import_candles",
    "infer_timeframe",
    "open_repository",
    "resample",
    "sample_candles",
    "sample_symbols",
]

# Where the names live. They are fetched when first used: who opens one kind of file does not wait for all others.
_HOMES = {
    ".adjusting": ("add_factor_column",),
    ".candles": ("Candles",),
    ".checking": (
        "CheckedCandles",
        "check_candles",
    ),
    ".database": ("DuckDBRepository",),
    ".frames": ("FrameRepository",),
    ".importing": (
        "ImportedCandles",
        "import_candles",
    ),
    ".opening": ("open_repository",),
    ".options": ("TableOptions",),
    ".parquet": ("ParquetRepository",),
    ".policies": (
        "CandlePolicy",
        "companions",
    ),
    ".repository": (
        "CandleRepository",
        "CheckingRepository",
        "InterruptibleRepository",
    ),
    ".resampling": ("resample",),
    ".rows": ("RowRepository",),
    ".samples": (
        "sample_candles",
        "sample_symbols",
    ),
    ".sessions": ("Session",),
    ".store": ("CandleStore",),
    ".timeframes": (
        "Timeframe",
        "infer_timeframe",
    ),
}


if not TYPE_CHECKING:  # who checks types knows the names, and should be told of others

    def __getattr__(name: str) -> object:
        for home, names in _HOMES.items():
            if name in names:
                value = globals()[name] = getattr(import_module(home, __name__), name)
                return value
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
