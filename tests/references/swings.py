"""Plain-Python truth for swings of the price."""


def beyond(price, percent, sign):
    return price + sign * percent * 0.01 * abs(price)


def swings(up, down, percent=5.0):
    """(pivot, direction, bars since it, furthest price since it), None before the first pivot and at holes."""
    answers, direction, pivot, top, bottom = [], 0, None, None, None
    for t, (high, low) in enumerate(zip(up, down, strict=True)):
        if high is None or low is None:
            answers.append((None,) * 4)
            continue
        if direction >= 0 and (top is None or high > top[1]):
            top = t, high
        if direction <= 0 and (bottom is None or low < bottom[1]):
            bottom = t, low
        if direction >= 0 and top[0] < t and low <= beyond(top[1], percent, -1):
            direction, pivot, bottom = -1, top, (t, low)
        elif direction <= 0 and bottom[0] < t and high >= beyond(bottom[1], percent, 1):
            direction, pivot, top = 1, bottom, (t, high)
        extreme = top if direction == 1 else bottom
        answers.append((pivot[1], direction, t - pivot[0], extreme[1]) if pivot else (None,) * 4)
    return tuple(map(list, zip(*answers, strict=True))) or ([], [], [], [])
