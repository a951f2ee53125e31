"""Plain-Python truth for functions that every earlier bar influences. A series is a list with None for undefined."""

from fractions import Fraction

from .exact import mean, number


def smoothing(x, n, alpha):
    """Mean of the first n defined values, then m + (x - m) * alpha; a bar without a value is passed over."""
    seed, smoothed, values = [], None, []
    for value in x:
        if value is None:
            values.append(None)
            continue
        if smoothed is not None:
            smoothed += (Fraction(value) - smoothed) * alpha
        else:
            seed.append(Fraction(value))
            smoothed = mean(seed) if len(seed) == n else None
        values.append(number(smoothed))
    return values


def ema(x, n):
    return smoothing(x, n, Fraction(2, n + 1))


def rma(x, n):
    return smoothing(x, n, Fraction(1, n))


def cumulative(x):
    total, values = Fraction(0), []
    for value in x:
        total += Fraction(value or 0)
        values.append(None if value is None else number(total))
    return values


def standing_highest_bar(x, n):
    """TA-Lib's search: the highest's place is kept; once it has left the window, the first of the largest is found."""
    place, values = None, []
    for t in range(len(x)):
        window = x[t - n + 1 : t + 1] if t >= n - 1 else [None]
        if None in window:
            place = None
        elif place is None or place <= t - n:
            place = t - n + 1 + window.index(max(window))
        elif x[t] >= x[place]:
            place = t
        values.append(None if place is None else t - place)
    return values


def parabolic(high, low, start, step, maximum):
    """The rules of TA-Lib's SAR, side by side for long and short; bars without high or low are passed over."""
    bars = [(t, h, l) for t, (h, l) in enumerate(zip(high, low, strict=True)) if h is not None and l is not None]
    values = [None] * len(high)
    if len(bars) < 2:
        return values
    (_, first_high, first_low), (_, second_high, second_low) = bars[:2]
    falls = first_low - second_low > max(second_high - first_high, 0)
    stop, extreme = (first_high, second_low) if falls else (first_low, second_high)
    long, rate, before_high, before_low = not falls, min(start, maximum), second_high, second_low
    for t, h, l in bars[1:]:
        if long and l <= stop:
            long, stop, rate = False, max(extreme, before_high, h), min(start, maximum)
            values[t], extreme = stop, l
        elif not long and h >= stop:
            long, stop, rate = True, min(extreme, before_low, l), min(start, maximum)
            values[t], extreme = stop, h
        else:
            values[t] = stop
            beyond = h > extreme if long else l < extreme
            extreme, rate = (h if long else l, min(rate + step, maximum)) if beyond else (extreme, rate)
        stop += rate * (extreme - stop)
        stop = min(stop, before_low, l) if long else max(stop, before_high, h)
        before_high, before_low = h, l
    return values


def trailing_band(middle, width, close):
    """TradingView's ta.supertrend from its bands; (line, direction), direction 1 up and -1 down."""
    lines, directions, before = [], [], None
    for m, w, price in zip(middle, width, close, strict=True):
        if None in (m, w, price):
            lines.append(None)
            directions.append(None)
            continue
        lower, upper, direction = m - w, m + w, -1
        if before:
            last_lower, last_upper, last_line, last_price = before
            lower = lower if lower > last_lower or last_price < last_lower else last_lower
            upper = upper if upper < last_upper or last_price > last_upper else last_upper
            was_down = last_line == last_upper
            direction = (1 if price > upper else -1) if was_down else (-1 if price < lower else 1)
        line = lower if direction == 1 else upper
        before = lower, upper, line, price
        lines.append(line)
        directions.append(direction)
    return lines, directions
