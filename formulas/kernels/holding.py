"""Recursions whose memory goes on at completed bars alone: a bar in the making sees it, and leaves it as it was.

Each recursive kernel has one that holds: the same body, with a condition ahead of its inputs that says which bars are
completed. So a value at a bar in the making is one step from the state of the last completed bar.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from .declaring import KERNELS, Kernel, Memory
from .graphs import Graph, Series
from .lanes import Lanes, where

PREFIX: Final = "holding_"


def holding(kernel: Kernel) -> Kernel:
    """The kernel that remembers only what completed bars did."""

    def body(memory: Memory, completed: Lanes, *series: Lanes, **settings: Any) -> Any:
        before = {name: getattr(memory, name) for name in kernel.memory}
        answer = kernel.body(memory, *series, **settings)
        for name, value in before.items():
            setattr(memory, name, where(completed == 1.0, getattr(memory, name), value))
        return answer

    return replace(kernel, name=PREFIX + kernel.name, inputs=kernel.inputs + 1, body=body)


KERNELS.update({PREFIX + name: holding(kernel) for name, kernel in KERNELS.items() if kernel.form == "recursive"})


class HoldingGraph(Graph):
    """A graph whose recursions hold; its column "0" says which bars are completed."""

    def _run(self, name: str, inputs: Sequence[Series], settings: dict[str, float], table: Sequence[float]) -> Series:
        if KERNELS[name].form != "recursive":
            return super()._run(name, inputs, settings, table)
        return super()._run(PREFIX + name, (self.load("0"), *inputs), settings, table)
