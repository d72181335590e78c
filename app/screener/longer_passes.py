"""Bars of 4 h and of a day from shorter ones, and what is told of them: passes in the subset that numba compiles."""

import math
from collections.abc import Callable

from app.screener.columns import KEEP, PERIOD, TAKE, BarColumns, Column, Function, Places


def _put(
    higher: BarColumns, count: int, opened_ms: float, opened: float, high: float, low: float, close: float,
    volume: float,
) -> int:  # fmt: skip
    """Write a longer bar that has closed; how many there are with it."""
    times, opens, highs, lows, closes, volumes = higher
    times[count] = int(opened_ms)
    opens[count] = opened
    highs[count] = high
    lows[count] = low
    closes[count] = close
    volumes[count] = volume
    return count + 1


def _gather_with(put: Function) -> Function:
    def gather(
        bars: BarColumns, first: int, last: int, state: Column, width: int, interval: float, higher: BarColumns,
        closed: Places,
    ) -> None:  # fmt: skip
        """Bars of `width` ms from shorter ones; `closed` tells how many had closed when each of the shorter ones had.

        A longer bar closes with the bar that ends it, or, where that one is missing, with the next that comes. What
        the series begins in the middle of is left out.
        """
        times, opens, highs, lows, closes, volumes = bars
        count, end, whole = int(state[0]), state[1], state[2] > 0.0
        opened, top, bottom, close, volume = state[3], state[4], state[5], state[6], state[7]
        for place in range(first, last):
            time = times[place]
            if time >= end:
                if whole:
                    count = put(higher, count, end - width, opened, top, bottom, close, volume)
                whole = end > 0.0 or time % width == 0
                end = float((time // width + 1) * width)
                opened, top, bottom, volume = opens[place], highs[place], lows[place], volumes[place]
            else:
                top = highs[place] if highs[place] > top else top
                bottom = lows[place] if lows[place] < bottom else bottom
                volume += volumes[place]
            close = closes[place]
            if time + interval >= end and whole:
                count = put(higher, count, end - width, opened, top, bottom, close, volume)
                whole = False
            closed[place] = count
        state[0], state[1], state[2] = count, end, 1.0 if whole else 0.0
        state[3], state[4], state[5], state[6], state[7] = opened, top, bottom, close, volume

    return gather


def movement_pass(
    highs: Column, lows: Column, closes: Column, first: int, last: int, state: Column, adx: Column, direction: Column
) -> None:  # fmt: skip
    """Average directional index (Wilder 1978), and which way: 1 where +DI is above −DI, −1 where it is below."""
    seen, high, low, close = int(state[0]), state[1], state[2], state[3]
    reach, up, down, average = state[4], state[5], state[6], state[7]
    for place in range(first, last):
        rise, fall = highs[place] - high, low - lows[place]
        high, low = highs[place], lows[place]
        if seen > 0:
            keep = KEEP if seen >= PERIOD else 1.0
            top, bottom = high if high > close else close, low if low < close else close
            reach = reach * keep + (top - bottom)
            up = up * keep + (rise if rise > fall and rise > 0.0 else 0.0)
            down = down * keep + (fall if fall > rise and fall > 0.0 else 0.0)
        close = closes[place]
        if seen >= PERIOD:
            moved = up + down
            apart = up - down if up > down else down - up
            index = 100.0 * apart / moved if moved > 0.0 else 0.0
            average = average * (KEEP if seen >= 2 * PERIOD else 1.0) + index * TAKE
        adx[place] = average if seen >= 2 * PERIOD - 1 else math.nan
        sign = (1.0 if up > down else 0.0) - (1.0 if down > up else 0.0)
        direction[place] = sign if seen >= PERIOD else math.nan
        seen += 1
    state[0], state[1], state[2], state[3] = seen, high, low, close
    state[4], state[5], state[6], state[7] = reach, up, down, average


def trend_pass(closes: Column, mean: Column, first: int, last: int, trend: Column) -> None:
    """1 where a close is above its mean, −1 where it is below."""
    for place in range(first, last):
        close, middle = closes[place], mean[place]
        sign = (1.0 if close > middle else 0.0) - (1.0 if close < middle else 0.0)
        trend[place] = math.nan if math.isnan(middle) else sign


def look_up_pass(closed: Places, values: Column, first: int, last: int, found: Column) -> None:
    """The value of the newest longer bar that had closed by each bar's close."""
    for place in range(first, last):
        found[place] = values[closed[place] - 1] if closed[place] > 0 else math.nan


def fused_gather(decorate: Callable[[Function], Function]) -> Function:
    """The pass that puts longer bars together, put through `decorate`."""
    return decorate(_gather_with(decorate(_put)))
