"""What wallets bet on: candidates laid over their time, thinned to those they take, with stakes and ways out.

A bet is one wallet's position in one outcome of one market. Each wallet looks at a market once at most and decides by
what it knows then, so that the results of its bets are independent given their prices. A skilled wallet with edge e
takes a bet at price p with probability c·q/p if it will win and c·(1 − q)/(1 − p) if it will lose, where
q/(1 − q) = p/(1 − p) · e/(1 − e) and c = (1 − e)/e: what it takes wins with probability q, and which prices it takes
says nothing. With e = 1/2 everything is taken and q = p.
"""

from typing import NamedTuple

import numpy as np

from app.demo.grid import Floats, Integers
from app.demo.prediction import draws, stakes
from app.demo.prediction.categories import CATEGORIES, DAY_S
from app.demo.prediction.draws import Flags, Keys
from app.demo.prediction.kinds import Kind
from app.demo.prediction.markets import FUTURE_S, MARKETS, Markets
from app.demo.prediction.population import Population

PRICE_LEAST, PRICE_MOST = 0.05, 0.95
_LONG_SHOT = 0.22
_WASH_PAST, _WASH_FUTURE, _HIT, _PAST, _FUTURE = range(5)
_SORTS = 5
# Looks a bet: some find no market, one seen before, or a price too near to certainty; the skilled pass over a third.
_LOOKS, _SKILLED_LOOKS, _MORE_LOOKS, _HIT_LOOKS = 1.8, 3.0, 12, 90
_LAST_ENTRY_S = 20


def make(markets: Markets, people: Population, wallets: Integers) -> stakes.Bets:
    """All bets of `wallets`, those after the anchor too."""
    return stakes.complete(markets, people, draw(markets, people, wallets))


def draw(markets: Markets, people: Population, wallets: Integers) -> stakes.Drawn:
    """Which bets `wallets` make, without stakes and exits: that takes half of the time."""
    runs = _runs(people, wallets, markets.anchor_s)
    looks = _one_look_a_market(_candidates(markets, people, wallets, runs))
    outcome, price = _sides(markets, people, looks)
    won = markets.yes[looks.market] == (outcome == 0)
    taken = (price >= PRICE_LEAST) & (price <= PRICE_MOST) & ((looks.sort != _HIT) | (price <= _LONG_SHOT))
    taken &= _knows(people.edge[looks.who], price, won, draws.uniform(looks.keys, 3))
    kept = np.flatnonzero(taken)
    # Runs are contiguous, so a bet's rank in its run is its position minus that of the run's first.
    rank = np.arange(len(kept)) - np.searchsorted(looks.run[kept], looks.run[kept], side="left")
    kept = kept[rank < runs.take[looks.run[kept]]]
    kept = kept[np.lexsort((looks.entry_s[kept], looks.wallet[kept]))]
    return stakes.Drawn(
        wallet=looks.wallet[kept], who=looks.who[kept], market=looks.market[kept], outcome=outcome[kept],
        keys=looks.keys[kept], entry_s=looks.entry_s[kept], price=price[kept], won=won[kept],
        wash=looks.sort[kept] <= _WASH_FUTURE, hit=looks.sort[kept] == _HIT,
    )  # fmt: skip


class _Runs(NamedTuple):
    """Runs of candidates: whose, of which sort, from which key, between which times; at most `take` become bets."""

    wallet: Integers
    sort: Integers
    keys: Keys
    begin_s: Floats
    end_s: Floats
    take: Integers
    candidates: Integers


class _Looks(NamedTuple):
    """A wallet looks at a market at a time. `run` and `sort` say why, `who` is the wallet's number."""

    run: Integers
    sort: Integers
    wallet: Integers
    who: Integers
    keys: Keys
    market: Integers
    entry_s: Integers
    found: Flags


def _runs(people: Population, wallets: Integers, anchor_s: int) -> _Runs:
    """Five runs a wallet: with its twin before and after the anchor, one long shot, its own before and after."""
    age, idle = people.age_days[wallets], people.idle_days[wallets]
    count, kind, washed = people.bets[wallets], people.kind[wallets], people.wash_part[wallets]
    later = np.minimum(count / np.maximum(1.0, age - idle) * FUTURE_S / DAY_S, 30.0 + 0.5 * count)
    later = np.where(kind == Kind.DORMANT, 0.0, later)
    hits = kind == Kind.ONE_HIT
    take = np.stack([washed * count, washed * later, hits, (1 - washed) * count, (1 - washed) * later], axis=1)
    take = np.round(take).astype(np.int64)
    needs = np.where(kind == Kind.SKILLED, _SKILLED_LOOKS, _LOOKS)[:, None]
    candidates = np.ceil(take * needs + _MORE_LOOKS * (take > 0)).astype(np.int64)
    candidates[:, _HIT] = _HIT_LOOKS * hits
    past, anchor = anchor_s - age * DAY_S, np.full(len(wallets), float(anchor_s))
    last = anchor_s - idle * DAY_S
    begin = np.stack([past, anchor, past, past, anchor], axis=1)
    end = np.stack([last, anchor + FUTURE_S, last, last, anchor + FUTURE_S], axis=1)
    sort = np.tile(np.arange(_SORTS), len(wallets))
    wallet = np.repeat(np.arange(len(wallets)), _SORTS)
    parents = np.where(sort <= _WASH_FUTURE, people.pair_keys[wallets][wallet], people.keys[wallets][wallet])
    return _Runs(
        wallet, sort, draws.derive(parents, sort), begin.ravel(), end.ravel(), take.ravel(), candidates.ravel()
    )


def _candidates(markets: Markets, people: Population, wallets: Integers, runs: _Runs) -> _Looks:
    run = np.repeat(np.arange(len(runs.wallet)), runs.candidates)
    place = np.arange(len(run)) - np.repeat(np.cumsum(runs.candidates) - runs.candidates, runs.candidates)
    keys = draws.derive(runs.keys[run], place)
    who = wallets[runs.wallet[run]]
    begin, end = runs.begin_s[run], runs.end_s[run]
    wanted = begin + (end - begin) * draws.uniform(keys, 0)
    market, found = markets.pick(_categories(people, who, keys), wanted, draws.uniform(keys, 1))
    early = markets.opens_s[market] + 0.5 * markets.life_s[market] * draws.uniform(keys, 2)
    entry = np.where(wanted >= markets.opens_s[market], wanted, early).astype(np.int64)
    found &= (entry < markets.closes_s[market] - _LAST_ENTRY_S) & (entry < end)
    return _Looks(run, runs.sort[run], runs.wallet[run], who, keys, market, entry, found)


def _categories(people: Population, who: Integers, keys: Keys) -> Integers:
    """The home category or one of the others the wallet knows, the first of them most often."""
    home, breadth = people.home[who], people.breadth[who]
    other = np.floor(breadth * draws.uniform(keys, 10) ** 1.5).astype(np.int64)
    away = (home + 1 + (people.turn[who] + other) % (len(CATEGORIES) - 1)) % len(CATEGORIES)
    result: Integers = np.where(draws.uniform(keys, 11) < people.focus[who], home, away)
    return result


def _one_look_a_market(looks: _Looks) -> _Looks:
    """The first look of each wallet at each market, whatever came of it: later ones would know more."""
    there = np.flatnonzero(looks.found)
    _, first = np.unique(looks.wallet[there] * MARKETS + looks.market[there], return_index=True)
    chosen = there[np.sort(first)]
    return _Looks._make(column[chosen] for column in looks)


def _sides(markets: Markets, people: Population, looks: _Looks) -> tuple[Integers, Floats]:
    """Which outcome is bought, and its price. A long shot is one that came off: that is what made its owner."""
    yes = markets.price(looks.market, looks.entry_s.astype(np.float64))
    wash = looks.sort <= _WASH_FUTURE
    likes = np.where(wash, 0.5, people.favourite[looks.who])
    favourite = (draws.uniform(looks.keys, 4) < likes) ^ (wash & (looks.who & 1 == 1))
    outcome = np.where(looks.sort == _HIT, ~markets.yes[looks.market], favourite ^ (yes >= 0.5)).astype(np.int64)
    price: Floats = np.where(outcome == 0, yes, 1.0 - yes).round(3)
    return outcome, price


def _knows(edge: Floats, price: Floats, won: Flags, drawn: Floats) -> Flags:
    """Whether a wallet that is right at even odds with probability `edge` takes a bet it could make."""
    odds = edge / (1.0 - edge)
    chance = price * odds / (1.0 - price + price * odds)
    result: Flags = drawn * odds < np.where(won, chance / price, (1.0 - chance) / (1.0 - price))
    return result
