"""How an order becomes a fill, and a fill a position or the end of one."""

import msgspec

from app.config.settings import CostsSettings, PaperSettings
from app.paper.events import BASIS_POINTS, ExitReason, Fill, FundingPaid, Order, PositionClosed
from app.paper.position import HOUR_MS, Position, gross_usd, margin_left_usd, priced, with_rates
from app.paper.view import CoinView
from app.paper.walk import Walked

_BACKSTOP = 2 / 3
MOST_HOURS = 168
"""Of funding in one step: a deck may be shut for a week."""


def fill_of(order: Order, view: CoinView, walked: Walked, costs: CostsSettings) -> Fill:
    """The fill of `order` by what it paid."""
    touch = view.touch
    slippage = None if order.mid is None else order.direction * (walked.average_price / order.mid - 1)
    return Fill(
        order=order,
        at_ms=view.now_ms,
        priced_ms=view.now_ms if touch is None else touch.time_ms,
        touch_price=walked.touch_price,
        average_price=walked.average_price,
        worst_price=walked.worst_price,
        levels=walked.levels,
        beyond_size=walked.beyond_size,
        fee_usd=order.size * walked.average_price * costs.taker_fee_bps / BASIS_POINTS,
        slippage_bps=None if slippage is None else BASIS_POINTS * slippage,
    )


def liquidation_fill(position: Position, order: Order, view: CoinView, walked: Walked, costs: CostsSettings) -> Fill:
    """The end of a liquidated position: through the book, or taken over by the venue with all its margin.

    The venue takes it over where the book would leave less than two thirds of the maintenance margin.
    """
    fill = fill_of(order, view, walked, costs)
    price = walked.average_price
    if margin_left_usd(position, price) >= _BACKSTOP * position.maintenance * position.size * price:
        return fill
    price = position.bankruptcy_price
    return msgspec.structs.replace(
        fill, average_price=price, worst_price=price, levels=0, beyond_size=0.0, fee_usd=0.0, taken_over=True
    )


def exit_fee_usd(position: Position, costs: CostsSettings) -> float:
    """The fee of closing a position at the last price it would have closed at, in paper dollars."""
    return position.size * position.close_price * costs.taker_fee_bps / BASIS_POINTS


def margin_needed_usd(order: Order, price: float) -> float:
    """What must be set aside to open `order` at `price`."""
    return order.size * price / order.leverage


def position_of(fill: Fill, view: CoinView, settings: PaperSettings) -> Position:
    """The position that an opening order's fill makes, as `view` then shows it."""
    order, price = fill.order, fill.average_price
    position = Position(
        coin=order.coin,
        number=order.number,
        direction=order.direction,
        size=order.size,
        entry_price=price,
        margin_usd=margin_needed_usd(order, price),
        leverage=order.leverage,
        maximum_leverage=order.maximum_leverage,
        by=order.by,
        opened_ms=fill.at_ms,
        fees_usd=fill.fee_usd,
        funding_usd=0.0,
        close_price=price,
        priced_ms=fill.at_ms,
        funded_hour=fill.at_ms // HOUR_MS,
    )
    return with_rates(priced(position, view, settings.trailing_bps), view)


def closed_by(position: Position, fill: Fill, reason: ExitReason) -> PositionClosed:
    """What became of a position that `fill` closes."""
    gross = gross_usd(position, fill.average_price)
    fees = position.fees_usd + fill.fee_usd
    result = gross - fees - position.funding_usd
    return PositionClosed(
        coin=position.coin,
        number=position.number,
        direction=position.direction,
        size=position.size,
        leverage=position.leverage,
        by=position.by,
        reason=reason,
        entry_price=position.entry_price,
        exit_price=fill.average_price,
        opened_ms=position.opened_ms,
        closed_ms=fill.at_ms,
        gross_usd=gross,
        fees_usd=fees,
        funding_usd=position.funding_usd,
        result_usd=result,
        result_bps=BASIS_POINTS * result / (position.size * position.entry_price),
        unseen_ms=max(position.unseen_ms, fill.at_ms - position.priced_ms),
    )


def with_funding(position: Position, now_ms: int) -> tuple[Position, FundingPaid | None]:
    """Pay for the full hours that have passed, where a rate is known. It takes at most the margin that is left.

    More than `MOST_HOURS` at once are not paid, and the event says so: the clock jumped, or the rate is long past.
    """
    hours = now_ms // HOUR_MS - position.funded_hour
    if hours <= 0 or position.rate is None or position.mark_price is None:
        return position, None
    owed = (
        (hours if hours <= MOST_HOURS else 0) * position.direction * position.size * position.mark_price * position.rate
    )
    paid = min(owed, position.margin_usd)
    event = FundingPaid(
        coin=position.coin,
        number=position.number,
        at_ms=now_ms,
        hours=hours,
        rate=position.rate,
        mark_price=position.mark_price,
        paid_usd=paid,
    )
    return msgspec.structs.replace(
        position,
        margin_usd=position.margin_usd - paid,
        funding_usd=position.funding_usd + paid,
        funded_hour=now_ms // HOUR_MS,
    ), event
