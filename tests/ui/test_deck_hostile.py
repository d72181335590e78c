"""Texts made to harm a terminal or the markup: the deck goes on, and no control reaches the screen or the clipboard."""

import base64
import contextlib
import os
import re
import signal
import unicodedata
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

import pytest
from deck_fakes import THEMES, ScriptedLink, deck_on, detail, feed, market, settle, snapshot
from hostile_corpus import FAMILIES, HOSTILE, ONE_OF_EACH, PLAIN
from test_deck_terminal import LEAVE_ALTERNATE_SCREEN, deck_in_terminal, read_until
from textual.events import Key, Paste
from textual.pilot import Pilot
from textual.widgets import Input
from token_fakes import token, tokens

from app.core.clock import ManualClock
from app.core.errors import ConfigError
from app.engine.protocol import CommandResult, LogLine, RecordingView, Snapshot, SourceView, StoreView
from app.engine.protocol_tokens import TokenRow
from app.ui import run
from app.ui.app import DeckApp
from app.ui.copying import Copyable, copyables
from app.ui.deck_options import DeckOptions
from app.ui.layouts import MOST, Layout, Shelf, load_layouts, save_layouts
from app.ui.panels.event_log import log_view
from app.ui.panels.feeds import feeds_view
from app.ui.panels.markets import markets_view
from app.ui.screens.base import Selection
from app.ui.screens.copy_menu import CopyMenu
from app.ui.screens.detail import Detail
from app.ui.screens.market import MarketScreen
from app.ui.start import StartApp
from app.ui.state import DeckView
from app.ui.theme import Palette, default_palette, load_themes, parse_theme
from app.ui.widgets.arranged_table import ArrangedTable
from app.ui.widgets.live_table import LiveTable
from app.ui.widgets.name_prompt import NamePrompt

FORBIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
MARKS = frozenset({"Mn", "Me"})
MOST_MARKS = 2
SIZES = ((60, 20), (120, 40))
each_size = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")


@cache
def category(character: str) -> str:
    return unicodedata.category(character)


def forbidden(text: str, allowed: str = "") -> list[str]:
    return [character for character in set(text) if character not in allowed and category(character) in FORBIDDEN]


def most_marks(text: str) -> int:
    """The longest run of marks that lie over one character."""
    longest = run = 0
    if not any(category(character) in MARKS for character in set(text)):
        return 0
    for character in text:
        run = run + 1 if category(character) in MARKS else 0
        longest = max(longest, run)
    return longest


def look(deck: DeckApp) -> str:
    """What the screen shows, which must be harmless, on lines as wide as the screen, and of panels that work."""
    strips = deck.screen._compositor.render_strips()
    text = "\n".join("".join(segment.text for segment in strip) for strip in strips)
    assert forbidden(text, "\n") == []
    assert most_marks(text) <= MOST_MARKS
    assert {strip.cell_length for strip in strips} == {deck.size.width}
    assert all(segment.style is None or segment.style.link is None for strip in strips for segment in strip)
    assert "FAILED" not in text.replace("LINK FAILED", "")
    assert deck.is_running
    return text


def told(deck: DeckApp, said: Snapshot) -> str:
    """What the screen shows once the engine has said this."""
    deck.state.accept(said)
    deck.paint()
    return look(deck)


def full(*texts: str) -> Snapshot:
    """A snapshot whose every name and text is hostile."""
    return snapshot(
        markets=tuple(market(text, 1.0) for text in texts),
        feeds=tuple(feed(name=text, message=text) for text in texts),
        log=tuple(LogLine(0, "error", text, text) for text in texts),
        tokens=tokens(rows=tuple(hostile_token(number, text) for number, text in enumerate(texts))),
    )


def hostile_token(number: int, text: str) -> TokenRow:
    """A verdict on a token that calls itself, its exchange and its reasons so; the wire lets no other mint pass."""
    return token(mint=f"M{number}", name=text, exchange=text, reasons=(text,), seen=(text,), arithmetic=text)


def opened(coin: str) -> Snapshot:
    """A snapshot of a hostile coin that is opened, with a little of everything."""
    some = detail()
    few = detail(coin=coin, candles=some.candles[-9:], trades=some.trades[:3], bids=some.bids[:2], asks=some.asks[:2])
    return snapshot(markets=(market(coin, 1.0), market("BTC", 2.0)), detail=few)


@asynccontextmanager
async def connected(size: tuple[int, int], said: Snapshot) -> AsyncIterator[tuple[DeckApp, Pilot[None], ScriptedLink]]:
    link = ScriptedLink()
    link.say(said)
    async with deck_on(link, size) as (deck, pilot):
        yield deck, pilot, link
        assert deck.crash is None


def test_the_corpus_is_as_large_as_it_says() -> None:
    assert len(HOSTILE) == len(set(HOSTILE)) >= 200
    assert len(FAMILIES) == 15
    assert len(PLAIN) >= 50


@pytest.mark.asyncio
@each_size
async def test_every_row_of_every_panel(size: tuple[int, int]) -> None:
    async with connected(size, full(*HOSTILE)) as (deck, pilot, _):
        for key in ("escape", "5", "e", "d"):
            await pilot.press(key)
            await settle(pilot)
            table = deck.focused
            assert isinstance(table, LiveTable)
            # The log holds, besides, what was too long for the line of news.
            assert len(table.view.rows) >= len(HOSTILE)
            for index in range(len(table.view.rows)):
                table.cursor = index
                await deck.action_copy_row()
                assert forbidden(deck.clipboard) == []
                assert most_marks(deck.clipboard) <= MOST_MARKS
                if index % 10 == 0:
                    look(deck)


@pytest.mark.asyncio
@each_size
async def test_every_market_opened(size: tuple[int, int]) -> None:
    async with connected(size, opened(HOSTILE[0])) as (deck, pilot, _):
        await pilot.press("enter")
        await settle(pilot)
        screen = deck.screen
        assert isinstance(screen, MarketScreen)
        for coin in HOSTILE:
            screen.coin = coin
            told(deck, opened(coin))
            await deck.action_copy_row()
            assert forbidden(deck.clipboard) == []
            if size == SIZES[0] and coin in ONE_OF_EACH:
                assert "no longer listed" in told(deck, snapshot(markets=()))


@pytest.mark.asyncio
async def test_one_market_of_each_family_is_opened_by_key() -> None:
    async with connected(SIZES[1], full(*ONE_OF_EACH)) as (deck, pilot, link):
        for place, coin in enumerate(ONE_OF_EACH):
            await pilot.press("enter")
            assert isinstance(deck.screen, MarketScreen)
            assert deck.screen.coin == coin
            look(deck)
            if place % 3 == 0:
                await pilot.press("Y", "enter")
                assert forbidden(deck.clipboard) == []
            await pilot.press("escape", "down")
        assert link.commands


@pytest.mark.asyncio
@pytest.mark.parametrize("size", [(60, 20), (120, 20)], ids=["60", "120"])
async def test_every_text_opened_up_and_what_is_plain_is_read_to_the_letter(size: tuple[int, int]) -> None:
    async with connected(size, snapshot(feeds=(feed(),))) as (deck, pilot, _):
        await pilot.press("d", "enter")
        await settle(pilot)
        assert isinstance(deck.screen, Detail)
        await pilot.press("G")
        for text in HOSTILE:
            shown = told(deck, snapshot(feeds=(feed(message=text),)))
            assert text not in PLAIN or text in shown


@pytest.mark.asyncio
async def test_every_name_in_the_title_of_what_is_opened() -> None:
    async with connected(SIZES[0], full(*HOSTILE)) as (deck, pilot, _):
        await pilot.press("d", "enter")
        await settle(pilot)
        screen = deck.screen
        assert isinstance(screen, Detail)
        selection = screen.selection()
        assert selection is not None
        for row in feeds_view(deck.state.view()).rows:
            screen._selection = Selection(selection.panel, selection.columns, row, (row,))
            told(deck, snapshot(feeds=()))


def test_every_text_that_can_be_copied() -> None:
    said = full(*HOSTILE)
    view = DeckView("connected", source=said.source, newest=said, shown=said)
    for panel, table in (("markets", markets_view(view)), ("events", log_view(view)), ("feeds", feeds_view(view))):
        for index, row in enumerate(table.rows):
            items = copyables(view, panel, table.columns, row, table.rows if index == 0 else (row,))
            assert all(forbidden(text, "\n" if name.startswith("panel") else "") == [] for name, text in items)
            assert all(len(text.splitlines()) == 1 for name, text in items if not name.startswith("panel"))
            assert (
                index
                or [len(text.splitlines()) for name, text in items if name.startswith("panel")] == [len(table.rows)] * 2
            )


@pytest.mark.asyncio
async def test_every_text_in_the_copy_menu() -> None:
    async with connected(SIZES[1], snapshot()) as (deck, pilot, _):
        await deck._open(CopyMenu(deck._palette, [Copyable(text, text) for text in HOSTILE]))
        await settle(pilot)
        for _ in range(0, len(HOSTILE), 30):
            look(deck)
            await pilot.press("pagedown")


@pytest.mark.asyncio
@pytest.mark.parametrize("size", [(60, 8), (120, 8)], ids=["60", "120"])
async def test_every_source_recording_and_store_leaves_the_word_readable(size: tuple[int, int]) -> None:
    async with connected(size, snapshot()) as (deck, _, _):
        for text in HOSTILE:
            shown = told(
                deck,
                snapshot(
                    source=SourceView("live", "LIVE", text),
                    recording=RecordingView(text, 1_000, 1.0),
                    store=StoreView("not saved", text, 0, 0, 1, loss=text, moved_aside=text),
                    feeds=(feed(name=text, state="down"),),
                ),
            )
            assert shown.startswith(" LIVE ")
            told(deck, snapshot(source=SourceView("live", text, text)))


@pytest.mark.asyncio
async def test_hazard_2_every_answer_sentence_and_event_on_the_line_above_the_footer() -> None:
    async with connected(SIZES[0], snapshot()) as (deck, pilot, link):
        for text in HOSTILE:
            deck.flash(text, "warning")
            look(deck)
            deck.screen_stack[0].flash.clear()  # type: ignore[attr-defined]
            told(deck, snapshot(log=(LogLine(0, "info", text, text),)))
        for text in ONE_OF_EACH:
            link.answer = CommandResult(0, False, text)
            deck.action_toggle_metrics()
            await settle(pilot)
            look(deck)
        assert len(link.commands) == len(ONE_OF_EACH)


@pytest.mark.asyncio
async def test_every_sentence_in_place_of_the_markets_and_every_reason_of_a_broken_link() -> None:
    async with connected(SIZES[0], snapshot(markets=())) as (deck, _, _):
        for text in HOSTILE:
            told(deck, snapshot(markets=(), waiting_for=text))
    async with deck_on(ScriptedLink()) as (deck, pilot):
        for text in HOSTILE:
            deck.state.fail(text)
            deck.paint()
            look(deck)
    link = ScriptedLink()
    async with deck_on(link) as (deck, pilot):
        link.say(OSError("".join(HOSTILE)))
        await settle(pilot)
        assert "LINK FAILED" in look(deck)


@pytest.mark.asyncio
async def test_help_over_hostile_screens() -> None:
    async with connected(SIZES[0], full(*HOSTILE)) as (deck, pilot, _):
        await pilot.press("?")
        await settle(pilot)
        for text in HOSTILE:
            told(deck, full(text))


@pytest.mark.asyncio
@pytest.mark.parametrize("size", [(60, 12), (120, 12)], ids=["60", "120"])
async def test_every_text_pasted_and_typed_into_the_filter(size: tuple[int, int]) -> None:
    async with connected(size, full(*ONE_OF_EACH)) as (deck, pilot, _):
        await pilot.press("/")
        table = deck.focused
        assert isinstance(table, ArrangedTable)
        for text in HOSTILE:
            table.on_paste(Paste(text))
            look(deck)
            table.on_key(Key("ctrl+u", None))
        for character in sorted(set("".join(HOSTILE))) if size[0] == 60 else ():
            table.on_key(Key("x", character))
            if len(table.filter_text) > 40:
                look(deck)
                table.on_key(Key("home", None))
                look(deck)
                table.on_key(Key("end", None))
                table.on_key(Key("ctrl+u", None))
        await pilot.press("enter")
        look(deck)


@pytest.mark.asyncio
async def test_every_name_and_question_of_a_watchlist() -> None:
    lists = dict.fromkeys(HOSTILE, "price > 0") | {f"list {place}": text for place, text in enumerate(HOSTILE)}
    themes, _ = load_themes([THEMES])
    deck = DeckApp(ScriptedLink(), ManualClock(), themes, DeckOptions(watchlists=lists))
    async with deck.run_test(size=(80, 12)) as pilot:
        deck.state.accept(full(*ONE_OF_EACH))
        await settle(pilot)
        table = deck.focused
        assert isinstance(table, ArrangedTable)
        for _ in lists:
            table.action_next_watchlist()
            look(deck)


def toml(text: str) -> str:
    """`text` as a TOML string, as far as TOML can hold it."""
    return "".join(f"\\u{ord(each):04x}" if category(each) == "Cc" or each in '"\\' else each for each in text)


def described(text: str, name: str) -> str:
    """A theme file with that description."""
    file = (THEMES / "tape.toml").read_text().replace('name = "tape"', f'name = "{name}"')
    return file.replace("Slate and amber on dark", toml(text))


@pytest.mark.asyncio
async def test_every_description_of_a_theme_in_the_command_palette() -> None:
    # TOML has no surrogates: such a file is no text.
    texts = [text for text in HOSTILE if not any(category(each) == "Cs" for each in text)]
    palettes = [parse_theme(described(text, f"t{place}"), "t.toml") for place, text in enumerate(texts)]
    assert forbidden("".join(palette.description for palette in palettes)) == []
    # A list of all of them would be more than the command palette shows.
    themes: Mapping[str, Palette] = {palette.name: palette for palette in palettes[::2]}
    assert len(themes) >= 200
    deck = DeckApp(ScriptedLink(), ManualClock(), themes, DeckOptions(theme="t0"))
    async with deck.run_test(size=(120, 3 * len(themes))) as pilot:
        await pilot.press("ctrl+p", *"theme:")
        await settle(pilot)
        await settle(pilot)
        shown = look(deck)
        assert [name for name in themes if f"Theme: {name} " not in shown] == []


def test_every_name_of_a_theme_is_refused_in_harmless_words() -> None:
    for text in HOSTILE:
        file = (THEMES / "tape.toml").read_text().replace('name = "tape"', f'name = "{toml(text)}"')
        with contextlib.suppress(ConfigError):
            assert parse_theme(file, "t.toml").name == text
            continue
        with pytest.raises(ConfigError) as refused:
            parse_theme(file, "t.toml")
        assert forbidden(str(refused.value)) == []


@pytest.mark.asyncio
async def test_every_text_pasted_into_the_first_screen() -> None:
    start = StartApp(default_palette(), (), "live", Path("config.toml"))
    async with start.run_test(size=(80, 12)) as pilot:
        await pilot.press("tab")
        line = start.query_one(Input)
        for text in HOSTILE:
            await start.on_event(Paste(text))
            await pilot._wait_for_screen()
            assert forbidden(line.value) == []
            line.clear()


@pytest.mark.asyncio
@each_size
async def test_every_text_pasted_as_the_name_of_a_layout_and_kept_as_one(size: tuple[int, int], tmp_path: Path) -> None:
    path = tmp_path / "layouts.json"
    for part in range(0, len(HOSTILE), MOST):
        shelf = Shelf(Layout(name=text) for text in HOSTILE[part : part + MOST])
        save_layouts(path, shelf.layouts)
        assert load_layouts(path) == shelf.layouts
        assert forbidden("".join(shelf.names)) == []
    link = ScriptedLink()
    deck = run.make_deck(link, DeckOptions("tape", [THEMES], layouts=path), ManualClock())
    async with deck.run_test(size=size) as pilot:
        await pilot.press("V")
        prompt = deck.focused
        assert isinstance(prompt, NamePrompt)
        for text in HOSTILE:
            prompt.on_paste(Paste(text))
            look(deck)
            prompt.on_key(Key("ctrl+u", None))
        await pilot.press("escape", "v")
        await settle(pilot)
        look(deck)
    assert deck.crash is None


@pytest.mark.asyncio
async def test_every_text_pasted_into_the_command_palette() -> None:
    async with connected(SIZES[1], snapshot()) as (deck, pilot, _):
        await pilot.press("ctrl+p")
        await settle(pilot)
        line = deck.screen.query_one(Input)
        for text in HOSTILE:
            await deck.on_event(Paste(text))
            await pilot._wait_for_screen()
            look(deck)
            line.clear()


SEQUENCE = re.compile(r"\x1b\[[0-9;?<>=$]*[a-zA-Z]|\x1b\][^\x07\x1b]*\x07|[\x00-\x1f\x7f-\x9f]")
PAINTING = re.compile(r"\x1b\[(?:\d+;\d+H|0m|(?:\d;)*[34]8;5;[\d;]+m)|\r|\n|\x1b\]22;default\x07")
COPIED = re.compile(r"\x1b\]52;c;([A-Za-z0-9+/=]+)\x07")
STEPS = (
    (b"5", b"ML health"), (b"0\t", b"Markets"), (b"G", b""), (b"g", b""), (b"e", b"Events"), (b"y", b"Sent to"),
    (b"d", b"Feeds"), (b"\r", b"feeds"), (b"y", b"Sent to"), (b"Y", b"Copy what"), (b":", b"Search"),
    (b"\x1b[200~\x1b]0;owned\x07\x1b[31m\xc2\x9b2J\xe2\x80\xaepasted\x1b[201~", b"pasted"),
)  # fmt: skip


def written(kind: str, first: bytes) -> str:
    """All that a deck writes to its terminal while it is led through its screens."""
    output = b""
    with deck_in_terminal(kind) as (process, terminal):
        output += read_until(terminal, first)
        for keys, words in STEPS:
            os.write(terminal, keys)
            output += read_until(terminal, words)
        process.send_signal(signal.SIGTERM)
        output += read_until(terminal, LEAVE_ALTERNATE_SCREEN)
    return output.partition(LEAVE_ALTERNATE_SCREEN)[0].decode()


def test_a_terminal_gets_the_sequences_of_the_deck_alone() -> None:
    hostile, ordinary = written("hostile", b"SENTINEL"), written("live", b"BTC")
    copied = [base64.b64decode(found).decode() for found in COPIED.findall(hostile)]
    assert copied
    assert forbidden("".join(copied)) == []
    assert forbidden(SEQUENCE.sub("", hostile)) == []
    steering = [
        Counter(found for found in SEQUENCE.findall(COPIED.sub("", text)) if not PAINTING.fullmatch(found))
        for text in (hostile, ordinary)
    ]
    assert steering[0] == steering[1]
    assert set(steering[0].values()) <= {1, 2}
