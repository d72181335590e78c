"""What a backtest came to, beside holding the same market, and how sure one can be of it."""

import msgspec
import numpy as np

from app.markets.bar_table import Integers
from app.measures.blocks import Estimate, ratio_estimates
from app.measures.performance import deepest_fall, sharpe_error, sharpe_ratio, simple_returns, sortino_ratio
from app.measures.returns import Floats
from app.measures.scores import wilson_interval
from app.screener.backtest import STARTING_CASH, Macro, Trade
from app.screener.backtesting import Backtest
from app.screener.bars import interval_text, moment_text
from app.screener.replay_columns import Rules

_YEAR_MS = 365 * 24 * 3_600_000
_HOUR_MS = 3_600_000
_SEED = 1
"""Of the draws of intervals: the same backtest has the same interval."""


class Account(msgspec.Struct, frozen=True):
    """An account over the bars: returns and falls as fractions, ratios of a year; None where there is none to tell."""

    final: float
    total_return: float
    sharpe: float | None
    sharpe_standard_error: float | None
    sortino: float | None
    maximum_drawdown: float
    drawdown_from: str
    drawdown_to: str


class Direction(msgspec.Struct, frozen=True):
    """In how many of the `bars` the next close was higher, with the bounds of a 95 % interval of that share."""

    bars: int
    higher: float
    low: float
    high: float


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A backtest in figures, after costs: money in USD, shares as fractions, `mean_trade_bps` of a trade's notional."""

    bars: int
    interval: str
    start: str
    end: str
    candidates: int
    trades: int
    won: int
    mean_trade_bps: Estimate
    mean_trade_usd: Estimate
    exposure: float
    fees: float
    funding: float
    gross: float
    strategy: Account
    buy_and_hold: Account
    next_bar: Direction


def summarise(result: Backtest, macro: Macro | None = None) -> Summary:
    """The figures of a backtest. What bars were looked at is not among them: they are the same however it was done."""
    screened, trades = result.screened, result.replay.trades
    first, bars = screened.first, screened.bars
    return Summary(
        bars=screened.length,
        interval=interval_text(bars.interval_ms),
        start=moment_text(int(bars.times[first])),
        end=moment_text(int(bars.times[-1])),
        candidates=int(np.count_nonzero(result.passed)),
        trades=len(trades),
        won=sum(trade.pnl > 0 for trade in trades),
        mean_trade_bps=_mean([1e4 * trade.pnl / (trade.coins * trade.entry) for trade in trades]),
        mean_trade_usd=_mean([trade.pnl for trade in trades]),
        exposure=sum(trade.exit_place - trade.entry_place + 1 for trade in trades) / screened.length,
        fees=sum(trade.fees for trade in trades),
        funding=sum(trade.funding for trade in trades),
        gross=sum(trade.gross for trade in trades),
        strategy=account_of(result.replay.equity[first:], bars.times[first:], bars.interval_ms),
        buy_and_hold=account_of(held_equity(result, macro), bars.times[first:], bars.interval_ms),
        next_bar=_direction(bars.closes[first:]),
    )


def assumptions(rules: Rules) -> list[str]:
    """How fills were reckoned, in sentences: a result means nothing without them."""
    return [
        "What is decided at a close fills at the next open; within a bar the stop comes before everything else, and a "
        "bar that opens beyond a level fills at its open.",
        f"Every fill pays {1e4 * rules.fee:g} bp of fees and is {1e4 * rules.slippage:g} bp worse than its price; a "
        f"position pays funding each bar, {8e4 * rules.funding:g} bp in 8 h where the rate is not known.",
        "No order moves the market, none is missed, and there is always room for its size; what is open at the end is "
        "closed at the last close.",
    ]


def direction_sentence(summary: Summary) -> str:
    """What can be said of the next bar's direction: nothing more than this."""
    told = summary.next_bar
    sure = "no better than a coin" if told.low <= 0.5 <= told.high else "still next to a coin"
    return (
        f'The next bar\'s direction: "always up" was right in {told.higher:.1%} of {told.bars:,} bars '
        f"(95 % {told.low:.1%} to {told.high:.1%}), {sure}; nothing here foretells it."
    )


def held_equity(result: Backtest, macro: Macro | None = None) -> Floats:
    """The account at each close when all of it buys at the first open and sells at the last close, with all costs."""
    first, bars, rules = result.screened.first, result.screened.bars, result.rules
    entry = float(bars.opens[first]) * (1 + rules.slippage)
    coins = STARTING_CASH / (entry * (1 + rules.fee))
    closes = bars.closes[first:]
    rates = np.full(len(closes), rules.funding)
    if macro is not None:
        rates = np.where(np.isnan(macro.funding[first:]), rules.funding, macro.funding[first:])
    paid = np.cumsum(coins * closes * rates * (rules.interval_ms / _HOUR_MS))
    equity: Floats = coins * closes - paid
    equity[-1] -= coins * closes[-1] * (1 - (1 - rules.slippage) * (1 - rules.fee))
    return equity


def account_of(equity: Floats, times: Integers, interval_ms: float) -> Account:
    """An account at the closes of bars that opened at `times`, in figures; before them it was the starting cash."""
    whole = np.concatenate([[STARTING_CASH], equity])
    fall, per_year = deepest_fall(whole), _YEAR_MS / interval_ms
    # An account that is gone has no returns any more.
    returns = simple_returns(whole) if float(whole.min()) > 0 else np.empty(0)
    sharpe = sharpe_ratio(returns, per_year)
    return Account(
        final=float(equity[-1]),
        total_return=float(equity[-1]) / STARTING_CASH - 1,
        sharpe=sharpe,
        sharpe_standard_error=None if sharpe is None else sharpe_error(sharpe, len(returns), per_year),
        sortino=sortino_ratio(returns, per_year),
        maximum_drawdown=fall.share,
        drawdown_from=moment_text(int(times[max(0, fall.peak - 1)])),
        drawdown_to=moment_text(int(times[max(0, fall.bottom - 1)])),
    )


def _mean(values: list[float]) -> Estimate:
    """The mean of trades in order, with an interval from drawing neighbours together: they share a market."""
    length = max(1, round(len(values) ** (1 / 3)))
    starts = np.arange(0, len(values), length, dtype=np.int64)
    column = np.array(values, dtype=np.float64)[:, np.newaxis]
    return ratio_estimates(column, np.ones_like(column), starts, np.random.default_rng(_SEED))[0]


def _direction(closes: Floats) -> Direction:
    bars = len(closes) - 1
    higher = int(np.count_nonzero(closes[1:] > closes[:-1]))
    low, high = wilson_interval(higher, bars)
    return Direction(bars, higher / bars if bars else float("nan"), low, high)


def trade_rows(result: Backtest) -> list[dict[str, object]]:
    """Trades as plain records, oldest first; times are those at which bars opened. Each names its bars."""
    bars = result.screened.bars
    rows = (_row(number, trade, bars.times) for number, trade in enumerate(result.replay.trades, start=1))
    return [{**row, "bars_of": bars.name} for row in rows]


def _row(number: int, trade: Trade, times: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> dict[str, object]:
    return {
        "number": number,
        "side": "long" if trade.side > 0 else "short",
        "entry_time": moment_text(int(times[trade.entry_place])),
        "entry": trade.entry,
        "coins": trade.coins,
        "stop": trade.stop,
        "exit_time": moment_text(int(times[trade.exit_place])),
        "exit": trade.exit,
        "reason": trade.reason,
        "bars": trade.exit_place - trade.entry_place + 1,
        "gross": trade.gross,
        "fees": trade.fees,
        "funding": trade.funding,
        "pnl": trade.pnl,
    }


def equity_rows(result: Backtest) -> list[dict[str, object]]:
    """The account at the close of each bar that was asked for, by when the bar opened. Each row names its bars."""
    bars, first = result.screened.bars, result.screened.first
    times, equity = bars.times[first:].tolist(), result.replay.equity[first:].tolist()
    return [
        {"timestamp": moment_text(time), "equity": value, "bars_of": bars.name}
        for time, value in zip(times, equity, strict=True)
    ]
