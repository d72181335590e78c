"""When a model counts as slow, and what is said about it."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.config.settings import ScalperSettings
from app.scalper.pace import Pace, smaller_model, smaller_model_text

SETTINGS = ScalperSettings()


def pace_of(*outcomes: float | None) -> Pace:
    """A pace after reads that took so many seconds; None is one that was given up."""
    pace = Pace(SETTINGS)
    for seconds in outcomes:
        if seconds is None:
            pace.given_up()
        else:
            pace.answered(seconds)
    return pace


def test_a_fast_model_needs_no_advice() -> None:
    pace = pace_of(0.5, 0.7, 0.6, None, None)
    assert (pace.typical_s, pace.is_slow, pace.wants_probe) == (0.7, False, False)
    assert pace.advice("mistral", 7.2) == ""


def test_two_outcomes_say_nothing() -> None:
    assert pace_of(2.9, 2.9).typical_s is None
    assert not pace_of(2.9, 2.9).is_slow
    assert not pace_of(None, None).is_slow


def test_above_the_target_the_median_is_named() -> None:
    pace = pace_of(2.4, 2.5, 2.6)
    assert not pace.wants_probe
    assert pace.advice("mistral", 7.2) == (
        "mistral takes 2.5 s a read, the target is 2 s; try a smaller one: `ollama pull llama3.2:3b`, then "
        'scalper.model = "llama3.2:3b"'
    )


def test_three_in_a_row_given_up_are_measured_once() -> None:
    pace = pace_of(*[0.5] * 10, None, None, None)
    assert pace.wants_probe
    assert pace.advice("mistral", None).startswith("mistral takes more than 3.0 s a read, the deadline is 3 s; try")
    pace.probed(7.25, finished=True)
    assert not pace.wants_probe
    assert pace.measured_s == 7.25
    assert pace.advice("mistral", None).startswith("mistral takes 7.2 s a read, the deadline is 3 s; try")
    pace.given_up()
    assert not pace.wants_probe


def test_a_probe_that_was_not_finished_says_more_than() -> None:
    pace = pace_of(None, None, None)
    pace.probed(60.0, finished=False)
    assert "takes more than 60.0 s a read" in pace.advice("mistral", None)


def test_a_probe_in_time_shows_that_it_was_the_server() -> None:
    pace = pace_of(None, None, None)
    pace.probed(0.8, finished=True)
    assert not pace.is_slow
    assert pace.advice("mistral", None) == ""


def test_a_model_that_has_recovered_is_measured_anew_the_next_time() -> None:
    pace = pace_of(None, None, None)
    pace.probed(7.0, finished=True)
    for _ in range(10):
        pace.answered(0.5)
    assert (pace.measured_s, pace.is_slow) == (0.5, False)
    for _ in range(3):
        pace.given_up()
    assert pace.wants_probe
    assert pace.measured_s is None


@given(st.lists(st.one_of(st.none(), st.floats(0, 3)), max_size=40))
def test_only_what_is_slow_gets_advice(outcomes: list[float | None]) -> None:
    pace = pace_of(*outcomes)
    assert bool(pace.advice("mistral", None)) == pace.is_slow
    assert pace.typical_s is None or 0 <= pace.typical_s <= SETTINGS.deadline_s
    pace.forget()
    assert not pace.is_slow


@pytest.mark.parametrize(
    ("model", "billions", "smaller"),
    [
        ("mistral", None, "llama3.2:3b"),
        ("mistral", 7.2, "llama3.2:3b"),
        ("llama3.2", 3.2, "qwen2.5:1.5b"),
        ("llama3.2:3b", None, "qwen2.5:1.5b"),
        ("qwen2.5:1.5b", None, "qwen2.5:0.5b"),
        ("gemma3:1b", None, "qwen2.5:0.5b"),
        ("qwen2.5:7b-instruct", None, "llama3.2:3b"),
        ("hf.co/some/Llama-3.2-1B-GGUF:Q4_K_M", None, "qwen2.5:0.5b"),
        ("qwen2.5:0.5b", 0.49, None),
        ("qwen2.5:0.5b", None, None),
        ("smollm2:135m", 0.13, None),
    ],
)
def test_a_smaller_model_is_smaller(model: str, billions: float | None, smaller: str | None) -> None:
    assert smaller_model(model, billions) == smaller
    assert ("ollama pull" in smaller_model_text(model, billions)) == (smaller is not None)


def test_suggestions_lead_down_and_end() -> None:
    model: str | None = "mistral"
    chain: list[str] = []
    while model is not None:
        chain.append(model)
        model = smaller_model(model, None)
    assert len(chain) == len(set(chain)) == 4
    assert all(first != second for first, second in pairwise(chain))
