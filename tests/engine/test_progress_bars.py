"""Bars: which one is drawn where, what it says, and that it is gone when the job is."""

import asyncio
import io
import re
import sys
from types import ModuleType, SimpleNamespace

import pytest
from fakes import Service, names, rising

import barsweep as bs
from barsweep import ProcessingEngine, ProcessingEngineError, ProcessingJob
from barsweep.engine.command_line.watching import progress_bar
from barsweep.engine.progress_bars import fitting_bar
from barsweep.engine.progress_bars.notebook import NotebookBar
from barsweep.engine.progress_bars.terminal import TerminalBar

UP = "close > close[1]"


class Terminal(io.StringIO):
    """Standard error, as a terminal gets it; `text` is without the codes that move the cursor and choose colours."""

    def isatty(self):
        return True

    @property
    def text(self):
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.getvalue())


class Telling:
    """A callback that wants to know the matches, and writes down what it is told."""

    def __init__(self):
        self.told = []

    def __call__(self, completed, total):
        self.told.append((completed, total))

    def found(self, matches):
        self.told.append(matches)

    @property
    def matches(self):
        return [each for each in self.told if isinstance(each, int)]


@pytest.fixture
def open_terminal(monkeypatch):
    """Makes standard error a terminal; to be called in the test, since pytest sets it anew after the fixtures."""

    def opened():
        terminal = Terminal()
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", "120")
        monkeypatch.setattr(sys, "stderr", terminal)
        return terminal

    return opened


@pytest.fixture
def displayed(monkeypatch):
    """What a notebook shows: a stand-in for IPython keeps each display and its updates."""
    shown = []

    def display(bar, display_id):
        assert display_id is True
        shown.append([bar._repr_html_()])
        return SimpleNamespace(update=lambda again: shown[-1].append(again._repr_html_()))

    ipython, displaying = ModuleType("IPython"), ModuleType("IPython.display")
    ipython.get_ipython = lambda: SimpleNamespace(kernel=object())
    displaying.display = display
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", displaying)
    return shown


def test_a_pipe_stays_empty(capfd):
    assert fitting_bar() is None
    found = bs.scan(UP, rising(3), progress=True)

    assert len(found.matches) > 0
    assert capfd.readouterr() == ("", "")


def test_a_program_without_a_console_draws_nothing(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)

    assert fitting_bar() is None


def test_a_terminal_gets_a_bar_with_rate_and_what_was_found(open_terminal):
    terminal = open_terminal()
    found = bs.scan(UP, rising(30), progress=True)

    last = terminal.text.rstrip().splitlines()[-1]
    assert "30/30" in last
    assert "symbols/s" in last
    assert f"{found.matches.height:,} found" in last


def test_values_have_no_matches_to_show(open_terminal):
    terminal = open_terminal()
    bs.evaluate("close", rising(5), progress=True)

    assert "5/5" in terminal.text
    assert "found" not in terminal.text


def test_a_faulty_formula_draws_no_bar(open_terminal):
    terminal = open_terminal()
    with pytest.raises(bs.FormulaError):
        bs.scan("smaa(close)", rising(5), progress=True)

    assert terminal.getvalue() == ""


def test_a_bar_ends_with_its_job_even_by_an_error(open_terminal, monkeypatch):
    terminal = open_terminal()

    def break_down(*_, **__):
        raise RuntimeError("no memory")

    monkeypatch.setattr("barsweep.engine.processing.assemble", break_down)
    with pytest.raises(RuntimeError, match="no memory"):
        bs.scan(UP, rising(5), progress=True)

    assert terminal.text.endswith("\n")
    assert terminal.getvalue().count("\x1b[?25l") == terminal.getvalue().count("\x1b[?25h") > 0  # the cursor is back


def test_a_transient_bar_leaves_no_line(open_terminal):
    terminal = open_terminal()
    bar = TerminalBar(transient=True)
    bar(1, 2)
    bar.close()

    assert terminal.getvalue().endswith("\x1b[2K")


def test_the_command_draws_where_its_results_are_looked_at(open_terminal, monkeypatch):
    """With its results in a pipe, a bar would stand between the lines of whoever reads them."""
    terminal = open_terminal()
    with progress_bar() as bar:
        assert bar is None
    monkeypatch.setattr(sys, "stdout", Terminal())
    with progress_bar() as bar:
        bar.found(1234)
        bar(1, 2)

    assert "1/2" in terminal.text
    assert "1,234 found" in terminal.text
    assert terminal.getvalue().endswith("\x1b[2K")


def test_a_notebook_gets_one_bar_that_ends_at_the_total(displayed, open_terminal):
    terminal = open_terminal()
    found = bs.scan(UP, rising(30), progress=True)

    assert len(displayed) == 1
    assert 'value="30" max="30"' in displayed[0][-1]
    assert f"{found.matches.height:,} found" in displayed[0][-1]
    assert terminal.getvalue() == ""


def test_an_ipython_on_a_terminal_is_a_terminal(displayed, open_terminal):
    terminal = open_terminal()
    sys.modules["IPython"].get_ipython = SimpleNamespace
    bs.scan(UP, rising(3), progress=True)

    assert displayed == []
    assert "3/3" in terminal.text


def test_a_notebook_is_not_flooded(displayed):
    bar = NotebookBar()
    for completed in range(10_000):
        bar(completed, 10_000)

    assert len(displayed[0]) < 1_000
    assert "left" in repr(bar)


def test_on_an_event_loop_the_bar_is_closed_after_its_last_call(displayed):
    async def work():
        async with ProcessingEngine(rising(30)) as engine:
            return await engine.process_batch(ProcessingJob(None, UP), True)

    found = asyncio.run(work())

    assert 'value="30" max="30"' in displayed[0][-1]
    assert f"{found.matches.height:,} found" in displayed[0][-1]


@pytest.mark.parametrize(
    ("formula", "options"),
    [
        (UP, {}),
        ({"up": UP, "any": "close > 0"}, {}),
        ("rank(close) > 3", {}),
        (UP, {"latest": True}),
        ("param n = 1; close > close[n]", {"parameters": {"n": [1, 2]}}),
    ],
)
def test_a_callback_that_wants_is_told_the_matches(formula, options):
    """They grow, and end at what the result counts."""
    told = Telling()
    found = bs.scan(formula, rising(30), progress=told, **options)

    assert found.counts["matches"] > 0
    assert told.matches == sorted(told.matches)
    assert told.matches[-1] == found.counts["matches"]
    assert (30, 30) in told.told


def test_matches_are_told_while_the_scan_runs():
    told = Telling()
    ProcessingEngine(rising(40), Service()).run(ProcessingJob(names(40), "x"), told)

    assert len(told.matches) > 2
    assert told.told.index(told.matches[0]) < told.told.index((40, 40))


def test_no_progress_is_none():
    assert bs.scan(UP, rising(2), progress=False).counts["symbols"] == 2


def test_what_is_no_callback_is_refused():
    with pytest.raises(ProcessingEngineError, match=r"progress is 'yes': True asks for a bar"):
        bs.scan(UP, rising(2), progress="yes")
