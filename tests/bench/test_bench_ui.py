"""All arms show the same numbers, each key is counted, and targets that depend on a figure judge by it."""

import json
import re
from collections.abc import Iterator

import numpy as np
import pytest

from app.bench.blaster import Chunk, framed, fresh, templates
from app.bench.frames import make_frames
from app.bench.report import Bench, Target, lines
from app.bench.ui import UI, cost_figures, key_figures, percentile, ui_figures
from app.bench.ui_cells import CHANGED_ROWS, COLUMNS, PANELS, ROWS, Cells
from app.bench.ui_deck import BenchDeck
from app.bench.ui_meter import Measured
from app.bench.ui_panels import Kind
from app.bench.ui_rounds import Arm, Round, press_round, sender, watch_round
from app.core.clock import SystemClock
from app.core.errors import TapedeckError

STEPS = 6
WIDTH = 40
FRAMES = make_frames(400, 7, 1_790_000_000_000)


@pytest.fixture(scope="module")
def venue() -> Iterator[str]:
    with sender(400, 2_000) as url:
        yield url


def numbers_on(lines_shown: list[str]) -> list[list[list[str]]]:
    """The cells of each panel as they are read from the screen."""
    named = [line for line in lines_shown if re.search(r"C\d{3}", line)]
    return [
        [re.findall(r"C\d{3}|\d+\.\d", line[panel * WIDTH : (panel + 1) * WIDTH]) for line in named]
        for panel in range(PANELS)
    ]


async def shown_by(kind: Kind) -> tuple[list[list[list[str]]], Cells]:
    deck = BenchDeck(kind, 0.001, SystemClock())
    async with deck.run_test(size=(200, 50)) as pilot:
        for _ in range(STEPS):
            await pilot.pause()
            deck.paint()
        await pilot.pause()
        strips = deck.screen._compositor.render_strips()
        return numbers_on(["".join(segment.text for segment in strip) for strip in strips]), deck.cells


def round_of(*, cpu_s: float = 1.0, steps: int = 10, paints: int = 30, keys_ms: tuple[float, ...] = ()) -> Round:
    return Round(Measured(cpu_s, 1.0, steps, paints, 0, 0, [0.5]), list(keys_ms), 100)


def test_a_step_changes_a_fifth_of_the_rows_of_each_panel() -> None:
    cells, same = (Cells(np.random.default_rng(1)) for _ in range(2))
    changes = cells.step()
    assert len({(change.panel, change.row) for change in changes}) == PANELS * CHANGED_ROWS
    assert all(change.column > 0 and cells.values[change.panel][change.row][change.column] for change in changes)
    assert (same.step(), same.values) == (changes, cells.values)


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", ["live", "static", "datatable"])
async def test_every_arm_shows_the_same_numbers(kind: Kind) -> None:
    shown, cells = await shown_by(kind)
    expected = Cells(np.random.default_rng(1))
    for _ in range(STEPS):
        expected.step()
    assert cells.values == expected.values
    assert shown == [
        [[expected.text(panel, row, column).strip() for column in range(COLUMNS)] for row in range(ROWS)]
        for panel in range(PANELS)
    ]


def test_every_key_is_timed_and_every_frame_used_in_the_decks_own_process(venue: str) -> None:
    one = press_round(Arm(venue=venue), 5, np.random.default_rng(1))
    assert len(one.keys_ms) == 5
    assert all(time_ms > 0 for time_ms in one.keys_ms)
    assert one.measured.frames > 0
    assert one.measured.lags_ms
    assert one.written_bytes > 0


def test_every_key_is_timed_when_the_deck_is_attached(venue: str) -> None:
    one = press_round(Arm(venue=venue, attached=True), 5, np.random.default_rng(1))
    assert len(one.keys_ms) == 5
    assert one.measured.frames > 0


def test_a_round_without_keys_counts_paints_and_its_own_process_time() -> None:
    one = watch_round(Arm("live", hz=30), 0.3)
    assert one.keys_ms == []
    assert 0 < one.measured.paints <= one.measured.steps + 1
    assert 0 < one.measured.cpu_s <= 2 * one.measured.wall_s


def test_an_arm_that_cannot_run_is_an_error_and_not_a_figure() -> None:
    with pytest.raises(TapedeckError, match="did not show"):
        press_round(Arm(venue="ws://somewhere.else/ws"), 1, np.random.default_rng(1))


def test_figures_are_medians_of_rounds_and_percentiles_of_all_keys() -> None:
    live = [round_of(cpu_s=cpu_s) for cpu_s in (0.1, 0.05, 0.9)]
    others = {"static": [round_of(cpu_s=0.6)], "datatable": [round_of(cpu_s=0.5, steps=5)]}
    costs = cost_figures({"live": live, **others, "live_30hz": [round_of(paints=29)]})
    assert costs["cpu_pct_10hz"] == 10.0
    assert (costs["cpu_ratio_vs_static"], costs["cpu_ratio_vs_datatable"]) == (6.0, 10.0)
    assert (costs["hz_reached_30"], costs["bytes_per_s"]) == (29, 100)
    keys = key_figures({"": [round_of(keys_ms=(1, 2)), round_of(keys_ms=(3, 4, 5))], "_x": [round_of(keys_ms=(7, 9))]})
    assert keys["keys_n"] == 2
    assert (keys["key_to_paint_ms_p50"], keys["key_to_paint_ms_p99"], keys["key_to_paint_ms_p99_x"]) == (3, 5, 9)
    assert percentile([float(value) for value in range(1, 301)], 99) == 298


def test_every_arm_is_run_in_every_round(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[Arm] = []

    def take(arm: Arm, *_: object) -> Round:
        ran.append(arm)
        return round_of(keys_ms=(1.0,) * 50)

    for name in ("watch_round", "press_round"):
        monkeypatch.setattr(f"app.bench.ui.{name}", take)
    figures = ui_figures("ws://a", "ws://b", rounds=2, watch_s=0, presses=50)
    assert figures["keys_n"] == 100
    assert ran[: len(ran) // 2] == ran[len(ran) // 2 :]
    assert len(set(ran)) == 8
    assert set(UI.targets) <= set(figures)


def test_a_target_below_at_most_and_at_least() -> None:
    judged = {sense: [Target(sense, 5).met(value, {}) for value in (4, 5, 6)] for sense in ("<", "<=", ">=")}
    assert judged == {"<": [True, False, False], "<=": [True, True, False], ">=": [False, True, True]}
    assert not Target("<=", 5).met(float("nan"), {})


@pytest.mark.parametrize(("quiet", "loaded", "verdict"), [(10, 20, "PASS"), (10, 21, "FAIL"), (20, 30, "PASS")])
def test_a_target_that_depends_on_another_figure(quiet: float, loaded: float, verdict: str) -> None:
    target = Target("<=", 20, times=1.5, of="quiet")
    bench = Bench("b", "about", dict, {"loaded": target})
    line = lines(bench, {"quiet": quiet, "loaded": loaded})[1]
    assert (line.verdict, line.target) == (verdict, f"<= {max(20, 1.5 * quiet):g}")


def test_frames_that_are_sent_again_are_new_ones() -> None:
    chunks = templates(FRAMES)
    assert sum(chunk.frames for chunk in chunks) == len(FRAMES)
    first, second = (b"".join(fresh(chunk, number, 1_790_000_123_456) for chunk in chunks) for number in (0, 1))
    ids = [set(re.findall(rb'"tid":(\d+)', sent)) for sent in (first, second)]
    assert len(ids[0]) == len(ids[1]) == sum(frame.count(b'"tid"') for frame in FRAMES)
    assert not ids[0] & ids[1]
    assert max(map(int, ids[1])) < 2**53
    assert set(re.findall(rb'"time":(\d+)', second)) == {b"1790000123456"}
    assert len(first) == len(second)


def test_a_frame_keeps_its_frame_when_it_is_filled_in() -> None:
    trade = b'{"channel":"trades","data":[{"px":"1.5","time":7,"tid":8}]}'
    chunk = templates([trade])[0]
    sent = fresh(chunk, 3, 1_790_000_000_000)
    body = sent[2:]
    assert framed(body) == sent
    assert json.loads(body)["data"] == [{"px": "1.5", "time": 1_790_000_000_000, "tid": 100_003_000_000_000}]
    assert chunk == Chunk(chunk.data, 1)
