"""Work asked for by hand: begun once, ended with a sentence, given up when told so."""

import pytest
from core_driver import Driver

from app.engine.freeze import Outside, freeze
from app.engine.protocol import CancelJob, JobView, SourceView, StartJob

START, CANCEL = StartJob("markets"), CancelJob("markets")


@pytest.fixture
def driver() -> Driver:
    driver = Driver()
    driver.start()
    driver.list_markets()
    driver.asked.requests.clear()
    return driver


def job(driver: Driver) -> JobView:
    (newest,) = freeze(driver.core, SourceView("live", "LIVE", "venue"), Outside()).jobs
    return newest


def test_no_job_is_known_before_one_is_begun(driver: Driver) -> None:
    assert freeze(driver.core, SourceView("live", "LIVE", "venue"), Outside()).jobs == ()


def test_a_refresh_runs_until_the_list_comes(driver: Driver) -> None:
    assert driver.core.apply(START) == (True, "Asking the venue for its markets")
    assert (job(driver).state, job(driver).since_ms) == ("running", driver.now_ms)
    driver.list_markets()
    assert (job(driver).state, job(driver).message) == ("done", "Markets refreshed: following 2 of 3")


def test_a_job_is_not_begun_twice(driver: Driver) -> None:
    driver.core.apply(START)
    assert driver.core.apply(START) == (False, "The venue is being asked for its markets already")
    assert len(driver.asked.requests) == 1


def test_a_list_that_does_not_come_ends_the_job_and_is_asked_for_again_in_an_hour(driver: Driver) -> None:
    driver.core.apply(START)
    driver.answer(driver.asked.requests[0], b"", status=500)
    assert job(driver).state == "failed"
    assert "500" in job(driver).message
    driver.tick(3_599)
    assert len(driver.asked.requests) == 1
    driver.tick(2)
    assert driver.asked.requests[-1].channel == "metaAndAssetCtxs"
    assert len([request for request in driver.asked.requests if request.channel == "metaAndAssetCtxs"]) == 2


def test_cancelling_withdraws_the_question_and_leaves_the_markets(driver: Driver) -> None:
    driver.core.apply(START)
    request = driver.asked.requests[0]
    assert driver.core.apply(CANCEL) == (True, "Cancelled: the markets stay as they were")
    assert driver.asked.withdrawn == [request.request_id]
    driver.answer(request, b"", status=0)
    assert job(driver).state == "cancelled"
    assert set(driver.core.markets) == {"BTC", "ETH"}


def test_there_is_nothing_to_cancel_when_nothing_runs(driver: Driver) -> None:
    assert not driver.core.apply(CANCEL)[0]
    assert driver.asked.withdrawn == []


def test_the_hourly_list_is_nobodys_job(driver: Driver) -> None:
    driver.tick(3_601)
    driver.list_markets()
    assert freeze(driver.core, SourceView("live", "LIVE", "venue"), Outside()).jobs == ()
