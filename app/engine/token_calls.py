"""What a run asks of the venues of new tokens and of the model: a client each, all behind the same door."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np

from app.config.settings import Settings
from app.core.clock import Clock
from app.core.errors import DataError
from app.core.record import Request
from app.core.text import SafeText, clean
from app.engine.inference_pool import InferencePool
from app.engine.inference_requests import PredictionError
from app.engine.token_state import PREDICTOR
from app.feeds.inbox import Inbox
from app.feeds.request_client import Carried, RequestClient
from app.feeds.token_carrier import TokenCarrier, TokenCarrierSettings
from app.tokens.features import WIDTH

_ROW_BYTES = 4 * WIDTH
_SERVED = 200


class ModelCarrier:
    """Carries rows of features to the workers, and what they say back."""

    def __init__(self, pool: InferencePool) -> None:
        self._pool = pool

    async def carry_request(self, request: Request) -> Carried:
        """The model's answer. Raises `DataError` for a request without a row."""
        if len(request.body) != _ROW_BYTES:
            raise DataError(f"request {request.request_id} to the model holds {len(request.body)} bytes, not a row")
        row = np.frombuffer(request.body, dtype="<f4").astype(np.float32)
        # The first question of all waits for the first worker: its deadline is for answering, not for starting.
        await self._pool.crew.first_start()
        try:
            prediction = await self._pool.predict(row)
        except (PredictionError, ValueError) as error:
            return Carried(0, b"", clean(str(error), 240), 1)
        return Carried(_SERVED, msgspec.json.encode(prediction), SafeText(""), 1)

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
            PREDICTOR: RequestClient(PREDICTOR, ModelCarrier(self.pool), inbox),
        }

    def outstanding(self) -> list[Request]:
        """Questions that have not been answered."""
        return [request for client in self.clients.values() for request in client.outstanding()]
