"""A model that is asked while a tape stands still: Ollama through the client of the deck, under the same deadline."""

import asyncio

from app.config.settings import CostsSettings, ScalperSettings
from app.core.clock import Clock
from app.core.errors import ConfigError, VenueError
from app.core.record import Request
from app.engine.evaluation import TimedAnswer
from app.scalper.asked_model import LOAD_LIMIT_S, AskedModel, failure, late_text, open_model
from app.scalper.interpreter_view import first_state
from app.scalper.models import ModelServerError

_LOOK_LIMIT_S = 5.0


class ModelAnswers:
    """Asks one model, one question at a time. `open` comes first, `close` last."""

    def __init__(self, settings: ScalperSettings, costs: CostsSettings, clock: Clock) -> None:
        """Raises `ConfigError` where the settings do not let the server be asked."""
        state, why = first_state(settings)
        if state == "refused":
            raise ConfigError(why)
        self._settings = settings
        self._costs = costs
        self._clock = clock
        self._model: AskedModel | None = None

    async def open(self) -> None:
        """Have the model loaded, which may take minutes and is no part of a read.

        Raises `VenueError` where nobody listens, the model is not there, or it is not loaded in time.
        """
        self._model = await asyncio.to_thread(open_model, self._settings, self._costs)
        try:
            async with asyncio.timeout(_LOOK_LIMIT_S):
                await self._model.identify()
            async with asyncio.timeout(LOAD_LIMIT_S):
                await self._model.load()
        except TimeoutError as error:
            raise VenueError(
                f"{self._settings.model} was not loaded in time; look whether Ollama is busy, or ask less of it"
            ) from error

    async def answer(self, request: Request) -> TimedAnswer:
        """The answer and the seconds it took, or a failure; given up at the deadline."""
        if self._model is None:
            raise VenueError("the model server was not opened; this is a mistake in the program")
        started_ns = self._clock.monotonic_ns()
        try:
            async with asyncio.timeout(self._settings.deadline_s):
                answer = await self._model.answer(request)
        except TimeoutError:
            return TimedAnswer(failure(request, late_text(self._settings)), self._settings.deadline_s)
        except ModelServerError as error:
            answer = failure(request, str(error), error.status)
        return TimedAnswer(answer, (self._clock.monotonic_ns() - started_ns) / 1e9)

    async def close(self) -> None:
        """Close the connections."""
        if self._model is not None:
            await self._model.server.close()
