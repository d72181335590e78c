"""Where marks stand on a chart of candles. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from app.ui.theme import Role
from app.ui.widgets.candle_canvas import Canvas, Pin, Scale

Place = tuple[int, int]
"""Column and row, counted from the left and the top."""
Pinned = Mapping[Place, tuple[str, Role]]
"""What stands at a place instead of the candle: a character and its role."""
NO_PINS: Pinned = {}


def place_pins(pins: Sequence[Pin], canvas: Canvas, interval_ms: int, newest_ms: int) -> Pinned:
    """The characters of the marks in view, each in the bucket of its time; prices beyond the scale stand at its edge.

    `newest_ms` is when the bucket at the right edge begins.
    """
    if canvas.scale is None:
        return NO_PINS
    found: dict[Place, tuple[str, Role]] = {}
    for pin in pins:
        column = len(canvas.columns) - 1 + (pin.at_ms - newest_ms) // interval_ms
        found.update(_characters(pin, column, len(canvas.columns), canvas.scale))
    return found


def _characters(pin: Pin, column: int, columns: int, scale: Scale) -> Iterator[tuple[Place, tuple[str, Role]]]:
    """The characters of a mark whose last one is in `column`, as far as they are in view."""
    row = scale.row(pin.price)
    for before, character in enumerate(reversed(pin.text)):
        if column < columns and column - before >= 0:
            yield (column - before, row), (character, pin.role)
