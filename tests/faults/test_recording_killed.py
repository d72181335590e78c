"""`tapedeck record` killed at moments it cannot foresee: its tape opens, and lost a second at most."""

from pathlib import Path

import pytest
from crash_harness import kill_together, rounds

SIDE_BY_SIDE = 5


def complaints(seed: int, count: int, folder: Path) -> list[str]:
    planned = rounds(seed, count, folder)
    batches = [planned[start : start + SIDE_BY_SIDE] for start in range(0, count, SIDE_BY_SIDE)]
    return [text for batch in batches for text in kill_together(batch)]


def test_hazard_13_a_killed_recording_loses_at_most_its_last_block(tmp_path: Path) -> None:
    assert complaints(1, 20, tmp_path) == []


@pytest.mark.nightly
def test_hazard_13_two_hundred_killed_recordings(tmp_path: Path) -> None:
    assert complaints(2, 200, tmp_path) == []
