"""Which moves of followed traders are worth telling, and as what (docs/whale-alerts.md). Pure."""

from collections.abc import Iterable

import msgspec

from app.config.whale_settings import AlertsSettings
from app.core.whale_events import TraderMoved
from app.whales.alert_values import AlertCause, RuleCounts, RulesState, WhaleMoved
from app.whales.alert_words import Who, move_text, together_text
from app.whales.gathering import Gatherings
from app.whales.rarity import RarityByCoin

MOVES_KNOWN = 30
"""No percentile of a move is given on fewer moves of its market."""
MOVES_TOGETHER = 200
"""So many moves of whales in one coin are looked at to see who moves together."""


class MoveRules:
    """What the last moves were, so that pieces are joined and whales who move together are seen."""

    def __init__(self, settings: AlertsSettings, who: Who, kept: RulesState | None = None) -> None:
        self._settings = settings
        self._who = who
        state = kept or RulesState()
        self._gatherings = Gatherings(state.gatherings)
        self._rarity = RarityByCoin(MOVES_KNOWN)
        self._whale_moves: dict[str, list[WhaleMoved]] = {}
        for one in state.whale_moves:
            self._whale_moves.setdefault(one.coin, []).append(one)
        self.counts = RuleCounts()

    def state(self) -> RulesState:
        """What must outlive the process, of these rules."""
        recent = tuple(one for moves in self._whale_moves.values() for one in moves)
        return RulesState(whale_moves=recent, gatherings=self._gatherings.kept())

    def learn_sizes(self, moves: Iterable[TraderMoved]) -> None:
        """Moves of the last day, so that percentiles are known from the start."""
        for move in moves:
            self._rarity.add(move.coin, abs(move.change_usd), move.at_ms)

    def gather(self, moves: Iterable[TraderMoved]) -> None:
        """Moves that came after what was kept, of which none was told: pieces, each the same whenever it is taken."""
        for move in moves:
            self._gatherings.join(move, self.is_large)

    def is_large(self, move: TraderMoved) -> bool:
        """Whether a move is worth telling for what it is: by the share of the position, its worth and the account.

        What is opened, closed or turned round needs no share: it is all of it.
        """
        settings = self._settings
        least_usd = max(settings.minimum_usd, settings.minimum_equity_share * max(0.0, move.equity_usd))
        is_whole = move.kind in ("OPEN", "CLOSE", "FLIP")
        return (is_whole or move.change >= settings.minimum_change) and abs(move.change_usd) >= least_usd

    def moved(self, move: TraderMoved) -> tuple[AlertCause, ...]:
        """What a move is a cause of: nothing, an alert of its own, one of whales together, or both."""
        joined = self._gatherings.join(move, self.is_large)
        percentile = None if joined is None else self._percentile(joined[0])
        self._rarity.add(move.coin, abs(move.change_usd), move.at_ms)
        if joined is None:
            self._count("small")
            return ()
        whole, pieces = joined
        if percentile is not None and percentile < self._settings.minimum_percentile:
            self._count("common")
            return ()
        self._count("telling")
        return self._causes(whole, pieces, percentile)

    def _causes(self, move: TraderMoved, pieces: tuple[str, ...], percentile: float | None) -> tuple[AlertCause, ...]:
        if move.equity_usd < self._settings.whale_usd:
            return (self._single(move, pieces, percentile),)
        together = self._together(move, percentile)
        if together is None:
            return (self._single(move, pieces, percentile),)
        if move.equity_usd >= self._settings.critical_usd:
            return (self._single(move, pieces, percentile), together)
        # Whoever completes a group is told with it: the same move once more, as LOW, would only be noise.
        return (together,)

    def _single(self, move: TraderMoved, pieces: tuple[str, ...], percentile: float | None) -> AlertCause:
        is_whale = move.equity_usd >= self._settings.whale_usd
        return AlertCause(
            cause=move.move_id,
            kind="whale_move" if is_whale else "trader_move",
            severity="CRITICAL" if is_whale and move.equity_usd >= self._settings.critical_usd else "LOW",
            coin=move.coin,
            at_ms=move.at_ms,
            direction=_sign(move.change_usd),
            text=move_text(move, self._who),
            value_usd=abs(move.change_usd),
            percentile=percentile,
            price=move.price,
            traders=(move.trader,),
            moves=pieces,
        )

    def _together(self, move: TraderMoved, percentile: float | None) -> AlertCause | None:
        """The alert of at least two whales who moved within so many seconds of this move, by the venue's time."""
        this = WhaleMoved(move.trader, move.coin, move.traded_ms or move.venue_ms, move.move_id, move.change_usd)
        near = self._near(this)
        if all(one.trader == this.trader for one in near):
            return None
        changes = [(one.trader, one.change_usd) for one in (*near, this)]
        signs = {_sign(change) for _, change in changes}
        return AlertCause(
            cause=f"together:{move.move_id}",
            kind="whales_together",
            severity="HIGH",
            coin=move.coin,
            at_ms=move.at_ms,
            direction=signs.pop() if len(signs) == 1 else 0,
            text=together_text(move.coin, changes, self._settings.together_s, self._who),
            value_usd=sum(abs(change) for _, change in changes),
            percentile=percentile,
            price=move.price,
            traders=tuple(dict.fromkeys(one.trader for one in (this, *reversed(near))))[:10],
            moves=tuple(one.move_id for one in (*near, this)),
        )

    def _near(self, this: WhaleMoved) -> list[WhaleMoved]:
        """The moves of whales near this one, which is kept with those that later ones may be near to."""
        within_ms = self._settings.together_s * 1_000
        others = self._whale_moves.get(this.coin, [])
        newest_ms = max([this.at_ms, *(one.at_ms for one in others)])
        kept = [one for one in (*others, this) if newest_ms - one.at_ms <= within_ms]
        self._whale_moves[this.coin] = kept[-MOVES_TOGETHER:]
        return [one for one in others if abs(this.at_ms - one.at_ms) <= within_ms]

    def _percentile(self, move: TraderMoved) -> float | None:
        return self._rarity.percentile(move.coin, abs(move.change_usd), move.at_ms)

    def _count(self, what: str) -> None:
        self.counts = msgspec.structs.replace(self.counts, **{what: getattr(self.counts, what) + 1})


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)
