"""One bar of the screener opened up: why it is a candidate or not, and what was entered. Reads only."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING

from app.core.text import clean
from app.engine.core import Core
from app.engine.protocol_detail import CandleView
from app.engine.protocol_screen import BarDetail, CheckView, PositionRow
from app.engine.screening import HOUR_MS, CoinScreen
from app.markets.market import Market

if TYPE_CHECKING:
    from app.config.screener_settings import FusionSettings
    from app.screener.explaining import Check
    from app.screener.strategy_stream import Seen

_BEFORE, _AFTER = 240, 24
"""Candles shown around a bar, as far as there are any."""
_FEATURES = (
    ("SMA 20", "sma_20"), ("SMA 50", "sma_50"), ("Bollinger deviation", "deviation"), ("RSI 14", "rsi"),
    ("ATR 14", "atr"), ("ATR rank", "atr_rank"), ("MACD", "macd"), ("MACD signal", "macd_signal"),
    ("volume mean", "volume_mean"), ("volume deviation", "volume_deviation"), ("ADX 14 of 4 h", "adx"),
    ("direction of 4 h", "direction"), ("trend of days", "trend"), ("score", "score"),
)  # fmt: skip


def bar_detail(core: Core, coin: str, bar_ms: int, positions: Sequence[PositionRow]) -> BarDetail:
    """A bar of a coin by when it opened, 0 for the newest: candidates are known for weeks, other bars are not."""
    from app.screener.explaining import entry_checks, screen_checks
    from app.screener.rules import rules_of

    name = clean(coin, 32)
    screen = core.screening.coins.get(coin)
    if screen is None:
        return BarDetail(coin=name, bar_ms=bar_ms, trouble=f"the hours of {name} are not screened; it is not followed")
    found = _found(screen, bar_ms)
    if found is None:
        return BarDetail(coin=name, bar_ms=bar_ms, trouble=_gone(screen))
    seen, before, reason = found
    return BarDetail(
        coin=name,
        bar_ms=seen.bar.time_ms,
        decimals=decimals_of(core.markets, coin),
        candles=_candles(screen, seen.bar.time_ms),
        passed=seen.passed,
        side=seen.features.side,
        reason=reason,
        features=tuple((label, known(getattr(seen.features, field))) for label, field in _FEATURES),
        domains=_domains(seen, core.settings.fusion),
        screen=_told(screen_checks(seen, before, core.settings.batch_mode, HOUR_MS)),
        entry_checks=_told(entry_checks(seen, rules_of(core.settings, HOUR_MS))),
        entry=seen.entry,
        position=next((row for row in positions if (row.coin, row.decided_ms) == (coin, seen.bar.time_ms)), None),
    )


def _found(screen: CoinScreen, bar_ms: int) -> "tuple[Seen, Seen, str] | None":
    """What was seen of a bar, of the one before it, and the reason why it is a candidate."""
    for found in screen.found:
        if found.seen.bar.time_ms == bar_ms:
            return found.seen, found.before, clean(found.told.reason, 300)
    newest, before = screen.newest, screen.before
    if newest is not None and before is not None and bar_ms in (0, newest.bar.time_ms):
        reason = next((one.told.reason for one in screen.found if one.seen is newest), "")
        return newest, before, clean(reason, 300)
    return None


def _gone(screen: CoinScreen) -> str:
    if screen.newest is None:
        return "no hour of it has been looked at yet"
    return "this bar is not kept: only candidates and the newest hour are; the past may have been corrected since"


def _candles(screen: CoinScreen, bar_ms: int) -> tuple[CandleView, ...]:
    first_ms, last_ms = bar_ms - _BEFORE * HOUR_MS, bar_ms + _AFTER * HOUR_MS
    return tuple(CandleView(*bar) for bar in screen.bars if first_ms <= bar.time_ms <= last_ms)


def _domains(seen: "Seen", fusion: "FusionSettings") -> tuple[tuple[str, float | None, str], ...]:
    """The four domains and their sum, −1 to 1, each with what it counts."""
    parts = (
        ("structure", seen.domains.structure, fusion.structure_weight),
        ("liquidity", seen.domains.liquidity, fusion.liquidity_weight),
        ("blocks", seen.domains.blocks, fusion.blocks_weight),
        ("momentum", seen.domains.momentum, fusion.momentum_weight),
    )
    told = [(name, known(value), f"× {weight:g} = {value * weight:+.3f}") for name, value, weight in parts]
    return (*told, ("fusion", known(seen.domains.fusion), "their weighted sum"))


def _told(checks: "Sequence[Check]") -> tuple[CheckView, ...]:
    return tuple(CheckView(*check) for check in checks)


def decimals_of(markets: Mapping[str, Market], coin: str) -> int:
    """The digits behind the point of a coin's prices."""
    market = markets.get(coin)
    return 2 if market is None else market.price_decimals


def known(value: float) -> float | None:
    """A number, or None for one that is not known."""
    return value if isfinite(value) else None
