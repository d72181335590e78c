"""The measures in plain Python without columns, as one would write them first: one loop a wallet over tuples."""

import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from math import nan, sqrt
from typing import Any, NamedTuple

from app.bench.wallets_data import DAY_S

_SCRATCH = 0.01


class Position(NamedTuple):
    """One closed position, or one still open (`closed_s` 0)."""

    category: str
    size: float
    cost: float
    pnl: float
    hold_s: float
    price: float
    weight: float
    hedged: bool
    opened_s: int
    closed_s: int


class MarketFacts(NamedTuple):
    """What a token pays (None: open), when its market ended, its category and event."""

    payout: float | None
    ends_s: int
    category: str
    event: str
    condition: str


def measure_wallet(  # noqa: C901 - one loop, as it would be written
    closed: Sequence[Position], opened: Sequence[Position], now_s: int, small: float, ratio: float
) -> list[float | str]:
    """The figures, in the order of the kernel's; the top category by name, nan where there is none."""
    followed = _followed(closed, opened, ratio)
    volumes: dict[str, float] = {}
    volume = paid = won = lost = best = total = peak = deepest = share = 0.0
    nothing = both = bets = surplus = variance = 0.0
    week_pnl = week_paid = month_pnl = month_paid = 0.0
    wins = losses = 0
    returns, holds = [], []
    start = 50 * sum(row.size for row in closed) / len(closed) if closed else 0.0
    for category, _size, cost, pnl, hold, price, weight, hedged, _opened_s, closed_s in closed:
        if category:
            volumes[category] = volumes.get(category, 0.0) + cost
        paid += cost
        gain = pnl / cost if cost > 0 else 0.0
        returns.append(gain)
        if pnl > 0:
            won += pnl
            wins += pnl > _SCRATCH
            best = max(best, pnl)
        else:
            lost -= pnl
            losses += pnl < -_SCRATCH
        total += pnl
        if total > peak:
            peak = total
        elif peak - total > 0:
            deepest = max(deepest, peak - total)
            share = max(share, min(1.0, (peak - total) / (start + peak)))
        if closed_s > now_s - 30 * DAY_S:
            month_pnl += pnl
            month_paid += cost
            if closed_s > now_s - 7 * DAY_S:
                week_pnl += pnl
                week_paid += cost
        if weight > 0:
            per_share = gain * price
            bets += weight
            surplus += weight * per_share
            variance += weight * per_share * (per_share + 2 * price - 1)
        if hold >= 0:
            holds.append(hold)
            if hold < 3600 and abs(gain) < 0.01:
                nothing += cost
        if hedged:
            both += cost
    volume = paid
    for row in opened:
        volume += row.cost
        if row.category:
            volumes[row.category] = volumes.get(row.category, 0.0) + row.cost
    known = sum(volumes.values())
    top = max(sorted(volumes), key=volumes.__getitem__) if known > 0 else ""
    profit = won - lost
    spread, sharpe = _spread(returns)
    return [
        volume, top, volumes[top] / known if top else nan, sum(each / known > small for each in volumes.values()),
        *followed, deepest, share if closed else nan, wins, losses,
        wins / (wins + losses) if wins + losses else nan, _median(holds), profit, profit / paid if paid > 0 else nan,
        won / lost if lost > 0 else nan, spread, sharpe, week_pnl / week_paid if week_paid > 0 else nan,
        month_pnl / month_paid if month_paid > 0 else nan, bets, surplus, variance,
        best / profit if profit > _SCRATCH else nan, nothing / paid if paid > 0 else nan,
        both / paid if paid > 0 else nan,
    ]  # fmt: skip


def _followed(closed: Sequence[Position], opened: Sequence[Position], ratio: float) -> tuple[int, int, int, int]:
    order = sorted(((row.opened_s, row.size) for row in (*closed, *opened)), key=lambda pair: pair[0])
    times, sizes = [at_s for at_s, _ in order], [size for _, size in order]
    losses = chased = others = raised = 0
    for row in closed:
        place = bisect_right(times, row.closed_s)
        if place == len(times):
            continue
        larger = sizes[place] > ratio * row.size
        if row.pnl < -_SCRATCH:
            losses += 1
            chased += larger
        else:
            others += 1
            raised += larger
    return losses, chased, others, raised


def _spread(returns: Sequence[float]) -> tuple[float, float]:
    if len(returns) < 2:
        return nan, nan
    mean = sum(returns) / len(returns)
    spread = sqrt(sum((each - mean) ** 2 for each in returns) / (len(returns) - 1))
    return spread, mean / spread if spread > 1e-12 else nan


def _median(values: list[float]) -> float:
    if not values:
        return nan
    values = sorted(values)
    return 0.5 * (values[(len(values) - 1) // 2] + values[len(values) // 2])


def measure_page(
    body: bytes, facts: Mapping[str, MarketFacts], now_s: int, small: float, ratio: float
) -> list[float | str]:
    """From a page of trades in JSON to the figures."""
    closed, opened = positions_of_page(json.loads(body)["data"], facts, now_s)
    return measure_wallet(closed, opened, now_s, small, ratio)


def positions_of_page(
    trades: Sequence[Mapping[str, Any]], facts: Mapping[str, MarketFacts], now_s: int
) -> tuple[list[Position], list[Position]]:
    """Closed positions in order of closing and open ones in order of opening, from trades that are newest first."""
    legs: dict[str, dict[str, Any]] = {}
    held: dict[str, set[str]] = {}
    closed: list[tuple[Position, str]] = []
    oldest_first = list(reversed(trades))
    oldest_first.sort(key=_time_of)
    for trade in oldest_first:
        token, size, at_s = trade["token_id"], float(trade["size"]), trade["timestamp"]
        usdc, fact = size * float(trade["price"]), facts[token]
        leg = legs.get(token)
        if trade["side"] == "BUY":
            if leg is None:
                leg = legs[token] = dict.fromkeys(
                    ("shares", "cost", "paid", "received", "bought", "peak", "left", "held"), 0.0
                )
                leg |= {"opened": at_s, "entered": float(at_s), "last": at_s, "hedged": False}
                others = held.setdefault(fact.condition, set())
                for other in others:
                    leg["hedged"] = legs[other]["hedged"] = True
                others.add(token)
            leg["shares"] += size
            leg["entered"] += (at_s - leg["entered"]) * size / leg["shares"]
            leg["cost"] += usdc
            leg["paid"] += usdc
            leg["bought"] += size
            leg["peak"] = max(leg["peak"], leg["cost"])
            leg["last"] = at_s
        elif leg is not None:
            sold = min(size, leg["shares"])
            _leave(leg, sold, usdc * sold / size, at_s)
            if leg["shares"] <= max(0.01, 0.001 * leg["bought"]):
                closed.append((_position(leg, fact, at_s), fact.event))
                del legs[token]
                held[fact.condition].discard(token)
    opened = []
    for token, leg in legs.items():
        fact = facts[token]
        if fact.payout is None or fact.ends_s > now_s:
            opened.append(_position(leg, fact, 0))
        else:
            end_s = max(leg["last"], fact.ends_s)
            _leave(leg, leg["shares"], leg["shares"] * fact.payout, end_s)
            closed.append((_position(leg, fact, end_s), fact.event))
    closed.sort(key=lambda pair: pair[0].closed_s)
    opened.sort(key=lambda row: row.opened_s)
    return _weighted(closed), opened


def _time_of(trade: Mapping[str, Any]) -> int:
    return int(trade["timestamp"])


def _leave(leg: dict[str, Any], shares: float, usdc: float, at_s: int) -> None:
    part = shares / leg["shares"]
    leg["held"] += shares * (at_s - leg["entered"])
    leg["left"] += shares
    leg["received"] += usdc
    leg["cost"] -= leg["cost"] * part
    leg["shares"] -= shares
    leg["last"] = at_s


def _position(leg: dict[str, Any], fact: MarketFacts, closed_s: int) -> Position:
    price = 0.0 if leg["hedged"] else leg["paid"] / leg["bought"]
    hold = leg["held"] / leg["left"] if leg["left"] else -1.0
    result = leg["received"] - leg["paid"] if closed_s else 0.0
    return Position(
        fact.category, leg["peak"], leg["paid"], result, hold, price, 0.0, leg["hedged"], leg["opened"], closed_s
    )


def _weighted(closed: Sequence[tuple[Position, str]]) -> list[Position]:
    counts: dict[str, int] = {}
    for row, event in closed:
        if 0 < row.price < 1:
            counts[event] = counts.get(event, 0) + 1
    return [row._replace(weight=1 / counts[event]) if 0 < row.price < 1 else row for row, event in closed]
