"""What a sweep tries: every key by its text, every combination once, the same draws for the same seed."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.config.fields import setting_fields
from app.config.load import build
from app.config.settings import Settings
from app.config.sources import Given
from app.core.errors import ConfigError, UsageError
from app.screener.trials import (
    MOST_TRIALS,
    Range,
    grid_values,
    plan_trials,
    random_ranges,
    swept_keys,
    trial_settings,
)

OTHERS = {
    "batch_mode.sentinels": "volume_spike",
    "fusion.mode": "advisory",
    "strategy.structure_stop": "false",
    "batch_mode.atr_percentile": "0.7",
    "strategy.target_at_r": "2",
}


@pytest.mark.parametrize("key", swept_keys())
def test_a_key_changes_settings_as_the_same_flag_would(key: str) -> None:
    text = OTHERS.get(key, "1" if setting_fields()[key].default != 1 else "2")
    text = "0.9" if key == "strategy.partial_share" else text
    (trial,) = plan_trials(Settings(), grid_values([f"{key}={text}"]), {}, 0, 0)
    by_flag = build([Given(key, text, "flag --set", is_text=True)])
    assert trial.settings == trial_settings(by_flag) != trial_settings(Settings())
    assert trial_settings(trial.settings.settings()) == trial.settings
    assert trial.settings.sha256 != trial_settings(Settings()).sha256


def test_every_combination_is_tried_once() -> None:
    grid = grid_values(["fusion.entry_threshold_confidence=.40, .45,0.450", "fusion.mode=confirm,advisory"])
    trials = plan_trials(Settings(), grid, {}, 7, 0)
    assert [tuple(trial.values.values()) for trial in trials] == [
        (0.4, "confirm"), (0.4, "advisory"), (0.45, "confirm"), (0.45, "advisory"),
    ]  # fmt: skip
    assert trials[3].settings.fusion.entry_threshold_confidence == 0.45
    assert trials[3].settings.fusion.mode == "advisory"


@given(st.integers(0, 2**40), st.integers(1, 30))
def test_draws_lie_in_their_ranges_and_depend_on_the_seed_alone(seed: int, draws: int) -> None:
    ranges = random_ranges(["strategy.stop_atr=1..4.123456789", "strategy.time_stop_bars=3..9"])
    assert ranges["strategy.time_stop_bars"] == Range(3, 9, whole=True)
    grid = grid_values(["fusion.mode=confirm,advisory"])
    trials = plan_trials(Settings(), grid, ranges, draws, seed)
    assert trials == plan_trials(Settings(), grid, ranges, draws, seed)
    assert len(trials) == 2 * draws
    for trial in trials:
        assert 1 <= trial.values["strategy.stop_atr"] <= 4.123456789
        assert trial.values["strategy.time_stop_bars"] in range(3, 10)
    if draws > 5:
        assert trials != plan_trials(Settings(), grid, ranges, draws, seed + 1)


@pytest.mark.parametrize(
    ("grid", "ranges", "error", "said"),
    [
        (["fusion.entry_treshold=1"], [], ConfigError, "did you mean fusion.entry_threshold_confidence?"),
        (["fusion.mode=confirm,never"], [], ConfigError, "flag --grid: fusion.mode is never"),
        (["fusion.mode"], [], UsageError, "names no values"),
        (["fusion.mode="], [], UsageError, "names no values"),
        (["fusion.mode=confirm", "fusion.mode=advisory"], [], UsageError, "names fusion.mode twice"),
        (["markets.top=5,6"], [], UsageError, "markets.top does not change what a backtest trades"),
        (["batch_mode.candidate_window_bars=5,6"], [], UsageError, "does not change what a backtest trades"),
        (["strategy.stop_atr=1,2"], ["strategy.stop_atr=1..2"], UsageError, "is in --grid and in --random"),
        ([], ["strategy.stop_atr=1"], UsageError, "is no range of numbers"),
        ([], ["fusion.mode=confirm..advisory"], UsageError, "is no range of numbers"),
        ([], ["strategy.structure_stop=false..true"], UsageError, "is no range of numbers"),
        ([], ["strategy.stop_atr=2..1"], UsageError, "begins at its end"),
        ([], ["strategy.stop_atr=0..1"], ConfigError, "must be a number, at least 0.1"),
        ([], ["strategy.stop_atr=1..nan"], ConfigError, "strategy.stop_atr is nan"),
    ],
)
def test_mistakes_are_named(grid: list[str], ranges: list[str], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=re.escape(said)):
        plan_trials(Settings(), grid_values(grid), random_ranges(ranges), 2, 1)


def test_too_many_trials_are_refused_before_any_is_made() -> None:
    grid = {key: list(range(200)) for key in swept_keys()[:6]}
    with pytest.raises(UsageError, match=f"{MOST_TRIALS:,}"):
        plan_trials(Settings(), grid, {}, 1, 0)
