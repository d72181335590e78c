"""Tokens that are over and whose candles are wanted once more: what was said of them is graded when its hour ends."""

from collections import OrderedDict
from collections.abc import Iterator

from app.tokens.watched import Watched

MOST_HELD = 500
"""So many tokens that are over are asked about once more, for what was said of them."""
LOST_S = 600
"""What a venue has not answered for so long is asked of the first one again."""


class HeldTokens:
    """Each is asked about once when its time has come, of each venue that may be asked: whoever else wants its candles
    asks for them (`outcomes.py`). Bounded."""

    def __init__(self) -> None:
        self._held: OrderedDict[str, Watched] = OrderedDict()

    def __iter__(self) -> Iterator[Watched]:
        return iter(self._held.values())

    def has(self, token: Watched) -> bool:
        """Whether it is this one that is held: a token may be watched anew."""
        return self._held.get(token.listed.mint) is token

    def take(self, token: Watched, now_s: int) -> None:
        """It is over: keep it if its candles are still wanted."""
        if token.held_until_s > now_s:
            token.candles_due_s = token.held_until_s
            self._held[token.listed.mint] = token
            if len(self._held) > MOST_HELD:
                self._held.popitem(last=False)

    def release(self, mint: str) -> int:
        """It is watched anew; until when its candles are wanted, 0 for not at all."""
        token = self._held.pop(mint, None)
        return 0 if token is None else token.held_until_s

    def answered(self, token: Watched, now_s: int, *, is_last: bool) -> None:
        """A venue has answered about it. Unless this was the `is_last` one to be asked, the other is waited for."""
        if now_s < token.held_until_s:
            token.candles_due_s = token.held_until_s
        elif is_last:
            del self._held[token.listed.mint]
        else:
            token.candles_due_s = now_s + LOST_S
