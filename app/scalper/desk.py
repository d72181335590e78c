"""The scalper's desk: asks the model about one market at a time and takes what it answers.

A function of its inputs. Questions leave through a port and come back as records, so that a tape holds both and a
replay gives the same reads with no model.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple, get_args

from app.config.settings import CostsSettings, ScalperSettings
from app.core.errors import FrameError
from app.core.events import Book, NoRead, ScalperRead, Trade
from app.core.record import Answer, Request
from app.core.text import clean
from app.markets.market import AHEAD_MS, Market
from app.scalper.answer import parse_answer
from app.scalper.description import NotEnough, Position, describe
from app.scalper.question import Question, ask, question_of
from app.scalper.reply import Reply, reply_of
from app.scalper.scheduler import Due, ReadScheduler, Reason
from app.scalper.window import TRADES_KEPT, WINDOW_S, BookShot, BookShots, DataWindow, PrintSizes, minute_tape, shot_of

MODEL_VENUE = "ollama"
"""Where questions go, as their requests name it."""
READS_KEPT = 200
EXCHANGES_KEPT = 5
_REASONS = frozenset(get_args(Reason))
_COINS_BY_DEFAULT = 3
_MOST_PRINTS = 2_000
_OLD_BOOK_MS = 15_000
_COINS_CAP = 64
_LOOK_AGAIN_MS = 1_000
_FRESH_MS = 5_000
"""A subscription begins with prints of the past; older ones than this are no news."""
_GRACE_MS = 1_000
"""An answer that is so much later than the deadline is no read of this minute any more."""
_FORGOTTEN_MS = 5_000
"""A question without an answer so long after its deadline is forgotten: whoever carried it has failed."""

Ask = Callable[[str, str, bytes], int]
"""Puts a question about a coin, for a reason; gives the number its answer will carry."""
PositionOf = Callable[[str], Position | None]
WhyUnusable = Callable[[Market], str]
"""Why a market's data cannot be read now, in a few words; empty when it can."""


class Exchange(NamedTuple):
    """A question with what came of it; `reply` is None where nothing usable came."""

    question: Question
    reply: Reply | None
    outcome: ScalperRead | NoRead


class _UnderWay(NamedTuple):
    """A question that waits for its answer."""

    number: int
    coin: str
    asked_ms: int
    by_hand: bool


class CoinDesk:
    """What the desk has of one coin. `unusable` and `short_of` say why it is not read now; empty when it is."""

    def __init__(self) -> None:
        self.shots = BookShots()
        self.sizes = PrintSizes()
        self.reads: deque[ScalperRead] = deque(maxlen=READS_KEPT)
        self.exchanges: deque[Exchange] = deque(maxlen=EXCHANGES_KEPT)
        self.unusable = ""
        self.short_of = ""
        self.failures = 0

    @property
    def waits_for(self) -> str:
        """Why the coin is not read now."""
        return self.unusable or self.short_of


class ScalperDesk:
    """Reads some markets in turn. One question is under way at a time; what becomes due meanwhile is merged."""

    def __init__(self, settings: ScalperSettings, costs: CostsSettings) -> None:
        self._settings = settings
        self._costs = costs
        self._scheduler = ReadScheduler(settings)
        self._ask: Ask | None = None
        self._under_way: _UnderWay | None = None
        self._no_model = "the model is not ready yet"
        self.coins: dict[str, CoinDesk] = {}

    @property
    def asks(self) -> bool:
        """Whether the model is asked at all: not on a tape, nor where it is switched off."""
        return self._ask is not None

    @property
    def under_way(self) -> str:
        """The coin that is being read; empty when none is."""
        return self._under_way.coin if self._under_way is not None else ""

    @property
    def merged(self) -> int:
        """How many reasons to read fell together with one that was due already."""
        return self._scheduler.merged

    def open(self, ask: Ask) -> None:
        """Begin to ask. A desk that is not opened takes what a tape holds."""
        if self._settings.enabled:
            self._ask = ask

    def model_ready(self) -> None:
        """The model takes questions from now on."""
        self._no_model = ""

    def model_gone(self, why: str) -> None:
        """The model takes no questions until further notice."""
        self._no_model = str(clean(why, 200)) or "the model is not ready"

    def follow(self, coins: Iterable[str]) -> None:
        """Of the markets that are followed, read those of the settings, else the first three."""
        followed = list(coins)
        wanted = [coin for coin in self._settings.coins if coin in followed] or followed[:_COINS_BY_DEFAULT]
        self._scheduler.follow(wanted)
        self.coins = {coin: desk for coin, desk in self.coins.items() if coin in wanted}
        for coin in wanted:
            self.coins.setdefault(coin, CoinDesk())

    def by_hand(self, coin: str) -> tuple[bool, str]:
        """Read a market as soon as may be; whether it will be, and one sentence about it."""
        if not self.asks:
            return False, "No model is asked here: this is a tape, or scalper.enabled is off"
        desk = self.coins.get(coin)
        if desk is None or not self._scheduler.by_hand(coin):
            return False, f"{clean(coin, 32)} is not among the coins that are read; scalper.coins names them"
        if desk.waits_for:
            self._scheduler.cancel_by_hand()
            return False, f"{clean(coin, 32)} cannot be read: {desk.waits_for}"
        return True, f"Reading {clean(coin, 32)}"

    def why_not_by_hand(self, coin: str) -> str:
        """Why a read that was asked for by hand will not come, in a few words; empty while it still may."""
        desk, under_way = self.coins.get(coin), self._under_way
        if under_way is not None and under_way.coin == coin:
            return ""
        if desk is not None and desk.waits_for:
            return desk.waits_for
        return "" if self._scheduler.is_wanted_by_hand(coin) else "the model did not answer"

    def cancel_by_hand(self) -> int | None:
        """Give up what was asked by hand; the number of the question to withdraw, if it is under way."""
        self._scheduler.cancel_by_hand()
        return self._under_way.number if self._under_way is not None and self._under_way.by_hand else None

    def traded(self, coin: str, trades: Sequence[Trade], now_ms: int) -> bool:
        """New prints of a market; whether they are a reason to look at once. Prints of the past are none."""
        desk = self.coins.get(coin)
        fresh = [trade for trade in trades if now_ms - trade.time_ms <= _FRESH_MS] if desk and self.asks else ()
        if not fresh or desk is None:
            return False
        urgent = self._scheduler.has_moved(coin, fresh[-1].price)
        for trade in fresh:
            urgent |= self._scheduler.traded(coin, trade.size, desk.sizes.average)
            desk.sizes.add(trade.size)
        return urgent and self._under_way is None

    def look(
        self, markets: Mapping[str, Market], why_unusable: WhyUnusable, position_of: PositionOf, now_ms: int
    ) -> None:
        """Note the books of this moment, and ask about the market that is due."""
        prices: dict[str, float | None] = {}
        for coin, desk in self.coins.items():
            market = markets.get(coin)
            if market is None:
                continue
            desk.shots.look(market.newest_book())
            desk.unusable = why_unusable(market) or (self._no_model if self.asks else "")
            prices[coin] = None if desk.unusable else market.price
        if self._ask is None or self._is_under_way(now_ms):
            return
        due = self._scheduler.next_due(now_ms, prices.get, lambda coin: position_of(coin) is not None)
        if due is not None:
            self._put_question(self._ask, due, markets[due.coin], position_of(due.coin), now_ms)

    def answered(self, request: Request, answer: Answer, asked_ms: int, now_ms: int) -> ScalperRead | NoRead:
        """What came of a question. An answer that is late, not whole or out of range is no read."""
        if self._under_way is not None and self._under_way.number == request.request_id:
            self._under_way = None
        question, reply = None, None
        outcome: ScalperRead | NoRead
        try:
            question = question_of(request.body)
            reply = self._reply_in_time(answer, now_ms - asked_ms)
            outcome = _read(request, question, reply, asked_ms, now_ms)
        except FrameError as error:
            outcome = _no_read(request, str(error), asked_ms, now_ms)
        self._remember(request.subject, question, reply, outcome)
        return outcome

    def withdrawn(self, request: Request) -> None:
        """A question was given up by whoever asked it: that is no failure."""
        if self._under_way is not None and self._under_way.number == request.request_id:
            self._under_way = None

    def clock_set_back(self, now_ms: int) -> None:
        """The engine's time went back to `now_ms`."""
        self._scheduler.clock_set_back(now_ms)
        self._under_way = None
        for desk in self.coins.values():
            desk.shots.forget()

    def window(self, market: Market, now_ms: int) -> DataWindow:
        """What a human would see of a market now."""
        desk = self.coins.get(market.coin)
        return data_window(market, desk.shots.of_last_minute(now_ms) if desk else (), now_ms)

    def _is_under_way(self, now_ms: int) -> bool:
        """Whether a question waits for its answer; one that nobody carries any more is forgotten."""
        longest_ms = self._settings.deadline_s * 1_000 + _FORGOTTEN_MS
        if self._under_way is not None and now_ms - self._under_way.asked_ms > longest_ms:
            self._under_way = None
        return self._under_way is not None

    def _put_question(self, put: Ask, due: Due, market: Market, position: Position | None, now_ms: int) -> None:
        desk = self.coins[due.coin]
        said = describe(self.window(market, now_ms), self._settings, position)
        if isinstance(said, NotEnough):
            desk.short_of = said.reason
            self._scheduler.postpone(due.coin, now_ms + _LOOK_AGAIN_MS)
            return
        desk.short_of = ""
        number = put(due.coin, due.reason, ask(said, self._settings, self._costs))
        self._under_way = _UnderWay(number, due.coin, now_ms, due.reason == "by hand")
        self._scheduler.asked(due, now_ms, said.price)

    def _reply_in_time(self, answer: Answer, took_ms: int) -> Reply:
        if answer.status != 200:
            raise FrameError(answer.error or f"the model server answered {answer.status}")
        if took_ms > self._settings.deadline_s * 1_000 + _GRACE_MS:
            raise FrameError(
                f"the answer came after {took_ms / 1000:.1f} s; the deadline is {self._settings.deadline_s:g} s"
            )
        return reply_of(answer.body)

    def _remember(
        self, coin: str, question: Question | None, reply: Reply | None, outcome: ScalperRead | NoRead
    ) -> None:
        # A tape may hold answers about anything.
        if coin not in self.coins and (len(self.coins) >= _COINS_CAP or coin != clean(coin, 32)):
            return
        desk = self.coins.setdefault(coin, CoinDesk())
        if isinstance(outcome, ScalperRead):
            desk.reads.append(outcome)
        else:
            desk.failures += 1
        if question is not None:
            desk.exchanges.append(Exchange(question, reply, outcome))


def data_window(market: Market, shots: tuple[BookShot, ...], now_ms: int) -> DataWindow:
    """The last minute of a market, with these shots of its book and the book as it is now."""
    bid, ask_price = market.bid, market.ask
    books = _with_newest(shots, market.newest_book(), now_ms)
    return DataWindow(
        coin=market.coin,
        at_ms=now_ms,
        prices=market.prices_each_second(WINDOW_S, now_ms),
        tape=minute_tape(market.tape.columns(), now_ms, whole=not market.tape.is_full),
        trades=tuple(_prints_since(market, now_ms - 1_000 * WINDOW_S, TRADES_KEPT, now_ms))[::-1],
        books=books,
        since_books=tuple(_prints_since(market, books[0].at_ms, _MOST_PRINTS, now_ms)) if books else (),
        spread=None if bid is None or ask_price is None else ask_price - bid,
    )


def _with_newest(shots: tuple[BookShot, ...], book: Book | None, now_ms: int) -> tuple[BookShot, ...]:
    """The shots with the newest book after them; nothing where that is too old to be looked at."""
    if book is None or now_ms - book.time_ms > _OLD_BOOK_MS:
        return ()
    return (*(shot for shot in shots if shot.at_ms < book.time_ms), shot_of(book))


def _prints_since(market: Market, since_ms: int, most: int, now_ms: int) -> Iterator[Trade]:
    """The prints at or after a moment, the last to come first, without those that are dated ahead."""
    until_ms = now_ms + AHEAD_MS
    return islice((trade for trade in market.tape.newest() if since_ms <= trade.time_ms <= until_ms), most)


def _read(request: Request, question: Question, reply: Reply, asked_ms: int, now_ms: int) -> ScalperRead:
    answer = parse_answer(reply.content, in_position=question.in_position)
    return ScalperRead(
        coin=str(clean(request.subject, 32)),
        at_ms=now_ms,
        asked_ms=asked_ms,
        reason=_reason(request),
        model=str(clean(question.model, 64)),
        version=question.version(reply.digest),
        momentum=answer.momentum,
        pressure=answer.pressure,
        continuation=answer.continuation,
        freshness=answer.freshness,
        action=answer.action,
        confidence=answer.confidence,
        sentence=answer.sentence,
        direction=question.direction,
        in_position=question.in_position,
    )


def _no_read(request: Request, why: str, asked_ms: int, now_ms: int) -> NoRead:
    why = str(clean(why, 200))
    return NoRead(
        coin=str(clean(request.subject, 32)), at_ms=now_ms, asked_ms=asked_ms, reason=_reason(request), why=why
    )


def _reason(request: Request) -> str:
    """Why a market was read; a tape may hold anything there."""
    return request.variant if request.variant in _REASONS else "unknown"
