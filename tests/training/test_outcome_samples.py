"""Samples of stored predictions: the very bytes, the labels that graded them, and what is left out with its reason."""

import asyncio
from pathlib import Path

import msgspec
import numpy as np
import pytest

from app.config.settings import StoreSettings
from app.core.clock import ManualClock
from app.core.errors import DataError
from app.store.store import Store
from app.store.token_tables import StoredPrediction, StoredTokenOutcome
from app.tokens.features import WIDTH, schema
from app.tokens.labels import RISE_HORIZON_S, RUG_HORIZON_S
from app.training.token_challenge import CHALLENGER, Challenge, challenge
from app.training.token_outcomes import OPEN, OTHER_SCHEMA, SPOILED, UNKNOWN, learnt, read_outcomes
from app.training.tokens_data import LABELS

AT_S = 1_790_232_000
ROW = np.random.default_rng(1).normal(size=WIDTH).astype("<f4")


def said(number: int = 0, **changes: object) -> StoredPrediction:
    at_s = AT_S + 600 * number
    row = StoredPrediction(
        mint="M" * 42, at_ms=at_s * 1_000 + 700, pool="P" * 42, seen_s=at_s, created_s=AT_S - 7_200, price=1.0,
        liquidity_usd=1_000.0, version="v", p_rise=0.5, gain_pct=1.0, p_rug=0.5, schema_sha256=schema().sha256,
        features=ROW.tobytes(),
    )  # fmt: skip
    return msgspec.structs.replace(row, **changes)


def became(of: StoredPrediction, horizon_s: int, reason: str = "", **told: object) -> StoredTokenOutcome:
    nothing = StoredTokenOutcome(
        mint=of.mint, at_ms=of.at_ms, horizon_s=horizon_s, decided_ms=of.at_ms + 1, rises=None, gain_pct=None,
        high_gain_pct=None, falls=None, drains=None, reason=reason,
    )  # fmt: skip
    return msgspec.structs.replace(nothing, **told)


def outcomes_of(of: StoredPrediction) -> list[StoredTokenOutcome]:
    hour = became(of, RISE_HORIZON_S, rises=True, gain_pct=4.5, high_gain_pct=5.0)
    return [hour, became(of, RUG_HORIZON_S, falls=False, drains=True)]


def test_a_sample_is_what_was_told_byte_for_byte_and_what_became_of_it() -> None:
    later, first = said(1), said(0)
    samples, left_out = learnt([later, first], [*outcomes_of(first), *outcomes_of(later)])
    assert samples.features.tobytes() == ROW.tobytes() * 2
    assert samples.at_s.tolist() == [AT_S, AT_S + 600]
    assert (samples.from_s.tolist()[0], samples.until_s.tolist()[0]) == (AT_S - 7_200, AT_S + 86_400)
    told = dict(zip(LABELS, samples.labels[0].tolist(), strict=True))
    assert np.isnan(told.pop("is_listed_scam"))
    assert told == {
        "rises": 1.0, "gain_pct": 4.5, "high_gain_pct": 5.0, "falls": 0.0, "drains": 1.0, "rugs": 1.0
    }  # fmt: skip
    assert not left_out


def test_what_is_not_known_is_no_label_and_is_counted_with_its_reason() -> None:
    spoiled = [said(2, features=b"\0" * 8), said(3, features=np.full(WIDTH, np.nan, "<f4").tobytes())]
    rows = [said(0), said(1), *spoiled, said(4, schema_sha256="0" * 64), said(5), said(6)]
    hour, _ = outcomes_of(rows[1])
    unknown = [became(rows[6], horizon_s, "no pool") for horizon_s in (RISE_HORIZON_S, RUG_HORIZON_S)]
    given = [*outcomes_of(rows[0]), hour, became(rows[1], RUG_HORIZON_S, "not told", falls=False), *unknown]
    samples, left_out = learnt(rows, given)
    assert samples.label("rugs").tolist()[0] == 1.0
    assert np.isnan(samples.label("rugs")[1])
    assert samples.label("falls").tolist() == [0.0, 0.0]
    assert dict(left_out) == {
        "not told": 1, "no pool": 2, SPOILED: 2, OTHER_SCHEMA: 1, OPEN: 1, UNKNOWN: 1
    }  # fmt: skip


def test_a_database_is_read_and_one_that_tells_nothing_says_why(tmp_path: Path) -> None:
    async def put(path: Path, rows: list[object]) -> None:
        store = Store(path, StoreSettings(), ManualClock())
        await store.open()
        for row in rows:
            store.put(row)
        await store.close()

    path = tmp_path / "demo.sqlite"
    asyncio.run(put(path, [said(0), *outcomes_of(said(0)), said(1)]))
    source = read_outcomes(path, "demo")
    assert (source.origin, len(source.samples.token)) == ("SIMULATED", 1)
    assert source.samples.features.tobytes() == ROW.tobytes()
    assert OPEN in " ".join(source.told)
    empty = tmp_path / "live.sqlite"
    asyncio.run(put(empty, [said(0)]))
    with pytest.raises(DataError, match=f"1 times {OPEN}"):
        read_outcomes(empty, "live")


def judged(tokens: int, *, ours: float, theirs: float) -> Challenge:
    """Two who are sure of the truth by so much, on five rows of each token."""
    rng = np.random.default_rng(3)
    rows = [said(number, mint=f"T{number // 5}") for number in range(5 * tokens)]
    given = [each for row in rows for each in outcomes_of(row)]
    samples = learnt(rows, given).samples
    labels = samples.labels.copy()
    labels[:, LABELS.index("rises")] = rng.random(len(rows)) < 0.4
    labels[:, LABELS.index("rugs")] = np.nan
    samples = samples._replace(
        labels=labels, features=samples.features + np.arange(len(rows), dtype=np.float32)[:, None]
    )
    truth = dict(zip(samples.features[:, 0].tolist(), samples.label("rises").tolist(), strict=True))

    def answer(sure: float, features: np.ndarray) -> np.ndarray:
        noise = np.random.default_rng(4).normal(0, 0.05, len(features))
        right = np.array([truth[float(row[0])] for row in features])
        return np.repeat((0.5 + sure * (right - 0.5) + noise)[:, None], 3, axis=1).astype(np.float32)

    return challenge(lambda rows: answer(ours, rows), ("old", lambda rows: answer(theirs, rows)), samples, 7)


@pytest.mark.parametrize(
    ("tokens", "ours", "theirs", "promoted", "words"),
    [
        (40, 0.6, 0.1, True, "it is better than old"),
        (40, 0.1, 0.6, False, "it is worse than old in p_rise"),
        (40, 0.3, 0.3, False, "not better than old in any head"),
        # Below ten tokens there is no interval.
        (5, 0.6, 0.1, False, "not better than old in any head"),
    ],
)
def test_only_what_is_better_on_later_tokens_by_its_interval_is_promoted(
    tokens: int, ours: float, theirs: float, promoted: bool, words: str
) -> None:
    done = judged(tokens, ours=ours, theirs=theirs)
    assert (done.promoted, words in done.reason) == (promoted, True)
    assert done.findings[0].startswith(f"p_rise, later tokens: {CHALLENGER}")
    assert "nothing is compared" in done.findings[1]
