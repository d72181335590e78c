"""Rows, positions and totals of a wallet tell one story, at any moment."""

import threading
from collections import defaultdict

import numpy as np
import pytest

from app.demo.prediction import index, results, rows
from app.demo.prediction.categories import DAY_S
from app.demo.prediction.history import History, series
from app.demo.prediction.index import OVERALL, PERIODS
from app.demo.prediction.kinds import Kind
from app.demo.prediction.legs import Leg
from app.demo.prediction.world import World

START_S = 1_790_232_236
WALLETS = 300


@pytest.fixture(scope="module")
def world() -> World:
    return World(3, START_S, wallets=WALLETS)


@pytest.fixture(scope="module")
def histories(world: World) -> list[History]:
    return world.histories.several(list(range(WALLETS)))


@pytest.mark.parametrize("now_s", [START_S - 90 * DAY_S, START_S, START_S + 5 * DAY_S])
def test_cash_and_shares_add_up_to_the_profit(world: World, histories: list[History], now_s: int) -> None:
    for history in histories[:80]:
        bets, legs = history.bets, history.legs
        now = results.at(world.markets, bets, now_s)
        filled = np.bincount(legs.bet[(legs.kind == Leg.BUY) & (legs.time_s <= now_s)], minlength=len(bets.who)) > 0
        # An order that is being filled right now is counted whole from its first fill on.
        settled = np.ones(len(bets.who), dtype=bool)
        late = (legs.bet >= 0) & (np.abs(legs.time_s - now_s) < 1_800)
        settled[legs.bet[late]] = False
        cash: defaultdict[int, float] = defaultdict(float)
        held: defaultdict[tuple[int, int], float] = defaultdict(float)
        for row in np.flatnonzero((legs.time_s <= now_s) & (legs.bet >= 0)):
            bet, kind, token = int(legs.bet[row]), Leg(int(legs.kind[row])), int(legs.outcome[row])
            cash[bet] += legs.usdc[row] * (-1 if kind is Leg.BUY else 1)
            if kind is Leg.BUY:
                held[bet, token] += legs.size[row]
            else:
                held[bet, token] -= legs.size[row]
                if kind is Leg.MERGE:
                    held[bet, 1 - token] -= legs.size[row]
        for bet in np.flatnonzero(settled & now.begun).tolist():
            own = held[bet, int(bets.outcome[bet])]
            assert own == pytest.approx(now.held[bet], abs=1e-6)
            assert held[bet, 1 - int(bets.outcome[bet])] == pytest.approx(0.0, abs=1e-6)
            total = now.realized[bet] + now.unrealized[bet]
            assert cash[bet] + own * now.mark[bet] == pytest.approx(total, abs=1e-6)
        assert (filled == now.begun)[settled].all()


def test_every_way_out_occurs(world: World, histories: list[History]) -> None:
    kinds = np.concatenate([history.legs.kind for history in histories])
    assert set(kinds.tolist()) == {int(leg) for leg in Leg}
    words = {
        word
        for history in histories
        for word in rows.statuses(history.bets, results.at(world.markets, history.bets, START_S), START_S)
    }
    assert words >= {"", "OPEN", "CLOSED", "REDEEMABLE", "REDEEMABLE_LOST"}
    parts = np.concatenate([history.bets.exit_part for history in histories])
    assert ((parts > 0) & (parts < 1)).mean() > 0.02


def test_shares_being_merged_show_as_mergeable(world: World, histories: list[History]) -> None:
    """Between buying the other outcome and merging both."""
    for history in histories:
        merges = np.flatnonzero(history.bets.merging & (history.bets.exit_part < 1.0))
        for bet in merges[:1]:
            now_s = int(history.bets.exit_s[bet])
            words = rows.statuses(history.bets, results.at(world.markets, history.bets, now_s), now_s)
            assert words[bet] == "MERGEABLE"
            return
    pytest.fail("no partial merge among these wallets")


def test_a_line_of_results_ends_in_the_totals(world: World, histories: list[History]) -> None:
    for history in histories[:60]:
        first = int(history.bets.entry_s[0])
        line = rows.points(series(world.markets, history, rows.days(first, START_S, DAY_S)))
        total = rows.stats(world, history, START_S).all_time_pnl
        assert line[-1].timestamp == total.timestamp == START_S
        for name in ("realized_pnl", "unrealized_pnl", "maker_rebate", "economic_pnl", "trade_count"):
            assert getattr(line[-1], name) == pytest.approx(getattr(total, name), abs=1e-4)
        assert [point.trade_count for point in line] == sorted(point.trade_count for point in line)
        middle = line[len(line) // 2].timestamp
        then = results.at(world.markets, history.bets, middle)
        assert line[len(line) // 2].realized_pnl == pytest.approx(then.realized.sum(), abs=1e-4)
        assert line[len(line) // 2].unrealized_pnl == pytest.approx(then.unrealized.sum(), abs=1e-4)


def test_boards_are_the_sums_of_all_bets(world: World, histories: list[History]) -> None:
    boards = index.boards(world.markets, world.people, START_S, threading.Event())
    for history in histories[::7]:
        pnl = boards.pnl[:, :, history.wallet]
        now = results.at(world.markets, history.bets, START_S)
        total = float((now.realized + now.unrealized).sum())
        assert pnl[list(PERIODS).index("all"), OVERALL] == pytest.approx(total, rel=1e-5, abs=0.01)
        assert pnl[:, :OVERALL].sum(axis=1) == pytest.approx(pnl[:, OVERALL], rel=1e-4, abs=0.05)
        before = results.at(world.markets, history.bets, START_S - 7 * DAY_S)
        week = total - float((before.realized + before.unrealized).sum())
        assert pnl[list(PERIODS).index("week"), OVERALL] == pytest.approx(week, rel=1e-4, abs=0.05)
        shares = results.volume(history.bets, START_S)[0].sum()
        assert boards.volume[list(PERIODS).index("all"), OVERALL, history.wallet] == pytest.approx(shares, rel=1e-5)


def test_rebates_are_a_part_of_what_rested_in_the_book(world: World, histories: list[History]) -> None:
    makers = [history for history in histories if world.people.kind[history.wallet] == Kind.MARKET_MAKER]
    for history in makers:
        legs = history.legs
        paid = legs.usdc[legs.kind == Leg.REBATE].sum()
        rested = legs.usdc[legs.maker & (legs.kind <= Leg.SELL)].sum()
        assert 0 < paid <= 0.001 * rested + 0.01
    assert makers


def test_the_feed_holds_every_recent_trade_once(world: World, histories: list[History]) -> None:
    feed = index.feed(world.markets, world.people, threading.Event())
    begin = world.markets.anchor_s - index.FEED_PAST_S
    expected = sum(int(((h.legs.kind <= Leg.SELL) & (h.legs.time_s > begin)).sum()) for h in histories)
    assert len(feed.time_s) == expected
    assert (np.diff(feed.time_s.astype(np.int64)) >= 0).all()
    for place in range(0, expected, 997):
        history, row = histories[feed.wallet[place]], int(feed.row[place])
        assert history.legs.time_s[row] == feed.time_s[place]
        assert history.legs.usdc[row] == pytest.approx(feed.usdc[place], rel=1e-6)
        assert history.legs.kind[row] == (Leg.SELL if feed.sell[place] else Leg.BUY)


def test_the_traders_of_a_market_are_all_who_bet_in_it(world: World, histories: list[History]) -> None:
    traders = index.traders(world.markets, world.people, threading.Event())
    market = int(histories[5].bets.market[0])
    found = traders.wallet[traders.first[market] : traders.first[market + 1]].tolist()
    assert found == [history.wallet for history in histories if market in history.bets.market]


def test_what_all_do_in_some_markets_is_what_each_of_them_does(world: World, histories: list[History]) -> None:
    numbers = sorted({int(market) for market in histories[5].bets.market[:3]})
    wallets = [history.wallet for history in histories if np.isin(numbers, history.bets.market).any()]
    together = world.histories.together(numbers, np.array(wallets))
    bets = [
        (history.wallet, bet) for history in histories for bet in np.flatnonzero(np.isin(history.bets.market, numbers))
    ]
    assert together.bets.who.tolist() == [wallet for wallet, _ in bets]
    for place, (wallet, bet) in enumerate(bets):
        own, shared = histories[wallet].bets, together.bets
        assert [column[place] for column in shared[2:]] == [column[bet] for column in own[2:]]
    assert len(together.legs.bet) > len(bets)
    for row in range(len(together.legs.bet)):
        history = histories[together.of_row(row).wallet]
        (place,) = np.flatnonzero(history.legs.serial == together.legs.serial[row]).tolist()
        for name in ("time_s", "kind", "outcome", "size", "price", "usdc", "maker", "keys"):
            assert getattr(together.legs, name)[row] == getattr(history.legs, name)[place]
    chosen = [
        np.isin(history.bets.market[history.legs.bet], numbers) & (history.legs.bet >= 0) for history in histories
    ]
    assert len(together.legs.bet) == sum(int(rows.sum()) for rows in chosen)


def test_a_market_nobody_asked_for_has_nobody_in_it(world: World) -> None:
    nobody = world.histories.together((), np.zeros(0, dtype=np.int64))
    assert len(nobody.bets.who) == len(nobody.legs.bet) == 0
