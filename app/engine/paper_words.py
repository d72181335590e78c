"""What the event log says of the paper ledger. Pure."""

from typing import NamedTuple

from app.engine.protocol import LogLevel
from app.paper.events import BreakerTripped, Fill, OrderCancelled, PaperEvent, PositionClosed


class Words(NamedTuple):
    """A line of the event log."""

    at_ms: int
    level: LogLevel
    text: str


def paper_words(event: PaperEvent) -> Words | None:
    """The line for an event; None for one that is part of another."""
    match event:
        case Fill() if event.order.opens:
            side = "bought" if event.order.direction > 0 else "sold"
            price = f"{event.average_price:g}"
            return Words(
                event.at_ms, "info", f"{side} {event.order.size:g} {event.order.coin} at {price} ({event.order.by})"
            )
        case PositionClosed():
            result = f"{event.result_usd:+.2f} paper dollars ({event.result_bps:+.1f} bps)"
            return Words(
                event.closed_ms, "info", f"closed {event.coin} at {event.exit_price:g}: {result}, {event.reason}"
            )
        case OrderCancelled():
            return Words(event.at_ms, "warning", f"order in {event.order.coin} given up: {event.why}")
        case BreakerTripped():
            loss = f"{event.loss_usd:.2f} paper dollars"
            return Words(event.at_ms, "warning", f"the day's loss of {loss} closes everything until 00:00 UTC")
        case _:
            return None
