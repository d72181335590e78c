"""How the newest scan of wallets performs: pace, stages, memory, calls and what to change. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

from app.core.text import clean
from app.engine.protocol_wallets import CacheView, ScanView, StageTime, WalletMetrics, WalletsView
from app.ui import format as shown
from app.ui.panels.markets import waiting_sentence
from app.ui.panels.wallets import NO_SCANNER, WalletKeys, is_tape, percent, scan_result, simulated_mark
from app.ui.state import DeckView
from app.ui.theme import Role
from app.ui.widgets.columns import Cell, Column, Row, TableView
from app.ui.widgets.lines import wrap

_TITLE = "Scan metrics"
_COLUMNS = (
    Column("what", 14, "left"),
    Column("measured", 8, "left", priority=1, flexible=True),
)


class _Line(NamedTuple):
    name: str
    text: str
    role: Role = "text"


def scan_metrics_view(view: DeckView, width: int, keys: WalletKeys) -> TableView:
    """The screen's lines for a table of `width` cells; warnings come first and name the setting to change."""
    if view.shown is None:
        return TableView(_TITLE, _COLUMNS, (), waiting_sentence(view))
    wallets = view.shown.wallets
    if wallets is None:
        return TableView(_TITLE, _COLUMNS, (), NO_SCANNER)
    title = f"{_TITLE}{simulated_mark(view)} · profile {clean(wallets.profile, 32)}"
    if wallets.scan is None and wallets.metrics is None:
        begins = "" if is_tape(view) else f" {keys.scan} starts one."
        return TableView(title, _COLUMNS, (), f"No scan has been made yet.{begins}")
    lines = tuple(_lines(wallets, view.shown.wall_ms, view.lag_ms))
    return TableView(title, _COLUMNS, tuple(_rows(lines, width, dimmed=view.outdated)), "")


def _rows(lines: tuple[_Line, ...], width: int, *, dimmed: bool) -> Iterator[Row]:
    room = max(8, width - _COLUMNS[0].width - 1)
    for place, line in enumerate(lines):
        whole = str(clean(line.text, 1_000))
        for part, text in enumerate(wrap(whole, room)):
            cells = (Cell("" if part else line.name, "muted", line.name), Cell(text, line.role, whole))
            yield Row(f"{place} {part}", cells, dimmed, values=(line.name, whole))


def _lines(wallets: WalletsView, wall_ms: int, lag_ms: int) -> Iterator[_Line]:
    metrics = wallets.metrics
    for warning in metrics.warnings if metrics is not None else ():
        yield _Line("WARNING", warning, "warning")
    if wallets.scan is not None:
        yield from _scan(wallets.scan, wall_ms, lag_ms)
    if metrics is not None:
        yield from _metrics(metrics)
    if wallets.scheduled_in_s is not None:
        yield _Line("next scan", f"by itself in {shown.duration(wallets.scheduled_in_s)}", "muted")


def _scan(scan: ScanView, wall_ms: int, lag_ms: int) -> Iterator[_Line]:
    role: Role = "accent" if scan.state == "running" else "text" if scan.state in ("idle", "done") else "warning"
    until_ms = scan.ended_ms if scan.ended_ms is not None else wall_ms + lag_ms
    took = shown.duration(max(0, until_ms - scan.since_ms) / 1_000)
    said = f" · {scan.message}" if scan.message else ""
    word = "for" if scan.state == "running" else "took"
    yield _Line("scan", f"{scan.state}, began {shown.clock(scan.since_ms)} UTC, {word} {took}{said}", role)
    yield _Line(
        "wallets",
        f"{scan.seen:,} of {scan.total:,} through (limit {scan.limit:,}) · {scan.under_way:,} under way · "
        f"{scan.unchanged:,} unchanged",
    )
    yield _Line("verdicts", f"{scan_result(scan)} · {scan.rejected:,} rejected")
    for trouble in scan.troubles:
        yield _Line("trouble", trouble, "warning")
    for wallet in scan.unscored:
        yield _Line("not scored", f"{wallet.address} at stage {wallet.stage}: {wallet.reason}", "warning")


def _metrics(metrics: WalletMetrics) -> Iterator[_Line]:
    yield _Line("wallets/min", _number(metrics.wallets_per_minute, 0))
    yield _Line("our own work", f"{_number(metrics.ms_per_wallet, 2)} ms a wallet, without the wait for the venue")
    for stage in metrics.stages:
        yield _stage(stage)
    yield _Line("TARGET share", f"{percent(metrics.target_share, 1)} of wallets judged")
    for budget in metrics.budgets:
        used = f"{budget.used:,} of {budget.limit:,} calls in 10 s"
        yield _Line(
            "budget", f"{budget.name}: {used}{f' ({percent(budget.used / budget.limit)})' if budget.limit else ''}"
        )
    retries = f" · {metrics.retries:,} tried again" if metrics.retries is not None else ""
    yield _Line("API calls", f"{metrics.calls:,}{retries}")
    yield _Line("errors", f"{metrics.errors:,} answers could not be used", "warning" if metrics.errors else "text")
    for cache in metrics.caches:
        yield _cache(cache)
    yield _Line("memory", "not measured" if metrics.memory_mb is None else f"{metrics.memory_mb:,.0f} MB")


def _stage(stage: StageTime) -> _Line:
    share = f" ({percent(stage.rejected / stage.seen)})" if stage.seen else ""
    work = "work not measured" if stage.ms is None else f"{stage.ms:.2f} ms of our own work a wallet"
    return _Line(f"stage {stage.stage}", f"{stage.seen:,} seen · {stage.rejected:,} rejected{share} · {work}")


def _cache(cache: CacheView) -> _Line:
    hits = "nothing looked up yet" if cache.hit_ratio is None else f"hit ratio {percent(cache.hit_ratio)}"
    oldest = "empty" if cache.oldest_age_s is None else f"oldest {shown.age(cache.oldest_age_s * 1_000)}"
    held = f"{cache.entries:,} entries · {shown.size(cache.bytes)} of {shown.size(cache.limit_bytes)}"
    return _Line(
        "cache",
        f"{cache.name}: {held} · {hits} "
        f"({cache.hits:,} hits, {cache.misses:,} misses) · {cache.evictions:,} evicted · {oldest}",
    )


def _number(value: float | None, places: int) -> str:
    text = shown.price(value, places)
    return "not measured" if text == shown.DASH else text
