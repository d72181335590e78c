"""What is known of a followed trader in lines of words: account, weight with its parts, doubts, changes. Pure."""

from collections.abc import Iterator

from app.core.text import clean
from app.engine.protocol_whales import TraderDetail, TraderMoveRow, WeightPart
from app.ui import format as shown
from app.ui.panels.told_lines import Line
from app.ui.panels.trader_moves import size_cell
from app.ui.panels.wallets import bar_cell, fraction, is_tape, percent
from app.ui.state import DeckView

_DIMENSIONS = frozenset({"performance", "size", "recency", "regime"})
_MOST_CHANGES = 6


def trader_lines(detail: TraderDetail, view: DeckView) -> Iterator[Line]:
    """All that is known of a trader."""
    waiting = waiting_words(detail, view)
    if waiting:
        yield Line("waiting", waiting, "accent")
    yield from _account(detail, view.lag_ms)
    yield from _since_look(detail, view)
    yield Line("doubts", ", ".join(detail.flags) or "none", "warning" if detail.flags else "muted")
    if detail.note:
        yield Line("note", clean(detail.note, 400), "accent")
    yield from _standing(detail)
    yield from _weight(detail)
    yield Line("address", detail.trader, "muted")


def waiting_words(detail: TraderDetail, view: DeckView) -> str:
    """What is still to come of a trader, without a full stop; empty when nothing is. A tape asks for nothing."""
    said = str(clean(detail.waiting_for, 200)).rstrip(".")
    if said and detail.is_tracked and is_tape(view):
        return "Not all of it is on the tape: nobody had this trader open then"
    return said


def _account(detail: TraderDetail, lag_ms: int) -> Iterator[Line]:
    equity = f"{shown.compact(detail.equity_usd)} USD" if detail.equity_usd is not None else "equity not known"
    margin = f" · {shown.compact(detail.margin_usd)} USD of it in margin" if detail.margin_usd is not None else ""
    tier = f" · {detail.tier}" if detail.tier else ""
    yield Line("account", f"{equity}{margin}{tier}")
    if detail.age_s is None:
        yield Line("positions", "not known yet", "warning")
        return
    learned = f", learned by {detail.learned}" if detail.learned is not None else ""
    yield Line("positions", f"{len(detail.positions)} · {shown.age(detail.age_s * 1_000 + lag_ms)} old{learned}")


def _since_look(detail: TraderDetail, view: DeckView) -> Iterator[Line]:
    """What changed since this trader was opened before."""
    before_ms = detail.last_look_ms
    if before_ms is None:
        yield Line("last look", "this is the first", "muted")
        return
    now_ms = (view.shown.wall_ms if view.shown is not None else before_ms) + view.lag_ms
    since = [move for move in detail.moves if move.at_ms > before_ms]
    seen = "no move since" if not since else f"{len(since)} move{'' if len(since) == 1 else 's'} since"
    yield Line("last look", f"{shown.age(now_ms - before_ms)} ago · {seen}", "accent" if since else "muted")
    for move in since[:_MOST_CHANGES]:
        yield Line("", _move_words(move))
    if len(since) > _MOST_CHANGES:
        yield Line("", f"and {len(since) - _MOST_CHANGES} more", "muted")


def _move_words(move: TraderMoveRow) -> str:
    sizes = f"{size_cell(move.size_before).text} → {size_cell(move.size_after).text}"
    return f"{shown.clock(move.at_ms)[:5]} {move.kind} {clean(move.coin, 24)} {sizes}"


def _standing(detail: TraderDetail) -> Iterator[Line]:
    rank = "not ranked" if detail.rank is None else f"rank {detail.rank:,}"
    score = "" if detail.score is None else f" · score {shown.score(detail.score)} of 100"
    yield Line("leaderboard", f"{rank}{score}")


def _weight(detail: TraderDetail) -> Iterator[Line]:
    if detail.weight is None:
        yield Line("weight", "not known yet", "muted")
        return
    coverage = f" · {percent(detail.coverage)} of what makes it is known"
    yield Line("weight", f"{bar_cell(detail.weight).text} {fraction(detail.weight)}{coverage}", "accent")
    for part in detail.parts:
        yield _part(part)


def _part(part: WeightPart) -> Line:
    """A dimension with a bar, or one of the parts of the dimension above it."""
    name, more = clean(part.name, 40).replace("_", " "), f" · {part.text}" if part.text else ""
    weight = f"weight {percent(part.weight)}"
    if part.value is None:
        return Line(name if name in _DIMENSIONS else "", f"{_own(name)}not known · {weight}{more}", "muted")
    if name in _DIMENSIONS:
        return Line(name, f"{bar_cell(part.value).text} {fraction(part.value)} · {weight}{more}", "accent")
    return Line("", f"{_own(name)}{fraction(part.value)} · {weight}{more}")


def _own(name: str) -> str:
    return "" if name in _DIMENSIONS else f"{name}: "
