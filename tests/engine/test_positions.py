"""Positions of signals: beside a machine of states worked bar by bar, and beside the language's exrem."""

import polars as pl
import pytest
from fakes import candles
from hypothesis import given, settings
from hypothesis import strategies as st
from sweeping import random_candles

import barsweep as bs

FRAME = candles({"A": [1, 2, 1, 3, 4], "B": [5, 4, 3, 2, 1], "C": [2, 3]})
RANDOM = random_candles(11, lengths=(90, 40, 120))
NAMES = ("entry", "exit", "short_entry", "short_exit")


def held(entries, exits, shorts=None, covers=None):
    """Positions worked bar by bar."""
    rows = len(entries)
    shorts, covers = shorts or [False] * rows, covers or [False] * rows
    long = short = 0
    made = []
    for entry, exit, sell, cover in zip(entries, exits, shorts, covers, strict=True):
        long = 0 if exit or sell else 1 if entry else long
        short = 0 if cover or entry else 1 if sell else short
        made.append(long - short)
    return made


@settings(max_examples=25)
@given(st.lists(st.integers(0, 15), min_size=1, max_size=30), st.integers(0, 2))
def test_positions_are_those_of_a_machine_of_states(events, delay):
    """Each bar has any of the four signals, told by the bits of its close."""
    closes = [float(event + 16) for event in events]
    bits = {name: f"mod(floor(close / {2**place}), 2) == 1" for place, name in enumerate(NAMES)}
    signs = [[bool(event >> place & 1) for event in events] for place in range(4)]

    found = bs.signals(bits, candles({"A": closes}), delay=delay)

    late = [([False] * delay + each)[: len(events)] for each in signs]
    assert found.positions["position"].to_list() == held(*late)


def test_positions_and_exrem_have_one_meaning():
    """`exrem` lets an entry through where nothing is held, and at no other bar: a held one is removed."""
    formulas = {"entry": "close > sma(close, 5)", "exit": "mod(bar_index, 7) == 0"}
    text = f"exrem({formulas['entry']}, {formulas['exit']})"

    positions = bs.signals(formulas, RANDOM, timeframe="1h").positions
    first = bs.signals(text, RANDOM, timeframe="1h").frame
    raw = bs.signals(formulas, RANDOM, timeframe="1h").frame

    before = positions.select(pl.col("position").shift(1, fill_value=0).over("symbol")).to_series()
    assert first["entry"].to_list() == (raw["entry"] & (before == 0)).to_list()
    assert first["entry"].sum() > 10


def test_positions_without_exits_are_held_or_turned():
    stays = bs.signals({"entry": "close == 2"}, FRAME)
    turns = bs.signals({"entry": "close > close[1]", "short_entry": "close < close[1]"}, FRAME)

    assert stays.positions["position"].to_list() == [0, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 1]
    assert stays.positions["position"].dtype == pl.Int8
    assert turns.positions["position"].to_list() == [0, 1, -1, 1, 1, 0, -1, -1, -1, -1, 0, 1]


def test_nothing_is_held_when_a_range_begins():
    found = bs.signals({"entry": "close == 2", "exit": "close > 3"}, FRAME, symbols=["A"], start="2024-01-03")

    assert found.positions["position"].to_list() == [0, 0, 0]


def test_positions_need_a_signal_that_opens_them():
    found = bs.signals({"buy": "close > 1"}, FRAME)

    with pytest.raises(bs.ProcessingEngineError, match=r"begin with a signal called entry .* there are buy"):
        _ = found.positions
