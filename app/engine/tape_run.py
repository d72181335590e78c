"""A run on a recording: the same core, its inputs read instead of received."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from app.config.load import build
from app.config.settings import Settings
from app.config.sources import Given, from_toml
from app.core.clock import Clock
from app.core.errors import ConfigError, DataError
from app.core.playback import Playback, next_speed
from app.core.record import Record
from app.engine.core import Core
from app.engine.freeze import Outside
from app.engine.protocol import CancelJob, Command, LookAt, SetPlayback, SetRecording, SourceView, StartJob, TradePaper
from app.engine.protocol_token_detail import LookAtToken
from app.engine.protocol_tokens import ScoreTokens
from app.engine.protocol_wallets import LookAtWallet, NoteWallet, SetWalletProfile
from app.engine.protocol_whales import NoteTrader, SilenceAlerts, TrackTrader, WhaleLook
from app.engine.supervisor import Supervisor
from app.feeds.tape.player import Player
from app.feeds.tape.recording import Recording

_SETTINGS_CAP = 65_536
GONE_SETTINGS = {
    "rules.taker_fee_bps": "costs.taker_fee_bps",
    "rules.slippage_bps": "costs.slippage_bps",
    "scalper.round_trip_bps": "costs.taker_fee_bps",
    "paper.taker_fee_bps": "costs.taker_fee_bps",
}
"""Settings that tapes of the past hold and that are no more, each with what took its place."""


class TapeRun:
    """Player and core. A recording made by tapedeck is replayed under the settings it was made with."""

    def __init__(
        self,
        recording: Recording,
        settings: Settings,
        clock: Clock,
        *,
        speed: float | None,
        hold: bool,
        size_bytes: int | None = None,
    ) -> None:
        """`size_bytes` is that of the file; a recording may go on in others."""
        self._size_bytes = size_bytes
        self._settings = settings_of(recording) or settings
        self._recording = recording
        self.core = Core("tape", self._settings)
        self._player = Player(recording, self._dispatch, speed=speed, clock=clock, restart=self._restart, hold=hold)
        self._supervisor = Supervisor(self._worker_failed, clock, restarts=0)
        self._failure = ""
        self._changed: Callable[[], None] = lambda: None
        self._finished = asyncio.Event()
        self.source = tape_source(recording)

    async def start(self, changed: Callable[[], None]) -> None:
        """Begin to play."""
        self._changed = changed
        if self._recording.damage:
            self.core.journal.say(self._recording.start_ns // 1_000_000, "error", "tape", self._recording.damage)
        left_out = settings_left_out(self._recording)
        if left_out:
            self.core.journal.say(self._recording.start_ns // 1_000_000, "warning", "tape", left_out)
        self._supervisor.start("player", self._play)
        changed()

    async def finished(self) -> None:
        """Wait for the end of the tape."""
        await self._finished.wait()

    def command(self, command: Command) -> tuple[bool, str]:
        """Steer the player; everything else only changes what is shown, never what the recorded inputs come to."""
        if isinstance(command, SetPlayback):
            return self._steer(command)
        if isinstance(command, StartJob | CancelJob | ScoreTokens):
            return False, "A tape cannot be asked again: it shows what was recorded"
        if isinstance(command, TradePaper):
            return False, "A tape shows the paper trades that were recorded: trade on paper live or in a demo"
        if isinstance(command, SetWalletProfile | NoteWallet):
            return False, "A tape shows wallets as they were recorded: judge and note them live or in a demo"
        if isinstance(command, TrackTrader | NoteTrader | SilenceAlerts):
            return False, "A tape shows traders and alerts as they were recorded: follow and mute live or in a demo"
        if isinstance(command, LookAt):
            # Carried out it would stand in the place of a recorded look, and other books would fill what is on paper.
            refusal = self.core.looks.refusal(command)
            return not refusal, refusal
        if isinstance(command, LookAtWallet | WhaleLook | LookAtToken):
            return True, ""
        if isinstance(command, SetRecording):
            return False, "A tape is a recording already; `tapedeck tape cut` takes a part of it"
        return self.core.apply(command)

    def outside(self) -> Outside:
        """Where the tape stands."""
        trouble = self._failure or self._recording.damage
        return Outside(playback=self._player.view(), tape_bytes=self._size_bytes, trouble=trouble)

    async def stop(self) -> None:
        """End the player."""
        await self._supervisor.stop()

    async def _play(self) -> None:
        try:
            await self._player.run()
        finally:
            try:
                self.core.finish()
            finally:
                if self._recording.damage:
                    self.core.journal.say(self.core.now_ms, "error", "tape", self._recording.damage)
                self._finished.set()
                self._changed()

    def _dispatch(self, record: Record) -> None:
        self.core.dispatch(record)
        self._changed()

    def _restart(self) -> None:
        before = self.core
        self.core = Core("tape", self._settings)
        self.core.metric_source, self.core.screening.begun = before.metric_source, before.screening.begun

    def _steer(self, command: SetPlayback) -> tuple[bool, str]:
        ended = self._player.view().ended
        if command.speed is not None:
            self._player.set_speed(None if command.speed == 0 else command.speed)
        if command.speed_steps is not None:
            self._player.set_speed(next_speed(self._player.view().speed, command.speed_steps))
        if command.paused is not None:
            (self._player.pause if command.paused else self._player.resume)()
        target_ms = self._target_ms(command)
        if target_ms is not None:
            if ended and command.paused is None:
                # Whoever looks back from the end has not asked for the tape to play.
                self._player.pause()
            self._player.seek(target_ms * 1_000_000)
        return True, _playback_words(self._player.view(), target_ms)

    def _target_ms(self, command: SetPlayback) -> int | None:
        if command.seek_ms is not None:
            return command.seek_ms
        if command.seek_by_ms is None:
            return None
        playback = self._player.view()
        return min(max(playback.position_ms + command.seek_by_ms, playback.start_ms), playback.end_ms)

    def _worker_failed(self, name: str, reason: str) -> None:
        self._failure = f"the tape could not be played to its end: {reason}"
        self.core.journal.say(self.core.now_ms, "error", name, self._failure)
        self._changed()


def settings_of(recording: Recording) -> Settings | None:
    """The settings a recording was made with, if it keeps them. Raises `DataError` when they cannot be used."""
    text = recording.session.settings_toml
    if not text:
        return None
    if len(text) > _SETTINGS_CAP:
        raise DataError(f"the tape's settings take {len(text)} characters; this is no tape of tapedeck's own")
    try:
        return build(given for given in _given(text) if given.key not in GONE_SETTINGS)
    except ConfigError as error:
        reason = str(error).splitlines()[0]
        raise DataError(
            f"the tape's settings cannot be used ({reason}); play it with the version that made it"
        ) from error


def settings_left_out(recording: Recording) -> str:
    """A sentence about the settings of a recording that are no more and do not count; empty when it has none.

    For recordings whose settings `settings_of` can use.
    """
    gone = [given.key for given in _given(recording.session.settings_toml) if given.key in GONE_SETTINGS]
    names = ", ".join(f"{key} (its place took {GONE_SETTINGS[key]})" for key in gone)
    return f"settings of this older tape do not count, defaults do: {names}" if names else ""


def _given(text: str) -> list[Given]:
    return from_toml(text, "the tape's settings")


def tape_source(recording: Recording) -> SourceView:
    """What the header says of a tape: when it was recorded, and from what."""
    session = recording.session
    day = datetime.fromtimestamp(recording.start_ns / 1e9, UTC).strftime("%Y-%m-%d")
    what = {"demo": f"simulated, seed {session.seed}", "live": "Hyperliquid"}.get(session.mode, "imported")
    return SourceView("tape", "TAPE", f"{day}, {what}", of_demo=session.mode == "demo")


def _playback_words(playback: Playback, target_ms: int | None) -> str:
    """What a command has done; true before the tape is where it was sent, and after."""
    speed = "full speed" if playback.speed is None else f"{playback.speed:g}x"
    if target_ms is not None:
        place = datetime.fromtimestamp(target_ms / 1_000, UTC).strftime("%H:%M:%S")
        return f"To {place} UTC, {'paused' if playback.paused else f'playing at {speed}'}"
    if playback.ended:
        return f"The tape has ended; {speed} when it plays again"
    if playback.paused:
        return f"Paused; {speed} when it goes on"
    return f"Playing at {speed}"
