"""What the chart alone says of a token: candlestick patterns and a turn of the trend (docs/tokens.md, “The decision”).

Each strategy gives a confidence from 0 (it will fall) to 1 (it will rise); 0.5 is no opinion. Candles are those that
there are, as in `tokens/indicators.py`. Everything is free of the price's unit, and what is said of a chart that stands
on its head is the opposite.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from app.measures.returns import Floats
from app.tokens.candles import CLOSE, HIGH, LOW, OPEN, VOLUME, Window
from app.tokens.indicators import FAST, SIGNAL, SLOW, exponential_average, relative_strength

NO_OPINION = 0.5
FRESH_SLOTS = 3
"""A pattern counts only while its last candle is one of so many slots that ended last."""
_BEFORE = 3
"""A pattern turns what the close did over so many candles before it."""
_PATTERN = 0.25
_OVERSOLD, _OVERBOUGHT, _RSI_BACK, _BACK = 30.0, 70.0, 5, 3


class StrategySays(NamedTuple):
    """The confidence of each strategy, and what it saw, in the words of docs/tokens.md."""

    patterns: float
    reversal: float
    seen: tuple[str, ...]

    @property
    def confidence(self) -> float:
        """The mean of both, 0 to 1."""
        return (self.patterns + self.reversal) / 2


def strategies(seen: Window) -> StrategySays:
    """What both strategies say of the slots that had ended by a moment."""
    prices = seen.values[seen.mask, :VOLUME]
    found = patterns_of(prices) if seen.mask[-FRESH_SLOTS:].any() else ()
    turns = turns_of(prices[:, CLOSE])
    net = sum(_PATTERNS[name].sign for name in found)
    told = (*found, *(f"{name} turned {'up' if sign > 0 else 'down'}" for name, sign in turns.items() if sign))
    reversal = NO_OPINION + sum(turns.values()) / (2 * len(turns)) if turns else NO_OPINION
    return StrategySays(min(1.0, max(0.0, NO_OPINION + _PATTERN * net)), reversal, told)


# Candlestick patterns. Rows are open, high, low, close, oldest first; the pattern ends with the last of them. `sign` is
# +1 for the pattern that tells of a rise, −1 for its mirror image: prices are then looked at upside down.


def patterns_of(prices: Floats) -> tuple[str, ...]:
    """Names of the patterns that the candles (n, 4) end with."""
    return tuple(name for name, pattern in _PATTERNS.items() if pattern.is_seen(prices))


class _Pattern(NamedTuple):
    candles: int
    sign: int
    turns: bool
    shape: Callable[[Floats], bool]

    def is_seen(self, prices: Floats) -> bool:
        needed = self.candles + (_BEFORE if self.turns else 0)
        if len(prices) < needed:
            return False
        upright = prices[-needed:] if self.sign > 0 else -prices[-needed:][:, [OPEN, LOW, HIGH, CLOSE]]
        # What came before must have gone the other way, from where the first of three candles opened.
        fell = not self.turns or upright[0, OPEN] > upright[_BEFORE - 1, CLOSE]
        return bool(fell and self.shape(upright[-self.candles :]))


def _body(candle: Floats) -> float:
    """Close less open: above 0 it rose."""
    return float(candle[CLOSE] - candle[OPEN])


def _length(candle: Floats) -> float:
    return float(candle[HIGH] - candle[LOW])


def _is_hammer(candles: Floats) -> bool:
    """A small body at the top of a long lower shadow."""
    [candle] = candles
    body, length = abs(_body(candle)), _length(candle)
    upper = float(candle[HIGH] - max(candle[OPEN], candle[CLOSE]))
    lower = float(min(candle[OPEN], candle[CLOSE]) - candle[LOW])
    return length > 0 and body <= length / 3 and lower >= 2 * body and upper <= length / 10


def _engulfs(candles: Floats) -> bool:
    """It fell, then rose over more than all of that."""
    first, second = candles
    covers = second[OPEN] <= first[CLOSE] and second[CLOSE] >= first[OPEN]
    return _body(first) < 0 < _body(second) and bool(covers) and _body(second) > -_body(first)


def _is_star(candles: Floats) -> bool:
    """It fell far, stood still, then made good more than half."""
    first, second, third = candles
    fall = -_body(first)
    middle = (first[OPEN] + first[CLOSE]) / 2
    is_far = fall > 0 and fall >= _length(first) / 2
    return is_far and abs(_body(second)) <= fall / 3 and _body(third) > 0 and bool(third[CLOSE] > middle)


def _marches(candles: Floats) -> bool:
    """Three candles rose, each with a body of half its length, each closing higher."""
    firm = all(_body(candle) > 0 and _body(candle) >= _length(candle) / 2 for candle in candles)
    return firm and bool((np.diff(candles[:, CLOSE]) > 0).all())


_PATTERNS: Mapping[str, _Pattern] = {
    "hammer": _Pattern(1, +1, True, _is_hammer),
    "shooting star": _Pattern(1, -1, True, _is_hammer),
    "bullish engulfing": _Pattern(2, +1, True, _engulfs),
    "bearish engulfing": _Pattern(2, -1, True, _engulfs),
    "morning star": _Pattern(3, +1, True, _is_star),
    "evening star": _Pattern(3, -1, True, _is_star),
    "three white soldiers": _Pattern(3, +1, False, _marches),
    "three black crows": _Pattern(3, -1, False, _marches),
}


# A turn of the trend.


def turns_of(closes: Floats) -> dict[str, int]:
    """Of each sign that enough closes are there for: +1 it turned up, −1 it turned down, 0 neither."""
    if not len(closes):
        return {}
    relative = closes / closes[-1]
    found = {"RSI": _rsi_turn(relative), "MACD": _macd_turn(relative), "EMA 12": _average_turn(relative)}
    return {name: turn for name, turn in found.items() if turn is not None}


def _rsi_turn(closes: Floats) -> int | None:
    """Up: RSI 14 is 30 or more, and was below within the five candles before. Down: 70 or less, and was above."""
    series = [relative_strength(closes[: len(closes) - back]) for back in range(_RSI_BACK + 1)]
    now, *before = series
    if np.isnan(series).any():
        return None
    return int(now >= _OVERSOLD and min(before) < _OVERSOLD) - int(now <= _OVERBOUGHT and max(before) > _OVERBOUGHT)


def _macd_turn(closes: Floats) -> int | None:
    """Up: the histogram is above 0, and was below within the three candles before. Down: the other way round."""
    line = (exponential_average(closes, FAST) - exponential_average(closes, SLOW))[SLOW - 1 :]
    return _crossing(line - exponential_average(line, SIGNAL) if len(line) else line)


def _average_turn(closes: Floats) -> int | None:
    """Up: the close is above EMA 12, and was below within the three candles before. Down: the other way round."""
    return _crossing(closes - exponential_average(closes, FAST))


def _crossing(values: Floats) -> int | None:
    recent = values[-_BACK - 1 :]
    if len(recent) <= _BACK or np.isnan(recent).any():
        return None
    now, before = recent[-1], recent[:-1]
    return int(now > 0 and before.min() < 0) - int(now < 0 and before.max() > 0)
