"""Parquet files that are one table: their columns together, and which of them hold which rows."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from ..errors import RepositoryError
from .layout import CANDLE_FIELDS, RECOGNISED, is_text
from .numbers_of_rows import Numbers

FILE: Final = "~file"
CASTS: Final = pl.ScanCastOptions(
    integer_cast=["upcast", "allow-float"],
    float_cast="upcast",
    datetime_cast=["nanosecond-downcast", "convert-timezone"],
    categorical_to_string="allow",
)


@dataclass(frozen=True, eq=False)
class ParquetFiles:
    """Some files, in the order of their rows; opened without reading rows.

    `schema` has the columns of all files together, None for a single one's own. `hive` has the columns that folders are
    named after, None without such folders. With `by_symbol`, the files are named after symbols, which are a column too.
    `notes` say which files lack columns that others have.
    """

    files: tuple[Path, ...]
    schema: Mapping[str, pl.DataType] | None
    hive: Mapping[str, pl.DataType] | None
    by_symbol: bool = False
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        path: Path,
        files: Sequence[Path],
        *,
        named: bool,
        schema_of: Callable[[Path], Mapping[str, pl.DataType]],
    ) -> ParquetFiles:
        """The files of a folder, or the file, at `path`; `named` if a column is told to be the symbol.

        Raises RepositoryError where the files are not one table.
        """
        schemas = {file: schema_of(file) for file in files} if len(files) > 1 else {}
        refuse_mixture(schemas)
        refuse_kinds(schemas)
        schema = merged_schema(schemas.values()) if schemas else None
        if not any("=" in part for file in files for part in file.relative_to(path).parts[:-1]):
            found = cls(tuple(files), schema, None, notes=lacking(schemas))
            columns = found.lazy.collect_schema()
        else:
            columns = scanned(files, schema, None, in_folders=True).collect_schema()
            folders = {name for file in files for name in named_by_folders(file.relative_to(path))}
            # told, since of a part of the folders Polars might take the names for numbers
            hive = {name: columns[name] for name in columns if name in folders}
            found = cls(tuple(files), schema, hive, notes=lacking(schemas))
        has_symbol = named or path.is_file() or set(RECOGNISED["symbol"]) & {name.strip().lower() for name in columns}
        return found if has_symbol else replace(found, by_symbol=True)

    @cached_property
    def lazy(self) -> pl.LazyFrame:
        """All rows."""
        return self.opened(self.files)

    def that_hold(self, symbols: Collection[str]) -> pl.LazyFrame:
        """The rows that can be of these symbols: where files are named after them, only those are opened."""
        named = [file for file in self.files if file.stem in symbols] if self.by_symbol else []
        return self.opened(named) if named else self.lazy

    def opened(self, files: Sequence[Path]) -> pl.LazyFrame:
        """The rows of some of the files."""
        in_folders = self.hive is not None
        if not self.by_symbol:
            return scanned(files, self.schema, self.hive, in_folders=in_folders)
        path = pl.col(FILE) if os.sep == "/" else pl.col(FILE).str.replace_all(os.sep, "/", literal=True)
        stem = path.str.extract(r"([^/]+)\.[^./]+$")
        rows = scanned(files, self.schema, self.hive, in_folders=in_folders, name=FILE)
        return rows.with_columns(stem.alias("symbol")).drop(FILE)

    def stretches(self, size: int) -> Iterator[pl.LazyFrame]:
        """All rows in their order, at most so many at a time: some files, or a part of one that has more."""
        together, rows = list[Path](), 0
        for file, count in zip(self.files, self.counts, strict=True):
            if together and rows + count > size:
                yield self.opened(together)
                together, rows = [], 0
            if count > size:
                yield from (self.opened([file]).slice(begin, size) for begin in range(0, count, size))
            else:
                together.append(file)
                rows += count
        if together:
            yield self.opened(together)

    @cached_property
    def counts(self) -> list[int]:
        """The rows of each file."""
        from pyarrow.parquet import read_metadata  # noqa: PLC0415 - costs a start that other tables need not pay

        return [int(read_metadata(file).num_rows) for file in self.files]

    def rows(self, begin: int, end: int, number: str | None = None) -> pl.LazyFrame:
        """The rows from number `begin` up to, not including, `end`, from the files that hold them.

        With `number`, a column of that name has their numbers.
        """
        first, last = 0, len(self.files)
        if last > 1:
            first = int(np.searchsorted(self.starts, begin, side="right")) - 1
            last = max(first + 1, int(np.searchsorted(self.starts, end)))
        ahead = int(self.starts[first]) if first else 0
        rows = self.lazy if last - first == len(self.files) else self.opened(self.files[first:last])
        numbered = rows if number is None else rows.with_row_index(number, offset=ahead)
        return numbered.slice(begin - ahead, end - begin)

    @cached_property
    def starts(self) -> Numbers:
        """The number of each file's first row."""
        rows = scanned(self.files, self.schema, self.hive, in_folders=self.hive is not None, name=FILE)
        runs = rows.select(pl.col(FILE).rle()).collect()[FILE].struct.unnest()
        counted = dict(zip(map(Path, runs["value"]), runs["len"], strict=True))  # files without rows are not there
        return np.cumsum([0, *(counted.get(file, 0) for file in self.files[:-1])]).astype(np.int64)


def scanned(
    files: Sequence[Path],
    schema: Mapping[str, pl.DataType] | None,
    hive: Mapping[str, pl.DataType] | None,
    *,
    in_folders: bool,
    name: str | None = None,
) -> pl.LazyFrame:
    """Open files that have these columns together, and the columns that folders are named after if they are."""
    return pl.scan_parquet(
        list(files),
        schema=schema,
        hive_partitioning=in_folders,
        hive_schema=None if hive is None else dict(hive),
        include_file_paths=name,
        missing_columns="insert",
        cast_options=CASTS,
        glob=False,
    )


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Word what goes wrong in reading. Polars panics when a file changes under it: that may pass."""
    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        passing = isinstance(error, (pl.exceptions.PanicException, OSError))
        raise RepositoryError(f"{path} cannot be read as Parquet: {error}", retryable=passing) from error


def schema_of(file: Path) -> Mapping[str, pl.DataType]:
    """The columns of one file; RepositoryError names it where it is no Parquet.

    Asked for the schema alone, Polars would take the name for a pattern.
    """
    with readable(file):
        return pl.scan_parquet(file, glob=False).collect_schema()


def is_hidden(file: Path) -> bool:
    """Whether a file of a folder is none of its tables: something on the way begins with a dot or an underscore.

    So does what is being written, and what a writer left that was killed.
    """
    return any(part.startswith((".", "_")) for part in file.parts)


def named_by_folders(file: Path) -> list[str]:
    """The columns that the folders on the way to a file are named after."""
    return [part.partition("=")[0] for part in file.parts[:-1] if "=" in part]


def refuse_mixture(schemas: Mapping[Path, Mapping[str, pl.DataType]]) -> None:
    """Raise RepositoryError where the files name a bar's symbol or time differently: they are not one table.

    Read together, the rows of one of them would have no time, and nobody would miss them.
    """
    for part in ("symbol", "ts"):
        named = {
            file: next((c for alias in RECOGNISED[part] for c in schema if c.strip().lower() == alias), None)
            for file, schema in schemas.items()
        }
        first = next(iter(named), None)
        for file, other in named.items():
            if first is not None and other != (own := named[first]):
                raise RepositoryError(
                    f"the files of {first.parent} are not one table: {first.name} has {own or f'no {part}'}, "
                    f"{file.name} has {other or f'no {part}'}; give one file, or a folder of files that are alike"
                )


def refuse_kinds(schemas: Mapping[Path, Mapping[str, pl.DataType]]) -> None:
    """Raise RepositoryError where a price or the volume is numbers in some files and anything else in others."""
    known: dict[str, tuple[Path, pl.DataType]] = {}
    for file, schema in schemas.items():
        for name, dtype in schema.items():
            if not is_field(name) or dtype == pl.Null:
                continue
            first, kind = known.setdefault(name, (file, dtype))
            if kind.is_numeric() != dtype.is_numeric():
                raise RepositoryError(
                    f"the files of {file.parent} are not one table: {name} is {kind} in {first.name}, {dtype} in"
                    f" {file.name}; write it alike in all of them"
                )


def lacking(schemas: Mapping[Path, Mapping[str, pl.DataType]]) -> tuple[str, ...]:
    """What to say of columns of prices and volume that some of the files have not: there they are undefined."""
    fields = dict.fromkeys(name for schema in schemas.values() for name in schema if is_field(name))
    notes = []
    for name in fields:
        without = [file.name for file, schema in schemas.items() if name not in schema]
        more = f" (and {len(without) - 1:,} more files)" if len(without) > 1 else ""
        if without:
            notes.append(f"{without[0]}{more} has no column {name}, which others have: it is undefined there")
    return tuple(notes)


def is_field(name: str) -> bool:
    """Whether a column is recognised as a price or the volume."""
    return any(name.strip().lower() in RECOGNISED[field] for field in CANDLE_FIELDS)


def merged_schema(schemas: Iterable[Mapping[str, pl.DataType]]) -> dict[str, pl.DataType]:
    """All columns of all files. Numbers that differ in kind are read as float64, text beside categories as text."""
    merged: dict[str, pl.DataType] = {}
    for schema in schemas:
        for name, dtype in schema.items():
            known = merged.setdefault(name, dtype)
            if known != dtype and known.is_numeric() and dtype.is_numeric():
                merged[name] = pl.Float64()
            elif known != dtype and is_text(known) and is_text(dtype):
                merged[name] = pl.String()
    return merged
