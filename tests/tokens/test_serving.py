"""What a worker says to what it is asked, without a process."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from tiny_bundle import by_hand, rows_of

from app.core.errors import BundleRefused
from app.tokens.features import Singles
from app.tokens.serving import ENDED, NO_MEMORY, NONSENSE, REFUSED, Opened, serve
from app.tokens.worker_protocol import (
    Answer,
    Failed,
    FromWorker,
    Messages,
    Numbers,
    Ready,
    Refused,
    ask,
    read_from_worker,
    row_bytes,
)


class _Parent:
    """Asks, one piece after the other, and keeps what it is told."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces: Iterator[bytes] = iter(pieces)
        self._messages = Messages()
        self.told: list[tuple[FromWorker, Numbers]] = []

    def read(self) -> bytes:
        return next(self._pieces, b"")

    def write(self, data: bytes) -> None:
        self.told += [read_from_worker(*message) for message in self._messages.cut(data)]

    def serve(self, predict: Callable[[Singles], Singles]) -> int:
        return serve(lambda: Opened(predict, "v1", "REAL", 7), self.read, self.write)


def _asked(number: int, count: int, seed: int = 3) -> bytes:
    return ask(number, [row_bytes(row) for row in rows_of(seed, count)])


def test_each_question_is_answered_in_order() -> None:
    both = _asked(1, 2) + _asked(2, 0) + _asked(3, 32)
    parent = _Parent(both[:700], both[700:])
    assert parent.serve(by_hand) == ENDED
    (ready, _), *answers = parent.told
    assert ready == Ready("v1", "REAL", 7)
    assert [said for said, _ in answers] == [Answer(1, 2), Answer(2, 0), Answer(3, 32)]
    assert np.array_equal(answers[2][1], by_hand(rows_of(3, 32)))


@pytest.mark.parametrize(
    "error", [BundleRefused("its graph is no graph"), OSError("gone"), MemoryError(), ImportError()]
)
def test_a_bundle_that_cannot_be_opened_is_refused_with_the_reason(error: Exception) -> None:
    parent = _Parent(_asked(1, 1))

    def opened() -> Opened:
        raise error

    assert serve(opened, parent.read, parent.write) == REFUSED
    [(said, _)] = parent.told
    assert isinstance(said, Refused)
    assert (str(error) or type(error).__name__.replace("MemoryError", "out of memory")) in said.reason


def test_a_question_that_fails_does_not_end_the_worker() -> None:
    parent = _Parent(_asked(1, 3), _asked(2, 2))

    def predict(rows: Singles) -> Singles:
        if len(rows) == 3:
            raise RuntimeError("\x1b[31mno\x1b[0m kernel")
        return by_hand(rows)

    assert parent.serve(predict) == ENDED
    assert [said for said, _ in parent.told[1:]] == [Failed(1, "RuntimeError: [31mno[0m kernel"), Answer(2, 2)]


def test_a_worker_without_memory_says_so_and_ends() -> None:
    parent = _Parent(_asked(1, 3), _asked(2, 2))

    def predict(rows: Singles) -> Singles:
        if len(rows) == 3:
            raise MemoryError
        return by_hand(rows)

    assert parent.serve(predict) == NO_MEMORY
    assert [said for said, _ in parent.told[1:]] == [Failed(1, "out of memory")]


@pytest.mark.parametrize("nonsense", [b"\xff" * 64, b"\x03\0\0\0\0\0\0\0abc"])
def test_nonsense_ends_a_worker(nonsense: bytes) -> None:
    parent = _Parent(_asked(1, 1), nonsense, _asked(2, 1))
    assert parent.serve(by_hand) == NONSENSE
    assert [said for said, _ in parent.told[1:]] == [Answer(1, 1)]
