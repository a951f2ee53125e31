"""The commands, put together."""

from __future__ import annotations

import gc
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Final

import typer

HOMES: Final = {
    "scan": "scanning",
    "sql": "querying",
    "check": "learning",
    "explain": "learning",
    "functions": "learning",
    "import": "storing",
    "demo": "storing",
}
"""Each command's module, in the order in which help shows them."""


def make_application(asked: str | None = None) -> typer.Typer:
    """The command line; where it is known which command is asked, the others are not imported."""
    made = typer.Typer(
        name="barsweep",
        help="Sweep formulas over every bar of every symbol.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for name in [asked] if asked in HOMES else HOMES:
        module = import_module(f".{HOMES[name]}", __package__)
        made.command(name)(getattr(module, "import_" if name == "import" else name))
    made.callback(invoke_without_command=True)(start)
    return made


def start(
    shown: Annotated[bool, typer.Option("--version", is_eager=True, help="Show the version and end.")] = False,
) -> None:
    """Sweep formulas over every bar of every symbol."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
    if shown:
        typer.echo(f"barsweep {version('barsweep')}")
        raise typer.Exit
