"""The simulated wallets and markets: the same for a seed, fair to whoever knows nothing, kind to the skilled."""

import numpy as np
import pytest
from wallet_measures import Measures, measure, separation

from app.demo.prediction import bets as betting
from app.demo.prediction.categories import CATEGORIES, DAY_S, SLUGS
from app.demo.prediction.kinds import EDGE_LEAST, EDGE_MOST, SHARES, Kind
from app.demo.prediction.markets import MARKETS, Markets
from app.demo.prediction.population import WALLETS, Population
from app.demo.prediction.stakes import NEVER, Bets
from app.demo.prediction.truth import Truth
from app.demo.prediction.world import World

START_S = 1_790_232_236
BETTING, MEASURED = 8_000, 4_000
# No simple measure tells a kind from the rest better than this; kinds that are a matter of one habit come close.
MOST_SEPARATION = 0.985
MOST_SEPARATION_OF_SKILL = 0.85


@pytest.fixture(scope="module")
def world() -> World:
    return World(7, START_S)


@pytest.fixture(scope="module")
def made(world: World) -> Bets:
    """Bets of many wallets before the start."""
    parts = [
        betting.make(world.markets, world.people, np.arange(begin, begin + 500)) for begin in range(0, BETTING, 500)
    ]
    whole = Bets._make(np.concatenate(column) for column in zip(*parts, strict=True))
    return whole.keep(whole.entry_s < world.markets.anchor_s)


@pytest.fixture(scope="module")
def measured(world: World) -> list[tuple[int, Measures]]:
    histories = [
        history
        for begin in range(0, MEASURED, 100)
        for history in world.histories.several(list(range(begin, begin + 100)))
        if len(history.bets.who) and history.bets.entry_s[0] < START_S - DAY_S
    ]
    return [(int(world.people.kind[history.wallet]), measure(world, history, START_S)) for history in histories]


def test_the_same_seed_and_day_give_the_same_wallets_alone_or_together(world: World) -> None:
    again = World(7, START_S // DAY_S * DAY_S)
    together = world.histories.several(list(range(40, 60)))
    for history in (again.histories.one(59), again.histories.one(41)):
        other = together[history.wallet - 40]
        for ours, theirs in zip(
            (*history.bets[1:], *history.legs[1:]), (*other.bets[1:], *other.legs[1:]), strict=True
        ):
            assert np.array_equal(ours, theirs)
    assert again.names.condition_id(5) == world.names.condition_id(5)
    assert World(8, START_S).people.address(0) != world.people.address(0)


def test_another_day_has_other_markets_and_the_same_addresses(world: World) -> None:
    later = World(7, START_S + DAY_S)
    assert later.names.condition_id(5) != world.names.condition_id(5)
    assert later.people.address(5) == world.people.address(5)


def test_there_are_enough_wallets_of_every_kind_and_markets_of_every_category(world: World) -> None:
    assert WALLETS >= 20_000
    assert MARKETS >= 2_000
    for kind, part in SHARES.items():
        spread = 5 * np.sqrt(2 * part * (1 - part) / WALLETS)
        assert (world.people.kind == kind).mean() == pytest.approx(part, abs=spread)
    assert all(world.markets.count(place) >= 200 for place in range(len(CATEGORIES)))
    assert sum(SHARES.values()) == pytest.approx(1.0)


def test_every_pair_has_two_members(world: World) -> None:
    wash = world.people.kind == Kind.WASH
    assert np.array_equal(wash[0::2], wash[1::2])


def test_markets_open_close_and_resolve_in_this_order(world: World) -> None:
    markets = world.markets
    assert (markets.opens_s < markets.closes_s).all()
    assert (markets.closes_s < markets.resolves_s).all()
    there = (markets.opens_s < START_S) & (markets.closes_s > START_S)
    assert there.sum() == pytest.approx(markets.life_s.sum() / np.ptp(markets.closes_s), rel=0.3)


@pytest.mark.parametrize("part", [0.0, 0.13, 0.5, 0.9, 0.999])
def test_prices_are_as_often_right_as_they_say(world: World, part: float) -> None:
    markets = world.markets
    at = markets.opens_s + part * markets.life_s
    price = markets.price(np.arange(MARKETS), at)
    for low in np.arange(0.0, 1.0, 0.1):
        some = (price >= low) & (price < low + 0.1)
        expected, spread = price[some].mean(), np.sqrt((price[some] * (1 - price[some])).sum()) / some.sum()
        assert markets.yes[some].mean() == pytest.approx(expected, abs=4.5 * spread)


def test_prices_drift_for_nobody(world: World) -> None:
    """Whatever a price was, what comes of it a little later is the same on average."""
    markets, every = world.markets, np.arange(MARKETS)
    for early, late in ((0.2, 0.2003), (0.2, 0.6), (0.7, 0.95)):
        before = markets.price(every, markets.opens_s + early * markets.life_s)
        change = markets.price(every, markets.opens_s + late * markets.life_s) - before
        for some in (before < 0.35, before > 0.65):
            assert abs(change[some].mean()) < 4.5 * change[some].std() / np.sqrt(some.sum())


def test_who_knows_nothing_wins_as_often_as_the_prices_say(world: World, made: Bets) -> None:
    kind = world.people.kind[made.who]
    fair = (kind != Kind.SKILLED) & (kind != Kind.ONE_HIT)
    groups = [fair & (made.price >= low) & (made.price < low + 0.1) for low in np.arange(0.05, 0.95, 0.1)]
    groups += [kind == one for one in Kind if one not in (Kind.SKILLED, Kind.ONE_HIT)]
    for some in (fair, *groups):
        # Bets of many wallets on one market win together, so markets are the draws and not bets.
        by_market = np.bincount(made.market[some], (made.won - made.price)[some], MARKETS)
        assert abs(by_market.sum()) < 4.0 * np.sqrt((by_market**2).sum())


def test_the_skilled_win_at_even_odds_as_their_edge_says(world: World, made: Bets) -> None:
    skilled = world.people.kind[made.who] == Kind.SKILLED
    even = skilled & (np.abs(made.price - 0.5) <= 0.05)
    edges = world.people.edge[world.people.kind == Kind.SKILLED]
    assert edges.min() >= EDGE_LEAST
    assert edges.max() <= EDGE_MOST
    assert EDGE_LEAST < made.won[even].mean() < EDGE_MOST
    odds = world.people.edge[made.who] / (1 - world.people.edge[made.who])
    chance = made.price * odds / (1 - made.price + made.price * odds)
    for low in (0.05, 0.25, 0.5, 0.75):
        some = skilled & (made.price >= low) & (made.price < low + 0.2)
        assert made.won[some].mean() == pytest.approx(chance[some].mean(), abs=0.015)


def test_the_skilled_have_fifty_to_eight_hundred_bets(world: World, made: Bets) -> None:
    counts = np.bincount(made.who, minlength=BETTING)[world.people.kind[:BETTING] == Kind.SKILLED]
    assert counts.max() <= 800
    # A few know a category with too few markets for what they wanted.
    assert (counts >= 50).mean() > 0.93
    assert np.quantile(counts, 0.9) > 350


def test_nobody_looks_twice_at_a_market_or_trades_outside_of_its_life(world: World, made: Bets) -> None:
    pair = made.who * MARKETS + made.market
    assert len(np.unique(pair)) == len(pair)
    assert (made.entry_s >= world.markets.opens_s[made.market]).all()
    assert (made.entry_s < world.markets.closes_s[made.market]).all()
    left = made.exit_s < NEVER
    assert (made.exit_s[left] > made.entry_s[left]).all()
    assert (made.exit_s[left] < world.markets.closes_s[made.market[left]]).all()


def test_both_sides_of_a_wash_trade_are_one_transaction(world: World, made: Bets) -> None:
    lead = int(np.flatnonzero(world.people.kind == Kind.WASH)[0])
    one, other = world.histories.several([lead, lead + 1])
    ours, theirs = one.bets.keep(one.bets.wash), other.bets.keep(other.bets.wash)
    assert len(ours.who) >= 3
    assert np.array_equal(ours.market, theirs.market)
    assert np.array_equal(ours.outcome, 1 - theirs.outcome)
    assert np.array_equal(ours.entry_s, theirs.entry_s)
    assert ours.price + theirs.price == pytest.approx(np.ones(len(ours.who)))
    assert ours.shares == pytest.approx(theirs.shares, rel=0.02, abs=2.0)
    assert len(set(one.legs.keys.tolist()) & set(other.legs.keys.tolist())) >= 2 * len(ours.who)


def test_no_simple_measure_separates_a_kind(measured: list[tuple[int, Measures]]) -> None:
    kinds = np.array([kind for kind, _ in measured])
    for name in measured[0][1]:
        values = np.array([measures[name] for _, measures in measured])
        for kind in Kind:
            found = separation(values[kinds == kind], values[kinds != kind])
            assert found < (MOST_SEPARATION_OF_SKILL if kind is Kind.SKILLED else MOST_SEPARATION), (name, kind.name)


def test_everybody_is_a_bit_of_everything(measured: list[tuple[int, Measures]]) -> None:
    ordinary = [measures for kind, measures in measured if kind == Kind.UNSKILLED and measures["bets"] > 30]
    for name, level in (
        ("chasing", 0.2),
        ("quick bets", 0.3),
        ("maker fills", 0.6),
        ("one hit", 0.5),
        ("categories", 4),
    ):
        part = np.mean([measures[name] > level for measures in ordinary])
        assert 0.01 < part < 0.5, name


def test_the_truth_knows_kinds_and_edges_by_address(world: World) -> None:
    truth = Truth(world)
    number = int(truth.wallets(Kind.SKILLED)[0])
    address = world.people.address(number)
    assert truth.kind(address.upper().replace("0X", "0x")) is Kind.SKILLED
    assert EDGE_LEAST <= truth.edge(address) <= EDGE_MOST
    assert truth.edge(world.people.address(int(truth.wallets(Kind.DORMANT)[0]))) == 0.5
    assert truth.labels()[address] is Kind.SKILLED
    with pytest.raises(KeyError):
        truth.kind("0x" + "0" * 40)


def test_root_tags_name_the_category_first_in_priority(world: World) -> None:
    for event in range(0, world.names.events(), 97):
        first = world.names.event_markets(event)[0]
        slugs = [slug for _, _, slug in world.names.tags(event)]
        found = [place for place, slug in enumerate(SLUGS) if slug in slugs] or [len(SLUGS) - 1]
        assert found[0] == world.markets.category[first]
    assert any(len(world.names.event_markets(event)) > 1 for event in range(50))


def test_small_worlds_are_parts_of_large_ones(world: World) -> None:
    few = Population(7, 200)
    assert np.array_equal(few.kind, world.people.kind[:200])
    assert Markets(7, world.markets.anchor_s).yes.sum() == world.markets.yes.sum()
