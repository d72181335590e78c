"""Answers about wallets that come late, or to somebody who is gone; work for a scan that fails; what is measured."""

import pytest
from scan_samples import address
from wallet_driver import WalletDriver, pack

from app.core.record import Answer, Kind, Request
from app.engine.shelf_questions import Found
from app.engine.shelf_venue import STORE_VENUE
from app.engine.wallet_targets import Stopwatch

FIRST, SECOND = [address(number) for number in (1, 2, 3)], [address(number) for number in (11, 12, 13)]


@pytest.mark.parametrize("channel", ["scans", "markets", "wallets"])
@pytest.mark.parametrize("waits", [False, True])
def test_a_late_answer_of_the_store_does_not_hang_the_next_scan(channel: str, waits: bool) -> None:
    driver = WalletDriver()
    driver.restore()
    driver.scan(*FIRST)
    driver.tell_all(lambda request: request.venue == STORE_VENUE and request.channel != channel)
    (late,) = [request for request in driver.waiting if request.channel == channel]
    driver.waiting.remove(late)  # it is on its way already: too late to be withdrawn
    driver.cancel()
    driver.scan(*SECOND)
    if waits:
        driver.tell_all(lambda request: request.venue == STORE_VENUE and request.channel != channel)
    driver.tell(late)
    driver.tell_all()
    assert (driver.core.wallets.state, driver.scanning.progress().finished) == ("done", 3)
    assert set(driver.core.wallets.book.entries) == set(SECOND)


def test_an_answer_to_a_scan_from_before_the_tape_does_not_hang_the_one_on_it() -> None:
    driver = WalletDriver()
    earlier = Request(9_000, STORE_VENUE, "wallets", pack(FIRST))
    driver.put(Kind.REQUEST, earlier)
    driver.restore()
    driver.scan(*SECOND)
    driver.put(Kind.ANSWER, Answer(9_000, 200, pack(Found())))
    driver.tell_all()
    assert (driver.core.wallets.state, driver.scanning.progress().finished) == ("done", 3)


def test_work_that_fails_is_counted_and_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = WalletDriver()
    driver.restore()
    driver.scan(*FIRST)

    def fails(now_ms: int) -> None:
        raise OverflowError(f"out of range at {now_ms}")

    with monkeypatch.context() as patched:
        patched.setattr(driver.core.wallets, "work", fails)
        driver.tick()
    driver.tell_all()
    assert driver.core.connections.wallets.parse_errors == 1
    assert "out of range" in driver.core.journal.log_tail[-2].text
    assert driver.core.wallets.state == "done"


class Counting(Stopwatch):
    """Counts pieces of work by stage; a clock would count nanoseconds."""

    def __init__(self) -> None:
        self.begun = 0
        self.stages: list[int] = []

    def begins(self) -> None:
        self.begun += 1

    def ends(self, number: int, stage: int) -> None:
        self.stages.append(stage)


def test_what_is_measured_is_the_work_for_the_scan_and_all_of_it() -> None:
    driver = WalletDriver()
    driver.restore()
    watch = driver.core.wallets.stopwatch = Counting()
    driver.scan(*(address(number) for number in range(1, 41)))
    driver.list_markets()
    driver.tick()
    assert watch.stages == []  # neither the list of markets nor time is work for a scan
    driver.tell_all(lambda request: request.venue == STORE_VENUE or request.channel in ("stats", "trades"))
    answers = [1] * 40 + [2] * 40
    begun_later = watch.stages.count(2) - 40
    assert sorted(stage for stage in watch.stages if stage) == sorted(answers + [2] * begun_later)
    assert begun_later > 0  # wallets are begun a few an input, whatever the input
    driver.tell_all()
    assert watch.stages.count(3) == 40 * 4
    assert watch.begun == len(watch.stages)
