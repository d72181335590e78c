"""What a row says of the rules' read."""

import pytest

from app.core.events import RulesRead
from app.engine.freeze import _rules


@pytest.mark.parametrize("direction", [-1, 0, 1])
def test_a_row_without_a_direction_has_no_freshness_of_a_move_that_is_over(direction: int) -> None:
    read = RulesRead(
        coin="BTC", at_ms=1, momentum=50.0, direction=direction, pressure=50.0, continuation=None, freshness=None
    )
    view = _rules(read, "FRESH")
    assert view is not None
    assert view.freshness == ("FRESH" if direction else None)
