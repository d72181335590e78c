"""What a scan says: for people, as JSON fields and as CSV rows. Pure but for `print_report`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from app.cli.figures import counted, lasting
from app.cli.output import print_line, print_table

if TYPE_CHECKING:
    from app.wallets.scan_report import ScanReport
    from app.wallets.values import WalletVerdict

CSV_COLUMNS = (
    "wallet", "verdict", "stage", "score", "confidence", "specialisation", "behaviour", "structure", "top_category",
    "roi_30d", "win_rate", "positions", "pnl_usdc", "doubts", "reason", "origin", "source",
)  # fmt: skip


def json_fields(report: "ScanReport") -> dict[str, Any]:
    """The report as JSON: verdicts with what a list shows of them; `tapedeck explain` opens one up."""
    fields: dict[str, Any] = msgspec.to_builtins(report)
    fields["verdicts"] = [verdict_fields(verdict) for verdict in report.verdicts]
    fields["not_scored"] = [
        {"wallet": verdict.wallet, "stage": verdict.stage, "reason": verdict.reason} for verdict in report.not_scored
    ]
    return fields


def verdict_fields(verdict: "WalletVerdict") -> dict[str, Any]:
    """A verdict as a row: who, class, why, and the figures beside it."""
    measures = verdict.measures
    return {
        "wallet": verdict.wallet,
        "verdict": verdict.verdict,
        "stage": verdict.stage,
        "reason": verdict.reason,
        "score": verdict.score,
        "unshrunk_score": verdict.unshrunk_score,
        "confidence": verdict.confidence,
        "pillars": {pillar.name: pillar.score for pillar in verdict.pillars},
        "doubts": [doubt.flag for doubt in verdict.doubts],
        "top_category": measures.top_category if measures else None,
        "roi_7d": measures.roi_7d if measures else None,
        "roi_30d": measures.roi_30d if measures else None,
        "win_rate": measures.win_rate if measures else None,
        "positions": measures.positions if measures else None,
        "pnl_usdc": measures.pnl_usdc if measures else None,
        "unknown": list(verdict.unknown),
        "judged_s": verdict.judged_s,
    }


def csv_rows(report: "ScanReport", source: dict[str, str]) -> Iterator[list[Any]]:
    """A row for each wallet, in the order of `CSV_COLUMNS`; None for what is not known. Each says who was asked."""
    for verdict in (*report.verdicts, *report.not_scored):
        fields = verdict_fields(verdict)
        values = {
            **fields,
            **fields["pillars"],
            "doubts": ", ".join(fields["doubts"]),
            "origin": report.origins.get(verdict.wallet, ""),
            "source": f"{source['label']} {source['detail']}",
        }
        yield [values.get(name) for name in CSV_COLUMNS]


def print_report(report: "ScanReport", source: dict[str, str]) -> None:
    """The wallets worth a look, and what the scan cost."""
    shown = [verdict for verdict in report.verdicts if verdict.verdict != "REJECTED"]
    if shown:
        columns = ("wallet", "class", ">score", ">confidence", ">roi 30 d", ">win rate", ">n", "category", "doubts")
        styles = {"TARGET": "bold green", "WATCHLIST": "yellow"}
        print_table(columns, [_cells(verdict) for verdict in shown], styles)
    for name, text in _lines(report, source):
        print_line(f"{name:12} {text}")


def _use(report: "ScanReport") -> str:
    """How much of the venue's limits was used, as far as that is told."""
    if report.tightest:
        return f"{report.calls_allowed_pct:.0f} % of what {report.tightest} allows"
    return "the engine's deck shows its limits" if report.calls else "none allowed"


def _cells(verdict: "WalletVerdict") -> tuple[str, ...]:
    measures = verdict.measures
    return (
        verdict.wallet,
        verdict.verdict,
        _number(verdict.score, ".2f"),
        _number(verdict.confidence, ".0%"),
        _number(measures.roi_30d if measures else None, "+.1%"),
        _number(measures.win_rate if measures else None, ".0%"),
        str(measures.positions) if measures else "–",
        measures.top_category if measures else "–",
        ", ".join(doubt.flag for doubt in verdict.doubts) or "none",
    )


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def _lines(report: "ScanReport", source: dict[str, str]) -> Iterator[tuple[str, str]]:
    yield "source", f"{source['label']} {source['detail']}"
    kept = f", {report.unchanged:,} of them unchanged since the last scan" if report.unchanged else ""
    yield (
        "wallets",
        f"{report.wallets:,} in {lasting(report.elapsed_s)} "
        f"({report.wallets_per_minute:,.0f} a minute from the first one on){kept}",
    )
    yield "found", f"{report.targets} TARGET, {report.watchlist} WATCHLIST, {report.unscored:,} not scored"
    for stage in report.stages:
        figures = f"{stage.seen:,} seen, {stage.rejected:,} rejected, {stage.not_scored:,} not scored"
        yield f"stage {stage.stage}", f"{figures}, {stage.ms:.2f} ms of our own work each"
    yield "calls", f"{report.calls:,} ({_use(report)}), {report.retries:,} tried again, {report.failures:,} failed"
    if report.resumed:
        yield "resumed", "what the scan that was broken off had scored was not asked for again"
    if report.unlisted:
        yield "not listed", f"{counted(report.unlisted, 'wallet')} that kept an older verdict, beyond the best 200"
    if report.unscored > len(report.not_scored):
        yield (
            "not named",
            f"{report.unscored - len(report.not_scored):,} of those not scored: the engine names the newest",
        )
    if report.damaged:
        rows = counted(report.damaged, "row")
        yield "not read", f"{rows} of the database: what they were about was asked for again"
    if report.unsaved:
        yield "NOT SAVED", report.unsaved
    for note in report.notes:
        yield "note", note
