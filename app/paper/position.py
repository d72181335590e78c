"""A paper position and its arithmetic: isolated margin, valued at the price it would close at."""

from typing import Annotated

import msgspec
from msgspec import Meta

from app.core.events import Count, Milliseconds, Name, Price
from app.paper.events import BASIS_POINTS, Direction, Leverage, Money, Opener
from app.paper.view import CoinView

HOUR_MS = 3_600_000
_RECENT_MS = 2_000


class Position(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An open position. `direction` is +1 long, −1 short; `size` in coins, `entry_price` the average paid.

    `margin_usd` is what can be lost: set aside at the entry, less funding paid since. `close_price` is the last price
    it would have closed at, of `priced_ms`; `unseen_ms` the longest time without one; `trail_price` where the trailing
    stop stands. Funding is paid up to `funded_hour` (hours since 1970), next at `rate` and `mark_price`.
    """

    coin: Name
    number: Count
    direction: Direction
    size: Annotated[float, Meta(gt=0, lt=1e15)]
    entry_price: Price
    margin_usd: Annotated[float, Meta(ge=0, lt=1e31)]
    leverage: Leverage
    maximum_leverage: Leverage
    by: Opener
    opened_ms: Milliseconds
    fees_usd: Annotated[float, Meta(ge=0, lt=1e31)]
    funding_usd: Money
    close_price: Price
    priced_ms: Milliseconds
    funded_hour: Count
    unseen_ms: Annotated[int, Meta(ge=0)] = 0
    mid: Price | None = None
    trail_price: Price | None = None
    rate: Annotated[float, Meta(gt=-1, lt=1)] | None = None
    mark_price: Price | None = None

    @property
    def unrealised_usd(self) -> float:
        """Result before fees and funding, if it closed at `close_price`."""
        return gross_usd(self, self.close_price)

    @property
    def result_usd(self) -> float:
        """Result so far: unrealised, less the fee of the entry and funding. The fee of the exit is still to come."""
        return self.unrealised_usd - self.fees_usd - self.funding_usd

    @property
    def result_bps(self) -> float:
        """`result_usd` in basis points of the notional at entry."""
        return BASIS_POINTS * self.result_usd / (self.size * self.entry_price)

    @property
    def move_bps(self) -> float:
        """How far the price it would close at is in its favour, in basis points of the entry."""
        return BASIS_POINTS * self.direction * (self.close_price / self.entry_price - 1)

    @property
    def maintenance(self) -> float:
        """Margin that must be left, as a share of the notional: half of the initial margin at the greatest leverage."""
        return 0.5 / self.maximum_leverage

    @property
    def liquidation_price(self) -> float | None:
        """The price at which margin and result equal the maintenance margin; None where no price does that."""
        price = (self.direction * self.entry_price - self.margin_usd / self.size) / (self.direction - self.maintenance)
        return price if price > 0 else None

    @property
    def bankruptcy_price(self) -> float:
        """The price at which the margin is gone; not above 0 where no price does that."""
        return self.entry_price - self.direction * self.margin_usd / self.size


def gross_usd(position: Position, price: float) -> float:
    """Result of the move from the entry to `price`, before fees and funding."""
    return position.direction * position.size * (price - position.entry_price)


def margin_left_usd(position: Position, price: float) -> float:
    """What is left of the margin with the price there."""
    return position.margin_usd + gross_usd(position, price)


def is_liquidated(position: Position, price: float) -> bool:
    """Whether what is left of the margin at `price` is not more than the maintenance margin there."""
    return margin_left_usd(position, price) <= position.maintenance * position.size * price


def priced(position: Position, view: CoinView, trailing_bps: float) -> Position:
    """The position with what `view` shows: price, and the trailing stop, which only ever moves in its favour."""
    price = view.closing_price(position.direction)
    touch = view.touch
    if price is None or touch is None:
        return position
    return msgspec.structs.replace(
        position,
        close_price=price,
        mid=view.mid,
        priced_ms=max(position.priced_ms, view.now_ms),
        unseen_ms=max(position.unseen_ms, view.now_ms - position.priced_ms),
        trail_price=_trail(position, price, trailing_bps),
    )


def _trail(position: Position, price: float, trailing_bps: float) -> float | None:
    if not trailing_bps:
        return None
    trail = price * (1 - position.direction * trailing_bps / BASIS_POINTS)
    if position.trail_price is None:
        return trail
    return max(trail, position.trail_price) if position.direction > 0 else min(trail, position.trail_price)


def with_rates(position: Position, view: CoinView) -> Position:
    """The position with the funding rate and mark price that `view` shows, where it shows both."""
    if view.funding is None or view.mark_price is None:
        return position
    return msgspec.structs.replace(position, rate=view.funding, mark_price=view.mark_price)


def recent_mid(position: Position, now_ms: int) -> float | None:
    """The mid last seen; None when that is too long ago to compare a fill with."""
    return position.mid if now_ms - position.priced_ms <= _RECENT_MS else None


def position_until(position: Position, now_ms: int) -> Position:
    """The position as one that was neither opened nor priced after `now_ms`."""
    return msgspec.structs.replace(
        position, opened_ms=min(position.opened_ms, now_ms), priced_ms=min(position.priced_ms, now_ms)
    )


def funded_until(position: Position, now_ms: int) -> Position:
    """The position as one that has paid for no hour after the one that follows `now_ms`."""
    return msgspec.structs.replace(position, funded_hour=min(position.funded_hour, now_ms // HOUR_MS + 1))
