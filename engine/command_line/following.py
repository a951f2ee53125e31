"""`barsweep watch`: matches as bars arrive."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.exceptions import Exit

from .ending import told_in_words
from .formats import Format
from .options import FORMULA, PARAMETER, questioning

PATH = click.Path(path_type=Path)


@click.command
@FORMULA
@click.argument("source", help="What scan takes as DATA, and which grows; or - for lines of JSON on standard input.")
@click.option("--history", help="With -: past bars to begin with, what scan takes as DATA.")
@click.option("--journal", type=PATH, help="A file of matches as lines of JSON, each exactly once, also after a crash.")
@click.option("--state", type=PATH, help="A file to go on from; made, and kept up to date, if it is not there.")
@click.option(
    "--every", type=click.FloatRange(min=0, min_open=True), default=1.0, help="Seconds between looks at SOURCE."
)
@click.option("--lateness", type=click.FloatRange(min=0), default=0.0, help="Seconds that bars wait for earlier ones.")
@click.option("--grace", type=click.FloatRange(min=0), default=0.0, help="Seconds that rankings wait for the others.")
@click.option("--run", multiple=True, metavar="COMMAND", help="Give matches to a command, as lines; repeatable.")
@click.option("--post", multiple=True, metavar="URL", help="Post matches to a web address, as lines; repeatable.")
@click.option("--symbols", help="AAPL,MSFT or @file with one a line; all if not given.")
@click.option("--timeframe", help="5m 1h 1d 1w 1mo ...; made from finer bars if need be. Default: what is stored.")
@PARAMETER
@click.option(
    "--format",
    "how",
    type=click.Choice([Format.TABLE, Format.JSON], case_sensitive=False),
    help="Default: a table on a terminal, else lines of JSON.",
)
@questioning
def watch(formula: str, source: str, **asked: Any) -> None:
    """Follow SOURCE, and print the bars at which FORMULA is true as they arrive.

    Begins after the bars that are there, or after those that --state has seen. Ctrl-C ends it.

    Exit codes: 0 standard input ended and there were matches, 1 there were none, 2 faulty formula or command line,
    3 data trouble, 130 ended by Ctrl-C or SIGTERM.
    """
    with told_in_words():
        from .watch_running import Asked, follow  # noqa: PLC0415 - help does without

        code = follow(Asked(formula, source, **asked))
    raise Exit(code)
