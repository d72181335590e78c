"""Launches of new tokens, made up: pools of labelled kinds with a price, liquidity and trades minute by minute.

A pool is a constant product, as automated venues have it: what buyers pay goes in and moves the price. Everything is
drawn from a seed and the number of the day, so a day is the same whoever asks for it and when. Figures are dollars,
times are epoch seconds. The parameters were set by hand, from what recordings look like, before any model saw a launch;
they claim nothing of how often real tokens do this.
"""

from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Kind = Literal["organic", "pump and dump", "slow rug", "liquidity pull", "dead on arrival"]

KINDS: Final[dict[Kind, float]] = {
    "organic": 0.18, "pump and dump": 0.22, "slow rug": 0.15, "liquidity pull": 0.20, "dead on arrival": 0.25,
}  # fmt: skip
"""Kinds and their shares of a day's launches."""
LAUNCHES_A_DAY: Final = 320
DAY_S, MINUTE_S = 86_400, 60
MINUTES: Final = 3 * 24 * 60
"""A launch is told for three days."""
FEE: Final = 0.0025
"""Share of each trade that stays in the pool."""
_SUPPLY: Final = 1e9


class Launch(NamedTuple):
    """One pool. All arrays have one value a minute, from the minute it was born in: the price after its trades, dollars
    on both sides, dollars traded, how many bought and sold, and how many accounts hold the token."""

    kind: Kind
    number: int
    born_s: int
    price: Floats
    liquidity_usd: Floats
    volume_usd: Floats
    buys: Integers
    sells: Integers
    holders: Integers

    @property
    def diluted_value_usd(self) -> Floats:
        """All tokens at the price, minute by minute."""
        return self.price * _SUPPLY


class _Plan(NamedTuple):
    """What makes a launch of its kind: trades expected in each minute, the share of them that buy, the mean dollars of
    one against the pool's, and the minute in which liquidity is taken out (none: −1) with the share that stays."""

    trades: Floats
    buying: Floats
    size: float
    pulled_at: int
    stays: float


class Birth(NamedTuple):
    """When a launch of a kind comes; `number` counts those of its day."""

    number: int
    kind: Kind
    born_s: int


def births_of_day(seed: int, day: int, count: int = LAUNCHES_A_DAY) -> list[Birth]:
    """What is launched on the day `day` since 1970, in order of birth."""
    generator = np.random.default_rng([seed, day])
    born = np.sort(generator.integers(0, DAY_S, count)) + day * DAY_S
    kinds = generator.choice(len(KINDS), size=count, p=list(KINDS.values()))
    names = list(KINDS)
    return [Birth(number, names[kinds[number]], int(born[number])) for number in range(count)]


def launches_of_day(seed: int, day: int, count: int = LAUNCHES_A_DAY) -> list[Launch]:
    """The launches of the day `day` since 1970, in order of birth."""
    return [launch(seed, day, *birth) for birth in births_of_day(seed, day, count)]


def launch(seed: int, day: int, number: int, kind: Kind, born_s: int) -> Launch:
    """One launch of a kind: what comes of it depends on the seed, the day and its number alone."""
    generator = np.random.default_rng([seed, day, number])
    minute = np.arange(MINUTES, dtype=np.float64)
    plan = _PLANS[kind](generator, minute)
    buys = generator.poisson(np.clip(plan.trades * plan.buying, 0, 200))
    sells = generator.poisson(np.clip(plan.trades * (1 - plan.buying), 0, 200))
    noise = generator.lognormal(0.0, 0.5, (2, MINUTES))
    paid, taken = buys * plan.size * noise[0], sells * plan.size * noise[1]
    side, price, volume = _traded(float(generator.lognormal(9.2, 0.6)), paid, taken, plan)
    holders = 1 + np.cumsum(buys * 0.6).astype(np.int64)
    left = np.minimum(np.cumsum(sells * 0.35).astype(np.int64), holders - 1)
    return Launch(
        kind, number, born_s, price, 2 * side, volume, buys.astype(np.int64), sells.astype(np.int64), holders - left
    )


def _traded(first_side: float, paid: Floats, taken: Floats, plan: _Plan) -> tuple[Floats, Floats, Floats]:
    """Dollars on one side of the pool, price and dollars traded after each minute.

    `paid` and `taken` are shares of the pool's dollars. With x dollars against y tokens and x · y kept, a move of the
    dollars by a factor f moves the price by f²; no minute takes more than four fifths of what is there.
    """
    bought, sold = np.minimum(paid, 4.0), np.minimum(taken, 0.8)
    steps = np.log1p(bought) + np.log1p(-sold) + FEE * (bought + sold) / 2
    side = first_side * np.exp(np.clip(np.cumsum(steps), -25, 12))
    tokens_moved = np.cumsum(np.log1p(bought) + np.log1p(-sold))
    price = first_side * 2e-9 * np.exp(2 * np.clip(tokens_moved, -25, 12))
    volume = (bought + sold) * np.concatenate([[first_side], side[:-1]])
    if plan.pulled_at >= 0:
        gone = slice(plan.pulled_at, None)
        side[gone] *= plan.stays
        volume[gone] *= plan.stays
    return side, price, volume


def _fading(generator: np.random.Generator, minute: Floats, first: float, half_life_min: float) -> Floats:
    """Trades a minute that fade, in bursts: busy quarters of an hour and quiet ones."""
    bursts = np.repeat(generator.lognormal(-0.5, 1.0, len(minute) // 15 + 1), 15)[: len(minute)]
    return first * 0.5 ** (minute / half_life_min) * bursts


def _organic(generator: np.random.Generator, minute: Floats) -> _Plan:
    first, half_life = generator.lognormal(0.8, 0.7), generator.lognormal(6.6, 0.7)
    mood = np.repeat(0.5 + 0.06 * generator.standard_normal(len(minute) // 60 + 1), 60)[: len(minute)]
    trades = _fading(generator, minute, first, half_life) + generator.lognormal(-3.0, 0.8)
    return _Plan(trades, np.clip(mood + 0.01, 0.2, 0.8), generator.uniform(0.002, 0.008), -1, 1.0)


def _pump_and_dump(generator: np.random.Generator, minute: Floats) -> _Plan:
    top = generator.lognormal(4.9, 0.6)
    end = top + generator.uniform(5, 45)
    pace = generator.uniform(2, 8)
    trades = np.where(minute < top, pace, np.where(minute < end, 4 * pace, 0.05))
    buying = np.where(minute < top, generator.uniform(0.58, 0.70), np.where(minute < end, 0.02, 0.4))
    return _Plan(trades, buying, generator.uniform(0.004, 0.012), -1, 1.0)


def _slow_rug(generator: np.random.Generator, minute: Floats) -> _Plan:
    turn, life = generator.lognormal(5.3, 0.6), generator.uniform(360, 1_500)
    trades = _fading(generator, minute, generator.lognormal(0.6, 0.5), 900) + 0.15
    buying = np.where(minute < turn, generator.uniform(0.52, 0.58), generator.uniform(0.28, 0.40))
    return _Plan(np.where(minute < turn + life, trades, 0.02), buying, generator.uniform(0.004, 0.010), -1, 1.0)


def _liquidity_pull(generator: np.random.Generator, minute: Floats) -> _Plan:
    pulled = int(np.clip(generator.lognormal(5.6, 1.0), 8, MINUTES - 1))
    trades = _fading(generator, minute, generator.lognormal(0.5, 0.8), generator.lognormal(6.0, 0.7))
    after = np.where(minute < pulled, trades + 0.05, 0.003)
    return _Plan(after, np.full(len(minute), generator.uniform(0.50, 0.60)), generator.uniform(0.002, 0.009), pulled,
                 generator.uniform(0.0005, 0.03))  # fmt: skip


def _dead_on_arrival(generator: np.random.Generator, minute: Floats) -> _Plan:
    alive = generator.uniform(3, 90)
    trades = np.where(minute < alive, generator.lognormal(-1.0, 0.7), generator.uniform(0.0, 0.006))
    return _Plan(trades, np.full(len(minute), generator.uniform(0.40, 0.55)), generator.uniform(0.002, 0.010), -1, 1.0)


_PLANS = {
    "organic": _organic,
    "pump and dump": _pump_and_dump,
    "slow rug": _slow_rug,
    "liquidity pull": _liquidity_pull,
    "dead on arrival": _dead_on_arrival,
}
