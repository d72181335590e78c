"""Questions that were asked and not answered yet: an answer carries the number of its question and nothing of it."""

from collections.abc import Collection

import msgspec

from app.core.errors import FrameError
from app.core.record import Answer, Request

_MOST = 4_096
_unpack_request = msgspec.msgpack.Decoder(Request).decode
_unpack_answer = msgspec.msgpack.Decoder(Answer).decode


class OpenQuestions:
    """All of a run, to whomever they are put."""

    def __init__(self) -> None:
        self._requests: dict[int, Request] = {}

    @property
    def waiting(self) -> Collection[Request]:
        """Those that wait for an answer."""
        return self._requests.values()

    def asked(self, payload: bytes) -> Request:
        """A question has left. Raises `FrameError` for more of them than any run asks."""
        request = _unpack_request(payload)
        if len(self._requests) >= _MOST:
            raise FrameError(f"more than {_MOST} questions wait for an answer; the tape is damaged")
        self._requests[request.request_id] = request
        return request

    def answered(self, payload: bytes) -> tuple[Request | None, Answer]:
        """An answer, and the question it belongs to; None where it belongs to none."""
        answer = _unpack_answer(payload)
        return self._requests.pop(answer.request_id, None), answer
