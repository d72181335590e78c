"""What can be asked of the token venues, as values: no transport, no clock, no key.

A `Question` names a venue's route, what goes into its path and its query. An engine carries it as a `Request`, so that
it and its answer are on the tape.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from app.core.decoding import UNDECODABLE
from app.core.errors import DataError
from app.core.record import Request
from app.core.text import clean
from app.core.tokens import solana_address_of

GECKOTERMINAL, DEXSCREENER, BIRDEYE = "geckoterminal", "dexscreener", "birdeye"
VENUES = (GECKOTERMINAL, DEXSCREENER, BIRDEYE)
SLOT_S = 300
MOST_PAIRS = 30
"""Tokens that one call to DexScreener may ask about."""
MOST_CANDLES = 1_000
_PART = re.compile(r"[A-Za-z0-9,]{1,1400}", re.ASCII)


class Route(NamedTuple):
    """Where a question goes: `path` with `{}` for each of its parts. `body_cap`: bytes of an answer."""

    path: str
    body_cap: int = 1 << 20


ROUTES: Mapping[str, Mapping[str, Route]] = {
    GECKOTERMINAL: {
        "new_pools": Route("/networks/solana/new_pools"),
        "candles": Route("/networks/solana/pools/{}/ohlcv/minute"),
        "holders": Route("/networks/solana/tokens/{}/info"),
    },
    DEXSCREENER: {"pairs": Route("/tokens/v1/solana/{}", 2 << 20)},
    BIRDEYE: {
        "overview": Route("/defi/token_overview"),
        "candles": Route("/defi/v3/ohlcv"),
    },
}
"""Every route, by venue and by the name that a `Question` and a `Request` carry."""


class Question(msgspec.Struct, frozen=True):
    """One call. `subject` is the token or pool it is about, empty for several or none."""

    venue: str
    name: str
    parts: tuple[str, ...] = ()
    query: tuple[tuple[str, str], ...] = ()
    subject: str = ""

    @property
    def path(self) -> str:
        """The path below the venue's base."""
        return ROUTES[self.venue][self.name].path.format(*self.parts)


def new_pools(page: int = 1) -> Question:
    """GeckoTerminal's pools, newest first, 20 a page, pages 1 to 10."""
    return Question(GECKOTERMINAL, "new_pools", (), (("page", str(page)),))


def pool_candles(pool: str, limit: int) -> Question:
    """GeckoTerminal's newest five-minute candles of a pool, at most 1000, in dollars."""
    query = (("aggregate", "5"), ("limit", str(limit)), ("currency", "usd"), ("token", "base"))
    return Question(GECKOTERMINAL, "candles", (_address(pool),), query, pool)


def holders(mint: str) -> Question:
    """GeckoTerminal's count of a token's holders."""
    return Question(GECKOTERMINAL, "holders", (_address(mint),), (), mint)


def pairs(mints: Sequence[str]) -> Question:
    """DexScreener's pairs of 1 to 30 tokens."""
    if not 0 < len(mints) <= MOST_PAIRS:
        raise ValueError(f"{len(mints)} tokens in one question; 1 to {MOST_PAIRS} fit")
    return Question(DEXSCREENER, "pairs", (",".join(map(_address, mints)),))


def overview(mint: str) -> Question:
    """Birdeye's figures of a token, the number of its holders among them."""
    return Question(BIRDEYE, "overview", (), (("address", _address(mint)),), mint)


def token_candles(mint: str, from_s: int, to_s: int) -> Question:
    """Birdeye's five-minute candles of a token in a span of time."""
    query = (("address", _address(mint)), ("type", "5m"), ("time_from", str(from_s)), ("time_to", str(to_s)))
    return Question(BIRDEYE, "candles", (), query, mint)


def request_body(question: Question) -> bytes:
    """Path parts and query as the engine's request carries them; the route is the request's channel."""
    return msgspec.json.encode((question.parts, question.query))


def from_request(request: Request) -> Question:
    """The question in a request. Raises `DataError` when it is none of these venues'."""
    routes = ROUTES.get(request.venue, {})
    if request.channel not in routes:
        venue = clean(request.venue, 40)
        raise DataError(f"request {request.request_id} asks nothing that {venue} answers: {clean(request.channel, 40)}")
    try:
        parts, query = _body_of(request.body)
    except UNDECODABLE as error:
        raise DataError(
            f"request {request.request_id} to {request.venue} cannot be read: {clean(str(error), 120)}"
        ) from error
    if len(parts) != routes[request.channel].path.count("{}") or not all(map(_PART.fullmatch, parts)):
        raise DataError(f"request {request.request_id} to {request.venue} names no address")
    return Question(request.venue, request.channel, parts, query, request.subject)


_body_of = msgspec.json.Decoder(tuple[tuple[str, ...], tuple[tuple[str, str], ...]]).decode


def _address(text: str) -> str:
    """`text` if it is an address. Raises `ValueError`: what is no address must not become part of a path."""
    found = solana_address_of(text)
    if found is None:
        raise ValueError(f"{clean(text, 48)!r} is no address on Solana")
    return found
