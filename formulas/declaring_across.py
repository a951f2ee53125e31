"""Declaring primitives across symbols, which take groups and a population last."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any, Final

import polars as pl

from .declaring import PRIMITIVES, Parameter, Rule, describe
from .kinds import Kind, Series, Shape
from .scope import TS, Population, Scope

GROUPING: Final = (
    Parameter("by", Series(frozenset({Kind.CATEGORY, Kind.NUMBER, Kind.BOOLEAN})), None, required=False),
    Parameter("where", Series(frozenset({Kind.BOOLEAN})), None, required=False),
)
"""What every primitive across symbols takes last: groups, each a population of its own, and who belongs to it.

The checker puts `where` into the first series, which is undefined elsewhere: neither rules nor kernels see it."""


def across(rule: Rule) -> Rule:
    """Declare a primitive over all symbols that have a value at the same ts; `GROUPING` is added to its parameters.

    The rule's first argument is a `Population`. Where one of its series or the group is undefined, all are, and so is
    what the rule answers with. Its kernel is that of its name in `formulas.kernels.crossing`.
    """

    @functools.wraps(rule)
    def grouped(scope: Scope, *arguments: Any) -> pl.Expr:
        *own, by, _ = arguments
        known = [each for each in (*own, by) if isinstance(each, pl.Expr)]
        among = pl.all_horizontal(*(each.is_not_null() for each in known))
        if len(known) > 1:
            own = [scope.column(pl.when(among).then(e)) if isinstance(e, pl.Expr) else e for e in own]
        population = Population(scope, (TS,) if by is None else (TS, by.meta.output_name()))
        return pl.when(among).then(rule(population, *own))

    primitive = describe(rule, Shape.ACROSS)
    parameters = (*primitive.parameters, *GROUPING)
    PRIMITIVES.add(replace(primitive, parameters=parameters, rule=grouped, scoped=True))
    return rule
