"""jesse-ai/jesse: rounded assertions on last values, many of them read off TradingView."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from .cases import COLUMNS, Case, at_bars

SOURCE = "jesse"
ASKED = re.compile(r"round\((.+?)(?:, (\d+))?\) == (-?[\d.]+)$")
HA_OPEN = "((open[1] + close[1]) / 2)"
PLUS, MINUS = "pine.dmi(14, 14).plus", "pine.dmi(14, 14).minus"
MEAN_DX = f"sma(100 * abs({PLUS} - {MINUS}) / ({PLUS} + {MINUS}), 14)"
FISHER = "fisher(9)"

FORMULAS: dict[tuple[str, str], str] = {
    ("acosc", "single.osc"): "ac()",
    ("acosc", "single.change"): "ac() - ac()[1]",
    ("ad", "single"): "ad()",
    ("adx", "single"): "adx(14)",
    ("adxr", "single"): f"({MEAN_DX} + {MEAN_DX}[14]) / 2",
    ("alma", "single"): "alma(close, 9, 0.85, 6)",
    ("ao", "single.osc"): "ao()",
    ("aroon", "aroon.down"): "aroon(14).down",
    ("aroon", "aroon.up"): "aroon(14).up",
    ("aroon_osc", "single"): "aroon(14).oscillator",
    ("avgprice", "single"): "ohlc4",
    ("bollinger_bands", "u"): "bbands(close, 20, 2).upper",
    ("bollinger_bands", "m"): "bbands(close, 20, 2).middle",
    ("bollinger_bands", "l"): "bbands(close, 20, 2).lower",
    ("bollinger_bands_width", "single"): "bb_width(close, 20, 2)",
    ("cc", "single"): "coppock(close, 10, 11, 14)",
    ("cci", "single"): "cci(14)",
    ("cg", "single"): "cog(close, 9)",
    ("chande", "single_long"): "chandelier(22, 3).long",
    ("chande", "single_short"): "chandelier(22, 3).short",
    ("cksp", "single.long"): "highest(highest(high, 9) - atr(10), 9)",
    ("cksp", "single.short"): "lowest(lowest(low, 9) + atr(10), 9)",
    ("cmo", "single"): "talib.cmo(close, 9)",
    ("cvi", "single"): "roc(tdx.ema(high - low, 5), 5)",
    ("dema", "single"): "dema(close, 9)",
    ("dm", "single.plus"): "talib.plus_dm(high, low, 14)",
    ("dm", "single.minus"): "talib.minus_dm(high, low, 14)",
    ("donchian", "single.upperband"): "donchian(20).upper",
    ("donchian", "single.middleband"): "donchian(20).middle",
    ("donchian", "single.lowerband"): "donchian(20).lower",
    ("efi", "single"): "efi(13)",
    ("emv", "single"): "emv(14, 10000)",
    ("eri", "single.bull"): "elder_ray(13).bull",
    ("eri", "single.bear"): "elder_ray(13).bear",
    ("fisher", "single.fisher"): f"{FISHER}.line",
    ("fisher", "single.signal"): f"{FISHER}.trigger",
    ("heikin_ashi_candles", "open_single"): HA_OPEN,
    ("heikin_ashi_candles", "close_single"): "ohlc4",
    ("heikin_ashi_candles", "high_single"): f"max(high, {HA_OPEN}, ohlc4)",
    ("heikin_ashi_candles", "low_single"): f"min(low, {HA_OPEN}, ohlc4)",
    ("hma", "single"): "hma(close, 5)",
    ("kdj", "k"): "stoch_slow(9, 3, 3).k",
    ("kdj", "d"): "stoch_slow(9, 3, 3).d",
    ("kdj", "j"): "3 * stoch_slow(9, 3, 3).k - 2 * stoch_slow(9, 3, 3).d",
    ("kst", "single.line"): "kst(close).line",
    ("kst", "single.signal"): "kst(close).signal",
    ("kurtosis", "single"): "kurtosis(hl2, 5)",
    ("linearreg", "single"): "linreg(close, 14)",
    ("linearreg_angle", "single"): "degrees(atan(slope(close, 14)))",
    ("linearreg_slope", "single"): "slope(close, 14)",
    ("mama", "mama.mama"): "mama(close, 0.5, 0.05).mama",
    ("mama", "mama.fama"): "mama(close, 0.5, 0.05).fama",
    ("marketfi", "single * 100000"): "100000 * marketfi()",
    ("mcginley_dynamic", "single"): "mcginley(close, 10)",
    ("mean_ad", "single"): "sma(abs(hl2 - sma(hl2, 5)), 5)",
    ("medprice", "single"): "hl2",
    ("mfi", "single"): "mfi(9)",
    ("midprice", "single"): "midprice(14)",
    ("natr", "single"): "natr(14)",
    ("nvi", "single"): "nvi()",
    ("obv", "single / 1000000"): "obv() / 1000000",
    ("ppo", "single"): "ppo(close, 12, 26).line",
    ("pvi", "single"): "pvi()",
    ("qstick", "single"): "qstick(5)",
    ("roc", "single"): "roc(close, 14)",
    ("rocp", "single"): "roc(close, 14) / 100",
    ("rocr100", "single"): "100 * rocr(close, 14)",
    ("sar", "single"): "sar(0.02, 0.02, 0.2)",
    ("skew", "single"): "skew(hl2, 5)",
    ("stc", "single"): "stc(close, 10, 23, 50)",
    ("stoch", "k"): "stoch_slow(14, 3, 3).k",
    ("stoch", "d"): "stoch_slow(14, 3, 3).d",
    ("tema", "single"): "tema(close, 9)",
    ("trange", "single"): "true_range()",
    ("trima", "single"): "trima(close, 9)",
    ("tsi", "single"): "tsi(close, 25, 13).line",
    ("ui", "single"): "ulcer(close, 14)",
    ("ultosc", "single"): "ultosc(7, 14, 28)",
    ("vi", "single.plus"): "vortex(14).plus",
    ("vi", "single.minus"): "vortex(14).minus",
    ("vosc", "single"): "100 * (sma(volume, 2) / sma(volume, 5) - 1)",
    ("vpt", "single"): "sum(volume * pct_change(close), 2)",
    ("vwap", "single"): "vwap()",
    ("vwma", "single"): "vwma(close, 20)",
    ("wad", "single"): "pine.wad()",
    ("wilders", "single"): "rma(close, 5)",
    ("willr", "single"): "willr(9)",
    ("zlema", "single"): "zlema(close, 20)",
}
"""(test, what is rounded): formula."""

UNCOVERED = {
    "ema, sma": "their candles are made in the test itself",
    "epma, fwma, jsa, maaq, mwdx, sqwma, srwma, swma, vpci": "averages of jesse's own that are not in the library",
    "bandpass, correlation_cycle, damiani_volatmeter, dec_osc, gauss, high_pass_2_pole, ift_rsi, jma, lrsi, reflex, "
    "roofing, rsx, supersmoother, supersmoother_3_pole, wt": "not in the library",
    "devstop, dti, hurst, hwma, kaufmanstop, mab, minmax, rsmk, safezonestop, squeeze_momentum, stiffness, "
    "support_resistance_with_breaks, waddah_attr_explosion": "not in the library",
    "frama, vidya": "jesse's settings have no counterpart here",
    "ichimoku_cloud_seq, pivot": "assert tuples or lengths",
    "trix": "jesse takes it of logarithms, in hundredths of a percent",
}


def cases(reference: Path) -> Iterator[Case]:
    """The last value of each, to the decimals that the test rounds to."""
    candles = pl.read_parquet(reference / "jesse_candles.parquet")
    for row in pl.read_csv(reference / "jesse_assertions.csv", infer_schema=False).iter_rows(named=True):
        asked = ASKED.match(row["assertion"] or "")
        test = row["test"].removeprefix("test_")
        if not asked or (test, asked[1]) not in FORMULAS:
            continue
        name = row["candles"].removeprefix("np.array(").removesuffix(")")
        own = candles.filter(pl.col("set") == name).sort("row")
        columns = {column: own[column].to_list() for column in COLUMNS}
        expected = at_bars({own.height - 1: float(asked[3])}, own.height)
        formula = FORMULAS[test, asked[1]]
        yield Case(SOURCE, f"{test}: {asked[1]}", "T", formula, columns, expected, int(asked[2] or 0))
