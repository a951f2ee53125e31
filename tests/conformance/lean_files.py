"""Lean's indicator files: their columns, and the formula that says the same here."""

from __future__ import annotations

from .seeding import connors, kept_streak

KST = "(sma(roc(close, 5), 5) + 2 * sma(roc(close, 10), 5) + 3 * sma(roc(close, 15), 5) + 4 * sma(roc(close, 25), 10))"
LOGS = "log(high / close) * log(high / open) + log(low / close) * log(low / open)"
UP = "sma(bar_index == 0 ? 0 : max(high - high[1], 0), 14)"
DOWN = "sma(bar_index == 0 ? 0 : max(low[1] - low, 0), 14)"
HA_OPEN = "adaptive(bar_index == 0 ? (open + close) / 2 : ohlc4[1], 0.5, (open + close) / 2)"
CHANNEL = "ema(hlc3, 10)"
WAVE = f"ema((hlc3 - {CHANNEL}) / (0.015 * ema(abs(hlc3 - {CHANNEL}), 10)), 21)"
RVI = "(sma(swma(close - open), 10) / sma(swma(high - low), 10))"
MACD = "(ema(close, 12) - ema(close, 26))"

KELTNER_TOP = "ema(hlc3, 20) + 1.5 * sma(true_range(), 20)"
KELTNER_BOTTOM = "ema(hlc3, 20) - 1.5 * sma(true_range(), 20)"

FILES: dict[str, dict[str, str]] = {
    "spy_acceleration_bands_20_4.txt": {
        "MiddleBand": "sma(close, 20)",
        "UpperBand": "sma(high * (1 + 4 * (high - low) / (high + low)), 20)",
        "LowerBand": "sma(low * (1 - 4 * (high - low) / (high + low)), 20)",
    },
    "spy_ad.txt": {"AD": "ad()"},
    "spy_adr.csv": {"adr": "adr(20)"},
    "spy_alma.txt": {"ALMA": "alma(close, 9, 0.75, 6)"},
    "spy_aps.txt": {"APS": "price_spike(close, 20)"},
    "spy_asi.csv": {"ASI": "asi(8)"},
    "spy_pso.csv": {"pso": "premier_stoch(8, 5)"},
    "spy_sortino.csv": {
        "sortino_rf_0_period_15": "sortino(close, 15)",
        "sortino_rf_0.01_period_15": "sortino(close, 15, 0.01)",
    },
    "spy_tdd.csv": {"tdd": "downside_deviation(close, 3)"},
    "spy_apo.txt": {"APO_5_10": "talib.apo(close, 5, 10, 0)"},
    "spy_aroon_oscillator.txt": {"Aroon Oscillator 14": "aroon(14).oscillator"},
    "spy_atr_wilder.txt": {"Average True Range 14": "pine.atr(14)"},
    "spy_bollinger_bands.txt": {
        "Moving Average 20": "bbands(close, 20, 2).middle",
        "Bollinger Bands® 20 2 Top": "bbands(close, 20, 2).upper",
        "Bollinger Bands® 20 2 Bottom": "bbands(close, 20, 2).lower",
        "BandWidth": "100 * bb_width(close, 20, 2)",
        "%B": "bb_percent(close, 20, 2)",
    },
    "spy_cmf.txt": {"CMF_20": "cmf(20)"},
    "spy_cmo.txt": {"CMO_5": "talib.cmo(close, 5)"},
    "spy_crsi.csv": {"crsi": connors(kept_streak())},
    "spy_dema.txt": {"DEMA_5": "dema(close, 5)"},
    "spy_dpo.csv": {"Sma(21)": "sma(close, 21)", "DPO": "close[11] - sma(close, 21)"},
    "spy_ema.csv": {"EMA14": "ema(close, 14)"},
    "spy_heikin_ashi.txt": {
        "HA_Open": HA_OPEN,
        "HA_High": f"max(high, {HA_OPEN}, ohlc4)",
        "HA_Low": f"min(low, {HA_OPEN}, ohlc4)",
        "HA_Close": "ohlc4",
    },
    "spy_hma.txt": {"HMA_16": "hma(close, 16)"},
    "spy_kama.txt": {"KAMA_5": "kama(close, 5, 2, 30)"},
    "spy_ker.txt": {"KER": "efficiency_ratio(close, 10)"},
    "spy_mama.csv": {"mama": "mama(hl2, 0.5, 0.05).mama", "fama": "mama(hl2, 0.5, 0.05).fama"},
    "spy_mass_index_25.txt": {"MassIndex": "mass_index(9, 25)"},
    "spy_mfi.txt": {"Money Flow Index 20": "mfi(20)"},
    "spy_midpoint.txt": {"MIDPOINT_5": "midpoint(close, 5)"},
    "spy_min.txt": {"MIN_5": "lowest(close, 5)"},
    "spy_natr.txt": {"NATR_5": "natr(5)"},
    "spy_ppo.txt": {"PPO_5_10": "talib.ppo(close, 5, 10, 0)"},
    "spy_rvi.txt": {"RVI": RVI, "RVI_S": f"swma({RVI})"},
    "spy_sarext.txt": {"SAR": "sar(0.02, 0.02, 0.2)", "SAREXT": "sarext()"},
    "spy_sm.csv": {
        "mid_bb": "sma(close, 20)",
        "bb high": "bbands(close, 20, 2).upper",
        "bb low": "bbands(close, 20, 2).lower",
        "kc high": KELTNER_TOP,
        "kc low": KELTNER_BOTTOM,
        "squeeze on": f"bbands(close, 20, 2).upper < {KELTNER_TOP} and bbands(close, 20, 2).lower > {KELTNER_BOTTOM}"
        " ? 1 : -1",
    },
    "spy_stc.txt": {"STC": "stc(close, 10, 23, 50)"},
    "spy_tema.txt": {"TEMA_5": "tema(close, 5)"},
    "spy_trima.txt": {"TRIMA_5": "trima(close, 5)", "TRIMA_6": "trima(close, 6)"},
    "spy_trix.txt": {"TRIX_5": "trix(close, 5)"},
    "spy_tsi.csv": {"TSI_25_13": "tsi(close, 25, 13, 7).line", "Signal_7": "tsi(close, 25, 13, 7).signal"},
    "spy_ultosc.txt": {"ULTOSC_7_14_28": "ultosc(7, 14, 28)"},
    "spy_var.txt": {"Var": "variance(close, 10)"},
    "spy_vidya.txt": {"VIDYA_9": "adaptive(close, abs(talib.cmo(close, 9)) / 500, close)"},
    "spy_with_ForceIndex.csv": {"ForceIndex20": "efi(20)"},
    "spy_with_McGinleyDynamic.csv": {"McGinleyDynamic14": "mcginley(close, 14)"},
    "spy_with_adx.txt": {
        "TR": "true_range()",
        "+DI14": "pine.dmi(14, 14).plus",
        "-DI14": "pine.dmi(14, 14).minus",
        "ADX 14": "pine.dmi(14, 14).adx",
        "ADXR 14": "(pine.dmi(14, 14).adx + pine.dmi(14, 14).adx[13]) / 2",
    },
    "spy_with_cci.txt": {"Commodity Channel Index (CCI) 14": "cci(14)"},
    "spy_with_don50.txt": {
        "Donchian Channels 50 Top": "partial_highest(high, 50)",
        "Donchian Channels 50 Bottom": "partial_lowest(low, 50)",
        "Donchian Channels 50 Mean": "(partial_highest(high, 50) + partial_lowest(low, 50)) / 2",
    },
    "spy_with_fisher.txt": {"Fisher Transform 10": "fisher(10, 0.999).line"},
    "spy_with_ibs.csv": {"IBS": "(close - low) / (high - low)"},
    "spy_with_ichimoku.csv": {
        "Tenkan": "ichimoku().conversion",
        "Kijun": "ichimoku().base",
        "Senkou A": "ichimoku().span_a",
        "Senkou B": "ichimoku().span_b",
    },
    "spy_with_keltner.csv": {
        "Middle Band": "sma(hlc3, 20)",
        "Keltner Channels 20 Top": "sma(hlc3, 20) + 1.5 * sma(pine.tr(true), 20)",
        "Keltner Channels 20 Bottom": "sma(hlc3, 20) - 1.5 * sma(pine.tr(true), 20)",
    },
    "spy_with_kst.csv": {"kst": KST, "signal": f"sma({KST}, 9)"},
    "spy_with_macd.txt": {"MACD": MACD, "Signal": f"ema({MACD}, 9)", "Histogram": f"{MACD} - ema({MACD}, 9)"},
    "spy_with_obv.txt": {"OBV": "obv()"},
    "spy_with_rocp50.txt": {"Rate of Change % 50": "roc(close, 50)"},
    "spy_with_rsv.csv": {"RSV9": f"sqrt(sma({LOGS}, 9))"},
    "spy_with_stoch12k3.txt": {
        "Stochastics 12 %K 3": "stoch_slow(12, 3, 5).k",
        "%D 5": "stoch_slow(12, 3, 5).d",
    },
    "spy_with_vtx.csv": {"plus_vtx": "vortex(14).plus", "minus_vtx": "vortex(14).minus"},
    "spy_with_vwma.csv": {"VWMA20": "vwma(close, 20)"},
    "spy_with_williamsR14.txt": {"Williams %R 14": "willr(14)"},
    "spy_wto.csv": {"WT1": WAVE, "WT2": f"sma({WAVE}, 4)"},
    "eurusd60_dem.txt": {"DeM": f"{UP} / ({UP} + {DOWN})"},
    "dwac_supertrend.txt": {"Super": "pine.supertrend(3, 10).line"},
}
"""File: {column: formula}."""

FIRST_BAR: dict[tuple[str, str], int] = {
    ("dwac_supertrend.txt", "Super"): 10,
    ("spy_vidya.txt", "VIDYA_9"): 9,
    ("spy_sm.csv", "squeeze on"): 20,
    ("spy_aps.txt", "APS"): 21,
    ("spy_asi.csv", "ASI"): 1,
}
"""Files that hold a 0 before the first value: the bar of the first."""

DIGITS = {"spy_aroon_oscillator.txt": 6, "spy_atr_wilder.txt": 6, "spy_mfi.txt": 6}
"""Files of numbers with so many significant digits."""

DECIMALS = {
    "spy_acceleration_bands_20_4.txt": 3,
    "spy_apo.txt": 9,
    "spy_bollinger_bands.txt": 3,
    "spy_cmf.txt": 5,
    "spy_ppo.txt": 9,
    "spy_with_cci.txt": 2,
    "spy_with_keltner.csv": 3,
    "spy_with_macd.txt": 4,
    "spy_with_obv.txt": -4,
    "spy_with_rocp50.txt": 4,
    "spy_with_stoch12k3.txt": 3,
    "spy_with_williamsR14.txt": 3,
}
"""Files whose candles are rounded too, so that fewer decimals are theirs than are written."""

UNCOVERED = {
    "alpha_indicator, spy_qqq_cov": "two symbols in one file, bar under bar",
    "arms_data, mcclellan_data, nhnl_data": "counts over a market: across_count of a condition",
    "spy_rdv, spy_swiss": "not in the library",
    "spy_zigzag": "draws lines back over earlier bars",
    "tp_datatest, vp_datatest": "price profiles",
}
