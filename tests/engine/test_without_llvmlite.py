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


VALUES = """
import sys
{missing}
import barsweep as bs
from barsweep.data import sample_candles
values = bs.evaluate({formula!r}, sample_candles(3, 300), executor="polars")["value"]
print(values.count(), " ".join(f"{{value:.9e}}" for value in values.drop_nulls()))
"""


def test_bars_in_the_making_do_without_kernels():
    """Slower, and with the same values, windows and recursions."""
    inner = "ema(close, 3) / sma(close, 2) + cumulative(close / open) + bars_since(close > open)"
    formula = f'timeframe("1w", {inner}, forming=true)'

    texts = [VALUES.format(missing=each, formula=formula) for each in ('sys.modules["llvmlite"] = None', "")]
    without, with_kernels = (
        subprocess.run([sys.executable, "-c", text], check=True, capture_output=True, text=True).stdout.split()
        for text in texts
    )

    assert int(without[0]) > 400
    assert without[0] == with_kernels[0]
    pairs = zip(without[1:], with_kernels[1:], strict=True)
    assert all(float(left) == pytest.approx(float(right), rel=1e-8) for left, right in pairs)
