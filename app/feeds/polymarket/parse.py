"""Polymarket's Data API: bytes → values. Pure: no clock, no I/O; the only errors that leave are `FrameError`s.

Numbers are validated by the wire structs while they are decoded; addresses, ids and texts are checked here, so that
whatever leaves this module is safe to show.
"""

import msgspec

from app.core.decoding import UNDECODABLE
from app.core.errors import FrameError
from app.core.prediction_market import (
    ActivityKind,
    Holder,
    LeaderboardRow,
    PnlPoint,
    PositionStatus,
    WalletActivity,
    WalletPosition,
    WalletStats,
    wallet_of,
)
from app.core.text import SafeText, clean
from app.feeds.polymarket import wire
from app.feeds.polymarket.pages import Decodings, Page, RowReader, converted, single, usable

_KINDS: dict[str, ActivityKind] = {
    "SPLIT": "SPLIT",
    "MERGE": "MERGE",
    "REDEEM": "REDEEM",
    "REWARD": "REBATE",
    "YIELD": "REBATE",
    "MAKER_REBATE": "REBATE",
    "TAKER_REBATE": "REBATE",
    "REFERRAL_REWARD": "REBATE",
}
_SAYS_NOTHING = frozenset({"CONVERSION", "MIGRATION", "DEPOSIT", "WITHDRAWAL", "TIP"})
"""Kinds of activity that are no bet and no result of one; a conversion swaps shares of one event among its markets."""
_NAME_CELLS, _TITLE_CELLS, _SLUG_CELLS = 40, 160, 200

_activity = RowReader[wire.WireActivity | wire.WireActivityV1]("activity", wire.WireActivity, wire.WireActivityV1)
_positions = RowReader[wire.WirePosition | wire.WirePositionV1]("positions", wire.WirePosition, wire.WirePositionV1)
_leaders = RowReader[wire.WireLeader | wire.WireLeaderV1]("leaderboard", wire.WireLeader, wire.WireLeaderV1)
_holders = RowReader[wire.WireHolders[msgspec.Raw]](
    "holders", wire.WireHolders[msgspec.Raw], wire.WireHolders[msgspec.Raw]
)
_holder = msgspec.json.Decoder(wire.WireHolder, strict=False).decode
_holder_v1 = msgspec.json.Decoder(wire.WireHolderV1, strict=False).decode
_stats = single("stats", wire.WireStats)
_pnl = single("pnl", wire.WirePnl[msgspec.Raw])
_totals = msgspec.json.Decoder(wire.WireTotals, strict=False).decode
_error = msgspec.json.Decoder(wire.WireError, strict=False).decode


def wallet_address(text: str) -> str:
    """`text` in lower case if it is a wallet's address, 0x and 40 hex digits. Raises `FrameError`."""
    wallet = wallet_of(text)
    if wallet is None:
        raise FrameError(f"{clean(text, 48)!r} is not a wallet's address")
    return wallet


def identifier(text: str) -> str:
    """`text` if it can be the id of a market or token: ASCII letters and digits, or empty. Raises `FrameError`."""
    # Bytes are looked through some ten times as fast as a text is, and there are two ids in each of hundreds of rows.
    if text == "" or (text.isascii() and text.encode().isalnum()):
        return text
    raise FrameError(f"{clean(text, 48)!r} is not an id of a market or token")


def parse_activity(body: bytes) -> Page[WalletActivity]:
    """Answer to `activity`, `trades` or `market_trades` → what wallets did, oldest first.

    The venue's order within a second is kept, turned round like the rest. A trade's amount is size times price where
    the venue names none. Rows of kinds that are no bet and no result of one are passed over.
    """
    read = _activity.read(body)
    page = converted("activity", read._replace(rows=read.rows[::-1]), _activity_of, _activity_key)
    places = sorted(range(len(page.rows)), key=lambda place: page.rows[place].at_s)
    return page._replace(
        rows=tuple(page.rows[place] for place in places), keys=tuple(page.keys[place] for place in places)
    )


def parse_positions(body: bytes) -> Page[WalletPosition]:
    """Answer to `positions` → a wallet's positions, in the venue's order."""
    return converted("positions", _positions.read(body), _position_of, lambda row: row.token_id)


def parse_leaderboard(body: bytes) -> Page[LeaderboardRow]:
    """Answer to `leaderboard` → its rows, best first."""
    return converted("leaderboard", _leaders.read(body), _leader_of, lambda row: row.user_id.lower())


def parse_holders(body: bytes) -> Page[Holder]:
    """Answer to `holders` → the holders of each outcome, in the venue's order."""
    read = _holders.read(body)
    pieces = [piece for token in read.rows for piece in token.holders]
    rows, refused, refusal = usable(pieces, _holder_of_either, "holders")
    decodings = Decodings(rows, read.refused + refused, read.refusal or refusal, read.next_cursor)
    return converted("holders", decodings, _holding_of, lambda row: (row.proxy_wallet.lower(), row.token_id))


def parse_stats(body: bytes) -> WalletStats | None:
    """Answer to `stats` → a wallet's totals; None where the venue knows nothing of it."""
    stats = _stats(body)
    if stats is None:
        return None
    totals = stats.all_time_pnl or wire.WireTotals()
    return WalletStats(
        wallet=wallet_address(stats.proxy_wallet),
        name=clean(stats.name or "", _NAME_CELLS),
        markets_traded=stats.trades,
        trade_count=totals.trade_count,
        joined_s=stats.join_date or None,
        biggest_win_usdc=stats.biggest_win,
        realized_pnl_usdc=totals.realized_pnl,
        unrealized_pnl_usdc=totals.unrealized_pnl,
        volume_usdc=totals.volume_usdc,
        maker_rebate_usdc=totals.maker_rebate,
    )


def parse_pnl(body: bytes) -> Page[PnlPoint]:
    """Answer to `pnl` → a wallet's cumulative results, oldest first."""
    data = _pnl(body)
    rows, refused, refusal = usable((data.points or []) if data else [], _totals, "pnl")
    rows.sort(key=lambda totals: totals.timestamp or 0)
    return converted("pnl", Decodings(rows, refused, refusal, ""), _point_of, lambda totals: totals.timestamp)


def parse_error(body: bytes) -> wire.WireError | None:
    """What the venue says with a status other than 200, its words cleaned; None when that is not readable."""
    try:
        error = _error(body)
    except UNDECODABLE:
        return None
    return wire.WireError(clean(error.error, 160), clean(error.code, 40), error.retryable, clean(error.trace_id, 64))


def _activity_of(row: wire.WireActivity | wire.WireActivityV1) -> WalletActivity | None:
    if row.type in _SAYS_NOTHING:
        return None
    kind = _kind(row)
    is_money_only = kind == "REBATE"
    usdc = row.size * row.price if row.usdc_size is None and kind in ("BUY", "SELL") else row.usdc_size
    if usdc is None:
        raise FrameError(f"a {kind} without an amount")
    return WalletActivity(
        wallet=wallet_address(row.proxy_wallet),
        kind=kind,
        condition_id=identifier(row.condition_id),
        token_id="" if is_money_only else identifier(row.token_id),
        size=0.0 if is_money_only else row.size,
        price=min(row.price, 1.0),
        usdc=usdc,
        at_s=row.timestamp,
        event_slug=_slug(row.event_slug),
        outcome_index=_outcome_index(row.outcome_index),
    )


def _kind(row: wire.WireActivity | wire.WireActivityV1) -> ActivityKind:
    if row.type != "TRADE":
        kind = _KINDS.get(row.type)
        if kind is None:
            raise FrameError(f"{clean(row.type, 24)!r} is no known kind of activity")
        return kind
    if row.side == "" or row.token_id == "" or row.condition_id == "":
        raise FrameError("a trade without a side, a token or a condition")
    return row.side


def _activity_key(row: wire.WireActivity | wire.WireActivityV1) -> tuple[object, ...]:
    return row.transaction_hash, row.type, row.side, row.token_id, row.size, row.price, row.timestamp


def _position_of(row: wire.WirePosition | wire.WirePositionV1) -> WalletPosition:
    status = row.status if isinstance(row, wire.WirePosition) else _status_v1(row)
    current_size = row.current_size or 0.0
    return WalletPosition(
        wallet=wallet_address(row.proxy_wallet),
        token_id=identifier(row.token_id),
        condition_id=identifier(row.condition_id),
        status=status,
        current_size=current_size,
        total_size=row.total_size,
        average_price=None if row.avg_price is None else min(row.avg_price, 1.0),
        cost_usdc=_cost(row.entry_cost_usdc, current_size, row.total_size),
        realized_pnl_usdc=row.realized_pnl,
        unrealized_pnl_usdc=row.unrealized_pnl,
        event_slug=_slug(row.event_slug),
        title=clean(row.title or "", _TITLE_CELLS),
        outcome=clean(row.outcome or "", _NAME_CELLS),
        outcome_index=_outcome_index(row.outcome_index),
        opposite_token_id=identifier(row.opposite_token_id or ""),
        last_event_s=row.last_event_at or None,
    )


def _status_v1(row: wire.WirePositionV1) -> PositionStatus:
    if row.current_size is None:
        return "CLOSED"
    if not row.redeemable:
        return "OPEN"
    return "REDEEMABLE_LOST" if row.current_price == 0 else "REDEEMABLE"


def _cost(entry_cost: float | None, current_size: float, total_size: float) -> float | None:
    """What was paid for `total_size`. The venue tells the cost of what is left: the same only while all of it is."""
    if entry_cost is None or total_size <= 0 or current_size < total_size * (1 - 1e-9):
        return None
    return entry_cost


def _leader_of(row: wire.WireLeader | wire.WireLeaderV1) -> LeaderboardRow:
    return LeaderboardRow(
        rank=row.rank,
        wallet=wallet_address(row.user_id),
        name=clean(row.user_name or "", _NAME_CELLS),
        pnl_usdc=row.pnl,
        volume_usdc=row.volume_usdc,
        volume_shares=row.volume,
    )


def _holder_of_either(piece: msgspec.Raw) -> wire.WireHolder | wire.WireHolderV1:
    try:
        return _holder(piece)
    except msgspec.ValidationError:
        return _holder_v1(piece)


def _holding_of(row: wire.WireHolder | wire.WireHolderV1) -> Holder:
    return Holder(
        wallet=wallet_address(row.proxy_wallet),
        name=clean(row.name or "", _NAME_CELLS),
        token_id=identifier(row.token_id),
        size=row.amount,
        outcome_index=_outcome_index(row.outcome_index),
    )


def _point_of(totals: wire.WireTotals) -> PnlPoint:
    if not totals.timestamp:
        raise FrameError("a point without a time")
    return PnlPoint(
        at_s=totals.timestamp,
        realized_pnl_usdc=totals.realized_pnl,
        unrealized_pnl_usdc=totals.unrealized_pnl,
        volume_usdc=totals.volume_usdc,
        trade_count=totals.trade_count,
    )


def _outcome_index(index: int | None) -> int | None:
    return None if index == wire.NO_OUTCOME else index


def _slug(text: str | None) -> SafeText:
    # Wide enough for every slug there is: a cut one would name nothing.
    return clean(text or "", _SLUG_CELLS)
