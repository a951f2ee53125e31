"""What is seen of a job: events in the log with fields, statistics, and spans of OpenTelemetry."""

import ast
import io
import json
import logging
import re
import sys
from pathlib import Path

import pytest
from fakes import Service, Watched, candles, rising
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import barsweep as bs
from barsweep import BarsweepError, ProcessingEngine, ProcessingJob, RepositoryError
from barsweep.data import sample_candles
from barsweep.engine import dividing, retrying
from barsweep.engine.tallying import Tally

UP = "close > close[1]"
LEVELS = ("debug", "info", "warning", "error", "exception")
PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
OWN = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(retrying, "FIRST_PAUSE", 0.001)


@pytest.fixture
def logged():
    """The records of the barsweep logger, and what a formatter for JSON makes of them."""
    records, text = [], io.StringIO()

    class Json(logging.StreamHandler):
        def emit(self, record):
            records.append(record)
            extra = {name: value for name, value in vars(record).items() if name not in OWN}
            self.stream.write(json.dumps({"message": record.getMessage(), **extra}) + "\n")

    log, handler = logging.getLogger("barsweep"), Json(text)
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    yield lambda: [json.loads(line) for line in text.getvalue().splitlines()]
    log.removeHandler(handler)
    log.setLevel(level)


def ends(engine, job=None, **options):
    """A job run to its end, however it ends."""
    try:
        return engine.run(job or ProcessingJob(None, UP), **options)
    except BarsweepError as error:
        return error


def failing_once():
    faults = [RepositoryError("busy", retryable=True)]

    def on_load(_):
        if faults:
            raise faults.pop()

    return Watched(rising(2), on_load)


def broken(symbols):
    if "S001" in symbols:
        raise RepositoryError("no such shard")


def unlisted():
    repository = Watched(rising(1))
    repository.symbols = lambda _: (_ for _ in ()).throw(RepositoryError("there is no list"))
    repository.span = repository.symbols
    return repository


def raising(*_):
    raise ValueError("a slip")


MARKET = sample_candles(20, 1000, defects=False)
EVENTS = {
    "retry": (lambda: ends(ProcessingEngine(failing_once())), {"doing", "attempt", "pause", "error"}),
    "batch halved": (lambda: ends(ProcessingEngine(Watched(rising(2), broken))), {"symbols", "error"}),
    "symbol failed": (
        lambda: ends(ProcessingEngine(candles({"A": [1.0, 2.0]})), ProcessingJob(["A", "B"], UP)),
        {"symbol", "kind", "error"},
    ),
    "fault": (lambda: ends(ProcessingEngine(Watched(rising(1), raising))), {"error"}),
    "put aside": (
        lambda: ends(ProcessingEngine(MARKET, memory_limit=1_000_000), ProcessingJob(None, "x = close; close > 0")),
        {"bytes", "folder"},
    ),
    "formula warning": (lambda: ends(ProcessingEngine(rising(1)), ProcessingJob(None, "close > volume")), set()),
    "callback failed": (lambda: ends(ProcessingEngine(rising(1)), progress_callback=raising), {"error"}),
    "unlisted": (lambda: ends(ProcessingEngine(unlisted()), ProcessingJob(["S000"], UP)), {"error"}),
    "no span": (lambda: ends(ProcessingEngine(unlisted()), ProcessingJob(["S000"], UP, latest=True)), {"error"}),
    "job ended": (
        lambda: ends(ProcessingEngine(rising(1))),
        {"symbols", "rows", "elapsed", "seconds", "retries", "warnings", "memory", "memory_limit", "put_aside"},
    ),
}


@pytest.mark.parametrize("event", EVENTS)
def test_events_have_fields(event, logged):
    """Every record has a field that says which event it is; of each kind the same fields, all of which JSON takes."""
    happen, fields = EVENTS[event]

    happen()

    told = [record for record in logged() if record["event"] == event]
    assert told
    for record in told:
        assert fields <= record.keys()
        assert record["message"]


def sources():
    """The text of every module."""
    root = PAGE.parents[1]
    files = [path for part in ("data", "formulas", "engine") for path in (root / part).rglob("*.py")]
    return [path.read_text(encoding="utf-8") for path in files]


def test_events_are_those_of_the_documentation():
    row = re.compile(r"^\| `([a-z ]+)` \| (?:info|warning|error) \| [^|]* \|([^|]*)\|$", re.MULTILINE)
    rows = row.findall(PAGE.read_text(encoding="utf-8"))
    documented = {event: set(re.findall(r"`(\w+)`", fields)) for event, fields in rows}

    assert documented.keys() == {event for text in sources() for event in re.findall(r'"event": "([a-z ]+)"', text)}
    assert set(EVENTS) <= documented.keys()
    for event, (_, fields) in EVENTS.items():
        assert fields == documented[event] or event == "job ended"


def test_nothing_is_logged_without_an_event():
    calls = [call for text in sources() for call in ast.walk(ast.parse(text)) if isinstance(call, ast.Call)]
    logged = [call for call in calls if ast.unparse(call.func) in {f"LOG.{level}" for level in LEVELS}]

    assert len(logged) > 10
    assert [ast.unparse(call) for call in logged if "extra" not in {word.arg for word in call.keywords}] == []


@pytest.mark.parametrize(
    "ask",
    [
        lambda frame: ProcessingEngine(frame).evaluate(ProcessingJob(None, {"mean": "sma(close, 3)"})),
        lambda frame: bs.signals("close > sma(close, 3)", frame),
        lambda frame: bs.sql("SELECT mean FROM bars(mean := 'sma(close, 3)')", frame),
    ],
    ids=["evaluate", "signals", "sql"],
)
def test_values_tell_their_end_too(ask, logged):
    ask(rising(3, bars=50))

    (told,) = [record for record in logged() if record["event"] == "job ended"]
    assert (told["rows"], told["symbols"], told["loaded"]) == (150, 3, 150)


# Statistics.

WAYS = {
    "tiles": ProcessingJob(None, UP),
    "polars": ProcessingJob(None, UP, executor="polars"),
    "rank": ProcessingJob(None, "rank(close) > 1"),
    "several": ProcessingJob(None, {"up": UP, "down": "close < close[1]"}),
}


@pytest.mark.parametrize("way", WAYS)
def test_statistics_tell_what_was_done_and_what_it_took(way, monkeypatch, tmp_path):
    monkeypatch.setattr(dividing, "rows_per_batch", lambda *_, **__: 200)
    frame = rising(8, bars=100)

    with ProcessingEngine(frame) as engine:
        result = engine.run(WAYS[way], output=tmp_path / "found.parquet")

    told = result.statistics
    assert (told.symbols, told.errors, told.bars) == (8, 0, 800)
    assert told.rows == result.counts["matches"] == result.matches.height > 0
    assert told.batches == 4
    stages = {"prepare", "load", "check", "compute", "split"} | ({"rank"} if way == "rank" else {"write"})
    assert stages <= told.seconds.keys()
    assert all(seconds >= 0 for seconds in told.seconds.values())
    assert told.elapsed == result.elapsed > 0
    assert (told.retries, told.halved, told.warnings, told.put_aside) == (0, 0, (), 0)
    assert told.memory_limit == engine._memory.limit


def test_statistics_have_the_warnings_of_formulas():
    result = ProcessingEngine(rising(1)).run(ProcessingJob(None, {"odd": "close > volume", "fine": UP}))

    (warning,) = result.statistics.warnings
    assert warning.startswith("odd: ")
    assert "volume" in warning


@pytest.mark.parametrize("service", [None, Service()])
def test_the_summary_is_one_line(service):
    result = ProcessingEngine(failing_once(), service).run(ProcessingJob(["S000", "S001", "none"], UP))

    assert re.fullmatch(
        r"8 matches in 3 symbols, 10 bars; [\d.]+ s, [\d,]+ rows/s; 1 symbol with errors; asked again 1 time",
        result.summary(),
    )


def test_a_stage_inside_another_counts_for_itself():
    tally = Tally()
    with tally.stage("split"):
        with tally.stage("compute"):
            pass
        tally.spend("check", 5.0)

    assert tally.seconds["check"] == 5.0
    assert tally.seconds["split"] < 0  # the five seconds were not really spent
    assert tally.seconds["compute"] >= 0


# Spans.


@pytest.fixture
def spans(monkeypatch):
    """Spans that have ended, by name."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)

    def ended():
        found = {}
        for span in exporter.get_finished_spans():
            found.setdefault(span.name, []).append(span)
        return found

    yield ended
    provider.shutdown()


def within(span, outer):
    return span.parent.span_id == outer.context.span_id and span.context.trace_id == outer.context.trace_id


@pytest.mark.parametrize("executor", ["tiles", "polars"])
def test_spans_lie_in_that_of_the_job(executor, spans, monkeypatch):
    """Whichever threads they are of; and the job's in that of the caller."""
    monkeypatch.setattr(dividing, "rows_per_batch", lambda *_, **__: 200)
    with trace.get_tracer("a test").start_as_current_span("caller"):
        ProcessingEngine(rising(8, bars=100)).run(ProcessingJob(None, UP, executor=executor))

    found = spans()
    ((caller,), (job,), batches) = found["caller"], found["barsweep.run"], found["barsweep.batch"]
    assert within(job, caller)
    assert within(found["barsweep.prepare"][0], job)
    assert len(batches) == 4
    assert all(within(batch, job) for batch in batches)
    assert {batch.attributes["barsweep.symbols"] for batch in batches} == {2}
    for name in ("load", "compute", "split"):
        inner = found[f"barsweep.{name}"]
        outer = batches if name != "compute" or executor == "polars" else found["barsweep.split"]
        assert len(inner) == 4
        assert all(any(within(span, batch) for batch in outer) for span in inner)


async def awaited(engine):
    with trace.get_tracer("a test").start_as_current_span("caller"):
        await engine.process_batch(ProcessingJob(None, UP))


def test_spans_of_awaited_jobs_lie_in_that_of_the_task(spans):
    import asyncio

    asyncio.run(awaited(ProcessingEngine(rising(2))))

    assert within(spans()["barsweep.run"][0], spans()["caller"][0])


def test_a_job_that_raises_has_a_span_that_says_so(spans):
    ends(ProcessingEngine(rising(1)), ProcessingJob(None, "close > smaa(close)"))

    (job,) = spans()["barsweep.run"]
    assert not job.status.is_ok
    assert job.events[0].attributes["exception.type"].endswith("FormulaError")


def test_without_opentelemetry_nothing_is_traced(spans, monkeypatch):
    monkeypatch.delitem(sys.modules, "opentelemetry.trace")

    assert ProcessingEngine(rising(2)).run(ProcessingJob(None, UP)).counts["matches"] == 8
    assert spans() == {}
