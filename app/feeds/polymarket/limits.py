"""What Polymarket allows (docs/venues.md names the sources): which routes there are, and which limits each counts in.

A limit is a number of calls in any ten seconds. Limits are nested: a call counts in every group of its route.
"""

from typing import Literal, NamedTuple

VENUE = "polymarket"
WINDOW_S = 10.0
BODY_BYTES = 16 << 20
LONGEST_CURSOR = 2_048

CALLS = {
    "data": 1_000,
    "data trades": 200,
    "data positions": 150,
    "data closed positions": 150,
    "gamma": 4_000,
    "gamma markets": 300,
    "gamma events": 500,
    "gamma lists": 900,
}
"""Calls in ten seconds by group. `gamma lists` is markets and events together."""

HALF_CALLS = {name: calls // 2 for name, calls in CALLS.items()}
"""For whoever asks beside an engine, from the same address."""

Api = Literal["data", "gamma"]


class Route(NamedTuple):
    """One question the venue answers.

    `page` is the most rows a page holds; `newest_first` says that later pages hold older rows.
    """

    api: Api
    path: str
    groups: tuple[str, ...]
    page: int = 1
    newest_first: bool = False


ROUTES = {
    "stats": Route("data", "/v2/user-stats", ("data",)),
    "trades": Route("data", "/v2/trades", ("data", "data trades"), 1_000, newest_first=True),
    "market_trades": Route("data", "/v2/trades", ("data", "data trades"), 1_000, newest_first=True),
    "activity": Route("data", "/v2/activity", ("data",), 1_000, newest_first=True),
    "positions": Route("data", "/v2/positions", ("data", "data positions"), 500),
    "pnl": Route("data", "/v2/user-pnl", ("data",)),
    "leaderboard": Route("data", "/v2/leaderboard", ("data",), 50),
    "holders": Route("data", "/v2/holders", ("data",), 50),
    "markets": Route("gamma", "/markets", ("gamma", "gamma lists", "gamma markets"), 100),
}
"""Every route, by the name that a `Question` and a `Request` carry. Closed positions are a status of `positions` in v2;
the group of their own is v1's."""

KEYS_IN_A_CALL = 50
"""Markets named in one call: their ids are in the address, and servers refuse lines beyond 8 kB."""
CONDITIONS_IN_A_CALL = 20
"""Markets whose trades or holders one call may ask for."""
