"""Gamma, Polymarket's catalogue: bytes → markets with their tags and what became of them. Pure.

Gamma writes lists as texts of JSON, and names a market's tags in the market, in its event, or not at all.
"""

import math
from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from app.core.decoding import UNDECODABLE
from app.core.errors import FrameError
from app.core.prediction_market import PredictionMarket, Probability
from app.core.text import SafeText, clean
from app.feeds.polymarket import wire
from app.feeds.polymarket.pages import Decodings, Page, converted, unusable, usable
from app.feeds.polymarket.parse import identifier

_TITLE_CELLS, _SLUG_CELLS, _TAG_CELLS = 160, 200, 60
_TAGS = 64
_NOT_FINAL = frozenset({"proposed", "disputed", "challenged"})
_NEVER_S = 10_000_000_000
_NEARLY = 1e-4
"""How far the last price of an old market may lie from what it paid: those kept trading prices, not payouts."""

_pieces = msgspec.json.Decoder(list[msgspec.Raw]).decode
_market_page = msgspec.json.Decoder(wire.WireMarketPage).decode
_market = msgspec.json.Decoder(wire.WireMarket, strict=False).decode
_ids = msgspec.json.Decoder(list[wire.Id]).decode
_prices = msgspec.json.Decoder(list[Probability], strict=False).decode


def parse_markets(body: bytes) -> Page[PredictionMarket]:
    """Answer to `markets` → the markets, in the venue's order. A single market, not in a list, is taken too."""
    decodings = Decodings(*usable(_elements(body), _market, "markets"), "")
    return converted("markets", decodings, _market_of, lambda row: row.conditionId)


def _elements(body: bytes) -> list[msgspec.Raw]:
    """The elements of a list, of the page of a list, or the one there is."""
    try:
        if body[:64].lstrip()[:1] == b"[":
            return _pieces(body)
        return _in_object(body)
    except UNDECODABLE as error:
        raise unusable("markets", body, error) from error


def _in_object(body: bytes) -> list[msgspec.Raw]:
    try:
        return _market_page(body).markets
    except msgspec.ValidationError:
        _market(body)
        return [msgspec.Raw(body)]


def _market_of(row: wire.WireMarket) -> PredictionMarket:
    event = row.events[0] if row.events else wire.WireEventName()
    token_ids = tuple(identifier(token) for token in _listed(row.clobTokenIds) or _listed(row.positionIds))
    return PredictionMarket(
        condition_id=_condition_id(row.conditionId),
        event_slug=clean(event.slug, _SLUG_CELLS),
        title=clean(row.question or row.slug, _TITLE_CELLS),
        tags=_slugs(row.tags) or _slugs(event.tags),
        token_ids=token_ids,
        payouts=_payouts(row, len(token_ids)),
        closed_s=_moment(row.closedTime),
    )


def _condition_id(text: str) -> str:
    if text == "":
        raise FrameError("a market without a condition")
    return identifier(text)


def _listed(value: wire.Listed) -> list[str]:
    if not isinstance(value, str):
        return value or []
    try:
        return _ids(value) if value else []
    except UNDECODABLE as error:
        raise FrameError(f"a list of ids that is none: {clean(str(error), 80)}") from error


def _slugs(tags: wire.Tags | None) -> tuple[SafeText, ...]:
    texts = (tag if isinstance(tag, str) else tag.slug for tag in (tags or ())[:_TAGS])
    return tuple(clean(text.lower(), _TAG_CELLS) for text in texts)


def _payouts(row: wire.WireMarket, outcomes: int) -> tuple[float, ...] | None:
    """What each share paid, if the market is resolved: prices of a closed market that add up to one."""
    is_closed = row.closed if row.closed is not None else row.closedTime is not None
    status = (row.umaResolutionStatus or row.resolutionStatus or "").lower()
    if not is_closed or status in _NOT_FINAL:
        return None
    prices = _final_prices(row.outcomePrices)
    if (outcomes and len(prices) != outcomes) or not math.isclose(sum(prices), 1.0, abs_tol=1e-6):
        return None
    payouts = tuple(_snapped(price) for price in prices)
    return payouts if status == "resolved" or _is_settled(payouts) else None


def _final_prices(value: str | list[float] | None) -> list[float]:
    if not isinstance(value, str):
        return value or []
    try:
        return _prices(value) if value else []
    except UNDECODABLE as error:
        raise FrameError(f"outcome prices that are none: {clean(str(error), 80)}") from error


def _snapped(price: float) -> float:
    nearest = round(price)
    return float(nearest) if abs(price - nearest) <= _NEARLY else price


def _is_settled(payouts: Iterable[float]) -> bool:
    """Whether these can only be payouts: all for one outcome, or the same for each."""
    distinct = set(payouts)
    return distinct <= {0.0, 1.0} or len(distinct) == 1


def _moment(text: str | None) -> int | None:
    """Epoch seconds of a date as gamma writes them, with a blank or a T and any offset; None for what is none.

    Beyond the year 2286 (1e10 s) it is none either: nothing else here takes such a time, nor does a calendar.
    """
    try:
        moment = datetime.fromisoformat((text or "")[:40])
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    seconds = int((aware - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())
    return seconds if 0 < seconds < _NEVER_S else None
