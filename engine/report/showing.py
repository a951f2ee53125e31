"""What a result offers to look at: a report, a chart of one symbol, and itself as a table in notebooks."""

from __future__ import annotations

import os
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from ...errors import ProcessingEngineError
from ..files import whole_file
from ..given import as_path, assert_kind

if TYPE_CHECKING:
    from ..results import BatchResult

MOST_MATCHES: Final = 100_000
BUDGET: Final = 20_000_000
MOST_IN_NOTEBOOK: Final = 5_000
PAGE: Final = "a page is written to a file, such as found.html"
ENDINGS: Final = ("", ".html", ".htm")
HEIGHTS: Final = {"table": 420, "chart": 640}


class Shown:
    """Mixed into a result. What pages need is imported when somebody looks."""

    def report(self, path: str | os.PathLike[str], *, matches: int = MOST_MATCHES, budget: int = BUDGET) -> Path:
        """Write a page to look at: matches with charts and reasons, what came after them, errors; returns its path.

        The page is one file that opens without a network. Of more than `matches` the newest are shown; `budget` is how
        many bytes charts may take. Candles are read anew from where they came. Raises ProcessingEngineError where the
        file cannot be written.
        """
        from .gathering import gather  # noqa: PLC0415 - who draws nothing need not wait for it
        from .page import page_of  # noqa: PLC0415

        result, target = _result(self), as_path(path, PAGE)
        source = getattr(result.origin.repository, "path", None)
        if isinstance(source, Path) and target.resolve() == source.resolve():
            raise ProcessingEngineError(f"{path} is the file with the candles: choose another one for the report")
        as_page(path)  # before anything is gathered
        return written(page_of(gather(result, most=matches, budget=budget)), path)

    def chart(self, symbol: str) -> Chart:
        """The candles of a symbol with its matches and the formula's indicators; a notebook draws it.

        Raises KeyError where the symbol was not asked for, and ProcessingEngineError where it has no matches.
        """
        from .gathering import gather  # noqa: PLC0415 - as above
        from .page import page_of  # noqa: PLC0415

        assert_kind(symbol, str, "a chart is of one symbol, chart('AAPL')")
        found = _result(self)[symbol]
        if not len(found.matches):
            reason = f": {found.error}" if found.error else ""
            raise ProcessingEngineError(f"{symbol} has no matches{reason}")
        return Chart(page_of(gather(_result(self), "chart", symbol, most=MOST_MATCHES)), HEIGHTS["chart"])

    def _repr_html_(self) -> str:
        from .gathering import gather  # noqa: PLC0415 - as above
        from .page import page_of  # noqa: PLC0415

        try:
            gathered = gather(_result(self), "table", most=MOST_IN_NOTEBOOK)
        except ProcessingEngineError as error:  # a table that is larger than the memory, say: the notebook says so
            return f"<pre>{escape(repr(self))}\n{escape(str(error))}</pre>"
        return framed(page_of(gathered), HEIGHTS["table"])


def _result(shown: Shown) -> BatchResult:
    """What it is mixed into, which can only be said here: results import this module."""
    return cast("BatchResult", shown)


class Chart:
    """A page with one symbol's chart. `save` writes it to a file; a notebook shows it `height` pixels high."""

    def __init__(self, page: str, height: int) -> None:
        self.page, self.height = page, height

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page; returns its path. Raises ProcessingEngineError where the file cannot be written."""
        return written(self.page, path)

    def _repr_html_(self) -> str:
        return framed(self.page, self.height)


def as_page(path: str | os.PathLike[str]) -> Path:
    """The path of a page to be; ProcessingEngineError for a name under which nobody would look for one."""
    target = as_path(path, PAGE)
    if target.suffix.lower() not in ENDINGS:
        page = target.with_suffix(".html").name
        raise ProcessingEngineError(f"{path}: what is written is a page for a browser: call it {page}")
    return target


def written(page: str, path: str | os.PathLike[str]) -> Path:
    """The path of a page, once it is written."""
    target = as_page(path)
    with whole_file(target) as file:
        file.write(page.encode())
    return target


def framed(page: str, height: int) -> str:
    """A page in a frame of its own, which can neither read nor change the notebook around it."""
    import html  # noqa: PLC0415 - a table of all entities, which only a page asks for

    return (
        f'<iframe srcdoc="{html.escape(page)}" sandbox="allow-scripts allow-downloads" '
        f'style="width:100%;height:{height}px;border:0" title="barsweep"></iframe>'
    )
