"""The followed traders and how fresh each one's positions are: asked, answered, heard of. Pure; times are milliseconds.

Two clocks meet here. The venue's says which state is newer than which trade; the engine's says what is due and how old
what is known has become.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

Reason = Literal["trade", "urgent", "hand", "first", "poll"]


class Tracked(msgspec.Struct, kw_only=True):
    """One followed trader. Fields that end in `venue_ms` are the venue's time, the others the engine's.

    `due_ms` is when a trade makes a question due, None without one; `level` how many questions in a row trades led to
    that showed nothing worth telling. `asked_ms` is when the question in flight was sent, None
    without one, and `asked_since_ms` what `known_ms` was then (0: nothing).
    """

    trader: str
    value: float
    added_ms: int
    by_stream: bool = False
    known_ms: int | None = None
    state_venue_ms: int = 0
    traded_venue_ms: int = 0
    traded_ms: int | None = None
    due_ms: int | None = None
    level: int = 0
    asked_ms: int | None = None
    asked_since_ms: int = 0
    failures: int = 0
    not_before_ms: int = 0

    @property
    def since_ms(self) -> int:
        """Since when nothing newer is known: the time of the newest state, or of being added."""
        return self.added_ms if self.known_ms is None else self.known_ms

    def age_ms(self, now_ms: int) -> int | None:
        """How old what is known is; None where nothing is."""
        return None if self.known_ms is None else max(0, now_ms - self.known_ms)

    def is_behind(self) -> bool:
        """Whether a trade was seen that the newest state does not show yet."""
        return self.traded_venue_ms > self.state_venue_ms

    def clock_set_back(self, now_ms: int) -> None:
        """The engine's time went back to `now_ms`; the venue's did not."""
        self.added_ms = min(self.added_ms, now_ms)
        self.asked_since_ms = min(self.asked_since_ms, now_ms)
        self.not_before_ms = min(self.not_before_ms, now_ms)
        self.known_ms, self.traded_ms = _cut(self.known_ms, now_ms), _cut(self.traded_ms, now_ms)
        self.due_ms, self.asked_ms = _cut(self.due_ms, now_ms), _cut(self.asked_ms, now_ms)

    def can_be_asked(self, now_ms: int) -> bool:
        """Whether no question is in flight and the last failure is long enough ago."""
        return self.asked_ms is None and self.not_before_ms <= now_ms


def _cut(at_ms: int | None, now_ms: int) -> int | None:
    return None if at_ms is None else min(at_ms, now_ms)


class TrackedChange(msgspec.Struct, frozen=True):
    """Who joined the followed and who left."""

    added: tuple[str, ...]
    removed: tuple[str, ...]


class TrackedTraders:
    """The set itself, found by address in one step."""

    def __init__(self) -> None:
        self._tracked: dict[str, Tracked] = {}

    def __len__(self) -> int:
        return len(self._tracked)

    def __contains__(self, trader: object) -> bool:
        return trader in self._tracked

    def get(self, trader: str) -> Tracked | None:
        """One followed trader, None for anybody else."""
        return self._tracked.get(trader)

    def all(self) -> tuple[Tracked, ...]:
        """All of them, in the order they joined."""
        return tuple(self._tracked.values())

    def follow(self, values: Mapping[str, float], now_ms: int) -> TrackedChange:
        """From now on exactly these are followed, each with how much it matters (≥ 0) that its state is fresh."""
        removed = tuple(trader for trader in self._tracked if trader not in values)
        for trader in removed:
            del self._tracked[trader]
        added = tuple(trader for trader in values if trader not in self._tracked)
        for trader, value in values.items():
            known = self._tracked.setdefault(trader, Tracked(trader=trader, value=value, added_ms=now_ms))
            known.value = value
        return TrackedChange(added, removed)
