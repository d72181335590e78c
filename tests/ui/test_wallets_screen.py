"""Wallet targets on a screen: what each key asks of the engine, and what is shown then."""

from pathlib import Path

import msgspec
import pytest
from deck_fakes import DEMO, ScriptedLink, deck_on, screen_text, settle, snapshot
from hostile_corpus import ONE_OF_EACH
from test_deck_hostile import connected, forbidden, look, told
from textual.events import Paste
from wallet_fakes import (
    NO_WALLETS,
    NOTE,
    RUNNING_SCAN,
    address,
    scanned,
    wallet_detail,
    wallet_row,
    wallets,
)

from app.engine.protocol import CancelJob, Command, CommandResult, JobView, Snapshot, StartJob
from app.engine.protocol_wallets import LookAtWallet, NoteWallet, SetWalletProfile
from app.ui.app import DeckApp
from app.ui.screens.wallet import WalletScreen
from app.ui.widgets.sources_prompt import SourcesPrompt
from app.ui.widgets.text_prompt import TextPrompt

pytestmark = pytest.mark.asyncio

SIZES = ((60, 20), (80, 24), (120, 40), (200, 60))
FIRST = address(1)
OPENED = scanned(wallet=wallet_detail())
by_size = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")


def linked(said: Snapshot) -> ScriptedLink:
    link = ScriptedLink(DEMO)
    link.say(said)
    return link


def asked(link: ScriptedLink) -> list[Command]:
    """What was asked of the engine, without where the deck looks."""
    return [command for command in link.commands if not isinstance(command, LookAtWallet)]


async def commands_given(deck: DeckApp) -> None:
    """Wait for what the deck does off its loop before it gives a command."""
    for worker in [each for each in deck.workers if each.group == "commands"]:
        await worker.wait()


def footer(deck: DeckApp) -> str:
    return screen_text(deck).splitlines()[-1]


@by_size
@pytest.mark.parametrize(("key", "panel"), [("3", "#wallets"), ("4", "#whales"), ("5", "#tokens")])
async def test_a_panel_that_is_given_the_screen_takes_all_of_it(size: tuple[int, int], key: str, panel: str) -> None:
    async with deck_on(linked(scanned()), size=size) as (deck, pilot):
        await pilot.press(key)
        await settle(pilot)
        region = deck.screen.query_one(panel).region
        # Header, event line and footer are what is left.
        assert region.width >= size[0] - 2
        assert region.height >= size[1] - 4


# The scan


async def test_the_key_scans_and_the_same_key_cancels() -> None:
    link = linked(scanned(NO_WALLETS))
    link.answer = CommandResult(0, True, "Scanning the leaderboards")
    async with deck_on(link) as (deck, pilot):
        await pilot.press("3")
        await settle(pilot)
        assert " s scan " in footer(deck)
        assert "No wallet has been scanned yet. s starts a scan of the leaderboards." in screen_text(deck)
        await pilot.press("s")
        await settle(pilot)
        assert asked(link) == [StartJob("wallets")]
        assert "Scanning the leaderboards; s again cancels" in screen_text(deck)
        link.say(scanned(wallets(scan=RUNNING_SCAN), sequence=2, jobs=(JobView("wallets", "running", 1, "Scanning"),)))
        await settle(pilot)
        text = screen_text(deck)
        assert " s cancel " in footer(deck)
        assert "scanning 312 of 1,000, s cancels" in text
        assert "rejected 201/312 at stage 1" in text
        await pilot.press("s")
        await settle(pilot)
        assert asked(link)[-1] == CancelJob("wallets")


@pytest.mark.parametrize("keys", [("3", "enter"), ("D",)])
async def test_a_scan_is_started_from_the_screens_of_wallets_too(keys: tuple[str, ...]) -> None:
    link = linked(OPENED)
    async with deck_on(link) as (_, pilot):
        await pilot.press(*keys, "s")
        await settle(pilot)
        assert asked(link) == [StartJob("wallets")]


@pytest.mark.parametrize("keys", [("3",), ("3", "enter"), ("D",)])
async def test_a_file_is_read_by_the_deck_and_its_addresses_are_scanned(
    tmp_path: Path, keys: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "my list.txt").write_text(f"{address(4)}\n=1+1\n{address(5)}\n", encoding="utf-8")
    link = linked(OPENED)
    link.answer = CommandResult(0, True, "Scanning wallets")
    async with deck_on(link) as (deck, pilot):
        await pilot.press(*keys, "L")
        await settle(pilot)
        assert " Scan wallets of: leaderboard   enter scans · esc leaves" in screen_text(deck)
        deck.screen.query_one(SourcesPrompt).on_paste(Paste("trades leaderboard:week '~/my list.txt'"))
        await pilot.press("enter")
        await commands_given(deck)
        await settle(pilot)
        wanted = f"trades leaderboard:week {address(4)} {address(5)}"
        assert asked(link) == [StartJob("wallets", wanted)]
        assert "Scanning wallets; left out: '=1+1', no address, and 0 more; s cancels" in screen_text(deck)


@by_size
async def test_what_is_typed_is_seen_in_every_size(size: tuple[int, int]) -> None:
    async with deck_on(linked(scanned()), size) as (deck, pilot):
        await pilot.press("3", "L", *"trades 0x12")
        await settle(pilot)
        assert "Scan wallets of: trades 0x12" in screen_text(deck)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("nonsense", "nonsense is no source, address or file"),
        ("'open", "no closing quotation; close the quote"),
        ("~nobody-of-that-name/x", "~nobody-of-that-name/x is nobody's folder"),
    ],
)
async def test_sources_that_are_none_are_told_and_nothing_is_scanned(written: str, said: str) -> None:
    link = linked(scanned())
    async with deck_on(link) as (deck, pilot):
        await pilot.press("3", "L", *written, "enter")
        await commands_given(deck)
        await settle(pilot)
        assert asked(link) == []
        assert f"No scan was begun: {said}" in screen_text(deck)
        await pilot.press("L", "escape")
        await settle(pilot)
        assert asked(link) == []
        assert "No scan was begun." in screen_text(deck)


async def test_the_end_of_a_scan_is_said() -> None:
    link = linked(scanned())
    async with deck_on(link) as (deck, pilot):
        link.say(scanned(sequence=2, jobs=(JobView("wallets", "done", 1, "1,000 wallets: 3 TARGET"),)))
        await settle(pilot)
        assert "1,000 wallets: 3 TARGET" in screen_text(deck)


async def test_the_best_wallets_stay_in_view_while_the_cursor_is_on_the_first() -> None:
    link = linked(scanned(wallets(rows=(wallet_row(50, wallet_class="REJECTED", score=0.1),))))
    async with deck_on(link, (60, 20)) as (_, pilot):
        await pilot.press("3")
        await settle(pilot)
        better = tuple(wallet_row(n) for n in range(1, 40))
        link.say(scanned(wallets(rows=(*better, wallet_row(50))), sequence=2))
        await settle(pilot)
        await pilot.press("a")
        await settle(pilot)
        assert asked(link) == [NoteWallet(address(1), review="accepted")]


async def test_a_reason_is_read_in_full_below_hundreds_of_rows() -> None:
    why = "top category politics holds 20% of the volume, less than 50%"
    rows = tuple(wallet_row(n, wallet_class="REJECTED", reason=why, flags=()) for n in range(1, 200))
    async with deck_on(linked(scanned(wallets(rows=rows, scan=RUNNING_SCAN)))) as (deck, pilot):
        await pilot.press("3")
        await settle(pilot)
        assert why in screen_text(deck)
        assert "rejected 201/312" in screen_text(deck)


# Profile and what a user makes of a wallet


async def test_the_profile_is_the_next_one_and_goes_round() -> None:
    link = linked(scanned())
    async with deck_on(link) as (deck, pilot):
        await pilot.press("3", "P")
        await settle(pilot)
        assert asked(link) == [SetWalletProfile("aggressive")]
        link.say(scanned(wallets(profile="aggressive"), sequence=2))
        await settle(pilot)
        assert "profile aggressive" in screen_text(deck)
        await pilot.press("P")
        await settle(pilot)
        assert asked(link)[-1] == SetWalletProfile("conservative")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (snapshot(source=DEMO), "This engine has no wallet scanner."),
        (scanned(wallets(profiles=("balanced",))), "There is no other profile to judge wallets by."),
    ],
)
async def test_without_another_profile_the_key_says_so(said: Snapshot, words: str) -> None:
    link = linked(said)
    async with deck_on(link) as (deck, pilot):
        await pilot.press("P")
        await settle(pilot)
        assert asked(link) == []
        assert words in screen_text(deck)


@pytest.mark.parametrize(
    ("key", "command"),
    [
        ("a", NoteWallet(FIRST, review="accepted")),
        ("b", NoteWallet(FIRST, review="rejected")),
        ("E", NoteWallet(FIRST, review="new")),
        ("W", NoteWallet(FIRST, followed=False)),
    ],
)
@pytest.mark.parametrize("opens", [("3",), ("3", "enter")])
async def test_a_key_keeps_what_the_user_makes_of_a_wallet(
    key: str, command: NoteWallet, opens: tuple[str, ...]
) -> None:
    link = linked(OPENED)
    link.answer = CommandResult(0, True, "Kept.")
    async with deck_on(link) as (deck, pilot):
        await pilot.press(*opens, key)
        await settle(pilot)
        assert asked(link) == [command]
        assert "Kept." in screen_text(deck)


async def test_a_wallet_that_is_not_followed_is_followed() -> None:
    link = linked(scanned())
    async with deck_on(link) as (_, pilot):
        await pilot.press("3", "down", "W")
        await settle(pilot)
        assert asked(link) == [NoteWallet(address(2), followed=True)]


async def test_where_no_wallet_is_meant_nothing_is_kept() -> None:
    link = linked(scanned())
    async with deck_on(link) as (deck, pilot):
        for key in "abEWATN":
            await pilot.press("1", key)
            await settle(pilot)
            assert asked(link) == []
            assert "Put the cursor on a wallet, or open one." in screen_text(deck)


@pytest.mark.parametrize(
    ("key", "written", "field", "before"),
    [("A", "Ada", "alias", "polls professor"), ("T", "q", "tag", "politics"), ("N", "sPaxq?", "note", "Bets late")],
)
async def test_a_line_is_written_at_once_and_saved(key: str, written: str, field: str, before: str) -> None:
    """Keys typed right after it are the text, whatever else they do."""
    link = linked(OPENED)
    async with deck_on(link) as (deck, pilot):
        await pilot.press("3", "enter", key)
        await settle(pilot)
        assert f"{field.capitalize()} of {FIRST[:6]}…{FIRST[-4:]}: {before}" in screen_text(deck)
        await pilot.press("escape")
        await settle(pilot)
        assert asked(link) == []
        assert f"The {field} stays as it was." in screen_text(deck)
        await pilot.press(key, *written, "enter")
        await settle(pilot)
        (command,) = asked(link)
        assert msgspec.to_builtins(command) == msgspec.to_builtins(NoteWallet(FIRST)) | {field: written}
        assert isinstance(deck.screen, WalletScreen)
        assert deck.screen.focused is deck.screen.panels()[0]


@pytest.mark.parametrize(("key", "before"), [("A", "polls professor"), ("T", "politics"), ("N", NOTE)])
@pytest.mark.parametrize("opens", [("3",), ("3", "enter")], ids=["listed", "opened"])
async def test_a_line_begins_with_what_is_kept_before_a_wallet_is_known_in_full(
    key: str, before: str, opens: tuple[str, ...]
) -> None:
    link = linked(scanned())
    async with deck_on(link) as (_, pilot):
        await pilot.press(*opens, key, "end", "!", "enter")
        await settle(pilot)
        (command,) = asked(link)
        assert isinstance(command, NoteWallet)
        assert f"{before}!" in (command.alias, command.tag, command.note)


@pytest.mark.parametrize(("key", "field"), [("A", "alias"), ("T", "tag"), ("N", "note")])
async def test_what_is_kept_of_a_wallet_that_is_not_known_cannot_be_written_over(key: str, field: str) -> None:
    link = linked(scanned())
    async with deck_on(link) as (deck, pilot):
        await pilot.press("3", "enter")
        link.say(scanned(wallets(rows=(wallet_row(9),)), sequence=2))
        await settle(pilot)
        await pilot.press(key)
        await settle(pilot)
        assert not deck.screen.query(TextPrompt)
        assert f"The {field} of this wallet is not known here" in screen_text(deck)


async def test_an_emptied_line_takes_the_alias_away() -> None:
    link = linked(OPENED)
    async with deck_on(link) as (deck, pilot):
        await pilot.press("3", "A", "ctrl+u")
        await settle(pilot)
        assert "enter takes it away" in screen_text(deck)
        await pilot.press("enter")
        await settle(pilot)
        assert asked(link) == [NoteWallet(FIRST, alias="")]


# One wallet


async def test_enter_opens_a_wallet_and_the_engine_is_asked_for_it_and_let_go() -> None:
    link = linked(scanned())
    async with deck_on(link) as (deck, pilot):
        await pilot.press("3", "down", "enter")
        await settle(pilot)
        assert link.commands == [LookAtWallet(address(2))]
        assert "Waiting for what the engine knows of it." in screen_text(deck)
        link.say(scanned(wallet=wallet_detail(2), sequence=2))
        await settle(pilot)
        text = screen_text(deck)
        assert "share of politics: 75.0% (n 190), takes 0.25" in text
        assert "Losses and what followed · 1 of 2 chased" in text
        await pilot.press("escape")
        await settle(pilot)
        assert deck._deck_screen.NAME == "dashboard"
        assert link.commands[-1] == LookAtWallet("")


@by_size
async def test_each_panel_of_a_wallet_is_shown_alone_and_together(size: tuple[int, int]) -> None:
    async with deck_on(linked(OPENED), size) as (deck, pilot):
        await pilot.press("3", "enter")
        titles = ("polls professor (simulated)", "Closed positions 14", "Losses and what followed", "Sum of results +")
        for key, title in zip("1234", titles, strict=True):
            await pilot.press(key)
            await settle(pilot)
            text = screen_text(deck)
            assert title in text
            assert sum(other in text for other in titles) == 1
            assert max(map(len, text.splitlines())) <= size[0]
        await pilot.press("1", "0")
        await settle(pilot)
        seen = sum(title in screen_text(deck) for title in titles)
        assert seen == (1 if size[0] < 80 else 2 if size[1] < 32 else 4)


async def test_trades_are_sorted_filtered_opened_and_copied() -> None:
    async with deck_on(linked(OPENED)) as (deck, pilot):
        await pilot.press("3", "enter", "2", "/", *"sports", "enter")
        await settle(pilot)
        assert "4 of 14" in screen_text(deck)
        await pilot.press("y")
        assert "category=sports" in deck.clipboard
        await pilot.press("enter")
        await settle(pilot)
        assert "Who wins the election in district 0?" in screen_text(deck)


async def test_a_held_display_keeps_the_wallets_it_showed() -> None:
    link = linked(scanned())
    async with deck_on(link) as (deck, pilot):
        await pilot.press("3", "f")
        link.say(scanned(wallets(rows=(wallet_row(9),)), sequence=2))
        await settle(pilot)
        assert "FROZEN" in screen_text(deck)
        assert "polls" in screen_text(deck)
        await pilot.press("f")
        await settle(pilot)
        assert "polls" not in screen_text(deck)


# Scan metrics


async def test_scan_metrics_open_from_anywhere_and_close() -> None:
    async with deck_on(linked(scanned())) as (deck, pilot):
        await pilot.press("D")
        await settle(pilot)
        text = screen_text(deck)
        assert "Scan metrics (simulated) · profile balanced" in text
        assert "WARNING" in text
        assert "lower wallets.target_score" in text
        await pilot.press("y")
        assert "measured=" in deck.clipboard
        await pilot.press("D")
        await settle(pilot)
        assert deck._deck_screen.NAME == "dashboard"


# Hostile texts


@pytest.mark.parametrize("size", [(60, 20), (120, 40)], ids=["60x20", "120x40"])
async def test_hostile_wallets_through_every_screen(size: tuple[int, int]) -> None:
    def hostile(text: str) -> Snapshot:
        row = wallet_row(1, alias=text, tag=text, reason=text, origin=text, profile=text)
        view = wallets(rows=(row,), profile=text, waiting_for=text)
        return scanned(view, wallet=wallet_detail(1, row=row, note=text, unknown=(text,)))

    async with connected(size, hostile(ONE_OF_EACH[0])) as (deck, pilot, _):
        for keys in (("3",), ("enter",), ("2",), ("3",), ("4",), ("D",)):
            await pilot.press(*keys)
            await settle(pilot)
            for text in ONE_OF_EACH:
                told(deck, hostile(text))
            await deck.action_copy_row()
            assert forbidden(deck.clipboard) == []


@pytest.mark.parametrize("text", ONE_OF_EACH)
async def test_a_hostile_alias_is_written_clean(text: str) -> None:
    link = linked(OPENED)
    async with deck_on(link) as (deck, pilot):
        await pilot.press("3", "A")
        await settle(pilot)
        prompt = deck.screen.query_one(TextPrompt)
        prompt.post_message(Paste(text))
        await settle(pilot)
        look(deck)
        await pilot.press("enter")
        await settle(pilot)
        (command,) = asked(link)
        assert isinstance(command, NoteWallet)
        assert command.alias is not None
        assert forbidden(command.alias) == []
        assert len(command.alias) <= 24
