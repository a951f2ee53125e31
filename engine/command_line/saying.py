"""Lines for the person at the command line."""

from __future__ import annotations

import click


def say(text: str) -> None:
    """Write a line that is no result where it does not mix with results."""
    click.echo(text, err=True)
