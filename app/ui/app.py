"""The deck: a client of an engine, in a terminal. It shows snapshots and sends commands."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import ClassVar

from textual import actions as textual_actions
from textual.app import SystemCommand
from textual.binding import BindingType
from textual.events import Event
from textual.screen import Screen
from textual.widget import Widget

from app.engine.looking import OPENED
from app.engine.protocol import LookAt
from app.engine.protocol_screen import LookAtScreener
from app.engine.protocol_token_detail import LookAtToken
from app.engine.protocol_wallets import LookAtWallet
from app.engine.protocol_whales import LookAtAlert, LookAtTrader
from app.ui.actions import ACTIONS, ScreenName, When, bindings
from app.ui.appearance import Appearance
from app.ui.copy_actions import CopyActions
from app.ui.offered_actions import by_frequency
from app.ui.panels.ml_health import TOKENS
from app.ui.panels.wallets import WALLETS
from app.ui.panels.whales import WHALES
from app.ui.pasting import harmless
from app.ui.screens.alert import AlertScreen
from app.ui.screens.bar import BarScreen
from app.ui.screens.base import DeckScreen, Selection
from app.ui.screens.copy_menu import CopyMenu
from app.ui.screens.dashboard import Dashboard
from app.ui.screens.detail import Detail
from app.ui.screens.event_log import EventLog
from app.ui.screens.feeds import Feeds
from app.ui.screens.help import Help
from app.ui.screens.market import MarketScreen
from app.ui.screens.panels import PanelScreen
from app.ui.screens.paper import PaperScreen
from app.ui.screens.scalper import ScalperScreen
from app.ui.screens.scan_metrics import ScanMetrics
from app.ui.screens.screener import ScreenerScreen
from app.ui.screens.silence_menu import SilenceMenu
from app.ui.screens.token import TokenScreen
from app.ui.screens.trader import TraderScreen
from app.ui.screens.wallet import WalletScreen
from app.ui.steering import Steering
from app.ui.sweep_actions import SweepActions
from app.ui.theme_choice import PALETTE_CSS, DeckCommands
from app.ui.wallet_actions import WalletActions, WalletField, note_of_wallet
from app.ui.whale_actions import TRADER_FIELDS, WhaleActions, note_of_trader
from app.ui.widgets.text_prompt import TextPrompt

_SCREENS: Mapping[ScreenName, type[DeckScreen]] = {
    "log": EventLog,
    "feeds": Feeds,
    "paper": PaperScreen,
    "scan": ScanMetrics,
    "screener": ScreenerScreen,
}
_TYPES_NEXT = frozenset({"save_layout", "edit", "scan_sources", "sweep"})
_SCREEN_TITLES: Mapping[ScreenName, str] = {
    "log": "Event log",
    "feeds": "Feeds",
    "paper": "Paper ledger",
    "scan": "Scan metrics",
    "screener": "Screener",
}
_SCREENS_OF = {textual_actions.parse(action.command)[1:]: action.screens for action in ACTIONS if action.scope == "app"}


class DeckApp(Steering, Appearance, CopyActions, WalletActions, WhaleActions, SweepActions):
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
        """What the palette offers: every action that works here, panels, screens and layouts."""
        states = self._states()
        for action in by_frequency(self.actions):
            if action.id == "quit":
                yield from self._panel_commands()
            if action.scope == "app" and action.id != "palette" and action.works(self._deck_screen.NAME, states):
                # Textual reads a title as markup, and a bracket may be a key.
                keys = " ".join(action.shown_keys).replace("[", r"\[")
                title = f"{action.label} · {keys}"
                yield SystemCommand(title, action.description, self._runner(action.command))
        yield from self.layout_commands()

    def _panel_commands(self) -> Iterable[SystemCommand]:
        """The panels of the dashboard, and those of the screen on top, and the other screens, by their names."""
        # An action of the same name finds more: the event log rather than its last lines.
        taken = {action.label.lower() for action in self.actions}
        screens = {screen.NAME: screen for screen in (self._deck_screen, self._dashboard)}
        for screen in screens.values():
            if isinstance(screen, PanelScreen):
                for number, name in enumerate(screen.panel_names, 1):
                    if name.lower() in taken:
                        continue
                    yield SystemCommand(name, "Go to this panel.", partial(self._go_to_panel, screen, number))
        for name, title in _SCREEN_TITLES.items():
            if name != self._deck_screen.NAME and title.lower() not in taken:
                yield SystemCommand(title, "Go to this screen.", self._runner(f"show('{name}')"))

    def _go_to_panel(self, screen: PanelScreen, number: int) -> None:
        while self._deck_screen is not screen and len(self.screen_stack) > 1:
            self.pop_screen()
        screen.go_to(number)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """An action of the table works on its screens alone: two of them may share a key."""
        if action in _TYPES_NEXT and self._types(self.screen.focused):
            return False
        screens = _SCREENS_OF.get((action, parameters))
        return screens is None or self._deck_screen.NAME in screens

    async def action_show(self, name: ScreenName) -> None:
        """Show a screen, or return to the one before if it is shown already; help lies over what it helps with."""
        below = self._deck_screen.NAME
        if name == below:
            await self.action_back()
            return
        if name == "help":
            await self._open(Help(self._palette, below, self._hosts, self._states()))
            return
        while len(self.screen_stack) > 1:
            self.pop_screen()
        await self._open(_SCREENS[name](self._palette))

    def action_follow(self) -> None:
        """Follow the trader that is open, else the wallet that is or is under the cursor; or end it."""
        if self._deck_screen.trader:
            self._follow_trader()
        else:
            self._follow_wallet()

    async def action_edit(self, field: WalletField) -> None:
        """Write an alias, a tag or a note: of the trader or the wallet that is open, or under the cursor."""
        trader = self._chosen_trader()
        if trader:
            await self._edit_trader(trader, field)
        else:
            await self._edit_wallet(field)

    async def on_text_prompt_ended(self, event: TextPrompt.Ended) -> None:
        """Keep what was written."""
        await self._end_asking()
        if event.text is None:
            self.flash(f"The {event.field} stays as it was.")
        elif event.field in TRADER_FIELDS.values():
            self._send(note_of_trader(event))
        else:
            self._send(note_of_wallet(event))

    async def action_open_row(self) -> None:
        """Show all of the row under the cursor; in a choice of what to copy or to silence, do that."""
        if isinstance(self._deck_screen, CopyMenu):
            await self._copy_chosen(self._deck_screen)
            return
        if isinstance(self._deck_screen, SilenceMenu):
            await self._silence_chosen(self._deck_screen)
            return
        selection = self._deck_screen.selection()
        if selection is None:
            self.flash("There is no row here to open.", "warning")
        elif self._deck_screen.NAME not in (Detail.NAME, ScanMetrics.NAME):
            await self._open(self._opened(selection))

    def _opened(self, selection: Selection) -> DeckScreen:
        """The screen that shows all of a row: its own kind of screen where it has one."""
        screen = self._deck_screen
        panel = selection.panel.id if screen.NAME == Dashboard.NAME else ""
        if panel == "markets":
            return MarketScreen(self._palette, selection.row.key, marks=self._options.marks)
        if panel == "scalper":
            return ScalperScreen(self._palette, selection.coin, self._options.marks)
        if panel == WALLETS:
            return WalletScreen(self._palette, selection.wallet)
        if panel == WHALES:
            return AlertScreen(self._palette, selection.row.key)
        if panel == TOKENS:
            return TokenScreen(self._palette, selection.row.key, self._options.marks)
        if selection.trader:
            return TraderScreen(self._palette, selection.trader)
        bar = screen.bar_of(selection) if isinstance(screen, ScreenerScreen) else None
        if bar is not None:
            return BarScreen(self._palette, *bar, self._options.marks)
        opened = screen.opened(selection) if isinstance(screen, ScalperScreen) else None
        return opened or Detail(self._palette, selection)

    async def on_live_table_opened(self) -> None:
        await self.action_open_row()

    def _states(self) -> frozenset[When]:
        """What is so that some keys need."""
        view = self.state.view()
        on_tape = view.newest is not None and view.newest.playback is not None
        states: dict[When, bool] = {"tape": on_tape, "held": view.frozen_s is not None}
        return frozenset(state for state, is_so in states.items() if is_so)

    def _types(self, focused: Widget | None) -> bool:
        """Whether a widget takes keys for text: its own come before those that are heard ahead of it."""
        return focused is not None and focused.check_consume_key("x", "x")

    def _look_where_the_screen_does(self) -> None:
        """Have the engine send what is opened, and no more of what is not."""
        if self.state.view().connection != "connected":
            return
        for look in self._looks():
            if look != self._looking.get(type(look), type(look)("")):
                self._looking[type(look)] = look
                self.run_worker(self._look_at(look), group="commands", exit_on_error=False)

    def _looks(self) -> tuple[OPENED, ...]:
        """What the screens look at, those further up first."""
        screens = [screen for screen in reversed(self.screen_stack) if isinstance(screen, DeckScreen)]
        looks = (screen.look for screen in screens)
        return (
            next((look for look in looks if look is not None), LookAt("")),
            LookAtWallet(next((screen.wallet for screen in screens if screen.wallet), "")),
            LookAtTrader(next((screen.trader for screen in screens if screen.trader), "")),
            LookAtAlert(next((screen.alert for screen in screens if screen.alert), "")),
            LookAtToken(next((screen.token for screen in screens if screen.token), "")),
            next((screen.screener for screen in screens if screen.screener is not None), LookAtScreener()),
        )

    async def _look_at(self, look: OPENED) -> None:
        result = await self._link.send(look)
        if not result.ok:
            self.flash(result.message, "warning")

    def _runner(self, command: str) -> Callable[[], object]:
        return lambda: self.run_action(command)
