"""Windows of bars around candidates: where a backtest looks while it holds nothing."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.markets.bar_table import Integers


class Windows(NamedTuple):
    """Spans of places, from each of `starts` to before the end beside it: in order, apart, none of them empty."""

    starts: Integers
    ends: Integers

    @property
    def bars(self) -> int:
        """How many bars they hold."""
        return int((self.ends - self.starts).sum())


def windows_around(passed: NDArray[np.bool_], width: int, first: int) -> Windows:
    """Windows of `width` bars (≥ 2) around the places of `passed`, half of them before it; those that touch are one.

    None begins before `first`, none ends after the last bar, and each holds its candidate.
    """
    places = np.flatnonzero(passed)
    starts = np.maximum(places - width // 2, first)
    ends = np.minimum(places + (width - width // 2), len(passed))
    if not len(places):
        return Windows(starts, ends)
    apart = starts[1:] > ends[:-1]
    return Windows(starts[np.concatenate([[True], apart])], ends[np.concatenate([apart, [True]])])
