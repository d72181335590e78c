"""What alerts are made of, and what of them must outlive the process: immutable values, times in milliseconds."""

from typing import Literal

import msgspec

from app.core.whale_events import AlertKind, Severity, WhaleAlert

Fate = Literal["told", "folded", "held", "snoozed", "muted", "known"]
SilenceOf = Literal["coin", "kind", "trader"]


class AlertCause(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened once and is worth telling. Fields as in `WhaleAlert`.

    `cause` identifies it: the same thing has the same cause however often it is learned.
    """

    cause: str
    kind: AlertKind
    severity: Severity
    coin: str
    at_ms: int
    direction: int
    text: str
    value_usd: float
    percentile: float | None
    price: float
    traders: tuple[str, ...] = ()
    moves: tuple[str, ...] = ()


class Liquidation(msgspec.Struct, frozen=True, kw_only=True):
    """An account lost a position by force: `size` coins (> 0) were bought (`direction` +1) or sold (−1) for it."""

    trader: str
    coin: str
    direction: int
    size: float
    price: float
    at_ms: int
    trade_id: int


class WhaleLean(msgspec.Struct, frozen=True, kw_only=True):
    """Which way whales lean in one coin: `bias` −1 (all coins held are short) to 1, over `whales` who hold it.

    `is_rebased` tells that somebody joined or left the whales: such a change of the bias is nobody's move.
    """

    coin: str
    at_ms: int
    bias: float
    whales: int
    value_usd: float
    traders: tuple[str, ...]
    is_rebased: bool = False


class WhaleMoved(msgspec.Struct, frozen=True, gc=False):
    """A move of a whale that was worth telling, kept to see who moves together; `at_ms` is the venue's time."""

    trader: str
    coin: str
    at_ms: int
    move_id: str
    change_usd: float


class Gathering(msgspec.Struct, frozen=True, gc=False):
    """Moves of one trader in one coin that are too small to be told by themselves, the first at `since_ms`."""

    trader: str
    coin: str
    size_before: float
    size_after: float
    change_usd: float
    since_ms: int
    moves: tuple[str, ...]


class BiasAnchor(msgspec.Struct, frozen=True, gc=False):
    """The furthest bias on the side where whales stand (`furthest_ms`: when), and since when they stand there."""

    coin: str
    furthest: float
    furthest_ms: int
    since_ms: int


class ConsensusArm(msgspec.Struct, frozen=True, gc=False):
    """Which shift of a coin's consensus was told (+1, −1; 0: none, it is armed), and since when that is so."""

    coin: str
    told: int
    since_ms: int


class RulesState(msgspec.Struct, frozen=True):
    """What the rules remember: without it a restart would tell again, or not tell together what belongs together."""

    whale_moves: tuple[WhaleMoved, ...] = ()
    gatherings: tuple[Gathering, ...] = ()
    anchors: tuple[BiasAnchor, ...] = ()
    arms: tuple[ConsensusArm, ...] = ()


class Silence(msgspec.Struct, frozen=True):
    """Alerts of one coin, kind or trader are not told until `until_ms`; None: until that is taken back (muted)."""

    of: SilenceOf
    name: str
    until_ms: int | None
    silenced: int = 0


class Digest(msgspec.Struct, frozen=True, kw_only=True):
    """What quiet hours held back: `held` causes, by kind in `kinds`, and the most severe and largest alerts."""

    from_ms: int
    to_ms: int
    held: int
    kinds: dict[AlertKind, int]
    alerts: tuple[WhaleAlert, ...]


class ToldCause(msgspec.Struct, frozen=True, gc=False):
    """A cause that needs no further telling, and when it was taken."""

    cause: str
    at_ms: int


class BookState(msgspec.Struct, frozen=True):
    """What the book remembers."""

    alerts: tuple[WhaleAlert, ...] = ()
    causes: tuple[ToldCause, ...] = ()
    silences: tuple[Silence, ...] = ()
    quiet: Digest | None = None


class RestoreAlerts(msgspec.Struct, frozen=True):
    """All that must be kept of alerts. Saved in one transaction with the alerts it knows of, restored at a start."""

    rules: RulesState = RulesState()
    book: BookState = BookState()


class BookCounts(msgspec.Struct, frozen=True):
    """Causes by what became of them; their sum is all that came. Then alerts that ran out, or made room."""

    told: int = 0
    folded: int = 0
    held: int = 0
    snoozed: int = 0
    muted: int = 0
    known: int = 0
    expired: int = 0
    crowded_out: int = 0


class RuleCounts(msgspec.Struct, frozen=True):
    """Moves by what the rules made of them: worth telling, too small (they gather), below the market's percentile.

    `unranked` counts large trades that were not told because too few trades of their market are known.
    """

    telling: int = 0
    small: int = 0
    common: int = 0
    unranked: int = 0
