"""What is saved of followed traders, and when; and all of it together, for a recording that begins midway."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from app.core.traders import TraderFill
from app.engine.journal import Journal
from app.store.whale_rows import StoredFill, StoredHistory, StoredLeaderboard, StoredTrader, WhaleNotes
from app.whales.alert_values import Digest, RestoreAlerts
from app.whales.memory import Notes, WhaleMemory
from app.whales.recent_fills import FILLS_RESTORED
from app.whales.roster import Member, RosterChange
from app.whales.weighing import TraderRecord

if TYPE_CHECKING:
    from app.engine.whales import Whales

NOTES = "whales"
"""The name of the one row of notes."""
EVERY_MS = 60_000
"""Notes that nothing hurries are saved once in so long."""
_pack = msgspec.msgpack.encode


class WhaleSaving:
    """Rows wait for the next tick, and go with the notes, if those changed, to whoever keeps the run's.

    Those of one input are written in one transaction: of a cause that is saved, it is saved too that it was taken.
    Without that one could be told twice, or a held one never.
    """

    def __init__(self, whales: "Whales", journal: Journal) -> None:
        self._whales = whales
        self._journal = journal
        self._held: list[object] = []
        self._are_notes_due = False
        self._saved_ms = 0
        self._saved_taken: tuple[int, Digest | None] = (0, None)
        self.unsaved = ""
        """Why nothing is saved; empty when it is."""

    def stop(self, why: str) -> None:
        """Save nothing: what stands in the database could not be read, and is not written over."""
        self.unsaved = why

    def keep(self, row: object) -> None:
        """Have a row saved at the next tick."""
        if not self.unsaved:
            self._held.append(row)

    def record(self, trader: str, record: TraderRecord) -> None:
        """A trader's histories were read."""
        self.keep(StoredHistory(trader=trader, asked_ms=record.asked_ms, record=_pack(record)))

    def fills(self, fills: Iterable[TraderFill]) -> None:
        """Fills that were not known came."""
        for fill in fills:
            self.keep(StoredFill(**msgspec.structs.asdict(fill) | {"side": fill.side.value}))

    def leaderboard(self, change: RosterChange) -> None:
        """A leaderboard led to a new set."""
        seen = self._whales.roster.leaderboard
        if seen is not None:
            self.keep(
                StoredLeaderboard(
                    at_ms=seen.at_ms,
                    size_bytes=seen.size_bytes,
                    rows_seen=seen.rows_seen,
                    rows_kept=seen.rows_kept,
                    refused=seen.refused,
                    tracked=len(change.members),
                    joined=len(change.joined),
                    left_out=len(change.left),
                )
            )

    def members(self, now_ms: int) -> None:
        """The tracked set was chosen anew."""
        for member in self._whales.roster.members.values():
            self.keep(_row(member, now_ms))

    def notes(self) -> None:
        """Have the notes saved at the next tick."""
        self._are_notes_due = True

    def write(self, now_ms: int) -> None:
        """Save what has come since the last time; the notes where it is time or alerts remember something else."""
        alerting = self._whales.alerting
        taken = alerting.taken, alerting.digest
        if self._are_notes_due or taken != self._saved_taken or now_ms - self._saved_ms >= EVERY_MS:
            self._are_notes_due, self._saved_ms, self._saved_taken = False, now_ms, taken
            if not self.unsaved:
                self.keep(WhaleNotes(name=NOTES, saved_ms=now_ms, notes=_pack(self._notes())))
        rows, self._held = self._held, []
        for row in rows:
            self._journal.keep(row)

    def clock_set_back(self, now_ms: int) -> None:
        """The engine's time went back to `now_ms`."""
        self._saved_ms = min(self._saved_ms, now_ms)

    def memory(self) -> bytes:
        """All that another run would need to go on from here."""
        whales = self._whales
        whales.weighing.count_fills()
        records = ((trader, whales.weighing.record(trader)) for trader in whales.roster.members)
        memory = WhaleMemory(
            notes=self._notes(),
            members=tuple(whales.roster.members.values()),
            known=whales.positions.known.known(),
            moves=tuple(whales.positions.moves.values()),
            alerts=tuple(reversed(whales.alerting.desk.book.standing())),
            records=tuple((trader, record) for trader, record in records if record is not None),
            fills=whales.looks.fills.newest(FILLS_RESTORED),
        )
        return _pack(memory)

    def _notes(self) -> Notes:
        whales = self._whales
        alerts = whales.alerting.desk.state()
        past, grades = whales.alerting.past.saved()
        newest = next(reversed(whales.positions.moves.values()), None)
        return Notes(
            by_hand=whales.roster.by_hand,
            leaderboard=whales.roster.leaderboard,
            alerts=RestoreAlerts(alerts.rules, msgspec.structs.replace(alerts.book, alerts=())),
            moves_until_ms=0 if newest is None else newest.at_ms,
            digest=whales.alerting.digest,
            seen_ms=whales.positions.seen_ms(),
            past=past,
            grades=grades,
            traders=whales.names.kept(),
        )


def _row(member: Member, now_ms: int) -> StoredTrader:
    score = member.score
    return StoredTrader(
        at_ms=now_ms,
        trader=member.trader,
        rank=member.rank,
        standing=member.standing,
        score=None if score is None else score.score,
        equity_usd=0.0 if score is None else score.equity_usd,
        member=_pack(member),
    )
