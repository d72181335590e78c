"""One trader, or one alert, opened up. Reads only."""

from collections.abc import Iterator

from app.core.events import Side
from app.core.text import clean
from app.core.traders import TraderFill, TraderPosition
from app.engine.protocol_whales import AlertDetail, FillRow, PastAlert, PositionRow, TraderDetail, WeightPart
from app.engine.whale_looks import Look
from app.engine.whale_rows import flags_of, move_row, tier_of
from app.engine.whales import Whales
from app.engine.whales_view import row_of
from app.markets.regime_fit import RegimeFit
from app.whales.trader_weights import TraderWeight

MOST_MOVES, MOST_FILLS, MOST_PAST = 50, 50, 20


def trader_detail(whales: Whales, trader: str, now_ms: int) -> TraderDetail:
    """Everything a deck shows of one trader."""
    known, member = whales.positions.known.get(trader), whales.roster.members.get(trader)
    tracked, weight = whales.refreshing.tracked.get(trader), whales.weighing.weights.get(trader)
    record, before = whales.weighing.record(trader), whales.looks.before.get(trader)
    score = None if member is None else member.score
    state = None if known is None else known.state
    equity_usd = state.equity_usd if state is not None else None if score is None else score.equity_usd
    age_ms = None if tracked is None else tracked.age_ms(now_ms)
    return TraderDetail(
        trader=trader,
        name=whales.names.name_of(trader),
        is_tracked=tracked is not None,
        flags=flags_of(member),
        tier=tier_of(equity_usd, whales.settings.trader_weights),
        rank=None if member is None else member.rank,
        score=None if score is None else score.score,
        weight=None if weight is None else weight.total,
        coverage=None if weight is None else weight.coverage,
        parts=() if weight is None else tuple(_parts(weight, whales.weighing.regime_fit(trader))),
        equity_usd=equity_usd,
        margin_usd=None if state is None else state.margin_usd,
        age_s=None if age_ms is None else age_ms / 1000,
        learned=whales.positions.learned_by.get(trader),
        positions=() if state is None else tuple(_position(one, before) for one in state.positions),
        moves=tuple(move_row(move, whales.names.name_of) for move in whales.positions.moves_of(trader)[:MOST_MOVES]),
        equity=() if record is None else record.equity,
        last_look_ms=None if before is None else before.at_ms,
        waiting_for=_waiting_for(whales, trader),
        fills=tuple(map(_fill, (whales.looks.fills.of(trader) or ())[:MOST_FILLS])),
        alias=whales.names.of(trader).alias,
        note=whales.names.of(trader).note,
        fills_waiting=_fills_waiting(whales, trader),
    )


def alert_detail(whales: Whales, alert_id: str) -> AlertDetail | None:
    """One alert that stands, or was held back in quiet hours; None for any other."""
    digest = whales.alerting.digest
    alerts = (*whales.alerting.desk.book.standing(), *(() if digest is None else digest.alerts))
    alert = next((one for one in alerts if one.alert_id == alert_id), None)
    if alert is None:
        return None
    moves = (whales.positions.moves.get(move) for move in alert.moves)
    past = [one for one in whales.alerting.past.of(alert.kind) if one.alert_id != alert_id]
    return AlertDetail(
        alert=row_of(alert, whales),
        moves=tuple(move_row(move, whales.names.name_of) for move in moves if move is not None),
        traders=alert.traders,
        past=tuple(
            PastAlert(
                coin=one.coin,
                at_ms=one.at_ms,
                direction=one.direction,
                price=one.price,
                move_15m_bps=one.moves_bps[0],
                move_1h_bps=one.moves_bps[1],
                move_4h_bps=one.moves_bps[2],
            )
            for one in past[:MOST_PAST]
        ),
    )


def _parts(weight: TraderWeight, fit: RegimeFit) -> Iterator[WeightPart]:
    """The dimensions, each followed by its own parts; `fit` is what that of the regime rests on."""
    for dimension in weight.dimensions:
        known = f"{dimension.coverage:.0%} of it is known"
        if dimension.name == "regime" and fit.periods:
            known = f"won {fit.won} of {fit.among} days like these, {fit.won_ever} of {fit.periods} in all"
        yield WeightPart(dimension.name, dimension.value, dimension.weight, known)
        for part in dimension.parts:
            own = "not known" if part.own is None else f"own {part.own:.2f}, {part.days:.0f} days"
            yield WeightPart(part.name, part.value, part.weight, own)


def _position(position: TraderPosition, before: Look | None) -> PositionRow:
    mark = position.value_usd / abs(position.size) if position.size and position.value_usd else None
    away = position.liquidation_price
    return PositionRow(
        coin=clean(position.coin, 32),
        size=position.size,
        value_usd=position.value_usd,
        entry_price=position.entry_price,
        mark_price=mark,
        unrealized_pnl_usd=position.unrealized_pnl_usd,
        liquidation_price=away,
        liquidation_share=None if away is None or not mark else abs(away - mark) / mark,
        leverage=position.leverage,
        size_at_last_look=None if before is None else before.sizes.get(position.coin),
    )


def _fill(fill: TraderFill) -> FillRow:
    return FillRow(
        at_ms=fill.at_ms,
        coin=clean(fill.coin, 32),
        did=clean(fill.direction, 32),
        side="buy" if fill.side is Side.BUY else "sell",
        size=fill.size,
        price=fill.price,
        start_size=fill.start_size,
        closed_pnl_usd=fill.closed_pnl_usd,
        fee_usd=fill.fee_usd,
        crossed=fill.crossed,
        liquidated=fill.liquidated,
    )


def _fills_waiting(whales: Whales, trader: str) -> str:
    """Why there are no fills; empty where some are known."""
    fills = whales.looks.fills.of(trader)
    if fills is not None:
        return "" if fills else "The venue knows of no fill"
    if trader not in whales.refreshing.tracked:
        return "Fills of those who are not followed are not asked for"
    if whales.questions.waits_for_fills(trader):
        return "Its fills are asked for: so heavy a question may wait some seconds for room in the request budget"
    return "Its fills did not come"


def _waiting_for(whales: Whales, trader: str) -> str:
    if trader not in whales.refreshing.tracked:
        return "This trader is not followed"
    if whales.positions.known.get(trader) is None:
        return "Its positions are being asked for"
    return "Its past is being asked for" if whales.weighing.record(trader) is None else ""
