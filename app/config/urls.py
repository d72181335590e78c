"""Which URLs tapedeck may be pointed at. Pure: nothing is resolved, a host is allowed by its exact name or not at all.

The whole text has to fit one narrow grammar. Forms that URL libraries read differently (userinfo, backslashes, decimal,
octal or IPv6-mapped addresses, trailing dots, percent signs, Unicode look-alikes) do not fit it and are refused.
"""

import re

VENUE_HOSTS = frozenset({"api.hyperliquid.xyz", "api.hyperliquid-testnet.xyz"})
LEADERBOARD_HOSTS = frozenset({"stats-data.hyperliquid.xyz"})
POLYMARKET_HOSTS = frozenset({"data-api.polymarket.com", "gamma-api.polymarket.com"})
GECKOTERMINAL_HOSTS = frozenset({"api.geckoterminal.com"})
DEXSCREENER_HOSTS = frozenset({"api.dexscreener.com"})
BIRDEYE_HOSTS = frozenset({"public-api.birdeye.so"})
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "[::1]", "localhost"})

_URL = re.compile(
    r"(?P<scheme>[a-z]+)://(?P<host>\[[0-9a-f:]+\]|[a-z0-9.-]+)(?::(?P<port>[0-9]{1,5}))?(?P<path>/[a-z0-9/_.-]*)?",
    re.IGNORECASE | re.ASCII,
)
_LONGEST = 200


def check_websocket_url(url: str) -> None:
    """Raise `ValueError` unless `url` is wss:// on a venue's host, or ws:// or wss:// on loopback."""
    _check(url, VENUE_HOSTS, secure="wss", plain="ws")


def check_rest_url(url: str, hosts: frozenset[str] = VENUE_HOSTS) -> None:
    """Raise `ValueError` unless `url` is https:// on one of a venue's `hosts`, or http:// or https:// on loopback."""
    _check(url, hosts, secure="https", plain="http")


def check_model_url(url: str) -> None:
    """Raise `ValueError` unless `url` is a plain http:// or https:// one, on whatever host (see `is_loopback`)."""
    match = _match(url)
    if match["scheme"].lower() not in ("http", "https"):
        raise ValueError("the scheme must be http or https")
    _check_port(match)


def check_cluster_url(url: str) -> None:
    """Raise `ValueError` unless `url` is tls:// on whatever host, or tcp:// on loopback."""
    match = _match(url)
    if match["scheme"].lower() not in ("tls", "tcp"):
        raise ValueError("the scheme must be tls or tcp")
    if match["scheme"].lower() == "tcp" and not is_loopback(url):
        raise ValueError("tcp is for this machine alone")
    _check_port(match)


def is_loopback(url: str) -> bool:
    """Whether a URL that was checked stays on this machine."""
    return _match(url)["host"].lower() in LOOPBACK_HOSTS


def _match(url: str) -> re.Match[str]:
    match = _URL.fullmatch(url) if len(url) <= _LONGEST else None
    if match is None:
        raise ValueError("not a plain scheme://host[:port][/path] URL")
    return match


def _check_port(match: re.Match[str]) -> None:
    if match["port"] and not 1 <= int(match["port"]) <= 65_535:
        raise ValueError("the port must be 1 to 65535")


def _check(url: str, hosts: frozenset[str], secure: str, plain: str) -> None:
    match = _match(url)
    scheme, host = match["scheme"].lower(), match["host"].lower()
    if scheme not in (secure, plain):
        raise ValueError(f"the scheme must be {secure} or {plain}")
    port = int(match["port"]) if match["port"] else None
    if host in LOOPBACK_HOSTS:
        _check_port(match)
        return
    if host not in hosts:
        raise ValueError("the host is not on the list of allowed hosts")
    if scheme != secure:
        raise ValueError(f"the venue is reached by {secure} only")
    if port not in (None, 443):
        raise ValueError("the venue's port is 443")
