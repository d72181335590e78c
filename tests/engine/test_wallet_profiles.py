"""Switching the profile of a running engine."""

from pathlib import Path

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
