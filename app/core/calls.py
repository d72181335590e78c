"""Claims that will be graded. Whatever predicts files a `Call`; grading happens elsewhere, from what came after."""

import hashlib
from typing import Literal

import msgspec

CANDLES_GRADE = "token price"
"""The reference of a claim about a token, which has no bid and ask: candles grade it (`tokens/claims.py`)."""
SET_BACK = "the clock was set back"
"""Why a claim is not graded that was open when the machine's clock went back: when it is due is not known."""


class CostModel(msgspec.Struct, frozen=True):
    """What a round trip is assumed to cost, in basis points of notional."""

    taker_fee_bps: float
    slippage_bps: float


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One claim about the future, with all that is needed to grade it later.

    `probability` is that of the event written out in `claim`; `direction` is +1, −1, or 0 where the claim has none.
    Prices are taken at `available_at_ms`, the first moment anybody could have acted on the claim. `input_age_ms` is how
    old the newest input was. `evidence` is the sequence number of the input that triggered it, on the tape if there is
    one. `baseline_id` names the twin call this one must beat.
    """

    source: str
    claimant: str
    claimant_version: str
    kind: str
    subject: str
    claim: str
    probability: float
    direction: int
    made_at_ms: int
    available_at_ms: int
    input_age_ms: int
    reference_kind: str
    reference_price: float
    bid: float
    ask: float
    horizon_s: int
    cost: CostModel
    regime: str = ""
    baseline_id: str = ""
    evidence: int = 0

    @property
    def call_id(self) -> str:
        """First 16 hexadecimal digits of the SHA-256 of the call's own fields."""
        return hashlib.sha256(msgspec.msgpack.encode(self)).hexdigest()[:16]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one call (docs/scorecards.md defines every number).

    An ungraded outcome has a `reason` and no numbers. Times are the engine's milliseconds; `decided_at_ms` is when the
    outcome was certain, `graded_horizon_ms` the time from `available_at_ms` to the exit quote.
    `mid_move_bps` runs from the reference price to the exit mid; `event_happened` says whether the claim came true,
    `hit` whether the mid moved in the call's direction (None without one); `brier` is (probability − event)².
    `edge_bps` is the result of the round trip after spread, fees and slippage; None without a direction.
    """

    call_id: str
    status: Literal["graded", "ungraded"]
    decided_at_ms: int
    reason: str = ""
    entry_bid: float | None = None
    entry_ask: float | None = None
    entry_at_ms: int | None = None
    exit_bid: float | None = None
    exit_ask: float | None = None
    exit_at_ms: int | None = None
    graded_horizon_ms: int | None = None
    mid_move_bps: float | None = None
    event_happened: bool | None = None
    hit: bool | None = None
    brier: float | None = None
    edge_bps: float | None = None
