"""How long a report takes to be written and to stand on the screen: `python -m bench.page` prints a table.

2,500 symbols x 2,520 days with some 50,000 matches. The screen's times are those of a headless Chromium, the least of
five fresh starts; without one they are left out.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Final

from barsweep import scan
from barsweep.data import sample_candles
from bench.memory import PeakMemory

FORMULA: Final = "close > sma(close, 20) and volume > 2.4 * sma(volume, 20) and rsi(close, 14) < 70"
NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS: Final = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
STARTS: Final = 5
PAINTED: Final = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
DRAWN: Final = "performance.getEntriesByName('table-drawn')[0].startTime"
SEARCHED: Final = """() => { const begin = performance.now(); const box = document.getElementById('search');
box.value = 'a 2016'; box.dispatchEvent(new Event('input')); return performance.now() - begin; }"""
SORTED: Final = """() => { const begin = performance.now(); document.querySelectorAll('#heads button')[3].click();
return performance.now() - begin; }"""


def main() -> None:
    """Write and open the page, and print what that took."""
    with tempfile.TemporaryDirectory() as folder:
        found, path = scan(FORMULA, sample_candles(2500, 2520)), Path(folder) / "page.html"
        with PeakMemory() as memory:
            before, wall, processor = memory.process.memory_info().rss, time.perf_counter(), time.process_time()
            found.report(path)
            wall, processor = time.perf_counter() - wall, time.process_time() - processor
        rows = {
            "matches": f"{found.counts['matches']:,}",
            "file": f"{path.stat().st_size / 1e6:.1f} MB",
            "written in": f"{wall:.1f} s ({processor:.1f} s of processor)",
            "memory above the scan's": f"{(memory.peak - before) / 1e6:,.0f} MB",
            **in_browser(path),
        }
    for name, value in rows.items():
        print(f"{name:<24} {value}")


def in_browser(path: Path) -> dict[str, str]:
    """Milliseconds until something and until the table is seen, and for a search and a sort."""
    browser = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if browser is None:
        return {"on the screen": "no Chromium here"}
    from playwright.sync_api import sync_playwright

    times: dict[str, list[float]] = {"first paint": [], "table drawn": [], "a search": [], "a sort": []}
    with sync_playwright() as playwright:
        for _ in range(STARTS):
            chromium = playwright.chromium.launch(executable_path=browser, headless=True, args=FLAGS)
            page = chromium.new_page()
            page.goto(path.as_uri())
            page.wait_for_function("performance.getEntriesByName('table-drawn').length")
            for name, script in zip(times, (PAINTED, DRAWN, SEARCHED, SORTED), strict=True):
                times[name].append(page.evaluate(script))
            chromium.close()
    return {name: f"{min(several):.0f} ms" for name, several in times.items()}


if __name__ == "__main__":
    main()
