"""The strategy in plain Python, written for reading: what the passes are compared with."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isnan, nan

from app.screener.backtest import STARTING_CASH, Trade
from app.screener.bars import Bars
from app.screener.features import Features
from app.screener.replay_columns import Rules


@dataclass
class Bar:
    """One bar with what was known at its close."""

    place: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    known: dict[str, float]


def bars_of(bars: Bars, features: Features) -> list[Bar]:
    known = zip(*(column.tolist() for column in features), strict=True)
    rows = zip(*(column.tolist() for column in bars[4:]), known, strict=True)
    return [
        Bar(place, opened, high, low, close, volume, dict(zip(Features._fields, values, strict=True)))
        for place, (opened, high, low, close, volume, values) in enumerate(rows)
    ]


def clip(value: float) -> float:
    return value if isnan(value) else max(-1.0, min(1.0, value))


def swings(bars: Sequence[Bar], place: int) -> tuple[list[float], list[float]]:
    """Highs and lows of all swings known at a close, oldest first."""
    highs, lows = [], []
    for middle in range(2, place - 1):
        before, after = bars[middle - 2 : middle], bars[middle + 1 : middle + 3]
        bar = bars[middle]
        if bar.high > max(each.high for each in before) and bar.high >= max(each.high for each in after):
            highs.append(bar.high)
        if bar.low < min(each.low for each in before) and bar.low <= min(each.low for each in after):
            lows.append(bar.low)
    return highs, lows


def shape(highs: Sequence[float], lows: Sequence[float]) -> int:
    if len(highs) < 2 or len(lows) < 2:
        return 0
    if highs[-1] > highs[-2] and lows[-1] > lows[-2]:
        return 1
    return -1 if highs[-1] < highs[-2] and lows[-1] < lows[-2] else 0


def domains(bars: Sequence[Bar]) -> list[dict[str, float]]:
    """What the strategy sees at each close."""
    told: list[dict[str, float]] = []
    event = sweep = 0.0
    before_high = before_low = nan
    zones = Zones()
    for bar in bars:
        highs, lows = swings(bars, bar.place)
        high, low = highs[-1] if highs else nan, lows[-1] if lows else nan
        event *= 0.85
        if bar.volume > bar.known["volume_mean"]:
            event = 1.0 if bar.close > high else -1.0 if bar.close < low else event
        sweep *= 0.8
        if bar.high > before_high > bar.close and bar.known["atr"] > 0:
            sweep = -min(1.0, 0.5 + (bar.high - before_high) / bar.known["atr"])
        if bar.low < before_low < bar.close and bar.known["atr"] > 0:
            sweep = min(1.0, 0.5 + (before_low - bar.low) / bar.known["atr"])
        before_high, before_low = high, low
        seen = {
            "swing_high": high, "swing_low": low, "shape": shape(highs, lows),
            "structure": 0.6 * shape(highs, lows) + 0.4 * event, "liquidity": sweep,
            "blocks": zones.take(bar, bars[bar.place - 2] if bar.place >= 2 else None), "momentum": momentum(bar),
        }  # fmt: skip
        told.append(seen)
    return told


@dataclass
class Zones:
    """The newest gap and order block of each side: (bottom, top)."""

    support: dict[str, tuple[float, float]] = field(default_factory=dict)
    resistance: dict[str, tuple[float, float]] = field(default_factory=dict)
    last_down: tuple[float, float] | None = None
    last_up: tuple[float, float] | None = None

    def take(self, bar: Bar, two_before: Bar | None) -> float:
        score = 0.5 * sum(bar.low <= top and bar.close >= bottom for bottom, top in self.support.values())
        score -= 0.5 * sum(bar.high >= bottom and bar.close <= top for bottom, top in self.resistance.values())
        self.support = {kind: zone for kind, zone in self.support.items() if bar.close >= zone[0]}
        self.resistance = {kind: zone for kind, zone in self.resistance.items() if bar.close <= zone[1]}
        if two_before and bar.low > two_before.high:
            self.support["gap"] = (two_before.high, bar.low)
        if two_before and bar.high < two_before.low:
            self.resistance["gap"] = (bar.high, two_before.low)
        self.displace(bar)
        return score

    def displace(self, bar: Bar) -> None:
        body = bar.close - bar.open
        if body > bar.known["atr"]:
            self.support.pop("block", None)
            if self.last_down:
                self.support["block"] = self.last_down
        if -body > bar.known["atr"]:
            self.resistance.pop("block", None)
            if self.last_up:
                self.resistance["block"] = self.last_up
        if body < 0:
            self.last_down = (bar.low, bar.high)
        if body > 0:
            self.last_up = (bar.low, bar.high)


def momentum(bar: Bar) -> float:
    known = bar.known
    quarter, band = known["atr"] / 4, 2 * known["deviation"]
    turn = (known["macd"] - known["macd_signal"]) / quarter if quarter > 0 else 0 * known["macd_signal"]
    place = (bar.close - known["sma_20"]) / band if band > 0 else 0 * known["sma_20"]
    return 0.4 * clip(turn) + 0.4 * clip((known["rsi"] - 50) / 20) + 0.2 * clip(place)


@dataclass
class Position:
    place: int
    side: int
    coins: float
    entry: float
    stop: float
    risk: float
    first_stop: float
    first_coins: float
    fees: float
    partly_out: bool = False
    held: int = 0
    leaves_at_open: bool = False
    gross: float = 0.0
    funding: float = 0.0

    def sell(self, coins: float, price: float, rules: Rules) -> None:
        self.gross += self.side * coins * (price - self.entry)
        self.fees += coins * price * rules.fee

    @property
    def result(self) -> float:
        return self.gross - self.fees - self.funding


@dataclass
class Account:
    """Positions one after another."""

    rules: Rules
    trades: list[Trade] = field(default_factory=list)
    position: Position | None = None
    order: tuple[int, float, float] | None = None
    losses: int = 0
    resting: int = 0

    @property
    def cash(self) -> float:
        return STARTING_CASH + sum(trade.pnl for trade in self.trades)

    def open(self, bar: Bar) -> None:
        if self.order is None:
            return
        side, coins, distance = self.order
        entry = bar.open * (1 + side * self.rules.slippage)
        stop = entry - side * distance
        self.position = Position(
            bar.place, side, coins, entry, stop, distance, stop, coins, entry * coins * self.rules.fee
        )
        self.order = None

    def live(self, bar: Bar, rate: float) -> None:
        position = self.position
        if position is None:
            return
        long = position.side > 0
        if position.leaves_at_open:
            self.close(bar, bar.open, "time stop")
        elif (bar.low <= position.stop) if long else (bar.high >= position.stop):
            beyond = bar.open < position.stop if long else bar.open > position.stop
            self.close(bar, bar.open if beyond else position.stop, "stop")
        else:
            self.take_part(bar, position)
            if not self.take_all(bar, position):
                self.hold(bar, position, rate)

    def take_part(self, bar: Bar, position: Position) -> None:
        target = position.entry + position.side * position.risk * self.rules.partial_at_r
        long = position.side > 0
        reached = bar.high >= target if long else bar.low <= target
        if position.partly_out or not self.rules.partial_share or not reached:
            return
        better = bar.open > target if long else bar.open < target
        price = (bar.open if better else target) * (1 - position.side * self.rules.slippage)
        position.sell(position.coins * self.rules.partial_share, price, self.rules)
        position.coins *= 1 - self.rules.partial_share
        position.partly_out = True
        position.stop = max(position.stop, position.entry) if long else min(position.stop, position.entry)

    def take_all(self, bar: Bar, position: Position) -> bool:
        long = position.side > 0
        target = position.entry + position.side * position.risk * self.rules.target_at_r
        reached = bar.high >= target if long else bar.low <= target
        if not self.rules.target_at_r or not reached:
            return False
        better = bar.open > target if long else bar.open < target
        self.close(bar, bar.open if better else target, "target")
        return True

    def hold(self, bar: Bar, position: Position, rate: float) -> None:
        hours = self.rules.interval_ms / 3_600_000
        hourly = self.rules.funding if isnan(rate) else rate
        position.funding += position.side * position.coins * bar.close * hourly * hours
        position.held += 1
        if position.partly_out and self.rules.trail_atr:
            trail = bar.close - position.side * self.rules.trail_atr * bar.known["atr"]
            position.stop = max(position.stop, trail) if position.side > 0 else min(position.stop, trail)
        position.leaves_at_open = 0 < self.rules.time_stop_bars <= position.held

    def close(self, bar: Bar, level: float, reason: str) -> None:
        position = self.position
        assert position is not None
        price = level * (1 - position.side * self.rules.slippage)
        position.sell(position.coins, price, self.rules)
        self.trades.append(
            Trade(position.place, bar.place, position.side, position.first_coins, position.entry, position.first_stop,
                  price, reason, position.gross, position.fees, position.funding)
        )  # fmt: skip
        self.position = None
        self.losses = self.losses + 1 if position.result < 0 else 0
        if 0 < self.rules.most_losses <= self.losses:
            self.losses, self.resting = 0, int(self.rules.pause_bars) + 1

    def equity(self, bar: Bar) -> float:
        held = self.position
        return self.cash + (held.result + held.side * held.coins * (bar.close - held.entry) if held else 0.0)

    def decide(self, bar: Bar, seen: dict[str, float], passed: bool, volatility: float, rate: float) -> None:
        self.resting = max(0, self.resting - 1)
        if self.resting or not passed or self.cash <= 0:
            return
        rules, atr = self.rules, bar.known["atr"]
        side = wanted(seen["fusion"], int(bar.known["side"]), rules)
        if trends_on(side, bar) < rules.aligned_trends:
            return
        if side == 0 or volatility > rules.most_volatility or side * rate > rules.most_funding:
            return
        if not 0 < atr <= rules.most_atr_share * bar.close:
            return
        wild = bar.known["atr_rank"] >= rules.high_rank
        distance = rules.stop_atr * atr * (rules.high_stop_factor if wild else 1)
        swing = (bar.close - seen["swing_low"] if side > 0 else seen["swing_high"] - bar.close) + 0.1 * atr
        if rules.structure_stop and 0.5 * atr <= swing <= 3 * atr:
            distance = swing
        distance = min(distance, 0.9 * bar.close)
        risked = self.cash * rules.risk_share * (rules.high_size_factor if wild else 1)
        self.order = (side, min(risked / distance, self.cash * rules.margin_cap * rules.leverage / bar.close), distance)


def trends_on(side: int, bar: Bar) -> int:
    """How many of the three trends are on a side."""
    known = bar.known
    trends = (known["sma_20"] - known["sma_50"], known["direction"], known["trend"])
    return sum(side * trend > 0 for trend in trends)


def wanted(fusion: float, hint: int, rules: Rules) -> int:
    side = 0 if isnan(fusion) or fusion == 0 else 1 if fusion > 0 else -1
    sure = abs(fusion) >= rules.threshold
    mode = ("fusion_only", "confirm", "prefilter", "advisory")[int(rules.mode)]
    return {
        "fusion_only": side if sure else 0,
        "confirm": side if sure and side == hint else 0,
        "prefilter": side if side == hint else 0,
        "advisory": hint,
    }[mode]


def replay_plainly(
    bars: Sequence[Bar], seen: Sequence[dict[str, float]], passed: Sequence[bool], volatility: Sequence[float],
    funding: Sequence[float], rules: Rules,
) -> tuple[list[Trade], list[float]]:  # fmt: skip
    """Trades, and the account at each close; what is open at the end is closed at the last close."""
    account, equity = Account(rules), []
    for bar, view, may, wild, rate in zip(bars, seen, passed, volatility, funding, strict=True):
        account.open(bar)
        account.live(bar, rate)
        equity.append(account.equity(bar))
        if account.position is None:
            account.decide(bar, view, may, wild, rate)
    if account.position is not None:
        account.close(bars[-1], bars[-1].close, "end of bars")
        equity[-1] = account.cash
    return account.trades, equity
