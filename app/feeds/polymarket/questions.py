"""What can be asked of Polymarket, as values: no transport, no clock.

A `Question` names a route and its query. The client asks it over HTTP; an engine carries it as a `Request`, so that it
and its answer are on the tape.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from app.core.decoding import UNDECODABLE
from app.core.errors import DataError
from app.core.prediction_market import PositionStatus
from app.core.record import Request
from app.core.text import clean
from app.feeds.polymarket.limits import CONDITIONS_IN_A_CALL, KEYS_IN_A_CALL, LONGEST_CURSOR, ROUTES, VENUE, Route

Window = Literal["day", "week", "month", "all"]
Sort = Literal["PNL", "VOLUME"]
Fidelity = Literal["1d", "18h", "12h", "3h", "1h"]

PAID_NOW = "paid by now"
"""The variant of a question that is asked anew each time."""
_LONGEST_WORD = 128
_query_of = msgspec.json.Decoder(tuple[tuple[str, str], ...]).decode


class Question(msgspec.Struct, frozen=True, gc=False):
    """One call: a route's name (see `limits.ROUTES`) and its query, in order; a key may come more than once.

    `subject` is the wallet or market it is about, `variant` what sets it apart from others about the same.
    """

    name: str
    query: tuple[tuple[str, str], ...]
    subject: str = ""
    variant: str = ""

    @property
    def route(self) -> Route:
        """Where it goes, and which limits it counts in."""
        return ROUTES[self.name]

    def after(self, cursor: str) -> "Question":
        """The same question about the page behind `cursor`: the filters go along, the venue does not keep them."""
        filters = tuple(pair for pair in self.query if pair[0] != "cursor")
        return msgspec.structs.replace(self, query=(*filters, ("cursor", cursor[:LONGEST_CURSOR])))


def stats(wallet: str) -> Question:
    """A wallet's totals, age and biggest win."""
    return Question("stats", (("user", wallet),), wallet)


def trades(wallet: str, start_s: int | None = None, limit: int = 100) -> Question:
    """A wallet's trades, newest first, as taker and as maker; from `start_s` on, or of the last three years."""
    query = [("user", wallet), ("taker_only", "false"), ("limit", str(limit))]
    return Question("trades", (*query, *_since(start_s)), wallet, _from(start_s))


def activity(wallet: str, start_s: int | None = None, limit: int = 500) -> Question:
    """All a wallet did, newest first: trades, splits, merges, redemptions, rebates; `start_s` as for `trades`."""
    query = (("user", wallet), ("limit", str(limit)), *_since(start_s))
    return Question("activity", query, wallet, _from(start_s))


def positions(wallet: str, status: PositionStatus, limit: int = 500) -> Question:
    """A wallet's positions of one status, the last touched first; on archived markets too."""
    # Unasked, the venue gives closed ones by profit: a list that is cut would keep the best and drop the losers.
    query = (("user", wallet), ("status", status), ("limit", str(limit)), ("sort_by", "TIMESTAMP"))
    # The venue refuses the word for closed ones.
    archived = () if status == "CLOSED" else (("include_archived", "true"),)
    return Question("positions", (*query, *archived), wallet, status)


def pnl(wallet: str, fidelity: Fidelity = "1d") -> Question:
    """A wallet's cumulative results, one point per `fidelity`."""
    return Question("pnl", (("user", wallet), ("interval", "all"), ("fidelity", fidelity)), wallet, fidelity)


def leaderboard(window: Window = "month", category: str = "overall", sort: Sort = "PNL", limit: int = 50) -> Question:
    """The wallets with the most profit or volume of a window, in a category of the venue."""
    query = (("time_period", window), ("category", category), ("sort_by", sort), ("limit", str(limit)))
    return Question("leaderboard", query, "", clean(f"{window} {category} {sort}", _LONGEST_WORD))


def holders(condition_id: str, limit: int = 50) -> Question:
    """The largest holders of each outcome of a market."""
    return Question("holders", (("condition", condition_id), ("limit", str(limit))), condition_id)


def market_trades(condition_ids: Sequence[str] = (), minimum_usdc: float = 0.0, limit: int = 500) -> Question:
    """Recent trades of all wallets in these markets (at most 20; none: everywhere), of at least `minimum_usdc`."""
    if len(condition_ids) > CONDITIONS_IN_A_CALL:
        raise ValueError(f"{len(condition_ids)} markets in one question; at most {CONDITIONS_IN_A_CALL} fit")
    query = [("limit", str(limit)), ("taker_only", "false")]
    if condition_ids:
        query.append(("condition", ",".join(condition_ids)))
    if minimum_usdc > 0:
        query += [("filter_type", "CASH"), ("filter_amount", f"{minimum_usdc:g}")]
    variant = f"{len(condition_ids)} markets from {minimum_usdc:g} USDC"
    return Question("market_trades", tuple(query), condition_ids[0] if condition_ids else "", variant)


def markets(condition_ids: Sequence[str], *, closed: bool) -> Question:
    """Open or closed ones among these markets (at most 50), with their tags: gamma tells of one kind at a time."""
    count = len(condition_ids)
    if not 0 < count <= KEYS_IN_A_CALL:
        raise ValueError(f"{count} markets in one question; 1 to {KEYS_IN_A_CALL} fit")
    # The venue reads repeated keys only: a list in brackets or with commas is passed over without a word.
    keys = tuple(("condition_ids", condition_id) for condition_id in condition_ids)
    more = (("include_tag", "true"), ("closed", str(closed).lower()), ("limit", str(count)))
    return Question("markets", (*keys, *more), condition_ids[0], f"{count} {'closed' if closed else 'open'}")


def payouts(condition_ids: Sequence[str]) -> Question:
    """What the resolved ones among these markets (at most 50) have paid, as of now: no earlier answer will do."""
    return msgspec.structs.replace(markets(condition_ids, closed=True), variant=PAID_NOW)


def request_body(question: Question) -> bytes:
    """The question's query as the engine's request carries it; the route is the request's channel."""
    return msgspec.json.encode(question.query)


def from_request(request: Request) -> Question:
    """The question in a request. Raises `DataError` when it is none of this venue's."""
    if request.venue != VENUE or request.channel not in ROUTES:
        raise DataError(f"request {request.request_id} asks nothing that {VENUE} answers: {clean(request.channel)}")
    try:
        query = _query_of(request.body)
    except UNDECODABLE as error:
        raise DataError(f"request {request.request_id} to {VENUE} has no query: {clean(str(error), 120)}") from error
    return Question(request.channel, query, request.subject, request.variant)


def _since(start_s: int | None) -> tuple[tuple[str, str], ...]:
    # Zero would mean three years back to the venue, and is what nobody means who names it.
    return () if start_s is None else (("start", str(max(1, start_s))),)


def _from(start_s: int | None) -> str:
    return "" if start_s is None else f"from {start_s}"
