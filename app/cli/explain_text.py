"""An opened wallet for people: sections of named lines and tables."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app.cli.output import print_line, print_table
from app.wallets.words import likelihood, part_figure

if TYPE_CHECKING:
    from app.wallets.behind import ChaseRow
    from app.wallets.explaining import Explanation
    from app.wallets.values import WalletVerdict

_ROWS = 12
_UNKNOWN = "–"
_NEVER_S = 10_000_000_000
_CURVE_CELLS = 60


def print_explanation(explained: "Explanation", source: dict[str, str]) -> None:
    """All sections of the wallet."""
    for name, text in head_lines(explained, source):
        print_line(f"{name:12} {text}")
    judged = explained.opened or explained.verdict
    _section("Pillars", ("pillar", ">score", ">weight", "part", ">value", ">n", ">takes"), list(pillar_rows(judged)))
    _section("Categories (recent trades)", ("category", ">n", ">paid in", ">share", ">result"), [
        (row.category, str(row.positions), _usd(row.cost_usdc), f"{row.share:.0%}", _usd(row.pnl_usdc))
        for row in explained.categories[:_ROWS]
    ])  # fmt: skip
    _section("Losses and what followed", ("lost at", ">lost", ">size", "next at", ">size", ">ratio", ""), [
        (_time(row.lost_at_s), _usd(row.lost_usdc), _usd(row.lost_size_usdc), _time(row.next_at_s),
         _usd(row.next_size_usdc), f"{row.ratio:.2f}", "CHASED" if row.chased else "")
        for row in _chased_first(explained.chases)[:_ROWS]
    ])  # fmt: skip
    _section("Newest closed positions", ("closed", "category", ">paid in", ">result", ">entry", ">held", "event"), [
        (_time(row.closed_s), row.category or _UNKNOWN, _usd(row.cost_usdc), _usd(row.pnl_usdc),
         _number(row.entry_price, ".3f"), _span(row.hold_s), row.event[:40])
        for row in explained.positions[:_ROWS]
    ])  # fmt: skip
    _section("Copying it late", (">late by", ">result", ">its own", ">positions"), [
        (f"{row.delay_s} s", _usd(row.pnl_usdc), _usd(row.own_pnl_usdc), f"{row.positions} of {row.all_positions}")
        for row in explained.copies
    ])  # fmt: skip
    _section("Earlier verdicts", ("at", "class", ">stage", ">score"), [
        (_time(row.at_ms // 1000), row.verdict, str(row.stage), _number(row.score, ".2f"))
        for row in explained.history[:_ROWS]
    ])  # fmt: skip


def head_lines(explained: "Explanation", source: dict[str, str]) -> Iterator[tuple[str, str]]:
    """The verdict, its figures, its doubts, and what is not known."""
    said, judged = explained.verdict, explained.opened or explained.verdict
    yield (
        "wallet",
        explained.wallet + (f" ({explained.stats.name})" if explained.stats and explained.stats.name else ""),
    )
    yield "source", f"{source['label']} {source['detail']}"
    yield "verdict", said.verdict + (f": {said.reason}" if said.reason else "")
    yield "stage", f"{said.stage} of 3, profile {said.profile}"
    skill, measures = judged.skill, judged.measures
    yield (
        "score",
        f"{_number(judged.score, '.2f')} ({_number(judged.unshrunk_score, '.2f')} before shrinking and penalties)",
    )
    if skill is not None:
        edge = f"{skill.edge:.3f} at even odds, 90 % between {skill.edge_low:.3f} and {skill.edge_high:.3f}"
        yield "edge", f"{edge}; real with a probability of {likelihood(skill.probability)}, after {skill.bets:.0f} bets"
    if measures is not None:
        yield (
            "results",
            (
                f"{_usd(measures.pnl_usdc)} on {measures.positions} positions, wins {_number(measures.win_rate, '.0%')}"
                f", ROI 30 d {_number(measures.roi_30d, '+.1%')}, drawdown {_number(measures.max_drawdown, '.0%')}"
            ),
        )
    for doubt in judged.doubts:
        yield "doubt", f"{doubt.flag}: {doubt.text}" + (" (no TARGET)" if doubt.bars else "")
    for line in explained.unknown:
        yield "not known", line
    if explained.equity:
        yield "equity", curve([point.total_usdc for point in explained.equity])


def pillar_rows(verdict: "WalletVerdict") -> Iterator[tuple[str, ...]]:
    """A row for each part of each pillar; the pillar's own figures stand in its first row."""
    for pillar in verdict.pillars:
        for place, part in enumerate(pillar.parts):
            first = (pillar.name, f"{pillar.score:.2f}", f"{pillar.weight:.2f}") if place == 0 else ("", "", "")
            yield (*first, part.name, part_figure(part), str(part.n), f"{part.taken:.2f}")
        if pillar.rejects:
            yield ("", "", "", f"REJECTS: {pillar.rejects}", "", "", "")


def _section(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if rows:
        print_line("")
        print_line(title, "bold")
        print_table(columns, rows, {"CHASED": "bold red"})


def _chased_first(chases: Sequence["ChaseRow"]) -> list["ChaseRow"]:
    return sorted(chases, key=lambda row: -row.ratio)


def curve(totals: Sequence[float], cells: int = _CURVE_CELLS) -> str:
    """The equity curve in at most `cells` blocks, the last total among them, and where it ends."""
    step = -(-len(totals) // cells)
    shown = totals[::-1][::step][::-1]
    low, high = min(shown), max(shown)
    spread = (high - low) or 1.0
    blocks = "".join("▁▂▃▄▅▆▇█"[round(7 * (total - low) / spread)] for total in shown)
    return f"{blocks} {_usd(totals[-1])}"


def _usd(value: float) -> str:
    return f"{value:,.0f} USDC"


def _number(value: float | None, form: str) -> str:
    return _UNKNOWN if value is None else format(value, form)


def _time(at_s: int) -> str:
    is_known = 0 < at_s < _NEVER_S
    return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%d %H:%M}" if is_known else _UNKNOWN


def _span(seconds: float | None) -> str:
    if seconds is None:
        return _UNKNOWN
    for unit_s, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= unit_s:
            return f"{seconds / unit_s:.1f} {unit}"
    return f"{seconds:.0f} s"
