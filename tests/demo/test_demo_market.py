"""The market: reproducible, consistent with itself, and shaped like one."""

from collections.abc import Iterable

import numpy as np
import pytest

from app.demo.books import ASK, BID, DEPTH, Books
from app.demo.ledger import Ledger
from app.demo.listings import live_listings
from app.demo.market import STEP_MS, Market, Step
from app.demo.spoofs import NEAREST
from app.demo.trades import VenueTrade
from app.measures.ranks import rank_correlation

START_MS = 1_790_232_236_546


def prints(steps: Iterable[Step]) -> list[VenueTrade]:
    return [trade for step in steps for several in step.trades.values() for trade in several]


@pytest.fixture(scope="module")
def ten_minutes() -> tuple[Market, list[VenueTrade]]:
    market = Market(7, 32, START_MS)
    return market, prints(market.advance(START_MS + 600_000))


def test_the_same_seed_gives_the_same_market_whatever_the_pace() -> None:
    whole, slices = Market(3, 5, START_MS), Market(3, 5, START_MS)
    at_once = prints(whole.advance(START_MS + 30_000))
    in_parts = [trade for end in range(70, 30_071, 70) for trade in prints(slices.advance(START_MS + end))]
    assert at_once == [trade for trade in in_parts if trade.time_ms < START_MS + 30_000]
    assert len(at_once) > 100


def test_another_seed_gives_another_market() -> None:
    one, other = (prints(Market(seed, 3, START_MS).advance(START_MS + 5_000)) for seed in (1, 2))
    assert one != other


def test_nothing_moves_before_a_whole_step() -> None:
    market = Market(1, 1, START_MS)
    assert list(market.advance(START_MS + STEP_MS - 1)) == []
    assert market.now_ms == START_MS


def test_a_trade_prints_at_or_through_the_best_price() -> None:
    market = Market(7, 8, START_MS)
    touch = market.books.touch.copy()
    for step in market.advance(START_MS + 20_000):
        for coin, several in step.trades.items():
            first = several[0]
            if first.sign > 0:
                assert first.tick >= touch[coin, ASK]
            else:
                assert first.tick <= touch[coin, BID]
        touch = market.books.touch.copy()


def test_books_are_never_crossed_or_empty() -> None:
    market = Market(5, 12, START_MS)
    for _ in market.advance(START_MS + 30_000):
        assert (market.books.touch[:, BID] < market.books.touch[:, ASK]).all()
        assert (market.books.size[:, :, 0] > 0).all()
        assert (market.books.size >= 0).all()


def test_a_spoof_never_comes_near_the_touch() -> None:
    market = Market(11, 20, START_MS)
    seen = 0
    for _ in market.advance(START_MS + 60_000):
        for coin, spoof in market.spoofs.standing.items():
            assert abs(spoof.tick - int(market.books.touch[coin, spoof.side])) >= NEAREST
            seen += 1
    assert seen > 0


def test_trade_identifiers_are_unique_and_of_fifty_bits(ten_minutes: tuple[Market, list[VenueTrade]]) -> None:
    market, trades = ten_minutes
    identifiers = [trade.trade_id for trade in trades]
    identifiers += [trade.trade_id for trade in market.past_trades(0)]
    assert len(set(identifiers)) == len(identifiers)
    assert 0 <= min(identifiers) <= max(identifiers) < 2**50


def test_activity_follows_size_and_stays_in_a_human_range(ten_minutes: tuple[Market, list[VenueTrade]]) -> None:
    market, trades = ten_minutes
    counts = np.bincount([trade.coin for trade in trades], minlength=32)
    assert 20 < len(trades) / 600 < 70
    # Moods let one coin overtake its neighbour for minutes: sizes order all of them together.
    assert set(np.argsort(counts)[-2:].tolist()) == {0, 1}
    volumes = [listing.day_volume_musd for listing in market.live]
    assert (rank_correlation(counts.tolist(), volumes) or 0.0) > 0.9
    assert counts[:4].sum() > 4 * counts[-4:].sum()
    assert counts.min() > 0


def test_arrivals_cluster(ten_minutes: tuple[Market, list[VenueTrade]]) -> None:
    _, trades = ten_minutes
    seconds = np.bincount([(trade.time_ms - START_MS) // 1000 for trade in trades if trade.coin == 0], minlength=600)
    assert seconds.var() > 2.0 * seconds.mean()


def test_sides_persist_and_sizes_are_heavy_tailed(ten_minutes: tuple[Market, list[VenueTrade]]) -> None:
    _, trades = ten_minutes
    signs = np.array([trade.sign for trade in trades if trade.coin == 0])
    orders = np.array([trade.order_serial for trade in trades])
    lots = np.bincount(orders, [trade.lots if trade.coin == 0 else 0.0 for trade in trades])
    lots = np.sort(lots[lots > 0])
    assert np.corrcoef(signs[:-1], signs[1:])[0, 1] > 0.1
    assert lots[-len(lots) // 50 :].sum() > 0.15 * lots.sum()


def test_many_accounts_trade_and_a_few_lead(ten_minutes: tuple[Market, list[VenueTrade]]) -> None:
    market, trades = ten_minutes
    addresses = market.accounts.addresses
    assert len(set(addresses)) >= 600
    assert all(len(address) == 42 and address == address.lower() for address in addresses)
    taking = np.bincount(
        [trade.buyer if trade.sign > 0 else trade.seller for trade in trades], minlength=len(addresses)
    )
    assert np.count_nonzero(taking) > 300
    assert np.sort(taking)[-64:].sum() > 0.3 * taking.sum()
    assert all(trade.buyer != trade.seller for trade in trades)


def test_coins_follow_the_market() -> None:
    market = Market(7, 10, START_MS)
    logs = np.array(
        [np.log(market.mids()) for step in market.advance(START_MS + 300_000) if step.end_ms % 1000 < STEP_MS]
    )
    correlation = np.corrcoef(np.diff(logs[::5], axis=0).T)
    assert correlation[0, 1:].mean() > 0.4


def test_minute_bars_are_the_trades(ten_minutes: tuple[Market, list[VenueTrade]]) -> None:
    market, trades = ten_minutes
    minute = START_MS // 60_000 + 3
    mine = [trade for trade in trades if trade.coin == 1 and trade.time_ms // 60_000 == minute]
    row = market.bars(1, minute).rows[0].tolist()
    ticks = [trade.tick for trade in mine]
    assert row == [ticks[0], max(ticks), min(ticks), ticks[-1], sum(trade.lots for trade in mine), len(mine)]


def test_positions_add_up_to_nothing(ten_minutes: tuple[Market, list[VenueTrade]]) -> None:
    market, trades = ten_minutes
    held = [market.ledger.position(0, account) for account in range(len(market.accounts.addresses))]
    assert sum(held) == 0
    bought = sum(trade.lots for trade in trades if trade.coin == 0 and trade.buyer == 0)
    sold = sum(trade.lots for trade in trades if trade.coin == 0 and trade.seller == 0)
    assert held[0] == int(market.traders.opening.lots[0, 0]) + bought - sold


def test_funding_drifts_and_stays_small(ten_minutes: tuple[Market, list[VenueTrade]]) -> None:
    market, _ = ten_minutes
    funding = market.contexts.funding()
    assert len(np.unique(funding)) > 3
    assert np.abs(funding).max() <= 0.0005
    untouched = Market(7, 32, START_MS).contexts
    assert (market.contexts.open_interest != untouched.open_interest).all()
    assert market.contexts.open_interest == pytest.approx(untouched.open_interest, rel=0.2)


def test_realised_profit_of_a_reversed_position() -> None:
    ledger = Ledger(1)
    ledger.apply(0, 5, 10, 100.0, 0.1)
    ledger.apply(0, 5, 10, 110.0, 0.1)
    fill = ledger.apply(0, 5, -30, 120.0, 0.1)
    assert fill.start_lots == 20
    assert fill.realised_usd == pytest.approx(20 * 0.1 * (120.0 - 105.0))
    assert ledger.apply(0, 5, 10, 100.0, 0.1).realised_usd == pytest.approx(10 * 0.1 * 20.0)


def test_a_sweep_of_the_book_leaves_a_touch() -> None:
    listings = live_listings(1)
    books = Books(listings, np.array([[84_000, 84_001]]), np.random.default_rng(1))
    taken = books.take(0, ASK, 10**12)
    assert [level.tick for level in taken] == sorted(level.tick for level in taken)
    assert len(taken) <= DEPTH // 2
    assert books.best(0, ASK).tick > taken[-1].tick
    assert books.best(0, ASK).lots > 0


def test_the_touch_moves_to_where_it_is_asked_to() -> None:
    books = Books(live_listings(1), np.array([[84_000, 84_001]]), np.random.default_rng(1))
    for bid, ask in ((84_200, 84_203), (83_000, 83_001), (83_000, 83_040), (83_030, 83_031)):
        books.requote(0, bid, ask)
        assert books.touch[0].tolist() == [bid, ask]
        assert books.size[0, :, 0].min() > 0


def test_the_number_of_coins_is_checked() -> None:
    with pytest.raises(ValueError, match="1 to 60"):
        Market(1, 61, START_MS)
    assert len(Market(1, 1, START_MS).listings) == 2
