"""The venue's leaderboard: its own accounts among padding, with the defects of the real document.

Padding rows are people of whom the venue knows nothing else: small accounts, a few idle rich ones, staking and treasury
accounts with results but without volume, and returns beyond belief. All come from the seed; equal states of the market
give equal bytes.
"""

import json
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from app.demo.accounts import ACCOUNTS
from app.demo.grid import Floats
from app.demo.history import DAY_MS, Record, record
from app.demo.market import Market
from app.demo.traders import Sample

USUAL_ROWS, FULL_ROWS, MOST_ROWS = 5_000, 47_000, 100_000
CHUNK_ROWS = 100
WINDOWS = (("day", 1.0), ("week", 7.0), ("month", 30.0), ("allTime", 10_000.0))
_PADDING, _PLACES, _NAMES = 41, 42, 43
_SMALL_MEDIAN_USD, _SMALL_SPREAD, _SMALL_MOST_USD = 1_500.0, 1.7, 90_000.0
_TREASURY_ODDS, _ABSURD_ODDS, _IDLE_ODDS = 0.001, 0.003, 0.02
_TREASURY_USD = (1e8, 1e9)
_ABSURD_ROI = (100.0, 30_000.0)
_NAMED_ODDS = 0.04
_NAMES_SEEN = (
    "Machi",
    "whale <3",
    "[bold]loud[/]",
    "0xdeadbeef",
    "\u6c38\u7e8c",
    "a" * 64,
    "x\u202ey",
    "tab\there",
    " ",
)


class WindowRow(NamedTuple):
    """One window of one row: USD, a fraction, USD."""

    result_usd: float
    roi: float
    volume_usd: float


class _Form(NamedTuple):
    """How a row and a window of it are written."""

    row: str
    window: str


_COMPACT = _Form(
    '{"ethAddress":"%s","accountValue":"%.10f","windowPerformances":[%s],"prize":0,"displayName":%s}',
    '["%s",{"pnl":"%.10f","roi":"%.10f","vlm":"%.10f"}]',
)


def _indented(text: str) -> str:
    """The same template as it looks when printed for people."""
    for mark in "{[":
        text = text.replace(mark, mark + "\n       ")
    for mark in "}]":
        text = text.replace(mark, "\n      " + mark)
    return text.replace(",", ",\n         ").replace(":", ": ")


_INDENTED = _Form(*(_indented(text) for text in _COMPACT))


class _Moment(NamedTuple):
    """The market and what its accounts had done when the document was asked for: it goes on while rows are made."""

    market: Market
    now_ms: int
    life: list[Sample]


def rows_in_chunks(market: Market, rows: int = USUAL_ROWS) -> Iterator[bytes]:
    """The document with so many rows (never fewer than there are accounts), `CHUNK_ROWS` of them at a time.

    From `FULL_ROWS` on it is indented, which makes it as large as the real one is said to be.
    """
    form = _COMPACT if rows < FULL_ROWS else _INDENTED
    total = max(rows, ACCOUNTS)
    rng = np.random.default_rng([market.seed, _PLACES])
    own = dict(
        zip(np.sort(rng.choice(total, ACCOUNTS, replace=False)).tolist(), rng.permutation(ACCOUNTS), strict=True)
    )
    moment = _Moment(market, market.now_ms, market.traders.life())
    for coin in range(len(market.live)):
        # The month's prices are made when they are first asked for: a turn for each coin.
        market.habits.closes(coin)
        yield b""
    yield b'{"leaderboardRows":['
    for first in range(0, total, CHUNK_ROWS):
        places = range(first, min(first + CHUNK_ROWS, total))
        padding = _padding(market.seed, first // CHUNK_ROWS, form)
        texts = [_own_row(moment, int(own[place]), form) if place in own else next(padding) for place in places]
        yield (("," if first else "") + ",".join(texts)).encode()
    yield b"]}"


def _own_row(moment: _Moment, account: int, form: _Form) -> str:
    market = moment.market
    found = record(market.habits, moment.life, account)
    windows = [_window(found, int(moment.now_ms - days * DAY_MS)) for _, days in WINDOWS]
    rng = np.random.default_rng([market.seed, _NAMES, account])
    return _row(market.accounts.addresses[account], float(found.equity_usd[-1]), windows, _name(rng), form)


def _window(found: Record, start_ms: int) -> WindowRow:
    points = found.window(start_ms)
    made = float(points.made_usd[-1] - points.made_usd[0])
    return WindowRow(
        made, made / max(float(points.equity_usd[0]), 1.0), float(points.volume_usd[-1] - points.volume_usd[0])
    )


def _padding(seed: int, chunk: int, form: _Form) -> Iterator[str]:
    """`CHUNK_ROWS` rows of other people."""
    rng = np.random.default_rng([seed, _PADDING, chunk])
    equity = np.minimum(_SMALL_MEDIAN_USD * np.exp(_SMALL_SPREAD * rng.standard_normal(CHUNK_ROWS)), _SMALL_MOST_USD)
    chance = rng.random(CHUNK_ROWS)
    roi = np.maximum(rng.standard_t(3.0, (CHUNK_ROWS, len(WINDOWS))) * (0.02, 0.06, 0.12, 0.5), -0.99)
    volume = equity[:, None] * rng.gamma(1.0, 1.0, (CHUNK_ROWS, 1)) * (2.0, 12.0, 40.0, 400.0)
    for number in range(CHUNK_ROWS):
        address = "0x" + rng.bytes(20).hex()
        worth, windows = _defect(float(chance[number]), float(equity[number]), roi[number], volume[number], rng)
        yield _row(address, worth, windows, _name(rng), form)


def _defect(
    chance: float, equity: float, roi: Floats, volume: Floats, rng: np.random.Generator
) -> tuple[float, list[WindowRow]]:
    """Equity and windows of a row: usual ones, or those of one of the odd kinds."""
    windows = [WindowRow(equity * r / (1.0 + r), r, v) for r, v in zip(roi.tolist(), volume.tolist(), strict=True)]
    if chance < _TREASURY_ODDS:
        equity = float(rng.uniform(*_TREASURY_USD))
        return equity, [WindowRow(r * equity, r, 0.0) for r in (0.0, 0.21, 0.0, -0.05)]
    if chance < _TREASURY_ODDS + _ABSURD_ODDS:
        equity, absurd = float(rng.uniform(1e5, 2e8)), float(rng.uniform(*_ABSURD_ROI))
        return equity, [WindowRow(2.1, 1e-8, 0.0)] * 3 + [WindowRow(equity, absurd, 15_999.34)]
    if chance < _TREASURY_ODDS + _ABSURD_ODDS + _IDLE_ODDS:
        return equity, [WindowRow(0.0, 0.0, 0.0)] * len(WINDOWS)
    return equity, windows


def _name(rng: np.random.Generator) -> str | None:
    return _NAMES_SEEN[int(rng.integers(len(_NAMES_SEEN)))] if rng.random() < _NAMED_ODDS else None


def _row(address: str, equity: float, windows: list[WindowRow], name: str | None, form: _Form) -> str:
    parts = [
        form.window % (label, window.result_usd, window.roi, window.volume_usd)
        for (label, _), window in zip(WINDOWS, windows, strict=True)
    ]
    return form.row % (address, equity, ",".join(parts), json.dumps(name))
