"""Ids and words of markets, events and wallets: made up from the seed, the same whenever they are asked for."""

from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b

import numpy as np

from app.demo.prediction.categories import CATEGORIES, OTHER
from app.demo.prediction.markets import MARKETS, Markets

_KEPT = 8_192
_TEMPLATES = {
    "politics": "Will the {place} {motion} pass by {day}?",
    "sports": "Will the {place} {team} beat the {rival} on {day}?",
    "crypto": "{coin} Up or Down - {day}, {hour}",
    "finance": "Will {firm} close higher on {day}?",
    "tech": "Will {firm} ship {thing} before {day}?",
    "culture": "Will {work} lead the charts on {day}?",
    "weather": "Highest temperature in {place} above {degrees} degrees on {day}?",
    "economics": "Will {place} inflation rise in the report of {day}?",
    "mentions": 'Will the speaker say "{thing}" on {day}?',
    "other": "Will {thing} be found in {place} by {day}?",
}
_WORDS = {
    "place": ("Northport", "Eastvale", "Lakemoor", "Highbridge", "Westhaven", "Silverton", "Oakfield", "Stonebay"),
    "motion": ("budget", "housing bill", "transport bill", "energy bill", "pension reform", "water act"),
    "team": ("Falcons", "Rovers", "Comets", "Miners", "Sailors", "Foxes", "Giants", "Pilots"),
    "rival": ("Kings", "Wolves", "Rangers", "Owls", "Storm", "Bears", "Lions", "Hawks"),
    "coin": ("Bitcoin", "Ethereum", "Solana"),
    "firm": ("Aldera", "Brightwell", "Corvane", "Dunmore", "Estrella", "Ferrant"),
    "thing": ("lantern", "compass", "orchard", "granite", "velvet", "harbour", "meridian", "cobalt"),
    "work": ("Long Winter", "Paper Boats", "The Last Ferry", "Blue Hour", "Salt Roads"),
}
_FIRST = ("Calm", "Rapid", "Early", "Quiet", "Amber", "Plain", "Lucky", "Solid", "Brisk", "Mellow", "Stray", "Vivid")
_SECOND = ("Heron", "Anvil", "Ferry", "Maple", "Otter", "Prism", "Quarry", "Raven", "Sled", "Tulip", "Wharf", "Yarrow")


class MarketNames:
    """Words of one market and its event."""

    __slots__ = ("condition_id", "event_slug", "event_title", "outcomes", "slug", "title", "token_ids")

    def __init__(self, condition_id: str, title: str, event_title: str, number: int) -> None:
        self.condition_id = condition_id
        self.title = title
        self.event_title = event_title
        self.slug = f"{_slug(title)}-{number}"
        self.event_slug = _slug(event_title)
        self.outcomes = ("Up", "Down") if " Up or Down " in title else ("Yes", "No")
        self.token_ids = tuple(_token_id(condition_id, outcome) for outcome in (0, 1))


class Names:
    """Names of markets by number, and the way back from ids to numbers."""

    def __init__(self, markets: Markets) -> None:
        self._markets = markets
        self.market = lru_cache(maxsize=_KEPT)(self._market)
        self._conditions: dict[str, int] = {}
        self._tokens: dict[str, int] = {}
        self._first_of_event = np.flatnonzero(np.diff(markets.event, prepend=-1))
        self.event_opens_s = np.minimum.reduceat(markets.opens_s, self._first_of_event)
        self.event_closes_s = np.maximum.reduceat(markets.closes_s, self._first_of_event)
        self.event_resolves_s = np.maximum.reduceat(markets.resolves_s, self._first_of_event)

    def condition_id(self, market: int) -> str:
        """32 bytes in hexadecimal. They change with the day, because a market of another day is another market."""
        text = b"%d %d %d" % (self._markets.seed, self._markets.anchor_s, market)
        return "0x" + blake2b(text, digest_size=32, person=b"condition").hexdigest()

    def number(self, condition_id: str) -> int | None:
        """The market behind a condition id, None for a stranger."""
        if not self._conditions:
            self._conditions = {self.condition_id(market): market for market in range(MARKETS)}
        return self._conditions.get(condition_id.lower())

    def of_token(self, token_id: str) -> int | None:
        """The market behind a token id, None for a stranger."""
        if not self._tokens:
            self._tokens = {
                _token_id(self.condition_id(market), outcome): market for market in range(MARKETS) for outcome in (0, 1)
            }
        return self._tokens.get(token_id)

    def of_slug(self, slug: str) -> int | None:
        """The market with a slug, or the first of the event with it; None for a stranger."""
        tail = slug.rpartition("-")[2]
        if not (tail.isascii() and tail.isdigit() and len(tail) < 9 and int(tail) < MARKETS):
            return None
        names = self.market(int(tail))
        return int(tail) if slug in (names.slug, names.event_slug) else None

    def events(self) -> int:
        """How many events there are."""
        return len(self._first_of_event)

    def event_markets(self, event: int) -> range:
        """The markets of an event (0 to `events()` − 1)."""
        end = self._first_of_event[event + 1] if event + 1 < len(self._first_of_event) else MARKETS
        return range(int(self._first_of_event[event]), int(end))

    def tags(self, event: int) -> tuple[tuple[str, str, str], ...]:
        """Id, label and slug of each tag of an event: its category, some narrower ones, now and then a second root."""
        first = int(self._first_of_event[event])
        category = int(self._markets.category[first])
        picks = self._picks(first)[-4:]
        own = CATEGORIES[category]
        narrow = own.tags[picks[0] % len(own.tags)]
        found = [(str(100_400 + _stable(narrow)), narrow.replace("-", " ").title(), narrow)]
        if category != OTHER:
            found.append((str(own.tag_id), own.label, own.slug))
            later = category + 1 + picks[1] % 25
            if later < OTHER:
                found.append((str(CATEGORIES[later].tag_id), CATEGORIES[later].label, CATEGORIES[later].slug))
        return tuple(found[::-1] if picks[2] % 2 else found)

    def _market(self, number: int) -> MarketNames:
        title = self._title(number)
        first = int(self._first_of_event[int(self._markets.event[number])])
        event_title = title if first == number else self._title(first)
        return MarketNames(self.condition_id(number), title, f"{event_title.rstrip('?')} ({first})", number)

    def _title(self, number: int) -> str:
        picks = self._picks(number)
        words = {
            word: choices[pick % len(choices)] for pick, (word, choices) in zip(picks, _WORDS.items(), strict=False)
        }
        closes = datetime.fromtimestamp(int(self._markets.closes_s[number]), UTC)
        words["day"] = f"{closes:%B} {closes.day}"
        words["hour"] = f"{closes:%H:%M} UTC"
        words["degrees"] = str(8 + picks[-1] % 28)
        return _TEMPLATES[CATEGORIES[int(self._markets.category[number])].slug].format(**words)

    def _picks(self, number: int) -> bytes:
        return blake2b(b"%d %d" % (self._markets.seed, number), digest_size=16, person=b"words").digest()


def wallet_name(key: int) -> tuple[str, str]:
    """User name (many have none) and pseudonym of a wallet."""
    first, second = _FIRST[key % len(_FIRST)], _SECOND[(key >> 8) % len(_SECOND)]
    name = "" if (key >> 16) % 4 == 0 else f"{first.lower()}{second.lower()}{(key >> 20) % 1_000}"
    return name, f"{first}-{second}"


def _slug(title: str) -> str:
    return "-".join("".join(letter if letter.isalnum() else " " for letter in title.lower()).split())


def _token_id(condition_id: str, outcome: int) -> str:
    digest = blake2b(condition_id.encode(), digest_size=32, person=b"token%d" % outcome).digest()
    return str(int.from_bytes(digest))


def _stable(word: str) -> int:
    return int.from_bytes(blake2b(word.encode(), digest_size=2).digest())
