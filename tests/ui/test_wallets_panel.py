"""Rows of Wallet targets without a screen: what they say, their order, questions, copies, columns."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len
from wallet_fakes import (
    address,
    ended,
    later,
    scanned,
    seen,
    texts,
    wallet_row,
    wallets,
)

from app.ui.copying import copyables
from app.ui.panels.wallets import WalletKeys, bar_cell, roi_cell, wallets_view, win_cell
from app.ui.widgets.columns import place_columns
from app.ui.widgets.filtering import parse_filter
from app.ui.widgets.ordering import Ordering, ordered

KEYS = WalletKeys()
FIRST = address(1)


def test_a_target_says_all_it_holds() -> None:
    table = wallets_view(seen(scanned()), KEYS)
    assert texts(table, table.rows[0]) == {
        "wallet": "★polls professor",
        "class": "TARGET",
        "score": "0.83",
        "score change": "▲+0.04",
        "class before": "WATCHLIST",
        "specialisation": "0.75",
        "specialisation bar": "████░░",
        "behaviour": "0.94",
        "behaviour bar": "█████░",
        "structure": "1.00",
        "structure bar": "██████",
        "ROI 30d %": "▲+12.34%",
        "win rate %": "57% n190",
        "flags or reason": "short track",
        "age of verdict": "3m",
        "my review": "accepted",
        "followed": "followed",
        "found at": "leaderboard month",
        "address": FIRST,
    }


def test_every_row_has_a_cell_and_a_value_for_each_column() -> None:
    table = wallets_view(seen(scanned()), KEYS)
    for row in table.rows:
        assert len(row.cells) == len(row.values) == len(table.columns)
    assert len({row.key for row in table.rows}) == len(table.rows)


def test_a_wallet_without_an_alias_is_called_by_the_ends_of_its_address() -> None:
    table = wallets_view(seen(scanned()), KEYS)
    assert texts(table, table.rows[1])["wallet"].strip() == f"{address(2)[:6]}…{address(2)[-4:]}"


def test_the_first_verdict_has_no_change_and_a_rejected_wallet_says_why() -> None:
    table = wallets_view(seen(scanned()), KEYS)
    assert texts(table, table.rows[1])["score change"] == "first"
    rejected = texts(table, table.rows[4])
    assert rejected["flags or reason"] == "top category politics holds 20% of the volume, less than 50%"
    assert (rejected["score"], rejected["behaviour"], rejected["ROI 30d %"], rejected["win rate %"]) == ("–",) * 4


def test_an_old_verdict_says_so_and_is_dimmed_and_ages_while_the_display_is_held() -> None:
    shown = scanned()
    table = wallets_view(seen(shown), KEYS)
    assert [row.dimmed for row in table.rows] == [False, False, False, True, False]
    assert texts(table, table.rows[3])["age of verdict"] == "old 3d"
    held = wallets_view(later(shown, 86_400), KEYS)
    assert all(row.dimmed for row in held.rows)
    assert texts(held, held.rows[1])["age of verdict"] == "old 1d"


def test_an_engine_that_is_gone_dims_all() -> None:
    assert all(row.dimmed for row in wallets_view(ended(scanned()), KEYS).rows)


def test_followed_wallets_come_first_in_every_order() -> None:
    table = wallets_view(seen(scanned()), KEYS)
    for column in table.columns:
        assert ordered(table.rows, table.columns, Ordering(column.title))[0].key == FIRST


def test_followed_wallets_come_first_in_the_order_given_too() -> None:
    table = wallets_view(seen(scanned(wallets(rows=(wallet_row(1), wallet_row(2, followed=True))))), KEYS)
    assert [row.key for row in table.rows] == [address(2), address(1)]


def test_sorting_is_by_what_the_cells_stand_for() -> None:
    rows = (wallet_row(1, score=0.1), wallet_row(2, score=None), wallet_row(3, score=0.9, wallet_class="REJECTED"))
    table = wallets_view(seen(scanned(wallets(rows=rows))), KEYS)
    assert [row.key for row in ordered(table.rows, table.columns, Ordering("score"))] == [
        address(3), address(1), address(2),
    ]  # fmt: skip
    by_class = ordered(table.rows, table.columns, Ordering("class", descending=False))
    assert by_class[-1].key == address(3)


@pytest.mark.parametrize(
    ("question", "passing"),
    [
        ("score > 0.7 and class = TARGET", [1, 2]),
        ("roi_30d > 10", [1, 2, 4]),
        ("win_rate < 50", [3]),
        ("my_review = accepted", [1]),
        ("hedged", [3]),
        (address(5), [5]),
        ("professor", [1]),
    ],
)
def test_wallets_are_asked_for(question: str, passing: list[int]) -> None:
    table = wallets_view(seen(scanned()), KEYS)
    asked = parse_filter(question, table.columns)
    assert asked is not None
    assert [row.key for row in filter(asked.passes, table.rows)] == [address(n) for n in passing]


def test_a_copy_has_the_whole_address_and_the_number_beside_the_rate() -> None:
    view = seen(scanned())
    table = wallets_view(view, KEYS)
    copied = dict(copyables(view, "wallets", table.columns, table.rows[1], table.rows))
    assert f"address={address(2)}" in copied["row"]
    assert 'win_rate_%="57.1% of 1190"' in copied["row"]
    assert "DEMO" in copied["row"]
    assert "bar" not in copied["row"]


def test_every_class_review_and_flag_fits_its_column() -> None:
    view = wallets_view(seen(scanned()), KEYS)
    widths = {column.name: column.width for column in view.columns}
    assert widths["class"] >= len("NOT SCORED")
    assert widths["class before"] >= len("NOT SCORED")
    assert widths["my review"] >= len("rejected")
    assert widths["flags or reason"] >= len("short track")


@pytest.mark.parametrize(
    ("width", "titles"),
    [
        (60, ["wallet", "class", "score", "spec", "behav", "struct", "flags"]),
        (78, ["wallet", "class", "score", "spec", "behav", "struct", "ROI 30d", "win (n)", "flags"]),
    ],
)
def test_narrow_screens_keep_what_matters_most(width: int, titles: list[str]) -> None:
    columns = wallets_view(seen(scanned()), KEYS).columns
    assert [columns[placed.column].title for placed in place_columns(columns, width)] == titles


def test_bars_review_and_changes_come_with_width() -> None:
    columns = wallets_view(seen(scanned()), KEYS).columns
    names = [columns[placed.column].name for placed in place_columns(columns, 118)]
    assert {"specialisation bar", "behaviour bar", "structure bar", "score change", "age of verdict"} <= set(names)
    assert len(place_columns(columns, 260)) == len(columns)


@pytest.mark.parametrize(("score", "bar"), [(0.0, "░" * 6), (0.99, "█████░"), (1.0, "█" * 6), (7.0, "█" * 6)])
def test_a_bar_is_full_only_when_nothing_was_taken(score: float, bar: str) -> None:
    assert bar_cell(score).text == bar


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, 1e300, -1e300, 0.0])
def test_any_number_can_be_shown(number: float) -> None:
    row = wallet_row(
        1, score=number, specialisation=number, behaviour=number, structure=number, roi_7d=number, roi_30d=number,
        win_rate=number, score_change=number,
    )  # fmt: skip
    table = wallets_view(seen(scanned(wallets(rows=(row,)))), KEYS)
    assert "nan" not in str(table.rows[0].cells) + str(table.rows[0].name)
    assert ordered(table.rows, table.columns, Ordering("score")) == table.rows


@example(roi=None, rate=1.0, n=100_000)
@given(roi=st.floats(-1, 10_000) | st.none(), rate=st.floats(0, 1) | st.none(), n=st.integers(0, 10_000_000))
def test_figures_fit_their_columns(roi: float | None, rate: float | None, n: int) -> None:
    assert cell_len(roi_cell(roi).text) <= 8
    assert cell_len(win_cell(rate, n).text) <= 9


def test_a_row_that_says_the_same_is_made_once() -> None:
    first, again = (wallets_view(seen(scanned(sequence=sequence)), KEYS) for sequence in (1, 2))
    assert len(first.rows) == 5
    assert all(row is same for row, same in zip(first.rows, again.rows, strict=True))
    aged = wallets_view(later(scanned(), 90_000), KEYS)
    assert [row.key for row in aged.rows if row.dimmed] == [row.key for row in aged.rows]
    assert all(row.dimmed for row in wallets_view(ended(scanned()), KEYS).rows)
