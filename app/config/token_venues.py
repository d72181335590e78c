"""Settings of where new tokens are found, and of how many are watched."""

from typing import Annotated

from msgspec import Meta

from app.config.section import Seconds, Section
from app.config.urls import BIRDEYE_HOSTS, DEXSCREENER_HOSTS, GECKOTERMINAL_HOSTS, check_rest_url


def _described(hosts: frozenset[str]) -> str:
    return f"an https:// URL on {' or '.join(sorted(hosts))}, or http:// or https:// on loopback"


GeckoTerminalUrl = Annotated[str, Meta(description=_described(GECKOTERMINAL_HOSTS))]
DexScreenerUrl = Annotated[str, Meta(description=_described(DEXSCREENER_HOSTS))]
BirdeyeUrl = Annotated[str, Meta(description=_described(BIRDEYE_HOSTS))]
ExchangeName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=40,
        pattern=r"^[a-z0-9-]+\Z",
        description="an exchange as GeckoTerminal names it (lower-case letters, digits and -)",
    ),
]


class TokensSettings(Section, frozen=True):
    """New tokens on Solana: where they are found and how they are watched (docs/tokens.md). Birdeye is asked only with
    a key, which comes from the environment variable BIRDEYE_API_KEY and from nowhere else."""

    enabled: bool = True
    """Whether new tokens are looked for at all."""
    exchanges: Annotated[tuple[ExchangeName, ...], Meta(max_length=50)] = ()
    """Only pools on these exchanges count; none: all (`pumpswap`, `pump-fun`, `raydium`, `meteora-dbc`, …)."""
    refresh_s: Annotated[float, Meta(ge=10, le=3_600)] = 30.0
    """How often new pools, and the state of those that are watched, are asked for."""
    watched: Annotated[int, Meta(ge=1, le=500)] = 80
    """So many tokens are watched at a time; each takes a call for its candles every five minutes."""
    watch_h: Annotated[float, Meta(ge=1, le=168)] = 12.0
    """A token older than this is watched no longer."""
    minimum_liquidity_usd: Annotated[float, Meta(ge=0, le=1e9)] = 1_000.0
    """A pool with less in it, in USD, is not watched; one whose liquidity nobody tells is."""
    geckoterminal_url: GeckoTerminalUrl = "https://api.geckoterminal.com/api/v2"
    """New pools, candles and holders. Only the venue's own host and loopback are allowed."""
    dexscreener_url: DexScreenerUrl = "https://api.dexscreener.com"
    """The state of pools. Only the venue's own host and loopback are allowed."""
    birdeye_url: BirdeyeUrl = "https://public-api.birdeye.so"
    """Holders and candles where the others have none. Only the venue's own host and loopback are allowed."""
    geckoterminal_per_minute: Annotated[int, Meta(ge=1, le=500)] = 24
    """Calls a minute, evenly spaced; the venue allows 30 without a key and refuses bursts."""
    dexscreener_per_minute: Annotated[int, Meta(ge=1, le=300)] = 120
    """Calls a minute, evenly spaced; the venue allows 300."""
    birdeye_per_minute: Annotated[int, Meta(ge=1, le=6_000)] = 50
    """Calls a minute, evenly spaced; a key without a plan allows one a second."""
    request_timeout_s: Seconds = 15.0
    """A request that takes longer has failed."""

    def __post_init__(self) -> None:
        check_rest_url(self.geckoterminal_url, GECKOTERMINAL_HOSTS)
        check_rest_url(self.dexscreener_url, DEXSCREENER_HOSTS)
        check_rest_url(self.birdeye_url, BIRDEYE_HOSTS)
