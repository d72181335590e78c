"""Watches a run that follows traders: trades as they come in, and when what they led to is on the bus."""

from collections.abc import Sequence

from app.core.clock import Clock
from app.core.events import Trade
from app.core.traders import TraderState
from app.core.whale_events import Learned, TraderMoved, WhaleAlert
from app.engine.venue_run import VenueRun

_Key = tuple[str, str]


class Watch:
    """Listens on the bus of a run, and stands before its followed traders to see each trade first.

    `whale_moves_ms` are the latencies of whales' moves, `alerts_ms` of those of them that led to an alert.

    A latency runs from when the first trade that a move is made of was taken in, to when the move, with the signal of
    its coin and the alert it led to, is on the bus.
    """

    def __init__(self, run: VenueRun, clock: Clock) -> None:
        self.run = run
        self.moves_ms: list[float] = []
        self.whale_moves_ms: list[float] = []
        self.alerts_ms: list[float] = []
        self.ages_s: list[float] = []
        self.most_weight = 0
        self._clock = clock
        self._is_measuring = False
        self._first_ns: dict[_Key, list[tuple[int, int]]] = {}
        self._latency_ms: dict[str, float] = {}
        self._moved: dict[_Key, float] = {}
        self._traded: dict[_Key, list[int]] = {}
        self._taken_over = 0
        self._base: dict[str, tuple[int, dict[str, float]]] = {}
        self._taken, self._learn = run.core.whales.traded, run.core.whales.positions.learn
        # The places that see every trade, and every state, before whoever follows traders does.
        run.core.whales.traded = self._trades  # type: ignore[method-assign]
        run.core.whales.positions.learn = self._learned  # type: ignore[method-assign]
        run.core.bus.subscribe(TraderMoved, self._move)
        run.core.bus.subscribe(WhaleAlert, self._alert)

    def begin(self) -> None:
        """Measure from now on."""
        self._is_measuring = True
        self._base = self._states()
        self._taken_over = self.run.core.whales.positions.known.counts.changes_in_gaps
        self._traded.clear()
        self._moved.clear()

    def end(self) -> None:
        """Moves of trades that come from now on are not measured; those before may still be told."""
        self._is_measuring = False

    def look(self) -> None:
        """Note what is spent, and how old what is known is."""
        self.most_weight = max(self.most_weight, self.run.outside().budget_used or 0)
        if self._is_measuring:
            now_ms = self.run.core.now_ms
            ages = (one.age_ms(now_ms) for one in self.run.core.whales.refreshing.tracked.all())
            self.ages_s += [age_ms / 1000 for age_ms in ages if age_ms is not None]

    def missed(self) -> int:
        """Changes of positions that were not told: moves that do not add up, changes taken over untold, and trades that
        no state has shown by now.
        """
        counts = self.run.core.whales.positions.known.counts
        return self._not_added_up() + self._not_shown() + counts.changes_in_gaps - self._taken_over

    def _not_added_up(self) -> int:
        wrong, states = 0, self._states()
        for trader, (_, before) in self._base.items():
            after = states[trader][1] if trader in states else before
            for coin in before.keys() | after.keys():
                moved = self._moved.get((trader, coin), 0.0)
                change = after.get(coin, 0.0) - before.get(coin, 0.0)
                wrong += abs(moved - change) > 1e-9 * max(1.0, abs(before.get(coin, 0.0)))
        return wrong

    def _not_shown(self) -> int:
        states = self._states()
        return sum(
            any(states[trader][0] < at_ms < self._long_ago_ms for at_ms in times)
            for (trader, _), times in self._traded.items()
            if trader in states
        )

    @property
    def _long_ago_ms(self) -> int:
        """By now every trade of before must be shown by some state."""
        return self.run.core.now_ms - round(self.run.core.settings.whales.oldest_s * 1000)

    def _trades(self, trades: Sequence[Trade], now_ms: int) -> None:
        tracked, at_ns = self.run.core.whales.refreshing.tracked, self._clock.monotonic_ns()
        for trade in trades:
            for trader in (trade.buyer, trade.seller):
                if trader in tracked:
                    key = trader, trade.coin
                    self._first_ns.setdefault(key, []).append((trade.time_ms, at_ns))
                    self._traded.setdefault(key, []).append(trade.time_ms)
        self._taken(trades, now_ms)

    def _learned(self, state: TraderState, learned: Learned, now_ms: int) -> bool | None:
        is_news = self._learn(state, learned, now_ms)
        # What this state has shown is over, whether it came to a move or to nothing.
        for key in [key for key in self._first_ns if key[0] == state.trader]:
            self._first_ns[key] = [one for one in self._first_ns[key] if one[0] > state.at_ms]
        return is_news

    def _move(self, move: TraderMoved) -> None:
        key = move.trader, move.coin
        self._moved[key] = self._moved.get(key, 0.0) + move.size_after - move.size_before
        shown = [at_ns for time_ms, at_ns in self._first_ns.get(key, []) if time_ms <= move.venue_ms]
        if shown and self._is_measuring:
            latency_ms = (self._clock.monotonic_ns() - min(shown)) / 1e6
            self.moves_ms.append(latency_ms)
            if move.equity_usd >= self.run.core.settings.alerts.whale_usd:
                self.whale_moves_ms.append(latency_ms)
                self._latency_ms[move.move_id] = latency_ms

    def _alert(self, alert: WhaleAlert) -> None:
        newest = alert.moves[-1] if alert.moves else ""
        latency_ms = self._latency_ms.pop(newest, None)
        if latency_ms is not None:
            self.alerts_ms.append(latency_ms)

    def _states(self) -> dict[str, tuple[int, dict[str, float]]]:
        known = self.run.core.whales.positions.known.known()
        return {
            one.state.trader: (one.state.at_ms, {position.coin: position.size for position in one.state.positions})
            for one in known
        }
