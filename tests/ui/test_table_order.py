"""The arranged table: its sort, its filter line, its watchlists, and how it holds still under a cursor."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest
from deck_fakes import ScriptedLink, deck_on, market, screen_text, settle, snapshot
from textual.app import App, ComposeResult
from textual.events import Key, Paste
from textual.geometry import Region
from textual.pilot import Pilot

from app.ui.widgets.arranged_table import ArrangedTable
from app.ui.widgets.columns import Cell, Column, Row, TableView
from app.ui.widgets.live_table import LiveTable
from app.ui.widgets.ordering import Ordering

pytestmark = pytest.mark.asyncio

COLUMNS = (Column("name", 6, "left"), Column("size", 5))
SIZES = {"a": 3.0, "b": 1.0, "c": 2.0, "d": None}


def view(sizes: Mapping[str, float | None], *, pinned: str = "") -> TableView:
    rows = (
        Row(name, (Cell(name), Cell("–" if size is None else f"{size:g}")), pinned=name in pinned, values=(name, size))
        for name, size in sizes.items()
    )
    return TableView("Things", COLUMNS, tuple(rows), "Waiting for things.")


class WatchedTable(ArrangedTable):
    """Remembers which lines it was asked to paint again (None stands for all), and what it said."""

    def __init__(self, *, follows: bool = False) -> None:
        super().__init__(view({}), follows=follows)
        self.painted: list[int | None] = []
        self.said: list[str] = []

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> "WatchedTable":
        if repaint and hasattr(self, "painted"):
            self.painted.extend([region.y for region in regions] if regions else [None])
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def on_arranged_table_said(self, event: ArrangedTable.Said) -> None:
        self.said.append(event.text)


class TableApp(App[None]):
    """A table alone on a screen, and a key of the app's own."""

    BINDINGS = [("q", "heard", "heard"), ("escape", "heard", "heard"), ("enter", "heard", "heard")]  # noqa: RUF012

    def __init__(self, follows: bool) -> None:
        super().__init__()
        self.table = WatchedTable(follows=follows)
        self.heard = 0

    def compose(self) -> ComposeResult:
        yield self.table

    def action_heard(self) -> None:
        self.heard += 1


@asynccontextmanager
async def table_on(*, follows: bool = False) -> AsyncIterator[tuple[WatchedTable, Pilot[None]]]:
    app = TableApp(follows)
    async with app.run_test(size=(40, 12)) as pilot:
        app.table.focus()
        app.table.show(view(SIZES))
        await pilot.pause()
        yield app.table, pilot


def order(table: LiveTable) -> str:
    return "".join(row.key for row in table.view.rows)


def heard(table: LiveTable) -> int:
    assert isinstance(table.app, TableApp)
    return table.app.heard


def line(table: LiveTable, y: int) -> str:
    return table.render_line(y).text.rstrip()


async def settle_keys(pilot: Pilot[None]) -> None:
    """Let keys that were posted, not pressed, arrive."""
    for _ in range(3):
        await pilot.pause()


async def test_keys_choose_the_column_and_the_direction() -> None:
    async with table_on() as (table, pilot):
        await pilot.press(">")
        assert (table.ordering, order(table)) == (Ordering("name", descending=False), "abcd")
        await pilot.press(">")
        assert (table.ordering, order(table)) == (Ordering("size"), "acbd")
        assert table._title == "Things · by size ▼"
        assert line(table, 0) == "name     size▼"[: len(line(table, 0))]
        await pilot.press("o")
        assert (table.ordering, order(table)) == (Ordering("size", descending=False), "bcad")
        await pilot.press("<")
        assert table.ordering == Ordering("name", descending=False)
        await pilot.press("O")
        assert table.ordering is None
        assert (order(table), table._title) == ("abcd", "Things")
        await pilot.press("o")
        await pilot.pause()
        assert table.said == ["Nothing is sorted yet; choose a column first."]


async def test_the_arrow_fits_into_the_column() -> None:
    columns = (Column("name", 6, "left"), Column("size bp", 7))
    async with table_on() as (table, _):
        table.show(TableView("Things", columns, view(SIZES).rows, ""))
        table.ordering = Ordering("size bp")
        assert line(table, 0).endswith(" size b▼")


async def test_pinned_rows_come_first() -> None:
    async with table_on() as (table, _):
        table.show(view(SIZES, pinned="bd"))
        table.ordering = Ordering("size")
        assert order(table) == "bdac"


async def test_the_order_lives_while_the_cursor_is_on_the_first_row() -> None:
    async with table_on() as (table, _):
        table.ordering = Ordering("size")
        table.show(view(SIZES | {"b": 9.0}))
        assert (order(table), table.cursor, table._title) == ("bacd", 0, "Things · by size ▼")


async def test_the_order_is_held_while_the_cursor_is_in_the_table() -> None:
    async with table_on() as (table, pilot):
        table.ordering = Ordering("size")
        await pilot.press("j")
        table.show(view(SIZES | {"b": 9.0}))
        assert order(table) == "acbd"
        assert line(table, 3).split() == ["b", "9"]
        assert table._title == "Things · by size ▼ · 3 moved"
        await pilot.press("g")
        assert (order(table), table._title) == ("bacd", "Things · by size ▼")


async def test_while_held_new_rows_come_at_the_end_and_gone_ones_leave() -> None:
    async with table_on() as (table, pilot):
        table.ordering = Ordering("size")
        await pilot.press("j", "j")
        assert table.row is not None
        assert table.row.key == "b"
        table.show(view({"b": 1.0, "c": 2.0, "e": 7.0, "d": None}))
        assert order(table) == "cbde"
        assert (table.row.key, table.cursor) == ("b", 1)
        table.show(view({"b": 1.0, "e": 7.0}))
        assert (order(table), table.row.key, table.cursor) == ("be", "b", 0)
        table.show(view({"b": 1.0, "e": 8.0}))
        assert order(table) == "be"
        await pilot.press("home")
        assert order(table) == "eb"


async def test_changing_the_sort_lets_the_order_live() -> None:
    async with table_on() as (table, pilot):
        table.ordering = Ordering("size")
        await pilot.press("G")
        table.show(view(SIZES | {"b": 9.0}))
        await pilot.press("o")
        assert (order(table), table.cursor) == ("cabd", 0)
        table.show(view(SIZES))
        assert order(table) == "bcad"


async def test_a_click_holds_the_order_too() -> None:
    async with table_on() as (table, pilot):
        table.ordering = Ordering("size")
        await pilot.click(WatchedTable, offset=(3, 4))
        table.show(view(SIZES | {"b": 9.0}))
        assert order(table) == "acbd"


async def test_a_layout_restores_sort_and_filter_before_the_table_is_shown() -> None:
    app = TableApp(follows=False)
    app.table.ordering = Ordering("size")
    app.table.filter_text = "size > 1"
    async with app.run_test(size=(40, 12)) as pilot:
        app.table.show(view(SIZES))
        await pilot.pause()
        assert order(app.table) == "ac"
        # There is no room for all of it in 40 cells: a part is there whole or not at all.
        assert app.table._title == "Things · by size ▼ · 2 of 4"
    app = TableApp(follows=False)
    app.table.ordering = Ordering("size")
    app.table.filter_text = "size > 1"
    async with app.run_test(size=(60, 12)) as pilot:
        app.table.show(view(SIZES))
        await pilot.pause()
        assert app.table._title == "Things · by size ▼ · filter size > 1 · 2 of 4"


async def test_a_click_on_the_filter_line_picks_no_row_behind_it() -> None:
    async with table_on() as (table, pilot):
        table.show(view(dict.fromkeys("abcdefghijklmnop", 1.0)))
        await pilot.press("/")
        await pilot.click(WatchedTable, offset=(3, table.size.height))
        assert table.cursor == 0


async def test_a_resize_storm_leaves_every_line_whole_while_typing() -> None:
    async with table_on() as (table, pilot):
        table.ordering = Ordering("size")
        await pilot.press("/", *"size > 1 and 中文中文中文")
        for width, height in ((3, 3), (80, 24), (10, 4), (1, 1), (40, 10)):
            await pilot.resize_terminal(width, height)
            lines = [table.render_line(y) for y in range(table.size.height)]
            assert all(strip.cell_length == table.size.width for strip in lines)


async def test_the_given_order_is_followed_whatever_the_cursor_does() -> None:
    async with table_on() as (table, pilot):
        await pilot.press("j")
        table.show(view({"b": 1.0, "a": 3.0}))
        assert (order(table), table.cursor, table._title) == ("ba", 0, "Things")


async def test_only_changed_lines_are_painted_again() -> None:
    async with table_on() as (table, pilot):
        table.ordering = Ordering("size")
        await pilot.pause()
        table.painted.clear()
        table.show(view(SIZES))
        assert table.painted == []
        table.show(view(SIZES | {"c": 2.5}))
        assert table.painted == [2]
        table.painted.clear()
        same_looks = [row._replace(values=(row.key, 2.51)) if row.key == "c" else row for row in table._given.rows]
        table.show(TableView("Things", COLUMNS, tuple(same_looks), ""))
        assert table.painted == []
        table.show(view(SIZES | {"c": 4.0}))
        assert set(table.painted) == {1, 2}


async def test_a_filter_works_while_it_is_typed_and_the_deck_hears_no_key() -> None:
    async with table_on() as (table, pilot):
        await pilot.press("/", *"size > 1 q")
        assert heard(table) == 0
        assert table._title == "Things · filter size > 1 · 2 of 4"
        assert line(table, table.size.height - 1).startswith("/size > 1 q")
        assert "q is one" in line(table, table.size.height - 1)
        await pilot.press("enter")
        assert heard(table) == 0
        assert table._filter_line is not None
        await pilot.press("backspace", "backspace", "enter")
        assert table._filter_line is None
        assert (order(table), table.filter_text) == ("ac", "size > 1")
        await pilot.press("q")
        assert heard(table) == 1


async def test_typing_a_question_never_empties_the_table_and_says_what_is_missing() -> None:
    async with table_on() as (table, pilot):
        await pilot.press("/", *"b", "backspace")
        shown = []
        for key in "size > 2 and name = a":
            await pilot.press(key)
            shown.append(order(table))
        assert "" not in shown
        assert shown[:7] == ["abcd"] * 7
        assert shown[7:] == ["a"] * 14
        await pilot.press(*["backspace"] * 17)
        assert line(table, table.size.height - 1).startswith("/size   size needs an operator, such")


async def test_words_that_turn_out_to_begin_a_question_filter_no_longer() -> None:
    async with table_on() as (table, pilot):
        table.show(view({"si": 1.0, "b": 3.0, "c": 2.0}))
        table.filter_text = "size < 3"
        await pilot.press("/", "ctrl+u")
        assert order(table) == "sibc"
        shown = []
        for key in "size > 1 and name = b":
            await pilot.press(key)
            shown.append(order(table))
        assert shown == [*["si"] * 2, *["sibc"] * 5, *["bc"] * 13, "b"]


async def test_a_mistake_leaves_the_last_question_in_force() -> None:
    async with table_on() as (table, pilot):
        await pilot.press("/", *"size > 1 and siz > 2")
        assert (order(table), table.filter_text) == ("ac", "size > 1")
        await pilot.press("ctrl+u", *"zz")
        assert order(table) == ""
        await pilot.press("ctrl+u", "backspace")
        assert order(table) == "abcd"


async def test_an_unfinished_question_is_not_kept_and_one_without_rows_is_kept_by_enter() -> None:
    async with table_on() as (table, pilot):
        await pilot.press("/", *"size", "enter")
        assert table._filter_line is not None
        assert order(table) == "abcd"
        await pilot.press(*" > 20")
        assert (order(table), table.filter_text) == ("a", "size > 2")
        assert "No row passes so far" in line(table, table.size.height - 1)
        await pilot.press("enter")
        assert table._filter_line is None
        assert (order(table), table.filter_text) == ("", "size > 20")
        assert words(table) == "No row passes: filter size > 20. esc clears it."


async def test_keys_that_come_all_at_once_are_typed_too() -> None:
    async with table_on() as (table, pilot):
        for key in "/q > b":
            pilot.app.post_message(Key({"/": "slash", ">": "greater_than_sign", " ": "space"}.get(key, key), key))
        await settle_keys(pilot)
        assert heard(table) == 0
        assert table._filter_line is not None
        assert table._filter_line.editor.text == "q > b"
        assert table.ordering is None


async def test_escape_clears_the_filter_and_closes_the_line() -> None:
    async with table_on() as (table, pilot):
        await pilot.press("/", "b", "enter")
        assert (order(table), table._title) == ("b", "Things · filter b · 1 of 4")
        await pilot.press("/")
        assert line(table, table.size.height - 1) == "/b"
        await pilot.press("escape")
        assert heard(table) == 0
        assert (order(table), table.filter_text, table._filter_line) == ("abcd", "", None)
        assert line(table, table.size.height - 1) == ""
        await pilot.press("escape")
        assert heard(table) == 1


async def test_the_line_is_edited_at_its_cursor() -> None:
    async with table_on() as (table, pilot):
        await pilot.press("/", *"ab cd", "left", "left", "backspace", "X", "home", "delete", "end", "!")
        assert table._filter_line is not None
        assert table._filter_line.editor.text == "bXcd!"
        await pilot.press("ctrl+w")
        assert table._filter_line.editor.text == ""
        await pilot.press("a", "ctrl+u", "right", "left")
        assert table._filter_line.editor.parts == ("", "")
        table.post_message(Paste("si\x1b]0;x\x07ze\n>\u202e 1" + "9" * 300))
        await pilot.pause()
        assert table._filter_line.editor.text.startswith("si]0;xze > 19")
        assert len(table._filter_line.editor.text) <= 200
        assert table.render_line(table.size.height - 1).cell_length == table.size.width


def words(table: LiveTable) -> str:
    """What a table without rows says, on all its lines."""
    return " ".join(filter(None, (line(table, y).strip() for y in range(table.size.height))))


async def test_a_filter_that_nothing_passes_says_so() -> None:
    async with table_on() as (table, pilot):
        await pilot.press("/", *"zz", "enter")
        said = "No row holds these words: zz. To ask about numbers, compare: size > 0. esc clears it."
        assert words(table) == said
        assert table.row is None


async def test_a_filtered_row_that_stops_passing_leaves_and_one_that_starts_comes_at_the_end() -> None:
    async with table_on() as (table, pilot):
        table.filter_text = "size > 1"
        await pilot.press("j")
        table.show(view({"z": 5.0, **SIZES, "a": 0.5}))
        assert order(table) == "cz"
        assert table.row is not None
        assert table.row.key == "c"


async def test_a_wrong_filter_that_is_restored_is_said() -> None:
    async with table_on() as (table, pilot):
        table.filter_text = "siz > 1"
        await pilot.pause()
        assert table.said == ["siz is not a field; the nearest is size."]
        assert table.filter_text == ""


async def test_a_filter_follows_the_columns_and_goes_where_they_do_not_have_its_field() -> None:
    async with table_on() as (table, pilot):
        table.filter_text = "size > 1"
        turned = tuple(Row(row.key, row.cells[::-1], values=row.values[::-1]) for row in view(SIZES).rows)
        table.show(TableView("Things", COLUMNS[::-1], turned, ""))
        assert order(table) == "ac"
        table.show(TableView("Things", (COLUMNS[0], Column("weight", 6)), view(SIZES).rows, ""))
        await pilot.pause()
        assert order(table) == "abcd"
        assert table.said == ["The filter size > 1 is off: size is not a field; the nearest is name."]


async def test_watchlists_cycle_and_a_wrong_one_is_told_once() -> None:
    async with table_on() as (table, pilot):
        await pilot.press("w")
        await pilot.pause()
        assert table.said.pop().startswith("No watchlist for this table")
        table.watchlists = {"large": "size > 2", "broken": "siz > 2", "some": "b, c"}
        seen = []
        for _ in range(6):
            await pilot.press("w")
            seen.append((table.watchlist, order(table), table._title))
        assert seen[:3] == [
            ("large", "a", "Things · large · 1 of 4"),
            ("some", "bc", "Things · some · 2 of 4"),
            ("", "abcd", "Things"),
        ]
        assert seen[3:] == seen[:3]
        assert table.said == ["Watchlist broken is skipped: siz is not a field; the nearest is size."]


async def test_a_following_table_keeps_to_its_end_in_the_given_order_only() -> None:
    async with table_on(follows=True) as (table, pilot):
        assert table.cursor == 3
        table.filter_text = "size > 0"
        assert (order(table), table.cursor) == ("abc", 2)
        table.show(view({**SIZES, "e": 5.0}))
        assert (order(table), table.cursor) == ("abce", 3)
        await pilot.press("<")
        assert (order(table), table.cursor) == ("eacb", 0)
        await pilot.press("O")
        assert (order(table), table.cursor) == ("abce", 3)


async def test_the_panel_of_markets_is_sorted_and_filtered_by_its_numbers() -> None:
    link = ScriptedLink()
    coins = (market("BTC", 1.0, change_24h=-0.01), market("ETH", 1.0, change_24h=0.02, favourite=True))
    link.say(snapshot(markets=(*coins, market("SOL", 1.0, 4, change_24h=0.015))))
    async with deck_on(link) as (deck, pilot):
        deck._dashboard.offer_watchlists({"up": "change_24h > 0"})
        await pilot.press(*">>>>>")
        await settle(pilot)
        text = screen_text(deck)
        assert "24h▼" in text
        assert "Markets 3 · metrics RULES · by 24h ▼" in text
        assert [text.index(coin) for coin in ("ETH", "SOL")] == sorted(text.index(coin) for coin in ("ETH", "SOL"))
        await pilot.press("w")
        await settle(pilot)
        text = screen_text(deck)
        assert "· up · 2 of 3" in text
        assert "BTC" not in text
        await pilot.press("y")
        assert "ETH" in deck.clipboard


async def test_the_flash_line_says_what_a_table_says() -> None:
    link = ScriptedLink()
    link.say(snapshot())
    async with deck_on(link) as (deck, pilot):
        await pilot.press("o")
        await settle(pilot)
        assert deck._deck_screen.flash.message == "Nothing is sorted yet; choose a column first."
