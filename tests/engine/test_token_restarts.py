"""Predictions whose horizons end after their run are labelled by a later one, with what an unbroken run would say."""

from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
from core_driver import START_MS
from hypothesis import given
from hypothesis import strategies as st
from token_client import KnownLaunches, known
from token_driver import TokenDriver
from virtual_loop import VirtualClock, VirtualLoop, run_virtual

from app.config.settings import StoreSettings
from app.core.errors import DataError
from app.engine.core import Core
from app.engine.token_shelf import saved_tokens
from app.engine.token_state import RestoreTokens
from app.store.store import Store
from app.store.token_tables import StoredPrediction, StoredTokenOutcome
from app.tokens.labels import RISE_HORIZON_S, RUG_HORIZON_S, Entry
from app.tokens.open_predictions import decode_open, encode_open
from app.tokens.outcomes import MOST_OPEN, Outcomes, Predicted

_HOUR_S = 3_600


def _driver(rows: list[object], now_ms: int = START_MS) -> TokenDriver:
    """A run that watches one token, two hours old at the start, and notes what it stores."""
    driver = TokenDriver(KnownLaunches([known(0, 0)._replace(created_s=START_MS // 1_000 - 2 * _HOUR_S)]))
    driver.core.journal.keep = rows.append
    driver.now_ms = now_ms
    return driver


def _stored(path: Path, rows: list[object], now_ms: int) -> tuple[bytes, str]:
    """What a run that begins at `now_ms` finds in a database that holds these rows."""

    async def main(loop: VirtualLoop) -> tuple[bytes, str]:
        store = Store(path, StoreSettings(), VirtualClock(loop))
        await store.open()
        for row in rows:
            if isinstance(row, StoredPrediction | StoredTokenOutcome):
                store.put(row)
        await store.flush()
        try:
            return await saved_tokens(store, now_ms)
        finally:
            await store.close()

    return run_virtual(main)


def _outcomes(rows: list[object], horizon_s: int) -> list[StoredTokenOutcome]:
    return [row for row in rows if isinstance(row, StoredTokenOutcome) and row.horizon_s == horizon_s]


def _labels(outcome: StoredTokenOutcome) -> tuple[object, ...]:
    return (outcome.at_ms, outcome.rises, outcome.gain_pct, outcome.falls, outcome.drains, outcome.reason)


def test_what_a_run_left_open_is_labelled_by_the_next_as_one_run_would_have(tmp_path: Path) -> None:
    first: list[object] = []
    driver = _driver(first)
    driver.begin()
    driver.run(700)
    made = [row for row in first if isinstance(row, StoredPrediction)]
    assert len(made) == 3
    assert not any(isinstance(row, StoredTokenOutcome) for row in first)
    driver.now_ms += 2 * _HOUR_S * 1_000
    driver.run(1_300)
    unbroken = _outcomes(first, _HOUR_S)[:3]

    back_ms = START_MS + 25 * _HOUR_S * 1_000
    saved, trouble = _stored(tmp_path / "demo.sqlite", list(made), back_ms)
    assert (bool(saved), trouble) == (True, "")
    second: list[object] = []
    later = _driver(second, back_ms)
    later.begin(RestoreTokens("demo", has_key=False, saved=saved))
    later.run(120)
    hours, days = _outcomes(second, RISE_HORIZON_S), _outcomes(second, RUG_HORIZON_S)
    assert [_labels(row) for row in hours[:3]] == [_labels(row) for row in unbroken]
    assert [(row.at_ms, row.falls, row.drains) for row in days] == [(row.at_ms, False, False) for row in made]
    assert "6 outcomes of earlier predictions are waited for" in [line.text for line in later.core.journal.log_tail]

    replayed: list[object] = []
    core = Core("tape", later.settings)
    core.journal.keep = replayed.append
    for record in later.records:
        core.dispatch(record)
    assert _outcomes(replayed, RUG_HORIZON_S) == days


def test_what_has_its_outcome_or_is_too_old_is_left(tmp_path: Path) -> None:
    rows: list[object] = []
    driver = _driver(rows)
    driver.begin()
    driver.run(_HOUR_S + 700)
    made = [row for row in rows if isinstance(row, StoredPrediction)]
    labelled = {row.at_ms for row in _outcomes(rows, _HOUR_S)}
    assert 0 < len(labelled) < len(made)
    saved, _ = _stored(tmp_path / "demo.sqlite", rows, driver.now_ms)
    [token] = decode_open(saved)
    assert (token.mint, [each.at_ms for each in token.predictions]) == (made[0].mint, [row.at_ms for row in made])
    assert {each.at_ms for each in token.predictions if not each.waits_for_hour} == labelled
    assert all(each.waits_for_day for each in token.predictions)
    assert _stored(tmp_path / "again.sqlite", rows, driver.now_ms + 80 * _HOUR_S * 1_000) == (b"", "")


def test_a_recording_that_begins_midway_holds_what_is_open_then() -> None:
    rows: list[object] = []
    driver = _driver(rows)
    driver.begin()
    driver.run(10)
    noted = driver.core.tokens.as_begun()
    assert noted is not None
    [token] = decode_open(noted.saved)
    assert [each.at_ms for each in token.predictions] == [
        row.at_ms for row in rows if isinstance(row, StoredPrediction)
    ]


@pytest.mark.parametrize("saved", [b"\x00", b"\xc1", b"[]", b"\x91\x93\xa1m\xa1p\x91\x96\xff\x00\x00\x00\xc3\xc3"])
def test_what_cannot_be_read_is_told_of_and_the_run_goes_on(saved: bytes) -> None:
    driver = _driver([])
    driver.begin(RestoreTokens("demo", has_key=False, saved=saved))
    driver.run(10)
    assert any("earlier predictions stay without an outcome" in line.text for line in driver.core.journal.log_tail)
    assert len(driver.judged) == 1


def test_a_database_that_cannot_be_read_is_told_of(tmp_path: Path) -> None:
    async def main(loop: VirtualLoop) -> tuple[bytes, str]:
        store = Store(tmp_path / "demo.sqlite", StoreSettings(), VirtualClock(loop))
        await store.open()
        await store.close()
        return await saved_tokens(store, START_MS)

    saved, trouble = run_virtual(main)
    assert (saved, bool(trouble)) == (b"", True)


_ENTRIES = st.builds(
    Entry, st.integers(0, 2**40), st.floats(1e-12, 1e12), st.one_of(st.none(), st.floats(0, 1e12)),
)  # fmt: skip
_PREDICTED = st.builds(
    Predicted, st.sampled_from(["a", "b"]), st.sampled_from(["p", "q"]), st.integers(0, 2**50), _ENTRIES
)
_HORIZONS = st.sets(st.sampled_from([RISE_HORIZON_S, RUG_HORIZON_S]), min_size=1).map(frozenset)


@given(st.dictionaries(_PREDICTED, _HORIZONS, max_size=12))
def test_what_is_open_survives_the_way_into_the_next_run(waiting: dict[Predicted, frozenset[int]]) -> None:
    outcomes = Outcomes()
    outcomes.restore((each for token in decode_open(encode_open(waiting)) for each in token.predicted()), 0)
    assert outcomes.waiting() == waiting


@given(st.binary(max_size=60))
def test_no_bytes_bring_more_than_a_refusal(saved: bytes) -> None:
    with suppress(DataError):
        assert isinstance(decode_open(saved), tuple)


def test_more_than_a_run_can_have_open_is_refused_before_it_costs_time() -> None:
    one = msgspec.msgpack.encode((1, 1, 1.0, None, True, True))
    count = 2 * MOST_OPEN + 1
    many = b"\x91\x93\xa1m\xa1p\xdd" + count.to_bytes(4, "big") + one * count
    with pytest.raises(DataError, match="no run has so many"):
        decode_open(many)
    with pytest.raises(DataError, match="no run has so many"):
        decode_open(bytes(8_000_001))
