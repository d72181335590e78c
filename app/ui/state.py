"""What the deck knows: the engine's newest snapshot, the one held by a freeze, and how the link stands.

One writer (the link worker and the actions, all on the deck's loop); the screens read the frozen `DeckView`.
"""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from app.core.clock import Clock
from app.engine.protocol import LogLevel, LogLine, Snapshot, SourceView

Connection = Literal["connecting", "connected", "ended", "failed"]

SILENCE_LIMIT_S = 3.0
HISTORY_S = 120
"""How far back a frozen display can step."""
_STEP_NS = 1_000_000_000
_NOTES_KEPT = 50


@dataclass(frozen=True)
class DeckView:
    """The deck at one moment. `shown` is what panels show: the held snapshot while frozen, else the newest.

    `frozen_s` is how old the held picture is by the engine's time, None when none is held; `silent_s` how long ago the
    newest snapshot came; `reason` says why the link failed; `expected` is the word for the source that was asked for,
    if that is known.
    `notices` are what the deck itself had to say when it started, `notes` what it said since and had no room for.
    `quit_key` is the key that leaves the deck.
    """

    connection: Connection = "connecting"
    reason: str = ""
    expected: str = ""
    source: SourceView | None = None
    newest: Snapshot | None = None
    shown: Snapshot | None = None
    frozen_s: float | None = None
    silent_s: float = 0.0
    notices: tuple[LogLine, ...] = ()
    notes: tuple[LogLine, ...] = ()
    quit_key: str = "q"

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

    def __init__(self, clock: Clock, expected: str = "", notices: Sequence[str] = (), *, quit_key: str = "q") -> None:
        self._clock = clock
        self._quit_key = quit_key
        self._expected = expected
        started_ms = clock.wall_ns() // 1_000_000
        self._notices = tuple(LogLine(started_ms, "warning", "deck", notice) for notice in notices)
        self._notes: deque[LogLine] = deque(maxlen=_NOTES_KEPT)
        self._connection: Connection = "connecting"
        self._reason = ""
        self._source: SourceView | None = None
        self._newest: Snapshot | None = None
        self._newest_ns = clock.monotonic_ns()
        self._held: Snapshot | None = None
        # One snapshot a second: every tenth of a second would cost tens of megabytes.
        self._history: deque[Snapshot] = deque(maxlen=HISTORY_S)
        self._noted_ns: int | None = None

    def welcome(self, source: SourceView) -> None:
        """The engine has answered; `source` is what it shows."""
        self._connection = "connected"
        self._source = source
        self._newest_ns = self._clock.monotonic_ns()

    def accept(self, snapshot: Snapshot) -> None:
        """Take a newer snapshot."""
        now = self._newest_ns = self._clock.monotonic_ns()
        self._newest = snapshot
        self._source = snapshot.source
        # A picture without a market shows nothing to step back to.
        if snapshot.markets and (self._noted_ns is None or now - self._noted_ns >= _STEP_NS):
            self._noted_ns = now
            self._history.append(snapshot)

    def note(self, text: str, level: LogLevel) -> None:
        """Keep a sentence for the event log, at the engine's time."""
        wall_ms = self._newest.wall_ms if self._newest is not None else self._clock.wall_ns() // 1_000_000
        self._notes.append(LogLine(wall_ms, level, "deck", text))

    def has_logged(self, text: str) -> bool:
        """Whether the engine's newest line of the log says `text`, with or without its topic before it."""
        newest = self._newest.log[-1:] if self._newest is not None else ()
        return any(text.casefold() in f"{line.topic}: {line.text}".casefold() for line in newest)

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
        return self._held is not None

    def step(self, steps: int) -> bool:
        """Show the kept picture before the held one (−1) or after it (+1); False at the end of what is kept."""
        if self._held is None:
            return False
        kept = [*self._history, *([self._newest] if self._newest else [])]
        places = [snapshot.sequence for snapshot in kept]
        place = bisect_left(places, self._held.sequence) - 1 if steps < 0 else bisect_right(places, self._held.sequence)
        if not 0 <= place < len(kept):
            return False
        self._held = kept[place]
        return True

    def view(self) -> DeckView:
        """The state at this moment."""
        now = self._clock.monotonic_ns()
        view = DeckView(
            connection=self._connection,
            reason=self._reason,
            expected=self._expected,
            source=self._source,
            newest=self._newest,
            shown=self._held or self._newest,
            silent_s=(now - self._newest_ns) / 1e9,
            notices=self._notices,
            notes=tuple(self._notes),
            quit_key=self._quit_key,
        )
        # The same age by which the rows have grown: two clocks would tell two stories.
        return view if self._held is None else replace(view, frozen_s=view.lag_ms / 1_000)
