"""What a worker process does once its pipes are there: open a model, say so, answer questions until there are no more.

Reading and writing are passed in, so this is the same for any transport and any runtime.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np

from app.core.errors import TapedeckError
from app.core.text import clean
from app.tokens.features import WIDTH, Singles
from app.tokens.worker_protocol import (
    LARGEST_BATCH,
    OUTPUTS,
    Ask,
    Failed,
    Messages,
    Ready,
    Refused,
    WorkerMessageError,
    answer,
    read_ask,
    told,
)

ENDED, REFUSED, NONSENSE, NO_MEMORY = 0, 3, 4, 5
"""Exit codes: asked to end; the bundle cannot be used; what was asked is no message; memory ran out."""
_WIDEST_REASON = 300


class Opened(NamedTuple):
    """A bundle that was opened under some runtime: how it answers (n, 628) → (n, 3), and what it is."""

    predict: Callable[[Singles], Singles]
    version: str
    origin: Literal["SIMULATED", "REAL"]
    made_at_s: int


def serve(open_model: Callable[[], Opened], read: Callable[[], bytes], write: Callable[[bytes], None]) -> int:
    """Answer until `read` gives nothing more; returns the exit code. `write` takes whole messages."""
    try:
        model = open_model()
        _warm(model)
    except (TapedeckError, OSError, MemoryError, ImportError) as error:
        write(told(Refused(_words(error))))
        return REFUSED
    write(told(Ready(model.version, model.origin, model.made_at_s)))
    try:
        return _answer_all(model, read, write)
    except WorkerMessageError:
        return NONSENSE


def _warm(model: Opened) -> None:
    # The first call of each size is several times slower: buffers are laid out then.
    for rows in (1, LARGEST_BATCH):
        model.predict(np.zeros((rows, WIDTH), dtype=np.float32))


def _answer_all(model: Opened, read: Callable[[], bytes], write: Callable[[bytes], None]) -> int:
    messages = Messages()
    while data := read():
        for header, payload in messages.cut(data):
            question, rows = read_ask(header, payload)
            try:
                write(_answered(model, question, rows))
            except MemoryError as error:
                write(told(Failed(question.id, _words(error))))
                return NO_MEMORY
    return ENDED


def _answered(model: Opened, question: Ask, rows: Singles) -> bytes:
    if not question.rows:
        return _still_alive(question)
    try:
        return answer(question.id, model.predict(rows))
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - a runtime may fail in any way; the pool counts it and says so
        return told(Failed(question.id, _words(error)))


def _still_alive(question: Ask) -> bytes:
    return answer(question.id, np.zeros((0, OUTPUTS), dtype=np.float32))


def _words(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "out of memory"
    return clean(str(error) if isinstance(error, TapedeckError) else f"{type(error).__name__}: {error}", _WIDEST_REASON)
