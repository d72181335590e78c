"""The line at the bottom of a panel in which its filter is typed."""

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from app.ui.theme import Palette
from app.ui.widgets.line_editor import LineEditor
from app.ui.widgets.lines import fit
from app.ui.widgets.questions import LONGEST

_PROMPT = "/"
_GAP = 2


class FilterLine:
    """What is typed so far, and why it is not a filter, if it is none."""

    def __init__(self, text: str) -> None:
        self.editor = LineEditor(text, longest=LONGEST)
        self.mistake = ""

    def draw(self, width: int, palette: Palette) -> Strip:
        """The line in `width` cells: of the text as much as there is room for around the cursor, then the mistake."""
        room = max(1, width - len(_PROMPT))
        text_width = min(cell_len(self.editor.text) + 1, max(1, room // 2)) if self.mistake else room
        segments = [
            Segment(_PROMPT, palette.style("accent")),
            *self._text(text_width, palette),
            Segment(fit(f"{' ' * _GAP}{self.mistake}", room - text_width), palette.style("warning")),
        ]
        return Strip(segments).adjust_cell_length(width, palette.style("text"))

    def _text(self, width: int, palette: Palette) -> list[Segment]:
        before, after = self.editor.parts
        under, after = after[:1] or " ", after[1:]
        while before and cell_len(before) + cell_len(under) > width:
            before = before[1:]
        left = width - cell_len(before) - cell_len(under)
        text = palette.style("text")
        return [Segment(before, text), Segment(under, text + Style(reverse=True)), Segment(fit(after, left), text)]
