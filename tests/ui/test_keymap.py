"""Keymaps: what a file may say, what the deck does with it, and which keys never reach the deck."""

import contextlib
import string
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from deck_fakes import THEMES, ScriptedLink, opened_scalper, screen_text, settle, snapshot
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App
from textual.binding import BindingsMap
from textual.keys import Keys
from textual.pilot import Pilot

from app.core.clock import ManualClock
from app.core.errors import ConfigError
from app.ui import keymap_files, run
from app.ui.actions import ACTIONS, bindings
from app.ui.app import DeckApp
from app.ui.deck_options import DeckOptions
from app.ui.key_conflicts import (
    FLOW_CONTROL,
    HOSTS,
    SCREEN,
    TMUX,
    VS_CODE,
    ZELLIJ,
    Host,
    conflicts,
    hosts_around,
    taken_lines,
    unreachable_notice,
)
from app.ui.key_names import key_from
from app.ui.keymap import DEFAULT_KEYMAP, Keymap, default_file, parse_keymap
from app.ui.keymap_files import choose_keymap
from app.ui.offered_actions import footer_actions
from app.ui.panels.markets import waiting_sentence
from app.ui.screens.help import SIGNS
from app.ui.textual_seams import character_name
from app.ui.theme import load_themes
from app.ui.widgets.live_table import LiveTable

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "configs" / "keymaps"
HEAD = 'name = "mine"\n[keys]\n'


def shipped(name: str) -> Keymap:
    keymap, notice = choose_keymap(name, [SHIPPED])
    assert (keymap.name, notice) == (name, "")
    return keymap


def keys_of(keymap: Keymap, action_id: str) -> tuple[str, ...]:
    return next(action.keys for action in keymap.actions() if action.id == action_id)


@asynccontextmanager
async def deck_with(
    keymap: Keymap, hosts: Sequence[Host] = (), size: tuple[int, int] = (120, 50)
) -> AsyncIterator[tuple[DeckApp, Pilot[None]]]:
    """A running deck with these keys, on an engine that has sent one snapshot."""
    link = ScriptedLink()
    link.say(snapshot())
    themes, _ = load_themes([THEMES])
    deck = DeckApp(link, ManualClock(), themes, DeckOptions(), keymap=keymap, hosts=hosts)
    async with deck.run_test(size=size) as pilot:
        await settle(pilot)
        yield deck, pilot


def flash(deck: DeckApp) -> str:
    return deck._deck_screen.flash.message


# What a file says


def test_the_default_file_holds_every_action_with_its_keys() -> None:
    stored = (SHIPPED / "default.toml").read_text(encoding="utf-8")
    assert stored == default_file(), "run: python -m app.ui.keymap_files"
    assert shipped("default").actions() == ACTIONS
    assert shipped("default").textual() == {}


def test_the_vim_keymap_moves_as_vim_does() -> None:
    first = {action.id: action.keys[0] for action in shipped("vim").actions()}
    moves = {"up": "k", "down": "j", "rewind": "h", "forward": "l", "first": "g", "last": "G", "palette": ":"}
    assert {name: first[name] for name in moves} == moves
    assert "ctrl+u" in keys_of(shipped("vim"), "page-up")
    assert "ctrl+d" in keys_of(shipped("vim"), "page-down")


@pytest.mark.parametrize("name", ["default", "vim"])
def test_every_action_has_a_key_without_ctrl(name: str) -> None:
    needy = [action.id for action in shipped(name).actions() if all("ctrl+" in key for key in action.keys)]
    assert needy == []


def test_what_is_not_named_keeps_its_keys() -> None:
    keymap = parse_keymap(HEAD + 'refresh = ["K", "F5"]', "mine.toml")
    changed = [action.id for action, own in zip(keymap.actions(), ACTIONS, strict=True) if action != own]
    assert changed == ["refresh"]
    assert keys_of(keymap, "refresh") == ("K", "f5")


def test_keys_may_change_places() -> None:
    keymap = parse_keymap(HEAD + 'freeze = ["m"]\nmetrics = ["f"]', "mine.toml")
    assert (keys_of(keymap, "freeze"), keys_of(keymap, "metrics")) == (("m",), ("f",))


BROKEN = {
    "name = [": "Invalid value (at end of document); correct the file or remove it",
    "[keys]": "Object missing required field `name`; correct the file or remove it",
    "name = 3": "Expected `str`, got `int` - at `$.name`; correct the file or remove it",
    'name = "my keys"': "name must be lower-case letters, digits and hyphens; correct it",
    'name = "mine"\nkeys = 3': "Expected `object`, got `int` - at `$.keys`; correct the file or remove it",
    'name = "mine"\n[key]\nfreeze = ["x"]': '"key" means nothing here; did you mean "keys"?',
    'name = "mine"\ncolour = "red"': '"colour" means nothing here; a keymap has name, description and [keys]',
    'name = "mine"\nfreeze = ["x"]': "freeze stands outside [keys]; write it below",
    HEAD + 'freze = ["x"]': '"freze" is no action; did you mean "freeze"?',
    HEAD + 'page_up = ["x"]': '"page_up" is no action; did you mean "page-up"?',
    HEAD + 'zzz = ["x"]': '"zzz" is no action; docs/keys.md lists them all',
    HEAD + 'freeze = "x"': 'freeze must be a list of keys, such as ["f", "ctrl+d"]',
    HEAD + "freeze = [1]": 'freeze must be a list of keys, such as ["f", "ctrl+d"]',
    HEAD + 'freeze = ["spcae"]': 'freeze has "spcae", which is no key; did you mean "space"?',
    HEAD + 'freeze = ["pageupp"]': 'freeze has "pageupp", which is no key; did you mean "pageup"?',
    HEAD + 'freeze = ["ctr+d"]': 'freeze has "ctr+d", which is no key; did you mean "ctrl+d"?',
    HEAD + 'freeze = ["ctrl+entr"]': 'freeze has "ctrl+entr", which is no key; did you mean "ctrl+enter"?',
    HEAD + 'first = ["gg"]': 'first has "gg", which is no key; did you mean "g"?',
    HEAD + 'freeze = ["ctrl+m"]': 'freeze has "ctrl+m", which is no key; terminals send it as "enter"',
    HEAD + 'freeze = ["ctrl+["]': 'freeze has "ctrl+[", which is no key; terminals send it as "escape"',
    HEAD + 'freeze = [""]': 'freeze has "", which is no key; write a character or a name such as "enter" or "ctrl+d"',
    HEAD + "freeze = []": "freeze is left without a key; give it one or take the line out",
    HEAD + "quit = []": "quit is left without a key; give it one or take the line out",
    HEAD + 'freeze = ["m"]': '"m" is a key of freeze and of metrics; take it from one of them',
    HEAD + 'freeze = ["j"]': '"j" is a key of freeze and of down; take it from one of them',
    HEAD + 'freeze = ["q"]': '"q" is a key of quit and of freeze; take it from one of them',
    HEAD + 'freeze = ["question_mark"]': '"?" is a key of help and of freeze; take it from one of them',
    HEAD + 'freeze = ["pgup"]': '"pgup" is a key of freeze and of page-up; take it from one of them',
    HEAD + 'freeze = [","]\nmetrics = ["comma"]': '"," is a key of freeze and of metrics; take it from one of them',
}


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_keymap_says_what_is_wrong(text: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse_keymap(text, "mine.toml")
    assert str(raised.value) == f"keymap mine.toml: {BROKEN[text]}"


@given(st.text() | st.builds((HEAD + "freeze = [{!r}]").format, st.text()))
def test_any_text_is_a_keymap_or_a_config_error(text: str) -> None:
    with contextlib.suppress(ConfigError):
        assert parse_keymap(text, "x.toml").name == "mine"


def test_a_number_too_long_for_python_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match=r"keymap x\.toml"):
        parse_keymap("name = " + "9" * 5_000, "x.toml")


# Names of keys


@pytest.mark.parametrize(
    ("word", "key"),
    [
        *[(word, word) for word in ("f", "G", "?", "[", "é", "escape", "f5", "ctrl+d", "alt+x", "shift+tab")],
        *[("esc", "escape"), ("PgUp", "pageup"), ("pgdn", "pagedown"), ("Return", "enter"), ("del", "delete")],
        *[("question_mark", "?"), ("left_square_bracket", "["), ("colon", ":"), ("plus", "+"), ("slash", "/")],
        *[(" ", "space"), (",", "comma"), ("comma", "comma"), ("+", "+")],
        *[("ctrl+G", "ctrl+g"), ("shift+g", "G"), ("alt+G", "alt+shift+g"), ("shift+ctrl+up", "ctrl+shift+up")],
        *[("ctrl+\\", "ctrl+backslash"), ("ctrl++", "ctrl+plus"), ("alt+,", "alt+comma")],
    ],
)
def test_a_key_as_a_person_writes_it(word: str, key: str) -> None:
    assert key_from(word) == key
    assert key_from(key) == key


@pytest.mark.parametrize(
    "word",
    ["", "\n", "\x1b", "\u200b", "gg", "ctrl", "ctrl+", "+ctrl", "ctrl+ctrl+", "hyper+x", "shift+1", "ctrl+i", "<any>"],
)
def test_what_is_no_key(word: str) -> None:
    assert key_from(word) is None


@pytest.mark.parametrize("sign", sorted(set(string.printable) - set(string.whitespace)))
def test_a_character_is_bound_under_textuals_name(sign: str) -> None:
    keymap = Keymap(keys={"freeze": tuple(key for key in (key_from(sign),) if key)})
    normalized = App._normalize_keymap(keymap.textual())["freeze"] if keymap.textual() else sign
    assert normalized == character_name(sign)
    assert key_from(character_name(sign)) == key_from(sign)


def test_textuals_own_names_are_keys() -> None:
    odd = {"return", "ctrl-at", "<any>", "<scroll-up>", "<scroll-down>", "<ignore>"}
    sent_as_others = {"ctrl+h", "ctrl+i", "ctrl+m"}
    wrong = {key.value for key in Keys if key_from(key.value) is None}
    assert wrong == (odd | sent_as_others) - {"return"}


FREE = ("f1", "f2", "f3", "alt+a", "alt+b", "x", "X", "z", "é", "%", "comma", "space")
KEYS = tuple(key for action in ACTIONS for key in action.keys) + FREE[:-1]


@given(st.permutations(KEYS), st.integers(1, 2))
def test_textual_binds_just_the_keys_of_the_keymap(keys: Sequence[str], each: int) -> None:
    given_keys = {action.id: tuple(keys[at * each : (at + 1) * each]) for at, action in enumerate(ACTIONS)}
    keymap = Keymap(keys={name: some for name, some in given_keys.items() if some})
    for scope in ("app", "table"):
        bound = BindingsMap(bindings("app" if scope == "app" else "table"))
        bound.apply_keymap(App._normalize_keymap(keymap.textual()))
        found = {(key, binding.id) for key, binding in bound}
        wanted = {
            (character_name(key) if len(key) == 1 else key, action.id)
            for action in keymap.actions()
            if action.scope == scope
            for key in action.keys
        }
        assert found == wanted


# Files


def test_a_broken_file_is_one_notice_and_the_default_keys(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text("name = ")
    (tmp_path / "vim.toml").write_text(HEAD + 'freze = ["x"]')
    keymap, notice = choose_keymap("vim", [tmp_path, SHIPPED])
    assert keymap == DEFAULT_KEYMAP
    assert notice == 'keymap vim.toml: "freze" is no action; did you mean "freeze"?'


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"#" * 70_000, "larger than 64 KiB"), (b"\xff\xfe", "cannot be read"), (b'name = "\x00"', "Illegal character")],
)
def test_a_file_that_is_no_text_is_a_notice(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "mine.toml").write_bytes(content)
    keymap, notice = choose_keymap("mine", [tmp_path])
    assert keymap == DEFAULT_KEYMAP
    assert notice.startswith("keymap mine.toml: ")
    assert words in notice


def test_a_broken_file_beside_the_chosen_one_is_said_and_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("name = ")
    keymap, notice = choose_keymap("vim", [tmp_path, SHIPPED])
    assert keymap.name == "vim"
    assert notice.startswith("keymap bad.toml: ")


def test_the_users_own_keymap_wins_the_name(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('name = "vim"\n[keys]\nfreeze = ["x"]')
    keymap, notice = choose_keymap("vim", [tmp_path, SHIPPED])
    assert (keys_of(keymap, "freeze"), notice) == (("x",), "")


def test_a_keymap_that_is_not_there_is_said(tmp_path: Path) -> None:
    absent = 'There is no keymap "emacs" in the keymaps folders; the default keys are used.'
    assert choose_keymap("emacs", [tmp_path, SHIPPED]) == (DEFAULT_KEYMAP, absent)
    assert choose_keymap("default", [tmp_path]) == (DEFAULT_KEYMAP, "")


def test_the_default_file_is_written(tmp_path: Path) -> None:
    (tmp_path / "configs" / "keymaps").mkdir(parents=True)
    keymap_files.write(tmp_path)
    assert choose_keymap("default", [tmp_path / "configs" / "keymaps"])[1] == ""


@pytest.mark.asyncio
async def test_the_notice_is_said_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(HEAD + "quit = []")
    options = DeckOptions("tape", [THEMES], "mine", [tmp_path, SHIPPED])
    deck = run.make_deck(ScriptedLink(), options, ManualClock())
    async with deck.run_test() as pilot:
        await settle(pilot)
        assert flash(deck) == "keymap mine.toml: quit is left without a key; give it one or take the line out"
        await pilot.press("q")
    assert deck.return_code == 0


# The deck


@pytest.mark.asyncio
async def test_a_keymap_gives_and_takes_keys_and_is_shown() -> None:
    keymap = parse_keymap(
        HEAD + 'freeze = ["x", "f9"]\ndown = ["K"]\nhelp = ["f1"]\nquit = ["Q"]\nlog = [";"]', "mine.toml"
    )
    async with deck_with(keymap) as (deck, pilot):
        assert "Q quit  f1 help" in screen_text(deck).splitlines()[-1]
        await pilot.press("f")
        assert flash(deck) == ""
        await pilot.press("x")
        assert flash(deck) == "Held; the engine goes on. left steps back, x lets go."
        await pilot.press("K", "j")
        assert deck.screen.query_one(LiveTable).cursor == 1
        await pilot.press("escape")
        assert flash(deck) == "This is the dashboard; Q leaves the deck."
        assert "events · ;" in {command.title for command in deck.get_system_commands(deck.screen)}
        await pilot.press("semicolon")
        assert deck._deck_screen.NAME == "log"
        await pilot.press("f1")
        await settle(pilot)
        assert "x f9" in screen_text(deck)
        await pilot.press("q", "Q")
    assert deck.return_code == 0


@pytest.mark.asyncio
async def test_sentences_name_the_keys_in_force() -> None:
    keymap = parse_keymap(HEAD + 'back = ["f4"]\nopen = ["f5"]\nquit = ["Q"]', "mine.toml")
    async with deck_with(keymap) as (deck, pilot):
        await pilot.press("slash", *"zz", "enter")
        await settle(pilot)
        assert "f4 clears it." in screen_text(deck)
        await pilot.press("f4", "2")
        assert isinstance(deck._link, ScriptedLink)
        deck._link.say(opened_scalper(sequence=2))
        await settle(pilot)
        await pilot.press("f5", "3")
        await settle(pilot)
        assert "f5 opens them" in screen_text(deck)
        deck.state.fail("the socket closed")
        assert waiting_sentence(deck.state.view()).endswith("Press Q to leave.")
        deck.state.end()
        assert waiting_sentence(deck.state.view()).endswith("Press Q to leave.")


@pytest.mark.asyncio
async def test_vim_keys_scroll_the_help() -> None:
    async with deck_with(shipped("vim"), size=(80, 14)) as (deck, pilot):
        await pilot.press("?")
        await settle(pilot)
        assert "Leave the deck." in screen_text(deck)
        await pilot.press("j", "ctrl+d", "k")
        await settle(pilot)
        assert "Leave the deck." not in screen_text(deck)
        await pilot.press("G")
        await settle(pilot)
        assert SIGNS[-1][1].split(":")[0] in screen_text(deck)
        await pilot.press("g")
        await settle(pilot)
        assert "Leave the deck." in screen_text(deck)


@pytest.mark.asyncio
async def test_the_palette_opens_without_ctrl() -> None:
    async with deck_with(DEFAULT_KEYMAP) as (deck, pilot):
        await pilot.press("colon")
        await settle(pilot)
        assert deck.screen.is_modal


@pytest.mark.asyncio
async def test_keys_are_no_markup_in_the_palette() -> None:
    keymap = Keymap(keys={"freeze": ("[", "b", "]", "\\"), "slower": ("-",), "faster": ("+",)})
    async with deck_with(keymap) as (deck, pilot):
        await pilot.press("colon", *"freeze")
        await settle(pilot)
        await settle(pilot)
        assert "freeze · [ b ] \\" in screen_text(deck)


@pytest.mark.asyncio
async def test_of_two_actions_on_a_key_the_one_for_this_screen_answers() -> None:
    keymap = Keymap(keys={"open": ("y",)})
    async with deck_with(keymap) as (deck, pilot):
        await pilot.press("d", "y")
        await settle(pilot)
        assert "copy" in screen_text(deck).splitlines()[-1]
        assert deck._deck_screen.NAME == "detail"
        await pilot.press("y")
        assert flash(deck).startswith("Sent to the terminal to copy (OSC 52): ")


@pytest.mark.asyncio
async def test_help_begins_with_what_works_on_the_screen_below() -> None:
    async with deck_with(DEFAULT_KEYMAP, size=(120, 60)) as (deck, pilot):
        await pilot.press("?")
        await settle(pilot)
        lines = [line.strip() for line in screen_text(deck).splitlines()]
        assert lines.index("here") < next(at for at, line in enumerate(lines) if line.startswith("enter"))
        await pilot.press("escape", "e", "enter", "?")
        await settle(pilot)
        lines = [line.strip() for line in screen_text(deck).splitlines()]
        assert lines.index("elsewhere") < next(at for at, line in enumerate(lines) if line.startswith("enter"))
        assert lines.index("elsewhere") > next(at for at, line in enumerate(lines) if line.startswith("y  "))
        await pilot.press("escape")
        assert deck._deck_screen.NAME == "detail"


# Keys that others take


@pytest.mark.parametrize(
    ("host", "taken"),
    [
        (TMUX, set()),
        (SCREEN, set()),
        (ZELLIJ, {("ctrl+p", "palette"), ("ctrl+q", "quit")}),
        (VS_CODE, {("ctrl+p", "palette"), ("ctrl+q", "quit")}),
        (FLOW_CONTROL, {("ctrl+q", "quit")}),
    ],
    ids=lambda value: value.name if isinstance(value, Host) else "",
)
def test_which_of_the_decks_keys_are_taken(host: Host, taken: set[tuple[str, str]]) -> None:
    found = conflicts(ACTIONS, [host])
    assert {(conflict.key, conflict.action.id) for conflict in found} == taken
    assert all(conflict.instead for conflict in found)


def test_the_prefixes_of_multiplexers_are_known() -> None:
    keymap = Keymap(keys={"page-up": ("ctrl+b",), "page-down": ("ctrl+f", "ctrl+a"), "freeze": ("x", "ctrl+a")})
    found = [
        (conflict.host.name, conflict.key, conflict.action.id, conflict.instead)
        for conflict in conflicts(keymap.actions(), [TMUX, SCREEN])
    ]
    assert found == [
        ("tmux", "ctrl+a", "freeze", ("x",)),
        ("tmux", "ctrl+b", "page-up", ()),
        ("tmux", "ctrl+a", "page-down", ("ctrl+f",)),
        ("screen", "ctrl+a", "freeze", ("x",)),
        ("screen", "ctrl+a", "page-down", ("ctrl+f",)),
    ]


@pytest.mark.parametrize(
    ("environment", "names"),
    [
        ({}, []),
        ({"TERM_PROGRAM": "iTerm.app", "TMUX": "", "STY": ""}, []),
        ({"TMUX": "/tmp/tmux-0/default,1,0"}, ["tmux"]),
        ({"STY": "1.pts-0.host"}, ["screen"]),
        ({"ZELLIJ": "0"}, ["zellij"]),
        ({"TERM_PROGRAM": "vscode", "TMUX": "x"}, ["tmux", "VS Code"]),
    ],
)
def test_what_is_around_the_deck_is_read_from_the_environment(environment: dict[str, str], names: list[str]) -> None:
    assert [host.name for host in hosts_around(environment)] == names


def test_no_notice_while_each_action_has_another_key() -> None:
    for name in ("default", "vim"):
        assert unreachable_notice(conflicts(shipped(name).actions())) == ""


def test_a_notice_where_no_key_is_left() -> None:
    keymap = Keymap(keys={"page-up": ("ctrl+b", "ctrl+a"), "theme": ("ctrl+a",)})
    assert unreachable_notice(conflicts(keymap.actions(), [SCREEN])) == (
        "No key reaches theme here: screen takes ctrl+a; see docs/keys.md."
    )
    assert unreachable_notice(conflicts(keymap.actions(), [TMUX])) == (
        "No key reaches theme and 1 more here: tmux takes ctrl+a; see docs/keys.md."
    )


def test_what_to_press_instead() -> None:
    actions = Keymap(keys={"theme": ("ctrl+p",), "palette": (":",), "quit": ("ctrl+q", "q", "escape")}).actions()
    assert taken_lines(conflicts(actions, [VS_CODE])) == [
        "Taken by VS Code: ctrl+q (press q or esc), ctrl+p (theme has no other key)."
    ]
    assert taken_lines(conflicts(ACTIONS, [TMUX])) == []


@pytest.mark.asyncio
async def test_help_says_which_keys_are_taken_here() -> None:
    async with deck_with(DEFAULT_KEYMAP, [ZELLIJ]) as (deck, pilot):
        await pilot.press("?")
        await settle(pilot)
        assert "Taken by zellij: ctrl+q (press q or ctrl+c), ctrl+p (press :)." in screen_text(deck)


@pytest.mark.asyncio
async def test_the_start_says_what_cannot_be_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for host in HOSTS:
        monkeypatch.delenv(host.variable or "ZELLIJ", raising=False)
    (tmp_path / "mine.toml").write_text(HEAD + 'theme = ["ctrl+b"]')
    options = DeckOptions("tape", [THEMES], "mine", [tmp_path, SHIPPED])
    assert run.make_deck(ScriptedLink(), options, ManualClock())._notices == ()
    monkeypatch.setenv("TMUX", "/tmp/tmux-0/default,1,0")
    deck = run.make_deck(ScriptedLink(), options, ManualClock())
    async with deck.run_test() as pilot:
        await settle(pilot)
        assert flash(deck) == "No key reaches theme here: tmux takes ctrl+b; see docs/keys.md."


def test_the_page_lists_what_is_taken() -> None:
    page = (ROOT / "docs" / "keys.md").read_text(encoding="utf-8")
    for host in HOSTS:
        assert f"| {host.name} | {' '.join(f'`{key}`' for key in sorted(host.keys))} |" in page


def test_the_footer_shows_the_first_key_of_a_keymap() -> None:
    shown = {action.id: action.shown_keys[0] for action in footer_actions("dashboard", None, shipped("vim").actions())}
    assert shown["palette"] == ":"
