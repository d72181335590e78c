"""Traders whom somebody wants asked for now: who waits, and who answered. Pure."""

from collections.abc import Iterable


class AskedByHand:
    """A round of traders, in the order they are asked for."""

    def __init__(self, traders: Iterable[str] = ()) -> None:
        self.waiting = dict.fromkeys(traders)
        """Those not answered yet."""
        self.size = len(self.waiting)
        self.answered = 0

    def seen(self, trader: str) -> None:
        """A state of the trader came."""
        if trader in self.waiting:
            self.answered += 1
            self.forget(trader)

    def forget(self, trader: str) -> None:
        """The trader's question came to nothing, or nobody follows it any more."""
        self.waiting.pop(trader, None)
