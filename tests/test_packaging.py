"""What is shipped: every module, the grammar, the library, parts of pages, py.typed; and it works once installed."""

import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PARTS = ("data", "engine", "formulas")
ENDINGS = {".py", ".lark", ".json", ".formula"}
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def shipped_files():
    """What the wheel must hold of the package, as paths below the root."""
    files = [path for part in PARTS for path in (ROOT / part).rglob("*") if path.suffix in ENDINGS]
    files += (ROOT / "engine" / "report" / "parts").iterdir()  # what a page is made of, the charts' licence too
    files += [ROOT / name for name in ("__init__.py", "__main__.py", "errors.py", "py.typed")]
    return {path.relative_to(ROOT).as_posix() for path in files}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from a clean copy, without asking the package index."""
    copy = tmp_path_factory.mktemp("checkout") / "barsweep"
    leave = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist", "demo", "results")
    shutil.copytree(ROOT, copy, ignore=leave)
    target = tmp_path_factory.mktemp("wheels")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", target, copy], check=True)
    return next(target.glob("*.whl"))


def test_every_package_is_listed():
    """A sub-package that pyproject.toml does not name is missing from the wheel, without a word."""
    folders = {Path(name).parent for name in shipped_files() if Path(name).suffix in {".py", ".lark", ".formula"}}
    packages = {".".join(("barsweep", *folder.parts)) for folder in folders}

    assert sorted(packages) == SETTINGS["tool"]["setuptools"]["packages"]


def test_the_root_holds_three_modules():
    """Every *.py of the root is shipped, so none may lie there by chance."""
    assert {path.name for path in ROOT.glob("*.py")} == {"__init__.py", "__main__.py", "errors.py"}


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    package = {name.removeprefix("barsweep/") for name in names if name.startswith("barsweep/")}

    assert package == shipped_files()
    information = f"barsweep-{SETTINGS['project']['version']}.dist-info"
    assert {name.partition("/")[0] for name in names} == {"barsweep", information}
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_wheel_works_where_it_is_installed(wheel, tmp_path):
    """In a new environment, with the libraries of this one: the library's functions are read, the command is there."""
    venv.create(tmp_path / "new", with_pip=False)
    scripts = tmp_path / "new" / ("Scripts" if sys.platform == "win32" else "bin")
    python = scripts / ("python.exe" if sys.platform == "win32" else "python")
    install = ["install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check", wheel]
    subprocess.run([sys.executable, "-m", "pip", "--python", python, *install], check=True)
    code = "import barsweep; print(barsweep.__file__, barsweep.check('rsi(close) < 30').warmup)"
    # .pth files are not read from PYTHONPATH, so an editable barsweep of this environment stays out of it
    environment = {"PYTHONPATH": sysconfig.get_path("purelib"), "PATH": str(scripts), "SYSTEMROOT": r"C:\Windows"}

    said = subprocess.run(
        [python, "-c", code], cwd=tmp_path, env=environment, check=True, capture_output=True, text=True
    )
    file, warmup = said.stdout.split()

    assert Path(file).is_relative_to(tmp_path)
    assert warmup == "14"
    assert list(scripts.glob("barsweep*"))
