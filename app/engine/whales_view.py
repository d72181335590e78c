"""The state of followed traders → what a deck is shown of them. Reads only.

Rows are made anew when what they show has changed, and the others once a second: a deck may ask ten times as often.
"""

from collections import Counter

import msgspec

from app.core.text import clean
from app.core.whale_events import SEVERITIES, SmartMoneySignal, WhaleAlert
from app.engine.protocol_whales import (
    DigestView,
    FollowingCounts,
    SilenceRow,
    TrackerView,
    WhaleAlertRow,
    WhalesView,
)
from app.engine.whale_rows import alert_row, flags_of, tier_of
from app.engine.whales import Whales

MOST_ALERTS = 100


class WhalesOutside(msgspec.Struct, frozen=True, kw_only=True):
    """What a snapshot shows of followed traders and the core cannot know; None where nobody knows it.

    `stream_cap` is how many accounts the venue streams to us.
    """

    weight_used: int | None = None
    stream_cap: int | None = None


class WhalesViews:
    """Makes views of one run's traders, and keeps the parts that stay."""

    def __init__(self) -> None:
        self._alerts: tuple[tuple[int, int, int], tuple[WhaleAlertRow, ...]] = ((-1, -1, -1), ())
        self._second = -1
        self._signals: tuple[SmartMoneySignal, ...] = ()
        self._tracker: TrackerView | None = None

    def of(self, whales: Whales, outside: WhalesOutside, now_ms: int) -> WhalesView:
        """Everything a deck shows of followed traders."""
        if now_ms // 1000 != self._second or self._tracker is None:
            self._second = now_ms // 1000
            money = whales.signals.money
            self._signals = tuple(money.signal(coin, now_ms) for coin in money.coins)
            self._tracker = _tracker(whales, outside, now_ms)
        book = whales.alerting.desk.book
        return WhalesView(
            alerts=self._alert_rows(whales),
            signals=self._signals,
            tracker=self._tracker,
            silences=tuple(
                SilenceRow(one.of, clean(one.name, 64), one.until_ms, one.silenced) for one in book.silences()
            ),
            digest=_digest(whales),
            is_quiet=book.is_quiet(now_ms),
            regime=whales.regime.view(now_ms) if whales.is_restored else None,
            unsaved=whales.saving.unsaved,
            waiting_for=_waiting_for(whales),
        )

    def _alert_rows(self, whales: Whales) -> tuple[WhaleAlertRow, ...]:
        seen = whales.roster.leaderboard
        key = (whales.alerting.version, len(whales.roster.members), 0 if seen is None else seen.at_ms)
        if self._alerts[0] != key:
            standing = whales.alerting.desk.book.standing()[:MOST_ALERTS]
            self._alerts = key, tuple(row_of(alert, whales) for alert in standing)
        return self._alerts[1]


def row_of(alert: WhaleAlert, whales: Whales) -> WhaleAlertRow:
    """One alert with what is known of those it is about."""
    first = alert.traders[0] if alert.traders else ""
    known = whales.positions.known.get(first)
    member = whales.roster.members.get(first)
    equity_usd = member.score.equity_usd if known is None and member is not None and member.score is not None else None
    tier = tier_of(equity_usd if known is None else known.state.equity_usd, whales.settings.trader_weights)
    row = alert_row(alert, whales.names.name_of, tier, flags_of(member))
    return msgspec.structs.replace(row, aliases=tuple(whales.names.of(trader).alias for trader in alert.traders))


def _digest(whales: Whales) -> DigestView | None:
    digest = whales.alerting.digest
    if digest is None:
        return None
    alerts = sorted(digest.alerts, key=lambda one: (-SEVERITIES.index(one.severity), -one.value_usd))
    return DigestView(
        from_ms=digest.from_ms,
        to_ms=digest.to_ms,
        held=digest.held,
        alerts=tuple(row_of(alert, whales) for alert in alerts),
    )


def _tracker(whales: Whales, outside: WhalesOutside, now_ms: int) -> TrackerView:
    tracked = whales.refreshing.tracked.all()
    ages = [age_ms for one in tracked if (age_ms := one.age_ms(now_ms)) is not None]
    limit_ms = whales.settings.whales.oldest_s * 1000
    learned = Counter(whales.positions.learned_by.values())
    seen, hyperliquid = whales.roster.leaderboard, whales.settings.hyperliquid
    return TrackerView(
        tracked=len(tracked),
        fresh=sum(age_ms <= limit_ms for age_ms in ages),
        by_stream=learned["stream"],
        by_trade=learned["trade"],
        by_poll=learned["poll"],
        oldest_s=max(ages) / 1000 if ages else None,
        weight_used=outside.weight_used,
        weight_limit=hyperliquid.weight_per_minute,
        stream_cap=outside.stream_cap,
        leaderboard_age_s=None if seen is None else max(0, now_ms - seen.at_ms) // 1000,
        leaderboard_rows=0 if seen is None else seen.rows_seen,
        leaderboard_refused=0 if seen is None else seen.refused,
        positions_seen=whales.positions.saving.counts.seen,
        positions_saved=whales.positions.saving.counts.saved,
        message=f"No leaderboard: {whales.leaderboards.trouble}" if whales.leaderboards.trouble else "",
        trade_coins=whales.coins.watched,
        listed_coins=whales.coins.listed,
        in_signals=whales.signals.money.followed - whales.signals.money.stale_traders,
        counts=_counts(whales),
    )


def _counts(whales: Whales) -> FollowingCounts:
    desk, as_dict = whales.alerting.desk, msgspec.structs.asdict
    return FollowingCounts(
        states=as_dict(whales.positions.known.counts),
        questions=as_dict(whales.refreshing.counts),
        moves=as_dict(desk.counts),
        alerts=as_dict(desk.book.counts),
    )


def _waiting_for(whales: Whales) -> str:
    """What an empty panel waits for; empty when it is not to be expected to be full."""
    if not whales.settings.whales.enabled:
        return "No traders are followed: whales.enabled is off"
    if not whales.is_restored:
        return "No traders on the tape" if whales.mode == "tape" else "What is stored of traders is being read"
    if not whales.roster.members:
        if whales.leaderboards.trouble:
            return f"No leaderboard: {whales.leaderboards.trouble}. Press s to try again"
        return "The venue's leaderboard is being fetched"
    known = len(whales.roster.members) - len(whales.stale)
    if known < len(whales.roster.members) // 2:
        held = f"Positions of {known} of {len(whales.roster.members)} traders are known so far"
        return f"{held}; an alert comes when one of them makes a large move"
    return ""
