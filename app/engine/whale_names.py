"""What traders are called: by the user, by themselves, or by their addresses; and what the user notes about them."""

from collections.abc import Iterable

from app.core.errors import DataError
from app.core.text import clean
from app.engine.protocol_wallets import NOTE_CELLS
from app.engine.protocol_whales import NoteTrader
from app.whales.alert_words import short_address
from app.whales.memory import TraderNote
from app.whales.roster import Roster

MOST_NOTES = 500
"""They are saved with every alert."""


class WhaleNames:
    """Aliases and notes stay on this machine, whether their traders are followed or not."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._notes: dict[str, TraderNote] = {}

    def restore(self, notes: Iterable[TraderNote]) -> None:
        """Begin with what was saved."""
        self._notes = {one.trader: one for one in notes}

    def kept(self) -> tuple[TraderNote, ...]:
        """What must outlive the process."""
        return tuple(self._notes.values())

    def of(self, trader: str) -> TraderNote:
        """What the user keeps about a trader."""
        return self._notes.get(trader) or TraderNote(trader)

    def own(self, trader: str) -> str:
        """What an account calls itself; empty where it does not."""
        member = self._roster.members.get(trader)
        return "" if member is None else clean(member.name, 24)

    def name_of(self, trader: str) -> str:
        """What a trader is called: its alias, else the name it gave itself, else its address in short."""
        return self.of(trader).alias or self.own(trader) or short_address(trader)

    def note(self, command: NoteTrader, trader: str) -> None:
        """Keep something about a trader; what is None stays. Raises `DataError` when there is no room."""
        before = self.of(trader)
        note = TraderNote(
            trader,
            before.alias if command.alias is None else clean(command.alias, NOTE_CELLS["alias"]).strip(),
            before.note if command.note is None else clean(command.note, NOTE_CELLS["note"]).strip(),
        )
        if not note.alias and not note.note:
            self._notes.pop(trader, None)
        elif trader not in self._notes and len(self._notes) >= MOST_NOTES:
            raise DataError(f"more than {MOST_NOTES} traders have notes; delete some first")
        else:
            self._notes[trader] = note
