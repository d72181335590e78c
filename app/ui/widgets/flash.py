"""The line above the footer: what just happened, and between times what the engine last logged."""

from typing import Literal

from rich.cells import cell_len
from textual.strip import Strip
from textual.timer import Timer

from app.core.text import clean
from app.ui.theme import Role
from app.ui.widgets.lines import LineWidget
from app.ui.widgets.whole import whole_words

Level = Literal["info", "warning"]

_SECONDS: dict[Level, float] = {"info": 3.0, "warning": 6.0}
_ROLES: dict[Level, Role] = {"info": "accent", "warning": "warning"}
_MAXIMUM_CELLS = 400


class Flash(LineWidget):
    """A message that goes away by itself, over an idle text that stays."""

    DEFAULT_CSS = "Flash { dock: bottom; height: 1; margin-bottom: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._message = ""
        self._level: Level = "info"
        self._idle = ("", "")
        self._timer: Timer | None = None

    @property
    def message(self) -> str:
        """The message that is shown now, if any."""
        return self._message

    def say(self, text: str, level: Level = "info") -> None:
        """Show `text` for 3 s, a warning for 6 s, in place of any message before."""
        if self._timer is not None:
            self._timer.stop()
        self._message, self._level = str(clean(text, _MAXIMUM_CELLS)), level
        self._timer = self.set_timer(_SECONDS[level], self.clear)
        self.refresh()

    def clear(self) -> None:
        """Take the message away."""
        self._message = ""
        self.refresh()

    def idle(self, left: str, right: str) -> None:
        """What to show when there is no message: a text on the left, another at the right end."""
        if (left, right) != self._idle:
            self._idle = (left, right)
            if not self._message:
                self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if self._message:
            prefix = "! " if self._level == "warning" else ""
            said = whole_words(f"{prefix}{self._message}", width - 1)
            return self.strip([self.segment(f" {said}", width, _ROLES[self._level])], width)
        left, right = self._idle
        right = right if cell_len(right) + 20 <= width else ""
        end = cell_len(right) + 3 if right else 0
        kept = whole_words(left, width - end - 1)
        segments = [self.segment(f" {kept}", width - end, "muted"), self.segment(f"  {right}", end, "muted")]
        return self.strip(segments, width)
