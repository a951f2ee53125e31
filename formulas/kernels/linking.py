"""Object files put together once, so that later processes load the kernels without LLVM.

Kernels are compiled for wherever in memory they come to lie, and call next to nothing: all that their objects leave
open is words that hold an address. That much is put together here, of ELF for x86-64 as its System V ABI describes it.
Where objects are of another kind, or leave more open, LLVM is to load them.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from .images import WORD, Image

BEGINNING: Final = b"\x7fELF\x02\x01"  # of 64 bits, the lowest byte first
KIND: Final = struct.Struct("<HH")  # at 16: relocatable, for x86-64
RELOCATABLE: Final = (1, 62)
SECTION: Final = struct.Struct("<IIQQQQIIQQ")
SYMBOL: Final = struct.Struct("<IBBHQQ")
RELOCATION: Final = struct.Struct("<QIIq")
# kinds of sections
SYMBOLS: Final = 2
RELOCATIONS: Final = 4
WITHOUT_BYTES: Final = 8
UNWINDING: Final = 0x70000001
# flags of sections
WRITABLE: Final = 1
TAKES_MEMORY: Final = 2

AN_ADDRESS: Final = 1  # R_X86_64_64: that of the symbol, and what is added
ELSEWHERE: Final = 0  # the section of a symbol that the object does not have
SPECIAL: Final = 0xFF00  # from here on numbers of sections stand for other things
LOCAL: Final = 0  # a symbol that other objects do not see
ALIGNMENT: Final = 64


class UnlinkableError(Exception):
    """An object leaves something open that is not known here."""


class Section(NamedTuple):
    """As the object's table has it."""

    name: int
    kind: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    alignment: int
    entry: int


class Symbol(NamedTuple):
    """As the object's table has it."""

    name: int
    info: int
    other: int
    section: int
    value: int
    size: int


def link(objects: Sequence[bytes], known: Sequence[str]) -> Image:
    """One image of all objects, which may call the `known` functions of the C library.

    Raises:
        UnlinkableError: They are not of this kind, or leave more open than addresses.
    """
    linked = _Linked(frozenset(known))
    parts = [linked.lay_down(_Object(each)) for each in objects]
    for part, places in parts:
        linked.settle(part, places)
    if unknown := linked.outside.keys() - linked.known:
        raise UnlinkableError(f"functions that are not known: {', '.join(sorted(unknown))}")
    return Image(bytes(linked.content), linked.inside, linked.outside, linked.symbols)


class _Object:
    """An object file."""

    def __init__(self, content: bytes) -> None:
        if content[: len(BEGINNING)] != BEGINNING or KIND.unpack_from(content, 16) != RELOCATABLE:
            raise UnlinkableError("no objects of ELF for x86-64")
        (table,) = struct.unpack_from("<Q", content, 40)
        (count,) = struct.unpack_from("<H", content, 60)
        self.content = content
        self.sections = [Section(*SECTION.unpack_from(content, table + SECTION.size * k)) for k in range(count)]

    def placed(self) -> Iterator[tuple[int, Section]]:
        """The sections that take memory, with their numbers; how to unwind is of no use where nothing is thrown."""
        for number, each in enumerate(self.sections):
            if each.flags & TAKES_MEMORY and each.size and each.kind != UNWINDING:
                if each.flags & WRITABLE or each.kind == WITHOUT_BYTES:
                    raise UnlinkableError("memory that is written")
                yield number, each

    def symbols(self) -> list[tuple[str, Symbol]]:
        """All symbols and their names."""
        (table,) = [each for each in self.sections if each.kind == SYMBOLS]
        rows = SYMBOL.iter_unpack(self.content[table.offset : table.offset + table.size])
        names = self.sections[table.link].offset
        return [(self._text(names + each.name), each) for each in map(Symbol._make, rows)]

    def relocations(self) -> Iterator[tuple[int, int, int, int, int]]:
        """Of each word that is open its section, its place there, what it is, the symbol's number, what is added."""
        for table in self.sections:
            if table.kind == RELOCATIONS:
                rows = RELOCATION.iter_unpack(self.content[table.offset : table.offset + table.size])
                yield from ((table.info, place, kind, symbol, added) for place, kind, symbol, added in rows)

    def _text(self, begin: int) -> str:
        return self.content[begin : self.content.index(b"\0", begin)].decode()


class _Linked:
    """What has been put together so far; `inside`, `outside` and `symbols` as in `Image`."""

    def __init__(self, known: frozenset[str]) -> None:
        self.known = known
        self.content = bytearray()
        self.inside: list[int] = []
        self.outside: dict[str, list[int]] = defaultdict(list)
        self.symbols: dict[str, int] = {}

    def lay_down(self, part: _Object) -> tuple[_Object, dict[int, int]]:
        """Append the object's sections; it, and where each of them begins."""
        places = {}
        for number, section in part.placed():
            self.content += bytes(-len(self.content) % max(ALIGNMENT, section.alignment))
            places[number] = len(self.content)
            self.content += part.content[section.offset : section.offset + section.size]
        for name, symbol in part.symbols():
            if symbol.info >> 4 != LOCAL and symbol.section in places:
                self.symbols[name] = places[symbol.section] + symbol.value
        return part, places

    def settle(self, part: _Object, places: dict[int, int]) -> None:
        """Write into the object's open words what is known before it is known where in memory all of it will be."""
        symbols = part.symbols()
        for section, offset, kind, number, added in part.relocations():
            if section not in places:  # how to unwind
                continue
            name, symbol = symbols[number]
            place = places[section] + offset
            if kind != AN_ADDRESS or symbol.section >= SPECIAL:
                raise UnlinkableError(f"a relocation of kind {kind}")
            begin = self.symbols.get(name)  # another object may have it
            if symbol.section != ELSEWHERE:
                if symbol.section not in places:
                    raise UnlinkableError(f"the address of something without bytes, {name!r}")
                begin = places[symbol.section] + symbol.value
            (self.outside[name] if begin is None else self.inside).append(place)
            self.content[place : place + WORD] = ((begin or 0) + added).to_bytes(WORD, "little", signed=True)
