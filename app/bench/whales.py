"""Following 500 traders on the simulated venue, with its limits enforced, in real time: how late, how fresh, how dear.

Nothing is measured before every trader's positions are known and the past of the markets has come: until then the
request budget is shared with questions that are asked once. Latencies with a target are those of whales: accounts from
`alerts.whale_usd` on, who go before the others; `move_latency_ms` is that of everybody.
"""

import asyncio
import tempfile
from pathlib import Path

from app.bench.report import Bench, Target
from app.bench.ui import percentile
from app.bench.whales_leaderboard import measure_leaderboard
from app.bench.whales_watch import Watch
from app.config.settings import DemoSettings, MarketsSettings, Settings
from app.config.whale_settings import AlertsSettings, WhalesSettings
from app.core.clock import Clock, SystemClock
from app.core.errors import TapedeckError
from app.engine.venue_run import RunFiles, VenueRun, demo_source
from app.whales.saving import SavedCounts

_TRACKED, _COINS, _SEED = 500, 30, 7
_WARM_S, _MEASURED_S, _SETTLE_S = 420.0, 300.0, 125.0
_LOOK_S = 0.25


def measure() -> dict[str, float]:
    """Some minutes of the simulated venue, then a leaderboard of the real one's size."""
    with tempfile.TemporaryDirectory(prefix="tapedeck-bench-") as folder:
        followed = asyncio.run(_follow(Path(folder) / "bench.sqlite", SystemClock()))
    return {**followed, **measure_leaderboard()}


def bench_settings() -> Settings:
    """All moves of more than 5,000 USD are told, so that there are enough alerts to measure in five minutes."""
    return Settings(
        demo=DemoSettings(seed=_SEED, coins=_COINS),
        markets=MarketsSettings(top=_COINS),
        whales=WhalesSettings(tracked=_TRACKED),
        alerts=AlertsSettings(minimum_usd=5_000.0, minimum_equity_share=0.0, cool_down_s=0.0),
    )


async def _follow(database: Path, clock: Clock) -> dict[str, float]:
    settings = bench_settings()
    run = VenueRun(demo_source(settings), settings, clock, RunFiles(database=database))
    watch = Watch(run, clock)
    await run.start(lambda: None)
    try:
        waited_s = await _warm_up(run, watch)
        watch.begin()
        saved = run.core.whales.positions.saving.counts
        await _look(watch, _MEASURED_S)
        watch.end()
        await _look(watch, _SETTLE_S)
        return {"warm_up_s": waited_s, **_results(watch, saved)}
    finally:
        await run.stop()


async def _warm_up(run: VenueRun, watch: Watch) -> float:
    """Seconds until all that is asked once has come. Raises `TapedeckError` when that takes too long."""
    waited_s = 0.0
    while waited_s < _WARM_S:
        await _look(watch, 1.0)
        waited_s += 1.0
        whales, waiting = run.core.whales, run.core.questions_waiting
        if whales.roster.members and not whales.stale and waiting < len(run.core.markets) // 2:
            return waited_s
    raise TapedeckError(f"not all of {_TRACKED} traders were seen within {_WARM_S:g} s; see `tapedeck demo`")


async def _look(watch: Watch, seconds: float) -> None:
    for _ in range(round(seconds / _LOOK_S)):
        await asyncio.sleep(_LOOK_S)
        watch.look()


def _results(watch: Watch, before: SavedCounts) -> dict[str, float]:
    counts = watch.run.core.whales.positions.saving.counts
    seen, saved = counts.seen - before.seen, counts.saved - before.saved
    return {
        "tracked": float(len(watch.run.core.whales.refreshing.tracked)),
        "moves": float(len(watch.moves_ms)),
        "move_latency_ms_p50": round(percentile(watch.moves_ms, 50), 1),
        "move_latency_ms_p95": round(percentile(watch.moves_ms, 95), 1),
        "whale_moves": float(len(watch.whale_moves_ms)),
        "alerts": float(len(watch.alerts_ms)),
        "alert_latency_ms_p50": round(percentile(watch.alerts_ms, 50), 1),
        "alert_latency_ms_p95": round(percentile(watch.alerts_ms, 95), 1),
        "signal_latency_ms_p50": round(percentile(watch.whale_moves_ms, 50), 1),
        "signal_latency_ms_p95": round(percentile(watch.whale_moves_ms, 95), 1),
        "missed": float(watch.missed()),
        "weight_per_min_max": float(watch.most_weight),
        "age_s_p99": round(percentile(watch.ages_s, 99), 1),
        "age_s_max": round(max(watch.ages_s), 1),
        "rows_saved_pct": round(100 * (1 - saved / seen), 1) if seen else float("nan"),
    }


WHALES = Bench(
    name="whales",
    about="following 500 traders on the simulated venue: alerts, freshness, request weight, the leaderboard",
    measure=measure,
    targets={
        "tracked": Target(">=", _TRACKED),
        "alerts": Target(">=", 20),
        "alert_latency_ms_p50": Target("<=", 500),
        "alert_latency_ms_p95": Target("<=", 2_000),
        "signal_latency_ms_p95": Target("<", 1_000),
        "missed": Target("<=", 0),
        "weight_per_min_max": Target("<=", 1_200),
        "age_s_p99": Target("<=", 120),
        "age_s_max": Target("<=", 120),
        "rows_saved_pct": Target(">=", 85),
        "leaderboard_parse_s": Target("<", 1),
        "leaderboard_peak_mb": Target("<", 150),
    },
)
