"""Tokens scored by hand in a core: whatever becomes of them, the job ends and says how."""

from collections.abc import Callable

import msgspec
import pytest
from token_driver import GOOD, TokenDriver, begun, launched, mint

from app.core.record import Kind, Request
from app.demo.tokens.answers import Told, told
from app.engine.protocol import CancelJob, StartJob
from app.engine.protocol_tokens import ScoreTokens
from app.engine.token_desk import BY_HAND_MS

HOUR_S = 3_600
Answers = Callable[[Told], Told]


class TroubledDriver(TokenDriver):
    """A driver some of whose answers are others: `altered` says what becomes of those of a route."""

    def __init__(self) -> None:
        super().__init__(launched(2 * HOUR_S))
        self.altered: dict[str, Answers] = {}
        self.begin()

    def _told(self, request: Request) -> Told:
        answer = super()._told(request)
        return self.altered[request.channel](answer) if request.channel in self.altered else answer

    def score(self) -> None:
        self.put(Kind.COMMAND, ScoreTokens((mint(0),)))
        assert self.core.command_result == (True, "Scoring 1 token")

    @property
    def ends(self) -> list[str]:
        """Why tokens could not be scored, of all that was said."""
        return [line.text.split(": ", 1)[1] for line in self.core.journal.log_tail if "cannot be scored" in line.text]

    @property
    def job(self) -> str:
        [view] = self.core.jobs.views
        return view.state


@pytest.fixture
def driver() -> TroubledDriver:
    return TroubledDriver()


def few_candles(answer: Told) -> Told:
    body = msgspec.json.decode(answer.body)
    # The newest of these is of a slot that has not ended.
    del body["data"]["attributes"]["ohlcv_list"][3:]
    return told(body)


def drained(answer: Told) -> Told:
    pairs = msgspec.json.decode(answer.body)
    return told([pair | {"liquidity": {"usd": 0.5, "base": 1, "quote": 1}} for pair in pairs])


def refused(_: Told) -> Told:
    return Told(500, b"{}")


def test_a_token_that_is_watched_is_scored_by_hand_whatever_the_number_of_its_candles(driver: TroubledDriver) -> None:
    driver.altered["candles"] = few_candles
    driver.run(60)
    assert mint(0) in driver.desk.discovery.watched
    assert driver.judged == []
    driver.score()
    driver.run(60)
    assert [judged.verdict.reasons for judged in driver.judged] == [("2 candles; 12 are needed",)]
    assert (driver.job, driver.ends) == ("done", [])
    # Whoever asked has been told: from then on it is one among the others.
    driver.run(600)
    assert len(driver.judged) == 1


def test_a_token_that_is_over_before_it_is_scored_ends_the_job(driver: TroubledDriver) -> None:
    driver.altered["candles"] = refused
    driver.run(60)
    driver.score()
    driver.altered["pairs"] = drained
    driver.run(60)
    assert (driver.job, driver.ends) == ("done", ["it is watched no longer: drained"])


def test_a_token_of_which_the_venues_tell_nothing_ends_the_job(driver: TroubledDriver) -> None:
    driver.altered["candles"] = refused
    driver.run(60)
    driver.score()
    driver.run(BY_HAND_MS // 1_000)
    assert driver.job == "running"
    driver.run(2)
    assert (driver.job, driver.ends) == ("done", ["the venues have not told of it in 15 minutes"])


def test_a_token_that_is_over_while_the_model_is_asked_waits_for_the_model(driver: TroubledDriver) -> None:
    driver.says = lambda _: None
    driver.run(60)
    driver.score()
    driver.run(10)
    assert driver.desk._asked
    driver.altered["pairs"] = drained
    driver.run(60)
    assert mint(0) not in driver.desk.discovery.watched
    assert (driver.job, driver.ends) == ("running", [])
    driver.run(120)
    assert driver.job == "done"
    assert driver.judged[-1].verdict.mode_reason == "the model has not answered"


def test_a_job_that_was_cancelled_holds_up_none_after_it(driver: TroubledDriver) -> None:
    driver.altered["candles"] = refused
    driver.run(60)
    driver.score()
    driver.put(Kind.COMMAND, CancelJob("tokens"))
    assert (driver.core.command_result[0], driver.desk.waits_for) == (True, 0)
    driver.altered.clear()
    driver.run(600)
    driver.put(Kind.COMMAND, StartJob("tokens"))
    driver.carry()
    assert driver.job == "done"


def test_a_token_that_is_scored_again_is_watched_as_long_as_if_that_were_the_first_time() -> None:
    driver = begun(launched(600), says=lambda _: GOOD)
    for _ in range(2):
        driver.put(Kind.COMMAND, ScoreTokens((mint(0),)))
        driver.run(3_900)
    assert [judged.mint for judged in driver.judged][:2] == [mint(0)] * 2
    assert mint(0) in driver.desk.discovery.watched
