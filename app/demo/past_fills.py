"""An account's fills before the start, from what it held: one for each change of a position."""

from collections.abc import Iterator

import numpy as np

from app.demo.grid import Integers, positions
from app.demo.habits import Habits, Holdings
from app.demo.ledger import realised_usd
from app.demo.listings import Listing
from app.demo.trades import PAST_IDENTIFIERS, Fill, VenueTrade

NOBODY = -1
_LATE_MS = 90_000
_FILLS = 33
_FIRST = PAST_IDENTIFIERS + (1 << 40)


def past_fills(habits: Habits, listings: tuple[Listing, ...], seed: int, account: int) -> list[VenueTrade]:
    """All fills of the 30 days before the start, oldest first, as trades with a counterparty that is `NOBODY`."""
    held = habits.of(account)
    rng = np.random.default_rng([seed, _FILLS, account])
    times = habits.ends_ms[:-1] + rng.integers(-_LATE_MS, 0, held.lots.shape)
    crossed = np.where(rng.random(held.lots.shape) < 0.5, 1, -1)
    made = [
        trade
        for row, coin in enumerate(held.coins.tolist())
        for trade in _coin_fills(held, row, coin, listings[coin], (times[row], crossed[row]), account)
    ]
    made.sort(key=lambda trade: (trade.time_ms, trade.coin))
    first = _FIRST + (account << 16)
    return [trade._replace(serial=first + number, order_serial=first + number) for number, trade in enumerate(made)]


def _coin_fills(
    held: Holdings, row: int, coin: int, listing: Listing, drawn: tuple[Integers, Integers], account: int
) -> Iterator[VenueTrade]:
    ticks = np.round(positions(held.prices[row], listing.price_decimals)).astype(np.int64).tolist()
    times, crossed = drawn[0].tolist(), drawn[1].tolist()
    entry, before = 0.0, 0
    for place, after in enumerate(held.lots[row].tolist()):
        if after == before:
            continue
        price = float(held.prices[row, place])
        fill = Fill(before, realised_usd(before, after - before, price - entry, listing.lot))
        entry = _entry(entry, before, after, price)
        sign = 1 if after > before else -1
        sides = (account, NOBODY, fill, None) if sign > 0 else (NOBODY, account, None, fill)
        yield VenueTrade(coin, sign * crossed[place], ticks[place], abs(after - before), times[place], 0, 0, *sides)
        before = after


def _entry(entry: float, before: int, after: int, price: float) -> float:
    """The mean entry price after a position changed at `price`."""
    if before * after <= 0:
        return price
    if abs(after) < abs(before):
        return entry
    return (abs(before) * entry + (abs(after) - abs(before)) * price) / abs(after)
