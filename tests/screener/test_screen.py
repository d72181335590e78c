"""The screen and its file: who passes, what is told of them, and that a later bar changes nothing."""

import json
import os
from datetime import datetime
from pathlib import Path

import msgspec
import numpy as np
import pytest
from bar_samples import START_MS, market, some_bars
from hypothesis import given
from hypothesis import strategies as st

from app.config.load import build, check_file
from app.config.locations import shipped
from app.config.screener_settings import BatchModeSettings
from app.config.sources import from_file
from app.core.errors import DataError, UsageError
from app.markets.bar_table import BarTable
from app.screener.bars import HOUR_MS, Bars, check_bars, moment_text
from app.screener.candidates_file import (
    candidate_lines,
    check_free,
    read_sidecar,
    sidecar_of,
    sidecar_path,
    write_candidates,
)
from app.screener.features import FeatureRow, FeatureStream
from app.screener.screen import (
    FLAGS,
    Screened,
    candidates,
    passes,
    passing,
    screen,
    settings_sha256,
    thresholds_of,
)

EVER_MS = 1 << 50
WIDE = BatchModeSettings(minimum_score=0.4)
screens = st.builds(
    BatchModeSettings,
    sentinels=st.lists(st.sampled_from(sorted(FLAGS)), min_size=1, max_size=5).map(tuple),
    minimum_score=st.sampled_from([0.0, 0.3, 0.5, 0.7]),
    atr_percentile=st.sampled_from([0.3, 0.8]),
    volume_sigma=st.sampled_from([0.5, 2.0]),
    session_gap_h=st.sampled_from([0.0, 2.0]),
    maximum_missing=st.just(1.0),
)
SHIPPED = sorted((shipped("configs") / "screener").glob("*.toml"))


def times_of(screened: Screened, settings: BatchModeSettings) -> list[int]:
    return [round(datetime.fromisoformat(each.timestamp).timestamp() * 1000) for each in candidates(screened, settings)]


@given(some_bars(longest=900), screens)
def test_candidates_are_the_bars_that_a_stream_lets_pass(bars: Bars, settings: BatchModeSettings) -> None:
    stream = FeatureStream(thresholds_of(settings, bars.interval_ms))
    rows = [
        stream.add(time, (opened, high, low, close), volume)
        for time, opened, high, low, close, volume in zip(*(column.tolist() for column in bars[3:]), strict=True)
    ]
    passed = [int(time) for time, row in zip(bars.times, rows, strict=True) if passes(row, settings)]
    assert times_of(screen(bars, settings, 0, EVER_MS), settings) == passed


@given(some_bars(longest=900), screens, st.floats(0.5, 1))
def test_no_later_bar_moves_a_candidate(bars: Bars, settings: BatchModeSettings, cut: float) -> None:
    end_ms = int(bars.times[int(cut * (bars.length - 1))])
    whole, part = screen(bars, settings, 0, EVER_MS), screen(bars, settings, 0, end_ms)
    told = [each for each in candidates(whole, settings) if each.timestamp <= moment_text(end_ms)]
    assert candidates(part, settings) == told


@given(some_bars(longest=900), screens, st.floats(0, 1))
def test_a_later_start_leaves_out_and_changes_nothing(bars: Bars, settings: BatchModeSettings, cut: float) -> None:
    start_ms = int(bars.times[int(cut * (bars.length - 1))])
    whole, part = screen(bars, settings, 0, EVER_MS), screen(bars, settings, start_ms, EVER_MS)
    assert times_of(part, settings) == [time for time in times_of(whole, settings) if time >= start_ms]
    assert part.length == np.count_nonzero(bars.times >= start_ms)


def test_each_setting_lets_fewer_pass_the_stricter_it_is() -> None:
    bars = market(3_000, 4, gaps=0.01)
    found = screen(bars, WIDE, 0, EVER_MS)
    assert 0 < found.share < 1
    assert found.unknown == np.isnan(found.features.score).sum() > 400
    for stricter in (
        msgspec.structs.replace(WIDE, minimum_score=0.7),
        msgspec.structs.replace(WIDE, sentinels=("volume_spike",)),
        msgspec.structs.replace(WIDE, volume_sigma=4.0),
    ):
        fewer = screen(bars, stricter, 0, EVER_MS).passed
        assert 0 < np.count_nonzero(fewer) < np.count_nonzero(found.passed)
        assert not (fewer & ~found.passed).any()


def test_what_a_candidate_tells_is_what_struck() -> None:
    bars = market(3_000, 4, gaps=0.03)
    settings = msgspec.structs.replace(WIDE, session_gap_h=0.0)
    screened = screen(bars, settings, 0, EVER_MS)
    told = candidates(screened, settings)
    words = {"SMA 20", "SMA 50", "ATR regime changed", "volume spike", "session break (1 h without a bar)"}
    assert all(any(word in each.reason for each in told) for word in words)
    places = np.flatnonzero(screened.passed).tolist()
    for place, each in zip(places, told, strict=True):
        struck = sum(flag > 0 for flag in FLAGS.values() if screened.features.sentinels[place] & flag)
        assert len(each.reason.split("; ")) == struck
        assert ("above SMA 20" in each.reason) <= (bars.closes[place] > screened.features.sma_20[place])
        assert each.side == ("long" if screened.features.side[place] > 0 else "short")
        assert each.score == pytest.approx(screened.features.score[place], abs=1e-6)
    assert {each.side for each in told} == {"long", "short"}


def test_a_bar_whose_trends_cancel_out_is_no_candidate() -> None:
    features = screen(market(3_000, 4), WIDE, 0, EVER_MS).features
    assert passing(features, WIDE).any()
    assert not passing(features._replace(side=np.zeros_like(features.side)), WIDE).any()
    row = FeatureRow(*(0.0,) * 13, sentinels=1, score=0.9, side=1)
    assert passes(row, WIDE)
    assert not passes(row._replace(side=0), WIDE)


def test_only_the_wanted_sentinels_are_told() -> None:
    settings = msgspec.structs.replace(WIDE, sentinels=("volume_spike",))
    told = candidates(screen(market(3_000, 4), settings, 0, EVER_MS), settings)
    assert told
    assert all(each.reason.startswith("volume spike (") and ";" not in each.reason for each in told)


def test_flat_bars_without_volume_are_no_candidates_and_no_trouble() -> None:
    times = START_MS + np.arange(900, dtype=np.int64) * HOUR_MS
    flat = {name: np.full(900, 5.0) for name in ("open", "high", "low", "close")}
    bars = check_bars("flat", BarTable(times, {**flat, "volume": np.zeros(900)}))
    screened = screen(bars, msgspec.structs.replace(WIDE, minimum_score=0.0), 0, EVER_MS)
    assert not screened.passed.any()
    assert not np.isnan(screened.features.score[-1])


def test_too_many_holes_and_an_empty_span_are_refused() -> None:
    bars = market(400, 1, gaps=0.2)
    with pytest.raises(DataError, match=r"bars are missing, more than batch_mode\.maximum_missing = 0\.1 allows"):
        screen(bars, BatchModeSettings(), 0, EVER_MS)
    assert screen(bars, BatchModeSettings(maximum_missing=0.5), 0, EVER_MS).length == bars.length
    with pytest.raises(DataError, match=r"holds no bar from 2035-.* on, its last is of 2025-01-1.*; name another span"):
        screen(market(400, 1), BatchModeSettings(), START_MS + 10 * 366 * 24 * HOUR_MS, EVER_MS)


def test_the_hash_is_of_the_values_of_all_settings() -> None:
    assert settings_sha256(BatchModeSettings()) == settings_sha256(BatchModeSettings(minimum_score=0.75))
    assert settings_sha256(BatchModeSettings()) != settings_sha256(WIDE)
    # What a backtest does with candidates changes none.
    assert settings_sha256(BatchModeSettings(candidate_window_bars=9)) == settings_sha256(BatchModeSettings())


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_screens_are_settings_of_batch_mode_alone(path: Path) -> None:
    assert all(value.key.startswith("batch_mode.") for value in from_file(path, trusted=True))
    assert (check_file(path).batch_mode == BatchModeSettings()) == (path.stem == "balanced")
    assert build(from_file(path)).batch_mode == check_file(path).batch_mode


def test_shipped_screens_are_in_order() -> None:
    bars = market(8_000, 2)
    strict, balanced, wide = (
        passing(screen(bars, settings, 0, EVER_MS).features, settings)
        for settings in (check_file(shipped("configs") / "screener" / f"{name}.toml").batch_mode
                         for name in ("strict", "balanced", "wide"))
    )  # fmt: skip
    assert 0 < np.count_nonzero(strict) < np.count_nonzero(balanced) < np.count_nonzero(wide)


def test_a_file_of_candidates_and_its_sidecar(tmp_path: Path) -> None:
    bars = market(3_000, 4)
    screened = screen(bars, WIDE, int(bars.times[1_000]), int(bars.times[2_000]))
    lines = candidate_lines(screened, WIDE)
    path = tmp_path / "candidates.jsonl"
    for _ in range(2):  # a file that a screen wrote may be written again
        write_candidates(path, lines, sidecar_of(bars, screened, WIDE, lines.count(b"\n")))
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [set(row) for row in rows] == [{"timestamp", "side", "score", "reason"}] * len(rows)
    sidecar = read_sidecar(path)
    assert sidecar is not None
    assert (sidecar.bars.sha256, sidecar.settings_sha256) == (bars.sha256, settings_sha256(WIDE))
    assert (sidecar.start, sidecar.end) == (moment_text(int(bars.times[1_000])), moment_text(int(bars.times[2_000])))
    assert (sidecar.candidates, sidecar.settings) == (len(rows), WIDE.screen)
    assert sorted(each.name for each in tmp_path.iterdir()) == [path.name, sidecar_path(path).name]


@pytest.mark.parametrize("beside", [None, b"", b"{}", b"[" * 60_000, b"\xff"])
def test_a_file_that_no_screen_wrote_is_never_written_over(tmp_path: Path, beside: bytes | None) -> None:
    path = tmp_path / "trades.jsonl"
    path.write_text("mine\n", encoding="utf-8")
    if beside is not None:
        sidecar_path(path).write_bytes(beside)
    bars = market(600, 4)
    screened = screen(bars, WIDE, 0, EVER_MS)
    with pytest.raises(UsageError, match="was not written by a screen"):
        write_candidates(path, b"", sidecar_of(bars, screened, WIDE, 0))
    assert path.read_text(encoding="utf-8") == "mine\n"
    with pytest.raises(UsageError, match="is no folder"):
        check_free(tmp_path / "none" / "x.jsonl")


def test_a_pipe_beside_a_file_of_candidates_is_no_sidecar(tmp_path: Path) -> None:
    path = tmp_path / "trades.jsonl"
    os.mkfifo(sidecar_path(path))
    assert read_sidecar(path) is None


def test_a_disk_that_takes_nothing_is_told(tmp_path: Path) -> None:
    bars = market(600, 4)
    screened = screen(bars, WIDE, 0, EVER_MS)
    path = tmp_path / ("x" * 250)
    with pytest.raises(DataError, match="cannot be written"):
        write_candidates(path, b"", sidecar_of(bars, screened, WIDE, 0))
    assert list(tmp_path.iterdir()) == []
