"""The recording of a run: begun with it or in its midst, ended with it or before."""

from pathlib import Path

import msgspec

from app.config.settings import TapeSettings
from app.core.clock import Clock
from app.core.errors import DataError
from app.core.record import DATA_CONNECTION, Connected, Kind
from app.engine.protocol import RecordingView
from app.engine.sequencer import Sequencer
from app.feeds.hyperliquid.client import HyperliquidClient
from app.feeds.hyperliquid.limits import VENUE
from app.feeds.tape.format import Session
from app.feeds.tape.rolling import RollingTape, TapeLimits

_pack = msgspec.msgpack.encode


def _limits(settings: TapeSettings) -> TapeLimits:
    return TapeLimits(settings.part_mb * 10**6, settings.part_h * 3600, settings.keep_free_mb * 10**6)


class RunRecording:
    """Puts a run's inputs on a tape, as long as one is open."""

    def __init__(self, sequencer: Sequencer, settings: TapeSettings, clock: Clock) -> None:
        self._sequencer = sequencer
        self._settings = settings
        self._clock = clock
        self._tape: RollingTape | None = None

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
        self._tape = RollingTape(path, session, self._clock, _limits(self._settings))
        self._sequencer.recorder = self._tape
        self._sequencer.recording_error = ""
        self._sequencer.recorded = 0

    def begin_midway(self, path: Path, session: Session, client: HyperliquidClient) -> None:
        """As `begin`, for a run with streams open and questions asked: they are told to the tape, not to the core."""
        self.begin(path, msgspec.structs.replace(session, midway=True))
        for stream in client.opened():
            self._sequencer.note(stream.stream, Kind.STREAM, _pack(stream))
        if client.is_connected:
            self._sequencer.note(0, Kind.CONNECT, _pack(Connected(VENUE, DATA_CONNECTION)))
        for request in client.outstanding():
            self._sequencer.note(0, Kind.REQUEST, _pack(request))

    def end(self) -> RecordingView | None:
        """Finish the tape, if one is open; what was recorded."""
        was_open = self.view() is not None
        self._sequencer.recorder = None
        if self._tape is None:
            return None
        try:
            self._tape.close()
        except DataError as error:
            self._sequencer.recording_error = self._sequencer.recording_error or str(error)
        return RecordingView(self._tape.name, self._tape.size_bytes, self._tape.seconds) if was_open else None
