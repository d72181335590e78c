"""What all of the deck's own widgets share: lines of fitted text in the theme's styles."""

from functools import lru_cache
from typing import Literal

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from app.core.text import clean
from app.ui.theme import Palette, Role, default_palette

Align = Literal["left", "right", "center"]


@lru_cache(maxsize=8192)
def fit(text: str, width: int, align: Align = "left") -> str:
    """`text`, cleaned, as exactly `width` cells: padded, or cut with an ellipsis."""
    if width <= 0:
        return ""
    kept = str(clean(text, width))
    # The terminal's measure of a character can differ from the cleaner's; the strip counts by the terminal's.
    if cell_len(kept) > width:
        kept = set_cell_size(kept, width - 1) + "…"
    padding = width - cell_len(kept)
    before = {"left": 0, "right": padding, "center": padding // 2}[align]
    return " " * before + kept + " " * (padding - before)


def wrap(text: str, width: int) -> list[str]:
    """`text` in lines of at most `width` cells (2 or more), broken between words where that is possible."""
    lines = [""]
    for word in text.split(" "):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if cell_len(joined) <= width:
            lines[-1] = joined
        else:
            lines[-1:] = [*lines[-1:], *chop_cells(word, width)] if lines[-1] else chop_cells(word, width)
    return lines


class LineWidget(Widget, inherit_bindings=False):
    """A widget that draws its lines itself, in the styles of a palette the screen gives it."""

    palette: Palette = default_palette()

    def set_palette(self, palette: Palette) -> None:
        """Draw everything anew in another theme."""
        self.palette = palette
        self.refresh()

    def segment(self, text: str, width: int, role: Role = "text", *, align: Align = "left") -> Segment:
        """`text` as a segment of exactly `width` cells."""
        return Segment(fit(text, width, align), self.palette.style(role))

    def strip(self, segments: list[Segment], width: int) -> Strip:
        """A line of `width` cells from segments, filled up with the panel's background."""
        return Strip(segments).adjust_cell_length(width, self.palette.style("text"))

    def blank(self, width: int) -> Strip:
        """An empty line of `width` cells."""
        return Strip.blank(width, self.palette.style("text"))


def click_style(command: str) -> Style:
    """What makes a text run an action when it is clicked; `command` comes from the action table only."""
    return Style.from_meta({"@click": command})
