"""Made-up launches as samples: nothing known of one changes with what comes later."""

import numpy as np
import pytest

from app.demo.token_launches import DAY_S, MINUTES, Launch, launch
from app.demo.tokens.answers import CURVES, one_in
from app.demo.tokens.made import MadeLaunches
from app.demo.tokens.world import TokenWorld
from app.tokens.features import Context, features
from app.training.pool_history import PoolHistory, context_at
from app.training.simulated_launches import (
    HOLDERS_UNKNOWN,
    LIQUIDITY_UNKNOWN,
    TWO_HOURLY,
    histories,
    history_of,
    simulated_days,
)
from app.training.tokens_data import samples_of

BORN_S = 20_050 * 86_400 + 1_234


def pool_of(each: Launch) -> PoolHistory:
    return history_of(each, np.random.default_rng(1))


def with_another_future(each: Launch, minute: int) -> Launch:
    other = launch(99, 1, 1, "pump and dump", BORN_S)
    mixed = [np.concatenate([one[:minute], another[minute:]]) for one, another in zip(each[3:], other[3:], strict=True)]
    return Launch(each.kind, each.number, each.born_s, *mixed)


@pytest.mark.parametrize("minute", [60, 61, 137, 1_500])
@pytest.mark.parametrize("kind", ["organic", "liquidity pull", "slow rug"])
def test_no_feature_of_a_launch_changes_when_its_future_changes(kind: str, minute: int) -> None:
    known = launch(3, 20_050, 5, kind, BORN_S)  # type: ignore[arg-type]
    at_s = BORN_S + minute * 60
    one, other = pool_of(known), pool_of(with_another_future(known, minute))
    assert context_at(one, at_s) == context_at(other, at_s)
    told = [features(each.table, context_at(each, at_s), at_s).flat().tobytes() for each in (one, other)]
    assert told[0] == told[1]
    assert one.table.close[-1] != other.table.close[-1]


def test_venues_tell_figures_of_minutes_that_have_ended() -> None:
    known = launch(3, 20_050, 5, "organic", BORN_S)
    told = context_at(pool_of(known), BORN_S + 90 * 60 + 59)
    assert told.liquidity_usd == known.liquidity_usd[89]
    assert told.volume_24h_usd == known.volume_usd[:90].sum()
    assert told.trades_1h == (known.buys + known.sells)[30:90].sum()
    assert context_at(pool_of(known), BORN_S + 30) == Context(age_s=30.0)


def test_some_launches_lack_holders_or_liquidity_and_it_is_always_the_same_ones() -> None:
    made = [launch(3, 20_050, number, "organic", BORN_S) for number in range(60)]
    told = [context_at(pool, BORN_S + 7_200) for pool in histories(made, 3)]
    assert 0 < sum(each.holders is None for each in told) < 20
    assert 0 < sum(each.liquidity_usd is None for each in told) < 40
    assert all((each.turnover is None) == (each.liquidity_usd is None) for each in told)
    assert all(each.market_cap_usd is not None for each in told)
    assert told == [context_at(pool, BORN_S + 7_200) for pool in histories(reversed(made), 3)][::-1]


def test_training_knows_as_much_as_the_simulated_venues_tell() -> None:
    """Of a day's launches: on bonding curves there is no liquidity, and one in twelve has no holders."""
    day_s = 20_050 * DAY_S
    launches = MadeLaunches(7).launches(day_s, day_s + DAY_S)
    world = TokenWorld(MadeLaunches(7), day_s + DAY_S)
    lived = [one for each in launches if (one := world.token(each.mint, day_s + DAY_S)) is not None]
    assert len(lived) == len(launches)
    share = np.mean([each.dex in CURVES for each in launches])
    assert share == pytest.approx(LIQUIDITY_UNKNOWN, abs=0.08)
    assert np.mean([one_in(each, "holders", 12) for each in lived]) == pytest.approx(HOLDERS_UNKNOWN, abs=0.05)


def test_a_pulled_pool_is_a_rug_and_is_not_looked_at_afterwards() -> None:
    number = next(n for n in range(50) if _pulled_at(n) > 200)
    pool = pool_of(launch(3, 20_050, number, "liquidity pull", BORN_S))
    samples = samples_of([pool], TWO_HOURLY)
    assert samples.label("rugs").tolist() == [1.0] * len(samples.token)
    assert samples.at_s.max() <= BORN_S + (_pulled_at(number) + 1) * 60


def _pulled_at(number: int) -> int:
    each = launch(3, 20_050, number, "liquidity pull", BORN_S)
    return int(np.argmin(each.liquidity_usd[1:] / each.liquidity_usd[:-1]))


def test_a_day_is_told_for_three_days_and_progress_ends_at_one() -> None:
    heard: list[float] = []
    pools = simulated_days(3, 1, heard.append)
    assert heard[-1] == 1.0
    assert len({pool.token for pool in pools}) == len(pools) >= 300
    assert all(pool.born_s is not None and pool.watched_until_s == pool.born_s + MINUTES * 60 for pool in pools)
