"""`tapedeck record` killed at moments it cannot foresee: its tape opens, and lost a second at most."""

from pathlib import Path

import pytest
from crash_harness import kill_all, rounds

SIDE_BY_SIDE = 7


def complaints(seed: int, count: int, folder: Path) -> list[str]:
    return kill_all(rounds(seed, count, folder), SIDE_BY_SIDE)


def test_hazard_13_a_killed_recording_loses_at_most_its_last_block(tmp_path: Path) -> None:
    assert complaints(1, 20, tmp_path) == []


@pytest.mark.nightly
def test_hazard_13_two_hundred_killed_recordings(tmp_path: Path) -> None:
    assert complaints(2, 200, tmp_path) == []
