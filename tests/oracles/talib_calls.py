"""TA-Lib's functions as TA-Lib itself describes them: inputs, parameters, outputs, and several sets of parameters."""

from dataclasses import dataclass, field

import numpy as np
import talib
from talib import abstract

SERIES = {"real": "close", "real0": "high", "real1": "low", "periods": "period"}
"""Columns for inputs that are any series; the others are columns of the candles by their own names."""

BOUNDED = {"ACOS", "ASIN"}
"""Functions of numbers from -1 to 1: they read the column `share`."""

OTHER_SETS = {}
"""Other sets of parameters than every one halved, and every one made longer by 0.7, where those are not allowed."""


@dataclass(frozen=True)
class Call:
    """One call of a function: the same to both libraries."""

    function: str
    parameters: dict[str, float] = field(hash=False)

    @property
    def columns(self):
        """The columns that it reads, in the order of its inputs."""
        known = {**SERIES, "real": "share"} if self.function in BOUNDED else SERIES
        return [known.get(name, name) for name in input_names(self.function)]

    @property
    def formula(self):
        """The call in our language, every argument given by position."""
        given = [*self.columns, *(f"{value:g}" for value in self.parameters.values())]
        return f"talib.{self.function.lower()}({', '.join(given)})"

    @property
    def lookback(self):
        """So many first bars have no value: functions that answer with whole numbers say 0 there."""
        function = abstract.Function(self.function)
        function.parameters = dict(self.parameters)
        return function.lookback

    def __call__(self, candles):
        """TA-Lib's outputs by name over one symbol's columns; NaN or infinite becomes NaN."""
        given = [np.ascontiguousarray(candles[name]) for name in self.columns]
        values = getattr(talib, self.function)(*given, **self.parameters)
        several = values if isinstance(values, tuple | list) else [values]
        names = output_names(self.function)
        return {name: self._known(value) for name, value in zip(names, several, strict=True)}

    def _known(self, values):
        whole = values.dtype.kind == "i"
        values = np.where(np.isfinite(values), values, np.nan).astype(float)
        if whole:
            values[: self.lookback] = np.nan
        return values


def input_names(function):
    """The names of a function's inputs, as its own signature has them."""
    first = getattr(talib, function).__doc__.splitlines()[0]
    arguments = first.partition("(")[2].rpartition(")")[0].split(", ")
    return [argument.removeprefix("ndarray ") for argument in arguments if argument.startswith("ndarray")]


def output_names(function):
    return abstract.Function(function).output_names


def defaults(function):
    return dict(abstract.Function(function).info["parameters"])


def calls(function):
    """Three calls: with the defaults, and with two other sets of parameters."""
    default = defaults(function)
    others = OTHER_SETS.get(function, [_scaled(default, 0.5), _scaled(default, 1.7)])
    return [Call(function, default), *(Call(function, {**default, **other}) for other in others if other != default)]


def _scaled(parameters, factor):
    return {
        name: value if "matype" in name else max(2, round(value * factor)) if isinstance(value, int) else value * factor
        for name, value in parameters.items()
    }
