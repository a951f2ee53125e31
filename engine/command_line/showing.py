"""Writing what was found: a table for people, CSV, JSON and Parquet for programs."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import polars as pl

from ...errors import ProcessingEngineError
from ..files import whole_file
from ..results import SymbolError
from .aligning import aligned, text
from .formats import Format
from .guarding import guarded
from .saying import say
from .wording import symbol_error

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from ...formulas import Checked

ROWS_SHOWN: Final = 40
ERRORS_SHOWN: Final = 5
WIDE: Final = 200  # of a table that does not go to a terminal, which would cut its columns


def warn(*several: Checked) -> None:
    """Write what sound formulas may still get wrong to standard error."""
    told = dict.fromkeys(each.render(checked.source) for checked in several for each in checked.warnings)
    for warning in told:
        say(f"warning: {warning}")


def results() -> Console:
    """Where results go: as wide as the terminal, and wide enough for a program."""
    console = plain()
    return console if console.is_terminal else plain(width=WIDE)


def plain(**options: Any) -> Console:
    """A console that shows text as it is: formulas, symbols and paths hold brackets that are not Rich's markup."""
    from rich.console import Console  # noqa: PLC0415 - a table in a pipe is written without it, and sooner

    return Console(markup=False, emoji=False, highlight=False, **options)


def tell_errors(errors: Mapping[str, SymbolError]) -> None:
    """Say why the first few symbols have no matches."""
    for symbol, error in list(errors.items())[:ERRORS_SHOWN]:
        if error.kind != "cancelled":
            say(f"{symbol}: {error.kind}: {symbol_error(error)}")


def to_terminal() -> bool:
    """Whether results go to a person's screen."""
    return sys.stdout.isatty()


def write(matches: pl.DataFrame, how: Format, output: Path | None, *, guard: bool = False) -> None:
    """Write to a file, which is whole or as it was before, or to standard output.

    With `guard`, without cells that a spreadsheet would run.
    """
    matches = guarded(matches) if guard else matches
    if output is None:
        _write_out(matches, how)
        return
    with whole_file(output) as file:
        _write_to(matches, how, file)


def grid() -> Table:
    """An empty table."""
    from rich.table import Table  # noqa: PLC0415 - as for consoles

    return Table(box=None, header_style="bold", pad_edge=False)


def shown(matches: pl.DataFrame, most: int | None = ROWS_SHOWN) -> Table:
    """The first matches as a table."""
    table = grid()
    for name, dtype in matches.schema.items():
        table.add_column(name, justify="right" if dtype.is_numeric() else "left", overflow="fold")
    for row in matches.head(most if most is not None else matches.height).iter_rows():
        table.add_row(*map(text, row))
    return table


def _write_out(matches: pl.DataFrame, how: Format) -> None:
    if how is Format.TABLE:
        if matches.height and to_terminal():
            results().print(shown(matches, None))
        elif matches.height:
            sys.stdout.writelines(aligned(matches))
            sys.stdout.flush()
        return
    if how is Format.PARQUET and sys.stdout.isatty():
        raise ProcessingEngineError("Parquet is nothing to read on a terminal; name a file with --output")
    written = BytesIO()  # a pipe that closes early is Python's BrokenPipeError, but any OSError where Polars writes
    _write_to(matches, how, written)
    sys.stdout.buffer.write(written.getbuffer())
    sys.stdout.flush()


def _write_to(matches: pl.DataFrame, how: Format, file: BinaryIO) -> None:
    match how:
        case Format.CSV:
            matches.write_csv(file)
        case Format.JSON:
            file.write(f"{matches.write_json()}\n".encode())
        case Format.PARQUET:
            matches.write_parquet(file)
        case Format.TABLE:
            file.writelines(part.encode() for part in aligned(matches))
