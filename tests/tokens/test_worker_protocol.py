"""Messages between the pool and a worker: whole however they are cut, and refused when they are none."""

import contextlib
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_bundle import rows_of

from app.tokens.features import WIDTH
from app.tokens.worker_protocol import (
    LARGEST_BATCH,
    LARGEST_HEADER,
    LARGEST_PAYLOAD,
    OUTPUTS,
    Answer,
    Failed,
    Messages,
    Ready,
    Refused,
    WorkerMessageError,
    answer,
    ask,
    read_ask,
    read_from_worker,
    row_bytes,
    told,
)

_WORDS = st.text(max_size=100)
_SAID = st.one_of(
    st.builds(Failed, st.integers(0, 2**53 - 1), _WORDS),
    st.builds(Ready, st.text(max_size=64), st.sampled_from(["SIMULATED", "REAL"]), st.integers(0, 2**33)),
    st.builds(Refused, _WORDS),
    st.builds(Answer, st.integers(0, 2**53 - 1), st.integers(0, LARGEST_BATCH)),
)


def _written(said: Answer | Failed | Ready | Refused) -> bytes:
    return answer(said.id, _numbers(said.rows)) if isinstance(said, Answer) else told(said)


def _numbers(rows: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.arange(rows * OUTPUTS, dtype=np.float32).reshape(rows, OUTPUTS)


@given(st.lists(_SAID, max_size=6), st.lists(st.integers(0, 3_000), max_size=12))
def test_messages_survive_any_cut(said: list[Answer | Failed | Ready | Refused], cuts: list[int]) -> None:
    whole = b"".join(map(_written, said))
    places = sorted({min(cut, len(whole)) for cut in cuts} | {0, len(whole)})
    messages = Messages()
    found = [message for start, end in pairwise(places) for message in messages.cut(whole[start:end])]
    heard = [read_from_worker(header, payload) for header, payload in found]
    assert [header for header, _ in heard] == said
    for header, numbers in heard:
        rows = header.rows if isinstance(header, Answer) else 0
        assert numbers == [tuple(row) for row in _numbers(rows).tolist()]


@given(st.integers(0, LARGEST_BATCH), st.integers(0, 2**53 - 1))
def test_questions_carry_their_rows_bit_for_bit(count: int, number: int) -> None:
    rows = rows_of(5, count)
    [(header, payload)] = Messages().cut(ask(number, [row_bytes(row) for row in rows]))
    question, told_rows = read_ask(header, payload)
    assert (question.id, question.rows) == (number, count)
    assert told_rows.tobytes() == rows.tobytes()


@given(st.binary(max_size=400), st.integers(0, 400))
def test_hostile_bytes_are_refused_or_wait_for_more(data: bytes, cut: int) -> None:
    messages = Messages()
    with contextlib.suppress(WorkerMessageError):
        for piece in (data[:cut], data[cut:]):
            for header, payload in messages.cut(piece):
                said, numbers = read_from_worker(header, payload)
                assert len(numbers) == (said.rows if isinstance(said, Answer) else 0)


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_no_header_and_payload_raise_anything_else(header: bytes, payload: bytes) -> None:
    for read in (read_ask, read_from_worker):
        with pytest.raises(WorkerMessageError):
            read(header, payload + b"x")  # never a multiple of a row and its header alike


@pytest.mark.parametrize("lengths", [(LARGEST_HEADER + 1, 0), (0, LARGEST_PAYLOAD + 1), (2**32 - 1, 2**32 - 1)])
def test_a_message_that_would_fill_the_memory_is_refused_at_its_first_bytes(lengths: tuple[int, int]) -> None:
    head = b"".join(length.to_bytes(4, "little") for length in lengths)
    with pytest.raises(WorkerMessageError, match="too long"):
        Messages().cut(head)


def test_an_answer_of_another_length_than_it_says_is_refused() -> None:
    [(header, payload)] = Messages().cut(answer(1, _numbers(2)))
    with pytest.raises(WorkerMessageError, match="not 2 rows"):
        read_from_worker(header, payload[:-4])


def test_the_largest_finite_numbers_are_sent() -> None:
    row = np.full(WIDTH, np.finfo(np.float32).max)
    assert row_bytes(row) == row.tobytes()


@pytest.mark.parametrize(
    "row",
    [
        np.zeros(WIDTH - 1, np.float32),
        np.zeros((1, WIDTH), np.float32),
        np.zeros(WIDTH),
        np.full(WIDTH, np.nan, np.float32),
        np.full(WIDTH, np.inf, np.float32),
    ],
)
def test_what_is_no_row_is_not_sent(row: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> None:
    with pytest.raises(ValueError, match="feature"):
        row_bytes(row)


def test_a_header_of_lists_in_lists_is_refused() -> None:
    header = b"\x95" + b"".join(map(msgspec.msgpack.encode, ("ready", "v", "REAL", 0))) + b"\x91" * 1_900 + b"\xc0"
    with pytest.raises(WorkerMessageError, match="does not decode"):
        read_from_worker(header, b"")
