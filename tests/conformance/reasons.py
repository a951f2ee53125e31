"""Why a value is not equal at every bar of a reference: (reference, case) to reason."""

from __future__ import annotations

MAMA = "the recursion begins otherwise: in the reference with the mean of 6 bars, here as in TA-Lib after 32"
SAR = "the recursion begins otherwise: the reference begins long at the first low, here the first movement decides"
ONE_PASS = "the reference's covariance cancels: against exact fractions it is off by 9e-9, ours by 8e-11"
FIRST_RETURN = "the reference says 0 at the first bar, which has no bar before it"
EARLIER = "the first rows are of bars before the file begins"
CUT = "the reference cuts the last decimal off"
ALLOWED = "its averages are rounded on the way: off by up to 0.0004, where Tulip's own test allows 0.001"

REASONS: dict[tuple[str, str], str] = {
    ("Stock.Indicators workbooks", "Mama MAMA: MAMA"): MAMA,
    ("Stock.Indicators workbooks", "Mama MAMA: FAMA"): MAMA,
    ("Stock.Indicators workbooks", "ParabolicSar Parabolic SAR: sar"): SAR,
    ("Stock.Indicators library", "beta: returnsEval"): FIRST_RETURN,
    ("Stock.Indicators library", "beta: returnsMrkt"): FIRST_RETURN,
    ("Stock.Indicators library", "corr: covariance"): ONE_PASS,
    ("Stock.Indicators library", "corr: correlation"): ONE_PASS,
    ("Stock.Indicators library", "corr: rSquared"): ONE_PASS,
    ("Stock.Indicators library", "mama: mama"): MAMA,
    ("Stock.Indicators library", "mama: fama"): MAMA,
    ("Stock.Indicators library", "psar: sar"): SAR,
    ("StockCharts sheets", "kama: KAMA"): "the sheet writes its seed, a close, as the value of that bar",
    ("StockCharts sheets", "macd: MACD_signal"): "the sheet's signal begins with another value than the first line",
    ("StockCharts sheets", "macd: MACD_diff"): "the sheet's signal begins with another value than the first line",
    ("StockCharts sheets", "soo: SO_SIG"): CUT,
    ("StockCharts sheets", "wma: WMA"): EARLIER,
    ("Lean files", "spy_cmf.txt: CMF_20"): EARLIER,
    ("Lean files", "spy_ker.txt: KER"): EARLIER,
    ("Lean files", "spy_mass_index_25.txt: MassIndex"): EARLIER,
    ("Lean files", "spy_rvi.txt: RVI"): EARLIER,
    (
        "Lean files",
        "spy_vidya.txt: VIDYA_9",
    ): "the recursion begins otherwise: the file's with another value than the close",
    ("Tulip cases", "dx atoz 14: dx"): "the first value has 3 decimals, the others 4",
    ("Tulip cases", "md extra 86: md"): CUT,
    ("Tulip cases", "ppo extra 91: ppo"): CUT,
    ("Tulip cases", "natr extra 90: natr"): ALLOWED,
    (
        "Stock.Indicators workbooks",
        "VolatilityStop Volatility SAR: SAR",
    ): "the first stop: in the sheet behind the close of the bar before, here behind that of its own bar",
    ("Lean files", "spy_stc.txt: STC"): "the file begins at bar 22, before the slow average of 50 bars is known",
    (
        "jesse",
        "mcginley_dynamic: single",
    ): "jesse divides by at least 1: the fall of the last bar carries it to the close",
    ("jesse", "wad: single"): "not explained: the reference gives its last value only",
}
