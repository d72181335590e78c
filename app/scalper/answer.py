"""What a model answered: JSON as it was asked for, or lines of `NAME: value` from models that ignore a schema.

An answer is whole and in range, or it is no read: nothing is filled in.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, get_args

import msgspec
from msgspec import Meta

from app.core.errors import FrameError
from app.core.events import Action, Freshness
from app.core.text import SafeText, clean

FLAT_ACTIONS: tuple[Action, ...] = ("NONE", "LONG", "SHORT")
HELD_ACTIONS: tuple[Action, ...] = ("NONE", "EXIT")
"""What can be answered without a position, and with one; NONE then means to hold."""

SENTENCE_LENGTH = 200
LONGEST_ANSWER = 8_192

_Metric = Annotated[float, Meta(ge=0, le=100)]


class _WireAnswer(msgspec.Struct):
    momentum: _Metric
    pressure: _Metric
    continuation: _Metric
    freshness: Freshness
    action: Action
    confidence: Annotated[int, Meta(ge=1, le=10)]
    sentence: Annotated[str, Meta(min_length=1)]


class ScalperAnswer(msgspec.Struct, frozen=True):
    """A whole answer. Metrics are 0-100, `confidence` 1-10; the sentence is cleaned and at most 200 cells long."""

    momentum: float
    pressure: float
    continuation: float
    freshness: Freshness
    action: Action
    confidence: int
    sentence: SafeText


_decode = msgspec.json.Decoder(_WireAnswer, strict=False).decode
_ALIASES: Mapping[str, str] = {"prediction": "continuation", "reason": "sentence", "read": "sentence"}
_LINE = re.compile(r"^[\s*#>-]*([A-Za-z]+)[\s*]*[:=](.*)")
_MARKS = "*" + "".join(each for each in map(chr, range(0x3001)) if each.isspace())
"""Signs and spaces around a value that say nothing."""
_OF_100 = re.compile(r"^([0-9]{1,3}(?:\.[0-9]{1,6})?)\s*(?:%|/\s*100|out of 100)?$")
_OF_10 = re.compile(r"^([0-9]{1,2})\s*(?:/\s*10|out of 10)?$")
"""A number with the unit it may have: metrics are of 100, a confidence is of 10."""


def answer_schema(in_position: bool) -> dict[str, object]:
    """The JSON schema of an answer, as a model server takes it."""
    metric: dict[str, object] = {"type": "integer", "minimum": 0, "maximum": 100}
    properties: dict[str, object] = {
        "momentum": metric,
        "pressure": metric,
        "continuation": metric,
        "freshness": {"type": "string", "enum": list(get_args(Freshness))},
        "action": {"type": "string", "enum": list(allowed_actions(in_position))},
        "confidence": {"type": "integer", "minimum": 1, "maximum": 10},
        "sentence": {"type": "string", "maxLength": 160},
    }
    return {"type": "object", "properties": properties, "required": list(properties)}


def allowed_actions(in_position: bool) -> Sequence[Action]:
    """The actions that make sense with a position, or without one."""
    return HELD_ACTIONS if in_position else FLAT_ACTIONS


def parse_answer(text: str, *, in_position: bool) -> ScalperAnswer:
    """The answer in a model's text. Raises `FrameError` when anything is missing, out of range or makes no sense."""
    if len(text) > LONGEST_ANSWER:
        raise FrameError(f"the model's answer has {len(text)} characters; at most {LONGEST_ANSWER} are read")
    answer = _from_json(text) if "{" in text else _from_lines(text)
    for name in ("momentum", "pressure", "continuation"):
        if 0 < getattr(answer, name) < 1:
            raise FrameError(f"the model's {name} is {getattr(answer, name):g}: a share, where 0 to 100 was asked for")
    if answer.action not in allowed_actions(in_position):
        raise FrameError(f"the model answered {answer.action}, which needs {_needed(answer.action)}")
    sentence = clean(" ".join(answer.sentence.split()), SENTENCE_LENGTH)
    if not sentence.strip():
        raise FrameError("the model's sentence is empty")
    return ScalperAnswer(
        answer.momentum,
        answer.pressure,
        answer.continuation,
        answer.freshness,
        answer.action,
        answer.confidence,
        sentence,
    )


def _from_json(text: str) -> _WireAnswer:
    try:
        return _decode(text[text.index("{") : text.rindex("}") + 1].encode())
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise FrameError(f"not a read: {clean(str(error), 120)}") from error


def _from_lines(text: str) -> _WireAnswer:
    values: dict[str, object] = {}
    for line in text.splitlines():
        found = _LINE.match(line)
        if found:
            name = found[1].lower()
            # The first of a name counts: a model that repeats itself does not change its mind.
            name = _ALIASES.get(name, name)
            values.setdefault(name, _plain(name, found[2].strip(_MARKS)))
    try:
        return msgspec.convert(values, _WireAnswer, strict=False)
    except (msgspec.MsgspecError, ValueError) as error:
        raise FrameError(f"not a read: {clean(str(error), 120)}") from error


def _plain(name: str, value: str) -> str:
    """A value without the unit that was asked for: 72 %, 61 out of 100, a confidence of 7/10; a word in capitals."""
    number = (_OF_10 if name == "confidence" else _OF_100).match(value)
    if number:
        return number[1]
    word = value.strip("\"'` .").upper()
    return word if word in (*get_args(Freshness), *get_args(Action)) else value


def _needed(action: Action) -> str:
    return "a position" if action == "EXIT" else "to be out of the market"
