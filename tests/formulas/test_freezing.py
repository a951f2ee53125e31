"""Frozen classes, and mutable ones, are what `dataclass` makes of the same text."""

import copy
import inspect
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError, asdict, dataclass, field, fields, is_dataclass, replace
from functools import cached_property
from types import SimpleNamespace

import pytest

import barsweep as bs
from barsweep.formulas.freezing import frozen, mutable


def classes(make):
    """The same classes, made by one or the other."""

    @make
    class Bar:
        """One bar."""

        close: float
        volume: float = 0.0
        tags: list[str] = field(default_factory=list, compare=False)
        source: str = field(default="", repr=False)

    @make
    class Nothing:
        """No fields at all."""

    @make
    class Single:
        """One field, which may hold itself."""

        value: object

    @make
    class Checked(Single):
        """More fields than its base, some by name only, some not to be given."""

        least: int = field(default=0, kw_only=True)
        twice: int = field(default=2, init=False)
        made: list[int] = field(init=False, default_factory=list)

        def __post_init__(self):
            if self.value is None:
                raise ValueError("no value")

    @make
    class Own:
        """Methods of its own stay."""

        value: int

        def __repr__(self):
            return "own"

        def __eq__(self, other):
            return isinstance(other, Own)

        def __hash__(self):
            return 7

    return SimpleNamespace(Bar=Bar, Nothing=Nothing, Single=Single, Checked=Checked, Own=Own)


ours, usual = classes(frozen), classes(dataclass(frozen=True, slots=True))
ALIKE = {
    "frozen": (ours, usual),
    "frozen, without slots": (classes(frozen(slots=False)), classes(dataclass(frozen=True))),
    "mutable": (classes(mutable), classes(dataclass(slots=True, eq=False))),
    "mutable, without slots": (classes(mutable(slots=False)), classes(dataclass(eq=False))),
}


@frozen
class Kept:
    """One that a pickle can find."""

    value: int
    others: tuple[int, ...] = ()


@frozen(eq=False)
class Itself:
    """Equal to nothing else."""

    value: int


def outcome(make):
    try:
        return make()
    except Exception as error:  # noqa: BLE001 - what is raised is compared
        return type(error), str(error)


LOOKS = {
    "a repr": lambda of: repr(of.Bar(1.0, tags=["a"], source="file")),
    "a repr within": lambda of: repr(of.Single((of.Bar(1.0), of.Nothing()))),
    "a repr of more fields": lambda of: repr(of.Checked(1, least=3)),
    "equal": lambda of: (
        of.Bar(1.0) == of.Bar(1.0, 0.0),
        of.Bar(1.0) == of.Bar(2.0),
        of.Bar(1.0) == of.Bar(1.0, source="file"),
    ),
    "equal, but for what is not compared": lambda of: of.Bar(1.0, tags=["a"]) == of.Bar(1.0),
    "equal to itself": lambda of: (of.Nothing() == of.Nothing(), of.Single([float("nan")] * 2) == 3),
    "of another class": lambda of: (of.Single(1) == of.Checked(1), of.Own(1) == of.Own(2)),
    "in a set": lambda of: len({of.Bar(1.0), of.Bar(1.0), of.Bar(2.0), of.Nothing(), of.Single(1), of.Single(1)}),
    "unhashable": lambda of: hash(of.Single([])),
    "methods of its own": lambda of: (repr(of.Own(1)), hash(of.Own(1))),
    "matched": lambda of: of.Bar.__match_args__,
    "slots": lambda of: [vars(kind).get("__slots__") for kind in vars(of).values()],
    "too few": lambda of: of.Bar(),
    "too many": lambda of: of.Bar(1, 2, 3, 4, 5),
    "unknown": lambda of: of.Bar(1.0, price=2.0),
    "by name only": lambda of: of.Checked(1, 2),
    "refused by itself": lambda of: of.Checked(None),
    "a fresh list each time": lambda of: of.Bar(1.0).tags is not of.Bar(1.0).tags,
    "fields": lambda of: [[part.name for part in fields(kind)] for kind in vars(of).values() if is_dataclass(kind)],
    "replaced": lambda of: repr(replace(of.Bar(1.0, 2.0, ["a"]), volume=3.0)),
    "as a dict": lambda of: asdict(of.Bar(1.0, tags=["a"])),
    "copied": lambda of: (copy.copy(of.Bar(1.0)) == of.Bar(1.0), copy.deepcopy(of.Bar(1.0, 2.0)) == of.Bar(1.0, 2.0)),
    "changed": lambda of: setattr(of.Bar(1.0), "close", 2.0),
    "changed, and seen": lambda of: repr([setattr(bar := of.Bar(1.0), "close", 2.0), bar]),
    "by its values": lambda of: of.Bar(1.0).__eq__(of.Bar(1.0)),
    "taken away": lambda of: delattr(of.Bar(1.0), "close"),
    "a signature": lambda of: [str(inspect.signature(kind)) for kind in vars(of).values()],
    "a docstring": lambda of: [kind.__doc__ for kind in vars(of).values()],
}


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("kind", ALIKE)
def test_as_a_dataclass(kind, look):
    mine, usual = ALIKE[kind]
    expected = outcome(lambda: LOOKS[look](usual))

    assert expected == outcome(lambda: LOOKS[look](mine))


@pytest.mark.parametrize("make", [frozen, frozen(slots=False), mutable, mutable(slots=False)])
def test_methods_are_compiled_when_they_are_first_asked_for(make):
    bar = classes(make).Bar
    assert not inspect.isfunction(vars(bar)["__init__"])

    class Wider(bar):
        """Its methods are its base's."""

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda number: Wider(float(number)), range(100)))

    assert [each.close for each in made] == [float(number) for number in range(100)]
    assert inspect.isfunction(vars(bar)["__init__"])
    assert "__init__" not in vars(Wider)


def test_what_is_found_out_once_is_kept_where_there_are_no_slots():
    @frozen(slots=False)
    class Candle:
        low: float
        high: float

        @cached_property
        def middle(self):
            return [(self.low + self.high) / 2]

    candle = Candle(1.0, 3.0)

    assert candle.middle is candle.middle
    assert copy.copy(candle) == candle


def test_a_change_is_refused():
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'value'"):
        Kept(1).value = 2
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'price'"):
        Kept(1).price = 2.0


def test_what_holds_itself_is_written():
    several = []
    several.append(ours.Single(several))

    assert repr(several[0]).endswith("Single(value=[...])")


def test_a_pickle_holds_all_fields():
    assert Kept(1, (2, 3)) == pickle.loads(pickle.dumps(Kept(1, (2, 3))))


def test_equal_to_nothing_else():
    one = Itself(1)

    assert one == one
    assert one != Itself(1)
    assert len({one, Itself(1)}) == 2


def test_a_frozen_dataclass_may_be_made_of_a_frozen_class():
    @dataclass(frozen=True)
    class Named(bs.DateRange):
        name: str = ""

    named = Named("2024-01-01", name="this year")

    assert (named.start, named.name) == ("2024-01-01", "this year")
    with pytest.raises(FrozenInstanceError):
        named.name = "another"


def test_a_dataclass_that_may_change_is_refused_as_soon_as_it_is_declared():
    with pytest.raises(TypeError, match="non-frozen"):

        @dataclass
        class Named(bs.DateRange):
            name: str = ""


def test_classes_tell_what_they_are():
    params = bs.DateRange.__dataclass_params__
    assert (params.init, params.repr, params.eq, params.frozen) == (True, True, True, True)
    assert bs.DateRange.__init__.__module__ == bs.DateRange.__module__
