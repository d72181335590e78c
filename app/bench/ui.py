"""What the deck costs and how long a key waits: against Textual's own widgets, without load and under it."""

from collections.abc import Mapping, Sequence
from statistics import median

import numpy as np

from app.bench.report import Bench, Target
from app.bench.ui_rounds import Arm, Round, press_round, sender, watch_round

_ROUNDS = 4
_WATCH_S = 2.5
_PRESSES = 76
_SEED = 4
_FRAMES = 20_000
_RATE = 50_000
_SHOWN = {
    "live": Arm("live"),
    "static": Arm("static"),
    "datatable": Arm("datatable"),
    "live_30hz": Arm("live", hz=30),
}
_QUIET = ""
"""The arm without load: its figures have no suffix."""

Rounds = Mapping[str, Sequence[Round]]


def measure() -> dict[str, float]:
    """Medians of four rounds for CPU and rates, percentiles of all keys of four rounds for the time to paint.

    Each round runs every arm once, in turn, each in a fresh process. Takes about four minutes.
    """
    with sender(_FRAMES, _RATE) as at_50k, sender(_FRAMES, 0) as saturated:
        return ui_figures(at_50k, saturated, rounds=_ROUNDS, watch_s=_WATCH_S, presses=_PRESSES)


def ui_figures(at_50k: str, saturated: str, *, rounds: int, watch_s: float, presses: int) -> dict[str, float]:
    """The figures of so many rounds, with `presses` keys an arm and round; the senders are at these addresses."""
    loads = _loads(at_50k, saturated)
    generator = np.random.default_rng(_SEED)
    watched: dict[str, list[Round]] = {name: [] for name in _SHOWN}
    pressed: dict[str, list[Round]] = {name: [] for name in loads}
    for _ in range(rounds):
        for name, arm in _SHOWN.items():
            watched[name].append(watch_round(arm, watch_s))
        for name, arm in loads.items():
            pressed[name].append(press_round(arm, presses, generator))
    return {**cost_figures(watched), **key_figures(pressed)}


def _loads(at_50k: str, saturated: str) -> dict[str, Arm]:
    """The arms in which keys are pressed, by the suffix of their figures."""
    return {
        _QUIET: Arm(),
        "_at_50k": Arm(venue=at_50k),
        "_saturated": Arm(venue=saturated),
        "_attached_at_50k": Arm(venue=at_50k, attached=True),
        "_attached_saturated": Arm(venue=saturated, attached=True),
    }


def cost_figures(watched: Rounds) -> dict[str, float]:
    """What showing costs. `cpu_pct` is of one core; ratios are how many times more another widget needs for a change.

    By the change and not by the second: a widget that cannot keep up is given fewer changes.
    """
    live, static, datatable = (median(map(_cpu_s_a_step, watched[name])) for name in ("live", "static", "datatable"))
    return {
        "cpu_pct_10hz": round(_cpu_pct(watched["live"]), 2),
        "cpu_ratio_vs_static": round(static / live, 2),
        "cpu_ratio_vs_datatable": round(datatable / live, 2),
        "hz_reached_30": round(median(map(_hz, watched["live_30hz"])), 1),
        "hz_reached_10_datatable": round(median(map(_hz, watched["datatable"])), 1),
        "bytes_per_s": round(median(one.written_bytes / one.measured.wall_s for one in watched["live"])),
    }


def key_figures(pressed: Rounds) -> dict[str, float]:
    """How long keys wait, by the suffix of each arm; how late the loop was, and how many frames a second arrived."""
    figures: dict[str, float] = {"keys_n": min(sum(len(one.keys_ms) for one in rounds) for rounds in pressed.values())}
    for suffix, rounds in pressed.items():
        keys_ms = [time_ms for one in rounds for time_ms in one.keys_ms]
        lags_ms = [lag_ms for one in rounds for lag_ms in one.measured.lags_ms]
        figures[f"key_to_paint_ms_p50{suffix}"] = round(percentile(keys_ms, 50), 2)
        figures[f"key_to_paint_ms_p99{suffix}"] = round(percentile(keys_ms, 99), 2)
        figures[f"loop_lag_ms_p99{suffix}"] = round(percentile(lags_ms, 99), 2)
        figures[f"cpu_pct_keys{suffix}"] = round(_cpu_pct(rounds), 1)
        if suffix != _QUIET:
            figures[f"frames_per_s{suffix}"] = round(median(map(_frames_per_s, rounds)))
    return figures


def percentile(values: Sequence[float], percent: float) -> float:
    """The value at or below which `percent` of the values lie: one of them, the higher of two."""
    return float(np.percentile(values, percent, method="higher"))


def _cpu_s_a_step(one: Round) -> float:
    return one.measured.cpu_s / one.measured.steps


def _cpu_pct(rounds: Sequence[Round]) -> float:
    return median(100 * one.measured.cpu_s / one.measured.wall_s for one in rounds)


def _frames_per_s(one: Round) -> float:
    return one.measured.frames / one.measured.wall_s


def _hz(one: Round) -> float:
    return one.measured.paints / one.measured.wall_s


UI = Bench(
    "ui",
    "the deck's CPU and the time from a key to its paint, against Textual's widgets and under load",
    measure,
    {
        "cpu_ratio_vs_static": Target(">=", 5),
        "cpu_ratio_vs_datatable": Target(">=", 10),
        "hz_reached_30": Target(">=", 28),
        "key_to_paint_ms_p99": Target("<=", 25),
        "key_to_paint_ms_p99_at_50k": Target("<=", 20, times=1.5, of="key_to_paint_ms_p99"),
        "key_to_paint_ms_p99_saturated": Target("<=", 35, times=2, of="key_to_paint_ms_p99"),
    },
)
