"""A model's text is a whole answer in range, or none: nothing is made up."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import FrameError
from app.core.text import clean
from app.scalper.answer import FLAT_ACTIONS, ScalperAnswer, answer_schema, parse_answer

GOOD: dict[str, Any] = {
    "momentum": 72,
    "pressure": 68,
    "continuation": 55,
    "freshness": "FRESH",
    "action": "LONG",
    "confidence": 6,
    "sentence": "Buyers lift every offer.",
}


def parsed(in_position: bool = False, **changes: Any) -> ScalperAnswer:
    return parse_answer(json.dumps({**GOOD, **changes}), in_position=in_position)


def test_json_as_asked_for() -> None:
    assert parsed() == ScalperAnswer(72, 68, 55, "FRESH", "LONG", 6, clean("Buyers lift every offer."))


def test_json_within_talk_and_fences() -> None:
    text = f"Sure! Here is my read:\n```json\n{json.dumps(GOOD, indent=1)}\n```\nGood luck."
    assert parse_answer(text, in_position=False) == parsed()


LINES = """\
MOMENTUM: 72
**PRESSURE:** 68 / 100
PREDICTION: 55%
Freshness: fresh
- Action: long
CONFIDENCE: 6/10
REASON: Buyers lift every offer.
"""


def test_lines_of_models_that_ignore_schemas() -> None:
    assert parse_answer(LINES, in_position=False) == parsed()


@pytest.mark.parametrize(("asked", "other"), [("72", "7/10"), ("55%", "0.55"), ("6/10", "60 %"), ("6/10", "6/100")])
def test_a_number_on_another_scale_is_no_read(asked: str, other: str) -> None:
    with pytest.raises(FrameError):
        parse_answer(LINES.replace(asked, other), in_position=False)


@pytest.mark.parametrize("name", GOOD)
def test_a_missing_field_is_no_read(name: str) -> None:
    with pytest.raises(FrameError, match=name):
        parse_answer(json.dumps({key: value for key, value in GOOD.items() if key != name}), in_position=False)


@pytest.mark.parametrize("line", range(7))
def test_a_missing_line_is_no_read(line: int) -> None:
    kept = [text for place, text in enumerate(LINES.splitlines()) if place != line]
    with pytest.raises(FrameError, match="not a read"):
        parse_answer("\n".join(kept), in_position=False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("momentum", 101), ("momentum", -1), ("momentum", None), ("momentum", "high"), ("momentum", "NaN"),
        ("pressure", 1e400), ("pressure", True), ("continuation", [50]), ("continuation", 0.61),
        ("freshness", "NEW"), ("freshness", 3),
        ("action", "BUY"), ("action", ""), ("confidence", 0), ("confidence", 11), ("confidence", 5.5),
        ("sentence", ""), ("sentence", "\x1b\u202e"), ("sentence", 7), ("sentence", None),
    ],
)  # fmt: skip
def test_out_of_range_is_no_read(name: str, value: Any) -> None:
    with pytest.raises(FrameError):
        parsed(**{name: value})


def test_an_action_must_fit_the_position() -> None:
    with pytest.raises(FrameError, match="EXIT, which needs a position"):
        parsed(action="EXIT")
    assert parsed(in_position=True, action="EXIT").action == "EXIT"
    assert parsed(in_position=True, action="NONE").action == "NONE"
    with pytest.raises(FrameError, match="LONG, which needs to be out of the market"):
        parsed(in_position=True)


@pytest.mark.parametrize(
    "text", ["", "{", "}{", "{}", "[]", "null", "I cannot help with that.", "{" * 3_000, "x" * 9_000]
)
def test_garbage_is_no_read(text: str) -> None:
    with pytest.raises(FrameError):
        parse_answer(text, in_position=False)


@given(st.text(max_size=400))
def test_no_text_is_more_than_refused(text: str) -> None:
    try:
        answer = parse_answer(text, in_position=False)
    except FrameError:
        return
    assert 0 <= answer.momentum <= 100


@given(st.text(max_size=300))
def test_a_sentence_is_cleaned_whatever_it_says(sentence: str) -> None:
    try:
        answer = parsed(sentence=sentence)
    except FrameError:
        return
    assert answer.sentence == clean(answer.sentence, 200)
    assert "\n" not in answer.sentence
    assert (answer.momentum, answer.action) == (72, "LONG")


def test_the_schema_asks_for_what_the_parser_takes() -> None:
    schema = answer_schema(in_position=False)
    assert schema["required"] == list(GOOD)
    properties = schema["properties"]
    assert isinstance(properties, dict)
    assert properties["action"]["enum"] == list(FLAT_ACTIONS)
    assert "EXIT" in str(answer_schema(in_position=True))
