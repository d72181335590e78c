"""Which coins' fast books are wanted: those of the coins that are read, and of those that somebody looks at. Pure."""

from collections.abc import Callable, Iterable

from app.engine.looks import Looks
from app.engine.watch import MarketWatch
from app.feeds.health import FeedHealth
from app.feeds.hyperliquid.wire import WireSubscription

_CHANGES_AT_ONCE = 4
_CHANGE_EVERY_MS = 1_000
"""Somebody who leafs through the markets must not use up the messages that the venue takes a minute."""


class FastBooks:
    """Follows the small books that come twice a second, and gives them up when nobody needs them.

    Looks take effect at a tick, at most once a second, so that a coin that was only passed by costs nothing.
    """

    def __init__(self, watch: MarketWatch, feed: FeedHealth, given_up: Callable[[str], None]) -> None:
        """`feed` is the connection they come over; `given_up` is told each coin that is followed no longer."""
        self._watch = watch
        self._feed = feed
        self._given_up = given_up
        self._read: tuple[str, ...] = ()
        self._looks: Looks[str] = Looks()
        self._followed: dict[str, None] = {}
        self._changed_ms = 0

    def read(self, coins: Iterable[str]) -> None:
        """These coins are read from now on."""
        self._read = tuple(coins)
        self._change(subscribed=[coin for coin in self._read if coin not in self._followed])

    def look(self, client: int, coin: str) -> None:
        """A client looks at this coin from now on, at none when it is empty."""
        self._looks.look(client, coin or None)

    def every_tick(self, now_ms: int) -> None:
        """Follow what is looked at by now, and give up what nobody reads or looks at; a few changes a second."""
        if 0 <= now_ms - self._changed_ms < _CHANGE_EVERY_MS:
            return
        wanted = dict.fromkeys((*self._read, *self._looks))
        new = [coin for coin in wanted if coin not in self._followed][:_CHANGES_AT_ONCE]
        old = [coin for coin in self._followed if coin not in wanted][:_CHANGES_AT_ONCE]
        if new or old:
            self._changed_ms = now_ms
            self._change(subscribed=new, given_up=old)

    def _change(self, subscribed: Iterable[str], given_up: Iterable[str] = ()) -> None:
        new, old = list(subscribed), list(given_up)
        self._followed.update(dict.fromkeys(new))
        for coin in old:
            del self._followed[coin]
            self._given_up(coin)
        self._feed.wanted = bool(self._followed)
        if new:
            self._watch.effects.subscribe(map(_fast_book, new))
        if old:
            self._watch.effects.unsubscribe(map(_fast_book, old))


def _fast_book(coin: str) -> WireSubscription:
    return WireSubscription(type="l2Book", coin=coin, fast=True)
