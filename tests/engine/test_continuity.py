"""A break leaves a coin in doubt until its trades reach back to before it."""

from app.engine.continuity import Continuity


def test_nothing_is_in_doubt_before_a_break() -> None:
    assert Continuity().streamed("BTC", 100) == "whole"


def test_an_overlap_settles_it_at_once() -> None:
    continuity = Continuity()
    continuity.interrupted({"BTC": 100})
    assert continuity.streamed("BTC", 100) == "whole"
    assert continuity.streamed("BTC", 500) == "whole"


def test_without_overlap_it_is_asked_once_and_the_answer_decides() -> None:
    for oldest, verdict in ((100, "whole"), (101, "hole")):
        continuity = Continuity()
        continuity.interrupted({"BTC": 100})
        assert [continuity.streamed("BTC", 200), continuity.streamed("BTC", 300)] == ["ask", "whole"]
        assert continuity.answered("BTC", oldest) == verdict
        assert continuity.answered("BTC", oldest) == "whole"


def test_a_second_break_keeps_the_first_doubt_and_asks_again() -> None:
    continuity = Continuity()
    continuity.interrupted({"BTC": 100})
    assert continuity.streamed("BTC", 200) == "ask"
    continuity.interrupted({"BTC": 200})
    assert continuity.streamed("BTC", 150) == "ask"
    assert continuity.answered("BTC", 150) == "hole"
