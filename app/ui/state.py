"""What the deck knows: the engine's newest snapshot, the one held by a freeze, and how the link stands.

One writer (the link worker and the actions, all on the deck's loop); the screens read the frozen `DeckView`.
"""

from dataclasses import dataclass
from typing import Literal

from app.core.clock import Clock
from app.engine.protocol import Snapshot, SourceView

Connection = Literal["connecting", "connected", "ended", "failed"]

SILENCE_LIMIT_S = 3.0


@dataclass(frozen=True)
class DeckView:
    """The deck at one moment. `shown` is what panels show: the held snapshot while frozen, else the newest.

    `frozen_s` is how long the display has been held, None when it is not; `silent_s` how long ago the newest snapshot
    came; `reason` says why the link failed; `expected` is the word for the source that was asked for, if that is known.
    """

    connection: Connection = "connecting"
    reason: str = ""
    expected: str = ""
    source: SourceView | None = None
    newest: Snapshot | None = None
    shown: Snapshot | None = None
    frozen_s: float | None = None
    silent_s: float = 0.0

    @property
    def silent(self) -> bool:
        """Whether a connected engine has said nothing for longer than it should."""
        return self.connection == "connected" and self.silent_s > SILENCE_LIMIT_S and not self._tape_rests

    @property
    def outdated(self) -> bool:
        """Whether what is shown can no longer be taken for the present."""
        return self.connection in ("ended", "failed") or self.silent

    @property
    def lag_ms(self) -> int:
        """By how much the ages shown have grown since they were told, in whole seconds.

        That is the engine's own time since the display was held, and the time since it fell silent.
        """
        held_ms = self.newest.wall_ms - self.shown.wall_ms if self.newest and self.shown else 0
        silent_ms = round(self.silent_s * 1_000) if self.outdated else 0
        return max(0, held_ms + silent_ms) // 1_000 * 1_000

    @property
    def _tape_rests(self) -> bool:
        playback = self.newest.playback if self.newest else None
        return playback is not None and (playback.paused or playback.ended)


class DeckState:
    """The deck's own state, changed as the link and the keys tell."""

    def __init__(self, clock: Clock, expected: str = "") -> None:
        self._clock = clock
        self._expected = expected
        self._connection: Connection = "connecting"
        self._reason = ""
        self._source: SourceView | None = None
        self._newest: Snapshot | None = None
        self._newest_ns = clock.monotonic_ns()
        self._held: Snapshot | None = None
        self._held_ns = 0

    def welcome(self, source: SourceView) -> None:
        """The engine has answered; `source` is what it shows."""
        self._connection = "connected"
        self._source = source
        self._newest_ns = self._clock.monotonic_ns()

    def accept(self, snapshot: Snapshot) -> None:
        """Take a newer snapshot."""
        self._newest = snapshot
        self._source = snapshot.source
        self._newest_ns = self._clock.monotonic_ns()

    def end(self) -> None:
        """The engine has ended by itself."""
        self._connection = "ended"

    def fail(self, reason: str) -> None:
        """The link broke, or never came to be."""
        self._connection = "failed"
        self._reason = reason

    def toggle_freeze(self) -> bool:
        """Hold what is shown, or let go; whether it is held now. Nothing can be held before the first snapshot."""
        self._held = self._newest if self._held is None else None
        self._held_ns = self._clock.monotonic_ns()
        return self._held is not None

    def view(self) -> DeckView:
        """The state at this moment."""
        now = self._clock.monotonic_ns()
        return DeckView(
            connection=self._connection,
            reason=self._reason,
            expected=self._expected,
            source=self._source,
            newest=self._newest,
            shown=self._held or self._newest,
            frozen_s=(now - self._held_ns) / 1e9 if self._held else None,
            silent_s=(now - self._newest_ns) / 1e9,
        )
