"""What each followed trader counts, kept up to date by histories, fills, trades and time. Pure.

Weights are worked out some at a time: those of all 500 at once would hold the engine for too long.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import msgspec

from app.config.whale_settings import TraderWeightsSettings
from app.core.traders import EquityHistory, TraderFill
from app.markets.regime import RegimeState
from app.markets.regime_fit import PastRegimes, RegimeFit, regime_fit
from app.whales.performance import Performance, performance_of, recent_points
from app.whales.round_trips import RoundTrips, TripsKept
from app.whales.trader_weights import (
    Crowd,
    DimensionName,
    TraderFacts,
    TraderWeight,
    crowd_of,
    crowd_weight,
    size_value,
    trader_weight,
)
from app.whales.waiting_fills import PIECE_FILLS, WaitingFills

PIECE = 20
"""Weights worked out at a time."""
CROWD_EVERY = 20
"""After so many new histories the crowd is looked at again."""
REFRESHED_MS = 3_600_000
"""Weights decay; after so long each is worked out again."""
ASKED_AGAIN_MS = 900_000
"""A history that was of no use, or never came, is asked for again after so long: it must not hold up all others."""
CROWD_MOVED = 0.005
"""All weights are worked out again when the median of them moved by more than this."""
POINTS_KEPT = 60


class FillsKept(msgspec.Struct, frozen=True, kw_only=True):
    """What the fills of an account came to. The newest was at `newest_ms`, when those with these ids were counted."""

    trips: TripsKept
    newest_ms: int
    newest_ids: frozenset[int]


class TraderRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What an account's histories came to: measures, and its equity over the last month (time in ms, USD).

    `days` are times at the ends of its recent days (in ms, rising) with its cumulative result (USD). `fills` is what
    the next fills go on from, None where none were seen.
    """

    asked_ms: int
    performance: Performance
    equity: tuple[tuple[int, float], ...] = ()
    days: tuple[tuple[int, float], ...] = ()
    fills: FillsKept | None = None


class _Account:
    def __init__(self) -> None:
        self.record: TraderRecord | None = None
        self.asked_ms: int | None = None
        self.trips: RoundTrips | None = None
        self.newest_fill: tuple[int, frozenset[int]] = (0, frozenset())
        self.equity_usd: float | None = None
        self.seen_trading_ms: int | None = None
        self.board_traded_ms: int | None = None
        """When it can have traded last by the newest leaderboard's volumes."""

    @property
    def last_traded_ms(self) -> int | None:
        """When it traded last: a trade that was seen says more than any leaderboard."""
        return self.board_traded_ms if self.seen_trading_ms is None else self.seen_trading_ms

    def restore(self, record: TraderRecord) -> None:
        self.record, fills = record, record.fills
        if fills is not None:
            self.trips, self.newest_fill = RoundTrips(fills.trips), (fills.newest_ms, fills.newest_ids)

    def clock_set_back(self, now_ms: int) -> None:
        if self.asked_ms is not None:
            self.asked_ms = min(self.asked_ms, now_ms)
        if self.seen_trading_ms is not None:
            self.seen_trading_ms = min(self.seen_trading_ms, now_ms)
        if self.board_traded_ms is not None:
            self.board_traded_ms = min(self.board_traded_ms, now_ms)
        if self.record is not None and self.record.asked_ms > now_ms:
            self.record = msgspec.structs.replace(self.record, asked_ms=now_ms)

    def count(self, fills: Iterable[TraderFill]) -> None:
        """Fills in their order; those that were counted before are left out."""
        self.trips = self.trips or RoundTrips()
        newest_ms, ids = self.newest_fill
        for fill in fills:
            if fill.at_ms < newest_ms or (fill.at_ms == newest_ms and fill.trade_id in ids):
                continue
            ids = ids | {fill.trade_id} if fill.at_ms == newest_ms else frozenset({fill.trade_id})
            newest_ms = fill.at_ms
            self.trips.add(fill)
        self.newest_fill = newest_ms, ids

    def fills(self) -> FillsKept | None:
        if self.trips is None:
            return None
        newest_ms, ids = self.newest_fill
        return FillsKept(trips=self.trips.kept(), newest_ms=newest_ms, newest_ids=ids)


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
        self._past_regimes = PastRegimes()
        self._regime = RegimeState(coin="")
        self._fills = WaitingFills()
        self.weights: dict[str, TraderWeight] = {}

    def restore(self, records: Iterable[tuple[str, TraderRecord]]) -> None:
        """Histories that were saved, of traders that are followed."""
        for trader, record in records:
            account = self._accounts.get(trader)
            if account is not None:
                account.restore(record)
        self._look_at_crowd()

    def follow(self, trader: str, equity_usd: float | None, last_traded_ms: int | None) -> None:
        """Follow a trader, or know its leaderboard's figures anew; an equity of None is not known.

        `last_traded_ms` is the latest time the leaderboard allows: it counts until a trade is seen.
        """
        account = self._accounts.setdefault(trader, _Account())
        account.equity_usd, account.board_traded_ms = equity_usd, last_traded_ms
        self._due[trader] = None

    def forget(self, trader: str) -> None:
        """The trader is not followed any more."""
        self._accounts.pop(trader, None)
        self._due.pop(trader, None)
        self._fills.forget(trader)
        self.weights.pop(trader, None)

    def record(self, trader: str) -> TraderRecord | None:
        """What is known of a trader's past."""
        account = self._accounts.get(trader)
        return None if account is None else account.record

    def with_past(self) -> int:
        """Of how many traders the histories came."""
        return sum(account.record is not None for account in self._accounts.values())

    def has_equity(self, trader: str, equity_usd: float) -> None:
        """A newer equity; the weight follows at once where the account counts as another size, else in time."""
        account = self._accounts.get(trader)
        if account is None:
            return
        if self._size(account.equity_usd) != self._size(equity_usd):
            self._due[trader] = None
        account.equity_usd = equity_usd

    def traded(self, trader: str, at_ms: int) -> None:
        """The trader traded."""
        account = self._accounts.get(trader)
        if account is not None and self._heard(account, at_ms):
            self._due[trader] = None

    def in_regime(self, past: PastRegimes, state: RegimeState) -> None:
        """The regime of the market is another, or is known better: all weights follow."""
        self._past_regimes, self._regime = past, state
        self._due.update(dict.fromkeys(self._accounts))

    def weighed_by(self, name: DimensionName) -> int:
        """Of how many traders this dimension is known."""
        return sum(each.name == name and each.value is not None for w in self.weights.values() for each in w.dimensions)

    def regime_fit(self, trader: str) -> RegimeFit:
        """How a trader did on days like these."""
        record = self.record(trader)
        days = () if record is None else record.days
        results = [after - before for (_, before), (_, after) in pairwise(days)]
        return regime_fit([at_ms for at_ms, _ in days] if results else (), results, self._past_regimes, self._regime)

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
            days=tuple((point.at_ms, point.pnl_usd) for point in recent_points(histories)[-POINTS_KEPT:]),
            fills=account.fills(),
        )
        self._due[trader] = None
        self._new_histories += 1
        if self._new_histories >= CROWD_EVERY:
            self._look_at_crowd()
        return account.record

    def took_fills(self, trader: str, fills: Sequence[TraderFill]) -> None:
        """Fills of a trader, in any order; those not newer than the known are left out. Many wait for `work`."""
        account = self._accounts.get(trader)
        if account is None:
            return
        self._heard(account, max((fill.at_ms for fill in fills), default=None))
        self._due[trader] = None
        self._fills.put(trader, fills)
        if len(self._fills) == 1 and 0 < len(fills) <= PIECE_FILLS:
            self._count_piece()

    def count_fills(self) -> None:
        """Count all fills that wait."""
        while self._fills:
            self._count_piece()

    def asked(self, trader: str, now_ms: int) -> None:
        """A trader's histories were asked for."""
        account = self._accounts.get(trader)
        if account is not None:
            account.asked_ms = now_ms

    def in_need(self, values: Iterable[tuple[str, float]], now_ms: int) -> str | None:
        """Whose histories are asked for next: the most valuable of those that have none, or an old one."""
        needy = [(value, trader) for trader, value in values if self._needs(trader, now_ms)]
        return max(needy)[1] if needy else None

    def work(self, now_ms: int) -> tuple[TraderWeight, ...]:
        """Count some of the fills that wait, and work out some of the weights that are due."""
        if self._fills:
            self._count_piece()
        if now_ms - self._refresh_ms >= REFRESHED_MS:
            self._refresh_ms = now_ms
            self._due.update(dict.fromkeys(self._accounts))
        made = []
        for trader in list(self._due)[:PIECE]:
            del self._due[trader]
            made.append(self._weigh(trader, self._accounts[trader], now_ms))
        self.weights.update((weight.trader, weight) for weight in made)
        if made and not self._due:
            self._look_at_weights()
        return tuple(made)

    def clock_set_back(self, now_ms: int) -> None:
        """The engine's time went back to `now_ms`."""
        self._refresh_ms = min(self._refresh_ms, now_ms)
        for account in self._accounts.values():
            account.clock_set_back(now_ms)

    def _count_piece(self) -> None:
        trader, fills = self._fills.piece()
        account = self._accounts[trader]
        account.count(fills)
        if account.record is not None:
            account.record = self._with_trips(account, account.record)
        self._due[trader] = None

    def _needs(self, trader: str, now_ms: int) -> bool:
        account = self._accounts.get(trader)
        if account is None or (account.asked_ms is not None and 0 <= now_ms - account.asked_ms < ASKED_AGAIN_MS):
            return False
        return account.record is None or now_ms - account.record.asked_ms >= self._holds_ms

    def _weigh(self, trader: str, account: _Account, now_ms: int) -> TraderWeight:
        facts = TraderFacts(
            trader=trader,
            equity_usd=account.equity_usd,
            performance=Performance() if account.record is None else account.record.performance,
            last_traded_ms=account.last_traded_ms,
            regime=self.regime_fit(trader).value,
        )
        return trader_weight(facts, self._crowd, self._settings, now_ms)

    def _size(self, equity_usd: float | None) -> float | None:
        return None if equity_usd is None else size_value(equity_usd, self._settings)

    def _heard(self, account: _Account, at_ms: int | None) -> bool:
        """Whether the account traded at so much another time than was known that its weight changes."""
        before, seen = account.last_traded_ms, account.seen_trading_ms
        if at_ms is None or (seen is not None and at_ms <= seen):
            return False
        account.seen_trading_ms = at_ms
        return before is None or abs(at_ms - before) >= REFRESHED_MS

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
        return msgspec.structs.replace(record, performance=performance, fills=account.fills())

    def _look_at_crowd(self) -> None:
        self._new_histories = 0
        known = (account.record for account in self._accounts.values())
        performances = (record.performance for record in known if record is not None)
        self._crowd = crowd_of(performances, self._crowd.weight)
        self._due.update(dict.fromkeys(self._accounts))

    def _look_at_weights(self) -> None:
        weight = crowd_weight(self.weights.values())
        if abs(weight - self._crowd.weight) > CROWD_MOVED:
            self._crowd = msgspec.structs.replace(self._crowd, weight=weight)
            self._due.update(dict.fromkeys(self._accounts))
