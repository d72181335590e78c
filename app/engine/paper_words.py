"""What the event log says of the paper ledger. Pure."""

from typing import NamedTuple

from app.engine.protocol import LogLevel
from app.paper.events import (
    BreakerTripped,
    CopyClosed,
    CopyOpened,
    Fill,
    OrderCancelled,
    PaperEvent,
    PositionClosed,
    TokenBought,
    TokenRefused,
    TokenSold,
)


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
            what = f"{side} {event.order.size:g} {event.order.coin} at {_price(event.average_price)}"
            return Words(event.at_ms, "info", f"{what}, by {event.order.by}")
        case PositionClosed():
            result = f"{event.result_usd:+.2f} paper $ ({event.result_bps:+.1f} bp)"
            why = "by hand" if event.reason == "hand" else event.reason
            return Words(event.closed_ms, "info", f"closed {event.coin}: {result} at {_price(event.exit_price)}, {why}")
        case OrderCancelled():
            return Words(event.at_ms, "warning", f"order in {event.order.coin} given up: {event.why}")
        case CopyOpened():
            what = f"copied {short_wallet(event.wallet)}: bought {event.shares:,.1f} of {event.market}"
            paid = (
                f"at {event.entry_price:.3f} (it paid {event.wallet_price:.3f}, {event.late_ms / 1_000:.0f} s before)"
            )
            return Words(event.at_ms, "info", f"{what} {paid}")
        case CopyClosed():
            what = f"copy of {short_wallet(event.wallet)} in {event.market} closed, {event.reason}"
            return Words(event.closed_ms, "info", f"{what}: {event.result_usd:+.2f} paper $ at {event.exit_price:.3f}")
        case BreakerTripped():
            loss = f"{event.loss_usd:,.2f} paper $"
            return Words(event.at_ms, "warning", f"the day's loss of {loss} closes everything until 00:00 UTC")
        case TokenBought() | TokenSold() | TokenRefused():
            return _token_words(event)
        case _:
            return None


def _token_words(event: TokenBought | TokenSold | TokenRefused) -> Words:
    match event:
        case TokenBought():
            paid = f"{event.usd:,.2f} paper $ at {_price(event.paid_price)} (pool {_price(event.pool_price)})"
            return Words(event.at_ms, "info", f"bought {event.name} for {paid}, approved by the {event.by}")
        case TokenSold():
            result = f"{event.result_usd:+.2f} paper $ at {_price(event.exit_price)} (pool {_price(event.pool_price)})"
            return Words(event.closed_ms, "info", f"sold {event.name}, {event.reason}: {result}")
        case TokenRefused():
            return Words(event.at_ms, "info", f"{event.name} was approved and is not bought on paper: {event.why}")


def short_wallet(wallet: str) -> str:
    """A wallet's address by its ends."""
    return f"{wallet[:6]}…{wallet[-4:]}"


def _price(value: float) -> str:
    """A price with thousands set apart, as tables show it; seven digits are the venue's finest and more."""
    return f"{value:,.7g}"
