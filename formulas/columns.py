"""A column of the candles as formulas write it."""

from __future__ import annotations

from .parse.reading import QUOTES


def column_text(name: str) -> str | None:
    r"""The call of `column` that reads it, whatever it is called; None where no text of the language holds the name.

    >>> column_text("market cap"), column_text('the "best"'), column_text("two\nlines")
    ('column("market cap")', 'column(\'the "best"\')', None)
    """
    quotes = [(first, last) for first, last in QUOTES if last not in name]
    if not name or "\0" in name or "".join(name.splitlines()) != name or not quotes:
        return None
    first, last = quotes[0]
    return f"column({first}{name}{last})"
