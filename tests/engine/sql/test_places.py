"""What is wrong with a query is told at its place in the text that was given."""

import re

import polars as pl
import pytest
from fakes import candles
from hypothesis import given
from hypothesis import strategies as st

import barsweep as bs
from barsweep.engine.sql.texts import QueryText, Spliced, letters
from barsweep.formulas.syntax import Span

FRAME = candles({"A": [1.0, 2.0]}).with_columns(sector=pl.lit("Oil"))


@pytest.fixture(scope="module")
def connection():
    with bs.connect(FRAME, tables={"meta": pl.DataFrame({"symbol": ["A"], "sector": ["Oil"]})}) as opened:
        yield opened


FORMULAS = [
    ("FROM scan('close > «smaa»(close, 3)')", "unknown function 'smaa'"),
    ("SELECT 'é', '\N{PILE OF POO}' FROM scan('close > «smaa»(close, 3)') m", "unknown function 'smaa'"),
    ("FROM scan('sector == \"it''s\" or «closs» > 1')", "unknown name 'closs'"),
    ("FROM scan($$close > «closs»$$)", "unknown name 'closs'"),
    ("FROM scan($é$close > «closs»$é$)", "unknown name 'closs'"),
    ("FROM scan(«E'close > closs'»)", "unknown name 'closs'"),
    ("FROM bars('mean: sma(«closs», 3)')", "unknown name 'closs'"),
    ("FROM bars(mean := 'sma(«closs», 3)')", "unknown name 'closs'"),
    ("SELECT 1\nFROM meta,\n  scan('close >\n   «closs»') m", "unknown name 'closs'"),
    ("FROM scan('close > «)»')", "closes nothing"),
    ("FROM scan('«close»')", "a scan needs a condition"),
    ("FROM scan('close > close[«-1»]')", "future|ahead|negative"),
    ("WITH x AS (FROM scan('close > 1')) SELECT * FROM x JOIN scan('close > «closs»') USING (symbol)", "closs"),
    ("SELECT (SELECT count(*) FROM scan('«closs» > 1'))", "closs"),
    ("FROM scan('«'»)", "nothing|empty|formula"),
]
QUERIES = [
    ("SELECT «symbl» FROM scan('close > 1')", 'Referenced column "symbl" not found'),
    ("SELECT m.symbol, «n.ts» FROM scan('close > 1') m", 'Referenced table "n" not found'),
    ("FROM scan('close > 1') a JOIN scan('close > 2') b USING (symbol) WHERE «nothing» > 1", "nothing"),
    ("FROM bars(x := 'close') JOIN «metaa» USING (symbol)", "Table with name metaa"),
    ("SELECT 'é' FROM candles WHERE «smaa(close, 3)» > 1", "smaa"),
    ("SELECT symbol «FROM»", "syntax error"),
    ("«DROP» TABLE meta", "only a SELECT is taken"),
    ("SELECT 'a;b' ; -- c;\n ; «SELECT 2»", "second statement"),
    ("FROM «scan()»", "scan needs a formula"),
    ("FROM «scan('close > 1', 'close > 2')»", "scan takes one formula"),
    ("FROM scan(«5»)", "scan takes formulas, 5 is none"),
    ("FROM scan(«NULL»)", "NULL is none"),
    ("FROM scan(«$f»)", "None|NULL"),
    ("FROM meta, scan(«meta.sector»)", "takes constants"),
    ("FROM meta, LATERAL bars(«sector»)", "takes constants"),
    ("FROM scan(«'close' || ' > 1'»)", "takes constants"),
    ("FROM scan(«(SELECT 'close > 1')»)", "takes constants"),
    ("FROM scan('close > 1', n := «close»)", "takes constants"),
    ("FROM scan('close > 1', n := «5»)", "no formula of scan has a param 'n'"),
    ("FROM bars('param n = 1; close * n', m := «5»)", "no formula of bars has a param 'm'"),
    ("FROM scan('param n = 1; close > n', n := «NULL»)", "the parameter n is None"),
    ("FROM scan('param n = 1; close > n', n := «[]»)", "from 1 to"),
    ("FROM «bars('param n = 1; close * n', n := [1, 2])»", "several values"),
    ("FROM scan('close > 1', latest := «1»)", "latest is true or false"),
    ("FROM scan('close > 1', timeframe := «5»)", "timeframe is a text"),
    ("FROM «scan('close > 1', timeframe := '7x')»", "unknown timeframe '7x'"),
    ("FROM «scan('close > 1', dialect := 'x')»", "there is no dialect 'x'"),
    ("FROM scan('close > 1', latest := true, stale := «'x'»)", "stale is a number"),
    ("FROM «scan('close > 1', stale := 3)»", "stale is about the latest bars"),
    ("FROM «scan('close > 1')» WITH ORDINALITY", "no ordinality"),
    ("FROM «main.scan('close > 1')»", "belongs to no schema"),
    ("SELECT «scan('close > 1')»", "is a table"),
    ("SELECT * FROM candles WHERE «bars('close')» > 1", "is a table"),
    ("FROM bars(«'close: sma(close, 3)'»)", "has a column 'close' already"),
    ("FROM bars(Mean := 'close', mean := «'open'»)", "has a column 'mean' already"),
    ("SELECT «$who»", "no value for \\$who"),
    ("SELECT 1 + «?»", "no value for the 1. \\?"),
    ("FROM «read_csv»('x.csv')", "external access is off"),
    ("FROM candles, «'x.csv'»", "external access is off"),
    ("«S»ELECT " + "1 + " * 2000 + "1", "nested too deeply|depth"),
]


def marked(query):
    """A query without its marks, and the place that they mark."""
    start, end = query.index("«"), query.index("»") - 1
    return query.replace("«", "").replace("»", ""), start, end


@pytest.mark.parametrize(("query", "message"), FORMULAS + QUERIES)
def test_faults_have_their_place(query, message, connection):
    text, start, end = marked(query)
    with pytest.raises((bs.FormulaError, bs.QueryError)) as raised:
        connection.sql(text, {"f": None} if "$f" in text else None)
    error = raised.value

    assert type(error) is (bs.FormulaError if (query, message) in FORMULAS else bs.QueryError)
    assert error.source == text
    assert re.search(message, error.message)
    assert (error.problems[0].start, error.problems[0].end) == (start, end)


def test_all_faults_of_all_formulas_are_told_at_once(connection):
    with pytest.raises(bs.FormulaError) as raised:
        connection.sql("FROM scan('closs > 1') JOIN bars('sma(hihg, 3)', 'lwo') USING (symbol, ts)")

    assert [problem.column for problem in raised.value.problems] == [12, 39, 51]


def test_a_fault_of_a_formula_given_as_a_value_has_its_place_there(connection):
    with pytest.raises(bs.FormulaError) as raised:
        connection.sql("FROM scan($up)", {"up": "close > closs"})

    assert str(raised.value).startswith("in formula '$up': unknown name 'closs'\n  close > closs\n          ^^^^^")


def test_hints_name_the_tables_that_there_are(connection):
    for wrong, hint in (("metta", "did you mean meta?"), ("xyz", "there are candles, meta, scan(...) and bars(...)")):
        with pytest.raises(bs.QueryError) as raised:
            connection.sql(f"FROM {wrong}")
        assert raised.value.hint == hint


@pytest.mark.parametrize("values", [{"a": 1, "b": 2}, [1, 2], "text", 5])
def test_values_that_the_query_does_not_ask_for(values, connection):
    with pytest.raises(bs.ProcessingEngineError, match=r"values (has|is)"):
        connection.sql("SELECT $a" if isinstance(values, dict) else "SELECT ?" if values != 5 else "SELECT 1", values)


def test_faults_while_duckdb_computes(connection):
    with pytest.raises(bs.ProcessingEngineError, match="the query cannot be run: Could not convert string 'Oil'"):
        connection.sql("SELECT sector::INT FROM candles").arrow()


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5), st.text("ab", max_size=6)), max_size=5), st.data())
def test_places_of_a_spliced_text_lead_back(pieces, data):
    """Outside of what was put in, each letter leads back to itself; inside, to the beginning of what it replaces."""
    original = "".join(chr(0x4E00 + place) for place in range(60))
    spans, at = [], 0
    for gap, length, other in pieces:
        spans.append((Span(at + gap, at + gap + length), other))
        at += gap + length + 1
    made = Spliced.of(original, spans)
    place = data.draw(st.integers(0, len(made.text) - 1))

    if ord(made.text[place]) >= 0x4E00:
        assert original[made.original(place)] == made.text[place]
    else:
        assert made.original(place) in {span.start for span, _ in spans}


@given(st.text(st.sampled_from("'a \n$é"), max_size=12))
def test_letters_of_literals(text):
    for raw in ("'" + text.replace("'", "''") + "'", f"$x${text}$x$"):
        places = letters(raw, text, 100)
        assert places is not None
        assert "".join(raw[place - 100] for place in places[:-1]) == text
        assert len(places) == len(text) + 1


def test_bytes_and_characters():
    text = QueryText("SELECT 'é\N{PILE OF POO}' FROM scan('x') m")

    assert text.text[text.span(len("SELECT 'é\N{PILE OF POO}' FROM ".encode()), 4).start :].startswith("scan(")
    assert text.call(text.text.index("scan")) == Span(17, 26)
