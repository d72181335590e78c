"""An account by days: what the returns of accounts over bars of any span can be compared by."""

import numpy as np

from app.measures.blocks import Integers
from app.measures.returns import Floats

DAY_MS = 86_400_000
DAYS_A_YEAR = 365.0


def daily_returns(times_ms: Integers, equity: Floats, begin: float) -> Floats:
    """The return of each UTC day from the first to the last time, 0 on days without any.

    `equity` is the account at `times_ms`, at least one, in order, `begin` what it was before. After the day on which
    nothing is left (return −1) all returns are 0.
    """
    days = times_ms // DAY_MS
    last = np.append(np.flatnonzero(np.diff(days)), len(days) - 1)
    account = equity[last]
    left = np.concatenate([[begin], account]) > 0
    left = np.logical_and.accumulate(left)
    before = np.concatenate([[begin], account[:-1]])
    # A day begins with something left, or nothing happens in it; a day that ends with nothing loses all.
    found = np.where(left[:-1], np.where(left[1:], account, 0.0) / np.where(left[:-1], before, 1.0) - 1.0, 0.0)
    returns = np.zeros(int(days[-1] - days[0]) + 1)
    returns[days[last] - days[0]] = found
    return returns
