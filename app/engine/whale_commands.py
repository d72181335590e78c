"""What a user has done to followed traders and their alerts: each command, and one sentence about it."""

from typing import TYPE_CHECKING

from app.core.errors import DataError, FrameError
from app.engine.protocol import CancelJob, StartJob
from app.engine.protocol_whales import NoteTrader, SilenceAlerts, TrackTrader, WhaleLook
from app.engine.whale_state import RestoreWhales, UseLocalTime
from app.feeds.hyperliquid.parse_traders import trader_address
from app.whales.alert_words import short_address

if TYPE_CHECKING:
    from app.engine.whales import Whales

UserCommand = StartJob | CancelJob | TrackTrader | NoteTrader | SilenceAlerts
WhaleCommand = TrackTrader | NoteTrader | SilenceAlerts | WhaleLook | RestoreWhales | UseLocalTime
_NOT_YET = "What is stored of followed traders is being read: try again in a moment"


class WhaleCommands:
    """Carries them out; what the user decided is saved at once."""

    def __init__(self, whales: "Whales") -> None:
        self._whales = whales

    def apply(self, command: UserCommand, now_ms: int) -> tuple[bool, str]:
        """Carry out a command; whether it was, and one sentence about it."""
        whales = self._whales
        if not whales.settings.whales.enabled:
            return False, "No traders are followed: `whales.enabled` is off"
        if not whales.is_restored:
            return False, _NOT_YET
        match command:
            case StartJob():
                return whales.refresh.begin(now_ms)
            case CancelJob():
                return whales.refresh.cancel()
            case SilenceAlerts():
                done = whales.alerting.silence(command, now_ms)
                whales.saving.notes()
                return done
        try:
            return self._about(command, trader_address(command.address), now_ms)
        except (FrameError, DataError) as error:
            return False, str(error)

    def _about(self, command: TrackTrader | NoteTrader, trader: str, now_ms: int) -> tuple[bool, str]:
        if isinstance(command, TrackTrader):
            return self._track(command, trader, now_ms)
        self._whales.names.note(command, trader)
        self._whales.alerting.version += 1
        self._whales.saving.notes()
        unsaved = self._whales.saving.unsaved
        return True, f"Noted on {short_address(trader)}{f' and NOT SAVED: {unsaved}' if unsaved else ''}"

    def _track(self, command: TrackTrader, trader: str, now_ms: int) -> tuple[bool, str]:
        whales = self._whales
        whales.set_changed(whales.roster.track(trader, tracked=command.tracked), now_ms)
        whales.saving.members(now_ms)
        whales.saving.notes()
        word = "is followed" if command.tracked else "is not followed any more"
        return True, f"{whales.names.name_of(trader)} {word}"
