from pathlib import Path

import pytest

from app.config.locations import Locations, find_locations


@pytest.fixture
def locations(tmp_path: Path) -> Locations:
    """Directories of a user who has no files yet."""
    return find_locations({"TAPEDECK_HOME": str(tmp_path / "home")})
