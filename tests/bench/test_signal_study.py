"""The study of weights and signals: on made-up samples whose answer is known, and on the simulated venue."""

import math

import msgspec
import numpy as np
import pytest

from app.bench.report import lines
from app.bench.signal import SIGNAL, figures
from app.bench.signal_study import (
    HORIZONS_S,
    SEEDS,
    Sample,
    SeedStudy,
    WeightsFound,
    calls_compared,
    compared,
    study_seed,
    study_settings,
)

HOUR_S = 3_600
QUARTER_MS = 900_000
FOUND = WeightsFound(
    tracked=0, informed=0, mean_rank=0, mean_score_rank=0, best_mean_rank=0, chance_mean_rank=0, among_top=0,
    by_chance=0, informed_weight=0, others_weight=0, coverage=0, informed_share=0,
    plain_informed_share=0, even_share=0,
)  # fmt: skip


def made_up(seed: int, *, sees: bool, plain_sees: bool, quarters: int = 48, coins: int = 3) -> SeedStudy:
    """Coins that move by one usual move of an hour each hour; whoever sees is on the right side of the next one."""
    rng = np.random.default_rng(seed)
    moves = rng.choice([-1.0, 1.0], (coins, quarters // 4 + 1))
    samples = []
    for quarter in range(quarters + 1):
        for coin in range(coins):
            hour, part = divmod(quarter, 4)
            height = 60.0 * (moves[coin, :hour].sum() + moves[coin, hour] * part / 4)
            ahead = int(moves[coin, min(hour + part // 2, quarters // 4)])
            guess = int(rng.choice([-1, 1]))
            own, plain = (ahead if sees else guess), (ahead if plain_sees else guess)
            at_ms = quarter * QUARTER_MS
            samples.append(Sample(at_ms, coin, own * 0.5, plain * 0.5, own, plain, float(ahead), height))
    return SeedStudy(seed=seed, weights=FOUND, samples=tuple(samples), graded=())


def test_a_signal_that_sees_beats_one_that_does_not() -> None:
    told = compared([made_up(seed, sees=True, plain_sees=False) for seed in range(4)], HOUR_S)
    assert told.hit_rate.value is not None
    assert told.hit_rate.value > 0.7
    assert told.plain_hit_rate.side_of(0.5) == 0
    assert told.lean_difference.side_of(0) == told.bias_difference.side_of(0) == 1
    assert told.lean_gain.value == pytest.approx(2 * (told.bias_gain.value or 0))
    assert told.informed_gain.value == pytest.approx(told.lean_gain.value)
    assert (told.leaning, told.plain_leaning) == (1, 1)


def test_equal_signals_do_not_differ() -> None:
    told = compared([made_up(seed, sees=True, plain_sees=True) for seed in range(4)], HOUR_S)
    assert (told.lean_difference.value, told.lean_difference.low, told.lean_difference.high) == (0, 0, 0)
    assert told.hit_rate == told.plain_hit_rate


def test_the_better_baseline_wins() -> None:
    told = compared([made_up(seed, sees=False, plain_sees=True) for seed in range(4)], HOUR_S)
    assert told.lean_difference.side_of(0) == -1


def test_only_samples_whose_horizon_has_passed_count_and_no_block_holds_two_seeds() -> None:
    one = compared([made_up(1, sees=True, plain_sees=True)], HOUR_S)
    assert one.n == 3 * (49 - 4)
    assert one.effective_n == math.ceil(45 / 4)
    assert one.block_s == 2 * HOUR_S
    assert one.lean_gain.blocks == math.ceil(45 / 8)
    several = compared([made_up(seed, sees=True, plain_sees=True) for seed in range(3)], HOUR_S)
    assert (several.n, several.effective_n, several.lean_gain.blocks) == (3 * one.n, 36, 18)
    assert compared([made_up(1, sees=True, plain_sees=True)], 4 * HOUR_S).n == 3 * (49 - 16)


def test_nothing_is_said_of_nothing() -> None:
    told = compared([SeedStudy(seed=1, weights=FOUND, samples=(), graded=())], HOUR_S)
    assert (told.n, told.lean_difference.value) == (0, None)
    assert calls_compared([]) == ()


def test_figures_are_means_over_seeds_and_say_what_is_not_known() -> None:
    studies = [
        msgspec.structs.replace(
            made_up(seed, sees=True, plain_sees=False),
            weights=msgspec.structs.replace(FOUND, tracked=300, mean_rank=10.0 + seed, chance_mean_rank=150.5),
        )
        for seed in range(4)
    ]
    told = figures(studies)
    assert (told["mean_rank"], told["chance_mean_rank"], told["tracked"]) == (11.5, 150.5, 300)
    assert told["difference_low_1h"] > 0
    assert told["n_1h"] == 4 * 3 * 45
    judged = {line.figure: line.verdict for line in lines(SIGNAL, told)}
    assert (judged["mean_rank"], judged["difference_low_1h"]) == ("PASS", "PASS")
    nothing = figures([SeedStudy(seed=1, weights=FOUND, samples=(), graded=())])
    assert math.isnan(nothing["difference_low_1h"])
    assert {line.figure: line.verdict for line in lines(SIGNAL, nothing)}["difference_low_1h"] == "FAIL"


def test_the_informed_rise_to_the_top_of_a_small_venue() -> None:
    study = study_seed(study_settings(11, coins=4, tracked=60), hours=0.3, warm_up_s=600)
    found = study.weights
    assert found.tracked == 60
    assert found.informed >= 8
    assert found.mean_rank < 0.7 * found.chance_mean_rank
    assert found.informed_weight > found.others_weight
    assert found.coverage > 0.75
    assert 1 > found.informed_share > found.even_share > 0
    assert found.plain_informed_share > found.even_share
    assert [sample.coin for sample in study.samples] == list(range(4))
    assert any(sample.bias for sample in study.samples)


@pytest.mark.nightly
def test_the_informed_end_with_the_highest_weights_on_five_seeds() -> None:
    """What the signal is worth stands in docs/whales.md, whatever it is; here it must be measurable."""
    studies = [study_seed(study_settings(seed)) for seed in SEEDS]
    for study in studies:
        assert study.weights.mean_rank < 0.25 * study.weights.chance_mean_rank
        assert study.weights.among_top > 4 * study.weights.by_chance
    for horizon_s in HORIZONS_S:
        told = compared(studies, horizon_s)
        assert told.lean_difference.value is not None
    assert {(pair.kind, pair.horizon_s) for pair in calls_compared(studies)} >= {("lean", 3_600), ("lean", 14_400)}
