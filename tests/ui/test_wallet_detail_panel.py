"""One wallet opened up, without a screen: its verdict in lines, positions, losses, equity."""

import math

import msgspec
import pytest
from rich.cells import cell_len
from wallet_fakes import (
    address,
    lines,
    opened,
    scanned,
    seen,
    texts,
    wallet_detail,
    wallets,
)

from app.ui.panels.wallet_detail import (
    chases_view,
    positions_view,
    verdict_view,
    wallet_equity,
    wallet_equity_table,
)
from app.ui.widgets.columns import place_columns
from app.ui.widgets.filtering import parse_filter
from app.wallets.behind import CategoryRow
from app.wallets.values import CopyResult, Doubt

FIRST = address(1)


def test_the_verdict_opens_up_into_pillars_parts_doubts_and_history() -> None:
    said = lines(verdict_view(seen(opened()), FIRST, 100))
    assert ("verdict", "TARGET · score 0.83 (0.88 before shrinking) · looked at up to stage 3 · 3m ago") in said
    assert ("since before", "score ▲+0.04 · was WATCHLIST") in said
    assert ("specialisation", "████░░ 0.75 · weight 35%") in said
    assert ("", "share of politics: 75.0% (n 190), takes 0.25") in said
    assert ("", "drawdown: not known (n 190), takes 0.00") in said
    assert ("doubt", "dormant: last trade 31 days ago · keeps it from being a TARGET") in said
    assert ("category", "politics 75% · 150 positions · cost 15.0K · result +1,234.50 USDC") in said
    assert ("2 s late", "+903.20 USDC on 40 of 52 positions; the wallet itself +1,001.00") in said
    assert ("60 s late", "no price to copy its 52 positions at") in said
    assert ("before", "2023-11-14 21:13 WATCHLIST 0.79 · stage 3") in said
    assert ("not known", "what 3 markets are about") in said
    assert ("mine", "review accepted · followed · alias polls professor · tag politics") in said
    assert ("address", FIRST) in said


@pytest.mark.parametrize("width", [40, 58, 78, 98, 198])
def test_nothing_of_the_verdict_is_cut(width: int) -> None:
    long = " ".join(f"word{n}" for n in range(60))
    detail = {"note": long, "doubts": (Doubt(name="rule", text=long),), "unknown": (long,)}  # type: ignore[arg-type]
    table = verdict_view(seen(opened(**detail)), FIRST, width)
    assert max(cell_len(row.cells[1].text) for row in table.rows) <= width - 15
    whole = " ".join(row.cells[1].text for row in table.rows)
    assert whole.count(long) == 3


def test_before_the_engine_sends_it_a_listed_wallet_shows_its_row_and_what_it_waits_for() -> None:
    said = lines(verdict_view(seen(scanned()), FIRST, 100))
    assert said[0] == ("waiting", "Waiting for what the engine knows of it.")
    assert ("behaviour", "█████░ 0.94") in said
    assert positions_view(seen(scanned()), FIRST).empty == "Waiting for what the engine knows of it."
    unlisted = verdict_view(seen(scanned(wallet=wallet_detail(2))), address(77), 100)
    assert unlisted.rows == ()
    assert "Waiting for what the engine knows of 0x004d…" in unlisted.empty


def test_a_wallet_that_was_not_open_in_a_held_display_says_so() -> None:
    said = lines(verdict_view(seen(scanned(), frozen_s=3.0), FIRST, 100))
    assert said[0][1] == "It was not open then: step forward, or let the display go on."


def test_a_wallet_without_a_verdict_is_no_target() -> None:
    said = lines(verdict_view(seen(scanned(wallets(rows=()), wallet=wallet_detail(1, row=None))), FIRST, 100))
    assert ("verdict", "none yet") in said


def test_positions_and_losses_stand_behind_the_pillars() -> None:
    table = positions_view(seen(opened()), FIRST)
    assert table.title == "Closed positions 14 · 7 above zero · H: hedged · UTC"
    assert texts(table, table.rows[5]) == {
        "closed at": "2023-11-09 22:13", "event": "Who wins the election in district 5?", "category": "politics",
        "size in USDC": "150", "result in USDC": "-25.00", "entry price": "0.43", "hold": "6h", "hedged": "H",
    }  # fmt: skip
    assert texts(table, table.rows[4])["hold"] == "–"
    losses = chases_view(seen(opened()), FIRST)
    assert losses.title == "Losses and what followed · 1 of 2 chased · UTC"
    assert [texts(losses, row)["chased"] for row in losses.rows] == ["no", "chased"]
    assert [texts(losses, row)["times as large"] for row in losses.rows] == ["1.20x", "2.00x"]
    for view in (table, losses):
        assert all(len(row.cells) == len(row.values) == len(view.columns) for row in view.rows)
        assert len({row.key for row in view.rows}) == len(view.rows)


def test_equity_is_drawn_and_copied() -> None:
    curve = wallet_equity(seen(opened()), FIRST)
    assert curve.title == "Sum of results +1,070.00 USDC"
    assert len(curve.points) == 40
    assert "2023-10-05 to 2023-11-13" in curve.words
    assert len(wallet_equity_table(seen(opened()), FIRST).rows) == 40
    short = wallet_equity(seen(opened(equity=((1, 2.0),))), FIRST)
    assert (short.points, short.empty) == ((), "No curve: it needs two results.")
    odd = wallet_equity(seen(opened(equity=((1, math.nan), (2, 1.0), (3, math.inf), (4, 2.0)))), FIRST)
    assert odd.points == ((2_000, 1.0), (4_000, 2.0))


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ("who-wins-district-5", "who wins district 5"),
        (f"0x{'ab' * 32}", "0xabab…abab"),
        ("Who wins?", "Who wins?"),
        ("", "–"),
    ],
)
def test_an_event_is_shown_in_words(event: str, words: str) -> None:
    position = msgspec.structs.replace(wallet_detail().positions[0], event=event)
    table = positions_view(seen(opened(positions=(position,))), FIRST)
    assert texts(table, table.rows[0])["event"] == words


def test_a_hedge_is_a_mark_that_the_title_explains_and_the_event_has_the_room() -> None:
    table = positions_view(seen(opened()), FIRST)
    marks = {row.cells[-1].text for row in table.rows}
    assert marks == {"", "H"}
    asked = parse_filter("hedged = hedged", table.columns)
    assert asked is not None
    assert [row.cells[-1].value for row in filter(asked.passes, table.rows)] == ["hedged"] * 2
    widths = {table.columns[at.column].name: at.width for at in place_columns(table.columns, 118)}
    assert widths["event"] >= 54
    narrow = {table.columns[at.column].name: at.width for at in place_columns(table.columns, 78)}
    assert narrow["event"] >= 24
    assert "hedged" in narrow
    plain = tuple(msgspec.structs.replace(position, hedged=False) for position in wallet_detail().positions)
    assert "hedged" not in positions_view(seen(opened(positions=plain)), FIRST).title


def test_one_position_is_not_called_positions() -> None:
    copies = (
        CopyResult(delay_s=2, pnl_usdc=1.0, own_pnl_usdc=1.0, positions=1, all_positions=1),
        CopyResult(delay_s=60, pnl_usdc=0.0, own_pnl_usdc=0.0, positions=0, all_positions=1),
    )
    categories = (CategoryRow("politics", 1, 15.0, 0.75, 1.0), CategoryRow("sports", 1_000, 5.0, 0.25, 0.0))
    said = lines(verdict_view(seen(opened(copies=copies, categories=categories)), FIRST, 120))
    assert ("category", "politics 75% · 1 position · cost 15 · result +1.00 USDC") in said
    assert any("1,000 positions" in text for _, text in said)
    assert ("2 s late", "+1.00 USDC on 1 of 1 position; the wallet itself +1.00") in said
    assert ("60 s late", "no price to copy its 1 position at") in said
