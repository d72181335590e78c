"""One wallet opened up, as a deck shows it. Reads only."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from app.core.text import clean
from app.engine.protocol_wallets import NOTE_CELLS, PastVerdictView, WalletDetail, WalletPositionView
from app.engine.wallet_book import REASON_CELLS
from app.engine.wallet_targets import WalletTargets
from app.wallets.behind import EquityPoint
from app.wallets.values import ClosedPosition, Doubt, Pillar, WalletVerdict

if TYPE_CHECKING:
    from app.engine.opening import Opening

EQUITY_POINTS = 500
_CHASES = 100
_MOST_TEXTS = 100
"""So many doubts, and things that are not known, are shown: a verdict from a tape may hold any number."""


def wallet_detail(wallets: WalletTargets, address: str, now_ms: int) -> WalletDetail:
    """What is known of a wallet: from its newest verdict, and from what opening it up brought."""
    wallet = address.lower()
    entry, note = wallets.book.entries.get(wallet), wallets.book.notes.get(wallet)
    scan = 0 if wallets.scanning is None else wallets.scanning.number
    opening = wallets.openings.by_wallet.get(wallet)
    verdict = entry.verdict if entry is not None else None
    detail = WalletDetail(
        address=clean(wallet, 48),
        row=None if entry is None else wallets.book.row(entry, now_ms, scan),
        note="" if note is None else clean(note.note, NOTE_CELLS["note"]),
        waiting_for=_waiting_for(wallets, opening),
    )
    if opening is None:
        return detail if verdict is None else _judged(detail, verdict)
    explained = opening.explained
    verdict = (explained.opened or explained.verdict) if explained is not None else verdict
    return _opened(detail if verdict is None else _judged(detail, verdict), opening)


def _waiting_for(wallets: WalletTargets, opening: "Opening | None") -> str:
    if opening is not None:
        return opening.waiting_for
    if wallets.mode == "tape":
        return "Not opened up in this recording"
    return wallets.openings.trouble or "What is behind it is not known yet"


def _judged(detail: WalletDetail, verdict: WalletVerdict) -> WalletDetail:
    skill, measures = verdict.skill, verdict.measures
    detail = msgspec.structs.replace(
        detail,
        pillars=tuple(map(_pillar, verdict.pillars)),
        unshrunk_score=verdict.unshrunk_score,
        confidence=verdict.confidence,
        doubts=tuple(_doubt(doubt) for doubt in verdict.doubts[:_MOST_TEXTS]),
        unknown=tuple(clean(text, REASON_CELLS) for text in verdict.unknown[:_MOST_TEXTS]),
    )
    if skill is not None:
        detail = msgspec.structs.replace(
            detail, edge=skill.edge, edge_low=skill.edge_low, edge_high=skill.edge_high, bets=skill.bets
        )
    if measures is None:
        return detail
    return msgspec.structs.replace(
        detail,
        profit_factor=measures.profit_factor,
        sharpe=measures.sharpe,
        max_drawdown=measures.max_drawdown,
        median_hold_s=measures.median_hold_s,
        pnl_usdc=measures.pnl_usdc,
        volume_usdc=measures.volume_usdc,
    )


def _pillar(pillar: Pillar) -> Pillar:
    parts = (msgspec.structs.replace(part, name=clean(part.name, 40)) for part in pillar.parts)
    return msgspec.structs.replace(pillar, parts=tuple(parts), rejects=clean(pillar.rejects, REASON_CELLS))


def _doubt(doubt: Doubt) -> Doubt:
    return msgspec.structs.replace(doubt, text=clean(doubt.text, REASON_CELLS))


def _opened(detail: WalletDetail, opening: "Opening") -> WalletDetail:
    detail = msgspec.structs.replace(detail, history=history_of(opening.history))
    explained = opening.explained
    if explained is None:
        return detail
    return msgspec.structs.replace(
        detail,
        categories=explained.categories,
        chases=explained.chases[-_CHASES:],
        positions=tuple(_position(position) for position in explained.positions),
        equity=thinned(explained.equity),
        copies=opening.copies,
        copies_missing=opening.copies_missing,
        unknown=tuple(dict.fromkeys((*detail.unknown, *explained.unknown))),
    )


def history_of(rows: Sequence[PastVerdictView]) -> tuple[PastVerdictView, ...]:
    """Earlier verdicts, newest first."""
    return tuple(sorted(rows, key=lambda row: -row.at_ms))


def _position(position: ClosedPosition) -> WalletPositionView:
    return WalletPositionView(
        event=clean(position.event, 80),
        category=clean(position.category, 32),
        closed_s=position.closed_s,
        size_usdc=position.size_usdc,
        pnl_usdc=position.pnl_usdc,
        hold_s=position.hold_s,
        entry_price=position.entry_price,
        hedged=position.hedged,
    )


def thinned(points: Sequence[EquityPoint]) -> tuple[tuple[int, float], ...]:
    """At most 500 of the points, evenly chosen, the last one among them."""
    step = max(1, -(-len(points) // EQUITY_POINTS))
    kept = points[::-1][::step][::-1]
    return tuple((point.at_s, point.total_usdc) for point in kept)
