"""The engine's core: a function of its inputs.

Every input arrives as a `Record`, in order, whether it comes from the venue or from a tape. Time is the time of the
input. Nothing here waits, reads a clock or touches the outside; what is wanted from outside leaves through `Effects`.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from app.config.settings import Settings
from app.core.bus import Bus
from app.core.calls import CANDLES_GRADE, Call
from app.core.clock import KeepsTimes
from app.core.errors import FrameError
from app.core.events import FeedHole, RulesRead, Trade
from app.core.record import Kind, Record, unpack_frames
from app.engine.candle_past import PastState
from app.engine.clock_watch import CLOCK_STEP_MS, ClockWatch
from app.engine.connections import Connections
from app.engine.copying import Copying
from app.engine.fast_books import FastBooks
from app.engine.intake import Intake
from app.engine.jobs import JobDesk, Jobs
from app.engine.journal import Journal
from app.engine.market_answers import MarketAnswers
from app.engine.market_list import MarketList
from app.engine.market_looks import MarketLooks
from app.engine.open_questions import OpenQuestions
from app.engine.own_commands import OwnCommand, RestorePaper
from app.engine.papering import Papering
from app.engine.protocol import (
    CancelJob,
    Command,
    LookAt,
    MetricSource,
    Mode,
    SetMetricSource,
    SetRecording,
    StartJob,
    TradePaper,
)
from app.engine.protocol_screen import LookAtScreener
from app.engine.reading import Reading
from app.engine.screening import Screening
from app.engine.token_papering import TokenPapering
from app.engine.token_state import ABOUT_TOKENS
from app.engine.tokens import TokenCommand, Tokens
from app.engine.wallet_targets import ABOUT_WALLETS, WalletCommand, WalletTargets
from app.engine.watch import Effects, MarketWatch
from app.engine.whale_commands import WhaleCommand
from app.engine.whales import ABOUT_TRADERS, Whales
from app.feeds.health import FeedHealth
from app.feeds.hyperliquid.limits import REGIME_HOURS, SCREEN_HOURS, VENUE
from app.markets.market import Market
from app.markets.reads import rules_call
from app.scalper.desk import MODEL_VENUE
from app.scorecards.grader import Grader
from app.scorecards.profits import WALLET_PROFIT

_TRADABLE_MS = 5_000
# What unpacking and parsing of bytes from outside may raise.
_BAD_INPUT = (FrameError, msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError)

_unpack_command = msgspec.msgpack.Decoder(Command | OwnCommand).decode
_NO_QUOTES = frozenset({WALLET_PROFIT, CANDLES_GRADE})
"""References of claims that others grade."""


class Core:
    """All state of a run, written by `dispatch` alone."""

    def __init__(self, mode: Mode, settings: Settings) -> None:
        self.mode = mode
        self.settings = settings
        self.sequence = 0
        self.inputs = 0
        """How many were dispatched: a part cut out of a tape keeps the numbers it had there."""
        self.now_ms = 0
        self.metric_source: MetricSource = settings.scalper.metric_source
        self.command_result = (True, "")
        self.jobs = Jobs()
        self.journal = Journal()
        self._clock_watch = ClockWatch(self.journal)
        self._watch = MarketWatch(VENUE)
        self.list = MarketList(self._watch, self.jobs)
        self._questions = OpenQuestions()
        self._second = 0
        self._read_every_s = max(1, round(settings.rules.read_every_s))
        self.bus = Bus()
        self._grader = Grader(stale_after_ms=round(settings.markets.stale_after_s * 1000))
        self._note_events()
        self.connections = Connections(mode, settings.markets, self._watch, self.journal, self.bus)
        self._intake = Intake(settings.markets, self.connections, self.journal, self.bus, self._traded, self._priced)
        self.markets = self._intake.markets
        self._fast_books = FastBooks(
            self._watch, self.connections.books, lambda coin: self.markets[coin].forget_fast_book()
        )
        self.paper = Papering(
            mode, settings, self.markets, self._is_cut_off, self.bus, self.journal, self._watch_prices
        )
        self.reading = Reading(mode, settings, self._watch, self.bus, self.jobs, self.paper.position_of)
        self.wallets = WalletTargets(mode, settings, self._watch, self.bus, self.jobs, self.journal)
        self.copying = Copying(settings.paper, self._watch, self.wallets.book, self.paper, self.journal)
        self.whales = Whales(
            mode, settings, self._watch, self.bus, self.jobs, self.journal, self.connections, self.markets,
            lambda: self.sequence,
        )  # fmt: skip
        self._intake.traders, self._intake.elsewhere = self.whales.opened, self.whales.coins
        self.token_paper = TokenPapering(settings, self._watch, self.paper, self.markets)
        self.tokens = Tokens(
            mode, settings, self._watch, self.bus, self.jobs, self.journal, self.connections, lambda: self.sequence,
            self.token_paper,
        )  # fmt: skip
        self.screening = Screening(settings, self.markets, self._watch)
        self.looks = MarketLooks(self.markets, self._fast_books, self._watch)
        self._market_answers = MarketAnswers(
            settings, self._watch, self._intake, self.connections, self.list, self.journal, self._refused, self._follow
        )
        self._desks: dict[str, JobDesk] = {"wallets": self.wallets, "whales": self.whales, "tokens": self.tokens}
        self._handlers = self._all_handlers()

    def _note_events(self) -> None:
        """Have every event in the journal, and claims about prices and holes with the grader, before anybody acts."""
        grader = self._grader
        self.journal.listen(self.bus)
        self.bus.subscribe(Call, lambda call: None if call.reference_kind in _NO_QUOTES else grader.file(call))
        self.bus.subscribe(FeedHole, lambda hole: grader.hole(hole.coin, hole.from_ms, hole.to_ms))

    def _all_handlers(self) -> Mapping[int, Callable[[Record], None]]:
        """Who takes which kind of input."""
        return {
            Kind.FRAME: lambda record: self._intake.frame(record.stream, record.payload, self.now_ms),
            Kind.FRAMES: self._frames,
            Kind.TIMER: self._timer,
            Kind.STREAM: lambda record: self._intake.opened(record.payload, self.now_ms),
            Kind.CONNECT: self._connected,
            Kind.DROP: self._dropped,
            Kind.REQUEST: lambda record: self.reading.asked(self._questions.asked(record.payload), self.now_ms),
            Kind.ANSWER: self._answered,
            Kind.COMMAND: self._commanded,
        }

    def start(self, effects: Effects) -> None:
        """Ask, through `effects` from now on, for what a fresh run needs first."""
        self._watch.effects = effects
        self.reading.start()
        self._watch.ask_for_markets()

    def finish(self) -> None:
        """The run is over: calls that are still open will not be graded."""
        self.journal.run_ended(self._grader.finish(self.now_ms))
        self.whales.finish(self.now_ms)
        self.tokens.finish(self.now_ms)

    def dispatch(self, record: Record) -> None:
        """Take one input. Records of unknown kinds only move the time."""
        self.sequence = record.sequence
        self.inputs += 1
        wall_ms = record.wall_ns // 1_000_000
        if wall_ms < self.now_ms:
            self._clock_went_back(wall_ms)
        else:
            self.now_ms = wall_ms
        handler = self._handlers.get(record.kind)
        if handler is None:
            return
        try:
            handler(record)
        except _BAD_INPUT as error:
            self._refused(str(error), self._intake.feed_of(record.stream))
        try:
            self.whales.wake(self.now_ms)
        except _BAD_INPUT as error:
            self._refused(str(error), self.connections.traders)
        try:
            self.wallets.work(self.now_ms)
            self.copying.work(self.now_ms)
        except _BAD_INPUT as error:
            self._refused(str(error), self.connections.wallets)
        self.screening.work()

    def _frames(self, record: Record) -> None:
        """Several frames at once; where one of them is of no use, each is an input of its own."""
        frames = unpack_frames(record.payload)
        if not self._intake.frames(record.stream, frames, self.now_ms):
            for frame in frames:
                self.dispatch(msgspec.structs.replace(record, kind=Kind.FRAME, payload=frame))

    @property
    def parse_errors(self) -> int:
        """Messages that could not be used."""
        return self._intake.parse_errors

    @property
    def events(self) -> int:
        """Pieces of news taken."""
        return self._intake.events

    def parse_errors_of(self, feed: FeedHealth) -> int:
        """Messages of one connection that could not be used."""
        of_books = self._intake.books_parse_errors
        if feed is self.connections.data:
            return self.parse_errors - of_books
        return of_books if feed is self.connections.books else feed.parse_errors

    def _refused(self, reason: str, feed: FeedHealth | None = None) -> None:
        (feed or self.connections.data).parse_errors += 1
        self.journal.say(self.now_ms, "warning", "feed", f"a message was refused: {reason}", kind="refused")

    def _connected(self, record: Record) -> None:
        self.connections.connected(record.payload, self.markets, self.now_ms)
        self.reading.connected(record.payload)

    def _dropped(self, record: Record) -> None:
        self.connections.dropped(record.payload, self.markets, self.now_ms)
        self.reading.dropped(record.payload)
        self.whales.dropped(self.connections)

    # Requests.

    @property
    def questions_waiting(self) -> int:
        """Questions to the venue that it has not answered."""
        return sum(request.venue == VENUE for request in self._questions.waiting)

    def past_of(self, coin: str, interval: str) -> PastState:
        """How the venue's own candles of a coin stand: here, asked for, failed."""
        return self._watch.past.state(coin, interval, self._questions.waiting)

    def _answered(self, record: Record) -> None:
        request, answer = self._questions.answered(record.payload)
        if request is None:
            self.journal.say(self.now_ms, "warning", "feed", f"answer {answer.request_id} belongs to no request")
            return
        if request.venue == MODEL_VENUE:
            market = self.markets.get(request.subject)
            rules = self.rules_of(market) if market is not None else None
            self.reading.answered(request, answer, market, rules, self.now_ms, self.sequence)
        elif request.venue == VENUE and (request.channel in ABOUT_TRADERS or request.variant == REGIME_HOURS):
            self.whales.answered(request, answer, self.now_ms)
        elif request.venue == VENUE and request.variant == SCREEN_HOURS:
            self.screening.answered(request, answer, self.now_ms)
        elif request.venue in ABOUT_TOKENS:
            self.tokens.answered(request, answer, self.now_ms)
        elif request.venue in ABOUT_WALLETS:
            self.connections.answered_about_wallets(request.venue, answer.status, self.now_ms)
            self.copying.answered(request, answer, self.now_ms)
            self.wallets.answered(request, answer, self.now_ms)
        else:
            self._market_answers.take(request, answer, self.now_ms)

    def _follow(self, coins: Sequence[str], volume_usd: Mapping[str, float]) -> None:
        self._watch.follow(coins, self.now_ms)
        self.whales.listed(volume_usd)
        self.reading.follow(coins)
        if self.settings.scalper.enabled:
            self._fast_books.read(self.reading.desk.coins)

    # Time.

    def _timer(self, tick: Record) -> None:
        self._clock_watch.look(tick, self.now_ms)
        self._look_at_the_scalper()
        self._fast_books.every_tick(self.now_ms)
        self.whales.every_tick(self.now_ms)
        second = self.now_ms // 1000
        if second == self._second:
            return
        self._second = second
        for place, market in enumerate(self.markets.values()):
            self._second_of(market)
            # Reads are spread over the period, so that no second has to file them all.
            if (second + place) % self._read_every_s == 0:
                self._file_read(market)
        for market in self._intake.untold_refusals():
            text = f"{market.coin}: a message was refused: {market.last_error}"
            self.journal.say(self.now_ms, "warning", "feed", text, kind="refused")
        self.connections.every_second(self.now_ms)
        for decided in self._grader.advance(self.now_ms):
            self.bus.publish(decided)
        newest_ms = [market.newest_ms for market in self.markets.values() if market.newest_ms is not None]
        if newest_ms:
            self.connections.data.data(min(max(newest_ms), self.now_ms))
        self.list.every_second(self.now_ms)
        self.paper.every_second(self.now_ms)
        self.tokens.every_second(self.now_ms)
        self.screening.every_second(self.now_ms)

    def _second_of(self, market: Market) -> None:
        """Tell of candles that have closed, and show open claims the touch."""
        for event in market.on_second(self.now_ms):
            self.bus.publish(event)
        facts = market.facts(self.now_ms)
        # An old touch is no price that anybody could have had.
        if facts is not None and self.now_ms - facts.newest_ms <= _TRADABLE_MS:
            self._grader.quote(market.coin, facts.bid, facts.ask, self.now_ms)

    def _clock_went_back(self, wall_ms: int) -> None:
        """Small steps back are waited out; after a large one nothing may be younger than the new time."""
        if self.now_ms - wall_ms < CLOCK_STEP_MS:
            return
        before_ms, self.now_ms = self.now_ms, wall_ms
        parts: tuple[KeepsTimes, ...] = (
            self.connections, self.list, self.reading.desk, self.paper, self.wallets, self.copying, self.whales,
            self.tokens, self._grader, *self.markets.values(),
        )  # fmt: skip
        for part in parts:
            part.clock_set_back(wall_ms)
        self._clock_watch.was_set_back(before_ms, wall_ms)

    def _traded(self, market: Market, trades: Sequence[Trade], now_ms: int) -> None:
        self.whales.traded(trades, now_ms)
        if self.reading.traded(market, trades, now_ms):
            self._look_at_the_scalper()

    def _priced(self, market: Market, now_ms: int) -> None:
        self.paper.look(market, now_ms)

    def _watch_prices(self, coins: frozenset[str]) -> None:
        self._intake.watched = coins

    def _is_cut_off(self) -> bool:
        return self.connections.data.state(self.now_ms) == "down"

    def _look_at_the_scalper(self) -> None:
        self.reading.look(self.markets, self._why_unusable, self.now_ms)

    def _why_unusable(self, market: Market) -> str:
        """Why nobody should read a market now."""
        if market.stale(self.now_ms):
            return "its data is stale"
        spoilt = self.connections.hole_spoils_rules(market.coin, self.now_ms)
        return "trades of this minute are missing" if spoilt else ""

    def rules_of(self, market: Market) -> RulesRead | None:
        """The rules' read of a coin; None when its data is stale or has a hole in the minute it is made of."""
        return None if self.connections.hole_spoils_rules(market.coin, self.now_ms) else market.rules()

    def _file_read(self, market: Market) -> None:
        read = self.rules_of(market)
        if read is None:
            return
        self.bus.publish(read)
        call = rules_call(
            read, market.facts(self.now_ms), self.settings.rules, self.settings.costs, self.mode, self.sequence
        )
        if call is not None:
            self.bus.publish(call)

    # Commands.

    def _commanded(self, record: Record) -> None:
        self.command_result = (False, "The command could not be carried out")
        self.command_result = self.apply(_unpack_command(record.payload))

    def apply(self, command: Command | OwnCommand) -> tuple[bool, str]:
        """Carry out a command; returns whether it was, and one sentence about it."""
        if isinstance(command, StartJob | CancelJob) and command.name in self._desks:
            return self._desks[command.name].apply(command, self.now_ms)
        if isinstance(command, WalletCommand):
            return self.wallets.apply(command, self.now_ms)
        if isinstance(command, WhaleCommand):
            return self.whales.apply(command, self.now_ms)
        if isinstance(command, TokenCommand):
            return self.tokens.apply(command, self.now_ms)
        if isinstance(command, LookAtScreener):
            return self.screening.look(command)
        return self._apply_to_markets(command)

    def _apply_to_markets(self, command: Command | OwnCommand) -> tuple[bool, str]:
        match command:
            case SetMetricSource():
                self.metric_source = command.metric_source
                return True, self.reading.metric_words(self.metric_source)
            case SetRecording(on=True):
                # The tape begins with what a fresh engine would ask for.
                self._watch.ask_for_all_again(self.now_ms)
                self.whales.regime.ask_again(self.now_ms)
                self.screening.ask_again(self.now_ms)
                self.tokens.ask_again(self.now_ms)
                self.copying.ask_again(self.now_ms)
                return True, ""
            case LookAt():
                return self.looks.at(command, self.now_ms)
            case StartJob(name="read"):
                return self.reading.read_now(command.subject, self.now_ms)
            case StartJob():
                return self.list.refresh(self.now_ms)
            case TradePaper():
                return self.paper.decide(command.coin, command.action, self.now_ms)
            case RestorePaper():
                self.paper.begin(command.state, self.now_ms)
                return True, ""
            case CancelJob():
                return self.reading.cancel() if command.name == "read" else self.list.cancel()
            case _:
                return False, "This engine does not know that command"
