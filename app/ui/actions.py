"""Every key of the deck, once. Bindings, footer, help, command palette and docs/keys.md come from this table."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from textual.binding import Binding, BindingType

Scope = Literal["app", "table"]
ScreenName = Literal["dashboard", "log", "feeds", "detail", "help"]

EVERYWHERE: tuple[ScreenName, ...] = ("dashboard", "log", "feeds", "detail", "help")
LISTS: tuple[ScreenName, ...] = ("dashboard", "log", "feeds")
TABLES: tuple[ScreenName, ...] = (*LISTS, "detail")

_KEY_NAMES = {"escape": "esc", "pageup": "pgup", "pagedown": "pgdn"}


@dataclass(frozen=True)
class Action:
    """One thing a key does.

    `command` is the method of the app (or of the table in focus) that does it; the first of `keys` is the one shown in
    the footer, with `label`, on the screens of `footer`; `description` is the sentence of help and palette.
    """

    id: str
    keys: tuple[str, ...]
    command: str
    label: str
    description: str
    scope: Scope = "app"
    screens: tuple[ScreenName, ...] = EVERYWHERE
    footer: tuple[ScreenName, ...] = ()

    @property
    def shown_keys(self) -> tuple[str, ...]:
        """The keys as a person reads them."""
        return tuple(_KEY_NAMES.get(key, key) for key in self.keys)

    @property
    def where(self) -> str:
        """The screens on which it works, in words."""
        if self.screens == EVERYWHERE:
            return "everywhere"
        return "everywhere but help" if self.screens == TABLES else ", ".join(self.screens)


ACTIONS: tuple[Action, ...] = (
    Action("quit", ("q", "ctrl+c", "ctrl+q"), "quit", "quit", "Leave the deck.", footer=EVERYWHERE),
    Action("help", ("?",), "show('help')", "help", "Show every key and what it does.", footer=EVERYWHERE),
    Action(
        "back", ("escape",), "back", "back", "Return to the screen before.", footer=("log", "feeds", "detail", "help")
    ),
    Action("open", ("enter",), "open_row", "open", "Open the row under the cursor.", screens=LISTS, footer=LISTS),
    Action("freeze", ("f",), "freeze", "freeze", "Hold the display; the engine goes on.", footer=("dashboard",)),
    Action("metrics", ("m",), "toggle_metrics", "metrics", "Switch the metrics: rules or AI."),
    Action(
        "refresh", ("s",), "refresh_markets", "refresh", "Ask the venue for its markets again.", footer=("dashboard",)
    ),
    Action("log", ("e",), "show('log')", "events", "Show the event log.", footer=("dashboard", "feeds")),
    Action("feeds", ("d",), "show('feeds')", "feeds", "Show each feed in detail.", footer=("dashboard", "log")),
    Action("copy", ("y",), "copy_row", "copy", "Copy the row, all of it.", screens=TABLES, footer=TABLES),
    Action("theme", ("t",), "next_theme", "theme", "Change to the next theme.", footer=("dashboard",)),
    Action("palette", ("ctrl+p",), "command_palette", "palette", "Find an action by its name.", footer=("dashboard",)),
    Action("pause", ("space",), "pause", "pause", "Pause or resume the tape."),
    Action("slower", ("[",), "change_speed(-1)", "slower", "Play the tape slower."),
    Action("faster", ("]",), "change_speed(1)", "faster", "Play the tape faster."),
    Action("rewind", ("left",), "seek(-10)", "back 10 s", "Go back 10 seconds on the tape."),
    Action("forward", ("right",), "seek(10)", "forward 10 s", "Go forward 10 seconds on the tape."),
    Action("up", ("up", "k"), "move(-1)", "up", "Move the cursor up a row.", scope="table", screens=TABLES),
    Action("down", ("down", "j"), "move(1)", "down", "Move the cursor down a row.", scope="table", screens=TABLES),
    Action("page-up", ("pageup",), "page(-1)", "page up", "Move up a page.", scope="table", screens=TABLES),
    Action("page-down", ("pagedown",), "page(1)", "page down", "Move down a page.", scope="table", screens=TABLES),
    Action("first", ("home", "g"), "first", "first", "Go to the first row.", scope="table", screens=TABLES),
    Action("last", ("end", "G"), "last", "last", "Go to the last row.", scope="table", screens=TABLES),
)


def bindings(scope: Scope) -> list[BindingType]:
    """Textual's bindings for the actions of a scope."""
    return [
        Binding(",".join(action.keys), action.command, action.label, id=action.id, tooltip=action.description)
        for action in ACTIONS
        if action.scope == scope
    ]


def footer_actions(screen: ScreenName, on_tape: bool) -> list[Action]:
    """The actions the footer of a screen shows, most wanted first; the tape's own come first on a tape's dashboard."""
    shown = [action for action in ACTIONS if screen in action.footer]
    return [*_tape_actions(), *shown] if on_tape and screen == "dashboard" else shown


def _tape_actions() -> Iterable[Action]:
    return (action for action in ACTIONS if action.id in ("pause", "slower", "faster"))
