"""Whale alerts: what large and successful traders just did, newest first, and what quiet hours held back. Pure."""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from app.core.text import clean
from app.core.whale_events import SEVERITIES, AlertKind, AlertRecord, Severity
from app.engine.protocol_whales import DigestView, SilenceRow, TrackerView, WhaleAlertRow, WhalesView
from app.ui import format as shown
from app.ui.actions import Action
from app.ui.panels.markets import waiting_sentence
from app.ui.panels.wallets import simulated_mark
from app.ui.state import DeckView
from app.ui.theme import Role
from app.ui.widgets.columns import Cell, Column, Row, TableView, Value
from app.ui.widgets.whole import first_fitting

WHALES = "whales"
"""The panel's id."""
NO_TRADERS = "This engine follows no traders."

_NAME = "Whale alerts"
_DIGEST_LASTS_MS = 86_400_000
_SEVERITY_ROLES: dict[Severity, Role] = {"CRITICAL": "alert", "HIGH": "warning", "MEDIUM": "accent", "LOW": "muted"}
_SEVERITY_SIGNS: dict[Severity, str] = {"CRITICAL": "█", "HIGH": "▆", "MEDIUM": "▄", "LOW": "▂"}
_KIND_WORDS: dict[AlertKind, str] = {
    "whale_move": "whale",
    "whales_together": "whales",
    "whale_bias_flip": "bias flip",
    "consensus_shift": "consensus",
    "trader_move": "trader",
    "large_trade": "large trade",
    "liquidation": "liquidation",
}
_COIN = 1
_YOUNG_MS = 10_000
"""Up to this an age is shown in tenths of a second."""
_RECORD = 12
_COLUMNS = (
    Column("severity", 9, "left", ranked=True),
    Column("coin", 8, "left", priority=1),
    Column("age", 4, priority=2),
    Column("what", 11, "left", priority=3),
    Column("size $", 8, priority=4, words="size $"),
    Column("who", 13, "left", priority=5, worded=True),
    Column("rarity", 8, priority=6, words="percentile"),
    Column("record", _RECORD, "left", priority=7, words="record %"),
    Column("times", 5, priority=8),
    Column("alert", 30, "left", priority=9, flexible=True, worded=True),
    Column("tier", 8, "left", priority=10),
    Column("flags", 16, "left", priority=11, worded=True),
    Column("side", 6, "left", priority=12),
    Column("price", 10, priority=13),
    Column("told", 6, "left", priority=14),
    Column("traders", 42, "left", priority=15),
)


class WhaleKeys(NamedTuple):
    """The keys that sentences name, as the footer shows them."""

    refresh: str = "s"
    snooze: str = "Z"
    silence: str = "H"


def whale_keys(actions: Sequence[Action]) -> WhaleKeys:
    """The keys in force."""
    shown_keys = {action.id: action.shown_keys[0] for action in actions}
    return WhaleKeys(*(shown_keys[action_id] for action_id in ("refresh", "alert-snooze", "alert-silence")))


def whales_view(view: DeckView) -> TableView:
    """The panel of a deck: the alerts that stand, and below them what the last quiet hours held back."""
    snapshot = view.shown
    if snapshot is None:
        return TableView(_NAME, _COLUMNS, (), waiting_sentence(view))
    whales = snapshot.whales
    if whales is None:
        return TableView(_NAME, _COLUMNS, (), NO_TRADERS)
    now_ms = snapshot.wall_ms + view.lag_ms
    rows = [alert_row(alert, view, now_ms) for alert in whales.alerts]
    held = newest_digest(whales, now_ms)
    rows += [alert_row(alert, view, now_ms, held=True) for alert in held.alerts] if held is not None else []
    return TableView(_title(whales, view), _COLUMNS, tuple(rows), _empty(whales))


def alert_of(view: DeckView, alert_id: str) -> WhaleAlertRow | None:
    """An alert that the panel shows."""
    whales = view.shown.whales if view.shown is not None else None
    if whales is None:
        return None
    held = whales.digest.alerts if whales.digest is not None else ()
    return next((alert for alert in (*whales.alerts, *held) if alert.alert_id == alert_id), None)


def newest_digest(whales: WhalesView, now_ms: int) -> DigestView | None:
    """What quiet hours held back that ended less than a day ago."""
    digest = whales.digest
    return digest if digest is not None and now_ms - digest.to_ms < _DIGEST_LASTS_MS else None


def whale_coin(row: Row) -> str:
    """The coin an alert's row is about."""
    return str(row.values[_COIN])


def alert_row(alert: WhaleAlertRow, view: DeckView, now_ms: int, *, held: bool = False) -> Row:
    """One alert as a row; one that was held back is dimmed and says so."""
    age_ms = now_ms - alert.at_ms
    step_ms = 100 if age_ms < _YOUNG_MS else 1_000
    return _row(alert, age_ms // step_ms * step_ms, view.outdated, held)


@lru_cache(maxsize=1_024)
def _row(alert: WhaleAlertRow, age_ms: int, outdated: bool, held: bool) -> Row:
    text, who = str(clean(alert.text, 300)), str(clean(alert.who, 200)) or shown.DASH
    flags, traders = str(clean(", ".join(alert.flags), 200)), str(clean(", ".join(alert.traders), 400))
    coin = str(clean(alert.coin, 24))
    cells = (
        severity_cell(alert.severity),
        Cell(coin, "accent"),
        Cell(shown.age(age_ms), "muted"),
        Cell(_KIND_WORDS[alert.kind], "text", kind_words(alert.kind)),
        signed_cell(alert.value_usd, alert.direction),
        Cell(who),
        rarity_cell(alert.percentile),
        record_cell(alert.record),
        Cell(times_words(alert.times), "muted" if alert.times <= 1 else "accent"),
        Cell(text),
        Cell(str(clean(alert.tier, 16)) or shown.DASH, "muted"),
        Cell(flags or "none", "warning" if flags else "muted"),
        Cell(side_words(alert.direction), "muted"),
        Cell(number(alert.price)),
        Cell("held" if held else "told", "muted"),
        Cell(traders or shown.DASH, "muted"),
    )
    name = f"{alert.severity} {coin} {kind_words(alert.kind)}"
    values = _values(alert, age_ms, cells)
    return Row(alert.alert_id, cells, outdated or held, values=values, name=name)


def severity_cell(severity: Severity) -> Cell:
    """A severity as its word, behind a bar that is the higher the more severe it is."""
    return Cell(f"{_SEVERITY_SIGNS[severity]}{severity}", _SEVERITY_ROLES[severity], severity)


def kind_words(kind: AlertKind) -> str:
    """A kind of alert in words."""
    return kind.replace("_", " ")


def signed_cell(value_usd: float, direction: int) -> Cell:
    """An amount in USD, with arrow and sign for bought and sold."""
    amount = shown.compact(value_usd)
    if not direction or amount == shown.DASH:
        return Cell(amount)
    bought = direction > 0
    return Cell(f"{shown.UP}+{amount}" if bought else f"{shown.DOWN}-{amount}", "up" if bought else "down")


def side_words(direction: int) -> str:
    """Which way it went, in a word."""
    return "bought" if direction > 0 else "sold" if direction < 0 else "both"


def rarity_cell(percentile: float | None) -> Cell:
    """How rare a size is: of a move larger than 99.8 % of its market's, `top 0.2%`."""
    if percentile is None or not math.isfinite(percentile):
        return Cell(shown.DASH, "muted")
    top = max(0.0, min(100.0, 100.0 - percentile))
    words = "top<0.1%" if top < 0.05 else f"top {top:.1f}%" if top < 9.95 else f"top {top:.0f}%"
    larger = "over 99.9" if top < 0.05 else f"{percentile:.1f}"
    return Cell(words, "accent" if top < 1 else "text", f"larger than {larger}% of its market")


def record_cell(record: AlertRecord | None) -> Cell:
    """Of how many alerts of the kind the price went the same way within an hour, and how far in the median."""
    if record is None or record.n <= 0:
        return Cell("none yet", "muted", "none graded yet")
    share, move = f"{record.hits}/{record.n}", _short_move(record.median_move_bps)
    wordings = (f"{share} {move}".rstrip(), share, f"{100 * record.hits / record.n:.0f}% of >999")
    return Cell(first_fitting(wordings, _RECORD), "text", record_words(record))


def record_words(record: AlertRecord | None) -> str:
    """A record in words; n always."""
    if record is None or record.n <= 0:
        return "no alert of this kind is graded yet (n 0)"
    return f"{record.hits:,} of {record.n:,}, median {move_words(record.median_move_bps)}"


def move_words(move_bps: float | None) -> str:
    """A move in basis points with its sign."""
    if move_bps is None or not math.isfinite(move_bps):
        return "not known"
    return f"{move_bps:+.1f} bps" if abs(move_bps) >= 0.05 else "0.0 bps"


def times_words(times: int) -> str:
    """How often it happened, where that was more than once."""
    return "" if times <= 1 else f"{times}x" if times < 10_000 else ">9999"


def number(value: float) -> str:
    """A price whose market's decimals are not known: about six digits."""
    if not math.isfinite(value):
        return shown.DASH
    places = 0 if abs(value) >= 10_000 else 2 if abs(value) >= 10 else 4 if abs(value) >= 0.1 else 8
    return shown.price(value, places)


def _short_move(move_bps: float | None) -> str:
    if move_bps is None or not math.isfinite(move_bps):
        return ""
    return f"{move_bps:+.0f}bp" if abs(move_bps) > 0.5 else "0bp"


def _values(alert: WhaleAlertRow, age_ms: int, cells: tuple[Cell, ...]) -> tuple[Value, ...]:
    """What the columns are sorted and asked by."""
    record = alert.record
    rate = 100 * record.hits / record.n if record is not None and record.n > 0 else None
    return (
        SEVERITIES.index(alert.severity), alert.coin, age_ms / 1_000, cells[3].value, alert.value_usd,
        cells[5].value, alert.percentile, rate, alert.times, cells[9].value,
        cells[10].value, cells[11].value, cells[12].value, alert.price, cells[14].value, cells[15].value,
    )  # fmt: skip


def _title(whales: WhalesView, view: DeckView) -> str:
    count = f" {len(whales.alerts):,}" if whales.alerts else ""
    severe = [
        f"{found} {severity}"
        for severity in ("CRITICAL", "HIGH")
        if (found := sum(alert.severity == severity for alert in whales.alerts))
    ]
    return " · ".join((f"{_NAME}{count}{simulated_mark(view)}", *severe))


def _empty(whales: WhalesView) -> str:
    """What an empty panel waits for."""
    said = str(clean(whales.waiting_for, 300)).rstrip(".")
    return f"{said}." if said else "No alert stands: nobody made a large move lately."


def silence_words(silences: Sequence[SilenceRow], keys: WhaleKeys) -> str:
    """How much is snoozed and muted, and the key that takes it back; empty without."""
    snoozed = sum(silence.until_ms is not None for silence in silences)
    counts = ((snoozed, "snoozed"), (len(silences) - snoozed, "muted"))
    words = ", ".join(f"{count} {word}" for count, word in counts if count)
    kept = sum(silence.silenced for silence in silences)
    return f"{words} ({kept:,} kept silent, {keys.silence} takes back)" if words else ""


def tracker_parts(tracker: TrackerView, lag_ms: int) -> tuple[str, ...]:
    """How following stands: how many, how fresh, how they are learned of, what it costs, how old the leaderboard is."""
    used = shown.DASH if tracker.weight_used is None else f"{tracker.weight_used:,}"
    cap = "" if tracker.stream_cap is None else f" of {tracker.stream_cap}"
    learned = f"by stream {tracker.by_stream}{cap}, trade {tracker.by_trade}, poll {tracker.by_poll}"
    age_s, oldest_s = tracker.leaderboard_age_s, tracker.oldest_s
    refused = f", {tracker.leaderboard_refused:,} refused" if tracker.leaderboard_refused else ""
    rows = f", {tracker.leaderboard_rows:,} rows{refused}" if tracker.leaderboard_rows else ""
    return (
        f"{tracker.tracked} tracked, {tracker.fresh} fresh",
        f"oldest {shown.age(None if oldest_s is None else oldest_s * 1_000 + lag_ms)}",
        learned,
        f"weight {used}/{tracker.weight_limit:,}",
        "no leaderboard" if age_s is None else f"leaderboard {shown.age(age_s * 1_000 + lag_ms)} old{rows}",
        f"trades of {tracker.trade_coins}/{tracker.listed_coins} coins",
        f"saved {tracker.positions_saved:,} of {tracker.positions_seen:,}",
    )
