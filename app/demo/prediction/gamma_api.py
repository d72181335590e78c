"""Gamma's routes: markets and events with their tags, as they stand at a moment."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np

from app.demo.prediction.categories import CATEGORIES
from app.demo.prediction.draws import Flags
from app.demo.prediction.markets import MARKETS
from app.demo.prediction.questions import Question, Refusal
from app.demo.prediction.rows import event_id
from app.demo.prediction.world import World

MOST_MARKETS, MOST_EVENTS, MOST_OFFSET = 100, 100, 3_000
USUAL = 20
_FIRST_MARKET_ID, _FIRST_EVENT_ID = 600_000, 20_000
_encode = msgspec.json.encode
Object = dict[str, Any]
Find = Callable[[World, Question, int, int, int], list[Object]]


def markets(world: World, question: Question, now_s: int) -> bytes:
    """`/markets`: by condition or by offset; only open ones unless `closed=true`."""
    skip, most = _offset(question, "markets", MOST_MARKETS)
    return _encode(_markets(world, question, now_s, -1, most)[skip:])


def markets_keyset(world: World, question: Question, now_s: int) -> bytes:
    """`/markets/keyset`: the same in pages with a cursor."""
    return _keyset(world, question, now_s, "markets", _markets)


def events(world: World, question: Question, now_s: int) -> bytes:
    """`/events`: by slug, id or tag, or by offset."""
    skip, most = _offset(question, "events", MOST_EVENTS)
    return _encode(_events(world, question, now_s, -1, most)[skip:])


def events_keyset(world: World, question: Question, now_s: int) -> bytes:
    """`/events/keyset`: the same in pages with a cursor."""
    return _keyset(world, question, now_s, "events", _events)


def _offset(question: Question, name: str, cap: int) -> tuple[int, int]:
    """How many to skip, and where a page ends that goes by offset."""
    limit = min(question.number("limit", USUAL, 0, 1_000_000), cap)
    skip = question.number("offset", 0, 0, 10**9)
    if skip >= MOST_OFFSET:
        raise Refusal(400, "invalid_request", f"offset: at most {MOST_OFFSET - 1}, use /{name}/keyset", "offset")
    return skip, skip + limit


def _keyset(world: World, question: Question, now_s: int, name: str, find: Find) -> bytes:
    """A page of `markets` or `events` with the cursor of the next one."""
    cap, first_id = (MOST_MARKETS, _FIRST_MARKET_ID) if name == "markets" else (MOST_EVENTS, _FIRST_EVENT_ID)
    limit = min(question.number("limit", USUAL, 1, 1_000_000), cap)
    found = find(world, question, now_s, question.cursor(name, "after_cursor").get("a", -1), limit + 1)
    answer: Object = {name: found[:limit]}
    if len(found) > limit:
        answer["next_cursor"] = question.next_cursor(name, a=int(found[limit - 1]["id"]) - first_id)
    return _encode(answer)


def tags(_world: World, _question: Question, _now_s: int) -> bytes:
    """`/tags`: the roots."""
    roots = [category for category in CATEGORIES if category.tag_id]
    return _encode([_tag((str(root.tag_id), root.label, root.slug)) for root in roots])


def one_event(world: World, number: str, now_s: int) -> Object | None:
    """The event with an id, None for strangers and for those not there yet."""
    place = _number(number, _FIRST_EVENT_ID, world.names.events())
    return event(world, place, now_s) if place is not None and world.names.event_opens_s[place] <= now_s else None


def one_market(world: World, number: str, now_s: int) -> Object | None:
    """The market with an id, None for strangers and for those not there yet."""
    place = _number(number, _FIRST_MARKET_ID, MARKETS)
    return market(world, place, now_s) if place is not None and world.markets.opens_s[place] <= now_s else None


def tags_of(whole: Object) -> list[Object]:
    """Tags of a market or event from `one_market` or `one_event`."""
    found: list[Object] = whole["tags"]
    return found


def _markets(world: World, question: Question, now_s: int, after: int, most: int) -> list[Object]:
    """The first `most` markets behind number `after` that are there and pass the filters."""
    made = world.markets
    there = made.opens_s <= now_s
    there &= (made.resolves_s <= now_s) == question.flag("closed", False)
    there[: after + 1] = False
    for name, find in (
        ("condition_ids", world.names.number),
        ("clob_token_ids", world.names.of_token),
        ("slug", world.names.of_slug),
        ("id", lambda text: _number(text, _FIRST_MARKET_ID, MARKETS)),
    ):
        there &= _named(question.repeated(name), find, MARKETS)
    tagged, tag = question.flag("include_tag", False), question.text("tag_id")
    found: list[Object] = []
    for number in np.flatnonzero(there).tolist():
        if len(found) >= most:
            break
        if not tag or tag in [line[0] for line in world.names.tags(int(made.event[number]))]:
            found.append(market(world, number, now_s, tagged))
    return found


def _events(world: World, question: Question, now_s: int, after: int, most: int) -> list[Object]:
    """The first `most` events behind number `after` that are there and pass the filters."""
    names = world.names
    there = names.event_opens_s <= now_s
    wanted = question.choice("closed", "false", ("false", "true", ""))
    if wanted:
        there &= (names.event_resolves_s <= now_s) == (wanted == "true")
    there[: after + 1] = False
    there &= _named(question.repeated("slug"), lambda text: _event_of_slug(world, text), names.events())
    there &= _named(
        question.repeated("id"), lambda text: _number(text, _FIRST_EVENT_ID, names.events()), names.events()
    )
    tag, tag_slug = question.text("tag_id"), question.text("tag_slug")
    found: list[Object] = []
    for number in np.flatnonzero(there).tolist():
        if len(found) >= most:
            break
        lines = names.tags(number)
        if (not tag or tag in [line[0] for line in lines]) and (
            not tag_slug or tag_slug in [line[2] for line in lines]
        ):
            found.append(event(world, number, now_s))
    return found


def _named(texts: list[str], find: Callable[[str], int | None], count: int) -> Flags:
    """Which of `count` things are among those named; all when none is."""
    if not texts:
        return np.ones(count, dtype=np.bool_)
    chosen = np.zeros(count, dtype=np.bool_)
    chosen[[number for number in map(find, texts) if number is not None]] = True
    return chosen


def _number(text: str, first: int, count: int) -> int | None:
    place = int(text) - first if text.isascii() and text.isdigit() and len(text) < 10 else -1
    return place if 0 <= place < count else None


def _event_of_slug(world: World, slug: str) -> int | None:
    number = world.names.of_slug(slug)
    if number is None or slug != world.names.market(number).event_slug:
        return None
    return int(world.markets.event[number])


def market(world: World, number: int, now_s: int, tagged: bool = True, nested: bool = True) -> Object:
    """One market as gamma tells it; lists inside are JSON in strings, amounts strings and numbers both."""
    made, names = world.markets, world.names.market(number)
    resolved = bool(made.resolves_s[number] <= now_s)
    prices = _prices(world, number, None if resolved else now_s)
    opens, closes = int(made.opens_s[number]), int(made.closes_s[number])
    part = min(1.0, max(0.0, (now_s - opens) / (closes - opens)))
    total = float(world.turnover_usdc[number]) * part
    event_number = int(made.event[number])
    whole: Object = {
        "id": str(_FIRST_MARKET_ID + number),
        "question": names.title,
        "conditionId": names.condition_id,
        "slug": names.slug,
        "resolutionSource": "",
        "endDate": stamp(closes),
        "startDate": stamp(opens),
        "image": "",
        "icon": "",
        "description": "A simulated market of the embedded venue.",
        "outcomes": _encode(list(names.outcomes)).decode(),
        "outcomePrices": _encode(list(prices)).decode(),
        "volume": f"{total:.6f}",
        "active": True,
        "closed": resolved,
        "createdAt": stamp(opens),
        "updatedAt": stamp(min(now_s, int(made.resolves_s[number]))),
        "archived": False,
        "restricted": True,
        "enableOrderBook": True,
        "orderPriceMinTickSize": 0.001,
        "orderMinSize": 5,
        "volumeNum": round(total, 6),
        "endDateIso": stamp(closes)[:10],
        "startDateIso": stamp(opens)[:10],
        "clobTokenIds": _encode(list(names.token_ids)).decode(),
        "acceptingOrders": now_s < closes,
        "negRisk": False,
        "lastTradePrice": float(prices[0]),
        "umaResolutionStatuses": "[]",
        "feesEnabled": False,
    }
    whole |= _ending(int(made.resolves_s[number])) if resolved else _liquidity(total)
    if nested:
        whole["events"] = [event_head(world, event_number, now_s)]
    if tagged:
        whole["tags"] = [_tag(tag) for tag in world.names.tags(event_number)]
    return whole


def _ending(ended_s: int) -> Object:
    """What gamma adds to a market that is resolved."""
    ended = stamp(ended_s)
    return {
        "closedTime": ended[:-1].replace("T", " ") + "+00", "umaEndDate": ended, "umaResolutionStatus": "resolved",
        "automaticallyResolved": True,
    }  # fmt: skip


def _liquidity(turnover_usdc: float) -> Object:
    """What gamma adds to a market that is open."""
    liquidity = round(turnover_usdc * 0.05, 4)
    return {"liquidity": f"{liquidity:.4f}", "liquidityNum": liquidity}


def _prices(world: World, number: int, now_s: int | None) -> tuple[str, str]:
    """Prices of both outcomes at a moment, or what they pay when it is None."""
    if now_s is None:
        return ("1", "0") if world.markets.yes[number] else ("0", "1")
    yes = float(world.markets.price(np.array([number]), np.array([float(now_s)]))[0])
    return f"{yes:.4g}", f"{1.0 - yes:.4g}"


def event(world: World, number: int, now_s: int) -> Object:
    """One event with its tags and those of its markets that are there."""
    there = [place for place in world.names.event_markets(number) if world.markets.opens_s[place] <= now_s]
    return event_head(world, number, now_s) | {
        "markets": [market(world, place, now_s, tagged=False, nested=False) for place in there],
        "tags": [_tag(tag) for tag in world.names.tags(number)],
    }


def event_head(world: World, number: int, now_s: int) -> Object:
    """An event as it stands inside a market: without tags."""
    places = world.names.event_markets(number)
    names = world.names.market(places[0])
    opens, closes = int(world.names.event_opens_s[number]), int(world.names.event_closes_s[number])
    return {
        "id": event_id(number),
        "ticker": names.event_slug,
        "slug": names.event_slug,
        "title": names.event_title,
        "description": "A simulated event of the embedded venue.",
        "resolutionSource": "",
        "startDate": stamp(opens),
        "creationDate": stamp(opens),
        "endDate": stamp(closes),
        "image": "",
        "icon": "",
        "active": True,
        "closed": bool(world.names.event_resolves_s[number] <= now_s),
        "archived": False,
        "restricted": True,
        "createdAt": stamp(opens),
        "updatedAt": stamp(min(now_s, closes)),
        "enableOrderBook": True,
        "negRisk": False,
        "commentCount": 0,
    }


@lru_cache(maxsize=16_384)
def stamp(moment_s: int) -> str:
    """A moment as gamma writes it."""
    return f"{datetime.fromtimestamp(moment_s, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _tag(line: tuple[str, str, str]) -> Object:
    return {"id": line[0], "label": line[1], "slug": line[2], "requiresTranslation": False}
