"""No way leads from a formula's text to Python, to files, to the environment or to the network.

Python tells an audit hook of everything of that kind; the hook is set in a process of its own, once all is imported.
"""

import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from faults.attempts import candles

import barsweep as bs
from barsweep.engine.command_line.asking import read_formula
from barsweep.engine.residing import GROUPS
from barsweep.errors import FormulaError

LIBRARY = str(Path(bs.__file__).parent / "formulas" / "library")

HOSTILE = (
    "@/etc/passwd",
    "__import__('os').system('touch pwned')",
    "import os; os.system('id')",
    "open('/etc/passwd').read()",
    "eval('1')",
    "exec('1')",
    "close.__class__.__mro__",
    "(close).__globals__",
    "os.environ",
    "column('__class__') > 1",
    "column('/etc/passwd') > 1",
    "symbol('../../etc/passwd', close) > 1",
    "symbol('https://example.org/x.csv', close) > 1",
    "table('/etc/passwd', x) > 1",
    "table('postgres://example.org', x) > 1",
    "timeframe('`id`', close) > 1",
    "sector == '$(id)'",
    "sector == '{close.__class__}'",
    "sector == '%s%n'",
    "$HOME > 1",
    "`id`",
    "lambda: 1",
    "def f(x) = __import__(x)\nf('os')",
    "param p = '/etc/passwd'\ncolumn(p) > 1",
    "talib.__init__(close)",
    "..library.rsi(close)",
    "read_csv('x') > 1",
    "sma(close, 3) > 1 and rank(close) > 0 and timeframe('1w', ema(close, 2)) > 0",
    "rsi(close, 2) > 50 and symbol('SPY', close) > 1 and bars_where(close > 11, close) > 1",
)
RUN = """
    import json, sys
    sys.path.append({tests!r})
    from faults.attempts import LANGUAGES, attempt, check, compute

    texts = json.loads(sys.stdin.read())
    for executor in ("tiles", "polars"):  # what is made once: threads, kernels, the libraries of formulas
        compute(texts[-1], executor=executor)
        compute(texts[-2], executor=executor)
    for language in LANGUAGES:
        check("1", language)
        [check(f"{{library}}.nothing(1)") for library in ("talib", "pine", "tdx", "qlib")]
    for name, module in list(sys.modules.items()):  # methods are compiled when they are first asked for
        if name.partition(".")[0] == "barsweep":
            [kind.__init__ for kind in vars(module).values() if isinstance(kind, type)]
    seen, watching = [], [True]

    def hook(event, arguments):
        if watching and event.partition(".")[0] in WATCHED:
            seen.append((event, repr(arguments)[:200]))

    WATCHED = {{"open", "exec", "compile", "import", "os", "subprocess", "socket", "shutil", "glob", "ctypes",
               "winreg", "pickle", "marshal", "urllib", "http", "ftplib", "smtplib", "sqlite3", "tempfile", "mmap",
               "code", "pty"}}
    sys.addaudithook(hook)
    for text in texts:
        for language in LANGUAGES:
            attempt(text, language)
    watching.clear()
    print(json.dumps(seen))
"""
KNOWN = (
    (r"open", r"'/proc/(meminfo|(self|\d+)/statm?)', ('r'|None)", "how much memory there is, and is taken"),
    (
        r"open",
        rf"'({'|'.join(re.escape(str(group)) for group in GROUPS)})', 'r'",
        "how much memory a container may take",
    ),
    (
        r"open|os.listdir|os.scandir",
        rf"'{re.escape(LIBRARY)}/[\w/.]+'",
        "functions of the package, read when first needed",
    ),
    (r"ctypes.addressof", r"c_long\(0\)", "the flag by which kernels are stopped"),
)
"""Events and their arguments, with the reason. None has to do with what a formula says."""


def events(texts, tests):
    """What the hook is told while these texts are checked and computed, in every language."""
    code = textwrap.dedent(RUN).format(tests=tests)
    done = subprocess.run(
        [sys.executable, "-c", code], input=json.dumps(texts), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def is_known(event, arguments):
    return any(re.fullmatch(known, event) and re.match(rf"\({said}", arguments) for known, said, _ in KNOWN)


def test_nothing_is_opened_run_or_called(request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    seen = events(HOSTILE, str(request.config.rootpath / "tests"))

    assert len(seen) > 20
    assert [each for each in seen if not is_known(*each)] == []
    assert list(tmp_path.iterdir()) == []


def test_what_is_known_is_little():
    assert not is_known("open", "('/etc/passwd', 'r', 524288)")
    assert not is_known("os.system", "(b'id',)")
    assert is_known("open", f"('{LIBRARY}/talib/series.formula', 'r', 524288)")


def test_only_the_command_line_reads_a_formula_from_a_file(tmp_path):
    """`@file` means a file there, and nowhere else."""
    file = tmp_path / "mine.formula"
    file.write_text("close > 1")

    assert read_formula(f"@{file}") == "close > 1"
    with pytest.raises(FormulaError):
        bs.check(f"@{file}")
    with pytest.raises(FormulaError):
        bs.scan(f"@{file}", candles())
