"""What Hyperliquid tells of accounts → values. Pure: no clock, no I/O; the only errors that leave are `FrameError`s.

Of an account's state one bad position refuses the whole: without it, the account would seem to have closed it. What is
not of the main market (spot, outcomes, markets of other builders) is left out everywhere, and so never seems to change.
"""

import re
from collections.abc import Iterable
from itertools import groupby, pairwise
from typing import NamedTuple

import msgspec

from app.core.errors import FrameError
from app.core.events import Name, Side
from app.core.text import clean
from app.core.traders import EquityHistory, HistoryPoint, TraderFill, TraderPosition, TraderState, Window
from app.feeds.hyperliquid import wire
from app.feeds.hyperliquid.decoding import coin_name, decoder

_ADDRESS = re.compile(r"0x[0-9a-f]{40}")
_WINDOWS: dict[str, Window] = {"perpDay": "day", "perpWeek": "week", "perpMonth": "month", "perpAllTime": "all"}
_LEAST_SIZE = 1e-12
"""Far below what any coin is traded in. A value over less than this may be a price beyond all numbers."""
_LIQUIDATED = "Liquidated"
"""How the venue's words for a fill begin that closed a position of its own account by force."""


class _State(msgspec.Struct):
    data: wire.WireStateOf


class _Fills(msgspec.Struct):
    data: wire.WireFillsOf


_decode_state = decoder(wire.WireTraderState, "state of a trader")
_decode_state_frame = decoder(_State, "state of a trader")
_decode_fills = decoder(wire.WireFills, "list of fills")
_decode_fills_frame = decoder(_Fills, "frame of fills")
_decode_portfolio = decoder(list[tuple[Name, msgspec.Raw]], "portfolio")
_decode_history = decoder(wire.WireHistory, "history in a portfolio")


class FillsFrame(NamedTuple):
    """Fills that came over a stream, oldest first. A snapshot holds the newest of the past, a frame after it news."""

    fills: tuple[TraderFill, ...]
    is_snapshot: bool


def trader_address(text: str) -> str:
    """An account's address in lower case. Raises `FrameError` for what is none."""
    address = text.lower()
    if _ADDRESS.fullmatch(address) is None:
        raise FrameError(f"{clean(text, 48)!r} is not a trader's address")
    return address


def is_of_main_market(coin: str) -> bool:
    """Whether a coin is a perpetual of the venue itself: not spot, no outcome, of no other builder (`xyz:SP500`)."""
    return not (coin.startswith(("@", "#")) or "/" in coin or ":" in coin)


def parse_trader_state(body: bytes, trader: str, received_ms: int) -> TraderState:
    """Answer to `clearinghouseState` → the account's positions on the main market.

    `trader` is whom it was asked about; `received_ms` stands for the venue's time where the answer has none. Raises
    `FrameError` for a state that is not whole.
    """
    return _state(_decode_state(body), trader_address(trader), received_ms)


def parse_trader_state_frame(frame: bytes, trader: str, received_ms: int) -> TraderState:
    """Frame of channel `clearinghouseState` about `trader`, as `parse_trader_state`."""
    data = _decode_state_frame(frame).data
    address = _same_trader(data.user, trader)
    if data.dex:
        raise FrameError(f"state of {address}: it is that of the market {clean(data.dex, 32)!r}, not of the main one")
    return _state(data.clearinghouseState, address, received_ms)


def parse_fills(body: bytes, trader: str) -> tuple[TraderFill, ...]:
    """Answer to `userFills` or `userFillsByTime` → fills on the main market, oldest first."""
    return _fills(_decode_fills(body), trader_address(trader))


def parse_fills_frame(frame: bytes, trader: str) -> FillsFrame:
    """Frame of channel `userFills` about `trader` → its fills on the main market."""
    data = _decode_fills_frame(frame).data
    return FillsFrame(_fills(data.fills, _same_trader(data.user, trader)), bool(data.isSnapshot))


def parse_equity_histories(body: bytes) -> tuple[EquityHistory, ...]:
    """Answer to `portfolio` → the account's past in perpetuals, a window each, as far as the venue tells them.

    What was made with spot and vaults is not in them. Raises `FrameError` when there is no such window.
    """
    told = dict(_decode_portfolio(body))
    histories = tuple(_history(window, told[name], name) for name, window in _WINDOWS.items() if name in told)
    if not histories:
        raise FrameError("portfolio: no history in perpetuals; expected perpDay, perpWeek, perpMonth or perpAllTime")
    return histories


def _same_trader(told: str, asked: str) -> str:
    address = trader_address(told)
    if address != trader_address(asked):
        raise FrameError(f"news of {address} came with those of {clean(asked, 48)}")
    return address


def _state(payload: wire.WireTraderState, trader: str, received_ms: int) -> TraderState:
    listed = [each.position for each in payload.assetPositions if is_of_main_market(each.position.coin)]
    positions = sorted((_position(each) for each in listed if each.szi), key=lambda position: position.coin)
    for one, other in pairwise(positions):
        if one.coin == other.coin:
            raise FrameError(f"state of {trader}: two positions in {one.coin}")
    margin = payload.marginSummary
    return TraderState(
        trader=trader,
        at_ms=received_ms if payload.time is None else payload.time,
        equity_usd=margin.accountValue,
        positions_usd=margin.totalNtlPos,
        margin_usd=margin.totalMarginUsed,
        withdrawable_usd=max(0.0, payload.withdrawable),
        positions=tuple(positions),
    )


def _position(payload: wire.WirePosition) -> TraderPosition:
    if abs(payload.szi) < _LEAST_SIZE:
        coin = clean(payload.coin, 32)
        raise FrameError(f"position in {coin}: {payload.szi:g} is no size; expected at least {_LEAST_SIZE:g}, or 0")
    return TraderPosition(
        coin=coin_name(payload.coin),
        size=payload.szi,
        value_usd=payload.positionValue,
        entry_price=_price(payload.entryPx),
        unrealized_pnl_usd=payload.unrealizedPnl,
        liquidation_price=_price(payload.liquidationPx),
        leverage=payload.leverage.value,
        margin_usd=payload.marginUsed,
        isolated=payload.leverage.type == "isolated",
    )


def _price(told: float | None) -> float | None:
    """None also for a price that cannot be reached."""
    return told if told is not None and 0 < told < 1e15 else None


def _fills(payloads: Iterable[wire.WireFill], trader: str) -> tuple[TraderFill, ...]:
    fills = [_fill(payload, trader) for payload in payloads if is_of_main_market(payload.coin)]
    fills.sort(key=lambda fill: (fill.at_ms, fill.coin))
    together = groupby(fills, key=lambda fill: (fill.at_ms, fill.coin))
    return tuple(fill for _, those in together for fill in _one_after_another(list(those)))


def _one_after_another(fills: list[TraderFill]) -> list[TraderFill]:
    """Fills of one coin and time, each beginning with the size that the one before it left.

    The venue lists them forwards here and backwards there. Where an account bought and sold at one time it is trusted.
    """
    sides = {fill.side for fill in fills}
    if len(sides) == 1:
        fills.sort(key=lambda fill: fill.start_size, reverse=Side.SELL in sides)
    return fills


def _fill(payload: wire.WireFill, trader: str) -> TraderFill:
    if payload.px <= 0:
        raise FrameError(f"fill of {clean(payload.coin, 32)} at {payload.time}: {payload.px:g} is not a price")
    told = payload.liquidation.liquidatedUser if payload.liquidation is not None else None
    whom = (told or "").lower()
    is_own = whom == trader or payload.dir.startswith(_LIQUIDATED)
    return TraderFill(
        trader=trader,
        coin=coin_name(payload.coin),
        side=payload.side,
        price=payload.px,
        size=payload.sz,
        at_ms=payload.time,
        trade_id=payload.tid,
        start_size=payload.startPosition,
        closed_pnl_usd=payload.closedPnl,
        fee_usd=payload.fee,
        crossed=payload.crossed,
        direction=clean(payload.dir),
        liquidated=is_own,
        liquidated_other="" if is_own or _ADDRESS.fullmatch(whom) is None else whom,
    )


def _history(window: Window, raw: msgspec.Raw, name: str) -> EquityHistory:
    payload = _decode_history(bytes(raw))
    results = dict(payload.pnlHistory)
    equities = dict(payload.accountValueHistory)
    if equities and results and not equities.keys() & results.keys():
        raise FrameError(f"portfolio: {name} has equities and results of different times")
    times = sorted(equities.keys() & results.keys())
    points = tuple(HistoryPoint(at_ms=at, equity_usd=equities[at], pnl_usd=results[at]) for at in times)
    return EquityHistory(window=window, points=points, volume_usd=payload.vlm)
