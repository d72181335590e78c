"""What a backtest costs: one simple rule against plain Python, vectorbt and backtesting.py, and the whole strategy.

The simple rule (`app.bench.simple_rule`) enters at the next open on a fused score, with a stop, a target, fees and the
account at each close. Ours and plain Python compute score and replay, and agree in every bit; vectorbt and
backtesting.py are given the score and only replay. Arms take turns on the same 100,000 bars; times are medians of
processor time on one core, compiling not in them (`compile_s`).

The whole strategy is what `tapedeck backtest` runs: features, domains, fusion, exits, costs; compiled, and not
compiled, as a command runs it for fewer than two million bars. `screen_s`, `full_s` and `focused_s` are wall times of
whole commands, each in a cold process, on the reference case (ETH by the hour, 2025-06-15 to 2025-09-30) or, where
its file is not beside the checkout, on as many made-up bars; `twelve_markets_s` replays three years of twelve.
"""

import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np

import app
from app.bench.bars_data import made_bars
from app.bench.peer_process import PeerProcess
from app.bench.report import Bench, Target
from app.bench.screen import columns_of, compiled_passes, simple_scores, timed
from app.bench.simple_rule import replay_pass, score_pass
from app.config.settings import Settings
from app.core.errors import TapedeckError
from app.screener.backtest import replay
from app.screener.backtesting import backtest
from app.screener.bars import HOUR_MS, Bars, moment_text, read_bars
from app.screener.columns import Function
from app.screener.features import compiled_features, plain_features
from app.screener.rules import rules_of
from app.screener.screen import passing, screen, thresholds_of
from app.screener.strategy import domains_of

BARS = 100_000
ROUNDS = 5
_COLD_ROUNDS = 5
_HOURS = 26_304
_SPAN = ("2025-06-15", "2025-09-30")
_PEERS = {"vectorbt": "replay_in_vectorbt", "backtesting": "replay_in_backtesting_py"}


class Simple(NamedTuple):
    """What the simple rule came to: trades that ended, and the account at the end."""

    trades: int
    final: float


def measure() -> dict[str, float]:
    """All figures. Raises `TapedeckError` when a peer is missing or two sides disagree."""
    bars = made_bars(BARS, 1)
    return {**simple_figures(bars, ROUNDS), **strategy_figures(bars), **cold_figures(), **market_figures()}


def simple_figures(bars: Bars, rounds: int) -> dict[str, float]:
    """The simple rule against its peers."""
    passes, compiling_ns = timed(_compiled)
    found = compiled_simple_replay(bars, *passes)
    plain = plain_simple_replay(bars)
    if found != plain:
        raise TapedeckError(f"compiled and plain passes differ ({found} and {plain}), so no time counts")
    ours_ns, plain_ns, counts = [], [], dict.fromkeys(_PEERS, 0)
    theirs_ns: dict[str, list[int]] = {name: [] for name in _PEERS}
    with ExitStack() as running:
        given = dict(zip(("scores", "ranges"), simple_scores(bars, passes[0]), strict=True))
        peers = {name: running.enter_context(PeerProcess("bar_peers.py", (name,))) for name in _PEERS}
        paths = {name: peer.put("bars", {**columns_of(bars), **given}) for name, peer in peers.items()}
        for name, peer in peers.items():
            counts[name] = _checked(found, int(peer.run(_PEERS[name], paths[name])[0]["trades"][0]), name)
        for _ in range(rounds):
            ours_ns.append(int(np.median([timed(compiled_simple_replay, bars, *passes)[1] for _ in range(5)])))
            plain_ns.append(timed(plain_simple_replay, bars)[1])
            for name, peer in peers.items():
                theirs_ns[name].append(peer.run(_PEERS[name], paths[name])[1])
    ours = float(np.median(ours_ns))
    return {
        "bars_per_s": round(bars.length / ours * 1e9),
        "ratio_vs_reference_python": round(float(np.median(plain_ns)) / ours, 1),
        "ratio_vs_vectorbt": round(float(np.median(theirs_ns["vectorbt"])) / ours, 1),
        "ratio_vs_backtesting_py": round(float(np.median(theirs_ns["backtesting"])) / ours, 1),
        "simple_trades": found.trades,
        "simple_trades_vectorbt": counts["vectorbt"],
        "simple_trades_backtesting_py": counts["backtesting"],
        "simple_compile_s": round(compiling_ns / 1e9, 1),
    }


def _compiled() -> list[Function]:
    passes = compiled_passes(score_pass, replay_pass)
    compiled_simple_replay(made_bars(600, 2), *passes)
    return passes


def _checked(found: Simple, trades: int, name: str) -> int:
    """A peer's count of trades, which its own way of fills moves by some percent at most."""
    if abs(trades - found.trades) > 0.1 * found.trades:
        raise TapedeckError(f"{name} made {trades} trades of the same rule, tapedeck {found.trades}: no time counts")
    return trades


def compiled_simple_replay(bars: Bars, scored: Function, replayed: Function) -> Simple:
    """Score and replay by compiled passes."""
    scores, ranges = simple_scores(bars, scored)
    equity = np.empty(bars.length)
    trades = replayed(bars.opens, bars.highs, bars.lows, bars.closes, scores, ranges, equity)
    return Simple(int(trades), float(equity[-1]))


def plain_simple_replay(bars: Bars) -> Simple:
    """The same passes as plain Python, on lists."""
    opens, highs, lows, closes = (column.tolist() for column in bars[4:8])
    scores, ranges, equity = ([0.0] * bars.length for _ in range(3))
    score_pass(highs, lows, closes, scores, ranges)
    return Simple(replay_pass(opens, highs, lows, closes, scores, ranges, equity), equity[-1])


def strategy_figures(bars: Bars) -> dict[str, float]:
    """The whole strategy, features included, compiled and not; both make the same trades."""
    compiling_ns = timed(whole_strategy, made_bars(600, 2), True)[1]
    compiled = [timed(whole_strategy, bars, True) for _ in range(ROUNDS)]
    plain = [timed(whole_strategy, bars, False) for _ in range(2)]
    if compiled[0][0] != plain[0][0]:
        raise TapedeckError("compiled and plain passes of the strategy differ, so no time counts")
    return {
        "full_strategy_bars_per_s": round(bars.length / float(np.median([ns for _, ns in compiled])) * 1e9),
        "full_strategy_uncompiled_bars_per_s": round(bars.length / float(np.median([ns for _, ns in plain])) * 1e9),
        "full_strategy_trades": len(plain[0][0]),
        "compile_s": round(compiling_ns / 1e9, 1),
    }


def whole_strategy(bars: Bars, compiled: bool) -> list[tuple[object, ...]]:
    """Features, candidates, domains and replay of the usual settings, but a threshold that makes many trades."""
    settings = Settings()
    rules = rules_of(settings, bars.interval_ms)._replace(threshold=0.2)
    features_by = compiled_features if compiled else plain_features
    features = features_by(bars, thresholds_of(settings.batch_mode, bars.interval_ms))
    passed = passing(features, settings.batch_mode)
    domains = domains_of(bars, features, rules, compiled=compiled)
    return [tuple(trade) for trade in replay(bars, features, domains, passed, rules, compiled=compiled).trades]


def cold_figures() -> dict[str, float]:
    """Wall seconds of whole commands in cold processes, medians; the result on candidates is checked to be the same."""
    with tempfile.TemporaryDirectory(prefix="tapedeck-bench-") as folder:
        path, span = _reference(Path(folder))
        out = Path(folder) / "candidates.jsonl"
        words = ("--bars", str(path), "--start", span[0], "--end", span[1], "--json")
        named = ("--candidates", str(out))
        commands = {
            "screen_s": ("screen", *words, "--out", str(out)),
            "full_s": ("backtest", *words),
            "focused_s": ("backtest", *words, *named),
        }
        _run(("screen", *words, "--out", str(out)), folder)
        _run(("backtest", *words, *named, "--check"), folder)
        taken: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(_COLD_ROUNDS):
            for name, command in commands.items():
                taken[name].append(_run(command, folder))
        told = {name: round(float(np.median(seconds)), 2) for name, seconds in taken.items()}
        return {
            **told,
            "speedup_focused": round(float(np.median(taken["full_s"])) / float(np.median(taken["focused_s"])), 2),
            "reference_is_real": float(_shared_bars().is_dir()),
        }


def _shared_bars() -> Path:
    return Path(app.__file__).parents[2] / "shared" / "data" / "ohlcv"


def _reference(folder: Path) -> tuple[Path, tuple[str, str]]:
    """The file of the reference case and its span; where it is not there, as many made-up bars."""
    real = _shared_bars() / "binance_um_ETHUSDT_1h_2023-2025.parquet"
    if real.is_file():
        return real, _SPAN
    bars, path = made_bars(_HOURS, 3), folder / "MADE_1h.csv"
    rows = zip(*(column.tolist() for column in bars[3:]), strict=True)
    lines = [",".join(map(repr, row)) for row in rows]
    path.write_text("\n".join(["open_time,open,high,low,close,volume", *lines]), encoding="utf-8")
    start = int(bars.times[21_528])
    return path, (moment_text(start), moment_text(start + 2_591 * HOUR_MS))


def _run(words: tuple[str, ...], home: str) -> float:
    """Wall seconds of a command in a process of its own, which has to succeed."""
    environment = {**os.environ, "TAPEDECK_HOME": home, "PYTHONPATH": str(Path(app.__file__).parents[1])}
    started_ns = time.perf_counter_ns()
    ended = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "app", *words], check=False, capture_output=True, text=True, env=environment
    )
    if ended.returncode:
        raise TapedeckError(f"tapedeck {words[0]} ended with {ended.returncode}: {ended.stderr.strip()[:200]}")
    return (time.perf_counter_ns() - started_ns) / 1e9


def market_figures() -> dict[str, float]:
    """Seconds for three years of twelve markets in this process, from their files to trades, nothing compiled."""
    paths = sorted(_shared_bars().glob("*_1h_2023-2025.parquet"))
    started_ns, settings = time.perf_counter_ns(), Settings()
    loaded = (read_bars(path) for path in paths) if paths else (made_bars(_HOURS, seed) for seed in range(12))
    results = [backtest(screen(bars, settings.batch_mode, 0, 1 << 53), settings) for bars in loaded]
    seconds = (time.perf_counter_ns() - started_ns) / 1e9
    trades = list(chain.from_iterable(result.replay.trades for result in results))
    return {
        "twelve_markets_s": round(seconds, 2),
        "twelve_markets_bars": sum(result.screened.length for result in results),
        "twelve_markets_trades": len(trades),
    }


BACKTEST = Bench(
    "backtest",
    "backtests: one simple rule against plain Python, vectorbt and backtesting.py, the whole strategy, cold commands",
    measure,
    {
        "ratio_vs_reference_python": Target(">=", 80),
        "ratio_vs_vectorbt": Target(">=", 8),
        "ratio_vs_backtesting_py": Target(">=", 250),
        "full_strategy_bars_per_s": Target(">=", 500_000),
        "screen_s": Target("<=", 2),
        "full_s": Target("<=", 2),
        "focused_s": Target("<=", 2),
        "twelve_markets_s": Target("<=", 10),
    },
)
