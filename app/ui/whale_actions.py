"""The actions on whale alerts and followed traders: what to silence, and whom to follow."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from app.engine.protocol import Snapshot
from app.engine.protocol_wallets import NOTE_CELLS
from app.engine.protocol_whales import NoteTrader, SilenceAlerts, SilenceRow, TrackTrader
from app.ui.deck_base import DeckBase
from app.ui.panels.alert import known_alert
from app.ui.panels.silences import Subject, is_silent, subjects_of
from app.ui.panels.trader import is_followed, known_of
from app.ui.panels.wallets import wallet_name
from app.ui.panels.whales import NO_TRADERS, WHALES
from app.ui.screens.alert import AlertScreen
from app.ui.screens.silence_menu import SilenceMenu
from app.ui.screens.trader import TraderScreen
from app.ui.state import DeckView
from app.ui.widgets.text_prompt import TextPrompt

TRADER_FIELDS: Mapping[str, str] = {"alias": "trader's alias", "note": "note on the trader"}
"""What is written about a trader, by the field of the line it is written in."""
_NO_ALERT = "Put the cursor on an alert, or open one."


class WhaleActions(DeckBase):
    """What is silenced and who is followed is kept on this machine; nothing is sent to any venue."""

    def action_snooze(self) -> None:
        """Silence the coin of the alert, or the trader that is open, for a while; again ends it."""
        newest = self._with_traders()
        subjects = self._subjects() if newest is not None else ()
        if newest is None:
            return
        if not subjects:
            self.flash(_NO_ALERT, "warning")
            return
        subject = subjects[0]
        ends = is_silent(subject, _silences(newest))
        hint = "" if ends else f"{self._key('alert-snooze')} again ends it"
        self._send(SilenceAlerts(subject.of, subject.name, ends=ends), hint)

    async def action_silence(self) -> None:
        """Let the user choose what to silence, or to hear again."""
        if self._with_traders() is not None:
            await self._open(SilenceMenu(self._palette, self._subjects(), self.state.view()))

    async def _silence_chosen(self, menu: SilenceMenu) -> None:
        chosen = menu.chosen
        await self.action_back()
        if chosen is not None and self._connected() is not None:
            self._send(chosen.command)

    def _follow_trader(self) -> None:
        """Follow the trader that is open whatever its place, or never."""
        if self._with_traders() is None:
            return
        trader = self._deck_screen.trader
        followed = is_followed(as_of_newest(self.state.view()), trader)
        if followed is None:
            self.flash(f"It is not known yet whether {wallet_name(trader, '')} is followed.", "warning")
        else:
            self._send(TrackTrader(trader, tracked=not followed))

    async def _edit_trader(self, trader: str, field: Literal["alias", "tag", "note"]) -> None:
        """Open a line to write an alias of a trader or a note on it."""
        if self._with_traders() is None:
            return
        if field not in TRADER_FIELDS:
            self.flash("A trader has an alias and a note, and no tag.", "warning")
            return
        written = self._written_of(trader, field)
        if written is None:
            self.flash(f"The {field} of this trader is not known here: open the trader to write it.", "warning")
            return
        question = f"{field.capitalize()} of {wallet_name(trader, '')}"
        await self._ask(TextPrompt(trader, TRADER_FIELDS[field], question, written, longest=NOTE_CELLS[field]))

    def _written_of(self, trader: str, field: Literal["alias", "tag", "note"]) -> str | None:
        """What is written about a trader so far; None where that is not known: it would be replaced unseen."""
        view = as_of_newest(self.state.view())
        detail = known_of(view, trader)
        if detail is not None:
            return detail.alias if field == "alias" else detail.note
        alert = known_alert(view, self._alert())
        aliases = {} if alert is None or field != "alias" else dict(zip(alert.traders, alert.aliases, strict=False))
        return aliases.get(trader)

    def _chosen_trader(self) -> str:
        """The trader that is open or under the cursor, the first of an alert; empty where there is none."""
        selection = self._deck_screen.selection()
        if self._deck_screen.trader or selection is None:
            return self._deck_screen.trader
        alert = known_alert(self.state.view(), self._alert())
        first = alert.traders[0] if alert is not None and alert.traders else ""
        return selection.trader or first

    def _subjects(self) -> tuple[Subject, ...]:
        """What can be silenced of what is open or under the cursor, the first of them what is meant by a snooze."""
        screen = self._deck_screen
        if isinstance(screen, TraderScreen):
            return (Subject("trader", screen.trader),)
        alert = known_alert(self.state.view(), self._alert())
        return () if alert is None else subjects_of(alert)

    def _alert(self) -> str:
        """The id of the alert that is open or under the cursor."""
        screen = self._deck_screen
        if isinstance(screen, AlertScreen):
            return screen.alert_id
        selection = screen.selection()
        return selection.row.key if selection is not None and selection.panel.id == WHALES else ""

    def _with_traders(self) -> Snapshot | None:
        """The newest snapshot of an engine that follows traders; says why there is none."""
        newest = self._connected()
        if newest is not None and newest.whales is None:
            self.flash(NO_TRADERS, "warning")
            return None
        return newest


def as_of_newest(view: DeckView) -> DeckView:
    """A deck that shows the newest snapshot, whatever it holds: what a command changes is what is so now."""
    return replace(view, shown=view.newest, frozen_s=None)


def note_of_trader(event: TextPrompt.Ended) -> NoteTrader:
    """What was written about a trader, as a command."""
    if event.field == TRADER_FIELDS["alias"]:
        return NoteTrader(event.subject, alias=event.text)
    return NoteTrader(event.subject, note=event.text)


def _silences(newest: Snapshot) -> tuple[SilenceRow, ...]:
    return newest.whales.silences if newest.whales is not None else ()
