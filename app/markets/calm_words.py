"""A word that is shown only once it lasts: what stands beside a threshold would flicker with every tick. Pure."""

from typing import NamedTuple

from app.core.events import Freshness, RulesRead

LASTS_MS = 3_000
"""A word has to hold for so long before it takes the place of another."""


class CalmFreshness(NamedTuple):
    """The freshness to show for a move in `direction`; the word that may come next, and since when it holds."""

    direction: int = 0
    word: Freshness | None = None
    next_word: Freshness | None = None
    next_since_ms: int = 0


NO_FRESHNESS = CalmFreshness()


def calmed(before: CalmFreshness, read: RulesRead) -> CalmFreshness:
    """What to show after `read`, given what was shown `before` it.

    A move that turns round is another move: its word counts at once.
    """
    word, at_ms = read.freshness, read.at_ms
    if read.direction * before.direction < 0:
        return CalmFreshness(read.direction, word)
    if word == before.word:
        return CalmFreshness(read.direction or before.direction, word)
    since_ms = before.next_since_ms if before.next_since_ms and word == before.next_word else at_ms
    if at_ms - since_ms >= LASTS_MS:
        return CalmFreshness(read.direction, word)
    return before._replace(next_word=word, next_since_ms=since_ms)
