"""Drift kept up row by row is that of those rows, and what little data has by chance is not called drift."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_token_drift import plain_index, rows

from app.tokens import input_drift
from app.tokens.bundle_parts import Histogram
from app.tokens.drift import chance, columns, index_of_counts, is_unlike, reference, word_of
from app.tokens.features import Singles
from app.tokens.input_drift import InputDrift

THEN = reference(rows())


def added(of: Singles, tokens: int = 40) -> InputDrift:
    drift = InputDrift(THEN)
    for place, row in enumerate(of):
        drift.add(f"mint {place % tokens}", row)
    return drift


@given(st.floats(-2, 2), st.floats(0.1, 1.0), st.integers(1, 120))
@settings(max_examples=10)
def test_row_by_row_it_is_the_index_of_all_rows(shift: float, known: float, count: int) -> None:
    now = rows(120, shift=shift, known=known)[:count]
    whole = columns(now)
    for each in added(now).features():
        assert each.known_now == pytest.approx(float(whole[each.name].known.mean()))
        assert each.psi == pytest.approx(plain_index(THEN[each.name], whole[each.name]), abs=1e-9)
        assert each.psi >= 0


def test_only_the_newest_rows_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(input_drift, "WINDOW", 50)
    both = np.concatenate([rows(70, shift=3.0), rows(50)])
    drift = added(both, tokens=120)
    assert (drift.rows, drift.tokens) == (50, 50)
    assert drift.features() == added(rows(50), tokens=50).features()


def test_the_worst_stands_first_and_is_named() -> None:
    worst, *others = added(rows(shift=1.0)).features()
    assert (worst.name, worst.word) == ("liquidity_usd", "drifted")
    assert all(worst.psi >= each.psi for each in others)


def test_what_is_told_no_more_is_unlike_training() -> None:
    found = {each.name: each for each in added(rows(known=0.0)).features()}
    assert found["holders"].word == "unlike"
    assert found["holders"].psi == pytest.approx(index_of_counts(THEN["holders"], [0] * 10, 400))
    assert found["empty_slots"].psi < found["holders"].psi


def test_nothing_is_said_of_few_tokens_however_many_rows() -> None:
    assert {each.word for each in added(rows(shift=5.0), tokens=29).features()} == {"too few"}
    assert "unlike" in {each.word for each in added(rows(shift=5.0), tokens=30).features()}


@pytest.mark.parametrize(
    ("index", "by_chance", "word"),
    [
        (0.05, 0.01, "steady"), (0.15, 0.01, "moved"), (0.25, 0.01, "moved"), (0.26, 0.01, "drifted"),
        (0.26, 0.30, "within chance"), (9.0, 0.1, "drifted"),
    ],
)  # fmt: skip
def test_an_index_has_a_plain_word(index: float, by_chance: float, word: str) -> None:
    assert word_of(index, by_chance, 100, unlike=False) == word
    assert word_of(index, by_chance, 100, unlike=True) == "unlike"


@pytest.mark.parametrize(
    ("known", "counts", "unknown", "unlike"),
    [
        (0.7, (0, 0, 0), 50, True), (0.6, (0, 0, 0), 50, False), (0.0, (9, 9, 9), 1, True),
        (1.0, (1, 4, 45), 0, True), (1.0, (46, 4, 0), 0, True), (1.0, (1, 5, 44), 0, False),
        (1.0, (0, 50, 0), 0, False), (1.0, (0, 0, 0), 0, False),
    ],
)  # fmt: skip
def test_another_thing_is_told_no_more_or_lies_beyond_what_training_knew(
    known: float, counts: tuple[int, ...], unknown: int, unlike: bool
) -> None:
    assert is_unlike(Histogram((0.0, 1.0), (0.1, 0.8, 0.1), known), counts, unknown) == unlike
    assert not is_unlike(Histogram((0.0, 1.0), (0.45, 0.1, 0.45), 1.0), (0, 1, 49), 0), "training lay there too"


def test_nineteen_of_twenty_samples_of_the_same_stay_below_chance() -> None:
    histogram = Histogram(tuple(float(edge) for edge in range(1, 10)), (0.1,) * 10, 1.0)
    rng = np.random.default_rng(3)
    samples = rng.multinomial(200, [0.1] * 10, size=400)
    below = [index_of_counts(histogram, counts.tolist(), 0) <= chance(histogram, 200) for counts in samples]
    assert 0.92 <= float(np.mean(below)) <= 0.99
    # χ² of 10 at 0.95 is 18.307.
    assert chance(histogram, 1) == pytest.approx(18.307, rel=0.005)


def test_nothing_asked_is_no_drift() -> None:
    assert index_of_counts(THEN["holders"], [0] * 10, 0) == 0
    assert {each.psi for each in InputDrift(THEN).features()} == {0.0}
