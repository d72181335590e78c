"""Candles with their volume as a grid of characters. Pure.

A cell of the terminal is twice as high as it is wide, so a candle is drawn in half cells: a rising one with a wide
body, a falling one with a narrow body, a flat one with a line. Direction is told by shape first and colour second.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import floor, inf, isfinite, log10
from typing import Literal, NamedTuple

import msgspec

from app.engine.protocol_detail import CandleView
from app.ui.theme import Role

Marks = Literal["blocks", "ascii"]
_Half = Literal["body", "wick", ""]
_Direction = Literal["up", "down", "flat"]

_VOLUME_SHARE = 5
_VOLUME_FROM_ROWS = 10
_PADDING = 0.02

_WICKS = {("wick", "wick"): "│", ("wick", ""): "╵", ("", "wick"): "╷", ("", ""): " "}
_BLOCKS: Mapping[_Direction, Mapping[tuple[str, str], str]] = {
    "up": {
        **_WICKS,
        ("body", "body"): "█",
        ("body", ""): "▀",
        ("", "body"): "▄",
        ("body", "wick"): "▀",
        ("wick", "body"): "▄",
    },
    "down": {
        **_WICKS,
        ("body", "body"): "┃",
        ("body", ""): "╹",
        ("", "body"): "╻",
        ("body", "wick"): "╿",
        ("wick", "body"): "╽",
    },
    "flat": {
        **_WICKS,
        ("body", "body"): "━",
        ("body", ""): "▔",
        ("", "body"): "▁",
        ("body", "wick"): "┬",
        ("wick", "body"): "┴",
    },
}
_ASCII_BODIES: Mapping[_Direction, str] = {"up": "#", "down": "=", "flat": "-"}
_EIGHTHS = " ▁▂▃▄▅▆▇█"
_ASCII_EIGHTHS = " ..::||##"
_ROLES: Mapping[_Direction, Role] = {"up": "up", "down": "down", "flat": "text"}


class Pin(NamedTuple):
    """A mark on a chart: the last character of `text` stands at `at_ms` and `price`, the others before it."""

    at_ms: int
    price: float
    text: str
    role: Role


@dataclass(frozen=True)
class ChartView:
    """All that a chart draws; `empty` is the sentence in its place while there is nothing to draw.

    `newest_ms` is when the bucket at the right edge begins: that of the engine's time. `notice` is a sentence above the
    candles, empty for none. Of `pins` at one place the last is seen; `legend` says what they mean.
    """

    title: str
    candles: Sequence[CandleView]
    interval_ms: int
    newest_ms: int
    decimals: int
    holes: Sequence[tuple[int, int]]
    empty: str
    dimmed: bool = False
    notice: str = ""
    pins: Sequence[Pin] = ()
    legend: str = ""


class Scale(NamedTuple):
    """Prices from the bottom to the top of `rows` rows."""

    low: float
    high: float
    rows: int

    def half(self, price: float) -> int:
        """The half cell a price is in, counted from the top."""
        share = (self.high - price) / (self.high - self.low)
        return max(0, min(2 * self.rows - 1, int(share * 2 * self.rows)))

    def row(self, price: float) -> int:
        """The row a price is in, counted from the top."""
        return self.half(price) // 2

    def price(self, row: int) -> float:
        """The price in the middle of a row."""
        return self.high - (row + 0.5) / self.rows * (self.high - self.low)

    def round_step(self, rows: int) -> float:
        """The smallest of 1, 2 and 5 times a power of ten that is at least `rows` rows high; infinite without one."""
        least = rows * (self.high - self.low) / self.rows
        if not (isfinite(least) and least > 0):
            return inf
        power = 10.0 ** floor(log10(least))
        return next((times * power for times in (1, 2, 5) if times * power >= least), 10 * power)

    def round_price(self, row: int, step: float) -> float | None:
        """The multiple of `step` that a row holds; None where it holds none."""
        cell = (self.high - self.low) / self.rows
        top = self.high - row * cell
        if not (isfinite(top) and isfinite(step) and isfinite(top / step)):
            return None
        found = floor(top / step) * step
        return found if found > top - cell else None


@dataclass(frozen=True)
class Canvas:
    """What was drawn: a column for each bucket of time, each a character and a role for every row from the top.

    `buckets` are the candles of the columns, None where nothing traded; `holes` tells for each column whether trades
    are missing from it. `scale` is None while there is nothing to draw.
    """

    buckets: tuple[CandleView | None, ...]
    holes: tuple[bool, ...]
    columns: tuple[tuple[str, Role], ...]
    scale: Scale | None


def draw(
    candles: Sequence[CandleView],
    interval_ms: int,
    newest_ms: int,
    size: tuple[int, int],
    holes: Sequence[tuple[int, int]] = (),
    marks: Marks = "blocks",
) -> Canvas:
    """The buckets up to the one that begins at `newest_ms`, as many as fit into `size` (columns, rows)."""
    width, rows = size
    buckets = _buckets(candles, interval_ms, newest_ms, width)
    first_ms = newest_ms - (width - 1) * interval_ms
    spoiled = tuple(_is_spoiled(first_ms + place * interval_ms, interval_ms, holes) for place in range(width))
    volume_rows = rows // _VOLUME_SHARE if rows >= _VOLUME_FROM_ROWS else 0
    scale = _scale(buckets, rows - volume_rows)
    if scale is None:
        return Canvas(buckets, spoiled, ((" " * rows, "text"),) * width, None)
    top_volume = max(candle.volume for candle in buckets if candle is not None)
    columns = tuple(
        _column(candle, scale, volume_rows, top_volume, marks) if candle else (" " * rows, "text") for candle in buckets
    )
    return Canvas(buckets, spoiled, columns, scale)


def _buckets(
    candles: Sequence[CandleView], interval_ms: int, newest_ms: int, width: int
) -> tuple[CandleView | None, ...]:
    found: list[CandleView | None] = [None] * width
    for candle in candles[-width:]:
        place = width - 1 - (newest_ms - candle.open_ms) // interval_ms
        if 0 <= place < width and all(map(isfinite, msgspec.structs.astuple(candle))):
            found[place] = candle
    return tuple(found)


def _is_spoiled(open_ms: int, interval_ms: int, holes: Sequence[tuple[int, int]]) -> bool:
    return any(from_ms < open_ms + interval_ms and to_ms >= open_ms for from_ms, to_ms in holes)


def _scale(buckets: Sequence[CandleView | None], rows: int) -> Scale | None:
    shown = [candle for candle in buckets if candle is not None]
    if not shown or rows < 1:
        return None
    low, high = min(candle.low for candle in shown), max(candle.high for candle in shown)
    padding = (high - low) * _PADDING or abs(high) * _PADDING or 1.0
    return Scale(low - padding, high + padding, rows)


@lru_cache(maxsize=4096)
def _column(candle: CandleView, scale: Scale, volume_rows: int, top_volume: float, marks: Marks) -> tuple[str, Role]:
    direction: _Direction = "up" if candle.close > candle.open else "down" if candle.close < candle.open else "flat"
    halves = _halves(candle, scale)
    pairs = zip(halves[::2], halves[1::2], strict=True)
    if marks == "blocks":
        glyphs = _BLOCKS[direction]
        body = "".join(glyphs[pair] for pair in pairs)
    else:
        body = "".join(_ascii(pair, direction) for pair in pairs)
    return body + _volume(candle.volume, volume_rows, top_volume, marks), _ROLES[direction]


def _halves(candle: CandleView, scale: Scale) -> list[_Half]:
    high, low = scale.half(candle.high), scale.half(candle.low)
    top, bottom = sorted((scale.half(candle.open), scale.half(candle.close)))
    return [
        "body" if top <= half <= bottom else "wick" if high <= half <= low else "" for half in range(2 * scale.rows)
    ]


def _ascii(pair: tuple[_Half, _Half], direction: _Direction) -> str:
    if "body" in pair:
        return _ASCII_BODIES[direction]
    return "|" if "wick" in pair else " "


def _volume(volume: float, rows: int, top_volume: float, marks: Marks) -> str:
    """A bar from the bottom up, in eighths of a cell; the largest volume fills all rows."""
    eighths = _EIGHTHS if marks == "blocks" else _ASCII_EIGHTHS
    filled = round(8 * rows * volume / top_volume) if top_volume > 0 else 0
    filled = max(filled, 1) if volume > 0 else 0
    return "".join(eighths[max(0, min(8, filled - 8 * (rows - 1 - row)))] for row in range(rows))
