"""What was perhaps meant by a name that nobody knows: of a symbol, or of a column."""

from __future__ import annotations

from collections.abc import Iterable


def guess_at(name: str, known: Iterable[str]) -> str:
    """The words that follow a message about the name: nothing where no known one is like it.

    >>> guess_at("APPL", ["AAPL", "SPY"])
    "; did you mean 'AAPL'?"
    >>> guess_at("XYZ", ["AAPL", "SPY"])
    ''
    """
    import difflib  # noqa: PLC0415 - for what is wrong alone

    folded = {each.casefold(): each for each in known}
    near = difflib.get_close_matches(name.casefold(), folded, 1)
    return f"; did you mean {folded[near[0]]!r}?" if near else ""
