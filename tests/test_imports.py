"""Imports run one way: the engine knows formulas and data, these know nothing of each other; there are no circles."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PARTS = ("data", "formulas", "engine")
MAY_IMPORT = {"data": {"data", "errors"}, "formulas": {"formulas", "errors"}, "engine": {*PARTS, "errors"}}


def module_name(path):
    """The module of a file: engine/executors/__init__.py is engine.executors, the front door is ""."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_name(path): path for part in PARTS for path in sorted((ROOT / part).rglob("*.py"))}
FILES |= {"": ROOT / "__init__.py", "errors": ROOT / "errors.py"}


def package_of(name):
    return name if FILES[name].name == "__init__.py" else name.rpartition(".")[0]


def imported(name, *, inside_functions=True):
    """The modules of the package that a module imports, imports for types alone left out."""
    found = set()
    for node in walk(ast.parse(FILES[name].read_text(encoding="utf-8")), inside_functions):
        if isinstance(node, ast.ImportFrom) and node.level:
            above = package_of(name).split(".") if package_of(name) else []
            base = ".".join([*above[: len(above) - node.level + 1], *filter(None, [node.module])])
            submodules = {".".join(filter(None, [base, alias.name])) for alias in node.names} & FILES.keys()
            found |= submodules or {base}
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            found |= {each.partition(".")[2] for each in names if each.partition(".")[0] == "barsweep"}
    return found - {name}


def walk(node, inside_functions):
    yield node
    for child in ast.iter_child_nodes(node):
        types_alone = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
        later = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and not inside_functions
        if not types_alone and not later:
            yield from walk(child, inside_functions)


def test_every_import_is_a_module_of_the_package():
    """Holds the reading of imports itself: what it finds is there."""
    assert {found for name in FILES for found in imported(name)} <= FILES.keys()


@pytest.mark.parametrize("part", PARTS)
def test_imports_run_one_way(part):
    """engine -> formulas, engine -> data; of the root only errors is shared."""
    wrong = {
        (name, found)
        for name in FILES
        if name.partition(".")[0] == part
        for found in imported(name)
        if found.partition(".")[0] not in MAY_IMPORT[part]
    }

    assert set() == wrong


def test_the_root_imports_only_errors():
    assert {"errors"} == imported("", inside_functions=False)
    assert set() == imported("errors")


def test_no_circles():
    """A module never needs, by way of others, itself: TopologicalSorter raises a CycleError that names the circle."""
    within = {name: imported(name, inside_functions=False) for name in FILES}
    TopologicalSorter(within).prepare()


def test_imports_inside_the_package_are_relative():
    absolute = {
        name
        for name in FILES
        for node in ast.walk(ast.parse(FILES[name].read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and not node.level and (node.module or "").partition(".")[0] == "barsweep"
    }

    assert set() == absolute


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import barsweep", {"polars", "llvmlite", "duckdb", "pyarrow", "lark", "click", "numpy"}),
        ("import barsweep; barsweep.check('close > sma(close, 20)')", {"llvmlite", "click", "pandas", "lark"}),
        (
            "import barsweep; barsweep.scan, barsweep.ProcessingEngine",
            {"llvmlite", "click", "pandas", "tenacity", "opentelemetry"},
        ),
    ],
)
def test_importing_is_light(statement, absent):
    """Nothing is imported before it is needed; above all not llvmlite, which takes longer to load than a scan takes."""
    code = f"import sys; {statement}; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()

    assert set() == absent & set(loaded)


@pytest.mark.parametrize(
    "keep",
    [
        "barsweep.data.parquet.LARGE = 1; candles.write_parquet(path)",  # symbols are counted as in a large file
        "candles.write_csv(path := path.with_suffix('.csv'))",
        "duckdb.connect(path := path.with_suffix('.db')).execute('create table candles as select * from candles')",
    ],
)
def test_a_scan_imports_no_pandas(keep, tmp_path):
    """pyarrow does at the first of several calls, wherever it is installed, and a start is 0.4 seconds longer."""
    code = f"""
import sys, pathlib, duckdb
import barsweep, barsweep.data.parquet
candles, path = barsweep.data.sample_candles(3, 60), pathlib.Path({str(tmp_path)!r}) / "candles.parquet"
{keep}
found = barsweep.scan("close > sma(close, 5)", path, output=pathlib.Path({str(tmp_path)!r}) / "found.parquet")
assert found.matches.height
print("pandas" in sys.modules)
"""
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert run.stdout == "False\n"
