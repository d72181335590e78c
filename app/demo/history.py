"""The record of one account: equity, result and volume from its first day to now."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from app.demo.bars import DAY_MINUTES, MINUTE_MS
from app.demo.grid import Floats, Integers
from app.demo.habits import PERIOD_MS, Habits
from app.demo.past import HISTORY_DAYS
from app.demo.traders import Sample
from app.demo.wealth import Flags

DAY_MS = DAY_MINUTES * MINUTE_MS
OLDEST_DAYS = (60, 500)
OLD_EDGE, OLD_COST = 0.25, -0.01
"""Mean daily result before those 30 days, in standard deviations, of informed accounts and of all others."""
LEAST_EQUITY, MOST_EQUITY = 0.3, 2.5
REFILLED = (0.6, 1.2)
_RECORD = 32
_PERIODS_A_DAY = DAY_MS // PERIOD_MS


class Record(NamedTuple):
    """Points in time, oldest first: equity, cumulative result and cumulative volume in USD, both 0 at the start."""

    at_ms: Integers
    equity_usd: Floats
    made_usd: Floats
    volume_usd: Floats

    def window(self, start_ms: int) -> "Record":
        """The points from the last one at or before `start_ms` on; all of them when there is none."""
        first = max(0, int(self.at_ms.searchsorted(start_ms, side="right")) - 1)
        return self._chosen(slice(first, None))

    def spaced(self, spacing_ms: int) -> "Record":
        """The first point of each stretch of `spacing_ms`, and the last point."""
        stretch = (self.at_ms - self.at_ms[0]) // spacing_ms
        kept = np.diff(stretch, prepend=-1) > 0
        kept[-1] = True
        return self._chosen(kept)

    def _chosen(self, which: slice | Flags) -> "Record":
        return Record(self.at_ms[which], self.equity_usd[which], self.made_usd[which], self.volume_usd[which])


def record(habits: Habits, life: Sequence[Sample], account: int) -> Record:
    """The record of an account: its past, and `life` since the start (`Traders.life`)."""
    past = _past(habits, account)
    return Record(
        np.append(past.at_ms, [sample.at_ms for sample in life]),
        np.append(past.equity_usd, [sample.equity_usd[account] for sample in life]),
        np.append(past.made_usd, [sample.made_usd[account] for sample in life]),
        np.append(past.volume_usd, [sample.volume_usd[account] for sample in life]),
    )


def _past(habits: Habits, account: int) -> Record:
    """The points before the start: days at first, then periods of two hours."""
    rng = np.random.default_rng([habits.seed, _RECORD, account])
    held = habits.of(account)
    lot = habits.lot[held.coins]
    results, volume = held.results_usd(lot), held.volume_usd(lot)
    days = int(rng.integers(*OLDEST_DAYS)) - HISTORY_DAYS
    whole_days = results[len(results) % _PERIODS_A_DAY :].reshape(-1, _PERIODS_A_DAY)
    spread = float(whole_days.sum(axis=1).std())
    edge = OLD_EDGE if habits.wealth.informed[account] else OLD_COST
    older = spread * (edge + rng.standard_normal(days))
    older_volume = rng.gamma(2.0, 0.5, days) * float(volume.sum()) / HISTORY_DAYS
    made = np.concatenate([older, results])
    times = np.concatenate([habits.ends_ms[0] - DAY_MS * np.arange(days, 0, -1), habits.ends_ms])
    equity = _equity_before(made, float(habits.opening.equity_usd[account]), rng)
    return Record(times, equity, _until_now(made), _until_now(np.concatenate([older_volume, volume])))


def _until_now(steps: Floats) -> Floats:
    """Cumulative values at the points around the steps, 0 at the last point."""
    sums = np.concatenate([[0.0], np.cumsum(steps)])
    result: Floats = sums - sums[-1]
    return result


def _equity_before(made: Floats, equity_now: float, rng: np.random.Generator) -> Floats:
    """Equity at the points around the steps that made so much: who won took money out, who lost brought more in."""
    chances = rng.uniform(*REFILLED, len(made)).tolist()
    path, equity = [equity_now], equity_now
    for made_usd, chance in zip(reversed(made.tolist()), reversed(chances), strict=True):
        equity -= made_usd
        if not LEAST_EQUITY * equity_now < equity < MOST_EQUITY * equity_now:
            equity = chance * equity_now
        path.append(equity)
    result: Floats = np.array(path[::-1])
    return result
