"""Virtual days under seeded faults: the odd seeds. Two files, so that two processes can share the work."""

import pytest
from seed_checks import check_seeds


@pytest.mark.parametrize("first", range(1, 60, 12))
def test_hazard_8_nothing_is_lost_twice_or_shown_too_fresh(first: int) -> None:
    check_seeds(range(first, first + 12, 2))
