"""Accounts of the simulated venue: what they own adds up, a few of them know something, and who fails is liquidated."""

import numpy as np
import pytest

from app.demo.account_frames import state
from app.demo.account_truth import AccountTruth
from app.demo.accounts import ACCOUNTS, MARKET_MAKERS
from app.demo.factors import Factors
from app.demo.fills import fills
from app.demo.grid import Floats, prices
from app.demo.habits import PERIODS, Habits
from app.demo.history import record
from app.demo.ledger import Ledger
from app.demo.listings import live_listings
from app.demo.margin import failing, liquidation_price, maintenance_shares
from app.demo.market import Market
from app.demo.past_fills import past_fills
from app.demo.tides import Tides
from app.demo.trades import MAKER_FEE, TAKER_FEE, VenueTrade
from app.demo.wealth import INFORMED_LARGE, INFORMED_OTHERS, position_caps

START_MS = 1_790_232_236_546


@pytest.fixture(scope="module")
def opened() -> Market:
    return Market(7, 30, START_MS)


def run(market: Market, seconds: int) -> list[VenueTrade]:
    to_ms = market.now_ms + 1_000 * seconds
    return [trade for step in market.advance(to_ms) for several in step.trades.values() for trade in several]


def equity(market: Market) -> Floats:
    return market.ledger.equity_usd(market.traders.lot_usd())


@pytest.mark.parametrize("seed", [1, 7, 23])
def test_wealth_is_spread_as_on_a_venue(seed: int) -> None:
    owned = Market(seed, 30, START_MS).traders.wealth.equity_usd
    assert np.count_nonzero(owned >= 20e6) == 12
    assert np.count_nonzero((owned >= 10e6) & (owned < 20e6)) == 8
    assert np.count_nonzero(owned >= 1e5) > 400
    assert owned.min() >= 5_000.0


@pytest.mark.parametrize("coins", [1, 2, 30])
def test_a_few_are_informed_and_nobody_shows_it(coins: int) -> None:
    market = Market(7, coins, START_MS)
    truth = AccountTruth(market)
    informed = truth.informed()
    assert len(informed) == INFORMED_LARGE + INFORMED_OTHERS
    assert len(informed & truth.large()) == INFORMED_LARGE
    assert not informed & (truth.gamblers() | truth.market_makers())


def test_opening_positions_balance_and_stay_within_what_accounts_dare(opened: Market) -> None:
    traders = opened.traders
    lots, lot_usd = traders.opening.lots, traders.lot_usd()
    assert (lots.sum(axis=1) == 0).all()
    caps = position_caps(traders.wealth, opened.live, traders.wealth.equity_usd)
    held = np.abs(lots[:, MARKET_MAKERS:]) * lot_usd[:, None]
    assert (held <= caps[:, MARKET_MAKERS:] + lot_usd[:, None]).all()
    assert np.count_nonzero(lots.any(axis=0)) > 0.9 * ACCOUNTS
    assert traders.sample().equity_usd == pytest.approx(traders.opening.equity_usd)


def test_what_traders_make_is_zero_less_fees_and_deposits() -> None:
    market = Market(3, 8, START_MS)
    before = equity(market).sum()
    trades = run(market, 120)
    fees = 0.0
    for trade in trades:
        listing = market.live[trade.coin]
        fees += float(prices(trade.tick, listing.price_decimals)) * trade.lots * listing.lot * (TAKER_FEE + MAKER_FEE)
    assert fees > 0.0
    deposits = market.ledger.deposited_usd.sum()
    assert equity(market).sum() == pytest.approx(before + deposits - fees, abs=0.01)
    assert market.traders.sample().made_usd.sum() == pytest.approx(-fees, abs=0.01)


def test_volume_is_what_was_traded() -> None:
    market = Market(3, 4, START_MS)
    trades = run(market, 30)
    account = trades[-1].buyer
    traded = sum(
        float(prices(trade.tick, market.live[trade.coin].price_decimals)) * trade.lots * market.live[trade.coin].lot
        for trade in trades
        if account in (trade.buyer, trade.seller)
    )
    assert market.ledger.volume_usd[account] == pytest.approx(traded)


def test_takers_keep_to_the_coins_and_bands_of_their_views() -> None:
    market = Market(5, 12, START_MS)
    upper, lower = market.traders.views.upper.copy(), market.traders.views.lower.copy()
    taken: dict[tuple[int, int], list[VenueTrade]] = {}
    # Views change each minute: within the first one the bands are those of the start.
    for trade in run(market, 59):
        if trade.taker >= MARKET_MAKERS and not trade.forced_at:
            taken.setdefault((trade.coin, trade.taker), []).append(trade)
    assert len(taken) > 200
    for (coin, account), trades in taken.items():
        assert market.traders.wealth.share[coin, account] > 0.0
        for trade in trades:
            fill = trade.buyer_fill if trade.sign > 0 else trade.seller_fill
            assert fill is not None
            after = fill.start_lots + trade.sign * trade.lots
            assert after <= upper[coin, account] if trade.sign > 0 else after >= lower[coin, account]


def test_tides_move_prices_where_those_who_know_expect_them() -> None:
    listings, agreement = live_listings(30), []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        factors, tides = Factors(listings, 1.0, rng), Tides(31, rng)
        factors.set_tide(tides.running)
        outlook, before = factors.outlook(tides.foreseen()), np.log(factors.fair())
        for _ in range(3_600):
            factors.step()
            if tides.step(1.0):
                factors.set_tide(tides.running)
        agreement.append(np.corrcoef(outlook, np.log(factors.fair()) - before)[0, 1])
    assert np.mean(agreement) > 0.3


def test_the_informed_hold_what_they_foresee_and_others_do_not() -> None:
    with_tide: dict[bool, list[float]] = {True: [], False: []}
    for seed in range(6):
        traders = Market(seed, 30, START_MS).traders
        outlook = np.sign(traders.outlook())[:, None] * (np.abs(traders.outlook()) > 0.3)[:, None]
        sides = outlook * np.sign(traders.opening.lots)
        for informed in (True, False):
            chosen = sides[:, (traders.wealth.informed == informed) & (np.arange(ACCOUNTS) >= MARKET_MAKERS)]
            with_tide[informed].append(float(np.mean(chosen[chosen != 0] > 0)))
    assert np.mean(with_tide[True]) > 0.75
    assert np.mean(with_tide[False]) == pytest.approx(0.5, abs=0.06)


def away_from_targets(market: Market, coin: int, accounts: list[int]) -> None:
    """Everybody holds what they want of a coin, but these accounts, who stand across from it."""
    views, lots = market.traders.views, market.ledger.lots
    lots[coin] = views.target[coin]
    for account in accounts:
        lots[coin, account] = -views.target[coin, account]


def test_a_small_informed_account_works_towards_its_view_as_soon_as_a_giant() -> None:
    market = Market(7, 6, START_MS)
    views, informed = market.traders.views, market.traders.wealth.informed
    wanted = np.abs(views.target[0]) * np.isin(np.arange(ACCOUNTS), views.workers)
    giant = int(np.argmax(wanted))
    small = min(np.flatnonzero((wanted > 0) & informed).tolist(), key=lambda account: int(wanted[account]))
    assert wanted[giant] > 20 * wanted[small]
    away_from_targets(market, 0, [giant, small])
    chosen = [market.flow._worker(0, place / 200) for place in range(200)]
    assert {account for account, _ in chosen} == {giant, small}
    assert sum(account == small for account, _ in chosen) == pytest.approx(100, abs=10)
    assert all(sign == np.sign(views.target[0, account]) for account, sign in chosen)


def test_who_is_done_gives_way_to_the_next_one() -> None:
    market = Market(7, 6, START_MS)
    views, flow = market.traders.views, market.flow
    one, other = [account for account in views.workers.tolist() if views.target[0, account]][:2]
    away_from_targets(market, 0, [other])
    flow._programme_account[0], flow._programme_left_s[0] = one, 60.0
    flow._programme_sign[0] = np.sign(views.target[0, one])
    sign, account, most, _ = flow._programme_part(0, 0.0)
    assert (account, sign) == (other, np.sign(views.target[0, other]))
    assert most > 0
    assert flow._programme_left_s[0] == 60.0
    away_from_targets(market, 0, [])
    assert flow._programme_part(0, 0.0)[2] == 0
    assert flow._programme_left_s[0] == 0.0


@pytest.mark.nightly
@pytest.mark.parametrize("seed", [7, 11])
def test_the_informed_keep_up_with_the_tides(seed: int) -> None:
    market, agreement = Market(seed, 30, START_MS), []
    traders = market.traders
    for _ in range(12):
        run(market, 900)
        outlook = traders.outlook()
        side = np.sign(outlook)[:, None] * (np.abs(outlook) > 0.3)[:, None]
        sides = side * np.sign(market.ledger.lots[:, traders.wealth.informed])
        agreement.append(float(np.mean(sides[sides != 0] > 0)))
    assert np.mean(agreement) > 0.75


def test_the_informed_did_well_before_the_start_and_some_others_were_lucky(opened: Market) -> None:
    ratios = np.empty(ACCOUNTS)
    for account in range(ACCOUNTS):
        held = opened.habits.of(account)
        days = held.results_usd(opened.habits.lot[held.coins])[PERIODS % 12 :].reshape(-1, 12).sum(axis=1)
        ratios[account] = days.mean() / max(float(days.std()), 1e-9)
    informed = opened.traders.wealth.informed
    assert np.median(ratios[informed]) > np.percentile(ratios[~informed], 90)
    assert ratios[informed].min() < np.percentile(ratios[~informed], 95)
    assert np.count_nonzero(ratios[~informed] > np.median(ratios[informed])) >= 1


def test_past_fills_lead_to_the_opening_positions(opened: Market) -> None:
    for account in (0, 20, 100, 400, 639):
        held = dict.fromkeys(range(len(opened.live)), 0)
        last_ms = 0
        for trade in past_fills(opened.habits, opened.live, opened.seed, account):
            fill = trade.buyer_fill or trade.seller_fill
            assert fill is not None
            assert fill.start_lots == held[trade.coin]
            held[trade.coin] += trade.lots if trade.buyer == account else -trade.lots
            assert last_ms <= trade.time_ms < START_MS
            last_ms = trade.time_ms
        assert list(held.values()) == opened.traders.opening.lots[:, account].tolist()


def test_past_fills_realise_what_positions_made(opened: Market) -> None:
    """Realised and open results are what was held times what prices did, before fees."""
    account = 20
    held = opened.habits.of(account)
    moved = (held.lots * np.diff(held.prices, axis=1)).T @ opened.habits.lot[held.coins]
    trades = past_fills(opened.habits, opened.live, opened.seed, account)
    realised = sum(fill.realised_usd for trade in trades if (fill := trade.buyer_fill or trade.seller_fill))
    worth = 0.0
    for trade in trades:
        sign, listing = 1 if trade.buyer == account else -1, opened.live[trade.coin]
        worth -= sign * trade.lots * listing.lot * float(prices(trade.tick, listing.price_decimals))
    worth += float(opened.traders.lot_usd() @ opened.traders.opening.lots[:, account])
    assert worth == pytest.approx(float(moved.sum()), rel=1e-6)
    assert abs(realised) > 0.0


def test_a_record_ends_in_what_an_account_has_and_goes_on() -> None:
    market = Market(9, 4, START_MS)
    run(market, 20)
    for _ in range(1_801 - 20):
        market.traders.second(market.mids())
    found = record(market.habits, market.traders.life(), 50)
    assert found.equity_usd[-1] == equity(market)[50]
    assert (np.diff(found.at_ms) > 0).all()
    assert (np.diff(found.volume_usd) >= 0).all()
    assert np.count_nonzero(found.at_ms >= START_MS) == 2
    assert found.equity_usd.min() > 0.0
    week_ago_ms = START_MS - 7 * 86_400_000
    assert found.window(week_ago_ms).at_ms[0] <= week_ago_ms < found.window(week_ago_ms).at_ms[1]


def test_a_liquidation_price_is_where_margin_just_fails() -> None:
    listings, ledger = live_listings(2), Ledger(2)
    shares, lot = maintenance_shares(listings), np.array([listing.lot for listing in listings])
    marks = np.array([84_000.0, 2_700.0])
    lots = np.zeros_like(ledger.lots)
    lots[0, 3], lots[1, 3], lots[0, 4] = 150_000, -40_000, -150_000
    owned = np.full(ACCOUNTS, 9_000.0)
    ledger.open(lots, np.ones(lots.shape), owned, lot * marks)
    for account, sign in ((3, 1), (4, -1)):
        needed = float((lot * marks * shares) @ np.abs(lots[:, account]))
        price = liquidation_price(84_000.0, lots[0, account] * lot[0], 9_000.0 - needed, float(shares[0]))
        assert price is not None
        for beyond, fails in ((-1.0, False), (1.0, True)):
            moved = marks.copy()
            moved[0] = price - sign * beyond
            assert (account in failing(ledger, lot * moved, shares)) is fails
    assert liquidation_price(100.0, 1.0, 500.0, 0.0125) is None


def test_whoever_fails_is_closed_by_the_market_and_comes_back() -> None:
    market = Market(11, 6, START_MS)
    account = int(np.flatnonzero(market.ledger.lots[0] > 0)[-1])
    market.ledger.deposit(account, -float(equity(market)[account]) + 1.0)
    forced = [trade for trade in run(market, 120) if trade.forced_at and trade.taker == account]
    assert forced
    assert not market.ledger.lots[:, account].any()
    assert market.traders.liquidations.count >= 1
    assert account not in market.traders.liquidations.closing
    other = forced[0].seller if forced[0].sign > 0 else forced[0].buyer
    for side in (account, other):
        (text,) = fills(market, side, forced[:1])
        assert f'"liquidatedUser":"{market.accounts.addresses[account]}"' in text
    assert equity(market)[account] >= 0.0
    for _ in range(3_600):
        market.traders.liquidations.step(market.traders.lot_usd())
    assert equity(market)[account] > 0.2 * market.traders.wealth.equity_usd[account]


def test_a_stranger_owns_nothing(opened: Market) -> None:
    assert '"assetPositions":[]' in state(opened, None)
    assert '"accountValue":"0.0"' in state(opened, None)


def test_habits_do_not_depend_on_who_was_asked_for_first(opened: Market) -> None:
    again = Market(7, 30, START_MS)
    again.habits.of(12)
    assert isinstance(again.habits, Habits)
    assert np.array_equal(again.habits.of(33).lots, opened.habits.of(33).lots)
    assert np.array_equal(
        record(again.habits, again.traders.life(), 33).equity_usd,
        record(opened.habits, opened.traders.life(), 33).equity_usd,
    )
