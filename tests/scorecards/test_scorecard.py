import json

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scorecard_samples import START_MS, events, forecasts, graded_pair

from app.measures.blocks import Estimate
from app.scorecards.grader import Graded
from app.scorecards.grading import ungraded
from app.scorecards.scorecard import Scorecard, scorecards


def card_of(pairs: list[Graded]) -> Scorecard:
    (card,) = scorecards(pairs)
    return card


def value(estimate: Estimate) -> float:
    assert estimate.value is not None
    return estimate.value


def test_a_perfect_forecaster() -> None:
    happened = events(200, 0.4)
    card = card_of(forecasts(happened, happened.astype(float)))
    assert (card.brier.value, card.skill.value) == (0.0, 1.0)
    assert card.skill_words == "above base rate"
    assert [(bin_.claimed, bin_.observed.value) for bin_ in card.calibration] == [(0.0, 0.0), (1.0, 1.0)]


@pytest.mark.parametrize("seed", range(5))
def test_a_coin_flip_is_not_distinguishable_from_the_base_rate(seed: int) -> None:
    card = card_of(forecasts(events(300, 0.5, seed), 0.5))
    assert value(card.brier) == 0.25
    assert value(card.skill) <= 0
    assert card.skill_words == "not distinguishable from base rate"


def test_always_the_base_rate_has_no_skill() -> None:
    happened = events(300, 0.3)
    card = card_of(forecasts(happened, happened.mean()))
    assert value(card.brier) == pytest.approx(card.brier_base_rate)
    assert (card.skill.value, card.skill.low, card.skill.high) == (0.0, 0.0, 0.0)
    assert card.skill_words == "not distinguishable from base rate"


def test_a_forecaster_who_knows_something_is_above_and_one_who_is_wrong_below() -> None:
    happened = events(400, 0.5)
    knows = card_of(forecasts(happened, np.where(happened, 0.6, 0.4)))
    assert knows.skill_words == "above base rate"
    wrong = card_of(forecasts(happened, np.where(happened, 0.4, 0.6)))
    assert wrong.skill_words == "below base rate"


def test_the_worked_example_of_the_documentation() -> None:
    claimed = (0.6, 0.7, 0.6, 0.8)
    happened = (True, True, False, True)
    at_s = (0, 30, 60, 200)
    edges = (18.0, 6.0, -22.0, -4.0)
    pairs = [graded_pair(*row) for row in zip(at_s, claimed, happened, edges, strict=True)]
    late = graded_pair(300, 0.6, True)
    pairs.append(Graded(late.call, ungraded(late.call, "run ended before the horizon", START_MS + 310_000)))
    card = card_of(pairs)
    assert (card.n, card.n_graded, card.n_ungraded) == (5, 4, 1)
    assert card.ungraded == {"run ended before the horizon": 1}
    assert (card.effective_n, card.blocks, card.block_s) == (3, 3, 60)
    assert value(card.base_rate) == 0.75
    assert value(card.brier) == pytest.approx(0.1625)
    assert card.brier_base_rate == 0.1875
    assert value(card.skill) == pytest.approx(0.1333, abs=1e-4)
    assert value(card.edge_bps) == pytest.approx(-0.5)
    assert (card.skill_words, card.edge_words) == ("too few", "too few")
    assert card.skill.low is None
    assert [(bin_.low, bin_.n, bin_.observed.value) for bin_ in card.calibration] == [
        (0.6, 2, 0.5),
        (0.7, 1, 1.0),
        (0.8, 1, 1.0),
    ]


def test_edges_get_words_of_their_own() -> None:
    pairs = [graded_pair(60 * place, 0.5, place % 2 == 0, -9.0 + place % 3) for place in range(60)]
    card = card_of(pairs)
    assert card.edge_words == "below zero after costs"
    assert card.skill_words == "not distinguishable from base rate"


def test_calls_of_many_coins_at_one_time_are_one_piece_of_evidence() -> None:
    happened = events(60, 0.5)
    alone = forecasts(happened, 0.5)
    crowd = [
        graded_pair(60 * place, 0.5, bool(event), subject=coin)
        for place, event in enumerate(happened)
        for coin in ("BTC", "ETH", "SOL", "PEPE")
    ]
    one, four = card_of(alone), card_of(crowd)
    assert four.n == 4 * one.n
    assert (four.effective_n, four.blocks) == (one.effective_n, one.blocks)
    assert four.hit_rate == one.hit_rate


def test_overlapping_calls_count_as_few() -> None:
    pairs = forecasts(events(240, 0.5), 0.5, step_s=15)
    card = card_of(pairs)
    assert (card.n_graded, card.effective_n) == (240, 60)


def test_cards_are_kept_apart() -> None:
    pairs = [
        graded_pair(0, 0.5, True),
        graded_pair(0, 0.5, True, source="live"),
        graded_pair(0, 0.5, True, claimant="ai"),
        graded_pair(0, 0.5, True, claimant_version="2"),
        graded_pair(0, 0.5, True, kind="burst"),
        graded_pair(0, 0.5, True, horizon_s=30),
    ]
    cards = scorecards(pairs)
    assert len(cards) == 6
    assert {card.n for card in cards} == {1}


def test_nothing_graded_is_a_card_without_numbers() -> None:
    pair = graded_pair(0, 0.5, True)
    card = card_of([Graded(pair.call, ungraded(pair.call, "gap", START_MS))])
    assert (card.n, card.n_graded, card.effective_n, card.blocks) == (1, 0, 0, 0)
    assert card.base_rate == card.hit_rate == card.brier == card.skill == card.edge_bps == Estimate()
    assert card.brier_base_rate is None
    assert card.skill_words == card.edge_words == "not measurable"
    assert card.calibration == ()
    assert scorecards([]) == ()


def test_an_event_that_always_happens_leaves_no_skill_to_measure() -> None:
    card = card_of(forecasts(np.ones(40, dtype=np.bool_), 0.9))
    assert card.base_rate.value == 1.0
    assert card.base_rate.low is not None
    assert card.base_rate.low < 1
    assert (card.skill.value, card.skill_words) == (None, "not measurable")


def test_claims_without_a_direction_have_no_hits_and_no_edge() -> None:
    pairs = [
        Graded(pair.call, msgspec.structs.replace(pair.outcome, hit=None, edge_bps=None))
        for pair in forecasts(events(40, 0.5), 0.5)
    ]
    card = card_of(pairs)
    assert (card.hit_rate, card.edge_bps, card.edge_words) == (Estimate(), Estimate(), "not measurable")
    assert card.base_rate.value is not None


def test_calls_are_compared_with_their_twins_pair_by_pair() -> None:
    happened = events(200, 0.5)
    baseline = forecasts(happened, 0.5)
    better = [
        graded_pair(
            60 * place, 0.7 if event else 0.3, bool(event), 1.0, claimant="ai", baseline_id=twin.outcome.call_id
        )
        for place, (event, twin) in enumerate(zip(happened, baseline, strict=True))
    ]
    ai, rules = scorecards([*baseline, *better])
    (twin,) = ai.twins
    assert rules.twins == ()
    assert (twin.claimant, twin.claimant_version, twin.n) == ("rules", "1", 200)
    assert value(twin.brier_gain) == pytest.approx(0.25 - 0.09)
    assert twin.brier_words == "above its twin"
    assert value(twin.edge_gain_bps) == pytest.approx(float(np.mean(1.0 - (2.0 * happened - 1.0))))


def test_a_twin_that_is_missing_or_ungraded_is_no_comparison() -> None:
    other = graded_pair(0, 0.5, True)
    gone = graded_pair(0, 0.6, True, claimant="ai", baseline_id="0000")
    left = graded_pair(60, 0.6, True, claimant="ai", baseline_id=other.outcome.call_id)
    cards = scorecards([gone, left, Graded(other.call, ungraded(other.call, "gap", START_MS))])
    assert [card.twins for card in cards] == [(), ()]


@given(st.permutations(range(30)))
def test_order_and_repetition_do_not_matter(order: list[int]) -> None:
    pairs = forecasts(events(30, 0.5), np.linspace(0.3, 0.7, 30))
    shuffled = [pairs[place] for place in order]
    assert scorecards([*shuffled, shuffled[0]]) == scorecards(pairs)


def test_a_card_can_be_printed_as_json() -> None:
    card = card_of(forecasts(events(40, 0.5), 0.5))
    decoded = json.loads(msgspec.json.encode(card))
    assert decoded["hit_rate"]["value"] == card.hit_rate.value
    assert set(decoded["hit_rate"]) == {"value", "low", "high", "blocks"}
