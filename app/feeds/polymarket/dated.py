"""Rows that the venue dates after the time they came. Pure: the time is passed in."""

from typing import Protocol, TypeVar

from app.core.text import clean
from app.feeds.polymarket.pages import Page

AHEAD_S = 300
"""So far a machine's clock may be behind the venue's."""


class Dated(Protocol):
    """A row with a time in epoch seconds."""

    @property
    def at_s(self) -> int:
        """When it happened."""


Row = TypeVar("Row", bound=Dated)


def not_ahead(page: Page[Row], now_s: int, most_s: int = AHEAD_S) -> Page[Row]:
    """The page without rows dated more than `most_s` after `now_s`, which are refused.

    Whoever reads on from the newest row would pass over all that happens until then.
    """
    ahead_s = max((row.at_s for row in page.rows), default=now_s) - now_s
    if ahead_s <= most_s:
        return page
    kept = [place for place, row in enumerate(page.rows) if row.at_s - now_s <= most_s]
    return page._replace(
        rows=tuple(page.rows[place] for place in kept),
        keys=tuple(page.keys[place] for place in kept),
        refused=page.refused + len(page.rows) - len(kept),
        refusal=page.refusal or clean(f"dated {ahead_s / 60:,.0f} min ahead; is this machine's clock right?"),
    )
