"""The figures of `bench infer` are of real workers and the shipped model; what is measured is answered right."""

import math

import pytest

from app.bench import infer
from app.bench.infer import INFER


@pytest.mark.nightly
def test_every_target_is_of_a_figure_and_nothing_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, few in {
        "_ROUNDS": 2,
        "_CALLS": 20,
        "_LOAD_S": 0.2,
        "_STARTS": 1,
        "_IMPORTS": 1,
        "_KILLS": 1,
        "_SOAK_KILLS": 1,
        "_VERDICTS": 1,
    }.items():
        monkeypatch.setattr(infer, name, few)
    figures = INFER.measure()
    assert set(INFER.targets) <= set(figures)
    assert figures.pop("reload_dropped_requests") == 0
    assert all(0 <= figures.pop(share) <= 100 for share in ("cache_hit_rate", "feature_hit_rate", "call_waiting_pct"))
    assert all(math.isfinite(value) and value > 0 for value in figures.values())
