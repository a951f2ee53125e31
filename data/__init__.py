"""Where candles come from: repositories, importing, checking, sample data."""

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
