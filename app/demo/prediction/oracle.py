"""The best that can be said of a wallet's skill by whoever knows how the simulator works: a likelihood-ratio oracle.

Given its price, the result of a bet depends on the wallet's edge alone, so the record is sufficient: for edge e a bet
at price p is won with probability q, q/(1 − q) = p/(1 − p) · e/(1 − e), against p for whoever knows nothing. Edges of
the skilled are uniform from 0.55 to 0.62; the likelihood ratio is the mean over them, a prior makes it a posterior.
"""

from typing import NamedTuple

import numpy as np

from app.demo.grid import Floats, Integers
from app.demo.prediction import bets as betting
from app.demo.prediction.draws import Flags, sigmoid
from app.demo.prediction.kinds import EDGE_LEAST, EDGE_MOST, SHARES, Kind
from app.demo.prediction.world import World

_EDGES = 16
_CHUNK = 512
_BETS_CLASSES = (0, 10, 20, 35, 50, 75, 110, 160, 240, 350, 500, 1 << 30)


class Record(NamedTuple):
    """Resolved bets: whose (a position in the array of wallets asked for), at which price, and whether they won."""

    wallet: Integers
    price: Floats
    won: Flags


class Choice(NamedTuple):
    """What a threshold on some score gives: how many wallets, how many of them skilled, and the two rates."""

    threshold: float
    chosen: int
    skilled: int
    recall: float
    false_discovery: float


def record(world: World, wallets: Integers, now_s: int) -> Record:
    """All bets of some wallets whose markets have resolved by now, sold before or not."""
    made = betting.make(world.markets, world.people, wallets)
    known = (world.markets.resolves_s[made.market] <= now_s) & (made.entry_s <= now_s)
    return Record(made.wallet[known], made.price[known], made.won[known])


def log_likelihood_ratios(seen: Record, count: int) -> Floats:
    """Log likelihood ratio of "skilled" against "knows nothing" for each of `count` wallets."""
    edges = EDGE_LEAST + (EDGE_MOST - EDGE_LEAST) * (np.arange(_EDGES) + 0.5) / _EDGES
    lines = np.empty((_EDGES, count))
    for place, edge in enumerate(edges):
        odds = edge / (1.0 - edge)
        # q/p if won, (1 − q)/(1 − p) if lost.
        ratio = np.where(seen.won, odds, 1.0) / (1.0 - seen.price + seen.price * odds)
        lines[place] = np.bincount(seen.wallet, np.log(ratio), count)
    top = lines.max(axis=0)
    result: Floats = top + np.log(np.exp(lines - top).mean(axis=0))
    return result


def posteriors(ratios: Floats, prior: Floats | float = SHARES[Kind.SKILLED]) -> Floats:
    """Probability of "skilled" from log likelihood ratios and a prior probability (one, or one for each)."""
    odds = np.asarray(prior) / (1.0 - np.asarray(prior))
    with np.errstate(divide="ignore"):
        return sigmoid(ratios + np.log(odds))


def judge(world: World, now_s: int) -> tuple[Floats, Integers]:
    """Log likelihood ratio and number of resolved bets of every wallet."""
    total = world.people.count
    ratios, counts = np.zeros(total), np.zeros(total, dtype=np.int64)
    for begin in range(0, total, _CHUNK):
        wallets = np.arange(begin, min(begin + _CHUNK, total))
        seen = record(world, wallets, now_s)
        ratios[wallets] = log_likelihood_ratios(seen, len(wallets))
        counts[wallets] = np.bincount(seen.wallet, minlength=len(wallets))
    return ratios, counts


def prior_by_count(counts: Integers, skilled: Flags, among: Flags) -> Floats:
    """Share of the skilled among wallets with about as many bets: a prior for an oracle that knows this, too.

    `among` are the wallets that come into question (who sees structure leaves the others out); the rest get 0.
    """
    place = np.searchsorted(_BETS_CLASSES, counts, side="right") - 1
    every = np.bincount(place[among], minlength=len(_BETS_CLASSES))
    good = np.bincount(place[among & skilled], minlength=len(_BETS_CLASSES))
    share = np.minimum(good / np.maximum(1, every), 1.0 - 1e-9)
    result: Floats = np.where(among, share[place], 0.0)
    return result


def choose(scores: Floats, skilled: Flags, threshold: float) -> Choice:
    """Recall and false-discovery rate of taking every wallet whose score is at least `threshold`."""
    taken = scores >= threshold
    chosen, right = int(taken.sum()), int((taken & skilled).sum())
    return Choice(threshold, chosen, right, right / max(1, int(skilled.sum())), 1.0 - right / max(1, chosen))
