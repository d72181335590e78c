"""What engine and deck say to each other: frozen snapshots one way, commands the other.

The same messages go through memory and through the Unix socket. Every name and text in a snapshot is already cleaned.
None stands for "not known"; the deck shows it as such and never as zero. What a snapshot holds of one coin that is
looked at stands in `protocol_detail.py`, of the paper ledger in `protocol_paper.py`, of wallets in
`protocol_wallets.py`, of followed traders in `protocol_whales.py`, of new tokens in `protocol_tokens.py` and
`protocol_token_detail.py`, of the screener in `protocol_screen.py`, of the engine itself in `protocol_vitals.py`.
"""

from typing import Literal

import msgspec

from app.core.events import Action, Freshness
from app.core.playback import Playback
from app.engine.protocol_detail import MarketDetail, ScalperDetail
from app.engine.protocol_paper import PaperView
from app.engine.protocol_screen import LookAtScreener, ScreenerView, StartSweep, StopSweep, SweepView
from app.engine.protocol_token_detail import LookAtToken, TokenDetail
from app.engine.protocol_tokens import ScoreTokens, TokensView
from app.engine.protocol_vitals import VitalsView
from app.engine.protocol_wallets import LookAtWallet, NoteWallet, SetWalletProfile, WalletDetail, WalletsView
from app.engine.protocol_whales import (
    AlertDetail,
    FollowedView,
    NoteTrader,
    SilenceAlerts,
    TrackTrader,
    TraderDetail,
    WhaleLook,
    WhalesView,
)
from app.feeds.health import FeedState
from app.scalper.interpreter_view import InterpreterState
from app.store.status import StoreState

PROTOCOL_VERSION = 11

Mode = Literal["live", "demo", "tape"]
LogLevel = Literal["info", "warning", "error"]
MetricSource = Literal["rules", "ai"]
ModelState = InterpreterState | Literal["tape"]
"""As the interpreter tells it; on a tape, what was recorded is shown."""
JobName = Literal["markets", "read", "wallets", "whales", "tokens"]
"""Work asked for by hand: ask for markets; read a coin; scan wallets; see followed traders anew; score tokens."""
PaperAction = Literal["long", "short", "close", "flip"]
JobState = Literal["running", "done", "failed", "cancelled"]


class SourceView(msgspec.Struct, frozen=True):
    """Where the data comes from. `label` is what the header shows: LIVE, DEMO or TAPE; `detail` completes it.

    `of_demo` says that a tape was recorded of a demo.
    """

    mode: Mode
    label: str
    detail: str
    of_demo: bool = False

    @property
    def simulated(self) -> bool:
        """Whether all of it is made up: a demo, or the tape of one."""
        return self.mode == "demo" or self.of_demo


class FeedView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
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


class RulesView(msgspec.Struct, frozen=True, gc=False):
    """The rules' read of one coin, each metric 0-100. `direction` is +1 up, −1 down, 0 flat.

    `momentum` is None until a whole minute is known, `continuation` when the rules make no claim (the move is inside
    the spread), `freshness` without a direction. The freshness is the one that has held for some seconds.
    """

    momentum: float | None
    direction: int
    pressure: float
    continuation: float | None
    freshness: Freshness | None


class AiRead(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a language model made of one coin, told `age_ms` ago; fields as in `ScalperRead`.

    `conflict` says that it would enter a move that it calls late or over.
    """

    age_ms: int
    latency_ms: int
    reason: str
    model: str
    momentum: float
    pressure: float
    continuation: float
    freshness: Freshness
    direction: int
    action: Action
    confidence: int
    sentence: str
    conflict: bool
    in_position: bool


class ScalperView(msgspec.Struct, frozen=True):
    """How the scalper stands with one coin: its newest read, why it is not read now, and why the last one failed.

    `waits_for` and `trouble` are short cleaned sentences, empty when there is nothing to say.
    """

    ai: AiRead | None = None
    waits_for: str = ""
    trouble: str = ""
    failures: int = 0


class ModelView(msgspec.Struct, frozen=True, kw_only=True):
    """How the language model does; `message` is one sentence for a user, empty when all is well.

    `answers_in_s` is the median of its last questions, the deadline for those given up; `under_way` the coin that is
    being read. `outcomes` counts reads and
    failures since the start, the others those of the last hour.
    """

    state: ModelState
    name: str
    message: str = ""
    answers_in_s: float | None = None
    under_way: str = ""
    outcomes: int = 0
    reads_per_hour: int = 0
    failures_per_hour: int = 0
    round_trip_bps: float = 0.0


class MarketRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One coin as the Markets panel shows it. Changes are fractions; funding is the hourly rate as a fraction.

    `trend` are prices of the last hour, three minutes apart, oldest first, the newest price last. `age_ms` is the age
    of the newest trade, quote or book; `stale` says it is past its deadline, `hole` that trades are missing from its
    recent tape. `scalper` is there for the coins that a model reads. `minute_in_s` are the seconds until a whole minute
    is known, which momentum needs.
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
    scalper: ScalperView | None = None
    funding: float | None = None
    open_interest_usd: float | None = None
    day_volume_usd: float | None = None
    trend: tuple[float | None, ...] = ()
    age_ms: int | None = None
    stale: bool = False
    hole: bool = False
    favourite: bool = False
    minute_in_s: int = 0


class LogLine(msgspec.Struct, frozen=True, gc=False):
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

    `written` rows are in the database, `pending` ones on their way, `unsaved` ones in memory only. `lost` ones were
    refused or dropped, or still unsaved at the end; `loss` says which and why. `moved_aside` names a damaged database
    that was found and kept.
    """

    state: StoreState
    reason: str
    written: int
    pending: int
    lost: int
    unsaved: int = 0
    loss: str = ""
    moved_aside: str = ""


class JobView(msgspec.Struct, frozen=True):
    """The newest run of a job, begun at `since_ms` of the engine's time; `message` says what is done, or was."""

    name: JobName
    state: JobState
    since_ms: int
    message: str


class Snapshot(msgspec.Struct, frozen=True, kw_only=True, tag="snapshot"):
    """Everything the deck shows, frozen at one input. `wall_ms` is the engine's time: the tape's own time on a tape.

    `waiting_for` says in a sentence what an empty Markets panel waits for; `log` is the tail of the event log; `detail`
    is the coin this deck looks at, `scalper` the scalper's work on it, `wallet`, `trader`, `alert`, `followed`,
    `token` and `screener` what else it looks at; `sweep` is the newest one that was begun from a deck.
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
    jobs: tuple[JobView, ...] = ()
    model: ModelView | None = None
    paper: PaperView | None = None
    detail: MarketDetail | None = None
    scalper: ScalperDetail | None = None
    wallets: WalletsView | None = None
    wallet: WalletDetail | None = None
    whales: WhalesView | None = None
    trader: TraderDetail | None = None
    alert: AlertDetail | None = None
    followed: FollowedView | None = None
    tokens: TokensView | None = None
    token: TokenDetail | None = None
    screener: ScreenerView | None = None
    sweep: SweepView | None = None


class LookAt(msgspec.Struct, frozen=True, tag="look_at"):
    """Put one coin in detail into this client's snapshots from now on; an empty `coin` ends it.

    With `scalper`, the scalper's questions and answers about it come too. Who looks is told by `client`, a number that
    the engine gives to each of its clients; what a client says of it does not count.
    """

    coin: str
    interval: str = "1m"
    scalper: bool = False
    client: int = 0


class SetMetricSource(msgspec.Struct, frozen=True, tag="set_metric_source"):
    """Show the rules' metrics or the AI's."""

    metric_source: MetricSource


class StartJob(msgspec.Struct, frozen=True, tag="start_job"):
    """Begin a job now; one that is being done is not begun twice.

    A "read" is of the coin `subject`; "wallets" scans what `subject` names, as after `tapedeck scan --from`: empty for
    the leaderboards; "tokens" scores the tokens whose mints `subject` names: empty for all that are watched.
    """

    name: JobName
    subject: str = ""


class CancelJob(msgspec.Struct, frozen=True, tag="cancel_job"):
    """Give up the job that is being done."""

    name: JobName


class TradePaper(msgspec.Struct, frozen=True, tag="trade_paper"):
    """Open, close or turn round a paper position in one coin. Nothing is sent to any venue."""

    coin: str
    action: PaperAction


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


Command = (
    SetMetricSource
    | StartJob
    | CancelJob
    | TradePaper
    | SetPlayback
    | LookAt
    | SetRecording
    | LookAtWallet
    | SetWalletProfile
    | NoteWallet
    | WhaleLook
    | TrackTrader
    | NoteTrader
    | SilenceAlerts
    | ScoreTokens
    | LookAtScreener
    | LookAtToken
    | StartSweep
    | StopSweep
)


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
