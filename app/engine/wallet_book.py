"""The newest verdict on each wallet and what the user keeps about it. Pure; bounded."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet

import msgspec

from app.core.calls import Call
from app.core.errors import DataError
from app.core.text import clean
from app.engine.protocol_wallets import NOTE_CELLS, NoteWallet, WalletRow
from app.store.rows import StoredVerdict, WalletNote
from app.wallets.stored import read_verdict
from app.wallets.values import RANKS, PillarName, VerdictClass, WalletVerdict, best_first, rank

REASON_CELLS = 240
"""How wide a reason may be."""
ROWS = 200
"""Wallets that a deck is shown."""
MOST_NOTES = 5_000
"""Wallets that may have notes."""
CLAIMANT = "wallets"
"""Who files the calls about TARGETs."""
CLAIM_MS = 30 * 86_400_000
"""How far ahead such a call looks; within that time no other is filed about the same wallet."""
MOST_CLAIMS = 5_000
"""Such calls that may be open at a time."""
_KEPT = 2_000
_STORED = "an earlier scan"
"""The origin of a verdict of an earlier run: where its wallet was found is not stored."""
_pack = msgspec.msgpack.encode


class BookEntry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The newest verdict on a wallet, by the scan of number `scan` (0: an earlier run), and the one before it."""

    verdict: WalletVerdict
    origin: str = ""
    scan: int = 0
    class_before: VerdictClass | None = None
    score_before: float | None = None


class SavedWallets(msgspec.Struct, frozen=True, kw_only=True):
    """What a run begins with; `claims` as in `WalletBook`, `open_claims` the calls that have no outcome."""

    entries: tuple[BookEntry, ...] = ()
    notes: tuple[WalletNote, ...] = ()
    claims: dict[str, int] = {}
    open_claims: tuple[Call, ...] = ()


_unpack_saved = msgspec.msgpack.Decoder(SavedWallets).decode


def pack_saved(saved: SavedWallets) -> bytes:
    """What to begin with, as `WalletBook.restore` takes it."""
    return _pack(saved)


def best_rows(rows: Iterable[StoredVerdict], followed: AbstractSet[str] = frozenset()) -> list[list[StoredVerdict]]:
    """Of stored verdicts, newest first, those on the wallets that a deck can show, as `WalletBook.best`; newest first
    of each.

    They are compared by class and score alone: only what is shown has to be read in full.
    """
    newest: dict[str, list[StoredVerdict]] = {}
    for row in rows:
        newest.setdefault(row.wallet, []).append(row)

    def key(of_one: list[StoredVerdict]) -> tuple[bool, int, float, str]:
        row = of_one[0]
        return row.wallet not in followed, *rank(row.wallet_class, row.score, row.wallet)

    return sorted(newest.values(), key=key)[:ROWS]


def entry_of(rows: Sequence[StoredVerdict]) -> BookEntry | None:
    """The verdicts on one wallet, newest first, as an entry; None where the newest cannot be read."""
    try:
        verdict = read_verdict(rows[0])
    except DataError:
        return None
    before = rows[1] if len(rows) > 1 else None
    known = next((name for name in RANKS if before is not None and name == before.wallet_class), None)
    return BookEntry(
        verdict=verdict,
        origin=_STORED,
        class_before=known,
        score_before=None if before is None else before.score,
    )


class WalletBook:
    """Verdicts by wallet, about 2,000, of which the worst give way; notes by wallet, at most `MOST_NOTES`.

    Who is followed is never worse than anybody who is not.
    """

    def __init__(self) -> None:
        self.entries: dict[str, BookEntry] = {}
        self.notes: dict[str, WalletNote] = {}
        self.claims: dict[str, int] = {}
        """When the newest call about a wallet was made, in epoch milliseconds."""
        self.open_claims: dict[str, Call] = {}
        """Calls about wallets that have no outcome, by their id; at most `MOST_CLAIMS`."""
        self.version = 0
        """Grows with every change."""

    def restore(self, state: bytes) -> None:
        """Begin with what was saved; what is known already stays. Raises `DataError` for what cannot be read."""
        try:
            saved = _unpack_saved(state)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise DataError(f"saved wallets cannot be read ({clean(str(error), 120)})") from error
        self.entries = {**{each.verdict.wallet: each for each in saved.entries}, **self.entries}
        self.notes = {**{each.wallet: each for each in saved.notes[:MOST_NOTES]}, **self.notes}
        self.claims = {**saved.claims, **self.claims}
        self.open_claims = {call.call_id: call for call in saved.open_claims[:MOST_CLAIMS]}
        self._make_room()
        self.version += 1

    def saved(self) -> bytes:
        """What a replay of the rest of this run begins with."""
        best = tuple(msgspec.structs.replace(each, scan=0) for each in self.best())
        notes, open_claims = tuple(self.notes.values()), tuple(self.open_claims.values())
        return pack_saved(SavedWallets(entries=best, notes=notes, claims=self.claims, open_claims=open_claims))

    def take(self, verdict: WalletVerdict, origin: str, scan: int, *, is_old: bool = False) -> BookEntry:
        """A verdict of a scan; `is_old` gives an earlier one again. What it is now, with what it was before."""
        before = self.entries.get(verdict.wallet)
        # Where it was found first counts, as far as that is known.
        if before is not None and before.origin not in ("", _STORED):
            origin = before.origin
        entry = BookEntry(verdict=verdict, origin=origin, scan=scan)
        if before is not None and is_old:
            entry = msgspec.structs.replace(before, verdict=verdict, origin=origin, scan=scan)
        elif before is not None:
            entry = msgspec.structs.replace(
                entry, class_before=before.verdict.verdict, score_before=before.verdict.score
            )
        self.entries[verdict.wallet] = entry
        self._make_room()
        self.version += 1
        return entry

    def judged_again(self, verdict: WalletVerdict) -> None:
        """The same wallet by other thresholds: nothing new is known of it."""
        self.entries[verdict.wallet] = msgspec.structs.replace(self.entries[verdict.wallet], verdict=verdict)
        self.version += 1

    def note(self, command: NoteWallet, wallet: str, now_ms: int) -> WalletNote:
        """What the user keeps about a wallet, as it is with this. Raises `DataError` when there is no room."""
        note = self.notes.get(wallet, WalletNote(wallet=wallet, changed_ms=now_ms))
        if wallet not in self.notes and len(self.notes) >= MOST_NOTES:
            raise DataError(f"more than {MOST_NOTES:,} wallets have notes; delete some first")
        texts = {
            name: clean(text, cells)
            for name, cells in NOTE_CELLS.items()
            if (text := getattr(command, name)) is not None
        }
        changed = msgspec.structs.replace(
            note,
            changed_ms=now_ms,
            review=note.review if command.review is None else command.review,
            followed=note.followed if command.followed is None else command.followed,
            **texts,
        )
        self.notes[wallet] = changed
        self.version += 1
        return changed

    def best(self) -> list[BookEntry]:
        """Those that a deck is shown: who is followed, then the others, best first."""
        return self._in_order()[:ROWS]

    def row(self, entry: BookEntry, now_ms: int, scan: int) -> WalletRow:
        """An entry as a deck shows it; `scan` is the number of the newest scan."""
        verdict, note = entry.verdict, self.notes.get(entry.verdict.wallet)
        pillars: dict[PillarName, float] = {pillar.name: pillar.score for pillar in verdict.pillars}
        measures = verdict.measures
        decided = 0 if measures is None else measures.wins + measures.losses
        is_known = verdict.score is not None and entry.score_before is not None
        return WalletRow(
            address=verdict.wallet,
            alias="" if note is None else clean(note.alias, NOTE_CELLS["alias"]),
            tag="" if note is None else clean(note.tag, NOTE_CELLS["tag"]),
            note="" if note is None else clean(note.note, NOTE_CELLS["note"]),
            wallet_class=verdict.verdict,
            stage=verdict.stage,
            reason=clean(verdict.reason, REASON_CELLS),
            score=verdict.score,
            specialisation=pillars.get("specialisation"),
            behaviour=pillars.get("behaviour"),
            structure=pillars.get("structure"),
            roi_7d=None if measures is None else measures.roi_7d,
            roi_30d=None if measures is None else measures.roi_30d,
            win_rate=None if measures is None else measures.win_rate,
            decided=decided,
            flags=tuple(dict.fromkeys(doubt.flag for doubt in verdict.doubts)),
            age_s=max(0, now_ms // 1_000 - verdict.judged_s),
            score_change=(verdict.score or 0.0) - (entry.score_before or 0.0) if is_known else None,
            class_before=entry.class_before,
            origin=clean(entry.origin, 24),
            found_now=scan > 0 and entry.scan == scan,
            profile=clean(verdict.profile, 32),
            review="new" if note is None else note.review,
            followed=note is not None and note.followed,
        )

    def _make_room(self) -> None:
        if len(self.entries) > _KEPT + ROWS:
            self.entries = {each.verdict.wallet: each for each in self._in_order()[:_KEPT]}

    def _in_order(self) -> list[BookEntry]:
        followed = followed_in(self.notes.values())
        return sorted(
            self.entries.values(), key=lambda each: (each.verdict.wallet not in followed, *best_first(each.verdict))
        )


def followed_in(notes: Iterable[WalletNote]) -> frozenset[str]:
    """The wallets that are followed."""
    return frozenset(note.wallet for note in notes if note.followed)
