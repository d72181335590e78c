"""Messages of the link: one coin opened up, its market and what the scalper did with it. As in `protocol.py`."""

import msgspec

from app.core.events import Action, Freshness


class CandleView(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One candle from `open_ms` on; volume in coins."""

    open_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: float


class TradeView(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One print; `side` is +1 where the buyer was the aggressor, −1 where the seller was.

    `percentile` is the share (0-100) of this market's kept prints that are no larger.
    """

    time_ms: int
    trade_id: int
    price: float
    size: float
    side: int
    percentile: float


class LevelView(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One price of a book."""

    price: float
    size: float
    orders: int


class ReadPoint(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The rules' metrics at one second, as in `RulesView`."""

    at_ms: int
    momentum: float | None
    pressure: float
    continuation: float | None
    direction: int = 0


class MarketDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One coin opened up, for the deck that asked for it with `LookAt`.

    Candles of `interval` (each `interval_ms` long) and reads are oldest first, trades newest first, levels best first.
    `waiting_for` says in a sentence why the past of the candles is not here; it is empty when it is.
    `holes` are spans of venue time whose trades are missing. `imbalance` is (bids − asks) / (bids + asks), −1 to +1,
    over the `imbalance_levels` best of each side that the newest quote has not passed; None where a side has none.
    `book_age_ms` is the age of the best levels. Where these come from a fast book, the `near_levels` best of each side
    do, and those beyond are `deep_age_ms` old; it is None where all come from one book.
    """

    coin: str
    interval: str
    interval_ms: int
    candles: tuple[CandleView, ...] = ()
    waiting_for: str = ""
    trades: tuple[TradeView, ...] = ()
    bids: tuple[LevelView, ...] = ()
    asks: tuple[LevelView, ...] = ()
    book_age_ms: int | None = None
    near_levels: int = 0
    deep_age_ms: int | None = None
    imbalance: float | None = None
    imbalance_levels: int = 0
    reads: tuple[ReadPoint, ...] = ()
    holes: tuple[tuple[int, int], ...] = ()
    mark_price: float | None = None
    oracle_price: float | None = None


class PastRead(msgspec.Struct, frozen=True, array_like=True):
    """One read of the past with what happened next.

    `price` is the one it was made at; `moves_bps` how far the price had moved 30, 60 and 300 seconds later, None while
    that time has not come, or nothing is known of it. With `in_position` it was about a paper position: NONE held it.
    """

    at_ms: int
    reason: str
    momentum: float
    pressure: float
    continuation: float
    freshness: Freshness
    direction: int
    action: Action
    confidence: int
    conflict: bool
    sentence: str
    price: float | None
    moves_bps: tuple[float | None, float | None, float | None]
    in_position: bool = False


class ExchangeView(msgspec.Struct, frozen=True, kw_only=True):
    """One question and its answer, in full: `asked` is what differs from question to question.

    `answer` is the model's own text, empty when none came; `outcome` says why there was no read, and is empty when
    there was one. Durations are the server's own; 0 where it gives none.
    """

    asked_ms: int
    at_ms: int
    reason: str
    model: str
    asked: str
    answer: str
    outcome: str
    prompt_tokens: int
    answer_tokens: int
    load_ms: float
    prompt_ms: float
    answer_ms: float


class ScalperDetail(msgspec.Struct, frozen=True, kw_only=True):
    """The scalper's work on one coin: the constant part of its questions, the last exchanges, the reads of an hour.

    Exchanges and reads are newest first.
    """

    persona: str
    exchanges: tuple[ExchangeView, ...]
    reads: tuple[PastRead, ...]
