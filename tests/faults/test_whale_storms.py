"""Whales through faults, kills and restarts: each real move is told once."""

from pathlib import Path

import pytest
from whale_storm import weather


@pytest.mark.parametrize("seed", range(6))
def test_each_move_is_told_once_whatever_is_cut_and_killed(seed: int, tmp_path: Path) -> None:
    weathered = weather(seed, tmp_path)
    assert weathered.violations == (), str(weathered)
