"""The actions that steer the engine, and the display of what it said."""

from app.core.playback import Playback
from app.engine.protocol import RefreshMarkets, SetMetricSource, SetPlayback, SetRecording
from app.ui.deck_base import DeckBase
from app.ui.widgets.timeline import Timeline


class Steering(DeckBase):
    """Freeze, metrics, refresh, playback, recording."""

    def action_freeze(self) -> None:
        """Hold the display, or let it go on."""
        if self.state.view().newest is None:
            self.flash("Nothing to freeze yet: no snapshot has come.", "warning")
        elif self.state.toggle_freeze():
            self.flash(f"Held; the engine goes on. {self._key('rewind')} steps back, {self._key('freeze')} lets go.")
        else:
            self.flash("The display goes on.")

    def action_toggle_metrics(self) -> None:
        """Ask for the other source of metrics."""
        newest = self._connected()
        if newest is None:
            return
        self._send(SetMetricSource("ai" if newest.metric_source == "rules" else "rules"))

    def action_refresh_markets(self) -> None:
        """Ask the venue for its markets again."""
        if self._connected() is not None:
            self._send(RefreshMarkets())

    def action_pause(self) -> None:
        """Pause or resume the tape."""
        playback = self._playback()
        if playback is not None:
            self._send(SetPlayback(paused=not playback.paused))

    def action_change_speed(self, steps: int) -> None:
        """Play the tape faster or slower by steps of the ladder of speeds."""
        if self._playback() is not None:
            self._send(SetPlayback(speed_steps=steps))

    def action_seek(self, seconds: int) -> None:
        """Move on the tape by seconds of its own time; in a held display by a second of what was shown."""
        if self.state.view().frozen_s is not None:
            self._step(1 if seconds > 0 else -1)
            return
        if self._playback() is not None:
            self._send(SetPlayback(seek_by_ms=seconds * 1_000))

    def _step(self, seconds: int) -> None:
        if not self.state.step(seconds):
            self.flash("Nothing newer was shown." if seconds > 0 else "No older picture is kept.", "warning")

    def on_timeline_sought(self, event: Timeline.Sought) -> None:
        if self._playback() is not None:
            self._send(SetPlayback(seek_ms=event.wall_ms))

    def action_record(self) -> None:
        """Begin a recording, or end the one that is being made."""
        newest = self._connected()
        if newest is not None:
            self._send(SetRecording(on=newest.recording is None))

    def _playback(self) -> Playback | None:
        newest = self._connected()
        if newest is not None and newest.playback is None:
            self.flash(f"That key steers a tape; this is {newest.source.label}.", "warning")
        return newest.playback if newest is not None else None
