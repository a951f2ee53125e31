"""Formulas over small made-up frames, straight through checker, planner and executor; and calls of every function."""

import datetime as dt
import itertools

import numpy as np
import polars as pl

from barsweep.data.candles import Candles
from barsweep.data.timeframes import Timeframe
from barsweep.engine.executors import Surroundings, make_executor
from barsweep.formulas import Language, Primitive, make_plan
from barsweep.formulas.kernels.machine import Stop
from barsweep.formulas.kinds import Flag, Kind, Series, Span

LANGUAGE = Language()
KINDS = {**dict.fromkeys(["open", "high", "low", "close", "volume"], "number"), "sector": "text"}
HOUR = Timeframe.parse("1h")


def sweep(formulas, candles, timeframe=HOUR, references=None, language=LANGUAGE, executor="polars"):
    """{name: formula} over a frame of several symbols -> frame of symbol, ts and a column for each name."""
    plan = make_plan({name: language.check(source, KINDS) for name, source in formulas.items()})
    runner = make_executor(executor, plan)
    around = Surroundings(timeframe, references or {})
    frame = runner.start(Candles.of(candles), around)
    for stage in plan.stages:
        frame = runner.advance(stage, frame, around, Stop())
    return frame.select("symbol", "ts", *(pl.col(plan.results[name]).alias(name) for name in formulas))


def series(source, closes, **columns):
    """A formula over one symbol given as lists -> a list."""
    begin = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    ts = [begin + dt.timedelta(hours=bar) for bar in range(len(closes))]
    prices = {name: columns.get(name, closes) for name in ("open", "high", "low", "close", "volume")}
    frame = pl.DataFrame(
        {"symbol": "A", "ts": ts, "sector": "Tech", **prices}, schema_overrides=dict.fromkeys(prices, pl.Float64)
    )
    return sweep({"result": source}, frame)["result"].to_list()


def random_candles(seed, lengths=(1, 2, 150, 37, 220), holes=0.04, begin=dt.datetime(2024, 1, 1, tzinfo=dt.UTC)):
    """Hourly candles of several symbols: a random walk with flat stretches, ties, and holes in every column."""
    rng = np.random.default_rng(seed)
    frames, digits = [], len(str(len(lengths) - 1))  # names ascend like their numbers
    for number, length in enumerate(lengths):
        steps = np.where(rng.random(length) < 0.25, 0.0, rng.normal(0, 1.5, length).round(1))
        close = 60 + steps.cumsum() + 7 * number
        close[length // 2 : length // 2 + length // 8] = close[length // 2] if length else 0
        open_ = close + rng.normal(0, 1, length).round(1)
        prices = {
            "open": open_,
            "high": np.maximum(open_, close) + rng.random(length).round(1),
            "low": np.minimum(open_, close) - rng.random(length).round(1),
            "close": close,
            "volume": rng.integers(0, 50, length) * 100.0,
        }
        ts = [begin + dt.timedelta(hours=int(bar)) for bar in np.arange(length) + rng.integers(0, 9)]
        kept = {name: [None if rng.random() < holes else float(v) for v in values] for name, values in prices.items()}
        frames.append(
            pl.DataFrame(
                {"symbol": f"S{number:0{digits}}", "ts": ts, "sector": ["Tech", "Energy"][number % 2], **kept},
                schema_overrides={"ts": pl.Datetime("us", "UTC"), **dict.fromkeys(prices, pl.Float64)},
            )
        )
    return pl.concat(frames)


NUMBERS = ("close", "open", "volume", "high")
EVENTS = {"condition", "signal", "reset", "trigger", "exit"}
CONDITIONS = ("close > open", "volume > 2000", "high > close[1]")
CONSTANTS = {"n": "5", "d": "5", "m": "2", "qscore": "0.8", "g": "sector"}
"""Arguments of library functions, by name, that are no numbers of the candle."""

SHARE = "(close - low) / (high - low)"
SUITED = {
    "asin": [SHARE],
    "acos": [SHARE],
    "adaptive": ["close", SHARE, "open"],
    "dma": ["close", SHARE],
    "logit": [SHARE],
    "bars_since_first_in": ["close > open", "8"],
}
"""Texts of the first arguments of functions that do not take any number."""


def arguments(function):
    """Text for every argument that has to be given, and a short length in place of a long one."""
    numbers, conditions = itertools.cycle(NUMBERS), itertools.cycle(CONDITIONS)
    if not isinstance(function, Primitive):
        parameters = function.definition.parameters
        names = [p.name.name for p in parameters]
        taken = [CONSTANTS.get(name) or next(conditions if name in EVENTS else numbers) for name in names]
        made = [t if p.default is None else None for t, p in zip(taken, parameters, strict=True)]
        return suited(function.name, made), names
    texts = []
    for parameter in function.parameters:
        match parameter.accepts:
            case Series(kinds=kinds):
                is_condition = kinds == {Kind.BOOLEAN}
                text = next(conditions) if is_condition else "sector" if kinds == {Kind.CATEGORY} else next(numbers)
                text = "weekday" if parameter.name == "n" else text
                texts.append(text if parameter.required or parameter.several else None)
            case Span():
                texts.append('"2d"')
            case Flag():
                texts.append(None)
            case _:
                texts.append("2" if parameter.required else None)
    return suited(function.name, texts), [parameter.name for parameter in function.parameters]


def suited(name, texts):
    first = SUITED.get(name.rpartition(".")[2], [])
    return [*first, *texts[len(first) :]]


def calls():
    """Every function of the language called with its defaults, and those with a length `n` also with n=3."""
    found = {}
    for name, function in LANGUAGE.functions.items():
        if function.is_series:
            found[name] = name
            continue
        texts, names = arguments(function)
        given = [text for text in texts if text is not None]
        for length in [None, 3] if "n" in names and texts[names.index("n")] is None else [None]:
            call = f"{name}({', '.join([*given, *(['n=3'] if length else [])])})"
            for output in function.outputs or [None]:
                found[f"{call}.{output}" if output else call] = name
    return found


CALLS = calls()
COMPOSED = (
    "100 > close",
    "50 == close or 3 <= volume",
    "every(20 != close, 1)",
    "defined(2 > volume)",
    "close / 3",
    "7 / close",
    "close ^ 3",
    "mod(close, 7.3)",
    "close / open * 100",
    "sma(rsi(close, 5), 4) / 3",
    "nz(close[2], open) + bars_since(close > open)",
    "close > sma(close, 5) ? highest(close, 4) : lowest(low, 6) / 2",
    "macd(close, 3, 6, 4).hist / atr(4)",
    "every(close > 50 or volume > 1000, 4) and not exist(close < 20, 3)",
    *(
        f"{name}({x}, mod(volume / 100, 9), max=7)"
        for name, x in {
            **dict.fromkeys(("sum", "sma", "highest", "lowest", "highest_bar", "lowest_bar", "shift_by"), "close"),
            "count": "close > open",
        }.items()
    ),
    "sum_bars(volume, 9000, max=20)",
)


def primitive(call):
    """The primitive that a call names directly, or None for a library function."""
    function = LANGUAGE.functions.get(CALLS.get(call, ""))
    return function if isinstance(function, Primitive) else None


def is_across(call):
    """Whether the call ranks symbols against each other."""
    return LANGUAGE.check(call, KINDS).across
