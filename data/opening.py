"""One door to all kinds of candles."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from ..errors import RepositoryError
from .looking import DATABASES
from .options import TextOptions, as_path
from .repository import CandleRepository

if TYPE_CHECKING:
    from .rows import RowSource


def open_repository(data: object, **options: Any) -> CandleRepository:
    """Make a repository of what a user has.

    `data` is a frame (Polars, pandas, Arrow), a path (.parquet, .csv, .duckdb or .db, a candle store, a folder of
    Parquet files or of one CSV per symbol), a repository, or an object with `get_range(symbol_id, timeframe, start,
    end)`.

    Options of all tables:

    - `columns`: a mapping where names are not recognised, `{"close": "Last"}`; standard name -> the table's own.
    - `tz`: the zone of timestamps without one, and of whole days. Default: the zone stored, else UTC.
    - `label`: "start" or "end", which end of the bar its ts is.
    - `adjust`: None for prices as stored, "adj_close", the name of a factor column, or "auto" for whichever is there.
    - `timeframe`: what is stored, such as "1h"; inferred if not told.
    - `symbol`: the name of the one symbol in a table without a symbol column.
    - `policy`: a `CandlePolicy`.

    CSV files also take:

    - `date_format`: how times are written, as for strptime: "%m/%d/%Y". Without it ISO times, 20240131 and time since
      1970 are read. Frames whose times are text take it too.
    - `decimal`: "," or ".". Without it the mark is found where the numbers allow only one.

    DuckDB files also take `table`, `query` and `settings`. Raises RepositoryError when nothing can be made of `data`.

    >>> import polars as pl
    >>> from datetime import date
    >>> open_repository(pl.DataFrame({"date": [date(2024, 1, 2)], "close": [1.0]})).symbols("1d")
    ['data']
    """
    if isinstance(data, (str, Path)):
        return open_path(as_path(data), options)
    return open_object(data, options)


def open_object(data: object, options: dict[str, Any]) -> CandleRepository:
    """Make a repository of what is in memory."""
    from .frames import FrameRepository  # noqa: PLC0415 - who opens other kinds need not wait for it
    from .rows import RowRepository, RowSource  # noqa: PLC0415 - who opens other kinds need not wait for it

    if isinstance(data, type) and not isinstance(data, RowSource):
        raise RepositoryError(f"{data.__name__} is a class, not what is made by it: give {data.__name__}(...)")
    if isinstance(data, pl.DataFrame | pl.LazyFrame):
        return FrameRepository(data, **options)  # first: to ask a LazyFrame for its columns, as below, is warned of
    if isinstance(data, CandleRepository):
        return unchanged(data, options)
    if isinstance(data, RowSource):
        return RowRepository(data, **of_objects(data, options))
    return FrameRepository(data, **options)


def of_objects(source: RowSource, options: dict[str, Any]) -> dict[str, Any]:
    """The options of a source that hands out objects: those about a table must not be said."""
    said = [name for name in options if name in TextOptions.__annotations__ and name not in {"tz", "policy"}]
    if said:
        named = " and ".join(f"{name}=" for name in said)
        raise RepositoryError(
            f"{named} is for tables: what {type(source).__name__}.get_range hands out has the attributes "
            "ts or date, open, high, low, close and volume"
        )
    return options


def unchanged(repository: CandleRepository, options: dict[str, Any]) -> CandleRepository:
    """A repository as it is; options belong to where it was made."""
    if options:
        raise RepositoryError(
            f"{', '.join(options)}: give the options when the repository is made, not to a repository"
        )
    return repository


def open_path(path: Path, options: dict[str, Any]) -> CandleRepository:
    """Make a repository of a file or folder by its ending and contents."""
    try:
        return open_by_ending(path, options)
    except OSError as error:
        raise RepositoryError(f"{path} cannot be read: {error.strerror or error}") from error


def open_by_ending(path: Path, options: dict[str, Any]) -> CandleRepository:
    """As `open_path`; OSError where one may not look."""
    if not path.exists():
        raise RepositoryError(f"no such file or folder: {path}", retryable=True)
    ending = path.suffix.lower()
    if path.is_dir():
        return open_folder(path, options)
    if ending in DATABASES:
        from .database import DuckDBRepository  # noqa: PLC0415 - who opens other kinds need not wait for it

        return DuckDBRepository(path, **typed(path, options))
    if ending == ".parquet":
        from .parquet import ParquetRepository  # noqa: PLC0415 - who opens other kinds need not wait for it

        return ParquetRepository(path, **typed(path, options))
    from .delimited import ENDINGS as DELIMITED  # noqa: PLC0415 - who opens other kinds need not wait for it
    from .delimited import DelimitedRepository  # noqa: PLC0415 - who opens other kinds need not wait for it

    if ending in DELIMITED:
        return DelimitedRepository(path, **options)
    known = ", ".join(sorted({".parquet"} | DATABASES | DELIMITED))
    raise RepositoryError(f"{path}: cannot tell what kind of file this is by its ending; known are {known}")


def open_folder(path: Path, options: dict[str, Any]) -> CandleRepository:
    """Make a repository of a folder: a store, Parquet files if there are any, else one CSV per symbol."""
    from .contents import LIST  # noqa: PLC0415 - who opens other kinds need not wait for it
    from .delimited import ENDINGS as DELIMITED  # noqa: PLC0415 - who opens other kinds need not wait for it
    from .delimited import DelimitedRepository  # noqa: PLC0415 - who opens other kinds need not wait for it
    from .parquet import ParquetRepository  # noqa: PLC0415 - who opens other kinds need not wait for it
    from .store import CandleStore  # noqa: PLC0415 - who opens other kinds need not wait for it

    if (path / LIST).exists():
        return CandleStore(path, **typed(path, options))
    if any(path.rglob("*.parquet")):
        return ParquetRepository(path, **typed(path, options))
    if any(file.suffix.lower() in DELIMITED for file in path.iterdir()):
        return DelimitedRepository(path, **options)
    raise RepositoryError(f"{path} holds neither .parquet nor .csv files")


def typed(path: Path, options: dict[str, Any]) -> dict[str, Any]:
    """The options of a file whose columns have types: those about text must not be said."""
    said = [name for name in ("date_format", "decimal") if options.get(name) is not None]
    if said:
        raise RepositoryError(
            f"{path}: {' and '.join(f'{name}=' for name in said)} is for CSV files and frames. In a DuckDB file, "
            "read such columns with query= and DuckDB's strptime(date, '%m/%d/%Y'); a Parquet file give as a frame"
        )
    return {name: value for name, value in options.items() if name not in {"date_format", "decimal"}}
