"""Settings of the screener and of the strategy that a backtest replays."""

from typing import Annotated, Literal

from msgspec import Meta

from app.config.section import Section, Share

SentinelName = Literal["sma_20_cross", "sma_50_cross", "atr_regime", "volume_spike", "session_break"]
Weight = Annotated[float, Meta(ge=0, le=10)]
Atrs = Annotated[float, Meta(ge=0, le=100)]
BarCount = Annotated[int, Meta(ge=0, le=100_000)]


class ScreenSettings(Section, frozen=True):
    """Which bars are candidates: everything, and nothing else, that decides what a screen finds."""

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

    @property
    def screen(self) -> "ScreenSettings":
        """These alone, without what a section that holds more adds to them."""
        return ScreenSettings(**{name: getattr(self, name) for name in ScreenSettings.__struct_fields__})


class BatchModeSettings(ScreenSettings, frozen=True):
    """The screen of whole files of bars (docs/screener.md defines every feature and the score), and how a backtest uses
    its candidates."""

    candidate_window_bars: Annotated[int, Meta(ge=2, le=10_000)] = 48
    """A backtest on candidates visits so many bars around each, half of them before it; no trade depends on it."""
    full_above: Share = 0.65
    """A backtest on candidates visits every bar where windows cover a larger share of them."""


class FusionSettings(Section, frozen=True):
    """How a backtest's strategy comes to an entry (docs/screener.md defines the four domains)."""

    mode: Literal["fusion_only", "confirm", "prefilter", "advisory"] = "confirm"
    """What decides: fusion, fusion where the screen's side is the same, the screen where fusion's is, or the screen."""
    entry_threshold_confidence: Share = 0.40
    """The least confidence of fusion, 0 to 1, in the modes fusion_only and confirm."""
    structure_weight: Weight = 0.30
    """What structure counts in the sum."""
    liquidity_weight: Weight = 0.25
    """What liquidity sweeps count in the sum."""
    blocks_weight: Weight = 0.15
    """What order blocks and fair-value gaps count in the sum."""
    momentum_weight: Weight = 0.30
    """What momentum counts in the sum."""
    aligned_trends: Annotated[int, Meta(ge=0, le=3)] = 2
    """So many of the three trends (of bars, of 4 h, of days) must be on the entry's side."""


class StrategySettings(Section, frozen=True):
    """Exits, size, costs and rests of a backtest's strategy; the fee of a fill is costs.taker_fee_bps."""

    stop_atr: Annotated[float, Meta(ge=0.1, le=100)] = 2.0
    """The stop stands so many average true ranges from the entry."""
    structure_stop: bool = True
    """Whether a stop just beyond the newest swing goes before that, where the swing is 0.5 to 3 of them away."""
    partial_share: Annotated[float, Meta(ge=0, le=0.99)] = 0.5
    """The share of a position that is sold at its first target; 0: none."""
    partial_at_r: Annotated[float, Meta(ge=0, le=100)] = 1.0
    """The first target, in multiples of the distance to the stop; the stop then moves to the entry."""
    trail_atr: Atrs = 2.5
    """From the first target on the stop follows the close by so many average true ranges; 0: it stays."""
    target_at_r: Annotated[float, Meta(ge=0, le=1_000)] = 0.0
    """All that is left is sold here, in multiples of the distance to the stop; 0: never."""
    time_stop_bars: BarCount = 72
    """A position leaves after so many bars; 0: never."""
    high_stop_factor: Annotated[float, Meta(gt=0, le=10)] = 1.25
    """While volatility is high the stop stands so many times as far."""
    high_size_factor: Annotated[float, Meta(gt=0, le=10)] = 0.5
    """While volatility is high a position is so many times as large."""
    risk_share: Annotated[float, Meta(gt=0, le=1)] = 0.01
    """The share of the account that is lost at the stop, before costs."""
    leverage: Annotated[float, Meta(ge=0.1, le=100)] = 3.0
    """Notional over margin."""
    margin_cap: Annotated[float, Meta(gt=0, le=1)] = 0.5
    """A position's margin is at most this share of the account."""
    slippage_bps: Annotated[float, Meta(ge=0, le=1_000)] = 1.0
    """Every fill is so much worse than the price it is reckoned at, in basis points."""
    funding_bps_8h: Annotated[float, Meta(ge=-1_000, le=1_000)] = 1.0
    """What longs pay shorts for eight hours where no series tells the rate, in basis points of notional."""
    most_losses: BarCount = 3
    """After so many losses in a row the strategy rests; 0: never."""
    pause_bars: BarCount = 24
    """It rests for so many bars."""
    most_atr_share: Annotated[float, Meta(gt=0, le=1)] = 0.05
    """No entry while the average true range is a larger share of the price."""
    most_volatility: Annotated[float, Meta(ge=0, le=1e9)] = 0.0
    """No entry while the volatility index that --volatility names is above this; 0: no limit."""
    most_funding_bps_8h: Annotated[float, Meta(ge=0, le=1_000)] = 0.0
    """No entry whose side pays more than this for eight hours, in basis points; 0: no limit."""
