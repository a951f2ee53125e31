"""Definitions kept for the next process: the same trees, and nothing out of date, damaged or foreign is believed."""

import logging
import os
import stat
import subprocess
import sys

import pytest

from barsweep.errors import FormulaError
from barsweep.formulas import Language, parsed
from barsweep.formulas.libraries import own_libraries
from barsweep.formulas.parse import parse_library

SOURCE = '\n\n# Doc.\ndef f(x, n = 2) {\n  y = x[1] + -1.5e300\n  (upper = y in [1, 2] ? "ä" : na, lower = true)\n}'
TREE = parse_library(SOURCE, "").definitions[0]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder for what is kept."""
    monkeypatch.setenv("BARSWEEP_CACHE", str(tmp_path / "kept"))
    next_process()
    yield tmp_path / "kept"
    next_process()


def next_process():
    """Forget what this process has read."""
    parsed._path.cache_clear()
    parsed._lines.cache_clear()


def kept_file():
    return parsed._path()


@pytest.fixture
def unparsed(monkeypatch):
    """How often something was parsed."""
    calls = []
    monkeypatch.setattr(parsed, "parse_library", lambda *given: calls.append(given) or parse_library(*given))
    return calls


def test_every_definition_comes_back_as_it_was(folder):
    plain, named = own_libraries()
    functions = [each for library in (plain, *named.values()) for each in library._functions.values()]
    trees = [parsed.parsed_definition(each.source, each.path) for each in functions]
    next_process()

    lines = parsed._lines()
    assert len(lines) > 600
    assert trees == [parsed._read(lines[parsed._key(each.source)]) for each in functions]


def test_the_next_process_does_not_parse(folder, unparsed):
    assert parsed.parsed_definition(SOURCE, "") == TREE
    next_process()

    assert parsed.parsed_definition(SOURCE, "") == TREE
    assert len(unparsed) == 1
    assert os.name != "posix" or stat.S_IMODE(kept_file().stat().st_mode) == 0o600


def test_another_text_is_another_definition(folder, unparsed):
    parsed.parsed_definition(SOURCE, "")
    changed = SOURCE.replace("1.5", "2.5")
    next_process()

    assert parsed.parsed_definition(changed, "") == parse_library(changed, "").definitions[0] != TREE
    assert len(unparsed) == 2


def test_what_other_code_parsed_is_not_read(folder, unparsed, monkeypatch):
    """The file's name is of the code that parses: with another grammar, or another tree, it is another file."""
    parsed.parsed_definition(SOURCE, "")
    before = kept_file()
    next_process()
    read_bytes = parsed.Path.read_bytes
    changed = {"grammar.json", "building.py", "syntax.py", "parsed.py"}
    for name in sorted(changed):
        monkeypatch.setattr(
            parsed.Path, "read_bytes", lambda path, name=name: read_bytes(path) + b" " * (path.name == name)
        )
        next_process()
        assert kept_file() != before
        assert parsed.parsed_definition(SOURCE, "") == TREE

    assert len(unparsed) == 1 + len(changed)


@pytest.mark.parametrize(
    "damage",
    [
        lambda line: line[: len(line) // 2],
        lambda line: line[:32],
        lambda line: line.replace(b"upper", b"uppen"),
        lambda line: line.replace(b"-1.5e+300", b"-1.6e+300").replace(b"1.5e+300", b"1.6e+300"),
        lambda line: line[:33] + b"00000000" + line[41:],
        lambda line: with_text(line, b'{"a": 1}'),
        lambda line: with_text(line, b"[]"),
        lambda line: with_text(line, b"7"),
        lambda line: with_text(line, b"[99,1,2]"),
        lambda line: with_text(line, b'[4,"x",0,1]'),
        lambda line: with_text(line, b'[17,"x",0,1]'),
        lambda line: with_text(line, b"not json"),
        lambda line: with_text(line, b"\xff\xfe"),
    ],
)
def test_a_line_that_is_damaged_or_not_understood_is_none(folder, unparsed, damage):
    parsed.parsed_definition(SOURCE, "")
    line = kept_file().read_bytes().strip()
    spoiled = damage(line)
    assert spoiled != line
    kept_file().write_bytes(spoiled)
    next_process()

    assert parsed.parsed_definition(SOURCE, "") == TREE
    assert len(unparsed) == 2
    next_process()
    assert parsed.parsed_definition(SOURCE, "") == TREE  # the line that came after is whole
    assert len(unparsed) == 2


def with_text(line, text):
    """A line with another text and its checksum."""
    return line[:33] + parsed._checksum(text) + b" " + text


def test_a_faulty_definition_is_told_each_time(folder):
    for _ in range(2):
        with pytest.raises(FormulaError, match="a value is missing"):
            parsed.parsed_definition("def f(x) = x +", "mine.formula")
        next_process()
    assert not kept_file().exists()


@pytest.mark.skipif(os.name != "posix", reason="who may write is told otherwise there")
def test_a_folder_that_others_can_write_is_left_alone(folder, unparsed, caplog):
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    for _ in range(2):
        assert parsed.parsed_definition(SOURCE, "") == TREE
        next_process()

    assert len(unparsed) == 2
    assert list(folder.iterdir()) == []
    assert "can be written by others" in caplog.text


def test_without_a_place_to_keep_them_definitions_are_parsed(folder, unparsed, caplog):
    """The file's name is taken by a folder: it can be neither read nor written."""
    caplog.set_level(logging.INFO, logger="barsweep")
    kept_file().mkdir(parents=True)
    for _ in range(2):
        assert parsed.parsed_definition(SOURCE, "") == TREE
        next_process()

    assert len(unparsed) == 2
    assert "parsed definitions cannot be kept" in caplog.text


def test_several_processes_at_once(folder):
    """All begin with an empty folder and keep the same definitions; whoever comes after reads whole lines."""
    formula = "macd(close).hist > 0 and rsi(close) < 70 and talib.cdldoji() == 0 and adx(14) > 20"
    code = f"import barsweep; print(barsweep.check({formula!r}).warmup)"
    running = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = {process.communicate()[0].strip() for process in running}
    next_process()

    assert said == {str(Language().check(formula).warmup)}
    lines = [line for line in kept_file().read_bytes().split(b"\n") if line]
    assert len(set(lines)) > 5
    assert None not in [parsed._read(line) for line in lines]
