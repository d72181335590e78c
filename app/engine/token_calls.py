"""What a run asks of the venues of new tokens and of the model: a client each, all behind the same door."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np

from app.config.settings import Settings
from app.core.clock import Clock
from app.core.errors import BundleRefused, DataError
from app.core.record import Request
from app.core.text import SafeText, clean
from app.engine.inference_pool import InferencePool
from app.engine.inference_requests import PredictionError
from app.engine.token_state import ATTRIBUTE, PREDICTOR, REFERENCE
from app.feeds.inbox import Inbox
from app.feeds.request_client import Carried, RequestClient
from app.feeds.token_carrier import TokenCarrier, TokenCarrierSettings
from app.tokens.attribution import attributions, occluded
from app.tokens.bundle import folder_of
from app.tokens.features import WIDTH, Singles
from app.tokens.reference import read_reference

_ROW_BYTES = 4 * WIDTH
_SERVED = 200
_APART_S = 5.0
"""To take an answer apart may take so long, its wait for the one before it included."""


class ModelCarrier:
    """Carries rows of features to the workers, and what they say, or what that rests on, back."""

    def __init__(self, pool: InferencePool, bundles: Sequence[Path] = ()) -> None:
        """`bundles` are the folders in which bundles are looked for."""
        self._pool, self._bundles = pool, bundles
        # One at a time: a person who goes from token to token must not crowd out predictions.
        self._apart = asyncio.Lock()

    async def carry_request(self, request: Request) -> Carried:
        """The model's answer, whole or taken apart. Raises `DataError` for a request without a row."""
        if request.channel == REFERENCE:
            return await self._reference(request.subject)
        if len(request.body) != _ROW_BYTES:
            raise DataError(f"request {request.request_id} to the model holds {len(request.body)} bytes, not a row")
        row = np.frombuffer(request.body, dtype="<f4").astype(np.float32)
        try:
            body = await (self._taken_apart(row) if request.channel == ATTRIBUTE else self._predicted(row))
        except (PredictionError, ValueError) as error:
            return Carried(0, b"", clean(str(error), 240), 1)
        return Carried(_SERVED, body, SafeText(""), 1)

    async def _reference(self, version: str) -> Carried:
        """What a bundle says of its training: read in a thread, for all of it is verified first."""
        try:
            found = await asyncio.to_thread(lambda: read_reference(folder_of(self._bundles, version)))
        except BundleRefused as error:
            return Carried(0, b"", clean(str(error), 240), 1)
        return Carried(_SERVED, msgspec.json.encode(found), SafeText(""), 1)

    async def _predicted(self, row: Singles) -> bytes:
        # The first question of all waits for the first worker: its deadline is for answering, not for starting.
        await self._pool.crew.first_start()
        return msgspec.json.encode(await self._pool.predict(row))

    async def _taken_apart(self, row: Singles) -> bytes:
        """The answers to all occluded rows come as one batch; they count only if one bundle gave them all."""
        hidden = occluded(row)
        late = PredictionError("deadline", f"the token model did not take its answer apart within {_APART_S:g} s")
        try:
            async with asyncio.timeout(_APART_S), self._apart:
                said = await self._pool.predict_together(list(hidden.rows))
        except TimeoutError:
            raise late from None
        versions = {each.version for each in said}
        if len(versions) > 1:
            raise PredictionError("model", "another bundle took over meanwhile; it is asked again soon")
        answers = [(each.p_rise, each.gain_pct, each.p_rug) for each in said]
        return msgspec.json.encode(attributions(hidden, answers, versions.pop()))

    async def close(self) -> None:
        """Nothing to close: the pool ends its workers itself."""


class TokenCalls:
    """Clients by venue, and the pool behind the model's. Nothing is asked before somebody does."""

    def __init__(
        self, settings: Settings, reach: Mapping[str, TokenCarrierSettings], inbox: Inbox, clock: Clock,
        generator: np.random.Generator, bundles: Sequence[Path], report: Callable[[str], None],
    ) -> None:  # fmt: skip
        """`reach` says how each venue is reached, `bundles` where the model's bundles are."""
        self.pool = InferencePool(settings.token_model, bundles, clock, report)
        carriers = {venue: TokenCarrier(venue, how, clock, generator) for venue, how in reach.items()}
        self.clients: Mapping[str, RequestClient] = {
            **{venue: RequestClient(venue, carrier, inbox) for venue, carrier in carriers.items()},
            PREDICTOR: RequestClient(PREDICTOR, ModelCarrier(self.pool, bundles), inbox),
        }

    def outstanding(self) -> list[Request]:
        """Questions that have not been answered."""
        return [request for client in self.clients.values() for request in client.outstanding()]
