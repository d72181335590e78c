"""The bar strategy in the engine → what a deck is shown of it. Reads only."""

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import TYPE_CHECKING

from msgspec.structs import replace

from app.config.settings import Settings
from app.core.text import clean
from app.engine.core import Core
from app.engine.protocol_screen import CandidateRow, CoinRow, LookAtScreener, PositionRow, ScreenerView
from app.engine.screener_bar import bar_detail, decimals_of, known
from app.engine.screening import ASKED_HOURS, HOUR_MS, CoinScreen, Ended, Found, Screening
from app.markets.market import Market

if TYPE_CHECKING:
    from app.screener.strategy_stream import Seen

_DAY_MS = 24 * HOUR_MS
_MOST_CANDIDATES = 200
_MOST_POSITIONS = 100
_SCORED_HOURS = 20 * 24
"""The trend of days, a part of the score, is known after so many hours."""


class ScreenerViews:
    """Makes views of one run's strategy, and keeps them while nothing was seen and no minute has passed.

    What is told of a candidate never changes, and is made once.
    """

    def __init__(self) -> None:
        self._core: Core | None = None
        self._kept: tuple[object, ScreenerView] = (None, ScreenerView())
        self._rows: dict[tuple[str, int], tuple[Found, CandidateRow]] = {}

    def of(self, core: Core, look: LookAtScreener) -> ScreenerView:
        """Everything the Screener shows, and the bar that is opened."""
        screening = core.screening
        if core is not self._core:
            self._core = core
            self._rows.clear()
        state = (id(core), core.now_ms // 60_000, tuple(screen.version for screen in screening.coins.values()))
        if self._kept[0] != state:
            self._kept = state, self._view(core)
        view = self._kept[1]
        # Those that are open change with every price.
        positions = (*_living(screening, core.markets), *view.positions)
        bar = bar_detail(core, look.coin, look.bar_ms, positions) if look.coin else None
        return replace(view, positions=positions, bar=bar)

    def _view(self, core: Core) -> ScreenerView:
        screening = core.screening
        return ScreenerView(
            rules=rules_in_words(core.settings),
            candidates=tuple(self._candidates(core)[:_MOST_CANDIDATES]),
            positions=_over(screening, core.markets),
            coins=tuple(_coin(coin, screen, core) for coin, screen in screening.coins.items()),
            waiting_for=_waiting_for(screening, core),
        )

    def _candidates(self, core: Core) -> list[CandidateRow]:
        """Those of the last day, the newest first."""
        found = {
            (coin, one.seen.bar.time_ms): one
            for coin, screen in core.screening.coins.items()
            for one in screen.found
            if one.seen.bar.time_ms + HOUR_MS > core.now_ms - _DAY_MS
        }
        told = {}
        for key, one in found.items():
            kept = self._rows.get(key)
            told[key] = kept if kept is not None and kept[0] is one else (one, _candidate(key[0], one, core))
        self._rows = told
        return sorted((row for _, row in told.values()), key=lambda row: (-row.bar_ms, row.coin))


def rules_in_words(settings: Settings) -> tuple[str, ...]:
    """The settings that decide what is a candidate and what is entered, in sentences."""
    screen, fusion, strategy = settings.batch_mode, settings.fusion, settings.strategy
    weights = (fusion.structure_weight, fusion.liquidity_weight, fusion.blocks_weight, fusion.momentum_weight)
    return (
        f"Screen: score ≥ {screen.minimum_score:g} and one of {', '.join(screen.sentinels)}; volatility "
        f"is high from {screen.atr_percentile:.0%} of its last 100, volume spikes beyond {screen.volume_sigma:g} σ "
        "([batch_mode]).",
        f"Entry: mode {fusion.mode}, confidence ≥ {fusion.entry_threshold_confidence:g}, "
        f"{fusion.aligned_trends} of 3 trends; weights {' '.join(f'{each:g}' for each in weights)} ([fusion]).",
        f"Exit: stop {strategy.stop_atr:g} ATR{' or a swing' if strategy.structure_stop else ''}, "
        f"{strategy.partial_share:.0%} at {strategy.partial_at_r:g} R, trail {strategy.trail_atr:g} ATR, at most "
        f"{strategy.time_stop_bars} bars ([strategy]).",
        f"Costs: fee {settings.costs.taker_fee_bps:g} bp and slippage {strategy.slippage_bps:g} bp a fill, funding "
        f"{strategy.funding_bps_8h:g} bp in 8 h. Hourly bars; nothing is sent anywhere.",
    )


def _candidate(coin: str, found: Found, core: Core) -> CandidateRow:
    seen = found.seen
    return CandidateRow(
        coin=coin,
        bar_ms=seen.bar.time_ms,
        side=seen.features.side,
        score=seen.features.score,
        reason=clean(found.told.reason, 300),
        close=seen.bar.close,
        decimals=decimals_of(core.markets, coin),
        fusion=known(seen.domains.fusion),
        entry=seen.entry,
        why_not="" if seen.entry else _why_not(found, core.settings),
    )


def _why_not(found: Found, settings: Settings) -> str:
    """The first condition of an entry that was not met."""
    from app.screener.explaining import entry_checks
    from app.screener.rules import rules_of

    checks = entry_checks(found.seen, rules_of(settings, HOUR_MS))
    failed = next((check for check in checks if check.met is False), None)
    return "" if failed is None else clean(f"{failed.name} {failed.value}, needs {failed.limit}", 160)


def _living(screening: Screening, markets: Mapping[str, Market]) -> Iterator[PositionRow]:
    """Positions that are open or about to be."""
    for coin, screen in screening.coins.items():
        seen, places = screen.newest, decimals_of(markets, coin)
        if seen is None:
            continue
        if seen.held:
            yield _open(coin, seen, screen, markets)
        if seen.entry:
            yield PositionRow(
                coin=coin, side=seen.entry, state="next open", decided_ms=seen.bar.time_ms, decimals=places
            )


def _open(coin: str, seen: "Seen", screen: CoinScreen, markets: Mapping[str, Market]) -> PositionRow:
    market = markets.get(coin)
    price = market.price if market is not None and market.price is not None else seen.bar.close
    return PositionRow(
        coin=coin,
        side=seen.held,
        state="open",
        decided_ms=_decided_ms(screen, screen.opened_ms),
        opened_ms=screen.opened_ms,
        entry=seen.entry_price,
        stop=seen.stop,
        price=price,
        decimals=decimals_of(markets, coin),
        result_bps=1e4 * seen.held * (price / seen.entry_price - 1),
    )


def _over(screening: Screening, markets: Mapping[str, Market]) -> tuple[PositionRow, ...]:
    """Positions that have ended, the newest first."""
    rows = [
        _ended(coin, ended, screen, decimals_of(markets, coin))
        for coin, screen in screening.coins.items()
        for ended in screen.ended
    ]
    rows.sort(key=lambda row: (-(row.closed_ms or 0), row.coin))
    return tuple(rows[:_MOST_POSITIONS])


def _ended(coin: str, ended: Ended, screen: CoinScreen, decimals: int) -> PositionRow:
    trade = ended.trade
    return PositionRow(
        coin=coin,
        side=trade.side,
        state="ended",
        decided_ms=_decided_ms(screen, ended.opened_ms),
        opened_ms=ended.opened_ms,
        closed_ms=ended.closed_ms,
        entry=trade.entry,
        stop=trade.stop,
        price=trade.exit,
        decimals=decimals,
        result_usd=trade.pnl,
        result_bps=1e4 * trade.pnl / (trade.coins * trade.entry),
        reason=trade.reason,
    )


def _decided_ms(screen: CoinScreen, opened_ms: int) -> int:
    """The candidate whose entry was filled in the bar that opened then: the newest before it."""
    times = (found.seen.bar.time_ms for found in reversed(screen.found) if found.seen.entry)
    return next((time for time in times if time < opened_ms), opened_ms)


def _coin(coin: str, screen: CoinScreen, core: Core) -> CoinRow:
    seen = screen.newest
    since_ms = core.now_ms - _DAY_MS
    return CoinRow(
        coin=coin,
        bars=len(screen.bars),
        waiting=screen.waiting,
        missing=missing_hours(screen),
        newest_ms=screen.bars[-1].time_ms if screen.bars else None,
        score=None if seen is None else known(seen.features.score),
        fusion=None if seen is None else known(seen.domains.fusion),
        candidates=sum(found.seen.bar.time_ms + HOUR_MS > since_ms for found in screen.found),
        held=0 if seen is None else seen.held,
        trades=screen.trades,
        won=screen.won,
        result_usd=screen.result_usd,
        equity_usd=None if seen is None else known(seen.equity),
        trouble=clean(_trouble(screen, core), 300),
        awaits=_awaits(screen, core),
    )


def _awaits(screen: CoinScreen, core: Core) -> str:
    """Which answer the score of a coin waits for; empty when none is on its way."""
    is_known = screen.newest is not None and isfinite(screen.newest.features.score)
    if is_known or screen.is_told or screen.trouble or core.mode == "tape":
        return ""
    so_far = f"; {len(screen.bars)} hours so far" if screen.bars else ""
    return f"its last {ASKED_HOURS // 24} days are asked for{so_far}"


def _trouble(screen: CoinScreen, core: Core) -> str:
    """The first thing that is wrong with a coin, and what to do; empty when nothing is."""
    if screen.trouble:
        wait_s = max(0, screen.ask_at_ms - core.now_ms) // 1_000
        return f"its past hours did not come ({screen.trouble}); they are asked for again in {wait_s // 60 + 1} min"
    if not screen.bars:
        return _no_bars(core) if screen.is_told or core.mode == "tape" else ""
    age_ms = core.now_ms - screen.bars[-1].time_ms - HOUR_MS
    if age_ms > 2 * HOUR_MS:
        return f"no hour has closed for {age_ms / HOUR_MS:.0f} h: the strategy stands still; look at its feed"
    if _awaits(screen, core):
        return ""
    missing = missing_hours(screen)
    if screen.newest is not None and not screen.waiting and not isfinite(screen.newest.features.score):
        return (
            f"not enough history: {len(screen.bars)} hours, and the score needs {_SCORED_HOURS}; "
            f"known in about {max(1, _SCORED_HOURS - len(screen.bars)) / 24:.0f} days of running"
        )
    if missing:
        return (
            f"{missing} of {missing + len(screen.bars)} hours are missing: features go on over the gap as if there "
            "were none; a restart asks for all of them again"
        )
    return f"{screen.refused} hours were no bars (prices that do not fit) and left out" if screen.refused else ""


def _no_bars(core: Core) -> str:
    if core.mode == "tape":
        return "no hour of it is on the tape, and a tape asks nobody; record with the Screener open"
    return "the venue tells no closed hour of it: a coin so new has candidates after 20 days"


def missing_hours(screen: CoinScreen) -> int:
    """How many hours are not there between the first and the newest."""
    if not screen.bars:
        return 0
    return (screen.bars[-1].time_ms - screen.bars[0].time_ms) // HOUR_MS + 1 - len(screen.bars)


def _waiting_for(screening: Screening, core: Core) -> str:
    if not screening.coins:
        return "Waiting for the markets whose hours are screened" if not core.markets else "The screen begins"
    untold = sum(not screen.is_told for screen in screening.coins.values())
    waiting = sum(screen.waiting for screen in screening.coins.values())
    if untold and core.mode != "tape":
        return (
            f"The past 30 days of {untold} of {len(screening.coins)} coins are on their way, some coins a minute: the "
            "venue's request budget is shared"
        )
    if waiting:
        return f"{waiting:,} hours are being looked at"
    if core.mode == "tape" and not any(screen.bars for screen in screening.coins.values()):
        return "No hour is on the tape, and a tape asks nobody; record with the Screener open for some minutes"
    return "No candidate in 24 hours: nothing struck at a bar with a score high enough"
