"""How long a model takes for a read, and what to say when that is too long. Pure."""

import re
from collections import deque
from statistics import median
from typing import NamedTuple

from app.config.settings import ScalperSettings

OUTCOMES_KEPT = 10
FEWEST_OUTCOMES = 3
TIMEOUTS_IN_A_ROW = 3

_SIZE_IN_NAME = re.compile(r"[:-](\d{1,4}(?:\.\d{1,3})?)b(?![a-z0-9])", re.IGNORECASE)


class _Suggestion(NamedTuple):
    name: str
    billions: float


_SMALLER = (
    _Suggestion("llama3.2:3b", 3.2),
    _Suggestion("qwen2.5:1.5b", 1.5),
    _Suggestion("qwen2.5:0.5b", 0.5),
)
"""Small models that take a schema, largest first, with their parameters in billions as Ollama counts them."""


class Pace:
    """How long the last reads took. One that was given up counts as the deadline, until a probe says how long it takes.

    A model is slow when the median is above the target, or when three reads in a row were given up.
    """

    def __init__(self, settings: ScalperSettings) -> None:
        self._deadline_s, self._target_s = settings.deadline_s, settings.target_s
        self._outcomes_s: deque[float] = deque(maxlen=OUTCOMES_KEPT)
        self._given_up_in_a_row = 0
        self._probe: tuple[float, bool] | None = None

    @property
    def typical_s(self) -> float | None:
        """Median of the last ten outcomes in seconds; None before there are three."""
        return median(self._outcomes_s) if len(self._outcomes_s) >= FEWEST_OUTCOMES else None

    @property
    def measured_s(self) -> float | None:
        """What a read really takes: as the last probe measured it, else the median where that is no deadline.

        None when reads are given up one after another and no probe has measured them.
        """
        if self._probe is not None:
            return self._probe[0]
        typical_s = self.typical_s
        told = typical_s is not None and typical_s < self._deadline_s and not self._is_given_up
        return typical_s if told else None

    @property
    def is_slow(self) -> bool:
        """Whether the model is too slow to be of use."""
        typical_s = self.typical_s
        return self._is_given_up or (typical_s is not None and typical_s > self._target_s)

    @property
    def _is_given_up(self) -> bool:
        return self._given_up_in_a_row >= TIMEOUTS_IN_A_ROW

    @property
    def wants_probe(self) -> bool:
        """Whether it is slow and nobody knows yet how slow."""
        return self.is_slow and self.measured_s is None

    def answered(self, seconds: float) -> None:
        """A read was answered in time."""
        self._outcomes_s.append(seconds)
        self._given_up_in_a_row = 0
        if not self.is_slow:
            self._probe = None

    def given_up(self) -> None:
        """A read was given up at the deadline."""
        self._outcomes_s.append(self._deadline_s)
        self._given_up_in_a_row += 1

    def probed(self, seconds: float, *, finished: bool) -> None:
        """A read without a deadline took so long, or was not `finished` by then."""
        if finished and seconds <= self._deadline_s:
            # It was the server that was stuck, not the model that is slow.
            self.forget()
            self.answered(seconds)
        else:
            self._probe = seconds, finished

    def forget(self) -> None:
        """Begin anew: the server or the model is another one."""
        self._outcomes_s.clear()
        self._given_up_in_a_row = 0
        self._probe = None

    def advice(self, model: str, billions: float | None) -> str:
        """What to do about a slow model of so many billions of parameters; empty when it is fast enough."""
        if not self.is_slow:
            return ""
        return f"{model} takes {self._seconds_text()}; {smaller_model_text(model, billions)}"

    def _seconds_text(self) -> str:
        measured_s = self._deadline_s if self.measured_s is None else self.measured_s
        more = "more than " if self.measured_s is None or (self._probe is not None and not self._probe[1]) else ""
        limit = "deadline" if measured_s >= self._deadline_s else "target"
        limit_s = self._deadline_s if limit == "deadline" else self._target_s
        return f"{more}{measured_s:.1f} s a read, the {limit} is {limit_s:g} s"


def smaller_model_text(model: str, billions: float | None) -> str:
    """How to get a smaller model than `model`, which has so many billions of parameters (None: as its name says)."""
    smaller = smaller_model(model, billions)
    if smaller is None:
        return "no smaller one is known here: give it more time with scalper.deadline_s, or a faster machine"
    return f'try a smaller one: `ollama pull {smaller}`, then scalper.model = "{smaller}"'


def smaller_model(model: str, billions: float | None) -> str | None:
    """The largest known model that is smaller; None when there is none."""
    size = billions if billions is not None else _size_in_name(model)
    for suggestion in _SMALLER:
        if suggestion.name != model and (size is None or suggestion.billions < size):
            return suggestion.name
    return None


def _size_in_name(model: str) -> float | None:
    """Billions of parameters by the model's name, such as 7 for `qwen2.5:7b`; None where it does not tell."""
    known = next((suggestion.billions for suggestion in _SMALLER if suggestion.name == model), None)
    found = _SIZE_IN_NAME.search(model)
    return known if known is not None else float(found[1]) if found else None
