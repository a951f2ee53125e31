"""`barsweep import` and `demo`: candles into a DuckDB file or a store, one's own or made-up ones."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import click

from ...data.importing import ImportedCandles, import_candles
from ...data.layout import CANDLE_FIELDS
from ...data.store import ENDING as STORE
from .. import demo as demonstration
from ..jobs import DateRange
from ..results import counted
from . import unwind_on_interrupt
from .ending import told_in_words
from .misuse import UsageError, as_asked
from .opening import given_options, tell_left_out
from .options import ADJUST, COLUMN, DATE_FORMAT, DECIMAL, ZONE
from .saying import say
from .showing import results, shown
from .watching import compile_first, progress_bar
from .wording import in_options, symbol_error

ROWS_OF_DEMO = 10


class Kind(StrEnum):
    """What candles are brought into."""

    DUCKDB = "duckdb"
    STORE = "store"


@click.command
@click.argument("source", help="A CSV, Parquet or DuckDB file, or a folder of them.")
@click.argument(
    "target",
    required=False,
    type=click.Path(path_type=Path),
    help="A .duckdb file or a .store folder; called like the source if not given.",
)
@click.option("--to", type=click.Choice(Kind, case_sensitive=False), help="Default: what the target's ending says.")
@click.option("--table", default="candles", help="The table that is written.")
@click.option("--source-table", help="The table that is read, where SOURCE is a DuckDB file with several.")
@click.option("--replace", is_flag=True, help="Write the table anew if there is one.")
@click.option("--start", help="First day or time that is taken.")
@click.option("--end", help="Last day or time, inclusive.")
@COLUMN
@ZONE
@ADJUST
@DATE_FORMAT
@DECIMAL
def import_(
    source: str,
    target: Path | None,
    to: Kind | None,
    table: str,
    source_table: str | None,
    start: str | None,
    end: str | None,
    column: Sequence[str],
    *,
    replace: bool,
    **options: str | None,
) -> None:
    """Bring candles into a DuckDB file, or into a store.

    A store is larger, and several times faster to load.
    """
    with told_in_words():
        target = target_of(source, target, to)
        with as_asked():
            DateRange(start, end)  # which says what is wrong with them
        told: dict[str, Any] = given_options(column, source_table=source_table, **options)
        unwind_on_interrupt()
        with progress_bar("importing") as progress:
            found = import_candles(
                source, target, table, start=start, end=end, replace=replace, progress=progress, **told
            )
    place = found.path if found.path.suffix.lower() == STORE else f"table {found.table} in {found.path}"
    span = f"{counted(found.rows, 'bar')} of {counted(found.symbols, 'symbol')} from {found.first} to {found.last}"
    click.echo(f"{span}: {place}")
    tell_what_lacks(found)


def tell_what_lacks(found: ImportedCandles) -> None:
    """Say which files were left out, and which fields of the candle no column was recognised for."""
    tell_left_out(found.left_out)
    for note in found.notes:
        if note not in {f"left out: {why}" for why in found.left_out.values()}:
            say(in_options(note))
    if found.defects.get("null"):
        say(f"left out: {counted(found.defects['null'], 'row')} without a time")
    if found.defects.get("unsorted"):
        say(f"sorted: {counted(found.defects['unsorted'], 'row')} that stood after a later one")
    missing = [name for name in CANDLE_FIELDS if name not in found.columns]
    if missing:
        fields = ", ".join(missing)
        say(
            f"no column for {fields} among {', '.join(found.columns)}: say --column {missing[0]}=... where there is one"
        )


def target_of(source: str, target: Path | None, to: Kind | None) -> Path:
    """Where the candles go; UsageError where the target's ending says another kind than `to`."""
    if target is None:
        return Path(source).with_suffix(f".{to or Kind.DUCKDB}")
    if to is not None and (target.suffix.lower() == STORE) != (to is Kind.STORE):
        message = f"--to {to} and the target {target} do not fit: call it {target.with_suffix(f'.{to}').name}"
        raise UsageError(message)
    return target


@click.command
@click.option("--folder", type=click.Path(path_type=Path), default=Path("demo"), help="Where the candles are kept.")
@click.option("--symbols", type=click.IntRange(min=1), default=2500, help="How many symbols.")
@click.option("--bars", type=click.IntRange(min=1), default=2520, help="How many days of each.")
def demo(folder: Path, symbols: int, bars: int) -> None:
    """Make sample candles, and run a scan over them.

    By default ten years of days of 2,500 symbols.
    """
    console = results()
    if not demonstration.candles_path(folder, symbols, bars).exists():
        console.print(f"making candles: {counted(symbols, 'symbol')} x {counted(bars, 'day')} ...")
    compile_first()
    unwind_on_interrupt()
    with told_in_words(), progress_bar() as progress:
        found = demonstration.run_demo(folder, symbols, bars, progress)
    result, counts = found.result, found.result.counts
    newest = result.matches.sort("ts", descending=True, maintain_order=True)
    console.print(f"\n{demonstration.FORMULA}\n", style="bold")
    console.print(shown(newest, ROWS_OF_DEMO))
    console.print(
        f"... the newest of {counted(counts['matches'], 'match')} in {counted(counts['symbols'], 'symbol')}\n"
    )
    rate = counts["loaded"] / result.elapsed
    console.print(f"time         {result.elapsed:.2f} s, reading included")
    console.print(f"bars         {counts['loaded']:,} (each a row of the candles), {rate:,.0f} a second")
    console.print(f"peak memory  {found.peak_memory / demonstration.MEBIBYTE:,.0f} MiB of the whole process")
    for symbol, error in result.errors.items():
        console.print(f"left out     {symbol}: {symbol_error(error)}", soft_wrap=True)
    console.print("\nTry next:", *_next_steps(found.path), sep="\n  ", soft_wrap=True)


def _next_steps(path: Path) -> list[str]:
    formula, where = shlex.quote(demonstration.FORMULA), shlex.quote(str(path))
    crossing, surge = '"crosses_above(ema(close, 12), ema(close, 26))"', '"volume / sma(volume, 20)"'
    me = shlex.quote(shown_command())
    return [
        f"{me} scan {formula} {where} --latest",
        f"{me} scan {crossing} {where} --sort {surge} --top 20",
        f"{me} explain {formula}",
        f"{me} functions",
    ]


def shown_command() -> str:
    """How this command was called, so that a line can be copied where it is not on the PATH."""
    called = Path(sys.argv[0])
    return str(called) if called.name == "barsweep" and shutil.which("barsweep") is None else "barsweep"
