"""What the documentation says is true: its examples are run, its tables are compared with the registry.

Of README.md and docs/*.md, in a folder with candles.csv, candles.duckdb, prices/ (a CSV a symbol) and scan.formula:

```python   runs; the blocks of a page share their names
```sh       the lines that begin with `barsweep` run
```console  after "$ barsweep ..." comes what it writes; "..." stands for anything
```formula  is evaluated over the candles
tables      whose second heading is "examples" hold formulas in backticks, which are evaluated
"""

import doctest
import re
import shlex
import subprocess
import sys
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
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TABLE = re.compile(r"^\|[^|\n]*\| examples \|\n\|[-| ]+\|\n((?:\|.*\|\n)+)", re.MULTILINE)
SHELL_WORDS = {"barsweep", "make", "pip", "python", "python3", "git", "cd", ".", "export"}
OUTPUT = doctest.OutputChecker()


def blocks(kind, pages=PAGES):
    return [
        pytest.param(match[2], id=f"{page.name}:{page.read_text(encoding='utf-8')[: match.start()].count(chr(10)) + 1}")
        for page in pages
        for match in BLOCK.finditer(page.read_text(encoding="utf-8"))
        if match[1] == kind
    ]


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
    (made / "prices").mkdir()
    for (symbol,), bars in candles.head(1500).group_by("symbol"):
        bars.drop("symbol").write_csv(made / "prices" / f"{symbol}.csv")
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
def test_python_of_pages(page, here, monkeypatch):
    """The Python examples of a page run one after the other, as somebody would who reads it."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules[__name__])
    names = {"__name__": "example"}
    for example in blocks("python", [page]):
        exec(compile(example.values[0], example.id, "exec"), names)


@pytest.mark.parametrize("block", blocks("sh"))
def test_shell_of_pages(block, here, monkeypatch):
    """The commands of a page run; nothing found is no fault, since candles differ. A watch looks once."""
    monkeypatch.setattr(GrowingSource, "arrivals", lambda feed, scanner, _: iter([scanner.catch_up(feed.repository)]))
    for line in block.splitlines():
        words = shlex.split(line, comments=True)
        assert not words or words[0] in SHELL_WORDS, f"say in this test what {words[0]} is"
        if words and words[0] == "barsweep":
            result = CliRunner().invoke(application, words[1:])
            assert result.exit_code in {0, 1}, f"{line}\n{result.output}"


@pytest.mark.parametrize("block", blocks("console"))
def test_console_of_pages(block, here):
    """Commands say what the page shows."""
    for session in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, expected = session.partition("\n")
        result = CliRunner().invoke(application, shlex.split(command)[1:])
        said = "\n".join(line.rstrip() for line in result.output.splitlines()) + "\n"
        assert OUTPUT.check_output(expected, said, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE), (
            f"{command}\n{said}"
        )


@pytest.mark.parametrize("formula", [*blocks("formula"), *examples_of_tables()])
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


def test_the_command_is_found_as_a_module_too():
    """`barsweep --version` answers without the libraries that a scan needs."""
    code = "import sys; sys.argv = ['barsweep', '--version']; from barsweep.engine.command_line import main; main()"
    said = subprocess.check_output([sys.executable, "-c", code], text=True)

    assert said == "barsweep 0.1.0\n"
