"""Wide form: a matrix [dates, symbols] of one column, as NumPy, Polars or pandas."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ...errors import ProcessingEngineError
from ...formulas.freezing import frozen
from ..bar_places import BarPlaces, Places
from ..jobs import Setting

if TYPE_CHECKING:
    import pandas as pd

WideKind: TypeAlias = Literal["polars", "numpy", "pandas"]
Matrix: TypeAlias = NDArray[Any]


def assert_kind(kind: str) -> None:
    """Refuse what is no kind of table."""
    if kind not in get_args(WideKind):
        raise ProcessingEngineError(f"kind is {kind!r}; it is one of {', '.join(map(repr, get_args(WideKind)))}")


@frozen(eq=False, slots=False)
class Grid:
    """Where the bars of a table (symbol, ts; sorted by both) stand in a matrix of dates x symbols."""

    bars: pl.DataFrame

    @cached_property
    def dates(self) -> pl.Series:
        """Every ts at which a symbol has a bar, ascending."""
        return self.bars["ts"].unique().sort()

    @property
    def symbols(self) -> list[str]:
        """The symbols that have bars, ascending."""
        return list(self._bars.candles.symbols)

    def span(self, symbol: str) -> tuple[int, int] | None:
        """The first row of a symbol, and how many it has; None where it has none."""
        candles = self._bars.candles
        number = candles.numbering.get(symbol)
        return None if number is None else (int(candles.starts[number]), int(candles.lengths[number]))

    @cached_property
    def _bars(self) -> BarPlaces:
        return BarPlaces(self.bars)

    @cached_property
    def places(self) -> tuple[Places, Places]:
        """The row and the column of each bar."""
        return self.dates.search_sorted(self.bars["ts"]).to_numpy().astype(np.int64), self._bars.numbers

    def matrix(self, values: pl.Series) -> Matrix:
        """The values of the grid's own bars; where a symbol has no bar, False, 0 or NaN."""
        return self._filled(values, self.places)

    def held(self, values: pl.Series) -> Matrix:
        """As `matrix`, but where a symbol has no bar, its last value stands; 0 before the first."""
        made = self.matrix(values)
        latest = np.zeros(made.shape, np.int64)
        latest[self.places] = self.places[0]
        return np.take_along_axis(made, np.maximum.accumulate(latest, axis=0), axis=0)

    def matrix_of(self, bars: pl.DataFrame, name: str) -> Matrix:
        """A column of other bars, those left out that are not in the grid."""
        if bars.height == self.bars.height and bars.select("symbol", "ts").equals(self.bars):
            return self.matrix(bars[name])
        return self.matrix(BarPlaces(bars.select("symbol", "ts", name)).looked_up(self.bars)[name])

    def _filled(self, values: pl.Series, places: tuple[Places, Places]) -> Matrix:
        numbers = values.to_numpy()
        missing = np.nan if numbers.dtype.kind == "f" else 0
        made = np.full((len(self.dates), len(self.symbols)), missing, numbers.dtype)
        made[places] = numbers
        return made

    def polars(self, matrix: Matrix) -> pl.DataFrame:
        """A column ts, then one for each symbol; undefined numbers are null."""
        if "ts" in self.symbols:
            raise ProcessingEngineError('a symbol is called "ts", as is the column of dates: take kind="numpy"')
        columns = {symbol: pl.Series(matrix[:, place], nan_to_null=True) for place, symbol in enumerate(self.symbols)}
        return pl.DataFrame({"ts": self.dates, **columns})

    def pandas(
        self, matrices: Sequence[Matrix], names: Sequence[str], points: Sequence[Sequence[Setting]]
    ) -> pd.DataFrame:
        """A column for each symbol over an index of dates; of several points, the params are levels above."""
        import pandas as pd  # noqa: PLC0415 - only where the caller has it

        index = pd.DatetimeIndex(self.dates.cast(pl.Datetime("us")).to_numpy(), name="ts")
        zone = getattr(self.dates.dtype, "time_zone", None)
        index = index if zone is None else index.tz_localize("UTC").tz_convert(zone)
        columns: pd.Index[Any] = pd.Index(self.symbols, name="symbol")
        if names:
            labels = [(*point, symbol) for point in points for symbol in self.symbols]
            columns = pd.MultiIndex.from_tuples(labels, names=[*names, "symbol"])
        return pd.DataFrame(np.concatenate(matrices, axis=1), index=index, columns=columns)
