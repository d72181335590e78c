"""Cells of positions and moves of followed traders. Pure."""

import math

from app.core.text import clean
from app.engine.protocol_whales import TraderMoveRow
from app.ui import format as shown
from app.ui.theme import Role
from app.ui.widgets.columns import Cell


def move_coin_cell(coin: str) -> Cell:
    """The coin of a position or a move."""
    return Cell(str(clean(coin, 24)), "accent")


def size_cell(size: float) -> Cell:
    """A position in coins with its sign; none at all is `flat`."""
    if not math.isfinite(size):
        return Cell(shown.DASH, "muted")
    if size == 0:
        return Cell("flat", "muted")
    role: Role = "up" if size > 0 else "down"
    return Cell(f"{'+' if size > 0 else '-'}{shown.amount(abs(size))}", role)


def change_cell(usd: float) -> Cell:
    """What was bought or sold, or a result, in USD with arrow and sign."""
    if not math.isfinite(usd):
        return Cell(shown.DASH, "muted")
    if abs(usd) < 0.5:
        return Cell("0", "muted")
    up = usd > 0
    return Cell(f"{shown.UP}+{shown.compact(usd)}" if up else f"{shown.DOWN}-{shown.compact(-usd)}", _role(up))


def moved_at(at_ms: int) -> Cell:
    """The time of a move; its copy has the day too."""
    return Cell(shown.clock(at_ms), "muted", shown.moment(at_ms))


def move_identity(move: TraderMoveRow) -> str:
    """What tells a move from all others, but for one just like it; it begins with the trader's address."""
    return f"{move.trader} {move.at_ms} {move.coin} {move.size_before} {move.size_after} {move.price}"


def _role(up: bool) -> Role:
    return "up" if up else "down"
