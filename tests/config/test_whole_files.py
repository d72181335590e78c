"""Files that are written whole: on the disk before they take their place, or not there at all."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from app.cli.bench import _save
from app.cli.new_files import write_new
from app.config.private_file import write_private
from app.config.screener_settings import ScreenSettings
from app.config.whole_files import write_whole, written_beside
from app.core.errors import DataError
from app.screener.candidates_file import ScreenedBars, Sidecar, sidecar_path, write_candidates
from app.ui.layouts import Layout, save_layouts

Write = Callable[[Path], None]
WRITERS: dict[str, Write] = {
    "whole": lambda path: write_whole(path, b"new"),
    "private": lambda path: write_private(path, b"new"),
    "new": lambda path: write_new({path: b"new"}),
    "benchmark": lambda path: _save(path, b"new"),
    "layouts": lambda path: save_layouts(path, [Layout()]),
}
REPLACING = {name: write for name, write in WRITERS.items() if name != "new"}


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """What was forced to the disk, and how large it was then: by number of the file."""
    seen: list[tuple[int, int]] = []
    really = os.fsync

    def fsync(descriptor: int) -> None:
        found = os.fstat(descriptor)
        seen.append((found.st_ino, found.st_size))
        really(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    return seen


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_hazard_14_a_file_and_its_name_are_on_the_disk(
    tmp_path: Path, synced: list[tuple[int, int]], write: Write
) -> None:
    path = tmp_path / "file"
    write(path)
    found = path.stat()
    assert (found.st_ino, found.st_size) in synced
    assert tmp_path.stat().st_ino in [number for number, _ in synced]
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_candidates_and_their_sidecar_are_on_the_disk(tmp_path: Path, synced: list[tuple[int, int]]) -> None:
    bars = ScreenedBars("bars", "", 60_000, 1, 0, "", "")
    sidecar = Sidecar(bars=bars, start="", end="", settings=ScreenSettings(), settings_sha256="", candidates=1)
    write_candidates(tmp_path / "file", b"{}", sidecar)
    for path in (tmp_path / "file", sidecar_path(tmp_path / "file")):
        assert (path.stat().st_ino, path.stat().st_size) in synced


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_hazard_14_a_full_disk_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Write
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "file"
    if write in REPLACING.values():
        path.write_bytes(b"old")
    before = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises((OSError, DataError), match="No space left"):
        write(path)
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == before


@pytest.mark.parametrize("name", ["private", "layouts"])
def test_what_is_the_users_is_for_the_user_alone(tmp_path: Path, name: str) -> None:
    umask = os.umask(0o000)
    try:
        WRITERS[name](tmp_path / "file")
    finally:
        os.umask(umask)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600


def test_of_several_new_files_none_is_left_when_one_cannot_take_its_place(tmp_path: Path) -> None:
    mine = tmp_path / "b"
    mine.mkdir()
    with pytest.raises(DataError, match=r"b cannot be written \(somebody else has written it meanwhile\)"):
        write_new({tmp_path / "a": b"1", mine: b"2"})
    assert [each.name for each in tmp_path.iterdir()] == ["b"]


def test_what_lies_under_the_name_beside_is_left_alone(tmp_path: Path) -> None:
    theirs = tmp_path / f".file.{os.getpid()}.new"
    theirs.write_bytes(b"theirs")
    with pytest.raises(FileExistsError), written_beside({tmp_path / "file": b"ours"}):
        pass
    assert theirs.read_bytes() == b"theirs"


@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_results_of_a_benchmark_go_through_no_link_and_into_no_device(tmp_path: Path, kind: str) -> None:
    path, elsewhere = tmp_path / "results.json", tmp_path / "elsewhere"
    elsewhere.write_bytes(b"mine")
    if kind == "link":
        path.symlink_to(elsewhere)
    elif kind == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)
    with pytest.raises(DataError, match=r"results\.json is no plain file and stays as it is; name another file"):
        _save(path, b"{}")
    assert elsewhere.read_bytes() == b"mine"


def test_results_of_a_benchmark_take_the_place_of_older_ones(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_bytes(b"a longer older result")
    _save(path, b"{}")
    assert path.read_bytes() == b"{}\n"
