"""Putting the batches' pieces together: one table, one entry for each requested symbol in the order of the request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import partial
from operator import lt
from time import perf_counter

import polars as pl

from ..data.instants import shifted
from ..errors import ProcessingEngineError
from .collected import Collected
from .deferring import Table
from .evaluating import PlanEvaluator, ServiceEvaluator
from .ordering import in_order
from .origin import Origin
from .outcomes import Outcomes
from .preparing import Prepared
from .results import BatchResult, Matches
from .sources import ts_of
from .splitting import Selection, reported, stacked
from .stored import StoredTable
from .uniting import UnitedTables, united


def values_table(collected: Collected) -> pl.DataFrame | StoredTable:
    """The values at every bar, in the file, if there is one; ProcessingEngineError where there are none."""
    assert_some(collected)
    table = values_frame(collected)
    return table if collected.file is None else stored(table, collected)


def assert_some(collected: Collected) -> None:
    """Raise ProcessingEngineError where every symbol has failed."""
    assert_begun(collected)
    requested, errors = collected.prepared.requested, collected.total.errors
    if errors and len(errors) == len(set(requested)):
        symbol, error = next(iter(errors.items()))
        raise ProcessingEngineError(f"no symbol could be evaluated; {symbol}: {error}")


def assert_begun(collected: Collected) -> None:
    """Raise ProcessingEngineError where a job was cancelled before its symbols were known."""
    if collected.cut_short:
        raise ProcessingEngineError("the job was cancelled before any symbol was evaluated")


def values_frame(collected: Collected) -> pl.DataFrame:
    """The values at every bar: symbol, ts, a column a formula; sorted by symbol, ts."""
    table = collected.table()
    return _no_values(collected.prepared) if table is None else table


def _no_values(prepared: Prepared) -> pl.DataFrame:
    """The values at no bar, in columns of the kinds that they have at any."""
    selection, evaluator = prepared.selection, prepared.evaluator
    formulas = evaluator.plan.formulas if isinstance(evaluator, PlanEvaluator) else {}
    dtypes = {name: formulas[name].result.kind.dtype if name in formulas else None for name in selection.results}
    keys = pl.DataFrame(schema={"symbol": pl.String(), "ts": ts_of(prepared.loader.repository)})
    return stacked(keys, {name: pl.Series(dtype=dtype or pl.Float64()) for name, dtype in dtypes.items()}, selection)


def stored(table: pl.DataFrame, collected: Collected) -> StoredTable:
    """What was written to the file, and behind it the table."""
    collected.write(table)
    return collected.finish(table)


def assemble(collected: Collected, origin: Origin, began: float) -> BatchResult:
    """Make the result of a job that began at a moment of the performance counter, all of whose batches have ended.

    Matches are in the order of the request; in a file, which is written before that is known, symbols ascend.
    """
    elapsed = perf_counter() - began
    prepared, total = collected.prepared, collected.total
    order, ascends = _order(collected)
    with collected.control.tally.stage("assemble"):
        matches, lengths = _kept(collected, order, ascends=ascends)
    counts = {
        "symbols": len(prepared.requested),
        "bars": total.bars.total,
        "loaded": total.loaded,
        "matches": matches.height,
        "errors": len(total.errors),
    }
    return BatchResult(
        Outcomes(prepared.requested, order, lengths, total.bars, total.elapsed),
        matches,
        prepared.selection.labels,
        origin,
        total.errors,
        total.defects,
        counts=counts,
        totals=_totals(total.defects.values()),
        elapsed=elapsed,
        timed=isinstance(prepared.evaluator, ServiceEvaluator),
        parameters=prepared.selection.parameters,
        notes=prepared.notes,
        statistics=collected.statistics(matches.height, elapsed),
        cut_short=collected.cut_short,
    )


def _order(collected: Collected) -> tuple[Sequence[str], bool]:
    """The requested symbols, each once, in the order of the table of matches; and whether they ascend."""
    requested = collected.prepared.requested
    if all(map(lt, requested, requested[1:])):
        return requested, True
    asked = list(dict.fromkeys(requested))
    ascending = sorted(asked)
    return (asked, asked == ascending) if collected.file is None else (ascending, True)


def _kept(collected: Collected, order: Sequence[str], *, ascends: bool) -> tuple[Matches, Mapping[str, int]]:
    """The matches that are reported, and how many each symbol has."""
    job, total = collected.prepared.job, collected.total
    if collected.file is not None and collected.prepared.selection.several and not job.latest:
        return _stored_in_pieces(collected), total.found
    every = _matches(collected)
    kept = {name: _latest(table, collected) for name, table in every.items()}
    same = all(kept[name].height == every[name].height for name in every)
    if not ascends:
        places = _places(order)
        kept = {name: table.later(partial(in_order, order=places)) for name, table in kept.items()}
    found = total.found if same else _lengths(kept.values())
    matches = _table(kept, collected, order, found)
    # what was not written any more, after a cancel, is no part of the total
    return matches, found if same else {each: rows for each, rows in found.items() if each not in total.errors}


def _asked(selection: Selection) -> list[str]:
    """The formulas as they were asked for."""
    return list(dict.fromkeys(selection.origins.get(name, name) for name in selection.results))


def _matches(collected: Collected) -> dict[str, Table]:
    """The matches of each formula as it was asked for; those of one alone under ""."""
    selection, ts = collected.prepared.selection, ts_of(collected.prepared.loader.repository)
    if not selection.several:
        table = collected.table()
        return {"": Table.of(_empty("", selection, ts) if table is None else table)}
    found = {name: collected.table_of(name) for name in _asked(selection)}
    return {name: table or Table.of(_empty(name, selection, ts)) for name, table in found.items()}


def _empty(formula: str, selection: Selection, ts: pl.DataType) -> pl.DataFrame:
    """The table of a formula without a match."""
    named = [name for name in selection.indicators if selection.origins.get(name, name) == formula or not formula]
    labels = {reported(label): pl.Float64 for name in named for label in selection.indicators[name]}
    tags = [selection.tags.get(name, {}) for name in named]
    swept = {
        name: pl.Series([each[name] for each in tags if name in each], strict=False).dtype
        for name in selection.parameters
        if any(name in each for each in tags)
    }
    return pl.DataFrame(schema={"symbol": pl.String, "ts": ts, **swept, **labels})


def _places(order: Sequence[str]) -> dict[str, int]:
    return {symbol: place for place, symbol in enumerate(order)}


def _table(
    tables: Mapping[str, Table], collected: Collected, order: Sequence[str], found: Mapping[str, int]
) -> Matches:
    """One table of matches: in memory, in the file, or one that is made when it is looked at."""
    several = collected.prepared.selection.several
    if collected.file is not None:
        return _stored_together(tables, collected, found) if several else stored(tables[""].frame, collected)
    if several:
        return UnitedTables(tables, _places(order), found)
    return tables[""].frame if tables[""].is_made else tables[""]


def _stored_in_pieces(collected: Collected) -> StoredTable:
    """What was written of several formulas as batches ended, or is written now, one batch after the other."""
    collected.write_pieces()
    selection, ts = collected.prepared.selection, ts_of(collected.prepared.loader.repository)
    return collected.finish(united({name: Table.of(_empty(name, selection, ts)) for name in _asked(selection)}))


def _stored_together(tables: Mapping[str, Table], collected: Collected, found: Mapping[str, int]) -> StoredTable:
    """The tables of several formulas, which have so many rows of each symbol, written as one."""
    collected.write_tables(tables, dict(sorted(found.items())))
    return collected.finish(united({name: Table.of(table.frame.clear()) for name, table in tables.items()}))


def _latest(table: Table, collected: Collected) -> Table:
    """The matches that are reported; which are the latest only a look can tell."""
    job = collected.prepared.job
    return Table.of(_on_last_ts(table.frame, collected)) if job.latest and collected.total.last else table


def _on_last_ts(matches: pl.DataFrame, collected: Collected) -> pl.DataFrame:
    """Of the symbols' last bars keep those on the universe's last ts, and the stale ones that are admitted."""
    job, last = collected.prepared.job, collected.total.last
    newest: date | datetime = max(last.values())
    oldest = newest if job.patience is None else _earlier(newest, job.patience)
    kept = matches.filter(pl.col("ts") >= pl.lit(oldest, dtype=matches.schema["ts"]))
    if job.patience is None:
        return kept
    keys = {"symbol", "ts", *collected.prepared.selection.parameters}
    place = next((at for at, name in enumerate(kept.columns) if name not in keys), kept.width)
    return kept.insert_column(place, (kept["ts"] < newest).alias("stale"))


def _earlier(moment: date | datetime, by: timedelta) -> date | datetime:
    if isinstance(moment, datetime):
        return shifted(moment, -by) or datetime.min.replace(tzinfo=moment.tzinfo)
    morning = shifted(datetime.combine(moment, time()), -by)
    assert morning is None or isinstance(morning, datetime)
    return date.min if morning is None else (morning + timedelta(days=1, microseconds=-1)).date()


def _lengths(tables: Iterable[Table]) -> dict[str, int]:
    symbols = pl.concat(table.frame["symbol"] for table in tables)
    return dict(symbols.value_counts(sort=False).iter_rows())


def _totals(defects: Iterable[Mapping[str, int]]) -> dict[str, int]:
    counted: Counter[str] = Counter()
    for kinds in defects:
        counted.update(kinds)
    return dict(counted)
