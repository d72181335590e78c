"""How long a venue wants to be left alone, in whichever form it says so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.feeds.statuses import retry_after_s

NOON = "Fri, 06 Nov 2026 12:00:00 GMT"
NOON_NS = 1_793_966_400_000_000_000


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("7", 7), ("999999", 3_600), ("-1", None), ("", None), ("soon", None), ("9" * 5_000, None), ("٣", None)],
)
def test_seconds_are_taken_up_to_an_hour_and_all_else_is_no_time(text: str, seconds: float | None) -> None:
    assert retry_after_s({"retry-after": text}, NOON_NS) == seconds


@pytest.mark.parametrize(
    ("until", "seconds"),
    [
        ("Fri, 06 Nov 2026 12:02:00 GMT", 120),
        ("Friday, 06-Nov-26 12:02:00 GMT", 120),
        ("Fri Nov  6 12:02:00 2026", 120),
        ("Fri, 06 Nov 2026 11:59:00 GMT", 0),
        ("Sat, 07 Nov 2026 12:00:00 GMT", 3_600),
        ("Fri, 32 Nov 2026 12:02:00 GMT", None),
        ("Fri, 06 Nov 2026 12:02:00 +" + "9" * 30, None),
    ],
)
def test_a_date_is_counted_from_that_of_the_answer_or_from_now(until: str, seconds: float | None) -> None:
    days_ns = 3 * 86_400_000_000_000
    assert retry_after_s({"retry-after": until, "date": NOON}, NOON_NS + days_ns) == seconds
    assert retry_after_s({"retry-after": until, "date": "today"}, NOON_NS) == seconds
    assert retry_after_s({"retry-after": until}, NOON_NS) == seconds


@given(st.text() | st.from_regex(r"[A-Z][a-z]{2,5},? [0-9]{1,4}.{0,20}:[0-9]{1,9}.{0,12}"), st.text())
def test_whatever_a_venue_says_is_a_wait_of_an_hour_at_most_or_none(asked: str, date: str) -> None:
    wait_s = retry_after_s({"retry-after": asked, "date": date}, NOON_NS)
    assert wait_s is None or 0 <= wait_s <= 3_600
