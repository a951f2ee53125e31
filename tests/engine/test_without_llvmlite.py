"""What is said where llvmlite is missing and a formula needs it."""

import subprocess
import sys

import pytest

CODE = """
import logging, sys
sys.modules["llvmlite"] = None
logging.basicConfig(level=logging.INFO)
import barsweep as bs
from barsweep.data import sample_candles
try:
    bs.scan({formula!r}, sample_candles(20, 30))
except bs.ProcessingEngineError as error:
    print(error)
"""


@pytest.mark.parametrize(
    "formula",
    ["close > supertrend().line", 'close > timeframe("1w", supertrend().line)', 'close > symbol("AAAA", sar())'],
)
def test_a_formula_that_needs_kernels_is_refused_once(formula):
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(formula=formula)], check=True, capture_output=True, text=True
    )

    assert "compiled kernels need llvmlite" in done.stdout
    assert ("trailing_band" if "supertrend" in formula else "parabolic") in done.stdout
    assert "`pip install llvmlite`" in done.stdout
    assert "halved" not in done.stderr
