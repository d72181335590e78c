"""One bar of the screener opened up: its chart, conditions with numbers and limits, and what is known of it. Pure."""

from collections.abc import Iterator

from app.core.text import clean
from app.engine.protocol_screen import BarDetail, CheckView, PositionRow
from app.ui import format as shown
from app.ui.panels.markets import waiting_sentence
from app.ui.panels.paper import signed_usd
from app.ui.panels.screener import HOUR_MS, bar_time, side_cell, signed
from app.ui.state import DeckView
from app.ui.theme import Role
from app.ui.widgets.candle_canvas import ChartView, Pin
from app.ui.widgets.columns import Cell, Column, Row, TableView
from app.ui.widgets.lines import wrap

_CHECK_COLUMNS = (
    Column("", 1, "left"),
    Column("condition", 22, "left"),
    Column("at this bar", 14, "left", priority=1, flexible=True, worded=True),
    Column("needs", 32, "left", priority=2, worded=True),
)
_NEEDS_FROM_WIDTH = 90
_NUMBER_COLUMNS = (Column("what", 19, "left"), Column("value", 8, "left", priority=1, flexible=True))
_SIGNS: dict[bool | None, tuple[str, Role, str]] = {
    True: ("✓", "up", "met"), False: ("✗", "down", "not met"), None: ("·", "muted", "decides nothing"),
}  # fmt: skip
_LEGEND = "◆ the bar · ▶ entry · ◀ exit"


def bar_chart(view: DeckView, coin: str, bar_ms: int) -> ChartView:
    """Candles around the bar, with the entry and the exit that came of it."""
    bar = _bar(view, coin, bar_ms)
    title = f"{clean(coin, 32)} · 1h · UTC"
    if bar is None or not bar.candles:
        return ChartView(title, (), HOUR_MS, 0, 2, (), _waiting(view, bar))
    newest_ms = bar.candles[-1].open_ms
    return ChartView(
        title, bar.candles, HOUR_MS, newest_ms, bar.decimals, (), "", dimmed=view.outdated, pins=tuple(_pins(bar)),
        legend=_LEGEND,
    )  # fmt: skip


def conditions_view(view: DeckView, coin: str, bar_ms: int, width: int) -> TableView:
    """Each condition of the screen and of an entry, in lines for a table of `width` cells."""
    bar = _bar(view, coin, bar_ms)
    if bar is None or bar.trouble:
        return TableView("Conditions", _CHECK_COLUMNS, (), _waiting(view, bar))
    passed = "a candidate" if bar.passed else "no candidate"
    entered = f"enters {'long' if bar.entry > 0 else 'short'}" if bar.entry else "enters nothing"
    rows = (
        *_check_rows("screen", bar.screen, width, view.outdated),
        *_check_rows("entry", bar.entry_checks, width, view.outdated),
    )
    columns = _CHECK_COLUMNS if width >= _NEEDS_FROM_WIDTH else _CHECK_COLUMNS[:-1]
    return TableView(f"Conditions · {passed} · {entered}", columns, rows, "")


def numbers_view(view: DeckView, coin: str, bar_ms: int, width: int) -> TableView:
    """What came of the bar, why it struck, its domains and its features."""
    bar = _bar(view, coin, bar_ms)
    title = f"{clean(coin, 32)} {bar_time(bar.bar_ms if bar is not None else bar_ms or None)} UTC"
    if bar is None or bar.trouble:
        return TableView(title, _NUMBER_COLUMNS, (), _waiting(view, bar))
    rows = tuple(_lines(bar, max(8, width - _NUMBER_COLUMNS[0].width - 1), view.outdated))
    return TableView(title, _NUMBER_COLUMNS, rows, "")


def _bar(view: DeckView, coin: str, bar_ms: int) -> BarDetail | None:
    """The bar that is opened, if the snapshot is about it; 0 is whichever is the newest."""
    screener = view.shown.screener if view.shown is not None else None
    bar = screener.bar if screener is not None else None
    return bar if bar is not None and bar.coin == clean(coin, 32) and bar_ms in (0, bar.bar_ms) else None


def _waiting(view: DeckView, bar: BarDetail | None) -> str:
    if bar is not None:
        said = str(clean(bar.trouble, 300)) or "no candle of it is known"
        return f"{said[:1].upper()}{said[1:]}."
    if view.shown is None or view.outdated:
        return waiting_sentence(view)
    if view.frozen_s is not None:
        return "This bar was not open then; step forward, or let the display go on."
    return "Waiting for the engine's view of this bar…"


def _pins(bar: BarDetail) -> Iterator[Pin]:
    struck = next((candle for candle in bar.candles if candle.open_ms == bar.bar_ms), None)
    if struck is not None:
        yield Pin(bar.bar_ms, struck.close, "◆", "accent")
    position = bar.position
    if position is not None and position.opened_ms is not None and position.entry is not None:
        yield Pin(position.opened_ms, position.entry, "▶", "up" if position.side > 0 else "down")
        if position.closed_ms is not None and position.price is not None:
            yield Pin(position.closed_ms, position.price, "◀", "up" if (position.result_usd or 0) > 0 else "down")


def _check_rows(part: str, checks: tuple[CheckView, ...], width: int, outdated: bool) -> Iterator[Row]:
    """A head and the conditions below it; in a narrow table, what a condition needs stands behind its number."""
    apart = width >= _NEEDS_FROM_WIDTH
    shown_columns = _CHECK_COLUMNS if apart else _CHECK_COLUMNS[:-1]
    room = width - sum(column.width + 1 for column in shown_columns if not column.flexible)
    decided = [check.met for check in checks if check.met is not None]
    head = (Cell(""), Cell(part.upper(), "accent"), Cell(f"{sum(decided)} of {len(decided)} met", "accent"), Cell(""))
    yield Row(part, head[: len(shown_columns)], outdated, name=part)
    for check in checks:
        sign, role, words = _SIGNS[check.met]
        name, value, limit = (str(clean(text, 200)) for text in (check.name, check.value, check.limit))
        said_role: Role = "muted" if check.met is None else "text"
        for number, line in enumerate(wrap(value if apart else f"{value} (needs {limit})", max(8, room))):
            cells = (
                Cell("" if number else sign, role, words),
                Cell("" if number else name, said_role, name),
                Cell(line, said_role, value if apart else f"{value} (needs {limit})"),
                Cell("" if number else limit, "muted", limit),
            )
            values = (words, name, value, limit)
            count = len(shown_columns)
            yield Row(f"{part} {name} {number}", cells[:count], outdated, values=values[:count], name=name)


def _lines(bar: BarDetail, room: int, outdated: bool) -> Iterator[Row]:
    for place, (name, said, role) in enumerate(_said(bar)):
        whole = str(clean(said, 400))
        for part, text in enumerate(wrap(whole, room)):
            cells = (Cell("" if part else name, "muted", name), Cell(text, role, whole))
            yield Row(f"{place} {part}", cells, outdated, values=(name, whole))


def _said(bar: BarDetail) -> Iterator[tuple[str, str, Role]]:
    side = side_cell(bar.side)
    if bar.passed:
        yield "reason", bar.reason, "text"
        yield "side", side.value, side.role
    yield "what came of it", *_outcome(bar)
    for name, value, words in bar.domains:
        role: Role = "accent" if name == "fusion" else "text"
        yield name, f"{signed(value, 3)} {words}" if value is not None else "not known", role
    for name, value in bar.features:
        yield name, "not known" if value is None else f"{value:,.6g}", "text" if value is not None else "muted"


def _outcome(bar: BarDetail) -> tuple[str, Role]:
    position = bar.position
    if not bar.entry:
        return "nothing: it was not entered", "muted"
    if position is None:
        return "entered; what came of it is not kept any more", "muted"
    return _position_words(position), "text"


def _position_words(position: PositionRow) -> str:
    if position.state == "next open":
        return "it is entered at the next open"
    entry, stop, price = (
        shown.price(each, position.decimals) for each in (position.entry, position.stop, position.price)
    )
    entered = f"entered at {entry}, stop {stop}"
    if position.state == "open":
        return f"{entered}; open, {signed(position.result_bps, 1)} bp now, before costs"
    left = f"left at {price} in {bar_time(position.closed_ms)} by {position.reason}"
    usd = "" if position.result_usd is None else f"{signed_usd(position.result_usd)} $, "
    return f"{entered}; {left}: {usd}{signed(position.result_bps, 1)} bp after costs"
