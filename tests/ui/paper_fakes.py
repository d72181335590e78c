"""A paper ledger as an engine tells of it."""

import math
from typing import Any

import msgspec
from deck_fakes import WALL_MS

from app.engine.protocol_paper import (
    PaperCopyView,
    PaperOrderView,
    PaperPositionView,
    PaperTokenView,
    PaperTradeView,
    PaperView,
    TokenTradingView,
)


def paper_position(**changes: Any) -> PaperPositionView:
    """A long in BTC that was opened by hand a minute ago and wins."""
    position = PaperPositionView(
        coin="BTC",
        direction=1,
        size=0.0149,
        entry_price=67_020.0,
        close_price=67_116.79,
        liquidation_price=54_123.4,
        result_usd=0.99,
        result_bps=9.9,
        held_s=64.0,
        by="hand",
    )
    return msgspec.structs.replace(position, **changes)


def paper_trade(seconds_ago: int, **changes: Any) -> PaperTradeView:
    """A short in ETH that was stopped."""
    trade = PaperTradeView(
        number=seconds_ago,
        coin="ETH",
        direction=-1,
        closed_ms=WALL_MS - 1_000 * seconds_ago,
        held_s=41.5,
        entry_price=3_410.5,
        exit_price=3_415.9,
        result_usd=-2.48,
        result_bps=-24.8,
        by="hand",
        reason="stop",
    )
    return msgspec.structs.replace(trade, **changes)


def paper_copy(**changes: Any) -> PaperCopyView:
    """A copy of a wallet with an alias, opened an hour ago, that wins."""
    copy = PaperCopyView(
        name="★ polls professor",
        market="senate-race-ohio #0",
        shares=98.04,
        entry_price=0.51,
        close_price=0.55,
        result_usd=3.92,
        result_bps=784.3,
        held_s=3_600.0,
        age_s=12.0,
    )
    return msgspec.structs.replace(copy, **changes)


COPIES = (
    paper_copy(),
    paper_copy(name="★ 0x3f2a…91bc", market="cup-final #1", close_price=0.47, result_usd=-3.92, result_bps=-784.3,
               held_s=90.0, waits_for="closing: sold"),
)  # fmt: skip
TRADING = TokenTradingView(
    is_on=True,
    most=5,
    exposure_usd=500.0,
    committed_usd=162.0,
    fee_pct=0.5,
    positions=(
        PaperTokenView(
            mint="M" * 42, name="FROG / SOL", by="model", tokens=1_204_551.0, entry_price=6.97e-05,
            close_price=6.61e-05, liquidity_usd=18_400.0, result_usd=-4.32, result_bps=-514.3, held_s=340.0, age_s=12.0,
            waits_for="closing: drain",
        ),
    ),
    opening=("MOON / SOL",),
    refused={"exposure": 3, "market": 1},
    last_refusal="CAT / SOL: SOL fell 12.0 % in 24 hours",
)  # fmt: skip
PAPER_TRADES = (
    paper_trade(90),
    paper_trade(400, coin="BTC", direction=1, entry_price=66_900.0, exit_price=67_050.0, result_usd=1.32,
                result_bps=13.2, reason="take profit", by="ai"),
    paper_trade(900, coin="SOL", result_usd=0.001, result_bps=0.01, reason="liquidation", entry_price=148.2),
)  # fmt: skip


def paper(**changes: Any) -> PaperView:
    """A ledger with a long, a short that closes, an order on its way, three trades and an hour of equity."""
    ledger = PaperView(
        equity_usd=9_999.12,
        cash_usd=9_996.48,
        starting_usd=10_000.0,
        day_result_usd=-0.88,
        day_limit_usd=100.0,
        tripped=False,
        wins=2,
        losses=1,
        trades=3,
        closed_usd=-1.16,
        exit_fees_usd=0.82,
        fees_usd=4.5,
        funding_usd=-0.02,
        follow="off",
        positions=(
            paper_position(),
            paper_position(
                coin="SOL", direction=-1, size=6.74, entry_price=148.2, close_price=148.36, liquidation_price=None,
                result_usd=-1.53, result_bps=-15.3, held_s=3_700.0, by="rules", waits_for="closing: stop",
            ),
        ),
        opening=(PaperOrderView("ETH", 1),),
        closed=PAPER_TRADES,
        curve=(*((WALL_MS - 60_000 * (60 - n), 10_000 + 5 * math.sin(n / 6)) for n in range(60)), (WALL_MS, 9_999.12)),
    )  # fmt: skip
    return msgspec.structs.replace(ledger, **changes)
