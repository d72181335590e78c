"""States, trades and moves of made-up traders."""

from collections.abc import Iterable, Mapping

from app.core.events import Side, Trade
from app.core.traders import TraderPosition, TraderState
from app.core.whale_events import TraderMoved
from app.whales.memory import known_of, position_rows
from app.whales.moves import KnownTrader, moves_between
from app.whales.saving import PositionsToSave

NOW_MS = 1_760_000_000_000
HOUR_MS = 3_600_000
PRICES = {"BTC": 60_000.0, "ETH": 3_000.0, "SOL": 150.0}
NOBODY = "0x" + "0" * 40


def address(number: int) -> str:
    return f"0x{number + 1:040x}"


def a_position(coin: str, size: float, price: float | None = None) -> TraderPosition:
    mark = PRICES.get(coin, 10.0) if price is None else price
    return TraderPosition(
        coin=coin,
        size=size,
        value_usd=abs(size) * mark,
        entry_price=mark,
        unrealized_pnl_usd=0.0,
        liquidation_price=None,
        leverage=5.0,
        margin_usd=abs(size) * mark / 5,
    )


def a_state(
    held: Mapping[str, float], at_ms: int = NOW_MS, equity_usd: float = 12e6, trader: str | None = None
) -> TraderState:
    """What `held` says by coin, at the usual prices."""
    positions = tuple(a_position(coin, held[coin]) for coin in sorted(held) if held[coin])
    value_usd = sum(position.value_usd for position in positions)
    return TraderState(
        trader=trader or address(0),
        at_ms=at_ms,
        equity_usd=equity_usd,
        positions_usd=value_usd,
        margin_usd=value_usd / 5,
        withdrawable_usd=max(0.0, equity_usd - value_usd / 5),
        positions=positions,
    )


def a_move(
    before: float,
    after: float,
    *,
    coin: str = "BTC",
    trader: int = 0,
    equity_usd: float = 12e6,
    at_ms: int = NOW_MS,
    changed_ms: int | None = None,
) -> TraderMoved:
    """What a trader did in one coin a moment before `at_ms`."""
    old = a_state({coin: before}, at_ms - 1_000, equity_usd, address(trader))
    new = a_state({coin: after}, at_ms - 100, equity_usd, address(trader))
    known = KnownTrader(old, old.at_ms if changed_ms is None else changed_ms)
    (move,) = moves_between(known, new, {}, "poll", at_ms)
    return move


def a_trade(buyer: str = NOBODY, seller: str = NOBODY, **fields: object) -> Trade:
    values: dict[str, object] = {
        "coin": "BTC", "side": Side.BUY, "price": 60_000.0, "size": 1.0, "time_ms": NOW_MS, "trade_id": 1,
    }  # fmt: skip
    return Trade(**(values | fields), raw_users=(buyer, seller))  # type: ignore[arg-type]


def from_rows(known: Iterable[KnownTrader], moves: Iterable[TraderMoved]) -> tuple[KnownTrader, ...]:
    """What a run begins with that finds these states in the database, and these moves."""
    rows = (
        row
        for one in known
        for row in position_rows(
            PositionsToSave(
                trader=one.state.trader, at_ms=one.state.at_ms, changed_ms=one.changed_ms,
                changed=one.state.positions, closed=(), is_first=True,
            ),
            one.state.equity_usd,
        )
    )  # fmt: skip
    return known_of(rows, moves, {})
