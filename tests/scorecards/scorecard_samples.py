"""Calls and markets for the tests of grading."""

import msgspec
import numpy as np

from app.core.calls import Call, CostModel, Outcome
from app.scorecards.grader import Graded, Grader

START_MS = 1_790_000_000_000
FREE = CostModel(0.0, 0.0)

CALL = Call(
    source="demo",
    claimant="rules",
    claimant_version="1",
    kind="continuation",
    subject="BTC",
    claim="mid of BTC at +60 s above 100",
    probability=0.6,
    direction=1,
    made_at_ms=START_MS,
    available_at_ms=START_MS,
    input_age_ms=200,
    reference_kind="mid",
    reference_price=100.0,
    bid=99.99,
    ask=100.01,
    horizon_s=60,
    cost=CostModel(4.5, 0.5),
)


def a_call(at_s: float = 0, **changes: object) -> Call:
    """`CALL`, available `at_s` seconds after the start, with other fields changed."""
    at_ms = START_MS + round(at_s * 1000)
    return msgspec.structs.replace(CALL, **{"made_at_ms": at_ms, "available_at_ms": at_ms, **changes})


def quote(grader: Grader, at_s: float, mid: float, coin: str = "BTC", half_spread: float = 0.01) -> None:
    """Tell `grader` a quote around `mid`, `at_s` seconds after the start."""
    grader.quote(coin, mid - half_spread, mid + half_spread, START_MS + round(at_s * 1000))


def outcome_of(call: Call, quotes: dict[float, float]) -> Outcome:
    """What becomes of one call, given mids by their second."""
    grader = Grader()
    grader.file(call)
    for at_s, mid in sorted(quotes.items()):
        quote(grader, at_s, mid)
    ((_, outcome),) = grader.finish(START_MS + 100_000_000)
    return outcome


def graded_pair(
    at_s: float, probability: float, happened: bool, edge_bps: float | None = 0.0, **changes: object
) -> Graded:
    """A graded call, without a market."""
    call = a_call(at_s, probability=probability, **changes)
    outcome = Outcome(
        call_id=call.call_id,
        status="graded",
        decided_at_ms=call.available_at_ms + call.horizon_s * 1000,
        event_happened=happened,
        hit=happened,
        brier=(probability - happened) ** 2,
        edge_bps=edge_bps,
    )
    return Graded(call, outcome)


Events = np.ndarray[tuple[int], np.dtype[np.bool_]]


def events(n: int, rate: float, seed: int = 1) -> Events:
    """Whether each of `n` independent events of that rate happened."""
    drawn: Events = np.random.default_rng(seed).random(n) < rate
    return drawn


def forecasts(happened: Events, claimed: object, step_s: float = 60) -> list[Graded]:
    """Pairs of graded calls `step_s` apart; `claimed` is one probability or one a call."""
    probabilities = np.broadcast_to(np.asarray(claimed, dtype=np.float64), happened.shape)
    return [
        graded_pair(place * step_s, float(probability), bool(event), 2.0 * event - 1.0)
        for place, (probability, event) in enumerate(zip(probabilities, happened, strict=True))
    ]
