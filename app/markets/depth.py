"""How books of different depth make one side. Pure."""

from collections.abc import Iterable, Sequence

from app.core.events import Level
from app.feeds.hyperliquid.limits import FAST_BOOK_LEVELS


def joined_side(sides: Iterable[Sequence[Level]], direction: int) -> tuple[Level, ...]:
    """One side of several books, the newest first, best first; `direction` is +1 for asks, −1 for bids.

    Where a side has as many levels as a fast book, the next one adds what lies beyond its last price, so that no size
    is met twice. One with fewer is all there is, and one with more is the deepest there is.
    """
    found: list[Level] = []
    for side in sides:
        found += [level for level in side if not found or direction * (level.price - found[-1].price) > 0]
        if len(side) != FAST_BOOK_LEVELS:
            break
    return tuple(found)
