"""A table in a Parquet file: written part by part under another name, named when it is whole, read where looked at."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import polars as pl

from ..data.writing import Aside
from ..errors import ProcessingEngineError
from ..formulas.freezing import frozen
from .files import unfinished
from .given import as_path

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

ENDING: Final = ".parquet"
REPEATED: Final = ("symbol", "formula")  # columns of few different texts: these are kept as numbers into a list
COMPRESSION: Final = "lz4"  # a fifth larger than zstd's, and written in half the time
ROWS_OF_GROUP: Final = 2**20  # of a row group, at most
BYTES_OF_GROUP: Final = 2**26  # that many in memory, at most: they are converted together


@frozen
class StoredTable:
    """A table that stays in its file: every look reads the rows that are looked at, nothing is kept.

    Whoever changes or removes the file changes what is seen.
    """

    path: Path
    height: int

    @property
    def lazy(self) -> pl.LazyFrame:
        """The table, not read yet."""
        return pl.scan_parquet(self.path, glob=False)

    def slice(self, offset: int, length: int | None = None) -> pl.DataFrame:
        """Some rows; only the row groups that hold them are read."""
        return self.lazy.slice(offset, length).collect()

    def row(self, index: int, *, named: bool) -> Mapping[str, Any]:
        """One row by name."""
        assert named
        return self.slice(index, 1).row(0, named=True)


def target_of(output: str | os.PathLike[str], candles: Path | None) -> Path:
    """The file that results are to be written to; links are followed.

    `candles` is the file or folder that the candles come from, if they do: results must not be taken for candles, nor
    take their place. Raises ProcessingEngineError for a path under which no file can be written.
    """
    given = as_path(output, 'results are written to a file, output="found.parquet"')
    target = given.resolve()
    source = None if candles is None else candles.expanduser().resolve()
    if given.suffix.lower() != ENDING:
        raise ProcessingEngineError(f"results are written as Parquet: {given} does not end in {ENDING}")
    if source is not None and target == source:
        raise ProcessingEngineError(f"{given} is the file with the candles: choose another one for the results")
    if source is not None and source.is_dir() and target.is_relative_to(source):
        raise ProcessingEngineError(f"{given} lies among the candles, as which it would be read: choose another folder")
    if target.is_dir():
        raise ProcessingEngineError(f"{given} is a folder: name a file in it")
    if not target.parent.is_dir():
        raise ProcessingEngineError(f"{given} cannot be written: there is no folder {target.parent}")
    if not os.access(target if target.exists() else target.parent, os.W_OK):
        raise ProcessingEngineError(f"{given} cannot be written: permission denied")
    return target


def table_file(output: str | os.PathLike[str] | None, repository: object) -> AbstractContextManager[TableFile | None]:
    """Where results are written to, if anywhere; refused here, before any work, if that cannot be."""
    if output is None:
        return nullcontext()
    path = getattr(repository, "path", None)
    return TableFile(target_of(output, path if isinstance(path, Path) else None))


class TableFile:
    """A Parquet file to be: `with TableFile(target) as file` writes tables beside the target, `finish` names it.

    Without `finish` the target stays as it was, and nothing is left beside it. Every table that is written becomes a
    row group or several, all with the columns of the first. Raises ProcessingEngineError when it cannot be written.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self.rows = 0
        self._aside = Aside(target)
        self._writer: pq.ParquetWriter | None = None
        self._empty: pl.DataFrame | None = None
        self._schema: pl.Schema | None = None

    def __enter__(self) -> Self:
        with self._told():
            self._aside.__enter__()  # tells before any work whether a file can be made here
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._writer is not None:
            with suppress(OSError):  # a full disk, say: the file goes anyway
                self._writer.close()
        self._aside.__exit__(kind, error, at)

    def write(self, table: pl.DataFrame) -> None:
        """Append rows."""
        if table.is_empty():
            self._empty = table if self._empty is None else self._empty
            return
        rows = max(1, min(ROWS_OF_GROUP, BYTES_OF_GROUP * table.height // max(1, int(table.estimated_size()))))
        with self._told():
            for part in table.iter_slices(rows):
                self._append(part)
                self._aside.flush_along()  # for a cancel waits until the file is on the disk
        self.rows += table.height

    def finish(self, empty: pl.DataFrame, *, whole: bool = True) -> StoredTable:
        """Give the file its name; without any row it has the columns of a table that was written, or of `empty`.

        Where not everything is in it that should be, `whole` says no: then it is another name, see `unfinished`.
        """
        place = self.target if whole else unfinished(self.target)
        with self._told():
            if self._writer is None:
                self._append(empty.clear() if self._empty is None else self._empty)
            assert self._writer is not None
            writer, self._writer = self._writer, None
            writer.close()
            self._aside.take_place(place)
        return StoredTable(place, self.rows)

    def _append(self, table: pl.DataFrame) -> None:
        self._schema = self._schema or table.schema
        same = table if table.schema == self._schema else table.cast(self._schema)
        arrow = same.to_arrow(compat_level=pl.CompatLevel.oldest())
        self._writer = self._writer or self._open(arrow.schema)
        if arrow.num_rows:
            self._writer.write_table(arrow, row_group_size=ROWS_OF_GROUP)

    def _open(self, schema: pa.Schema) -> pq.ParquetWriter:
        from pyarrow.parquet import ParquetWriter  # noqa: PLC0415 - costs a start that most jobs need not pay

        listed = [name for name in REPEATED if name in schema.names]
        return ParquetWriter(self._aside.path, schema, compression=COMPRESSION, use_dictionary=listed)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Word what goes wrong in writing."""
        try:
            yield
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> ProcessingEngineError:
        return ProcessingEngineError(f"{self.target} cannot be written: {error.strerror or error}")
