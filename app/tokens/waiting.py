"""Tokens that were found and are too young to be judged, and those that are over and not taken up again."""

from collections import Counter, OrderedDict
from collections.abc import Iterator

from app.config.token_venues import TokensSettings
from app.core.tokens import PoolState
from app.tokens.watched import Listed

MOST_WAITING = 5_000
MOST_OVER = 5_000
_TRIES, _TRIES_ASKED = 100, 2


class WaitingTokens:
    """Both lists, each bounded; `passed_over` counts why tokens were left alone before they were watched."""

    def __init__(self, settings: TokensSettings) -> None:
        self.passed_over: Counter[str] = Counter()
        self._settings = settings
        self._waiting: OrderedDict[str, Listed] = OrderedDict()
        self._over: OrderedDict[str, str] = OrderedDict()
        self._tries: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, mint: str) -> bool:
        return mint in self._waiting

    def __getitem__(self, mint: str) -> Listed:
        return self._waiting[mint]

    def __iter__(self) -> Iterator[Listed]:
        return iter(self._waiting.values())

    def knows(self, mint: str) -> bool:
        """Whether a token waits or is over."""
        return mint in self._waiting or mint in self._over

    def take_in(self, pool: PoolState, now_s: int) -> None:
        """A pool that nobody knew."""
        reason = self._unwanted(pool, now_s)
        if reason:
            self._leave(pool.mint, reason)
            return
        created_s = now_s if pool.created_s is None else min(pool.created_s, now_s)
        self._waiting[pool.mint] = Listed(pool.mint, pool.pool, pool.name, pool.dex, created_s)
        if len(self._waiting) > MOST_WAITING:
            oldest = next((mint for mint, listed in self._waiting.items() if not listed.asked_s), pool.mint)
            self.pass_over(oldest, "too many at once")

    def want(self, mint: str, now_s: int) -> None:
        """Somebody asks for it: it goes first, whatever became of it before."""
        self._over.pop(mint, None)
        self._tries.pop(mint, None)
        listed = self._waiting.get(mint) or Listed(mint, "", "", "", now_s)
        self._waiting[mint] = listed._replace(asked_s=now_s)
        self._waiting.move_to_end(mint, last=False)

    def take_out(self, mint: str) -> Listed:
        """It waits no longer, because it is watched. Raises `KeyError` when it did not wait."""
        self._tries.pop(mint, None)
        return self._waiting.pop(mint)

    def pass_over(self, mint: str, reason: str) -> Listed:
        """It is left alone."""
        listed = self.take_out(mint)
        self._leave(mint, reason)
        return listed

    def clock_set_back(self, now_s: int) -> None:
        """The time went back to `now_s`: none is older than it would be now, or was asked for later."""
        for mint, listed in self._waiting.items():
            self._waiting[mint] = listed.until(now_s)

    def is_given_up(self, mint: str) -> bool:
        """Once more nothing could be learnt of it: others go first from now on; whether that was once too often.

        It is for a token that somebody waits for: a venue that is out of reach for a while is no reason to lose others.
        """
        self._tries[mint] += 1
        if self._waiting[mint].asked_s:
            return self._tries[mint] >= _TRIES_ASKED
        self._waiting.move_to_end(mint)
        return self._tries[mint] >= _TRIES

    def over(self, mint: str, reason: str) -> None:
        """It was watched and is not any more: listed once again it is not taken up."""
        self._over[mint] = reason
        if len(self._over) > MOST_OVER:
            self._over.popitem(last=False)

    def _leave(self, mint: str, reason: str) -> None:
        self.passed_over[reason] += 1
        self.over(mint, reason)

    def _unwanted(self, pool: PoolState, now_s: int) -> str:
        exchanges = self._settings.exchanges
        if exchanges and pool.dex not in exchanges:
            return "another exchange"
        is_old = pool.created_s is not None and now_s - pool.created_s > self._settings.watch_h * 3_600
        return "too old" if is_old else ""
