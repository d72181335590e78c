"""What is asked of the venue's past, and what a chart says of it; pure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.record import Request
from app.core.text import clean
from app.engine.candle_past import CandlePast, PastState, RequestsState, waiting_sentence


def request(number: int, coin: str = "BTC", interval: str = "5m", channel: str = "candleSnapshot") -> Request:
    return Request(number, "hyperliquid", channel, b"{}", coin, interval)


def test_a_past_is_asked_for_once_unless_it_failed_or_may_be_asked_again() -> None:
    past = CandlePast()
    assert [past.ask("BTC", "5m"), past.ask("BTC", "5m"), past.ask("ETH", "5m")] == [True, False, True]
    past.failed("BTC", "5m", "refused")
    assert [past.ask("BTC", "5m"), past.ask("BTC", "5m")] == [True, False]
    past.may_be_asked_again()
    assert past.ask("ETH", "5m")


def test_a_past_is_asked_for_while_its_own_question_waits() -> None:
    past = CandlePast()
    outstanding = [request(4, "SOL"), request(7, "BTC"), request(9, "ETH"), request(12, "ETH", "", "recentTrades")]
    outstanding.append(Request(5, "another", "read", b"", "BTC"))
    outstanding += [request(1, "BTC", "1m"), request(2, "BTC", "1h")]
    assert past.state("BTC", "5m", outstanding) == PastState("asked")
    assert past.state("BTC", "1h", outstanding) == PastState("asked")
    assert past.state("ETH", "1h", outstanding) == PastState("unasked")


def test_what_is_here_stays_while_it_is_asked_for_again_but_not_over_a_break() -> None:
    past = CandlePast()
    past.ask("BTC", "5m")
    past.came("BTC", "5m")
    past.may_be_asked_again()
    past.ask("BTC", "5m")
    assert past.state("BTC", "5m", [request(2)]) == PastState("here")
    assert list(past.missed()) == [("BTC", "5m")]
    assert past.state("BTC", "5m", [request(3)]) == PastState("asked")
    past.failed("BTC", "5m", "refused")
    assert past.state("BTC", "5m", []) == PastState("failed", reason="refused")
    past.came("BTC", "5m")
    assert past.state("BTC", "5m", []) == PastState("here")


@pytest.mark.parametrize(
    ("past", "requests", "words"),
    [
        (PastState("here"), RequestsState(), ""),
        (PastState("asked"), RequestsState(), "The 15m history is asked for…"),
        (
            PastState("asked"),
            RequestsState(budget_wait_s=11.6),
            "The 15m history waits for the request budget: 12 s",
        ),
        (
            PastState("asked"),
            RequestsState(budget_wait_s=11.6, trouble="cannot connect", retry_in_s=3.0),
            "The 15m history waits: cannot connect; next try in 3 s",
        ),
        (
            PastState("failed", reason="said 500"),
            RequestsState(on_tape=True),
            "The 15m history did not come: said 500",
        ),
        (
            PastState("unasked"),
            RequestsState(on_tape=True),
            "This tape has no 15m history: these candles are made of its trades",
        ),
    ],
)
def test_the_sentence(past: PastState, requests: RequestsState, words: str) -> None:
    assert waiting_sentence("15m", past, requests) == words


texts = st.text(max_size=300) | st.sampled_from(["\x1b]52;c;x\x07", "[red]", "\u202e", "a\nb"])


@given(texts, texts, st.sampled_from(["asked", "failed"]))
def test_whatever_the_venue_says_becomes_one_short_harmless_line(reason: str, trouble: str, state: str) -> None:
    past = PastState("asked" if state == "asked" else "failed", reason)
    line = waiting_sentence("15m", past, RequestsState(trouble=trouble, retry_in_s=1.0))
    assert clean(line, 240) == line
