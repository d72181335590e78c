"""All rules and the book behind one door: told of moves, leans, signals, trades and time, it says what to tell."""

from collections.abc import Container, Iterable

import msgspec

from app.config.whale_settings import AlertsSettings
from app.core.events import Trade
from app.core.whale_events import SmartMoneySignal, TraderMoved
from app.whales.alert_book import AlertBook, Records, Taken
from app.whales.alert_prints import LargeTrades, liquidated
from app.whales.alert_rules import MoveRules
from app.whales.alert_shifts import BiasFlips, ConsensusShifts
from app.whales.alert_values import (
    AlertCause,
    Digest,
    Liquidation,
    RestoreAlerts,
    RuleCounts,
    WhaleLean,
)
from app.whales.alert_words import Who


class AlertDesk:
    """Single writer of everything about alerts; the same inputs give the same alerts."""

    def __init__(
        self,
        settings: AlertsSettings,
        followed: Container[str],
        who: Who,
        records: Records,
        kept: RestoreAlerts | None = None,
        ahead_minutes: int = 0,
    ) -> None:
        """`followed` are those whose trades are told as moves; `who` names a trader; for the rest see `AlertBook`."""
        state = kept or RestoreAlerts()
        self._settings = settings
        self._followed = followed
        self._who = who
        self._moves = MoveRules(settings, who, state.rules)
        self._flips = BiasFlips(settings, state.rules.anchors)
        self._shifts = ConsensusShifts(settings, state.rules.arms)
        self._prints = LargeTrades(settings, followed, who)
        self.book = AlertBook(settings, records, state.book, ahead_minutes)

    def state(self) -> RestoreAlerts:
        """What must outlive the process; saved in one transaction with the alerts and moves it knows of."""
        rules = msgspec.structs.replace(self._moves.state(), anchors=self._flips.kept(), arms=self._shifts.kept())
        return RestoreAlerts(rules, self.book.state())

    @property
    def counts(self) -> RuleCounts:
        """What the rules made of what they saw; what became of causes is counted by the book."""
        return msgspec.structs.replace(self._moves.counts, unranked=self._prints.unranked)

    def learn_past(self, moves: Iterable[TraderMoved], until_ms: int | None) -> None:
        """Moves of the last day, oldest first: how rare a new one is, is known from the start.

        What was kept knows those learned before `until_ms`; of the others, pieces are gathered on. None: it knows all.
        """
        past = tuple(moves)
        self._moves.learn_sizes(past)
        if until_ms is not None:
            later = (move for move in past if move.at_ms >= until_ms)
            self._moves.gather(move for move in later if not self.book.knows(move.move_id))

    def moved(self, move: TraderMoved, now_ms: int) -> tuple[Taken, ...]:
        """A followed trader changed a position."""
        if self.book.knows(move.move_id):
            return (self.book.take_again(),)
        causes = self._moves.moved(move)
        taken = tuple(self.book.take(cause, now_ms) for cause in causes)
        if causes:
            pieces = (one for cause in causes for one in cause.moves)
            self.book.note((move.move_id, *pieces), now_ms)
        return taken

    def leaned(self, lean: WhaleLean, price: float, now_ms: int) -> tuple[Taken, ...]:
        """Whales lean differently in a coin; `price` is its mid."""
        return self._take(self._flips.leaned(lean, price, now_ms), now_ms)

    def signalled(self, signal: SmartMoneySignal, price: float, now_ms: int) -> tuple[Taken, ...]:
        """A coin has a new signal; `price` is its mid."""
        return self._take(self._shifts.signalled(signal, price, now_ms), now_ms)

    def traded(self, trade: Trade, now_ms: int) -> tuple[Taken, ...]:
        """A public trade."""
        return self._take(self._prints.saw(trade, now_ms), now_ms)

    def liquidated(self, liquidation: Liquidation, now_ms: int) -> tuple[Taken, ...]:
        """Somebody was liquidated; who is followed is told as a move."""
        if liquidation.trader in self._followed:
            return ()
        return self._take(liquidated(liquidation, self._settings, self._who, now_ms), now_ms)

    def tick(self, now_ms: int) -> tuple[tuple[Taken, ...], Digest | None]:
        """Time passed: large trades that are whole now, and the digest if quiet hours are over."""
        taken = tuple(self.book.take(cause, now_ms) for cause in self._prints.tick(now_ms))
        return taken, self.book.tick(now_ms)

    def clock_set_back(self, now_ms: int) -> None:
        """The engine's time went back to `now_ms`."""
        self._prints.clock_set_back(now_ms)
        self.book.clock_set_back(now_ms)

    def _take(self, cause: AlertCause | None, now_ms: int) -> tuple[Taken, ...]:
        return () if cause is None else (self.book.take(cause, now_ms),)
