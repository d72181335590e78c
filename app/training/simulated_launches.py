"""Samples of launches that the demo makes up, in the form of recorded ones: what the shipped model is trained on."""

from collections.abc import Callable, Iterable

import numpy as np

from app.demo.token_launches import DAY_S, MINUTE_S, MINUTES, Launch, launches_of_day
from app.tokens.features import Context, turnover
from app.training.pool_history import PoolHistory, ReservePath, history_of_path
from app.training.tokens_data import Sampling

FIRST_DAY = 20_000
"""The first day is 4 October 2024: days of training lie before any that a demo shows."""
TWO_HOURLY = Sampling(every_s=2 * 3_600, most_a_pool=8)
HOLDERS_UNKNOWN, LIQUIDITY_UNKNOWN = 1 / 12, 0.3
"""Shares of launches of which the simulated venues do not tell the holders, and, as those on a bonding curve, the
liquidity. A market cap is told of all."""


def simulated_days(seed: int, days: int, tell: Callable[[float], None] = lambda _: None) -> list[PoolHistory]:
    """Histories of all launches of so many days."""
    found: list[PoolHistory] = []
    for day in range(days):
        found += histories(launches_of_day(seed, FIRST_DAY + day), seed)
        tell((day + 1) / days)
    return found


def histories(launches: Iterable[Launch], seed: int) -> list[PoolHistory]:
    """Histories of launches; which of them lack a figure depends on the seed, the birth and the number."""
    return [history_of(each, np.random.default_rng([seed, each.born_s, each.number])) for each in launches]


def history_of(launch: Launch, generator: np.random.Generator) -> PoolHistory:
    """A launch as a recording would have it: an update for each minute in which something happened."""
    changed = np.diff(launch.liquidity_usd, prepend=0.0) != 0
    minutes = np.flatnonzero((launch.buys + launch.sells > 0) | changed)
    # A minute's figures are known when it has ended.
    path = ReservePath(
        (launch.born_s + (minutes + 1) * MINUTE_S - 1).astype(np.int64),
        launch.price[minutes],
        launch.volume_usd[minutes],
        launch.liquidity_usd[minutes],
    )
    name = f"simulated {launch.born_s} {launch.number}"
    history = history_of_path(name, f"simulated {launch.kind}", path, launch.born_s + MINUTES * MINUTE_S)
    knows_holders, knows_liquidity = generator.random() > HOLDERS_UNKNOWN, generator.random() > LIQUIDITY_UNKNOWN
    told = _told(launch, knows_holders=knows_holders, knows_liquidity=knows_liquidity)
    return history._replace(born_s=launch.born_s, told=told)


def _told(launch: Launch, *, knows_holders: bool, knows_liquidity: bool) -> Callable[[int], Context]:
    """What venues tell of a launch at a moment: of minutes that had ended by then."""

    def context(at_s: int) -> Context:
        """What is told at `at_s`, epoch seconds; of a launch whose first minute has not ended, its age alone."""
        ended = min(max((at_s - launch.born_s) // MINUTE_S, 0), MINUTES)
        if not ended:
            return Context(age_s=float(at_s - launch.born_s))
        last, day, hour = ended - 1, max(0, ended - DAY_S // MINUTE_S), max(0, ended - 60)
        volume = float(launch.volume_usd[day:ended].sum())
        liquidity = float(launch.liquidity_usd[last]) if knows_liquidity else None
        return Context(
            liquidity_usd=liquidity,
            market_cap_usd=float(launch.diluted_value_usd[last]),
            holders=float(launch.holders[last]) if knows_holders else None,
            age_s=float(at_s - launch.born_s),
            volume_24h_usd=volume,
            trades_1h=float(launch.buys[hour:ended].sum() + launch.sells[hour:ended].sum()),
            turnover=turnover(volume, liquidity),
        )

    return context
