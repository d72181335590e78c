"""What the database holds of followed traders, put together for the start of a run."""

import time
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import msgspec

from app.config.whale_settings import AlertsSettings
from app.core.clock import Clock
from app.core.traders import TraderFill
from app.core.whale_events import WhaleAlert
from app.engine.saved_before import saved_before
from app.engine.whale_state import RestoreWhales
from app.markets.regime_model import MODEL_BYTES
from app.store.reader import Reader
from app.store.store import Store
from app.store.table import Condition
from app.store.whale_rows import StoredAlert, StoredFill, StoredHistory, StoredPosition, StoredTrader
from app.store.whale_tables import (
    TRACKED_TRADERS,
    TRADER_FILLS,
    TRADER_HISTORIES,
    TRADER_MOVES,
    TRADER_POSITIONS,
    WHALE_ALERTS,
    WHALE_NOTES,
)
from app.whales.memory import Notes, WhaleMemory, decode_notes, known_of
from app.whales.recent_fills import FILLS_RESTORED, TRADERS_KEPT
from app.whales.roster import Member
from app.whales.weighing import TraderRecord

_DAY_MS = 86_400_000
_MOVES, _HISTORIES, _TRADERS = 5_000, 2_000, 1_000
_FILLS = FILLS_RESTORED * TRADERS_KEPT
_POSITIONS = 1_000
"""Of one trader."""
_member = msgspec.msgpack.Decoder(Member).decode
_alert = msgspec.msgpack.Decoder(WhaleAlert).decode
_record = msgspec.msgpack.Decoder(TraderRecord).decode


async def restored_whales(
    store: Store, alerts: AlertsSettings, clock: Clock, regime_model: Path | None
) -> RestoreWhales:
    """The input that a run begins to follow traders with. `regime_model` is the file of a trained model, if any."""
    now_ns = clock.wall_ns()
    saved, trouble = await saved_before(store, lambda reader: saved_whales(reader, alerts, now_ns // 1_000_000))
    return RestoreWhales(saved, trouble, minutes_ahead(now_ns), _model(regime_model))


def minutes_ahead(wall_ns: int) -> int:
    """How far this machine's local time is ahead of UTC at that moment."""
    return time.localtime(wall_ns / 1e9).tm_gmtoff // 60


def _model(path: Path | None) -> bytes:
    """What stands in the file, nothing where there is none; what cannot be read is no model, and said to be none."""
    try:
        with path.open("rb") if path is not None else BytesIO() as file:
            return file.read(MODEL_BYTES)
    except FileNotFoundError:
        return b""
    except OSError as error:
        return f"{error.strerror}".encode()


async def saved_whales(reader: Reader, alerts: AlertsSettings, now_ms: int) -> bytes:
    """What a run begins with. Raises `DataError` and what decoding raises."""
    return msgspec.msgpack.encode(await _memory(reader, alerts, now_ms))


async def _memory(reader: Reader, alerts: AlertsSettings, now_ms: int) -> WhaleMemory:
    since = (Condition("at_ms", ">=", now_ms - _DAY_MS),)
    saved = await reader.select(WHALE_NOTES, limit=1)
    notes = decode_notes(saved[0].notes) if saved else Notes()
    moves = await reader.select(TRADER_MOVES, since, limit=_MOVES)
    moves = sorted(moves, key=lambda move: (move.at_ms, move.move_id))
    members = await _members(reader)
    return WhaleMemory(
        notes=notes,
        members=members,
        known=known_of(await _positions(reader, members), moves, notes.seen_ms),
        moves=tuple(moves),
        alerts=await _standing(reader, alerts, now_ms),
        records=_records(await reader.select(TRADER_HISTORIES, limit=_HISTORIES)),
        fills=tuple(_fill(row) for row in await reader.select(TRADER_FILLS, limit=_FILLS)),
    )


async def _positions(reader: Reader, members: Sequence[Member]) -> list[StoredPosition]:
    """Of those who are followed: rows of everybody who ever was are many more."""
    rows: list[StoredPosition] = []
    for member in members:
        rows += await reader.select(TRADER_POSITIONS, (Condition("trader", "=", member.trader),), limit=_POSITIONS)
    return rows


async def _members(reader: Reader) -> tuple[Member, ...]:
    """The set that was chosen last."""
    newest: Sequence[StoredTrader] = await reader.select(TRACKED_TRADERS, limit=1)
    if not newest:
        return ()
    chosen = (Condition("at_ms", "=", newest[0].at_ms),)
    rows = await reader.select(TRACKED_TRADERS, chosen, limit=_TRADERS)
    members = [_member(row.member) for row in rows]
    return tuple(sorted(members, key=lambda member: (member.rank is None, member.rank or 0, member.trader)))


async def _standing(reader: Reader, settings: AlertsSettings, now_ms: int) -> tuple[WhaleAlert, ...]:
    since = Condition("at_ms", ">=", now_ms - max(_DAY_MS, round(settings.expires_s * 1_000)))
    rows: Sequence[StoredAlert] = await reader.select(WHALE_ALERTS, (since,), limit=settings.kept)
    alerts = sorted((_alert(row.alert) for row in rows), key=lambda alert: (alert.at_ms, alert.alert_id))
    return tuple(alert for alert in alerts if alert.expires_ms > now_ms)


def _records(rows: Sequence[StoredHistory]) -> tuple[tuple[str, TraderRecord], ...]:
    return tuple((row.trader, _record(row.record)) for row in rows)


def _fill(row: StoredFill) -> TraderFill:
    return msgspec.convert(msgspec.structs.asdict(row), TraderFill)
