"""What each followed trader counts, kept up to date by histories, fills, trades and time. Pure.

Weights are worked out some at a time: those of all 500 at once would hold the engine for too long.
"""

from collections.abc import Iterable, Sequence

import msgspec

from app.config.whale_settings import TraderWeightsSettings
from app.core.traders import EquityHistory, TraderFill
from app.whales.performance import Performance, performance_of
from app.whales.round_trips import RoundTrips, in_order
from app.whales.trader_weights import Crowd, TraderFacts, TraderWeight, crowd_of, trader_weight

PIECE = 30
"""Weights worked out at a time."""
CROWD_EVERY = 20
"""After so many new histories the crowd is looked at again."""
REFRESHED_MS = 3_600_000
"""Weights decay; after so long each is worked out again."""
POINTS_KEPT = 60


class TraderRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What an account's histories came to: measures, and its equity over the last month (time in ms, USD)."""

    asked_ms: int
    performance: Performance
    equity: tuple[tuple[int, float], ...] = ()


class _Account:
    def __init__(self) -> None:
        self.record: TraderRecord | None = None
        self.trips: RoundTrips | None = None
        self.newest_fill: tuple[int, frozenset[int]] = (0, frozenset())
        self.equity_usd = 0.0
        self.last_traded_ms: int | None = None
        self.regime: float | None = None


class Weighing:
    """Facts about the followed traders, and the weights made of them."""

    def __init__(self, settings: TraderWeightsSettings, holds_ms: int) -> None:
        """A history is used for `holds_ms`."""
        self._settings = settings
        self._holds_ms = holds_ms
        self._accounts: dict[str, _Account] = {}
        self._due: dict[str, None] = {}
        self._crowd = Crowd()
        self._new_histories = 0
        self._refresh_ms = 0
        self.weights: dict[str, TraderWeight] = {}

    def restore(self, records: Iterable[tuple[str, TraderRecord]]) -> None:
        """Histories that were saved, of traders that are followed."""
        for trader, record in records:
            account = self._accounts.get(trader)
            if account is not None:
                account.record = record
        self._look_at_crowd()

    def follow(self, trader: str, equity_usd: float, last_traded_ms: int | None) -> None:
        """Follow a trader, or know its leaderboard's figures anew."""
        account = self._accounts.setdefault(trader, _Account())
        account.equity_usd = equity_usd
        self._heard(account, last_traded_ms)
        self._due[trader] = None

    def forget(self, trader: str) -> None:
        """The trader is not followed any more."""
        self._accounts.pop(trader, None)
        self._due.pop(trader, None)
        self.weights.pop(trader, None)

    def record(self, trader: str) -> TraderRecord | None:
        """What is known of a trader's past."""
        account = self._accounts.get(trader)
        return None if account is None else account.record

    def has_equity(self, trader: str, equity_usd: float) -> None:
        """A newer equity; the weight follows with the next reason to work it out."""
        account = self._accounts.get(trader)
        if account is not None:
            account.equity_usd = equity_usd

    def traded(self, trader: str, at_ms: int) -> None:
        """The trader traded."""
        account = self._accounts.get(trader)
        if account is not None and self._heard(account, at_ms):
            self._due[trader] = None

    def took_history(self, trader: str, histories: Sequence[EquityHistory], now_ms: int) -> TraderRecord | None:
        """A trader's histories came; None for one that is not followed."""
        account = self._accounts.get(trader)
        if account is None:
            return None
        month = next((history for history in histories if history.window == "month"), histories[0])
        account.record = TraderRecord(
            asked_ms=now_ms,
            performance=self._performance(account, histories),
            equity=tuple((point.at_ms, point.equity_usd) for point in month.points[-POINTS_KEPT:]),
        )
        self._due[trader] = None
        self._new_histories += 1
        if self._new_histories >= CROWD_EVERY:
            self._look_at_crowd()
        return account.record

    def took_fills(self, trader: str, fills: Iterable[TraderFill]) -> None:
        """Fills of a trader, in any order; those not newer than the known are left out."""
        account = self._accounts.get(trader)
        if account is None:
            return
        account.trips = account.trips or RoundTrips()
        newest_ms, ids = account.newest_fill
        for fill in in_order(fills):
            if fill.at_ms < newest_ms or (fill.at_ms == newest_ms and fill.trade_id in ids):
                continue
            ids = ids | {fill.trade_id} if fill.at_ms == newest_ms else frozenset({fill.trade_id})
            newest_ms = fill.at_ms
            account.trips.add(fill)
        account.newest_fill = newest_ms, ids
        self._heard(account, newest_ms or None)
        if account.record is not None:
            account.record = self._with_trips(account, account.record)
        self._due[trader] = None

    def in_need(self, values: Iterable[tuple[str, float]], now_ms: int) -> str | None:
        """Whose histories are asked for next: the most valuable of those that have none, or an old one."""
        needy = [(value, trader) for trader, value in values if self._needs(trader, now_ms)]
        return max(needy)[1] if needy else None

    def work(self, now_ms: int) -> tuple[TraderWeight, ...]:
        """Work out some of the weights that are due."""
        if now_ms - self._refresh_ms >= REFRESHED_MS:
            self._refresh_ms = now_ms
            self._due.update(dict.fromkeys(self._accounts))
        made = []
        for trader in list(self._due)[:PIECE]:
            del self._due[trader]
            made.append(self._weigh(trader, self._accounts[trader], now_ms))
        self.weights.update((weight.trader, weight) for weight in made)
        return tuple(made)

    def clock_set_back(self, now_ms: int) -> None:
        """The engine's time went back to `now_ms`."""
        self._refresh_ms = min(self._refresh_ms, now_ms)

    def _needs(self, trader: str, now_ms: int) -> bool:
        account = self._accounts.get(trader)
        if account is None:
            return False
        return account.record is None or now_ms - account.record.asked_ms >= self._holds_ms

    def _weigh(self, trader: str, account: _Account, now_ms: int) -> TraderWeight:
        facts = TraderFacts(
            trader=trader,
            equity_usd=account.equity_usd,
            performance=Performance() if account.record is None else account.record.performance,
            last_traded_ms=account.last_traded_ms,
            regime=account.regime,
        )
        return trader_weight(facts, self._crowd, self._settings, now_ms)

    def _heard(self, account: _Account, at_ms: int | None) -> bool:
        """Whether the account traded so much later than was known that its weight changes."""
        before = account.last_traded_ms
        if at_ms is None or (before is not None and at_ms <= before):
            return False
        account.last_traded_ms = at_ms
        return before is None or at_ms - before >= REFRESHED_MS

    def _performance(self, account: _Account, histories: Sequence[EquityHistory]) -> Performance:
        trips = (account.trips or RoundTrips()).record
        return performance_of(histories, trips, self._settings)

    def _with_trips(self, account: _Account, record: TraderRecord) -> TraderRecord:
        """The record with what its fills say now; the rest stands."""
        of_fills = self._performance(account, ())
        performance = msgspec.structs.replace(
            record.performance,
            closed=of_fills.closed,
            trip_days=of_fills.trip_days,
            win_rate=of_fills.win_rate,
            profit_factor=of_fills.profit_factor,
        )
        return msgspec.structs.replace(record, performance=performance)

    def _look_at_crowd(self) -> None:
        self._new_histories = 0
        known = (account.record for account in self._accounts.values())
        self._crowd = crowd_of(record.performance for record in known if record is not None)
        self._due.update(dict.fromkeys(self._accounts))
