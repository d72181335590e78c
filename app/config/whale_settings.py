"""Settings of what is made of large and successful traders: who is followed, how they count, what is told."""

from typing import Annotated

from msgspec import Meta

from app.config.section import Seconds, Section, Share

Weight = Annotated[float, Meta(ge=0, le=100)]
Usd = Annotated[float, Meta(ge=0, le=1e12)]
Hours = Annotated[float, Meta(gt=0, le=8_760)]


class WhalesSettings(Section, frozen=True):
    """Which traders are followed, and how their positions are kept fresh (docs/whales.md)."""

    enabled: bool = True
    """Whether traders are followed at all."""
    tracked: Annotated[int, Meta(ge=1, le=500)] = 300
    """How many traders are followed: the best of the venue's leaderboard."""
    leaderboard_every_h: Annotated[float, Meta(ge=1, le=168)] = 12.0
    """The leaderboard is fetched again after so many hours: it is 39 MB and its places change slowly."""
    leaderboard_mb: Annotated[int, Meta(ge=1, le=1_000)] = 100
    """A leaderboard larger than this (10⁶ bytes) is refused."""
    minimum_equity_usd: Usd = 100_000.0
    """An account with less is not followed."""
    maximum_roi: Annotated[float, Meta(gt=0, le=1e6)] = 50.0
    """A return above this (50 = 5,000 %) is taken for a defect of the leaderboard."""
    user_streams: Annotated[int, Meta(ge=0, le=50)] = 10
    """So many traders at most are followed by streams of their own; fewer where the venue allows fewer."""
    trade_coins: Annotated[int, Meta(ge=0, le=900)] = 400
    """Trades are watched of so many coins at most: markets, then those followed traders hold, then the most traded."""
    settle_ms: Annotated[int, Meta(ge=0, le=10_000)] = 150
    """After a trade of a followed trader its account is asked for so much later: one question for a burst of fills."""
    oldest_s: Seconds = 120.0
    """No followed trader's positions should be older; one whose are counts as stale and leaves the signal."""
    budget_share: Annotated[float, Meta(gt=0, le=1)] = 0.85
    """The share of the venue's request weight that following traders may use."""
    portfolio_share: Annotated[float, Meta(gt=0, le=0.2)] = 0.2
    """The share of that weight that histories of accounts may use: they weigh ten times as much as positions."""
    portfolio_holds_h: Hours = 24.0
    """A history of an account is used for so many hours."""
    saved_change_share: Share = 0.01
    """Positions are saved when one of them changed by more than this share of its size."""
    saved_change_equity: Share = 0.001
    """A change worth less than this share of the account's equity is not saved by itself."""
    saved_every_s: Annotated[float, Meta(ge=10, le=86_400)] = 300.0
    """Positions that changed less than that are saved after so long."""


class TraderWeightsSettings(Section, frozen=True):
    """How much a followed trader counts. Weights count in proportion to the sum of those that are known."""

    performance: Weight = 0.40
    """How well the account did."""
    size: Weight = 0.30
    """How large it is."""
    recency: Weight = 0.20
    """How lately it traded."""
    regime: Weight = 0.10
    """How well it does in times like these."""
    sharpe: Weight = 0.25
    """Within performance: the Sharpe ratio over 3, from 0 to 1."""
    sortino: Weight = 0.20
    """Within performance: the Sortino ratio over 4, from 0 to 1."""
    consistency: Weight = 0.20
    """Within performance: the share of profitable periods."""
    drawdown: Weight = 0.15
    """Within performance: 1 minus the largest fall from a high."""
    win_rate: Weight = 0.10
    """Within performance: the share of closed positions that made money."""
    profit_factor: Weight = 0.10
    """Within performance: profits over losses, 3 and more counting as 1."""
    tiers_usd: Annotated[tuple[Usd, ...], Meta(min_length=1, max_length=10)] = (20e6, 10e6, 5e6, 1e6, 1e5)
    """Sizes of accounts from which a tier begins, the largest first."""
    tier_weights: Annotated[tuple[Weight, ...], Meta(min_length=2, max_length=11)] = (3.0, 2.5, 2.0, 1.5, 1.0, 0.5)
    """What the tiers count, and last what is below them all."""
    minimum_days: Annotated[int, Meta(ge=2, le=365)] = 7
    """With fewer days of history nothing is said of performance."""
    prior_days: Annotated[float, Meta(ge=0, le=3_650)] = 60.0
    """A record of so many days counts half, the other half is the crowd's."""
    minimum_closed: Annotated[int, Meta(ge=1, le=1_000)] = 10
    """With fewer closed positions nothing is said of win rate and profit factor."""


class SmartMoneySettings(Section, frozen=True):
    """The signal of a coin: which way the followed traders lean, weighted."""

    long_above: Share = 0.20
    """A bias above this is LONG; below minus this it is SHORT."""
    neutral_below: Share = 0.12
    """A signal that stands returns to NEUTRAL when its bias falls below this."""
    minimum_traders: Annotated[int, Meta(ge=1, le=500)] = 5
    """With fewer fresh traders in a coin there is no signal but NEUTRAL."""
    horizons_h: Annotated[tuple[Hours, ...], Meta(min_length=1, max_length=5)] = (1.0, 4.0, 24.0)
    """Horizons, in hours, of the calls that each signal files."""


class AlertsSettings(Section, frozen=True):
    """Which moves of traders are told, how often, and when not (docs/whale-alerts.md)."""

    whale_usd: Usd = 10e6
    """An account of so much is a whale."""
    critical_usd: Usd = 20e6
    """A move of an account of so much is CRITICAL."""
    minimum_change: Share = 0.10
    """A change of a position by less than this share is no move."""
    minimum_usd: Usd = 100_000.0
    """A move worth less is not told."""
    minimum_equity_share: Share = 0.01
    """A move worth less than this share of the account is not told."""
    together_s: Seconds = 300.0
    """Moves of two whales in one coin within so long are told together, as HIGH."""
    bias_flip: Share = 0.30
    """A bias of all whales in a coin that changes sign and by at least so much is told, as MEDIUM."""
    consensus_shift: Share = 0.20
    """A bias of several followed traders that shifts by so much within an hour, not for minutes, is told, as LOW."""
    minimum_percentile: Annotated[float, Meta(ge=0, le=100)] = 0.0
    """A move smaller than this percentile of its market's recent moves is not told; 0 tells all."""
    large_trade_percentile: Annotated[float, Meta(ge=50, le=100)] = 99.9
    """A trade of a trader nobody follows is told from this percentile of its market's trades of a day on."""
    large_trade_usd: Usd = 500_000.0
    """And only if it is worth so much."""
    liquidation_usd: Usd = 250_000.0
    """A liquidation is told if it is worth so much."""
    expires_s: Annotated[float, Meta(ge=60, le=604_800)] = 3_600.0
    """An alert leaves the panel after so long."""
    cool_down_s: Annotated[float, Meta(ge=0, le=86_400)] = 300.0
    """Alerts of one kind in one coin within so long are folded into the first."""
    snooze_s: Annotated[float, Meta(ge=60, le=86_400)] = 3_600.0
    """How long a coin is silent after it was snoozed."""
    quiet_from: Annotated[str, Meta(pattern=r"^(|([01][0-9]|2[0-3]):[0-5][0-9])\Z", description="HH:MM or nothing")] = (
        ""
    )
    """Quiet hours begin, local time; nothing for none. What is not CRITICAL then waits for a digest."""
    quiet_to: Annotated[str, Meta(pattern=r"^(|([01][0-9]|2[0-3]):[0-5][0-9])\Z", description="HH:MM or nothing")] = ""
    """Quiet hours end, local time."""
    kept: Annotated[int, Meta(ge=10, le=10_000)] = 500
    """So many alerts are kept in memory."""
