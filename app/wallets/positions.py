"""From what a wallet did to its positions: purchases, sales, splits, merges, redemptions, and what markets paid out.

docs/wallets.md says what a position, its size, its result and its hold are. Pure: nothing is asked for.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from app.core.prediction_market import PredictionMarket, WalletActivity
from app.wallets.legs import DUST_SHARES, Leg
from app.wallets.values import ClosedPosition, Ledger

UNKNOWN_CATEGORY = ""
"""The category of a market the venue has not told us about: it has no share of the volume."""


class KnownMarkets(NamedTuple):
    """Markets by condition, and what gives the category of one from the tags of its event."""

    markets: Mapping[str, PredictionMarket]
    category: Callable[[Iterable[str]], str]

    def category_of(self, condition_id: str) -> str:
        """The category of a market; `UNKNOWN_CATEGORY` for one that is not known."""
        market = self.markets.get(condition_id)
        return UNKNOWN_CATEGORY if market is None else self.category(market.tags)

    def event_of(self, condition_id: str, event_slug: str) -> str:
        """What names the event of a market: its slug, or the market alone where there is none."""
        market = self.markets.get(condition_id)
        return event_slug or (market.event_slug if market else "") or condition_id

    def payout(self, condition_id: str, token_id: str, now_s: int) -> float | None:
        """What a share of a token pays; None while that is open or not known, and for what lies after `now_s`."""
        market = self.markets.get(condition_id)
        if market is None or market.payouts is None or token_id not in market.token_ids:
            return None
        if market.closed_s is not None and market.closed_s > now_s:
            return None
        place = market.token_ids.index(token_id)
        return market.payouts[place] if place < len(market.payouts) else None


def ledger_of(wallet: str, activity: Sequence[WalletActivity], known: KnownMarkets, now_s: int) -> Ledger:
    """A wallet's activity up to `now_s` as positions, closed ones in order of closing.

    What is still held when its market has paid out is closed at that time, redeemed or not.
    """
    book = _Book(known, now_s)
    seen = [each for each in sorted(activity, key=lambda each: each.at_s) if each.at_s <= now_s]
    for each in seen:
        book.take(each)
    book.settle()
    conditions = {each.condition_id for each in seen if each.condition_id}
    return Ledger(
        wallet=wallet,
        closed=tuple(sorted(book.closed, key=lambda position: position.closed_s)),
        opened=tuple(sorted((leg.open() for leg in book.legs()), key=lambda position: position.opened_s)),
        traded_usdc=sum(each.usdc for each in seen if each.kind in ("BUY", "SELL")),
        rebates_usdc=sum(each.usdc for each in seen if each.kind == "REBATE"),
        unmatched=book.unmatched,
        unmatched_usdc=book.unmatched_usdc,
        unknown_markets=len(conditions - known.markets.keys()),
        first_s=seen[0].at_s if seen else None,
        last_s=seen[-1].at_s if seen else None,
    )


class _Book:
    """The legs of one wallet, by condition and token."""

    def __init__(self, known: KnownMarkets, now_s: int) -> None:
        self.closed: list[ClosedPosition] = []
        self.unmatched = 0
        self.unmatched_usdc = 0.0
        self._known = known
        self._now_s = now_s
        self._legs: dict[str, dict[str, Leg]] = {}

    def legs(self) -> list[Leg]:
        """All legs that are held."""
        return [leg for legs in self._legs.values() for leg in legs.values()]

    def take(self, each: WalletActivity) -> None:
        """One thing the wallet did, in order of time. A rebate moves no shares."""
        match each.kind:
            case "BUY":
                self._leg(each, _token(each)).enter(each.size, each.usdc, each.at_s)
            case "SELL":
                self._sell(each)
            case "SPLIT":
                self._split(each)
            case "MERGE":
                self._merge(each)
            case "REDEEM":
                self._redeem(each)

    def settle(self) -> None:
        """Close what its market has paid out."""
        for leg in self.legs():
            payout = self._known.payout(leg.condition_id, leg.token_id, self._now_s)
            if payout is not None:
                closed_s = self._known.markets[leg.condition_id].closed_s
                at_s = max(leg.last_s, closed_s or leg.last_s)
                leg.leave(leg.shares, leg.shares * payout, at_s)
                self._close(leg, at_s, hold_known=closed_s is not None)

    def _leg(self, each: WalletActivity, token_id: str) -> Leg:
        legs = self._legs.setdefault(each.condition_id, {})
        leg = legs.get(token_id)
        if leg is None:
            event = self._known.event_of(each.condition_id, each.event_slug)
            leg = Leg(each.condition_id, token_id, event, self._known.category_of(each.condition_id), each.at_s)
            legs[token_id] = leg
            if len(legs) > 1:
                for held in legs.values():
                    held.hedged = True
        return leg

    def _sell(self, each: WalletActivity) -> None:
        leg = self._legs.get(each.condition_id, {}).get(_token(each))
        held = leg.shares if leg else 0.0
        if each.size > held + DUST_SHARES:
            self._miss(each.usdc * (each.size - held) / each.size)
        if leg is not None and each.size > 0:
            sold = min(each.size, held)
            leg.leave(sold, each.usdc * sold / each.size, each.at_s)
            self._close_if_empty(leg, each.at_s)

    def _split(self, each: WalletActivity) -> None:
        market = self._known.markets.get(each.condition_id)
        if market is None or not market.token_ids:
            self._miss(each.usdc)
            return
        for token_id in market.token_ids:
            leg = self._leg(each, token_id)
            leg.impure = True
            leg.enter(each.size, each.usdc / len(market.token_ids), each.at_s)

    def _merge(self, each: WalletActivity) -> None:
        """Equal shares of all outcomes become USDC, shared out among them by what they have cost on average."""
        legs = list(self._legs.get(each.condition_id, {}).values())
        market = self._known.markets.get(each.condition_id)
        whole = len(legs) >= (len(market.token_ids) if market and market.token_ids else 2)
        cost = sum(leg.average_cost for leg in legs)
        if not whole or cost <= 0 or each.size <= 0:
            self._miss(each.usdc)
        for leg in legs:
            shares = min(each.size, leg.shares)
            # What the unseen outcomes cost is not known, so that those that are seen come back at cost.
            rate = (
                each.usdc / each.size * leg.average_cost / cost
                if whole and cost > 0 and each.size > 0
                else leg.average_cost
            )
            leg.leave(shares, shares * rate, each.at_s)
            self._close_if_empty(leg, each.at_s)

    def _redeem(self, each: WalletActivity) -> None:
        """All shares of a resolved market become what it pays. The position ended when the market did."""
        legs = self._legs.get(each.condition_id, {})
        chosen = [legs[each.token_id]] if each.token_id in legs else list(legs.values())
        if not chosen and each.usdc > 0:
            self._miss(each.usdc)
        market = self._known.markets.get(each.condition_id)
        for leg, usdc in self._redeemed(chosen, each):
            ended_s = each.at_s if market is None or market.closed_s is None else min(each.at_s, market.closed_s)
            at_s = max(leg.last_s, ended_s)
            leg.leave(leg.shares, usdc, at_s)
            self._close(leg, at_s)

    def _redeemed(self, legs: Sequence[Leg], each: WalletActivity) -> list[tuple[Leg, float]]:
        """What each leg brings: its payout where that is known, else all for the leg whose shares come nearest."""
        payouts = [self._known.payout(leg.condition_id, leg.token_id, each.at_s) for leg in legs]
        told = [payout for payout in payouts if payout is not None]
        if len(told) == len(legs):
            return [(leg, leg.shares * payout) for leg, payout in zip(legs, told, strict=True)]
        nearest = min(legs, key=lambda leg: abs(leg.shares - each.usdc))
        return [(leg, each.usdc if leg is nearest else 0.0) for leg in legs]

    def _close_if_empty(self, leg: Leg, at_s: int) -> None:
        if leg.empty:
            self._close(leg, at_s)

    def _close(self, leg: Leg, at_s: int, *, hold_known: bool = True) -> None:
        self.closed.append(leg.closed(at_s, hold_known=hold_known))
        del self._legs[leg.condition_id][leg.token_id]

    def _miss(self, usdc: float) -> None:
        self.unmatched += 1
        self.unmatched_usdc += usdc


def _token(each: WalletActivity) -> str:
    """What names an outcome of a market; older rows may have no token."""
    return each.token_id or f"{each.condition_id}:{each.outcome_index}"
