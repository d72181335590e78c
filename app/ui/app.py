"""The deck: a client of an engine, in a terminal. It shows snapshots and sends commands."""

from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar

from textual import actions as textual_actions
from textual.app import SystemCommand
from textual.binding import BindingType
from textual.events import Event
from textual.screen import Screen

from app.engine.protocol import LookAt
from app.ui.actions import ACTIONS, ScreenName, bindings
from app.ui.appearance import Appearance
from app.ui.copy_actions import CopyActions
from app.ui.pasting import harmless
from app.ui.screens.base import DeckScreen
from app.ui.screens.copy_menu import CopyMenu
from app.ui.screens.dashboard import Dashboard
from app.ui.screens.detail import Detail
from app.ui.screens.event_log import EventLog
from app.ui.screens.feeds import Feeds
from app.ui.screens.help import Help
from app.ui.screens.market import MarketScreen
from app.ui.steering import Steering
from app.ui.theme_choice import PALETTE_CSS, DeckCommands

_SCREENS: Mapping[ScreenName, type[DeckScreen]] = {"log": EventLog, "feeds": Feeds}
_SCREENS_OF = {textual_actions.parse(action.command)[1:]: action.screens for action in ACTIONS if action.scope == "app"}


class DeckApp(Steering, Appearance, CopyActions):
    """The Textual application, with every action of the app's own."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("app")
    COMMANDS = {DeckCommands}  # noqa: RUF012
    CSS = PALETTE_CSS

    async def on_event(self, event: Event) -> None:
        await super().on_event(harmless(event))

    def paint(self) -> None:
        self._look_where_the_screen_does()
        super().paint()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        for action in self.actions:
            if action.scope == "app" and action.id != "palette":
                # Textual reads a title as markup, and a bracket may be a key.
                keys = " ".join(action.shown_keys).replace("[", r"\[")
                title = f"{action.label} · {keys}"
                yield SystemCommand(title, action.description, self._runner(action.command))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """An action of the table works on its screens alone: two of them may share a key."""
        screens = _SCREENS_OF.get((action, parameters))
        return screens is None or self._deck_screen.NAME in screens

    async def action_show(self, name: ScreenName) -> None:
        """Show a screen, or return to the one before if it is shown already; help lies over what it helps with."""
        below = self._deck_screen.NAME
        if name == below:
            await self.action_back()
            return
        if name == "help":
            await self._open(Help(self._palette, below, self._hosts))
            return
        while len(self.screen_stack) > 1:
            self.pop_screen()
        await self._open(_SCREENS[name](self._palette))

    async def action_open_row(self) -> None:
        """Show all of the row under the cursor; in the choice of what to copy, copy it."""
        if isinstance(self._deck_screen, CopyMenu):
            await self._copy_chosen(self._deck_screen)
            return
        selection = self._deck_screen.selection()
        if selection is None:
            self.flash("There is no row here to open.", "warning")
        elif selection.panel.id == "markets" and self._deck_screen.NAME == Dashboard.NAME:
            await self._open(MarketScreen(self._palette, selection.row.key, marks=self._options.marks))
        elif self._deck_screen.NAME != Detail.NAME:
            await self._open(Detail(self._palette, selection))

    async def on_live_table_opened(self) -> None:
        await self.action_open_row()

    def _look_where_the_screen_does(self) -> None:
        """Have the engine send the market that is opened, in the candles wanted; none when none is."""
        opened = next((screen for screen in self.screen_stack if isinstance(screen, MarketScreen)), None)
        look = LookAt(opened.coin, opened.interval) if opened is not None else LookAt("")
        if look != self._looking and self.state.view().connection == "connected":
            self._looking = look
            self.run_worker(self._look_at(look), group="commands", exit_on_error=False)

    async def _look_at(self, look: LookAt) -> None:
        result = await self._link.send(look)
        if not result.ok:
            self.flash(result.message, "warning")

    def _runner(self, command: str) -> Callable[[], object]:
        return lambda: self.run_action(command)
