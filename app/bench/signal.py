"""What weights and signals are worth on the simulated venue: the study of five seeds (`signal_study`) as figures."""

from app.bench.report import Bench, Target
from app.bench.signal_study import (
    HORIZONS_S,
    SEEDS,
    Comparison,
    SeedStudy,
    compared,
    study_seed,
    study_settings,
)
from app.measures.blocks import Estimate

_UNKNOWN = float("nan")


def measure() -> dict[str, float]:
    """All seeds one after another: some four minutes each on an idle processor."""
    return figures([study_seed(study_settings(seed)) for seed in SEEDS])


def figures(studies: list[SeedStudy]) -> dict[str, float]:
    """Means over the seeds of what was found of weights, and the comparisons of all seeds together."""
    found = [study.weights for study in studies]
    told = {
        name: round(sum(float(getattr(each, name)) for each in found) / len(found), 3)
        for name in (
            "tracked", "informed", "mean_rank", "mean_score_rank", "chance_mean_rank", "among_top", "by_chance",
            "informed_share", "plain_informed_share", "even_share", "coverage",
        )
    }  # fmt: skip
    for horizon_s in HORIZONS_S:
        told |= _of_horizon(compared(studies, horizon_s))
    return told


def _of_horizon(comparison: Comparison) -> dict[str, float]:
    after = f"_{comparison.horizon_s // 3_600}h"
    low, high = comparison.lean_difference.low, comparison.lean_difference.high
    return {
        f"n{after}": float(comparison.n),
        f"effective_n{after}": float(comparison.effective_n),
        f"hit_rate{after}": _value(comparison.hit_rate),
        f"plain_hit_rate{after}": _value(comparison.plain_hit_rate),
        f"lean_gain{after}": _value(comparison.lean_gain),
        f"plain_lean_gain{after}": _value(comparison.plain_lean_gain),
        f"difference{after}": _value(comparison.lean_difference),
        f"difference_low{after}": _UNKNOWN if low is None else round(low, 3),
        f"difference_high{after}": _UNKNOWN if high is None else round(high, 3),
        f"informed_gain{after}": _value(comparison.informed_gain),
    }


def _value(estimate: Estimate) -> float:
    return _UNKNOWN if estimate.value is None else round(estimate.value, 3)


SIGNAL = Bench(
    name="signal",
    about="weights and signals on the simulated venue, five seeds in virtual time (20 minutes and more)",
    measure=measure,
    targets={
        "mean_rank": Target("<", 0, times=0.25, of="chance_mean_rank"),
        "among_top": Target(">=", 0, times=4, of="by_chance"),
        "difference_low_1h": Target(">=", 0),
    },
)
