"""Settings of wallets: what they are judged by, and how they are scanned."""

from typing import Annotated, Literal

from msgspec import Meta

from app.config.section import Section, Share

ProfileName = Annotated[
    str,
    Meta(max_length=64, pattern=r"^[A-Za-z0-9_-]+\Z", description="a profile's name (letters, digits, - and _)"),
]
BoardWindow = Literal["day", "week", "month", "all"]
BoardCategory = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=32,
        pattern=r"^[a-z0-9][a-z0-9-]*\Z",
        description="a leaderboard's category (small letters, digits and -)",
    ),
]


class WalletsSettings(Section, frozen=True):
    """What makes a wallet worth following, or not (docs/wallets.md defines every measure and gives the reasons)."""

    profile: ProfileName = "balanced"
    """Thresholds by name, from a file in the folder `wallets`; `conservative`, `balanced` and `aggressive` ship with
    tapedeck. Your own file, variables and flags are stronger."""
    minimum_specialisation: Share = 0.50
    """A wallet whose top category holds a smaller share of its volume is rejected."""
    small_share: Share = 0.05
    """A category that holds more than this share of the volume counts as one the wallet trades in."""
    broad_categories: Annotated[int, Meta(ge=2, le=10)] = 5
    """A wallet that trades in so many categories is rejected."""
    chase_ratio: Annotated[float, Meta(ge=1, le=100)] = 1.5
    """A loss is chased when the next position is more than so many times as large."""
    chase_limit: Share = 0.20
    """A wallet that chases a larger share of its losses is rejected."""
    chase_minimum_losses: Annotated[int, Meta(ge=1, le=1_000)] = 5
    """Nobody is rejected for chasing on fewer losses that were followed by another position."""
    maximum_drawdown: Share = 0.60
    """A wallet that lost more than this share of a copier's equity from a peak is rejected."""
    maker_hold_h: Annotated[float, Meta(gt=0, le=8_760)] = 4.0
    """A market maker holds for fewer hours, in the median. Only a wallet with all signs is rejected."""
    maker_win_rate_from: Share = 0.48
    """The least win rate of a market maker: near one half, for it has no opinion."""
    maker_win_rate_to: Share = 0.52
    """The highest win rate of a market maker."""
    maker_profit: Share = 0.02
    """A market maker makes less than this share of what it pays in."""
    viral_penalty: Share = 0.30
    """What a wallet that everybody watches loses of its score."""
    specialisation_weight: Annotated[float, Meta(ge=0, le=100)] = 0.35
    """Weight of the pillar specialisation; weights count in proportion to their sum."""
    behaviour_weight: Annotated[float, Meta(ge=0, le=100)] = 0.40
    """Weight of the pillar behaviour."""
    structure_weight: Annotated[float, Meta(ge=0, le=100)] = 0.25
    """Weight of the pillar structure."""
    target_score: Share = 0.70
    """A score from here on makes a wallet a TARGET."""
    watchlist_score: Share = 0.50
    """A score from here on puts a wallet on the WATCHLIST."""
    crowd_score: Share = 0.40
    """The score of a wallet nothing is known about, to which scores are shrunk. At 0.40, perfect pillars and even odds
    of a real edge give 0.70."""
    skilled_share: Annotated[float, Meta(gt=0, lt=1)] = 0.03
    """The share of wallets that has a real edge, before anything is known."""
    minimum_trades: Annotated[int, Meta(ge=1, le=100_000)] = 20
    """A wallet with fewer markets or trades is rejected: no luck with so few could show an edge."""
    minimum_age_days: Annotated[float, Meta(ge=0, le=3_650)] = 30.0
    """A wallet that is younger is rejected: a month holds one ROI of 30 days."""
    minimum_pnl_usdc: Annotated[float, Meta(ge=-1e15, le=1e15)] = 0.0
    """A wallet whose result of all time is below is rejected."""
    maximum_idle_days: Annotated[float, Meta(gt=0, le=3_650)] = 60.0
    """A wallet whose last trade is older is rejected: there is nothing left to follow."""
    dormant_days: Annotated[float, Meta(gt=0, le=3_650)] = 30.0
    """A wallet whose last trade is older is called dormant and is no TARGET."""
    short_track_days: Annotated[float, Meta(ge=0, le=3_650)] = 60.0
    """A record of fewer days is called short."""
    short_track_positions: Annotated[int, Meta(ge=0, le=100_000)] = 30
    """A record of fewer closed positions is called short."""
    one_hit_share: Share = 0.50
    """One position that made more than this share of the profit is called one hit."""
    paper_share: Share = 0.15
    """More than this share of the profit still open is called paper."""
    hedged_share: Share = 0.30
    """More than this share of the volume in markets of which both outcomes were held is called hedged."""
    maker_rebate_bps: Annotated[float, Meta(ge=0, le=10_000)] = 5.0
    """Rebates of more than so many basis points of the volume are a maker's."""
    too_fast_s: Annotated[float, Meta(ge=0, le=86_400)] = 60.0
    """A median hold of fewer seconds is called too fast to copy; such a wallet is no TARGET."""
    wash_share: Share = 0.50
    """More than this share of the volume in round trips for nothing is called suspected wash; no TARGET either."""


class ScannerSettings(Section, frozen=True):
    """How wallets are scanned (docs/wallets.md); what they are judged by stands in `[wallets]`."""

    enabled: bool = False
    """Whether a running engine scans by itself, again and again; `tapedeck demo` does unless this was set."""
    interval_s: Annotated[float, Meta(ge=60, le=604_800)] = 3_600.0
    """From the end of a scheduled scan to the next one."""
    limit: Annotated[int, Meta(ge=1, le=100_000)] = 1_000
    """A scan goes to so many wallets at most."""
    windows: Annotated[tuple[BoardWindow, ...], Meta(min_length=1, max_length=4)] = ("month", "week", "all")
    """Windows of the leaderboards that wallets are taken from, the first one first."""
    categories: Annotated[tuple[BoardCategory, ...], Meta(min_length=1, max_length=20)] = ("overall",)
    """Categories of the leaderboards that wallets are taken from."""
    large_trade_usdc: Annotated[float, Meta(ge=1, le=1e9)] = 1_000.0
    """Recent trades of at least so many USDC name wallets for `--from trades` and `--from market`."""
    batch_size: Annotated[int, Meta(ge=1, le=1_000)] = 50
    """So many wallets are looked up together; a scan checks the program's memory after as many."""
    max_concurrent: Annotated[int, Meta(ge=1, le=500)] = 50
    """So many wallets are under way at a time."""
    position_pages: Annotated[int, Meta(ge=1, le=40)] = 4
    """Pages of 500 positions of each status that are looked at; a longer record is judged in part and is no TARGET."""
    holds_h: Annotated[float, Meta(ge=0, le=8_760)] = 24.0
    """A verdict on a wallet that did nothing since is given again for so many hours."""
    open_market_h: Annotated[float, Meta(ge=0, le=168)] = 1.0
    """An open market is asked for again after so many hours, for it may be resolved."""
    memory_mb: Annotated[int, Meta(ge=100, le=100_000)] = 500
    """Above this size of the program (10⁶ bytes) `tapedeck scan` empties its caches after a batch and begins no wallet
    before it is smaller. An engine, which holds more than a scan, forgets the older half of them, warns and goes on."""
    cache_mb: Annotated[int, Meta(ge=1, le=10_000)] = 64
    """Answers of the venue that are kept in memory, packed (10⁶ bytes); verdicts may take as much again."""
    cache_s: Annotated[float, Meta(ge=0, le=86_400)] = 60.0
    """An answer that is kept is used again for so long."""
