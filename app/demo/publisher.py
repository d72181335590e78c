"""When what is sent: trades, quotes and fills at once, all else at the venue's own pace, coins spread over time."""

from collections import Counter

from app.demo import account_frames, frames
from app.demo.elsewhere import HOUR_MS, fills_elsewhere
from app.demo.fills import fills, liquidation_event, recent_fills
from app.demo.market import STEP_MS, Market, Step
from app.demo.subscriptions import (
    AccountState,
    AllMids,
    Candles,
    Context,
    OrderBook,
    Quotes,
    Subscription,
    Trades,
    UserEvents,
    UserFills,
)

REPLAY_MS = 20_000
MIDS_MS = 5_000
BOOK_MS = 5_400
FAST_BOOK_MS = 540
CONTEXT_MS = 1_000
CANDLE_MS = 1_000
STATE_MS = 1_000
ELSEWHERE_FILLS = 10
"""Of the fills before the start, those outside the main market come with a stream's snapshot."""
_SPREAD_MS = 137


class Publisher:
    """Makes the frames of the streams somebody listens to; each frame once, however many listen."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._coins = {listing.name: number for number, listing in enumerate(market.listings)}
        self._listeners: Counter[Subscription] = Counter()
        self._candles: dict[Candles, str] = {}
        self._states: dict[AccountState, str] = {}

    @property
    def coins(self) -> frozenset[str]:
        """Names that can be subscribed to, the delisted one included."""
        return frozenset(self._coins)

    def coin(self, name: str) -> int | None:
        """The index of a coin, None when the venue does not know it."""
        return self._coins.get(name)

    def listen(self, wanted: Subscription) -> list[bytes]:
        """One listener more; the frames it gets at once."""
        self._listeners[wanted] += 1
        return self._first(wanted)

    def leave(self, wanted: Subscription) -> None:
        """One listener less."""
        self._listeners[wanted] -= 1
        if self._listeners[wanted] <= 0:
            del self._listeners[wanted]
            if isinstance(wanted, Candles):
                self._candles.pop(wanted, None)
            if isinstance(wanted, AccountState):
                self._states.pop(wanted, None)

    def frames(self, step: Step) -> list[tuple[Subscription, bytes]]:
        """What one step of the market sends, in order."""
        sent = self._trades(step)
        for wanted in self._listeners:
            sent.extend((wanted, frame) for frame in self._periodic(wanted, step))
        return sent

    def _trades(self, step: Step) -> list[tuple[Subscription, bytes]]:
        sent: list[tuple[Subscription, bytes]] = []
        for coin, prints in step.trades.items():
            wanted = Trades(self._market.listings[coin].name)
            if wanted in self._listeners:
                sent.append((wanted, frames.channel("trades", frames.trades(self._market, prints))))
        return sent

    def _periodic(self, wanted: Subscription, step: Step) -> list[bytes]:
        match wanted:
            case Quotes(coin):
                return [self._quote(coin)] if self._coins[coin] in step.quoted else []
            case OrderBook(coin):
                period = FAST_BOOK_MS if wanted.fast else BOOK_MS
                return [self._book(wanted)] if self._due(coin, period, step) else []
            case Context(coin):
                return [self._context(coin)] if self._due(coin, CONTEXT_MS, step) else []
            case Candles(coin):
                return self._candle(wanted) if step.rolled or self._due(coin, CANDLE_MS, step) else []
            case UserFills():
                return self._fills(wanted, step)
            case UserEvents():
                return self._events(wanted, step)
            case AccountState():
                return self._state(wanted) if _falls_due(step, STATE_MS, 0) else []
            case AllMids():
                return [self._mids()] if _falls_due(step, MIDS_MS, 0) else []
        return []

    def _first(self, wanted: Subscription) -> list[bytes]:
        match wanted:
            case Trades(coin):
                return self._replay(coin)
            case Quotes(coin):
                return [self._quote(coin)]
            case OrderBook():
                return [self._book(wanted)]
            case Context(coin):
                return [self._context(coin)]
            case Candles():
                self._candles.pop(wanted, None)
                return self._candle(wanted)
            case UserFills():
                return [self._fill_snapshot(wanted)]
            case AccountState():
                self._states.pop(wanted, None)
                return self._state(wanted)
            case AllMids():
                return [self._mids()]
        return []

    def _due(self, coin: str, period_ms: int, step: Step) -> bool:
        return _falls_due(step, period_ms, self._coins[coin] * _SPREAD_MS)

    def _replay(self, coin: str) -> list[bytes]:
        """The trades of the last 20 s, or the last one; nothing for a delisted coin."""
        index = self._coins[coin]
        if self._market.listings[index].delisted or not self._market.recent[index]:
            return []
        recent = list(self._market.recent[index])
        newest = [trade for trade in recent if trade.time_ms >= self._market.now_ms - REPLAY_MS] or recent[-1:]
        return [frames.channel("trades", frames.trades(self._market, newest))]

    def _quote(self, coin: str) -> bytes:
        return frames.channel("bbo", frames.quote(self._market, self._coins[coin]))

    def _book(self, wanted: OrderBook) -> bytes:
        count = frames.FAST_LEVELS if wanted.fast else frames.FULL_LEVELS
        text = frames.book(self._market, self._coins[wanted.coin], count, wanted.nSigFigs, wanted.mantissa or 1)
        return frames.channel("l2Book", text)

    def _context(self, coin: str) -> bytes:
        return frames.channel("activeAssetCtx", frames.active_context(self._market, self._coins[coin]))

    def _mids(self) -> bytes:
        return frames.channel("allMids", f'{{"mids":{frames.mids(self._market)}}}')

    def _candle(self, wanted: Candles) -> list[bytes]:
        """The open candle if it changed; before a new one, the last state of the one that closed."""
        index = self._coins[wanted.coin]
        listing = self._market.listings[index]
        if listing.delisted:
            return []
        closed, opened = frames.open_candles(self._market, index, wanted.interval)
        before = self._candles.get(wanted)
        states = frames.candles(listing, wanted.interval, opened)
        if before is not None and before[: before.index(",")] != states[0][: states[0].index(",")]:
            states = frames.candles(listing, wanted.interval, closed) + states
        self._candles[wanted] = states[-1]
        return [frames.channel("candle", state) for state in states if state != before]

    def _state(self, wanted: AccountState) -> list[bytes]:
        """The account's state if it changed: equity moves with every position's mark."""
        account = None if wanted.dex else self._market.accounts.index(wanted.user)
        text = account_frames.state(self._market, account)
        content = text[: text.rindex(',"time"')]
        if self._states.get(wanted) == content:
            return []
        self._states[wanted] = content
        data = f'{{"dex":"{wanted.dex}","user":"{wanted.user}","clearinghouseState":{text}}}'
        return [frames.channel("clearinghouseState", data)]

    def _fills(self, wanted: UserFills, step: Step) -> list[bytes]:
        found = self._new_fills(wanted.user, step)
        if not found:
            return []
        return [frames.channel("userFills", f'{{"user":"{wanted.user}","fills":[{",".join(found)}]}}')]

    def _new_fills(self, user: str, step: Step) -> list[str]:
        """An account's fills of this step, wherever it traded."""
        account = self._market.accounts.index(user)
        if account is None:
            return []
        found = fills(self._market, account, (trade for prints in step.trades.values() for trade in prints))
        if _falls_due(step, HOUR_MS, 0):
            newest = list(fills_elsewhere(account, self._market.start_ms, step.end_ms))[-1:]
            found += [fill.text for fill in newest]
        return found

    def _events(self, wanted: UserEvents, step: Step) -> list[bytes]:
        """Fills, then liquidations; whose they are is not said."""
        found, account = self._new_fills(wanted.user, step), self._market.accounts.index(wanted.user)
        told = [f'{{"fills":[{",".join(found)}]}}'] if found else []
        trades = (trade for prints in step.trades.values() for trade in prints)
        forced = [trade for trade in trades if trade.forced_at and trade.taker == account]
        told += [f'{{"liquidation":{liquidation_event(self._market, trade)}}}' for trade in forced]
        return [frames.channel("user", text) for text in told]

    def _fill_snapshot(self, wanted: UserFills) -> bytes:
        account = self._market.accounts.index(wanted.user)
        found = [] if account is None else recent_fills(self._market, account)
        if account is not None:
            elsewhere = fills_elsewhere(account, self._market.start_ms, self._market.start_ms)
            found += [fill.text for fill in elsewhere][: -ELSEWHERE_FILLS - 1 : -1]
        return frames.channel("userFills", f'{{"isSnapshot":true,"user":"{wanted.user}","fills":[{",".join(found)}]}}')


def _falls_due(step: Step, period_ms: int, phase_ms: int) -> bool:
    return (step.end_ms - phase_ms) // period_ms > (step.end_ms - STEP_MS - phase_ms) // period_ms
