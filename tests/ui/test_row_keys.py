"""Rows that are opened keep showing what they showed when newer ones come: none has the key of another."""

from collections.abc import Callable, Sequence

import msgspec
import pytest
from deck_fakes import WALL_MS, snapshot
from hypothesis import given
from hypothesis import strategies as st
from paper_fakes import TRADING, paper, paper_trade
from wallet_fakes import address, opened, seen, wallet_detail
from whale_fakes import alert_detail, fill, followed, move, trader, trader_detail

from app.engine.protocol import LogLine
from app.ui.panels.alert import alert_moves_view, past_view, trader_of
from app.ui.panels.event_log import log_view
from app.ui.panels.paper import PaperKeys, paper_coin, positions_view, trades_view
from app.ui.panels.row_keys import told_apart
from app.ui.panels.trader import trader_equity_table, trader_moves_view
from app.ui.panels.trader_fills import trader_fills_view
from app.ui.panels.wallet_detail import chases_view, wallet_equity_table
from app.ui.panels.wallet_detail import positions_view as closed_view
from app.ui.widgets.columns import TableView

Told = Sequence[object]
PAST = alert_detail().past[0]
POSITION = wallet_detail().positions[0]
CHASE = wallet_detail().chases[0]


def changed(told: object, **changes: object) -> object:
    return msgspec.structs.replace(told, **changes)  # type: ignore[type-var]


def fills(told: Told) -> TableView:
    return trader_fills_view(seen(followed(trader=trader_detail(fills=tuple(told)))), trader())


def moves(told: Told) -> TableView:
    return trader_moves_view(seen(followed(trader=trader_detail(moves=tuple(told)))), trader())


def alert_moves(told: Told) -> TableView:
    return alert_moves_view(seen(followed(alert=alert_detail(moves=tuple(told)))), "alert-1")


def past(told: Told) -> TableView:
    return past_view(seen(followed(alert=alert_detail(past=tuple(told)))), "alert-1")


def closed(told: Told) -> TableView:
    return closed_view(seen(opened(positions=tuple(told))), address(1))


def chases(told: Told) -> TableView:
    return chases_view(seen(opened(chases=tuple(told)[::-1])), address(1))


def trades(told: Told) -> TableView:
    return trades_view(seen(snapshot(paper=paper(closed=tuple(told)))), PaperKeys())


def events(told: Told) -> TableView:
    return log_view(seen(snapshot(log=tuple(told)[::-1])))


COPY = {"coin": "★ polls professor", "by": "copy", "closed_ms": WALL_MS}
LISTS: dict[str, tuple[Callable[[Told], TableView], Sequence[object], object]] = {
    # what makes the table, what it is told of, the newest first, and what comes next, all at one instant
    "fills": (fills, (fill(price=2.0), fill(price=1.0), fill(price=1.0)), fill(price=3.0)),
    "moves": (moves, (move(size_after=2.0), move(size_after=1.0)), move(size_after=3.0)),
    "moves of an alert": (alert_moves, (move(size_after=2.0), move(size_after=1.0)), move(size_after=3.0)),
    "past alerts": (past, (changed(PAST, price=2.0), PAST, PAST), changed(PAST, price=3.0)),
    "closed positions": (closed, (changed(POSITION, event="b"), POSITION, POSITION), changed(POSITION, event="c")),
    "losses": (chases, (changed(CHASE, lost_usdc=2.0), CHASE, CHASE), changed(CHASE, lost_usdc=3.0)),
    "paper trades": (
        trades,
        (paper_trade(2, **COPY, reason="sold: cup-final #1"), paper_trade(1, **COPY, reason="sold: cup-final #0")),
        paper_trade(3, **COPY, reason="paid out: rain #0"),
    ),
    "events": (
        events,
        (LogLine(WALL_MS, "info", "a", "two"), *(LogLine(WALL_MS, "info", "a", "one"),) * 2),
        LogLine(WALL_MS, "info", "a", "three"),
    ),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_row_keeps_its_key_when_a_newer_one_comes_at_the_same_instant(name: str) -> None:
    table, told, newer = LISTS[name]
    before = {row.key: row.cells for row in table(told).rows}
    after = {row.key: row.cells for row in table((newer, *told)).rows}
    assert len(after) == len(table((newer, *told)).rows) == len(before) + 1
    assert {key: after[key] for key in before} == before


def test_what_is_learned_later_of_a_past_alert_does_not_make_another_row_of_it() -> None:
    later = changed(PAST, move_4h_bps=12.0)
    assert past((later,)).rows[0].key == past((PAST,)).rows[0].key


def test_keys_still_name_the_coin_and_the_trader_of_a_row() -> None:
    assert paper_coin(trades((paper_trade(1),)).rows[0]) == "ETH"
    assert paper_coin(trades((paper_trade(1, **COPY),)).rows[0]) == COPY["coin"]
    assert [trader_of(row) for row in alert_moves((move(1),)).rows] == [trader(1), trader(2)]


def test_tokens_of_one_name_that_wait_for_their_pools_are_rows_of_their_own() -> None:
    trading = changed(TRADING, opening=("MOON / SOL", "MOON / SOL"))
    rows = positions_view(seen(snapshot(paper=paper(tokens=trading))), PaperKeys()).rows
    assert len({row.key for row in rows}) == len(rows)


def test_points_of_a_curve_at_one_time_are_rows_of_their_own() -> None:
    points = ((1, 5.0), (1, 6.0), (2, 7.0))
    account = seen(followed(trader=trader_detail(equity=points)))
    for table in (trader_equity_table(account, trader()), wallet_equity_table(seen(opened(equity=points)), address(1))):
        assert len({row.key for row in table.rows}) == 3


@given(st.lists(st.sampled_from(["a", "b", "a #1"]), max_size=12), st.sampled_from(["a", "b", "c", "a #1"]))
def test_keys_are_all_different_and_stay_as_they_are(identities: list[str], newer: str) -> None:
    keys = told_apart(identities, newest_first=True)
    assert len(set(keys)) == len(keys) == len(identities)
    assert told_apart([newer, *identities], newest_first=True)[1:] == keys
    assert told_apart([*identities[::-1], newer])[:-1] == keys[::-1]
