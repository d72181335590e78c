"""Saved layouts: kept whole, private, and refused when they are nonsense."""

import contextlib
import os
import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import DataError, UsageError
from app.ui.layouts import LONGEST_NAME, MOST, Layout, Shelf, TableLayout, load_layouts, save_layouts

LAYOUT = Layout(
    name="mine", theme="tape", alone=2, coin="BTC", interval="5m", tables={"markets": TableLayout("24h", True, "btc")}
)


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
    path, target = tmp_path / "layouts.json", tmp_path / "target"
    path.symlink_to(target)
    save_layouts(path, [LAYOUT])
    assert not target.exists()
    assert load_layouts(path) == [LAYOUT]


@given(st.binary(max_size=200))
def test_any_bytes_are_layouts_or_an_error_of_ours(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "layouts.json"
        path.write_bytes(data)
        with contextlib.suppress(DataError):
            load_layouts(path)


def test_layouts_come_back_in_turn() -> None:
    assert Shelf().next() is None
    shelf = Shelf([Layout(theme="a"), Layout(theme="b")])
    turns = [shelf.next() for _ in range(3)]
    assert [turn[0] for turn in turns if turn] == [1, 2, 1]


def test_a_layout_takes_the_place_of_the_one_of_its_name() -> None:
    shelf = Shelf()
    numbers = [shelf.keep(Layout(name=str(n % 4), theme=str(n))) for n in range(8)]
    assert numbers == [1, 2, 3, 4, 1, 2, 3, 4]
    assert [(layout.name, layout.theme) for layout in shelf.layouts] == [("0", "4"), ("1", "5"), ("2", "6"), ("3", "7")]


def test_a_full_shelf_takes_no_new_name_and_loses_none() -> None:
    shelf = Shelf([Layout(name=str(n)) for n in range(MOST)])
    with pytest.raises(UsageError, match="9 layouts are saved, the most"):
        shelf.keep(Layout(name="new"))
    assert shelf.keep(Layout(name="8", theme="x")) == MOST
    assert len(shelf.layouts) == MOST


def test_every_layout_has_a_name_of_its_own_that_can_be_shown() -> None:
    shelf = Shelf(Layout(name=name) for name in ("", "mine", " mine ", "\x1b[31mred", "layout 1", "x" * 200))
    assert shelf.names == ["layout 1", "mine", "layout 2", "[31mred", "layout 3", "x" * (LONGEST_NAME - 1) + "…"]


def test_a_layout_is_taken_by_its_name_and_the_next_goes_on_from_there() -> None:
    shelf = Shelf([Layout(name="a"), Layout(name="b"), Layout(name="c")])
    taken = shelf.take("b")
    assert taken is not None
    assert taken.name == "b"
    assert shelf.take("gone") is None
    assert shelf.next() == (3, Layout(name="c"))


@pytest.mark.parametrize(
    ("at", "dropped", "then"), [("a", "a", "b"), ("b", "a", "c"), ("b", "b", "c"), ("b", "c", "a"), ("c", "c", "a")]
)
def test_after_one_is_deleted_the_others_go_on_in_turn(at: str, dropped: str, then: str) -> None:
    shelf = Shelf([Layout(name="a"), Layout(name="b"), Layout(name="c")])
    shelf.take(at)
    assert shelf.drop(dropped)
    assert not shelf.drop(dropped)
    following = shelf.next()
    assert following is not None
    assert following[1].name == then


@given(st.lists(st.tuples(st.sampled_from(["keep", "drop", "take", "next"]), st.sampled_from("abcdefghijkl"))))
def test_whatever_is_done_names_are_unique_few_and_in_turn(steps: list[tuple[str, str]]) -> None:
    shelf = Shelf()
    for step, name in steps:
        if step == "keep" and (name in shelf.names or len(shelf.names) < MOST):
            number = shelf.keep(Layout(name=name))
            assert shelf.names[number - 1] == name
        elif step == "drop":
            shelf.drop(name)
        elif step == "take":
            assert (shelf.take(name) is None) is (name not in shelf.names)
        else:
            assert (shelf.next() is None) is (not shelf.names)
        assert len(set(shelf.names)) == len(shelf.names) <= MOST
        assert shelf.free_name() not in shelf.names


def test_a_pipe_at_the_place_of_a_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "layouts.json")
    with pytest.raises(DataError, match="no file"):
        load_layouts(tmp_path / "layouts.json")
