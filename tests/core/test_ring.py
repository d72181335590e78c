"""The ring holds the newest rows, in order, whatever its history."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.core.ring import Ring


@given(st.integers(1, 20), st.lists(st.integers(-1000, 1000), max_size=120))
def test_it_is_the_tail_of_what_was_appended(capacity: int, values: list[int]) -> None:
    ring = Ring(capacity, 2)
    for index, value in enumerate(values):
        ring.append(index, value)
    expected = [[index, value] for index, value in enumerate(values)][-capacity:]
    assert ring.view().tolist() == expected
    assert len(ring) == len(expected)


def test_a_view_cannot_be_written() -> None:
    ring = Ring(3, 1)
    ring.append(1.0)
    assert not ring.view().flags.writeable


@given(st.integers(1, 20), st.lists(st.lists(st.integers(-1000, 1000), max_size=30), max_size=20))
def test_many_rows_at_once_are_as_many_one_by_one(capacity: int, batches: list[list[int]]) -> None:
    at_once, one_by_one = Ring(capacity, 1), Ring(capacity, 1)
    for batch in batches:
        at_once.extend(np.array(batch, np.float64).reshape(-1, 1))
        for value in batch:
            one_by_one.append(value)
        assert at_once.view().tolist() == one_by_one.view().tolist()
