"""Hyperliquid's leaderboard: 47,000 rows in one document, of which the best sound ones are kept. Pure.

A row is decoded by itself, so that an odd one does not hide the others and what is refused takes no memory; why it was
refused is counted. The document is undocumented and dirty: treasuries that never trade, returns of 2,641,204 %.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from app.core.decoding import UNDECODABLE
from app.core.errors import FrameError
from app.core.text import clean
from app.core.traders import RankedTrader, WindowResult
from app.feeds.hyperliquid.decoding import decoder
from app.feeds.hyperliquid.parse_traders import trader_address
from app.feeds.hyperliquid.wire import WireRankedTrader, WireResult

CHANNEL = "leaderboard"
"""What the question for it is called in `Request.channel`."""

UNREADABLE, BAD_ADDRESS, REPEATED, NO_WINDOW = "unreadable", "bad address", "repeated", "window missing"
SMALL, IDLE, ABSURD, UNTRADED = "small account", "no trade in a month", "absurd return", "profit without trades"

_WINDOWS = frozenset({"day", "week", "month", "allTime"})
_PROFIT_PER_VOLUME = 10.0
"""A trade that made ten times what it was worth is none: an account with more profit than that holds or is paid."""


class LeaderboardRules(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows are kept: the best `keep` of those that fit; `maximum_roi` is a fraction of any window."""

    keep: Annotated[int, Meta(ge=1, le=10_000)] = 2_000
    maximum_roi: Annotated[float, Meta(gt=0, le=1e6)] = 50.0
    minimum_equity_usd: Annotated[float, Meta(ge=0, le=1e12)] = 100_000.0


class LeaderboardDigest(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of a leaderboard of `size_bytes`: the best rows, and how many were seen and refused for what."""

    rows: Annotated[tuple[RankedTrader, ...], Meta(max_length=10_000)]
    rows_seen: Annotated[int, Meta(ge=0, lt=2**53)]
    refused: Annotated[
        dict[Annotated[str, Meta(max_length=64)], Annotated[int, Meta(ge=0, lt=2**53)]], Meta(max_length=32)
    ]
    size_bytes: Annotated[int, Meta(ge=0, lt=2**53)]


class _Document(msgspec.Struct):
    leaderboardRows: list[msgspec.Raw]  # noqa: N815 - the venue's own name


_decode_document = decoder(_Document, "leaderboard")
_decode_row = msgspec.json.Decoder(WireRankedTrader, strict=False).decode
_decode_digest = msgspec.msgpack.Decoder(LeaderboardDigest).decode
_decode_rules = decoder(LeaderboardRules, "choice of a leaderboard's rows")

encode_digest: Callable[[LeaderboardDigest], bytes] = msgspec.msgpack.encode
"""A digest as the answer to the question for a leaderboard holds it: about 1 MB."""
encode_rules: Callable[[LeaderboardRules], bytes] = msgspec.json.encode
"""The rules as the body of that question."""


def parse_rules(body: bytes) -> LeaderboardRules:
    """The rules in a question's body. Raises `FrameError`."""
    return _decode_rules(body)


def parse_leaderboard_digest(body: bytes) -> LeaderboardDigest:
    """Answer to the question for a leaderboard → its best rows, best first. Raises `FrameError`."""
    try:
        digest = _decode_digest(body)
    except UNDECODABLE as error:
        raise FrameError(f"not a digest of a leaderboard: {clean(str(error), 120)}") from error
    if not all(math.isfinite(result.roi) for row in digest.rows for result in _results(row)):
        raise FrameError("digest of a leaderboard: a return is not a number")
    rows = tuple(msgspec.structs.replace(row, name=clean(row.name)) for row in digest.rows)
    return msgspec.structs.replace(
        digest, rows=rows, refused={clean(why): count for why, count in digest.refused.items()}
    )


def digest_of(document: bytes, rules: LeaderboardRules) -> LeaderboardDigest:
    """The leaderboard → what is left of it under `rules`. Raises `FrameError` for a document that is not whole."""
    raw_rows = _decode_document(document).leaderboardRows
    refused: Counter[str] = Counter()
    sound = list(_sound(raw_rows, rules, refused))
    rows = tuple(_ranked(row) for row in _best(sound, rules.keep))
    return LeaderboardDigest(rows=rows, rows_seen=len(raw_rows), refused=dict(refused), size_bytes=len(document))


def _sound(raw_rows: Sequence[msgspec.Raw], rules: LeaderboardRules, refused: Counter[str]) -> Iterator["_Row"]:
    seen: set[str] = set()
    for raw in raw_rows:
        try:
            row = _Row(_decode_row(raw))
        except UNDECODABLE:
            refused[UNREADABLE] += 1
            continue
        why = _why_refused(row, rules) or (REPEATED if row.address in seen else "")
        if why:
            refused[why] += 1
            continue
        seen.add(row.address)
        yield row


class _Row:
    """A row that was decoded, with its windows by name."""

    __slots__ = ("address", "equity_usd", "name", "windows")

    def __init__(self, wire: WireRankedTrader) -> None:
        self.address = wire.ethAddress.lower()
        self.equity_usd = wire.accountValue
        self.name = wire.displayName or ""
        self.windows: dict[str, WireResult] = dict(wire.windowPerformances)

    @property
    def month_usd(self) -> float:
        """Profit of the last month."""
        return self.windows["month"].pnl

    @property
    def ever_usd(self) -> float:
        """Profit since the account began."""
        return self.windows["allTime"].pnl


def _why_refused(row: _Row, rules: LeaderboardRules) -> str:
    if row.equity_usd < rules.minimum_equity_usd:
        return SMALL
    try:
        trader_address(row.address)
    except FrameError:
        return BAD_ADDRESS
    if not row.windows.keys() >= _WINDOWS:
        return NO_WINDOW
    if row.windows["month"].vlm <= 0:
        return IDLE
    if any(row.windows[name].roi > rules.maximum_roi for name in _WINDOWS):
        return ABSURD
    ever = row.windows["allTime"]
    return UNTRADED if ever.pnl > _PROFIT_PER_VOLUME * ever.vlm else ""


def _best(rows: list[_Row], count: int) -> list[_Row]:
    """The `count` rows with the best places in any of three lists: profit of a month, profit of all time, equity.

    So the successful are kept, lately or for long, and the largest, whose moves are told whatever they made.
    """
    places: dict[str, int] = {}
    measures: tuple[Callable[[_Row], float], ...] = (
        lambda row: row.month_usd, lambda row: row.ever_usd, lambda row: row.equity_usd,
    )  # fmt: skip
    for measure in measures:
        for place, row in enumerate(sorted(rows, key=lambda row: (-measure(row), row.address))):
            places[row.address] = min(place, places.get(row.address, place))
    return sorted(rows, key=lambda row: (places[row.address], row.address))[:count]


def _ranked(row: _Row) -> RankedTrader:
    results = [_result(row.windows[name]) for name in ("day", "week", "month", "allTime")]
    return RankedTrader(
        trader=row.address,
        name=clean(row.name),
        equity_usd=row.equity_usd,
        day=results[0],
        week=results[1],
        month=results[2],
        all_time=results[3],
    )


def _result(told: WireResult) -> WindowResult:
    return WindowResult(pnl_usd=told.pnl, roi=told.roi, volume_usd=told.vlm)


def _results(row: RankedTrader) -> tuple[WindowResult, ...]:
    return row.day, row.week, row.month, row.all_time
