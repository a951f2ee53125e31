"""Functions that users write in Python. They belong to a FormulaService, never to the process."""

from __future__ import annotations

import importlib
import inspect
import typing
from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .declaring import Count, Parameter, Primitive, Setting
from .freezing import frozen
from .kinds import Accepts, Flag, Kind, Real, Series, Shape, Whole
from .limits import LONGEST_WINDOW
from .scope import Scope

TRIAL_BARS: Final = 120
SETTINGS: Final[dict[object, Accepts]] = {int: Whole(0, LONGEST_WINDOW), float: Real(-1e300, 1e300), bool: Flag()}


def _found(module: str, name: str) -> Any:
    """What has this name in a module; None where nothing has."""
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


@frozen
class PythonFunction:
    """A user's function and what it declares. `reach` None: all earlier bars."""

    call: Callable[..., Any]
    warmup: Count
    reach: Count | None

    def __reduce__(self) -> tuple[Callable[..., PythonFunction], tuple[object, ...]]:
        """By its name where it has that in its module, for there the name is this, and not the function itself."""
        module, name = self.call.__module__, self.call.__qualname__
        if _found(module, name) is self:
            return _found, (module, name)
        return PythonFunction, (self.call, self.warmup, self.reach)

    @property
    def name(self) -> str:
        """The name in the language."""
        return self.call.__name__

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """The function itself, outside of any formula."""
        return self.call(*arguments, **named)

    def primitive(self) -> Primitive:
        """The function as the language knows it.

        Its parameters annotated as arrays are series, those annotated int, float or bool are settings. Raises
        TypeError for any other annotation, ValueError where the function breaks what it declares (see `tried`).
        """
        hints = typing.get_type_hints(self.call)
        signature = inspect.signature(self.call)
        parameters = tuple(_parameter(p, hints.get(p.name)) for p in signature.parameters.values())
        kind = Kind.BOOLEAN if "bool" in str(hints.get("return")) else Kind.NUMBER
        self._try(parameters)
        return Primitive(
            name=self.name,
            doc=inspect.getdoc(self.call) or "",
            shape=Shape.RECURSIVE,
            parameters=parameters,
            result=Series(frozenset({kind})),
            rule=self._rule(parameters, kind),
            warmup=self.warmup,
            reach=self.reach,
            bounded=True,
            scoped=True,
        )

    def _rule(self, parameters: Sequence[Parameter], kind: Kind) -> Callable[..., pl.Expr]:
        places = [parameter.is_series for parameter in parameters]

        def call(*mixed: Any) -> object:
            """Put series and settings back in the order of the signature."""
            series = iter(mixed[: sum(places)])
            settings = iter(mixed[sum(places) :])
            return self.call(*(next(series if is_series else settings) for is_series in places))

        def rule(scope: Scope, *arguments: Any) -> pl.Expr:
            series = [a for a, is_series in zip(arguments, places, strict=True) if is_series]
            settings = [a for a, is_series in zip(arguments, places, strict=True) if not is_series]
            return scope.python(call, self.name, series, settings, kind.dtype)

        return rule

    def _try(self, parameters: Sequence[Parameter]) -> None:
        """Hold the function to its declaration on made-up series, if its settings have defaults to try."""
        settings = [p.default for p in parameters if not p.is_series]
        if any(p.required for p in parameters if not p.is_series):
            return
        walk = np.random.default_rng(7).normal(0, 1, (len(parameters), TRIAL_BARS)).cumsum(axis=1) + 100
        rows = iter(walk)
        arguments = [next(rows) if p.is_series else p.default for p in parameters]
        whole = self._values(arguments, TRIAL_BARS)
        self._no_look_ahead(arguments, whole)
        self._no_more_history(arguments, whole, settings)
        defined = ~np.isnan(whole)
        found = int(np.argmax(defined)) if defined.any() else TRIAL_BARS
        if found != (declared := self.warmup(*settings)):
            raise ValueError(f"{self.name} declares a warm-up of {declared} bars, its first value is at bar {found}")

    def _values(self, arguments: Sequence[Any], bars: int) -> NDArray[np.float64]:
        values = np.asarray(self.call(*(a.copy() if isinstance(a, np.ndarray) else a for a in arguments)))
        if values.shape != (bars,):
            raise ValueError(f"{self.name} must give one value a bar: for {bars} bars it gave shape {values.shape}")
        return values.astype(np.float64)

    def _no_look_ahead(self, arguments: Sequence[Any], whole: NDArray[np.float64]) -> None:
        half = TRIAL_BARS // 2
        early = self._values([a[:half] if isinstance(a, np.ndarray) else a for a in arguments], half)
        if not np.allclose(early, whole[:half], rtol=1e-12, equal_nan=True):
            raise ValueError(f"{self.name} looks ahead: its values change when later bars are cut off")

    def _no_more_history(self, arguments: Sequence[Any], whole: NDArray[np.float64], settings: Sequence[Any]) -> None:
        reach = None if self.reach is None else self.reach(*settings)
        if reach is None or reach + 1 >= TRIAL_BARS:
            return
        late = [a[-reach - 1 :] if isinstance(a, np.ndarray) else a for a in arguments]
        if not np.allclose(self._values(late, reach + 1)[-1], whole[-1], rtol=1e-9, equal_nan=True):
            raise ValueError(f"{self.name} declares a reach of {reach} bars, but earlier bars change its values")


def function(
    *, warmup: Count = lambda *_: 0, reach: Count | None = None
) -> Callable[[Callable[..., Any]], PythonFunction]:
    """Declare a function of one's own in Python, for a FormulaService.

    It is called with one symbol's arrays (float64, NaN = undefined; conditions as 0 and 1) and its settings, and
    answers with an array of the same length: numbers, or booleans if its annotation says so. `warmup` and `reach` take
    the settings; they are tested when the function is added. `reach` None means all earlier bars. Raises TypeError for
    what is no function.

    >>> @function(warmup=lambda n: n - 1, reach=lambda n: n - 1)
    ... def middle(x: np.ndarray, n: int = 3) -> np.ndarray:
    ...     "The mean of the smallest and the largest of the last n values."
    ...     from numpy.lib.stride_tricks import sliding_window_view
    ...     windows = sliding_window_view(np.r_[np.full(n - 1, np.nan), x], n)
    ...     return (windows.max(axis=1) + windows.min(axis=1)) / 2
    >>> middle.primitive().signature
    'middle(x, n=3)'
    """
    for name, count in (("warmup", warmup), ("reach", reach)):
        if not callable(count) and (name, count) != ("reach", None):
            raise TypeError(f"{name} is a function of the settings, lambda n: n - 1; {count!r} is none")

    def declare(call: Callable[..., Any]) -> PythonFunction:
        if not hasattr(call, "__name__"):
            raise TypeError(f"{call!r} is no function with a name of its own: write one with def")
        return PythonFunction(call, warmup, reach)

    return declare


def library(path: str | Path) -> Path:
    """Name a file of functions written in the formula language, for a FormulaService.

    Raises FileNotFoundError if there is no such file, TypeError for what is no path.
    """
    if not isinstance(path, str | PathLike):
        raise TypeError(f"a formula library is a file, {path!r} is no path")
    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"there is no formula library {str(file)!r}")
    return file


def _parameter(parameter: inspect.Parameter, hint: object) -> Parameter:
    given = None if parameter.default is inspect.Parameter.empty else parameter.default
    required = parameter.default is inspect.Parameter.empty
    if "ndarray" in str(hint) or "NDArray" in str(hint):
        return Parameter(parameter.name, Series(frozenset({Kind.NUMBER, Kind.BOOLEAN})), None, required=True)
    if hint not in SETTINGS:
        raise TypeError(f"{parameter.name}: annotate it as np.ndarray (a series), int, float or bool (a setting)")
    setting: Setting | None = given
    return Parameter(parameter.name, SETTINGS[hint], setting, required)
