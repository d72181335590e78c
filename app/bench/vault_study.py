"""Does a score of one month say anything of the next? Rank correlations on monthly lists of public vaults.

The lists tell results of the last 30 days as a dozen cumulative points without times, and what is in the vault at the
end. So points are spread evenly over 30 days, nothing is taken to have been paid in or out, and volumes, which are not
told, to be large enough. A vault that is on no later list cannot be followed: it is counted, and ranked last in a
second correlation, which bounds what leaving it out does.
"""

import gzip
from collections.abc import Sequence
from io import BytesIO
from typing import Annotated, NamedTuple

import msgspec

from app.config.whale_settings import TraderWeightsSettings, WhalesSettings
from app.core.errors import DataError
from app.core.text import clean
from app.core.traders import EquityHistory, HistoryPoint, RankedTrader, WindowResult
from app.measures.ranks import rank_correlation, rank_correlation_interval
from app.whales.leaderboard import scored
from app.whales.performance import DAY_MS, Performance, performance_of
from app.whales.round_trips import TripRecord
from app.whales.trader_weights import crowd_of, performance_dimension

_SETTINGS, _WEIGHTS = WhalesSettings(), TraderWeightsSettings()
_DAYS = 30
_LEAST_BASE_SHARE = 0.05
_LISTED_BYTES = 50_000_000
Amount = Annotated[float, msgspec.Meta(gt=-1e15, lt=1e15)]


class VaultRow(msgspec.Struct, frozen=True):
    """One vault of a monthly list; `score` is that of the list's author, `month_pnl` cumulative over 30 days."""

    address: Annotated[str, msgspec.Meta(pattern=r"^0x[0-9a-f]{40}\Z")]
    tvl: Annotated[float, msgspec.Meta(gt=0, lt=1e15)]
    month_pnl: tuple[Amount, ...]
    pnl_30d: Amount
    pnl_alltime: Amount
    score: float


class Agreement(NamedTuple):
    """How a score of one month agrees with the next month's result.

    `correlation` and its 95 % bounds are those of the `n` vaults that are on both lists and have a score;
    `with_missing` is the correlation when those that are not on the next one count as the worst.
    """

    score: str
    n: int
    correlation: float
    low: float
    high: float
    with_missing: float


class MonthStudy(NamedTuple):
    """One month against the next: how many vaults were listed, how many of them again, and each score's agreement."""

    listed: int
    again: int
    agreements: tuple[Agreement, ...]


def read_vaults(body: bytes) -> tuple[VaultRow, ...]:
    """The rows of one gzipped list. Raises `DataError` for what is not one."""
    try:
        with gzip.open(BytesIO(body)) as file:
            text = file.read(_LISTED_BYTES)
        return msgspec.json.decode(text, type=tuple[VaultRow, ...])
    except (OSError, EOFError, msgspec.DecodeError) as error:
        raise DataError(f"a list of vaults cannot be read: {error}; take the file as it was published") from error


def month_study(month: Sequence[VaultRow], following: Sequence[VaultRow]) -> MonthStudy:
    """Our scores and the author's in one month against (all-time result then − now) / what is in the vault now."""
    later = {row.address: row for row in following}
    made = {
        row.address: (later[row.address].pnl_alltime - row.pnl_alltime) / row.tvl
        for row in month
        if row.address in later
    }
    scores = {
        "our performance": _performances(month),
        "our leaderboard score": {row.address: scored(_ranked(row), _SETTINGS).score for row in month},
        "their score": {row.address: row.score for row in month},
        "result of the month": {row.address: row.pnl_30d for row in month},
    }
    return MonthStudy(len(month), len(made), tuple(_agreement(name, score, made) for name, score in scores.items()))


def _agreement(name: str, score: dict[str, float], made: dict[str, float]) -> Agreement:
    both = [address for address in score if address in made]
    correlation = rank_correlation([score[each] for each in both], [made[each] for each in both]) or 0.0
    low, high = rank_correlation_interval(correlation, len(both))
    worst = min(made.values(), default=0.0) - 1
    everyone = rank_correlation(list(score.values()), [made.get(each, worst) for each in score]) or 0.0
    return Agreement(name, len(both), correlation, low, high, everyone)


def _performances(month: Sequence[VaultRow]) -> dict[str, float]:
    """The dimension performance of a weight, for vaults of which enough is known."""
    measured = {row.address: _performance(row) for row in month}
    crowd = crowd_of(measured.values())
    found = {each: performance_dimension(told, crowd, _WEIGHTS).value for each, told in measured.items()}
    return {address: value for address, value in found.items() if value is not None}


def _performance(row: VaultRow) -> Performance:
    last = len(row.month_pnl) - 1
    points = tuple(
        HistoryPoint(
            at_ms=DAY_MS + round(_DAYS * DAY_MS * index / max(1, last)),
            equity_usd=row.tvl - (row.month_pnl[-1] - made),
            pnl_usd=made,
        )
        for index, made in enumerate(row.month_pnl)
    )
    return performance_of([EquityHistory(window="month", points=points, volume_usd=0.0)], TripRecord(), _WEIGHTS)


def _ranked(row: VaultRow) -> RankedTrader:
    """The vault as a leaderboard's row, without the windows that its list does not tell."""
    untold = WindowResult(pnl_usd=0.0, roi=0.0, volume_usd=0.0)
    return RankedTrader(
        trader=row.address,
        name=clean(""),
        equity_usd=row.tvl,
        day=untold,
        week=untold,
        month=_window(row.pnl_30d, row.tvl, 100),
        all_time=_window(row.pnl_alltime, row.tvl, 1_000),
    )


def _window(pnl_usd: float, tvl: float, turnover: float) -> WindowResult:
    """A result over what was in the vault before it, where that is not next to nothing, else over what is in it now."""
    before = tvl - pnl_usd
    base = before if before > _LEAST_BASE_SHARE * tvl else tvl
    return WindowResult(pnl_usd=pnl_usd, roi=pnl_usd / base, volume_usd=turnover * (tvl + abs(pnl_usd)))
