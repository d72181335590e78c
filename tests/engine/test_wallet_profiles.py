"""Switching the profile of a running engine, and what the next run begins with."""

import sqlite3
from pathlib import Path

import pytest
from demo_scan import demo_venue
from virtual_loop import VirtualClock, VirtualLoop
from wallet_decks import Deck, is_ready, opened, replayed, virtual, wallets_of

from app.config.load import load
from app.config.locations import find_locations
from app.core.clock import ManualClock
from app.engine.build import Plan, build_run
from app.engine.protocol_wallets import SetWalletProfile


def test_a_running_engine_keeps_what_was_set_by_hand_through_its_profiles(tmp_path: Path) -> None:
    locations = find_locations({"TAPEDECK_HOME": str(tmp_path / "home")})
    loaded = load(locations, environ={"TAPEDECK_WALLETS__TARGET_SCORE": "0.85"})
    plan = Plan("live", set_by_hand=loaded.by_hand)
    run = build_run(plan, loaded.settings, ManualClock(), locations)
    for name, chase_limit in (("conservative", 0.10), ("balanced", 0.20)):
        assert run.command(SetWalletProfile(name))[0]
        thresholds = run.core.wallets.thresholds
        assert (thresholds.target_score, thresholds.chase_limit) == (0.85, chase_limit)


async def profile_of(deck: Deck) -> tuple[str, float]:
    """The profile in force as the deck shows it, with the chase limit that counts."""
    shown = wallets_of(await deck.until(is_ready)).profile
    assert shown == deck.run.core.wallets.thresholds.profile
    return shown, deck.run.core.wallets.thresholds.chase_limit


@pytest.mark.parametrize("is_early", [False, True], ids=["later", "before the database is open"])
def test_the_next_run_begins_with_the_profile_that_was_chosen_last(tmp_path: Path, is_early: bool) -> None:
    database = tmp_path / "live.sqlite"

    async def main(loop: VirtualLoop) -> None:
        clock = VirtualClock(loop)
        async with demo_venue(clock, wallets=50) as demo:
            for before, chosen in (("balanced", "conservative"), ("conservative", "aggressive")):
                async with opened(demo, clock, database=database) as deck:
                    if not is_early:
                        assert (await profile_of(deck))[0] == before
                    assert (await deck.engine.command(SetWalletProfile(chosen)))[0]
                    assert (await profile_of(deck))[0] == chosen
            async with opened(demo, clock, database=database) as deck:
                assert await profile_of(deck) == ("aggressive", 0.25)
                assert (await deck.engine.command(SetWalletProfile("balanced")))[0]
            async with opened(demo, clock, database=database) as deck:
                assert await profile_of(deck) == ("balanced", 0.20)

    virtual(main)


def test_a_profile_that_is_set_by_hand_is_stronger_than_the_one_that_was_chosen(tmp_path: Path) -> None:
    database, by_hand = tmp_path / "live.sqlite", frozenset({"wallets.profile"})

    async def main(loop: VirtualLoop) -> None:
        clock = VirtualClock(loop)
        async with demo_venue(clock, wallets=50) as demo:
            async with opened(demo, clock, database=database) as deck:
                await deck.engine.command(SetWalletProfile("aggressive"))
                await deck.until(is_ready)
            async with opened(demo, clock, database=database, set_by_hand=by_hand) as deck:
                assert (await profile_of(deck))[0] == "balanced"

    virtual(main)


@pytest.mark.parametrize("name", ["mine", "../../balanced", "\x1b[2J"])
def test_a_profile_that_is_gone_is_told_of_and_the_settings_count(tmp_path: Path, name: str) -> None:
    database = tmp_path / "live.sqlite"

    async def main(loop: VirtualLoop) -> None:
        clock = VirtualClock(loop)
        async with demo_venue(clock, wallets=50) as demo:
            async with opened(demo, clock, database=database) as deck:
                await deck.engine.command(SetWalletProfile("aggressive"))
                await deck.until(is_ready)
            with sqlite3.connect(database) as connection:
                connection.execute("UPDATE choices SET value = ?", (name,))
            connection.close()
            async with opened(demo, clock, database=database) as deck:
                assert await profile_of(deck) == ("balanced", 0.20)
                warned = [line.text for line in deck.run.core.journal.log_tail if line.level == "warning"]
        assert len([text for text in warned if "is gone; judging by balanced, choose another" in text]) == 1
        assert not any("\x1b" in text for text in warned)

    virtual(main)


def test_a_replay_judges_by_the_profile_that_an_earlier_run_had_chosen(tmp_path: Path) -> None:
    database, tape = tmp_path / "live.sqlite", tmp_path / "run.tape"

    async def main(loop: VirtualLoop) -> None:
        clock = VirtualClock(loop)
        async with demo_venue(clock, wallets=50) as demo:
            async with opened(demo, clock, database=database) as deck:
                await deck.engine.command(SetWalletProfile("aggressive"))
                await deck.until(is_ready)
            async with opened(demo, clock, database=database, record_to=tape) as deck:
                await deck.until(is_ready)
                sha256 = deck.run.core.journal.log_sha256
        again = await replayed(tape, clock)
        assert again.core.wallets.thresholds.profile == "aggressive"
        assert again.core.journal.log_sha256 == sha256

    virtual(main)
