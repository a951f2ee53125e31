"""Faulty files and their messages: the cases are text, in cases/faulty_data.txt."""

from pathlib import Path

import pytest

from barsweep.data import CandlePolicy, check_candles, open_repository
from barsweep.errors import BarsweepError

CASES = Path(__file__).parent / "cases" / "faulty_data.txt"


def read_cases():
    text = CASES.read_text(encoding="utf-8").partition("\n\n")[2]
    for case in text.split("====\n"):
        name, _, rest = case.partition("\n")
        content, _, message = rest.partition("\n\n") if not rest.startswith("\n") else ("", "", rest)
        yield pytest.param(content, message.strip(), id=name)


def read_options(content):
    head, _, rest = content.partition("\n")
    if not head.startswith("options: "):
        return {}, content
    option, value = head.removeprefix("options: ").split(" ", 1)
    name, _, chosen = value.partition("=")
    options = {
        "columns": {name: chosen},
        "policy": CandlePolicy(**{name: chosen}) if option == "policy" else None,
        "adjust": value,
    }
    return {option: options[option]}, rest


def complaints(path, options):
    """What is said when the file is opened, read whole and checked."""
    try:
        repository = open_repository(path, **options)
        repository.health()
        table = repository.load(None, "1d", None, None, list(repository.columns("1d")))
    except BarsweepError as error:
        return str(error)
    return "\n".join(map(str, check_candles(table, options.get("policy")).errors.values()))


@pytest.mark.parametrize(("content", "message"), list(read_cases()))
def test_message(content, message, tmp_path, monkeypatch):
    options, text = read_options(content)
    monkeypatch.chdir(tmp_path)
    Path("candles.csv").write_text(text and text + "\n", encoding="utf-8")

    assert complaints(Path("candles.csv"), options) == message
