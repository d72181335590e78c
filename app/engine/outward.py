"""What a run asks of the outside: the venue's client and the model's interpreter behind one port."""

from collections.abc import Iterable

from app.core.record import Request
from app.feeds.hyperliquid.client import HyperliquidClient
from app.feeds.hyperliquid.wire import WireSubscription
from app.scalper.desk import MODEL_VENUE
from app.scalper.interpreter import Interpreter


class Outward:
    """Sends each question to whom it is for."""

    def __init__(self, client: HyperliquidClient, interpreter: Interpreter) -> None:
        self._client = client
        self._interpreter = interpreter

    def subscribe(self, subscriptions: Iterable[WireSubscription]) -> None:
        """Follow these streams of the venue from now on."""
        self._client.subscribe(subscriptions)

    def unsubscribe(self, subscriptions: Iterable[WireSubscription]) -> None:
        """Follow these streams of the venue no longer."""
        self._client.unsubscribe(subscriptions)

    def request(self, request: Request) -> None:
        """Ask a question; the answer will be an input."""
        (self._interpreter if request.venue == MODEL_VENUE else self._client).request(request)

    def hurry(self, channel: str, subject: str, variant: str) -> None:
        """Have a question to the venue go before those that nobody waits for."""
        self._client.hurry(channel, subject, variant)

    def withdraw(self, request_id: int) -> None:
        """Have a question no longer answered, whoever has it."""
        self._client.withdraw(request_id)
        self._interpreter.withdraw(request_id)
