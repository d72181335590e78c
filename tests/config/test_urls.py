import msgspec
import pytest

from app.config.settings import HyperliquidSettings, PolymarketSettings
from app.config.token_venues import TokensSettings
from app.config.urls import POLYMARKET_HOSTS, check_rest_url, check_websocket_url

GOOD_WEBSOCKET = [
    "wss://api.hyperliquid.xyz/ws",
    "wss://api.hyperliquid.xyz:443/ws",
    "wss://API.Hyperliquid.xyz/ws",
    "wss://api.hyperliquid-testnet.xyz/ws",
    "ws://127.0.0.1:8001/ws",
    "ws://127.0.0.1",
    "wss://[::1]:8001/ws",
    "ws://localhost:1",
]
GOOD_REST = [
    "https://api.hyperliquid.xyz",
    "https://api.hyperliquid.xyz/",
    "https://api.hyperliquid-testnet.xyz",
    "http://127.0.0.1:8001",
    "https://localhost:65535",
    "http://[::1]:8001",
]
BAD_REST = [
    "",
    "api.hyperliquid.xyz",
    "http://api.hyperliquid.xyz",
    "wss://api.hyperliquid.xyz",
    "ftp://api.hyperliquid.xyz",
    "file:///etc/passwd",
    "https://example.com",
    "https://api.hyperliquid.xyz.example.com",
    "https://evil-api.hyperliquid.xyz",
    "https://hyperliquid.xyz",
    "https://api.hyperliquid.xyz.",
    "https://api.hyperliquid.xyz:8443",
    "https://user@api.hyperliquid.xyz",
    "https://user:word@api.hyperliquid.xyz",
    "https://api.hyperliquid.xyz@example.com",
    "https://api.hyperliquid.xyz\\@example.com",
    "https://example.com#api.hyperliquid.xyz",
    "https://example.com?api.hyperliquid.xyz",
    "https://api.hyperliquid.xyz/info?x=1",
    "https://api.hyperliquid.xyz/#x",
    "https://api.hyperliquid.xyz/%2e%2e",
    " https://api.hyperliquid.xyz",
    "https://api.hyperliquid.xyz\n",
    "https://api.hyperliquid.xyz/\r\nX: y",
    "https:/api.hyperliquid.xyz",
    "https:////api.hyperliquid.xyz",
    "http://0.0.0.0:8001",
    "http://10.0.0.1",
    "http://169.254.169.254/latest",
    "http://2130706433",
    "http://0x7f000001",
    "http://0177.0.0.1",
    "http://127.1",
    "http://127.0.0.2",
    "http://[::ffff:127.0.0.1]",
    "http://[::ffff:7f00:1]",
    "http://[0:0:0:0:0:0:0:1]",
    "http://[::1%25lo]",
    "http://::1:8001",
    "http://localhost.localdomain",
    "http://localhost:0",
    "http://localhost:65536",
    "http://localhost:８００１",
    "http://ｌocalhost:8001",
    "https://api.hyperliquіd.xyz",
    "https://api.hyperliquid.xyz/" + "a" * 200,
]


@pytest.mark.parametrize("url", GOOD_WEBSOCKET)
def test_websocket_urls_that_are_allowed(url: str) -> None:
    assert HyperliquidSettings(websocket_url=url).websocket_url == url


@pytest.mark.parametrize("url", GOOD_REST)
def test_rest_urls_that_are_allowed(url: str) -> None:
    assert HyperliquidSettings(rest_url=url).rest_url == url


@pytest.mark.parametrize("url", BAD_REST)
def test_hazard_22_rest_urls_that_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"URL|host|scheme|port|https"):
        check_rest_url(url)


@pytest.mark.parametrize("url", BAD_REST)
def test_the_same_tricks_are_refused_for_sockets(url: str) -> None:
    as_socket = url.replace("https://", "wss://").replace("http://", "ws://")
    if url == "wss://api.hyperliquid.xyz":
        as_socket = "https://api.hyperliquid.xyz"
    with pytest.raises(ValueError, match=r"URL|host|scheme|port|wss"):
        check_websocket_url(as_socket)


def test_settings_cannot_be_built_around_the_list() -> None:
    with pytest.raises(ValueError, match="not on the list"):
        HyperliquidSettings(rest_url="https://example.com")


def test_each_venue_is_reached_on_its_own_hosts_and_on_loopback() -> None:
    for url in ("https://data-api.polymarket.com", "https://gamma-api.polymarket.com/", "http://127.0.0.1:8001"):
        assert PolymarketSettings(data_url=url, gamma_url=url).gamma_url == url
    for url in ("https://api.hyperliquid.xyz", "http://data-api.polymarket.com", "https://polymarket.com"):
        with pytest.raises(ValueError, match=r"host|scheme|https"):
            PolymarketSettings(data_url=url)
        with pytest.raises(ValueError, match=r"host|scheme|https"):
            PolymarketSettings(gamma_url=url)
    with pytest.raises(ValueError, match="not on the list"):
        check_rest_url("https://data-api.polymarket.com")


def test_the_leaderboard_is_on_a_host_of_its_own() -> None:
    for url in ("https://stats-data.hyperliquid.xyz/Mainnet/leaderboard", "http://127.0.0.1:8001/leaderboard"):
        assert HyperliquidSettings(leaderboard_url=url).leaderboard_url == url
    for url in ("https://api.hyperliquid.xyz", "http://stats-data.hyperliquid.xyz", "https://data-api.polymarket.com"):
        with pytest.raises(ValueError, match=r"host|scheme|https"):
            HyperliquidSettings(leaderboard_url=url)
    with pytest.raises(ValueError, match="not on the list"):
        check_rest_url("https://stats-data.hyperliquid.xyz")


@pytest.mark.parametrize("url", BAD_REST)
def test_the_same_tricks_are_refused_for_the_wallets_venue(url: str) -> None:
    there = url.replace("api.hyperliquid.xyz", "data-api.polymarket.com")
    with pytest.raises(ValueError, match=r"URL|host|scheme|port|https"):
        check_rest_url(there, POLYMARKET_HOSTS)


@pytest.mark.parametrize("key", ["geckoterminal_url", "dexscreener_url", "birdeye_url"])
def test_a_token_venues_key_and_questions_go_to_that_venue_or_stay_here(key: str) -> None:
    own = getattr(TokensSettings(), key)
    for url in (own, "http://127.0.0.1:9/api/v2"):
        assert getattr(msgspec.convert({key: url}, TokensSettings), key) == url
    every = [getattr(TokensSettings(), name) for name in ("geckoterminal_url", "dexscreener_url", "birdeye_url")]
    others = [url for url in every if url != own]
    for url in (*others, "https://evil.example", own.replace("https", "http")):
        with pytest.raises(ValueError, match=r"host|https"):
            msgspec.convert({key: url}, TokensSettings)
