"""The first screen a newcomer sees: what to look at, and which coins. Shown once, before there is an engine."""

import asyncio
from dataclasses import dataclass
from typing import ClassVar, Literal

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.driver import Driver
from textual.events import Event
from textual.strip import Strip
from textual.widgets import Input, Static

from app.core.text import clean
from app.ui.pasting import harmless
from app.ui.run import leave_on_signals
from app.ui.textual_seams import leaving_driver
from app.ui.theme import Palette
from app.ui.widgets.lines import LineWidget

Source = Literal["demo", "live"]

_CHOICES: tuple[tuple[Source, str, str], ...] = (
    ("demo", "Demo", "a simulated market: no network, no key, nothing in it is real"),
    ("live", "Live", "Hyperliquid's public data: no key, no account, no orders"),
)
_LONGEST_COINS = 200
_HELP = (
    "up and down choose · tab goes to the coins · enter starts · ctrl+c leaves\n"
    "markets.favourites in config.toml keeps the coins. `tapedeck doctor` checks this machine.\n"
    "This screen comes only once; from then on plain `tapedeck` is live."
)


@dataclass(frozen=True)
class Choice:
    """What to open. `coins` is the text that was typed, empty for the settings' own favourites."""

    source: Source
    coins: str


class Choices(LineWidget, can_focus=True):
    """A line for each source; one is chosen."""

    DEFAULT_CSS = "Choices { height: 2; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)"),
        Binding("down,j", "move(1)"),
        Binding("enter", "app.begin"),
    ]
    chosen = 0

    def action_move(self, steps: int) -> None:
        """Choose the next line, or the one before."""
        self.chosen = (self.chosen + steps) % len(_CHOICES)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        _, name, about = _CHOICES[y]
        chosen = y == self.chosen
        mark = "▸" if chosen else " "
        segments = [
            self.segment(f" {mark} {name}", 10, "accent" if chosen else "text"),
            self.segment(about, max(0, self.size.width - 10), "text" if chosen else "muted"),
        ]
        return self.strip(segments, self.size.width)


class StartApp(App[Choice]):
    """Asks, and ends with a `Choice`; with None when it is left."""

    TITLE = "tapedeck"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c,ctrl+q,escape", "leave", priority=True)]
    CSS = """
    Screen { background: $background; align: center middle; }
    #start { width: 92; max-width: 100%; height: auto; background: $panel; border: round $border; padding: 1 2;
             border-title-color: $accent; border-title-style: bold; }
    Input { border: none; height: 1; background: $panel; padding: 0; }
    .label { margin-top: 1; color: $text-muted; }
    """

    def __init__(self, palette: Palette, coins: str) -> None:
        super().__init__()
        self._palette = palette
        self._coins = coins

    def get_driver_class(self) -> type[Driver]:
        return leaving_driver(super().get_driver_class())

    async def on_event(self, event: Event) -> None:
        await super().on_event(harmless(event))

    def compose(self) -> ComposeResult:
        with Vertical(id="start"):
            yield Static(Content("What should the deck show?"), classes="label")
            yield Choices()
            yield Static(Content("Coins to show first:"), classes="label")
            yield Input(value=self._coins, max_length=_LONGEST_COINS, compact=True, select_on_focus=False)
            yield Static(Content(_HELP), classes="label")

    def on_mount(self) -> None:
        theme = self._palette.textual_theme()
        self.register_theme(theme)
        self.theme = theme.name
        self.query_one("#start").border_title = Content("tapedeck")
        choices = self.query_one(Choices)
        choices.set_palette(self._palette)
        choices.focus()

    def on_input_submitted(self) -> None:
        self.action_begin()

    def action_begin(self) -> None:
        """Take what is chosen."""
        coins = str(clean(self.query_one(Input).value, _LONGEST_COINS))
        source, *_ = _CHOICES[self.query_one(Choices).chosen]
        self.exit(Choice(source, "" if coins == self._coins else coins))

    def action_leave(self) -> None:
        """Open nothing."""
        self.exit(None)


def ask(palette: Palette, coins: str) -> Choice | None:
    """Ask the newcomer; `coins` is what stands in the field at first. Needs a terminal."""
    return asyncio.run(_run(StartApp(palette, coins)))


async def _run(start: StartApp) -> Choice | None:
    leave_on_signals(start)
    return await start.run_async()
