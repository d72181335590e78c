"""What can be subscribed to. The structs are the venue's own objects: encoded, they have their defaults filled in."""

import re
from typing import Literal

import msgspec

from app.core.decoding import UNDECODABLE
from app.demo.bars import INTERVAL_MINUTES

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_FIGURES = (None, 2, 3, 4, 5)


class _Subscription(msgspec.Struct, frozen=True, tag_field="type"):
    """Base of all subscriptions: equal objects are the same stream."""


class AllMids(_Subscription, frozen=True, tag="allMids"):
    """Mid prices of all coins."""


class Trades(_Subscription, frozen=True, tag="trades"):
    """Every trade of one coin."""

    coin: str


class Quotes(_Subscription, frozen=True, tag="bbo"):
    """Best bid and offer of one coin."""

    coin: str


class Context(_Subscription, frozen=True, tag="activeAssetCtx"):
    """The venue's summary of one coin."""

    coin: str


class Candles(_Subscription, frozen=True, tag="candle"):
    """The open candle of one coin and interval."""

    coin: str
    interval: str


class OrderBook(_Subscription, frozen=True, tag="l2Book"):
    """The order book of one coin, 20 levels slow or 5 fast, joined to fewer figures when asked."""

    coin: str
    nSigFigs: int | None = None  # noqa: N815 - the venue's own name
    mantissa: int | None = None
    fast: bool = False


class UserFills(_Subscription, frozen=True, tag="userFills"):
    """Every fill of one account."""

    user: str
    aggregateByTime: bool = False  # noqa: N815 - the venue's own name


class AccountState(_Subscription, frozen=True, tag="clearinghouseState"):
    """Positions and equity of one account."""

    user: str
    dex: str = ""


class UserEvents(_Subscription, frozen=True, tag="userEvents"):
    """What happens to one account, in frames that do not say whose they are."""

    user: str


CoinSubscription = Trades | Quotes | Context | Candles | OrderBook
UserSubscription = UserFills | AccountState | UserEvents
Subscription = AllMids | CoinSubscription | UserSubscription


class ClientFrame(msgspec.Struct):
    """What a client sends. `method` decides which of the others must be there."""

    method: Literal["subscribe", "unsubscribe", "ping", "post"]
    subscription: Subscription | None = None
    id: int | None = None
    request: msgspec.Raw = msgspec.Raw(b"")


_decoder = msgspec.json.Decoder(ClientFrame)


def read_frame(data: bytes) -> ClientFrame | None:
    """The client's frame, None when it is not one the venue understands. Addresses come out in lower case."""
    try:
        frame = _decoder.decode(data)
    except UNDECODABLE:
        return None
    wanted = frame.subscription
    if frame.method in ("subscribe", "unsubscribe") and (wanted is None or not _understood(wanted)):
        return None
    if isinstance(wanted, UserSubscription):
        frame.subscription = msgspec.structs.replace(wanted, user=wanted.user.lower())
    return frame


def is_address(text: str) -> bool:
    """Whether a text is an account's address."""
    return _ADDRESS.fullmatch(text) is not None


def is_fatal(wanted: Subscription, coins: frozenset[str]) -> bool:
    """Whether the venue cuts the connection over it: an unknown coin, or a book joined in a way it does not offer."""
    if isinstance(wanted, AllMids | UserSubscription):
        return False
    if wanted.coin not in coins:
        return True
    return isinstance(wanted, OrderBook) and not _joinable(wanted)


def _understood(wanted: Subscription) -> bool:
    if isinstance(wanted, Candles):
        return wanted.interval in INTERVAL_MINUTES
    return not isinstance(wanted, UserSubscription) or is_address(wanted.user)


def _joinable(book: OrderBook) -> bool:
    if book.mantissa is not None and (book.nSigFigs != 5 or book.mantissa not in (2, 5)):
        return False
    return book.nSigFigs in _FIGURES
