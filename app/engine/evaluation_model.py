"""A model that is asked while a tape stands still: Ollama through the client of the deck, under the same deadline."""

import asyncio
from typing import TYPE_CHECKING

import msgspec

from app.config.settings import CostsSettings, ScalperSettings
from app.core.clock import Clock
from app.core.errors import ConfigError, VenueError
from app.core.record import Answer, Request
from app.core.text import clean
from app.engine.evaluation import TimedAnswer
from app.scalper.interpreter import LOAD_LIMIT_S
from app.scalper.interpreter_view import may_ask
from app.scalper.models import ModelServerError, find_model
from app.scalper.question import warm_up
from app.scalper.reply import encode_reply

if TYPE_CHECKING:
    from app.scalper.model_server import ModelServer

_LOOK_LIMIT_S = 5.0
_REASON_LENGTH = 200


class ModelAnswers:
    """Asks one model, one question at a time. `open` comes first, `close` last."""

    def __init__(self, settings: ScalperSettings, costs: CostsSettings, clock: Clock) -> None:
        """Raises `ConfigError` where the settings do not let the server be asked."""
        if not may_ask(settings):
            raise ConfigError(f"{settings.url} is not on this machine; scalper.allow_remote = true lets it be asked")
        self._settings = settings
        self._costs = costs
        self._clock = clock
        self._server: ModelServer | None = None
        self._digest = ""

    async def open(self) -> None:
        """Have the model loaded, which may take minutes and is no part of a read.

        Raises `VenueError` where nobody listens, the model is not there, or it is not loaded in time.
        """
        # The client takes some tenths of a second to import.
        from app.scalper.model_server import ModelServer

        model = self._settings.model
        self._server = ModelServer(self._settings.url, model)
        try:
            async with asyncio.timeout(_LOOK_LIMIT_S):
                found = find_model(model, await self._server.models())
            if found is None:
                raise VenueError(f"Ollama has no model {model}; get it with `ollama pull {model}`")
            self._digest = str(found.digest)
            async with asyncio.timeout(LOAD_LIMIT_S):
                await self._server.chat(warm_up(self._settings, self._costs))
        except TimeoutError as error:
            raise VenueError(
                f"{model} was not loaded in time; look whether Ollama is busy, or ask less of it"
            ) from error

    async def answer(self, request: Request) -> TimedAnswer:
        """The answer, or a failure; given up at the deadline."""
        if self._server is None:
            raise VenueError("the model server was not opened; this is a mistake in the program")
        started_ns = self._clock.monotonic_ns()
        try:
            async with asyncio.timeout(self._settings.deadline_s):
                reply = await self._server.chat(request.body)
        except TimeoutError:
            why = f"{self._settings.model} did not answer within {self._settings.deadline_s:g} s"
            return TimedAnswer(_failure(request, why), self._settings.deadline_s)
        except ModelServerError as error:
            return TimedAnswer(_failure(request, str(error), error.status), self._seconds_since(started_ns))
        body = encode_reply(msgspec.structs.replace(reply, digest=self._digest))
        return TimedAnswer(Answer(request.request_id, 200, body), self._seconds_since(started_ns))

    async def close(self) -> None:
        """Close the connections."""
        if self._server is not None:
            await self._server.close()

    def _seconds_since(self, monotonic_ns: int) -> float:
        return (self._clock.monotonic_ns() - monotonic_ns) / 1e9


def _failure(request: Request, why: str, status: int = 0) -> Answer:
    return Answer(request.request_id, status, b"", str(clean(why, _REASON_LENGTH)))
