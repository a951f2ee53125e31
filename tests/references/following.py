"""Plain-Python truth for lines that follow a series by rules of their own."""

from fractions import Fraction

from .exact import number


def hump(x, threshold):
    held, values = None, []
    for value, limit in zip(x, threshold, strict=True):
        if None in (value, limit):
            values.append(None)
            continue
        if held is None or abs(value - held) > limit:
            held = value
        values.append(held)
    return values


def leaky_sum(x, keep, limit, held):
    last, values = Fraction(0), []
    for value in x:
        if value is None:
            values.append(None)
            continue
        total = Fraction(value) + Fraction(keep) * last
        total = Fraction(held) if total > limit else -Fraction(held) if total < -limit else total
        last = Fraction(float(total))  # exact fractions would grow without end
        values.append(number(last))
    return values


def mcginley_from(x, before, length):
    last, values = None, []
    for value, start in zip(x, before, strict=True):
        seed = start if last is None else last
        if None in (value, seed) or 0 in (value, seed, length):
            values.append(None)
            continue
        price, line = Fraction(value), Fraction(seed)
        moved = number(line + (price - line) / (Fraction(length) * (price / line) ** 4))
        last = seed if moved is None and last is not None else moved
        values.append(moved)
    return values


def reversing_stop(x, width):
    side, extreme, lines, sides = 1, None, [], []
    for value, distance in zip(x, width, strict=True):
        last = value if extreme is None else extreme
        stop = None if None in (value, distance) else number(last - side * distance)
        if stop is None:
            lines.append(None)
            sides.append(None)
            continue
        turns = (value - stop) * side < 0
        extreme = value if turns else max(last * side, value * side) * side
        side = -side if turns else side
        lines.append(stop)
        sides.append(side)
    return lines, sides
