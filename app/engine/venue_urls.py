"""Where the venues of a run are, and what its client of the perpetuals venue needs to know."""

from app.config.settings import Settings
from app.engine.demo_venue import Urls
from app.feeds.hyperliquid.client import ClientSettings


def own_urls(settings: Settings) -> Urls:
    """Where the settings say that the venues are."""
    hyperliquid, polymarket = settings.hyperliquid, settings.polymarket
    return Urls(
        hyperliquid.websocket_url,
        hyperliquid.rest_url,
        polymarket.data_url,
        polymarket.gamma_url,
        hyperliquid.leaderboard_url,
        settings.tokens.geckoterminal_url,
        settings.tokens.dexscreener_url,
        settings.tokens.birdeye_url,
    )


def client_settings(settings: Settings, urls: Urls) -> ClientSettings:
    """What a client of the venue at `urls` needs to know."""
    hyperliquid = settings.hyperliquid
    return ClientSettings(
        websocket_url=urls.websocket_url,
        rest_url=urls.rest_url,
        weight_per_minute=hyperliquid.weight_per_minute,
        request_timeout_s=hyperliquid.request_timeout_s,
        ping_every_s=hyperliquid.ping_every_s,
        silence_limit_s=hyperliquid.silence_limit_s,
        lifetime_s=hyperliquid.renew_after_h * 3600,
        ingest_budget_ms=settings.engine.ingest_budget_ms,
        leaderboard_url=urls.leaderboard_url,
        leaderboard_cap=settings.whales.leaderboard_mb * 1_000_000,
        traders_share=settings.whales.budget_share,
        histories_share=settings.whales.portfolio_share,
    )
