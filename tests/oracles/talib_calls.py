"""TA-Lib's functions as TA-Lib itself describes them: inputs, parameters, outputs, and several sets of parameters."""

from dataclasses import dataclass, field

import numpy as np
import talib
from talib import abstract

SERIES = {"real": "close", "real0": "high", "real1": "low", "periods": "period"}
"""Columns for inputs that are any series; the others are columns of the candles by their own names."""

BOUNDED = {"ACOS", "ASIN"}
"""Functions of numbers from -1 to 1: they read the column `share`."""

OTHER_SETS = {
    "BETA": [{"timeperiod": 3}, {"timeperiod": 8}],  # one line goes through both of two changes, however near they are
    "T3": [{"timeperiod": 2, "vfactor": 0.35}, {"timeperiod": 8, "vfactor": 1.0}],
}
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
    def formulas(self):
        """Its outputs by name, each as a formula."""
        names = output_names(self.function)
        return {name: self.formula + (f".{name}" if len(names) > 1 else "") for name in names}

    @property
    def lookback(self):
        """So many first bars have no value: functions that answer with whole numbers say 0 there."""
        function = abstract.Function(self.function)
        function.parameters = dict(self.parameters)
        return function.lookback

    @property
    def is_allowed(self):
        """Whether TA-Lib takes these parameters."""
        bars = np.linspace(0.1, 0.9, 500)
        try:
            self(dict.fromkeys(self.columns, bars))
        except Exception as error:
            if "TA_BAD_PARAM" in str(error):
                return False
            raise
        return True

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


def shortest_call(function):
    """With the least periods that TA-Lib takes, 1 or 2; None for a function without any."""
    default = defaults(function)
    periods = [name for name, value in default.items() if isinstance(value, int) and "matype" not in name]
    tried = (Call(function, {**default, **dict.fromkeys(periods, least)}) for least in (1, 2))
    return next(call for call in tried if call.is_allowed) if periods else None


def calls_of_averages(function, kinds):
    """One with each of these kinds of moving averages; and, where it takes several averages, with kinds that differ."""
    default = defaults(function)
    names = [name for name in default if "matype" in name]
    same = [dict.fromkeys(names, kind) for kind in kinds]
    mixed = [dict(zip(names, kinds[turn:], strict=False)) for turn in range(len(kinds) - 2)] if len(names) > 1 else []
    return [Call(function, {**default, **chosen}) for chosen in (*same, *mixed)]


def _scaled(parameters, factor):
    return {
        name: value if "matype" in name else max(2, round(value * factor)) if isinstance(value, int) else value * factor
        for name, value in parameters.items()
    }
