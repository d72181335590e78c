"""The past of the market, made from the seed alone: 30 days of minute bars and a day of trades.

Days are made one by one, counted back from the start, each from its own generator: any of them can be had without the
days after it having been kept. Every coin's path ends exactly at its start price, and all follow one market path.
"""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from app.demo import bars as bar
from app.demo.accounts import Accounts
from app.demo.bars import DAY_MINUTES, MINUTE_MS, Bars
from app.demo.factors import MARKET_VOLATILITY_SHARE, market_betas
from app.demo.grid import Floats, Integers, positions, prices
from app.demo.listings import Listing
from app.demo.trades import PAST_IDENTIFIERS, VenueTrade

HISTORY_DAYS = 30
_MARKET, _COIN, _TRADES = 11, 12, 13
_MOST_TRADES_A_MINUTE = 4_000
_MOOD_MINUTES = 90
_MOOD_SPREAD = 0.45
_BUSY_HOUR = 15
_SEASON = 0.35


class Past:
    """The past of all coins before `start_ms`."""

    def __init__(self, seed: int, listings: tuple[Listing, ...], start_ms: int) -> None:
        self._seed = seed
        self._listings = listings
        self._start_ms = start_ms
        self.minute = start_ms // MINUTE_MS
        self._elapsed = start_ms % MINUTE_MS / MINUTE_MS
        self._beta = market_betas(
            np.array([listing.volatility for listing in listings]), listings[0].volatility * MARKET_VOLATILITY_SHARE
        )
        self._market_day = lru_cache(maxsize=HISTORY_DAYS)(self._make_market_day)

    def last_day(self, coin: int) -> Bars:
        """The last 1440 minute bars; the last of them is the open minute, as far as it has gone."""
        rows, _ = self._day(coin, 0, float(np.log(self._listings[coin].price)))
        return Bars(self.minute - DAY_MINUTES + 1, 1, rows)

    def month(self, coin: int) -> Bars:
        """All `HISTORY_DAYS` days of minute bars; the last day is `last_day`."""
        log_end = float(np.log(self._listings[coin].price))
        days: list[Integers] = []
        for day in range(HISTORY_DAYS):
            rows, log_end = self._day(coin, day, log_end)
            days.append(rows)
        return Bars(self.minute - HISTORY_DAYS * DAY_MINUTES + 1, 1, np.concatenate(days[::-1]))

    def trades(self, coin: int, accounts: Accounts, minutes: int = DAY_MINUTES) -> Iterator[VenueTrade]:
        """Every trade of the last `minutes` (1 to 1440) of the past, oldest first, in step with the minute bars."""
        rows = self.last_day(coin).rows
        for back in range(minutes - 1, -1, -1):
            yield from self._minute_trades(coin, accounts, back, rows[DAY_MINUTES - 1 - back])

    def _make_market_day(self, day: int) -> tuple[Floats, Floats]:
        """Market returns in standard deviations of a minute, and the market's mood (volatility multiple)."""
        rng = np.random.default_rng([self._seed, _MARKET, day])
        mood = _mood(rng)
        returns: Floats = mood * rng.standard_normal(DAY_MINUTES)
        return returns, mood

    def _day(self, coin: int, day: int, log_end: float) -> tuple[Integers, float]:
        """Bars of one day that ends at `log_end`, and the log price it began with. Day 0 is the last."""
        listing = self._listings[coin]
        rng = np.random.default_rng([self._seed, _COIN, coin, day])
        market, market_mood = self._market_day(day)
        mood = np.sqrt(market_mood * _mood(rng))
        part = np.ones(DAY_MINUTES)
        if day == 0:
            part[-1] = self._elapsed
        activity = mood**0.8 * self._season(day)
        mean_trades = listing.orders_per_s * 60.0 * activity * part * rng.gamma(3.0, 1.0 / 3.0, DAY_MINUTES)
        count = np.minimum(rng.poisson(mean_trades), _MOST_TRADES_A_MINUTE)
        sigma = self._own_and_market(coin)
        returns = (sigma[1] * market + sigma[0] * mood * rng.standard_normal(DAY_MINUTES)) * np.sqrt(part)
        returns[count == 0] = 0.0
        after = np.append(np.cumsum(returns[::-1])[::-1], 0.0)
        path = np.round(positions(np.exp(log_end - after), listing.price_decimals)).astype(np.int64)
        wick = 0.6 * listing.sigma * np.sqrt(60.0) * mood * np.exp(log_end)
        return _rows(path, count, wick, listing, rng), log_end - float(after[0])

    def _own_and_market(self, coin: int) -> tuple[float, float]:
        """Volatility of a minute: the coin's own part, and its part of the market's."""
        total = self._listings[coin].sigma * 60.0**0.5
        market = float(self._beta[coin]) * self._listings[0].sigma * MARKET_VOLATILITY_SHARE * 60.0**0.5
        return max(total**2 - market**2, 0.0) ** 0.5, market

    def _season(self, day: int) -> Floats:
        """How busy each minute of a day is, by the hour: busiest in the UTC afternoon."""
        minute = self.minute - DAY_MINUTES * (day + 1) + 1 + np.arange(DAY_MINUTES)
        angle = 2.0 * np.pi * (minute / DAY_MINUTES - _BUSY_HOUR / 24.0)
        result: Floats = 1.0 + _SEASON * np.cos(angle)
        return result

    def _minute_trades(self, coin: int, accounts: Accounts, back: int, row: Integers) -> list[VenueTrade]:
        """The trades that make up one minute bar, `back` minutes before the last."""
        count = int(row[bar.TRADES])
        if count == 0:
            return []
        rng = np.random.default_rng([self._seed, _TRADES, coin, back])
        indices = _price_path(row, count, rng)
        lots = _split(int(row[bar.LOTS]), count, rng)
        start = (self.minute - back) * MINUTE_MS
        length = max(1, self._start_ms - start) if back == 0 else MINUTE_MS
        times = start + np.sort(rng.integers(0, length, count))
        signs = np.where(rng.random(count) < 0.5 + 0.25 * np.sign(np.diff(indices, prepend=row[bar.OPEN])), 1, -1)
        serial = PAST_IDENTIFIERS + ((coin * DAY_MINUTES + back) << 12)
        columns = zip(
            indices.tolist(), lots.tolist(), times.tolist(), signs.tolist(), rng.random((count, 2)), strict=True
        )
        result = []
        for number, (index, size, time, sign, uniform) in enumerate(columns):
            taker = accounts.taker(coin, uniform[0])
            maker = accounts.maker(coin, uniform[1], taker)
            buyer, seller = (taker, maker) if sign > 0 else (maker, taker)
            result.append(VenueTrade(coin, sign, index, size, time, serial + number, serial + number, buyer, seller))
        return result


def _mood(rng: np.random.Generator) -> Floats:
    """A volatility multiple for each minute of a day that wanders slowly around one."""
    kernel = np.exp(-np.arange(3 * _MOOD_MINUTES) / _MOOD_MINUTES)
    kernel *= _MOOD_SPREAD / np.sqrt(np.sum(kernel**2))
    noise = np.convolve(rng.standard_normal(DAY_MINUTES + len(kernel) - 1), kernel, mode="valid")
    result: Floats = np.exp(noise - _MOOD_SPREAD**2)
    return result


def _rows(path: Integers, count: Integers, wick: Floats, listing: Listing, rng: np.random.Generator) -> Integers:
    """Bars along a path of closes (`path[0]` is the close before the first). `wick` is in USD."""
    rows = np.empty((DAY_MINUTES, bar.COLUMNS), dtype=np.int64)
    rows[:, bar.OPEN] = np.where(count == 1, path[1:], path[:-1])
    rows[:, bar.CLOSE] = path[1:]
    near = np.round(positions(listing.price, listing.price_decimals))
    tick = float(np.diff(prices([near, near + 1], listing.price_decimals))[0])
    reach = np.abs(rng.standard_normal((2, DAY_MINUTES))) * wick / tick
    # Three trades or fewer have no room for a high and a low besides open and close.
    reach = np.where(count >= 4, np.round(reach), 0.0).astype(np.int64)
    rows[:, bar.HIGH] = np.maximum(rows[:, bar.OPEN], rows[:, bar.CLOSE]) + reach[0]
    rows[:, bar.LOW] = np.minimum(rows[:, bar.OPEN], rows[:, bar.CLOSE]) - reach[1]
    size = np.exp(0.5 * rng.standard_normal(DAY_MINUTES) - 0.125)
    rows[:, bar.LOTS] = np.where(count > 0, np.maximum(count, np.round(count * listing.mean_order_lots * size)), 0)
    rows[:, bar.TRADES] = count
    return rows


def _price_path(row: Integers, count: int, rng: np.random.Generator) -> Integers:
    """Grid indices of a minute's trades: from open to close, touching high and low once each."""
    path = np.linspace(row[bar.OPEN], row[bar.CLOSE], count)
    if count < 4:
        return np.round(path).astype(np.int64)
    where = np.sort(rng.choice(np.arange(1, count - 1), 2, replace=False))
    extremes = row[[bar.HIGH, bar.LOW]] if rng.random() < 0.5 else row[[bar.LOW, bar.HIGH]]
    anchors = np.concatenate(([0], where, [count - 1]))
    values = np.concatenate((row[[bar.OPEN]], extremes, row[[bar.CLOSE]]))
    path = np.interp(np.arange(count), anchors, values)
    path += rng.standard_normal(count) * (row[bar.HIGH] - row[bar.LOW]) * 0.05
    path[anchors] = values
    clipped: Integers = np.clip(np.round(path), row[bar.LOW], row[bar.HIGH]).astype(np.int64)
    return clipped


def _split(total: int, count: int, rng: np.random.Generator) -> Integers:
    """`total` lots over `count` trades, at least one each, heavy-tailed."""
    weights = np.exp(1.5 * rng.standard_normal(count))
    lots = 1 + np.floor(weights / weights.sum() * (total - count)).astype(np.int64)
    lots[-1] += total - int(lots.sum())
    result: Integers = lots
    return result
