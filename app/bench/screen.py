"""What screening bars costs: one simple rule of seven features, and the whole screen, against pandas and TA-Lib.

Both sides compute the same of 100,000 bars, which is checked before a time counts. The simple rule is one that scripts
use (`app.bench.simple_rule`), a pass in the style of the screen's; the whole screen (`whole_…`) is what `tapedeck
screen` runs, compiled as it is for millions of bars: 13 features, five sentinels, score and side. Arms take turns, each
in a process of its own; times are medians of processor time on one core. Compiling is not in them (`compile_s`).
With `…_keeping_memory` the peers need not map their arrays anew at each run.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import numpy as np

from app.bench.bars_data import made_bars
from app.bench.peer_process import Arrays, PeerProcess
from app.bench.report import Bench, Target
from app.bench.simple_rule import score_pass
from app.core.errors import TapedeckError
from app.measures.returns import Floats
from app.screener.bars import HOUR_MS, Bars
from app.screener.columns import Function, Thresholds
from app.screener.features import compiled_features, compiler, plain_features

BARS = 100_000
ROUNDS = 9
_AT_ONCE = 5
"""Our arms run so many times within a round, of which the median counts: one run of theirs takes longer still."""
_SETTLED = 6_000
"""Averages begin differently in pandas; so many bars later that cannot be seen any more, on days either."""
_THRESHOLDS = Thresholds(interval_ms=HOUR_MS, session_gap_ms=2 * HOUR_MS, high_rank=0.8, volume_sigma=2.0)
_PEERS = ("pandas", "talib")


def measure() -> dict[str, float]:
    """The figures of 100,000 bars. Raises `TapedeckError` when a peer is missing or two sides disagree."""
    return measure_of(BARS, ROUNDS)


def measure_of(length: int, rounds: int) -> dict[str, float]:
    """The figures of so many bars, medians of so many rounds."""
    bars, simple = made_bars(length, 1), compiled_simple()
    compiling_ns = timed(compiled_features, made_bars(600, 2), _THRESHOLDS)[1]
    alone = take_turns(lambda: {"score": simple_scores(bars, simple)[0]}, "simple_in", bars, rounds)
    whole = take_turns(lambda: compiled_features(bars, _THRESHOLDS)._asdict(), "screen_in", bars, rounds)
    plain_ns = [timed(plain_features, bars, _THRESHOLDS)[1] for _ in range(3)]
    return {
        **_figures(alone, length, ""),
        **_figures(whole, length, "whole_"),
        "whole_uncompiled_ns_per_bar": round(float(np.median(plain_ns)) / length, 0),
        "compile_s": round(compiling_ns / 1e9, 1),
    }


def _figures(taken: dict[str, float], length: int, prefix: str) -> dict[str, float]:
    ours = taken.pop("ours")
    ratios = {f"{prefix}ratio_vs_{name}": round(theirs / ours, 1) for name, theirs in taken.items()}
    return {f"{prefix}ns_per_bar": round(ours / length, 1), **ratios}


def take_turns(ours: Callable[[], Arrays], kind: str, bars: Bars, rounds: int) -> dict[str, float]:
    """Nanoseconds of ours and of each peer on the same bars, medians; what they find agrees."""
    ours_ns: list[int] = []
    theirs_ns: dict[str, list[int]] = {}
    with ExitStack() as running:
        arms = {}
        for name in _PEERS:
            for more, keeps in (("", False), ("_keeping_memory", True)):
                peer = running.enter_context(PeerProcess("bar_peers.py", (name,), keeps_memory=keeps))
                arms[name + more] = (peer, peer.put("bars", columns_of(bars)), f"{kind}_{name}")
        for peer, path, arm in arms.values():
            check_alike(ours(), peer.run(arm, path)[0], arm)
        for _ in range(rounds):
            ours_ns.append(int(np.median([timed(ours)[1] for _ in range(_AT_ONCE)])))
            for name, (peer, path, arm) in arms.items():
                theirs_ns.setdefault(name, []).append(peer.run(arm, path)[1])
    return {"ours": float(np.median(ours_ns)), **{name: float(np.median(took)) for name, took in theirs_ns.items()}}


def check_alike(ours: Arrays, theirs: Arrays, arm: str) -> None:
    """Raises `TapedeckError` where a peer finds something else, once averages have settled.

    Numbers agree to 10⁻⁶ of their size in all bars but one of a thousand: where something is compared, as ranks are,
    a last bit may decide otherwise.
    """
    for name in theirs:
        one, other = np.asarray(ours[name])[_SETTLED:], np.asarray(theirs[name])[_SETTLED:]
        scale = max(1e-12, float(np.nanmedian(np.abs(one)))) if len(one) else 1.0
        # The last bars are in no whole longer bar of TA-Lib's arm.
        alike = np.isclose(one, other, rtol=1e-6, atol=1e-6 * scale, equal_nan=True)[:-24]
        if not len(alike) or alike.mean() < 0.999:
            apart = 1 - alike.mean() if len(alike) else 1.0
            raise TapedeckError(
                f"{arm} and tapedeck differ in {name} at {apart:.2%} of bars; one of them is wrong, so no time counts"
            )


def compiled_passes(*passes: Function) -> list[Function]:
    """Passes for numba. Raises `TapedeckError` where it is missing."""
    try:
        decorate = compiler()
    except ImportError as error:
        raise TapedeckError("this benchmark compiles passes, and numba is missing: install tapedeck[fast]") from error
    return [decorate(each) for each in passes]


def compiled_simple() -> Function:
    """The simple rule's score, compiled by a first call."""
    (scored,) = compiled_passes(score_pass)
    simple_scores(made_bars(600, 2), scored)
    return scored


def simple_scores(bars: Bars, scored: Function) -> tuple[Floats, Floats]:
    """The simple rule's score and average true range of each bar."""
    scores, ranges = np.empty(bars.length), np.empty(bars.length)
    scored(bars.highs, bars.lows, bars.closes, scores, ranges)
    return scores, ranges


def columns_of(bars: Bars) -> dict[str, Any]:
    """Bars as arrays by their names, for a peer."""
    names = ("times", "opens", "highs", "lows", "closes", "volumes")
    return {name: getattr(bars, name) for name in names}


def timed(work: Callable[..., Any], *given: object) -> tuple[Any, int]:
    """What `work` gives, and the nanoseconds of processor time it takes."""
    started_ns = time.process_time_ns()
    result = work(*given)
    return result, time.process_time_ns() - started_ns


SCREEN = Bench(
    "screen",
    "screening bars: compiled passes against pandas and TA-Lib, one simple rule and the whole screen",
    measure,
    {"ratio_vs_pandas": Target(">=", 20), "ratio_vs_talib": Target(">=", 5)},
)
