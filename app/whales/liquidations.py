"""Liquidations that fills of a followed trader tell of: the account across lost a position by force. Pure."""

from collections.abc import Iterable, Iterator

from app.core.events import Side
from app.core.traders import TraderFill
from app.whales.alert_values import Liquidation


def liquidations_across(fills: Iterable[TraderFill]) -> Iterator[Liquidation]:
    """Each liquidation once: all fills of one account, coin, side and time of the venue, at their mean price."""
    together: dict[tuple[str, str, Side, int], list[TraderFill]] = {}
    for fill in fills:
        if fill.liquidated_other and fill.size:
            together.setdefault((fill.liquidated_other, fill.coin, fill.side, fill.at_ms), []).append(fill)
    return map(_liquidation, together.values())


def _liquidation(fills: list[TraderFill]) -> Liquidation:
    """What the account across lost by force: it was on the other side."""
    first, size = fills[0], sum(fill.size for fill in fills)
    return Liquidation(
        trader=first.liquidated_other,
        coin=first.coin,
        direction=-1 if first.side is Side.BUY else 1,
        size=size,
        price=sum(fill.size * fill.price for fill in fills) / size,
        at_ms=first.at_ms,
        trade_id=min(fill.trade_id for fill in fills),
    )
