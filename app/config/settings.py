"""Every setting of tapedeck, typed and documented. The text under a field is its documentation."""

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta

from app.config.screener_settings import BatchModeSettings, FusionSettings, StrategySettings
from app.config.section import Seconds, Section
from app.config.token_settings import (
    TokenDecisionSettings,
    TokenModelSettings,
    TokenPaperSettings,
    TokenSizingSettings,
)
from app.config.token_venues import TokensSettings
from app.config.urls import (
    LEADERBOARD_HOSTS,
    POLYMARKET_HOSTS,
    VENUE_HOSTS,
    check_model_url,
    check_rest_url,
    check_websocket_url,
)
from app.config.wallet_settings import ScannerSettings, WalletsSettings
from app.config.whale_settings import AlertsSettings, SmartMoneySettings, TraderWeightsSettings, WhalesSettings

_HOSTS = " or ".join(sorted(VENUE_HOSTS))
_LEADERBOARD_HOSTS = " or ".join(sorted(LEADERBOARD_HOSTS))
_POLYMARKET_HOSTS = " or ".join(sorted(POLYMARKET_HOSTS))

CoinName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=32,
        pattern=r"^[A-Za-z0-9:@#/_.-]+\Z",
        description="a coin's name (letters, digits and :@#/_.-)",
    ),
]
ThemeName = Annotated[
    str,
    Meta(max_length=64, pattern=r"^[A-Za-z0-9_-]+\Z", description="a theme's name (letters, digits, - and _)"),
]
KeymapName = Annotated[
    str,
    Meta(max_length=64, pattern=r"^[A-Za-z0-9_-]+\Z", description="a keymap's name (letters, digits, - and _)"),
]
WatchlistName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=24,
        pattern=r"^[A-Za-z0-9_-][A-Za-z0-9 _-]*\Z",
        description="a name (letters, digits, blanks, - and _, at most 24)",
    ),
]
WatchlistQuestion = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        pattern=r"^[\x20-\x7e]+\Z",
        description="a filter line (at most 200 characters of ASCII)",
    ),
]
WebsocketUrl = Annotated[str, Meta(description=f"a wss:// URL on {_HOSTS}, or ws:// or wss:// on loopback")]
RestUrl = Annotated[str, Meta(description=f"an https:// URL on {_HOSTS}, or http:// or https:// on loopback")]
LeaderboardUrl = Annotated[
    str, Meta(description=f"an https:// URL on {_LEADERBOARD_HOSTS}, or http:// or https:// on loopback")
]
PolymarketUrl = Annotated[
    str, Meta(description=f"an https:// URL on {_POLYMARKET_HOSTS}, or http:// or https:// on loopback")
]
ModelUrl = Annotated[str, Meta(description="an http:// or https:// URL, on loopback unless allow_remote is true")]
ModelName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=100,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9:/._-]*\Z",
        description="a model's name (letters, digits and :/._-)",
    ),
]


class MarketsSettings(Section, frozen=True):
    """Which markets are followed and when their data counts as stale."""

    favourites: tuple[CoinName, ...] = ("BTC", "ETH", "SOL")
    """Coins shown first and followed whatever their volume."""
    top: Annotated[int, Meta(ge=1, le=200)] = 30
    """How many coins to follow, by 24 h volume, favourites included."""
    stale_after_s: Seconds = 15.0
    """A coin whose newest trade, quote or book is older than this is shown as stale and its rules switch off."""
    tape_length: Annotated[int, Meta(ge=100, le=100_000)] = 2_000
    """Trades kept in memory for each coin."""


class RulesSettings(Section, frozen=True):
    """The rules' read of the tape (docs/rules.md has the formulas)."""

    horizon_s: Annotated[int, Meta(ge=10, le=3_600)] = 60
    """How far ahead the continuation claim looks."""
    read_every_s: Seconds = 15.0
    """How often each coin's read is filed as a call."""


class CostsSettings(Section, frozen=True):
    """What taking costs: for paper fills, for graded calls, for what the model is told and the panel shows."""

    taker_fee_bps: Annotated[float, Meta(ge=0, le=100)] = 4.5
    """Taker fee of one side, in basis points of notional; a round trip pays it twice."""
    slippage_bps: Annotated[float, Meta(ge=0, le=100)] = 0.5
    """Slippage of one side, in basis points, assumed when a call is graded; paper fills walk the book instead."""

    @property
    def round_trip_bps(self) -> float:
        """Fees of both sides, in basis points of notional; the spread comes on top."""
        return 2 * self.taker_fee_bps


class ScalperSettings(Section, frozen=True):
    """The scalper's read: a local language model reads the tape, with the rules beside it (docs/scalper.md)."""

    enabled: bool = True
    """Whether the model is asked at all; without it the rules read alone."""
    url: ModelUrl = "http://127.0.0.1:11434"
    """Where Ollama listens. What is recorded of the markets read goes there and nowhere else."""
    allow_remote: bool = False
    """Whether a model server that is not on this machine may be asked."""
    model: ModelName = "mistral"
    """The model that reads, as Ollama names it."""
    metric_source: Literal["rules", "ai"] = "rules"
    """Whose metrics the deck shows at first; a key changes it."""
    coins: Annotated[tuple[CoinName, ...], Meta(max_length=12)] = ()
    """Coins that are read; none: the first three that are followed."""
    deadline_s: Annotated[float, Meta(ge=0.2, le=30)] = 3.0
    """A read that takes longer is given up."""
    target_s: Annotated[float, Meta(ge=0.1, le=30)] = 2.0
    """A model that usually takes longer is called slow."""
    every_s: Annotated[float, Meta(ge=2, le=600)] = 12.0
    """Each coin is read this often when nothing happens."""
    in_position_every_s: Annotated[float, Meta(ge=2, le=600)] = 10.0
    """The same while a paper position is open in it."""
    minimum_gap_s: Annotated[float, Meta(ge=0, le=60)] = 1.0
    """Time between two reads of any coins, at least."""
    price_move_gap_s: Annotated[float, Meta(ge=0, le=60)] = 3.0
    """Time between two reads of one coin because of a price move, at least."""
    large_trade_gap_s: Annotated[float, Meta(ge=0, le=60)] = 10.0
    """The same because of a large trade; sizes are so uneven that a busy market would be read without pause."""
    price_move_pct: Annotated[float, Meta(gt=0, le=10)] = 0.15
    """A move since the last read, in percent, that brings the next one at once."""
    large_trade: Annotated[float, Meta(ge=1, le=1_000)] = 3.0
    """A trade of so many times the average size brings the next read at once."""
    chop_pct: Annotated[float, Meta(gt=0, le=5)] = 0.02
    """A minute that stays within so many percent is called chopping."""
    sharp_pct: Annotated[float, Meta(gt=0, le=5)] = 0.05
    """A half-minute that moves by so many percent is called sharp."""
    notable_size: Annotated[float, Meta(ge=1, le=1_000)] = 2.0
    """A print of more than so many times the average size is told one by one."""
    notable_prints: Annotated[int, Meta(ge=1, le=20)] = 5
    """So many of the newest such prints are told."""
    least_trades: Annotated[int, Meta(ge=1, le=50)] = 5
    """A minute with fewer prints is not enough data for a read."""
    take_profit_from_pct: Annotated[float, Meta(ge=0, le=10)] = 0.05
    """The smallest win worth taking beyond costs, in percent, as the model is told."""
    take_profit_to_pct: Annotated[float, Meta(ge=0, le=10)] = 0.15
    """The largest win worth waiting for beyond costs, in percent, as the model is told."""

    def __post_init__(self) -> None:
        check_model_url(self.url)


class PaperSettings(Section, frozen=True):
    """The paper ledger: positions without money, filled from the books that come in (docs/paper.md)."""

    starting_balance: Annotated[float, Meta(ge=1, le=1e9)] = 10_000.0
    """Paper dollars a new ledger begins with."""
    order_usd: Annotated[float, Meta(ge=1, le=1e7)] = 1_000.0
    """Size of an order, in USD of notional."""
    leverage: Annotated[int, Meta(ge=1, le=100)] = 5
    """Notional over margin, at most what the venue lists for the coin; it decides where a position is liquidated."""
    latency_ms: Annotated[int, Meta(ge=0, le=10_000)] = 300
    """From the decision to the first moment at which the order can be filled."""
    patience_s: Annotated[float, Meta(ge=1, le=300)] = 10.0
    """An order that opens and finds no usable price for so long after its latency is cancelled."""
    beyond_book_bps: Annotated[float, Meta(ge=0, le=1_000)] = 10.0
    """What the shown book does not cover fills so many basis points beyond its worst level."""
    take_profit_bps: Annotated[float, Meta(ge=0, le=10_000)] = 20.0
    """A position this much in profit is closed, in basis points of its entry price, before fees; 0: off."""
    stop_bps: Annotated[float, Meta(ge=0, le=10_000)] = 15.0
    """A position this much in loss is closed, in basis points of its entry price, before fees; 0: off."""
    trailing_bps: Annotated[float, Meta(ge=0, le=5_000)] = 0.0
    """A position that gives back this much from its best price is closed, in basis points of it; 0: off."""
    time_stop_s: Annotated[float, Meta(ge=0, le=86_400)] = 300.0
    """A position held for so long is closed; 0: off."""
    daily_loss_limit: Annotated[float, Meta(gt=0, le=1e9)] = 100.0
    """A day's loss, in paper dollars, that closes everything and opens nothing until the next day (UTC)."""
    follow: Literal["off", "ai", "rules"] = "off"
    """Whose reads open and close positions by themselves."""
    follow_confidence: Annotated[int, Meta(ge=1, le=10)] = 7
    """The least confidence of an AI read that is followed into a position."""
    copy_wallets: bool = False
    """Whether purchases of wallets you follow open paper positions in prediction markets."""
    copy_usd: Annotated[float, Meta(ge=1, le=1e6)] = 50.0
    """What a copied position costs, in paper dollars."""
    copy_positions: Annotated[int, Meta(ge=1, le=20)] = 10
    """So many copied positions are open at a time."""
    copy_exposure_usd: Annotated[float, Meta(ge=1, le=1e7)] = 500.0
    """All that is open in copies costs at most so much, in paper dollars."""
    copy_slippage: Annotated[float, Meta(ge=0, le=0.5)] = 0.01
    """So much worse than the newest print a copy is bought and sold, in USDC a share."""
    copy_every_s: Annotated[float, Meta(ge=5, le=3_600)] = 30.0
    """Each followed wallet is asked for its newest trades once in so long."""
    copy_oldest_s: Annotated[float, Meta(ge=5, le=86_400)] = 120.0
    """A purchase that is seen later than this is not copied."""


class HyperliquidSettings(Section, frozen=True):
    """The Hyperliquid venue."""

    websocket_url: WebsocketUrl = "wss://api.hyperliquid.xyz/ws"
    """Stream endpoint. Only the venue's own hosts and loopback are allowed."""
    rest_url: RestUrl = "https://api.hyperliquid.xyz"
    """Base of the request endpoint. Only the venue's own hosts and loopback are allowed."""
    leaderboard_url: LeaderboardUrl = "https://stats-data.hyperliquid.xyz/Mainnet/leaderboard"
    """The document with the venue's best traders. Only the venue's own host for it and loopback are allowed."""
    weight_per_minute: Annotated[int, Meta(ge=60, le=1_200)] = 1_200
    """Request weight to spend a minute; the venue allows 1200 an address."""
    request_timeout_s: Seconds = 10.0
    """A request that takes longer has failed."""
    ping_every_s: Annotated[float, Meta(ge=5, le=50)] = 20.0
    """The venue closes a connection it has not written to for 60 s."""
    silence_limit_s: Seconds = 30.0
    """A connection that has delivered no data for this long is dropped and made again."""
    renew_after_h: Annotated[float, Meta(gt=0, le=168)] = 23.0
    """A connection this old, or up to a twentieth younger, is replaced by a fresh one, with an overlap, before the
    venue ends it."""

    def __post_init__(self) -> None:
        check_websocket_url(self.websocket_url)
        check_rest_url(self.rest_url)
        check_rest_url(self.leaderboard_url, LEADERBOARD_HOSTS)


class PolymarketSettings(Section, frozen=True):
    """The Polymarket venue, where wallets come from."""

    data_url: PolymarketUrl = "https://data-api.polymarket.com"
    """Base of the Data API: wallets, trades, positions. Only the venue's own hosts and loopback are allowed."""
    gamma_url: PolymarketUrl = "https://gamma-api.polymarket.com"
    """Base of the catalogue of markets. Only the venue's own hosts and loopback are allowed."""
    request_timeout_s: Seconds = 20.0
    """A request that takes longer has failed; the venue holds back what exceeds its limits instead of refusing it."""
    connections: Annotated[int, Meta(ge=1, le=100)] = 24
    """Requests under way at a time, over both APIs."""

    def __post_init__(self) -> None:
        check_rest_url(self.data_url, POLYMARKET_HOSTS)
        check_rest_url(self.gamma_url, POLYMARKET_HOSTS)


class DemoSettings(Section, frozen=True):
    """The embedded, simulated venue."""

    seed: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 7
    """The same seed gives the same market."""
    coins: Annotated[int, Meta(ge=1, le=60)] = 32
    """How many coins the simulated venue lists."""


class EngineSettings(Section, frozen=True):
    """The engine's own rhythm."""

    tick_ms: Annotated[int, Meta(ge=50, le=1_000)] = 250
    """How often the engine's timer is an input."""
    snapshot_hz: Annotated[float, Meta(gt=0, le=10)] = 10.0
    """At most so many snapshots a second go to a deck."""
    ingest_budget_ms: Annotated[float, Meta(gt=0, le=20)] = 2.0
    """Reading from a socket pauses after this long, so that nothing else waits."""


class DeckSettings(Section, frozen=True):
    """How the deck looks, which keys it has, and what it opens."""

    opens: Literal["live", "demo"] = "live"
    """What `tapedeck` opens when no command says it."""
    theme: ThemeName = "tape"
    """Name of a theme in the themes folder."""
    keymap: KeymapName = "default"
    """Name of a keymap in the keymaps folder; `default` and `vim` ship with tapedeck (docs/keys.md)."""
    flash: Literal["off", "calm", "full"] = "calm"
    """How strongly digits that just moved light up; never under NO_COLOR."""
    bell: Literal["off", "critical", "high"] = "off"
    """Whale alerts that ring the terminal's bell: none, CRITICAL ones, or HIGH ones too."""
    chart: Literal["blocks", "ascii"] = "blocks"
    """What candles are drawn with; `ascii` is for fonts that lack box and block characters."""
    watchlists: Annotated[Mapping[WatchlistName, WatchlistQuestion], Meta(max_length=50)] = {}
    """Saved filters of the markets, by name, best as a table `[deck.watchlists]` of its own (docs/questions.md)."""


class TapeSettings(Section, frozen=True):
    """Recordings."""

    part_mb: Annotated[int, Meta(ge=1, le=100_000)] = 1_000
    """A recording goes on in another file after this size (10⁶ bytes)."""
    part_h: Annotated[float, Meta(gt=0, le=168)] = 24.0
    """A recording goes on in another file after this many hours."""
    keep_free_mb: Annotated[int, Meta(ge=0, le=10_000_000)] = 1_000
    """Recording stops when less than this (10⁶ bytes) would be left on the disk."""
    keep_gb: Annotated[int, Meta(ge=1, le=1_000_000)] = 200
    """Recording stops when the tapes in its folder take more than this (10⁹ bytes) together; none is ever deleted."""


class StoreSettings(Section, frozen=True):
    """The database of calls, outcomes, candles and holes (docs/store.md)."""

    commit_ms: Annotated[int, Meta(ge=100, le=250)] = 200
    """Rows are committed together, this often; one that must be acknowledged is committed at once."""
    keep_days: Annotated[int, Meta(ge=1, le=3_650)] = 90
    """Older rows are deleted."""
    maximum_mb: Annotated[int, Meta(ge=10, le=1_000_000)] = 2_000
    """Above this size (10⁶ bytes) the oldest rows are deleted."""


class LogSettings(Section, frozen=True):
    """The log file."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severe level that is written."""
    maximum_mb: Annotated[int, Meta(ge=1, le=1_000)] = 10
    """Size at which the log file is rotated."""
    files: Annotated[int, Meta(ge=1, le=100)] = 3
    """How many rotated log files are kept."""


class Settings(Section, frozen=True):
    """All settings."""

    markets: MarketsSettings = MarketsSettings()
    rules: RulesSettings = RulesSettings()
    costs: CostsSettings = CostsSettings()
    scalper: ScalperSettings = ScalperSettings()
    paper: PaperSettings = PaperSettings()
    wallets: WalletsSettings = WalletsSettings()
    scanner: ScannerSettings = ScannerSettings()
    whales: WhalesSettings = WhalesSettings()
    trader_weights: TraderWeightsSettings = TraderWeightsSettings()
    smart_money: SmartMoneySettings = SmartMoneySettings()
    alerts: AlertsSettings = AlertsSettings()
    tokens: TokensSettings = TokensSettings()
    token_model: TokenModelSettings = TokenModelSettings()
    token_decision: TokenDecisionSettings = TokenDecisionSettings()
    token_sizing: TokenSizingSettings = TokenSizingSettings()
    token_paper: TokenPaperSettings = TokenPaperSettings()
    batch_mode: BatchModeSettings = BatchModeSettings()
    fusion: FusionSettings = FusionSettings()
    strategy: StrategySettings = StrategySettings()
    hyperliquid: HyperliquidSettings = HyperliquidSettings()
    polymarket: PolymarketSettings = PolymarketSettings()
    demo: DemoSettings = DemoSettings()
    engine: EngineSettings = EngineSettings()
    deck: DeckSettings = DeckSettings()
    tape: TapeSettings = TapeSettings()
    store: StoreSettings = StoreSettings()
    log: LogSettings = LogSettings()
