"""The commands, put together."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from .learning import check, explain, functions
from .scanning import scan
from .storing import demo, import_

application = typer.Typer(
    name="barsweep",
    help="Sweep formulas over every bar of every symbol.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
application.command()(scan)
application.command()(check)
application.command()(explain)
application.command()(functions)
application.command("import")(import_)
application.command()(demo)


@application.callback(invoke_without_command=True)
def start(
    shown: Annotated[bool, typer.Option("--version", is_eager=True, help="Show the version and end.")] = False,
) -> None:
    """Sweep formulas over every bar of every symbol."""
    if shown:
        typer.echo(f"barsweep {version('barsweep')}")
        raise typer.Exit
