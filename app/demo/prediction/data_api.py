"""Routes of the data API v2 about one wallet or one market: pure functions from a question to a body."""

from typing import NamedTuple

import msgspec
import numpy as np

from app.demo.grid import Integers
from app.demo.prediction import results, rows, wire
from app.demo.prediction.draws import Flags
from app.demo.prediction.history import History, series
from app.demo.prediction.legs import Leg, Legs
from app.demo.prediction.questions import Question, invalid
from app.demo.prediction.world import World

TYPES = (
    "TRADE", "SPLIT", "MERGE", "REDEEM", "CONVERSION", "MIGRATION", "REWARD", "YIELD", "MAKER_REBATE", "TAKER_REBATE",
    "REFERRAL_REWARD", "DEPOSIT", "WITHDRAWAL", "TIP",
)  # fmt: skip
STATUSES = ("OPEN", "REDEEMABLE", "REDEEMABLE_LOST", "MERGEABLE", "CLOSED")
SORTS = {
    "CURRENT_VALUE": "current_value",
    "PRICE": "current_price",
    "TOKENS": "current_size",
    "UNREALIZED_PNL": "unrealized_pnl",
    "REALIZED_PNL": "realized_pnl",
    "TOTAL_PNL": "total_pnl",
    "TIMESTAMP": "last_event_at",
}
"""Orders of positions, and what each goes by."""
OF_HELD = frozenset({"CURRENT_VALUE", "PRICE", "TOKENS", "UNREALIZED_PNL"})
"""Those that say nothing of closed positions, which then come by realised results."""
FIDELITIES = {"1d": 86_400, "18h": 64_800, "12h": 43_200, "3h": 10_800, "1h": 3_600}
INTERVALS = {"all": 0, "1m": 30 * 86_400, "1w": 7 * 86_400, "1d": 86_400}
MOST_ROWS, MOST_POSITIONS, MOST_CONDITIONS = 1_000, 500, 20
_YEARS_S = 3 * 365 * 86_400
_LATEST_S = 10_000_000_000
_encode = msgspec.json.encode


def data(value: object) -> bytes:
    """An envelope without pages."""
    return _encode({"data": value})


def page(value: object, limit: int, offset: int, next_cursor: str) -> bytes:
    """An envelope with pages."""
    return _encode({"data": value, "pagination": wire.Pagination(limit, offset, bool(next_cursor), next_cursor)})


def find(world: World, address: str, now_s: int) -> History | None:
    """The history behind an address, None for strangers and for wallets that have not begun."""
    number = world.people.number(address)
    history = None if number is None else world.histories.one(number)
    return history if history is not None and len(history.bets.who) and history.bets.entry_s[0] <= now_s else None


def user_stats(world: World, question: Question, now_s: int) -> bytes:
    """`/v2/user-stats`."""
    history = find(world, question.user(), now_s)
    return data(None if history is None else rows.stats(world, history, now_s))


def value(world: World, question: Question, now_s: int) -> bytes:
    """`/v2/value`: what a wallet's shares are worth."""
    history = find(world, question.user(), now_s)
    if history is None:
        return data(None)
    now = results.at(world.markets, history.bets, now_s)
    return data({"proxy_wallet": question.user(), "value": round(float((now.held * now.mark).sum()), 6)})


def user_volume(world: World, question: Question, now_s: int) -> bytes:
    """`/v2/user-volume`."""
    history = find(world, question.user(), now_s)
    if history is None:
        return data(None)
    total = rows.stats(world, history, now_s).all_time_pnl
    return data({"volume": total.volume, "volume_usdc": total.volume_usdc, "trade_count": total.trade_count})


def user_pnl(world: World, question: Question, now_s: int) -> bytes:
    """`/v2/user-pnl`: cumulative points since the first trade, or over an interval that ends now."""
    history = find(world, question.user(), now_s)
    length = INTERVALS[question.choice("interval", "all", tuple(INTERVALS))]
    step = FIDELITIES[question.choice("fidelity", "1d", tuple(FIDELITIES))]
    if history is None:
        return data({"points": []})
    first = int(history.bets.entry_s[0])
    begin = max(first, now_s - length) if length else first
    return data({"points": rows.points(series(world.markets, history, rows.days(begin, now_s, step)))})


def wallet_trades(world: World, question: Question, now_s: int) -> bytes:
    """`/v2/trades?user=`: a wallet's fills, newest first."""
    wanted, user = Filter.of(world, question, now_s), question.user()
    takers_only = question.flag("taker_only", False)
    history = find(world, user, now_s)
    if history is None:
        return page([], wanted.limit, 0, "")
    chosen = wanted.rows(history.legs, history.bets.market) & (history.legs.kind <= Leg.SELL)
    if takers_only:
        chosen &= ~history.legs.maker
    found, cursor = _newest(question, "trades", history, chosen, wanted.limit)
    return page([rows.trade(world, history, row) for row in found], wanted.limit, 0, cursor)


def activity(world: World, question: Question, now_s: int) -> bytes:
    """`/v2/activity?user=`: all a wallet did, newest first."""
    wanted, user = Filter.of(world, question, now_s), question.user()
    kind = question.choice("type", "", ("", *TYPES))
    history = find(world, user, now_s)
    if history is None:
        return page([], wanted.limit, 0, "")
    chosen = wanted.rows(history.legs, history.bets.market)
    if kind:
        chosen &= np.isin(history.legs.kind, [leg for leg, name in rows.TYPES.items() if name == kind])
    found, cursor = _newest(question, "activity", history, chosen, wanted.limit)
    return page([rows.activity(world, history, row) for row in found], wanted.limit, 0, cursor)


def wallet_positions(world: World, question: Question, now_s: int) -> bytes:
    """`/v2/positions?user=`: a wallet's positions, the largest first by what was asked for."""
    question.no_offset()
    limit = question.number("limit", 100, 1, MOST_POSITIONS)
    upward = question.choice("sort_direction", "desc", ("asc", "desc")) == "asc"
    wanted = {status.upper() for status in question.several("status")}
    if not wanted <= set(STATUSES):
        raise invalid("status", f"must be among {', '.join(STATUSES)}")
    sort = _order(question, wanted)
    if "OPEN" in wanted:
        # The venue counts whatever is still held and not lost as open; each row says what it is.
        wanted |= {"REDEEMABLE", "MERGEABLE"}
    markets = set(conditions(world, question))
    skip = question.cursor("positions").get("o", 0)
    history = find(world, question.user(), now_s)
    if history is None:
        return page([], limit, 0, "")
    now = results.at(world.markets, history.bets, now_s)
    words = rows.statuses(history.bets, now, now_s)
    chosen = [
        bet
        for bet, word in enumerate(words)
        if word and (not wanted or word in wanted)
        and (not question.several("condition", "condition_id") or int(history.bets.market[bet]) in markets)
    ]  # fmt: skip
    found = [_listed(rows.position(world, history, now, bet, words[bet], now_s)) for bet in chosen]
    found.sort(key=lambda row: ((getattr(row, sort) or 0.0) * (1 if upward else -1), row.token_id))
    rest = question.next_cursor("positions", o=skip + limit) if skip + limit < len(found) else ""
    return page(found[skip : skip + limit], limit, skip, rest)


def _listed(row: wire.Position) -> wire.Position:
    """A row as a wallet's list has it: lost ones are asked for by a word of their own and do not repeat it."""
    if row.status == "REDEEMABLE_LOST":
        row.status = "REDEEMABLE"
    return row


def _order(question: Question, wanted: set[str]) -> str:
    """By which figure positions of these statuses come."""
    is_closed = wanted == {"CLOSED"}
    if is_closed and question.text("include_archived"):
        raise invalid("include_archived", "not supported with status CLOSED")
    sort = question.choice("sort_by", "CURRENT_VALUE", tuple(SORTS))
    return SORTS["REALIZED_PNL" if is_closed and sort in OF_HELD else sort]


def conditions(world: World, question: Question) -> list[int]:
    """Numbers of the markets a question is about; unknown ones are left out."""
    asked = question.several("condition", "condition_id")
    if len(asked) > MOST_CONDITIONS:
        raise invalid("condition", f"at most {MOST_CONDITIONS} at once")
    return [number for number in map(world.names.number, asked) if number is not None]


class Filter(NamedTuple):
    """What rows of trades and activity are asked for. Times are epoch seconds; without `markets` all of them count."""

    limit: int
    begin_s: int
    end_s: int
    side: str
    markets: list[int] | None
    least: float
    by_cash: bool

    @classmethod
    def of(cls, world: World, question: Question, now_s: int) -> "Filter":
        """Read and check all parameters; a market is looked at over three years, whatever start and end say."""
        question.no_offset()
        begin = question.number("start", 0, 0, _LATEST_S) or now_s - _YEARS_S
        end = min(now_s, question.number("end", 0, 0, _LATEST_S) or now_s)
        named = bool(question.several("condition", "condition_id"))
        return cls(
            limit=question.number("limit", 100, 1, MOST_ROWS),
            begin_s=now_s - _YEARS_S if named else begin,
            end_s=now_s if named else end,
            side=question.choice("side", "", ("", "BUY", "SELL")),
            markets=conditions(world, question) if named else None,
            least=question.amount("filter_amount"),
            by_cash=question.choice("filter_type", "CASH", ("CASH", "TOKENS")) == "CASH",
        )

    def rows(self, legs: Legs, markets: Integers) -> Flags:
        """Which rows pass; `markets` are those of the bets they belong to."""
        passed: Flags = (legs.time_s >= self.begin_s) & (legs.time_s <= self.end_s)
        if self.side:
            passed &= legs.kind == Leg[self.side]
        if self.markets is not None:
            passed &= (legs.bet >= 0) & np.isin(markets[legs.bet], self.markets)
        if self.least > 0.0:
            passed &= (legs.usdc if self.by_cash else legs.size) >= self.least
        return passed


def _newest(question: Question, kind: str, history: History, wanted: Flags, limit: int) -> tuple[list[int], str]:
    """The newest `limit` wanted rows before the cursor's anchor, newest first, and the cursor that goes on."""
    anchor = question.cursor(kind)
    legs = history.legs
    if anchor:
        earlier = legs.time_s < anchor["ts"]
        same = (legs.time_s == anchor["ts"]) & (legs.serial >> np.uint64(1) < np.uint64(anchor["sq"]))
        wanted = wanted & (earlier | same)
    found: Integers = np.flatnonzero(wanted)[::-1]
    shown = found[:limit].tolist()
    if len(found) <= limit:
        return shown, ""
    last = shown[-1]
    return shown, question.next_cursor(kind, ts=int(legs.time_s[last]), sq=int(legs.serial[last] >> np.uint64(1)))
