"""Messages of the link: followed traders, their signal in each coin, alerts, and one trader or alert opened up.

As in `protocol.py`: frozen, cleaned, None for what is not known. Amounts are USD, shares and weights fractions (0-1),
ages seconds of the engine's time.
"""

from typing import Literal

import msgspec

from app.core.whale_events import AlertKind, AlertRecord, Learned, MoveKind, Severity, SmartMoneySignal

SilenceOf = Literal["coin", "kind", "trader"]


class WhaleAlertRow(msgspec.Struct, frozen=True, kw_only=True):
    """One alert that stands. `who` names the traders (alias, name or short address), `traders` are their addresses,
    `aliases` what the user calls each of them (empty: nothing), `flags` are reasons to doubt them.

    `percentile` is the place of its size among recent moves of the coin (0-100); `record` what alerts of this kind were
    followed by; `times` how often it happened within its cool-down.
    """

    alert_id: str
    kind: AlertKind
    severity: Severity
    coin: str
    at_ms: int
    direction: int
    text: str
    value_usd: float
    percentile: float | None
    price: float
    who: str
    traders: tuple[str, ...] = ()
    tier: str = ""
    flags: tuple[str, ...] = ()
    times: int = 1
    record: AlertRecord | None = None
    aliases: tuple[str, ...] = ()


class FollowingCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What became of everything that came since the start, each by words of its own.

    `states` of accounts by what they were good for (`MoveCounts`), `questions` about them by reason and end
    (`RefreshCounts`), `moves` by what the rules made of them (`RuleCounts`), `alerts` by their fate (`BookCounts`).
    """

    states: dict[str, int] = {}
    questions: dict[str, int] = {}
    moves: dict[str, int] = {}
    alerts: dict[str, int] = {}


class TrackerView(msgspec.Struct, frozen=True, kw_only=True):
    """How following stands. `fresh` of `tracked` traders have positions younger than the limit; `by_*` count what the
    newest state of each was learned by; `weight_used` of `weight_limit` went out in the last minute. `in_signals` of
    them count in the signals: they have a weight, and a state of this run that is fresh. Trades are watched of
    `trade_coins` of `listed_coins`. Of the `positions_seen` in all states, closed ones among them, `positions_saved`
    were worth a row.
    """

    tracked: int
    fresh: int
    by_stream: int
    by_trade: int
    by_poll: int
    oldest_s: float | None
    weight_used: int | None
    weight_limit: int
    stream_cap: int | None
    leaderboard_age_s: int | None
    leaderboard_rows: int
    leaderboard_refused: int
    positions_seen: int
    positions_saved: int
    message: str = ""
    in_signals: int = 0
    trade_coins: int = 0
    listed_coins: int = 0
    counts: FollowingCounts = FollowingCounts()


class SilenceRow(msgspec.Struct, frozen=True):
    """What is snoozed or muted. `until_ms` is None for what is muted; `silenced` counts what it kept silent."""

    of: SilenceOf
    name: str
    until_ms: int | None
    silenced: int


class DigestView(msgspec.Struct, frozen=True, kw_only=True):
    """What quiet hours held back, the most severe first."""

    from_ms: int
    to_ms: int
    held: int
    alerts: tuple[WhaleAlertRow, ...]


class RegimeView(msgspec.Struct, frozen=True, kw_only=True):
    """The regime of the leading market: `name` is None while it is unknown, and `why` says why.

    `age_s` is how long it has held (`at_least`: or longer), `probability` and `multiplier` 0-1. It is a part of the
    weights of `traders`: of the others too few days like these are known.
    """

    coin: str
    name: str | None
    age_s: int | None
    at_least: bool
    probability: float | None
    multiplier: float
    why: str = ""
    traders: int = 0


class WhalesView(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a deck shows of whales. `waiting_for` says what an empty panel waits for."""

    alerts: tuple[WhaleAlertRow, ...]
    signals: tuple[SmartMoneySignal, ...]
    tracker: TrackerView
    silences: tuple[SilenceRow, ...] = ()
    digest: DigestView | None = None
    is_quiet: bool = False
    regime: RegimeView | None = None
    unsaved: str = ""
    waiting_for: str = ""


class PositionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One position of a trader. `liquidation_share` is how far the mark is from liquidation, as a fraction of it.

    `size_at_last_look` is what it was when this trader was opened before; None where it never was, or did not hold it.
    """

    coin: str
    size: float
    value_usd: float
    entry_price: float | None
    mark_price: float | None
    unrealized_pnl_usd: float
    liquidation_price: float | None
    liquidation_share: float | None
    leverage: float
    size_at_last_look: float | None = None


class TraderMoveRow(msgspec.Struct, frozen=True, kw_only=True):
    """One change of a position that was seen; `who` names the trader."""

    trader: str
    who: str
    coin: str
    kind: MoveKind
    size_before: float
    size_after: float
    price: float
    change_usd: float
    at_ms: int
    learned: Learned


class FillRow(msgspec.Struct, frozen=True, kw_only=True):
    """One fill of a trader as the venue tells it. `did` are the venue's words; `fee_usd` is negative for a rebate."""

    at_ms: int
    coin: str
    did: str
    side: Literal["buy", "sell"]
    size: float
    price: float
    start_size: float
    closed_pnl_usd: float
    fee_usd: float
    crossed: bool
    liquidated: bool = False


class WeightPart(msgspec.Struct, frozen=True):
    """One part of a trader's weight: `value` 0-1 or None where it is not known; `weight` its share of the whole."""

    name: str
    value: float | None
    weight: float
    text: str = ""


class TraderDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One trader opened up; `is_tracked` tells whether it is followed. `fills` are the newest, and `fills_waiting` says
    why there are none.
    """

    trader: str
    name: str
    is_tracked: bool
    flags: tuple[str, ...]
    tier: str
    rank: int | None
    score: float | None
    weight: float | None
    coverage: float | None
    parts: tuple[WeightPart, ...]
    equity_usd: float | None
    margin_usd: float | None
    age_s: float | None
    learned: Learned | None
    positions: tuple[PositionRow, ...]
    moves: tuple[TraderMoveRow, ...]
    equity: tuple[tuple[int, float], ...] = ()
    last_look_ms: int | None = None
    waiting_for: str = ""
    fills: tuple[FillRow, ...] = ()
    fills_waiting: str = ""
    alias: str = ""
    note: str = ""


class LeaderboardView(msgspec.Struct, frozen=True, kw_only=True):
    """The leaderboard the followed were chosen from: its size, its rows, those kept, and why others were refused.

    `refused_by` counts by reason; it is empty for one that came before that was kept.
    """

    age_s: int
    size_bytes: int
    rows: int
    kept: int
    refused: int
    refused_by: dict[str, int]


class FollowedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One followed trader as a list shows it; `alias` is what the user calls it and `name` what it calls itself, empty
    where nobody does.

    `score` 0-100 is the leaderboard's, on so many `windows` of four and with `evidence` 0-1; `flags` are reasons to
    doubt it, `doubts` the same in words. `coverage` is the share of the evidence behind `weight` that is known; the age
    is that of its positions, None where they are not known.
    """

    trader: str
    name: str
    rank: int | None
    standing: str
    score: float | None
    windows: int | None
    evidence: float | None
    flags: tuple[str, ...]
    doubts: tuple[str, ...]
    weight: float | None
    coverage: float | None
    tier: str
    equity_usd: float | None
    positions: int | None
    age_s: float | None
    learned: Learned | None
    alias: str = ""


class ContributorRow(msgspec.Struct, frozen=True, kw_only=True):
    """One trader behind a coin's signal: `side` +1 long, −1 short, `share` its part of all votes in the coin."""

    trader: str
    name: str
    side: int
    share: float
    weight: float | None
    value_usd: float
    age_s: float | None
    flags: tuple[str, ...]


class FollowedView(msgspec.Struct, frozen=True, kw_only=True):
    """Everyone who is followed, by rank; where a coin was named its signal of this moment, and who is behind it.

    `long` and `short` are the traders with the largest shares of each side, the largest first.
    """

    leaderboard: LeaderboardView | None
    traders: tuple[FollowedRow, ...]
    signal: SmartMoneySignal | None = None
    long: tuple[ContributorRow, ...] = ()
    short: tuple[ContributorRow, ...] = ()


class PastAlert(msgspec.Struct, frozen=True, kw_only=True):
    """A former alert of the kind, and how far the price had moved after a quarter of an hour, an hour and four."""

    coin: str
    at_ms: int
    direction: int
    price: float
    move_15m_bps: float | None
    move_1h_bps: float | None
    move_4h_bps: float | None


class AlertDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One alert opened up: the moves behind it and what alerts of its kind were followed by."""

    alert: WhaleAlertRow
    moves: tuple[TraderMoveRow, ...]
    traders: tuple[str, ...]
    past: tuple[PastAlert, ...]


class LookAtTrader(msgspec.Struct, frozen=True, tag="look_at_trader"):
    """This trader is open on the asking deck; an empty address closes it."""

    address: str
    client: int = 0


class LookAtAlert(msgspec.Struct, frozen=True, tag="look_at_alert"):
    """This alert is open on the asking deck; an empty id closes it."""

    alert_id: str
    client: int = 0


class LookAtFollowed(msgspec.Struct, frozen=True, tag="look_at_followed"):
    """List the followed traders to the asking client (`listed`), with the signal of `coin` unless that is empty."""

    listed: bool
    coin: str = ""
    client: int = 0


WhaleLook = LookAtTrader | LookAtAlert | LookAtFollowed


class TrackTrader(msgspec.Struct, frozen=True, tag="track_trader"):
    """Follow a trader whatever its place (`tracked`), or never (not `tracked`)."""

    address: str
    tracked: bool


class NoteTrader(msgspec.Struct, frozen=True, tag="note_trader"):
    """Keep something about a trader on this machine; what is None stays as it is, and empty takes it away."""

    address: str
    alias: str | None = None
    note: str | None = None


class SilenceAlerts(msgspec.Struct, frozen=True, tag="silence_alerts"):
    """Snooze (`for_good` false), mute (true), or with `ends` take back what keeps a coin, kind or trader silent."""

    of: SilenceOf
    name: str
    for_good: bool = False
    ends: bool = False
