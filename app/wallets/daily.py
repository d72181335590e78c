"""What a wallet's history of results by day says of its volatility and Sharpe ratio."""

from collections.abc import Sequence
from math import sqrt

import numpy as np

from app.core.prediction_market import PnlPoint
from app.wallets.columns import Floats
from app.wallets.values import DailyRecord

LEAST_DAYS = 30
"""Days with a total, which have one change fewer between them."""
_DAY_S = 86_400
_DAYS_A_YEAR = 365
_ROUNDING_USDC, _ROUNDING = 1e-6, 1e-9
"""What totals are rounded by: the venue's smallest amount, or what so large a number leaves."""


def daily_record(points: Sequence[PnlPoint]) -> DailyRecord | None:
    """The record of cumulative results, the last one of each day (UTC) with a known result; None without any.

    A day that is missing had no change. The Sharpe ratio is the mean change of a day over its standard deviation, times
    √365, with no riskless return: Sharpe, Journal of Portfolio Management 21 (1994). Results that grow by the same each
    day have none.
    """
    in_order = ((point.at_s, point.total_usdc) for point in sorted(points, key=lambda point: point.at_s))
    known = {at_s // _DAY_S: total for at_s, total in in_order if total is not None}
    if not known:
        return None
    days = np.arange(min(known), max(known) + 1)
    places = np.searchsorted(np.array(list(known)), days, side="right") - 1
    totals = np.array(list(known.values()))[places]
    changes = np.diff(totals)
    spread = _spread(changes, totals) if len(days) >= LEAST_DAYS else None
    falls = np.maximum.accumulate(np.maximum(totals, totals[0])) - totals
    return DailyRecord(
        days=len(days),
        sharpe=float(np.mean(changes)) / spread * sqrt(_DAYS_A_YEAR) if spread else None,
        volatility_usdc=spread,
        max_drawdown_usdc=float(falls.max()),
    )


def _spread(changes: Floats, totals: Floats) -> float:
    """Standard deviation of the changes; zero where it is no more than what the totals were rounded by."""
    spread = float(np.std(changes, ddof=1))
    return spread if spread >= max(_ROUNDING_USDC, _ROUNDING * float(np.abs(totals).max())) else 0.0
