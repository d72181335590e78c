"""Followed traders in a run: the single writer of who is followed, what they hold, what it adds up to and what is told.

Everything here is a function of the inputs. Nothing is asked before `RestoreWhales` has come, which is an input of each
run on a venue and of no imported tape.
"""

from collections.abc import Callable, Mapping, Sequence

from app.config.settings import Settings
from app.core.bus import Bus
from app.core.errors import DataError, FrameError
from app.core.events import Trade
from app.core.record import Answer, Request, StreamOpened
from app.core.text import clean
from app.core.traders import TraderFill, TraderState
from app.core.whale_events import Learned, SmartMoneySignal, TraderMoved, WhaleAlert
from app.engine.connections import Connections
from app.engine.jobs import Jobs
from app.engine.journal import Journal
from app.engine.protocol import CancelJob, Mode, StartJob
from app.engine.protocol_whales import (
    LookAtAlert,
    LookAtFollowed,
    LookAtTrader,
)
from app.engine.watch import MarketWatch
from app.engine.whale_alerting import WhaleAlerting
from app.engine.whale_coins import WhaleCoins
from app.engine.whale_commands import WhaleCommand, WhaleCommands
from app.engine.whale_leaderboards import WhaleLeaderboards
from app.engine.whale_looks import WhaleLooks
from app.engine.whale_names import WhaleNames
from app.engine.whale_positions import WhalePositions
from app.engine.whale_questions import FIRST_FROM, WhaleQuestions, equity_of, worth_of
from app.engine.whale_refresh import WhaleRefresh
from app.engine.whale_regime import WhaleRegime
from app.engine.whale_saving import WhaleSaving
from app.engine.whale_signals import WhaleSignals
from app.engine.whale_state import RestoreWhales, UseLocalTime
from app.engine.whale_streams import WhaleStreams, not_ahead, past_not_ahead
from app.feeds.hyperliquid import parse_traders
from app.feeds.hyperliquid.leaderboard import CHANNEL as LEADERBOARD
from app.feeds.hyperliquid.limits import REGIME_HOURS
from app.markets.market import Market
from app.whales.leaderboard import CROWD_SCORE
from app.whales.memory import WhaleMemory, decode_memory
from app.whales.moves import believed_ms
from app.whales.refreshing import Refreshing
from app.whales.roster import Roster, RosterChange
from app.whales.weighing import Weighing

ABOUT_TRADERS = frozenset({"clearinghouseState", "portfolio", "userFills", LEADERBOARD})
"""Questions whose answers belong here."""
LARGE_SHARE = 0.1
"""A print of this share of the least that is told may be a piece of something that is."""
_RANKED_MS = 600_000
"""Values and streams follow the weights once in so long."""


class Whales:
    """What the core knows of followed traders."""

    def __init__(
        self, mode: Mode, settings: Settings, watch: MarketWatch, bus: Bus, jobs: Jobs, journal: Journal,
        connections: Connections, markets: Mapping[str, Market], sequence: Callable[[], int],
    ) -> None:  # fmt: skip
        self.mode: Mode = mode
        self.settings = settings
        self.is_restored = False
        self.roster = Roster(settings.whales)
        self.names = WhaleNames(self.roster)
        self.refreshing = Refreshing(settings.whales)
        self.weighing = Weighing(settings.trader_weights, round(settings.whales.portfolio_holds_h * 3_600_000))
        self.saving = WhaleSaving(self, journal)
        self.coins = WhaleCoins(settings.whales, watch, markets, self.refreshing.tracked, self._trade_of_followed)
        self.signals = WhaleSignals(mode, settings, bus, markets, sequence)
        self.alerting = WhaleAlerting(
            mode, settings, bus, journal, markets, self.coins.prices, self.refreshing.tracked, self.names.name_of,
            sequence, self.saving.keep,
        )  # fmt: skip
        self.positions = WhalePositions(settings, bus, self.alerting, self.signals, self.saving.keep)
        self.questions = WhaleQuestions(settings, watch, self.refreshing)
        self.streams = WhaleStreams(connections.traders, self._streamed, self._filled, self.refreshing.follow_by_stream)
        self.looks = WhaleLooks(self)
        self.commands = WhaleCommands(self)
        self.regime = WhaleRegime(markets, self.weighing, self.questions, journal)
        self.stale: set[str] = set()
        """Followed traders whose positions are too old, or not known."""
        self.leaderboards = WhaleLeaderboards(
            settings.whales, self.questions, self.roster, connections.leaderboard, journal
        )
        self.refresh = WhaleRefresh(self.leaderboards, self.roster, self.refreshing, jobs)
        self._journal = journal
        self._wake_ms = self._ranked_ms = self._second = self._minute = 0
        bus.subscribe(TraderMoved, journal.trader_moved)
        bus.subscribe(SmartMoneySignal, journal.signal_changed)
        bus.subscribe(WhaleAlert, journal.alert_told)

    # Commands.

    def apply(self, command: StartJob | CancelJob | WhaleCommand, now_ms: int) -> tuple[bool, str]:
        """Carry out a command; whether it was, and one sentence about it."""
        match command:
            case RestoreWhales() | UseLocalTime():
                self._learn_of_outside(command, now_ms)
                return True, ""
            case LookAtTrader():
                return self.looks.at_trader(command, now_ms)
            case LookAtAlert() | LookAtFollowed():
                return True, ""
            case _:
                return self.commands.apply(command, now_ms)

    def _learn_of_outside(self, command: RestoreWhales | UseLocalTime, now_ms: int) -> None:
        if isinstance(command, UseLocalTime):
            self.alerting.desk.book.ahead_minutes = command.ahead_minutes
        else:
            self._restore(command, now_ms)

    def _restore(self, saved: RestoreWhales, now_ms: int) -> None:
        """Begin with what was saved; with nothing where that is empty or of no use, and say so."""
        if self.is_restored or not self.settings.whales.enabled:
            return
        self.is_restored = True
        memory = WhaleMemory()
        trouble = clean(saved.trouble, 200)
        try:
            memory = decode_memory(b"" if trouble else saved.state)
        except DataError as error:
            trouble = clean(str(error), 200)
        if trouble:
            self.saving.stop(trouble)
            self._journal.say(now_ms, "error", "whales", f"followed traders are NOT SAVED: {trouble}")
        self._go_on(memory, saved.ahead_minutes, now_ms)
        try:
            self.regime.use(saved.regime_model, now_ms)
        except DataError as error:
            self._journal.say(now_ms, "warning", "whales", clean(str(error), 240))

    def _go_on(self, memory: WhaleMemory, ahead_minutes: int, now_ms: int) -> None:
        notes = memory.notes
        self.roster.restore(memory.members, notes.by_hand, notes.leaderboard)
        self.names.restore(notes.traders)
        self.alerting.restore(memory, ahead_minutes)
        self.positions.restore(memory, self.roster.members, now_ms)
        left = self.roster.keep_to_number()
        for trader in left:
            # Not before it was restored: that a whale leaves the bias of whales is no flip.
            self.positions.forget(trader, now_ms)
        self.stale.update(self.roster.members)
        self._follow(now_ms)
        self.refreshing.restore(self.positions.seen_ms(), now_ms)
        self.weighing.restore(memory.records)
        self.looks.fills.restore(memory.fills, self.roster.members)
        known_ms = None if notes.leaderboard is None or self.roster.is_short else notes.leaderboard.at_ms
        self.leaderboards.begin(known_ms, now_ms)
        if memory.members:
            fewer = f", {len(left)} of the stored are not: `whales.tracked`" if left else ""
            told = f"{len(self.roster.members)} traders are followed as before{fewer}"
            self._journal.say(now_ms, "info", "whales", told)

    # Inputs.

    def opened(self, opened: StreamOpened) -> Callable[[bytes, int], None]:
        """A stream of a trader was opened; what takes its frames."""
        return self.streams.opened(opened)

    def listed(self, volume_usd: Mapping[str, float]) -> None:
        """The coins that are traded at the venue, each with the volume of a day."""
        self.coins.list(volume_usd)
        if self.is_restored and self.roster.members:
            self.coins.choose(self.positions.held_usd())

    def traded(self, trades: Sequence[Trade], now_ms: int) -> None:
        """Public trades of a market."""
        if not self.is_restored:
            return
        tracked, alerting = self.refreshing.tracked, self.alerting
        for trade in trades:
            buyer, seller = trade.raw_users
            if buyer in tracked or seller in tracked:
                self._trade_of_followed(trade, now_ms)
            alerting.traded(trade, now_ms)

    def _trade_of_followed(self, trade: Trade, now_ms: int) -> None:
        if trade.size * trade.price >= LARGE_SHARE * self.settings.alerts.minimum_usd:
            self.refreshing.does_not_wait((trade.buyer, trade.seller), FIRST_FROM)
        at_ms = believed_ms(trade.time_ms, now_ms)
        for trader in self.refreshing.saw_trade(trade, now_ms):
            self.positions.known.saw_trade(trader, trade.coin, at_ms, trade.price)
            self.weighing.traded(trader, at_ms)
        self._wake_ms = min(self._wake_ms, now_ms + self.settings.whales.settle_ms)

    def answered(self, request: Request, answer: Answer, now_ms: int) -> None:
        """The answer to a question about traders. Raises `FrameError` for one of no use, once that is noted."""
        if not self.is_restored:
            return
        if request.channel == LEADERBOARD:
            self.leaderboards.answered(answer, now_ms)
        elif request.channel == "clearinghouseState":
            self._state_answered(request.subject, answer, now_ms)
        elif request.variant == REGIME_HOURS:
            self.regime.answered(answer, now_ms)
        else:
            self._past_answered(request, answer, now_ms)

    def _state_answered(self, trader: str, answer: Answer, now_ms: int) -> None:
        one = self.refreshing.tracked.get(trader)
        if answer.status != 200:
            self.refreshing.failed(trader, now_ms)
            return
        try:
            state = parse_traders.parse_trader_state(answer.body, trader, now_ms)
        except FrameError:
            self.refreshing.failed(trader, now_ms)
            raise
        if one is not None:
            self._learned(state, "trade" if one.is_behind() else "poll", now_ms)
        self.refreshing.answered(trader, now_ms)
        self._wake_ms = min(self._wake_ms, now_ms)

    def _past_answered(self, request: Request, answer: Answer, now_ms: int) -> None:
        self.questions.done(request)
        if answer.status != 200:
            self.looks.did_not_come(request)
            return
        if request.channel == "portfolio":
            histories = parse_traders.parse_equity_histories(answer.body)
            past = past_not_ahead(histories, request.subject, now_ms)
            record = self.weighing.took_history(request.subject, past, now_ms)
            if record is not None:
                self.saving.record(request.subject, record)
        else:
            fills = parse_traders.parse_fills(answer.body, request.subject)
            self.weighing.took_fills(request.subject, not_ahead(fills, now_ms))
            self.saving.fills(self.looks.fills.take(request.subject, fills))

    def _streamed(self, state: TraderState, now_ms: int) -> None:
        """A stream told a state."""
        if state.trader in self.refreshing.tracked:
            self._learned(state, "stream", now_ms)

    def _filled(self, trader: str, fills: Sequence[TraderFill], is_past: bool, now_ms: int) -> None:
        """A stream told fills."""
        if not self.is_restored or trader not in self.refreshing.tracked:
            return
        self.weighing.took_fills(trader, fills)
        self.saving.fills(self.looks.fills.take(trader, fills))
        if is_past or not fills:
            return
        for fill in fills:
            self.positions.known.saw_trade(trader, fill.coin, fill.at_ms, fill.price)
        self.alerting.liquidated_across(fills, now_ms)
        self.refreshing.saw_fill(trader, fills[-1].at_ms, now_ms)
        self._wake_ms = min(self._wake_ms, now_ms + self.settings.whales.settle_ms)

    def _learned(self, state: TraderState, learned: Learned, now_ms: int) -> None:
        is_news = self.positions.learn(state, learned, now_ms)
        if is_news is None:
            return
        self.stale.discard(state.trader)
        self.weighing.has_equity(state.trader, state.equity_usd)
        self.refreshing.learned(state.trader, state.at_ms, now_ms, is_news)

    def dropped(self, connections: Connections) -> None:
        """A connection is gone, maybe one that streams something about traders."""
        if not connections.traders.is_up:
            self.streams.closed()
        if not connections.coins.is_up:
            self.coins.closed()

    def finish(self, now_ms: int) -> None:
        """The run is over."""
        if self.is_restored:
            self.saving.notes()
            self.saving.write(now_ms)

    # Time.

    def wake(self, now_ms: int) -> None:
        """After each input: ask for the traders whose trades have settled by now."""
        if self.is_restored and now_ms >= self._wake_ms:
            self._ask(now_ms)

    def _ask(self, now_ms: int) -> None:
        self.questions.ask_states(now_ms)
        next_ms = self.refreshing.next_ms(now_ms)
        # What is due and was not asked waits for room: the next tick looks again.
        self._wake_ms = now_ms + 250 if next_ms is None or next_ms <= now_ms else next_ms

    def every_tick(self, now_ms: int) -> None:
        """Time passed: a quarter of a second or so."""
        if not self.is_restored:
            return
        change = self.roster.work()
        if change is not None:
            self._new_set(change, now_ms)
        self._weigh(now_ms)
        self.alerting.every_tick(now_ms)
        self.signals.money.minute(now_ms)
        self._ask(now_ms)
        if now_ms // 1000 != self._second:
            self._second = now_ms // 1000
            self._every_second(now_ms)
        self.saving.write(now_ms)

    def _every_second(self, now_ms: int) -> None:
        oldest_ms = round(self.settings.whales.oldest_s * 1000)
        for one in self.refreshing.tracked.all():
            age_ms = one.age_ms(now_ms)
            if (age_ms is None or age_ms > oldest_ms) and one.trader not in self.stale:
                self.stale.add(one.trader)
                self.signals.changed(self.signals.money.stale(one.trader), now_ms)
        self.alerting.every_second(now_ms)
        self.signals.money.with_past = self.weighing.with_past()
        self._ask_for_past(now_ms)
        self.regime.every_second(now_ms)
        self.leaderboards.every_second(now_ms)
        self.refresh.every_second()
        if now_ms - self._ranked_ms >= _RANKED_MS:
            self._rank(now_ms)
        if now_ms // 60_000 != self._minute:
            self._minute = now_ms // 60_000
            self.alerting.signalled(self.signals.every_minute(now_ms), now_ms)

    def clock_set_back(self, now_ms: int) -> None:
        """The engine's time went back to `now_ms`."""
        self._wake_ms = min(self._wake_ms, now_ms)
        self._ranked_ms = min(self._ranked_ms, now_ms)
        self.refreshing.clock_set_back(now_ms)
        self.positions.clock_set_back(now_ms)
        self.alerting.clock_set_back(now_ms)
        self.signals.clock_set_back(now_ms)
        self.leaderboards.clock_set_back(now_ms)
        self.weighing.clock_set_back(now_ms)
        self.regime.clock_set_back(now_ms)
        self.saving.clock_set_back(now_ms)

    # Who is followed, and how much each counts.

    def _new_set(self, change: RosterChange, now_ms: int) -> None:
        """A leaderboard was scored."""
        self.set_changed(change, now_ms)
        self.saving.leaderboard(change)
        self.saving.members(now_ms)
        self._journal.say(now_ms, "info", "whales", self.refresh.scored(change))

    def set_changed(self, change: RosterChange, now_ms: int) -> None:
        """Others are followed than before."""
        for trader in change.left:
            self.positions.forget(trader, now_ms)
            self.weighing.forget(trader)
            self.looks.fills.forget(trader)
            self.stale.discard(trader)
        self.stale.update(change.joined)
        self._follow(now_ms)

    def _follow(self, now_ms: int) -> None:
        for member in self.roster.members.values():
            known = self.positions.known.get(member.trader)
            self.weighing.follow(member.trader, equity_of(member, known), member.last_traded_ms)
        self._rank(now_ms)

    def _rank(self, now_ms: int) -> None:
        """How much it matters that each is fresh, and who is streamed: those it matters most for."""
        self._ranked_ms = now_ms
        weights, known, settings = self.weighing.weights, self.positions.known, self.settings
        each = self.roster.members.items()
        values = {one: worth_of(member, weights.get(one), known.get(one), settings) for one, member in each}
        self.refreshing.follow(values, now_ms)
        streamed = sorted(values, key=lambda trader: (-values[trader], trader))[: self.settings.whales.user_streams]
        self.streams.want(streamed)
        self.questions.stream(streamed)
        if values:
            self.coins.choose(self.positions.held_usd())

    def _weigh(self, now_ms: int) -> None:
        for weight in self.weighing.work(now_ms):
            member = self.roster.members.get(weight.trader)
            score = CROWD_SCORE if member is None or member.score is None else member.score.score
            changes = self.signals.money.weight_changed(weight, score)
            known = self.positions.known.get(weight.trader)
            # A state that came before the weight was a stranger's.
            if known is not None and weight.trader not in self.stale:
                changes += self.signals.money.state_changed(known.state)
            self.signals.changed(changes, now_ms)

    def _ask_for_past(self, now_ms: int) -> None:
        if not self.questions.may_ask_history(now_ms):
            return
        tracked = ((one.trader, one.value) for one in self.refreshing.tracked.all() if one.known_ms is not None)
        trader = self.weighing.in_need(tracked, now_ms)
        if trader is not None:
            self.weighing.asked(trader, now_ms)
            self.questions.ask_history(trader, now_ms)
