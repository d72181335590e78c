"""What all of the deck's own widgets share: lines of fitted text in the theme's styles."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Literal

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.filter import ANSIToTruecolor, LineFilter
from textual.strip import Strip
from textual.widget import Widget

from app.core.text import clean
from app.ui.theme import Palette, Role, default_palette

Align = Literal["left", "right", "center"]
Piece = tuple[str, Style]
"""A text and its style."""


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


def joined(pieces: Iterable[Piece]) -> list[Segment]:
    """A line's pieces in as few segments as show the same.

    Neighbours of one style become one, and blanks take the style before them where that is not seen.
    """
    segments: list[Segment] = []
    text, style = "", None
    for piece, own in pieces:
        if own is style or (style is not None and piece.isspace() and _blanks_alike(style, own)):
            text += piece
        elif piece:
            if text:
                segments.append(Segment(text, style))
            text, style = piece, own
    return [*segments, Segment(text, style)] if text else segments


@lru_cache(maxsize=1024)
def _blanks_alike(one: Style, other: Style) -> bool:
    """Whether blanks look the same in two styles: on one background, with nothing that a blank shows."""
    shown = (one.reverse, one.underline, one.strike, other.reverse, other.underline, other.strike)
    return one.bgcolor == other.bgcolor and not any(shown)


def has_true_colours(palette: Palette) -> bool:
    """Whether a palette leaves no colour to the terminal's scheme, and none to be dimmed."""
    styles = palette.styles.values()
    colours = (colour for style in styles for colour in (style.color, style.bgcolor) if colour is not None)
    return all(colour.triplet is not None for colour in colours) and not any(style.dim for style in styles)


class LineWidget(Widget, inherit_bindings=False):
    """A widget that draws its lines itself, in the styles of a palette the screen gives it."""

    palette: Palette = default_palette()
    _has_true_colours = has_true_colours(palette)

    def set_palette(self, palette: Palette) -> None:
        """Draw everything anew in another theme."""
        self.palette = palette
        self._has_true_colours = has_true_colours(palette)
        self.refresh()

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's filters, without the one that replaces the terminal's own colours where the palette has none."""
        filters = super().get_line_filters()
        if self._has_true_colours:
            return [one for one in filters if not isinstance(one, ANSIToTruecolor)]
        return filters

    @property
    def title_room(self) -> int:
        """Cells that the border leaves for a title: one all round has corners and a line at both ends."""
        return max(0, self.outer_size.width - (6 if self.styles.gutter.left else 2))

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
