"""The shared recordings give the counts and rates that docs/tokens.md names, and no feature that leaks."""

from pathlib import Path

import numpy as np
import pytest

from app.measures.returns import Floats
from app.training.launch_files import read_hourly_mints
from app.training.pool_history import HOUR_S, Histories
from app.training.tokens_data import (
    Samples,
    Sampling,
    base_rate,
    read_five_minute_candles,
    read_hourly_candles,
    read_paths,
    samples_of,
)

SHARED = Path(__file__).parents[3] / "shared"
LAUNCHES, WIRE = SHARED / "data" / "launches", SHARED / "wire" / "solana-tokens"
pytestmark = [pytest.mark.real, pytest.mark.skipif(not LAUNCHES.exists(), reason="needs ../shared")]


@pytest.fixture(scope="module")
def paths() -> Histories:
    return read_paths(LAUNCHES)


@pytest.fixture(scope="module")
def first_hours(paths: Histories) -> Samples:
    """Each pool that lives at an age of one hour, once."""
    return samples_of(paths.pools, Sampling(most_a_pool=1))


def area_under_curve(truth: Floats, score: Floats) -> float:
    """Share of pairs of a true and a false row in which the true one scores higher; a tie counts half."""
    _, places, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    true, false = int(truth.sum()), int((1 - truth).sum())
    return float((ranks[truth == 1].sum() - true * (true + 1) / 2) / (true * false))


def test_every_path_is_read(paths: Histories) -> None:
    assert (len(paths.pools), paths.bad_rows, paths.passed_over) == (1_269, 0, 12)
    listed = [pool.is_listed_scam for pool in paths.pools]
    assert (listed.count(True), listed.count(False), listed.count(None)) == (900, 31, 338)
    assert sum(len(pool.path.time_s) for pool in paths.pools if pool.path is not None) == 99_352


def test_updates_of_the_first_hour_tell_scams_as_they_are_known_to(paths: Histories) -> None:
    listed = [pool for pool in paths.pools if pool.is_listed_scam is not None]
    counts = [int((pool.path.time_s <= (pool.born_s or 0) + HOUR_S).sum()) for pool in listed if pool.path is not None]
    truth = np.array([float(bool(pool.is_listed_scam)) for pool in listed])
    assert area_under_curve(truth, np.array(counts, dtype=np.float64)) == pytest.approx(0.785, abs=0.0005)


@pytest.mark.parametrize(("label", "known", "share"), [("is_listed_scam", 618, 0.953), ("rugs", 864, 0.595)])
def test_no_feature_of_the_first_hour_leaks(first_hours: Samples, label: str, known: int, share: float) -> None:
    samples = first_hours
    rate = base_rate(samples, label)
    assert (rate.n, rate.tokens) == (known, known)
    assert rate.share == pytest.approx(share, abs=0.0005)
    rows = np.isfinite(samples.label(label))
    truth, features = samples.label(label)[rows], samples.features[rows].astype(np.float64)
    varying = np.flatnonzero(np.ptp(features, axis=0) > 0)
    found = [abs(area_under_curve(truth, features[:, column]) - 0.5) for column in varying.tolist()]
    # A life's length and a life's updates would reach 0.996 and 0.937.
    assert max(found) < 0.79 - 0.5


def test_base_rates_of_a_part_of_the_paths(paths: Histories) -> None:
    samples = samples_of(paths.pools[::20])
    assert len(samples.at_s) > 500
    gain, high = samples.label("gain_pct"), samples.label("high_gain_pct")
    known = np.isfinite(gain)
    assert (high[known] >= gain[known]).all()
    # Crumbs of emptied pools would make gains of more than a million percent.
    assert gain[known].max() < 1_000
    assert 0.03 < base_rate(samples, "rises").share < 0.2
    assert 0.15 < base_rate(samples, "rugs").share < 0.45


def rates_before_costs(histories: Histories) -> tuple[int, float, float]:
    """Hours that follow a traded one, and the shares whose close and whose high is 3 % above the close before."""
    closes: list[float] = []
    highs: list[float] = []
    for pool in histories.pools:
        follows = np.diff(pool.table.time_s) == HOUR_S
        before = pool.table.close[:-1][follows]
        closes += (pool.table.close[1:][follows] / before >= 1.03).tolist()
        highs += (pool.table.high[1:][follows] / before >= 1.03).tolist()
    return len(closes), float(np.mean(closes)), float(np.mean(highs))


def test_candles_give_no_rugs_and_the_rates_that_are_known() -> None:
    hourly = read_hourly_candles(LAUNCHES)
    archive = Histories(tuple(pool for pool in hourly.pools if pool.source == "solana 1h files"))
    assert rates_before_costs(archive) == pytest.approx((19_472, 0.242, 0.430), abs=0.0005)
    mints = read_hourly_mints(WIRE / "geckoterminal_ohlcv_hour_by_mint_first60pct.json", "pump.fun 1h")
    assert rates_before_costs(mints) == pytest.approx((11_863, 0.213, 0.351), abs=0.0005)
    assert (len(hourly.pools), hourly.bad_rows, len(mints.pools), mints.bad_rows) == (111, 0, 173, 0)
    samples = samples_of(hourly.pools[::10], slot_s=HOUR_S)
    assert base_rate(samples, "rugs").n == 0
    assert base_rate(samples, "rises").n > 300


def test_five_minute_candles() -> None:
    histories = read_five_minute_candles(LAUNCHES)
    samples = samples_of(histories.pools)
    assert (len(samples.at_s), base_rate(samples, "rises").n, histories.bad_rows) == (96, 96, 0)
    assert base_rate(samples, "rises").share == pytest.approx(0.469, abs=0.0005)
