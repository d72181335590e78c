"""A clock that goes ahead of monotonic time is told of, from the inputs alone."""

import pytest
from core_driver import START_MS, Driver
from hypothesis import given
from hypothesis import strategies as st

from app.core.record import Kind, Record
from app.engine.core import Core

SECOND_NS = 1_000_000_000
BEGAN_NS = START_MS * 1_000_000


def ticks(steps: list[tuple[float, float]]) -> list[Record]:
    """A tick at first and after each step: seconds that passed, and by how many the clock went ahead besides."""
    made: list[Record] = []
    wall_ns, monotonic_ns = BEGAN_NS, 5 * SECOND_NS
    for passed_s, ahead_s in [(0.0, 0.0), *steps]:
        monotonic_ns += round(passed_s * SECOND_NS)
        wall_ns += round((passed_s + ahead_s) * SECOND_NS)
        made.append(Record(1 + len(made), wall_ns, monotonic_ns, 0, Kind.TIMER, b""))
    return made


def told(records: list[Record]) -> list[str]:
    """What the event log says of the clock when these are dispatched."""
    core = Core("tape", Driver().settings)
    for record in records:
        core.dispatch(record)
    return [line.text for line in core.journal.log_tail if line.topic == "clock"]


@pytest.mark.parametrize(
    ("ahead_s", "words"),
    [(2.1, "2.1 s"), (60, "1 min"), (90, "1.5 min"), (3_600, "1 h"), (8 * 3_600, "8 h"), (9_000, "2.5 h")],
)
def test_hazard_11_a_jump_ahead_is_told_with_its_length(ahead_s: float, words: str) -> None:
    expected = [f"this machine's clock jumped ahead by {words}: suspended, or set"]
    assert told(ticks([(0.25, 0), (0.25, ahead_s), (0.25, 0)])) == expected


@given(st.lists(st.tuples(st.floats(0.01, 3_600), st.floats(-1.9, 1.9)), max_size=30))
def test_time_that_passes_and_corrections_of_less_than_two_seconds_are_no_jump(
    steps: list[tuple[float, float]],
) -> None:
    assert told(ticks(steps)) == []


def test_a_tick_that_waited_while_a_later_one_was_taken_is_no_jump() -> None:
    first, second, third, fourth = ticks([(0.25, 0), (0.25, 7_200), (0.25, 0)])
    late = [line for line in told([first, third, second, fourth]) if "ahead" in line]
    assert late == ["this machine's clock jumped ahead by 2 h: suspended, or set"]


def test_ticks_without_a_monotonic_time_of_their_own_tell_nothing() -> None:
    assert told([Record(number, BEGAN_NS + number * 10 * SECOND_NS, 0, 0, Kind.TIMER, b"") for number in (1, 2)]) == []
