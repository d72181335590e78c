"""The actions on whale alerts and followed traders: what to silence, and whom to follow."""

from app.engine.protocol import Snapshot
from app.engine.protocol_whales import SilenceAlerts, SilenceRow, TrackTrader
from app.ui.deck_base import DeckBase
from app.ui.panels.alert import known_alert
from app.ui.panels.silences import Subject, is_silent, subjects_of
from app.ui.panels.trader import is_followed
from app.ui.panels.wallets import wallet_name
from app.ui.panels.whales import NO_TRADERS, WHALES
from app.ui.screens.alert import AlertScreen
from app.ui.screens.silence_menu import SilenceMenu
from app.ui.screens.trader import TraderScreen

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
        followed = is_followed(self.state.view(), trader)
        if followed is None:
            self.flash(f"It is not known yet whether {wallet_name(trader, '')} is followed.", "warning")
        else:
            self._send(TrackTrader(trader, tracked=not followed))

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


def _silences(newest: Snapshot) -> tuple[SilenceRow, ...]:
    return newest.whales.silences if newest.whales is not None else ()
