"""When a position ends by itself. Prices are those it would close at."""

from app.config.settings import PaperSettings
from app.paper.events import BASIS_POINTS, ExitReason
from app.paper.position import Position


def price_exit(position: Position, settings: PaperSettings) -> ExitReason | None:
    """Why the last price ends the position: stop before trailing stop before take profit; None: it does not."""
    distance = position.direction * position.entry_price / BASIS_POINTS
    if settings.stop_bps and _reached(position, position.entry_price - settings.stop_bps * distance, -1):
        return "stop"
    if position.trail_price is not None and _reached(position, position.trail_price, -1):
        return "trailing stop"
    if settings.take_profit_bps and _reached(position, position.entry_price + settings.take_profit_bps * distance, 1):
        return "take profit"
    return None


def is_time_up(position: Position, settings: PaperSettings, now_ms: int) -> bool:
    """Whether the time stop ends the position."""
    return settings.time_stop_s > 0 and now_ms - position.opened_ms >= settings.time_stop_s * 1_000


def _reached(position: Position, price: float, way: int) -> bool:
    """Whether the price is there or beyond: `way` +1 in the position's favour, −1 against it."""
    return way * position.direction * (position.close_price - price) >= 0
