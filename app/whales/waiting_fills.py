"""Fills that came together, counted in pieces: two thousand at once would hold the engine for too long. Pure."""

from collections import deque
from collections.abc import Sequence

from app.core.traders import TraderFill
from app.whales.round_trips import in_order

PIECE_FILLS = 250
"""Fills at a time: a quarter of a millisecond."""


class WaitingFills:
    """Batches in the order they came in; each is put in its own order when its turn comes."""

    def __init__(self) -> None:
        self._batches: deque[tuple[str, Sequence[TraderFill]]] = deque()
        self._begun: deque[TraderFill] = deque()
        """What is left of the first batch, in order."""

    def __len__(self) -> int:
        """How many batches are not over."""
        return len(self._batches)

    def put(self, trader: str, fills: Sequence[TraderFill]) -> None:
        """Fills of a trader came, in any order."""
        if fills:
            self._batches.append((trader, fills))

    def forget(self, trader: str) -> None:
        """The trader is not followed any more."""
        if self._batches and self._batches[0][0] == trader:
            self._begun.clear()
        self._batches = deque(batch for batch in self._batches if batch[0] != trader)

    def piece(self) -> tuple[str, tuple[TraderFill, ...]]:
        """The trader of the first batch, and its next fills; none while a large batch was put in order in this turn.

        Raises `IndexError` where nothing waits.
        """
        trader, fills = self._batches[0]
        if not self._begun:
            self._begun = deque(in_order(fills))
            if len(fills) > PIECE_FILLS:
                return trader, ()
        piece = tuple(self._begun.popleft() for _ in range(min(PIECE_FILLS, len(self._begun))))
        if not self._begun:
            self._batches.popleft()
        return trader, piece
