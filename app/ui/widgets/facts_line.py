"""One line of facts under the header."""

from textual.strip import Strip

from app.ui.theme import Role
from app.ui.widgets.lines import LineWidget


class FactsLine(LineWidget):
    """A text that is painted again only when it changes."""

    DEFAULT_CSS = "FactsLine { height: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._text = ""
        self._role: Role = "text"

    def show(self, text: str, role: Role = "text") -> None:
        """Say `text`."""
        if (text, role) != (self._text, self._role):
            self._text, self._role = text, role
            self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        return self.strip([self.segment(f" {self._text}", width, self._role)], width)
