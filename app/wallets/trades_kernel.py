"""Trades of many wallets to their positions in one pass over columns, in the subset of Python that numba compiles.

What `app.wallets.positions` does with purchases, sales and what markets pay out, without a value for each trade. Pages
of trades know no splits, merges or redemptions. Tests compare the two. As with the measures, each function looks at one
wallet, and what is compiled is not kept on disk.
"""

from collections.abc import Callable

import numpy as np

from app.wallets.columns import Floats, Integers, Places
from app.wallets.kernel import Flags, Function
from app.wallets.legs import DUST_PART, DUST_SHARES

# Columns of a leg's state.
SHARES, COST, ENTERED, PAID, RECEIVED, BOUGHT, PEAK, LEFT, HELD, OPENED, LAST, HEDGED, TAKEN = range(13)
# Columns of a row that is put out, beside its token.
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


def _in_order(rows: Floats, row_token: Places, column: int, first: int, last: int) -> None:
    order = np.argsort(rows[first:last, column], kind="mergesort")
    rows[first:last] = rows[first:last][order]
    row_token[first:last] = row_token[first:last][order]


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


def fused_positions(decorate: Callable[[Function], Function]) -> Function:
    """The pass over a whole batch, every function of it put through `decorate` (nothing, or numba's compiler).

    Trades of wallet w stand from `offsets[w]` to `offsets[w + 1]`, oldest first; its tokens from `token_offsets[w]`,
    and `token` counts from there. `payout` (nan: none) and `ends_s` (0: not known) tell of each token. Rows that are
    closed, then rows still open, go to `rows` and `row_token` from the wallet's first trade on, each in the order in
    which they ended or began. `counts` gets how many there are of both, how many sales had no purchase, their value.
    """
    leave, put_out = decorate(_leave), decorate(_put_out)
    in_order, still_open = decorate(_in_order), decorate(_still_open_with(put_out))
    settle, sell = decorate(_settle_with(leave, put_out)), decorate(_sell_with(leave))
    trade_by_trade = decorate(
        _trade_by_trade_with(decorate(_buy), sell, put_out, decorate(_mark_hedged), decorate(_is_dust))
    )

    def all_wallets(
        offsets: Integers, token_offsets: Integers, size: Floats, usdc: Floats, at_s: Integers, is_buy: Flags,
        token: Places, condition_of: Places, payout: Floats, ends_s: Integers, now_s: int, most_tokens: int,
        rows: Floats, row_token: Places, counts: Floats,
    ) -> None:  # fmt: skip
        space, held = np.zeros((most_tokens, TAKEN + 1)), np.zeros(most_tokens, np.int64)
        for wallet in range(len(offsets) - 1):
            first, last = offsets[wallet], offsets[wallet + 1]
            low, high = token_offsets[wallet], token_offsets[wallet + 1]
            legs = space[: high - low]
            legs[:, TAKEN] = 0.0
            held[:] = 0
            out, out_token = rows[first:last], row_token[first:last]
            count = trade_by_trade(
                legs, size[first:last], usdc[first:last], at_s[first:last], is_buy[first:last], token[first:last],
                condition_of[low:high], held, out, out_token, counts[wallet],
            )  # fmt: skip
            closed = settle(legs, payout[low:high], ends_s[low:high], now_s, out, out_token, count)
            in_order(out, out_token, R_CLOSED, 0, closed)
            total = still_open(legs, out, out_token, closed)
            in_order(out, out_token, R_OPENED, closed, total)
            counts[wallet, 0] = closed
            counts[wallet, 1] = total - closed

    return decorate(all_wallets)
