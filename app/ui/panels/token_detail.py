"""One token opened up: its verdict with the arithmetic behind it, its chart, its features, and what moved the model.

Pure: a view of the deck in, views out.
"""

import math
from collections.abc import Iterator, Mapping

import msgspec

from app.core.text import clean
from app.engine.protocol_detail import CandleView
from app.engine.protocol_token_detail import Three, TokenAttributions, TokenDetail, TokenEffect, TokenFeature
from app.engine.protocol_tokens import FeatureDriftRow, TokenRow
from app.ui import format as shown
from app.ui.panels.markets import waiting_sentence
from app.ui.panels.ml_health import NO_TOKENS, RISE_WORDS, RUG_WORDS, RULING_ROLES, RULING_SIGNS
from app.ui.panels.told_lines import LINE_COLUMNS, Line, line_rows
from app.ui.panels.wallets import is_tape, simulated_mark
from app.ui.panels.whales import number
from app.ui.state import DeckView
from app.ui.theme import Role
from app.ui.widgets.candle_canvas import ChartView
from app.ui.widgets.columns import Cell, Column, Row, TableView

_ASKING = "Waiting for what the engine knows of it."
_GONE = "The engine knows no verdict on this token any more."
_MOST_NAMED = 3
_SMALLEST_SCALED = 1e-2
"""Prices below are shown in thousandths and less: zeros take the room of candles."""
_DRIFT_NAMES = {"candles": "empty_slots"}
"""Features whose drift is watched under another name."""
_DRIFT_ROLES: Mapping[str, Role] = {"moved": "warning", "drifted": "warning", "unlike": "alert"}
_MOST_POWER, _MOST_PLACES = 24, 10
_MISSING = Cell("missing", "warning")
_EFFECT_COLUMNS = (
    Column("part", 18, "left", worded=True),
    Column("P(rise)", 8, priority=1, words="P(rise) points"),
    Column("P(rug)", 8, priority=2, words="P(rug) points"),
    Column("gain %", 7, priority=3),
    Column("of", 10, "left", priority=4),
)
_FEATURE_COLUMNS = (
    Column("feature", 16, "left", worded=True),
    Column("figure", 11, priority=2),
    Column("model sees", 10, priority=1),
    Column("drift", 18, "left", priority=3, words="drift PSI"),
    Column("of", 10, "left", priority=4),
    Column("is", 20, "left", priority=5, flexible=True, worded=True, words="definition"),
)


def verdict_view(view: DeckView, mint: str, width: int) -> TableView:
    """All that is said of a token, in lines for a table of `width` cells: nothing is cut."""
    row = known_row(view, mint)
    if row is None:
        return TableView(f"Token{simulated_mark(view)}", LINE_COLUMNS, (), _waiting(view))
    lines = tuple(_lines(row, _detail(view, mint), view))
    title = f"{_name(row)}{simulated_mark(view)} · {row.ruling}"
    return TableView(title, LINE_COLUMNS, line_rows(lines, width, view.outdated), "")


def chart_view(view: DeckView, mint: str) -> ChartView:
    """The five-minute candles that were known when the token was judged."""
    row, detail = known_row(view, mint), _detail(view, mint)
    if row is None or detail is None:
        return ChartView("5m candles", (), 300_000, 0, 2, (), _waiting(view) if row is None else _ASKING)
    last = detail.candles[-1].close if detail.candles else 1.0
    power = _power(last)
    unit = f" · $ × 10^-{power}" if power else " · $"
    newest_ms = detail.seen_ms - detail.seen_ms % detail.interval_ms - detail.interval_ms
    missing = detail.volumes_missing
    return ChartView(
        f"{_name(row)} · 5m{unit} · UTC",
        tuple(_scaled(candle, power) for candle in detail.candles),
        detail.interval_ms,
        newest_ms,
        _decimals(last * 10.0**power, max((candle.high for candle in detail.candles), default=0.0) * 10.0**power),
        (),
        "No candle: nobody traded.",
        dimmed=view.outdated,
        notice=f"The volume of {missing} candles is not told; no bar is drawn for it." if missing else "",
    )


def effects_view(view: DeckView, mint: str) -> TableView:
    """What moved the model's answer: the sum first, then each part by how much it moved P(rise)."""
    detail = _detail(view, mint)
    if detail is None:
        return TableView("What moved the model", _EFFECT_COLUMNS, (), _waiting_for_detail(view, mint))
    told = detail.attributions
    if told is None:
        return TableView("What moved the model", _EFFECT_COLUMNS, (), _why_not(detail, view))
    rows = (*_sum_rows(told), *_part_rows(told))
    title = f"What moved the model · {clean(told.version, 40)}"
    return TableView(title, _EFFECT_COLUMNS, tuple(_dimmed(row, view) for row in rows), "")


def features_view(view: DeckView, mint: str) -> TableView:
    """Every single number that the model was told, and those it makes of the candles."""
    detail = _detail(view, mint)
    if detail is None:
        return TableView("Features", _FEATURE_COLUMNS, (), _waiting_for_detail(view, mint))
    single = [feature for feature in detail.features if feature.group != "window"]
    known = sum(feature.is_known for feature in single)
    title = f"Features · {known} of {len(single)} known · {_padded(detail.row.candles, detail.slots)}"
    drift = _drift(view)
    rows = tuple(
        _dimmed(_feature_row(feature, detail.slots, drift.get(_DRIFT_NAMES.get(feature.name, feature.name))), view)
        for feature in detail.features
    )
    return TableView(title, _FEATURE_COLUMNS, rows, "")


def known_row(view: DeckView, mint: str) -> TokenRow | None:
    """A verdict as far as it is known, of the token that is opened up or of the list."""
    detail = _detail(view, mint)
    if detail is not None:
        return detail.row
    tokens = view.shown.tokens if view.shown is not None else None
    return None if tokens is None else next((row for row in tokens.rows if row.mint == mint), None)


# Lines.


def _lines(row: TokenRow, detail: TokenDetail | None, view: DeckView) -> Iterator[Line]:
    now_ms = (view.shown.wall_ms if view.shown is not None else row.at_ms) + view.lag_ms
    when = f"{shown.age(max(0, now_ms - row.at_ms) // 1_000 * 1_000)} ago, at {shown.clock(row.at_ms)} UTC"
    yield Line("verdict", f"{RULING_SIGNS[row.ruling]}{row.ruling} · {when}", RULING_ROLES[row.ruling])
    against = row.reasons or ("nothing",)
    for place, reason in enumerate(against):
        yield Line("" if place else "against", str(clean(reason, 200)), "warning" if row.reasons else "muted")
    yield Line("mode", f"{row.mode}: {clean(row.mode_reason, 200)}" if row.mode_reason else row.mode, _mode_role(row))
    if detail is not None:
        yield from _said(detail)
        yield from _arithmetic(detail)
        yield from _why(detail, view)
    elif row.arithmetic:
        yield Line("combined", str(clean(row.arithmetic, 200)))
    yield from _about(row, detail)


def _mode_role(row: TokenRow) -> Role:
    return "muted" if row.mode == "ML" else "warning"


def _said(detail: TokenDetail) -> Iterator[Line]:
    row, said = detail.row, detail.said
    if said is None:
        yield Line("model", "it has said nothing", "muted")
        return
    counts = "" if row.p_rise is not None else ", which does not count"
    rise, gain, rug = said
    text = f"P(rise) {_six(rise)} · P(rug) {_six(rug)} · expected gain {_signed(gain, 1)} %{counts}"
    yield Line("model", f"{text} · bundle {clean(row.version, 40) or shown.DASH}", "accent")


def _arithmetic(detail: TokenDetail) -> Iterator[Line]:
    for step in detail.workings:
        mark = {None: "", True: " ✓ passes", False: " ✗ FAILS"}[step.passes]
        role: Role = "text" if step.passes is None else "up" if step.passes else "alert"
        yield Line(str(clean(step.name, 14)), f"{clean(step.text, 300)}{mark}", role)


def _why(detail: TokenDetail, view: DeckView) -> Iterator[Line]:
    told = detail.attributions
    if told is None:
        yield Line("moved by", _why_not(detail, view), "muted")
        return
    for head, name in ((0, "P(rise)"), (2, "P(rug)")):
        parts = [(each.name, each.worth[head]) for each in told.effects if each.group and each.worth is not None]
        most = sorted(parts, key=lambda part: -abs(part[1]))[:_MOST_NAMED]
        words = ", ".join(f"{clean(part, 40)} {_points(worth)}" for part, worth in most)
        yield Line(f"{name} by", f"{words or 'nothing'} (points)")


def _about(row: TokenRow, detail: TokenDetail | None) -> Iterator[Line]:
    price = shown.DASH if row.price is None else number(row.price)
    holders = "holders missing" if row.holders is None else f"{row.holders:,} holders"
    liquidity = "liquidity missing" if row.liquidity_usd is None else f"liquidity {shown.compact(row.liquidity_usd)} $"
    yield Line("token", f"price {price} $ · {liquidity} · {holders} · {shown.age(row.age_s * 1_000)} old")
    yield Line("window", _padded(row.candles, 100 if detail is None else detail.slots))
    yield Line("exchange", str(clean(row.exchange, 40)) or shown.DASH, "muted")
    if detail is not None:
        yield Line("pool", str(clean(detail.pool, 64)) or shown.DASH, "muted")
    yield Line("mint", str(clean(row.mint, 64)), "muted")
    yield Line("means", RISE_WORDS, "muted")
    yield Line("", RUG_WORDS, "muted")


def _padded(candles: int, slots: int) -> str:
    empty = 100 * (1 - candles / slots) if slots else 0.0
    return f"{candles} of {slots} slots traded, {empty:.0f} % empty"


# What moved the model.


def _sum_rows(told: TokenAttributions) -> Iterator[Row]:
    """nothing + groups + together = answer."""
    yield _effect_row("nothing told", "", told.nothing, is_level=True)
    for each in told.effects:
        if not each.group:
            yield _worth_row(f"+ {each.name}", each)
    yield _effect_row("+ together", "", told.beyond)
    yield _effect_row("= answer", "", told.whole, is_level=True)


def _part_rows(told: TokenAttributions) -> Iterator[Row]:
    parts = [each for each in told.effects if each.group]
    known = sorted((each for each in parts if each.worth is not None), key=lambda each: -_size_of(each))
    for each in (*known, *(each for each in parts if each.worth is None)):
        yield _worth_row(each.name, each)


def _size_of(each: TokenEffect) -> float:
    return 0.0 if each.worth is None else max(abs(each.worth[0]), abs(each.worth[2]))


def _worth_row(name: str, each: TokenEffect) -> Row:
    if each.worth is not None:
        return _effect_row(name, each.group, each.worth)
    cells = (Cell(str(clean(name, 40)), "accent"), *(_MISSING,) * 3, Cell(each.group, "muted"))
    values = (name, None, None, None, each.group)
    return Row(f"{each.group} {name}", cells, pinned=not each.group, values=values, name=name)


def _effect_row(name: str, group: str, worth: Three, *, is_level: bool = False) -> Row:
    """Points of a probability, or percent of gain; a level is no change and has no sign."""
    rise, gain, rug = worth
    figure = _percent if is_level else _points
    cells = (
        Cell(str(clean(name, 40)), "text" if is_level else "accent"),
        Cell(figure(rise), _side(rise, is_level=is_level)),
        Cell(figure(rug), _side(-rug, is_level=is_level)),
        Cell(_signed(gain, 2), _side(gain, is_level=is_level)),
        Cell(str(clean(group, 40)), "muted"),
    )
    values = (name, 100 * rise, 100 * rug, gain, group)
    return Row(f"{group} {name}", cells, pinned=not group, values=values, name=name)


def _side(worth: float, *, is_level: bool) -> Role:
    if is_level or abs(worth) < 0.0005:
        return "text"
    return "up" if worth > 0 else "down"


def _why_not(detail: TokenDetail, view: DeckView) -> str:
    """Why nobody can say yet, or at all, what moved the model."""
    if detail.attributions_trouble:
        return f"Not known: {str(clean(detail.attributions_trouble, 200)).rstrip('.')}."
    if is_tape(view):
        return "Not on the tape: nobody had this token open then."
    return "A worker is taking the answer apart."


# Features.


def _drift(view: DeckView) -> Mapping[str, FeatureDriftRow]:
    """The newest drift of each feature that is watched, by name."""
    tokens = view.shown.tokens if view.shown is not None else None
    trust = tokens.trust if tokens is not None else None
    return {} if trust is None else {each.name: each for each in trust.drift}


def _drift_cell(drift: FeatureDriftRow | None) -> Cell:
    if drift is None or not math.isfinite(drift.psi):
        return Cell(shown.DASH, "muted")
    word = str(clean(drift.word, 16))
    if word == "too few":
        return Cell(word, "muted")
    return Cell(f"{min(drift.psi, 99):.2f} {word}", _DRIFT_ROLES.get(word, "text"))


def _feature_row(feature: TokenFeature, slots: int, drift: FeatureDriftRow | None) -> Row:
    name = str(clean(feature.name, 40))
    figure = _figure(feature, slots) if feature.is_known else "missing"
    role: Role = "text" if feature.is_known else "warning"
    cells = (
        Cell(name, "accent"),
        Cell(figure, role),
        Cell(_signed(feature.value, 4) if feature.is_known else "0, flag 0", role),
        _drift_cell(drift),
        Cell(feature.group, "muted"),
        Cell(str(clean(feature.meaning, 120)), "muted"),
    )
    psi = None if drift is None else drift.psi
    values = (name, feature.told, feature.value if feature.is_known else None, psi, feature.group, cells[5].value)
    return Row(f"{feature.group} {name}", cells, values=values, name=name)


def _figure(feature: TokenFeature, slots: int) -> str:
    """The figure behind what the model sees, in its own unit."""
    name, value, told = feature.name, feature.value, feature.told
    if name in ("candles", "candles_1h") and told is not None:
        return f"{told:.0f} of {slots if name == 'candles' else 12}"
    if feature.group == "context" and told is not None:
        return shown.age(told * 1_000) if name == "age_s" else _figure_of(name, told)
    if name == "rsi_14":
        return f"{50 + 50 * value:.1f}"
    if name in ("highest", "lowest", "mean_close", "ema_12", "ema_26"):
        return f"{100 * math.expm1(value):+.2f} %" if abs(value) < 50 else shown.DASH
    return f"{100 * value:.2f} %" if name != "volume_1h" else shown.DASH


def _figure_of(name: str, told: float) -> str:
    if name == "turnover":
        return f"{told:,.2f}" if abs(told) < 1e6 else shown.compact(told)
    return f"{shown.compact(told)} $" if name.endswith("_usd") else shown.compact(told)


# Where it stands, and numbers.


def _detail(view: DeckView, mint: str) -> TokenDetail | None:
    opened = view.shown.token if view.shown is not None else None
    return opened if opened is not None and opened.row.mint == mint else None


def _waiting_for_detail(view: DeckView, mint: str) -> str:
    return _waiting(view) if known_row(view, mint) is None or view.outdated else _ASKING


def _waiting(view: DeckView) -> str:
    if view.shown is None or view.outdated:
        return waiting_sentence(view)
    if view.shown.tokens is None:
        return NO_TOKENS
    return "It was not open then: step forward, or let the display go on." if view.frozen_s is not None else _GONE


def _name(row: TokenRow) -> str:
    return str(clean(row.name, 40)) or str(clean(row.mint, 44))[:8]


def _dimmed(row: Row, view: DeckView) -> Row:
    return row._replace(dimmed=view.outdated)


def _scaled(candle: CandleView, power: int) -> CandleView:
    if not power:
        return candle
    times = 10.0**power
    return msgspec.structs.replace(
        candle, open=candle.open * times, high=candle.high * times, low=candle.low * times, close=candle.close * times
    )


def _power(price: float) -> int:
    """By which power of ten, a multiple of three, prices are multiplied to be readable; 0 for those that are."""
    if not 0 < price < _SMALLEST_SCALED:
        return 0
    return min(_MOST_POWER, 3 * math.ceil(-math.log10(price) / 3))


def _decimals(price: float, highest: float) -> int:
    """So many places that a price has five digits that say something, and the highest one no more than seven."""
    if not (0 < price < math.inf and 0 < highest < math.inf):
        return 2
    wanted, room = 4 - math.floor(math.log10(price)), 6 - math.floor(math.log10(highest))
    return max(0, min(_MOST_PLACES, wanted, room))


def _six(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".") if math.isfinite(value) else shown.DASH


def _signed(value: float, places: int) -> str:
    return f"{value:+,.{places}f}" if math.isfinite(value) and abs(value) < 1e7 else shown.DASH


def _points(fraction: float) -> str:
    """A change of a probability in percentage points."""
    return _signed(100 * fraction, 1)


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.1f}%" if math.isfinite(fraction) else shown.DASH
