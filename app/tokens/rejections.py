"""Tokens that were rejected a while ago: they are not judged again until time has passed or they have changed."""

import math
from collections import OrderedDict
from typing import NamedTuple

CHANGED_SHARE = 0.10
"""A price, a pool's liquidity or a number of holders that moved by so much is a change."""
MOST = 10_000


class Look(NamedTuple):
    """What a token looked like when it was judged; None is not known."""

    price: float | None
    liquidity_usd: float | None
    holders: float | None

    def differs_from(self, before: "Look") -> bool:
        """Whether something became known or unknown, or moved by a tenth or more."""
        return any(_differs(now, then) for now, then in zip(self, before, strict=True))


class Rejections:
    """Remembers the last `MOST` tokens that were rejected. Times are seconds of one clock."""

    def __init__(self, holds_s: float) -> None:
        self._holds_s = holds_s
        self._rejected: OrderedDict[str, tuple[float, Look]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._rejected)

    def note(self, mint: str, look: Look, at_s: float) -> None:
        """`mint` was rejected, looking so."""
        self._rejected.pop(mint, None)
        self._rejected[mint] = at_s, look
        if len(self._rejected) > MOST:
            self._rejected.popitem(last=False)

    def forget(self, mint: str) -> None:
        """`mint` was approved, or somebody asked for it by hand."""
        self._rejected.pop(mint, None)

    def clock_set_back(self, now_s: float) -> None:
        """The time went back to `now_s`: nothing was rejected later."""
        for mint, (at_s, look) in self._rejected.items():
            self._rejected[mint] = min(at_s, now_s), look

    def may_judge(self, mint: str, look: Look, now_s: float) -> bool:
        """Whether a token may be judged (again)."""
        found = self._rejected.get(mint)
        return found is None or now_s - found[0] >= self._holds_s or look.differs_from(found[1])


def _differs(now: float | None, then: float | None) -> bool:
    if now is None or then is None:
        return (now is None) != (then is None)
    # What is just a tenth counts as one, whatever the last bit of a price says.
    return not math.isclose(now, then, rel_tol=0, abs_tol=CHANGED_SHARE * abs(then) * (1 - 1e-9))
