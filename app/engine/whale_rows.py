"""Values of followed traders → rows of the link. Pure."""

from collections.abc import Callable

from app.config.whale_settings import TraderWeightsSettings
from app.core.text import clean
from app.core.whale_events import TraderMoved, WhaleAlert
from app.engine.protocol_whales import TraderMoveRow, WhaleAlertRow
from app.whales.alert_words import usd
from app.whales.roster import Member

MOST_NAMES = 3


def tier_of(equity_usd: float | None, settings: TraderWeightsSettings) -> str:
    """The tier an account is in, as "≥ $20 M"; empty where its size is not known."""
    if equity_usd is None or equity_usd <= 0:
        return ""
    reached = next((least for least in settings.tiers_usd if equity_usd >= least), None)
    return f"< {usd(settings.tiers_usd[-1])}" if reached is None else f"≥ {usd(reached)}"


def flags_of(member: Member | None) -> tuple[str, ...]:
    """Reasons to doubt a trader, by name."""
    doubts = () if member is None or member.score is None else member.score.doubts
    return tuple(clean(doubt.name, 32) for doubt in doubts)


def move_row(move: TraderMoved, name_of: Callable[[str], str]) -> TraderMoveRow:
    """A move as a deck shows it."""
    return TraderMoveRow(
        trader=move.trader,
        who=name_of(move.trader),
        coin=move.coin,
        kind=move.kind,
        size_before=move.size_before,
        size_after=move.size_after,
        price=move.price,
        change_usd=move.change_usd,
        at_ms=move.at_ms,
        learned=move.learned,
    )


def alert_row(alert: WhaleAlert, name_of: Callable[[str], str], tier: str, flags: tuple[str, ...]) -> WhaleAlertRow:
    """An alert as a deck shows it; `tier` and `flags` are those of its first trader."""
    names = [name_of(trader) for trader in alert.traders[:MOST_NAMES]]
    more = len(alert.traders) - len(names)
    return WhaleAlertRow(
        alert_id=alert.alert_id,
        kind=alert.kind,
        severity=alert.severity,
        coin=clean(alert.coin, 32),
        at_ms=alert.at_ms,
        direction=alert.direction,
        text=clean(alert.text, 240),
        value_usd=alert.value_usd,
        percentile=alert.percentile,
        price=alert.price,
        who=", ".join(names) + (f" and {more} more" if more else ""),
        traders=alert.traders,
        tier=tier,
        flags=flags,
        times=alert.times,
        record=alert.record,
    )
