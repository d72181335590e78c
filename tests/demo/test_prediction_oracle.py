"""The likelihood-ratio oracle: its formula, its calibration, and what it can and cannot see."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.demo.prediction import oracle
from app.demo.prediction.kinds import SHARES, Kind
from app.demo.prediction.oracle import Record
from app.demo.prediction.world import World

START_S = 1_790_232_236


@pytest.fixture(scope="module")
def judged() -> tuple[World, np.ndarray, np.ndarray]:
    world = World(11, START_S, wallets=8_000)
    ratios, counts = oracle.judge(world, START_S)
    return world, ratios, counts


@given(st.lists(st.tuples(st.floats(0.05, 0.95), st.booleans()), max_size=30))
def test_the_ratio_is_the_mean_over_edges_of_the_products(bets: list[tuple[float, bool]]) -> None:
    seen = Record(
        np.zeros(len(bets), dtype=np.int64),
        np.array([price for price, _ in bets]),
        np.array([won for _, won in bets], dtype=bool),
    )
    edges = 0.55 + 0.07 * (np.arange(16) + 0.5) / 16
    products = []
    for edge in edges:
        product = 1.0
        for price, won in bets:
            chance = price * edge / (price * edge + (1 - price) * (1 - edge))
            product *= chance / price if won else (1 - chance) / (1 - price)
        products.append(product)
    assert oracle.log_likelihood_ratios(seen, 1)[0] == pytest.approx(np.log(np.mean(products)))


def test_without_bets_the_posterior_is_the_prior() -> None:
    nothing = Record(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0, dtype=bool))
    assert oracle.posteriors(oracle.log_likelihood_ratios(nothing, 2)) == pytest.approx([SHARES[Kind.SKILLED]] * 2)


def test_posteriors_mean_what_they_say(judged: tuple[World, np.ndarray, np.ndarray]) -> None:
    world, ratios, counts = judged
    skilled = world.people.kind == Kind.SKILLED
    prior = oracle.prior_by_count(counts, skilled, np.ones(len(skilled), dtype=bool))
    said = oracle.posteriors(ratios, prior)
    for low, high in ((0.0, 0.05), (0.05, 0.2), (0.2, 0.5), (0.5, 1.01)):
        some = (said >= low) & (said < high)
        spread = np.sqrt((said[some] * (1 - said[some])).sum()) / some.sum()
        assert skilled[some].mean() == pytest.approx(said[some].mean(), abs=4.0 * spread + 0.005)


def test_more_knowledge_finds_more_at_the_same_rate(judged: tuple[World, np.ndarray, np.ndarray]) -> None:
    world, ratios, counts = judged
    skilled = world.people.kind == Kind.SKILLED
    focused = np.isin(world.people.kind, (Kind.SKILLED, Kind.UNSKILLED))
    plain = oracle.choose(oracle.posteriors(ratios), skilled, 0.5)
    informed = oracle.choose(oracle.posteriors(ratios, oracle.prior_by_count(counts, skilled, focused)), skilled, 0.5)
    assert plain.chosen > 20
    assert plain.false_discovery < 0.3
    assert informed.recall > plain.recall
    assert 0.15 < plain.recall < 0.45


def test_recall_falls_and_precision_rises_with_the_threshold(judged: tuple[World, np.ndarray, np.ndarray]) -> None:
    world, ratios, _ = judged
    skilled = world.people.kind == Kind.SKILLED
    choices = [oracle.choose(oracle.posteriors(ratios), skilled, threshold) for threshold in (0.1, 0.3, 0.6)]
    recalls = [choice.recall for choice in choices]
    assert recalls == sorted(recalls, reverse=True)
    assert choices[0].false_discovery > choices[2].false_discovery
    assert oracle.choose(np.zeros(3), np.zeros(3, dtype=bool), 0.5) == (0.5, 0, 0, 0.0, 1.0)


def test_only_resolved_bets_count(judged: tuple[World, np.ndarray, np.ndarray]) -> None:
    world, _, counts = judged
    wallets = np.arange(200)
    later = oracle.record(world, wallets, START_S + 10 * 86_400)
    assert len(oracle.record(world, wallets, START_S).wallet) == counts[:200].sum()
    assert len(later.wallet) > counts[:200].sum()
    assert len(oracle.record(world, wallets, START_S - 400 * 86_400).wallet) == 0
