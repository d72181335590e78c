"""Windows of markets that never were: written by hand for tests."""

from typing import Any

import numpy as np

from app.core.events import Level, Side, Trade
from app.scalper.window import BookShot, DataWindow, MinuteTape, minute_tape

NOW_MS = 1_790_000_000_000


def trade(size: float, side: str = "B", age_s: float = 1.0, price: float = 100.0, number: int = 1) -> Trade:
    return Trade("BTC", Side(side), price, size, NOW_MS - round(1_000 * age_s), number)


def shot(bids: list[float], asks: list[float], age_s: float = 0.0) -> BookShot:
    """Levels one apart around 100, of these sizes, best first."""
    return BookShot(
        NOW_MS - round(1_000 * age_s),
        tuple(Level(100.0 - place, size, 1) for place, size in enumerate(bids)),
        tuple(Level(101.0 + place, size, 1) for place, size in enumerate(asks)),
    )


def prices(then: float, half: float, now: float) -> tuple[float | None, ...]:
    """A minute of prices that goes straight from one of these to the next."""
    first = [then + (half - then) * second / 30 for second in range(30)]
    return (*first, *(half + (now - half) * second / 30 for second in range(31)))


def window(**changes: Any) -> DataWindow:
    """A quiet minute with ten even prints and a balanced book."""
    fields: dict[str, Any] = {
        "coin": "BTC",
        "at_ms": NOW_MS,
        "prices": prices(100.0, 100.0, 100.0),
        "trades": tuple(trade(1.0, "BA"[place % 2], 50 - 5 * place, number=place + 1) for place in range(10)),
        "books": (shot([2.0] * 5, [2.0] * 5, 10), shot([2.0] * 5, [2.0] * 5, 5), shot([2.0] * 5, [2.0] * 5)),
        "spread": 0.01,
    }
    fields |= changes
    trades = fields["trades"]
    fields.setdefault("tape", tape_of(trades))
    fields.setdefault("since_books", trades)
    return DataWindow(**fields)


def tape_of(trades: tuple[Trade, ...], *, whole: bool = True) -> MinuteTape:
    """What all these prints add up to."""
    rows = np.array([(t.time_ms, t.size if t.side is Side.BUY else -t.size, t.price) for t in trades]).reshape(-1, 3)
    return minute_tape(rows, NOW_MS, whole=whole)
