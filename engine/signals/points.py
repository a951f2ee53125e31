"""The points of a sweep: which values the params have, and in which columns the formulas stand there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from ...errors import ProcessingEngineError
from ...formulas.freezing import frozen
from ..jobs import Setting


@frozen
class Point:
    """One combination of the swept params, none without a sweep, and the column of each formula by its name."""

    parameters: Mapping[str, Setting]
    columns: Mapping[str, str]

    @property
    def key(self) -> tuple[str, ...]:
        """What tells points apart whose columns differ."""
        return tuple(self.columns.values())


def point_at(points: Sequence[Point], at: Mapping[str, Setting] | None) -> Point:
    """The point that `at` names; raises ProcessingEngineError if that is none, or several."""
    wanted = dict(at or {})
    names = list(points[0].parameters)
    unknown = [name for name in wanted if name not in names]
    if unknown:
        known = f"swept are {', '.join(names)}" if names else "no parameter was swept"
        raise ProcessingEngineError(f"there is no swept parameter {unknown[0]!r}: {known}")
    found = [point for point in points if all(point.parameters[name] == value for name, value in wanted.items())]
    if len(found) == 1:
        return found[0]
    example = "at={" + ", ".join(f'"{name}": {value!r}' for name, value in points[0].parameters.items()) + "}"
    if not found:
        raise ProcessingEngineError(f"no point of the sweep has {wanted}; the first one is {example}")
    raise ProcessingEngineError(f"the sweep has {len(found):,} such points; say which one is meant, as {example}")


def stacked_points(keys: pl.DataFrame, points: Sequence[tuple[Point, Mapping[str, pl.Series]]]) -> pl.DataFrame:
    """Each row of `keys` once for each point: the keys, the swept params, then the point's columns."""
    if not points[0][0].parameters:
        return keys.with_columns(column.alias(name) for name, column in points[0][1].items())
    row = pl.int_range(keys.height, eager=True).alias("~row")
    tables = [
        keys.with_columns(
            *(pl.lit(value).alias(name) for name, value in point.parameters.items()),
            *(column.alias(name) for name, column in columns.items()),
            row,
        )
        for point, columns in points
    ]
    return pl.concat(tables, how="vertical_relaxed").sort("~row", maintain_order=True).drop("~row")
