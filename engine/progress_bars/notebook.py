"""The progress bar of a notebook: HTML that is shown once and then updated, so that no widgets have to be installed."""

from __future__ import annotations

import time
from typing import Any, Final

PAUSE: Final = 0.1  # seconds between two drawings: each is a message to the browser


class NotebookBar:
    """A bar below the cell: symbols done, their rate, the time that is left, and what was found so far."""

    def __init__(self) -> None:
        self._began = self._drawn = time.monotonic()
        self._completed, self._total = 0, 0
        self._matches: int | None = None
        self._handle: Any = None  # IPython's, of what is displayed

    def __call__(self, completed: int, total: int) -> None:
        """So many symbols are done."""
        self._completed, self._total = completed, total
        if self._handle is None or time.monotonic() - self._drawn >= PAUSE:
            self._draw()

    def found(self, matches: int) -> None:
        """So many matches were found until now; drawn with the next call."""
        self._matches = matches

    def close(self) -> None:
        """Draw the last state."""
        if self._handle is not None:
            self._draw()

    def __repr__(self) -> str:
        return f"scanning: {self._words()}"

    def _repr_html_(self) -> str:
        bar = f'<progress value="{self._completed}" max="{max(1, self._total)}" style="width:20em"></progress>'
        return f"<div>{bar} {self._words()}</div>"

    def _draw(self) -> None:
        self._drawn = time.monotonic()
        if self._handle is None:
            from IPython.display import display  # noqa: PLC0415 - is there, since a notebook runs this

            self._handle = display(self, display_id=True)
        else:
            self._handle.update(self)

    def _words(self) -> str:
        passed = time.monotonic() - self._began
        rate = self._completed / passed if passed > 0 else 0.0
        words = [f"{self._completed:,} of {self._total:,} symbols"]
        words += [f"{rate:,.0f} symbols/s"] if rate else []
        if self._completed >= self._total:
            words.append(f"{passed:.1f} s")
        elif rate:
            words.append(f"{(self._total - self._completed) / rate:.0f} s left")
        words += [f"{self._matches:,} found"] if self._matches is not None else []
        return ", ".join(words)
