"""What all of the deck's actions stand on: the link, the state, the screen on top, and the flash line."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence

from rich.cells import cell_len
from textual.app import App
from textual.driver import Driver
from textual.screen import Screen
from textual.widget import Widget
from textual.worker import Worker, WorkerState

from app.core.clock import Clock
from app.core.errors import TapedeckError
from app.core.text import clean
from app.engine.link import EngineLink
from app.engine.looking import OPENED
from app.engine.protocol import Command, Snapshot
from app.ui.bell import rings
from app.ui.deck_options import DeckOptions
from app.ui.jobs import job_news, paper_news
from app.ui.key_conflicts import Host
from app.ui.keymap import DEFAULT_KEYMAP, Keymap
from app.ui.layouts import Layout, Shelf
from app.ui.panels.research import sweep_news
from app.ui.screens.base import DeckScreen
from app.ui.screens.dashboard import Dashboard
from app.ui.state import DeckState
from app.ui.textual_seams import leaving_driver
from app.ui.theme import Palette
from app.ui.theme_choice import ThemeChoice
from app.ui.widgets.flash import Level
from app.ui.widgets.prompt import Prompt

PAINTS_PER_SECOND = 10
_BESIDE_FLASH = 4


class DeckBase(App[None], inherit_bindings=False):
    """The Textual application without its actions.

    `themes` holds at least `options.theme`; `notices` are said at the start and stand in the event log. `hosts` are the
    programs around the deck that take some keys (docs/keys.md), `layouts` the saved ones.
    """

    TITLE = "tapedeck"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-normal"), (140, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (16, "-tall")]  # noqa: RUF012
    ALLOW_SELECT = False

    def __init__(
        self,
        link: EngineLink,
        clock: Clock,
        themes: Mapping[str, Palette],
        options: DeckOptions,
        *,
        keymap: Keymap = DEFAULT_KEYMAP,
        hosts: Sequence[Host] = (),
        layouts: Iterable[Layout] = (),
        notices: Iterable[str] = (),
        no_color: bool = False,
        after_first_paint: Callable[[], object] | None = None,
    ) -> None:
        super().__init__(ansi_color=True if no_color else None)
        self._link = link
        self._themes = themes
        self._options = options
        self.theme_choice = ThemeChoice(themes, options.theme, self._draw_in, no_color=no_color)
        self._notices = tuple(notices)
        self._after_first_paint = after_first_paint
        self.actions = keymap.actions()
        self._deck_keymap = keymap
        self._hosts = hosts
        self._shelf = Shelf(list(layouts))
        self._saving = asyncio.Lock()
        self._mouse_released = False
        self._looking: dict[type[OPENED], OPENED] = {}
        self._focus_before: Widget | None = None
        self._dashboard = Dashboard(self._palette)
        self._prepare(self._dashboard)
        self._dashboard.offer_watchlists(options.watchlists)
        self.state = DeckState(clock, options.expected, self._notices, quit_key=self._key("quit"))
        self.failure: BaseException | None = None
        self.crash: Exception | None = None

    def get_driver_class(self) -> type[Driver]:
        return leaving_driver(super().get_driver_class())

    def get_default_screen(self) -> Screen[None]:
        return self._dashboard

    def on_mount(self) -> None:
        for palette in self._themes.values():
            self.register_theme(palette.textual_theme())
        self.theme = self._palette.textual_theme().name
        self.set_keymap(self._deck_keymap.textual())
        self.set_interval(1 / PAINTS_PER_SECOND, self.paint)
        self.call_after_refresh(self._start)

    def paint(self) -> None:
        """Bring the screen up to date. The only place where snapshots reach widgets."""
        self._deck_screen.show(self.state.view())

    def flash(self, text: str, level: Level = "info") -> None:
        """Say something on the flash line; what is longer than it stands in the event log too, once."""
        self._deck_screen.flash.say(text, level)
        if cell_len(text) + _BESIDE_FLASH > self.size.width and not self.state.has_logged(text):
            self.state.note(str(clean(text, 400)), level)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Say that a worker failed; without the link the deck lives on with what it last heard."""
        if event.state is not WorkerState.ERROR or event.worker.error is None:
            return
        error = event.worker.error
        reason = str(error) if isinstance(error, TapedeckError) else f"{type(error).__name__}: {error}"
        if event.worker.group == "link":
            self.failure = error
            self.state.fail(str(clean(reason, 300)))
            self.flash(f"The link to the engine failed: {reason}", "warning")
        else:
            self.flash(f"The command failed: {reason}", "warning")

    async def action_quit(self) -> None:
        """Leave the deck; the terminal is restored and the link closed."""
        self.exit()

    async def action_back(self) -> None:
        """Take the filter of the table in focus away; without one, return to the screen before."""
        if self._deck_screen.clear_filter():
            self.flash("The filter is off.")
        elif len(self.screen_stack) > 1:
            self.pop_screen()
        else:
            self.flash(f"This is the dashboard; {self._key('quit')} leaves the deck.")

    def _handle_exception(self, error: Exception) -> None:
        """Leave it to whoever started the deck to report a crash; Textual would print it, locals and all."""
        self.crash = error
        super()._handle_exception(error)
        self._exit_renderables.clear()

    @property
    def _palette(self) -> Palette:
        return self.theme_choice.shown

    def _draw_in(self, palette: Palette) -> None:
        self.theme = palette.textual_theme().name
        for screen in self.screen_stack:
            if isinstance(screen, DeckScreen):
                screen.set_palette(palette)
            else:
                # Textual restyles every screen but an open command palette.
                self.call_next(self.update_styles, screen, animate=False)

    @property
    def _deck_screen(self) -> DeckScreen:
        """The deck's screen on top, even when the palette lies over it or the app is closing."""
        stack = reversed(self.screen_stack)
        return next((screen for screen in stack if isinstance(screen, DeckScreen)), self._dashboard)

    async def _open(self, screen: DeckScreen) -> None:
        """Show a screen with all it has to say: the next key may come before the next paint."""
        self._prepare(screen)
        await self.push_screen(screen)
        self.paint()

    def _prepare(self, screen: DeckScreen) -> None:
        """Give a screen what it shares with all others."""
        screen.actions = self.actions
        screen.flash_digits(self._options.flash)
        for table in screen.tables():
            table.clear_key = self._key("back")

    def _start(self) -> None:
        if self._notices:
            more = f"{len(self._notices)} notices, {self._key('log')} shows all: " if len(self._notices) > 1 else ""
            self.flash(more + self._notices[0], "warning")
        self.run_worker(self._follow(), group="link", exit_on_error=False)
        if self._after_first_paint is not None:
            self._after_first_paint()

    async def _follow(self) -> None:
        """Keep the newest snapshot until the engine ends."""
        welcome = await self._link.connect()
        self.state.welcome(welcome.source)
        told: Snapshot | None = None
        while (snapshot := await self._link.snapshot()) is not None:
            self.state.accept(snapshot)
            for text, level in job_news(told.jobs, snapshot.jobs) if told is not None else ():
                held = "; the display is held" if self.state.view().frozen_s is not None else ""
                self.flash(text + held, level)
            if told is not None and rings(told, snapshot, self._options.bell):
                self.bell()
            if told is not None and (news := sweep_news(told.sweep, snapshot.sweep)):
                self.flash(*news)
            if told is not None and (paper := paper_news(told, snapshot)):
                self.flash(paper)
            if told is not None and _heard(told) != _heard(snapshot):
                # What the model said a moment ago is worth more now than with the next paint.
                self.paint()
            told = snapshot
        self.state.end()
        self.flash(f"The engine has ended; what is shown is the last it said. {self._key('quit')} leaves.", "warning")

    def _send(self, command: Command, hint: str = "") -> None:
        self.run_worker(self._give(command, hint), group="commands", exit_on_error=False)

    async def _give(self, command: Command, hint: str) -> None:
        """Carry a command to the engine and say what it answers, with a hint when it did as it was told."""
        result = await self._link.send(command)
        more = f"; {hint}" if hint and result.ok else ""
        self.flash(result.message + more, "info" if result.ok else "warning")

    async def _ask(self, prompt: Prompt) -> None:
        """Open a line to type in; `_end_asking` gives the focus back to where it was."""
        screen = self._deck_screen
        self._focus_before = screen.focused
        prompt.set_palette(self._palette)
        await screen.mount(prompt)
        screen.set_focus(prompt)

    async def _end_asking(self) -> None:
        """Take the line away that was typed in."""
        screen, before = self._deck_screen, self._focus_before
        # The focus goes first: Textual would choose another place for that of a widget that is gone.
        if before is not None and before.is_attached and before.screen is screen:
            screen.set_focus(before)
        await screen.query(Prompt).remove()

    def _key(self, action_id: str) -> str:
        """The key of an action, as the footer shows it."""
        return next(action.shown_keys[0] for action in self.actions if action.id == action_id)

    def _connected(self) -> Snapshot | None:
        """The newest snapshot of an engine that takes commands; says why there is none."""
        view = self.state.view()
        if view.connection == "connected" and view.newest is None:
            self.flash("Waiting for the engine's first snapshot.", "warning")
        elif view.connection != "connected":
            self.flash("Not connected to an engine.", "warning")
            return None
        return view.newest


def _heard(snapshot: Snapshot) -> int:
    """Grows when a model has answered, or failed to."""
    return 0 if snapshot.model is None else snapshot.model.outcomes
