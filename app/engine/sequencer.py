"""Gives every input its number, puts it on the tape and hands it to the core: in this order, one at a time."""

from collections.abc import Callable
from typing import Protocol

from app.core.clock import Clock
from app.core.record import Record
from app.feeds.inbox import Arrival


class Recorder(Protocol):
    """Where inputs are kept. What it raises ends the dispatch: a recording that must not end a run raises nothing."""

    def write(self, record: Record) -> None:
        """Keep one input."""


class Sequencer:
    """The single gate between arrivals and the core."""

    def __init__(self, clock: Clock, dispatch: Callable[[Record], None]) -> None:
        self._clock = clock
        self._dispatch = dispatch
        self._sequence = 0
        self.recorder: Recorder | None = None

    def put(self, arrival: Arrival) -> None:
        """Number, record and dispatch one arrival."""
        self._dispatch(self._recorded(arrival))

    def note(self, stream: int, kind: int, payload: bytes) -> None:
        """Number and record what the core knows already, for whoever replays a tape begun midway."""
        self._recorded(Arrival(self._clock.wall_ns(), self._clock.monotonic_ns(), stream, kind, payload))

    def _recorded(self, arrival: Arrival) -> Record:
        self._sequence += 1
        record = Record(
            self._sequence, arrival.wall_ns, arrival.monotonic_ns, arrival.stream, arrival.kind, arrival.payload
        )
        if self.recorder is not None:
            self.recorder.write(record)
        return record

    def put_now(self, stream: int, kind: int, payload: bytes) -> None:
        """As `put`, for an input that arises in the engine itself."""
        self.put(Arrival(self._clock.wall_ns(), self._clock.monotonic_ns(), stream, kind, payload))
