"""The factors that KunQuant brings, as graphs: Alpha101 with the conventions of yli188's code, and Qlib's Alpha158."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from KunQuant.Op import OpBase
from KunQuant.predefined import Alpha101, Alpha158

INPUTS: Final = ("open", "high", "low", "close", "volume", "vwap")
PRICES: Final = ("OPEN", "HIGH", "LOW", "VWAP")


def alpha101(prices: Mapping[str, OpBase], _: int) -> Mapping[str, OpBase]:
    """82 of the 101: it has no industries and no capitalisation, and leaves some out."""
    data = Alpha101.AllData(**prices)
    return {each.__name__.replace("alpha", "alpha_"): each(data) for each in Alpha101.all_alpha}


def alpha158(prices: Mapping[str, OpBase], _: int) -> Mapping[str, OpBase]:
    """All of them."""
    candles = {name: price for name, price in prices.items() if name != "vwap"}
    data = Alpha158.AllData(**candles, amount=prices["vwap"] * prices["volume"])
    data.vwap = prices["vwap"]
    fields = [(name, prices[name.lower()]) for name in PRICES]
    columns, names = data.build({"kbar": {}, "price": {"windows": [0], "feature": fields}, "rolling": {}})
    return dict(zip(names, columns, strict=True))
