"""The recording of a run: begun with it or in its midst, ended with it or before."""

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from app.config.settings import TapeSettings
from app.core.clock import Clock
from app.core.errors import DataError
from app.core.record import Connected, Kind, Record, Request
from app.engine.protocol import LogLevel, RecordingView
from app.engine.sequencer import Sequencer
from app.feeds.hyperliquid.client import HyperliquidClient
from app.feeds.hyperliquid.limits import VENUE
from app.feeds.tape.format import Session
from app.feeds.tape.rolling import RollingTape, TapeLimits
from app.feeds.tape.writer import TapeWriter

_pack = msgspec.msgpack.encode

Tell = Callable[[LogLevel, str], None]
"""Takes a sentence for the event log."""


def _limits(settings: TapeSettings) -> TapeLimits:
    return TapeLimits(
        settings.part_mb * 10**6, settings.part_h * 3600, settings.keep_free_mb * 10**6, settings.keep_gb * 10**9
    )


class OneRecording:
    """One recording, from its first input until the disk has it: what the sequencer gives inputs to.

    It raises nothing while it takes them: the deck must outlive its recording. After a failure it takes no more.
    """

    def __init__(self, path: Path, session: Session, settings: TapeSettings, clock: Clock, tell: Tell) -> None:
        """Raises `DataError` when the tape cannot be made. `tell` is told what the disk has, or why it has not."""
        self._tell = tell
        self._closing: dict[TapeWriter, asyncio.Task[None]] = {}
        self._tape = RollingTape(path, session, clock, _limits(settings), finish=self._finish)
        self._has_ended = False
        self._is_taking = True
        self.inputs = 0
        """How many it has taken."""
        self.trouble = ""
        """Why it is not whole; empty when it is."""

    def view(self) -> RecordingView | None:
        """How far it has come; None when it takes no more."""
        return RecordingView(self._tape.name, self._tape.size_bytes, self._tape.seconds) if self._is_taking else None

    def write(self, record: Record) -> None:
        """Take an input, unless the tape has failed before."""
        if not self._is_taking:
            return
        try:
            self._tape.write(record)
        except DataError as error:
            self._is_taking = False
            self._fail(error)
        else:
            self.inputs += 1

    def end(self) -> None:
        """Take no more, and have a thread close the tape, because the disk may take its time."""
        self._is_taking = False
        if self._has_ended:
            return
        self._has_ended = True
        try:
            self._tape.close()
        except DataError as error:
            self._fail(error)

    @property
    def is_settled(self) -> bool:
        """Whether the disk has all parts that get no more inputs, or has failed to take them."""
        return not self._closing

    async def settled(self) -> None:
        """Wait until that is so."""
        while self._closing:
            await asyncio.wait(self._closing.values())

    def _finish(self, part: TapeWriter) -> None:
        """Write what is pending of a part that gets no more records, and let a thread wait for the disk."""
        if part in self._closing:
            return
        try:
            part.seal()
        finally:
            closing = asyncio.get_running_loop().create_task(self._close(part), name=f"closing {part.name}")
            self._closing[part] = closing
            closing.add_done_callback(lambda _: self._closing.pop(part, None))

    async def _close(self, part: TapeWriter) -> None:
        seconds = part.seconds
        try:
            await asyncio.to_thread(part.close)
        except DataError as error:
            self._fail(error)
        else:
            self._tell("info", f"{part.name} is on disk: {part.size_bytes:,} bytes of {seconds:.0f} s")

    def _fail(self, error: DataError) -> None:
        # The first failure is the cause of those after it.
        if not self.trouble:
            self.trouble = str(error)
            self._tell("error", f"the recording is not whole: {self.trouble}")


class RunRecording:
    """Puts a run's inputs on a tape, as long as one is open. `tell` gets what is to be said in the event log."""

    def __init__(self, sequencer: Sequencer, settings: TapeSettings, clock: Clock, tell: Tell) -> None:
        self._sequencer = sequencer
        self._settings = settings
        self._clock = clock
        self._tell = tell
        self._newest: OneRecording | None = None
        self._ended: list[OneRecording] = []

    @property
    def trouble(self) -> str:
        """Why the last recording is not whole; empty when it is, or none was made."""
        return self._newest.trouble if self._newest is not None else ""

    @property
    def inputs(self) -> int | None:
        """Inputs that the last recording has taken; None when nothing ever was recorded."""
        return self._newest.inputs if self._newest is not None else None

    def view(self) -> RecordingView | None:
        """The recording that is being made."""
        return self._newest.view() if self._newest is not None else None

    def begin(self, path: Path, session: Session) -> None:
        """Record from the next input on. Raises `DataError` when the tape cannot be made."""
        self.end()
        self._newest = OneRecording(path, session, self._settings, self._clock, self._tell)
        self._sequencer.recorder = self._newest

    def begin_midway(
        self, path: Path, session: Session, client: HyperliquidClient, questions: Iterable[Request]
    ) -> None:
        """As `begin`, for a run with streams open and questions asked: they are told to the tape, not to the core."""
        self.begin(path, msgspec.structs.replace(session, midway=True))
        for stream in client.opened():
            self._sequencer.note(stream.stream, Kind.STREAM, _pack(stream))
        for socket in client.sockets:
            if socket.is_connected:
                self._sequencer.note(0, Kind.CONNECT, _pack(Connected(VENUE, socket.connection)))
        for request in questions:
            self._sequencer.note(0, Kind.REQUEST, _pack(request))

    def end(self) -> RecordingView | None:
        """Take no more; what was recorded, None when nothing was being recorded. `settled` waits for the disk."""
        recorded = self.view()
        self._sequencer.recorder = None
        if self._newest is not None:
            self._newest.end()
            self._ended = [each for each in (*self._ended, self._newest) if not each.is_settled]
        return recorded

    async def settled(self) -> None:
        """Wait until the disk has every tape that was ended, or has failed to take it."""
        for recording in self._ended:
            await recording.settled()
