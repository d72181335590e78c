"""Kinds of wallets and what they do on the median; every wallet draws its own habits around that.

The kinds overlap on purpose: each habit is drawn for every wallet from distributions that reach into each other, so a
kind is a tendency and never a mark. The numbers were chosen for plausibility and stand, with reasons, in
docs/demo-wallets.md.
"""

from enum import IntEnum
from typing import NamedTuple


class Kind(IntEnum):
    """What a wallet is in truth. Known to tests, never to the wire."""

    SKILLED = 0
    UNSKILLED = 1
    GENERALIST = 2
    MARTINGALE = 3
    MARKET_MAKER = 4
    WASH = 5
    ONE_HIT = 6
    TOO_NEW = 7
    DORMANT = 8
    VIRAL = 9
    TOO_FAST = 10


class Spread(NamedTuple):
    """A distribution by its median and the standard deviation of the logarithm (or, of a share, of the log odds)."""

    centre: float
    width: float


class Habits(NamedTuple):
    """What one kind tends to do. Shares are parts of its bets.

    `bets` made up to the anchor; `focus` on one category and `breadth` more of them; `chase` raises the stake after a
    loss; `scalp` is out within a minute, `quick` within hours, `early` before the end; `merge` are exits by buying the
    other outcome and merging; `maker` are fills that rested in the book; `stake_usdc` a bet; `age_days` since the
    wallet began and `idle_days` since it last did anything; `views` of its profile.
    """

    bets: Spread = Spread(70.0, 1.0)
    focus: Spread = Spread(0.66, 0.9)
    breadth: int = 4
    chase: Spread = Spread(0.09, 0.8)
    scalp: Spread = Spread(0.02, 1.0)
    quick: Spread = Spread(0.10, 1.0)
    early: Spread = Spread(0.22, 0.8)
    merge: Spread = Spread(0.03, 0.9)
    maker: Spread = Spread(0.33, 0.9)
    stake_usdc: Spread = Spread(60.0, 1.3)
    age_days: Spread = Spread(190.0, 0.9)
    idle_days: Spread = Spread(4.0, 1.4)
    views: Spread = Spread(300.0, 1.6)
    known: float = 0.03


SHARES = {
    Kind.SKILLED: 0.03,
    Kind.UNSKILLED: 0.47,
    Kind.GENERALIST: 0.15,
    Kind.MARTINGALE: 0.07,
    Kind.MARKET_MAKER: 0.04,
    Kind.WASH: 0.04,
    Kind.ONE_HIT: 0.04,
    Kind.TOO_NEW: 0.06,
    Kind.DORMANT: 0.05,
    Kind.VIRAL: 0.02,
    Kind.TOO_FAST: 0.03,
}
HABITS = {
    Kind.SKILLED: Habits(focus=Spread(0.80, 0.8)),
    Kind.UNSKILLED: Habits(bets=Spread(60.0, 1.2), focus=Spread(0.80, 0.8)),
    Kind.GENERALIST: Habits(focus=Spread(0.30, 0.6), breadth=9),
    Kind.MARTINGALE: Habits(chase=Spread(0.50, 0.7)),
    Kind.MARKET_MAKER: Habits(
        bets=Spread(150.0, 0.7),
        scalp=Spread(0.08, 0.9),
        quick=Spread(0.68, 0.7),
        merge=Spread(0.08, 0.8),
        maker=Spread(0.82, 0.8),
        stake_usdc=Spread(150.0, 1.0),
    ),
    Kind.WASH: Habits(quick=Spread(0.15, 1.0), maker=Spread(0.45, 0.9)),
    Kind.ONE_HIT: Habits(bets=Spread(30.0, 0.9)),
    Kind.TOO_NEW: Habits(bets=Spread(15.0, 0.8), age_days=Spread(20.0, 0.8), idle_days=Spread(1.5, 1.0)),
    Kind.DORMANT: Habits(idle_days=Spread(75.0, 0.6), age_days=Spread(260.0, 0.4)),
    Kind.VIRAL: Habits(bets=Spread(150.0, 0.8), stake_usdc=Spread(700.0, 1.1), views=Spread(12_000.0, 1.6), known=0.45),
    Kind.TOO_FAST: Habits(bets=Spread(140.0, 0.9), scalp=Spread(0.62, 0.7), quick=Spread(0.12, 0.9)),
}
# A skilled wallet's chance of being right at even odds, and how many bets its record holds.
EDGE_LEAST, EDGE_MOST = 0.55, 0.62
SKILLED_BETS_LEAST, SKILLED_BETS_MOST = 50, 800
BETS_LEAST, BETS_MOST = 3, 1_000
STAKE_LEAST_USDC = 2.0
# Wash trading: the part of a pair's bets that it makes with itself.
WASH_PART = Spread(0.60, 0.6)
