"""Settings of new tokens: the model's workers, and what is made of what it says."""

from typing import Annotated, Literal

from msgspec import Meta

from app.config.section import Seconds, Section, Share

Multiplier = Annotated[float, Meta(ge=0.01, le=100)]


class TokenModelSettings(Section, frozen=True):
    """The token model's worker processes (docs/inference.md)."""

    runtime: Literal["onnx", "torch"] = "onnx"
    """What answers: ONNX Runtime, or torch, which says the same, more slowly and with ten times the memory."""
    workers: Annotated[int, Meta(ge=1, le=32)] = 3
    """How many processes answer; never more than the machine has cores."""
    timeout_ms: Annotated[int, Meta(ge=1, le=60_000)] = 3_000
    """A request that has no answer after so long ends without one."""
    waiting: Annotated[int, Meta(ge=32, le=100_000)] = 1_000
    """So many requests may wait; another one is refused at once."""
    restarts_a_minute: Annotated[int, Meta(ge=0, le=1_000)] = 3
    """Workers that are lost are started again, so often within 60 seconds; beyond that the model is not asked."""
    retry_s: Seconds = 60.0
    """After that, or without a bundle that can be used, a worker is tried again so often."""
    reload_s: Annotated[float, Meta(gt=0, le=60)] = 15.0
    """How often is looked for a new bundle."""
    memory_mb: Annotated[int, Meta(ge=50, le=1_000_000)] = 1_500
    """Data in memory that a worker may have (10⁶ bytes); one that needs more fails and is started again."""
    cache_s: Annotated[float, Meta(ge=0, le=86_400)] = 60.0
    """A prediction, and the features of a token, are used again for so long."""
    cached: Annotated[int, Meta(ge=1, le=100_000)] = 100
    """So many of each are kept."""


class TokenDecisionSettings(Section, frozen=True):
    """What is made of a token (docs/tokens.md, “The decision”)."""

    use_model: bool = True
    """Whether the model is asked at all; without it the strategies decide alone."""
    model_required: bool = False
    """Whether a token is rejected when the model has no answer that may be trusted."""
    minimum_rise: Share = 0.70
    """A token to which the model gives a smaller probability of a rise is rejected."""
    minimum_combined: Share = 0.65
    """A token whose combined confidence is smaller is rejected."""
    maximum_rug: Share = 0.30
    """A token to which the model gives a larger probability of a rug is rejected."""
    model_weight: Share = 0.60
    """The model's share of the combined confidence; the rest is the strategies'."""
    minimum_candles: Annotated[int, Meta(ge=1, le=100)] = 12
    """A token with fewer five-minute candles is not judged."""
    rejected_s: Annotated[float, Meta(ge=0, le=604_800)] = 900.0
    """A rejected token is not judged again for so long, unless its data changes."""


class TokenSizingSettings(Section, frozen=True):
    """How large a position in a token would be (docs/tokens.md, “Size”)."""

    base_usd: Annotated[float, Meta(ge=1, le=1e6)] = 100.0
    """A position before anything is multiplied, in USD."""
    minimum_usd: Annotated[float, Meta(ge=0, le=1e6)] = 25.0
    """A position that would be smaller is not opened."""
    maximum_usd: Annotated[float, Meta(ge=1, le=1e7)] = 250.0
    """No position is larger, all of its parts together."""
    maximum_liquidity_share: Share = 0.01
    """No position is larger than this share of the pool's liquidity."""
    parts: Annotated[int, Meta(ge=1, le=10)] = 1
    """A position is bought in so many equal parts, the first at once, each of the others when the price has fallen on
    (dollar-cost averaging); 1: all at once."""
    part_step_pct: Annotated[float, Meta(gt=0, le=50)] = 10.0
    """Each further part is bought so many percent below the one before."""
    win_step: Annotated[float, Meta(ge=0, le=2)] = 0.25
    """Each win in a row since the last loss makes the next position larger by this share of the base
    (anti-martingale); 0: off."""
    win_limit: Multiplier = 2.0
    """Wins in a row multiply a position by so much at most."""


class TokenPaperSettings(Section, frozen=True):
    """Paper positions in tokens that were approved, of the sizes of [token_sizing] (docs/tokens.md, “On paper”)."""

    open_positions: bool = False
    """Whether tokens that are approved open paper positions."""
    positions: Annotated[int, Meta(ge=1, le=20)] = 5
    """So many are open, or on their way, at a time; one a token."""
    exposure_usd: Annotated[float, Meta(ge=1, le=1e7)] = 500.0
    """All that is open in tokens costs at most so much, in paper dollars, parts that are not bought yet included."""
    fee_pct: Annotated[float, Meta(ge=0, le=10)] = 0.5
    """The fee of each side in percent of its money; slippage comes on top, by a constant product."""
    target_pct: Annotated[float, Meta(ge=0, le=10_000)] = 3.0
    """A position that would bring so much more than it cost is closed, in percent, after fees and slippage; 0: off."""
    stop_pct: Annotated[float, Meta(ge=0, lt=100)] = 15.0
    """A position that would bring so much less than it cost is closed, in percent, after fees and slippage; 0: off."""
    drain_pct: Annotated[float, Meta(gt=0, le=100)] = 50.0
    """A position is left when its pool has lost so much of the most it was seen to hold, in percent."""
    hold_s: Annotated[float, Meta(ge=60, le=604_800)] = 3_600.0
    """A position held for so long is closed: the hour that the model speaks of."""
    again_s: Annotated[float, Meta(ge=0, le=604_800)] = 3_600.0
    """A token is not bought again for so long after its position ended."""
    patience_s: Annotated[float, Meta(ge=10, le=3_600)] = 120.0
    """A position that was decided and finds no price of its pool for so long is given up."""
    market_fall_pct: Annotated[float, Meta(ge=0, le=100)] = 10.0
    """Nothing is opened while SOL (BTC, where SOL is not listed) has fallen by so much in 24 hours, in percent, or
    nobody knows; 0: off."""
    drained_share: Share = 0.5
    """Nothing is opened while more than this share of the tokens that ended in the last six hours were drained; 1:
    off."""
