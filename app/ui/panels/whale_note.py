"""What stands below the whale alerts: trouble first, then quiet hours and silences, then how following stands. Pure."""

from collections.abc import Iterator

from app.core.text import clean
from app.engine.protocol_whales import RegimeView, WhalesView
from app.ui import format as shown
from app.ui.jobs import running
from app.ui.panels.signals import is_stale
from app.ui.panels.wallets import is_tape
from app.ui.panels.whales import WhaleKeys, newest_digest, silence_words, tracker_parts
from app.ui.state import DeckView
from app.ui.theme import Role

_DEFAULT_KEYS = WhaleKeys()


def whales_note(view: DeckView, keys: WhaleKeys = _DEFAULT_KEYS) -> tuple[str, Role]:
    """The note of the panel, and how it looks."""
    whales = view.shown.whales if view.shown is not None else None
    if whales is None:
        return "", "muted"
    fresh, *more = tracker_parts(whales.tracker, view.lag_ms)
    regime = whales.regime
    said = () if regime is None else (regime_words(regime, view.lag_ms),)
    # A regime that is not known says least.
    parts = (fresh, *more, *said) if regime is None or regime.name is None else (fresh, *said, *more)
    return " · ".join((*_news(whales, view, keys), *parts)), _role(whales, view)


def _role(whales: WhalesView, view: DeckView) -> Role:
    if view.outdated:
        return "stale"
    if whales.unsaved:
        return "alert"
    return "warning" if whales.tracker.message or is_stale(whales.tracker) else "muted"


def _news(whales: WhalesView, view: DeckView, keys: WhaleKeys) -> Iterator[str]:
    snapshot = view.shown
    if whales.unsaved:
        yield f"NOT SAVED: {str(clean(whales.unsaved, 200)).rstrip('.')}"
    if snapshot is not None and running(snapshot.jobs, "whales"):
        yield f"refreshing{'' if is_tape(view) else f', {keys.refresh} cancels'}"
    if whales.tracker.message:
        yield str(clean(whales.tracker.message, 200)).rstrip(".")
    if whales.is_quiet:
        yield "quiet hours: only CRITICAL is told"
    now_ms = (snapshot.wall_ms if snapshot is not None else 0) + view.lag_ms
    digest = newest_digest(whales, now_ms)
    if digest is not None and digest.held:
        span = f"{shown.clock(digest.from_ms)[:5]} to {shown.clock(digest.to_ms)[:5]} UTC"
        yield f"quiet hours {span} held {digest.held:,} back"
    silences = silence_words(whales.silences, keys)
    if silences:
        yield silences


def regime_words(regime: RegimeView, lag_ms: int) -> str:
    """The regime of the leading market, how long it has held, how sure that is, and what it makes of weights."""
    coin = clean(regime.coin, 24)
    if regime.name is None:
        return f"{coin} regime not known{f': {clean(regime.why, 120)}' if regime.why else ''}"
    age_ms = None if regime.age_s is None else regime.age_s * 1_000 + lag_ms
    held = f" for {'over ' if regime.at_least else ''}{shown.age(age_ms)}" if age_ms is not None else ""
    sure = f", {regime.probability * 100:.0f}% sure" if regime.probability is not None else ""
    return f"{coin} regime {clean(regime.name, 40)}{held}{sure}, multiplier {regime.multiplier:.2f}"
