"""What was perhaps meant by the name of a symbol that nobody knows."""

from __future__ import annotations

from collections.abc import Iterable


def guess_at(symbol: str, known: Iterable[str]) -> str:
    """The words that follow a message about the symbol: nothing where no known one is like it.

    >>> guess_at("APPL", ["AAPL", "SPY"])
    "; did you mean 'AAPL'?"
    >>> guess_at("XYZ", ["AAPL", "SPY"])
    ''
    """
    import difflib  # noqa: PLC0415 - for what is wrong alone

    folded = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(symbol.casefold(), folded, 1)
    return f"; did you mean {folded[near[0]]!r}?" if near else ""
