"""Fusion, entries and exits over bars: passes in the subset of Python that numba compiles.

What is assumed of fills stands in docs/screener.md: decisions at a close fill at the next open; within a bar the stop
comes before everything else; what is beyond a level at the open fills at the open.
"""

from collections.abc import Callable

from app.screener.columns import BarColumns, Column, DomainColumns, Function, Places
from app.screener.replay_columns import (
    CASH,
    COINS,
    COUNT,
    DISTANCE,
    ENTRY,
    FUNDED,
    HALVED,
    HELD,
    LEAVING,
    MADE,
    PAID,
    PENDING,
    PLANNED,
    REST,
    RISK,
    SIDE,
    STOP,
    STREAK,
    ReplayColumns,
    Rules,
    TradeColumns,
)

FUSION_ONLY, CONFIRM, PREFILTER, ADVISORY = 0.0, 1.0, 2.0, 3.0
MODES = {"fusion_only": FUSION_ONLY, "confirm": CONFIRM, "prefilter": PREFILTER, "advisory": ADVISORY}
STOPPED, TIME_STOPPED, ENDED, TARGETED = 1.0, 2.0, 3.0, 4.0
_HOUR_MS = 3_600_000.0


def fusion_pass(domains: DomainColumns, first: int, last: int, rules: Rules) -> None:
    """The weighted sum of the four domains."""
    for place in range(first, last):
        domains.fusion[place] = (
            rules.structure_weight * domains.structure[place]
            + rules.liquidity_weight * domains.liquidity[place]
            + rules.blocks_weight * domains.blocks[place]
            + rules.momentum_weight * domains.momentum[place]
        )


def _wanted_side(fusion: float, hint: float, rules: Rules) -> float:
    """The side an entry would have, 0 for none: how much fusion and the screen's hint have to say is the mode."""
    way = (1.0 if fusion > 0.0 else 0.0) - (1.0 if fusion < 0.0 else 0.0)
    sure = way * fusion >= rules.threshold and way != 0.0
    if rules.mode == ADVISORY:
        return hint
    if rules.mode == PREFILTER:
        return hint if way == hint else 0.0
    if rules.mode == CONFIRM:
        return way if sure and way == hint else 0.0
    return way if sure else 0.0


def _vetoed(side: float, atr: float, close: float, volatility: float, funding: float, rules: Rules) -> bool:
    """Whether the wider market forbids an entry; what is not known (nan) forbids nothing, but for the ATR."""
    if not atr > 0.0 or atr > rules.most_atr_share * close:
        return True
    return volatility > rules.most_volatility or side * funding > rules.most_funding


def _stop_distance(side: float, price: float, atr: float, swing: float, wild: bool, rules: Rules) -> float:
    """How far from the entry the stop stands: by ATRs, or beyond the swing where that is 0.5 to 3 ATRs away."""
    far = rules.stop_atr * atr * (rules.high_stop_factor if wild else 1.0)
    beyond = side * (price - swing) + 0.1 * atr
    if rules.structure_stop > 0.0 and beyond >= 0.5 * atr and beyond <= 3.0 * atr:
        far = beyond
    # The stop of a long stays above 0.
    return far if far < 0.9 * price else 0.9 * price


def _size(cash: float, price: float, distance: float, wild: bool, rules: Rules) -> float:
    """Coins that lose `risk_share` of the account at the stop, at most what leverage and the margin cap allow."""
    coins = cash * rules.risk_share * (rules.high_size_factor if wild else 1.0) / distance
    most = cash * rules.margin_cap * rules.leverage / price
    return coins if coins < most else most


def _enter(place: int, opened: float, state: Column, trades: TradeColumns, rules: Rules) -> None:
    """Fill what was decided at the close before."""
    side, coins, distance, count = state[PENDING], state[PLANNED], state[DISTANCE], int(state[COUNT])
    entry = opened * (1.0 + side * rules.slippage)
    state[SIDE], state[COINS], state[ENTRY] = side, coins, entry
    state[STOP], state[RISK] = entry - side * distance, distance
    state[HALVED], state[HELD], state[LEAVING], state[MADE], state[FUNDED] = 0.0, 0.0, 0.0, 0.0, 0.0
    state[PAID] = entry * coins * rules.fee
    state[CASH] -= state[PAID]
    state[PENDING] = 0.0
    trades.entry_places[count] = place
    trades.sides[count], trades.coins[count] = side, coins
    trades.entries[count], trades.stops[count] = entry, state[STOP]


def _exit_price(opened: float, worst: float, state: Column) -> float:
    """Where the whole position leaves in this bar before slippage; 0 where it stays."""
    if state[LEAVING] > 0.0:
        return opened
    if state[SIDE] * (worst - state[STOP]) > 0.0:
        return 0.0
    return opened if state[SIDE] * (opened - state[STOP]) < 0.0 else state[STOP]


def _take_part(opened: float, best: float, state: Column, rules: Rules) -> None:
    """Sell a part at its target; what is left can then no longer lose, but for costs and gaps."""
    side, entry = state[SIDE], state[ENTRY]
    target = entry + side * state[RISK] * rules.partial_at_r
    if state[HALVED] > 0.0 or not rules.partial_share > 0.0 or side * (best - target) < 0.0:
        return
    part = state[COINS] * rules.partial_share
    price = (opened if side * (opened - target) > 0.0 else target) * (1.0 - side * rules.slippage)
    cost = price * part * rules.fee
    gain = side * part * (price - entry)
    state[MADE] += gain
    state[PAID] += cost
    state[CASH] += gain - cost
    state[COINS] -= part
    state[HALVED] = 1.0
    state[STOP] = entry if side * (entry - state[STOP]) > 0.0 else state[STOP]


def _target_price(opened: float, best: float, state: Column, rules: Rules) -> float:
    """Where all that is left is sold in this bar before slippage; 0 where it stays."""
    side = state[SIDE]
    target = state[ENTRY] + side * state[RISK] * rules.target_at_r
    if not rules.target_at_r > 0.0 or side * (best - target) < 0.0:
        return 0.0
    return opened if side * (opened - target) > 0.0 else target


def _hold(close: float, atr: float, rate: float, state: Column, rules: Rules) -> None:
    """What a position pays and how its stop moves at a close that it lives to see."""
    side = state[SIDE]
    # nan is not equal to itself: a rate that is not known is the usual one.
    hourly = rate if rate == rate else rules.funding
    owed = side * state[COINS] * close * hourly * (rules.interval_ms / _HOUR_MS)
    state[CASH] -= owed
    state[FUNDED] += owed
    state[HELD] += 1.0
    trail = close - side * rules.trail_atr * atr
    if state[HALVED] > 0.0 and rules.trail_atr > 0.0 and side * (trail - state[STOP]) > 0.0:
        state[STOP] = trail
    state[LEAVING] = 1.0 if rules.time_stop_bars > 0.0 and state[HELD] >= rules.time_stop_bars else 0.0


def _leave(place: int, level: float, reason: float, state: Column, trades: TradeColumns, rules: Rules) -> None:
    """Close the position and write its trade down; a streak of losses begins a rest."""
    side, coins, count = state[SIDE], state[COINS], int(state[COUNT])
    price = level * (1.0 - side * rules.slippage)
    cost = price * coins * rules.fee
    gain = side * coins * (price - state[ENTRY])
    state[MADE] += gain
    state[PAID] += cost
    state[CASH] += gain - cost
    trades.exit_places[count], trades.exits[count] = place, price
    trades.reasons[count] = reason
    trades.gross[count], trades.fees[count], trades.funding[count] = state[MADE], state[PAID], state[FUNDED]
    state[STREAK] = state[STREAK] + 1.0 if state[MADE] - state[PAID] - state[FUNDED] < 0.0 else 0.0
    if rules.most_losses > 0.0 and state[STREAK] >= rules.most_losses:
        state[REST], state[STREAK] = rules.pause_bars + 1.0, 0.0
    state[SIDE], state[COINS], state[LEAVING], state[COUNT] = 0.0, 0.0, 0.0, count + 1


def _decide_with(decorate: Callable[[Function], Function]) -> Function:
    wanted_side, vetoed = decorate(_wanted_side), decorate(_vetoed)
    stop_distance, size = decorate(_stop_distance), decorate(_size)

    def decide(place: int, close: float, seen: ReplayColumns, state: Column, rules: Rules) -> None:
        """Whether a position is opened at the next open, and with what stop and size."""
        side, atr = wanted_side(seen.fusion[place], seen.hint[place], rules), seen.atr[place]
        if (seen.rising[place] if side > 0.0 else seen.falling[place]) < rules.aligned_trends:
            return
        if side == 0.0 or vetoed(side, atr, close, seen.volatility[place], seen.funding[place], rules):
            return
        wild = seen.atr_rank[place] >= rules.high_rank
        swing = seen.swing_low[place] if side > 0.0 else seen.swing_high[place]
        state[PENDING], state[DISTANCE] = side, stop_distance(side, close, atr, swing, wild, rules)
        state[PLANNED] = size(state[CASH], close, state[DISTANCE], wild, rules)

    return decorate(decide)


def _step_with(decorate: Callable[[Function], Function]) -> Function:
    enter, leave, take_part = decorate(_enter), decorate(_leave), decorate(_take_part)
    hold, exit_price, target_price = decorate(_hold), decorate(_exit_price), decorate(_target_price)
    decide = _decide_with(decorate)

    def live(
        place: int, bars: BarColumns, seen: ReplayColumns, trades: TradeColumns, state: Column, rules: Rules
    ) -> None:
        """A bar with a position: the stop first, then the part, then the target, then what a close does."""
        opened = bars.opens[place]
        worst, best = bars.lows[place], bars.highs[place]
        if state[SIDE] < 0.0:
            worst, best = best, worst
        level = exit_price(opened, worst, state)
        if level > 0.0:
            leave(place, level, TIME_STOPPED if state[LEAVING] > 0.0 else STOPPED, state, trades, rules)
            return
        take_part(opened, best, state, rules)
        level = target_price(opened, best, state, rules)
        if level > 0.0:
            leave(place, level, TARGETED, state, trades, rules)
            return
        hold(bars.closes[place], seen.atr[place], seen.funding[place], state, rules)

    lived = decorate(live)

    def step(
        place: int, bars: BarColumns, seen: ReplayColumns, trades: TradeColumns, equity: Column, state: Column,
        rules: Rules,
    ) -> None:  # fmt: skip
        """One bar: what was decided is filled, a position lives, and where there is none one is decided on."""
        if state[PENDING] != 0.0:
            enter(place, bars.opens[place], state, trades, rules)
        if state[SIDE] != 0.0:
            lived(place, bars, seen, trades, state, rules)
        close = bars.closes[place]
        equity[place] = state[CASH] + state[SIDE] * state[COINS] * (close - state[ENTRY])
        if state[SIDE] == 0.0:
            state[REST] = state[REST] - 1.0 if state[REST] > 0.0 else 0.0
            if state[REST] == 0.0 and seen.passed[place] > 0.0 and state[CASH] > 0.0:
                decide(place, close, seen, state, rules)

    return decorate(step)


def replay_with(decorate: Callable[[Function], Function]) -> Function:
    """The pass over every bar from `first` to before `last`."""
    step = _step_with(decorate)

    def replay(
        bars: BarColumns, seen: ReplayColumns, trades: TradeColumns, equity: Column, first: int, last: int,
        state: Column, rules: Rules,
    ) -> None:  # fmt: skip
        for place in range(first, last):
            step(place, bars, seen, trades, equity, state, rules)

    return decorate(replay)


def focused_with(decorate: Callable[[Function], Function]) -> Function:
    """The pass over the bars of windows, and of others those at which a position is open or about to be.

    Every candidate lies in a window, so that nothing can be decided at a bar that is left out: there the account
    stands still, and a rest goes on.
    """
    step = _step_with(decorate)

    def wait(
        bars: BarColumns, seen: ReplayColumns, trades: TradeColumns, equity: Column, first: int, last: int,
        state: Column, rules: Rules,
    ) -> None:  # fmt: skip
        """Bars between windows: a position is lived to its end, then the account stands still and a rest goes on."""
        place = first
        while place < last and (state[SIDE] != 0.0 or state[PENDING] != 0.0):
            step(place, bars, seen, trades, equity, state, rules)
            place += 1
        for empty in range(place, last):
            equity[empty] = state[CASH]
        rest = state[REST] - float(last - place)
        state[REST] = rest if rest > 0.0 else 0.0

    waited = decorate(wait)

    def focused(
        bars: BarColumns, seen: ReplayColumns, trades: TradeColumns, equity: Column, starts: Places, ends: Places,
        first: int, last: int, state: Column, rules: Rules,
    ) -> None:  # fmt: skip
        """All windows, each from its start to before its end, and what lies between them."""
        end = first
        for number in range(len(starts)):
            waited(bars, seen, trades, equity, end, starts[number], state, rules)
            end = ends[number]
            for place in range(starts[number], end):
                step(place, bars, seen, trades, equity, state, rules)
        waited(bars, seen, trades, equity, end, last, state, rules)

    return decorate(focused)
