"""A break leaves a coin in doubt until its trades reach back to before it."""

from app.core.events import FeedHole
from app.engine.continuity import Continuity


def broken() -> Continuity:
    continuity = Continuity()
    continuity.interrupted({"BTC": 100})
    return continuity


def test_nothing_is_in_doubt_before_a_break() -> None:
    assert not Continuity().streamed("BTC", 100)


def test_an_overlap_settles_it_at_once() -> None:
    continuity = broken()
    assert not continuity.streamed("BTC", 100)
    assert not continuity.streamed("BTC", 500)


def test_without_overlap_it_is_asked_once_and_the_answer_decides() -> None:
    for oldest_ms, hole in ((100, None), (101, FeedHole("BTC", 100, 101)), (None, FeedHole("BTC", 100, 200))):
        continuity = broken()
        assert [continuity.streamed("BTC", 200), continuity.streamed("BTC", 300)] == [True, False]
        assert continuity.answered("BTC", oldest_ms) == hole
        assert continuity.answered("BTC", oldest_ms) is None


def test_a_second_break_keeps_the_first_doubt_and_the_first_question() -> None:
    continuity = broken()
    assert continuity.streamed("BTC", 200)
    continuity.interrupted({"BTC": 250})
    assert not continuity.streamed("BTC", 300)
    assert continuity.answered("BTC", 150) == FeedHole("BTC", 100, 150)
