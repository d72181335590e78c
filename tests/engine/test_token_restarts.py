"""Predictions whose horizons end after their run are labelled by a later one, with what an unbroken run would say; so
are claims graded, and outcomes of both count for calibration."""

import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
from core_driver import START_MS
from hypothesis import given
from hypothesis import strategies as st
from token_client import KnownLaunches, known
from token_driver import GOOD, TokenDriver
from virtual_loop import VirtualClock, VirtualLoop, run_virtual, sqlite_at_once

from app.config.settings import StoreSettings
from app.core.calls import Call
from app.core.errors import DataError
from app.core.record import Kind, Record
from app.engine import token_shelf
from app.engine.core import Core
from app.engine.saved_before import saved_before
from app.engine.token_shelf import saved_tokens
from app.engine.token_state import RestoreTokens
from app.scorecards.grader import Graded
from app.store.store import Store
from app.store.token_tables import StoredPrediction, StoredTokenOutcome
from app.tokens import outcomes as outcomes_module
from app.tokens.claims import NOT_WAITED_FOR
from app.tokens.labels import RISE_HORIZON_S, RUG_HORIZON_S, Entry
from app.tokens.outcomes import MOST_OPEN, Outcomes, Predicted, Said
from app.tokens.saved_predictions import CountedOutcome, SavedPredictions, decode_saved, encode_saved, open_tokens

_HOUR_S = 3_600


def _driver(rows: list[object], now_ms: int = START_MS) -> TokenDriver:
    """A run that watches one token, two hours old at the start, and notes what it stores."""
    driver = TokenDriver(KnownLaunches([known(0, 0)._replace(created_s=START_MS // 1_000 - 2 * _HOUR_S)]))
    driver.core.journal.keep = rows.append
    driver.now_ms = now_ms
    return driver


def _stored(path: Path, rows: Sequence[object], now_ms: int) -> tuple[bytes, str]:
    """What a run that begins at `now_ms` finds in a database that holds these rows."""

    async def main(loop: VirtualLoop) -> tuple[bytes, str]:
        store = Store(path, StoreSettings(), VirtualClock(loop))
        await store.open()
        for row in rows:
            if isinstance(row, StoredPrediction | StoredTokenOutcome | Call | Graded):
                store.put(row.outcome if isinstance(row, Graded) else row)
        await store.flush()
        try:
            return await saved_before(store, lambda reader: saved_tokens(reader, now_ms))
        finally:
            await store.close()

    with sqlite_at_once():
        found: tuple[bytes, str] = run_virtual(main)
    return found


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


def _calls(rows: list[object]) -> list[Call]:
    return [row for row in rows if isinstance(row, Call) and row.claimant.startswith("token")]


def _graded(rows: list[object], calls: list[Call]) -> list[tuple[str, bool | None, str]]:
    """What became of these calls, in the order of their being decided."""
    ids = {call.call_id for call in calls}
    decided = [row for row in rows if isinstance(row, Graded) and row.call.call_id in ids]
    return [(row.call.call_id, row.outcome.event_happened, row.outcome.reason) for row in decided]


def _counts(driver: TokenDriver) -> list[tuple[int, float | None]]:
    return [(score.n, score.brier) for score in driver.desk.trust.view().scores]


def _left_open() -> tuple[list[object], list[Call]]:
    """What a run of twelve minutes keeps, and its claims: of a rise and of a rug, each with its twin."""
    rows: list[object] = []
    driver = _driver(rows)
    driver.begin()
    driver.run(700)
    driver.core.finish()
    calls = _calls(rows)
    assert [(call.kind, call.claimant) for call in calls] == [
        (kind, claimant) for kind in ("token rise", "token rug") for claimant in ("token-base-rate", "token-model")
    ]
    assert _graded(rows, calls) == []
    return rows, calls


def test_claims_that_a_run_left_open_are_graded_once_by_the_next_and_outcomes_count_in_both(tmp_path: Path) -> None:
    first, calls = _left_open()
    back_ms = START_MS + 25 * _HOUR_S * 1_000
    saved, _ = _stored(tmp_path / "demo.sqlite", first, back_ms)
    second: list[object] = []
    later = _driver(second, back_ms)
    later.begin(RestoreTokens("demo", has_key=False, saved=saved))
    assert _counts(later) == [(0, None)] * 2
    later.run(120)
    assert _graded(second, calls) == [(call.call_id, call.kind == "token rise", "") for call in calls]
    assert [n for n, _ in _counts(later)] == [1, 1], "hours and days that overlap"
    assert [brier for _, brier in _counts(later)] == pytest.approx([0.01, 0.0025])

    replayed: list[object] = []
    core = Core("tape", later.settings)
    core.journal.keep = replayed.append
    for record in later.records:
        core.dispatch(record)
    assert _graded(replayed, calls) == _graded(second, calls)
    assert core.journal.log_sha256 == later.core.journal.log_sha256

    saved, _ = _stored(tmp_path / "after.sqlite", [*first, *second], later.now_ms)
    third = _driver([], later.now_ms)
    third.begin(RestoreTokens("demo", has_key=False, saved=saved))
    assert (decode_saved(saved).calls, decode_saved(saved).tokens) == ((), ())
    assert _counts(third) == _counts(later), "it is known at once"


def test_a_run_that_was_killed_between_a_label_and_its_grade_is_made_up_for(tmp_path: Path) -> None:
    rows, calls = _left_open()
    saved, _ = _stored(tmp_path / "demo.sqlite", rows, START_MS + 2 * _HOUR_S * 1_000)
    labelled: list[object] = []
    driver = _driver(labelled, START_MS + 25 * _HOUR_S * 1_000)
    driver.begin(RestoreTokens("demo", has_key=False, saved=saved))
    driver.run(120)
    outcomes = [row for row in labelled if isinstance(row, StoredTokenOutcome)]
    saved, _ = _stored(tmp_path / "killed.sqlite", [*rows, *outcomes], driver.now_ms)
    third: list[object] = []
    again = _driver(third, driver.now_ms)
    again.begin(RestoreTokens("demo", has_key=False, saved=saved))
    assert sorted(_graded(third, calls)) == sorted(_graded(labelled, calls))


def test_claims_whose_prediction_was_lost_are_not_graded_and_say_so(tmp_path: Path) -> None:
    rows, calls = _left_open()
    lost = next(row for row in rows if isinstance(row, StoredPrediction))
    saved, _ = _stored(tmp_path / "demo.sqlite", [row for row in rows if row is not lost], START_MS + 800_000)
    kept: list[object] = []
    later = _driver(kept, START_MS + 800_000)
    later.begin(RestoreTokens("demo", has_key=False, saved=saved))
    assert _graded(kept, calls) == [(call.call_id, None, NOT_WAITED_FOR) for call in calls]


def test_a_recording_that_begins_midway_grades_what_was_claimed_before_and_knows_how_it_turned_out() -> None:
    rows: list[object] = []
    driver = _driver(rows)
    driver.begin()
    driver.run(10)
    driver.now_ms += 2 * _HOUR_S * 1_000
    driver.run(1_300)
    calls = [call for call in _calls(rows) if call.call_id not in {key for key, _, _ in _graded(rows, _calls(rows))}]
    assert {call.kind for call in calls} == {"token rise", "token rug"}
    noted = driver.core.tokens.as_begun()
    assert noted is not None
    assert len(decode_saved(noted.saved).hours) == 1
    begins, midway_ms = len(driver.records), driver.now_ms
    for _ in range(20):
        driver.now_ms += 3 * _HOUR_S * 500
        driver.run(60)
    replayed: list[object] = []
    core = Core("tape", driver.settings)
    core.journal.keep = replayed.append
    first = driver.records[begins]
    core.dispatch(Record(0, first.wall_ns, first.monotonic_ns, 0, Kind.COMMAND, msgspec.msgpack.encode(noted)))
    assert core.tokens.as_begun() == noted
    for record in driver.records[begins:]:
        core.dispatch(record)
    assert len(_graded(replayed, calls)) == len(calls)
    assert _graded(replayed, calls) == _graded(rows, calls)
    desk = core.tokens.desk
    assert desk is not None
    for again, whole in zip(desk.trust.counted()[1:], driver.desk.trust.counted()[1:], strict=True):
        counted = [[each for each in outcomes if each.at_ms < midway_ms] for outcomes in (again, whole)]
        assert counted[0] == counted[1] != []


def _told(made: StoredPrediction, horizon_s: int, happened: bool | None) -> StoredTokenOutcome:
    is_hour = horizon_s == RISE_HORIZON_S
    return StoredTokenOutcome(
        mint=made.mint, at_ms=made.at_ms, horizon_s=horizon_s, decided_ms=made.at_ms + 1_000 * horizon_s,
        rises=happened if is_hour else None, gain_pct=None, high_gain_pct=None, falls=None if is_hour else happened,
        drains=None if is_hour else False, reason="",
    )  # fmt: skip


def test_of_outcomes_those_of_the_newest_bundle_count_whose_horizons_do_not_overlap(tmp_path: Path) -> None:
    rows, _ = _left_open()
    first = next(row for row in rows if isinstance(row, StoredPrediction))
    half_ms = _HOUR_S * 500
    made = [
        msgspec.structs.replace(
            first, at_ms=START_MS + place * half_ms, version="old" if place < 3 else "new", p_rise=p
        )
        for place, p in enumerate((0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7))
    ]
    known = [(made[place], place % 2 == 0) for place in (0, 2, 3, 4, 6)]
    outcomes = [_told(each, RISE_HORIZON_S, happened) for each, happened in known]
    days = [_told(made[3], RUG_HORIZON_S, True), _told(made[4], RUG_HORIZON_S, None)]
    saved, _ = _stored(tmp_path / "demo.sqlite", [*made, *outcomes, *days], START_MS + 10 * half_ms)
    told = decode_saved(saved)
    assert told.version == "new"
    assert [(each.at_ms, each.p, each.happened) for each in told.hours] == [
        (made[4].at_ms, 0.5, True), (made[6].at_ms, 0.7, True),
    ]  # fmt: skip
    assert [(each.at_ms, each.happened) for each in told.days] == [(made[3].at_ms, True)]


@pytest.mark.parametrize(("version", "mode"), [(GOOD.version, "DO NOT TRUST"), ("another", "ML")])
def test_how_a_bundle_turned_out_before_decides_its_first_verdict_and_no_other_bundles(version: str, mode: str) -> None:
    wrong = tuple(CountedOutcome(f"mint {place}", place, 0.9, place % 4 == 0) for place in range(40))
    source = KnownLaunches([known(0, 0)._replace(created_s=START_MS // 1_000 - 2 * _HOUR_S)])
    driver = TokenDriver(source, says=lambda _: msgspec.structs.replace(GOOD, version=version))
    saved = encode_saved(SavedPredictions(version=GOOD.version, hours=wrong))
    driver.begin(RestoreTokens("demo", has_key=False, saved=saved))
    driver.run(10)
    assert [judged.verdict.mode for judged in driver.judged] == [mode]


def test_what_nobody_would_look_at_is_not_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcomes_module, "MOST_OPEN", 0)
    rows: list[object] = []
    driver = _driver(rows)
    driver.begin()
    driver.run(20)
    assert _calls(rows) == []
    assert {row.reason for row in rows if isinstance(row, StoredTokenOutcome)} == {outcomes_module.TOO_MANY}


def test_what_has_its_outcome_or_is_too_old_is_left(tmp_path: Path) -> None:
    rows: list[object] = []
    driver = _driver(rows)
    driver.begin()
    driver.run(_HOUR_S + 700)
    made = [row for row in rows if isinstance(row, StoredPrediction)]
    labelled = {row.at_ms for row in _outcomes(rows, _HOUR_S)}
    assert 0 < len(labelled) < len(made)
    saved, _ = _stored(tmp_path / "demo.sqlite", rows, driver.now_ms)
    [token] = decode_saved(saved).tokens
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
    [token] = decode_saved(noted.saved).tokens
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
        return await saved_before(store, lambda reader: saved_tokens(reader, START_MS))

    with sqlite_at_once():
        saved, trouble = run_virtual(main)
    assert (saved, bool(trouble)) == (b"", True)


def test_what_was_found_is_put_together_in_a_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []

    def noted(saved: SavedPredictions) -> bytes:
        threads.append(threading.get_ident())
        return encode_saved(saved)

    monkeypatch.setattr(token_shelf, "encode_saved", noted)
    _stored(tmp_path / "demo.sqlite", [], START_MS)
    assert threads
    assert threading.get_ident() not in threads


_ENTRIES = st.builds(
    Entry, st.integers(0, 2**40), st.floats(1e-12, 1e12), st.one_of(st.none(), st.floats(0, 1e12)),
)  # fmt: skip
_PREDICTED = st.builds(
    Predicted, st.sampled_from(["a", "b"]), st.sampled_from(["p", "q"]), st.integers(0, 2**50), _ENTRIES,
    st.builds(Said, st.text(max_size=9), st.floats(0, 1), st.floats(0, 1)),
)  # fmt: skip
_HORIZONS = st.sets(st.sampled_from([RISE_HORIZON_S, RUG_HORIZON_S]), min_size=1).map(frozenset)


@given(st.dictionaries(_PREDICTED, _HORIZONS, max_size=12))
def test_what_is_open_survives_the_way_into_the_next_run(waiting: dict[Predicted, frozenset[int]]) -> None:
    outcomes = Outcomes()
    saved = encode_saved(SavedPredictions(tokens=open_tokens(waiting)))
    outcomes.restore((each for token in decode_saved(saved).tokens for each in token.waiting()), 0)
    assert outcomes.waiting() == waiting


@given(st.binary(max_size=60))
def test_no_bytes_bring_more_than_a_refusal(saved: bytes) -> None:
    with suppress(DataError):
        assert isinstance(decode_saved(saved), SavedPredictions)


def test_more_than_a_run_can_have_open_is_refused_before_it_costs_time() -> None:
    one = (1, 1, 1.0, None, "v", 0.5, 0.5, True, True)
    half = MOST_OPEN + 1
    for tokens in ([("m", "p", [one] * (2 * half))], [("m", "p", [one] * half), ("n", "q", [one] * half)]):
        with pytest.raises(DataError, match=r"no run has so many|length"):
            decode_saved(msgspec.msgpack.encode({"tokens": tokens}))
    with pytest.raises(DataError, match="no run has so many"):
        decode_saved(bytes(24_000_001))
