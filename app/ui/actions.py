"""Every key of the deck, once. Bindings, footer, help, command palette and docs/keys.md come from this table."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from textual.binding import Binding, BindingType

Scope = Literal["app", "panels", "market", "table"]
"""Whose method an action is: the app's, a screen's with several panels, the market's, or the table's in focus."""
ScreenName = Literal[
    "dashboard", "market", "scalper", "paper", "wallet", "scan", "alert", "trader", "token", "screener", "bar",
    "silence", "log", "feeds", "detail", "copy", "help",
]  # fmt: skip
When = Literal["tape", "held"]
"""What must be so besides the screen: a tape is playing, the display is held."""

EVERYWHERE: tuple[ScreenName, ...] = get_args(ScreenName)
LISTS: tuple[ScreenName, ...] = ("dashboard", "log", "feeds")
TRADERS: tuple[ScreenName, ...] = ("alert", "trader")
OPENED: tuple[ScreenName, ...] = ("wallet", *TRADERS, "token")
SCREENED: tuple[ScreenName, ...] = ("screener", "bar")
ARRANGED: tuple[ScreenName, ...] = (*LISTS, "scalper", "paper", *OPENED, "screener")
COINS: tuple[ScreenName, ...] = ("dashboard", "market", "scalper", "paper")
PANELS: tuple[ScreenName, ...] = (*COINS, *OPENED, *SCREENED)
CHARTED: tuple[ScreenName, ...] = ("market", "scalper")
POINTED: tuple[ScreenName, ...] = (*CHARTED, "token", "bar")
"""Screens with a crosshair."""
WALLETS: tuple[ScreenName, ...] = ("dashboard", "wallet")
ASKED: tuple[ScreenName, ...] = ("dashboard", *CHARTED, *OPENED, "scan")
ALERTS: tuple[ScreenName, ...] = ("dashboard", *TRADERS)
MENUS: tuple[ScreenName, ...] = ("silence", "copy")
TABLES: tuple[ScreenName, ...] = (*LISTS, *CHARTED, "paper", *OPENED, *SCREENED, "scan", "silence", "detail", "copy")

_OWNERS: Mapping[Scope, str] = {"app": "app", "panels": "screen", "market": "screen", "table": "focused"}
_WHEN: Mapping[When, str] = {"tape": "on a tape", "held": "in a held display"}
# Keys heard before the widget in focus: what is typed right after them is meant for the line they open.
_AHEAD = frozenset({"save-layout", "wallet-alias", "wallet-tag", "wallet-note", "scan-sources", "sweep"})
_KEY_NAMES = {"escape": "esc", "pageup": "pgup", "pagedown": "pgdn", "comma": ","}


@dataclass(frozen=True)
class Action:
    """One thing a key does.

    `command` is the method of the app (or of the table or list in focus) that does it; the first of `keys` is the one
    shown in the footer, with `label`, on the screens of `footer`; `description` is the sentence of help and palette.
    It works on its `screens`, and with any `when` only while one of them is so.
    """

    id: str
    keys: tuple[str, ...]
    command: str
    label: str
    description: str
    scope: Scope = "app"
    screens: tuple[ScreenName, ...] = EVERYWHERE
    footer: tuple[ScreenName, ...] = ()
    when: tuple[When, ...] = ()

    @property
    def shown_keys(self) -> tuple[str, ...]:
        """The keys as a person reads them."""
        return tuple(map(shown_key, self.keys))

    @property
    def target(self) -> str:
        """The command with whom it belongs to, as a click gives it to Textual."""
        return f"{_OWNERS[self.scope]}.{self.command}"

    @property
    def where(self) -> str:
        """Where it works, in words: on which screens, or what must be so."""
        if self.when:
            return " or ".join(_WHEN[state] for state in self.when)
        if self.screens == EVERYWHERE:
            return "everywhere"
        return "everywhere but help" if self.screens == TABLES else ", ".join(self.screens)

    def works(self, screen: ScreenName, states: Collection[When]) -> bool:
        """Whether it does something on a screen while `states` are so."""
        return screen in self.screens and (not self.when or any(state in states for state in self.when))


ACTIONS: tuple[Action, ...] = (
    Action("quit", ("q", "ctrl+c", "ctrl+q"), "quit", "quit", "Leave the deck.", footer=EVERYWHERE),
    Action("help", ("?",), "show('help')", "help", "Show every key and what it does.", footer=EVERYWHERE),
    Action(
        "back",
        ("escape",),
        "back",
        "back",
        "End the filter; without one, return to the screen before.",
        footer=tuple(screen for screen in EVERYWHERE if screen != "dashboard"),
    ),
    Action(
        "open",
        ("enter",),
        "open_row",
        "open",
        "Open the row under the cursor.",
        screens=(*LISTS, "market", "scalper", "paper", *OPENED, *SCREENED, "silence", "copy"),
        footer=(*ARRANGED, *MENUS),
    ),
    Action(
        "filter", ("/",), "filter", "filter", "Filter by words, names or a question.", "table", ARRANGED, ("dashboard",)
    ),
    Action("freeze", ("f",), "freeze", "freeze", "Hold the display; the engine goes on.", footer=("dashboard",)),
    Action("metrics", ("m",), "toggle_metrics", "metrics", "Switch the metrics: rules or AI."),
    Action(
        "refresh",
        ("s",),
        "job",
        "refresh",
        "Do what this panel is for now, or cancel it. Markets: ask for the markets again. Scalper's read: have the "
        "model read the coin. Wallet targets: scan wallets. Whale alerts: fetch the leaderboard "
        "and the stalest traders. ML health: score tokens.",
        screens=ASKED,
        footer=ASKED,
    ),
    Action("read", ("i",), "read_now", "read now", "Have the model read this coin now.", screens=COINS),
    Action(
        "paper",
        ("p",),
        "show('paper')",
        "paper",
        "Show the paper ledger: positions without money.",
        footer=("dashboard",),
    ),
    Action(
        "paper-long",
        ("B",),
        "paper('long')",
        "paper long",
        "Go long in this coin on paper: no money, no order.",
        screens=COINS,
    ),
    Action(
        "paper-short",
        ("S",),
        "paper('short')",
        "paper short",
        "Go short in this coin on paper: no money, no order.",
        screens=COINS,
    ),
    Action(
        "paper-close",
        ("C",),
        "paper('close')",
        "paper close",
        "Close the paper position in this coin, or withdraw its order.",
        screens=COINS,
        footer=("paper",),
    ),
    Action(
        "paper-flip",
        ("F",),
        "paper('flip')",
        "paper flip",
        "Flip the paper position in this coin: close it and open the opposite.",
        screens=COINS,
        footer=("paper",),
    ),
    Action(
        "wallet-accept",
        ("a",),
        "review('accepted')",
        "accept",
        "Mark this wallet as accepted by me.",
        screens=WALLETS,
        footer=("wallet",),
    ),
    Action(
        "wallet-reject",
        ("b",),
        "review('rejected')",
        "reject",
        "Mark this wallet as rejected by me.",
        screens=WALLETS,
        footer=("wallet",),
    ),
    Action("wallet-new", ("E",), "review('new')", "new again", "Erase my mark on this wallet.", screens=WALLETS),
    Action(
        "wallet-follow",
        ("W",),
        "follow",
        "follow",
        "Follow this wallet or trader, or end it.",
        screens=(*WALLETS, "trader"),
        footer=("wallet", "trader"),
    ),
    Action(
        "wallet-alias",
        ("A",),
        "edit('alias')",
        "alias",
        "Give this wallet or trader a name of your own.",
        screens=(*WALLETS, *TRADERS),
        footer=("wallet", "trader"),
    ),
    Action("wallet-tag", ("T",), "edit('tag')", "tag", "Give this wallet a tag.", screens=WALLETS),
    Action(
        "wallet-note",
        ("N",),
        "edit('note')",
        "note",
        "Write a note on this wallet or trader.",
        screens=(*WALLETS, *TRADERS),
    ),
    Action(
        "wallet-profile",
        ("P",),
        "next_profile",
        "profile",
        "Judge wallets by the next profile.",
        screens=(*WALLETS, "scan"),
        footer=("scan",),
    ),
    Action(
        "scan-sources",
        ("L",),
        "scan_sources",
        "scan…",
        "Write whose wallets to scan: leaderboards, holders, large trades, a file, addresses.",
        screens=(*WALLETS, "scan"),
        footer=("scan",),
    ),
    Action("scan-metrics", ("D",), "show('scan')", "scan metrics", "Show how the newest scan of wallets performs."),
    Action(
        "alert-snooze",
        ("Z",),
        "snooze",
        "snooze",
        "Silence this alert's coin, or this trader, for a while; again ends it.",
        screens=ALERTS,
        footer=ALERTS,
    ),
    Action(
        "alert-silence",
        ("H",),
        "silence",
        "silence…",
        "Choose what to snooze or mute (coin, kind, trader), or to hear again.",
        screens=ALERTS,
        footer=ALERTS,
    ),
    Action(
        "screener",
        ("n",),
        "show('screener')",
        "screener",
        "Show the screener: candidates of hourly bars, and what the bar strategy holds.",
        footer=("dashboard",),
    ),
    Action(
        "sweep",
        ("X",),
        "sweep",
        "sweep…",
        "Write what to sweep, and begin it; while a sweep runs, press twice to stop it.",
        footer=("screener",),
    ),
    Action("log", ("e",), "show('log')", "events", "Show the event log.", footer=("dashboard", "feeds")),
    Action("feeds", ("d",), "show('feeds')", "feeds", "Show each feed in detail.", footer=("dashboard", "log")),
    Action("record", ("r",), "record", "record", "Begin a recording, or end it.", footer=("dashboard", "market")),
    Action("retry", ("R",), "retry", "retry", "Draw a panel again that failed."),
    Action("copy", ("y",), "copy_row", "copy", "Copy the row, all of it.", screens=TABLES, footer=TABLES),
    Action("copy-more", ("Y",), "copy_more", "copy…", "Choose what to copy: cell, row or panel, text or JSON."),
    Action("theme", ("t",), "next_theme", "theme", "Change to the next theme.", footer=("dashboard",)),
    Action(
        "palette", ("ctrl+p", ":"), "command_palette", "palette", "Find an action by its name.", footer=("dashboard",)
    ),
    Action("next-layout", ("v",), "next_layout", "layout", "Bring back the next saved layout."),
    Action(
        "save-layout",
        ("V",),
        "save_layout",
        "save layout",
        "Save how the deck is arranged, under a name.",
        screens=("dashboard", "market"),
    ),
    Action("mouse", ("M",), "toggle_mouse", "mouse", "Leave the mouse to the terminal, or take it back."),
    Action(
        "pause", ("space",), "pause", "pause", "Pause or resume the tape; at its end, play it again.", when=("tape",)
    ),
    Action("slower", ("[",), "change_speed(-1)", "slower", "Play the tape slower.", when=("tape",)),
    Action("faster", ("]",), "change_speed(1)", "faster", "Play the tape faster.", when=("tape",)),
    Action(
        "rewind",
        ("left",),
        "seek(-10)",
        "10 s back",
        "Go back 10 s on the tape, or 1 s in a held display.",
        when=("tape", "held"),
    ),
    Action(
        "forward",
        ("right",),
        "seek(10)",
        "10 s forward",
        "Go forward 10 s on the tape, or 1 s in a held display.",
        when=("tape", "held"),
    ),
    Action("next-panel", ("tab",), "next_panel(1)", "next", "Go to the next panel.", "panels", PANELS, PANELS),
    Action("previous-panel", ("shift+tab",), "next_panel(-1)", "previous", "Go to the panel before.", "panels", PANELS),
    Action("maximise", ("z",), "maximise", "zoom", "Give the panel the screen, or end it.", "panels", PANELS, PANELS),
    Action("panel-1", ("1",), "panel(1)", "1", "Give the first panel the screen.", "panels", PANELS),
    Action("panel-2", ("2",), "panel(2)", "2", "Give the second panel the screen.", "panels", PANELS),
    Action("panel-3", ("3",), "panel(3)", "3", "Give the third panel the screen.", "panels", PANELS),
    Action("panel-4", ("4",), "panel(4)", "4", "Give the fourth panel the screen.", "panels", PANELS),
    Action("panel-5", ("5",), "panel(5)", "5", "Give the fifth panel the screen.", "panels", PANELS),
    Action("all-panels", ("0",), "panel(0)", "all", "Show all panels again.", "panels", PANELS),
    Action("longer-candles", ("u",), "interval(1)", "longer", "Show longer candles.", "market", CHARTED, ("market",)),
    Action("shorter-candles", ("U",), "interval(-1)", "shorter", "Show shorter candles.", "market", CHARTED),
    Action(
        "crosshair-left",
        ("comma",),
        "crosshair(-1)",
        "crosshair",
        "Move the crosshair left.",
        "market",
        POINTED,
        ("market", "token", "bar"),
    ),
    Action("crosshair-right", (".",), "crosshair(1)", "right", "Move the crosshair right.", "market", POINTED),
    Action("crosshair-off", ("c",), "no_crosshair", "no crosshair", "Take the crosshair away.", "market", POINTED),
    Action("up", ("up", "k"), "move(-1)", "up", "Move the cursor up a row.", scope="table"),
    Action("down", ("down", "j"), "move(1)", "down", "Move the cursor down a row.", scope="table"),
    Action("page-up", ("pageup",), "page(-1)", "page up", "Move up a page.", scope="table"),
    Action("page-down", ("pagedown",), "page(1)", "page down", "Move down a page.", scope="table"),
    Action("first", ("home", "g"), "first", "first", "Go to the first row.", scope="table"),
    Action("last", ("end", "G"), "last", "last", "Go to the last row.", scope="table"),
    Action("sort-next", (">",), "sort(1)", "sort", "Sort by the next column.", scope="table", screens=ARRANGED),
    Action(
        "sort-previous", ("<",), "sort(-1)", "sort back", "Sort by the column before.", scope="table", screens=ARRANGED
    ),
    Action(
        "sort-direction", ("o",), "flip_sort", "reverse", "Sort the other way round.", scope="table", screens=ARRANGED
    ),
    Action("sort-off", ("O",), "unsort", "unsort", "Return to the order given.", scope="table", screens=ARRANGED),
    Action(
        "watchlist",
        ("w",),
        "next_watchlist",
        "watchlist",
        "Show the next watchlist.",
        scope="table",
        screens=("dashboard",),
    ),
)


def shown_key(key: str) -> str:
    """A key as a person reads it."""
    return _KEY_NAMES.get(key, key)


def bindings(scope: Scope) -> list[BindingType]:
    """Textual's bindings for the actions of a scope."""
    return [
        Binding(
            ",".join(action.keys),
            action.command,
            action.label,
            id=action.id,
            tooltip=action.description,
            priority=action.id in _AHEAD,
        )
        for action in ACTIONS
        if action.scope == scope
    ]
