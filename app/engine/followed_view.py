"""Everyone who is followed, and who is behind the signal of a coin. Reads only."""

from app.core.text import clean
from app.engine.protocol_whales import ContributorRow, FollowedRow, FollowedView, LeaderboardView
from app.engine.whale_rows import flags_of, tier_of
from app.engine.whales import Whales
from app.whales.roster import Member
from app.whales.smart_money import Contributor

MOST_CONTRIBUTORS = 10
MOST_REASONS = 50


def followed_view(whales: Whales, coin: str, now_ms: int) -> FollowedView:
    """The followed traders by rank, those without one last; with a `coin` its signal and the traders behind it."""
    members = sorted(whales.roster.members.values(), key=lambda one: (one.rank is None, one.rank or 0, one.trader))
    money = whales.signals.money
    long, short = (money.largest(coin, side, MOST_CONTRIBUTORS) for side in (1, -1))
    return FollowedView(
        leaderboard=_leaderboard(whales, now_ms),
        traders=tuple(_row(whales, member, now_ms) for member in members),
        signal=money.signal(clean(coin, 32), now_ms) if coin else None,
        long=tuple(_contributor(whales, one, now_ms) for one in long),
        short=tuple(_contributor(whales, one, now_ms) for one in short),
    )


def _leaderboard(whales: Whales, now_ms: int) -> LeaderboardView | None:
    seen = whales.roster.leaderboard
    if seen is None:
        return None
    reasons = sorted(seen.refused_by.items(), key=lambda one: (-one[1], one[0]))
    return LeaderboardView(
        age_s=max(0, now_ms - seen.at_ms) // 1000,
        size_bytes=seen.size_bytes,
        rows=seen.rows_seen,
        kept=seen.rows_kept,
        refused=seen.refused,
        refused_by={clean(why, 64): count for why, count in reasons[:MOST_REASONS]},
    )


def _row(whales: Whales, member: Member, now_ms: int) -> FollowedRow:
    trader, score = member.trader, member.score
    weight, known = whales.weighing.weights.get(trader), whales.positions.known.get(trader)
    equity_usd = None if score is None else score.equity_usd
    if known is not None:
        equity_usd = known.state.equity_usd
    return FollowedRow(
        trader=trader,
        name=clean(member.name, 24),
        alias=whales.names.of(trader).alias,
        rank=member.rank,
        standing=member.standing,
        score=None if score is None else score.score,
        windows=None if score is None else score.windows,
        evidence=None if score is None else score.evidence,
        flags=flags_of(member),
        doubts=() if score is None else tuple(clean(doubt.text, 200) for doubt in score.doubts),
        weight=None if weight is None else weight.total,
        coverage=None if weight is None else weight.coverage,
        tier=tier_of(equity_usd, whales.settings.trader_weights),
        equity_usd=equity_usd,
        positions=None if known is None else len(known.state.positions),
        age_s=_age_s(whales, trader, now_ms),
        learned=whales.positions.learned_by.get(trader),
    )


def _contributor(whales: Whales, one: Contributor, now_ms: int) -> ContributorRow:
    weight, member = whales.weighing.weights.get(one.trader), whales.roster.members.get(one.trader)
    return ContributorRow(
        trader=one.trader,
        name=whales.names.of(one.trader).alias or whales.names.own(one.trader),
        side=one.side,
        share=one.share,
        weight=None if weight is None else weight.total,
        value_usd=one.value_usd,
        age_s=_age_s(whales, one.trader, now_ms),
        flags=flags_of(member),
    )


def _age_s(whales: Whales, trader: str, now_ms: int) -> float | None:
    tracked = whales.refreshing.tracked.get(trader)
    age_ms = None if tracked is None else tracked.age_ms(now_ms)
    return None if age_ms is None else age_ms / 1000
