"""ML health: whether the token model can be trusted right now, and what was said of new tokens, newest first. Pure."""

from collections.abc import Iterator
from functools import lru_cache

from app.core.text import clean
from app.engine.inference_health import InferenceHealth
from app.engine.protocol_tokens import ModelTrust, TokenMode, TokenRow, TokenRuling, TokensView
from app.ui import format as shown
from app.ui.jobs import running
from app.ui.panels.markets import waiting_sentence
from app.ui.panels.paper import signed_usd
from app.ui.panels.paper_tokens import trading_line
from app.ui.panels.wallets import is_tape, simulated_mark
from app.ui.panels.whales import number
from app.ui.state import DeckView
from app.ui.theme import Role
from app.ui.widgets.columns import Cell, Column, Row, TableView, Value

TOKENS = "tokens"
"""The panel's id."""
NO_TOKENS = "This engine looks for no new tokens."
RISE_WORDS = "P(rise): the highest 5 m close of the next hour ≥ 3 % above the price after a 1 % round trip"
"""What the model's probability is of; said wherever it is shown."""
RUG_WORDS = "P(rug): within 24 hours the pool drains, or the price falls, to 10 % or less"
PSI_WORDS = "PSI against training: < 0.1 steady, to 0.25 moved, above drifted"

_NAME = "ML health"
_MODE_ROLES: dict[TokenMode, Role] = {
    "ML": "accent",
    "STRATEGY-ONLY": "warning",
    "DO NOT TRUST": "alert",
    "NOT YET": "muted",
}
RULING_ROLES: dict[TokenRuling, Role] = {"APPROVED": "up", "REJECTED": "muted", "NOT JUDGED": "warning"}
RULING_SIGNS: dict[TokenRuling, str] = {"APPROVED": "+", "REJECTED": "-", "NOT JUDGED": "?"}
_COLUMNS = (
    Column("token", 16, "left", worded=True),
    Column("verdict", 11, "left", priority=1, ranked=True),
    Column("rise%", 5, priority=2, words="rise %"),
    Column("rug%", 4, priority=3, words="rug %"),
    Column("both%", 5, priority=4, words="combined %"),
    Column("age", 4, priority=5),
    Column("reasons", 24, "left", priority=6, flexible=True, worded=True),
    Column("gain%", 6, priority=7, words="gain %"),
    Column("chart%", 6, priority=8, words="strategies %"),
    Column("candles", 7, priority=9),
    Column("liq $", 7, priority=10, words="liquidity $"),
    Column("holders", 7, priority=11),
    Column("price $", 12, priority=12, words="price $"),
    Column("told", 4, priority=13, words="told ago"),
    Column("exchange", 12, "left", priority=14),
    Column("seen", 18, "left", priority=15, worded=True),
    Column("sum", 34, "left", priority=16, words="arithmetic"),
    Column("mint", 44, "left", priority=17),
)


def ml_health_view(view: DeckView) -> TableView:
    """The panel of a deck: the newest verdicts, newest first."""
    snapshot = view.shown
    if snapshot is None:
        return TableView(_NAME, _COLUMNS, (), waiting_sentence(view))
    tokens = snapshot.tokens
    if tokens is None:
        return TableView(_NAME, _COLUMNS, (), NO_TOKENS)
    now_ms = snapshot.wall_ms + view.lag_ms
    rows = tuple(_row(row, max(0, now_ms - row.at_ms) // 1_000 * 1_000, view.outdated) for row in tokens.rows)
    waits = str(clean(tokens.waiting_for, 300)).rstrip(".")
    return TableView(_title(tokens, view), _COLUMNS, rows, f"{waits}." if waits else "No token is judged yet.")


def ml_health_note(view: DeckView) -> tuple[str, Role]:
    """Mode and why, the bundle, its workers, and what is watched; how it looks."""
    tokens = view.shown.tokens if view.shown is not None else None
    if tokens is None:
        return "", "muted"
    is_told = not _not_told(tokens)
    role: Role = "muted" if tokens.mode == "ML" and is_told else _MODE_ROLES[tokens.mode]
    if tokens.mode == "ML" and not is_told:
        role = "warning"
    return " · ".join(_note_parts(tokens, view)), "stale" if view.outdated else role


def _not_told(tokens: TokensView) -> tuple[str, ...]:
    """What the venues do not tell, as far as it counts."""
    return tuple(str(clean(missing, 200)) for missing in (tokens.states_missing, tokens.holders_missing) if missing)


def _title(tokens: TokensView, view: DeckView) -> str:
    approved = sum(row.ruling == "APPROVED" for row in tokens.rows)
    counts = (f"{len(tokens.rows)} tokens", f"{approved} approved") if tokens.rows else ()
    return " · ".join((f"{_NAME}{simulated_mark(view)}", tokens.mode, *counts))


def _note_parts(tokens: TokensView, view: DeckView) -> Iterator[str]:
    reason = str(clean(tokens.mode_reason, 240)).rstrip(".")
    yield f"{tokens.mode}: {reason}" if reason else str(tokens.mode)
    snapshot = view.shown
    if snapshot is not None and running(snapshot.jobs, "tokens"):
        yield "scoring"
    yield from _not_told(tokens)
    if tokens.trust is not None:
        yield from _trust_parts(tokens.trust)
    yield from _outcome_parts(tokens)
    yield RISE_WORDS
    yield RUG_WORDS
    if tokens.model is not None and snapshot is not None:
        yield from _model_parts(tokens.model, tokens.feature_hit_pct, snapshot.wall_ms + view.lag_ms)
    elif is_tape(view):
        yield "what was recorded is shown; no model runs"
    yield f"{tokens.watched} watched, {tokens.waiting} too young, {tokens.held_back:,} skipped, rejected lately"
    paper = snapshot.paper.tokens if snapshot is not None and snapshot.paper is not None else None
    if paper is not None:
        yield from trading_line(paper, signed_usd(sum(each.result_usd for each in paper.positions)))
    failed = ", ".join(f"{clean(venue, 24)} {count:,}" for venue, count in tokens.failed.items())
    if failed:
        yield f"unanswered: {failed}"
    if tokens.refused_rows:
        yield f"{tokens.refused_rows:,} rows of answers refused"
    if tokens.trust is not None and tokens.trust.drift:
        yield PSI_WORDS


def _trust_parts(trust: ModelTrust) -> Iterator[str]:
    """How far inputs have drifted, the worst named, and how well calibrated what was said turned out."""
    if trust.drift and trust.tokens < trust.least_tokens:
        yield f"drift: {trust.tokens} of {trust.least_tokens} tokens needed"
    elif trust.drift:
        worst, drifted = trust.drift[0], sum(each.word in ("drifted", "unlike") for each in trust.drift)
        index = f"{clean(worst.name, 40)} PSI {_figure(worst.psi, 2)} {clean(worst.word, 16)}"
        yield f"drift: worst {index}, {drifted} of {len(trust.drift)} drifted, n {trust.tokens:,} tokens"
    elif trust.version:
        trouble = str(clean(trust.reference_trouble, 120)).rstrip(".") or "the bundle's reference is being read"
        yield f"drift not known: {trouble}"
    for score in trust.scores:
        if score.n >= trust.least_outcomes:
            briers = f"Brier {_figure(score.brier)} (base rate {_figure(score.base_brier)}"
            errors = f"ECE {_figure(score.calibration_error)} (training {_figure(score.trained_calibration_error)})"
            yield f"{clean(score.name, 16)} {briers}, training {_figure(score.trained_brier)}) {errors} n {score.n:,}"
    few = [f"{clean(score.name, 16)} {score.n}" for score in trust.scores if score.n < trust.least_outcomes]
    if few:
        yield f"calibration: {', '.join(few)} of {trust.least_outcomes} outcomes needed"


def _outcome_parts(tokens: TokensView) -> Iterator[str]:
    """What became of predictions, and how empty the windows are."""
    unknown = sum(tokens.unknown.values())
    counts = ((tokens.labelled, "labelled"), (tokens.unlabelled, "wait"), (unknown, "unknown"))
    told = ", ".join(f"{count:,} {word}" for count, word in counts if count)
    if told:
        reasons = ", ".join(f"{clean(reason, 60)} {count:,}" for reason, count in tokens.unknown.items())
        yield f"outcomes {told}: {reasons}" if reasons else f"outcomes {told}"
    if tokens.padded_pct is not None:
        yield f"{tokens.padded_pct:.0f}% of slots empty"


def _figure(value: float | None, places: int = 3) -> str:
    return shown.price(value, places)


def _model_parts(model: InferenceHealth, feature_hit_pct: float | None, now_ms: int) -> Iterator[str]:
    """The bundle, its workers, and how well they answer."""
    if model.version:
        age = shown.age(max(0, now_ms - model.made_at_s * 1_000)) if model.made_at_s else "unknown age"
        yield f"bundle {clean(model.version, 40)} {model.origin or ''}, made {age} ago".replace("  ", " ")
    uptime = shown.DASH if model.uptime_pct is None else f"{model.uptime_pct:.1f}%"
    yield f"{_workers(model)}, {model.restarts} restarts, up {uptime}" if model.workers_wanted else _workers(model)
    latencies = (model.latency_ms_p50, model.latency_ms_p95, model.latency_ms_p99)
    yield f"p50/p95/p99 {'/'.join(_milliseconds(latency) for latency in latencies)} ms"
    caches = f"cached: answers {_percent(model.prediction_hit_pct)}, features {_percent(feature_hit_pct)}"
    yield f"{model.answers_per_min}/min, {caches}, errors {_percent(model.error_pct)}"
    if model.refused:
        yield f"{model.refused} bundles refused: {clean(model.refused_reason, 160)}"


def _workers(model: InferenceHealth) -> str:
    """How many of those that should answer do; more may come when there is more to do."""
    if not model.workers_wanted:
        return f"workers 0 of {model.workers_most}, they start at the first token"
    room = f", at most {model.workers_most}" if model.workers_most > model.workers_wanted else ""
    return f"workers {model.workers}/{model.workers_wanted}{room}"


@lru_cache(maxsize=512)
def _row(row: TokenRow, told_ms: int, outdated: bool) -> Row:
    name = str(clean(row.name, 40)) or str(clean(row.mint, 44))[:8]
    reasons = str(clean("; ".join(row.reasons), 300)) or ("none" if row.ruling == "APPROVED" else shown.DASH)
    cells = (
        Cell(name, "accent"),
        Cell(f"{RULING_SIGNS[row.ruling]}{row.ruling}", RULING_ROLES[row.ruling], row.ruling),
        Cell(_share(row.p_rise)),
        Cell(_share(row.p_rug)),
        Cell(_share(row.combined)),
        Cell(shown.age(row.age_s * 1_000), "muted"),
        Cell(reasons, "muted" if row.ruling == "REJECTED" else "text"),
        Cell(_gain(row.gain_pct)),
        Cell(_share(row.strategy)),
        Cell(f"{row.candles}"),
        Cell(shown.compact(row.liquidity_usd)),
        Cell(shown.compact(row.holders)),
        Cell(shown.DASH if row.price is None else number(row.price)),
        Cell(shown.age(told_ms), "muted"),
        Cell(str(clean(row.exchange, 24)), "muted"),
        Cell(str(clean(", ".join(row.seen), 200)) or "nothing", "muted"),
        Cell(str(clean(row.arithmetic, 80)) or shown.DASH, "muted"),
        Cell(str(clean(row.mint, 44)), "muted"),
    )
    return Row(row.mint, cells, outdated, values=_values(row, told_ms, cells), name=name)


def _values(row: TokenRow, told_ms: int, cells: tuple[Cell, ...]) -> tuple[Value, ...]:
    """What the columns are sorted and asked by."""
    return (
        cells[0].value, ("APPROVED", "REJECTED", "NOT JUDGED").index(row.ruling), _times_100(row.p_rise),
        _times_100(row.p_rug), _times_100(row.combined), row.age_s, cells[6].value, row.gain_pct,
        _times_100(row.strategy), row.candles, row.liquidity_usd, row.holders, row.price, told_ms / 1_000,
        cells[14].value, cells[15].value, cells[16].value, cells[17].value,
    )  # fmt: skip


def _times_100(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _share(share: float | None) -> str:
    return shown.score(_times_100(share))


def _gain(percent: float | None) -> str:
    return shown.DASH if percent is None else f"{max(-999.0, min(9_999.0, percent)):+.1f}"


def _milliseconds(latency: float | None) -> str:
    return shown.DASH if latency is None else f"{latency:.1f}"


def _percent(percent: float | None) -> str:
    return shown.DASH if percent is None else f"{percent:.0f}%"
