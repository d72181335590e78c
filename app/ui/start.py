"""The first screen a newcomer sees: what to look at, and which coins. Shown once, before there is an engine.

What is chosen is checked here; whoever asks keeps it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import msgspec
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.driver import Driver
from textual.events import Event
from textual.message import Message
from textual.strip import Strip
from textual.widgets import Input, Static

from app.config.settings import CoinName
from app.core.errors import UsageError
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
MOST_COINS = 50
_LONGEST_COINS = 400
_COINS_LABEL = "Coins to show first:"
_HELP = (
    "up and down choose · tab goes to the coins · enter starts · ctrl+c leaves\n`tapedeck doctor` checks this machine."
)


@dataclass(frozen=True)
class Choice:
    """What to open, and the coins to show first; None for those of the settings, which were not changed."""

    source: Source
    coins: tuple[str, ...] | None = None

    def settings(self) -> dict[str, object]:
        """The choice as settings by dotted key."""
        chosen: dict[str, object] = {"deck.opens": self.source}
        return chosen if self.coins is None else {"markets.favourites": self.coins, **chosen}


def parse_coins(text: str) -> tuple[str, ...]:
    """The coins in a text, with commas or blanks between them, each once; `btc` is read as `BTC`.

    Raises `UsageError` for what cannot be a coin's name, and for more than 50 coins.
    """
    words = dict.fromkeys(map(_as_the_venue, text.replace(",", " ").split()))
    for word in words:
        try:
            msgspec.convert(word, CoinName)
        except msgspec.ValidationError as error:
            shape = "has letters, digits and :@#/_.-, at most 32"
            raise UsageError(f"{clean(word, 32)} is no coin's name; one {shape}") from error
    if len(words) > MOST_COINS:
        raise UsageError(f"{len(words)} coins are too many; name at most {MOST_COINS}")
    return tuple(words)


def _as_the_venue(word: str) -> str:
    # No coin there is written in small letters alone; kPEPE and xyz:TSLA are as they are.
    return word.upper() if word.isascii() and word.isalpha() and word.islower() else word


def next_time(choice: Choice, opens: Source, config_file: Path) -> str:
    """What plain `tapedeck` will do after this choice, and where that is kept; `opens` is what it would do now."""
    coins = "" if choice.coins is None else f", with {', '.join(choice.coins) or 'no coins'} first"
    kept = f" ({clean(str(config_file), 200)} keeps that)" if coins or choice.source != opens else ""
    return f"This screen comes only once: from then on plain `tapedeck` opens {choice.source}{coins}{kept}."


class Choices(LineWidget, can_focus=True):
    """A line for each source; one is chosen."""

    DEFAULT_CSS = "Choices { height: 2; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)"),
        Binding("down,j", "move(1)"),
        Binding("enter", "app.begin"),
    ]
    chosen = 0

    class Moved(Message):
        """Another line is chosen."""

    @property
    def source(self) -> Source:
        """The source that is chosen."""
        return _CHOICES[self.chosen][0]

    def action_move(self, steps: int) -> None:
        """Choose the next line, or the one before."""
        self.chosen = (self.chosen + steps) % len(_CHOICES)
        self.refresh()
        self.post_message(self.Moved())

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
    VERTICAL_BREAKPOINTS = [(0, "-short"), (16, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c,ctrl+q,escape", "leave", priority=True)]
    CSS = """
    Screen { background: $background; align: center middle; }
    #start { width: 92; max-width: 100%; height: auto; background: $panel; border: round $border; padding: 1 2;
             border-title-color: $accent; border-title-style: bold; }
    Input { border: none; height: 1; background: $panel; padding: 0; }
    .label { margin-top: 1; color: $text-muted; }
    .wrong { color: $warning; }
    Screen.-short #start { padding: 0 1; }
    Screen.-short .label { margin-top: 0; }
    """

    def __init__(self, palette: Palette, coins: Sequence[str], opens: Source, config_file: Path) -> None:
        super().__init__()
        self._palette = palette
        self._coins = tuple(coins)
        self._opens = opens
        self._config_file = config_file

    def get_driver_class(self) -> type[Driver]:
        return leaving_driver(super().get_driver_class())

    async def on_event(self, event: Event) -> None:
        await super().on_event(harmless(event))

    def compose(self) -> ComposeResult:
        with Vertical(id="start"):
            yield Static(Content("What should the deck show?"), classes="label")
            yield Choices()
            yield Static(Content(_COINS_LABEL), id="coins", classes="label")
            yield Input(value=", ".join(self._coins), max_length=_LONGEST_COINS, compact=True, select_on_focus=False)
            yield Static(id="next", classes="label")
            yield Static(Content(_HELP), classes="label")

    def on_mount(self) -> None:
        theme = self._palette.textual_theme()
        self.register_theme(theme)
        self.theme = theme.name
        self.query_one("#start").border_title = Content("tapedeck")
        choices = self.query_one(Choices)
        choices.set_palette(self._palette)
        choices.focus()
        self._say()

    def on_input_changed(self) -> None:
        self._say()

    def on_choices_moved(self) -> None:
        self._say()

    def on_input_submitted(self) -> None:
        self.action_begin()

    def action_begin(self) -> None:
        """Take what is chosen; coins that cannot be are corrected first."""
        try:
            self.exit(self._choice())
        except UsageError:
            self.query_one(Input).focus()

    def _choice(self) -> Choice:
        coins = parse_coins(self.query_one(Input).value)
        return Choice(self.query_one(Choices).source, None if coins == self._coins else coins)

    def _say(self) -> None:
        """What is wrong with the coins, or what is kept of the choice."""
        label, mistake = _COINS_LABEL, False
        try:
            said = next_time(self._choice(), self._opens, self._config_file)
        except UsageError as error:
            label, mistake, said = f"! {error}.", True, "Nothing is opened or kept until the coins are right."
        coins = self.query_one("#coins", Static)
        coins.update(Content(label))
        coins.set_class(mistake, "wrong")
        self.query_one("#next", Static).update(Content(said))

    def action_leave(self) -> None:
        """Open nothing."""
        self.exit(None)


def ask(palette: Palette, coins: Sequence[str], opens: Source, config_file: Path) -> Choice | None:
    """Ask the newcomer; `coins` stand in the field at first, and `opens` is what plain `tapedeck` opens so far.

    `config_file` is where the choice will be kept. Needs a terminal.
    """
    return asyncio.run(_run(StartApp(palette, coins, opens, config_file)))


async def _run(start: StartApp) -> Choice | None:
    leave_on_signals(start)
    return await start.run_async()
