"""What a deck's engine is given beside the settings as they are."""

import pytest

from app.cli.deck import scanning_by_itself
from app.config.load import load
from app.config.locations import Locations


@pytest.mark.parametrize(("said", "scans"), [(None, True), ("false", False), ("true", True)])
def test_the_simulated_venue_is_scanned_unless_the_user_said_otherwise(
    locations: Locations, said: str | None, scans: bool
) -> None:
    loaded = load(locations, environ={} if said is None else {"HP_SCANNER_ENABLED": said})
    assert loaded.settings.scanner.enabled is (said == "true")
    assert scanning_by_itself(loaded).scanner.enabled is scans
