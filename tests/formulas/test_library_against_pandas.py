"""Library functions that TA-Lib lacks, each against its definition written out with pandas."""

import math

import numpy as np
import pandas as pd
import pytest
from seeded import ema
from sweeping import series

BARS = 120


def made_up():
    """A walk with level bars, and volumes."""
    rng = np.random.default_rng(11)
    close = pd.Series(50 + rng.normal(0, 1, BARS).round(1).cumsum())
    open_ = close + rng.normal(0, 0.5, BARS).round(1)
    high = np.maximum(open_, close) + rng.random(BARS).round(1) + 0.1
    low = np.minimum(open_, close) - rng.random(BARS).round(1) - 0.1
    volume = pd.Series(rng.integers(1, 50, BARS) * 100.0)
    return {"open": open_, "high": high, "low": low, "close": close, "volume": volume}


C = made_up()
O, H, L, X, V = (C[name] for name in ("open", "high", "low", "close", "volume"))
HL2, HLC3 = (H + L) / 2, (H + L + X) / 3
TR = pd.concat([H - L, (H - X.shift()).abs(), (L - X.shift()).abs()], axis=1).max(axis=1, skipna=False)


def mean(x, n):
    return x.rolling(n).mean()


def total(x, n):
    return x.rolling(n).sum()


def swma(x):
    return (x + 2 * x.shift(1) + 2 * x.shift(2) + x.shift(3)) / 6


def pops(x, n):
    return x.rolling(n).std(ddof=0)


def roc(x, n):
    return 100 * (x / x.shift(n) - 1)


def middle(n):
    return (H.rolling(n).max() + L.rolling(n).min()) / 2


def above(condition):
    """A condition as numbers, undefined at the first bar."""
    return condition.astype(float).where(X.shift().notna())


def since_monthly(x):
    return x.groupby(np.arange(BARS) // 21).cumsum()


def kst_line():
    return sum(k * mean(roc(X, n), m) for k, n, m in ((1, 10, 10), (2, 15, 10), (3, 20, 10), (4, 30, 15)))


def volume_where(condition):
    return total(V.where(condition, 0).where(X.shift().notna()), 26)


CROSSED = (X > O) & (X.shift() <= O.shift())
FELL = (X < O) & (X.shift() >= O.shift())
FLOW = V.where(HLC3.shift() <= HLC3, -V).where(HLC3.shift().notna())
BUY = (H - X.shift()).clip(lower=0).where(X.shift().notna())
MID = HL2.shift()
PLACE = (2 * X - L - H) / (H - L)
AD = (PLACE * V).cumsum()
KVO = ema(FLOW, 34) - ema(FLOW, 55)
RVGI = total(swma(X - O), 10) / total(swma(H - L), 10)
PPO = 100 * (ema(X, 12) - ema(X, 26)) / ema(X, 26)
PVO = 100 * (ema(V, 12) - ema(V, 26)) / ema(V, 26)
CHANGE = X - X.shift()
LEVEL = volume_where(CHANGE == 0)
TSI = 100 * ema(ema(CHANGE, 25), 13) / ema(ema(CHANGE.abs(), 25), 13)
FAR = X - (H.rolling(13).max() + L.rolling(13).min()) / 2
WIDE = H.rolling(13).max() - L.rolling(13).min()
SMI = 200 * ema(ema(FAR, 25), 2) / ema(ema(WIDE, 25), 2)

CASES = {
    "swma(close)": swma(X),
    "bbi(close)": (mean(X, 3) + mean(X, 6) + mean(X, 12) + mean(X, 24)) / 4,
    "vwap_since(mod(bar_index, 21) == 0)": since_monthly(HLC3 * V) / since_monthly(V),
    "log_return(close)": np.log(X / X.shift()),
    "crosses(close, open)": above(CROSSED | FELL),
    "crosses_above_after(close, open, 1)": above(CROSSED & (X.shift() < O.shift())),
    "new_high(high, 20)": (H.rolling(20).max().shift() < H).astype(float).where(np.arange(BARS) >= 20),
    "new_low(low, 20)": (L.rolling(20).min().shift() > L).astype(float).where(np.arange(BARS) >= 20),
    "filled(close > open ? close : na)": X.where(X > O).ffill(),
    "exist_between(close > open, 2, 4)": total((X > O).astype(float), 3).shift(2).clip(upper=1),
    "every_between(close > open, 2, 4)": (total((X > O).astype(float), 3).shift(2) - 2).clip(lower=0),
    "signed_power(close - 50, 2)": np.sign(X - 50) * (X - 50) ** 2,
    "inverse(close)": 1 / X,
    "trunc(50.25 - close)": np.trunc(50.25 - X),
    "frac(50.25 - close)": (50.25 - X) - np.trunc(50.25 - X),
    "sigmoid(close - 50)": 1 / (1 + np.exp(50 - X)),
    "logit(close / 100)": np.log(X / (100 - X)),
    "clip(close, 49, 51)": X.clip(49, 51),
    "signed_log(close - 50)": np.sign(X - 50) * np.log1p((X - 50).abs()),
    "zscore_over(close, 20)": (X - mean(X, 20)) / pops(X, 20),
    "scale_over(close, 20)": (X - X.rolling(20).min()) / (X.rolling(20).max() - X.rolling(20).min()),
    "mean_distance(close, 20)": X - mean(X, 20),
    "information_ratio(close, 20)": mean(X, 20) / pops(X, 20),
    "bias(close, 6)": 100 * (X - mean(X, 6)) / mean(X, 6),
    "sample_stdev(close, 14)": X.rolling(14).std(),
    "squared_deviations(close, 14)": X.rolling(14).var() * 13,
    "ppo(close).signal": ema(PPO, 9),
    "ppo(close).hist": PPO - ema(PPO, 9),
    "pvo().signal": ema(PVO, 9),
    "pvo().hist": PVO - ema(PVO, 9),
    "tsi(close).signal": ema(TSI, 7),
    "smi().line": SMI,
    "smi().signal": ema(SMI, 3),
    "dpo(close, 20)": X - mean(X, 20).shift(11),
    "cog(close, 10)": -sum((k + 1) * X.shift(k) for k in range(10)) / total(X, 10),
    "kst(close).line": kst_line(),
    "kst(close).signal": mean(kst_line(), 9),
    "rvgi(10).line": RVGI,
    "rvgi(10).signal": swma(RVGI),
    "psy(12)": 100 * total(above(X.shift() < X), 12) / 12,
    "brar(26).ar": 100 * total(H - O, 26) / total(O - L, 26),
    "brar(26).br": 100 * total(BUY, 26) / total((X.shift() - L).clip(lower=0).where(X.shift().notna()), 26),
    "cr(26)": 100
    * total((H - MID).clip(lower=0).where(MID.notna()), 26)
    / total((MID - L).clip(lower=0).where(MID.notna()), 26),
    "ichimoku().conversion": middle(9),
    "ichimoku().base": middle(26),
    "ichimoku().span_a": ((middle(9) + middle(26)) / 2).shift(26),
    "ichimoku().span_b": middle(52).shift(26),
    "choppiness(14)": 100 * np.log10(total(TR, 14) / (H.rolling(14).max() - L.rolling(14).min())) / math.log10(14),
    "emv(14)": mean(10000 * (HL2 - HL2.shift()) * (H - L) / V, 14),
    "bb_width(close, 20, 2)": 4 * pops(X, 20) / mean(X, 20),
    "bb_percent(close, 20, 2)": (X - (mean(X, 20) - 2 * pops(X, 20))) / (4 * pops(X, 20)),
    "keltner_width(close, 20, 2)": 4 * ema(TR, 20) / ema(X, 20),
    "hist_vol(close, 20)": 100 * np.log(X / X.shift()).rolling(20).std() * math.sqrt(252),
    "ulcer(close, 14)": np.sqrt(mean((100 * (X / X.rolling(14).max() - 1)) ** 2, 14)),
    "close_location()": PLACE,
    "adosc(3, 10)": ema(AD, 3) - ema(AD, 10),
    "iii()": PLACE / V,
    "vr(26)": 100 * (2 * volume_where(CHANGE > 0) + LEVEL) / (2 * volume_where(CHANGE < 0) + LEVEL),
    "kvo().line": KVO,
    "kvo().signal": ema(KVO, 13),
}


@pytest.mark.parametrize("formula", CASES)
def test_is_what_its_definition_says(formula):
    expected = np.asarray(CASES[formula], dtype=float)

    found = np.array([np.nan if v is None else float(v) for v in series(formula, **_columns())])

    assert np.array_equal(np.isnan(found), np.isnan(expected))
    assert np.nanmax(np.abs(found - expected) / np.fmax(np.abs(expected), 1)) < 1e-9


def _columns():
    return {"closes": X.to_list(), **{name: C[name].to_list() for name in ("open", "high", "low", "volume")}}
