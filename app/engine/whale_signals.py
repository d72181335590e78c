"""The smart-money signals of a run: told when a lean changes, and filed as claims beside their baseline's."""

from collections.abc import Callable, Mapping, Sequence

from app.config.settings import Settings
from app.core.bus import Bus
from app.core.whale_events import SmartMoneySignal
from app.engine.protocol import Mode
from app.markets.market import Market
from app.whales.calls import SignalCalls
from app.whales.smart_money import SmartMoney


class WhaleSignals:
    """What changes the signals goes through `changed`; calls are filed then, and once a minute besides."""

    def __init__(
        self, mode: Mode, settings: Settings, bus: Bus, markets: Mapping[str, Market], sequence: Callable[[], int]
    ) -> None:
        """`sequence` gives the number of the input that is being taken."""
        self.money = SmartMoney(settings.smart_money)
        self._calls = SignalCalls(settings.smart_money, settings.trader_weights)
        self._mode: Mode = mode
        self._costs = settings.costs
        self._bus = bus
        self._markets = markets
        self._sequence = sequence

    def changed(self, coins: Sequence[str], now_ms: int) -> None:
        """Leans changed in these coins: tell their signals as they stand."""
        for coin in dict.fromkeys(coins):
            signal = self.money.signal(coin, now_ms)
            self._bus.publish(signal)
            self._file(signal, now_ms)

    def every_minute(self, now_ms: int) -> tuple[SmartMoneySignal, ...]:
        """File the calls that are due; all signals as they stand."""
        signals = tuple(self.money.signal(coin, now_ms) for coin in self.money.coins)
        for signal in signals:
            self._file(signal, now_ms)
        return signals

    def clock_set_back(self, now_ms: int) -> None:
        """The engine's time went back to `now_ms`."""
        self.money.clock_set_back(now_ms)
        self._calls.clock_set_back(now_ms)

    def _file(self, signal: SmartMoneySignal, now_ms: int) -> None:
        market = self._markets.get(signal.coin)
        facts = None if market is None else market.facts(now_ms)
        for call in self._calls.file(signal, facts, self._costs, self._mode, self._sequence()):
            self._bus.publish(call)
