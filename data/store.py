"""Candles in a store: a folder of columns that are mapped into memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Unpack

import numpy as np
import polars as pl
import pyarrow as pa

from ..errors import RepositoryError
from .candles import Candles, ascend
from .contents import DTYPES, LIST, Contents, Stored
from .held import HeldRepository
from .inspecting import Inspection
from .instants import in_calendar
from .numbers_of_rows import NONE
from .options import TableOptions, as_path
from .placing import Placed
from .remembering import remembered
from .timeframes import Timeframe

ENDING: Final = ".store"


class CandleStore(HeldRepository):
    r"""Candles of a store, which `import_candles` writes: the fastest to load, at the size of the numbers in memory.

    Options as in `open_repository`. Columns are mapped when they are first asked for. What was found to be without
    fault when the store was written is not looked at again.

    >>> import tempfile
    >>> from barsweep.data import import_candles
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "ACME.csv").write_text("Date,Close\n2024-01-02,1.5\n2024-01-03,1.6\n")
    >>> _ = import_candles(folder / "ACME.csv", folder / "candles.store", symbol="ACME")
    >>> CandleStore(folder / "candles.store").load(["ACME"], "1d", "2024-01-03", None, ["close"])["close"].to_pylist()
    [1.6]
    """

    def __init__(self, path: str | Path, **options: Unpack[TableOptions]) -> None:
        super().__init__(**options)
        self.path = as_path(path)

    @property
    def where(self) -> str:
        """The path's name in messages."""
        return str(self.path)

    @remembered
    def contents(self) -> Contents:
        """What the store holds."""
        return Contents.read(self.path)

    def fingerprint(self) -> object:
        """The list's size and time of change."""
        try:
            stat = (self.path / LIST).stat()
        except OSError:  # gone, or not to be read: whoever opens it says so
            return None
        return stat.st_ino, stat.st_size, stat.st_mtime_ns

    def types(self) -> Mapping[str, pl.DataType]:
        """The store's columns."""
        contents = self.contents
        columns = {name: DTYPES[stored.kind] for name, stored in contents.columns.items()}
        return {"symbol": pl.String(), "ts": DTYPES[contents.ts.kind], **columns}

    def file(self, stored: Stored, dtypes: Sequence[pl.DataType]) -> pl.DataFrame:
        """One file, with columns of these kinds.

        Where it is gone, the store is forgotten, so that another try finds the new one.
        """
        path = self.path / self.contents.folder / stored.file
        try:
            found = mapped(path, stored.size)
        except RepositoryError:
            self.forget()
            raise
        if found.dtypes != list(dtypes):
            raise not_as_written(path)
        return found

    @remembered
    def labels(self) -> pl.DataFrame:
        """One row per symbol: symbol, the labels of its first and last bar, rows."""
        contents = self.contents
        ts = DTYPES[contents.ts.kind]
        found = self.file(contents.symbols, [pl.String(), ts, ts, pl.UInt32()])
        if found.columns != ["symbol", "first", "last", "rows"] or not ascend(found["symbol"]):
            raise not_as_written(self.path / contents.folder / contents.symbols.file)
        return found

    @remembered
    def placed(self) -> Placed:
        """All candles, as they were written."""
        starts = np.append([0], self.labels["rows"].cast(pl.Int64).cum_sum().to_numpy())
        ts = self.column(self.layout.ts)
        if starts[-1] != len(ts) or in_calendar(ts) is not ts:
            raise not_as_written(self.path)
        return Placed(Candles(tuple(self.labels["symbol"]), starts, ts.alias("ts").to_frame()))

    def column(self, name: str) -> pl.Series:
        """One column of the store."""
        stored = self.contents.ts if name == "ts" else self.contents.columns[name]
        column = self.file(stored, [DTYPES[stored.kind]]).to_series()
        if len(column) != self.contents.rows:
            raise not_as_written(self.path / self.contents.folder / stored.file)
        return column.alias(name)

    def table(self, sources: Sequence[str]) -> pl.DataFrame:
        """The ts of all bars, and columns of the store."""
        return self.begun.candles.table.select("ts").with_columns(self.column(name) for name in sources)

    @remembered
    def inspection(self) -> Inspection:
        """The candles, and what was found wrong in their columns: nothing, where they are handed out as written."""
        inspection = super().inspection
        if not self.mapping and self.adjusted_by is None and self.label == "start":
            inspection.found.update(dict.fromkeys(self.contents.clean, NONE))
        return inspection

    @remembered
    def stored(self) -> Timeframe:
        """The timeframe of the store: as told, or as written."""
        return self.told_timeframe or Timeframe.parse(self.contents.timeframe)

    @property
    def zone_name(self) -> str:
        """The zone in which days begin: as told, or as written."""
        return self.tz or self.contents.zone


def not_as_written(path: Path) -> RepositoryError:
    """The error of a file that was changed after it was written."""
    return RepositoryError(f"{path} does not hold what was written: import the candles again")


def mapped(path: Path, size: int) -> pl.DataFrame:
    """Map a file into memory; RepositoryError where it is not as long as it was written."""
    try:
        there = path.stat().st_size
        if there != size:
            raise RepositoryError(f"{path} has {there} bytes where {size} were written: import the candles again")
        with pa.memory_map(str(path)) as file:
            found = pl.from_arrow(pa.ipc.open_file(file).read_all())
    except FileNotFoundError as error:
        raise RepositoryError(f"{path} is gone: the store was perhaps renewed just now", retryable=True) from error
    except (OSError, ValueError, pa.ArrowException, pl.exceptions.PolarsError) as error:
        raise RepositoryError(f"{path} cannot be read: {error}; import the candles again") from error
    assert isinstance(found, pl.DataFrame)
    return found
