"""The Screener: candidates of a day, what the bar strategy holds, and how it stands with each coin. Pure."""

from collections.abc import Iterator
from functools import lru_cache

from app.core.text import clean
from app.engine.protocol_screen import STARTING_USD, CandidateRow, CoinRow, PositionRow, ScreenerView
from app.ui import format as shown
from app.ui.panels.markets import waiting_sentence
from app.ui.panels.paper import signed_usd
from app.ui.panels.wallets import simulated_mark
from app.ui.state import DeckView
from app.ui.theme import Role
from app.ui.widgets.columns import Cell, Column, Row, TableView

HOUR_MS = 3_600_000
NO_ENTRY = "no"
_FEW = 30

_CANDIDATES, _POSITIONS, _COINS = "Candidates", "Strategy", "Coins"
_CANDIDATE_COLUMNS = (
    Column("bar", 11, "left", priority=1, words="bar opened"),
    Column("coin", 8, "left"),
    Column("side", 7, "left", priority=2),
    Column("score", 5, priority=3),
    Column("entry", 7, "left", priority=4),
    Column("reason", 14, "left", priority=5, flexible=True, worded=True),
    Column("fusion", 6, priority=6),
    Column("close", 11, priority=7),
    Column("not entered because", 46, "left", priority=8, worded=True),
)
_POSITION_COLUMNS = (
    Column("coin", 8, "left"),
    Column("side", 7, "left", priority=1),
    Column("state", 9, "left", priority=2),
    Column("entered", 11, "left", priority=5),
    Column("entry", 11, priority=4),
    Column("price", 11, priority=6, words="price now, or exit"),
    Column("bp", 7, priority=3, words="result bp"),
    Column("$", 9, priority=7, words="result $"),
    Column("stop", 11, priority=8),
    Column("left", 11, "left", priority=9, words="left in bar"),
    Column("reason", 10, "left", priority=10),
)
_COIN_COLUMNS = (
    Column("coin", 8, "left"),
    Column("hours", 5, priority=2),
    Column("newest", 11, "left", priority=4, words="newest bar"),
    Column("score", 5, priority=3),
    Column("fusion", 6, priority=6),
    Column("24h", 3, priority=7, words="candidates of 24 h"),
    Column("holds", 7, "left", priority=5),
    Column("trades", 6, priority=8),
    Column("won", 3, priority=9),
    Column("account $", 10, priority=10),
    Column("trouble", 16, "left", priority=1, flexible=True, worded=True),
)


def candidates_view(view: DeckView) -> TableView:
    """Bars that passed the screen, the newest first, each with whether the strategy enters and why not."""
    screener = _screener(view)
    if screener is None:
        return TableView(_CANDIDATES, _CANDIDATE_COLUMNS, (), _waiting(view))
    rows = tuple(_candidate(row, view.outdated) for row in screener.candidates)
    title = f"{_CANDIDATES}{simulated_mark(view)} {len(rows)} of 24 h · UTC"
    return TableView(title, _CANDIDATE_COLUMNS, rows, f"{clean(screener.waiting_for, 300)}.")


def strategy_view(view: DeckView) -> TableView:
    """What the strategy holds, then what it held: nothing of it is money, and nothing is sent anywhere."""
    screener = _screener(view)
    if screener is None:
        return TableView(_POSITIONS, _POSITION_COLUMNS, (), _waiting(view))
    rows = tuple(_position(row, view.outdated) for row in screener.positions)
    held, ended = sum(row.state != "ended" for row in screener.positions), sum(row.trades for row in screener.coins)
    more = f" (newest {len(rows) - held} shown)" if ended > len(rows) - held else ""
    title = f"{_POSITIONS}{simulated_mark(view)} · {held} open, {ended} ended{more} · not money"
    empty = "The strategy has entered nothing in the hours it has looked at."
    return TableView(
        title, _POSITION_COLUMNS, rows, empty if screener.coins else f"{clean(screener.waiting_for, 300)}."
    )


def coins_view(view: DeckView) -> TableView:
    """Each coin that is screened: hours, newest numbers, the strategy's account, and what is wrong with it."""
    screener = _screener(view)
    if screener is None:
        return TableView(_COINS, _COIN_COLUMNS, (), _waiting(view))
    rows = tuple(_coin(row, view.outdated) for row in screener.coins)
    troubled = sum(bool(row.trouble) for row in screener.coins)
    counts = ((troubled, "with a trouble"), (_awaited(screener), "awaited"))
    title = " · ".join((f"{_COINS} {len(rows)}", *(f"{count} {words}" for count, words in counts if count)))
    return TableView(title, _COIN_COLUMNS, rows, f"{clean(screener.waiting_for, 300)}.")


def candidates_note(view: DeckView) -> tuple[str, Role]:
    """What a candidate does not mean, which is read where there is one line, and by which settings a bar is one."""
    screener = _screener(view)
    said = clean(screener.rules[0], 300) if screener is not None and screener.rules else ""
    return (f"A candidate is worth a look, and foretells nothing. {said}" if said else ""), "muted"


def strategy_note(view: DeckView) -> tuple[str, Role]:
    """All results together, after costs, with their number."""
    screener = _screener(view)
    ended = 0 if screener is None else sum(row.trades for row in screener.coins)
    if screener is None or not ended:
        return "", "muted"
    total, won = sum(row.result_usd for row in screener.coins), sum(row.won for row in screener.coins)
    few = "; too few to tell anything" if ended < _FEW else ""
    count = len(screener.coins)
    began = f"{count} account{'' if count == 1 else 's'} of {STARTING_USD:,.0f} $, one a coin"
    return (
        f"{ended} ended, {won} won, {signed_usd(total)} $ after costs{few} · {began} · open ones before costs",
        "muted",
    )


def coins_note(view: DeckView) -> tuple[str, Role]:
    """Which hours the strategy lives on, or how many coins wait for theirs and why."""
    screener = _screener(view)
    if screener is None or not screener.coins:
        return "", "muted"
    if _awaited(screener):
        return f"{clean(screener.waiting_for, 300)}.", "muted"
    return "Hours of the venue, the past of 30 days asked for once; an hour counts when it has closed.", "muted"


def _awaited(screener: ScreenerView) -> int:
    """How many coins wait for their past."""
    return sum(bool(row.awaits) for row in screener.coins)


def bar_time(bar_ms: int | None) -> str:
    """When a bar opened, in UTC: `11-29 02:00`."""
    return shown.DASH if bar_ms is None else f"{shown.date(bar_ms)[5:]} {shown.clock(bar_ms)[:5]}"


def side_cell(side: int) -> Cell:
    """A side with its arrow; a dash for none."""
    if not side:
        return Cell(shown.DASH, "muted")
    word = "long" if side > 0 else "short"
    return Cell(f"{shown.direction_arrow(side)} {word}", "up" if side > 0 else "down", word)


def signed(value: float | None, places: int) -> str:
    """A number with its sign."""
    return shown.DASH if value is None else f"{round(value, places) + 0.0:+.{places}f}"


def _screener(view: DeckView) -> ScreenerView | None:
    return view.shown.screener if view.shown is not None else None


def _waiting(view: DeckView) -> str:
    if view.shown is None or view.outdated:
        return waiting_sentence(view)
    if view.frozen_s is not None:
        return "The Screener was not open then; step forward, or let the display go on."
    return "Waiting for the engine's view of the screener…"


@lru_cache(maxsize=1_024)
def _candidate(row: CandidateRow, outdated: bool) -> Row:
    coin, reason, why_not = str(clean(row.coin, 24)), str(clean(row.reason, 300)), str(clean(row.why_not, 200))
    entry = side_cell(row.entry) if row.entry else Cell(NO_ENTRY, "muted")
    cells = (
        Cell(bar_time(row.bar_ms), "muted", shown.moment(row.bar_ms)),
        Cell(coin, "accent"),
        side_cell(row.side),
        Cell(f"{row.score:.2f}", "text", f"{row.score:.6f}"),
        entry,
        Cell(reason),
        Cell(signed(row.fusion, 2)),
        Cell(shown.price(row.close, row.decimals)),
        Cell(why_not or shown.DASH, "muted"),
    )
    sides = {1: "long", -1: "short", 0: NO_ENTRY}
    values = (row.bar_ms, coin, sides[row.side], row.score, sides[row.entry], reason, row.fusion, row.close, why_not)
    name = f"{coin} {bar_time(row.bar_ms)}"
    return Row(f"{row.coin} {row.bar_ms}", cells, outdated, values=values, name=name)


@lru_cache(maxsize=1_024)
def _position(row: PositionRow, outdated: bool) -> Row:
    coin, reason = str(clean(row.coin, 24)), str(clean(row.reason, 40))
    role: Role = "muted" if not row.result_bps else "up" if row.result_bps > 0 else "down"
    cells = (
        Cell(coin, "accent"),
        side_cell(row.side),
        Cell(row.state, "muted" if row.state == "ended" else "accent"),
        Cell(bar_time(row.opened_ms), "muted"),
        Cell(shown.price(row.entry, row.decimals)),
        Cell(shown.price(row.price, row.decimals)),
        Cell(signed(row.result_bps, 1), role),
        Cell(shown.DASH if row.result_usd is None else signed_usd(row.result_usd), role),
        Cell(shown.price(row.stop, row.decimals)),
        Cell(bar_time(row.closed_ms), "muted"),
        Cell(reason or shown.DASH, "muted"),
    )
    side = "long" if row.side > 0 else "short"
    values = (
        coin, side, row.state, row.opened_ms, row.entry, row.price, row.result_bps, row.result_usd, row.stop,
        row.closed_ms, reason,
    )  # fmt: skip
    return Row(f"{row.coin} {row.decided_ms}", cells, outdated, values=values, name=f"{coin} {side}, {row.state}")


@lru_cache(maxsize=256)
def _coin(row: CoinRow, outdated: bool) -> Row:
    coin, trouble = str(clean(row.coin, 24)), str(clean(row.trouble, 300))
    queued = f"{row.waiting:,} hours wait to be looked at" if row.waiting and not trouble else ""
    waits = str(clean(row.awaits, 300)) or queued
    cells = (
        Cell(coin, "accent"),
        Cell(f"{row.bars:,}"),
        Cell(bar_time(row.newest_ms), "muted"),
        Cell(shown.DASH if row.score is None else f"{row.score:.2f}"),
        Cell(signed(row.fusion, 2)),
        Cell(f"{row.candidates}"),
        side_cell(row.held),
        Cell(f"{row.trades}"),
        Cell(f"{row.won}"),
        Cell(shown.price(row.equity_usd, 2)),
        Cell(trouble or waits or "none", "warning" if trouble else "accent" if waits else "muted"),
    )
    values = (
        coin, row.bars, row.newest_ms, row.score, row.fusion, row.candidates, row.held, row.trades, row.won,
        row.equity_usd, trouble or waits,
    )  # fmt: skip
    return Row(row.coin, cells, outdated, values=values)


def rules_lines(view: DeckView) -> Iterator[tuple[str, str, Role]]:
    """The settings in force as named lines."""
    screener = _screener(view)
    for rule in screener.rules if screener is not None else ():
        name, _, said = str(clean(rule, 400)).partition(": ")
        yield name, said, "text"
