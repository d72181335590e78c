"""A tape is played under the settings it was made with, also one that is older than a setting's new place."""

from pathlib import Path

import pytest

from app.config.settings import Settings
from app.config.toml import to_toml
from app.core.clock import ManualClock
from app.core.errors import DataError
from app.engine.tape_run import GONE_SETTINGS, TapeRun, settings_left_out, settings_of, tape_source
from app.engine.venue_run import demo_source, live_source
from app.feeds.tape.format import Session, SourceMode
from app.feeds.tape.importers import open_recording
from app.feeds.tape.writer import TapeWriter

OLD = """
[rules]
taker_fee_bps = 3.0
slippage_bps = 1.0
read_every_s = 30.0
[scalper]
round_trip_bps = 6.0
[paper]
taker_fee_bps = 3.0
"""


def a_tape(folder: Path, settings_toml: str, mode: SourceMode = "demo") -> Path:
    session = Session(created_wall_ns=1, mode=mode, label="test", settings_toml=settings_toml)
    with TapeWriter(folder / "a.tape", session, ManualClock()):
        return folder / "a.tape"


def test_an_older_tape_plays_without_the_settings_that_are_gone_and_says_so(tmp_path: Path) -> None:
    recording = open_recording(a_tape(tmp_path, OLD))
    settings = settings_of(recording)
    assert settings is not None
    assert (settings.rules.read_every_s, settings.costs) == (30.0, Settings().costs)
    said = settings_left_out(recording)
    for gone, place in GONE_SETTINGS.items():
        assert f"{gone} (its place took {place})" in said
    TapeRun(recording, Settings(), ManualClock(), speed=None, hold=False)


def test_a_tape_of_today_leaves_nothing_out(tmp_path: Path) -> None:
    recording = open_recording(a_tape(tmp_path, to_toml(Settings())))
    assert (settings_of(recording), settings_left_out(recording)) == (Settings(), "")


def test_a_setting_that_never_was_is_still_refused(tmp_path: Path) -> None:
    recording = open_recording(a_tape(tmp_path, "[rules]\nnever = 1"))
    with pytest.raises(DataError, match=r"rules\.never is not a setting"):
        settings_of(recording)


@pytest.mark.parametrize(("mode", "simulated"), [("demo", True), ("live", False), ("import", False)])
def test_a_tape_knows_whether_it_was_recorded_of_a_demo(mode: SourceMode, simulated: bool, tmp_path: Path) -> None:
    source = tape_source(open_recording(a_tape(tmp_path, to_toml(Settings()), mode)))
    assert (source.mode, source.simulated) == ("tape", simulated)


def test_a_demo_is_simulated_and_a_venue_is_not() -> None:
    assert (demo_source(Settings()).simulated, live_source(Settings()).simulated) == (True, False)
