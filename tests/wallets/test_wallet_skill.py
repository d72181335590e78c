"""The posterior of an edge: against the exact likelihood, and over crowds without and with skill."""

from math import exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.wallets.skill import EDGE_LEAST, EDGE_MOST, skill_of

prices = st.lists(st.floats(0.05, 0.95), min_size=1, max_size=200)


def exact_log_ratio(price: np.ndarray, paid: np.ndarray, edge: float) -> float:
    odds = price / (1 - price) * exp(edge)
    moved = odds / (1 + odds)
    return float(np.log(paid * moved / price + (1 - paid) * (1 - moved) / (1 - price)).sum())


@given(prices, st.integers(0, 2**32 - 1), st.sampled_from([0.12, 0.3, 0.6]))
def test_two_sums_are_nearly_all_there_is_to_know(drawn: list[float], seed: int, edge: float) -> None:
    price = np.array(drawn)
    paid = (np.random.default_rng(seed).random(len(price)) < price).astype(float)
    surplus, variance = (paid - price).sum(), ((paid - price) * (paid + price - 1)).sum()
    assert variance == pytest.approx((price * (1 - price)).sum())
    quadratic = edge * surplus - edge**2 * variance / 2
    # The third-order term is at most edge³/6 · Σ p(1−p)|1−2p|.
    bound = edge**3 / 6 * (price * (1 - price) * np.abs(1 - 2 * price)).sum() + edge**4 * variance / 24 + 1e-9
    assert abs(exact_log_ratio(price, paid, edge) - quadratic) <= bound * 1.05


def test_a_bet_left_at_its_entry_price_says_nothing() -> None:
    assert exact_log_ratio(np.array([0.4]), np.array([0.4]), 0.5) == pytest.approx(0)
    assert (0.4 - 0.4) * (0.4 + 0.4 - 1) == 0


def test_leaving_before_the_end_decides_on_average_the_square_of_the_gain() -> None:
    """Prices are fair: a bet at 0.3 left at 0.2 or 0.5, with chances that make it fair."""
    outcomes = {0.2: 2 / 3, 0.5: 1 / 3}
    decided = sum(chance * (x - 0.3) * (x + 0.3 - 1) for x, chance in outcomes.items())
    assert decided == pytest.approx(sum(chance * (x - 0.3) ** 2 for x, chance in outcomes.items()))


@given(st.floats(-50, 50), st.floats(0, 500), st.floats(0.001, 0.5))
def test_the_posterior_is_sound(surplus: float, variance: float, share: float) -> None:
    found = skill_of(4 * variance, surplus, variance, share)
    assert 0 <= found.probability <= 1
    assert 0.5 - 1e-9 <= found.edge_low <= found.edge_high <= EDGE_MOST
    assert 0.5 - 1e-9 <= found.edge <= EDGE_MOST


def test_without_bets_the_prior_stands() -> None:
    found = skill_of(0.0, 0.0, 0.0, 0.03)
    assert found.probability == pytest.approx(0.03)
    assert (found.own_edge, found.z) == (None, None)


def test_an_edge_is_shrunk_towards_none() -> None:
    found = skill_of(100, 15, 25, 0.03)
    assert found.own_edge is not None
    assert found.own_edge == pytest.approx(1 / (1 + exp(-0.6)))
    assert 0.5 < found.edge < found.own_edge


def test_stated_probabilities_come_true() -> None:
    """Of simulated wallets, 3 % skilled within the prior's range, p % are of those called p % likely."""
    generator = np.random.default_rng(11)
    count = 20_000
    skilled = generator.random(count) < 0.03
    chance = np.where(skilled, generator.uniform(EDGE_LEAST, EDGE_MOST, count), 0.5)
    bets = generator.integers(20, 600, count)
    surplus = generator.binomial(bets, chance) - bets / 2
    told = np.array(
        [skill_of(n, s, n / 4, 0.03).probability for n, s in zip(bets.tolist(), surplus.tolist(), strict=True)]
    )
    for low, high in ((0.1, 0.5), (0.5, 0.9), (0.9, 1.0)):
        group = (told >= low) & (told < high)
        error = 4 * np.sqrt(told[group].mean() * (1 - told[group].mean()) / group.sum())
        assert group.sum() > 20
        assert abs(told[group].mean() - skilled[group].mean()) < error


def test_the_prior_needs_about_twenty_bets_to_be_overturned() -> None:
    """Why fewer than 20 trades are rejected at once: not even three of four won make an edge as likely as not."""
    assert skill_of(20, 5, 5, 0.03).probability < 0.5
    assert skill_of(20, 5, 5, 0.03).probability == pytest.approx(0.2, abs=0.1)
    assert log(0.97 / 0.03) == pytest.approx(3.48, abs=0.01)
