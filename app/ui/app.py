"""The deck: a client of an engine, in a terminal. It shows snapshots and sends commands."""

from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar

from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.screen import Screen
from textual.worker import Worker, WorkerState

from app.core.clock import Clock
from app.core.errors import TapedeckError
from app.core.playback import Playback
from app.core.text import clean
from app.engine.link import EngineLink
from app.engine.protocol import Command, RefreshMarkets, SetMetricSource, SetPlayback
from app.ui.actions import ACTIONS, ScreenName, bindings
from app.ui.panels.detail import row_text
from app.ui.screens.base import DeckScreen
from app.ui.screens.dashboard import Dashboard
from app.ui.screens.detail import Detail
from app.ui.screens.event_log import EventLog
from app.ui.screens.feeds import Feeds
from app.ui.screens.help import Help
from app.ui.state import DeckState
from app.ui.theme import Palette
from app.ui.widgets.flash import Level

PAINTS_PER_SECOND = 10

_SCREENS: Mapping[ScreenName, type[DeckScreen]] = {"log": EventLog, "feeds": Feeds, "help": Help}


class DeckApp(App[None], inherit_bindings=False):
    """The Textual application. `themes` holds at least one theme; the first of `notices` is said at the start."""

    TITLE = "tapedeck"
    BINDINGS: ClassVar[list[BindingType]] = bindings("app")
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-normal"), (140, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (16, "-tall")]  # noqa: RUF012
    ALLOW_SELECT = False
    CSS = "CommandPalette:nocolor OptionList > .option-list--option-highlighted { text-style: reverse; }"

    def __init__(
        self,
        link: EngineLink,
        clock: Clock,
        themes: Mapping[str, Palette],
        *,
        theme: str,
        expected: str = "",
        notices: Iterable[str] = (),
        no_color: bool = False,
        after_first_paint: Callable[[], object] | None = None,
    ) -> None:
        super().__init__(ansi_color=True if no_color else None)
        self._link = link
        self._themes = themes
        self._palette = themes[theme]
        self._notices = tuple(notices)
        self._after_first_paint = after_first_paint
        self._dashboard = Dashboard(self._palette)
        self.state = DeckState(clock, expected)
        self.failure: BaseException | None = None
        self.crash: Exception | None = None

    def get_default_screen(self) -> Screen[None]:
        return self._dashboard

    def on_mount(self) -> None:
        for palette in self._themes.values():
            self.register_theme(palette.textual_theme())
        self.theme = self._palette.textual_theme().name
        self.set_interval(1 / PAINTS_PER_SECOND, self.paint)
        self.call_after_refresh(self._start)

    def paint(self) -> None:
        """Bring the screen up to date. The only place where snapshots reach widgets."""
        self._deck_screen.show(self.state.view())

    def flash(self, text: str, level: Level = "info") -> None:
        """Say something on the flash line."""
        self._deck_screen.flash.say(text, level)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        for action in ACTIONS:
            if action.scope == "app" and action.id != "palette":
                title = f"{action.label} · {' '.join(action.shown_keys)}"
                yield SystemCommand(title, action.description, self._runner(action.command))

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
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
        """Return to the screen before."""
        if len(self.screen_stack) > 1:
            self.pop_screen()
        else:
            self.flash("This is the dashboard; q leaves the deck.")

    async def action_show(self, name: ScreenName) -> None:
        """Show a screen, or return to the dashboard if it is shown already."""
        if name == self._deck_screen.NAME:
            await self.action_back()
            return
        while len(self.screen_stack) > 1:
            self.pop_screen()
        await self._open(_SCREENS[name](self._palette))

    async def action_open_row(self) -> None:
        """Show all of the row under the cursor."""
        selection = self._deck_screen.selection()
        if selection is None:
            self.flash("There is no row here to open.", "warning")
        elif self._deck_screen.NAME != Detail.NAME:
            await self._open(Detail(self._palette, selection))

    async def on_live_table_opened(self) -> None:
        await self.action_open_row()

    def action_freeze(self) -> None:
        """Hold the display, or let it go on."""
        if self.state.view().newest is None:
            self.flash("Nothing to freeze yet: no snapshot has come.", "warning")
        elif self.state.toggle_freeze():
            self.flash("The display is held; the engine goes on. f lets it go on.")
        else:
            self.flash("The display goes on.")

    def action_toggle_metrics(self) -> None:
        """Ask for the other source of metrics."""
        newest = self.state.view().newest
        if newest is None:
            self._not_connected()
            return
        self._send(SetMetricSource("ai" if newest.metric_source == "rules" else "rules"))

    def action_refresh_markets(self) -> None:
        """Ask the venue for its markets again."""
        if self.state.view().connection != "connected":
            self._not_connected()
            return
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
        """Move on the tape by seconds of its own time."""
        if self._playback() is not None:
            self._send(SetPlayback(seek_by_ms=seconds * 1_000))

    def action_copy_row(self) -> None:
        """Copy the row under the cursor through the terminal (OSC 52): where it is from, and all it holds."""
        selection = self._deck_screen.selection()
        if selection is None:
            self.flash("There is no row here to copy.", "warning")
            return
        text = row_text(self.state.view(), selection.columns, selection.row)
        self.copy_to_clipboard(text)
        self.flash(f"Copied through the terminal: {text}")

    def action_next_theme(self) -> None:
        """Change to the next theme."""
        names = list(self._themes)
        self._palette = self._themes[names[(names.index(self._palette.name) + 1) % len(names)]]
        self.theme = self._palette.textual_theme().name
        for screen in self.screen_stack:
            if isinstance(screen, DeckScreen):
                screen.set_palette(self._palette)
        self.flash(f"Theme: {self._palette.name}." if len(names) > 1 else "There is only one theme.")

    def _handle_exception(self, error: Exception) -> None:
        """Leave it to whoever started the deck to report a crash; Textual would print it, locals and all."""
        self.crash = error
        super()._handle_exception(error)
        self._exit_renderables.clear()

    @property
    def _deck_screen(self) -> DeckScreen:
        """The deck's screen on top, even when the palette lies over it or the app is closing."""
        stack = reversed(self.screen_stack)
        return next((screen for screen in stack if isinstance(screen, DeckScreen)), self._dashboard)

    async def _open(self, screen: DeckScreen) -> None:
        """Show a screen with all it has to say: the next key may come before the next paint."""
        await self.push_screen(screen)
        self.paint()

    def _start(self) -> None:
        for notice in self._notices[:1]:
            self.flash(notice, "warning")
        self.run_worker(self._follow(), group="link", exit_on_error=False)
        if self._after_first_paint is not None:
            self._after_first_paint()

    async def _follow(self) -> None:
        """Keep the newest snapshot until the engine ends."""
        welcome = await self._link.connect()
        self.state.welcome(welcome.source)
        while (snapshot := await self._link.snapshot()) is not None:
            self.state.accept(snapshot)
        self.state.end()
        self.flash("The engine has ended; what is shown is the last it said. q leaves.", "warning")

    def _send(self, command: Command) -> None:
        self.run_worker(self._give(command), group="commands", exit_on_error=False)

    async def _give(self, command: Command) -> None:
        result = await self._link.send(command)
        self.flash(result.message, "info" if result.ok else "warning")

    def _playback(self) -> Playback | None:
        newest = self.state.view().newest
        if newest is None:
            self._not_connected()
        elif newest.playback is None:
            self.flash(f"That key steers a tape; this is {newest.source.label}.", "warning")
        return newest.playback if newest is not None else None

    def _not_connected(self) -> None:
        self.flash("Not connected to an engine.", "warning")

    def _runner(self, command: str) -> Callable[[], object]:
        return lambda: self.run_action(command)
