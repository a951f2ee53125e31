"""The commands, put together."""

from __future__ import annotations

import gc
from importlib import import_module
from typing import Final

import click

HOMES: Final = {
    "scan": "scanning",
    "watch": "following",
    "why": "answering",
    "sql": "querying",
    "check": "learning",
    "explain": "learning",
    "functions": "learning",
    "import": "storing",
    "demo": "storing",
}
"""Each command's module, in the order in which help shows them."""


class Commands(click.Group):
    """Commands in the order in which they were added."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; where it is interrupted before it can tell how far it was, the exit code says so.

        Click's would be 1, which says that nothing was found.
        """
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            from .ending import Code  # noqa: PLC0415 - commands import it when they are asked for

            click.echo("interrupted", err=True)
            raise click.exceptions.Exit(Code.INTERRUPTED) from None


def make_application(asked: str | None = None) -> click.Group:
    """The command line; where it is known which command is asked, the others are not imported."""
    settings = {"help_option_names": ["-h", "--help"], "show_default": True}
    made = Commands("barsweep", help=start.__doc__, callback=start, no_args_is_help=True, context_settings=settings)
    click.version_option(package_name="barsweep", prog_name="barsweep", message="%(prog)s %(version)s")(made)
    for name in [asked] if asked in HOMES else HOMES:
        module = import_module(f".{HOMES[name]}", __package__)
        made.add_command(getattr(module, "import_" if name == "import" else name), name)
    return made


def start() -> None:
    """Sweep formulas over every bar of every symbol."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
