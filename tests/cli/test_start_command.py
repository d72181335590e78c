"""Plain `tapedeck`: what was chosen the first time is kept, and opened from then on unless something stronger says."""

import argparse
from pathlib import Path

import pytest

from app.cli import options, start
from app.config.locations import Locations
from app.engine.build import Plan
from app.ui.start import Choice


class Opened:
    """Stands for the deck: remembers what it was opened on, with which settings and notices."""

    def __init__(self) -> None:
        self.decks: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = []

    def __call__(self, plan: Plan, prepared: options.Prepared, notices: tuple[str, ...] = ()) -> int:
        self.decks.append((plan.mode, prepared.settings.markets.favourites, tuple(notices)))
        return 0


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Opened:
    deck = Opened()
    monkeypatch.setattr("app.cli.deck.open_deck", deck)
    monkeypatch.setattr("app.cli.deck.require_terminal", lambda: None)
    return deck


def tapedeck(monkeypatch: pytest.MonkeyPatch, choice: Choice | None, *flags: str) -> int:
    """Run the command; somebody who is asked makes this choice."""
    monkeypatch.setattr("app.ui.start.ask", lambda *_: choice)
    parser = argparse.ArgumentParser()
    start.configure(parser)
    return start.run(parser.parse_args(flags))


DEFAULTS = ("BTC", "ETH", "SOL")


def test_demo_and_coins_are_kept(opened: Opened, monkeypatch: pytest.MonkeyPatch, locations: Locations) -> None:
    assert tapedeck(monkeypatch, Choice("demo", ("HYPE", "BTC"))) == 0
    assert '[markets]\nfavourites = ["HYPE", "BTC"]\n\n[deck]\nopens = "demo"\n' in locations.config_file.read_text()
    tapedeck(monkeypatch, Choice("live", ("WRONG",)))
    assert opened.decks == [("demo", ("HYPE", "BTC"), ())] * 2


def test_what_does_not_differ_is_not_written(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, locations: Locations
) -> None:
    tapedeck(monkeypatch, Choice("live"))
    tapedeck(monkeypatch, Choice("live", DEFAULTS))
    assert opened.decks == [("live", DEFAULTS, ())] * 2
    assert not locations.config_file.exists()
    tapedeck(monkeypatch, Choice("demo"))
    assert "favourites" not in locations.config_file.read_text()


def test_flags_and_environment_still_win(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    tapedeck(monkeypatch, Choice("demo", ("HYPE",)))
    tapedeck(monkeypatch, None, "--set", "deck.opens=live", "--set", "markets.favourites=ETH")
    monkeypatch.setenv("TAPEDECK_DECK__OPENS", "live")
    tapedeck(monkeypatch, None)
    assert opened.decks[1:] == [("live", ("ETH",), ()), ("live", ("HYPE",), ())]


def test_leaving_the_screen_opens_and_keeps_nothing(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, locations: Locations
) -> None:
    assert tapedeck(monkeypatch, None) == 0
    assert opened.decks == []
    assert not locations.used_before


def test_who_has_only_looked_at_the_demo_is_still_asked(locations: Locations) -> None:
    locations.database("demo").parent.mkdir(parents=True, exist_ok=True)
    locations.database("demo").touch()
    assert not locations.used_before
    locations.database("live").touch()
    assert locations.used_before


def test_what_cannot_be_kept_holds_for_now_and_is_said(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, locations: Locations
) -> None:
    locations.config_dir.parent.mkdir(parents=True)
    locations.config_dir.write_text("")
    tapedeck(monkeypatch, Choice("demo", ("HYPE",)))
    ((mode, coins, (notice,)),) = opened.decks
    assert (mode, coins) == ("demo", ("HYPE",))
    assert notice.startswith("The choice is not kept: ")
    assert str(Path(locations.config_dir)) in notice
