"""A break leaves a coin in doubt until its trades reach back to before it."""

from app.core.events import FeedHole
from app.engine.continuity import Continuity


def broken() -> Continuity:
    continuity = Continuity()
    continuity.interrupted({"BTC": 100})
    return continuity


def test_nothing_is_in_doubt_before_a_break() -> None:
    assert not Continuity().streamed("BTC", 100)
    assert Continuity().answered("BTC", 100) == (None, False)


def test_an_overlap_settles_it_at_once() -> None:
    continuity = broken()
    assert not continuity.streamed("BTC", 99)
    assert not continuity.streamed("BTC", 500)


def test_reaching_back_to_the_same_millisecond_is_not_enough() -> None:
    # Trades that share a millisecond may be cut apart where an answer ends.
    continuity = broken()
    assert continuity.streamed("BTC", 100)
    assert continuity.answered("BTC", 100) == (FeedHole("BTC", 100, 100), False)


def test_without_overlap_it_is_asked_once_and_the_answer_decides() -> None:
    for oldest_ms, hole in ((99, None), (101, FeedHole("BTC", 100, 101)), (None, FeedHole("BTC", 100, 200))):
        continuity = broken()
        assert [continuity.streamed("BTC", 200), continuity.streamed("BTC", 300)] == [True, False]
        assert continuity.answered("BTC", oldest_ms) == (hole, False)
        assert continuity.answered("BTC", oldest_ms) == (None, False)


def test_a_break_before_the_stream_came_back_keeps_the_time_of_the_first() -> None:
    continuity = broken()
    continuity.interrupted({"BTC": 150})
    assert continuity.streamed("BTC", 200)
    assert continuity.answered("BTC", None) == (FeedHole("BTC", 100, 200), False)


def test_an_answer_does_not_settle_a_break_that_came_after_its_question() -> None:
    continuity = broken()
    assert continuity.streamed("BTC", 200)
    continuity.interrupted({"BTC": 250})
    assert continuity.answered("BTC", 90) == (None, False)
    assert continuity.streamed("BTC", 300)
    assert continuity.answered("BTC", 280) == (FeedHole("BTC", 250, 280), False)


def test_a_second_question_waits_for_the_first_answer() -> None:
    continuity = broken()
    assert continuity.streamed("BTC", 200)
    continuity.interrupted({"BTC": 250})
    assert not continuity.streamed("BTC", 300)
    assert continuity.answered("BTC", 90) == (None, True)
    assert continuity.answered("BTC", None) == (FeedHole("BTC", 250, 300), False)


def test_a_message_that_could_not_be_read_is_asked_for() -> None:
    continuity = Continuity()
    assert continuity.lost("BTC", 100, 150)
    assert not continuity.lost("BTC", 120, 180)
    assert continuity.answered("BTC", 90) == (None, True)
    assert continuity.answered("BTC", None) == (FeedHole("BTC", 120, 180), False)


def test_of_two_breaks_before_the_stream_came_back_the_earlier_counts() -> None:
    continuity = Continuity()
    continuity.interrupted({"BTC": 300})
    continuity.interrupted({"BTC": 200})
    assert continuity.streamed("BTC", 400)
    assert continuity.answered("BTC", 350) == (FeedHole("BTC", 200, 350), False)
