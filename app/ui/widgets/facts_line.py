"""One line of facts under the header."""

from textual.strip import Strip

from app.ui.theme import Role
from app.ui.widgets.lines import LineWidget
from app.ui.widgets.whole import whole_parts


class FactsLine(LineWidget):
    """A text that is painted again only when it changes; of one that is too long, the parts that fit are shown."""

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

    def fail(self, text: str) -> None:
        """Say that the line could not be made."""
        self.show(text, "alert")

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        return self.strip([self.segment(f" {whole_parts(self._text, width - 1)}", width, self._role)], width)
