"""What engine and deck say to each other of new tokens and of the model that judges them."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from app.engine.inference_health import InferenceHealth

TokenMode = Literal["ML", "STRATEGY-ONLY", "DO NOT TRUST", "NOT YET"]
"""Whether the model counts; NOT YET before that is known."""
TokenRuling = Literal["APPROVED", "REJECTED", "NOT JUDGED"]
MOST_SCORED = 50


class TokenRow(msgspec.Struct, frozen=True, kw_only=True):
    """The newest verdict on a token, given at `at_ms` of the engine's time.

    `p_rise` is the model's probability that the highest five-minute close of the next hour is 3 % or more above the
    price after a 1 % round trip, `p_rug` that of a rug within 24 hours, `gain_pct` its expected highest gain; None
    where the model said nothing or did not count. `strategy` and `combined` are confidences, 0 to 1. `age_s` is the age
    of the pool then, `seen` what strategies saw, `reasons` what speaks against it, `arithmetic` how `combined` came
    about.
    """

    mint: str
    name: str
    exchange: str
    at_ms: int
    age_s: int
    candles: int
    ruling: TokenRuling
    reasons: tuple[str, ...]
    mode: TokenMode
    mode_reason: str
    p_rise: float | None
    gain_pct: float | None
    p_rug: float | None
    strategy: float
    combined: float | None
    size: float
    price: float | None
    liquidity_usd: float | None
    holders: int | None
    seen: tuple[str, ...]
    arithmetic: str
    version: str


class FeatureDriftRow(msgspec.Struct, frozen=True, array_like=True):
    """A feature's population stability index against training, the plain word for it (`app.tokens.drift.WORDS`), and
    which share of it is known now and was then."""

    name: str
    psi: float
    word: str
    known_now: float
    known_then: float


class HeadScoreRow(msgspec.Struct, frozen=True, array_like=True):
    """How good a head's probabilities turned out: of `n` outcomes that do not overlap. `base_brier` is that of who
    always says their base rate; `trained_…` are those of later tokens in training. None where it is not known."""

    name: str
    n: int
    brier: float | None
    base_brier: float | None
    calibration_error: float | None
    trained_brier: float | None
    trained_calibration_error: float | None


class ModelTrust(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the bundle `version`, the newest that has answered, can be believed now; empty before it has.

    `drift` is of the newest `rows` that it was asked about, of `tokens`, the worst feature first; empty without the
    bundle's reference, and `reference_trouble` says why there is none. Drift counts from `least_tokens` on, a score
    from `least_outcomes` on.
    """

    version: str
    reference_trouble: str = ""
    rows: int = 0
    tokens: int = 0
    drift: tuple[FeatureDriftRow, ...] = ()
    scores: tuple[HeadScoreRow, ...] = ()
    least_tokens: int = 0
    least_outcomes: int = 0


class TokensView(msgspec.Struct, frozen=True, kw_only=True):
    """New tokens and the model behind what is said of them.

    `rows` are the newest verdicts, newest first. `waiting` tokens are too young to be judged, `watched` ones are;
    `judged` verdicts were given, `held_back` tokens not judged again so soon after a rejection. `passed_over` and
    `ended` count tokens by what became of them, `failed` questions without an answer by venue, `refused_rows` pools and
    candles in answers that could not be used. `padded_pct` is the share of empty slots in what was judged lately.
    `holders_missing` says that no number of holders is told, `states_missing` that tokens are not judged because their
    prices are too old. `model` is None on a tape, and before the workers are
    there. `waiting_for` says what an empty panel waits for. `is_begun`: tokens are looked for, and can be asked for
    by hand. `feature_hit_pct` is the share of questions whose candles had been worked out before. `labelled`
    horizons of predictions have an outcome, `unlabelled` ones wait for theirs, of `unknown` ones something will
    never be known, by reason.
    """

    rows: tuple[TokenRow, ...] = ()
    mode: TokenMode = "NOT YET"
    mode_reason: str = ""
    waiting: int = 0
    watched: int = 0
    judged: int = 0
    held_back: int = 0
    passed_over: dict[str, int] = {}
    ended: dict[str, int] = {}
    failed: dict[str, int] = {}
    refused_rows: int = 0
    padded_pct: float | None = None
    holders_missing: str = ""
    states_missing: str = ""
    model: InferenceHealth | None = None
    waiting_for: str = ""
    is_begun: bool = True
    feature_hit_pct: float | None = None
    trust: ModelTrust | None = None
    labelled: int = 0
    unlabelled: int = 0
    unknown: dict[str, int] = {}


class ScoreTokens(msgspec.Struct, frozen=True, tag="score_tokens"):
    """Judge these tokens now, whatever became of them before: their mints, at most 50."""

    mints: Annotated[tuple[Annotated[str, Meta(max_length=64)], ...], Meta(max_length=MOST_SCORED)]
