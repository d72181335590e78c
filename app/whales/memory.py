"""What a run must know of followed traders to go on where another ended, and how it is put together from rows."""

from collections.abc import Iterable, Mapping

import msgspec

from app.core.decoding import UNDECODABLE
from app.core.errors import DataError
from app.core.traders import TraderFill, TraderPosition, TraderState
from app.core.whale_events import TraderMoved, WhaleAlert
from app.store.whale_rows import StoredPosition
from app.whales.alert_values import Digest, RestoreAlerts
from app.whales.moves import KnownTrader, with_move
from app.whales.past_alerts import Followed, Grades
from app.whales.roster import ByHand, LeaderboardSeen, Member
from app.whales.saving import PositionsToSave
from app.whales.weighing import TraderRecord


class TraderNote(msgspec.Struct, frozen=True):
    """What the user keeps about a trader: nothing of it comes from a venue, and nothing of it leaves."""

    trader: str
    alias: str = ""
    note: str = ""


class Notes(msgspec.Struct, frozen=True, kw_only=True):
    """What is in no row of its own. `seen_ms` is the venue's time of the newest state of each trader.

    The alerts that stand are rows; `alerts` holds everything else of them. Moves learned at `moves_until_ms` and before
    are in it, but maybe not all of that very millisecond; None: nobody knows.
    """

    by_hand: ByHand = ByHand()
    leaderboard: LeaderboardSeen | None = None
    alerts: RestoreAlerts = RestoreAlerts()
    moves_until_ms: int | None = None
    digest: Digest | None = None
    seen_ms: dict[str, int] = msgspec.field(default_factory=dict)
    past: tuple[Followed, ...] = ()
    grades: tuple[Grades, ...] = ()
    traders: tuple[TraderNote, ...] = ()


class WhaleMemory(msgspec.Struct, frozen=True, kw_only=True):
    """All of it: `moves` are those of the last day, `alerts` those that stand, oldest first, `fills` the newest."""

    notes: Notes = Notes()
    members: tuple[Member, ...] = ()
    known: tuple[KnownTrader, ...] = ()
    moves: tuple[TraderMoved, ...] = ()
    alerts: tuple[WhaleAlert, ...] = ()
    records: tuple[tuple[str, TraderRecord], ...] = ()
    fills: tuple[TraderFill, ...] = ()


_NO_COIN = ""
"""Where a row stands for the first state itself."""
_decode = msgspec.msgpack.Decoder(WhaleMemory).decode
_decode_notes = msgspec.msgpack.Decoder(Notes).decode


def decode_memory(state: bytes) -> WhaleMemory:
    """The memory in `state`, empty for no bytes. Raises `DataError` for what is none."""
    try:
        return _decode(state) if state else WhaleMemory()
    except UNDECODABLE as error:
        raise DataError(f"what was saved of followed traders cannot be read: {error}") from error


def decode_notes(notes: bytes) -> Notes:
    """The notes in a row. Raises `DataError`."""
    try:
        return _decode_notes(notes)
    except UNDECODABLE as error:
        raise DataError(f"notes on followed traders cannot be read: {error}") from error


def position_rows(saved: PositionsToSave, equity_usd: float) -> tuple[StoredPosition, ...]:
    """The rows of positions that are due; those that were closed have a size of 0.

    A first state has a row of no coin besides: even who holds nothing is known, and what is older counts no more.
    """
    held = tuple(_row(saved, position, equity_usd) for position in saved.changed)
    closed = (*saved.closed, *((_NO_COIN,) if saved.is_first else ()))
    return held + tuple(_row(saved, _closed(coin), equity_usd) for coin in closed)


def known_of(
    rows: Iterable[StoredPosition], moves: Iterable[TraderMoved], seen_ms: Mapping[str, int]
) -> tuple[KnownTrader, ...]:
    """The newest states that rows, moves that came after them, and the times of the newest states tell of.

    A row is older than the moves that were too small to have it written again, so those are added: without them a
    change that was told before the end would be told again, as part of whatever followed it. A trader whose
    positions nobody touched was seen later than any of his rows says. What is older than the first state since a trader
    is followed belongs to a time before nobody looked.
    """
    by_trader: dict[str, list[StoredPosition]] = {}
    for row in rows:
        by_trader.setdefault(row.trader, []).append(row)
    first_ms = {row.trader: row.at_ms for held in by_trader.values() for row in held if row.coin == _NO_COIN}
    known = {trader: _known(trader, held, first_ms.get(trader, 0)) for trader, held in by_trader.items()}
    for trader in seen_ms.keys() - known.keys():
        known[trader] = KnownTrader(_empty(trader, seen_ms[trader]), seen_ms[trader])
    written = {(row.trader, row.coin): row.at_ms for held in by_trader.values() for row in held}
    for move in sorted(moves, key=lambda move: move.venue_ms):
        before = known.get(move.trader)
        # A first state is nobody's move, so that one of the same time came before it.
        from_ms = max(written.get((move.trader, move.coin), 0), first_ms.get(move.trader, -1) + 1)
        if before is not None and move.venue_ms >= from_ms:
            known[move.trader] = _moved(before, move)
    return tuple(_seen(one, seen_ms.get(trader, 0)) for trader, one in sorted(known.items()))


def _moved(before: KnownTrader, move: TraderMoved) -> KnownTrader:
    """After a move; the state stays as new as it was where another row is newer than the move."""
    after = with_move(before, move)
    state = msgspec.structs.replace(after.state, at_ms=max(before.state.at_ms, move.venue_ms))
    return KnownTrader(state, max(before.changed_ms, move.venue_ms))


def _seen(known: KnownTrader, at_ms: int) -> KnownTrader:
    if at_ms <= known.state.at_ms:
        return known
    return KnownTrader(msgspec.structs.replace(known.state, at_ms=at_ms), known.changed_ms)


def _known(trader: str, rows: list[StoredPosition], first_ms: int) -> KnownTrader:
    rows = [row for row in rows if row.at_ms >= first_ms]
    newest = max(rows, key=lambda row: row.at_ms)
    positions = tuple(_position(row) for row in sorted(rows, key=lambda row: row.coin) if row.size)
    state = msgspec.structs.replace(
        _empty(trader, newest.at_ms),
        equity_usd=newest.equity_usd,
        positions_usd=sum(position.value_usd for position in positions),
        margin_usd=sum(position.margin_usd for position in positions),
        positions=positions,
    )
    return KnownTrader(state, max(row.changed_ms for row in rows))


def _empty(trader: str, at_ms: int) -> TraderState:
    return TraderState(
        trader=trader, at_ms=at_ms, equity_usd=0.0, positions_usd=0.0, margin_usd=0.0, withdrawable_usd=0.0,
        positions=(),
    )  # fmt: skip


def _position(row: StoredPosition) -> TraderPosition:
    return TraderPosition(
        coin=row.coin,
        size=row.size,
        value_usd=row.value_usd,
        entry_price=row.entry_price,
        unrealized_pnl_usd=row.unrealized_pnl_usd,
        liquidation_price=row.liquidation_price,
        leverage=row.leverage,
        margin_usd=row.margin_usd,
        isolated=row.isolated,
    )


def _closed(coin: str) -> TraderPosition:
    return TraderPosition(
        coin=coin, size=0.0, value_usd=0.0, entry_price=None, unrealized_pnl_usd=0.0, liquidation_price=None,
        leverage=0.0, margin_usd=0.0,
    )  # fmt: skip


def _row(saved: PositionsToSave, position: TraderPosition, equity_usd: float) -> StoredPosition:
    return StoredPosition(
        trader=saved.trader,
        coin=position.coin,
        at_ms=saved.at_ms,
        changed_ms=saved.changed_ms,
        equity_usd=equity_usd,
        size=position.size,
        value_usd=position.value_usd,
        entry_price=position.entry_price,
        unrealized_pnl_usd=position.unrealized_pnl_usd,
        liquidation_price=position.liquidation_price,
        leverage=position.leverage,
        margin_usd=position.margin_usd,
        isolated=position.isolated,
    )
