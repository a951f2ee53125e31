"""Charts as SVG, written by hand: they follow the reader's light or dark setting and need no library."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

LIGHT: Final = {
    "ground": "#ffffff",
    "ink": "#1d2830",
    "quiet": "#5b6770",
    "grid": "#e3e7ea",
    "other": "#a9b4bd",
    "series": ("#2a6fc9", "#d9602b", "#148f63", "#7a4fc0", "#b0850c"),
}
DARK: Final = {
    "ground": "#15191d",
    "ink": "#e8ecef",
    "quiet": "#9aa6b0",
    "grid": "#2c343b",
    "other": "#5d6a75",
    "series": ("#5b9df0", "#f08a55", "#3fbf8f", "#a88ae8", "#d8b13c"),
}
FONT: Final = 'font-family="Helvetica, Arial, sans-serif" font-size="13"'


def style(colours: Mapping[str, object]) -> str:
    """The rules of one setting."""
    series = colours["series"]
    assert isinstance(series, tuple)
    rules = [
        f".ground{{fill:{colours['ground']}}}",
        f".ink{{fill:{colours['ink']}}}",
        f".quiet{{fill:{colours['quiet']}}}",
    ]
    rules += [f".grid{{stroke:{colours['grid']}}}", f".other{{fill:{colours['other']}}}"]
    rules += [f".fill{at}{{fill:{colour}}}.line{at}{{stroke:{colour}}}" for at, colour in enumerate(series)]
    return "".join(rules)


def page(width: float, height: float, title: str, body: Sequence[str]) -> str:
    """A whole picture on its own ground."""
    rules = f"{style(LIGHT)}@media (prefers-color-scheme: dark){{{style(DARK)}}}"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" {FONT}>'
    ground = f'<rect class="ground" width="{width:g}" height="{height:g}"/>'
    return "\n".join([head, f"<title>{escape(title)}</title>", f"<style>{rules}</style>", ground, *body, "</svg>\n"])


def text(x: float, y: float, words: str, kind: str = "ink", anchor: str = "start", more: str = "") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {more}>{escape(words)}</text>'


def rule(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="grid" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


@dataclass(frozen=True, slots=True)
class Axis:
    """A logarithmic axis from pixel to pixel."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Powers of ten, with 2 and 5 between them when there are few."""
        decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        steps = (1, 2, 5) if math.log10(self.high / self.low) < 2.2 else (1,)
        ticks = (step * 10.0**decade for decade in decades for step in steps)
        return [tick for tick in ticks if self.low <= tick * 1.000001 and tick <= self.high * 1.000001]


def rounded(low: float, high: float) -> tuple[float, float]:
    """The nearest 1, 2 or 5 times a power of ten below and above."""
    steps = [step * 10.0**decade for decade in range(-9, 9) for step in (1, 2, 5)]
    return max(step for step in steps if step <= low), min(step for step in steps if step >= high)


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def seconds(value: float) -> str:
    if value >= 1:
        return f"{value:.3g} s"
    return f"{value * 1000:.3g} ms"


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: who, how long, whether it is ours."""

    label: str
    value: float
    note: str
    ours: bool


def bars(title: str, panels: Mapping[str, Sequence[Bar]]) -> str:
    """A panel under the other of horizontal bars, all on one logarithmic scale of seconds."""
    left, right, step, width = 330.0, 760.0, 21.0, 900.0
    values = [bar.value for panel in panels.values() for bar in panel]
    axis = Axis(min(values) / 1.6, max(values) * 1.05, left, right)
    body, y = [text(20, 30, title, more='font-weight="bold" font-size="16"')], 56.0
    for heading, panel in panels.items():
        bottom = y + 24 + step * len(panel)
        body.append(text(20, y + 10, heading, more='font-weight="bold"'))
        for tick in axis.ticks():
            body += [rule(axis.at(tick), y + 18, axis.at(tick), bottom)]
            body += [text(axis.at(tick), bottom + 15, seconds(tick), "quiet", "middle", 'font-size="11"')]
        body += [piece for at, bar in enumerate(panel) for piece in one_bar(bar, y + 24 + step * at, axis)]
        y = bottom + 44
    return page(width, y - 8, title, body)


def one_bar(bar: Bar, y: float, axis: Axis) -> list[str]:
    """Its name, its length, its figures."""
    end, weight = axis.at(bar.value), 'font-weight="bold"' if bar.ours else ""
    kind = "fill0" if bar.ours else "other"
    shape = f'<rect class="{kind}" x="{axis.start:.1f}" y="{y:.1f}" width="{end - axis.start:.1f}" height="15" rx="2"/>'
    label = text(axis.start - 8, y + 12, bar.label, "ink", "end", f'font-size="12" {weight}')
    return [
        label,
        shape,
        text(end + 6, y + 12, f"{seconds(bar.value)} ({bar.note})", "ink", more=f'font-size="12" {weight}'),
    ]


@dataclass(frozen=True, slots=True)
class Panel:
    """Lines over one quantity."""

    heading: str
    unit: str
    series: Mapping[str, Sequence[tuple[float, float]]]


def lines(title: str, panels: Sequence[Panel]) -> str:
    """Two panels a row, both axes logarithmic, so that a cost in proportion is a straight line."""
    width, height = 450.0, 330.0
    rows = math.ceil(len(panels) / 2)
    body = [text(20, 30, title, more='font-weight="bold" font-size="16"')]
    for at, panel in enumerate(panels):
        body += one_panel(panel, (at % 2) * width, 46 + (at // 2) * height)
    return page(2 * width, 56 + rows * height, title, body)


def one_panel(panel: Panel, x: float, y: float) -> list[str]:
    """Axes, lines with their points, and a key."""
    points = [point for series in panel.series.values() for point in series]
    across = Axis(min(p[0] for p in points), max(p[0] for p in points), x + 70, x + 425)
    up = Axis(*rounded(min(p[1] for p in points), max(p[1] for p in points)), y + 250, y + 34)
    body = [text(x + 20, y + 16, panel.heading, more='font-weight="bold"')]
    for tick in up.ticks():
        body += [rule(across.start, up.at(tick), across.end, up.at(tick))]
        body += [text(across.start - 8, up.at(tick) + 4, seconds(tick), "quiet", "end", 'font-size="11"')]
    for value in sorted({p[0] for p in points}):
        body.append(text(across.at(value), y + 268, number(value), "quiet", "middle", 'font-size="11"'))
    body.append(text((across.start + across.end) / 2, y + 286, panel.unit, "quiet", "middle", 'font-size="11"'))
    for at, (name, series) in enumerate(panel.series.items()):
        path = " ".join(f"{across.at(a):.1f},{up.at(b):.1f}" for a, b in series)
        body.append(f'<polyline class="line{at}" points="{path}" fill="none" stroke-width="2"/>')
        body += [f'<circle class="fill{at}" cx="{across.at(a):.1f}" cy="{up.at(b):.1f}" r="3"/>' for a, b in series]
        key = x + 70 + at * 355 / len(panel.series)
        body.append(f'<rect class="fill{at}" x="{key:.1f}" y="{y + 297}" width="10" height="10" rx="2"/>')
        body.append(text(key + 15, y + 306, name, "ink", more='font-size="11"'))
    return body
