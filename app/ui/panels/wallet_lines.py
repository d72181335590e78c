"""The verdict on one wallet in lines of words: score, pillars with their parts, doubts, record, history. Pure."""

import math
from collections.abc import Iterator

from app.engine.protocol_wallets import WalletDetail, WalletRow
from app.ui import format as shown
from app.ui.panels.paper import signed_usd
from app.ui.panels.told_lines import Line
from app.ui.panels.wallets import age_cell, bar_cell, change_cell, class_cell, fraction, percent, roi_cell, win_cell
from app.wallets.values import Pillar
from app.wallets.words import counted, likelihood, part_figure


def verdict_lines(detail: WalletDetail, lag_s: int) -> Iterator[Line]:
    """All that is known of a wallet; `lag_s` is by how much its ages have grown since they were told."""
    if detail.waiting_for:
        yield Line("waiting", detail.waiting_for, "accent")
    if detail.row is None:
        yield Line("verdict", "none yet", "muted")
    else:
        yield from _verdict(detail, detail.row, lag_s)
    yield from _pillars(detail)
    yield from _doubts(detail)
    yield from _categories(detail)
    yield from _record(detail)
    yield from _copies(detail)
    yield from _history(detail)
    for unknown in detail.unknown:
        yield Line("not known", unknown, "warning")
    yield from _mine(detail)
    yield Line("address", detail.address, "muted")


def _verdict(detail: WalletDetail, row: WalletRow, lag_s: int) -> Iterator[Line]:
    cell = class_cell(row.wallet_class)
    before = f" ({fraction(detail.unshrunk_score)} before shrinking)" if detail.unshrunk_score is not None else ""
    score = f"score {fraction(row.score)}{before}" if row.score is not None else "no score"
    age = age_cell(row.age_s + lag_s).text
    yield Line("verdict", f"{cell.text} · {score} · looked at up to stage {row.stage} · {age} ago", cell.role)
    if row.reason:
        yield Line("reason", row.reason, "warning")
    yield Line("since before", _since_before(row), change_cell(row.score_change, first=False).role)
    if row.profile or row.origin:
        words = (f"profile {row.profile}" if row.profile else "", f"found at {row.origin}" if row.origin else "")
        yield Line("judged by", " · ".join(filter(None, words)), "muted")
    if detail.confidence is not None:
        yield Line("confidence", _confidence(detail, detail.confidence))


def _since_before(row: WalletRow) -> str:
    if row.class_before is None:
        return "this is the first verdict"
    change = change_cell(row.score_change, first=False).text
    same = row.class_before == row.wallet_class
    return f"score {change} · {'the same class' if same else f'was {row.class_before}'}"


def _confidence(detail: WalletDetail, confidence: float) -> str:
    words = f"{likelihood(confidence)} likely to have a real edge"
    if detail.edge is not None:
        words += f" · right {percent(detail.edge, 1)} of the time at even odds"
    if detail.edge_low is not None and detail.edge_high is not None:
        words += f" (90 % interval {percent(detail.edge_low, 1)} to {percent(detail.edge_high, 1)})"
    return words if detail.bets is None else f"{words} · {detail.bets:,.0f} independent bets"


def _pillars(detail: WalletDetail) -> Iterator[Line]:
    """Each pillar with its parts; before they are known, the scores of the list."""
    for pillar in detail.pillars:
        yield from _pillar(pillar)
    row = detail.row
    if row is None or detail.pillars:
        return
    for name in ("specialisation", "behaviour", "structure"):
        score: float | None = getattr(row, name)
        yield Line(name, f"{bar_cell(score).text} {fraction(score)}" if score is not None else "not known", "text")


def _pillar(pillar: Pillar) -> Iterator[Line]:
    bar = bar_cell(pillar.score).text
    yield Line(pillar.name, f"{bar} {fraction(pillar.score)} · weight {percent(pillar.weight)}", "accent")
    if pillar.rejects:
        yield Line("", f"rejects: {pillar.rejects}", "warning")
    for part in pillar.parts:
        yield Line("", f"{part.name}: {part_figure(part)} (n {part.n}), takes {part.taken:.2f}")


def _doubts(detail: WalletDetail) -> Iterator[Line]:
    flags = detail.row.flags if detail.row is not None else ()
    for doubt in detail.doubts:
        bars = " · keeps it from being a TARGET" if doubt.bars else ""
        takes = f" · takes {doubt.penalty:.2f}" if doubt.penalty else ""
        yield Line("doubt", f"{doubt.flag}: {doubt.text}{bars}{takes}", "warning")
    if not detail.doubts:
        yield Line("doubt", ", ".join(flags) or "none", "warning" if flags else "muted")


def _categories(detail: WalletDetail) -> Iterator[Line]:
    for row in detail.categories:
        cost = f"{counted(row.positions, 'position')} · cost {shown.compact(row.cost_usdc)}"
        result = f"result {signed_usd(row.pnl_usdc)} USDC"
        yield Line("category", f"{row.category} {percent(row.share)} · {cost} · {result}")


def _record(detail: WalletDetail) -> Iterator[Line]:
    row = detail.row
    if row is not None:
        roi = f"ROI 30d {roi_cell(row.roi_30d).text} · 7d {roi_cell(row.roi_7d).text}"
        yield Line("record", f"{roi} · win rate {win_cell(row.win_rate, row.decided).value}")
    figures = (
        ("result", None if detail.pnl_usdc is None else f"{signed_usd(detail.pnl_usdc)} USDC"),
        ("profit factor", _figure(detail.profit_factor)),
        ("Sharpe a position", _figure(detail.sharpe)),
        ("max drawdown", None if detail.max_drawdown is None else percent(detail.max_drawdown)),
        ("recent volume", None if detail.volume_usdc is None else f"{shown.compact(detail.volume_usdc)} USDC"),
        ("recent median hold", None if detail.median_hold_s is None else shown.age(detail.median_hold_s * 1_000)),
    )
    known = [f"{name} {text}" for name, text in figures if text is not None]
    if known:
        yield Line("", " · ".join(known))


def _figure(value: float | None) -> str | None:
    return None if value is None or not math.isfinite(value) else f"{value:,.2f}"


def _copies(detail: WalletDetail) -> Iterator[Line]:
    for copy in detail.copies:
        positions = counted(copy.all_positions, "position")
        text = (
            f"{signed_usd(copy.pnl_usdc)} USDC on {copy.positions:,} of {positions}; "
            f"the wallet itself {signed_usd(copy.own_pnl_usdc)}"
        )
        known = copy.positions > 0
        text = text if known else f"no price to copy its {positions} at"
        yield Line(f"{copy.delay_s} s late", text, "text" if known else "muted")
    if detail.copies_missing:
        yield Line("copying late", f"not known: {detail.copies_missing}", "muted")


def _history(detail: WalletDetail) -> Iterator[Line]:
    for past in detail.history:
        at = f"{shown.date(past.at_ms)} {shown.clock(past.at_ms)[:5]}"
        yield Line("before", f"{at} {past.wallet_class} {fraction(past.score)} · stage {past.stage}", "muted")


def _mine(detail: WalletDetail) -> Iterator[Line]:
    row = detail.row
    if row is not None:
        follow = "followed" if row.followed else "not followed"
        words = (
            f"review {row.review}",
            follow,
            f"alias {row.alias}" if row.alias else "",
            f"tag {row.tag}" if row.tag else "",
        )
        yield Line("mine", " · ".join(filter(None, words)), "accent")
    if detail.note:
        yield Line("note", detail.note, "accent")
