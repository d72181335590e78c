import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from bar_samples import market, write_csv

from app.config.locations import Locations, find_locations
from app.config.logs import stop_logging


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home of its own for each test, cut off from the developer's settings, with what `main` changes put back."""
    for name in list(os.environ):
        if name.startswith("TAPEDECK_") or name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
            monkeypatch.delenv(name)
    folder = tmp_path / "home"
    monkeypatch.setenv("TAPEDECK_HOME", str(folder))
    umask = os.umask(0o077)
    level = logging.getLogger().level
    yield folder
    stop_logging()
    logging.getLogger().setLevel(level)
    logging.getLogger("app").setLevel(logging.NOTSET)
    os.umask(umask)
    os.environ.pop("NO_COLOR", None)


@pytest.fixture
def locations(home: Path) -> Locations:
    return find_locations({"TAPEDECK_HOME": str(home)})


@pytest.fixture(scope="session")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four months of made-up hours, for commands that read bars; nobody writes to it."""
    return write_csv(tmp_path_factory.mktemp("bars") / "ETHUSDT_1h.csv", market(3_000, 4))
