"""A core that follows traders by hand: what each holds, who trades and which question is answered is up to the test."""

from typing import Any

from core_driver import Driver

from app.config.settings import MarketsSettings, Settings
from app.config.whale_settings import AlertsSettings, WhalesSettings
from app.core.record import WITHDRAWN, Answer, Kind, Request, StreamOpened
from app.core.text import SafeText
from app.core.traders import RankedTrader, WindowResult
from app.core.whale_events import SmartMoneySignal, TraderMoved, WhaleAlert
from app.engine.protocol import Command
from app.engine.whale_state import RestoreWhales
from app.engine.whales import ABOUT_TRADERS, Whales
from app.engine.whales_view import WhalesOutside, WhalesViews
from app.feeds.hyperliquid.leaderboard import LeaderboardDigest, encode_digest

PRICES = {"BTC": 100.0, "ETH": 10.0, "PEPE": 1.0}
STRANGER = "0x" + "f" * 40


def address(number: int) -> str:
    return f"0x{number + 1:040x}"


def settings(tracked: int = 8, **alerts: Any) -> Settings:
    return Settings(
        markets=MarketsSettings(favourites=("BTC",), top=2),
        whales=WhalesSettings(tracked=tracked, user_streams=2),
        alerts=AlertsSettings(**alerts),
    )


def ranked(number: int, equity_usd: float = 12e6) -> RankedTrader:
    """Of whom the first is the best."""
    result = WindowResult(pnl_usd=equity_usd * 0.1, roi=0.1 - number * 0.001, volume_usd=equity_usd * 20)
    return RankedTrader(
        trader=address(number),
        name=SafeText(""),
        equity_usd=equity_usd,
        day=result,
        week=result,
        month=result,
        all_time=result,
    )


def digest(*rows: RankedTrader) -> bytes:
    return encode_digest(LeaderboardDigest(rows=rows, rows_seen=len(rows) + 3, refused={"small": 3}, size_bytes=1000))


class WhaleDriver(Driver):
    """Questions about traders are answered by `carry`, with what `held` says, unless a test answers them itself."""

    def __init__(self, chosen: Settings | None = None, saved: bytes = b"", start_ms: int | None = None) -> None:
        super().__init__(chosen or settings())
        self.now_ms = start_ms or self.now_ms
        self.held: dict[str, dict[str, float]] = {}
        self.equity_usd: dict[str, float] = {}
        self.rows: list[object] = []
        self.moves: list[TraderMoved] = []
        self.alerts: list[WhaleAlert] = []
        self.signals: list[SmartMoneySignal] = []
        self.asked_at: list[tuple[int, Request]] = []
        self.refused: set[str] = set()
        self._done = 0
        self._tid = 0
        self.core.journal.keep = self.rows.append
        self.core.bus.subscribe(TraderMoved, self.moves.append)
        self.core.bus.subscribe(WhaleAlert, self.alerts.append)
        self.core.bus.subscribe(SmartMoneySignal, self.signals.append)
        self.start()
        self.list_markets()
        for coin in ("BTC", "ETH"):
            self.open("bbo", coin)
            self.open("trades", coin)
            self.quote(coin, PRICES[coin] - 0.01, PRICES[coin] + 0.01)
        self._done = len(self.asked.requests)
        self.saved = saved

    @property
    def whales(self) -> Whales:
        return self.core.whales

    def view(self) -> Any:
        return WhalesViews().of(self.whales, WhalesOutside(), self.now_ms)

    def restore(self, trouble: str = "") -> None:
        self.put(Kind.COMMAND, RestoreWhales(self.saved, trouble, 0))

    def command(self, command: Command) -> tuple[bool, str]:
        self.put(Kind.COMMAND, command)
        return self.core.command_result

    def waiting(self) -> list[Request]:
        """Questions about traders that nobody has answered."""
        return [request for request in self.asked.requests[self._done :] if request.channel in ABOUT_TRADERS]

    def carry(self) -> None:
        """Answer everything that is asked about traders, a millisecond later each."""
        while self._done < len(self.asked.requests):
            request = self.asked.requests[self._done]
            self._done += 1
            if request.channel in ABOUT_TRADERS:
                self.asked_at.append((self.now_ms, request))
                self.now_ms += 1
                self.reply(request)

    def reply(self, request: Request) -> None:
        if request.request_id in self.asked.withdrawn:
            self.put(Kind.REQUEST, request)
            self.put(Kind.ANSWER, Answer(request.request_id, 0, b"", WITHDRAWN))
        elif request.channel in self.refused:
            self.answer(request, b"", 403)
        elif request.channel == "clearinghouseState":
            self.answer(request, self.state(request.subject))
        elif request.channel == "portfolio":
            self.answer(request, portfolio(self.now_ms))
        elif request.channel == "leaderboard":
            self.answer(request, digest(*(ranked(number, self._equity(address(number))) for number in range(10))))
        else:
            self.answer(request, [])

    def state(self, trader: str, at_ms: int | None = None) -> dict[str, Any]:
        positions = [position(coin, size) for coin, size in self.held.get(trader, {}).items() if size]
        value = str(self._equity(trader))
        margin = {"accountValue": value, "totalNtlPos": "0", "totalMarginUsed": "0", "totalRawUsd": "0"}
        return {
            "marginSummary": margin, "crossMarginSummary": margin, "withdrawable": "0",
            "assetPositions": positions, "time": self.now_ms if at_ms is None else at_ms,
        }  # fmt: skip

    def _equity(self, trader: str) -> float:
        return self.equity_usd.get(trader, 12e6)

    def run(self, seconds: float) -> None:
        """Let time pass; whatever is asked is answered."""
        ends_ms = self.now_ms + round(seconds * 1000)
        while self.now_ms < ends_ms:
            self.tick()
            for coin in ("BTC", "ETH"):
                self.quote(coin, PRICES[coin] - 0.01, PRICES[coin] + 0.01)
            self.carry()

    def follow(self, seconds: float = 20) -> None:
        """Begin, and let the first leaderboard and states come."""
        self.restore()
        self.run(seconds)

    def trades(self, trader: str, coin: str, size_after: float, *, age_ms: int = 5) -> None:
        """A trader moves its position in a public trade."""
        change = size_after - self.held.setdefault(trader, {}).get(coin, 0.0)
        self.held[trader][coin] = size_after
        self._tid += 1
        users = [trader, STRANGER] if change > 0 else [STRANGER, trader]
        printed = {
            "coin": coin, "side": "B" if change > 0 else "A", "px": str(PRICES[coin]), "sz": str(abs(change)),
            "time": self.now_ms - age_ms, "tid": self._tid, "users": users,
        }  # fmt: skip
        self.frame("trades", coin, [printed])

    def open_stream(self, channel: str, trader: str, stream: int) -> None:
        self.streams[channel, trader] = stream
        self.put(Kind.STREAM, StreamOpened(stream, "hyperliquid", "websocket", channel, trader))


def position(coin: str, size: float) -> dict[str, Any]:
    price = PRICES.get(coin, 1.0)
    told = {
        "coin": coin, "szi": str(size), "leverage": {"type": "cross", "value": 5}, "entryPx": str(price),
        "positionValue": str(abs(size) * price), "unrealizedPnl": "0", "returnOnEquity": "0",
        "liquidationPx": None, "marginUsed": str(abs(size) * price / 5), "maxLeverage": 20,
    }  # fmt: skip
    return {"type": "oneWay", "position": told}


def fill(**changes: Any) -> dict[str, Any]:
    told = {
        "coin": "BTC", "px": "100", "sz": "10", "side": "B", "time": 1, "startPosition": "0", "dir": "Open Long",
        "closedPnl": "0", "hash": "0x0", "oid": 1, "crossed": True, "fee": "0.5", "tid": 1, "feeToken": "USDC",
    }  # fmt: skip
    return told | changes


def portfolio(now_ms: int) -> list[Any]:
    days = [now_ms - day * 86_400_000 for day in range(30, -1, -1)]
    history = {
        "accountValueHistory": [[at, str(10e6 + place * 1e4)] for place, at in enumerate(days)],
        "pnlHistory": [[at, str(place * 1e4)] for place, at in enumerate(days)],
        "vlm": "1000000",
    }
    return [["perpMonth", history]]
