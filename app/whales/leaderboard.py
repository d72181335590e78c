"""What a leaderboard's row is worth: a score 0-100, shrunk by its evidence, and the reasons to doubt it.

Persistence is weak: who did well last month does hardly better than chance in the next (docs/whales.md). So a score
only orders whom to follow; it stands near 50 where little is known, and says on how many windows it rests.
"""

from collections.abc import Iterable, Iterator
from math import isfinite, tanh
from typing import Literal

import msgspec

from app.config.whale_settings import WhalesSettings
from app.core.text import SafeText, clean
from app.core.traders import RankedTrader, TraderAddress, Window, WindowResult
from app.whales.trader_weights import shrunk

TraderDoubtName = Literal["vault-like", "inactive", "short record", "one window", "tiny base", "absurd return"]

WINDOW_WEIGHTS: dict[Window, float] = {"day": 0.10, "week": 0.20, "month": 0.40, "all": 0.30}
USUAL_RETURNS: dict[Window, float] = {"day": 0.02, "week": 0.05, "month": 0.15, "all": 0.60}
"""A return of this size is worth 0.88: tanh saturates, so that a lucky return cannot outweigh three good windows."""
CROWD_SCORE = 50.0
PRIOR_EVIDENCE = 0.5
"""An account with this much evidence (of at most 1) is believed by half."""
TURNOVER_FULL = 10.0
"""A month's volume of so many times the equity is evidence in full."""

VAULT_WORDS = ("vault", "treasury", "foundation", "staking", "liquidator")
IDLE_EQUITY_USD, IDLE_TURNOVER = 10e6, 0.05
STRANGE_MARGIN = 0.10
"""A result of more than this share of the volume was not made by trading perpetuals."""
SHORT_RECORD_SHARE, ONE_WINDOW_SHARE = 0.98, 0.60
TINY_BASE_USD, TINY_BASE_SHARE = 10_000.0, 0.05


class TraderDoubt(msgspec.Struct, frozen=True, kw_only=True):
    """One reason to doubt a score, in words with its number. `penalty` points are taken off; `bars`: not followed."""

    name: TraderDoubtName
    text: SafeText
    penalty: float
    bars: bool = False


class ScorePart(msgspec.Struct, frozen=True, kw_only=True):
    """What one window gives: `value` 0-1, one half for a return of 0; None where nothing was traded."""

    window: Window
    weight: float
    roi: float
    pnl_usd: float
    value: float | None


class TraderScore(msgspec.Struct, frozen=True, kw_only=True):
    """A row's score 0-100 and what it is made of.

    `raw` is the windows' mean before anything is taken off, `evidence` 0-1 how far it is believed, `windows` how many
    of the four had trades.
    """

    trader: TraderAddress
    name: SafeText
    equity_usd: float
    score: float
    raw: float
    evidence: float
    windows: int
    parts: tuple[ScorePart, ...]
    doubts: tuple[TraderDoubt, ...]

    @property
    def followable(self) -> bool:
        """Whether no doubt bars this account."""
        return not any(doubt.bars for doubt in self.doubts)


def scored(row: RankedTrader, settings: WhalesSettings) -> TraderScore:
    """The score: (raw shrunk towards 50 by evidence) − penalties, within 0-100."""
    parts = tuple(_part(window, result) for window, result in windows_of(row))
    doubts = tuple(_doubts(row, settings))
    known = [(part.weight, part.value) for part in parts if part.value is not None]
    weight = sum(each for each, _ in known)
    raw = 100 * sum(each * value for each, value in known) / weight if known else CROWD_SCORE
    evidence = weight / sum(WINDOW_WEIGHTS.values()) * _turnover_evidence(row)
    believed = shrunk(raw, CROWD_SCORE, evidence, PRIOR_EVIDENCE)
    return TraderScore(
        trader=row.trader,
        name=row.name,
        equity_usd=row.equity_usd,
        score=min(100.0, max(0.0, believed - sum(doubt.penalty for doubt in doubts))),
        raw=raw,
        evidence=evidence,
        windows=len(known),
        parts=parts,
        doubts=doubts,
    )


def windows_of(row: RankedTrader) -> tuple[tuple[Window, WindowResult], ...]:
    """The four windows of a row, the shortest first."""
    return (("day", row.day), ("week", row.week), ("month", row.month), ("all", row.all_time))


def in_places(scores: Iterable[TraderScore]) -> list[TraderScore]:
    """The best first; of equal ones the larger account, then the lower address."""
    return sorted(scores, key=lambda each: (-each.score, -each.equity_usd, each.trader))


def _part(window: Window, result: WindowResult) -> ScorePart:
    traded = result.volume_usd > 0 and isfinite(result.roi)
    value = 0.5 + 0.5 * tanh(result.roi / USUAL_RETURNS[window]) if traded else None
    return ScorePart(window=window, weight=WINDOW_WEIGHTS[window], roi=result.roi, pnl_usd=result.pnl_usd, value=value)


def _turnover_evidence(row: RankedTrader) -> float:
    """How much trading a month's result rests on, 0-1: its volume over `TURNOVER_FULL` times the equity."""
    needed = TURNOVER_FULL * max(row.equity_usd, 1.0)
    return min(1.0, max(0.0, row.month.volume_usd) / needed)


def _doubts(row: RankedTrader, settings: WhalesSettings) -> Iterator[TraderDoubt]:
    yield from _vault_like(row)
    yield from _inactive(row)
    yield from _short_record(row)
    yield from _one_window(row)
    yield from _tiny_base(row)
    yield from _absurd(row, settings)


def _doubt(name: TraderDoubtName, text: str, penalty: float, *, bars: bool = False) -> TraderDoubt:
    return TraderDoubt(name=name, text=clean(text, 160), penalty=penalty, bars=bars)


def _vault_like(row: RankedTrader) -> Iterator[TraderDoubt]:
    """One reason at most: a name that says so, results that no trades made, or much money that hardly trades."""
    name, made, volume = row.name.lower(), abs(row.all_time.pnl_usd), row.all_time.volume_usd
    if any(word in name for word in VAULT_WORDS) or "hlp" in name.split():
        yield _doubt("vault-like", f'its name is "{row.name}"', 20, bars=True)
    elif made > STRANGE_MARGIN * volume and made > TINY_BASE_USD:
        yield _doubt("vault-like", f"{made:,.0f} USD made or lost on a volume of {volume:,.0f}", 20, bars=True)
    elif row.equity_usd >= IDLE_EQUITY_USD and row.month.volume_usd < IDLE_TURNOVER * row.equity_usd:
        turnover = row.month.volume_usd / row.equity_usd
        yield _doubt("vault-like", f"a month's volume is {turnover:.1%} of its equity", 20, bars=True)


def _inactive(row: RankedTrader) -> Iterator[TraderDoubt]:
    if row.month.volume_usd <= 0:
        yield _doubt("inactive", "no trade this month", 20, bars=True)


def _short_record(row: RankedTrader) -> Iterator[TraderDoubt]:
    """All that was ever traded was traded in one of the shorter windows."""
    volume = row.all_time.volume_usd
    for words, result in (("a day", row.day), ("a week", row.week), ("a month", row.month)):
        if volume > 0 and result.volume_usd >= SHORT_RECORD_SHARE * volume:
            yield _doubt("short record", f"its whole record is {words} old at most", 15)
            return


def _one_window(row: RankedTrader) -> Iterator[TraderDoubt]:
    """A shorter window made most of the profit of the next longer one, of which it is a small part."""
    for words, within, short, long in (
        ("day", "week", row.day, row.week),
        ("week", "month", row.week, row.month),
        ("month", "all time", row.month, row.all_time),
    ):
        if long.pnl_usd > 0 and short.pnl_usd > ONE_WINDOW_SHARE * long.pnl_usd:
            yield _doubt("one window", f"its last {words} made {short.pnl_usd / long.pnl_usd:.0%} of {within}", 10)
            return


def _tiny_base(row: RankedTrader) -> Iterator[TraderDoubt]:
    """A return on capital that was tiny against what the account holds: pnl / roi is what a return was made on."""
    for words, result in (("month", row.month), ("all time", row.all_time)):
        if result.roi <= USUAL_RETURNS["all"]:
            continue
        base = result.pnl_usd / result.roi
        if base < max(TINY_BASE_USD, TINY_BASE_SHARE * row.equity_usd):
            yield _doubt("tiny base", f"its return of {words}, {result.roi:.0%}, is on {max(base, 0):,.0f} USD", 10)
            return


def _absurd(row: RankedTrader, settings: WhalesSettings) -> Iterator[TraderDoubt]:
    highest = max(result.roi for _, result in windows_of(row))
    if not highest <= settings.maximum_roi:
        yield _doubt("absurd return", f"a return of {highest:,.0%} is a defect of the leaderboard", 20, bars=True)
