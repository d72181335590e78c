"""Wallet targets: the newest verdicts, best first, and what is to be said of the scan that finds them. Pure."""

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from app.core.text import clean
from app.engine.protocol_wallets import ReviewState, ScanState, ScanView, WalletRow, WalletsView
from app.ui import format as shown
from app.ui.actions import Action
from app.ui.panels.markets import waiting_sentence
from app.ui.state import DeckView
from app.ui.theme import Role
from app.ui.widgets.columns import Cell, Column, Row, TableView, Value
from app.wallets.values import RANKS, VerdictClass
from app.wallets.words import counted

WALLETS = "wallets"
"""The panel's id."""
OLD_S = 86_400
"""A verdict older than this is called old: it was judged before today's trades."""
NO_SCANNER = "This engine has no wallet scanner."
FOLLOWED = "★"

_NAME = "Wallet targets"
_BAR = 6
_UNKNOWN = Cell(shown.DASH, "muted")
_CLASS_ROLES: dict[VerdictClass, Role] = {
    "TARGET": "up",
    "WATCHLIST": "accent",
    "REJECTED": "muted",
    "NOT SCORED": "warning",
}
_REVIEW_ROLES: dict[ReviewState, Role] = {"new": "text", "accepted": "up", "rejected": "muted"}
_SCAN_ROLES: dict[ScanState, Role] = {
    "idle": "muted",
    "running": "accent",
    "done": "muted",
    "failed": "warning",
    "cancelled": "warning",
}
_COLUMNS = (
    Column("wallet", 12, "left", worded=True),
    Column("class", 10, "left", priority=1, ranked=True),
    Column("score", 5, priority=2),
    Column("change", 6, priority=9, words="score change"),
    Column("before", 10, "left", priority=16, words="class before", ranked=True),
    Column("spec", 4, priority=4, words="specialisation"),
    Column("", _BAR, "left", priority=11, words="specialisation bar"),
    Column("behav", 5, priority=5, words="behaviour"),
    Column("", _BAR, "left", priority=12, words="behaviour bar"),
    Column("struct", 6, priority=6, words="structure"),
    Column("", _BAR, "left", priority=13, words="structure bar"),
    Column("ROI 30d", 8, priority=7, words="ROI 30d %"),
    Column("win (n)", 9, priority=8, words="win rate %"),
    Column("flags", 11, "left", priority=3, flexible=True, words="flags or reason", worded=True),
    Column("age", 7, priority=10, words="age of verdict"),
    Column("review", 8, "left", priority=14, words="my review"),
    Column("follow", 8, "left", priority=15, words="followed"),
    Column("found", 18, "left", priority=17, words="found at", worded=True),
    Column("address", 42, "left", priority=18),
)


class WalletKeys(NamedTuple):
    """The keys that sentences name, as the footer shows them."""

    scan: str = "s"
    metrics: str = "D"
    profile: str = "P"


_DEFAULT_KEYS = WalletKeys()


def wallet_keys(actions: Sequence[Action]) -> WalletKeys:
    """The keys in force."""
    shown_keys = {action.id: action.shown_keys[0] for action in actions}
    return WalletKeys(*(shown_keys[action_id] for action_id in ("refresh", "scan-metrics", "wallet-profile")))


def wallets_view(view: DeckView, keys: WalletKeys = _DEFAULT_KEYS) -> TableView:
    """The panel of a deck; wallets that are followed come first in every order."""
    snapshot = view.shown
    if snapshot is None:
        return TableView(_NAME, _COLUMNS, (), waiting_sentence(view))
    wallets = snapshot.wallets
    if wallets is None:
        return TableView(_NAME, _COLUMNS, (), NO_SCANNER)
    later_s = view.lag_ms // 1_000
    ordered = sorted(wallets.rows, key=lambda row: not row.followed)
    rows = tuple(wallet_row(row, row.age_s + later_s, view.outdated) for row in ordered)
    return TableView(_title(wallets, view), _COLUMNS, rows, _empty(wallets, view, keys))


def wallets_note(view: DeckView, keys: WalletKeys = _DEFAULT_KEYS) -> tuple[str, Role]:
    """What is to be said of the newest scan, how it looks, and when the next one begins."""
    wallets = view.shown.wallets if view.shown is not None else None
    if wallets is None:
        return "", "muted"
    state: ScanState = "idle" if wallets.scan is None else wallets.scan.state
    role: Role = "stale" if view.outdated else _SCAN_ROLES[state]
    return " · ".join(_scan_words(wallets, keys, cancels=not is_tape(view))), role


def simulated_mark(view: DeckView) -> str:
    """What a title says of wallets that are made up, as those of a demo and of its tape; empty of real ones."""
    return " (simulated)" if view.shown is not None and view.shown.source.simulated else ""


def is_tape(view: DeckView) -> bool:
    """Whether what is shown is recorded: then nothing can be asked for, and no key for it is offered."""
    return view.shown is not None and view.shown.source.mode == "tape"


@lru_cache(maxsize=1_024)
def wallet_row(row: WalletRow, age_s: int, outdated: bool) -> Row:
    """The newest verdict on one wallet, `age_s` old by now, as a row of the panel; an old one is dimmed and says so."""
    address, name = str(clean(row.address, 64)), wallet_name(row.address, row.alias)
    pillars = (row.specialisation, row.behaviour, row.structure)
    cells = (
        Cell(f"{FOLLOWED if row.followed else ' '}{name}", "accent", name),
        class_cell(row.wallet_class),
        Cell(fraction(row.score)),
        change_cell(row.score_change, first=row.class_before is None),
        _UNKNOWN if row.class_before is None else class_cell(row.class_before),
        *(cell for score in pillars for cell in (Cell(fraction(score)), bar_cell(score))),
        roi_cell(row.roi_30d),
        win_cell(row.win_rate, row.decided),
        _flags_cell(row),
        age_cell(age_s),
        Cell(row.review, _REVIEW_ROLES[row.review]),
        Cell("followed", "accent") if row.followed else _UNKNOWN,
        Cell(str(clean(row.origin, 40)), "muted"),
        Cell(address, "muted"),
    )
    dimmed = outdated or age_s > OLD_S
    return Row(row.address, cells, dimmed, row.followed, _values(row, name, age_s, cells), name)


def wallet_name(address: str, alias: str) -> str:
    """What a wallet is called: its alias, else the ends of its address."""
    known = str(clean(alias, 40)).strip()
    whole = str(clean(address, 80))
    return known or (whole if len(whole) <= 12 else f"{whole[:6]}…{whole[-4:]}")


def class_cell(verdict: VerdictClass) -> Cell:
    """A class as its word."""
    return Cell(verdict, _CLASS_ROLES[verdict])


def fraction(value: float | None) -> str:
    """A score, share or probability of 0-1 with two places."""
    return shown.DASH if value is None or not math.isfinite(value) else f"{value:.2f}"


def percent(value: float | None, places: int = 0) -> str:
    """A fraction as percent without a sign: 0.571 is `57%`."""
    return shown.DASH if value is None or not math.isfinite(value) else f"{value * 100:.{places}f}%"


def bar_cell(score: float | None) -> Cell:
    """A bar for a pillar of 0-1; the number beside it is what is copied."""
    if score is None or not math.isfinite(score):
        return _UNKNOWN
    kept = max(0.0, min(1.0, score))
    # A full bar says that nothing was taken.
    filled = _BAR if kept >= 0.995 else min(_BAR - 1, round(kept * _BAR))
    return Cell("█" * filled + "░" * (_BAR - filled), "text", shown.DASH)


def roi_cell(roi: float | None) -> Cell:
    """A return on what was paid in, with arrow and sign."""
    text = shown.change(roi) if roi is None or abs(roi) < 10 else f"{'▲+' if roi > 0 else '▼-'}{_large(abs(roi))}"
    return Cell(text, "up" if text[:1] == shown.UP else "down" if text[:1] == shown.DOWN else "muted")


def win_cell(rate: float | None, n: int) -> Cell:
    """A win rate, and over how many positions; those of thousands are rounded down, and copied in full."""
    if rate is None or not math.isfinite(rate):
        return Cell(shown.DASH if n <= 0 else f"n{_many(n)}", "muted", f"unknown of {n}")
    return Cell(f"{percent(rate)} n{_many(n)}", "text", f"{percent(rate, 1)} of {n}")


def change_cell(change: float | None, *, first: bool) -> Cell:
    """How a score moved since the verdict before; the first one has none before it."""
    if change is None or not math.isfinite(change):
        return Cell("first" if first else shown.DASH, "muted")
    if abs(change) < 0.005:
        return Cell("0.00", "muted")
    up = change > 0
    return Cell(f"{shown.UP if up else shown.DOWN}{change:+.2f}", "up" if up else "down")


def age_cell(age_s: int) -> Cell:
    """How old a verdict is, in minutes or longer; from a day on with the word."""
    age = "<1m" if age_s < 60 else shown.age(age_s * 1_000)
    return Cell(f"old {age}", "stale") if age_s > OLD_S else Cell(age, "muted")


def stage_words(scan: ScanView) -> Iterator[str]:
    """What each stage of the funnel rejected of the wallets it saw."""
    if any(stage.seen for stage in scan.stages):
        counts = (f"{stage.rejected:,}/{stage.seen:,} at {stage.stage}" for stage in scan.stages)
        yield f"rejected {', '.join(counts).replace('at ', 'at stage ', 1)}"


def scan_result(scan: ScanView) -> str:
    """How many wallets were found of each class."""
    words = f"{scan.targets:,} TARGET, {scan.watchlist:,} WATCHLIST"
    return f"{words}, {scan.not_scored:,} not scored" if scan.not_scored else words


def _title(wallets: WalletsView, view: DeckView) -> str:
    shown_of = len(wallets.rows)
    count = f" {shown_of:,}" if shown_of >= wallets.known else f" {shown_of:,} of {wallets.known:,}"
    scan = wallets.scan
    runs = scan is not None and scan.state == "running"
    running = f" · SCANNING{f' {scan.seen:,} of {scan.total:,}' if scan.total else ''}" if scan and runs else ""
    named = f"{_NAME}{count if wallets.known else ''}{simulated_mark(view)}"
    return f"{named}{running} · profile {clean(wallets.profile, 32)}"


def _empty(wallets: WalletsView, view: DeckView, keys: WalletKeys) -> str:
    """Why there are no rows, and the key that brings some; while a scan runs, the note names the key."""
    runs = wallets.scan is not None and wallets.scan.state == "running"
    said = str(clean(wallets.waiting_for, 300)).rstrip(".")
    said = said or ("The first wallets are being looked at" if runs else "No wallet has been looked at yet")
    return f"{said}." if runs or is_tape(view) else f"{said}. {keys.scan} starts a scan of the leaderboards."


def _scan_words(wallets: WalletsView, keys: WalletKeys, *, cancels: bool) -> Iterator[str]:
    scan = wallets.scan
    if scan is not None and scan.state != "idle":
        yield from _progress(scan, keys.scan if cancels else "") if scan.state == "running" else _ending(scan, keys)
    if wallets.scheduled_in_s is not None:
        yield f"next scan by itself in {shown.duration(wallets.scheduled_in_s)}"


def _progress(scan: ScanView, cancel_key: str) -> Iterator[str]:
    what = f"scanning {scan.seen:,} of {scan.total:,}" if scan.total else "looking for wallets to scan"
    yield f"{what}{f', {cancel_key} cancels' if cancel_key else ''}"
    yield from stage_words(scan)
    if scan.seen:
        yield f"{scan.targets:,} TARGET, {scan.watchlist:,} WATCHLIST"
    if scan.not_scored:
        yield f"{scan.not_scored:,} not scored"
    if scan.budget_used is not None:
        yield f"limit {clean(scan.budget_name, 40)} {scan.budget_used}/{scan.budget_limit or shown.DASH}"
    yield f"{counted(scan.calls, 'call')}, {scan.waiting:,} waiting"
    yield from _troubles(scan)


def _ending(scan: ScanView, keys: WalletKeys) -> Iterator[str]:
    said = str(clean(scan.message, 160)).rstrip(".")
    yield f"scan {scan.state}{f': {said}' if said else ''}"
    yield from _troubles(scan)
    if "TARGET" not in said:
        yield scan_result(scan)
    yield from stage_words(scan)
    yield f"{keys.metrics} shows how it went"


def _troubles(scan: ScanView) -> Iterator[str]:
    if scan.troubles:
        more = f" and {len(scan.troubles) - 1} more" if len(scan.troubles) > 1 else ""
        yield f"trouble: {clean(scan.troubles[0], 100)}{more}"


def _flags_cell(row: WalletRow) -> Cell:
    """Reasons to doubt; of a wallet that has none, why it was rejected."""
    flags = str(clean(", ".join(row.flags), 300))
    if row.reason:
        return Cell(str(clean(f"{row.reason}{f'; {flags}' if flags else ''}", 300)), "muted")
    return Cell(flags, "warning") if flags else Cell("none", "muted")


def _values(row: WalletRow, name: str, age_s: int, cells: tuple[Cell, ...]) -> tuple[Value, ...]:
    """What the columns are sorted and asked by."""
    before = None if row.class_before is None else RANKS[row.class_before]
    pillars = (row.specialisation, row.behaviour, row.structure)
    return (
        name, RANKS[row.wallet_class], row.score, row.score_change, before,
        *(score for score in pillars for _ in range(2)),
        _percents(row.roi_30d), _percents(row.win_rate), cells[13].value, age_s, row.review,
        "followed" if row.followed else None, cells[17].value, cells[18].value,
    )  # fmt: skip


def _percents(value: float | None) -> float | None:
    return None if value is None else value * 100


def _large(multiple: float) -> str:
    """A multiple of ten or more as percent with few digits: 12.3 is `1.23K%`."""
    return f"{shown.compact(multiple * 100)}%"


def _many(n: int) -> str:
    """A count in at most three characters up to a hundred millions, rounded down: `999`, `12k`, `.1M`."""
    if n < 1_000:
        return str(n)
    if n < 100_000:
        return f"{n // 1_000}k"
    return f".{n // 100_000}M" if n < 1_000_000 else f"{n // 1_000_000}M"
