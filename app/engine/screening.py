"""The bar strategy over the hours of the watched coins: candidates and signals as hours close.

Nothing is done before somebody looks at the screener, which is an input like any other. From then on everything is a
function of bars: those of the past are asked of the venue once a coin, those that close meanwhile are the market's own,
so that it does not matter when somebody began to look. An input works off a few bars; what is left waits for the next.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Mapping, Sequence
from math import isfinite
from operator import attrgetter
from typing import TYPE_CHECKING

import msgspec

from app.config.settings import Settings
from app.core.errors import FrameError
from app.core.events import Candle
from app.core.record import Answer, Request
from app.core.text import clean
from app.engine.protocol_screen import LookAtScreener
from app.engine.watch import MarketWatch
from app.feeds.hyperliquid.limits import SCREEN_HOURS, VENUE
from app.feeds.hyperliquid.parse import parse_candles
from app.markets.candles import GRACE_MS
from app.markets.market import Market

if TYPE_CHECKING:
    from app.screener.backtest import Trade
    from app.screener.screen import Candidate
    from app.screener.strategy_stream import Bar, Seen, StrategyStream

HOUR_MS = 3_600_000
ASKED_HOURS = 30 * 24
"""The daily trend is known after 20 days; the rest lets averages that never forget settle."""
BARS_AN_INPUT = 12
"""So many bars of all coins are worked off with one input: about half a millisecond."""
_SLACK_HOURS = 24
"""An answer may come so late that its oldest hours are a little older than that."""
_COINS_A_SECOND = 2
_MOST_BARS = 4 * ASKED_HOURS
_KEPT_CANDIDATES = 64
_KEPT_TRADES = 32
ASK_AGAIN_MS = 300_000


class Found(msgspec.Struct, frozen=True):
    """A candidate as it was at its close, and the bar before it."""

    seen: "Seen"
    before: "Seen"
    told: "Candidate"


class Ended(msgspec.Struct, frozen=True):
    """A position that is over: when the bars opened that it was entered and left in."""

    opened_ms: int
    closed_ms: int
    trade: "Trade"


class CoinScreen:
    """One coin: its hours in order, of which the first `fed` have been looked at.

    `opened_ms` is when the bar opened in which the newest position was entered. The past `is_told` once the venue has
    answered; until then it `is_asked` for, or will be again at `ask_at_ms`. `trades` positions have ended, `won` of
    them with a gain, and made `result_usd` after costs; the newest are in `ended`. `version` grows with everything that
    is seen.
    """

    def __init__(self, settings: Settings) -> None:
        self.bars: list[Bar] = []
        self.fed = self.refused = self.version = self.opened_ms = self.ask_at_ms = 0
        self.trades = self.won = 0
        self.result_usd = 0.0
        self.is_asked = self.is_told = False
        self.trouble = ""
        self.newest: Seen | None = None
        self.before: Seen | None = None
        self.found: deque[Found] = deque(maxlen=_KEPT_CANDIDATES)
        self.ended: deque[Ended] = deque(maxlen=_KEPT_TRADES)
        self._settings = settings
        self._stream = self._fresh_stream()

    @property
    def waiting(self) -> int:
        """Bars that have not been looked at."""
        return len(self.bars) - self.fed

    def take(self, candles: Sequence[Candle], now_ms: int) -> None:
        """Hours, of which those that have closed count. One that changes the past has all of it looked at again."""
        for candle in candles:
            if candle.open_ms + HOUR_MS + GRACE_MS <= now_ms:
                self._put(candle)
        surplus = len(self.bars) - _MOST_BARS
        if surplus > 0:
            del self.bars[:surplus]
            self.fed = max(0, self.fed - surplus)

    def work(self, most: int) -> int:
        """Look at up to `most` bars; how many it were."""
        bars = self.bars[self.fed : self.fed + most]
        for bar in bars:
            self._look(bar)
        self.fed += len(bars)
        self.version += len(bars)
        return len(bars)

    def _put(self, candle: Candle) -> None:
        bar = _bar_of(candle)
        if bar is None:
            self.refused += 1
            return
        place = bisect_left(self.bars, bar.time_ms, key=attrgetter("time_ms"))
        known = place < len(self.bars) and self.bars[place].time_ms == bar.time_ms
        if known and self.bars[place] == bar:
            return
        self.bars[place : place + known] = [bar]
        self.version += 1
        if place < self.fed:
            self._begin_anew()

    def _look(self, bar: "Bar") -> None:
        from app.screener.strategy_stream import candidate_of

        seen, before = self._stream.add(bar), self.newest
        if before is not None:
            if seen.passed:
                told = candidate_of(seen, before, self._settings.batch_mode, HOUR_MS)
                self.found.append(Found(seen, before, told))
            # What was decided at a close is filled at the next open.
            self.opened_ms = bar.time_ms if before.entry else self.opened_ms
        if seen.trade is not None:
            self._note_end(Ended(self.opened_ms, bar.time_ms, seen.trade))
        self.newest, self.before = seen, before

    def _note_end(self, ended: Ended) -> None:
        self.ended.append(ended)
        self.trades += 1
        self.won += ended.trade.pnl > 0
        self.result_usd += ended.trade.pnl

    def _begin_anew(self) -> None:
        """Have all bars looked at again."""
        self.fed = self.opened_ms = self.trades = self.won = 0
        self.result_usd = 0.0
        self.newest = self.before = None
        self._stream = self._fresh_stream()
        self.found.clear()
        self.ended.clear()

    def _fresh_stream(self) -> "StrategyStream":
        from app.screener.rules import rules_of
        from app.screener.strategy_stream import StrategyStream

        return StrategyStream(self._settings.batch_mode, rules_of(self._settings, HOUR_MS))


class Screening:
    """The screens of all watched coins."""

    def __init__(self, settings: Settings, markets: Mapping[str, Market], watch: MarketWatch) -> None:
        self.coins: dict[str, CoinScreen] = {}
        """Empty until somebody looks."""
        self.begun = False
        self._settings, self._markets, self._watch = settings, markets, watch
        self._revisions: dict[str, int] = {}

    def look(self, look: LookAtScreener) -> tuple[bool, str]:
        """Somebody looks, or does so no more: from the first look on hours are looked at."""
        self.begun = self.begun or look.listed
        return True, ""

    def ask_again(self, now_ms: int) -> None:
        """Have the past of all coins asked for again: a tape that begins now has the answers."""
        for screen in self.coins.values():
            screen.is_asked = screen.is_told = False
            screen.ask_at_ms = now_ms

    def every_second(self, now_ms: int) -> None:
        """Begin with coins that are new, and take hours that the markets have closed or corrected since."""
        if not self.begun:
            return
        left = _COINS_A_SECOND
        for coin, market in self._markets.items():
            hours = market.candles["1h"]
            # The newest hour closes without a change once it has ended: an hour that is over is looked for as well.
            state = hash((hours.revision, (now_ms - GRACE_MS) // HOUR_MS))
            is_due = self._is_due(coin, now_ms)
            if self._revisions.get(coin) == state and not is_due:
                continue
            if is_due:
                self._ask(coin, now_ms)
            self._revisions[coin] = state
            self.coins[coin].take(hours.candles(), now_ms)
            left -= 1
            if not left:
                return

    def work(self) -> None:
        """Look at the next bars of whichever coins have some."""
        left = BARS_AN_INPUT
        for screen in self.coins.values():
            if screen.waiting:
                left -= screen.work(left)
                if not left:
                    return

    def answered(self, request: Request, answer: Answer, now_ms: int) -> None:
        """The hours of the past came, or did not. Raises `FrameError` for an answer that cannot be used."""
        screen = self.coins.get(request.subject)
        if screen is None:
            raise FrameError(f"hours of {clean(request.subject, 32)}: nobody asked for them")
        screen.is_asked, screen.ask_at_ms = False, now_ms + ASK_AGAIN_MS
        screen.version += 1
        if answer.status != 200:
            screen.trouble = clean(answer.error, 120) or f"the venue answered {answer.status}"
            return
        try:
            candles = parse_candles(answer.body)
            if any((candle.coin, candle.interval) != (request.subject, "1h") for candle in candles):
                raise FrameError(f"candles of {clean(request.subject, 32)}: not what was asked for")
        except FrameError as error:
            screen.trouble = clean(str(error), 120)
            raise
        screen.trouble, screen.is_told = "", True
        first_ms = screen.bars[0].time_ms if screen.bars else now_ms
        # What the market has is newer than what was asked for, and more than a page was asked for by nobody.
        since_ms = now_ms - (ASKED_HOURS + _SLACK_HOURS) * HOUR_MS
        screen.take([candle for candle in candles if since_ms <= candle.open_ms < first_ms], now_ms)

    def _is_due(self, coin: str, now_ms: int) -> bool:
        """Whether a coin's past is to be asked for: it is new, or what was asked came to nothing some minutes ago."""
        screen = self.coins.get(coin)
        # A clock that was set back may have left a moment behind that is far off.
        return screen is None or not (
            screen.is_told or screen.is_asked or 0 < screen.ask_at_ms - now_ms <= ASK_AGAIN_MS
        )

    def _ask(self, coin: str, now_ms: int) -> None:
        self.coins.setdefault(coin, CoinScreen(self._settings)).is_asked = True
        whole_ms = now_ms - now_ms % HOUR_MS
        span = {"coin": coin, "interval": "1h", "startTime": whole_ms - ASKED_HOURS * HOUR_MS, "endTime": now_ms}
        body = msgspec.json.encode({"type": "candleSnapshot", "req": span})
        self._watch.ask_of(VENUE, "candleSnapshot", body, coin, SCREEN_HOURS)


def _bar_of(candle: Candle) -> "Bar | None":
    """A candle as a bar; None for one that is none, such as a price of 0 or next to it."""
    from app.screener.bars import LARGEST, SMALLEST
    from app.screener.strategy_stream import Bar

    prices = candle.open, candle.high, candle.low, candle.close
    fits = candle.low <= min(prices) and candle.high >= max(prices) and candle.open_ms % HOUR_MS == 0
    usual = all(isfinite(price) and SMALLEST <= price <= LARGEST for price in prices) and 0 <= candle.volume <= LARGEST
    return Bar(candle.open_ms, *prices, candle.volume) if fits and usual else None
