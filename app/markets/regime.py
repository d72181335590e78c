"""The regime a market is in, hour by hour, by the nearest of six centroids; and how a trader did in such hours.

Everything is a function of the bars that were shown; nothing here reads a clock or a file.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from app.markets.hourly_bars import HOUR_MS, HourlyBars
from app.markets.regime_features import features
from app.markets.regime_model import REGIMES, RegimeModel, misnamed
from app.measures.returns import Floats

CONFIRMED_AFTER = 3
"""Another regime takes over when it has led for so many hours in a row."""
SURE_AT = 0.8
"""Or at once, when it leads with this probability."""
STALE_MS = 3 * HOUR_MS
"""When the newest hour ended longer ago, the regime is unknown."""
LONGEST_GAP_HOURS = 24
"""After so many hours without a regime one begins anew."""
HISTORY_HOURS = 90 * 24


class RegimeState(msgspec.Struct, frozen=True, kw_only=True):
    """The regime of one market. `regime` is one of `REGIMES`, None while it is unknown; `why` says why.

    `since_ms` is when it took over, `at_ms` the end of the newest hour it rests on. `since_at_least`: it was in force
    already when the data begins, so that it is at least so old. `probability` (0-1) is the newest hour's.
    `multiplier` (0-1) is how much of the regime enters the weights of traders: 0 when it is no more probable than any
    of six, 1 when it is certain.
    """

    coin: str
    regime: str | None = None
    why: str = ""
    since_ms: int | None = None
    since_at_least: bool = False
    at_ms: int | None = None
    probability: float | None = None
    multiplier: float = 0.0

    def age_ms(self, now_ms: int) -> int | None:
        """How long it has been in force; None while it is unknown."""
        return None if self.since_ms is None else max(0, now_ms - self.since_ms)


class RegimeHour(NamedTuple):
    """The regime in force at the end of one hour, and how probable that hour makes it."""

    end_ms: int
    regime: int
    probability: float


class Hysteresis:
    """Keeps a regime until another has led for `CONFIRMED_AFTER` hours, or leads with `SURE_AT`. Pure."""

    def __init__(self) -> None:
        self.current: int | None = None
        self._leader: int | None = None
        self._led = 0
        self._unknown = 0

    def step(self, probabilities: Floats) -> int | None:
        """One hour's probabilities (or NaN) → the regime in force, an index of `REGIMES`; None while unknown."""
        if np.isnan(probabilities).any():
            return self._without_news()
        self._unknown = 0
        leader = int(probabilities.argmax())
        self._led = self._led + 1 if leader == self._leader else 1
        self._leader = leader
        if self.current is None or self._led >= CONFIRMED_AFTER or probabilities[leader] >= SURE_AT:
            self.current = leader
        return self.current

    def _without_news(self) -> int | None:
        self._leader, self._led = None, 0
        self._unknown += 1
        if self._unknown >= LONGEST_GAP_HOURS:
            self.current = None
        return self.current


def regime_hours(model: RegimeModel, bars: HourlyBars) -> Iterator[RegimeHour]:
    """The regime at the end of each hour that has one, oldest first, beginning with none in force."""
    hysteresis = Hysteresis()
    for end_ms, row in zip(bars.open_ms + HOUR_MS, model.probabilities(features(bars)), strict=True):
        regime = hysteresis.step(row)
        if regime is not None and not np.isnan(row).any():
            yield RegimeHour(int(end_ms), regime, float(row[regime]))


class RegimeTracker:
    """The regime of one market while a program runs. Without a model, or with one whose names do not hold, unknown."""

    def __init__(self, coin: str, model: RegimeModel | None) -> None:
        self.coin = coin
        self._why = _unusable(model)
        self._model = None if self._why else model
        self._hysteresis = Hysteresis()
        self._hours: list[RegimeHour] = []
        self._seen_ms = 0
        self._since_ms: int | None = None
        self._began_ms: int | None = None

    def look(self, bars: HourlyBars) -> None:
        """Take the hours of `bars` that are newer than those seen; only whole hours may be shown.

        Bars must reach back as far as the windows of the features do, or the new hours have no regime.
        """
        if self._model is None or not bars.hours:
            return
        ends = bars.open_ms + HOUR_MS
        if int(ends[-1]) <= self._seen_ms:
            return
        shares = self._model.probabilities(features(bars))
        for place in np.flatnonzero(ends > self._seen_ms):
            self._step(int(ends[place]), shares[place])
        del self._hours[:-HISTORY_HOURS]

    def _step(self, end_ms: int, row: Floats) -> None:
        before = self._hysteresis.current
        regime = self._hysteresis.step(row)
        self._seen_ms = end_ms
        if regime is None:
            self._since_ms = self._began_ms = None
            return
        if regime != before:
            self._since_ms = end_ms
            self._began_ms = end_ms if before is None else self._began_ms
        if not np.isnan(row).any():
            self._hours.append(RegimeHour(end_ms, regime, float(row[regime])))

    def history(self) -> Sequence[RegimeHour]:
        """The hours that have a regime, oldest first, at most `HISTORY_HOURS`."""
        return self._hours

    def state(self, now_ms: int) -> RegimeState:
        """The regime as it stands at `now_ms`."""
        if self._why:
            return RegimeState(coin=self.coin, why=self._why)
        if self._hysteresis.current is None or not self._hours:
            return RegimeState(coin=self.coin, why="too few hours are known")
        newest = self._hours[-1]
        if now_ms - newest.end_ms > STALE_MS:
            return RegimeState(coin=self.coin, why="its newest hour is too old", at_ms=newest.end_ms)
        return RegimeState(
            coin=self.coin,
            regime=REGIMES[newest.regime],
            since_ms=self._since_ms,
            since_at_least=self._since_ms == self._began_ms,
            at_ms=newest.end_ms,
            probability=newest.probability,
            multiplier=multiplier_of(newest.probability),
        )


def _unusable(model: RegimeModel | None) -> str:
    """Why a model tells no regime; empty for one that does. A name that belies itself must not be shown."""
    if model is None:
        return "no model: tapedeck train regime"
    return "the model's names do not hold: tapedeck train regime with more bars" if misnamed(model) else ""


def multiplier_of(probability: float) -> float:
    """0 for a regime that is no more probable than any of six, 1 for a certain one, straight in between."""
    chance = 1 / len(REGIMES)
    return min(1.0, max(0.0, (probability - chance) / (1 - chance)))
