"""What came back from the model server, as it stands on the tape. Pure."""

from typing import Annotated

import msgspec
from msgspec import Meta

from app.core.errors import FrameError
from app.scalper.answer import LONGEST_ANSWER

_Milliseconds = Annotated[float, Meta(ge=0, lt=1e9)]
_Count = Annotated[int, Meta(ge=0, lt=10**9)]


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """The text of a model's answer with the server's own measurements; those are 0 where it gives none.

    `digest` is that of the model's weights, empty where the server does not tell; `done_reason` is `stop` for an answer
    that is whole.
    """

    content: Annotated[str, Meta(max_length=LONGEST_ANSWER)]
    model: Annotated[str, Meta(max_length=128)] = ""
    digest: Annotated[str, Meta(max_length=128)] = ""
    done_reason: Annotated[str, Meta(max_length=32)] = "stop"
    prompt_tokens: _Count = 0
    answer_tokens: _Count = 0
    load_ms: _Milliseconds = 0.0
    prompt_ms: _Milliseconds = 0.0
    answer_ms: _Milliseconds = 0.0


encode_reply = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Reply).decode


def reply_of(body: bytes) -> Reply:
    """The reply in the body of an answer. Raises `FrameError` for one that is none, or that was cut."""
    try:
        reply = _decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise FrameError("the model server's reply cannot be read") from error
    if reply.done_reason != "stop":
        raise FrameError(f"the model's answer was cut ({reply.done_reason}); it ran out of its tokens")
    return reply
