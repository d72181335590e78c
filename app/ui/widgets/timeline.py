"""Where a tape stands, as a line from its beginning to its end. A click on it goes there."""

from textual.events import Click
from textual.message import Message
from textual.strip import Strip

from app.core.playback import Playback
from app.ui import format as shown
from app.ui.widgets.lines import LineWidget

_TIME_CELLS = 10


class Timeline(LineWidget):
    """Takes no room where there is no tape."""

    DEFAULT_CSS = "Timeline { dock: bottom; height: 1; margin-bottom: 2; display: none; }"

    class Sought(Message):
        """A place on the line was clicked: a wall time on the tape, in milliseconds."""

        def __init__(self, wall_ms: int) -> None:
            super().__init__()
            self.wall_ms = wall_ms

    def __init__(self) -> None:
        super().__init__()
        self._playback: Playback | None = None

    def show(self, playback: Playback | None) -> None:
        """Draw where the tape stands; nothing without one."""
        before, shown_before = self._looks(), self._playback is not None
        self._playback = playback
        if (playback is not None) != shown_before:
            self.display = playback is not None
        if self._looks() != before:
            self.refresh()

    def _looks(self) -> tuple[str, str, int] | None:
        """All of it that is painted: its ends, and how many cells lie behind the tape."""
        playback = self._playback
        if playback is None:
            return None
        return shown.clock(playback.start_ms), shown.clock(playback.end_ms), place(playback, self._cells)

    def on_click(self, event: Click) -> None:
        playback, cells = self._playback, self._cells
        if playback is not None and cells > 0:
            share = max(0.0, min(1.0, (event.x - _TIME_CELLS + 0.5) / cells))
            span_ms = playback.end_ms - playback.start_ms
            self.post_message(self.Sought(playback.start_ms + round(share * span_ms)))

    def render_line(self, y: int) -> Strip:
        width, looks = self.size.width, self._looks()
        if looks is None:
            return self.blank(width)
        start, end, done = looks
        segments = [
            self.segment(f" {start} ", _TIME_CELLS, "muted"),
            self.segment("━" * done, done, "accent"),
            self.segment("─" * (self._cells - done), self._cells - done, "muted"),
            self.segment(f" {end} ", _TIME_CELLS, "muted"),
        ]
        return self.strip(segments, width)

    @property
    def _cells(self) -> int:
        return max(0, self.size.width - 2 * _TIME_CELLS)


def place(playback: Playback, cells: int) -> int:
    """How many of `cells` the tape has behind it; all of them only at its end."""
    span_ms = playback.end_ms - playback.start_ms
    if playback.ended or span_ms <= 0:
        return cells
    share = (playback.position_ms - playback.start_ms) / span_ms
    return max(0, min(cells, int(share * cells)))
