"""What engine and deck say to each other: frozen snapshots one way, commands the other.

The same messages go through memory and through the Unix socket. Every name and text in a snapshot is already cleaned.
None stands for "not known"; the deck shows it as such and never as zero.
"""

from typing import Literal

import msgspec

from app.core.events import Freshness
from app.core.playback import Playback
from app.feeds.health import FeedState
from app.store.status import StoreState

PROTOCOL_VERSION = 2

Mode = Literal["live", "demo", "tape"]
LogLevel = Literal["info", "warning", "error"]
MetricSource = Literal["rules", "ai"]


class SourceView(msgspec.Struct, frozen=True):
    """Where the data comes from. `label` is what the header shows: LIVE, DEMO or TAPE; `detail` completes it."""

    mode: Mode
    label: str
    detail: str


class FeedView(msgspec.Struct, frozen=True, kw_only=True):
    """Health of one feed. Ages and lags in milliseconds; `age_ms` is that of the newest data, not of the socket.

    Every message that was `received` is accounted for: it became one of `frames`, was `superseded` by a newer picture,
    or was `control` (answers to pings and subscriptions); of `frames`, `parse_errors` could not be used.
    """

    name: str
    state: FeedState
    age_ms: int | None = None
    venue_lag_ms: int | None = None
    received: int = 0
    control: int = 0
    frames: int = 0
    superseded: int = 0
    parse_errors: int = 0
    drops: int = 0
    reconnects: int = 0
    holes: int = 0
    subscriptions: int = 0
    budget_used: int | None = None
    budget_limit: int | None = None
    retry_in_s: float | None = None
    message: str = ""


class RulesView(msgspec.Struct, frozen=True):
    """The rules' read of one coin, each metric 0-100. `direction` is +1 up, −1 down, 0 flat.

    `momentum` is None until a whole minute is known, `continuation` when the rules make no claim (the move is inside
    the spread), `freshness` without a direction.
    """

    momentum: float | None
    direction: int
    pressure: float
    continuation: float | None
    freshness: Freshness | None


class MarketRow(msgspec.Struct, frozen=True, kw_only=True):
    """One coin as the Markets panel shows it. Changes are fractions; funding is the hourly rate as a fraction.

    `trend` are prices of the last hour, three minutes apart, oldest first, the newest price last. `age_ms` is the age
    of the newest trade, quote or book; `stale` says it is past its deadline, `hole` that trades are missing from its
    recent tape.
    """

    coin: str
    price: float | None = None
    price_decimals: int = 2
    change_1m: float | None = None
    change_1h: float | None = None
    change_24h: float | None = None
    bid: float | None = None
    ask: float | None = None
    spread_bps: float | None = None
    rules: RulesView | None = None
    funding: float | None = None
    open_interest_usd: float | None = None
    day_volume_usd: float | None = None
    trend: tuple[float | None, ...] = ()
    age_ms: int | None = None
    stale: bool = False
    hole: bool = False
    favourite: bool = False


class CandleView(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One candle from `open_ms` on; volume in coins."""

    open_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: float


class TradeView(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One print; `side` is +1 where the buyer was the aggressor, −1 where the seller was.

    `percentile` is the share (0-100) of this market's kept prints that are no larger.
    """

    time_ms: int
    trade_id: int
    price: float
    size: float
    side: int
    percentile: float


class LevelView(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One price of a book."""

    price: float
    size: float
    orders: int


class ReadPoint(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The rules' metrics at one second, as in `RulesView`."""

    at_ms: int
    momentum: float | None
    pressure: float
    continuation: float | None


class MarketDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One coin opened up, for the deck that asked for it with `LookAt`.

    Candles of `interval` (each `interval_ms` long) and reads are oldest first, trades newest first, levels best first.
    `holes` are spans of venue time whose trades are missing. `imbalance` is (bids − asks) / (bids + asks) over the
    levels shown, −1 to +1, None without a book.
    """

    coin: str
    interval: str
    interval_ms: int
    candles: tuple[CandleView, ...] = ()
    trades: tuple[TradeView, ...] = ()
    bids: tuple[LevelView, ...] = ()
    asks: tuple[LevelView, ...] = ()
    book_age_ms: int | None = None
    imbalance: float | None = None
    reads: tuple[ReadPoint, ...] = ()
    holes: tuple[tuple[int, int], ...] = ()
    mark_price: float | None = None
    oracle_price: float | None = None


class LogLine(msgspec.Struct, frozen=True):
    """One line of the event log."""

    wall_ms: int
    level: LogLevel
    topic: str
    text: str


class RecordingView(msgspec.Struct, frozen=True):
    """A recording that is being made."""

    path: str
    size_bytes: int
    seconds: float


class StoreView(msgspec.Struct, frozen=True):
    """Whether what the engine derives reaches the disk. `state` "not saved" comes with the reason and the next step.

    `written` rows are in the database, `pending` ones on their way, `lost` ones not saved, refused or dropped.
    """

    state: StoreState
    reason: str
    written: int
    pending: int
    lost: int


class VitalsView(msgspec.Struct, frozen=True):
    """The engine's own health over the last minute. `cpu_pct` is of one core; lags are how late the loop was."""

    uptime_s: float
    memory_mb: float
    cpu_pct: float
    loop_lag_ms_p99: float
    loop_lag_ms_max: float
    waiting_inputs: int
    open_files: int | None


class Snapshot(msgspec.Struct, frozen=True, kw_only=True, tag="snapshot"):
    """Everything the deck shows, frozen at one input. `wall_ms` is the engine's time: the tape's own time on a tape.

    `waiting_for` says in a sentence what an empty Markets panel waits for; `log` is the tail of the event log; `detail`
    is the coin this deck looks at.
    """

    sequence: int
    wall_ms: int
    source: SourceView
    feeds: tuple[FeedView, ...] = ()
    markets: tuple[MarketRow, ...] = ()
    waiting_for: str = ""
    log: tuple[LogLine, ...] = ()
    metric_source: MetricSource = "rules"
    playback: Playback | None = None
    recording: RecordingView | None = None
    calls_filed: int = 0
    vitals: VitalsView | None = None
    store: StoreView | None = None
    detail: MarketDetail | None = None


class LookAt(msgspec.Struct, frozen=True, tag="look_at"):
    """Put one coin in detail into this client's snapshots from now on; an empty `coin` ends it."""

    coin: str
    interval: str = "1m"


class SetMetricSource(msgspec.Struct, frozen=True, tag="set_metric_source"):
    """Show the rules' metrics or the AI's."""

    metric_source: MetricSource


class RefreshMarkets(msgspec.Struct, frozen=True, tag="refresh_markets"):
    """Ask the venue again for its list of markets and their contexts."""


class SetPlayback(msgspec.Struct, frozen=True, tag="set_playback"):
    """Steer a tape; what is None stays as it is.

    `seek_ms` is a wall time on the tape, `seek_by_ms` a distance from where it stands or is being wound to; `speed` 0
    is full speed, `speed_steps` moves along the ladder of speeds.
    """

    speed: float | None = None
    paused: bool | None = None
    seek_ms: int | None = None
    seek_by_ms: int | None = None
    speed_steps: int | None = None


class SetRecording(msgspec.Struct, frozen=True, tag="set_recording"):
    """Begin to record into a new tape among the user's, or end the recording."""

    on: bool


class StopEngine(msgspec.Struct, frozen=True, tag="stop_engine"):
    """End the engine behind the link."""


Command = SetMetricSource | RefreshMarkets | SetPlayback | LookAt | SetRecording | StopEngine


class CommandRequest(msgspec.Struct, frozen=True, tag="command"):
    """A command with the number its result will carry."""

    request_id: int
    command: Command


class CommandResult(msgspec.Struct, frozen=True, tag="result"):
    """What became of a command; `message` is one sentence for the flash line."""

    request_id: int
    ok: bool
    message: str


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """First message of a client."""

    protocol: int
    client: str


class Welcome(msgspec.Struct, frozen=True, tag="welcome"):
    """The engine's answer to `Hello`. Clients of another protocol version are refused with `Refused`."""

    protocol: int
    version: str
    source: SourceView


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The engine will not talk to this client; `reason` says why and what to do."""

    reason: str


ClientMessage = Hello | CommandRequest
EngineMessage = Welcome | Refused | Snapshot | CommandResult
