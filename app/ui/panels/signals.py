"""Which way the followed traders lean in each coin, as cells of the markets and words of their facts. Pure."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from app.core.whale_events import Lean, SmartMoneySignal
from app.engine.protocol_whales import TrackerView
from app.ui import format as shown
from app.ui.state import DeckView
from app.ui.theme import Role
from app.ui.widgets.columns import Cell, Column, Value

GROUP = "TRADERS"
_LEAN_ROLES: dict[Lean, Role] = {"LONG": "up", "SHORT": "down", "NEUTRAL": "muted"}
_LEAN_RANKS: dict[Lean, int] = {"LONG": 1, "NEUTRAL": 0, "SHORT": -1}
_UNKNOWN = Cell(shown.DASH, "muted")

SIGNAL_COLUMNS = (
    Column("lean", 7, "left", priority=6, group=GROUP, ranked=True),
    Column("bias", 5, priority=8, group=GROUP),
    Column("holders", 7, priority=12, group=GROUP, words="holders long/short"),
)


class Signals(NamedTuple):
    """The signals by coin; `is_off` while too many of the traders behind them are stale."""

    rows: Mapping[str, SmartMoneySignal]
    is_off: bool = False


NO_SIGNALS = Signals({})


def signals_of(view: DeckView) -> Signals:
    """The signals a deck shows; nobody vouches for those of an engine that is gone."""
    whales = view.shown.whales if view.shown is not None else None
    if whales is None:
        return NO_SIGNALS
    return Signals({row.coin: row for row in whales.signals}, view.outdated or is_stale(whales.tracker))


def is_stale(tracker: TrackerView) -> bool:
    """Whether most of the followed traders' positions are too old to say anything by."""
    return 2 * tracker.fresh < tracker.tracked


def signal_cells(coin: str, signals: Signals) -> tuple[Cell, ...]:
    """Lean, bias and holders of a coin; a signal that is off says so in place of its lean."""
    row = signals.rows.get(coin)
    if row is None:
        return (_UNKNOWN,) * len(SIGNAL_COLUMNS)
    full = f"{row.long_traders} long, {row.short_traders} short, {row.stale_traders} traders stale"
    holders = Cell(f"{_many(row.long_traders)}/{_many(row.short_traders)}", "text", full)
    if signals.is_off:
        return Cell("off", "stale"), Cell(shown.DASH, "stale"), msgspec.structs.replace(holders, role="stale")
    role = _LEAN_ROLES[row.lean]
    return Cell(row.lean, role), Cell(signed_bias(row.bias), role), holders


def signal_values(coin: str, signals: Signals) -> tuple[Value, ...]:
    """What the columns are sorted and asked by: the bias of a signal that is off is not known."""
    row = signals.rows.get(coin)
    if row is None:
        return (None,) * len(SIGNAL_COLUMNS)
    known = not signals.is_off
    return (_LEAN_RANKS[row.lean] if known else None, row.bias if known else None, row.long_traders + row.short_traders)


def signal_words(coin: str, view: DeckView) -> str:
    """A coin's signal in a few words; a dash without one."""
    signals = signals_of(view)
    row = signals.rows.get(coin)
    if row is None:
        return shown.DASH
    holders = f"{row.long_traders} long, {row.short_traders} short"
    if signals.is_off:
        return f"off, {row.stale_traders} traders are stale"
    change = "" if row.change_1h is None else f", {signed_bias(row.change_1h)} in 1h"
    return f"{row.lean} {signed_bias(row.bias)} ({holders}{change})"


def signal_facts(coin: str, view: DeckView) -> tuple[tuple[str, str], ...]:
    """A coin's signal as facts with their names, the lean first; none of an engine that follows no traders."""
    if view.shown is None or view.shown.whales is None:
        return ()
    signals = signals_of(view)
    row = signals.rows.get(coin)
    if row is None:
        return (("traders", shown.DASH),)
    holders = ("held", f"{row.long_traders} long, {row.short_traders} short")
    if signals.is_off:
        return (("traders", "off"), ("stale", f"{row.stale_traders} traders"))
    return (("traders", f"{row.lean} {signed_bias(row.bias)}"), holders)


def signed_bias(bias: float) -> str:
    """A bias of −1 to 1 with sign and two places; what rounds to zero has no sign."""
    if not math.isfinite(bias):
        return shown.DASH
    return f"{bias:+.2f}" if abs(bias) >= 0.005 else "0.00"


def _many(count: int) -> str:
    return str(min(count, 999))
