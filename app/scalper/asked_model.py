"""The model that is asked: known by its weights, loaded before the first question; its replies become answers."""

from typing import TYPE_CHECKING

import msgspec

from app.config.settings import CostsSettings, ScalperSettings
from app.core.record import Answer, Request
from app.core.text import SafeText, clean
from app.scalper.models import ModelServerError, find_model
from app.scalper.question import warm_up
from app.scalper.reply import encode_reply

if TYPE_CHECKING:
    from app.scalper.model_server import ModelServer

LOAD_LIMIT_S = 120.0
"""Reading some gigabytes from a slow disk takes no longer."""
REASON_LENGTH = 200


class AskedModel:
    """The model of the settings at its server. How long a method may take is up to whoever calls it.

    `digest` is that of the model's weights, `billions` its parameters; empty and None where the server does not tell.
    """

    def __init__(self, server: "ModelServer", settings: ScalperSettings, costs: CostsSettings) -> None:
        self.server = server
        self._settings = settings
        self._costs = costs
        self.digest = SafeText("")
        self.billions: float | None = None

    async def identify(self) -> None:
        """Learn the model's digest and size; a server that does not tell them may be asked all the same.

        Raises `ModelServerError` where nobody listens or the connection broke.
        """
        try:
            found = find_model(self._settings.model, await self.server.models())
        except ModelServerError as error:
            if error.trouble in ("absent", "lost"):
                raise
            found = None
        self.digest = SafeText("") if found is None else found.digest
        self.billions = None if found is None else found.billions

    async def load(self) -> None:
        """Have the model loaded and the persona read, so that the first question finds both there.

        It may take minutes, and is no part of a read. Raises `ModelServerError`.
        """
        await self.server.chat(warm_up(self._settings, self._costs))

    async def answer(self, request: Request) -> Answer:
        """The answer to a question as an input of the engine, marked with the model's digest.

        Raises `ModelServerError`, and `MsgspecError` for a question that was not made by tapedeck.
        """
        reply = await self.server.chat(request.body)
        return Answer(request.request_id, 200, encode_reply(msgspec.structs.replace(reply, digest=self.digest)))


def failure(request: Request, reason: str, status: int = 0) -> Answer:
    """That a question got no answer, as an input of the engine; `status` is HTTP's where there was one."""
    return Answer(request.request_id, status, b"", clean(reason, REASON_LENGTH))


def late_text(settings: ScalperSettings) -> str:
    """That the deadline has passed without an answer."""
    return f"{settings.model} did not answer within {settings.deadline_s:g} s"


def open_model(settings: ScalperSettings, costs: CostsSettings) -> AskedModel:
    """Import the client and make one, for a thread, because it takes some tenths of a second. Nothing connects yet."""
    from app.scalper.model_server import ModelServer, load_network

    load_network()
    return AskedModel(ModelServer(settings.url, settings.model), settings, costs)
