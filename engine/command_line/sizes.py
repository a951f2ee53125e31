"""Sizes of memory as they are written on the line: 500MB, 2GiB."""

from __future__ import annotations

import re
from typing import Final

import click

UNITS: Final = {"": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
UNITS_OF_TWO: Final = {"KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}
WRITTEN: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*")


class Size(click.ParamType[int]):
    """Bytes, as a whole number.

    >>> Size().convert("1.5GB", None, None), Size().convert("2 GiB", None, None)
    (1500000000, 2147483648)
    """

    name = "size"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """What is written; a size that is one already stays."""
        if isinstance(value, int):
            return value
        found = WRITTEN.fullmatch(str(value))
        unit = (UNITS | UNITS_OF_TWO).get(found[2].upper()) if found else None
        if found is None or unit is None or not (size := int(float(found[1]) * unit)):
            self.fail(f"{value!r} is no size of memory: write it as 500MB, 2GB or 2GiB", param, ctx)
        return size
