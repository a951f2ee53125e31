"""What a number measures: a price, a volume, money, a ratio, a count, a time; which sums and comparisons make sense.

A unit is a power of price times a power of volume. Two numbers may be added or compared if their units are the same;
constants and columns of which nothing is known go with everything. Nothing is ever refused because of units: the
checker warns. Scaling prices and volumes scales every value by its unit (a test holds that for every function).
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import Final, TypeAlias

from .freezing import frozen
from .kinds import Kind
from .nodes import NODE_TYPES, Apply, Column, Constant, Elsewhere, Node, Pick, inputs, walk


@frozen
class Unit:
    """`price` and `volume` are powers; `name` tells values without either apart: ratio, count, time."""

    price: float = 0.0
    volume: float = 0.0
    name: str = "ratio"

    def __str__(self) -> str:
        """With its article, as in "a price"."""
        if (self.price, self.volume) in NAMES:
            return NAMES[self.price, self.volume]
        powers = [_power("price", self.price), _power("volume", self.volume)]
        return f"a {' * '.join(filter(None, powers)) or self.name}"


NAMES: Final = {
    (1.0, 0.0): "a price",
    (0.0, 1.0): "a volume",
    (1.0, 1.0): "money",
}
PRICE: Final = Unit(price=1.0)
VOLUME: Final = Unit(volume=1.0)
RATIO: Final = Unit()
COUNT: Final = Unit(name="count")
TIME: Final = Unit(name="time")
PURE: Final = Unit(name="constant")
"""A constant: it goes with everything, and scales what it multiplies."""
FREE: Final = Unit(name="free")
"""Nothing is known: it goes with everything, and what is made of it is free too."""
ANYTHING: Final = (PURE, FREE)

DIGITS: Final = 9
"""Of powers: 0.1 + 0.2 is 0.3."""

COLUMNS: Final = {**dict.fromkeys(("open", "high", "low", "close", "adj_close", "vwap"), PRICE), "volume": VOLUME}

Units: TypeAlias = Mapping[str, list[Unit]]
Rule: TypeAlias = Callable[[Units, Apply], Unit]


def _power(name: str, exponent: float) -> str:
    return "" if exponent == 0 else name if exponent == 1 else f"{name}^{exponent:g}"


def agree(left: Unit, right: Unit) -> bool:
    """Whether two numbers may be added and compared. Counts are ratios of bars to a bar."""
    if left is right or left in ANYTHING or right in ANYTHING:
        return True
    return TIME not in (left, right) and left.price == right.price and left.volume == right.volume


def joined(units: Iterable[Unit]) -> Unit:
    """The unit of a sum or choice: that of its terms; free where they do not agree."""
    known = [unit for unit in units if unit is not PURE]
    if not known:
        return PURE
    first = known[0]
    return first if all(unit is not FREE and agree(first, unit) for unit in known) else FREE


def product(units: Iterable[tuple[Unit, float]]) -> Unit:
    """The unit of a product of powers."""
    factors = list(units)
    if any(unit is FREE or unit is TIME for unit, _ in factors):
        return FREE
    factors = [(unit, power) for unit, power in factors if unit is not PURE]
    if not factors:
        return PURE
    if len(factors) == 1 and factors[0][1] == 1:
        return factors[0][0]
    price = sum(unit.price * power for unit, power in factors)
    volume = sum(unit.volume * power for unit, power in factors)
    return Unit(round(price, DIGITS), round(volume, DIGITS))


def like(*names: str) -> Rule:
    """The unit that these parameters share."""
    return lambda units, _: joined(unit for name in names for unit in units.get(name, []))


def times(**powers: float) -> Rule:
    """A product of powers of parameters."""
    return lambda units, _: product((unit, power) for name, power in powers.items() for unit in units[name])


def always(unit: Unit) -> Rule:
    """One unit, whatever goes in."""
    return lambda *_: unit


def of_ratio(units: Units, _: Apply) -> Unit:
    """A ratio of a ratio; free otherwise: log(price) is no price."""
    return units["x"][0] if units["x"][0] in (PURE, RATIO, COUNT) else FREE


def of_point(units: Units, _: Apply) -> Unit:
    """An angle, whatever both sides measure, if that is the same."""
    return RATIO if agree(units["y"][0], units["x"][0]) else FREE


def of_stop(units: Units, node: Apply) -> Unit:
    """A price, unless the first stop is given as a number."""
    return like("high", "low")(units, node) if node.settings[0] == 0 else FREE


def to_a_power(units: Units, node: Apply) -> Unit:
    """The base's unit to a constant power."""
    base, exponent = units["x"][0], node.arguments[1]
    if base in (PURE, RATIO, COUNT):
        return base
    if isinstance(exponent, Constant) and isinstance(exponent.value, float):
        return product([(base, exponent.value)])
    return FREE


def to_its_length(units: Units, node: Apply) -> Unit:
    """A product of as many values as the window is long."""
    return product([(units["x"][0], float(length)) for length in node.settings if isinstance(length, int)])


_OF_X: Final = (
    "negate abs floor ceil round ago_bars ago highest lowest median sum sma ema rma cumulative slope mean_deviation "
    "value_when highest_since lowest_since sum_since mod demean winsorize clip_quantiles neutralize across_mean "
    "across_sum across_min across_max across_median across_quantile across_stdev quantile nth_highest nth_lowest mode "
    "median_deviation residual_stdev alma sine_wma pascal_wma decay_exp shift_by "
    "ewm_mean mama ht_phasor ht_trendline"
)
_PARTIAL_OF_X: Final = (
    "partial_sum partial_mean partial_slope partial_linreg partial_deviation partial_highest partial_lowest "
    "partial_quantile"
)
_PARTIAL_RATIOS: Final = (
    "partial_correlation partial_rsquare partial_skewness partial_kurtosis partial_rank partial_highest_bar "
    "partial_lowest_bar"
)
_RATIOS: Final = "sign correlation zscore scale rank_share across_correlation skew kurtosis entropy ht_dcphase"
_COUNTS: Final = (
    "highest_bar lowest_bar rank_over rank percent_rank count count_since bars_since bar_index session_bar "
    "quantile_bucket across_count nth_highest_bar nth_lowest_bar sum_bars oldest_highest_bar "
    "oldest_lowest_bar standing ht_dcperiod"
)
_OF_RATIOS: Final = "log exp log10 sin cos tan asin acos atan sinh cosh tanh"
_TIMES: Final = "year quarter month day weekday hour minute"

RULES: Final[Mapping[str, Rule]] = {
    **dict.fromkeys(_OF_X.split(), like("x")),
    **dict.fromkeys(_PARTIAL_OF_X.split(), like("x")),
    **dict.fromkeys(_RATIOS.split(), always(RATIO)),
    **dict.fromkeys(_PARTIAL_RATIOS.split(), always(RATIO)),
    **dict.fromkeys(_COUNTS.split(), always(COUNT)),
    **dict.fromkeys(_TIMES.split(), always(TIME)),
    **dict.fromkeys(("add", "subtract", "if", "nz"), like("x", "y")),
    **dict.fromkeys(("max", "min"), like("x", "others")),
    "multiply": times(x=1, y=1),
    "divide": times(x=1, y=-1),
    "across_slope": times(x=1, y=-1),
    "power": to_a_power,
    "product": to_its_length,
    "sqrt": times(x=0.5),
    **dict.fromkeys(_OF_RATIOS.split(), of_ratio),
    **dict.fromkeys(("variance", "ewm_variance"), times(x=2)),
    "covariance": times(x=1, y=1),
    "partial_variance": times(x=2),
    "partial_covariance": times(x=1, y=1),
    "parabolic": like("high", "low"),
    "adaptive": like("x", "before"),
    "atan2": of_point,
    "cumulative_product": always(FREE),
    "parabolic_extended": of_stop,
    "trailing_band": like("middle", "width", "x"),
    "trailing_stop": like("lower", "upper", "x"),
    "swings": like("up", "down"),
    "hump": like("x", "threshold"),
    "leaky_sum": like("x"),
    "mcginley_from": like("x", "before"),
    "reversing_stop": like("x", "width"),
}
"""How the unit of a primitive's value follows from those of its arguments. What is not here is free."""

OUTPUTS: Final = {
    ("trailing_band", "direction"): RATIO,
    ("trailing_stop", "direction"): RATIO,
    ("reversing_stop", "direction"): RATIO,
    ("swings", "direction"): RATIO,
    ("swings", "bars"): COUNT,
}
"""Outputs whose unit is not that of their primitive."""

COMPARED: Final = {
    **dict.fromkeys(("add", "max", "min", "subtract"), "put together"),
    **dict.fromkeys(("if", "nz"), "the choice is between"),
    **dict.fromkeys(("less", "at_most", "greater", "no_less", "equal", "differs", "sum_bars"), "compared"),
}
"""Primitives whose arguments have to agree, and what is said if they do not."""


_KNOWN: Final[MutableMapping[Node, Unit | None]] = weakref.WeakKeyDictionary()
"""A unit follows from the node alone. None: it is no number."""


def unit_of(root: Node) -> Unit | None:
    """What a node measures; None if it is no number."""
    if root not in _KNOWN:
        below = inputs(root)
        for node in (root,) if all(each in _KNOWN for each in below) else walk([root], _KNOWN):
            if node not in _KNOWN:
                _KNOWN[node] = _unit(node) if node.kind is Kind.NUMBER else None
    return _KNOWN[root]


def _unit(node: Node) -> Unit:
    match node:
        case Constant():
            return PURE
        case Column():
            return COLUMNS.get(node.name.lower(), FREE)
        case Pick():
            return OUTPUTS.get((node.source.primitive.name, node.output)) or _KNOWN[node.source] or FREE
        case Elsewhere():
            return _KNOWN[node.source] or FREE
        case Apply():
            rule = RULES.get(node.primitive.form_of or node.primitive.name)
            return rule(_arguments(node), node) if rule else FREE


def _arguments(node: Apply) -> Units:
    """The units of a primitive's arguments by parameter; those that are no numbers have none."""
    found: dict[str, list[Unit]] = {}
    parameters = node.primitive.parameters
    for place, argument in enumerate(node.arguments):
        unit = _KNOWN[argument] if isinstance(argument, NODE_TYPES) else None
        if unit is not None:
            found.setdefault(parameters[min(place, len(parameters) - 1)].name, []).append(unit)
    return found
