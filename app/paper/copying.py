"""Paper positions in prediction markets that follow a wallet, at the prices a copier would have had. Pure.

A copier sees a purchase late, pays more than the last print and gets less (`paper.copy_slippage` a share). One position
an outcome; it ends when the wallet has sold what it was seen to buy, when the market pays out, or with the breaker.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from app.config.settings import PaperSettings
from app.core.events import Count, Milliseconds
from app.core.prediction_market import Address, Probability, Shares, WalletActivity
from app.core.text import clean
from app.paper.events import CopyClosed, CopyEnd, CopyOpened

MOST_COPIES = 20
"""Markets that one question about prices may name."""
MOST_CURSORS = 50
_OVERLAP_S = 60
"""The venue may tell of a trade later than of one that came after it, by less than this."""
_MOST_SEEN, _LEAST_SEEN = 400, 40
_LEAST_PRICE = 0.0001
"""The smallest step of a price at the venue: for less than one of it no number of shares can be had."""
_DUST_SHARES, _DUST_SHARE = 0.01, 0.01
_Text = Annotated[str, Meta(max_length=128)]


class Copy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An open copy. `shares` were bought at `entry_price`; at `close_price` they could be sold, by the newest print,
    which was at `priced_ms`.

    `wallet_shares` is what the wallet was seen to buy of the outcome less what it was seen to sell, `wallet_most` the
    most of it. `closing` says why it is to end at the next price; empty while it is to stay.
    """

    number: Count
    wallet: Address
    condition_id: _Text
    token_id: _Text
    market: _Text
    shares: Annotated[float, Meta(gt=0, lt=1e15)]
    entry_price: Annotated[float, Meta(gt=0, le=1)]
    close_price: Probability
    opened_ms: Milliseconds
    priced_ms: Milliseconds
    wallet_shares: Annotated[float, Meta(ge=-1e15, lt=1e15)]
    wallet_most: Shares
    closing: CopyEnd | None = None

    @property
    def cost_usd(self) -> float:
        """What was paid: all that can be lost."""
        return self.shares * self.entry_price

    @property
    def result_usd(self) -> float:
        """What closing it now would come to."""
        return self.shares * (self.close_price - self.entry_price)


class SeenTrade(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing a wallet did, as far as it is told from others."""

    at_s: Annotated[int, Meta(gt=0)]
    what: _Text


class Cursor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far a wallet's trades are read: all before `since_s`, and of those after it `seen`.

    The newest stay in `seen` although they are older: should the clock be set back, they are not told twice.
    """

    wallet: Address
    since_s: Annotated[int, Meta(gt=0)]
    seen: Annotated[tuple[SeenTrade, ...], Meta(max_length=_MOST_SEEN)] = ()


class Print(NamedTuple):
    """What an outcome traded at: USDC a share, and when, in milliseconds since 1970 by the venue's clock."""

    price: float
    at_ms: int


class Purchase(msgspec.Struct, frozen=True):
    """A wallet was seen to buy an outcome of which there is no copy: `shares` of it are what it still holds."""

    trade: WalletActivity
    shares: Annotated[float, Meta(gt=0)]


class CopyState(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that is needed to go on; `pending` are purchases that wait for a price of their market."""

    copies: Annotated[tuple[Copy, ...], Meta(max_length=MOST_COPIES)] = ()
    cursors: Annotated[tuple[Cursor, ...], Meta(max_length=MOST_CURSORS)] = ()
    pending: Annotated[tuple[Purchase, ...], Meta(max_length=MOST_COPIES)] = ()


class CopyBook:
    """Open copies by outcome, and how far each wallet is read. Money is paper dollars, one a USDC."""

    def __init__(self, state: CopyState) -> None:
        self._copies = {copy.token_id: copy for copy in state.copies}
        self._cursors = {cursor.wallet: cursor for cursor in state.cursors}
        self._pending = {_bought_by(each): each for each in state.pending}

    @property
    def copies(self) -> tuple[Copy, ...]:
        """Open ones, the oldest first."""
        return tuple(self._copies.values())

    @property
    def pending(self) -> tuple[Purchase, ...]:
        """Purchases that wait for a price of their market, with what their wallets still hold of them."""
        return tuple(self._pending.values())

    @property
    def cost_usd(self) -> float:
        """What was paid for all that is open."""
        return sum(copy.cost_usd for copy in self._copies.values())

    @property
    def result_usd(self) -> float:
        """What closing all now would come to."""
        return sum(copy.result_usd for copy in self._copies.values())

    def state(self) -> CopyState:
        """All that is needed to go on."""
        return CopyState(copies=self.copies, cursors=tuple(self._cursors.values()), pending=self.pending)

    # What wallets do.

    def since_s(self, wallet: str, now_s: int, wanted: Collection[str] = ()) -> int:
        """From when on a wallet's trades are to be asked for: who is new is read from now on.

        How far others are read gives way where there is no room, of those that are not `wanted` first.
        """
        if wallet not in self._cursors:
            self._cursors[wallet] = Cursor(wallet=wallet, since_s=now_s)
            by_want = sorted(self._cursors, key=lambda each: each == wallet or each in wanted)
            for each in by_want[: max(0, len(by_want) - MOST_CURSORS)]:
                del self._cursors[each]
        return self._cursors[wallet].since_s

    def clock_set_back(self, now_ms: int) -> None:
        """The time went back to `now_ms`, or a saved book is taken up then: nothing was read or opened later."""
        for copy in self.copies:
            opened_ms, priced_ms = min(copy.opened_ms, now_ms), min(copy.priced_ms, now_ms)
            self._copies[copy.token_id] = msgspec.structs.replace(copy, opened_ms=opened_ms, priced_ms=priced_ms)
        for wallet, cursor in self._cursors.items():
            since_s = min(cursor.since_s, now_ms // 1_000)
            self._cursors[wallet] = msgspec.structs.replace(cursor, since_s=since_s)

    def fresh(self, wallet: str, rows: Sequence[WalletActivity], now_s: int) -> list[WalletActivity]:
        """What of these, oldest first, was not told before; it counts as told from now on, which is `now_s`."""
        cursor = self._cursors.get(wallet)
        if cursor is None:
            return []
        known = Counter(cursor.seen)
        new: list[WalletActivity] = []
        for row in rows:
            told = _told(row)
            known[told] -= 1
            if row.wallet == wallet and row.at_s >= cursor.since_s and known[told] < 0:
                new.append(row)
        self._cursors[wallet] = _moved(cursor, new, now_s)
        return new

    def take(self, wallet: str, rows: Iterable[WalletActivity]) -> list[Purchase]:
        """What a wallet did, oldest first: copies of what it left are to close; purchases that might be copied."""
        held: Counter[str] = Counter()
        bought: dict[str, WalletActivity] = {}
        for row in rows:
            if row.kind in ("MERGE", "REDEEM"):
                self._leave_market(wallet, row)
            elif row.kind in ("BUY", "SELL") and row.token_id:
                shares = row.size if row.kind == "BUY" else -row.size
                if row.token_id in self._copies:
                    self._moved_by(wallet, row.token_id, shares)
                    continue
                if (wallet, row.token_id) in self._pending:
                    self._pending_moved((wallet, row.token_id), shares)
                    continue
                held[row.token_id] += shares  # type: ignore[assignment] # a Counter of numbers
                if row.kind == "BUY":
                    bought[row.token_id] = row
        return [Purchase(row, held[token]) for token, row in bought.items() if held[token] > _dust(row.size)]

    def want(self, purchase: Purchase) -> bool:
        """Have a purchase wait for a price of its market; whether there is room."""
        if len(self._pending) >= MOST_COPIES:
            return False
        self._pending[_bought_by(purchase)] = purchase
        return True

    def drop(self, purchase: Purchase) -> None:
        """A purchase waits no longer."""
        self._pending.pop(_bought_by(purchase), None)

    def _pending_moved(self, key: tuple[str, str], shares: float) -> None:
        purchase = self._pending[key]
        left = purchase.shares + shares
        if left <= _dust(purchase.shares):
            del self._pending[key]
        else:
            self._pending[key] = msgspec.structs.replace(purchase, shares=left)

    def _leave_market(self, wallet: str, row: WalletActivity) -> None:
        for purchase in self.pending:
            if (purchase.trade.wallet, purchase.trade.condition_id) == (wallet, row.condition_id):
                # What is redeemed has been paid out: there is nothing left to copy.
                self._pending_moved(_bought_by(purchase), -row.size if row.kind == "MERGE" else -purchase.shares)
        for copy in self.copies:
            # A redemption says that the market has paid out: what, is asked for.
            if (copy.wallet, copy.condition_id) == (wallet, row.condition_id) and row.kind == "MERGE":
                self._moved_by(wallet, copy.token_id, -row.size)

    def _moved_by(self, wallet: str, token_id: str, shares: float) -> None:
        copy = self._copies[token_id]
        if copy.wallet != wallet:
            return
        left = copy.wallet_shares + shares
        most = max(copy.wallet_most, left)
        closing = copy.closing or ("sold" if left <= _dust(most) else None)
        self._copies[token_id] = msgspec.structs.replace(copy, wallet_shares=left, wallet_most=most, closing=closing)

    # Prices.

    def price(self, prints: Mapping[str, Print], slippage: float, now_ms: int) -> None:
        """Take the newest prints by outcome: none is newer than now, whatever it is dated."""
        for copy in self.copies:
            newest = prints.get(copy.token_id)
            if newest is not None:
                self._copies[copy.token_id] = msgspec.structs.replace(
                    copy, close_price=max(0.0, newest.price - slippage), priced_ms=min(newest.at_ms, now_ms)
                )

    def open(
        self, purchase: Purchase, newest: Print, settings: PaperSettings, free_usd: float, number: int, now_ms: int
    ) -> CopyOpened | str:
        """Buy what a wallet bought, at the newest print and the slippage; or a sentence why not."""
        refused = self._refusal(purchase.trade.token_id, newest.price, settings, free_usd)
        if refused:
            return refused
        trade, copy = purchase.trade, _copy_of(purchase, newest, settings, number, now_ms)
        self._copies[copy.token_id] = copy
        return CopyOpened(
            number=number, wallet=copy.wallet, market=copy.market, shares=copy.shares, wallet_price=trade.price,
            print_price=newest.price, entry_price=copy.entry_price, at_ms=now_ms,
            late_ms=max(0, now_ms - trade.at_s * 1_000),
        )  # fmt: skip

    def _refusal(self, token_id: str, price: float, settings: PaperSettings, free_usd: float) -> str:
        """Why this outcome is not bought; empty when it is."""
        if token_id in self._copies:
            return "there is a copy of this outcome already"
        if len(self._copies) >= settings.copy_positions:
            return f"{settings.copy_positions} copies are open (paper.copy_positions)"
        if price + settings.copy_slippage >= 1:
            return f"at {price:.3f} there is nothing to win after slippage"
        if price + settings.copy_slippage < _LEAST_PRICE:
            return f"at {price:.9g} it costs less than the venue's smallest step of {_LEAST_PRICE}"
        if self.cost_usd + settings.copy_usd > settings.copy_exposure_usd:
            return f"more than {settings.copy_exposure_usd:,.0f} paper $ would be in copies (paper.copy_exposure_usd)"
        if settings.copy_usd > free_usd:
            return f"{settings.copy_usd:,.2f} paper $ are needed and {free_usd:,.2f} are free"
        return ""

    def close(self, token_id: str, reason: CopyEnd, price: float, now_ms: int) -> CopyClosed:
        """End a copy at this price a share."""
        copy = self._copies.pop(token_id)
        gross_usd = copy.shares * (price - copy.entry_price)
        return CopyClosed(
            number=copy.number, wallet=copy.wallet, market=copy.market, shares=copy.shares, reason=reason,
            entry_price=copy.entry_price, exit_price=price, opened_ms=copy.opened_ms, closed_ms=now_ms,
            result_usd=gross_usd,
        )  # fmt: skip

    def close_due(self, prints: Collection[str], now_ms: int) -> list[CopyClosed]:
        """End those that are to close and whose outcome has a print among these: at the price they could be sold."""
        due = [copy for copy in self.copies if copy.closing is not None and copy.token_id in prints]
        return [self.close(copy.token_id, copy.closing or "sold", copy.close_price, now_ms) for copy in due]

    def close_all(self, reason: CopyEnd, now_ms: int) -> list[CopyClosed]:
        """End all at the last prices they could have been sold at."""
        return [self.close(copy.token_id, reason, copy.close_price, now_ms) for copy in self.copies]

    def pay_out(self, condition_id: str, payouts: Mapping[str, float], now_ms: int) -> list[CopyClosed]:
        """A market has paid out, so much a share by outcome."""
        paid = [copy for copy in self.copies if copy.condition_id == condition_id and copy.token_id in payouts]
        return [self.close(copy.token_id, "paid out", payouts[copy.token_id], now_ms) for copy in paid]


def market_name(trade: WalletActivity) -> str:
    """An outcome in words: its event, the first digits of its market's id, and which outcome.

    All markets of an event share its name, so that the digits set them apart; they stand alone where none is told.
    """
    outcome = "?" if trade.outcome_index is None else str(trade.outcome_index)
    market = f"{trade.condition_id.removeprefix('0x')[:6]} #{outcome}"
    return str(clean(f"{clean(trade.event_slug, 44)} {market}".strip(), 60))


def _copy_of(purchase: Purchase, newest: Print, settings: PaperSettings, number: int, now_ms: int) -> Copy:
    """The copy of a purchase at the newest print, with the slippage both ways."""
    trade, entry_price = purchase.trade, newest.price + settings.copy_slippage
    return Copy(
        number=number,
        wallet=trade.wallet,
        condition_id=trade.condition_id,
        token_id=trade.token_id,
        market=market_name(trade),
        shares=settings.copy_usd / entry_price,
        entry_price=entry_price,
        close_price=max(0.0, newest.price - settings.copy_slippage),
        opened_ms=now_ms,
        priced_ms=min(newest.at_ms, now_ms),
        wallet_shares=purchase.shares,
        wallet_most=purchase.shares,
    )


def _bought_by(purchase: Purchase) -> tuple[str, str]:
    return purchase.trade.wallet, purchase.trade.token_id


def newest_prints(rows: Iterable[WalletActivity]) -> dict[str, Print]:
    """The last print of each outcome, of trades oldest first."""
    return {row.token_id: print_of(row) for row in rows if row.kind in ("BUY", "SELL") and row.token_id}


def print_of(trade: WalletActivity) -> Print:
    """A trade as a print of its outcome."""
    return Print(trade.price, trade.at_s * 1_000)


def _dust(most: float) -> float:
    return max(_DUST_SHARES, _DUST_SHARE * most)


def _told(row: WalletActivity) -> SeenTrade:
    what = f"{row.kind} {row.size:.9g} {row.price:.9g} {row.token_id or row.condition_id}"
    return SeenTrade(row.at_s, what[:128])


def _moved(cursor: Cursor, new: Sequence[WalletActivity], now_s: int) -> Cursor:
    """The cursor behind these: the last minute is remembered, at most `_MOST_SEEN` of it, and some before it.

    It is never later than `now_s`, whatever a trade is dated: all until then would be passed over.
    """
    seen = sorted((*cursor.seen, *map(_told, new)), key=_at_s)
    newest_s = min(seen[-1].at_s, now_s) if seen else cursor.since_s
    since_s = max(cursor.since_s, newest_s - _OVERLAP_S)
    if len(seen) > _MOST_SEEN:
        since_s = max(since_s, min(seen[-_MOST_SEEN - 1].at_s + 1, now_s))
    first = min(bisect_left(seen, since_s, key=_at_s), max(0, len(seen) - _LEAST_SEEN))
    return msgspec.structs.replace(cursor, since_s=since_s, seen=tuple(seen[first : first + _MOST_SEEN]))


def _at_s(trade: SeenTrade) -> int:
    return trade.at_s
