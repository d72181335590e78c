"""The newest fills of a few traders, for who looks at one of them. Pure; times are the venue's milliseconds."""

from collections.abc import Container, Iterable
from heapq import nlargest

from app.core.traders import TraderFill

FILLS_KEPT = 200
TRADERS_KEPT = 64
"""Whose fills came longest ago is forgotten first."""
FILLS_RESTORED = 50
"""So many of each go on in another run."""

_Key = tuple[int, str, int, str]


class RecentFills:
    """Fills by trader, each once however often it is told."""

    def __init__(self) -> None:
        self._fills: dict[str, dict[_Key, TraderFill]] = {}

    def take(self, trader: str, fills: Iterable[TraderFill]) -> tuple[TraderFill, ...]:
        """Fills of a trader came, in any order; those of them that are kept and were not known, oldest first.

        None is news too: there are none.
        """
        before = self._fills.pop(trader, {})
        held = before | {(fill.at_ms, fill.coin, fill.trade_id, fill.side.value): fill for fill in fills}
        if len(held) > FILLS_KEPT:
            held = dict(nlargest(FILLS_KEPT, held.items()))
        self._fills[trader] = held
        while len(self._fills) > TRADERS_KEPT:
            del self._fills[next(iter(self._fills))]
        return tuple(held[key] for key in sorted(held.keys() - before.keys()))

    def newest(self, most: int) -> tuple[TraderFill, ...]:
        """At most so many of each trader, the newest first: what another run goes on with."""
        return tuple(fill for trader in self._fills for fill in (self.of(trader) or ())[:most])

    def restore(self, fills: Iterable[TraderFill], followed: Container[str]) -> None:
        """Begin with fills that were kept, of those who are followed."""
        by_trader: dict[str, list[TraderFill]] = {}
        for fill in fills:
            if fill.trader in followed:
                by_trader.setdefault(fill.trader, []).append(fill)
        for trader, kept in by_trader.items():
            self.take(trader, kept)

    def of(self, trader: str) -> tuple[TraderFill, ...] | None:
        """The newest fills of a trader, the newest first; None where nobody told."""
        held = self._fills.get(trader)
        return None if held is None else tuple(held[key] for key in sorted(held, reverse=True))

    def forget(self, trader: str) -> None:
        """The trader is not followed any more."""
        self._fills.pop(trader, None)
