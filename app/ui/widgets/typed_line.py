"""How a line that is being typed is drawn: a prompt, the text around its cursor, and what is said of it."""

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from app.ui.theme import Palette, Role
from app.ui.widgets.line_editor import LineEditor
from app.ui.widgets.lines import fit

_GAP = 2


def draw_typed(prompt: str, editor: LineEditor, said: str, role: Role, width: int, palette: Palette) -> Strip:
    """The line in `width` cells: of the text as much as there is room for around the cursor, then what is said.

    What is said gives way first, down to half of the room that the prompt leaves.
    """
    room = max(1, width - cell_len(prompt))
    most = max(1, room // 2, room - _GAP - cell_len(said)) if said else room
    text_width = min(cell_len(editor.text) + 1, most) if said else room
    segments = [
        Segment(fit(prompt, cell_len(prompt)), palette.style("accent")),
        *_text(editor, text_width, palette),
        Segment(fit(f"{' ' * _GAP}{said}", room - text_width), palette.style(role)),
    ]
    return Strip(segments).adjust_cell_length(width, palette.style("text"))


def _text(editor: LineEditor, width: int, palette: Palette) -> list[Segment]:
    before, after = editor.parts
    under, after = after[:1] or " ", after[1:]
    while before and cell_len(before) + cell_len(under) > width:
        before = before[1:]
    left = width - cell_len(before) - cell_len(under)
    text = palette.style("text")
    if editor.selected:
        return [Segment(before, text + Style(reverse=True)), Segment(fit(under + after, left + cell_len(under)), text)]
    return [Segment(before, text), Segment(under, text + Style(reverse=True)), Segment(fit(after, left), text)]
