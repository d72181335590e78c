"""What markets are about: categories in order of priority, with how long their markets live and how they are tagged."""

from typing import NamedTuple

DAY_S = 86_400


class Category(NamedTuple):
    """A root tag of the venue.

    `part` is its share of all markets. A market lives for a log-normal time around `life_s`, spread `life_spread`; its
    news arrives as the power `lateness` of the part of its life that has gone (1 evenly, 3 mostly at the end). `lag_s`
    is the median time from close to resolution. `tags` are the other tags its events may carry.
    """

    slug: str
    label: str
    tag_id: int
    part: float
    life_s: float
    life_spread: float
    lateness: float
    lag_s: float
    tags: tuple[str, ...]


CATEGORIES = (
    Category("politics", "Politics", 2, 0.12, 25 * DAY_S, 0.9, 1.4, 21_600, ("geopolitics", "elections", "world")),
    Category("sports", "Sports", 1, 0.36, 2.0 * DAY_S, 0.6, 2.5, 3_600, ("soccer", "nba", "tennis", "games")),
    Category("crypto", "Crypto", 21, 0.22, 0.4 * DAY_S, 1.4, 1.0, 300, ("bitcoin", "ethereum", "crypto-prices")),
    Category("finance", "Finance", 120, 0.06, 3.0 * DAY_S, 0.7, 1.0, 1_800, ("stocks", "indices", "earnings")),
    Category("tech", "Tech", 1401, 0.04, 18 * DAY_S, 0.8, 1.3, 14_400, ("ai", "big-tech", "space")),
    Category("culture", "Culture", 596, 0.06, 9 * DAY_S, 0.8, 1.6, 10_800, ("pop-culture", "movies", "awards")),
    Category("weather", "Weather", 84, 0.06, 2.0 * DAY_S, 0.5, 2.0, 7_200, ("daily-temperature", "climate")),
    Category("economics", "Economics", 100328, 0.03, 14 * DAY_S, 0.7, 1.5, 3_600, ("fed-rates", "inflation", "jobs")),
    Category("mentions", "Mentions", 100343, 0.03, 2.5 * DAY_S, 0.6, 2.2, 7_200, ("mention-markets", "speeches")),
    Category("other", "Other", 0, 0.02, 9 * DAY_S, 0.9, 1.3, 10_800, ("all", "recurring", "odd-lots")),
)
OTHER = len(CATEGORIES) - 1
SLUGS = tuple(category.slug for category in CATEGORIES)
