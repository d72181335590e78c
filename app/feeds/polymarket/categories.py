"""What a prediction market is about, from the tags of its event. Pure.

The venue's own category is empty on the markets of today. An event has several tags, broad and narrow; the first
category of the list that any of them names is taken, so that words of a politician in a mentions series are politics.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Literal, get_args

Category = Literal[
    "politics", "sports", "crypto", "finance", "tech", "culture", "weather", "economics", "mentions", "other"
]

_TAGS: dict[Category, frozenset[str]] = {
    "politics": frozenset(
        {"politics", "us-politics", "global-politics", "geopolitics", "elections", "world-elections"}
    ),
    "sports": frozenset({"sports", "esports", "games"}),
    "crypto": frozenset({"crypto", "crypto-prices"}),
    "finance": frozenset({"finance", "stocks", "business"}),
    "tech": frozenset({"tech", "ai", "science"}),
    "culture": frozenset({"culture", "pop-culture"}),
    "weather": frozenset({"weather", "climate", "climate-science"}),
    "economics": frozenset({"economics", "economy"}),
    "mentions": frozenset({"mentions", "mention-markets"}),
}
"""Root tags of each category, in order of priority. Narrow tags always come with one of these."""

CATEGORIES: tuple[Category, ...] = get_args(Category)
"""All categories, in order of priority; `other` is what no root tag names."""


def category(tags: Iterable[str]) -> Category:
    """The category of a market whose event has these tags (slugs); the order of the tags does not matter."""
    return _named(tuple(tags))


@lru_cache(maxsize=4_096)
def _named(tags: tuple[str, ...]) -> Category:
    # Thousands of markets share the few tags there are.
    slugs = frozenset(tag.lower() for tag in tags)
    return next((name for name, roots in _TAGS.items() if roots & slugs), "other")
