import pytest

from app.bench.store import STORE


def test_every_figure_with_a_target_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, small in {"_ROUNDS": 2, "_GROUPED_ROWS": 400, "_BURST_ROWS": 200, "_SINGLE_ROWS": 5}.items():
        monkeypatch.setattr(f"app.bench.store.{name}", small)
    monkeypatch.setattr("app.bench.store._ACKNOWLEDGED_ROWS", 3)
    results = STORE.measure()
    assert set(STORE.targets) <= set(results)
    assert {"rows_per_s_full", "ratio_vs_row_commit", "ack_ms_p99"} <= set(results)
    assert all(value > 0 for value in results.values())
