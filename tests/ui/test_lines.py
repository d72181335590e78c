"""Lines in few segments look the same, and no colour that the terminal has to choose is forgotten."""

from collections.abc import Iterable

import pytest
from deck_fakes import THEMES
from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import DEFAULT_TERMINAL_THEME
from textual.app import App, ComposeResult
from textual.color import Color
from textual.filter import ANSIToTruecolor

from app.ui.theme import Palette, default_palette, load_themes
from app.ui.widgets.lines import LineWidget, Piece, has_true_colours, joined

PALETTES = (default_palette(), *load_themes([THEMES])[0].values())
TEXTS = st.text(" aé世", max_size=4)


def styles_of(palette: Palette) -> list[Style]:
    """A palette's styles, each also under the cursor and as digits that moved."""
    styles = [style for role, style in palette.styles.items() if role != "cursor"]
    lit = [style + Style(bold=True, reverse=True) for style in styles]
    return [*styles, *lit, *(style + palette.style("cursor") for style in styles)]


LINES = st.sampled_from(PALETTES).flatmap(
    lambda palette: st.lists(st.tuples(TEXTS, st.sampled_from(styles_of(palette))), max_size=12)
)


def seen(pieces: Iterable[tuple[str, Style | None]]) -> list[object]:
    """What an eye can tell of each character."""
    looks: list[object] = []
    for text, style in pieces:
        assert style is not None
        front, back = (style.bgcolor, style.color) if style.reverse else (style.color, style.bgcolor)
        ink = (front, style.bold, style.dim, style.italic)
        # Either colour may be the terminal's own, whose two halves look different.
        ground = (back, style.reverse, style.underline, style.strike, front if style.underline else None)
        looks += [(ground, character, None if character == " " else ink) for character in text]
    return looks


@given(LINES)
def test_joined_pieces_look_the_same(pieces: list[Piece]) -> None:
    segments = joined(pieces)
    assert seen((text, style) for text, style, _ in segments) == seen(pieces)
    assert all(segment.text and not segment.control for segment in segments)


def test_neighbours_of_one_style_and_blanks_between_are_one_segment() -> None:
    up, down, text = (default_palette().style(role) for role in ("up", "down", "text"))
    pieces = [("", text), ("1", up), ("  ", text), ("2", up), (" ", text), ("3", down), ("   ", text)]
    assert joined(pieces) == [Segment("1  2 ", up), Segment("3   ", down)]
    assert joined([]) == joined([("", up)]) == []


def test_blanks_that_are_seen_keep_their_own_style() -> None:
    text, live = (default_palette().style(role) for role in ("text", "live"))
    underlined = text + Style(underline=True)
    for style in (live, underlined, text + Style(reverse=True)):
        pieces = [("1", style), (" ", text), ("2", style)]
        assert joined(pieces) == [Segment(*piece) for piece in pieces]


def test_the_filter_left_out_would_change_nothing() -> None:
    kept = ANSIToTruecolor(DEFAULT_TERMINAL_THEME)
    for palette in PALETTES:
        line = [Segment("x", style) for style in styles_of(palette)]
        if has_true_colours(palette):
            assert kept.apply(line, Color(0, 0, 0)) == line
    assert {palette.name for palette in PALETTES if not has_true_colours(palette)} == {"ansi", "mono"}


class LineApp(App[None]):
    def compose(self) -> ComposeResult:
        yield LineWidget()


@pytest.mark.asyncio
async def test_it_is_left_out_with_palettes_of_true_colours_only() -> None:
    app = LineApp()
    async with app.run_test():
        widget = app.query_one(LineWidget)
        for palette in PALETTES:
            widget.set_palette(palette)
            left_out = [one for one in app.get_line_filters() if one not in widget.get_line_filters()]
            assert [type(one) for one in left_out] == [ANSIToTruecolor] * has_true_colours(palette)
