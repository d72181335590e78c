"""How much is staked on each bet and how it is left: sold within a minute, within hours, before the end, or never."""

from typing import NamedTuple

import numpy as np

from app.demo.grid import Floats, Integers
from app.demo.prediction import draws
from app.demo.prediction.draws import Flags, Keys
from app.demo.prediction.kinds import STAKE_LEAST_USDC
from app.demo.prediction.markets import Markets
from app.demo.prediction.population import Population

NEVER = 1 << 40
_SPAN = 1 << 42
_LONGEST_CHAIN = 5
_SCALP_S, _QUICK_S, _WASH_S = 24.0, 3_000.0, 1_200.0
_BEFORE_CLOSE_S = 15
_WASH_MOVE = 0.006
# Who sells meets the other side of the book or is met there: nothing on average, and hardly ever nothing at all.
_BOUNCE = 0.002


class Bets(NamedTuple):
    """Bets of some wallets, ordered by wallet and time of entry; all arrays have one entry a bet.

    `wallet` is a position in the array of wallets that was asked for, `who` the wallet's number. `outcome` 0 is "yes".
    `price` is paid for each of `shares`. `exit_s` (`NEVER` when held to the end) is when `exit_part` of them are sold
    at `exit_price`, by `merging` with the other outcome or not; `redeem_s` (`NEVER` when it is not done) is when what
    is left after the resolution is redeemed, worthless or not. Times are epoch seconds.
    """

    wallet: Integers
    who: Integers
    market: Integers
    outcome: Integers
    keys: Keys
    entry_s: Integers
    price: Floats
    won: Flags
    wash: Flags
    shares: Floats
    exit_s: Integers
    exit_part: Floats
    exit_price: Floats
    merging: Flags
    redeem_s: Integers

    def keep(self, chosen: Flags | Integers) -> "Bets":
        """Some of them."""
        return Bets._make(column[chosen] for column in self)


class Drawn(NamedTuple):
    """Bets before their stakes and exits; `hit` marks the one long shot that makes a wallet."""

    wallet: Integers
    who: Integers
    market: Integers
    outcome: Integers
    keys: Keys
    entry_s: Integers
    price: Floats
    won: Flags
    wash: Flags
    hit: Flags


def complete(markets: Markets, people: Population, bets: Drawn) -> Bets:
    """Bets with stakes and exits. `bets` are ordered by wallet and time of entry."""
    exit_s, part = _exits(markets, people, bets)
    last_s = np.minimum(exit_s, markets.closes_s[bets.market]).astype(np.float64)
    exit_price = outcome_price(markets, bets.market, bets.outcome, last_s)
    bounce = _BOUNCE * draws.normal(bets.keys, 33)
    exit_price = np.where(bets.wash, _arranged(bets), np.clip(exit_price + bounce, 0.001, 0.999)).round(3)
    stake = _stakes(markets, people, bets, (exit_s, part, exit_price))
    merging = (exit_s < NEVER) & ~bets.wash & (draws.uniform(bets.keys, 22) < people.merge[bets.who])
    return Bets(
        bets.wallet, bets.who, bets.market, bets.outcome, bets.keys, bets.entry_s, bets.price, bets.won, bets.wash,
        np.maximum(1.0, np.round(stake / bets.price, 2)), exit_s, part, exit_price, merging,
        _redeemed(markets, people, bets, part),
    )  # fmt: skip


def _arranged(bets: Drawn) -> Floats:
    """Where a pair trades back with itself: near the price it came in at, what one gains the other loses."""
    move = _WASH_MOVE * draws.normal(bets.keys, 32) * np.where(bets.outcome == 0, 1.0, -1.0)
    price: Floats = np.clip(bets.price + move, 0.01, 0.99)
    return price


def _redeemed(markets: Markets, people: Population, bets: Drawn, part: Floats) -> Integers:
    """Winners are redeemed after a while; losers only by those who clear up, the rest stay for good."""
    after = people.redeem_s[bets.who] * draws.log_normal(bets.keys, 30, 1.0, 0.6)
    clears = bets.won | (draws.uniform(bets.keys, 31) < people.clears[bets.who])
    moment = markets.resolves_s[bets.market] + np.maximum(30.0, after).astype(np.int64)
    result: Integers = np.where(clears & (part < 1.0), moment, NEVER)
    return result


def outcome_price(markets: Markets, market: Integers, outcome: Integers, at_s: Floats) -> Floats:
    """Price of one outcome at a time within the market's life."""
    yes = markets.price(market, at_s)
    price: Floats = np.where(outcome == 0, yes, 1.0 - yes).round(3)
    return price


def _exits(markets: Markets, people: Population, bets: Drawn) -> tuple[Integers, Floats]:
    """When a bet is left (`NEVER` if at its resolution) and which part of it then."""
    keys, who = bets.keys, bets.who
    closes = markets.closes_s[bets.market]
    way = draws.uniform(keys, 20)
    scalp = way < people.scalp[who]
    quick = ~scalp & (way < people.scalp[who] + people.quick[who])
    early = ~scalp & ~quick & (way < people.scalp[who] + people.quick[who] + people.early[who])
    hold = np.where(scalp, draws.log_normal(keys, 21, _SCALP_S, 0.6), draws.log_normal(keys, 21, _QUICK_S, 0.9))
    hold = np.where(early, (closes - bets.entry_s) * (0.08 + 0.85 * draws.uniform(keys, 23)), hold)
    hold = np.where(bets.wash, draws.log_normal(keys, 21, _WASH_S, 0.9), hold)
    leaves = (scalp | quick | early | bets.wash) & ~bets.hit
    exit_s = bets.entry_s + np.maximum(3.0, hold).astype(np.int64)
    exit_s = np.where(leaves & (exit_s < closes - _BEFORE_CLOSE_S), exit_s, NEVER)
    part = np.where(
        early & ~bets.wash & (draws.uniform(keys, 24) < people.partial[who]),
        0.3 + 0.5 * draws.uniform(keys, 25),
        1.0,
    )
    return exit_s, np.where(exit_s < NEVER, part, 0.0)


def _stakes(markets: Markets, people: Population, bets: Drawn, exits: tuple[Integers, Floats, Floats]) -> Floats:
    """USDC a bet. After a loss a chaser stakes a multiple of what it lost, up to five times in a row."""
    who = bets.who
    chased, lost_bet = _chases(markets, people, bets, exits)
    depth = np.zeros(len(who), dtype=np.int64)
    root = np.arange(len(who))
    for _ in range(_LONGEST_CHAIN):
        depth = np.where(chased, depth[lost_bet] + 1, 0)
        root = np.where(chased, root[lost_bet], np.arange(len(who)))
    noise = people.stake_noise[who] * draws.normal(bets.keys[root], 26)
    stake = people.stake_usdc[who] * np.exp(noise) * people.raise_by[who] ** depth
    stake = np.where(bets.hit, people.stake_usdc[who] * draws.log_normal(bets.keys, 27, 14.0, 0.6), stake)
    shares = people.stake_usdc[who & ~1] * draws.log_normal(bets.keys, 28, 2.0, 0.4)
    stake = np.where(bets.wash, shares * bets.price, stake)
    result: Floats = np.maximum(STAKE_LEAST_USDC, stake)
    return result


def _chases(
    markets: Markets, people: Population, bets: Drawn, exits: tuple[Integers, Floats, Floats]
) -> tuple[Flags, Integers]:
    """Whether a bet answers a loss, and which bet that was: the wallet's last one that was decided before its entry."""
    exit_s, part, exit_price = exits
    sold = part == 1.0
    lost = np.where(sold, exit_price < bets.price, ~bets.won) & ~bets.wash
    decided = np.where(sold, exit_s, markets.resolves_s[bets.market])
    moment = bets.wallet * _SPAN + decided
    order = np.argsort(moment, kind="stable")
    place = np.searchsorted(moment[order], bets.wallet * _SPAN + bets.entry_s) - 1
    before = order[np.maximum(place, 0)]
    chased = (place >= 0) & (bets.wallet[before] == bets.wallet) & lost[before]
    chased &= ~bets.wash & ~bets.hit & (draws.uniform(bets.keys, 29) < people.chase[bets.who])
    return chased, before
