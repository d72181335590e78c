"""What the simulated venue lists: names as on the real venue, sizes of the markets made up."""

from typing import NamedTuple

MAXIMUM_COINS = 60
PRICE_DECIMALS = 6
SECONDS_A_YEAR = 31_557_600.0
SECONDS_A_DAY = 86_400.0
BUSIEST_ORDERS_PER_S = 4.8
ACTIVITY_EXPONENT = 0.52


class Listing(NamedTuple):
    """One market at the start: price in USD, day volume in millions of USD, annual volatility as a fraction."""

    name: str
    price: float
    size_decimals: int
    maximum_leverage: int
    day_volume_musd: float
    volatility: float
    delisted: bool = False

    @property
    def price_decimals(self) -> int:
        """Most decimals a price may have: 6 − size decimals."""
        return PRICE_DECIMALS - self.size_decimals

    @property
    def lot(self) -> float:
        """Smallest size, in coins."""
        return float(10.0**-self.size_decimals)

    @property
    def orders_per_s(self) -> float:
        """Mean rate of market orders, a power of the day volume."""
        share = self.day_volume_musd / _LISTED[0].day_volume_musd
        return float(BUSIEST_ORDERS_PER_S * share**ACTIVITY_EXPONENT)

    @property
    def mean_order_usd(self) -> float:
        """Mean size of a market order in USD, so that rate times size makes the day volume."""
        return self.day_volume_musd * 1e6 / (SECONDS_A_DAY * self.orders_per_s)

    @property
    def mean_order_lots(self) -> float:
        """The same in lots."""
        return self.mean_order_usd / (self.price * self.lot)

    @property
    def sigma(self) -> float:
        """Volatility of the log price per square root of a second."""
        return float(self.volatility / SECONDS_A_YEAR**0.5)


_LISTED = (
    Listing("BTC", 84143.0, 5, 40, 2600.0, 0.42),
    Listing("ETH", 2722.4, 4, 25, 1350.0, 0.62),
    Listing("SOL", 120.86, 2, 20, 520.0, 0.75),
    Listing("HYPE", 38.412, 2, 10, 430.0, 0.95),
    Listing("XRP", 2.1346, 0, 20, 190.0, 0.75),
    Listing("ZEC", 412.35, 2, 5, 150.0, 1.20),
    Listing("DOGE", 0.14723, 0, 10, 105.0, 0.90),
    Listing("FARTCOIN", 0.33214, 1, 10, 74.0, 1.40),
    Listing("SUI", 1.6218, 1, 10, 70.0, 0.95),
    Listing("kPEPE", 0.004413, 0, 10, 62.0, 1.15),
    Listing("BNB", 845.12, 3, 10, 55.0, 0.55),
    Listing("ENA", 0.25143, 0, 10, 48.0, 1.10),
    Listing("PUMP", 0.002913, 0, 10, 45.0, 1.35),
    Listing("LINK", 12.843, 1, 10, 40.0, 0.80),
    Listing("AVAX", 13.624, 2, 10, 34.0, 0.85),
    Listing("ADA", 0.42316, 0, 10, 30.0, 0.85),
    Listing("LTC", 84.612, 2, 10, 27.0, 0.75),
    Listing("AAVE", 176.32, 2, 10, 25.0, 0.90),
    Listing("WLD", 0.62147, 1, 10, 22.0, 1.10),
    Listing("NEAR", 1.8423, 1, 10, 20.0, 1.00),
    Listing("TAO", 287.41, 3, 5, 19.0, 1.00),
    Listing("kBONK", 0.006721, 0, 10, 17.0, 1.20),
    Listing("UNI", 6.0314, 1, 10, 16.0, 0.95),
    Listing("CRV", 0.43125, 1, 10, 14.0, 1.05),
    Listing("BCH", 521.36, 3, 10, 13.0, 0.70),
    Listing("ONDO", 0.48913, 0, 10, 12.0, 0.95),
    Listing("WIF", 0.39142, 0, 5, 11.0, 1.30),
    Listing("ARB", 0.21173, 1, 10, 10.0, 1.00),
    Listing("PENGU", 0.012843, 0, 5, 9.0, 1.30),
    Listing("TIA", 0.62134, 1, 10, 8.0, 1.10),
    Listing("OP", 0.31427, 1, 10, 7.0, 1.05),
    Listing("SEI", 0.13124, 0, 10, 6.0, 1.05),
    Listing("DOT", 2.3142, 1, 10, 5.6, 0.85),
    Listing("HBAR", 0.14126, 0, 10, 5.2, 0.95),
    Listing("JUP", 0.24173, 0, 10, 4.9, 1.10),
    Listing("APT", 2.4213, 2, 10, 4.6, 1.00),
    Listing("INJ", 5.6312, 1, 10, 4.3, 1.05),
    Listing("LDO", 0.67142, 1, 10, 4.0, 1.10),
    Listing("PENDLE", 2.3171, 0, 5, 3.8, 1.15),
    Listing("TRUMP", 6.2143, 1, 10, 3.6, 1.20),
    Listing("ATOM", 2.5127, 2, 5, 3.3, 0.85),
    Listing("FIL", 1.6312, 1, 5, 3.1, 0.95),
    Listing("STX", 0.32134, 1, 5, 2.9, 1.05),
    Listing("DYDX", 0.14652, 1, 5, 2.7, 1.10),
    Listing("RENDER", 1.8214, 1, 5, 2.6, 1.10),
    Listing("kSHIB", 0.008632, 0, 10, 2.4, 0.85),
    Listing("TON", 1.6137, 1, 10, 2.3, 0.80),
    Listing("ETC", 13.412, 2, 5, 2.1, 0.85),
    Listing("TRX", 0.28124, 0, 10, 2.0, 0.50),
    Listing("ICP", 4.2136, 1, 5, 1.9, 1.00),
    Listing("JTO", 0.46127, 0, 5, 1.8, 1.15),
    Listing("PYTH", 0.081243, 0, 5, 1.7, 1.15),
    Listing("STRK", 0.13127, 1, 5, 1.6, 1.20),
    Listing("ALGO", 0.14127, 0, 5, 1.5, 0.95),
    Listing("SNX", 0.56124, 1, 3, 1.4, 1.15),
    Listing("GMX", 9.2143, 2, 3, 1.3, 0.95),
    Listing("IMX", 0.32143, 1, 3, 1.2, 1.10),
    Listing("SAND", 0.16132, 1, 3, 1.1, 1.00),
    Listing("BLUR", 0.03912, 1, 3, 1.0, 1.25),
    Listing("GALA", 0.008124, 0, 3, 0.9, 1.15),
)
DELISTED = Listing("MATIC", 0.37621, 1, 20, 0.0, 0.0, delisted=True)


def live_listings(coins: int) -> tuple[Listing, ...]:
    """The `coins` largest markets (1 to 60), by day volume. The delisted one comes on top of them.

    Raises ValueError when `coins` is out of range.
    """
    if not 1 <= coins <= MAXIMUM_COINS:
        raise ValueError(f"coins must be 1 to {MAXIMUM_COINS}, not {coins}: choose another number")
    return _LISTED[:coins]
