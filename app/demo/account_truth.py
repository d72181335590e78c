"""Who is who among the accounts, for tests and benchmarks. It never travels: nothing of the venue imports it."""

from collections.abc import Callable

from app.demo.accounts import LARGE_ACCOUNTS, MARKET_MAKERS
from app.demo.market import Market


class AccountTruth:
    """Labels of all accounts of a market, by address."""

    def __init__(self, market: Market) -> None:
        self._market = market

    def informed(self) -> frozenset[str]:
        """Those who see a part of what prices will do."""
        return self._where(lambda account: bool(self._market.traders.wealth.informed[account]))

    def gamblers(self) -> frozenset[str]:
        """Those whose positions use up nearly all the margin the venue lets them use."""
        return self._where(lambda account: bool(self._market.traders.wealth.gambling[account]))

    def market_makers(self) -> frozenset[str]:
        """Those who rest most of the orders and want no position."""
        return frozenset(self._market.accounts.addresses[:MARKET_MAKERS])

    def large(self) -> frozenset[str]:
        """The largest accounts, some of them informed."""
        return frozenset(self._market.accounts.addresses[MARKET_MAKERS : MARKET_MAKERS + LARGE_ACCOUNTS])

    def _where(self, chosen: Callable[[int], bool]) -> frozenset[str]:
        return frozenset(address for number, address in enumerate(self._market.accounts.addresses) if chosen(number))
