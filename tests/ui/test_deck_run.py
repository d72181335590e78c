"""Starting the deck: themes, environment and what a crash does."""

from pathlib import Path

import pytest
from deck_fakes import THEMES, WALL_MS, ScriptedLink, make_deck, screen_text, settle, snapshot

from app.core.clock import ManualClock
from app.core.errors import VenueError
from app.ui import run
from app.ui.app import DeckApp
from app.ui.deck_options import DeckOptions


def test_a_missing_theme_is_a_notice_and_the_built_in_one() -> None:
    deck = run.make_deck(ScriptedLink(), DeckOptions("absent", [THEMES]), ManualClock())
    assert deck._palette.name == "built-in"
    assert "no usable theme 'absent'" in deck._notices[-1]


def test_a_broken_theme_is_the_first_notice(tmp_path: Path) -> None:
    (tmp_path / "tape.toml").write_text("name = [")
    deck = run.make_deck(ScriptedLink(), DeckOptions("tape", [tmp_path]), ManualClock())
    assert deck._notices[0].startswith("theme tape.toml")
    assert deck._palette.name == "built-in"


def test_no_color_chooses_mono(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    deck = run.make_deck(ScriptedLink(), DeckOptions("tape", [THEMES]), ManualClock())
    assert deck._palette.name == "mono"
    assert deck.native_ansi_color


@pytest.mark.asyncio
async def test_several_notices_are_counted_and_all_stand_in_the_event_log(tmp_path: Path) -> None:
    (tmp_path / "layouts.json").write_text("{")
    options = DeckOptions("absent", [THEMES], keymap="gone", layouts=tmp_path / "layouts.json")
    link = ScriptedLink()
    link.say(snapshot(log=()))
    deck = run.make_deck(link, options, ManualClock(wall_ns=WALL_MS * 1_000_000))
    async with deck.run_test(size=(160, 40)) as pilot:
        await settle(pilot)
        assert deck._deck_screen.flash.message.startswith('3 notices, e shows all: There is no keymap "gone"')
        await pilot.press("e")
        await settle(pilot)
        text = screen_text(deck)
        assert "Events 3" in text
        assert text.count("22:13:20 WARNING deck") == 3
        for notice in ('There is no keymap "gone"', "no usable theme 'absent'", "layouts.json cannot be used"):
            assert notice in text


@pytest.mark.asyncio
async def test_notices_are_shown_before_there_is_an_engine() -> None:
    link = ScriptedLink()
    link.answering.clear()
    deck = run.make_deck(link, DeckOptions("absent", [THEMES]), ManualClock())
    async with deck.run_test(size=(160, 50)) as pilot:
        await settle(pilot)
        assert deck._deck_screen.flash.message.startswith("There is no usable theme")
        await pilot.press("e")
        await settle(pilot)
        assert "WARNING deck" in screen_text(deck)


def test_watchlists_reach_the_markets() -> None:
    deck = run.make_deck(
        ScriptedLink(), DeckOptions("tape", [THEMES], watchlists={"majors": "BTC, ETH"}), ManualClock()
    )
    assert [table.watchlists for table in deck._dashboard.tables()[:1]] == [{"majors": "BTC, ETH"}]


@pytest.mark.asyncio
async def test_a_crash_is_kept_for_the_caller_and_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    deck = make_deck(ScriptedLink())
    failure = RuntimeError("boom")
    with pytest.raises(RuntimeError, match="boom"):
        async with deck.run_test():
            deck._handle_exception(failure)
    assert deck.crash is failure
    assert capsys.readouterr().err == ""


class Unclosable(ScriptedLink):
    """A link that cannot be closed."""

    async def close(self) -> None:
        raise VenueError("the socket is gone")


class Ended(DeckApp):
    """A deck that has ended as it says, without a terminal."""

    async def run_async(self, **_: object) -> None:
        return None


def ended_deck(link: ScriptedLink, **ends: BaseException) -> DeckApp:
    deck = Ended(link, ManualClock(), make_deck(link)._themes, DeckOptions())
    for name, error in ends.items():
        setattr(deck, name, error)
    return deck


@pytest.mark.asyncio
@pytest.mark.parametrize("end", ["crash", "failure"])
async def test_a_link_that_cannot_be_closed_hides_no_crash(end: str) -> None:
    link = Unclosable()
    with pytest.raises(RuntimeError, match="boom") as raised:
        await run._run(ended_deck(link, **{end: RuntimeError("boom")}), link)
    assert raised.value.__notes__ == ["Besides: the socket is gone"]


@pytest.mark.asyncio
async def test_a_link_that_cannot_be_closed_is_told_where_nothing_is_worse() -> None:
    link = Unclosable()
    with pytest.raises(VenueError, match="the socket is gone"):
        await run._run(ended_deck(link), link)
    whole = ScriptedLink()
    assert await run._run(ended_deck(whole, failure=VenueError("no engine runs")), whole) == VenueError.exit_code
    assert whole.closed
