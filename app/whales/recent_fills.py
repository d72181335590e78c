"""The newest fills of a few traders, for who looks at one of them. Pure; times are the venue's milliseconds."""

from collections.abc import Iterable
from heapq import nlargest

from app.core.traders import TraderFill

FILLS_KEPT = 200
TRADERS_KEPT = 64
"""Whose fills came longest ago is forgotten first."""

_Key = tuple[int, str, int, str]


class RecentFills:
    """Fills by trader, each once however often it is told."""

    def __init__(self) -> None:
        self._fills: dict[str, dict[_Key, TraderFill]] = {}

    def take(self, trader: str, fills: Iterable[TraderFill]) -> None:
        """Fills of a trader came, in any order; none is news too: there are none."""
        held = self._fills.pop(trader, {})
        held |= {(fill.at_ms, fill.coin, fill.trade_id, fill.side.value): fill for fill in fills}
        if len(held) > FILLS_KEPT:
            held = dict(nlargest(FILLS_KEPT, held.items()))
        self._fills[trader] = held
        while len(self._fills) > TRADERS_KEPT:
            del self._fills[next(iter(self._fills))]

    def of(self, trader: str) -> tuple[TraderFill, ...] | None:
        """The newest fills of a trader, the newest first; None where nobody told."""
        held = self._fills.get(trader)
        return None if held is None else tuple(held[key] for key in sorted(held, reverse=True))

    def forget(self, trader: str) -> None:
        """The trader is not followed any more."""
        self._fills.pop(trader, None)
