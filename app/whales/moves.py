"""What followed traders changed: two states of one account make moves. Pure; docs/whale-alerts.md defines a move.

An account's state is compared with the newest one that is known of it, by the venue's time. One real change is
thereby learned once, whether a trade, a stream or a poll tells of it first, and carries the same id if it is learned
again after a restart.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Literal

import msgspec

from app.core.traders import TraderPosition, TraderState
from app.core.whale_events import Learned, MoveKind, TraderMoved

AHEAD_MS = 600_000
"""A state from so far in the future is refused: believed, it would make all real ones look old."""
TRADES_KEPT = 16
"""So many trades of one trader in one coin wait for the state that shows them; of more, the newest."""

Outcome = Literal["first", "newer", "older", "gap", "future"]


class KnownTrader(msgspec.Struct, frozen=True):
    """The newest state of an account, and the venue's time of the state that last showed a change of size."""

    state: TraderState
    changed_ms: int


class SeenTrade(msgspec.Struct, frozen=True, gc=False):
    """A public trade of a followed account: when, by the venue's clock, and at what price."""

    at_ms: int
    price: float


class Learnt(msgspec.Struct, frozen=True):
    """What a state was good for: `outcome`, the moves it shows, and coins that were traded and are held as before."""

    outcome: Outcome
    moves: tuple[TraderMoved, ...] = ()
    flat: tuple[str, ...] = ()


class MoveCounts(msgspec.Struct, frozen=True):
    """States by what they were good for, moves, and coins traded without any change between two states (`flat`)."""

    first: int = 0
    newer: int = 0
    older: int = 0
    gap: int = 0
    future: int = 0
    moves: int = 0
    flat: int = 0
    changes_in_gaps: int = 0


class KnownTraders:
    """The newest known state of each followed account, and trades seen since."""

    def __init__(self, gap_ms: int) -> None:
        """A change that happened within more than `gap_ms` (> 0) unseen is taken over and not told: it is no news."""
        self._gap_ms = gap_ms
        self._known: dict[str, KnownTrader] = {}
        self._trades: dict[str, dict[str, list[SeenTrade]]] = {}
        self.counts = MoveCounts()

    def restore(self, known: Iterable[KnownTrader], now_ms: int) -> None:
        """Begin with what was saved, moves that came after it included (`known_of`)."""
        self._known = {one.state.trader: one for one in known if one.state.at_ms <= now_ms + AHEAD_MS}

    def known(self) -> tuple[KnownTrader, ...]:
        """All that is known, to be saved."""
        return tuple(self._known.values())

    def get(self, trader: str) -> KnownTrader | None:
        """What is known of one account."""
        return self._known.get(trader)

    def forget(self, trader: str) -> None:
        """The account is not followed any more."""
        self._known.pop(trader, None)
        self._trades.pop(trader, None)

    def saw_trade(self, trader: str, coin: str, at_ms: int, price: float) -> None:
        """A followed account traded; the trade waits for the state that shows what came of it."""
        known = self._known.get(trader)
        if known is not None and at_ms <= known.state.at_ms:
            return
        waiting = self._trades.setdefault(trader, {}).setdefault(coin, [])
        waiting.append(SeenTrade(at_ms, price))
        if len(waiting) > TRADES_KEPT:
            waiting.remove(min(waiting, key=lambda trade: trade.at_ms))

    def learn(self, state: TraderState, learned: Learned, now_ms: int) -> Learnt:
        """Take a state that was learned at `now_ms` of the engine's time. One older than the known changes nothing."""
        before = self._known.get(state.trader)
        outcome = self._outcome(before, state, now_ms)
        if outcome in ("older", "future"):
            return self._counted(Learnt(outcome))
        seen = self._trades_until(state)
        changed = before is None or sizes(before.state) != sizes(state)
        changed_ms = state.at_ms if changed or before is None else before.changed_ms
        self._known[state.trader] = KnownTrader(state, changed_ms)
        if before is None or outcome == "gap":
            return self._counted(Learnt(outcome), changes_in_gaps=outcome == "gap" and changed)
        moves = moves_between(before, state, seen, learned, now_ms)
        return self._counted(Learnt(outcome, moves, tuple(sorted(seen.keys() - {move.coin for move in moves}))))

    def _outcome(self, before: KnownTrader | None, state: TraderState, now_ms: int) -> Outcome:
        if state.at_ms > now_ms + AHEAD_MS:
            return "future"
        if before is None:
            return "first"
        if state.at_ms <= before.state.at_ms:
            return "older"
        return "gap" if state.at_ms - before.state.at_ms > self._gap_ms else "newer"

    def _trades_until(self, state: TraderState) -> dict[str, SeenTrade]:
        """The newest trade of each coin that this state must show; those are forgotten, later ones stay."""
        waiting = self._trades.pop(state.trader, {})
        later = {coin: [trade for trade in trades if trade.at_ms > state.at_ms] for coin, trades in waiting.items()}
        later = {coin: trades for coin, trades in later.items() if trades}
        if later:
            self._trades[state.trader] = later
        shown = {coin: [trade for trade in trades if trade.at_ms <= state.at_ms] for coin, trades in waiting.items()}
        return {coin: max(trades, key=lambda trade: trade.at_ms) for coin, trades in shown.items() if trades}

    def _counted(self, learnt: Learnt, changes_in_gaps: int = 0) -> Learnt:
        counts = self.counts
        self.counts = msgspec.structs.replace(
            counts,
            **{learnt.outcome: getattr(counts, learnt.outcome) + 1},
            moves=counts.moves + len(learnt.moves),
            flat=counts.flat + len(learnt.flat),
            changes_in_gaps=counts.changes_in_gaps + changes_in_gaps,
        )
        return learnt


def believed_ms(venue_ms: int, now_ms: int) -> int:
    """The venue's time of something that happened; the engine's where it lies so far ahead that it cannot be."""
    return now_ms if venue_ms > now_ms + AHEAD_MS else venue_ms


def moves_between(
    before: KnownTrader, after: TraderState, seen: Mapping[str, SeenTrade], learned: Learned, now_ms: int
) -> tuple[TraderMoved, ...]:
    """What changed from one state of an account to a later one, by coin. `seen` holds the newest trade of each coin."""
    old, new = sizes(before.state), sizes(after)
    changed = [coin for coin in sorted(old.keys() | new.keys()) if old.get(coin, 0.0) != new.get(coin, 0.0)]
    return tuple(_move(before, after, coin, seen.get(coin), learned, now_ms) for coin in changed)


def _move(
    before: KnownTrader, after: TraderState, coin: str, trade: SeenTrade | None, learned: Learned, now_ms: int
) -> TraderMoved:
    was, now = before.state.position(coin), after.position(coin)
    size_before, size_after = 0.0 if was is None else was.size, 0.0 if now is None else now.size
    price = trade.price if trade is not None else _mark(now, was)
    return TraderMoved(
        move_id=move_id(after.trader, coin, size_before, size_after, before.changed_ms),
        trader=after.trader,
        coin=coin,
        kind=move_kind(size_before, size_after),
        size_before=size_before,
        size_after=size_after,
        price=price,
        change_usd=(size_after - size_before) * price,
        equity_usd=after.equity_usd,
        at_ms=now_ms,
        venue_ms=after.at_ms,
        traded_ms=None if trade is None else trade.at_ms,
        learned=learned,
    )


def move_kind(size_before: float, size_after: float) -> MoveKind:
    """What a change of a signed size is called; the two must differ."""
    if size_before == 0:
        return "OPEN"
    if size_after == 0:
        return "CLOSE"
    if (size_before > 0) != (size_after > 0):
        return "FLIP"
    return "ADD" if abs(size_after) > abs(size_before) else "REDUCE"


def move_id(trader: str, coin: str, size_before: float, size_after: float, changed_ms: int) -> str:
    """16 hexadecimal digits. `changed_ms` is the venue's time since which the account stood as before the move.

    That time tells two equal moves apart (opened, closed, opened again) and is the same however often the later state
    is learned, because it belongs to the earlier one.
    """
    text = f"{trader}|{coin}|{size_before!r}|{size_after!r}|{changed_ms}"
    return sha256(text.encode()).hexdigest()[:16]


def sizes(state: TraderState) -> dict[str, float]:
    """Signed sizes by coin."""
    return {position.coin: position.size for position in state.positions if position.size}


def with_move(known: KnownTrader, move: TraderMoved) -> KnownTrader:
    """What is known of an account after one of its moves; of a position that nobody looked at, size and value alone."""
    others = [position for position in known.state.positions if position.coin != move.coin]
    if move.size_after:
        others.append(_bare_position(known.state.position(move.coin), move))
    state = msgspec.structs.replace(
        known.state,
        at_ms=move.venue_ms,
        equity_usd=move.equity_usd,
        positions=tuple(sorted(others, key=lambda position: position.coin)),
    )
    return KnownTrader(state, move.venue_ms)


def _bare_position(position: TraderPosition | None, move: TraderMoved) -> TraderPosition:
    value_usd = abs(move.size_after) * move.price
    if position is not None:
        return msgspec.structs.replace(position, size=move.size_after, value_usd=value_usd)
    return TraderPosition(
        coin=move.coin,
        size=move.size_after,
        value_usd=value_usd,
        entry_price=None,
        unrealized_pnl_usd=0.0,
        liquidation_price=None,
        leverage=0.0,
        margin_usd=0.0,
    )


def _mark(*positions: TraderPosition | None) -> float:
    """The price that the first position with a value is valued at; 0 where none has one."""
    values = ((position.value_usd / abs(position.size)) for position in positions if position and position.value_usd)
    return next(values, 0.0)
