"""Saved layouts: kept whole, private, and refused when they are nonsense."""

import os
import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import DataError
from app.ui.layouts import MOST, Layout, Shelf, TableLayout, load_layouts, save_layouts

LAYOUT = Layout(theme="tape", alone=2, coin="BTC", interval="5m", tables={"markets": TableLayout("24h", True, "btc")})


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "state" / "layouts.json"
    save_layouts(path, [LAYOUT, Layout()])
    save_layouts(path, [Layout(), LAYOUT])
    assert load_layouts(path) == [Layout(), LAYOUT]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["layouts.json"]


def test_no_file_is_no_layouts(tmp_path: Path) -> None:
    assert load_layouts(tmp_path / "none.json") == []


@pytest.mark.parametrize(
    "text",
    ["", "{", "[1]", '[{"alone": 99}]', '[{"interval": "7m"}]', "[" * 10_000, '[{"theme": "' + "x" * 999 + '"}]'],
)
def test_nonsense_is_refused_with_the_next_step(tmp_path: Path, text: str) -> None:
    path = tmp_path / "layouts.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"layouts\.json"):
        load_layouts(path)


def test_a_symbolic_link_is_not_written_through(tmp_path: Path) -> None:
    target = tmp_path / "target"
    (tmp_path / "layouts.new").symlink_to(target)
    save_layouts(tmp_path / "layouts.json", [LAYOUT])
    assert not target.exists()


@given(st.binary(max_size=200))
def test_any_bytes_are_layouts_or_an_error_of_ours(data: bytes) -> None:
    path = Path(tempfile.gettempdir()) / f"tapedeck-layouts-{os.getpid()}.json"
    path.write_bytes(data)
    try:
        load_layouts(path)
    except DataError:
        return


def test_layouts_come_back_in_turn() -> None:
    assert Shelf().next() is None
    shelf = Shelf([Layout(theme="a"), Layout(theme="b")])
    turns = [shelf.next() for _ in range(3)]
    assert [turn[0] for turn in turns if turn] == [1, 2, 1]


def test_the_same_layout_is_not_kept_twice_and_a_full_shelf_gives_one_up() -> None:
    shelf = Shelf()
    numbers = [shelf.keep(Layout(theme=str(n % 4))) for n in range(8)]
    assert numbers == [1, 2, 3, 4, 1, 2, 3, 4]
    for n in range(4, 20):
        shelf.keep(Layout(theme=str(n)))
    assert len(shelf.layouts) == MOST
    assert shelf.layouts[-1].theme == "19"


def test_a_pipe_at_the_place_of_a_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "layouts.json")
    with pytest.raises(DataError, match="no file"):
        load_layouts(tmp_path / "layouts.json")
