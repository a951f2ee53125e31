"""Matches ranked by an indicator or a formula: of each date, of each symbol, or all together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

import polars as pl

from ...errors import ProcessingEngineError
from ...formulas.freezing import frozen
from ...formulas.language import declared_parameters
from ..bar_places import BarPlaces
from ..given import assert_kind
from ..jobs import DateRange, Formula, Setting
from ..results import KEYS
from .studied import Per, StudiedMatches

RANK = "rank"
COLUMNS = {"date": "ts", "symbol": "symbol"}


@frozen
class Ranking:
    """How matches are ranked; raises ProcessingEngineError for what makes no sense."""

    by: str | Formula
    top: int | None
    per: Per | None
    descending: bool
    parameters: Mapping[str, Setting]

    def __post_init__(self) -> None:
        assert_kind(self.by, str | Formula, "matches are ranked by an indicator, or by a formula")
        if self.per is not None and self.per not in get_args(Per):
            raise ProcessingEngineError(
                f'per is {self.per!r}; it is "date", "symbol", or None for all matches together'
            )
        if self.top is not None and (not isinstance(self.top, int) or isinstance(self.top, bool) or self.top < 1):
            raise ProcessingEngineError(f"top is {self.top!r}; a whole number from 1 is needed, or None for all")
        if self.name in KEYS:
            raise ProcessingEngineError(f"matches are not ranked by {self.name!r}: take an indicator or a formula")

    @property
    def name(self) -> str:
        """The column that is ranked."""
        return self.by if isinstance(self.by, str) else self.by.name or self.by.source

    def of(self, result: StudiedMatches) -> pl.DataFrame:
        """The ranked matches."""
        matches = self._valued(result)
        if not matches.schema[self.name].is_numeric() and not matches.is_empty():
            raise ProcessingEngineError(f"{self.name!r} is {matches.schema[self.name]}, and only numbers are ranked")
        rank = RANK if RANK not in matches.columns else f"{RANK}_"
        column = None if self.per is None else COLUMNS[self.per]
        groups = [*([column] if column else []), *result.tags]
        ties = [name for name in ("symbol", "ts") if name != column]
        value = pl.col(self.name)
        ordered = matches.sort(ties).sort(value, descending=self.descending, nulls_last=True, maintain_order=True)
        place = pl.int_range(1, pl.len() + 1)
        numbered = ordered.with_columns((place.over(groups) if groups else place).alias(rank))
        defined = numbered.with_columns(pl.when(value.is_not_null()).then(pl.col(rank)).alias(rank))
        kept = defined if self.top is None else defined.filter(pl.col(rank) <= self.top)
        return kept.sort([*groups, rank], nulls_last=[*([False] * len(groups)), True], maintain_order=True)

    def _valued(self, result: StudiedMatches) -> pl.DataFrame:
        """The matches with the column that is ranked."""
        matches = result.lazy.collect()
        if self.name in matches.columns:
            if isinstance(self.by, str):
                return matches
            raise ProcessingEngineError(f"matches have a column {self.name!r} already: give the formula another name")
        if matches.is_empty():
            return matches.with_columns(pl.lit(None, pl.Float64).alias(self.name))
        own = self._swept(result)
        if not own:
            return self._evaluated(matches, result, {})
        parts = matches.with_row_index("~row").partition_by(own, maintain_order=True, as_dict=True)
        made = [self._evaluated(part, result, dict(zip(own, values, strict=True))) for values, part in parts.items()]
        return pl.concat(made).sort("~row").drop("~row")

    def _swept(self, result: StudiedMatches) -> list[str]:
        """The swept params that the formula declares too: it is evaluated with the values of each match."""
        formula = Formula(self.by) if isinstance(self.by, str) else self.by
        declared = declared_parameters(formula.source, formula.dialect or result.origin.job.dialect)
        given = {*self.parameters, *formula.parameters}
        return [name for name in result.tags if name in declared and name not in given]

    def _evaluated(self, matches: pl.DataFrame, result: StudiedMatches, swept: Mapping[str, Setting]) -> pl.DataFrame:
        """These matches, all of one point as far as the formula goes, with its values."""
        symbols = matches["symbol"].unique().sort().to_list()
        bounds = DateRange(matches["ts"].min(), matches["ts"].max())  # type: ignore[arg-type] # dates, or instants
        known = {name: value for name, value in swept.items() if value is not None}
        values = result.origin.values({self.name: self.by}, symbols, bounds, {**known, **self.parameters})
        return BarPlaces(values).looked_up(matches)
