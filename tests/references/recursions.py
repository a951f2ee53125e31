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


def standing(newest, oldest, n):
    """The place of what stands is kept; once it is n bars old the oldest follows, and what is of this bar stands."""
    place, values = None, []
    for t, (now, then) in enumerate(zip(newest, oldest, strict=True)):
        if now is None:
            place = None
        elif place is None or t - place >= n:
            place = None if then is None else t - then
        elif now == 0:
            place = t
        values.append(None if place is None else t - place)
    return values


def parabolic(high, low, start, step, maximum):
    """TA-Lib's SAR: its SAREXT with the same acceleration on both sides, without the sign."""
    return [value and abs(value) for value in parabolic_extended(high, low, 0, 0, *[start, step, maximum] * 2)]


def parabolic_extended(high, low, start_value, offset, *paces):
    """The rules of TA-Lib's SAREXT, side by side for long and short; bars without high or low are passed over."""
    bars = [(t, h, l) for t, (h, l) in enumerate(zip(high, low, strict=True)) if h is not None and l is not None]
    values = [None] * len(high)
    if len(bars) < 2:
        return values
    (_, first_high, first_low), (_, second_high, second_low) = bars[:2]
    falls = first_low - second_low > max(second_high - first_high, 0)
    long = start_value > 0 if start_value else not falls
    stop, extreme = (first_low, second_high) if long else (first_high, second_low)
    stop, before_high, before_low = abs(start_value) or stop, second_high, second_low
    first_long, first_short = min(paces[0], paces[2]), min(paces[3], paces[5])
    rate = first_long if long else first_short
    for t, h, l in bars[1:]:
        _, step, maximum = paces[:3] if long else paces[3:]
        if long and l <= stop:
            stop = max(extreme, before_high, h)
            long, rate, stop, extreme = False, first_short, stop + stop * offset, l
        elif not long and h >= stop:
            stop = min(extreme, before_low, l)
            long, rate, stop, extreme = True, first_long, stop - stop * offset, h
        elif h > extreme if long else l < extreme:
            extreme, rate = h if long else l, min(rate + step, maximum)
        values[t] = stop if long else -stop
        stop += rate * (extreme - stop)
        stop = min(stop, before_low, l) if long else max(stop, before_high, h)
        before_high, before_low = h, l
    return values


def trailing_stop(lower, upper, x):
    """Everget's chandelier exit from its two stops; (line, direction), direction 1 up and -1 down."""
    lines, directions, before, direction = [], [], None, 1
    for bar in zip(lower, upper, x, strict=True):
        if None in bar:
            lines.append(None)
            directions.append(None)
            continue
        below, above, price = bar
        last_below, last_above, last_price = before or (below, above, None)
        direction = 1 if price > last_above else -1 if price < last_below else direction
        below = max(below, last_below) if before and last_price > last_below else below
        above = min(above, last_above) if before and last_price < last_above else above
        before = below, above, price
        lines.append(below if direction == 1 else above)
        directions.append(direction)
    return lines, directions


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
