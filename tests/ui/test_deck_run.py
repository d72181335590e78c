"""Starting the deck: themes, environment and what a crash does."""

from pathlib import Path

import pytest
from deck_fakes import THEMES, ScriptedLink, make_deck

from app.core.clock import ManualClock
from app.ui import run
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
