"""What the followed traders hold: a state becomes moves, alerts, signals and rows, in this order."""

from collections.abc import Callable, Iterable

from app.config.settings import Settings
from app.core.bus import Bus
from app.core.traders import TraderState
from app.core.whale_events import Learned, TraderMoved
from app.engine.whale_alerting import WhaleAlerting
from app.engine.whale_signals import WhaleSignals
from app.whales.memory import WhaleMemory, position_rows
from app.whales.moves import KnownTraders
from app.whales.saving import Saving
from app.whales.whale_bias import WhaleBias

GAP_MS = 600_000
"""What changed while nobody looked for so long is taken over and not told: it is no news."""
MOVES_KEPT = 5_000


class WhalePositions:
    """Single writer of states and moves."""

    def __init__(
        self, settings: Settings, bus: Bus, alerting: WhaleAlerting, signals: WhaleSignals,
        keep: Callable[[object], None],
    ) -> None:  # fmt: skip
        self.known = KnownTraders(GAP_MS)
        self.saving = Saving(settings.whales)
        self.moves: dict[str, TraderMoved] = {}
        """The newest moves by their ids, oldest first."""
        self.learned_by: dict[str, Learned] = {}
        """What the newest state of each trader was learned by."""
        self.keep = keep
        self.version = 0
        """Counts states that were taken."""
        self._bias = WhaleBias(settings.alerts.whale_usd)
        self._bus, self._alerting, self._signals = bus, alerting, signals

    def restore(self, memory: WhaleMemory, followed: Iterable[str], now_ms: int) -> None:
        """Go on from what was saved of those who are followed: the next state of each is compared with it."""
        members = frozenset(followed)
        known = [one for one in memory.known if one.state.trader in members]
        self.known.restore(known, now_ms)
        self.saving.restore(known)
        self._bias.restore(one.state for one in known)
        self.moves = {move.move_id: move for move in memory.moves[-MOVES_KEPT:]}

    def learn(self, state: TraderState, learned: Learned, now_ms: int) -> bool | None:
        """Take a state; whether it held something worth telling, by itself or as the last of many pieces.

        None: it was refused and changed nothing.
        """
        learnt = self.known.learn(state, learned, now_ms)
        if learnt.outcome in ("older", "future"):
            return None
        self.version += 1
        self.learned_by[state.trader] = learned
        told = [move.coin for move in learnt.moves if self._moved(move, now_ms)]
        self._alerting.leaned(self._bias.learn(state, is_rebased=learnt.outcome == "gap"), now_ms)
        self._signals.changed(self._signals.money.state_changed(state), now_ms)
        self._save(state, told, now_ms)
        return bool(told)

    def forget(self, trader: str, now_ms: int) -> None:
        """The trader is not followed any more."""
        self.known.forget(trader)
        self.saving.forget(trader)
        self.learned_by.pop(trader, None)
        self._alerting.leaned(self._bias.forget(trader, now_ms), now_ms)
        self._signals.changed(self._signals.money.unfollow(trader), now_ms)

    def clock_set_back(self, now_ms: int) -> None:
        """The engine's time went back to `now_ms`."""
        self.saving.clock_set_back(now_ms)

    def held_usd(self) -> dict[str, float]:
        """What all of them together hold of each coin, long and short, at its mark."""
        held: dict[str, float] = {}
        for one in self.known.known():
            for position in one.state.positions:
                held[position.coin] = held.get(position.coin, 0.0) + position.value_usd
        return held

    def seen_ms(self) -> dict[str, int]:
        """The venue's time of the newest state of each trader."""
        return {one.state.trader: one.state.at_ms for one in self.known.known()}

    def moves_of(self, trader: str) -> tuple[TraderMoved, ...]:
        """The newest moves of a trader, the newest first."""
        return tuple(move for move in reversed(self.moves.values()) if move.trader == trader)

    def _moved(self, move: TraderMoved, now_ms: int) -> bool:
        self.moves[move.move_id] = move
        if len(self.moves) > MOVES_KEPT:
            del self.moves[next(iter(self.moves))]
        self._bus.publish(move)
        self.keep(move)
        return self._alerting.moved(move, now_ms)

    def _save(self, state: TraderState, told: list[str], now_ms: int) -> None:
        known = self.known.get(state.trader)
        rows = None if known is None else self.saving.to_save(known, now_ms, told)
        for row in () if rows is None else position_rows(rows, state.equity_usd):
            self.keep(row)
