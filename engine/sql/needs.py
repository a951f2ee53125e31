"""What a query needs of each table, read from DuckDB's plan of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from ...formulas.freezing import frozen
from .conditions import ANYTHING, Both, Condition, Either, Json, Range, read_condition, times
from .statements import walked

Needs: TypeAlias = Mapping[str, "Need"]


@frozen
class Need:
    """The columns of a table that are looked at, and what holds of the rows that are."""

    columns: frozenset[str]
    condition: Condition = ANYTHING

    @property
    def times(self) -> Range:
        """The times of the rows that are wanted."""
        return times(self.condition)

    def along(self, other: Need) -> Need:
        """What both need."""
        return Need(self.columns | other.columns, Either((self.condition, other.condition)))


def read_needs(plan: Json) -> dict[str, Need]:
    """The needs of every table in a plan, by its name; what is not there is not needed."""
    found: dict[str, Need] = {}
    for node in walked(plan):
        table = node.get("function_data", {}).get("table") if node.get("type") == "LOGICAL_GET" else None
        if table is not None:
            need = _need(node)
            found[table] = found[table].along(need) if table in found else need
    return found


def _need(get: Json) -> Need:
    """Of one place at which a table is read."""
    names = get.get("names", [])
    read = [names[at] if (at := place.get("index", 0)) < len(names) else "" for place in get.get("column_indexes", [])]
    filters = get.get("table_filters", {})
    parts = list[Condition]()
    if get.get("table_filters_by_projection", False):
        for each in filters.get("filters", []):
            parts.append(read_condition(each.get("value", {}), [read[each.get("key", 0)]]))
        for each in filters.get("multi_column_filters", []):
            parts.append(read_condition(each, [read[at] for at in each.get("column_indexes", [])]))
    return Need(frozenset(filter(None, read)), Both(tuple(parts)))
