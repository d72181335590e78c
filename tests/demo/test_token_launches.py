"""Made-up launches: what kinds are called they are, and a day is the same whoever asks."""

import numpy as np
import pytest

from app.demo.token_launches import KINDS, LAUNCHES_A_DAY, MINUTES, Kind, Launch, launch, launches_of_day


@pytest.fixture(scope="module")
def day() -> list[Launch]:
    return launches_of_day(7, 20_100)


def of(day: list[Launch], kind: Kind) -> list[Launch]:
    return [each for each in day if each.kind == kind]


def test_a_day_has_more_than_300_launches_of_all_kinds_in_order_of_birth(day: list[Launch]) -> None:
    assert LAUNCHES_A_DAY == len(day) >= 300
    assert {each.kind for each in day} == set(KINDS)
    born = [each.born_s for each in day]
    assert born == sorted(born)
    assert born[0] >= 20_100 * 86_400
    assert born[-1] < 20_101 * 86_400
    assert sum(KINDS.values()) == pytest.approx(1.0)


def test_a_launch_depends_on_its_seed_day_and_number_alone(day: list[Launch]) -> None:
    known = day[11]
    again = launch(7, 20_100, known.number, known.kind, known.born_s)
    other = launch(8, 20_100, known.number, known.kind, known.born_s)
    for one, same in zip(known[3:], again[3:], strict=True):
        np.testing.assert_array_equal(one, same)
    assert (known.price != other.price).any()


def test_every_figure_can_be(day: list[Launch]) -> None:
    for each in day:
        for figures in each[3:]:
            assert figures.shape == (MINUTES,)
            assert np.isfinite(figures).all()
        assert (each.price > 0).all()
        assert (each.liquidity_usd > 0).all()
        assert (each.volume_usd >= 0).all()
        assert ((each.volume_usd > 0) == (each.buys + each.sells > 0)).all()
        assert each.holders.min() >= 1
        assert (each.diluted_value_usd == each.price * 1e9).all()


def test_a_pull_takes_nearly_all_liquidity_in_one_minute_and_leaves_the_price(day: list[Launch]) -> None:
    for each in of(day, "liquidity pull"):
        ratio = each.liquidity_usd[1:] / each.liquidity_usd[:-1]
        pulled = int(np.argmin(ratio))
        assert ratio[pulled] < 0.2
        assert each.price[pulled + 1] > each.price[pulled] * 0.5
    for each in of(day, "organic"):
        assert (each.liquidity_usd[1:] / each.liquidity_usd[:-1]).min() > 0.15


def test_pumps_rise_and_are_dumped_within_the_hour(day: list[Launch]) -> None:
    pumps = of(day, "pump and dump")
    rose = [each.price.max() / each.price[0] for each in pumps]
    falls = [each.price[np.argmax(each.price) + 60] / each.price.max() for each in pumps]
    assert np.median(rose) > 3
    assert np.median(falls) < 0.1


def test_slow_rugs_bleed_for_hours(day: list[Launch]) -> None:
    slow = of(day, "slow rug")
    assert np.median([each.price[-1] / each.price.max() for each in slow]) < 0.1
    assert np.median([int(np.argmax(each.price < each.price.max() / 10)) for each in slow]) > 240


def test_the_dead_trade_little_and_organic_ones_go_on(day: list[Launch]) -> None:
    dead = [int((each.buys + each.sells)[120:].sum()) for each in of(day, "dead on arrival")]
    lively = [int((each.buys + each.sells)[120:].sum()) for each in of(day, "organic")]
    assert np.median(dead) < 30 < np.median(lively)
