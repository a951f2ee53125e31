"""DuckDB: SQL windows over a table in memory.

SQL has no exponential mean. It is had from a running sum of weighted values, x / (1 - alpha) ^ bar, which is exact but
leaves the range of doubles after some 3,500 bars: good for this comparison, not for a scanner.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import duckdb
import numpy as np

from bench.peers.serving import Candles, Columns, Way, serve

Query = str
EMAS = {f"ema_{n}": ("close", 2 / (n + 1), n, 0) for n in (10, 20, 50)}
MACD = {"fast": ("close", 2 / 13, 12, 14), "slow": ("close", 2 / 27, 26, 0)}
RSI = {"gain_14": ("gain", 1 / 14, 14, 1), "loss_14": ("loss", 1 / 14, 14, 1)}
MOVEMENTS = {
    "atr_14": ("true_range", 1 / 14, 14, 1),
    "range_14": ("true_range_0", 1 / 14, 14, 0),
    "plus_14": ("plus", 1 / 14, 14, 0),
    "minus_14": ("minus", 1 / 14, 14, 0),
}
Means = Mapping[str, tuple[str, float, int, int]]


def over(n: int) -> str:
    return f"OVER (PARTITION BY id ORDER BY bar ROWS BETWEEN {n - 1} PRECEDING AND CURRENT ROW)"


RUNNING = "OVER (PARTITION BY id ORDER BY bar ROWS UNBOUNDED PRECEDING)"
ORDERED = "OVER (PARTITION BY id ORDER BY bar)"


def full(expression: str, n: int) -> str:
    """Without value until the window is full."""
    return f"CASE WHEN bar >= {n - 1} THEN {expression} {over(n)} END"


def layered(source: str, means: Means) -> Query:
    """Add exponential means, each seeded with the simple mean of its first n values after `skip` bars."""
    terms, sums = [], []
    for name, (x, alpha, n, skip) in means.items():
        first = n - 1 + skip
        weight = f"pow({1 / (1 - alpha)!r}, bar - {first})"
        value = (
            f"CASE WHEN bar = {first} THEN avg({x}) {over(n)} WHEN bar > {first} THEN {alpha!r} * {x} * {weight} END"
        )
        terms.append(f"{value} AS term_{name}")
        kept = f"sum(term_{name}) {RUNNING} * pow({1 - alpha!r}, bar - {first})"
        sums.append(f"CASE WHEN bar >= {first} THEN {kept} END AS {name}")
    return f"SELECT *, {', '.join(sums)} FROM (SELECT *, {', '.join(terms)} FROM ({source}))"


CHANGES = f"SELECT *, close - lag(close) {ORDERED} AS change FROM candles"
GAINS = f"SELECT *, greatest(change, 0) AS gain, greatest(-change, 0) AS loss FROM ({CHANGES})"
RSI_14 = "100 * (gain_14 / (gain_14 + loss_14))"
SCAN = f"""
SELECT place, close > average AND volume > 1.5 * usual AND {RSI_14} < 70 AS match
FROM (SELECT *, {full("avg(close)", 20)} AS average, {full("avg(volume)", 20)} AS usual
      FROM ({layered(GAINS, RSI)}))
"""
MOVES = f"""
SELECT *, greatest(high, close - change) - least(low, close - change) AS true_range,
       high - lag(high) {ORDERED} AS up, lag(low) {ORDERED} - low AS down
FROM ({GAINS})
"""
DIRECTED = f"""
SELECT * REPLACE (CASE WHEN bar > 0 THEN true_range END AS true_range),
       CASE WHEN bar > 0 THEN true_range ELSE 0 END AS true_range_0,
       CASE WHEN up > down AND up > 0 THEN up ELSE 0 END AS plus,
       CASE WHEN down > up AND down > 0 THEN down ELSE 0 END AS minus
FROM ({MOVES})
"""


def weighted(n: int) -> str:
    numbered, plain = f"sum(close * bar) {over(n)}", f"sum(close) {over(n)}"
    return f"CASE WHEN bar >= {n - 1} THEN ({numbered} - (bar - {n}) * {plain}) / {n * (n + 1) / 2} END AS wma_{n}"


def windows() -> Sequence[str]:
    """What needs nothing but a window of prices."""
    return [
        *(f"{full('avg(close)', n)} AS sma_{n}" for n in (10, 20, 50)),
        *(weighted(n) for n in (10, 20, 50)),
        f"{full('stddev_pop(close)', 20)} AS stdev_20",
        f"{full('max(high)', 14)} AS highest",
        f"{full('min(low)', 14)} AS lowest",
        f"{full('max(high)', 252)} AS highest_252",
        f"{full('min(low)', 252)} AS lowest_252",
        f"{full('corr(close, volume)', 20)} AS correlation_20",
        f"100 * (close / lag(close, 10) {ORDERED} - 1) AS roc_10",
        f"sum(CASE WHEN bar = 0 THEN volume ELSE sign(change) * volume END) {RUNNING} AS obv",
        "CASE WHEN bar >= 14 THEN 100 * (abs(plus_14 - minus_14) / (plus_14 + minus_14)) END AS dx",
        f"{RSI_14} AS rsi_14",
        "fast - slow AS macd",
    ]


def indicators() -> Query:
    """All columns: exponential means, then windows, then what is made of both."""
    base = layered(DIRECTED, {**EMAS, **MACD, **RSI, **MOVEMENTS})
    first = f"SELECT *, {', '.join(windows())} FROM ({base})"
    ratio = "100 * ((close - lowest) / (highest - lowest)) AS stoch_k"
    second = f"SELECT *, {ratio} FROM ({first})"
    third = layered(second, {"adx_14": ("dx", 1 / 14, 14, 14), "macd_signal": ("macd", 0.2, 9, 25)})
    plain = [f"{name}_{n}" for name in ("sma", "ema", "wma") for n in (10, 20, 50)]
    plain += ["rsi_14", "macd", "macd_signal", "atr_14", "adx_14", "stoch_k", "obv", "highest_252", "lowest_252"]
    plain += ["stdev_20", "roc_10", "correlation_20", "macd - macd_signal AS macd_hist"]
    bands = ["sma_20 + 2 * stdev_20 AS bbands_upper", "sma_20 - 2 * stdev_20 AS bbands_lower"]
    smooth = f"CASE WHEN bar >= 15 THEN avg(stoch_k) {over(3)} END AS stoch_d"
    return f"SELECT place, {', '.join([*plain, *bands, smooth])} FROM ({third})"


RANK = """
SELECT place, rank() OVER (PARTITION BY ts ORDER BY close) + (count(*) OVER (PARTITION BY ts, close) - 1) / 2.0 AS rank
FROM candles
"""


def connected(candles: Candles) -> duckdb.DuckDBPyConnection:
    """A table in memory, with a number for each symbol, bar and row."""
    connection = duckdb.connect(config={"threads": candles.threads})
    place = np.arange(candles.frame.height)
    rows = candles.frame.to_arrow().append_column("place", [place]).append_column("id", [place // candles.bars])
    rows = rows.append_column("bar", [place % candles.bars])
    connection.register("arrow_rows", rows)
    connection.execute(
        "CREATE TABLE candles AS SELECT * REPLACE (bar::INTEGER AS bar, id::INTEGER AS id) FROM arrow_rows"
    )
    return connection


def run(connection: duckdb.DuckDBPyConnection, query: Query) -> object:
    return connection.sql(query).to_arrow_table()


def arrays(found: object) -> Columns:
    """In the candles' order: DuckDB was not asked to sort."""
    order = np.argsort(found["place"].to_numpy())
    columns = {name: found[name] for name in found.column_names if name != "place"}
    none = {name: False if name == "match" else np.nan for name in columns}
    return {name: column.fill_null(none[name]).to_numpy()[order] for name, column in columns.items()}


REMARK = "table in memory with numbered symbols and bars; answer as Arrow, in no order"
WAYS = tuple(
    Way(
        "DuckDB",
        "window functions",
        workload,
        partial(run, query=query),
        arrays,
        connected,
        threads=None,
        remark=REMARK,
    )
    for workload, query in (("scan", SCAN), ("indicators", indicators()), ("rank", RANK))
)

if __name__ == "__main__":
    serve(WAYS)
