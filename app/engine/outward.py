"""What a run asks of the outside: the venues' clients, the model's interpreter and the database behind one port."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from app.core.record import Request
from app.feeds.hyperliquid.client import HyperliquidClient
from app.feeds.hyperliquid.wire import WireSubscription
from app.scalper.desk import MODEL_VENUE
from app.scalper.interpreter import Interpreter


class Answers(Protocol):
    """Whoever answers requests."""

    def request(self, request: Request) -> None:
        """Ask a question; the answer will be an input."""

    def withdraw(self, request_id: int) -> None:
        """Have a question no longer answered; one that was never asked here is left alone."""


class Outward:
    """Sends each question to whom it is for: to those who have joined by the venue's name, or else to `client`."""

    def __init__(self, client: HyperliquidClient, interpreter: Interpreter) -> None:
        self._client = client
        self._others: dict[str, Answers] = {MODEL_VENUE: interpreter}

    def join(self, venue: str, answers: Answers) -> None:
        """From now on questions to this venue go there."""
        self._others[venue] = answers

    def subscribe(self, subscriptions: Iterable[WireSubscription]) -> None:
        """Follow these streams of the venue from now on."""
        self._client.subscribe(subscriptions)

    def unsubscribe(self, subscriptions: Iterable[WireSubscription]) -> None:
        """Follow these streams of the venue no longer."""
        self._client.unsubscribe(subscriptions)

    def stream_traders(self, traders: Sequence[str]) -> None:
        """Follow what these accounts do, and no others, as far as the venue streams them."""
        self._client.stream_traders(traders)

    def watch_trades(self, coins: Sequence[str]) -> None:
        """Have the trades of these coins, and of no others, for the sake of who trades."""
        self._client.watch_trades(coins)

    def request(self, request: Request) -> None:
        """Ask a question; the answer will be an input."""
        self._others.get(request.venue, self._client).request(request)

    def hurry(self, channel: str, subject: str, variant: str) -> None:
        """Have a question to the venue go before those that nobody waits for."""
        self._client.hurry(channel, subject, variant)

    def withdraw(self, request_id: int) -> None:
        """Have a question no longer answered, whoever has it."""
        self._client.withdraw(request_id)
        for other in self._others.values():
            other.withdraw(request_id)
