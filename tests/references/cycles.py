"""Plain-Python truth for Ehlers' cycles as TA-Lib computes them, over the bars that have a price (at most 1e100)."""

import math

LONGEST_CYCLE = 50


def over_prices(rule, x, outputs=1):
    """rule(prices) -> lists, with None at the bars between that have no price."""
    bars = [t for t, value in enumerate(x) if value is not None and abs(value) <= 1e100]
    spread = [[None] * len(x) for _ in range(outputs)]
    for values, found in zip(spread, rule([x[t] for t in bars]), strict=True):
        for t, value in zip(bars, found, strict=True):
            values[t] = value
    return spread if outputs > 1 else spread[0]


def turned(series, t, gain):
    now, two, four, six = (series[t - age] if t >= age else 0.0 for age in (0, 2, 4, 6))
    return (0.0962 * now - 0.0962 * six - 0.5769 * four + 0.5769 * two) * gain


def limited(length, before):
    return min(max(min(length, 1.5 * before), 0.67 * before, 6.0), 50.0)


def cycle(x, skip):
    """From bar `skip` on: smoothed price, part in phase, part in quadrature, smoothed length of the dominant cycle."""
    smooth, detrended, quadrature, in_phase, rows = [], [], [], [], []
    i2 = q2 = re = im = period = smooth_period = 0.0
    for t, bar in enumerate(range(skip, len(x))):
        gain = 0.075 * period + 0.54
        smooth.append(0.4 * x[bar] + 0.3 * x[bar - 1] + 0.2 * x[bar - 2] + 0.1 * x[bar - 3])
        detrended.append(turned(smooth, t, gain))
        quadrature.append(turned(detrended, t, gain))
        in_phase.append(detrended[t - 3] if t >= 3 else 0.0)
        last_i, last_q = i2, q2
        i2 = 0.2 * (in_phase[t] - turned(quadrature, t, gain)) + 0.8 * last_i
        q2 = 0.2 * (quadrature[t] + turned(in_phase, t, gain)) + 0.8 * last_q
        re = 0.2 * (i2 * last_i + q2 * last_q) + 0.8 * re
        im = 0.2 * (i2 * last_q - q2 * last_i) + 0.8 * im
        length = 2 * math.pi / math.atan2(im * math.copysign(1, re), abs(re)) if re and im else period
        period = 0.2 * limited(length, period) + 0.8 * period
        smooth_period = 0.33 * period + 0.67 * smooth_period
        rows.append((smooth[t], in_phase[t], quadrature[t], smooth_period))
    return rows


def shown(values, skip, first, bars):
    """Values from bar `skip` on, of which those before bar `first` are held back."""
    return [None] * min(first, bars) + list(values)[first - skip :]


def ht_dcperiod(x):
    return over_prices(lambda p: [shown([row[3] for row in cycle(p, 12)], 12, 32, len(p))], x)


def ht_phasor(x):
    return over_prices(lambda p: [shown([row[k] for row in cycle(p, 12)], 12, 32, len(p)) for k in (1, 2)], x, 2)


def phases(rows):
    """The phase of the last cycle of the smoothed price, and whether that is flat."""
    for t, (now, _, _, period) in enumerate(rows):
        count = int(period + 0.5)
        gaps = [(rows[t - age][0] if t >= age else 0.0) - now for age in range(count)]
        angles = [2 * math.pi * age / count for age in range(count)]
        real = math.fsum(math.sin(a) * gap for a, gap in zip(angles, gaps, strict=True))
        imaginary = math.fsum(math.cos(a) * gap for a, gap in zip(angles, gaps, strict=True))
        is_flat = not any(gaps)
        phase = 0.0 if is_flat else math.degrees(math.atan2(real, imaginary)) % 360
        phase = (phase + 90 + 360 / period) % 360 if not is_flat else 90 + 360 / period
        yield phase - 360 if phase > 315 else phase, is_flat


def ht_dcphase(x):
    def rule(prices):
        found = [None if is_flat else phase for phase, is_flat in phases(cycle(prices, 37))]
        return [shown(found, 37, 63, len(prices))]

    return over_prices(rule, x)


def trends(prices):
    means = [0.0, 0.0, 0.0]
    for t, row in enumerate(cycle(prices, 37), start=37):
        count = int(row[3] + 0.5)
        means.append(math.fsum(prices[t - count + 1 : t + 1]) / count if count else 0.0)
        yield (4 * means[-1] + 3 * means[-2] + 2 * means[-3] + means[-4]) / 10


def ht_trendline(x):
    return over_prices(lambda prices: [shown(trends(prices), 37, 63, len(prices))], x)


def modes(prices):
    rows = cycle(prices, 37)
    before, last_sine, last_lead, days = 0.0, 0.0, 0.0, 0
    for (smooth, _, _, period), (phase, _), trend in zip(rows, phases(rows), trends(prices), strict=True):
        sine, lead = math.sin(math.radians(phase)), math.sin(math.radians(phase + 45))
        crossed = (sine > lead and last_sine <= last_lead) or (sine < lead and last_sine >= last_lead)
        days = 1 if crossed else days + 1
        turns = 0.67 * 360 / period < phase - before < 1.5 * 360 / period
        far = trend != 0 and abs((smooth - trend) / trend) >= 0.015
        yield far or not (crossed or days < 0.5 * period or turns)
        before, last_sine, last_lead = phase, sine, lead


def ht_trendmode(x):
    return over_prices(lambda prices: [shown(modes(prices), 37, 63, len(prices))], x)


def mama(x, fast=0.5, slow=0.05):
    def rule(prices):
        last_phase, average, following, found = 0.0, 0.0, 0.0, []
        for price, (_, in_phase, quadrature, _) in zip(prices[12:], cycle(prices, 12), strict=True):
            phase = math.degrees(math.atan(quadrature / in_phase)) if in_phase else 0.0
            fallen = max(last_phase - phase, 1.0)
            alpha = max(fast / fallen, slow) if fallen > 1 else fast
            average = alpha * price + (1 - alpha) * average
            following = 0.5 * alpha * average + (1 - 0.5 * alpha) * following
            found.append((average, following))
            last_phase = phase
        return [shown([pair[k] for pair in found], 12, 32, len(prices)) for k in (0, 1)]

    return over_prices(rule, x, 2)
