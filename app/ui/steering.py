"""The actions that steer the engine, and the display of what it said."""

from app.core.playback import Playback
from app.engine.protocol import (
    CancelJob,
    PaperAction,
    SetMetricSource,
    SetPlayback,
    SetRecording,
    StartJob,
    TradePaper,
)
from app.ui.deck_base import DeckBase
from app.ui.jobs import running
from app.ui.widgets.timeline import Timeline


class Steering(DeckBase):
    """Freeze, metrics, refresh, paper trades, playback, recording."""

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

    def action_job(self) -> None:
        """Begin the work that belongs to the panel in focus, or cancel it while it is being done."""
        newest, name = self._connected(), self._deck_screen.job()
        if newest is None:
            return
        if name is None:
            self.flash(f"There is nothing to ask for on this panel; {self._key('refresh')} on Markets refreshes them.")
        elif running(newest.jobs, name):
            self._send(CancelJob(name))
        elif name == "read":
            self._read(self._coin(), "refresh")
        else:
            self._send(StartJob(name), f"{self._key('refresh')} again cancels")

    def action_read_now(self) -> None:
        """Have the model read the coin under the cursor now, or give up the read that is under way."""
        newest = self._connected()
        if newest is not None and running(newest.jobs, "read"):
            self._send(CancelJob("read"))
        elif newest is not None:
            self._read(self._coin(), "read")

    def _read(self, coin: str, action_id: str) -> None:
        if coin:
            self._send(StartJob("read", coin), f"{self._key(action_id)} again cancels")
        else:
            self.flash("Put the cursor on a coin that is to be read.", "warning")

    def action_paper(self, action: PaperAction) -> None:
        """Open, close or flip a paper position in the coin under the cursor; nothing is sent to any venue."""
        if self._connected() is None:
            return
        coin = self._coin()
        if coin:
            self.run_worker(self._trade(TradePaper(coin, action)), group="commands", exit_on_error=False)
        else:
            self.flash("Put the cursor on a coin to trade it on paper.", "warning")

    async def _trade(self, trade: TradePaper) -> None:
        """Say what the engine answers, always with the word paper in it."""
        result = await self._link.send(trade)
        text = result.message if "paper" in result.message.lower().split() else f"Paper: {result.message}"
        if result.ok and self.state.view().frozen_s is not None:
            text += "; the display is held, the order is not: its fill is told here"
        elif result.ok and self._deck_screen.NAME != "paper":
            text += f"; {self._key('paper')} shows the paper ledger"
        self.flash(text, "info" if result.ok else "warning")

    def _coin(self) -> str:
        """The coin under the cursor; that of the market that is open."""
        selection = self._deck_screen.selection()
        return selection.coin if selection is not None else ""

    def action_pause(self) -> None:
        """Pause or resume the tape; at its end, play it again from the start."""
        playback = self._playback()
        if playback is not None and playback.ended:
            self._send(SetPlayback(paused=False, seek_ms=playback.start_ms))
        elif playback is not None:
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
