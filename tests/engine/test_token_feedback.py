"""What the model said of tokens is stored with what it was told, and what became of it; a replay has the same."""

import pytest
from core_driver import START_MS
from token_client import KnownLaunches, known
from token_driver import GOOD, TokenDriver

from app.core.calls import SET_BACK, Call
from app.core.record import Request
from app.demo.tokens.answers import Told
from app.engine.core import Core
from app.engine.inference_requests import Prediction
from app.engine.token_state import PREDICT
from app.feeds.token_questions import from_request
from app.scorecards.grader import Graded
from app.store.token_tables import StoredPrediction, StoredTokenOutcome
from app.tokens.features import schema

HOUR_S = 3_600
BORN_S = START_MS // 1_000 - 2 * HOUR_S
MINT = known(0, 0).mint


def begun(said: Prediction = GOOD) -> TokenDriver:
    """A run that watches one token, two hours old."""
    driver = TokenDriver(KnownLaunches([known(0, 0)._replace(created_s=BORN_S)]), says=lambda _: said)
    driver.begin()
    return driver


def test_what_was_said_is_stored_with_the_bytes_that_were_asked_and_what_became_of_it_with_its_time() -> None:
    driver = begun()
    kept: list[object] = []
    driver.core.journal.keep = kept.append
    driver.run(HOUR_S + 700)
    told = [row for row in kept if isinstance(row, StoredPrediction)]
    asked = [request.body for request in driver.asked.requests if request.channel == PREDICT]
    assert [row.features for row in told] == asked
    assert [row.at_ms for row in told] == [judged.at_ms for judged in driver.judged]
    first = told[0]
    assert (first.mint, first.version, first.p_rise, first.p_rug) == (MINT, GOOD.version, 0.9, 0.05)
    assert (first.schema_sha256, first.created_s) == (schema().sha256, BORN_S)
    assert first.price is not None
    assert first.liquidity_usd is not None
    labelled = [row for row in kept if isinstance(row, StoredTokenOutcome)]
    assert [(row.mint, row.at_ms, row.horizon_s) for row in labelled[:1]] == [(MINT, first.at_ms, HOUR_S)]
    assert all(row.rises and row.decided_ms - row.at_ms >= HOUR_S * 1_000 for row in labelled)


def test_a_day_later_a_replay_has_the_same_outcomes_and_the_claim_of_a_rug_is_graded() -> None:
    driver = begun()
    kept: list[object] = []
    graded: list[Graded] = []
    driver.core.journal.keep = kept.append
    driver.core.bus.subscribe(Graded, graded.append)
    driver.run(60)
    # Days that end within six hours are looked at together. In steps of half a minute: not every second counts.
    for _ in range(31 * 120):
        driver.now_ms += 29_000
        driver.run(1)
    days = [row for row in kept if isinstance(row, StoredTokenOutcome) and row.horizon_s == 24 * HOUR_S]
    assert [(row.falls, row.drains, row.reason) for row in days[:1]] == [(False, False, "")]
    rugs = [(each.call.claimant, each.outcome.event_happened) for each in graded if each.call.kind == "token rug"]
    assert rugs[:2] == [("token-base-rate", False), ("token-model", False)]
    replayed = Core("tape", driver.settings)
    again: list[object] = []
    replayed.journal.keep = again.append
    for record in driver.records:
        replayed.dispatch(record)
    assert replayed.journal.log_sha256 == driver.core.journal.log_sha256
    assert [row for row in again if isinstance(row, StoredTokenOutcome)] == [
        row for row in kept if isinstance(row, StoredTokenOutcome)
    ]


def test_hazard_11_claims_about_tokens_that_are_open_when_the_clock_is_set_back_are_not_graded() -> None:
    driver = begun()
    graded: list[Graded] = []
    filed: list[Call] = []
    driver.core.bus.subscribe(Graded, graded.append)
    driver.core.bus.subscribe(Call, filed.append)
    driver.run(60)
    still_open = list(filed)
    assert {call.kind for call in still_open} == {"token rise", "token rug"}
    driver.now_ms -= HOUR_S * 1_000
    driver.run(1)
    assert [(each.call, each.outcome.reason) for each in graded] == [(call, SET_BACK) for call in still_open]
    replayed = Core("tape", driver.settings)
    for record in driver.records:
        replayed.dispatch(record)
    assert replayed.journal.log_sha256 == driver.core.journal.log_sha256


class HardOfHearing(TokenDriver):
    """A run whose venue gives no candles to whoever asks for so many of them, once it is deaf."""

    deaf_to = ""

    def _told(self, request: Request) -> Told:
        if request.channel == "candles" and dict(from_request(request).query).get("limit") == self.deaf_to:
            return Told(503, b"{}")
        return super()._told(request)


@pytest.mark.parametrize("deaf_to", ["102", "1000"])
def test_what_decides_a_claim_are_candles_whoever_asked_for_them(deaf_to: str) -> None:
    driver = HardOfHearing(KnownLaunches([known(0, 0)._replace(created_s=BORN_S)]))
    graded: list[Graded] = []
    driver.core.bus.subscribe(Graded, graded.append)
    driver.begin()
    driver.run(20)
    driver.deaf_to = deaf_to
    for _ in range(3 * HOUR_S // 30):
        driver.now_ms += 29_000
        driver.run(1)
    first = next(each for each in graded if each.call.claimant == "token-model")
    assert (first.call.kind, first.outcome.status) == ("token rise", "graded")
    assert driver.desk.feedback.outcomes.labelled > 0
    # What was asked for here is nobody else's failure.
    assert bool(driver.desk.discovery.counts().failed) == (deaf_to == "102")


def test_what_is_no_probability_is_not_stored() -> None:
    driver = begun(Prediction(1.5, 0.0, 0.1, "v", "REAL"))
    kept: list[object] = []
    driver.core.journal.keep = kept.append
    driver.run(10)
    assert len(driver.judged) == 1
    assert not [row for row in kept if isinstance(row, StoredPrediction)]
