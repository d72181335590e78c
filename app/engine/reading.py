"""The scalper in a run: what happens reaches its desk, what it reads becomes events and calls."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from app.config.settings import Settings
from app.core.bus import Bus
from app.core.events import NoRead, RulesRead, ScalperRead, Trade
from app.core.record import MODEL_CONNECTION, WITHDRAWN, Answer, Connected, Dropped, Request
from app.core.text import clean
from app.engine.jobs import Jobs
from app.engine.protocol import AiRead, MetricSource, Mode, ScalperView
from app.engine.watch import MarketWatch
from app.markets.market import Market
from app.scalper.claims import read_calls
from app.scalper.description import Position
from app.scalper.desk import MODEL_VENUE, CoinDesk, ScalperDesk
from app.scalper.persona import direction_word

_HOUR_MS = 3_600_000
_unpack_connected = msgspec.msgpack.Decoder(Connected).decode
_unpack_dropped = msgspec.msgpack.Decoder(Dropped).decode
_OUTCOMES_KEPT = 4_000


class Reading:
    """The desk with what it needs of the core. Everything here is a function of the inputs."""

    def __init__(
        self, mode: Mode, settings: Settings, watch: MarketWatch, bus: Bus, jobs: Jobs,
        position_of: Callable[[str, int], Position | None],
    ) -> None:  # fmt: skip
        """`position_of` gives the paper position in a coin, as it is at a time in milliseconds."""
        self._mode = mode
        self._settings = settings
        self._watch = watch
        self._bus = bus
        self._jobs = jobs
        self._asked_ms: dict[int, int] = {}
        self._by_hand = ""
        self._outcomes: deque[tuple[int, bool]] = deque(maxlen=_OUTCOMES_KEPT)
        self.desk = ScalperDesk(settings.scalper, settings.costs)
        self._position_of = position_of

    def start(self) -> None:
        """Begin to ask the model."""
        self.desk.open(self._watch.ask_model)

    def follow(self, coins: Iterable[str]) -> None:
        """Read those of the followed markets that the settings want."""
        self.desk.follow(coins)

    def read_now(self, coin: str, now_ms: int) -> tuple[bool, str]:
        """Read a coin by hand; whether that began, and one sentence about it."""
        if self._jobs.runs("read"):
            return False, "A read by hand is under way already"
        begun, said = self.desk.by_hand(coin)
        if begun:
            self._by_hand = coin
            self._jobs.begin("read", now_ms, said)
        return begun, said

    def cancel(self) -> tuple[bool, str]:
        """Give up the read by hand."""
        if not self._jobs.runs("read"):
            return False, "Nothing is being read by hand"
        self._jobs.end("read", "cancelled", "Cancelled: no read by hand")
        number = self.desk.cancel_by_hand()
        if number is not None:
            self._watch.effects.withdraw(number)
        return True, "Cancelled: no read by hand"

    def traded(self, market: Market, trades: Sequence[Trade], now_ms: int) -> bool:
        """New prints of a market; whether they are a reason to look at once."""
        return self.desk.traded(market.coin, trades, now_ms)

    def look(self, markets: Mapping[str, Market], why_unusable: Callable[[Market], str], now_ms: int) -> None:
        """See whether a market is to be read now."""
        self.desk.look(markets, why_unusable, lambda coin: self._position_of(coin, now_ms), now_ms)
        if self._jobs.runs("read"):
            why_not = self.desk.why_not_by_hand(self._by_hand)
            if why_not:
                self.desk.cancel_by_hand()
                self._jobs.end("read", "failed", f"{clean(self._by_hand, 32)} was not read: {why_not}")

    def connected(self, payload: bytes) -> None:
        """A connection is up; that to the model lets it be asked."""
        if _unpack_connected(payload).connection == MODEL_CONNECTION:
            self.desk.model_ready()

    def dropped(self, payload: bytes) -> None:
        """A connection is down."""
        dropped = _unpack_dropped(payload)
        if dropped.connection == MODEL_CONNECTION:
            self.desk.model_gone(dropped.reason)

    def asked(self, request: Request, now_ms: int) -> None:
        """A question is on its way. Those of others are not noticed."""
        if request.venue == MODEL_VENUE:
            self._asked_ms[request.request_id] = now_ms

    def answered(
        self,
        request: Request,
        answer: Answer,
        market: Market | None,
        rules: RulesRead | None,
        now_ms: int,
        sequence: int,
    ) -> None:
        """An answer of the model has come, or its failure; `rules` is what these read at this instant."""
        asked_ms = self._asked_ms.pop(request.request_id, now_ms)
        if answer.error == WITHDRAWN:
            self.desk.withdrawn(request)
            return
        outcome = self.desk.answered(request, answer, asked_ms, now_ms)
        self._outcomes.append((now_ms, isinstance(outcome, ScalperRead)))
        self._bus.publish(outcome)
        if request.variant == "by hand":
            self._jobs.end("read", "done" if isinstance(outcome, ScalperRead) else "failed", _words(outcome))
        if isinstance(outcome, ScalperRead) and market is not None:
            facts = market.facts(now_ms)
            for call in read_calls(
                outcome, rules, facts, self._settings.rules, self._settings.costs, self._mode, sequence
            ):
                self._bus.publish(call)

    def last_hour(self, now_ms: int) -> tuple[int, int]:
        """Reads and failures of the last hour, of the newest 4,000."""
        of_hour = [is_read for at_ms, is_read in self._outcomes if now_ms - at_ms <= _HOUR_MS]
        return sum(of_hour), len(of_hour) - sum(of_hour)

    def view(self, coin: str, now_ms: int) -> ScalperView | None:
        """How the scalper stands with a coin; None for one that is not read."""
        desk = self.desk.coins.get(coin)
        if desk is None:
            return None
        read = desk.reads[-1] if desk.reads else None
        return ScalperView(
            ai=None if read is None else _ai_read(read, now_ms),
            waits_for=desk.waits_for,
            trouble=_trouble(desk),
            failures=desk.failures,
        )

    def metric_words(self, metric_source: MetricSource) -> str:
        """Where metrics come from, in a sentence."""
        if metric_source == "rules":
            return "Metrics come from the rules"
        missing = next((desk.waits_for for desk in self.desk.coins.values() if desk.waits_for), "")
        if missing:
            return f"No AI read now: {missing}. The rules stand in, by name"
        return "Metrics come from the AI; where it has no read, from the rules, by name"


def _words(outcome: ScalperRead | NoRead) -> str:
    """What a read by hand brought, in a line."""
    coin = clean(outcome.coin, 32)
    if isinstance(outcome, NoRead):
        return f"{coin}: no read: {outcome.why}"
    momentum = f"momentum {outcome.momentum:.0f} {direction_word(outcome.direction)}"
    return f"{coin}: {momentum}, pressure {outcome.pressure:.0f}, {outcome.action}: {outcome.sentence}"


def _trouble(desk: CoinDesk) -> str:
    """Why the last question brought no read; empty when it did."""
    last = desk.exchanges[-1].outcome if desk.exchanges else None
    return last.why if isinstance(last, NoRead) else ""


def _ai_read(read: ScalperRead, now_ms: int) -> AiRead:
    return AiRead(
        age_ms=max(0, now_ms - read.at_ms),
        latency_ms=max(0, read.at_ms - read.asked_ms),
        reason=read.reason,
        model=read.model,
        momentum=read.momentum,
        pressure=read.pressure,
        continuation=read.continuation,
        freshness=read.freshness,
        direction=read.direction,
        action=read.action,
        confidence=read.confidence,
        sentence=read.sentence,
        conflict=read.conflict,
        in_position=read.in_position,
    )
