"""What came out of a run: the hash of all derived events, the calls, and the event log."""

import hashlib
from collections import deque
from collections.abc import Callable

import msgspec

from app.core.calls import Call
from app.core.events import CandleClosed, FeedHole, RulesRead
from app.core.text import clean
from app.engine.protocol import LogLevel, LogLine

_LOG_LINES = 200
_CALLS_KEPT = 2_000
_REPEAT_MS = 10_000


class Journal:
    """Collects derived events. `log_sha256` covers their content without wall-clock times, in order."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.sink: Callable[[LogLine], None] = lambda line: None
        self._encode = msgspec.msgpack.Encoder().encode
        self.candles_closed = 0
        self.reads = 0
        self.calls_filed = 0
        self.calls: deque[Call] = deque(maxlen=_CALLS_KEPT)
        self._lines: deque[LogLine] = deque(maxlen=_LOG_LINES)
        self._tail: tuple[LogLine, ...] | None = ()
        self._last_said: dict[tuple[str, str], int] = {}
        self._kept_quiet: dict[tuple[str, str], int] = {}

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
        self._cover("candle", event.candle)

    def rules_read(self, read: RulesRead) -> None:
        """Count and hash a read."""
        self.reads += 1
        self._cover("read", msgspec.structs.replace(read, at_ms=0))

    def call_filed(self, call: Call) -> None:
        """Keep, count and hash a call."""
        self.calls_filed += 1
        self.calls.append(call)
        self._cover("call", msgspec.structs.replace(call, source="", made_at_ms=0, available_at_ms=0))

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

    def hole_found(self, hole: FeedHole) -> None:
        """Hash a hole."""
        self._cover("hole", hole)

    def _cover(self, kind: str, event: msgspec.Struct) -> None:
        self._hash.update(self._encode((kind, event)))
