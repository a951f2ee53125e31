"""Which of a table's columns is what: recognised by name, or as the user maps them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

from ..errors import RepositoryError
from .guessing import guess_at

Kind = Literal["number", "boolean", "text"]
DTYPES: Final[Mapping[Kind, pl.DataType]] = {"number": pl.Float64(), "boolean": pl.Boolean(), "text": pl.String()}
"""How columns of each kind are handed out."""

CANDLE_FIELDS: Final = ("open", "high", "low", "close", "volume")
PRICES: Final = ("open", "high", "low", "close")
RESERVED: Final = "~"
UNTOLD: Final = "data"  # the one symbol of a table that names none, where nobody has said what it is

# The names under which each part of a candle is recognised, in order of preference.
RECOGNISED: Final[Mapping[str, tuple[str, ...]]] = {
    "symbol": ("symbol", "ticker", "code", "instrument"),
    "ts": ("ts", "timestamp", "datetime", "date", "time", "datum"),
    "open": ("open", "o"),
    "high": ("high", "h"),
    "low": ("low", "l"),
    "close": ("close", "c"),
    "volume": ("volume", "vol", "vol.", "v"),
}
# What is not taken for a field without being told, but named in the message about a missing one.
LIKELY: Final[Mapping[str, tuple[str, ...]]] = {"close": ("last", "price", "settle", "last price", "close/last")}


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a table keeps what: the source's column for symbol, ts and each further column.

    `symbol` is None where the table holds a single symbol and does not name it.
    """

    symbol: str | None
    ts: str
    columns: Mapping[str, str]
    types: Mapping[str, pl.DataType]

    def source_of(self, name: str, where: str) -> str:
        """The source's column for a column asked for; RepositoryError names what there is."""
        if name not in self.columns:
            found = ", ".join(self.columns) or "none"
            likely = next((column for column in self.columns if column.lower() in LIKELY.get(name, ())), "...")
            way_out = f'; say which one it is: columns={{"{name}": "{likely}"}}' if name in CANDLE_FIELDS else ""
            raise RepositoryError(f"{where} has no column {name!r}; its columns are: {found}{way_out}")
        return self.columns[name]

    def kinds(self) -> dict[str, Kind]:
        """The columns that a formula can name, each with its kind. Dates, lists and other kinds cannot be named."""
        found = {name: kind_of(name, self.types[source]) for name, source in self.columns.items()}
        return {name: kind for name, kind in found.items() if kind is not None}


def kind_of(name: str, dtype: pl.DataType) -> Kind | None:
    """What a column is to a formula. A candle field is a number even where it is stored as text."""
    if name in CANDLE_FIELDS or dtype.is_numeric() or dtype == pl.Null:
        return "number"
    if dtype == pl.Boolean:
        return "boolean"
    return "text" if is_text(dtype) else None


def is_text(dtype: pl.DataType) -> bool:
    """Whether a column holds text, plain or by categories."""
    return isinstance(dtype, (pl.String, pl.Categorical, pl.Enum))


def find_layout(types: Mapping[str, pl.DataType], mapping: Mapping[str, str], where: str) -> Layout:
    """Recognise the columns of a table. `mapping` gives standard name -> the table's own name and goes first.

    Raises RepositoryError where a column is missing, may be one of several, or begins with "~".
    """
    refuse_reserved([*types, *mapping], where)
    for name, source in mapping.items():
        if source not in types:
            turned = name in types and name not in RECOGNISED
            hint = f'; the name in formulas goes first: columns={{"{source}": "{name}"}}' if turned else ""
            raise RepositoryError(
                f"{where} has no column {source!r}, which columns= gives for {name!r}; found: {listed(types)}"
                f"{hint or guess_at(source, types)}"
            )
    known = dict(mapping)
    for name in RECOGNISED:
        found = None if name in mapping else recognise(name, types, set(known.values()), where)
        if found is not None:
            known[name] = found
    if "ts" not in known:
        raise without_time(types, where)
    others = {name: name for name in types if name not in known.values() and name not in known}
    columns = {name: source for name, source in known.items() if name not in {"symbol", "ts"}}
    ordered: dict[str, str] = {name: columns[name] for name in CANDLE_FIELDS if name in columns}
    return Layout(known.get("symbol"), known["ts"], {**ordered, **columns, **others}, dict(types))


def unnamed(layout: Layout, symbol: str) -> list[str]:
    """What to tell of a table without a column of symbols, where one of its texts may be that under another name.

    >>> unnamed(Layout(None, "ts", {"name": "name"}, {"ts": pl.Date(), "name": pl.String()}), "data")[0][:56]
    "no column for the symbol: all rows are taken for 'data';"
    """
    texts = [name for name, kind in layout.kinds().items() if kind == "text"]
    if layout.symbol is not None or symbol != UNTOLD or not texts:
        return []
    found, way_out = ", ".join(texts), f'columns={{"symbol": "{texts[0]}"}}'
    return [f"no column for the symbol: all rows are taken for {symbol!r}; if one of {found} tells it, say {way_out}"]


def refuse_reserved(names: Iterable[str], where: str) -> None:
    """Raise RepositoryError for names that begin with "~": columns that are made on the way are named like that.

    Likewise for "*" and "^...$", by which Polars means several columns, and for those that hold a NUL.
    """
    names = list(names)
    reserved = [name for name in names if name.startswith(RESERVED)]
    if reserved:
        raise RepositoryError(
            f"{where}: no column may begin with {RESERVED!r}, which is kept for columns made on the way: "
            f"{', '.join(dict.fromkeys(reserved))}; rename it"
        )
    broken = [name for name in names if "\0" in name]
    if broken:
        raise RepositoryError(f"{where}: the column {broken[0]!r} holds a NUL, at which other libraries end; rename it")
    patterns = [name for name in names if name == "*" or (name.startswith("^") and name.endswith("$"))]
    if patterns:
        raise RepositoryError(f"{where}: {patterns[0]} would be read as a pattern for names of columns; rename it")


def recognise(name: str, types: Mapping[str, pl.DataType], taken: set[str], where: str) -> str | None:
    """Find the column that is called like `name`, in any case; None if there is none."""
    for alias in RECOGNISED[name]:
        found = [column for column in types if column.strip().lower() == alias and column not in taken]
        if alias == "date" and found and any(column.strip().lower() == "time" for column in types):
            raise RepositoryError(
                f"{where} has both a date and a time column: join them into one, or say with "
                f'columns={{"ts": {found[0]!r}}} which one tells the bars apart'
            )
        if alias in found:
            return alias
        if len(found) > 1:
            raise RepositoryError(
                f"{where} has several columns for {name!r}: {', '.join(found)}; choose with columns={{...}}"
            )
        if found:
            return found[0]
    return None


def without_time(types: Mapping[str, pl.DataType], where: str) -> RepositoryError:
    """The error of a table in which nothing says when a bar was."""
    wanted = ", ".join(RECOGNISED["ts"])
    hint = 'say which one it is: columns={"ts": "..."}'
    return RepositoryError(
        f"{where} has no column for the time of a bar (one of {wanted}); found: {listed(types)}; {hint}"
    )


def simplified(name: str) -> str:
    """A column's name without case, blanks and punctuation: "Adj Close" and adj_close are one."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def listed(types: Mapping[str, pl.DataType]) -> str:
    """The columns of a table as text."""
    return ", ".join(types) or "no columns at all"
