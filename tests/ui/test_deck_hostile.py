"""Names and texts made to harm a terminal or the markup: the deck goes on, and no control reaches the screen."""

import unicodedata

import pytest
from deck_fakes import ScriptedLink, deck_on, feed, market, screen_text, settle, snapshot

from app.engine.protocol import CommandResult, LogLine, Snapshot, SourceView
from app.ui.widgets.live_table import LiveTable

HOSTILE = (
    "\x1b]52;c;ZXZpbA==\x07",
    "\x1b[2J\x1b[H",
    "\x9b31m",
    "[/]",
    "[bold",
    "a [/b] c",
    "[link=http://x]a[/link]",
    "[@click=app.quit]x[/]",
    "$text",
    "\u202eevil\u202c",
    "\u2066x\u2069",
    "zero\u200bwidth\ufeff",
    "tag\U000e0041\U000e007f",
    "line\u2028feed\u2029s\r\n\t\v\f",
    "e" + "\u0301" * 500,
    "\ud800",
    "中文" * 40,
    "👩‍👩‍👧‍👦" * 9,
    "🇩🇪🇫🇷" * 9,
    "กำ" * 30,
    "\x00\x08\x7f",
    "A" * 10_000,
    "",
)  # fmt: skip


FORBIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def forbidden(text: str, allowed: str) -> list[str]:
    return [c for c in text if c not in allowed and unicodedata.category(c) in FORBIDDEN]


def hostile_snapshot() -> Snapshot:
    return snapshot(
        markets=tuple(market(text, 1.0) for text in HOSTILE),
        feeds=tuple(feed(name=text, message=text) for text in HOSTILE),
        log=tuple(LogLine(0, "error", text, text) for text in HOSTILE),
    )


@pytest.mark.asyncio
@pytest.mark.parametrize("size", [(60, 20), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_hostile_text_is_shown_as_text(size: tuple[int, int]) -> None:
    link = ScriptedLink()
    link.say(hostile_snapshot())
    async with deck_on(link, size) as (deck, pilot):
        for key in ("escape", "e", "d"):
            await pilot.press(key)
            await settle(pilot)
            table = deck.focused
            assert isinstance(table, LiveTable)
            assert len(table.view.rows) == len(HOSTILE)
            for index in range(len(HOSTILE)):
                table.cursor = index
                await deck.action_copy_row()
                await pilot.pause()
                assert forbidden(screen_text(deck), "\n") == []
                assert forbidden(deck.clipboard, "") == []
                await deck.action_open_row()
                await settle(pilot)
                assert forbidden(screen_text(deck), "\n") == []
                await pilot.press("escape")
                await settle(pilot)
        assert deck.is_running


@pytest.mark.asyncio
async def test_a_hostile_source_leaves_its_word_readable() -> None:
    link = ScriptedLink()
    async with deck_on(link, (60, 20)) as (deck, pilot):
        for text in HOSTILE:
            link.say(snapshot(source=SourceView("live", "LIVE", text)))
            await settle(pilot)
            shown = screen_text(deck)
            assert shown.startswith(" LIVE ")
            assert forbidden(shown, "\n") == []


@pytest.mark.asyncio
async def test_hostile_answers_on_the_flash_line() -> None:
    link = ScriptedLink()
    link.say(snapshot())
    async with deck_on(link) as (deck, pilot):
        for text in HOSTILE:
            link.answer = CommandResult(0, False, text)
            deck.action_toggle_metrics()
            await settle(pilot)
            assert forbidden(screen_text(deck), "\n") == []
        assert len(link.commands) == len(HOSTILE)


@pytest.mark.asyncio
async def test_hostile_empty_sentences_and_errors() -> None:
    link = ScriptedLink()
    async with deck_on(link) as (deck, pilot):
        for text in HOSTILE:
            link.say(snapshot(markets=(), waiting_for=text))
            await settle(pilot)
            assert forbidden(screen_text(deck), "\n") == []
        link.say(OSError("".join(HOSTILE)))
        await settle(pilot)
        assert "LINK FAILED" in screen_text(deck)
