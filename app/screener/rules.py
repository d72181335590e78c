"""The rules of a strategy from settings."""

from math import inf

from app.config.settings import Settings
from app.screener.replay_columns import Rules
from app.screener.replay_passes import MODES

_BASIS_POINT = 1e-4
_FUNDING_H = 8.0


def rules_of(settings: Settings, interval_ms: int) -> Rules:
    """What a replay over bars of `interval_ms` goes by: shares, rates of an hour, and infinity for no limit."""
    fusion, strategy = settings.fusion, settings.strategy
    # Settings that are rules as they stand have the same name.
    alike = {
        name: float(getattr(section, name))
        for section in (fusion, strategy)
        for name in section.__struct_fields__
        if name in Rules._fields and name != "mode"
    }
    return Rules(**alike)._replace(
        interval_ms=float(interval_ms),
        mode=MODES[fusion.mode],
        threshold=fusion.entry_threshold_confidence,
        high_rank=settings.batch_mode.atr_percentile,
        fee=settings.costs.taker_fee_bps * _BASIS_POINT,
        slippage=strategy.slippage_bps * _BASIS_POINT,
        funding=strategy.funding_bps_8h * _BASIS_POINT / _FUNDING_H,
        most_volatility=strategy.most_volatility or inf,
        most_funding=strategy.most_funding_bps_8h * _BASIS_POINT / _FUNDING_H or inf,
    )
