"""Reasons to doubt a score. Each says itself in a few words with its number; docs/wallets.md defines them."""

from collections.abc import Iterator

from app.core.prediction_market import WalletStats
from app.core.text import clean
from app.wallets.thresholds import Thresholds
from app.wallets.values import Doubt, DoubtName, Ledger, Measures, ViralWallets

_DAY_S = 86_400


def doubts_of(
    stats: WalletStats | None, trades: Ledger, trade_measures: Measures, record: Ledger, measures: Measures,
    thresholds: Thresholds, now_s: int,
) -> tuple[Doubt, ...]:  # fmt: skip
    """All doubts of a wallet that was looked at to the end, in a fixed order."""
    return (
        *_dormant(trades, thresholds, now_s),
        *_short_track(record, measures, thresholds),
        *_one_hit(measures, thresholds),
        *_paper(stats, thresholds),
        *_hedged(measures, thresholds),
        *_mostly_maker(stats, trades, thresholds),
        *_too_fast(trade_measures, thresholds),
        *_wash(trade_measures, thresholds),
    )


def part_doubt(measures: Measures, *, in_part: bool) -> tuple[Doubt, ...]:
    """That a record goes on where it was cut: how deep it fell and how often it was right before is not known."""
    if not in_part:
        return ()
    text = f"only its newest {measures.positions:,} positions were looked at; raise scanner.position_pages for more"
    return (_doubt("partial record", text, bars=True),)


def viral_doubt(wallet: str, viral: ViralWallets, thresholds: Thresholds) -> tuple[Doubt, ...]:
    """That everybody watches this wallet: who copies it buys after the crowd."""
    if wallet not in viral.wallets:
        return ()
    return (_doubt("viral", "on the list of wallets everybody watches", penalty=thresholds.viral_penalty),)


def idle_days(trades: Ledger, now_s: int) -> float | None:
    """Days since the wallet last did anything; None where nothing is known of it."""
    return None if trades.last_s is None else (now_s - trades.last_s) / _DAY_S


def _doubt(name: DoubtName, text: str, *, bars: bool = False, penalty: float = 0.0) -> Doubt:
    return Doubt(name=name, text=clean(text, 160), bars=bars, penalty=penalty)


def _dormant(trades: Ledger, thresholds: Thresholds, now_s: int) -> Iterator[Doubt]:
    idle = idle_days(trades, now_s)
    if idle is not None and idle > thresholds.dormant_days:
        yield _doubt("dormant", f"last trade {idle:.0f} days ago", bars=True)


def _short_track(record: Ledger, measures: Measures, thresholds: Thresholds) -> Iterator[Doubt]:
    times = [each.opened_s or each.closed_s for each in record.closed if each.opened_s or each.closed_s]
    ends = [each.closed_s for each in record.closed if each.closed_s]
    days = (max(ends) - min(times)) / _DAY_S if times and ends else 0.0
    if days < thresholds.short_track_days or measures.positions < thresholds.short_track_positions:
        yield _doubt("short track", f"{measures.positions} closed positions in {days:.0f} days")


def _one_hit(measures: Measures, thresholds: Thresholds) -> Iterator[Doubt]:
    share = measures.largest_win_share
    if share is not None and share > thresholds.one_hit_share:
        yield _doubt("one hit", f"one position made {share:.0%} of the profit")


def _paper(stats: WalletStats | None, thresholds: Thresholds) -> Iterator[Doubt]:
    if stats is None or stats.realized_pnl_usdc is None or stats.unrealized_pnl_usdc is None:
        return
    total = stats.realized_pnl_usdc + stats.unrealized_pnl_usdc
    if stats.unrealized_pnl_usdc > 0 and stats.unrealized_pnl_usdc > thresholds.paper_share * total:
        part = f"{stats.unrealized_pnl_usdc / total:.0%} of" if total > 0 else "more than"
        yield _doubt("paper", f"{part} the profit is not realised")


def _hedged(measures: Measures, thresholds: Thresholds) -> Iterator[Doubt]:
    share = measures.hedged_share
    if share is not None and share > thresholds.hedged_share:
        yield _doubt("hedged", f"both outcomes held at once in {share:.0%} of the volume")


def _mostly_maker(stats: WalletStats | None, trades: Ledger, thresholds: Thresholds) -> Iterator[Doubt]:
    pairs = [(trades.rebates_usdc, trades.traded_usdc)]
    if stats is not None and stats.maker_rebate_usdc is not None and stats.volume_usdc is not None:
        pairs.append((stats.maker_rebate_usdc, stats.volume_usdc))
    points = max((10_000 * rebate / volume for rebate, volume in pairs if volume > 0), default=0.0)
    if points > thresholds.maker_rebate_bps:
        yield _doubt("mostly maker", f"rebates of {points:.1f} basis points of the volume")


def _too_fast(measures: Measures, thresholds: Thresholds) -> Iterator[Doubt]:
    hold = measures.median_hold_s
    if hold is not None and hold < thresholds.too_fast_s:
        yield _doubt("too fast", f"holds for {hold:.0f} s in the median, too fast to copy", bars=True)


def _wash(measures: Measures, thresholds: Thresholds) -> Iterator[Doubt]:
    share = measures.round_trip_share
    if share is not None and share > thresholds.wash_share:
        yield _doubt("suspected wash", f"{share:.0%} of the volume went round for nothing within an hour", bars=True)
