"""Gamma's routes: markets and events with their tags, as they stand at a moment."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np

from app.demo.prediction import draws
from app.demo.prediction.categories import CATEGORIES
from app.demo.prediction.markets import MARKETS
from app.demo.prediction.questions import Question, Refusal
from app.demo.prediction.rows import event_id
from app.demo.prediction.world import World

MOST_MARKETS, MOST_EVENTS, MOST_OFFSET = 100, 100, 3_000
USUAL = 20
_FIRST_MARKET_ID, _FIRST_EVENT_ID = 600_000, 20_000
_encode = msgspec.json.encode
Object = dict[str, Any]


def markets(world: World, question: Question, now_s: int) -> bytes:
    """`/markets`: by condition or by offset; only open ones unless `closed=true`."""
    limit = min(question.number("limit", USUAL, 0, 1_000_000), MOST_MARKETS)
    skip = question.number("offset", 0, 0, 10**9)
    if skip >= MOST_OFFSET:
        raise Refusal(400, "invalid_request", f"offset: at most {MOST_OFFSET - 1}, use /markets/keyset", "offset")
    return _encode(_markets(world, question, now_s, range(MARKETS))[skip : skip + limit])


def markets_keyset(world: World, question: Question, now_s: int) -> bytes:
    """`/markets/keyset`: the same in pages with a cursor."""
    limit = min(question.number("limit", USUAL, 1, 1_000_000), MOST_MARKETS)
    after = question.cursor("markets").get("a", -1)
    found = _markets(world, question, now_s, range(after + 1, MARKETS), limit + 1)
    answer: Object = {"markets": found[:limit]}
    if len(found) > limit:
        answer["next_cursor"] = question.next_cursor("markets", a=int(found[limit - 1]["id"]) - _FIRST_MARKET_ID)
    return _encode(answer)


def events(world: World, question: Question, now_s: int) -> bytes:
    """`/events`: by slug, id or tag, or by offset."""
    limit = min(question.number("limit", USUAL, 0, 1_000_000), MOST_EVENTS)
    skip = question.number("offset", 0, 0, 10**9)
    if skip >= MOST_OFFSET:
        raise Refusal(400, "invalid_request", f"offset: at most {MOST_OFFSET - 1}, use /events/keyset", "offset")
    return _encode(_events(world, question, now_s, -1)[skip : skip + limit])


def events_keyset(world: World, question: Question, now_s: int) -> bytes:
    """`/events/keyset`: the same in pages with a cursor."""
    limit = min(question.number("limit", USUAL, 1, 1_000_000), MOST_EVENTS)
    found = _events(world, question, now_s, question.cursor("events").get("a", -1), limit + 1)
    answer: Object = {"events": found[:limit]}
    if len(found) > limit:
        answer["next_cursor"] = question.next_cursor("events", a=int(found[limit - 1]["id"]) - _FIRST_EVENT_ID)
    return _encode(answer)


def tags(_world: World, _question: Question, _now_s: int) -> bytes:
    """`/tags`: the roots."""
    roots = [category for category in CATEGORIES if category.tag_id]
    return _encode([_tag((str(root.tag_id), root.label, root.slug)) for root in roots])


def one_event(world: World, number: str, now_s: int) -> Object | None:
    """The event with an id, None for strangers and for those not there yet."""
    place = int(number) - _FIRST_EVENT_ID if number.isascii() and number.isdigit() and len(number) < 10 else -1
    if not 0 <= place < world.names.events() or not _there(world, place, now_s):
        return None
    return event(world, place, now_s)


def one_market(world: World, number: str, now_s: int) -> Object | None:
    """The market with an id, None for strangers and for those not there yet."""
    place = int(number) - _FIRST_MARKET_ID if number.isascii() and number.isdigit() and len(number) < 10 else -1
    if not 0 <= place < MARKETS or world.markets.opens_s[place] > now_s:
        return None
    return market(world, place, now_s)


def tags_of(whole: Object) -> list[Object]:
    """Tags of a market or event from `one_market` or `one_event`."""
    found: list[Object] = whole["tags"]
    return found


def _markets(world: World, question: Question, now_s: int, among: Iterable[int], most: int = MARKETS) -> list[Object]:
    asked = question.repeated("condition_ids")
    slugs, ids = question.repeated("slug"), question.repeated("id")
    tokens = question.repeated("clob_token_ids")
    closed = question.flag("closed", False)
    tagged, tag = question.flag("include_tag", False), question.text("tag_id")
    if asked:
        among = [number for number in map(world.names.number, dict.fromkeys(asked)) if number is not None]
    made = world.markets
    found: list[Object] = []
    for number in among:
        if made.opens_s[number] > now_s or (made.resolves_s[number] <= now_s) != closed:
            continue
        names = world.names.market(number)
        if (slugs and names.slug not in slugs) or (ids and str(_FIRST_MARKET_ID + number) not in ids):
            continue
        if tokens and not set(tokens) & set(names.token_ids):
            continue
        if tag and tag not in [identifier for identifier, _, _ in world.names.tags(int(made.event[number]))]:
            continue
        found.append(market(world, number, now_s, tagged))
        if len(found) >= most:
            break
    return found


def _events(world: World, question: Question, now_s: int, after: int, most: int = MARKETS) -> list[Object]:
    slugs, ids = question.repeated("slug"), question.repeated("id")
    wanted = question.text("closed", "false").lower()
    tag, tag_slug = question.text("tag_id"), question.text("tag_slug")
    found: list[Object] = []
    for number in range(after + 1, world.names.events()):
        if not _there(world, number, now_s) or (ids and event_id(number) not in ids):
            continue
        if wanted in ("true", "false") and _over(world, number, now_s) != (wanted == "true"):
            continue
        if slugs and world.names.market(world.names.event_markets(number)[0]).event_slug not in slugs:
            continue
        tagged = world.names.tags(number)
        if (tag and tag not in [line[0] for line in tagged]) or (
            tag_slug and tag_slug not in [line[2] for line in tagged]
        ):
            continue
        found.append(event(world, number, now_s))
        if len(found) >= most:
            break
    return found


def market(world: World, number: int, now_s: int, tagged: bool = True, nested: bool = True) -> Object:
    """One market as gamma tells it; lists inside are JSON in strings, amounts strings and numbers both."""
    made, names = world.markets, world.names.market(number)
    resolved = bool(made.resolves_s[number] <= now_s)
    yes = float(made.price(np.array([number]), np.array([float(now_s)]))[0])
    prices = (("1", "0") if made.yes[number] else ("0", "1")) if resolved else (f"{yes:.4g}", f"{1.0 - yes:.4g}")
    opens, closes = int(made.opens_s[number]), int(made.closes_s[number])
    part = min(1.0, max(0.0, (now_s - opens) / (closes - opens)))
    total = float(draws.log_normal(made.keys[number : number + 1], 80, 60_000.0, 1.5)[0]) * part
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
    if resolved:
        ended = int(made.resolves_s[number])
        whole |= {"closedTime": stamp(ended)[:-1].replace("T", " ") + "+00", "umaEndDate": stamp(ended)}
        whole |= {"umaResolutionStatus": "resolved", "automaticallyResolved": True}
    else:
        liquidity = round(total * 0.05, 4)
        whole |= {"liquidity": f"{liquidity:.4f}", "liquidityNum": liquidity}
    if nested:
        whole["events"] = [event_head(world, event_number, now_s)]
    if tagged:
        whole["tags"] = [_tag(tag) for tag in world.names.tags(event_number)]
    return whole


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
    opens = int(world.markets.opens_s[places.start : places.stop].min())
    closes = int(world.markets.closes_s[places.start : places.stop].max())
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
        "closed": _over(world, number, now_s),
        "archived": False,
        "restricted": True,
        "createdAt": stamp(opens),
        "updatedAt": stamp(min(now_s, closes)),
        "enableOrderBook": True,
        "negRisk": False,
        "commentCount": 0,
    }


def stamp(moment_s: int) -> str:
    """A moment as gamma writes it."""
    return datetime.fromtimestamp(moment_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _tag(line: tuple[str, str, str]) -> Object:
    return {"id": line[0], "label": line[1], "slug": line[2], "requiresTranslation": False}


def _there(world: World, number: int, now_s: int) -> bool:
    places = world.names.event_markets(number)
    return bool(world.markets.opens_s[places.start : places.stop].min() <= now_s)


def _over(world: World, number: int, now_s: int) -> bool:
    places = world.names.event_markets(number)
    return bool(world.markets.resolves_s[places.start : places.stop].max() <= now_s)
