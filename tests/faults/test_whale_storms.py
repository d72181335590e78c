"""Whales through faults, kills and restarts: each real move is told once."""

from pathlib import Path

import pytest
from whale_kills import kill_over
from whale_storm import weather


def complaints(seed: int, folder: Path) -> str:
    """What is wrong with a storm, with everything needed to see why; empty when nothing is."""
    weathered = weather(seed, folder / str(seed))
    assert weathered.changes > 50
    return f"seed {seed}\n{weathered}" if weathered.violations else ""


@pytest.mark.parametrize("seed", [44, 60])
def test_each_move_is_told_once_whatever_is_cut_and_killed(seed: int, tmp_path: Path) -> None:
    assert complaints(seed, tmp_path) == ""


@pytest.mark.nightly
def test_five_hundred_storms(tmp_path: Path) -> None:
    found = [text for text in (complaints(seed, tmp_path) for seed in range(1_000, 1_500)) if text]
    assert not found, "\n\n".join(found)


def test_a_killed_engine_leaves_whole_chains_of_moves_and_their_alerts(tmp_path: Path) -> None:
    assert kill_over(1, 2, tmp_path) == []


@pytest.mark.nightly
def test_thirty_killed_engines(tmp_path: Path) -> None:
    assert kill_over(2, 30, tmp_path) == []
