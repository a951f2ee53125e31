"""What the documentation says is true: its examples are run, its tables are compared with the registry.

In a folder with candles.csv, candles.duckdb, quotes.csv (columns of other names), prices/ (a CSV for each symbol),
vendor/ (the same, with names and dates of another kind) and scan.formula, the blocks of README.md and of each page in
docs/ run one after the other:

```python   runs; the blocks of a page share their names
```sh       the lines that begin with `barsweep` run
```console  after "$ barsweep ..." comes what it writes; "..." stands for anything

And by themselves:

```formula  is evaluated over the candles
tables      whose second heading is "examples" hold formulas in backticks, which are evaluated
"""

import doctest
import re
import shlex
import subprocess
import sys
import textwrap
from importlib import import_module
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

import barsweep
from barsweep.data import import_candles, sample_candles
from barsweep.engine.command_line import manual
from barsweep.engine.command_line.application import make_application
from barsweep.engine.live.feeds import GrowingSource
from barsweep.formulas import Language

application = make_application()
LANGUAGE = Language()

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
TABLE = re.compile(r"^\|[^|\n]*\| examples \|\n\|[-| ]+\|\n((?:\|.*\|\n)+)", re.MULTILINE)
SHELL_WORDS = {"barsweep", "make", "pip", "python", "python3", "git", "cd", ".", "export"}
OUTPUT = doctest.OutputChecker()


VENDOR = {
    "date": "Trade Day",
    "open": "First",
    "high": "Top",
    "low": "Bottom",
    "close": "Last Price",
    "volume": "Shares",
}


def blocks(page):
    """The blocks of a page: what they are, where they stand, and their text, free of the indentation in a list."""
    text = page.read_text(encoding="utf-8")
    for match in BLOCK.finditer(text):
        yield match[2], f"{page.name}:{text[: match.start()].count(chr(10)) + 1}", textwrap.dedent(match[3])


def formulas_of_pages():
    return [pytest.param(text, id=place) for page in PAGES for kind, place, text in blocks(page) if kind == "formula"]


def examples_of_tables():
    """The formulas in the second columns of the tables of examples."""
    rows = [
        row for page in PAGES for table in TABLE.findall(page.read_text(encoding="utf-8")) for row in table.splitlines()
    ]
    return [formula for row in rows for formula in re.findall(r"`([^`]+)`", row.split("|")[2])]


@pytest.fixture(scope="module")
def candles():
    """Candles with the further columns that the examples read."""
    made = sample_candles(20, 600, seed=3).rename({"ts": "date"})
    sector = pl.when(pl.col("symbol") < "M").then(pl.lit("Tech")).otherwise(pl.lit("Energy"))
    renamed = made.with_columns(symbol=pl.col("symbol").replace(made["symbol"].unique().sort()[-1], "SPY"))
    return renamed.with_columns(sector.alias("sector"), (pl.col("close") * 1e6).alias("market cap"))


@pytest.fixture(scope="module")
def folder(candles, tmp_path_factory):
    made = tmp_path_factory.mktemp("examples")
    candles.write_csv(made / "candles.csv")
    candles.select("symbol", "volume", Day="date", **{"Adj Close": "close"}).write_csv(made / "quotes.csv")
    (made / "prices").mkdir()
    for (symbol,), bars in candles.head(1500).group_by("symbol"):
        bars.drop("symbol").write_csv(made / "prices" / f"{symbol}.csv")
    (made / "vendor").mkdir()
    written = candles.select("symbol", pl.col("date").dt.strftime("%d/%m/%Y"), *list(VENDOR)[1:]).rename(VENDOR)
    for (symbol,), bars in written.group_by("symbol"):
        bars.drop("symbol").write_csv(made / "vendor" / f"{symbol}.csv")
    import_candles(made / "candles.csv", made / "candles.duckdb")
    (made / "scan.formula").write_text("fast = ema(close, 12)\nslow = ema(close, 26)\nfast > slow\n", encoding="utf-8")
    return made


@pytest.fixture
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)
    return folder


def modules_with_examples():
    files = [path for part in ("data", "formulas", "engine") for path in sorted((ROOT / part).rglob("*.py"))]
    files += [ROOT / "__init__.py"]
    named = [
        path.relative_to(ROOT).with_suffix("").parts for path in files if ">>>" in path.read_text(encoding="utf-8")
    ]
    return [".".join(("barsweep", *(part for part in parts if part != "__init__"))) for parts in named]


@pytest.mark.parametrize("name", modules_with_examples())
def test_examples_of_modules(name):
    """The examples in docstrings give what they say."""
    failed, tried = doctest.testmod(import_module(name))

    assert tried > 0
    assert failed == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_of_pages(page, here, monkeypatch):
    """The examples of a page run one after the other, as somebody would who reads it."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules[__name__])
    # a watch looks once
    monkeypatch.setattr(GrowingSource, "arrivals", lambda feed, scanner, _: iter([scanner.catch_up(feed.repository)]))
    names = {"__name__": "example"}
    for kind, place, text in blocks(page):
        if kind == "python":
            exec(compile(text, place, "exec"), names)
        elif kind == "sh":
            run_lines(text, place)
        elif kind == "console":
            run_session(text, place)


def run_lines(text, place):
    """The commands of a page run; nothing found is no fault, since candles differ."""
    for line in text.splitlines():
        words = shlex.split(line, comments=True)
        assert not words or words[0] in SHELL_WORDS, f"{place}: say in this test what {words[0]} is"
        if words and words[0] == "barsweep":
            result = CliRunner().invoke(application, words[1:])
            assert result.exit_code in {0, 1}, f"{place}: {line}\n{result.output}"


def run_session(text, place):
    """Commands say what the page shows."""
    for session in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, expected = session.partition("\n")
        result = CliRunner().invoke(application, shlex.split(command)[1:])
        said = "\n".join(line.rstrip() for line in result.output.splitlines()) + "\n"
        assert OUTPUT.check_output(expected, said, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE), (
            f"{place}: {command}\n{said}"
        )


@pytest.mark.parametrize("formula", [*formulas_of_pages(), *examples_of_tables()])
def test_formulas_of_pages(formula, candles):
    """Every formula of the documentation can be evaluated."""
    values = barsweep.evaluate(formula, candles)

    assert values["value"].null_count() < values.height


LIBRARIES = ["", *sorted(LANGUAGE.functions.libraries)]


@pytest.mark.parametrize("library", LIBRARIES)
def test_pages_of_functions_are_printed_from_the_registry(library):
    """`barsweep functions --markdown > docs/functions.md` and the like for libraries brings them up to date."""
    name = f"functions_{library}.md" if library else "functions.md"

    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == manual.page(LANGUAGE, library)


def test_links_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_site_has_every_page_once():
    """A page that the navigation of mkdocs.yml does not name is found by nobody."""
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]

    assert sorted(re.findall(r": (\S+\.md)$", navigation, re.MULTILINE)) == [page.name for page in PAGES[1:]]


def test_the_command_is_found_as_a_module_too():
    """`barsweep --version` answers without the libraries that a scan needs."""
    code = "import sys; sys.argv = ['barsweep', '--version']; from barsweep.engine.command_line import main; main()"
    said = subprocess.check_output([sys.executable, "-c", code], text=True)

    assert said == "barsweep 0.1.0\n"


def test_the_tests_that_a_page_names_are_there():
    """What is promised is held by a test of that name."""
    page = ROOT / "docs" / "reliability.md"
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    known = {path.stem for path in files}
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    known |= set(re.findall(r"^def (test_\w+)", text, re.MULTILINE))
    named = set(re.findall(r"\btest_\w+", page.read_text(encoding="utf-8")))

    assert named - known == set()
