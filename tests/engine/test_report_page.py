"""The report as a document: nothing in it can run that is not ours, whatever the data say."""

import base64
import hashlib
import html
import json
import re
from html.parser import HTMLParser

import polars as pl
import pytest

import barsweep as bs
from barsweep.data import sample_candles
from barsweep.engine.report.gathering import gather
from barsweep.engine.report.page import page_of, part
from barsweep.engine.report.showing import MOST_MATCHES

EVIL = ["</script><img src=x onerror=alert(1)>", "=cmd|' /C calc'!A0", "<!--<script>", "\u2028\"'&amp;"]
FORMULA = "close > sma(close, 20) and volume > 1.2 * sma(volume, 20) and rsi(close, 14) < 70"


@pytest.fixture(scope="module")
def sample():
    return sample_candles(6, 400, defects=False)


@pytest.fixture(scope="module")
def found(sample):
    return bs.scan(FORMULA, sample)


class Elements(HTMLParser):
    """The elements of a page with their attributes, and the texts of scripts and styles."""

    def __init__(self, page):
        super().__init__(convert_charrefs=False)
        self.found = []
        self.open = False
        self.feed(page)

    @property
    def data(self):
        """What the page knows at once."""
        return json.loads({attributes.get("id"): text for attributes, text in self.of("script")}["page"])

    def handle_starttag(self, tag, attributes):
        self.found.append([tag, dict(attributes), ""])
        self.open = True

    def handle_data(self, data):
        if self.open:
            self.found[-1][2] += data

    def handle_endtag(self, tag):
        self.open = False

    def of(self, tag):
        return [(attributes, text) for name, attributes, text in self.found if name == tag]


@pytest.fixture(scope="module")
def page(found):
    return page_of(gather(found, most=MOST_MATCHES))


@pytest.fixture(scope="module")
def evil():
    """A page whose symbols, columns and formula try to run something."""
    frame = sample_candles(4, 60, defects=False)
    names = dict(zip(frame["symbol"].unique().sort(), EVIL, strict=True))
    frame = frame.with_columns(pl.col("symbol").replace(names), pl.lit(EVIL[0]).alias("note"))
    return page_of(gather(bs.scan(f'close > open and note == "{EVIL[0]}"', frame), most=1000))


def test_nothing_in_a_page_ends_its_element(page, evil):
    """However evil the data, a page has the elements of any other, and data hold none of the signs that begin one."""
    plain, other = Elements(page), Elements(evil)

    assert [name for name, *_ in other.found if name != "script"] == [
        name for name, *_ in plain.found if name != "script"
    ]
    for attributes, text in other.of("script"):
        if attributes.get("type") == "application/json":
            assert not set("<>&") & set(text)
            json.loads(text)
    assert set(other.data["table"]["symbols"]) == set(EVIL)
    assert "onerror" not in re.sub(r'<script type="application/json".*?</script>', "", evil, flags=re.DOTALL)


def test_the_policy_names_what_the_page_holds(page):
    """By its hash; nothing else may run, and nothing may be loaded."""
    found = Elements(page)
    policy = next(a["content"] for a, _ in found.of("meta") if a.get("http-equiv") == "Content-Security-Policy")
    rules = {name: sources for name, *sources in (rule.split() for rule in policy.split(";"))}

    def hashed(text):
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    assert rules["default-src"] == ["'none'"]
    assert set(rules["script-src"]) == {hashed(text) for a, text in found.of("script") if "type" not in a}
    assert rules["style-src"] == [hashed(text) for _, text in found.of("style")]
    assert not any("unsafe" in source or "http" in source for sources in rules.values() for source in sources)
    assert rules["base-uri"] == rules["form-action"] == ["'none'"]


def test_a_page_needs_nothing_beside_it(page):
    found = Elements(page)

    assert not any({"src", "href", "style", "action"} & attributes.keys() for _, attributes, _ in found.found)
    assert not any(name.startswith("on") for _, attributes, _ in found.found for name in attributes)
    assert not found.of("link")


def test_our_scripts_bring_data_to_the_screen_as_text():
    ours = "\n".join(
        part(name) for name in ("unpacking.js", "table.js", "tree.js", "chart.js", "returns.js", "panels.js", "page.js")
    )

    for way in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        "fetch(",
        "XMLHttp",
    ):
        assert way not in ours


def test_the_library_comes_with_its_licence():
    library, licence = part("lightweight-charts.js"), part("lightweight-charts.LICENSE.txt")

    assert "TradingView Lightweight Charts" in library[:300]
    assert "Apache License" in licence[:200]
    assert "https://www.tradingview.com/" in part("panels.js")


def test_a_result_shows_itself_as_a_table(found):
    frame = found._repr_html_()

    inner = html.unescape(re.search(r'srcdoc="(.*?)" sandbox', frame, re.DOTALL)[1])
    assert 'sandbox="allow-scripts allow-downloads"' in frame
    assert Elements(inner).data["view"] == "table"
    assert "LightweightCharts=" not in inner
    assert len(inner) < 200_000


def test_one_symbol_is_drawn(found, tmp_path):
    symbol = found.matches["symbol"][0]

    chart = found.chart(symbol)

    assert chart.save(tmp_path / "chart.html").read_text(encoding="utf-8") == chart.page
    assert Elements(chart.page).data["table"]["symbols"] == [symbol]
    assert "<iframe srcdoc=" in chart._repr_html_()


def test_what_cannot_be_drawn_is_told(found, sample, tmp_path):
    nothing = bs.scan("close > 1e9", sample, symbols=[sample["symbol"][0], "NOPE"])

    with pytest.raises(KeyError):
        found.chart("NOPE")
    with pytest.raises(bs.ProcessingEngineError, match="NOPE has no matches: the repository has no symbol"):
        nothing.chart("NOPE")
    with pytest.raises(bs.ProcessingEngineError, match="cannot be written"):
        found.report(tmp_path / "no" / "out.html")
    for write in (found.report, found.chart(found.matches["symbol"][0]).save):
        with pytest.raises(bs.ProcessingEngineError, match=r"out\.pdf: .* is a page for a browser: call it out\.html"):
            write(tmp_path / "out.pdf")


@pytest.mark.parametrize("name", ["candles.parquet", "candles.csv"])
def test_candles_are_not_written_over(sample, tmp_path, name):
    sample.write_parquet(tmp_path / "candles.parquet")
    sample.write_csv(tmp_path / "candles.csv")
    before, found = (tmp_path / name).read_bytes(), bs.scan(FORMULA, tmp_path / name)

    with pytest.raises(bs.ProcessingEngineError, match="is the file with the candles"):
        found.report(tmp_path / name)
    assert (tmp_path / name).read_bytes() == before
