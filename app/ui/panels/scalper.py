"""The Scalper's read: for each coin that is read what the AI sees, and the rules beside it. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from app.core.events import Action
from app.core.text import clean
from app.engine.protocol import AiRead, MarketRow, MetricSource, ModelState, ModelView, ScalperView
from app.scalper.persona import setup_words
from app.ui import format as shown
from app.ui.panels.markets import as_of_now, waiting_sentence
from app.ui.panels.metrics import (
    FRESHNESS_RANKS,
    UNKNOWN,
    YOUNG_MS,
    Metrics,
    age_role,
    ai_metrics,
    by_cell,
    metric_cells,
    metrics_of,
    read_age,
    signed_momentum,
)
from app.ui.state import DeckView
from app.ui.theme import Role
from app.ui.widgets.columns import Cell, Column, Row, TableView, Value

_NAME = "Scalper's read"
_BAR = 6
_BARS: dict[MetricSource, tuple[str, str]] = {"ai": ("█", "░"), "rules": ("▬", "·")}
_CHOSEN = "▸"
_ACTION_ROLES: dict[Action, Role] = {"LONG": "up", "SHORT": "down", "EXIT": "warning", "NONE": "muted"}
_STATE_WORDS: dict[ModelState, str] = {
    "off": "model off",
    "refused": "model refused",
    "starting": "model starting",
    "absent": "no model server",
    "no model": "no such model",
    "loading": "model loading",
    "failing": "model failing",
    "ready": "",
    "tape": "recorded reads",
}
_CALM: frozenset[ModelState] = frozenset({"off", "starting", "loading", "ready", "tape"})
_COLUMNS = (
    Column("coin", 8, "left"),
    Column("by", 7, "left", words="metrics by"),
    Column("mom", 4, priority=2, words="momentum"),
    Column("", _BAR, "left", priority=10, words="momentum bar"),
    Column("press", 5, priority=3, words="pressure"),
    Column("", _BAR, "left", priority=11, words="pressure bar"),
    Column("cont", 4, priority=5, words="continuation"),
    Column("freshness", 10, "left", priority=8, ranked=True),
    Column("action", 14, "left", priority=1),
    Column("sure", 5, priority=4, words="confidence"),
    Column("setup", 35, "left", priority=12),
    Column("what it sees", 22, "left", priority=6, flexible=True, words="sentence"),
)


class _ReadCoin(NamedTuple):
    """A coin that is read."""

    market: MarketRow
    scalper: ScalperView


def scalper_view(view: DeckView) -> TableView:
    """The panel of a deck: two rows a coin, the AI's and the rules'."""
    snapshot = view.shown
    if snapshot is None:
        return TableView(_NAME, _COLUMNS, (), waiting_sentence(view))
    model = snapshot.model
    if model is None:
        return TableView(_NAME, _COLUMNS, (), "This engine has no scalper.")
    coins = _read_coins(view)
    source = snapshot.metric_source
    rows = tuple(row for coin in coins for row in (_ai_row(coin, model, source), _rules_row(coin, source)))
    empty = clean(snapshot.waiting_for, 300) or "Waiting for the markets that are to be read."
    return TableView(_title(source, coins), _COLUMNS, rows, empty)


def scalper_coin(row: Row) -> str:
    """The coin a row of the panel is about."""
    return row.key.rsplit(" ", 1)[0]


def model_note(view: DeckView) -> tuple[str, Role]:
    """What is to be said of the model and of the costs of a trade, and how it looks."""
    model = view.shown.model if view.shown is not None else None
    if model is None:
        return "", "muted"
    trouble = bool(model.message) or model.state not in _CALM
    role: Role = "stale" if view.outdated else "warning" if trouble else "muted"
    reading = f"reading {clean(model.under_way, 12)}" if model.under_way else ""
    return " · ".join(filter(None, (lasting_note(view), reading))), role


def lasting_note(view: DeckView) -> str:
    """The words of the note without those that come and go with each read: a panel fitted to it keeps its height."""
    model = view.shown.model if view.shown is not None else None
    return " · ".join(filter(None, _model_words(model))) if model is not None else ""


def status_line(view: DeckView) -> str:
    """One line for where there is no panel: the newest read; empty without one."""
    reads = [
        (read.age_ms, coin.market.coin, read) for coin in _read_coins(view) if (read := coin.scalper.ai) is not None
    ]
    if not reads:
        return ""
    age_ms, name, read = min(reads, key=lambda found: found[:2])
    momentum = f"{shown.score(read.momentum)}{shown.direction_arrow(read.direction)}"
    metrics = f"momentum {momentum} pressure {shown.score(read.pressure)}"
    return f"Scalper: {read_age(age_ms)} ago | {clean(name, 12)} {metrics} | {_doing(read)}"


def ai_line(view: DeckView, coin: str) -> tuple[str, Role]:
    """What the AI last said of a coin, on one line, or why it says nothing; and how the line looks."""
    found = next((market for market in view.shown.markets if market.coin == coin), None) if view.shown else None
    if found is None or view.shown is None or view.shown.model is None:
        return "", "muted"
    scalper, read = found.scalper, _read_of(as_of_now(found, view))
    if scalper is None:
        return "AI: this coin is not among those that are read; scalper.coins names them", "muted"
    why = why_none(scalper, view.shown.model)
    if read is None:
        return f"AI: no read: {why}", "muted"
    role = "stale" if found.stale or view.outdated else age_role(read.age_ms)
    late = f" (no new read: {why})" if why and (read.age_ms > YOUNG_MS or found.stale) else ""
    return f"AI {read_age(read.age_ms)} ago{late}: {_numbers(read)}, {action_words(read)}: {read.sentence}", role


def why_none(scalper: ScalperView, model: ModelView) -> str:
    """Why a coin has no new read, in a few words; empty when the last one came as it should."""
    said = scalper.waits_for or scalper.trouble
    if said:
        return str(clean(said, 200))
    if model.state == "ready":
        return "" if scalper.ai is not None else "not asked yet"
    if model.state == "tape":
        return "" if scalper.ai is not None else "none on this tape up to here"
    return _STATE_WORDS[model.state]


def action_cell(action: Action, role_of: Role | None = None, *, conflict: bool, holds: bool = False) -> Cell:
    """What a read would do: a word, and CONFLICT beside it where it would enter a move that it calls late or over."""
    word = "HOLD" if holds and action == "NONE" else action
    if conflict:
        return Cell(f"{word} CONFLICT", "alert")
    return Cell(word, role_of or _ACTION_ROLES[action])


def action_words(read: AiRead) -> str:
    """What a read would do and how sure it is: `LONG 6/10`."""
    word = "HOLD" if read.in_position and read.action == "NONE" else read.action
    return f"{word} {read.confidence}/10{' CONFLICT' if read.conflict else ''}"


def _model_words(model: ModelView) -> tuple[str, ...]:
    """Model, latency, reads and failures of the last hour, costs, and what is wrong."""
    took = "" if model.answers_in_s is None else f" {model.answers_in_s:.1f}s"
    failed = f", {model.failures_per_hour} failed" if model.failures_per_hour else ""
    return (
        f"{clean(model.name, 32)}{took}",
        f"{model.reads_per_hour} reads in 1h{failed}",
        f"round trip {model.round_trip_bps:g} bp",
        ": ".join(filter(None, (_STATE_WORDS[model.state], clean(model.message, 300)))),
    )


def _read_coins(view: DeckView) -> list[_ReadCoin]:
    """The coins that are read, with the ages they have by now."""
    markets = (as_of_now(market, view) for market in view.shown.markets) if view.shown is not None else ()
    return [_ReadCoin(market, market.scalper) for market in markets if market.scalper is not None]


def _read_of(market: MarketRow) -> AiRead | None:
    return market.scalper.ai if market.scalper is not None else None


def _title(source: MetricSource, coins: Sequence[_ReadCoin]) -> str:
    ages = [coin.scalper.ai.age_ms for coin in coins if coin.scalper.ai is not None]
    age = f" ({read_age(min(ages))} ago)" if ages else ""
    return f"{_NAME}{age} · metrics {source.upper()}"


def _ai_row(coin: _ReadCoin, model: ModelView, source: MetricSource) -> Row:
    market, read = coin.market, coin.scalper.ai
    metrics, name = ai_metrics(read), str(clean(market.coin, 24))
    cells = (
        Cell(name, "accent"),
        _by(Cell("AI", "muted") if metrics is None else by_cell(metrics), "ai", market, source),
        *_with_bars(metrics, shown.DASH),
        *((UNKNOWN, UNKNOWN) if read is None else _wants(read)),
        Cell(_setup(metrics)),
        _sees(coin, model),
    )
    values = (*_values(name, "ai", metrics), *((None, None) if read is None else (read.action, read.confidence)))
    said = (_setup(metrics), cells[-1].value)
    return Row(f"{market.coin} ai", cells, market.stale, values=(*values, *said), name=f"{name} AI")


def _rules_row(coin: _ReadCoin, source: MetricSource) -> Row:
    market = coin.market
    metrics, name = metrics_of(market, "rules"), str(clean(market.coin, 24))
    why = "gap" if market.hole else "off" if market.stale else shown.DASH
    cells = (
        Cell(name, "muted"),
        _by(Cell("RULES", "muted"), "rules", market, source),
        *_with_bars(metrics, why),
        UNKNOWN,
        UNKNOWN,
        Cell(_setup(metrics), "muted"),
        Cell(""),
    )
    values = (*_values(name, "rules", metrics), None, None, _setup(metrics), None)
    return Row(f"{market.coin} rules", cells, market.stale, values=values, name=f"{name} rules")


def _by(cell: Cell, by: MetricSource, market: MarketRow, source: MetricSource) -> Cell:
    """Who a row is by, with a mark on the one whose metrics the deck shows elsewhere."""
    used = metrics_of(market, source)
    mark = _CHOSEN if used is not None and used.by == by else " "
    return Cell(mark + cell.text, "text" if mark == _CHOSEN and cell.role == "muted" else cell.role, cell.text)


def _with_bars(metrics: Metrics | None, why: str) -> tuple[Cell, ...]:
    momentum, pressure, continuation, freshness = metric_cells(metrics, why)
    if metrics is None:
        return momentum, UNKNOWN, pressure, UNKNOWN, continuation, freshness
    bars = (_bar(metrics.momentum, metrics.by), _bar(metrics.pressure, metrics.by))
    return momentum, bars[0], pressure, bars[1], continuation, freshness


def _bar(value: float | None, by: MetricSource) -> Cell:
    """A bar for a metric of 0-100; each source has characters of its own. The number beside it is what is copied."""
    if value is None:
        return UNKNOWN
    full, rest = _BARS[by]
    filled = round(max(0.0, min(100.0, value)) / 100 * _BAR)
    return Cell(full * filled + rest * (_BAR - filled), "text" if by == "ai" else "muted", shown.DASH)


def _wants(read: AiRead) -> tuple[Cell, Cell]:
    action = action_cell(read.action, conflict=read.conflict, holds=read.in_position)
    return action, Cell(f"{read.confidence}/10", action.role)


def _doing(read: AiRead) -> str:
    if read.action == "NONE":
        return "holding" if read.in_position else "watching"
    return f"{read.action} CONFLICT" if read.conflict else read.action


def _numbers(read: AiRead) -> str:
    return (
        f"momentum {shown.score(read.momentum)}{shown.direction_arrow(read.direction)} pressure "
        f"{shown.score(read.pressure)} continuation {shown.score(read.continuation)}% {read.freshness}"
    )


def _sees(coin: _ReadCoin, model: ModelView) -> Cell:
    """What the model said, and why there is no newer read where one is missing."""
    why, read = _why_in_row(coin.scalper, model), coin.scalper.ai
    if read is None:
        return Cell(f"no read: {why}", "muted" if coin.scalper.waits_for or model.state in _CALM else "warning")
    if why and (read.age_ms > YOUNG_MS or coin.market.stale):
        return Cell(f"no new read: {why} · last: {clean(read.sentence, 300)}", "warning")
    return Cell(str(clean(read.sentence, 300)), age_role(read.age_ms))


def _why_in_row(scalper: ScalperView, model: ModelView) -> str:
    """As `why_none`; what keeps all coins from being read is a word here, and said in full once, in the note."""
    word = "" if model.state == "tape" else _STATE_WORDS[model.state]
    own = scalper.waits_for and scalper.waits_for != model.message
    return why_none(scalper, model) if own or not word else word


def _setup(metrics: Metrics | None) -> str:
    """The metrics in words."""
    if metrics is None or metrics.momentum is None:
        return ""
    return f"{shown.direction_arrow(metrics.direction)} {setup_words(metrics.momentum, metrics.pressure)}"


def _values(coin: str, by: str, metrics: Metrics | None) -> tuple[Value, ...]:
    """What the columns up to the freshness are sorted and asked by."""
    if metrics is None:
        return coin, by, None, None, None, None, None, None
    momentum, pressure = signed_momentum(metrics.momentum, metrics.direction), metrics.pressure
    ranked = FRESHNESS_RANKS.get(metrics.freshness)
    return coin, by, momentum, momentum, pressure, pressure, metrics.continuation, ranked
