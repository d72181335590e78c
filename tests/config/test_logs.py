import json
import logging
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.config.locations import Locations, ensure, find_locations
from app.config.logs import PrivateFileHandler, last_lines, setup_logging, stop_logging
from app.config.settings import LogSettings
from app.core.errors import DataError


@pytest.fixture
def locations(tmp_path: Path) -> Locations:
    """Directories of a user who has no files yet."""
    return find_locations({"TAPEDECK_HOME": str(tmp_path / "home")})


@pytest.fixture(autouse=True)
def quiet_afterwards() -> Iterator[None]:
    level = logging.getLogger().level
    yield
    stop_logging()
    logging.getLogger().setLevel(level)
    logging.getLogger("app").setLevel(logging.NOTSET)


def test_lines_are_json_and_clean(locations: Locations) -> None:
    path = setup_logging(locations, LogSettings())
    logging.getLogger("app.feeds").info("coin %s", "BTC\x1b[2J\nforged")
    (line,) = path.read_text(encoding="utf-8").splitlines()
    entry = json.loads(line)
    assert entry["message"] == "coin BTC[2Jforged"
    assert (entry["level"], entry["logger"]) == ("info", "app.feeds")
    assert entry["time"].endswith("+00:00")


def test_a_traceback_is_kept_by_line(locations: Locations) -> None:
    path = setup_logging(locations, LogSettings())
    try:
        raise ValueError("bad\x07")
    except ValueError:
        logging.getLogger("app").exception("failed")
    entry = json.loads(path.read_text(encoding="utf-8"))
    assert entry["error"][0].startswith("Traceback")
    assert entry["error"][-1] == "ValueError: bad"


@pytest.mark.parametrize(("level", "expected"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_the_level_is_the_settings(level: str, expected: int, locations: Locations) -> None:
    path = setup_logging(locations, LogSettings(level=level))  # type: ignore[arg-type]
    logger = logging.getLogger("app.engine")
    for write in (logger.debug, logger.info, logger.warning, logger.error):
        write("x")
    assert len(path.read_text(encoding="utf-8").splitlines()) == expected


def test_libraries_log_from_warning_up(locations: Locations) -> None:
    path = setup_logging(locations, LogSettings(level="debug"))
    logging.getLogger("library").info("chatter")
    logging.getLogger("library").warning("trouble")
    assert [json.loads(line)["message"] for line in path.read_text(encoding="utf-8").splitlines()] == ["trouble"]


def test_files_rotate_and_are_private(locations: Locations) -> None:
    setup_logging(locations, LogSettings(maximum_mb=1, files=2))
    for _ in range(4_000):
        logging.getLogger("app").info("x" * 1_000)
    files = sorted(locations.log_dir.iterdir())
    assert [path.name for path in files] == ["tapedeck.log", "tapedeck.log.1", "tapedeck.log.2"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert all(path.stat().st_size <= 1_000_000 for path in files)


def test_setting_up_again_replaces_the_first(locations: Locations) -> None:
    setup_logging(locations, LogSettings())
    path = setup_logging(locations, LogSettings())
    logging.getLogger("app").info("once")
    assert len(path.read_text(encoding="utf-8").splitlines()) == 1


def test_a_log_that_cannot_be_opened_is_named(locations: Locations) -> None:
    ensure(locations.log_file)
    with pytest.raises(DataError, match=r"tapedeck\.log cannot be written"):
        setup_logging(locations, LogSettings())


def test_the_last_lines_of_a_log(locations: Locations) -> None:
    assert last_lines(locations.log_file, 3) == []
    path = setup_logging(locations, LogSettings())
    path.write_text("".join(f"{number}\n" for number in range(100_000)), encoding="utf-8")
    assert last_lines(path, 2) == ["99998", "99999"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_writes_nothing_on_the_terminal_and_lines_are_counted(
    locations: Locations, capfd: pytest.CaptureFixture[str]
) -> None:
    ensure(locations.log_dir)
    locations.log_file.symlink_to("/dev/full")
    setup_logging(locations, LogSettings())
    for _ in range(3):
        logging.getLogger("app").warning("not saved")
    assert the_handler().lost == 3
    stop_logging()
    assert capfd.readouterr() == ("", "")


def test_lines_that_could_not_be_written_are_told_by_the_next_that_can(locations: Locations) -> None:
    path = setup_logging(locations, LogSettings())
    the_handler().lost = 3
    for _ in range(2):
        logging.getLogger("app").warning("saved")
    lines = [json.loads(line)["message"] for line in path.read_text(encoding="utf-8").splitlines()]
    assert lines == ["saved", "3 lines before may be missing", "saved"]


def the_handler() -> PrivateFileHandler:
    (handler,) = (each for each in logging.getLogger().handlers if isinstance(each, PrivateFileHandler))
    return handler
