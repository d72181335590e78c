"""What `tapedeck whales` and `tapedeck signal` print. Pure but for `print_whales`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from app.cli.figures import counted, lasting, sized
from app.cli.output import print_line, print_table

if TYPE_CHECKING:
    from app.core.whale_events import AlertRecord
    from app.engine.followed_watch import SignalReport, WhalesReport
    from app.engine.protocol_whales import ContributorRow, FollowedRow, LeaderboardView, RegimeView, WhaleAlertRow

_REASONS = 6
_TRADERS = (
    ">rank", "trader", "name", ">score", ">windows", ">weight", ">coverage", ">equity USD", ">positions", ">age s",
    "by", "doubts",
)  # fmt: skip
_ALERTS = ("severity", "kind", "coin", "what", ">value USD", ">percentile", ">price", ">age s", ">times", "before")
_STYLES = {"CRITICAL": "bold red", "HIGH": "bold yellow", "MEDIUM": "yellow"}


def print_whales(report: "WhalesReport") -> None:
    """The followed, the alerts that stand, and how following goes."""
    if report.traders:
        print_table(_TRADERS, [_trader_cells(row) for row in report.traders])
    if report.alerts:
        print_line("")
        print_table(_ALERTS, [_alert_cells(row, report.at_ms) for row in report.alerts], _STYLES)
    print_line("")
    for name, text in whales_lines(report):
        print_line(f"{name:15}{text}")


def _trader_cells(row: "FollowedRow") -> tuple[str, ...]:
    return (
        _number(row.rank, "d"),
        row.trader,
        row.alias or row.name or "–",
        _number(row.score, ".1f"),
        "–" if row.windows is None else f"{row.windows} of 4",
        _number(row.weight, ".3f"),
        _number(row.coverage, ".0%"),
        _number(row.equity_usd, ",.0f"),
        _number(row.positions, "d"),
        _number(row.age_s, ".0f"),
        row.learned or "–",
        ", ".join(row.flags) or "none",
    )


def _alert_cells(row: "WhaleAlertRow", now_ms: int) -> tuple[str, ...]:
    return (
        row.severity,
        row.kind.replace("_", " "),
        row.coin,
        row.text,
        f"{row.value_usd:,.0f}",
        _number(row.percentile, ".1f"),
        f"{row.price:,.10g}",
        f"{max(0, now_ms - row.at_ms) / 1000:.0f}",
        f"{row.times}",
        _record(row.record),
    )


def _record(record: "AlertRecord | None") -> str:
    """What alerts of the kind were followed by; a move has a sign, and counts in the alert's direction."""
    if record is None or not record.n:
        return "no record"
    move = "" if record.median_move_bps is None else f", median {record.median_move_bps:+.1f} bp"
    return f"{record.hits} of {record.n} moved on{move}"


def whales_lines(report: "WhalesReport") -> Iterator[tuple[str, str]]:
    """Name and text of each line about the whole."""
    tracker, regime = report.tracker, report.regime
    yield "source", f"{report.source.label} {report.source.detail}"
    yield "leaderboard", _leaderboard(report.leaderboard) + (f". {tracker.message}" if tracker.message else "")
    oldest = "" if tracker.oldest_s is None else f", the oldest {tracker.oldest_s:.0f} s"
    yield "tracked", f"{counted(tracker.tracked, 'trader')}, positions of {tracker.fresh:,} fresh{oldest}"
    yield "learned by", f"{tracker.by_stream:,} stream, {tracker.by_trade:,} trade, {tracker.by_poll:,} poll"
    yield "trades", f"watched of {tracker.trade_coins:,} of {counted(tracker.listed_coins, 'listed coin')}"
    if tracker.weight_used is not None:
        yield "requests", f"{tracker.weight_used:,} of {tracker.weight_limit:,} weight used in a minute"
    yield "positions", f"{tracker.positions_saved:,} of {counted(tracker.positions_seen, 'row')} saved"
    if regime is not None:
        yield "regime", _regime(regime)
    yield "alerts", f"{len(report.alerts):,} stand"
    if report.partial:
        yield "partial", report.partial


def _regime(regime: "RegimeView") -> str:
    """The regime of the leading market, and what it does to weights."""
    if regime.name is None:
        return f"{regime.coin} unknown" + (f" ({regime.why})" if regime.why else "")
    held = "" if regime.age_s is None else f" for {'at least ' if regime.at_least else ''}{regime.age_s // 3600} h"
    sure = "" if regime.probability is None else f", {regime.probability:.0%} sure"
    weighs = f"a part of {counted(regime.traders, 'weight')}"
    return f"{regime.coin} {regime.name}{held}{sure}, multiplier {regime.multiplier:.2f}, {weighs}"


def _leaderboard(seen: "LeaderboardView | None") -> str:
    if seen is None:
        return "none yet"
    reasons = [f"{count:,} {why}" for why, count in list(seen.refused_by.items())[:_REASONS]]
    more = len(seen.refused_by) - len(reasons)
    words = ", ".join([*reasons, *([f"{more} more reasons"] if more > 0 else [])])
    rows = f"{counted(seen.rows, 'row')} ({sized(seen.size_bytes)}), {lasting(seen.age_s)} ago"
    return f"{rows}; {seen.kept:,} kept, {seen.refused:,} refused{f': {words}' if words else ''}"


def signal_fields(report: "SignalReport") -> dict[str, Any]:
    """The report as JSON: the signal's own fields stand beside those about it."""
    import msgspec

    fields: dict[str, Any] = msgspec.to_builtins(report)
    signal = fields.pop("signal")
    contributors = {"long": fields.pop("long"), "short": fields.pop("short")}
    return {"coin": signal["coin"], **fields, **signal, "contributors": contributors}


def signal_lines(report: "SignalReport") -> Iterator[str]:
    """The signal for people, a line each; every line has a name in front."""
    signal = report.signal
    price = "–" if report.price is None else f"{report.price:,.10g}"
    change = "its change is not known yet" if signal.change_1h is None else f"{signal.change_1h:+.2f} in an hour"
    yield f"{'market':15}{signal.coin} · {report.source.label} {report.source.detail} · {price}"
    yield f"{'signal':15}{signal.lean}, bias {signal.bias:+.2f}, {change}"
    yield f"{'baseline':15}{signal.plain_lean}, bias {signal.plain_bias:+.2f} (the leaderboard's score alone)"
    yield f"{'confidence':15}{signal.confidence:.0%}"
    yield f"{'breadth':15}{signal.breadth:.0%} of the fresh traders hold it"
    yield f"{'sides':15}{signal.long_traders} long, {signal.short_traders} short, {signal.value_usd:,.0f} USD together"
    equal = f"they tell as much as {signal.effective_traders:.1f} equal ones"
    yield f"{'concentration':15}{signal.concentration:.0%} of the votes is one trader's; {equal}"
    yield f"{'traders':15}{report.fresh} of {report.tracked} fresh; {signal.stale_traders} left out as stale"
    for name, rows in (("long", report.long), ("short", report.short)):
        for row in rows:
            yield f"{name:15}{_contributor(row)}"
    if report.partial:
        yield f"{'partial':15}{report.partial}"


def _contributor(row: "ContributorRow") -> str:
    age = "" if row.age_s is None else f", {row.age_s:.0f} s old"
    flags = f", {', '.join(row.flags)}" if row.flags else ""
    weight = _number(row.weight, ".3f")
    name = f" {row.name}" if row.name else ""
    return f"{row.share:6.1%} {row.trader}{name}, weight {weight}, {row.value_usd:,.0f} USD{age}{flags}"


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)
