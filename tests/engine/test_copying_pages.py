"""What a followed wallet did is read to its last page before anything is done; what is not read is a hole, and told."""

import msgspec
from copy_driver import ANN, CUP, CopyDriver
from polymarket_samples import page

from app.core.record import Kind, Request
from app.engine.core import Core
from app.engine.protocol import SetRecording
from app.engine.restoring import restoring
from app.feeds.polymarket.questions import Question, from_request


class PagedDriver(CopyDriver):
    """Activity comes in pages of this many rows, newest first; of `lost` pages there is none."""

    rows_a_page = 3
    lost: frozenset[int] = frozenset()

    def _activity(self, question: Question) -> bytes:
        place = int(dict(question.query).get("cursor", 0))
        if place in self.lost:
            return b"<html>"
        since_s = int(dict(question.query)["start"])
        rows = [row for row in self.done[question.subject] if row["timestamp"] >= since_s][::-1]
        first, behind = place * self.rows_a_page, (place + 1) * self.rows_a_page
        return page(rows[first:behind], str(place + 1) if behind < len(rows) else "")


def with_a_copy() -> PagedDriver:
    """Ann is followed, and a purchase of hers is copied."""
    driver = PagedDriver()
    driver.follow(ANN)
    driver.wait(31)
    driver.does(ANN)
    driver.wait(31)
    assert [copy.market for copy in driver.paper.copies] == ["an-event 000000 #1"]
    return driver


def busy(driver: PagedDriver, things: int) -> None:
    """She sells what was copied, and then does so many other things."""
    driver.does(ANN, "SELL", price=0.70)
    for number in range(things):
        driver.does(ANN, condition_id=CUP, token_id=str(100 + number), size=5.0 + number)


def test_an_exit_on_the_last_page_is_seen_and_ends_the_copy() -> None:
    driver = with_a_copy()
    busy(driver, 8)
    driver.wait(31)
    assert [trade.reason for trade in driver.paper.closed] == ["sold: an-event 000000 #1"]
    assert cursors_of(driver)[-4:] == ["", "1", "2", "3"]


def test_a_page_that_does_not_come_costs_nothing_but_time() -> None:
    driver = with_a_copy()
    busy(driver, 8)
    driver.lost = frozenset({2})
    driver.wait(61)
    assert len(driver.paper.copies) == 1
    driver.lost = frozenset()
    driver.wait(31)
    assert [trade.reason for trade in driver.paper.closed] == ["sold: an-event 000000 #1"]
    assert len(driver.paper.copies) == 8


def test_what_lies_behind_the_last_page_that_is_read_is_a_hole_and_told() -> None:
    driver = with_a_copy()
    driver.rows_a_page = 1
    busy(driver, 8)
    asked = len(driver.asked_of("activity"))
    driver.wait(31)
    assert len(driver.asked_of("activity")) == asked + 6
    hole = "activity of 0x0000…0001: a hole in what it did (more than 6 pages): 1 copies of it may have missed its exit"
    assert sum(hole in text for text in driver.said) == 1
    driver.wait(31)
    assert sum(hole in text for text in driver.said) == 1


def test_pages_that_are_waited_for_are_not_asked_for_from_the_first_again() -> None:
    driver = with_a_copy()
    busy(driver, 8)
    asked = pass_by(driver, 31)
    driver.tell(asked)
    pass_by(driver, 35)
    assert cursors_of(driver)[-1] == ""
    assert [dict(from_request(each).query).get("cursor") for each in activity_waiting(driver)] == ["1"]


def test_a_recording_begun_between_two_pages_gives_the_same_copies() -> None:
    driver = with_a_copy()
    busy(driver, 8)
    driver.tell(pass_by(driver, 31))
    assert activity_waiting(driver)
    noted: list[tuple[Kind, msgspec.Struct]] = [(Kind.COMMAND, each) for each in restoring(driver.core)]
    noted += [(Kind.REQUEST, each) for each in driver.waiting]
    begun = len(driver.records)
    driver.put(Kind.COMMAND, SetRecording(on=True))
    driver.carry()
    driver.wait(61)
    assert [trade.reason for trade in driver.paper.closed] == ["sold: an-event 000000 #1"]
    again = Core("tape", driver.settings)
    like = driver.records[begun]
    for kind, payload in noted:
        again.dispatch(msgspec.structs.replace(like, kind=kind, payload=msgspec.msgpack.encode(payload)))
    for record in driver.records[begun:]:
        again.dispatch(record)
    assert again.paper.ledger is not None
    assert driver.core.paper.ledger is not None
    assert again.paper.ledger.state() == driver.core.paper.ledger.state()
    assert list(again.paper.closed) == list(driver.core.paper.closed)


def pass_by(driver: PagedDriver, seconds: int) -> Request:
    """Let seconds pass in which nothing but prices is answered; what is asked of activity last."""
    for _ in range(seconds):
        driver.tick(1.0)
        driver.carry()
        driver.tell_all(lambda request: request.channel != "activity")
    return activity_waiting(driver)[-1]


def activity_waiting(driver: PagedDriver) -> list[Request]:
    return [each for each in driver.waiting if each.channel == "activity"]


def cursors_of(driver: PagedDriver) -> list[str]:
    """The pages of activity that were answered, the first one as an empty text."""
    return [dict(each.query).get("cursor", "") for each in driver.asked_of("activity")]
