"""A small tape, text files, and the folder of real recordings."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tape_samples import numbered_records, write_tape


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    """A closed tape of 40 records in ten blocks."""
    return write_tape(tmp_path / "small.tape", numbered_records(40))


@pytest.fixture
def text_file(tmp_path: Path) -> Callable[[str, str], Path]:
    """Writes a text file of a given name."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real payloads; the test is skipped where there is none."""
    folder = Path(__file__).parents[3] / "../shared"
    if not folder.is_dir():
        pytest.skip("needs the real payloads in ../shared")
    return folder
