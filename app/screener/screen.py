"""The screen: which bars are candidates for an entry, by what was known at their close."""

import hashlib
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.config.screener_settings import ScreenSettings, SentinelName
from app.core.errors import DataError
from app.screener import columns
from app.screener.bars import HOUR_MS, Bars, moment_text
from app.screener.columns import Thresholds
from app.screener.features import FeatureRow, Features, features_of

FLAGS: dict[SentinelName, int] = {
    "sma_20_cross": columns.SMA_20_CROSS,
    "sma_50_cross": columns.SMA_50_CROSS,
    "atr_regime": columns.ATR_REGIME,
    "volume_spike": columns.VOLUME_SPIKE,
    "session_break": columns.SESSION_BREAK,
}
"""The flag of each sentinel in `Features.sentinels`."""


class Candidate(msgspec.Struct, frozen=True):
    """A bar that passed: when it opened (ISO 8601, UTC), `long` or `short`, the score (0 to 1), and what struck."""

    timestamp: str
    side: str
    score: float
    reason: str


class Screened(NamedTuple):
    """Bars with their features; `passed` marks the candidates; that at place `first` is the first that was asked for.

    Bars before `first` only warm the features up and never pass.
    """

    bars: Bars
    features: Features
    passed: NDArray[np.bool_]
    first: int

    @property
    def length(self) -> int:
        """How many bars were asked for."""
        return self.bars.length - self.first

    @property
    def share(self) -> float:
        """The share of candidates among the bars that were asked for, 0 to 1."""
        return float(np.count_nonzero(self.passed)) / self.length

    @property
    def unknown(self) -> int:
        """How many of the bars that were asked for have no score, because too few came before them."""
        return int(np.count_nonzero(np.isnan(self.features.score[self.first :])))


def thresholds_of(settings: ScreenSettings, interval_ms: int) -> Thresholds:
    """What the passes over bars of `interval_ms` are told of the settings."""
    return Thresholds(
        interval_ms=float(interval_ms),
        session_gap_ms=settings.session_gap_h * HOUR_MS,
        high_rank=settings.atr_percentile,
        volume_sigma=settings.volume_sigma,
    )


def screen(bars: Bars, settings: ScreenSettings, start_ms: int, end_ms: int) -> Screened:
    """Screen the bars that opened from `start_ms` to `end_ms`, those before warming up.

    Raises `DataError` where no bar opened between, or more are missing than the settings allow.
    """
    bars = bars.until(end_ms)
    first = int(np.searchsorted(bars.times, start_ms))
    if first == bars.length:
        raise DataError(
            f"{bars.name} holds no bar from {moment_text(start_ms)} on, its last is of "
            f"{moment_text(int(bars.times[-1]))}; name another span"
        )
    if bars.missing_share > settings.maximum_missing:
        raise DataError(
            f"{bars.name}: {bars.missing:,} of {bars.missing + bars.length:,} bars are missing, more than "
            f"batch_mode.maximum_missing = {settings.maximum_missing:g} allows; give bars with fewer holes, or raise it"
        )
    features = features_of(bars, thresholds_of(settings, bars.interval_ms))
    passed = passing(features, settings)
    passed[:first] = False
    return Screened(bars, features, passed, first)


def passing(features: Features, settings: ScreenSettings) -> NDArray[np.bool_]:
    """For each bar whether it is a candidate: a sentinel struck, the score is high enough, and most trends agree."""
    struck = (features.sentinels & _wanted(settings)) != 0
    passed: NDArray[np.bool_] = struck & (features.score >= settings.minimum_score) & (features.side != 0)
    return passed


def passes(row: FeatureRow, settings: ScreenSettings) -> bool:
    """`passing` for one bar."""
    return row.sentinels & _wanted(settings) != 0 and row.score >= settings.minimum_score and row.side != 0


def candidates(screened: Screened, settings: ScreenSettings) -> list[Candidate]:
    """The candidates, oldest first."""
    return [_candidate(screened, place, settings) for place in np.flatnonzero(screened.passed).tolist()]


def settings_sha256(settings: ScreenSettings) -> str:
    """A hash of the settings: the same for all files and flags that give the same values."""
    return hashlib.sha256(msgspec.json.encode(settings.screen, order="sorted")).hexdigest()


def _wanted(settings: ScreenSettings) -> int:
    return sum(FLAGS[name] for name in set(settings.sentinels))


def _candidate(screened: Screened, place: int, settings: ScreenSettings) -> Candidate:
    bars, features = screened.bars, screened.features
    before = max(place - 1, 0)
    struck = Struck(
        flags=int(features.sentinels[place]),
        close=float(bars.closes[place]),
        volume=float(bars.volumes[place]),
        sma_20=float(features.sma_20[place]),
        sma_50=float(features.sma_50[place]),
        atr_rank=float(features.atr_rank[place]),
        usual_volume=float(features.volume_mean[before]),
        missing_ms=int(bars.times[place] - bars.times[before]) - bars.interval_ms,
    )
    return candidate(int(bars.times[place]), int(features.side[place]), float(features.score[place]), struck, settings)


class Struck(NamedTuple):
    """What the words about a bar are made of: its flags, its close and volume, features, the mean volume of the bars
    before it, and how long there was no bar before it (ms)."""

    flags: int
    close: float
    volume: float
    sma_20: float
    sma_50: float
    atr_rank: float
    usual_volume: float
    missing_ms: int


def candidate(time_ms: int, side: int, score: float, struck: Struck, settings: ScreenSettings) -> Candidate:
    """What is written down of a bar that passed."""
    return Candidate(
        timestamp=moment_text(time_ms),
        side="long" if side > 0 else "short",
        score=round(score, 6),
        reason="; ".join(_reasons(struck, struck.flags & _wanted(settings))),
    )


def _reasons(struck: Struck, flags: int) -> list[str]:
    """What struck, in words."""
    reasons = []
    for flag, name, mean in (
        (columns.SMA_20_CROSS, "SMA 20", struck.sma_20),
        (columns.SMA_50_CROSS, "SMA 50", struck.sma_50),
    ):
        if flags & flag:
            reasons.append(f"close crossed {'above' if struck.close > mean else 'below'} {name}")
    if flags & columns.ATR_REGIME:
        reasons.append(f"ATR regime changed (above {struck.atr_rank:.0%} of its last {columns.RANKED})")
    if flags & columns.VOLUME_SPIKE:
        usual = struck.usual_volume
        reasons.append(f"volume spike ({struck.volume / usual:.1f}x its mean)" if usual > 0 else "volume spike")
    if flags & columns.SESSION_BREAK:
        reasons.append(f"session break ({struck.missing_ms / HOUR_MS:g} h without a bar)")
    return reasons
