"""The live table: what it shows, what it paints again, and where its cursor goes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.app import App, ComposeResult
from textual.events import MouseScrollDown
from textual.geometry import Region
from textual.pilot import Pilot

from app.ui.widgets.columns import Cell, Column, Row, TableView
from app.ui.widgets.live_table import LiveTable

COLUMNS = (Column("name", 6, "left"), Column("size", 6))


def view(*names: str, size: str = "1", title: str = "Things") -> TableView:
    return TableView(
        title, COLUMNS, tuple(Row(name, (Cell(name), Cell(size))) for name in names), "Waiting for things."
    )


LETTERS = tuple("abcdefghijklmnopqrstuvwxyz")


class WatchedTable(LiveTable):
    """Remembers which lines it was asked to paint again; None stands for all of them."""

    painted: list[int | None]

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> "WatchedTable":
        if repaint:
            self.__dict__.setdefault("painted", []).extend([region.y for region in regions] if regions else [None])
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)


class TableApp(App[None]):
    """A table alone on a screen."""

    def __init__(self, follows: bool, leads: bool) -> None:
        super().__init__()
        self.opened = 0
        self.table = WatchedTable(follows=follows, leads=leads)

    def on_live_table_opened(self) -> None:
        self.opened += 1

    def compose(self) -> ComposeResult:
        yield self.table


@asynccontextmanager
async def table_on(
    size: tuple[int, int] = (30, 12), *, follows: bool = False, leads: bool = False
) -> AsyncIterator[tuple[WatchedTable, Pilot[None]]]:
    app = TableApp(follows, leads)
    async with app.run_test(size=size) as pilot:
        app.table.focus()
        await pilot.pause()
        yield app.table, pilot


def line(table: LiveTable, y: int) -> str:
    return table.render_line(y).text.rstrip()


@pytest.mark.asyncio
async def test_empty_says_what_it_waits_for_within_its_width() -> None:
    async with table_on((16, 12)) as (table, _):
        table.show(TableView("Things", COLUMNS, (), "Waiting for very many things."))
        lines = [line(table, y) for y in range(5)]
        assert " ".join("".join(lines).split()) == "Waiting for very many things."
        assert all(len(text) <= table.size.width for text in lines)


@pytest.mark.asyncio
async def test_rows_stand_under_their_titles() -> None:
    async with table_on() as (table, _):
        table.show(view("one", "two"))
        assert line(table, 0) == "name       size"
        assert line(table, 1) == "one           1"
        assert line(table, 3) == ""
        assert all(table.render_line(y).cell_length == table.size.width for y in range(5))


@pytest.mark.asyncio
async def test_only_changed_lines_are_painted_again() -> None:
    async with table_on() as (table, pilot):
        before = view("one", "two", "three")
        table.show(before)
        await pilot.pause()
        table.painted.clear()
        table.show(view("one", "two", "three"))
        assert table.painted == []
        rows = (before.rows[0], Row("two", (Cell("two"), Cell("9"))), before.rows[2])
        table.show(TableView("Things", COLUMNS, rows, ""))
        assert table.painted == [2]
        assert line(table, 2) == "two           9"


@pytest.mark.asyncio
async def test_the_cursor_stays_with_its_row() -> None:
    async with table_on() as (table, pilot):
        table.show(view("one", "two", "three"))
        await pilot.press("j")
        table.show(view("two", "three", "one"))
        assert table.row is not None
        assert (table.row.key, table.cursor) == ("two", 0)
        table.show(view("three"))
        assert table.row is not None
        assert table.row.key == "three"
        table.show(view())
        assert table.row is None


@pytest.mark.asyncio
async def test_keys_move_the_cursor_and_the_window() -> None:
    async with table_on() as (table, pilot):
        table.show(view(*LETTERS))
        for key, row in (("down", "b"), ("j", "c"), ("k", "b"), ("up", "a"), ("up", "a"), ("G", "z"), ("j", "z")):
            await pilot.press(key)
            assert table.row is not None
            assert table.row.key == row
        assert line(table, table.size.height - 1).startswith("z")
        for key, row in (("pageup", "r"), ("home", "a"), ("pagedown", "i"), ("end", "z"), ("g", "a")):
            await pilot.press(key)
            assert table.row is not None
            assert table.row.key == row
        assert line(table, 1).startswith("a")


@pytest.mark.asyncio
async def test_the_mouse_picks_a_row_and_the_wheel_scrolls() -> None:
    async with table_on() as (table, pilot):
        table.show(view(*LETTERS))
        await pilot.click(WatchedTable, offset=(3, 4))
        assert table.row is not None
        assert table.row.key == "c"
        await pilot.click(WatchedTable, offset=(3, 1))
        assert table.row.key == "c"
        await pilot._post_mouse_events([MouseScrollDown], WatchedTable)
        assert line(table, 1).startswith("d")
        assert table.row.key == "c"


@pytest.mark.asyncio
async def test_a_click_below_the_rows_picks_and_opens_none() -> None:
    async with table_on() as (table, pilot):
        assert isinstance(pilot.app, TableApp)
        table.show(view("one", "two", "three"))
        for y, key, opened in ((6, "one", 0), (5, "one", 0), (4, "three", 1)):
            await pilot.click(WatchedTable, offset=(3, y), times=2)
            assert table.row is not None
            assert (table.row.key, pilot.app.opened) == (key, opened)


@pytest.mark.asyncio
async def test_the_wheel_scrolls_a_leading_table_whose_cursor_is_on_its_first_row() -> None:
    async with table_on(leads=True) as (table, pilot):
        table.show(view(*LETTERS[3:]))
        table.show(view(*LETTERS[2:]))
        assert line(table, 1).startswith("c")
        await pilot._post_mouse_events([MouseScrollDown], WatchedTable)
        assert line(table, 1).startswith("f")
        table.show(view(*LETTERS[2:], size="2"))
        assert line(table, 1).startswith("f")
        await pilot.press("g")
        assert line(table, 1).startswith("c")
        await pilot._post_mouse_events([MouseScrollDown], WatchedTable)
        table.show(view(*LETTERS[:4]))
        assert line(table, 1).startswith("a")


@pytest.mark.asyncio
async def test_a_following_table_keeps_to_its_end_until_the_cursor_leaves_it() -> None:
    async with table_on(follows=True) as (table, pilot):
        table.show(view(*LETTERS[:20]))
        await pilot.press("G")
        table.show(view(*LETTERS[:24]))
        assert table.row is not None
        assert table.row.key == "x"
        await pilot.press("k")
        table.show(view(*LETTERS))
        assert table.row.key == "w"


@pytest.mark.asyncio
async def test_the_title_says_which_rows_are_shown_and_holds_no_markup() -> None:
    async with table_on() as (table, _):
        table.show(view(*LETTERS, title="Things [/] [b]x"))
        assert table._title == "Things [/] [b]x · 1-9"


@pytest.mark.asyncio
async def test_the_cursor_is_seen_by_its_style() -> None:
    async with table_on() as (table, _):
        table.show(view("one", "two"))
        under, beside = table.render_line(1), table.render_line(2)
        assert {segment.style for segment in under} != {segment.style for segment in beside}
        assert table.palette.style("cursor").bgcolor in {segment.style.bgcolor for segment in under if segment.style}


@pytest.mark.asyncio
async def test_a_resize_storm_leaves_every_line_whole() -> None:
    async with table_on() as (table, pilot):
        table.show(view(*LETTERS))
        await pilot.press("G")
        for width, height in ((3, 3), (80, 24), (10, 4), (200, 60), (1, 1), (40, 10)):
            await pilot.resize_terminal(width, height)
            lines = [table.render_line(y) for y in range(table.size.height)]
            assert all(strip.cell_length == table.size.width for strip in lines)
        assert line(table, table.size.height - 1).startswith("z")
