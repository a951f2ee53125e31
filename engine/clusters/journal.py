"""What became of orders, as lines of JSON beside the results: what was run, what was there already, what again."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

NAME: Final = "journal.jsonl"
Event: TypeAlias = Literal["sent", "done", "there", "failed", "given up"]


class ClusterJournal:
    """Notes of one folder; several drivers may write to it, one after the other."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._lock = threading.Lock()

    def note(self, event: Event, order: str, symbols: int, **further: Any) -> None:
        """Add a line."""
        line = json.dumps({"at": round(time.time(), 3), "event": event, "order": order, "symbols": symbols, **further})
        with self._lock, self.path.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")

    def run_again(self) -> dict[str, int]:
        """Orders that were begun more than once, since somebody was lost who carried them out, and how often."""
        done = (line for line in self.lines() if line["event"] == "done")
        return {line["order"]: line["begun"] for line in done if line["begun"] > 1}

    def lines(self) -> Iterator[dict[str, Any]]:
        """All notes, oldest first; a last line that was being written when a driver ended is passed over."""
        if not self.path.exists():
            return
        for line in self.path.read_text(encoding="utf-8").splitlines():
            try:
                yield json.loads(line)
            except ValueError:  # the last line of a driver that was killed
                continue
