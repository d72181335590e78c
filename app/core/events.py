"""Market events: immutable, cleaned and validated. Prices and sizes are finite floats; times are venue milliseconds.

Trades, levels and books are what arrives most, so they carry the names their venues give them in JSON and decode
without a copy. The numbers refuse nan, inf, exponents out of range, underscores and full-width digits while decoding.
"""

from enum import Enum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Price = Annotated[float, Meta(gt=0, lt=1e15)]
Amount = Annotated[float, Meta(ge=0, lt=1e15)]
Milliseconds = Annotated[int, Meta(gt=0, lt=10_000_000_000_000)]
Count = Annotated[int, Meta(ge=0, lt=2**53)]
Name = Annotated[str, Meta(min_length=1, max_length=64)]
Address = Annotated[str, Meta(max_length=64)]
Freshness = Literal["FRESH", "DEVELOPING", "EXTENDED", "EXHAUSTED"]


class Side(Enum):
    """The aggressor's side, in the venue's letters: B lifted an offer, A hit a bid."""

    BUY = "B"
    SELL = "A"


_TRADE_NAMES = {"price": "px", "size": "sz", "time_ms": "time", "trade_id": "tid", "raw_users": "users"}
_LEVEL_NAMES = {"price": "px", "size": "sz", "orders": "n"}
_BOOK_NAMES = {"time_ms": "time"}


class Trade(msgspec.Struct, frozen=True, gc=False, rename=_TRADE_NAMES):
    """One print. (time_ms, coin, trade_id) is unique where `trade_id` is not 0.

    `raw_users` are buyer and seller as the venue wrote them and may hold anything: `buyer` and `seller` are checked.
    """

    coin: Name
    side: Side
    price: Price
    size: Amount
    time_ms: Milliseconds
    trade_id: Count
    raw_users: tuple[Address, Address] = ("", "")

    @property
    def buyer(self) -> str:
        """The buyer's address in lower case, letters and digits only; empty where the source has none."""
        return _address(self.raw_users[0])

    @property
    def seller(self) -> str:
        """The seller's address, as `buyer`."""
        return _address(self.raw_users[1])


def _address(text: str) -> str:
    # Checked here, where one is wanted, and not for both sides of every trade that comes by.
    return text.lower() if text.isascii() and text.isalnum() else ""


class Level(msgspec.Struct, frozen=True, gc=False, rename=_LEVEL_NAMES):
    """One price of a book: total size and number of orders resting there."""

    price: Price
    size: Amount
    orders: Count = 0


class Book(msgspec.Struct, frozen=True, gc=False, rename=_BOOK_NAMES):
    """A whole order book: `levels` are bids from the highest and asks from the lowest; a side may be empty."""

    coin: Name
    time_ms: Milliseconds
    levels: tuple[tuple[Level, ...], tuple[Level, ...]]

    @property
    def bids(self) -> tuple[Level, ...]:
        """The buyers, best first."""
        return self.levels[0]

    @property
    def asks(self) -> tuple[Level, ...]:
        """The sellers, best first."""
        return self.levels[1]


class Quote(msgspec.Struct, frozen=True):
    """Best bid and offer; None where a side is empty."""

    coin: str
    time_ms: int
    bid: Level | None
    ask: Level | None


class MarketContext(msgspec.Struct, frozen=True, gc=False):
    """The venue's own summary of a market.

    `funding` is the rate of the current hour as a fraction; `open_interest` and `day_base_volume` in coins,
    `day_notional_volume` in USD; `previous_day_price` is the price 24 h ago.
    """

    coin: str
    funding: float
    open_interest: float
    previous_day_price: float
    day_notional_volume: float
    mark_price: float
    oracle_price: float
    mid_price: float | None


class Candle(msgspec.Struct, frozen=True, gc=False):
    """Open, high, low, close over [open_ms, open_ms + interval); volume in coins, trades counted."""

    coin: str
    interval: str
    open_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    trades: int


class Listing(msgspec.Struct, frozen=True, gc=False):
    """A market as the venue lists it. Sizes have `size_decimals` decimals, prices at most 6 − size_decimals."""

    coin: str
    size_decimals: int
    maximum_leverage: int
    delisted: bool = False


class CandleClosed(msgspec.Struct, frozen=True):
    """A candle will not change any more."""

    candle: Candle


class FeedHole(msgspec.Struct, frozen=True):
    """Trades of `coin` between two venue times are missing and could not be had any more."""

    coin: str
    from_ms: int
    to_ms: int


Action = Literal["NONE", "LONG", "SHORT", "EXIT"]


class ScalperRead(msgspec.Struct, frozen=True, kw_only=True):
    """What a language model made of one coin's tape: asked at `asked_ms`, answered at `at_ms` of the engine's time.

    Metrics are 0-100 as in `RulesRead`, `confidence` 1-10. `direction` is that of the minute the model was shown: what
    `continuation` is about (0: that the price goes up). `in_position` tells a read of a position, where NONE means to
    hold. `reason` is why the market was read, `version` a hash of the model's name and the persona, `sentence` the
    model's own, cleaned.
    """

    coin: str
    at_ms: int
    asked_ms: int
    reason: str
    model: str
    version: str
    momentum: float
    pressure: float
    continuation: float
    freshness: Freshness
    action: Action
    confidence: int
    sentence: str
    direction: int
    in_position: bool = False

    @property
    def conflict(self) -> bool:
        """Whether it would enter a move that it calls late or over."""
        return self.action in ("LONG", "SHORT") and self.freshness in ("EXTENDED", "EXHAUSTED")


class NoRead(msgspec.Struct, frozen=True, kw_only=True):
    """A model was asked about a coin and gave no read; `why` is a sentence."""

    coin: str
    at_ms: int
    asked_ms: int
    reason: str
    why: str


class RulesRead(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules make of one coin's tape at `at_ms`. Metrics are 0-100 (docs/rules.md defines them).

    `momentum` is None until a whole minute is known; `direction` is +1 up, −1 down, 0 flat; `continuation` is None
    where the rules make no claim, `freshness` where there is no direction.
    """

    coin: str
    at_ms: int
    momentum: float | None
    direction: int
    pressure: float
    continuation: float | None
    freshness: Freshness | None
