"""The benchmark reads a leaderboard the way the product does, and gives the figures it promises."""

from app.bench.whales_leaderboard import measure_leaderboard


def test_a_small_leaderboard_is_measured() -> None:
    figures = measure_leaderboard(rows=2_000)
    assert figures.keys() == {
        "leaderboard_mb", "leaderboard_parse_s", "leaderboard_peak_mb", "leaderboard_loop_gap_ms"
    }  # fmt: skip
    assert figures["leaderboard_mb"] == 1.6
    assert figures["leaderboard_parse_s"] > 0
    assert figures["leaderboard_loop_gap_ms"] > 0
