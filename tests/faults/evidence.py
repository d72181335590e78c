"""What happened inside a run, noted from outside of it: a tap on its inputs, and looks at its state."""

from collections import defaultdict

import msgspec
from accounts import FrameTally

from app.core.events import CandleClosed, FeedHole
from app.core.record import (
    DATA_CONNECTION,
    Answer,
    Connected,
    Dropped,
    Kind,
    Record,
    Request,
    StreamOpened,
)
from app.engine.core import Core

STALE_SLACK_MS = 1_000
_FEED_CHANNELS = frozenset({"trades", "bbo", "l2Book"})

_unpack_stream = msgspec.msgpack.Decoder(StreamOpened).decode
_unpack_connected = msgspec.msgpack.Decoder(Connected).decode
_unpack_request = msgspec.msgpack.Decoder(Request).decode
_unpack_answer = msgspec.msgpack.Decoder(Answer).decode
_unpack_dropped = msgspec.msgpack.Decoder(Dropped).decode


class Tap(FrameTally):
    """Sees every input before it is dispatched, where a tape writer would be."""

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self.holes: list[FeedHole] = []
        self.first_acknowledged_ms: dict[str, int] = {}
        self.arrived_ms: dict[str, list[int]] = defaultdict(list)
        self.answered_ms: dict[str, int] = {}
        self.connected_ms: list[int] = []
        self.dropped_ms: list[int] = []
        self.reasons: list[str] = []
        self.closed: dict[tuple[str, str], int] = {}
        self._channels: dict[int, tuple[str, str]] = {}
        self._asked: dict[int, Request] = {}
        core.bus.subscribe(CandleClosed, self._candle_closed)
        core.bus.subscribe(FeedHole, self.holes.append)

    def write(self, record: Record) -> None:
        """One input is about to be dispatched; the one before it has been."""
        super().write(record)
        match record.kind:
            case Kind.FRAME | Kind.FRAMES:
                self._frame(record)
            case Kind.STREAM:
                self._stream(_unpack_stream(record.payload), record.wall_ns // 1_000_000)
            case Kind.CONNECT if _unpack_connected(record.payload).connection == DATA_CONNECTION:
                self.connected_ms.append(record.wall_ns // 1_000_000)
            case Kind.REQUEST:
                request = _unpack_request(record.payload)
                self._asked[request.request_id] = request
            case Kind.ANSWER:
                self._answer(_unpack_answer(record.payload), record.wall_ns // 1_000_000)
            case Kind.DROP:
                self._dropped(_unpack_dropped(record.payload), record.wall_ns // 1_000_000)

    def look_at_rows(self) -> None:
        """A row whose data is older than its deadline must say so."""
        core = self._core
        limit_ms = round(core.settings.markets.stale_after_s * 1000) + STALE_SLACK_MS
        for coin, arrived in self.arrived_ms.items():
            silent_ms = core.now_ms - max(arrived[-1], self.answered_ms.get(coin, 0))
            if silent_ms > limit_ms and not core.markets[coin].stale(core.now_ms):
                self.violations.append(f"{coin} is shown as live {silent_ms} ms after its newest data")

    def _frame(self, record: Record) -> None:
        channel, coin = self._channels.get(record.stream, ("", ""))
        if channel in _FEED_CHANNELS:
            self.arrived_ms[coin].append(record.wall_ns // 1_000_000)

    def _stream(self, opened: StreamOpened, now_ms: int) -> None:
        self._channels[opened.stream] = opened.channel, opened.subject
        if opened.channel == "trades":
            self.first_acknowledged_ms.setdefault(opened.subject, now_ms)

    def _answer(self, answer: Answer, now_ms: int) -> None:
        request = self._asked.pop(answer.request_id)
        if request.channel == "recentTrades" and answer.status == 200:
            self.answered_ms[request.subject] = now_ms

    def _dropped(self, dropped: Dropped, now_ms: int) -> None:
        if dropped.connection == DATA_CONNECTION:
            self.dropped_ms.append(now_ms)
            self.reasons.append(dropped.reason)

    def _candle_closed(self, event: CandleClosed) -> None:
        candle = event.candle
        last_ms = self.closed.get((candle.coin, candle.interval))
        if last_ms is not None and candle.open_ms <= last_ms:
            self.violations.append(f"{candle.coin} {candle.interval}: candle {candle.open_ms} closed after {last_ms}")
        self.closed[candle.coin, candle.interval] = candle.open_ms
