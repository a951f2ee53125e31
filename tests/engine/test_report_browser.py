"""The report in a real browser: it opens, sorts, searches and draws, with a silent console, and runs nothing foreign.

Skipped where there is no Chromium; `CHROMIUM` names one that is not on the PATH.
"""

import os
import re
import shutil

import polars as pl
import pytest

import barsweep as bs
from barsweep.data import sample_candles

sync_api = pytest.importorskip("playwright.sync_api", reason="no playwright, which drives the browser")
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: put one on the PATH or name it in CHROMIUM")
FLAGS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
FLAGS += " --disable-component-update --disable-sync"
EVIL = "</script><img src=x onerror=alert(1)>"
FORMULA = "fast = sma(close, 10)\nclose > fast and volume > 1.1 * sma(volume, 20) and rsi(close, 14) < 70"


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS.split())
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def found():
    frame = sample_candles(8, 400, defects=False)
    first, second = frame["symbol"].unique().sort().to_list()[:2]
    doubled = frame.filter(symbol=second).tail(1)
    frame = pl.concat([frame, doubled]).with_columns(pl.col("symbol").replace(first, EVIL))
    return bs.scan(FORMULA, frame)


@pytest.fixture(scope="module")
def file(found, tmp_path_factory):
    return found.report(tmp_path_factory.mktemp("report") / "out.html").as_uri()


@pytest.fixture
def opened(browser):
    """`opened(address)` is a page; whatever it says, asks for or alerts fails the test in the end."""
    context = browser.new_context(viewport={"width": 1300, "height": 800})
    said = []

    def open_page(address):
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: request.url in {address, "about:srcdoc"} or said.append(request.url))
        page.goto(address)
        page.wait_for_function("performance.getEntriesByName('table-drawn').length || frames.length")
        return page

    yield open_page
    context.close()
    assert said == []


def column(page, place):
    """The texts of a column of the rows in sight, from the top."""
    script = """place => [...document.querySelectorAll('.row:not([hidden])')].sort((a, b) => a.place - b.place)
                .map(row => row.children[place].textContent)"""
    return page.evaluate(script, place)


def wait_until_drawn(page, selector, colours):
    """Wait until a chart has more than so many colours: one that is empty has the background's alone."""
    script = """([selector, least]) => { const colours = new Set();
        for (const canvas of document.querySelectorAll(`${selector} canvas`)) {
          if (!canvas.width || !canvas.height) continue;
          const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
          for (let at = 0; at < data.length; at += 4) if (data[at + 3]) colours.add(data.slice(at, at + 3).join());
        } return colours.size > least; }"""
    page.wait_for_function(script, arg=[selector, colours], polling=100)


def test_the_newest_matches_come_first(opened, file, found):
    page = opened(file)

    newest = found.matches.sort("ts", descending=True, maintain_order=True)
    assert page.title() == "fast = sma(close, 10) \u2013 barsweep"
    assert page.inner_text("#title") == FORMULA
    assert page.inner_text("#count") == f"{found.matches.height:,} rows"
    assert column(page, 0)[:20] == newest["symbol"].to_list()[:20]
    assert column(page, 1)[:20] == newest["ts"].cast(pl.String).to_list()[:20]
    assert page.locator(".row").count() < 100


def test_sorting_by_a_column(opened, file, found):
    page = opened(file)
    heads = found.matches.columns
    place = heads.index("rsi(close, 14)")
    head = page.locator("#heads [role=columnheader]").nth(place)

    head.locator("button").click()
    falling = [float(text) for text in column(page, place)]
    state = head.get_attribute("aria-sort")
    head.locator("button").press("Enter")
    rising = [float(text) for text in column(page, place)]

    values = found.matches["rsi(close, 14)"].sort().to_list()
    assert state == "descending"
    assert head.get_attribute("aria-sort") == "ascending"
    assert falling[:10] == pytest.approx(values[:-11:-1], rel=1e-5)
    assert rising[:10] == pytest.approx(values[:10], rel=1e-5)


def test_searching(opened, file, found):
    page = opened(file)
    symbol = found.matches["symbol"].unique().sort()[1]
    year = str(found.matches["ts"].max().year)

    page.keyboard.press("/")
    page.keyboard.type(f"{symbol.lower()} {year}")

    expected = found.matches.filter(pl.col("symbol") == symbol, pl.col("ts").dt.year() == int(year)).height
    assert 0 < expected < found.matches.height
    assert page.inner_text("#count") == f"{expected:,} of {found.matches.height:,} rows"
    assert set(column(page, 0)) == {symbol}
    page.keyboard.type(" nothing of the kind")
    assert page.inner_text("#nothing") == "No match holds these words."
    page.keyboard.press("Escape")
    assert page.inner_text("#count") == f"{found.matches.height:,} rows"


def test_a_match_is_drawn_with_its_reasons(opened, file, found):
    page = opened(file)

    page.keyboard.press("j")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_selector("#tree .part")

    match = found.matches.sort("ts", descending=True, maintain_order=True).row(2, named=True)
    assert page.inner_text("#which").split() == [*match["symbol"].split(), str(match["ts"])]
    texts = page.locator("#tree .text").all_inner_texts()
    assert texts[0].startswith("close > fast and volume > 1.1")
    assert "fast = sma(close, 10)" in texts
    assert page.locator("#tree .value").all_inner_texts()[:2] == ["true", "true"]
    assert re.search(r"rsi\(close, 14\) \d+", page.inner_text("#legend"))
    wait_until_drawn(page, "#chart", 10)
    assert page.locator("#chart table tr").count() >= 5  # price, volume, rsi, with lines between, and the time axis


def test_keys_lead_through_the_page(opened, file):
    page = opened(file)

    page.keyboard.press("End")
    last = page.locator(".row[aria-selected=true]").get_attribute("aria-rowindex")
    page.keyboard.press("Enter")
    page.wait_for_selector("#tree .part")
    first = page.inner_text("#which")
    page.keyboard.press("]")
    page.wait_for_function("before => document.getElementById('which').textContent !== before", arg=first)
    page.keyboard.press("Escape")

    assert page.locator("#detail").is_hidden()
    assert int(last) == int(page.locator("#grid").get_attribute("aria-rowcount"))
    for key, name in (("2", "returns"), ("3", "trouble"), ("4", "about"), ("1", "matches")):
        page.keyboard.press(key)
        assert page.locator(f"#{name}").is_visible()
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()


def test_light_and_dark(opened, file):
    page = opened(file)
    page.keyboard.press("Enter")
    page.wait_for_selector("#tree .part")
    ground = "getComputedStyle(document.body).backgroundColor"

    light = page.evaluate(ground)
    page.keyboard.press("t")

    assert page.evaluate(ground) != light
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.emulate_media(color_scheme="light")
    assert page.locator("#chart canvas").count() > 3


def test_what_came_after_is_drawn(opened, file):
    page = opened(file)

    page.keyboard.press("2")
    page.wait_for_function("document.querySelectorAll('#returns canvas').length > 6")
    wait_until_drawn(page, "#returns", 5)

    assert "looks ahead" in page.inner_text("#returns")


def test_errors_have_a_page(opened, file):
    page = opened(file)

    page.keyboard.press("3")

    assert "duplicate" in page.inner_text("#trouble")


def test_an_evil_symbol_is_shown_as_it_is(opened, file, found):
    page = opened(file)
    assert EVIL in found.matches["symbol"].to_list()

    page.keyboard.press("/")
    page.keyboard.type("onerror")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.wait_for_selector("#tree .part")

    assert set(column(page, 0)) == {EVIL}
    assert page.inner_text("#which").startswith(EVIL)
    assert page.locator("img").count() == 0


def test_the_rows_that_are_shown_are_saved(opened, file, tmp_path):
    page = opened(file)
    page.fill("#search", "onerror")

    with page.expect_download() as download:
        page.click("#export")
    download.value.save_as(tmp_path / "matches.csv")

    saved = pl.read_csv(tmp_path / "matches.csv")
    assert set(saved["symbol"]) == {EVIL}
    assert saved.columns[:3] == ["symbol", "ts", "fast"]


def test_notebooks_show_tables_and_charts(opened, found, tmp_path):
    symbol = found.matches["symbol"][-1]
    both = f"<!doctype html><title>notebook</title>{found._repr_html_()}{found.chart(symbol)._repr_html_()}"
    (tmp_path / "notebook.html").write_text(both, encoding="utf-8")

    page = opened((tmp_path / "notebook.html").as_uri())
    table, chart = page.frames[1:]
    chart.wait_for_selector("#tree .part")

    assert table.locator(".row").count() > 5
    assert chart.inner_text("#which").startswith(symbol)
    assert chart.locator("#chart canvas").count() > 3


def test_many_matches_do_not_freeze_a_page(opened, tmp_path):
    """Of 60,000 rows those in sight are in the document; sorting and searching answer at once, scrolling too."""
    frame = sample_candles(60, 1100, defects=False)
    page = opened(bs.scan("close > 0", frame).report(tmp_path / "many.html").as_uri())

    rows = int(page.locator("#grid").get_attribute("aria-rowcount"))
    page.locator("#heads button").nth(0).click()
    page.keyboard.press("End")
    last = int(page.locator(".row[aria-selected=true]").get_attribute("aria-rowindex"))
    page.fill("#search", "a")

    assert rows == last > 50_000
    assert page.locator("*").count() < 1_000
