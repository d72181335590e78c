"""The venue's lists of a wallet's positions, put together so that a cut in one of them favours nobody. Pure."""

from collections.abc import Iterable, Mapping

import msgspec

from app.core.prediction_market import PositionStatus, WalletPosition
from app.feeds.polymarket.walk import Walked

STATUSES: tuple[PositionStatus, ...] = ("CLOSED", "REDEEMABLE_LOST", "OPEN")
"""Positions of a record: the venue's open ones hold those that won and wait to be redeemed. Those lost and never
redeemed count like all others: without them every wallet wins."""

_HELD = frozenset({"OPEN", "MERGEABLE"})
"""What goes on is no part of a result; it says which closed ones were hedged."""


def listed_positions(
    wallet: str, lists: Mapping[PositionStatus, Walked[WalletPosition]]
) -> tuple[tuple[WalletPosition, ...], bool]:
    """The wallet's positions of all lists, newest first in each, and whether one of the lists went on.

    Where one did, all that is over begins where it was cut: a year of winners and a month of losers are another wallet.
    """
    of_list = {status: [row for row in lists[status].rows if row.wallet == wallet] for status in STATUSES}
    cut = [status for status in STATUSES if not lists[status].is_whole]
    since_s = max((_oldest_s(of_list[status]) for status in cut), default=0)
    # In the order of statuses, whichever answer came first; what two lists hold is one position.
    rows = {
        (row.token_id, row.status): row
        for status in STATUSES
        for row in map(_lost if status == "REDEEMABLE_LOST" else _same, of_list[status])
        if row.status in _HELD or (row.last_event_s or 0) >= since_s
    }
    return tuple(rows.values()), bool(cut)


def _oldest_s(rows: Iterable[WalletPosition]) -> int:
    return min((row.last_event_s for row in rows if row.last_event_s is not None), default=0)


def _lost(row: WalletPosition) -> WalletPosition:
    """The venue calls a row of the lost ones redeemable, as it calls the winners."""
    return msgspec.structs.replace(row, status="REDEEMABLE_LOST") if row.status == "REDEEMABLE" else row


def _same(row: WalletPosition) -> WalletPosition:
    return row
