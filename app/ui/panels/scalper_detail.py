"""The scalper's work on one coin: its reads with what happened next, and what was asked and answered. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from app.core.events import Action
from app.core.text import clean
from app.engine.protocol import MarketRow
from app.engine.protocol_detail import ExchangeView, PastRead, ScalperDetail
from app.ui import format as shown
from app.ui.panels.market import chart_view
from app.ui.panels.markets import waiting_sentence
from app.ui.panels.metrics import FRESHNESS_RANKS, Metrics, metric_cells, signed_momentum
from app.ui.panels.scalper import action_cell, why_none
from app.ui.state import DeckView
from app.ui.theme import Role
from app.ui.widgets.candle_canvas import ChartView, Pin
from app.ui.widgets.columns import Cell, Column, Row, TableView
from app.ui.widgets.lines import wrap

RIGHT, WRONG = "✓", "✗"
"""The price went the way the read found likelier, or the other way."""
LEGEND = "reads: L long  S short  X exit  o none  ! conflict"

_PIN_LETTERS: dict[Action, str] = {"LONG": "L", "SHORT": "S", "EXIT": "X", "NONE": "o"}
_NO_MOVE_BPS = 0.05
_MOVES = "bp after"
_PART_CELLS = 8
_READ_COLUMNS = (
    Column("time", 8, "left"),
    Column("why", 11, "left", priority=12, words="reason"),
    Column("mom", 4, priority=3, words="momentum"),
    Column("press", 5, priority=6, words="pressure"),
    Column("cont", 4, priority=7, words="continuation"),
    Column("freshness", 10, "left", priority=10, ranked=True),
    Column("action", 14, "left", priority=1),
    Column("sure", 5, priority=8, words="confidence"),
    Column("price", 10, priority=11),
    Column("+30s", 9, priority=4, group=_MOVES, words="30s"),
    Column("+60s", 9, priority=2, group=_MOVES, words="60s"),
    Column("+300s", 9, priority=5, group=_MOVES, words="300s"),
    Column("what it saw", 24, "left", priority=9, flexible=True, words="sentence"),
)
_EXCHANGE_COLUMNS = (
    Column("part", _PART_CELLS, "left", priority=1),
    Column("text", 10, "left", flexible=True),
)


def reads_view(view: DeckView, coin: str) -> TableView:
    """The reads of a coin, newest first, with how far the price had moved 30, 60 and 300 seconds later."""
    row, detail = _found(view, coin)
    if detail is None:
        return TableView("Reads", _READ_COLUMNS, (), _waiting(view, coin, row))
    decimals = row.price_decimals if row is not None else 2
    rows = tuple(_read_row(read, coin, decimals) for read in detail.reads)
    return TableView(f"Reads {len(rows)} · UTC", _READ_COLUMNS, rows, _no_read_yet(view, coin, row))


def exchanges_view(view: DeckView, coin: str, width: int, open_key: str) -> TableView:
    """The last questions and answers, newest first, in lines for a table of `width` cells; the persona is folded.

    `open_key` opens an exchange with all of it.
    """
    row, detail = _found(view, coin)
    if detail is None:
        return TableView("Asked and answered", _EXCHANGE_COLUMNS, (), _waiting(view, coin, row))
    words = len(detail.persona.split())
    folded = f"{words} words, the same in every question: {open_key} opens them"
    rows = tuple(line for each in detail.exchanges for line in _exchange_rows(each, folded, width))
    title = f"Asked and answered · last {len(detail.exchanges)} · UTC"
    return TableView(title, _EXCHANGE_COLUMNS, rows, f"The model was not asked about {clean(coin, 32)} yet.")


def exchange_view(exchange: ExchangeView, persona: str, width: int) -> TableView:
    """One question and its answer with nothing folded, in lines for a table of `width` cells."""
    title = f"Asked {shown.moment(exchange.asked_ms)}"
    return TableView(title, _EXCHANGE_COLUMNS, _exchange_rows(exchange, persona, width), "")


def exchange_of(view: DeckView, coin: str, row: Row) -> tuple[ExchangeView, str] | None:
    """The exchange a line belongs to, with the persona; None when it is not kept any more."""
    _, detail = _found(view, coin)
    asked = row.key.split(" ", 1)[0]
    found = (each for each in detail.exchanges if str(each.asked_ms) == asked) if detail is not None else iter(())
    exchange = next(found, None)
    return None if exchange is None or detail is None else (exchange, detail.persona)


def reads_chart(view: DeckView, coin: str, interval: str) -> ChartView:
    """The candles of a coin with its reads marked at their time and price."""
    chart = chart_view(view, coin, interval)
    _, detail = _found(view, coin)
    if detail is None or not chart.candles:
        return chart
    return replace(chart, pins=_pins(detail.reads), legend=LEGEND)


def read_time(row: Row) -> int:
    """When a read of the table was made, in milliseconds since 1970."""
    return int(row.key.split(" ", 1)[0])


@lru_cache(maxsize=1_024)
def _read_row(read: PastRead, coin: str, decimals: int) -> Row:
    metrics = Metrics("ai", read.momentum, read.direction, read.pressure, read.continuation, read.freshness)
    momentum, pressure, continuation, freshness = metric_cells(metrics, shown.DASH)
    reason, sentence = str(clean(read.reason, 24)), str(clean(read.sentence, 400))
    action = action_cell(read.action, conflict=read.conflict, holds=read.in_position)
    cells = (
        Cell(shown.clock(read.at_ms), "muted", shown.moment(read.at_ms)),
        Cell(reason, "muted"),
        momentum,
        pressure,
        continuation,
        freshness,
        action,
        Cell(f"{read.confidence}/10", action.role),
        Cell(shown.price(read.price, decimals)),
        *(_move_cell(move, _likelier(read)) for move in read.moves_bps),
        Cell(sentence),
    )
    values = (
        read.at_ms, reason, signed_momentum(read.momentum, read.direction), read.pressure, read.continuation,
        FRESHNESS_RANKS.get(read.freshness), read.action, read.confidence, read.price, *read.moves_bps, sentence,
    )  # fmt: skip
    name = f"{clean(coin, 32)} read at {shown.clock(read.at_ms)}"
    return Row(f"{read.at_ms} {reason}", cells, values=values, name=name)


def _likelier(read: PastRead) -> int:
    """The direction a read finds likelier: that of its minute with a continuation above 50, the other below."""
    return read.direction * ((read.continuation > 50) - (read.continuation < 50))


def _move_cell(move_bps: float | None, likelier: int) -> Cell:
    """How far the price had moved, and whether that is the way the read found likelier."""
    if move_bps is None:
        return Cell(shown.DASH, "muted")
    if abs(move_bps) < _NO_MOVE_BPS:
        return Cell("0.0  ", "muted", "0.0")
    role: Role = "up" if move_bps > 0 else "down"
    arrow = shown.direction_arrow(1 if move_bps > 0 else -1)
    verdict = " " if not likelier else RIGHT if move_bps * likelier > 0 else WRONG
    sign = "+" if move_bps > 0 else ""
    return Cell(f"{arrow}{sign}{shown.basis_points(move_bps)} {verdict}", role)


@lru_cache(maxsize=64)
def _exchange_rows(exchange: ExchangeView, persona: str, width: int) -> tuple[Row, ...]:
    """An exchange as lines: when and why, timings, outcome, persona, question, answer."""
    parts: tuple[tuple[str, str, Role], ...] = (
        (shown.clock(exchange.asked_ms), f"{clean(exchange.reason, 24)} · {clean(exchange.model, 64)}", "accent"),
        ("took", _timings(exchange), "text"),
        ("outcome", f"no read: {exchange.outcome}" if exchange.outcome else "a read", _outcome_role(exchange)),
        ("persona", persona, "muted"),
        ("asked", exchange.asked, "text"),
        ("answer", exchange.answer or shown.DASH, "text"),
    )
    return tuple(row for name, text, role in parts for row in _part_rows(exchange, name, text, role, width))


def _part_rows(exchange: ExchangeView, name: str, text: str, role: Role, width: int) -> Iterator[Row]:
    lines = (line for whole in text.splitlines() for line in wrap(clean(whole, 4_000), max(8, width - _PART_CELLS - 1)))
    for place, line in enumerate(lines):
        cells = (Cell("" if place else name, "accent" if role == "accent" else "muted", name), Cell(line, role))
        yield Row(f"{exchange.asked_ms} {name} {place}", cells)


def _timings(exchange: ExchangeView) -> str:
    total = (exchange.at_ms - exchange.asked_ms) / 1_000
    return (
        f"{total:.1f}s in all · load {_ms(exchange.load_ms)} · prompt {_ms(exchange.prompt_ms)} for "
        f"{exchange.prompt_tokens:,} tokens · answer {_ms(exchange.answer_ms)} for {exchange.answer_tokens:,} tokens"
    )


def _ms(milliseconds: float) -> str:
    return f"{milliseconds:,.0f} ms" if milliseconds > 0 else shown.DASH


def _outcome_role(exchange: ExchangeView) -> Role:
    return "alert" if exchange.outcome else "up"


def _pins(reads: Sequence[PastRead]) -> tuple[Pin, ...]:
    """A mark for each read whose price is known; those that would act lie over those that would not."""
    found = (
        Pin(read.at_ms, read.price, _pin_text(read), action_cell(read.action, conflict=read.conflict).role)
        for read in reversed(reads)
        if read.price is not None
    )
    return tuple(sorted(found, key=lambda pin: pin.text != _PIN_LETTERS["NONE"]))


def _pin_text(read: PastRead) -> str:
    return ("!" if read.conflict else "") + _PIN_LETTERS[read.action]


def _found(view: DeckView, coin: str) -> tuple[MarketRow | None, ScalperDetail | None]:
    if view.shown is None:
        return None, None
    row = next((market for market in view.shown.markets if market.coin == coin), None)
    looked_at = view.shown.detail
    return row, view.shown.scalper if looked_at is not None and looked_at.coin == coin else None


def _waiting(view: DeckView, coin: str, row: MarketRow | None) -> str:
    """Why the engine has told nothing of the scalper's work on a coin."""
    name = clean(coin, 32)
    if view.shown is None or view.outdated:
        return waiting_sentence(view)
    if view.frozen_s is not None:
        return f"{name} was not open then; step forward, or let the display go on."
    if row is not None and row.scalper is None:
        return f"{name} is not among the coins that are read; scalper.coins names them."
    return f"Waiting for what the engine has read of {name}…"


def _no_read_yet(view: DeckView, coin: str, row: MarketRow | None) -> str:
    model = view.shown.model if view.shown is not None else None
    scalper = row.scalper if row is not None else None
    why = why_none(scalper, model) if scalper is not None and model is not None else ""
    return f"No read of {clean(coin, 32)} yet: {why or 'the model has not answered'}."
