"""The key of sweeps: it begins one with what is written, and stops the one that runs when it is pressed twice."""

from app.engine.protocol_screen import StartSweep, StopSweep
from app.ui.deck_base import DeckBase
from app.ui.panels.research import proposed_sweep
from app.ui.widgets.sweep_prompt import SweepPrompt


class SweepActions(DeckBase):
    """A sweep is the engine's, in a process of its own; the deck says what is to be swept and when to stop."""

    async def action_sweep(self) -> None:
        """Open a line for the arguments of a sweep; while one runs, stop it at the second press."""
        newest = self._connected()
        if newest is None:
            return
        if newest.sweep is None or newest.sweep.state != "running":
            selection = self._deck_screen.selection()
            coin = selection.coin if selection is not None else ""
            favourite = newest.markets[0].coin if newest.markets else ""
            await self._ask(SweepPrompt(proposed_sweep(self.state.view(), coin or favourite)))
            return
        # The question stands as long as it can be read: then the key asks again.
        question = f"Stop the sweep? {self._key('sweep')} again stops it; what is done is kept."
        if self._deck_screen.flash.message == question:
            self._send(StopSweep())
        else:
            self._deck_screen.flash.say(question, "warning")

    async def on_sweep_prompt_ended(self, event: SweepPrompt.Ended) -> None:
        """Begin the sweep that was written."""
        await self._end_asking()
        if event.text is None:
            self.flash("No sweep was begun.")
        else:
            self._send(StartSweep(event.text), f"{self._key('screener')} shows the Screener")
