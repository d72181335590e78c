"""The recording of a run: begun with it or in its midst, ended with it or before."""

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from app.config.settings import TapeSettings
from app.core.clock import Clock
from app.core.errors import DataError
from app.core.record import Connected, Kind, Request
from app.engine.protocol import RecordingView
from app.engine.sequencer import Sequencer
from app.feeds.hyperliquid.client import HyperliquidClient
from app.feeds.hyperliquid.limits import VENUE
from app.feeds.tape.format import Session
from app.feeds.tape.rolling import RollingTape, TapeLimits
from app.feeds.tape.writer import TapeWriter

_pack = msgspec.msgpack.encode


def _limits(settings: TapeSettings) -> TapeLimits:
    return TapeLimits(settings.part_mb * 10**6, settings.part_h * 3600, settings.keep_free_mb * 10**6)


class RunRecording:
    """Puts a run's inputs on a tape, as long as one is open.

    A tape that is ended is closed in a thread, because the disk may take its time; `on_disk` is told, in a sentence,
    when the disk has all of it.
    """

    def __init__(
        self, sequencer: Sequencer, settings: TapeSettings, clock: Clock, on_disk: Callable[[str], None]
    ) -> None:
        self._sequencer = sequencer
        self._settings = settings
        self._clock = clock
        self._on_disk = on_disk
        self._tape: RollingTape | None = None
        self._is_open = False
        self._closing: dict[TapeWriter, asyncio.Task[None]] = {}

    @property
    def trouble(self) -> str:
        """Why the last recording is not whole; empty when it is."""
        return self._sequencer.recording_error

    @property
    def inputs(self) -> int | None:
        """Inputs recorded so far; None when nothing ever was."""
        return self._sequencer.recorded if self._tape is not None else None

    def view(self) -> RecordingView | None:
        """The recording that is being made."""
        if self._tape is None or self._sequencer.recorder is None:
            return None
        return RecordingView(self._tape.name, self._tape.size_bytes, self._tape.seconds)

    def begin(self, path: Path, session: Session) -> None:
        """Record from the next input on. Raises `DataError` when the tape cannot be made."""
        self.end()
        self._tape = RollingTape(path, session, self._clock, _limits(self._settings), finish=self._finish)
        self._is_open = True
        self._sequencer.recorder = self._tape
        self._sequencer.recording_error = ""
        self._sequencer.recorded = 0

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
        if self._tape is not None and self._is_open:
            self._is_open = False
            try:
                self._tape.close()
            except DataError as error:
                self._fail(error)
        return recorded

    async def settled(self) -> None:
        """Wait until the disk has every tape that was ended, or has failed to take it."""
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
            self._on_disk(f"{part.name} is on disk: {part.size_bytes:,} bytes of {seconds:.0f} s")

    def _fail(self, error: DataError) -> None:
        self._sequencer.recording_error = self._sequencer.recording_error or str(error)
