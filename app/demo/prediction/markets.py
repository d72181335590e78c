"""Binary markets with fair prices: who knows nothing wins at price p with probability p.

A market's outcome is drawn first, "yes" with its opening probability. Then news arrives: the log odds of "yes" move by
normal steps of variance v and mean ±v/2, plus if "yes" comes true and minus if not. By Bayes' rule the probability of
"yes" given the path so far is the logistic function of the log odds, so that price is fair at every moment, exactly.
The path is kept at 65 points of a market's life; between them it is a Brownian bridge, refined by halving nine times,
which says nothing about the outcome that its ends do not say. A price holds until the next of those 32,768 steps.
"""

import numpy as np

from app.demo.grid import Floats, Integers
from app.demo.prediction import draws
from app.demo.prediction.categories import CATEGORIES, DAY_S
from app.demo.prediction.draws import Flags

MARKETS = 12_000
PAST_S = 365 * DAY_S
FUTURE_S = 30 * DAY_S
# Some markets are older than every wallet and some are open at the end, as on a venue that has always been there.
_MARGIN_S = 20 * DAY_S
POINTS = 64
HALVINGS = 9
_SHORTEST_S = 900.0
_SPACE = 11
_OPENING_SPREAD = 0.9
_NEWS_LEAST, _NEWS_MOST = 5.0, 11.0
_LAG_SPREAD = 0.8
_EVENT_GOES_ON = 0.55
_TICKS = 1_000.0


class Markets:
    """All markets, ordered by category and then by closing time. `anchor_s` is the midnight histories are laid around.

    Arrays by market number: `category`, `event`, `opens_s`, `closes_s`, `resolves_s` (epoch seconds), `yes` (whether
    that outcome comes true), `keys`.
    """

    def __init__(self, seed: int, anchor_s: int) -> None:
        self.seed = seed
        self.anchor_s = anchor_s
        numbers = np.arange(MARKETS)
        self.category = _categories()
        drawn = draws.keys(seed, _SPACE, numbers)
        span = PAST_S + FUTURE_S + 2 * _MARGIN_S
        closes = anchor_s - PAST_S - _MARGIN_S + span * draws.uniform(drawn, 0)
        order = np.lexsort((closes, self.category))
        self.keys = drawn[order]
        self.closes_s = np.floor(closes[order]).astype(np.int64)
        life = _of_category("life_s")[self.category] * np.exp(
            _of_category("life_spread")[self.category] * draws.normal(self.keys, 1)
        )
        self.life_s = np.maximum(_SHORTEST_S, np.floor(life)).astype(np.int64)
        self.opens_s = self.closes_s - self.life_s
        lag = draws.log_normal(self.keys, 2, _of_category("lag_s")[self.category], _LAG_SPREAD)
        self.resolves_s = self.closes_s + np.maximum(30.0, lag).astype(np.int64)
        self._opening = _OPENING_SPREAD * draws.normal(self.keys, 3)
        self.yes: Flags = draws.uniform(self.keys, 4) < draws.sigmoid(self._opening)
        self._total_news = _NEWS_LEAST + (_NEWS_MOST - _NEWS_LEAST) * draws.uniform(self.keys, 5)
        self._lateness = _of_category("lateness")[self.category]
        self._path = self._paths()
        self.event = self._events()
        self._by_close = self.category * _CATEGORY_SPAN + self.closes_s
        self._first = np.searchsorted(self.category, np.arange(len(CATEGORIES) + 1))
        counts = np.diff(self._first)
        crowd = counts * np.bincount(self.category, self.life_s, len(CATEGORIES)) / np.maximum(1, counts) / span
        self._reach = 1.0 + 0.6 * crowd

    def count(self, category: int) -> int:
        """How many markets there are in a category."""
        return int(self._first[category + 1] - self._first[category])

    def pick(self, category: Integers, at_s: Floats, far: Floats) -> tuple[Integers, Flags]:
        """A market that closes after `at_s`, and whether there is one; `far` (uniform) says how many to pass over."""
        first = np.searchsorted(self._by_close, category * _CATEGORY_SPAN + at_s.astype(np.int64), side="right")
        chosen = first + np.floor(-np.log(far) * self._reach[category]).astype(np.int64)
        found: Flags = chosen < self._first[category + 1]
        return np.where(found, chosen, 0), found

    def price(self, market: Integers, at_s: Floats) -> Floats:
        """Price of "yes" at a time within the market's life, in whole thousandths; 0 or 1 never occur."""
        place = (at_s - self.opens_s[market]) / self.life_s[market] * POINTS
        place = np.clip(place, 0.0, POINTS)
        left = np.minimum(place.astype(np.int64), POINTS - 1)
        log_odds = self._between(market, left, place - left)
        price: Floats = np.clip(np.round(draws.sigmoid(log_odds) * _TICKS) / _TICKS, 1 / _TICKS, 1 - 1 / _TICKS)
        return price

    def _between(self, market: Integers, left: Integers, part: Floats) -> Floats:
        """Log odds at `part` (0 to 1) of the way from point `left` to the next, from the bridge's halvings."""
        low = self._path[market, left].astype(np.float64)
        high = self._path[market, left + 1].astype(np.float64)
        spread = 0.5 * np.sqrt(self._step_news(market, left))
        node = draws.derive(self.keys[market], left)
        for _ in range(HALVINGS):
            middle = 0.5 * (low + high) + spread * draws.normal(node, 0)
            part = part * 2.0
            right = part >= 1.0
            part = part - right
            low, high = np.where(right, middle, low), np.where(right, high, middle)
            spread = spread * np.sqrt(0.5)
            node = draws.derive(node, right.astype(np.int64))
        result: Floats = np.where(part >= 1.0, high, low)
        return result

    def _step_news(self, market: Integers, left: Integers) -> Floats:
        """Variance of the log odds between a point and the next."""
        late = self._lateness[market]
        done = ((left + 1) / POINTS) ** late - (left / POINTS) ** late
        result: Floats = self._total_news[market] * done
        return result

    def _paths(self) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        rng = np.random.default_rng([self.seed, _SPACE])
        points = np.arange(POINTS + 1) / POINTS
        news = np.diff(points[None, :] ** self._lateness[:, None], axis=1) * self._total_news[:, None]
        steps = np.sqrt(news) * rng.standard_normal((MARKETS, POINTS))
        steps += np.where(self.yes, 0.5, -0.5)[:, None] * news
        path = np.empty((MARKETS, POINTS + 1), dtype=np.float32)
        path[:, 0] = self._opening
        path[:, 1:] = self._opening[:, None] + np.cumsum(steps, axis=1)
        return path

    def _events(self) -> Integers:
        """Neighbours in closing time share an event; an event never spans two categories."""
        alone = draws.uniform(self.keys, 6) >= _EVENT_GOES_ON
        alone |= np.diff(self.category, prepend=-1) != 0
        result: Integers = np.cumsum(alone) - 1
        return result


_CATEGORY_SPAN = 1 << 36


def _categories() -> Integers:
    ends = np.round(np.cumsum([category.part for category in CATEGORIES]) * MARKETS).astype(np.int64)
    result: Integers = np.searchsorted(ends, np.arange(MARKETS), side="right").astype(np.int64)
    return result


def _of_category(name: str) -> Floats:
    return np.array([getattr(category, name) for category in CATEGORIES], dtype=np.float64)
