"""What came out of a run: the hash of all derived events, the calls, and the event log."""

import hashlib
from collections import Counter, deque
from collections.abc import Callable

import msgspec

from app.core.bus import Bus
from app.core.calls import Call
from app.core.events import CandleClosed, FeedHole, NoRead, RulesRead, ScalperRead
from app.core.text import clean
from app.core.whale_events import SmartMoneySignal, TraderMoved, WhaleAlert
from app.engine.paper_words import paper_words
from app.engine.protocol import LogLevel, LogLine
from app.engine.token_state import TokenJudged
from app.engine.wallet_events import WalletJudged
from app.paper.events import PaperEvent, timeless
from app.scorecards.grader import Graded
from app.store.token_tables import StoredTokenOutcome

_LOG_LINES = 200
_DECIDED_KEPT = 50_000
_REPEAT_MS = 10_000


class Journal:
    """Collects derived events. `log_sha256` covers their content without wall-clock times, in order.

    `keep` is called with each event that belongs in a database; `sink` with each line of the event log.
    """

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.sink: Callable[[LogLine], None] = lambda line: None
        self._encode = msgspec.msgpack.Encoder().encode
        self.candles_closed = 0
        self.reads = 0
        self.ai_reads = 0
        self.reads_by_reason: Counter[str] = Counter()
        self.slowest_read_ms: int | None = None
        self.no_reads = 0
        self.wallets_judged = self.tokens_judged = 0
        self.trader_moves = self.signal_changes = self.whale_alerts = 0
        self.calls_filed = 0
        self.calls_graded = 0
        self.keep: Callable[[object], None] = lambda event: None
        self.decided: deque[Graded] = deque(maxlen=_DECIDED_KEPT)
        self._lines: deque[LogLine] = deque(maxlen=_LOG_LINES)
        self._tail: tuple[LogLine, ...] | None = ()
        self._last_said: dict[tuple[str, str], int] = {}
        self._kept_quiet: dict[tuple[str, str], int] = {}

    def listen(self, bus: Bus) -> None:
        """Take every event of markets, reads and claims from now on."""
        bus.subscribe(CandleClosed, self.candle_closed)
        bus.subscribe(FeedHole, self.hole_found)
        bus.subscribe(RulesRead, self.rules_read)
        bus.subscribe(Call, self.call_filed)
        bus.subscribe(Graded, self.call_decided)
        bus.subscribe(ScalperRead, self.scalper_read)
        bus.subscribe(NoRead, self.no_read)

    @property
    def log_sha256(self) -> str:
        """Hash of the derived events so far."""
        return self._hash.hexdigest()

    @property
    def log_tail(self) -> tuple[LogLine, ...]:
        """The newest lines of the event log, oldest first."""
        if self._tail is None:
            self._tail = tuple(self._lines)
        return self._tail

    def candle_closed(self, event: CandleClosed) -> None:
        """Count and hash a closed candle."""
        self.candles_closed += 1
        self.keep(event)
        self._cover("candle", event.candle)

    def rules_read(self, read: RulesRead) -> None:
        """Count and hash a read."""
        self.reads += 1
        self._cover("read", msgspec.structs.replace(read, at_ms=0))

    def scalper_read(self, read: ScalperRead) -> None:
        """Count, keep and hash a read of the model."""
        self.ai_reads += 1
        self.reads_by_reason[read.reason] += 1
        self.slowest_read_ms = max(self.slowest_read_ms or 0, read.at_ms - read.asked_ms)
        self.keep(read)
        self._cover("scalper", msgspec.structs.replace(read, at_ms=0, asked_ms=0))

    def no_read(self, failed: NoRead) -> None:
        """Count, keep and hash a question that brought no read, and say why."""
        self.no_reads += 1
        self.keep(failed)
        self._cover("no read", msgspec.structs.replace(failed, at_ms=0, asked_ms=0))
        self.say(failed.at_ms, "warning", "scalper", f"{failed.coin}: no read: {failed.why}", kind="no read")

    def wallet_judged(self, judged: WalletJudged) -> None:
        """Count and hash a verdict on a wallet."""
        self.wallets_judged += 1
        timeless = msgspec.structs.replace(judged.verdict, judged_s=0)
        self._cover("wallet", msgspec.structs.replace(judged, verdict=timeless))

    def token_judged(self, judged: TokenJudged) -> None:
        """Count and hash a verdict on a token."""
        self.tokens_judged += 1
        self._cover("token", msgspec.structs.replace(judged, at_ms=0, asked_ms=0))

    def token_labelled(self, outcome: StoredTokenOutcome) -> None:
        """Keep and hash what became of a prediction about a token."""
        self.keep(outcome)
        self._cover("token outcome", msgspec.structs.replace(outcome, at_ms=0, decided_ms=0))

    def paper_event(self, event: PaperEvent) -> None:
        """Keep and hash what the paper ledger did, and say what a user wants to know of it."""
        self.keep(event)
        self._cover("paper", timeless(event))
        words = paper_words(event)
        if words:
            self.say(words.at_ms, words.level, "paper", words.text)

    def trader_moved(self, move: TraderMoved) -> None:
        """Count and hash a move of a followed trader."""
        self.trader_moves += 1
        self._cover("move", msgspec.structs.replace(move, at_ms=0))

    def signal_changed(self, signal: SmartMoneySignal) -> None:
        """Count and hash a signal whose lean, or whose baseline's, changed."""
        self.signal_changes += 1
        self._cover("signal", msgspec.structs.replace(signal, at_ms=0))

    def alert_told(self, alert: WhaleAlert) -> None:
        """Count and hash an alert, new or once more, and say it once."""
        self.whale_alerts += 1
        self._cover("alert", msgspec.structs.replace(alert, at_ms=0, expires_ms=0))
        if alert.times == 1:
            self.say(alert.at_ms, "info", "whales", f"{alert.severity}: {alert.text}")

    def call_filed(self, call: Call) -> None:
        """Keep, count and hash a call."""
        self.calls_filed += 1
        self.keep(call)
        # The twin's id covers source and times too: that there is one is what counts.
        timeless = {"source": "", "made_at_ms": 0, "available_at_ms": 0, "baseline_id": "twin" * bool(call.baseline_id)}
        self._cover("call", msgspec.structs.replace(call, **timeless))

    def say(self, now_ms: int, level: LogLevel, topic: str, text: str, *, kind: str = "") -> None:
        """Add a line to the event log. Within ten seconds, more of the same kind (by default: text) is only counted."""
        key = (topic, kind or text)
        if 0 <= now_ms - self._last_said.get(key, -_REPEAT_MS) < _REPEAT_MS:
            self._kept_quiet[key] = self._kept_quiet.get(key, 0) + 1
            return
        repeated = self._kept_quiet.pop(key, 0)
        if len(self._last_said) > _LOG_LINES:
            self._last_said.clear()
            self._kept_quiet.clear()
        self._last_said[key] = now_ms
        suffix = f" ({repeated} more like it)" if repeated else ""
        line = LogLine(now_ms, level, topic, clean(text + suffix, 300))
        self._lines.append(line)
        self._tail = None
        self.sink(line)

    def call_decided(self, decided: Graded) -> None:
        """Keep, count and hash what became of a call."""
        self.calls_graded += decided.outcome.status == "graded"
        self.decided.append(decided)
        self.keep(decided)
        # The id is left out too: it covers the source and the times of its call.
        timeless = {"call_id": "", "decided_at_ms": 0, "entry_at_ms": None, "exit_at_ms": None}
        self._cover("outcome", msgspec.structs.replace(decided.outcome, **timeless))

    def run_ended(self, undecided: list[Graded]) -> None:
        """Keep the calls whose horizon the run did not live to see. When a run is stopped is no event, so no hash."""
        self.decided.extend(undecided)
        for decided in undecided:
            self.keep(decided)

    def hole_found(self, hole: FeedHole) -> None:
        """Keep and hash a hole."""
        self.keep(hole)
        self._cover("hole", hole)

    def _cover(self, kind: str, event: msgspec.Struct) -> None:
        self._hash.update(self._encode((kind, event)))
