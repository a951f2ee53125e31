"""CSV files: one table, or a folder with one file per symbol."""

from __future__ import annotations

import csv
import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Unpack

import polars as pl

from ..errors import RepositoryError
from .frames import FrameRepository
from .instants import from_text, in_utc
from .layout import RECOGNISED, recognise, without_time
from .numerals import Decimal, decimal_of, has_commas, read_numbers, read_volumes
from .options import TableOptions, as_path, assert_option
from .remembering import fingerprint_of

ENDINGS: Final = frozenset({".csv", ".tsv", ".txt"})
MISSING: Final = ["", "NA", "N/A", "n/a", "#N/A", "null", "NULL", "None", "-"]
MARK: Final = 'the decimal mark is "." or ","'

LOG = logging.getLogger("barsweep")


class DelimitedRepository(FrameRepository):
    r"""Candles of a CSV file, or of a folder of them, where files without a symbol column are named after their symbol.

    Options as in `open_repository`. A file of a folder that cannot be read is left out, with a warning in the log;
    `left_out` says which and why. A single file, or a folder of nothing else, raises RepositoryError.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "ACME.csv"
    >>> _ = path.write_text("date,close\n2024-01-02,1.5\n")
    >>> DelimitedRepository(path.parent).symbols("1d")
    ['ACME']
    """

    def __init__(
        self,
        path: str | Path,
        *,
        date_format: str | None = None,
        decimal: Decimal | None = None,
        **options: Unpack[TableOptions],
    ) -> None:
        assert_option("decimal", decimal, str | None, MARK)
        if decimal not in {None, ".", ","}:
            raise RepositoryError(f"decimal={decimal!r}: {MARK}")
        self.path, self.decimal = as_path(path), decimal
        self.left_out: dict[str, str] = {}
        read = self.fingerprint()
        super().__init__(self.path, name=str(self.path), date_format=date_format, **options)
        self.seen = read

    def taken(self, frame: object) -> pl.DataFrame:
        """The files at a path as a frame."""
        assert isinstance(frame, Path)
        reading = Reading(self.mapping, self.tz or "UTC", self.date_format, self.decimal)
        return self.read_folder(frame, reading) if frame.is_dir() else reading.file(frame)

    def files(self) -> list[Path]:
        """The file, or those of the folder."""
        if not self.path.is_dir():
            return [self.path]
        found = sorted(self.path.iterdir())
        return [file for file in found if file.suffix.lower() in ENDINGS and not file.name.startswith(".")]

    def fingerprint(self) -> object:
        """The files with their sizes and times of change; None where they are gone: they have been read as a whole."""
        try:
            return [fingerprint_of(file) for file in self.files()]
        except OSError:  # what was read is there still
            return None

    def read_folder(self, folder: Path, reading: Reading) -> pl.DataFrame:
        """One table of all files that can be read."""
        found = []
        for file in self.files():
            try:
                frame = reading.file(file)
                if frame.is_empty():
                    raise RepositoryError(f"{file} has no rows")
                found.append(reading.with_symbol(frame, file.stem))
            except RepositoryError as error:  # one faulty file does not stop a folder; `notes` tells it
                self.left_out[file.name] = str(error)
        if not found:
            first = next(iter(self.left_out.values()), f"{folder} holds no .csv file")
            others = len(self.left_out) - 1
            raise RepositoryError(first + (f" (and {others} more files like it)" if others > 0 else ""))
        for error_text in self.left_out.values():
            LOG.warning("left out: %s", error_text, extra={"event": "file left out", "error": error_text})
        return joined(found, reading.tz)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of results should know: also which files were left out."""
        return (*super().notes, *(f"left out: {why}" for why in self.left_out.values()))


@dataclass(frozen=True, slots=True)
class Heading:
    """The first line of a file."""

    separator: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """How files are read: the user's names of columns, the zone, how dates and numbers are written."""

    mapping: Mapping[str, str] = field(default_factory=dict)
    tz: str = "UTC"
    date_format: str | None = None
    decimal: Decimal | None = None

    def file(self, path: Path) -> pl.DataFrame:
        """One file, its times as dates or instants, its numbers as numbers."""
        try:
            heading = read_heading(path)
            frame = self.rows(path, heading)
        except UnicodeDecodeError as error:
            raise RepositoryError(f"{path} is not text in UTF-8: save it as CSV UTF-8") from error
        except OSError as error:
            raise RepositoryError(f"{path} cannot be read: {error.strerror or error}", retryable=True) from error
        return self.timed(frame, path)

    def rows(self, path: Path, heading: Heading) -> pl.DataFrame:
        """The rows, numbers as numbers: as Polars finds them, or where it does not, from the text."""
        if self.decimal != ",":
            try:
                frame = self.scan(path, heading, whole_text=False)
            except pl.exceptions.PolarsError:
                frame = None  # a number among the rows that is none, or a fault of the file: its text tells
            if frame is not None and not any(map(has_commas, self.values(frame))) and not self.has_scales(frame):
                return frame
        try:
            text = self.scan(path, heading, whole_text=True)
        except pl.exceptions.PolarsError as error:
            raise what_is_wrong(path, heading) from error
        values = self.values(text)
        commas = any(map(has_commas, values))
        decimal = self.decimal or (
            decimal_of(values, apart=heading.separator == ",", where=str(path)) if commas else "."
        )
        return text.with_columns(
            read_volumes(column, decimal)
            if is_one(column.name, "volume", self.mapping)
            else read_numbers(column, decimal)
            for column in values
        )

    def scan(self, path: Path, heading: Heading, *, whole_text: bool) -> pl.DataFrame:
        """Read the file; what names a symbol or a time stays text even where it looks like a number (000001)."""
        keys = {name: pl.String for name in heading.names if self.is_key(bare(name))}
        frame = pl.read_csv(
            path,
            separator=heading.separator,
            infer_schema=not whole_text,
            infer_schema_length=10_000,
            schema_overrides=keys,
            null_values=MISSING,
            glob=False,
        )
        frame = self.with_every_symbol(frame, path, heading)
        names = {name: bare(name) for name in frame.columns}
        return frame.rename(names if len(set(names.values())) == len(names) else {})

    def with_every_symbol(self, frame: pl.DataFrame, path: Path, heading: Heading) -> pl.DataFrame:
        """The frame with symbols as they are written: NA and NULL are names there, as of Nano Labs."""
        named = [n for n in heading.names if n in frame.columns and is_one(bare(n), "symbol", self.mapping)]
        lost = [name for name in named if frame[name].null_count()]
        if not lost:
            return frame
        again = pl.read_csv(path, separator=heading.separator, columns=lost, infer_schema=False, glob=False)
        return frame.with_columns(again)

    def is_key(self, name: str) -> bool:
        """Whether a column says which symbol or when."""
        return any(is_one(name, part, self.mapping) for part in ("symbol", "ts"))

    def values(self, frame: pl.DataFrame) -> list[pl.Series]:
        """The columns besides symbol and times."""
        return [column for column in frame.get_columns() if not self.is_key(column.name)]

    def has_scales(self, frame: pl.DataFrame) -> bool:
        """Whether volumes are text, such as 1.2M."""
        return any(
            column.dtype == pl.String and is_one(column.name, "volume", self.mapping) for column in frame.get_columns()
        )

    def timed(self, frame: pl.DataFrame, path: Path) -> pl.DataFrame:
        """The frame with its time column read; a date and a time apart are joined."""
        frame = frame if "ts" in self.mapping else with_time_of_day(frame)
        name = self.mapping.get("ts") or recognise("ts", frame.schema, set(self.mapping.values()), str(path))
        if name is None:
            raise without_time(frame.schema, str(path))
        if name not in frame.columns:
            return frame  # the layout of the table says so, with what there is
        return frame.with_columns(from_text(frame[name], self.tz, str(path), self.date_format))

    def with_symbol(self, frame: pl.DataFrame, symbol: str) -> pl.DataFrame:
        """The frame with the file's name as its symbol, unless it names symbols itself."""
        if any(is_one(name, "symbol", self.mapping) for name in frame.columns):
            return frame
        return frame.select(pl.lit(symbol).alias("symbol"), pl.all())


def is_one(name: str, part: str, mapping: Mapping[str, str]) -> bool:
    """Whether a column holds that part of a candle, by its name or as the user maps it."""
    return mapping.get(part) == name or name.strip().lower() in RECOGNISED[part]


def bare(name: str) -> str:
    """A name without the brackets of <CLOSE>."""
    return name.strip()[1:-1] if name.strip().startswith("<") and name.strip().endswith(">") else name


def read_heading(path: Path) -> Heading:
    """The names of the columns; the separator is the most frequent of tab, semicolon and comma in the first line."""
    with path.open(encoding="utf-8-sig", newline="") as lines:
        first, second = lines.readline(), lines.readline()
    if not first.strip():
        raise RepositoryError(f"{path} is empty")
    separator = max("\t;,", key=first.count)
    names = next(csv.reader([first], delimiter=separator))
    refuse_twins(path, names)
    if {names[0].lower(), second.partition(separator)[0].strip().lower()} == {"price", "ticker"}:
        raise RepositoryError(
            f"{path} has a heading of several lines, as yfinance writes it: download with multi_level_index=False, "
            'or stack the tickers, frame.stack(level="Ticker").reset_index(), before writing'
        )
    return Heading(separator, tuple(names))


def refuse_twins(path: Path, names: Sequence[str]) -> None:
    """Raise RepositoryError where two columns of one name are a part of the candle: nobody can tell which is meant."""
    for name, count in Counter(map(bare, names)).items():
        if count > 1 and any(is_one(name, part, {}) for part in RECOGNISED):
            raise RepositoryError(f"{path} has {count} columns called {name!r}; rename all but one")


def what_is_wrong(path: Path, heading: Heading) -> RepositoryError:
    """Say which line keeps a file from being read."""
    most = len(heading.names)
    with path.open(encoding="utf-8-sig", newline="") as lines, suppress(csv.Error):  # a field without end is one
        reader = csv.reader(lines, delimiter=heading.separator)
        for row in reader:
            if len(row) > most:
                return RepositoryError(
                    f"{path}, line {reader.line_num}: {len(row)} values where the heading has {most} columns; "
                    "mend or remove the line"
                )
    return RepositoryError(f"{path} cannot be read as CSV: look for a quotation mark that is not closed")


def with_time_of_day(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with date and time in one column, where they are apart; midnight everywhere is left away."""
    names = {name.strip().lower(): name for name in frame.columns}
    if "date" not in names or "time" not in names:
        return frame
    date, time = names["date"], names["time"]
    clock = pl.col(time).str.strip_chars().str.replace(r"^(\d\d)(\d\d)(\d\d)?$", "$1:$2:$3").str.strip_suffix(":")
    day = pl.col(date).str.strip_chars().str.replace(r"^(\d{4})(\d\d)(\d\d)$", "$1-$2-$3")
    midnight = frame.select(clock.is_in(["00:00", "00:00:00", "0"]).all()).item()
    joined = day if midnight else pl.when(pl.col(time).is_null()).then(day).otherwise(day + " " + clock)
    return frame.with_columns(joined.alias(date)).drop(time)


def joined(found: Iterable[pl.DataFrame], tz: str) -> pl.DataFrame:
    """One table of all; columns that some lack are empty there, kinds that differ are widened."""
    frames = [
        frame.with_columns(
            pl.col(name).cast(pl.Null) for name in frame.columns if frame[name].null_count() == frame.height
        )
        for frame in found
    ]
    times = {name for frame in frames for name, dtype in frame.schema.items() if isinstance(dtype, pl.Datetime)}
    whole = [
        frame.with_columns(
            in_utc(frame[name].cast(pl.Datetime("us")), tz) for name in times if frame.schema.get(name) == pl.Date
        )
        for frame in frames
    ]
    return pl.concat(whole, how="diagonal_relaxed")
