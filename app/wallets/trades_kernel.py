"""Trades of many wallets to their positions in one pass over columns, in the subset of Python that numba compiles.

What `app.wallets.positions` does with purchases, sales and what markets pay out, without a value for each trade. Pages
of trades know no splits, merges or redemptions. Tests compare the two. As with the measures, each function looks at one
wallet, and what is compiled is not kept on disk.
"""

from collections.abc import Callable

import numpy as np

from app.core.compiling import Function
from app.wallets.columns import Floats, Integers, Places
from app.wallets.kernel import Flags
from app.wallets.legs import DUST_PART, DUST_SHARES

# Columns of a leg's state.
SHARES, COST, ENTERED, PAID, RECEIVED, BOUGHT, PEAK, LEFT, HELD, OPENED, LAST, HEDGED, TAKEN = range(13)
# Columns of a row that is put out, beside its token. The results' `numbers` begin with the first five of them.
R_SIZE, R_COST, R_PNL, R_HOLD, R_PRICE, R_HEDGED, R_OPENED, R_CLOSED = range(8)


def _buy(leg: Floats, size: float, usdc: float, at_s: int) -> None:
    if leg[TAKEN] == 0.0:
        leg[:] = 0.0
        leg[TAKEN] = 1.0
        leg[OPENED] = leg[ENTERED] = at_s
    leg[SHARES] += size
    leg[ENTERED] += (at_s - leg[ENTERED]) * (size / leg[SHARES] if leg[SHARES] > 0.0 else 1.0)
    leg[COST] += usdc
    leg[PAID] += usdc
    leg[BOUGHT] += size
    leg[PEAK] = max(leg[PEAK], leg[COST])
    leg[LAST] = at_s


def _leave(leg: Floats, shares: float, usdc: float, at_s: int) -> None:
    part = shares / leg[SHARES] if leg[SHARES] > 0.0 else 1.0
    leg[HELD] += shares * (at_s - leg[ENTERED])
    leg[LEFT] += shares
    leg[RECEIVED] += usdc
    leg[COST] -= leg[COST] * part
    leg[SHARES] -= shares
    leg[LAST] = at_s


def _put_out(leg: Floats, closed_s: int, hold_known: bool, row: Floats) -> None:
    price = leg[PAID] / leg[BOUGHT] if leg[BOUGHT] > 0.0 else 0.0
    is_bet = leg[HEDGED] == 0.0 and 0.0 < price < 1.0
    row[R_SIZE] = leg[PEAK]
    row[R_COST] = leg[PAID]
    row[R_PNL] = leg[RECEIVED] - leg[PAID] if closed_s >= 0 else 0.0
    row[R_HOLD] = leg[HELD] / leg[LEFT] if hold_known and leg[LEFT] > 0.0 else np.nan
    row[R_PRICE] = price if closed_s >= 0 and is_bet else np.nan
    row[R_HEDGED] = leg[HEDGED] if closed_s >= 0 else 0.0
    row[R_OPENED] = leg[OPENED]
    row[R_CLOSED] = closed_s
    leg[TAKEN] = 0.0


def _mark_hedged(legs: Floats, condition_of: Places, token: int) -> None:
    """Legs of one market that are held at the same time are hedged, the new one too."""
    for other in range(len(condition_of)):
        if other != token and legs[other, TAKEN] > 0.0 and condition_of[other] == condition_of[token]:
            legs[other, HEDGED] = 1.0
            legs[token, HEDGED] = 1.0


def _known_until(at_s: Integers, first: int, last: int, now_s: int) -> int:
    """Where trades dated after `now_s` begin: they cannot have happened."""
    while last > first and at_s[last - 1] > now_s:
        last -= 1
    return last


def _is_dust(leg: Floats) -> bool:
    return bool(leg[SHARES] <= max(DUST_SHARES, DUST_PART * leg[BOUGHT]))


def _sell_with(leave: Function) -> Function:
    def sell(leg: Floats, size: float, usdc: float, at_s: int) -> float:
        """Sell what there is; the value of what is sold without a purchase."""
        held = leg[SHARES] if leg[TAKEN] > 0.0 else 0.0
        missing = size - held if size > held + DUST_SHARES else 0.0
        if leg[TAKEN] > 0.0 and size > 0.0:
            sold = min(size, held)
            leave(leg, sold, usdc * sold / size, at_s)
        return float(usdc * missing / size if size > 0.0 else 0.0)

    return sell


def _settle_with(leave: Function, put_out: Function) -> Function:
    def settle(
        legs: Floats, payout: Floats, ends_s: Integers, now_s: int, rows: Floats, row_token: Places, count: int
    ) -> int:
        """Close what its market has paid out; how many rows there are then."""
        for token in range(len(payout)):
            leg = legs[token]
            if leg[TAKEN] == 0.0 or np.isnan(payout[token]) or ends_s[token] > now_s:
                continue
            at_s = max(int(leg[LAST]), ends_s[token])
            leave(leg, leg[SHARES], leg[SHARES] * payout[token], at_s)
            put_out(leg, at_s, ends_s[token] > 0, rows[count])
            row_token[count] = token
            count += 1
        return count

    return settle


def _still_open_with(put_out: Function) -> Function:
    def still_open(legs: Floats, rows: Floats, row_token: Places, count: int) -> int:
        """Put out what is still held; how many rows there are then."""
        for token in range(len(legs)):
            if legs[token, TAKEN] > 0.0:
                put_out(legs[token], -1, False, rows[count])
                row_token[count] = token
                count += 1
        return count

    return still_open


def _sorted_places(keys: Floats | Integers, places: Places, spare: Places) -> None:
    """`places` gets the places of `keys` in order of these, equal ones in their own order; by merging, bottom up."""
    count = len(keys)
    for at in range(count):
        places[at] = at
    width = 1
    while width < count:
        for low in range(0, count, 2 * width):
            half, end = min(low + width, count), min(low + 2 * width, count)
            left, right = low, half
            for at in range(low, end):
                if left < half and (right == end or keys[places[left]] <= keys[places[right]]):
                    spare[at] = places[left]
                    left += 1
                else:
                    spare[at] = places[right]
                    right += 1
        for at in range(count):
            places[at] = spare[at]
        width *= 2


def _trade_by_trade_with(
    buy: Function, sell: Function, put_out: Function, mark_hedged: Function, is_dust: Function
) -> Function:
    def trade_by_trade(
        legs: Floats, size: Floats, usdc: Floats, at_s: Integers, is_buy: Flags, token: Places, condition_of: Places,
        held: Integers, rows: Floats, row_token: Places, counts: Floats,
    ) -> int:  # fmt: skip
        """Put out what closes in the course of the trades; how many rows that are. `held` counts a market's legs."""
        count = 0
        for place in range(len(size)):
            leg = legs[token[place]]
            if is_buy[place]:
                fresh = leg[TAKEN] == 0.0
                buy(leg, size[place], usdc[place], at_s[place])
                if fresh and held[condition_of[token[place]]] > 0:
                    mark_hedged(legs, condition_of, token[place])
                held[condition_of[token[place]]] += fresh
                continue
            missing = sell(leg, size[place], usdc[place], at_s[place])
            counts[2] += missing > 0.0
            counts[3] += missing
            if leg[TAKEN] > 0.0 and is_dust(leg):
                put_out(leg, at_s[place], True, rows[count])
                row_token[count] = token[place]
                held[condition_of[token[place]]] -= 1
                count += 1
        return count

    return trade_by_trade


def _weigh_with(place_of: Function) -> Function:
    def weigh(prices: Floats, events: Integers, keys: Integers, counts: Integers, weights: Floats) -> None:
        """Bets on one event count as one: the weight of each row, 0 for what is no bet."""
        wide = 1
        while wide < 2 * len(prices):
            wide *= 2
        keys[:wide] = 0
        counts[:wide] = 0
        for row in range(len(prices)):
            if prices[row] > 0.0:
                place = place_of(events[row], keys[:wide])
                keys[place] = events[row]
                counts[place] += 1
        for row in range(len(prices)):
            weights[row] = 1.0 / counts[place_of(events[row], keys[:wide])] if prices[row] > 0.0 else 0.0

    return weigh


def _place_of(key: int, keys: Integers) -> int:
    """Where a key stands among those of a power of two of places, or would stand; 0 is a free place."""
    place = key & (len(keys) - 1)
    while keys[place] != 0 and keys[place] != key:
        place = (place + 1) & (len(keys) - 1)
    return place


def _put_down(
    rows: Floats,
    places: Places,
    is_closed: bool,
    numbers: Floats,
    hedged: Flags,
    opened_s: Integers,
    closed_s: Integers,
) -> None:
    """Rows in the order of `places` into the columns of the batch."""
    for at in range(len(places)):
        row = places[at]
        for column in range(R_HEDGED):
            numbers[column, at] = rows[row, column]
        hedged[at] = rows[row, R_HEDGED] > 0.0
        opened_s[at] = int(rows[row, R_OPENED])
        closed_s[at] = int(rows[row, R_CLOSED]) if is_closed else 0


def _settle_down_with(sorted_places: Function, put_down: Function) -> Function:
    def settle_down(
        rows: Floats, row_token: Places, column: int, category_of: Places, event_of: Integers, places: Places,
        spare: Places, category: Places, events: Integers, numbers: Floats, hedged: Flags, opened_s: Integers,
        closed_s: Integers,
    ) -> None:  # fmt: skip
        """Rows that are all closed, or all open, into the columns of the batch in order of `column`."""
        sorted_places(rows[:, column], places, spare)
        put_down(rows, places, column == R_CLOSED, numbers, hedged, opened_s, closed_s)
        for at in range(len(places)):
            token = row_token[places[at]]
            category[at] = category_of[token]
            events[at] = event_of[token]

    return settle_down


def space(most_tokens: int, most_trades: int) -> tuple[Floats, Integers, Floats, Places, Places, Places, Integers]:
    """Room for the pass over wallets of at most so many tokens and trades each."""
    rows, (row_token, places, spare) = np.zeros((most_trades, 8)), np.zeros((3, most_trades), np.int32)
    # A token may be traded in more conditions than one: these are as many as there are trades at most.
    legs, held = np.zeros((most_tokens, TAKEN + 1)), np.zeros(most_trades, np.int64)
    return legs, held, rows, row_token, places, spare, np.zeros((3, 4 * most_trades), np.int64)


def fused_positions(decorate: Callable[[Function], Function]) -> Function:
    """The pass over a whole batch, every function of it put through `decorate` (nothing, or numba's compiler).

    Trades of wallet w stand from `offsets[w]` to `offsets[w + 1]`, oldest first; its tokens from `token_offsets[w]`,
    and `token` counts from there. `payout` (nan: none), `ends_s` (0: not known), `category_of` and `event_of` (not 0)
    tell of each token. The next are what `space` gives. It fills the columns of `app.wallets.columns.PositionColumns`:
    `numbers` has size, cost, result, hold and entry price, then weights. `counts` gets of each wallet how many rows are
    closed and how many open, how many sales had no purchase, and their value.
    """
    leave, put_out, sorted_places = decorate(_leave), decorate(_put_out), decorate(_sorted_places)
    still_open, sell = decorate(_still_open_with(put_out)), decorate(_sell_with(leave))
    settle = decorate(_settle_with(leave, put_out))
    settle_down = decorate(_settle_down_with(sorted_places, decorate(_put_down)))
    weigh = decorate(_weigh_with(decorate(_place_of)))
    trade_by_trade = decorate(
        _trade_by_trade_with(decorate(_buy), sell, put_out, decorate(_mark_hedged), decorate(_is_dust))
    )

    known_until = decorate(_known_until)

    def all_wallets(
        offsets: Integers, token_offsets: Integers, size: Floats, usdc: Floats, at_s: Integers, is_buy: Flags,
        token: Places, condition_of: Places, payout: Floats, ends_s: Integers, category_of: Places, event_of: Integers,
        now_s: int, legs_space: Floats, held: Integers, rows: Floats, row_token: Places, places: Places, spare: Places,
        events: Integers, category: Places, numbers: Floats, hedged: Flags, opened_s: Integers, closed_s: Integers,
        by_opening: Places, counts: Floats,
    ) -> None:  # fmt: skip
        at = 0
        for wallet in range(len(offsets) - 1):
            first = offsets[wallet]
            last = known_until(at_s, first, offsets[wallet + 1], now_s)
            low, high = token_offsets[wallet], token_offsets[wallet + 1]
            legs = legs_space[: high - low]
            legs[:, TAKEN] = 0.0
            held[: last - first] = 0
            count = trade_by_trade(
                legs, size[first:last], usdc[first:last], at_s[first:last], is_buy[first:last], token[first:last],
                condition_of[low:high], held, rows, row_token, counts[wallet],
            )  # fmt: skip
            closed = settle(legs, payout[low:high], ends_s[low:high], now_s, rows, row_token, count)
            total = still_open(legs, rows, row_token, closed)
            for begin, stop, column in ((0, closed, R_CLOSED), (closed, total, R_OPENED)):
                settle_down(
                    rows[begin:stop], row_token[begin:stop], column, category_of[low:high], event_of[low:high],
                    places[: stop - begin], spare, category[at + begin : at + stop], events[0, begin:stop],
                    numbers[:, at + begin : at + stop], hedged[at + begin : at + stop],
                    opened_s[at + begin : at + stop], closed_s[at + begin : at + stop],
                )  # fmt: skip
            end = at + total
            weigh(numbers[R_PRICE, at:end], events[0, :total], events[1], events[2], numbers[R_HEDGED, at:end])
            sorted_places(opened_s[at:end], by_opening[at:end], spare)
            counts[wallet, 0] = closed
            counts[wallet, 1] = total - closed
            at = end

    return decorate(all_wallets)
