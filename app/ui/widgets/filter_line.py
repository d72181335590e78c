"""The line at the bottom of a panel in which its filter is typed."""

from textual.strip import Strip

from app.ui.theme import Palette, Role
from app.ui.widgets.filtering import Filter
from app.ui.widgets.line_editor import LineEditor
from app.ui.widgets.questions import LONGEST
from app.ui.widgets.typed_line import draw_typed

_PROMPT = "/"


class FilterLine:
    """What is typed so far; why it is not a filter, if it is none; and what is missing, if it is still on its way.

    `whole` is the filter that is put in force if nothing more is typed; `base` is in force while the line is none: the
    one before it, or the last question in it. Words are not, for they may have been the beginning of a question.
    """

    def __init__(self, text: str, base: Filter | None = None) -> None:
        self.editor = LineEditor(text, longest=LONGEST)
        self.base = base
        self.mistake = ""
        self.missing = ""
        self.whole: Filter | None = None

    @property
    def means_something(self) -> bool:
        """Whether what is typed can be kept."""
        return not self.mistake and (not self.missing or self.whole is not None)

    def draw(self, width: int, palette: Palette) -> Strip:
        """The line in `width` cells, with what is wrong or missing at its end."""
        role: Role = "warning" if self.mistake else "muted"
        return draw_typed(_PROMPT, self.editor, self.mistake or self.missing, role, width, palette)
