"""The benchmarks of bars: the simple rule against its definition, and no time counts where two sides differ."""

from pathlib import Path

import numpy as np
import pytest

from app.bench import backtest as bench
from app.bench.bars_data import made_bars
from app.bench.peer_process import PeerProcess
from app.bench.screen import check_alike, simple_scores
from app.bench.simple_rule import ENTRY, FEE, STARTING_CASH, replay_pass, score_pass
from app.bench.sweep import measure_of
from app.core.errors import TapedeckError
from app.screener.bars import Bars

BARS = made_bars(3_000, 5)


def score_by_definition(bars: Bars, place: int) -> float:
    """The score of one bar from all before it, with numpy."""
    close = bars.closes[: place + 1]

    def average(values: np.ndarray[tuple[int], np.dtype[np.float64]], keep: float, begin: float) -> float:
        weights = keep ** np.arange(len(values) - 1, -1, -1)
        return float(begin * keep ** len(values) + (1 - keep) * (weights * values).sum())

    before = np.concatenate([close[:1], close[:-1]])
    reach = np.maximum(bars.highs[: place + 1], before) - np.minimum(bars.lows[: place + 1], before)
    change = close - before
    gains, losses = average(np.maximum(change, 0), 13 / 14, 0.0), average(np.maximum(-change, 0), 13 / 14, 0.0)
    lines = [
        average(close[: n + 1], 11 / 13, close[0]) - average(close[: n + 1], 25 / 27, close[0])
        for n in range(place + 1)
    ]
    first = place // 24 * 24
    top = bars.highs[first:place].max() if place > first else np.inf
    bottom = bars.lows[first:place].min() if place > first else -np.inf
    score = 0.3 * (1 if close[-20:].mean() > close[-50:].mean() else -1) + 0.2 * (2 * gains / (gains + losses) - 1)
    score += 0.2 * (1 if lines[-1] > average(np.array(lines), 0.8, 0.0) else -1)
    score += 0.15 * (close[-1] - close[-20:].mean()) / (2 * close[-20:].std())
    score += 0.15 * (int(close[-1] > top) - int(close[-1] < bottom))
    return float(score * (1 if average(reach, 13 / 14, 0.0) > average(reach, 0.99, 0.0) else 0.5))


def test_the_score_is_as_defined() -> None:
    scores, ranges = simple_scores(BARS, score_pass)
    assert scores[:49].tolist() == [0.0] * 49
    for place in (49, 72, 73, 200, 611):
        assert scores[place] == pytest.approx(score_by_definition(BARS, place), abs=1e-9), place
    assert (ranges > 0).all()


def test_the_rule_is_replayed_as_defined() -> None:
    scores, ranges = (column.tolist() for column in simple_scores(BARS, score_pass))
    opens, highs, lows, closes = (column.tolist() for column in BARS[4:8])
    equity = [0.0] * BARS.length
    count = replay_pass(opens, highs, lows, closes, scores, ranges, equity)
    cash, place, trades = STARTING_CASH, 0, 0
    while place < BARS.length - 1:
        if abs(scores[place]) <= ENTRY:
            assert equity[place] == pytest.approx(cash)
            place += 1
            continue
        side, entry, unit = (1 if scores[place] > 0 else -1), opens[place + 1], ranges[place]
        coins, cash = cash / entry, cash * (1 - FEE)
        stop, target = entry - 2 * side * unit, entry + 4 * side * unit
        while place < BARS.length - 1:
            place += 1
            low, high, opened = lows[place], highs[place], opens[place]
            worst, best = (low, high) if side > 0 else (high, low)
            if side * (worst - stop) <= 0 or side * (best - target) >= 0:
                price = target if side * (worst - stop) > 0 else opened if side * (opened - stop) < 0 else stop
                cash += coins * side * (price - entry) - coins * price * FEE
                trades += 1
                break
            assert equity[place] == pytest.approx(cash + coins * side * (closes[place] - entry))
    assert count == trades > 50


def test_arms_that_differ_are_told() -> None:
    found = {"score": np.sin(np.arange(10_000.0))}
    check_alike(found, {"score": found["score"] + 1e-9}, "peer")
    with pytest.raises(TapedeckError, match="peer and tapedeck differ in score at 100"):
        check_alike(found, {"score": found["score"] + 0.1}, "peer")
    with pytest.raises(TapedeckError, match="no time counts"):
        check_alike({"score": np.zeros(10)}, {"score": np.zeros(10)}, "peer")
    assert bench._checked(bench.Simple(100, 1.0), 95, "peer") == 95
    with pytest.raises(TapedeckError, match="peer made 50 trades of the same rule, tapedeck 100"):
        bench._checked(bench.Simple(100, 1.0), 50, "peer")


def test_without_peers_the_next_step_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(TapedeckError, match="compares with vectorbt, of which some is missing; run: make peers"),
        PeerProcess("bar_peers.py", ("vectorbt",), tmp_path / "python"),
    ):
        pass


def test_the_whole_strategy_makes_trades() -> None:
    assert len(bench.whole_strategy(BARS, False)) > 3
    assert bench.plain_simple_replay(BARS).trades > 50


@pytest.mark.nightly
def test_whole_commands_run_cold() -> None:
    taken = bench.cold_figures()
    assert min(taken["screen_s"], taken["full_s"], taken["focused_s"]) > 0


@pytest.mark.nightly
def test_one_process_and_two_sweep_alike() -> None:
    assert measure_of(3, 1_000, 1)["runs_per_s"] > 0
