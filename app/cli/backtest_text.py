"""A backtest's report as text for people."""

from typing import TYPE_CHECKING

from app.cli.figures import counted
from app.cli.output import Console, print_line, print_paragraph, print_table

if TYPE_CHECKING:
    from app.config.settings import Settings
    from app.engine.protocol_screen import BacktestRecord
    from app.measures.blocks import Estimate
    from app.screener.backtesting import Backtest
    from app.screener.report import Account, Summary

_WIDEST_CHART = 120
_SIGNS = "Below the account: ▲ long, ▼ short, ◆ both entered; + won, − lost, ± both ended there."


def print_report(result: "Backtest", summary: "Summary", *, on_candidates: bool) -> None:
    """The figures beside those of holding the market, the account drawn, and what all of it rests on."""
    from app.screener.equity_chart import equity_chart
    from app.screener.report import assumptions, direction_sentence

    print_line(title(result, summary), style="bold")
    print_line(looked_at(result, on_candidates=on_candidates))
    print_line("")
    print_table(("after costs", ">strategy", ">buy and hold"), _compared(summary))
    print_line("")
    for line in _trade_lines(summary):
        print_paragraph(line)
    print_line("")
    for line in equity_chart(result, min(Console(highlight=False).width, _WIDEST_CHART)):
        print_line(line)
    print_line("")
    for line in (_SIGNS, *assumptions(result.rules), direction_sentence(summary)):
        print_paragraph(line)


def record_of(result: "Backtest", summary: "Summary", settings: "Settings", made_ms: int) -> "BacktestRecord":
    """The report as a deck shows it, in the same words."""
    from app.engine.protocol_screen import BacktestRecord
    from app.screener.report import assumptions, direction_sentence

    fusion = settings.fusion
    return BacktestRecord(
        made_ms=made_ms,
        title=title(result, summary),
        compared=tuple(_compared(summary)),
        lines=(*_trade_lines(summary), direction_sentence(summary)),
        assumptions=tuple(assumptions(result.rules)),
        settings=f"mode {fusion.mode}, threshold {fusion.entry_threshold_confidence:g}, minimum score "
        f"{settings.batch_mode.minimum_score:g}",
    )


def title(result: "Backtest", summary: "Summary") -> str:
    """What was replayed."""
    return f"{result.screened.bars.name}, {summary.interval}, {summary.start} to {summary.end}: {summary.bars:,} bars"


def looked_at(result: "Backtest", *, on_candidates: bool) -> str:
    """Which bars were looked at, and why."""
    bars = result.screened.length
    if not on_candidates:
        return f"Every bar was looked at; {_candidates(result)}."
    if result.windows is None:
        return f"Every bar was looked at, because windows around candidates cover most of them; {_candidates(result)}."
    return (
        f"{result.visited:,} bars around candidates were looked at ({result.visited / bars:.0%}), and those of open "
        f"positions; {_candidates(result)}."
    )


def _candidates(result: "Backtest") -> str:
    count = int(result.passed.sum())
    return f"{count:,} of them are candidates ({count / result.screened.length:.1%})"


def _compared(summary: "Summary") -> list[tuple[str, str, str]]:
    both = (summary.strategy, summary.buy_and_hold)
    rows = {
        "return": [f"{each.total_return:+.2%}" for each in both],
        "Sharpe ratio of a year, ± 1 standard error": [_sharpe(each) for each in both],
        "Sortino ratio of a year": ["none" if each.sortino is None else f"{each.sortino:.2f}" for each in both],
        "maximum drawdown": [f"{each.maximum_drawdown:.2%}" for each in both],
        "time in the market": [f"{summary.exposure:.1%}", "100.0%"],
    }
    return [(name, one, other) for name, (one, other) in rows.items()]


def _sharpe(account: "Account") -> str:
    if account.sharpe is None or account.sharpe_standard_error is None:
        return "none"
    return f"{account.sharpe:.2f} ± {account.sharpe_standard_error:.2f}"


def _trade_lines(summary: "Summary") -> list[str]:
    if not summary.trades:
        return ["No trades."]
    return [
        f"{counted(summary.trades, 'trade')}, {summary.won:,} won ({summary.won / summary.trades:.0%}); they made "
        f"{summary.gross:+,.2f} USD before {summary.fees:,.2f} of fees and {summary.funding:,.2f} of funding; slippage "
        "is in the prices.",
        f"A trade made {_estimated(summary.mean_trade_bps, 'bp of its notional')}, "
        f"{_estimated(summary.mean_trade_usd, 'USD')} in the mean.",
        _verdict(summary.mean_trade_bps),
    ]


def _estimated(estimate: "Estimate", unit: str) -> str:
    if estimate.value is None:
        return f"no {unit}"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:+.2f} {unit} (too few for an interval)"
    return f"{estimate.value:+.2f} {unit} (95 % {estimate.low:+.2f} to {estimate.high:+.2f})"


def _verdict(estimate: "Estimate") -> str:
    side = estimate.side_of(0.0)
    if side is None:
        return "That is too little to tell a gain from luck."
    return {
        0: "The interval holds 0: this is no evidence of a gain or a loss.",
        1: "The interval is above 0, for this one choice of settings on this one stretch of time.",
        -1: "The interval is below 0: it loses.",
    }[side]
