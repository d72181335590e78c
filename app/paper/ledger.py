"""The paper ledger: a function of what it is told, in order, with all times passed in. It knows no clock and no feed.

Whoever runs it shows it every new price of the coins in `wanted` (`look`), tells it the time each second (`tick`),
hands it decisions (`open`, `close`, `flip`, `follow`), publishes the events that come back, and saves `state` with
them.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from app.config.settings import CostsSettings, PaperSettings
from app.core.events import RulesRead, ScalperRead
from app.paper import account as accounts
from app.paper.copying import CopyBook, Print, Purchase
from app.paper.curve import Curve
from app.paper.events import (
    CopyClosed,
    Direction,
    ExitReason,
    Fill,
    Opener,
    Order,
    OrderCancelled,
    OrderPlaced,
    PaperEvent,
    PositionClosed,
    TokenOrdered,
    TokenSold,
    opposite,
)
from app.paper.exits import is_time_up, price_exit
from app.paper.fills import closed_by, fill_of, liquidation_fill, margin_needed_usd, position_of, with_funding
from app.paper.follow import entry_of, leaves, reader_of
from app.paper.orders import closing_order, opening_order, order_until
from app.paper.position import Position, funded_until, is_liquidated, position_until, priced, recent_mid, with_rates
from app.paper.state import MOST_POSITIONS, Account, PaperState
from app.paper.token_book import Purse, TokenBook
from app.paper.token_state import TokenRules, TokenWanted
from app.paper.view import CoinView
from app.paper.walk import levels_to_take, walk


class Decision(NamedTuple):
    """What came of a decision: events, or a sentence why it was not taken."""

    events: Sequence[PaperEvent] = ()
    refusal: str = ""


class PaperLedger:
    """Balance, positions and orders of one source. Times never run backwards but through `clock_set_back`."""

    def __init__(
        self, settings: PaperSettings, costs: CostsSettings, now_ms: int, state: PaperState | None = None
    ) -> None:
        """Begin anew, or go on from a saved `state`."""
        self.settings = settings
        self._costs = costs
        account = accounts.new_account(settings.starting_balance, now_ms)
        saved = state or PaperState(at_ms=now_ms, next_number=1, account=account)
        self._now_ms, self._next_number, self._account = saved.at_ms, saved.next_number, saved.account
        self._positions = {position.coin: position for position in saved.positions}
        self._orders, self._curve = list(saved.orders), saved.curve
        self.copies, self.tokens = CopyBook(saved.copies), TokenBook(saved.tokens)
        if now_ms < self._now_ms:
            self.clock_set_back(now_ms)
        self._bound_by(now_ms)

    # Views.

    @property
    def account(self) -> Account:
        """Sums since the beginning, and the day."""
        return self._account

    @property
    def positions(self) -> tuple[Position, ...]:
        """Open positions, the oldest first."""
        return tuple(self._positions.values())

    @property
    def orders(self) -> tuple[Order, ...]:
        """Orders on their way, in order of decision."""
        return tuple(self._orders)

    @property
    def curve(self) -> Curve:
        """The equity curve."""
        return self._curve

    @property
    def wanted(self) -> frozenset[str]:
        """Coins of which every price must be shown: those with a position or an order."""
        return frozenset(self._positions) | {order.coin for order in self._orders}

    @property
    def equity_usd(self) -> float:
        """Cash and the unrealised result of open positions at the last prices known."""
        unrealised_usd = sum(position.unrealised_usd for position in self._positions.values())
        return self._account.cash_usd + unrealised_usd + self.copies.result_usd + self.tokens.result_usd

    @property
    def free_usd(self) -> float:
        """Cash that is no position's margin, was not paid for a copy and is not for a token."""
        margins_usd = sum(position.margin_usd for position in self._positions.values())
        return self._account.cash_usd - margins_usd - self.copies.cost_usd - self.tokens.committed_usd

    def position(self, coin: str) -> Position | None:
        """The position in a coin."""
        return self._positions.get(coin)

    def orders_of(self, coin: str) -> list[Order]:
        """Orders of a coin on their way, in order of decision."""
        return [order for order in self._orders if order.coin == coin]

    def state(self) -> PaperState:
        """All that is needed to go on."""
        return PaperState(
            at_ms=self._now_ms,
            next_number=self._next_number,
            account=self._account,
            positions=self.positions,
            orders=self.orders,
            curve=self._curve,
            copies=self.copies.state(),
            tokens=self.tokens.state(),
        )

    # Decisions.

    def open(self, view: CoinView, direction: Direction, by: Opener) -> Decision:
        """Order a position of `settings.order_usd`, long or short, where there is none."""
        self._set_time(view.now_ms)
        if view.coin in self._positions:
            return Decision(refusal=f"There is a paper position in {view.coin}: close or flip it")
        if self.orders_of(view.coin):
            return Decision(refusal=f"A paper order in {view.coin} is on its way: wait for it")
        order = self._opening(view, direction, by)
        if isinstance(order, str):
            return Decision(refusal=order)
        needed_usd = margin_needed_usd(order, order.mid or 0.0)
        if needed_usd > self.free_usd:
            text = f"{needed_usd:,.2f} paper dollars of margin are needed and {self.free_usd:,.2f} are free"
            return Decision(refusal=f"{text}: close a position or lower paper.order_usd")
        return Decision([self._place(order)])

    def close(self, view: CoinView, by: Opener) -> Decision:
        """Order the end of the position, and give up what was about to open. It waits for a price if need be."""
        self._set_time(view.now_ms)
        given_up = [order for order in self.orders_of(view.coin) if order.opens]
        events = self._cancel(given_up, "withdrawn before it was filled")
        position, closing = self._positions.get(view.coin), self.orders_of(view.coin)
        if position is not None and not closing:
            events.append(self._place_closing(position, by, view.mid))
        if events:
            return Decision(events)
        if closing:
            return Decision(refusal=f"The paper position in {view.coin} is closing already ({closing[0].reason})")
        return Decision(refusal=f"There is no paper position in {view.coin}")

    def flip(self, view: CoinView, by: Opener) -> Decision:
        """Order the end of the position and the opposite one, to be filled from one picture of the market."""
        self._set_time(view.now_ms)
        position = self._positions.get(view.coin)
        if position is None:
            return Decision(refusal=f"There is no paper position in {view.coin} to flip: open one")
        if self.orders_of(view.coin):
            return Decision(refusal=f"A paper order in {view.coin} is on its way: wait for it")
        order = self._opening(view, opposite(position.direction), by)
        if isinstance(order, str):
            return Decision(refusal=order)
        return Decision([self._place_closing(position, "flip", view.mid), self._place(order)])

    def follow(self, view: CoinView, read: ScalperRead | RulesRead) -> Decision:
        """Act on a read of the coin, if its reader is followed. A position that another opened is left alone."""
        reader = reader_of(read)
        if self.settings.follow != reader or read.coin != view.coin or self.orders_of(view.coin):
            return Decision()
        position = self._positions.get(view.coin)
        if position is not None:
            leave = position.by == reader and leaves(read, position.direction)
            return self.close(view, reader) if leave else Decision()
        action = entry_of(read, self.settings)
        return Decision() if action == "NONE" else self.open(view, 1 if action == "LONG" else -1, reader)

    # Inputs.

    def look(self, view: CoinView) -> list[PaperEvent]:
        """Take the newest prices of a coin: value, liquidate, fill what is due, and decide on exits."""
        self._set_time(view.now_ms)
        self._learn_rates(view, first_only=True)
        events = self._pass_time()
        if not view.trouble:
            events += self._value(view)
            events += self._fill_due(view)
            events += self._exit_by_price(view)
        self._learn_rates(view, first_only=False)
        return events + self._settle()

    def tick(self, now_ms: int) -> list[PaperEvent]:
        """Let time pass: late orders, funding, time stops, the day and the curve."""
        self._set_time(now_ms)
        return self._pass_time() + self._settle()

    def copy(self, purchase: Purchase, newest: Print, now_ms: int) -> Decision:
        """Buy what a followed wallet bought, as `CopyBook.open` does, unless the breaker is tripped."""
        self._set_time(now_ms)
        if self._account.tripped:
            return Decision(refusal="the day's loss has reached its limit")
        number, free_usd = self._next_number, self.free_usd
        opened = self.copies.open(purchase, newest, self.settings, free_usd, number, self._now_ms)
        if isinstance(opened, str):
            return Decision(refusal=opened)
        self._next_number += 1
        return Decision([opened, *self._settle()])

    def want_token(self, wanted: TokenWanted, rules: TokenRules, now_ms: int) -> list[PaperEvent]:
        """Order a token that was approved, as `TokenBook.order` does; a refusal is an event, too."""
        self._set_time(now_ms)
        purse = Purse(self.free_usd, self._account.tripped)
        said = self.tokens.order(wanted, rules, purse, self._next_number, self._now_ms)
        self._next_number += isinstance(said, TokenOrdered)
        return [said]

    def book(self, events: Sequence[PaperEvent], now_ms: int) -> list[PaperEvent]:
        """Of copies or tokens something happened, or they have other prices: the account takes the results, the
        breaker looks at the sum."""
        self._set_time(now_ms)
        for each in events:
            if isinstance(each, CopyClosed | TokenSold):
                self._account = accounts.with_result(self._account, each)
        return [*events, *self._settle()]

    def clock_set_back(self, now_ms: int) -> None:
        """The time went back to `now_ms`: nothing may be later than that, and nothing waits longer than it would.

        What is counted once stays counted, but no further than the next hour and day: an hour whose funding was paid,
        and a day that has begun with its breaker. A clock that was a year ahead must not stop both for a year.
        """
        self._now_ms = now_ms
        self._orders = [order_until(order, now_ms, now_ms + self.settings.latency_ms) for order in self._orders]
        self._positions = {coin: position_until(position, now_ms) for coin, position in self._positions.items()}
        self._curve = self._curve.until(now_ms)
        self.tokens.clock_set_back(now_ms)
        self._bound_by(now_ms)

    def _bound_by(self, now_ms: int) -> None:
        """Have no day later than tomorrow, no hour paid later than the next one, and no wallet read beyond now."""
        self._account = accounts.until_day(self._account, now_ms // accounts.DAY_MS + 1)
        self._positions = {coin: funded_until(position, now_ms) for coin, position in self._positions.items()}
        self.copies.clock_set_back(now_ms)

    # Time.

    def _set_time(self, now_ms: int) -> None:
        self._now_ms = max(self._now_ms, now_ms)
        self._account = accounts.on_day(self._account, self._now_ms, self.equity_usd)

    def _pass_time(self) -> list[PaperEvent]:
        """What the time alone has brought since it was last told."""
        patience_ms = round(self.settings.patience_s * 1_000)
        late = [order for order in self._orders if order.opens and self._now_ms > order.due_ms + patience_ms]
        events = self._cancel(late, f"no usable price within {self.settings.patience_s:g} s: stale data or none")
        for position in self.positions:
            self._positions[position.coin], paid = with_funding(position, self._now_ms)
            if paid is not None:
                self._account = accounts.with_funding_paid(self._account, paid)
                events.append(paid)
        return events

    def _settle(self) -> list[PaperEvent]:
        """What every input ends with: time stops, the breaker, the curve."""
        events: list[PaperEvent] = [
            self._place_closing(position, "time stop", recent_mid(position, self._now_ms))
            for position in self.positions
            if is_time_up(position, self.settings, self._now_ms) and not self.orders_of(position.coin)
        ]
        events += self._break()
        self._curve = self._curve.with_point(self._now_ms, self.equity_usd)
        return events

    def _break(self) -> list[PaperEvent]:
        """Trip the breaker when the day has lost too much."""
        loss_usd = accounts.day_loss_usd(self._account, self.equity_usd)
        if self._account.tripped or loss_usd < self.settings.daily_loss_limit:
            return []
        self._account = msgspec.structs.replace(self._account, tripped=True)
        limit_usd = self.settings.daily_loss_limit
        events: list[PaperEvent] = [accounts.broken(self._account, self._now_ms, loss_usd, limit_usd)]
        for copy in (copies := self.copies.close_all("breaker", self._now_ms)):
            self._account = accounts.with_result(self._account, copy)
        events += [*copies, *self.tokens.close_all(self._now_ms)]
        events += self._cancel(self._opening_orders(), "the day's loss reached its limit")
        for position in self.positions:
            if not self.orders_of(position.coin):
                events.append(self._place_closing(position, "breaker", recent_mid(position, self._now_ms)))
        return events

    # Prices.

    def _learn_rates(self, view: CoinView, *, first_only: bool) -> None:
        """Note the funding rate for the next full hour; before that hour is paid, only where none is known."""
        position = self._positions.get(view.coin)
        if position is not None and not (first_only and position.rate is not None):
            self._positions[view.coin] = with_rates(position, view)

    def _value(self, view: CoinView) -> list[PaperEvent]:
        """Take the price a position would close at, and liquidate it if its margin does not bear that."""
        position, price = self._positions.get(view.coin), None
        if position is not None:
            price = view.closing_price(position.direction)
        if position is None or price is None:
            return []
        position = self._positions[view.coin] = priced(position, view, self.settings.trailing_bps)
        return self._liquidate(position, view) if is_liquidated(position, price) else []

    def _liquidate(self, position: Position, view: CoinView) -> list[PaperEvent]:
        levels = levels_to_take(view, opposite(position.direction))
        if not levels:
            return []
        events = self._cancel(self.orders_of(view.coin), "the position was liquidated first")
        placed = self._place_closing(position, "liquidation", view.mid)
        order = placed.order
        walked = walk(levels, order.size, order.direction, beyond_bps=self.settings.beyond_book_bps)
        fill = liquidation_fill(position, order, view, walked, self._costs)
        return [*events, placed, *self._end(position, fill, "liquidation")]

    def _fill_due(self, view: CoinView) -> list[PaperEvent]:
        """Fill what is due at this picture of the market, one after another: none takes what another took."""
        events: list[PaperEvent] = []
        taken = {1: 0.0, -1: 0.0}
        for order in self.orders_of(view.coin):
            levels = levels_to_take(view, order.direction)
            touch = view.touch
            if not levels or touch is None or touch.time_ms < order.due_ms:
                continue
            beyond_bps, gone = self.settings.beyond_book_bps, taken[order.direction]
            walked = walk(levels, order.size, order.direction, beyond_bps=beyond_bps, taken=gone)
            taken[order.direction] += order.size
            events += self._fill(fill_of(order, view, walked, self._costs), view)
        return events

    def _fill(self, fill: Fill, view: CoinView) -> list[PaperEvent]:
        position, order = self._positions.get(view.coin), fill.order
        if order.reason != "open":
            return [] if position is None else self._end(position, fill, order.reason)
        if position is not None:
            return []
        if margin_needed_usd(order, fill.average_price) + fill.fee_usd > self.free_usd:
            return self._cancel([order], "its margin and fee are not free any more")
        self._orders.remove(order)
        self._account = accounts.with_fee(self._account, fill)
        self._positions[order.coin] = position_of(fill, view, self.settings)
        return [fill]

    def _end(self, position: Position, fill: Fill, reason: ExitReason) -> list[PaperEvent]:
        closed: PositionClosed = closed_by(position, fill, reason)
        self._orders.remove(fill.order)
        del self._positions[position.coin]
        self._account = accounts.with_closed(accounts.with_fee(self._account, fill), closed)
        return [fill, closed]

    def _exit_by_price(self, view: CoinView) -> list[PaperEvent]:
        position = self._positions.get(view.coin)
        if position is None or view.closing_price(position.direction) is None or self.orders_of(view.coin):
            return []
        reason = price_exit(position, self.settings)
        return [] if reason is None else [self._place_closing(position, reason, view.mid)]

    # Orders.

    def _opening(self, view: CoinView, direction: Direction, by: Opener) -> Order | str:
        """An order that opens, or a sentence why there cannot be one now."""
        if self._account.tripped:
            ends = accounts.breaker_ends(self._account, self._now_ms)
            return f"The day's loss has reached {self.settings.daily_loss_limit:g} paper dollars: {ends}"
        if len(self.wanted | {view.coin}) > MOST_POSITIONS:
            return f"There are {MOST_POSITIONS} paper positions and orders: close one"
        return opening_order(view, direction, by, self.settings, self._now_ms)

    def _opening_orders(self) -> list[Order]:
        return [order for order in self._orders if order.opens]

    def _place_closing(self, position: Position, reason: ExitReason, mid: float | None) -> OrderPlaced:
        return self._place(closing_order(position, reason, mid, self.settings, self._now_ms))

    def _place(self, order: Order) -> OrderPlaced:
        order = msgspec.structs.replace(order, number=self._next_number)
        self._next_number += 1
        self._orders.append(order)
        return OrderPlaced(order)

    def _cancel(self, orders: Iterable[Order], why: str) -> list[PaperEvent]:
        given_up = list(orders)
        for order in given_up:
            self._orders.remove(order)
        return [OrderCancelled(order=order, at_ms=self._now_ms, why=why) for order in given_up]
