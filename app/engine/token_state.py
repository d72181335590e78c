"""Inputs of a run's own that are about new tokens, and what it derives of them."""

from typing import Literal

import msgspec

from app.feeds.token_questions import VENUES
from app.tokens.decision import Verdict

PREDICTOR = "token model"
"""The venue's name in questions to the model's workers."""
PREDICT, ATTRIBUTE, REFERENCE = "predict", "attribute", "reference"
"""What it is asked: what it says of a row of features; which parts of the row that rests on; and what a bundle says of
its training."""
ABOUT_TOKENS = frozenset({*VENUES, PREDICTOR})
"""Venues whose answers are about new tokens."""


class RestoreTokens(msgspec.Struct, frozen=True, tag="restore_tokens"):
    """New tokens are looked for from now on. An input of the engine's own; no client may send it.

    `source` says whether the venues are real; `has_key` whether Birdeye may be asked. `saved` holds what
    earlier runs left: predictions that wait for their outcomes, claims without a grade and outcomes that count
    (`tokens/saved_predictions.py`), empty for none; `trouble` says why they could not be read, and is empty when they
    could.
    """

    source: Literal["live", "demo"]
    has_key: bool
    saved: bytes = b""
    trouble: str = ""


class TokenJudged(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict, given at `at_ms`, on a token that was ready to be judged at `asked_ms`; `gain_pct` and `version` are
    the model's and its bundle's, None and empty where it said nothing."""

    mint: str
    at_ms: int
    candles: int
    price: float | None
    gain_pct: float | None
    version: str
    verdict: Verdict
    asked_ms: int = 0
