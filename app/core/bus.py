"""Typed topics inside the engine. Delivery is synchronous and in order of subscription, so a replay repeats it."""

from collections.abc import Callable
from typing import Any, TypeVar

Event = TypeVar("Event")


class Bus:
    """Hands each event to whoever subscribed to its type."""

    def __init__(self) -> None:
        self._subscribers: dict[type, list[Callable[[Any], None]]] = {}

    def subscribe(self, event_type: type[Event], handler: Callable[[Event], None]) -> None:
        """Call `handler` with every event of exactly this type from now on."""
        self._subscribers.setdefault(event_type, []).append(handler)

    def publish(self, event: object) -> None:
        """Deliver `event`; one nobody subscribed to is dropped."""
        for handler in self._subscribers.get(type(event), ()):
            handler(event)
