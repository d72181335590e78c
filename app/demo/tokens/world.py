"""The launches that a moment knows: found by mint or pool, newest first. Lives are made when somebody asks for them."""

from bisect import bisect_right
from collections import OrderedDict

from app.demo.tokens.launch import Launch, LaunchSource, Lived, Path, lived

PAST_S = 86_400
"""The venues know of launches from so long before they were first asked."""
_AHEAD_S = 3_600
"""Launches are drawn for so long at a time."""
_PATHS = 40
"""Lives that are kept: as many as one question is about, and some. To make one again takes half a millisecond."""


class TokenWorld:
    """Launches of `source` from a day before `start_s` on; what is kept of them is bounded by their number alone."""

    def __init__(self, source: LaunchSource, start_s: int) -> None:
        self._source = source
        self._drawn_until_s = start_s - PAST_S
        self._launches: list[Launch] = []
        self._created_s: list[int] = []
        self._by_mint: dict[str, Launch] = {}
        self._by_pool: dict[str, Launch] = {}
        self._paths: OrderedDict[str, Path] = OrderedDict()

    def newest(self, first: int, count: int, now_s: int) -> list[Lived]:
        """`count` launches before `now_s`, newest first, from the `first`th on (0: the newest)."""
        self._draw(now_s)
        end = bisect_right(self._created_s, now_s) - first
        return [self._lived(launch, now_s) for launch in reversed(self._launches[max(0, end - count) : max(0, end)])]

    def token(self, mint: str, now_s: int) -> Lived | None:
        """The token with this address; None where there is none yet."""
        return self._known(self._by_mint, mint, now_s)

    def pool(self, pool: str, now_s: int) -> Lived | None:
        """The token with this pool; None where there is none yet."""
        return self._known(self._by_pool, pool, now_s)

    def _known(self, launches: dict[str, Launch], address: str, now_s: int) -> Lived | None:
        self._draw(now_s)
        launch = launches.get(address)
        return None if launch is None or launch.created_s > now_s else self._lived(launch, now_s)

    def _lived(self, launch: Launch, now_s: int) -> Lived:
        path = self._paths.pop(launch.mint, None) or launch.path()
        self._paths[launch.mint] = path
        if len(self._paths) > _PATHS:
            self._paths.popitem(last=False)
        return lived(launch, path, now_s)

    def _draw(self, now_s: int) -> None:
        while self._drawn_until_s <= now_s:
            until_s = self._drawn_until_s + _AHEAD_S
            for launch in self._source.launches(self._drawn_until_s, until_s):
                self._launches.append(launch)
                self._created_s.append(launch.created_s)
                self._by_mint[launch.mint] = self._by_pool[launch.pool] = launch
            self._drawn_until_s = until_s
