"""Messages in the words of the command line: the library names arguments of Python, here they are options."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ..results import SymbolError

ROWS_NAMED: Final = 3

# What the library writes, and what the command line calls it; the first that fits goes first.
OPTIONS: Final = (
    (r"columns=\{\.\.\.\}", "--column name=its-name"),
    (r"""columns=\{"(\w+)": (['"])(.*?)\2\}""", r"--column \1=\3"),
    (r"which columns= gives for '([^']+)'", r"which --column gives for '\1'"),
    (
        r'external_access=True lets a query read files; other tables are given: tables=\{"meta": frame\}',
        "--external-access lets a query read files; other tables are given: --table meta=meta.csv",
    ),
    (r'give it: values=\{"(\w+)": \.\.\.\}', r"give it: --value \1=..."),
    (r"give it: values=\[\.\.\.\]", "give it: --value 1=..."),
    (r"say replace=True", "say --replace"),
    (r"choose another table=", "choose another --table"),
    (r"choose one with table=", "choose one with --table"),
    (r"choose one with source_table=", "choose one with --source-table"),
    (r" \(tell timeframe= when opening it if the bars are not [^)]*\)", ""),
    (
        r"stale= is about the latest bars: ask for latest=True too",
        "--stale is about the latest bars: give --latest too",
    ),
    (
        r"latest=True reports the last bar alone, so start= has no use there; end= moves the last bar",
        "--latest reports the last bar alone, so --start has no use there; --end moves the last bar",
    ),
    (r"\bmemory_limit (?=is |are )", "--memory-limit "),
    (r"\b([Rr]aise) memory_limit\b", r"\1 --memory-limit"),
    (r"larger than memory_limit\b", "larger than --memory-limit"),
    (r"\bgive output= (?=to write)", "give --output "),
    (r"or make a new scanner of the history", "or name another file with --state"),
    (r" to open_repository or import_candles", ""),
    (r"\bdate_format=(?=['\"])", "--date-format "),
    (r"\bdecimal=(?=['\"])", "--decimal "),
    (r"\bdate_format= (?=and |is for CSV)", "--date-format "),
    (r"\bdecimal= (?=is for CSV)", "--decimal "),
    (r"the policy (\w+)='(\w+)' lets the symbol live", r"--policy \1=\2 lets the symbol live"),
)


def in_options(message: str) -> str:
    """A message of the library with options instead of arguments.

    >>> in_options("there is a table already: say replace=True")
    'there is a table already: say --replace'
    """
    for pattern, option in OPTIONS:
        message = re.sub(pattern, option, message)
    return message


def symbol_error(error: SymbolError) -> str:
    """Why a symbol has no matches, with its first faulty rows only."""
    named, more = ", ".join(error.rows), error.count - len(error.rows)
    listed = f"{named} and {more} more" if more > 0 else named
    message = error.message
    if len(error.rows) > ROWS_NAMED:
        few = ", ".join(error.rows[:ROWS_NAMED])
        message = message.replace(listed, f"{few} and {error.count - ROWS_NAMED} more")
    return in_options(message)
