"""Bets as the venue shows them: fills in and out, merges, redemptions and maker rebates, each with a time.

An order fills in up to four parts within minutes, at prices around the bet's own that average to it exactly. So the
sums of a wallet's rows are the sums of its bets.
"""

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from app.demo.grid import Floats, Integers
from app.demo.prediction import draws
from app.demo.prediction.categories import DAY_S
from app.demo.prediction.draws import Flags, Keys
from app.demo.prediction.markets import Markets
from app.demo.prediction.population import Population
from app.demo.prediction.stakes import NEVER, Bets

REBATE_RATE = 0.001
_REBATE_LEAST_USDC = 0.01
_WEEK_S = 7 * DAY_S
_GAP_S = 15.0
_SLIP = 0.004
_MOST_IN, _MOST_OUT = 4, 3


class Leg(IntEnum):
    """What a row is about."""

    BUY = 0
    SELL = 1
    MERGE = 2
    REDEEM = 3
    REBATE = 4


class Legs(NamedTuple):
    """Rows of some wallets, ordered by wallet, time and `serial`. `bet` is a position in the bets, −1 for a rebate.

    `serial` is unique; equal `keys` are two sides of one transaction.
    """

    wallet: Integers
    time_s: Integers
    serial: Keys
    kind: Integers
    bet: Integers
    outcome: Integers
    size: Floats
    price: Floats
    usdc: Floats
    maker: Flags
    keys: Keys


def make(markets: Markets, people: Population, bets: Bets) -> Legs:
    """All rows of the bets, those in the future too."""
    parts = [_entries(markets, people, bets), _exits(markets, people, bets), _merges(markets, bets), _redeems(bets)]
    parts.append(_rebates(people, bets, parts[:2]))
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    legs = Legs._make(columns)
    order = np.lexsort((legs.serial, legs.time_s, legs.wallet))
    return Legs._make(column[order] for column in legs)


def _entries(markets: Markets, people: Population, bets: Bets) -> Legs:
    end = np.minimum(bets.exit_s, markets.closes_s[bets.market]) - 1
    chosen = np.arange(len(bets.who))
    kind = np.full(len(chosen), int(Leg.BUY))
    return _fills(
        people, bets, chosen, _Order(0, _MOST_IN, kind, bets.outcome, bets.shares, bets.price, bets.entry_s, end)
    )


def _exits(markets: Markets, people: Population, bets: Bets) -> Legs:
    """Sales; a merging bet buys the other outcome instead."""
    chosen = np.flatnonzero(bets.exit_s < NEVER)
    merging = bets.merging[chosen]
    kind = np.where(merging, int(Leg.BUY), int(Leg.SELL))
    outcome = np.where(merging, 1 - bets.outcome[chosen], bets.outcome[chosen])
    price = np.where(merging, 1.0 - bets.exit_price[chosen], bets.exit_price[chosen])
    size = bets.shares[chosen] * bets.exit_part[chosen]
    end = markets.closes_s[bets.market[chosen]] - 1
    return _fills(people, bets, chosen, _Order(1, _MOST_OUT, kind, outcome, size, price, bets.exit_s[chosen], end))


class _Order(NamedTuple):
    """An order of each chosen bet, to be filled between two times in at most `most` parts."""

    number: int
    most: int
    kind: Integers
    outcome: Integers
    size: Floats
    price: Floats
    begin_s: Integers
    end_s: Integers


def _fills(people: Population, bets: Bets, chosen: Integers, order: _Order) -> Legs:
    keys = draws.derive(bets.keys[chosen], np.full(len(chosen), 100 + order.number))
    parts = np.minimum(1 + np.floor(-0.8 * np.log(draws.uniform(keys, 0))), order.most).astype(np.int64)
    parts = np.where(bets.wash[chosen], 1, parts)
    line = np.repeat(np.arange(len(chosen)), parts)
    nth = np.arange(len(line)) - np.repeat(np.cumsum(parts) - parts, parts)
    own = draws.derive(keys[line], nth)
    weight = 0.25 + draws.uniform(own, 1)
    total = np.bincount(line, weight, len(chosen))
    slip = _SLIP * (draws.uniform(own, 2) - 0.5)
    slip -= (np.bincount(line, weight * slip, len(chosen)) / np.maximum(total, 1e-9))[line]
    gap = np.minimum(draws.log_normal(keys, 3, _GAP_S, 1.0), (order.end_s - order.begin_s) / (parts + 1.0))
    size = order.size[line] * weight / total[line]
    price = order.price[line] + np.where(parts[line] > 1, slip, 0.0)
    bet = chosen[line]
    time = order.begin_s[line] + np.floor(gap[line] * nth).astype(np.int64)
    maker = draws.uniform(own, 4) < people.maker[bets.who[bet]]
    serial = draws.derive(own, bets.who[bet])
    return Legs(
        bets.wallet[bet], time, serial, order.kind[line], bet, order.outcome[line], size, price, size * price,
        maker, own,
    )  # fmt: skip


def _merges(markets: Markets, bets: Bets) -> Legs:
    """Both outcomes into USDC, a few minutes after the other one was bought and before the market closes."""
    chosen = np.flatnonzero(bets.merging)
    keys = draws.derive(bets.keys[chosen], np.full(len(chosen), 110))
    room = markets.closes_s[bets.market[chosen]] - bets.exit_s[chosen]
    time = bets.exit_s[chosen] + np.minimum(180.0 * (1.0 + draws.uniform(keys, 0)), 0.95 * room).astype(np.int64)
    size = bets.shares[chosen] * bets.exit_part[chosen]
    return _without_price(bets, chosen, keys, int(Leg.MERGE), time, size, size)


def _redeems(bets: Bets) -> Legs:
    chosen = np.flatnonzero(bets.redeem_s < NEVER)
    keys = draws.derive(bets.keys[chosen], np.full(len(chosen), 111))
    size = bets.shares[chosen] * (1.0 - bets.exit_part[chosen])
    return _without_price(
        bets, chosen, keys, int(Leg.REDEEM), bets.redeem_s[chosen], size, np.where(bets.won[chosen], size, 0.0)
    )


def _without_price(
    bets: Bets, bet: Integers, keys: Keys, kind: int, time: Integers, size: Floats, usdc: Floats
) -> Legs:
    count = len(bet)
    return Legs(
        bets.wallet[bet], time, draws.derive(keys, bets.who[bet]), np.full(count, kind), bet, bets.outcome[bet], size,
        np.zeros(count), usdc, np.zeros(count, dtype=np.bool_), keys,
    )  # fmt: skip


def _rebates(people: Population, bets: Bets, fills: list[Legs]) -> Legs:
    """A part of what a wallet's resting orders turned over, paid once a week on what was filled in the week before."""
    wallet, time, usdc, maker, bet = (
        np.concatenate([getattr(part, name) for part in fills]) for name in ("wallet", "time_s", "usdc", "maker", "bet")
    )
    paid, line = np.unique(wallet[maker] * 10_000 + time[maker] // _WEEK_S, return_inverse=True)
    amount = np.round(REBATE_RATE * np.bincount(line, usdc[maker], len(paid)), 4)
    owner = np.zeros(int(wallet.max()) + 1 if len(wallet) else 0, dtype=np.int64)
    owner[wallet] = bets.who[bet]
    enough = amount >= _REBATE_LEAST_USDC
    paid, amount = paid[enough], amount[enough]
    whose, week = paid // 10_000, paid % 10_000
    keys = draws.derive(people.keys[owner[whose]], 5_000 + week)
    count = len(paid)
    return Legs(
        whose, (week + 1) * _WEEK_S + 600 + np.floor(3_000 * draws.uniform(keys, 0)).astype(np.int64), keys,
        np.full(count, int(Leg.REBATE)), np.full(count, -1), np.zeros(count, dtype=np.int64), amount, np.zeros(count),
        amount, np.zeros(count, dtype=np.bool_), keys,
    )  # fmt: skip
