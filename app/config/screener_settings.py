"""Settings of the screener: which bars are candidates."""

from typing import Annotated, Literal

from msgspec import Meta

from app.config.section import Section, Share

SentinelName = Literal["sma_20_cross", "sma_50_cross", "atr_regime", "volume_spike", "session_break"]


class BatchModeSettings(Section, frozen=True):
    """The screen of whole files of bars (docs/screener.md defines every feature and the score)."""

    sentinels: Annotated[tuple[SentinelName, ...], Meta(min_length=1, max_length=5)] = (
        "sma_20_cross", "sma_50_cross", "atr_regime", "volume_spike", "session_break",
    )  # fmt: skip
    """A bar is looked at only where one of these struck."""
    minimum_score: Share = 0.75
    """A bar with a smaller proto-fusion score is no candidate."""
    atr_percentile: Annotated[float, Meta(gt=0, le=1)] = 0.80
    """Volatility is high while the average true range is above this share of its last 100 values."""
    volume_sigma: Annotated[float, Meta(ge=0, le=20)] = 2.0
    """Volume spikes so many deviations above the mean of the 20 bars before."""
    session_gap_h: Annotated[float, Meta(ge=0, le=168)] = 2.0
    """More hours without a bar are a break of the session."""
    maximum_missing: Share = 0.10
    """A file with a larger share of missing bars is refused."""
