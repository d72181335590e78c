"""Rows of the data API out of a wallet's history, as they stand at a moment."""

import numpy as np

from app.demo.grid import Integers
from app.demo.prediction import results, wire
from app.demo.prediction.history import History, Series
from app.demo.prediction.legs import Leg
from app.demo.prediction.results import Results
from app.demo.prediction.stakes import Bets
from app.demo.prediction.world import World

UNLABELLED = 999
_UNLABELLED_OF_16 = 6
_NULL_OF_256 = 2
TYPES = {Leg.BUY: "TRADE", Leg.SELL: "TRADE", Leg.MERGE: "MERGE", Leg.REDEEM: "REDEEM", Leg.REBATE: "MAKER_REBATE"}
_SIDES = {Leg.BUY: "BUY", Leg.SELL: "SELL"}
_BLOCK_S, _FIRST_BLOCK_S = 2, 1_601_969_816
_DAY_S = 86_400


def trade(world: World, history: History, row: int) -> wire.Trade:
    """One fill. Some carry no event and no index of their outcome, as on the venue."""
    legs, profile = history.legs, world.profile(history.wallet)
    market, outcome = int(history.bets.market[legs.bet[row]]), int(legs.outcome[row])
    names = world.names.market(market)
    bare = int(legs.serial[row]) % 16 < _UNLABELLED_OF_16
    return wire.Trade(
        profile.address, _SIDES[Leg(int(legs.kind[row]))], names.token_ids[outcome], names.condition_id,
        round(float(legs.size[row]), 6), round(float(legs.price[row]), 10), int(legs.time_s[row]), names.title,
        names.slug, "", "" if bare else names.event_slug, names.outcomes[outcome], UNLABELLED if bare else outcome,
        profile.name, profile.pseudonym, "", "", "", world.transaction(int(legs.keys[row])),
    )  # fmt: skip


def activity(world: World, history: History, row: int) -> wire.Activity:
    """One thing a wallet did; what is no trade names no token."""
    legs, profile = history.legs, world.profile(history.wallet)
    kind, bet, outcome = Leg(int(legs.kind[row])), int(legs.bet[row]), int(legs.outcome[row])
    names = world.names.market(int(history.bets.market[bet])) if bet >= 0 else None
    traded = kind in _SIDES and names is not None
    return wire.Activity(
        proxy_wallet=profile.address,
        timestamp=int(legs.time_s[row]),
        condition_id=names.condition_id if names else "",
        type=TYPES[kind],
        size=round(float(legs.size[row]), 6),
        usdc_size=round(float(legs.usdc[row]), 6),
        transaction_hash=world.transaction(int(legs.keys[row])),
        price=round(float(legs.price[row]), 10),
        token_id=names.token_ids[outcome] if names and traded else "",
        side=_SIDES.get(kind, ""),
        outcome_index=outcome if traded else UNLABELLED,
        title=names.title if names else "",
        slug=names.slug if names else "",
        icon="",
        event_slug=names.event_slug if names else "",
        outcome=names.outcomes[outcome] if names and traded else "",
        name=profile.name,
        pseudonym=profile.pseudonym,
        bio="",
        profile_image="",
        profile_image_optimized="",
    )


def statuses(bets: Bets, now: Results, now_s: int) -> list[str]:
    """Status of each bet's position, empty while it has not begun."""
    lost = now.resolved & ~bets.won
    held = now.held > 0.0
    pending = held & ~now.resolved
    merging = bets.merging & (bets.exit_s <= now_s) & ~now.resolved
    status = np.where(pending, "OPEN", "CLOSED")
    status = np.where(pending & merging, "MERGEABLE", status)
    status = np.where(held & now.resolved, np.where(lost, "REDEEMABLE_LOST", "REDEEMABLE"), status)
    return [str(word) for word in np.where(now.begun, status, "")]


def position(world: World, history: History, now: Results, bet: int, status: str, now_s: int) -> wire.Position:
    """One bet as a position. A few rows lack their averages, which then are null."""
    bets, profile = history.bets, world.profile(history.wallet)
    market, outcome = int(bets.market[bet]), int(bets.outcome[bet])
    names = world.names.market(market)
    held, mark, shares = float(now.held[bet]), float(now.mark[bet]), float(bets.shares[bet])
    price = float(bets.price[bet])
    realized, unrealized = float(now.realized[bet]), float(now.unrealized[bet])
    # Settled but not redeemed is still shown as unrealised: its money is in the shares.
    if status.startswith("REDEEMABLE"):
        unrealized = held * (mark - price)
        realized -= unrealized
    cost = shares * price
    null = int(bets.keys[bet]) % 256 < _NULL_OF_256
    return wire.Position(
        proxy_wallet=profile.address,
        token_id=names.token_ids[outcome],
        condition_id=names.condition_id,
        current_size=round(held, 6),
        avg_price=None if null else price,
        entry_cost_usdc=None if null else round(held * price, 6),
        entry_fees_usdc=0.0,
        total_cost_usdc=None if null else round(cost, 6),
        current_price=mark,
        current_value=round(held * mark, 6),
        total_size=round(shares, 6),
        realized_pnl=round(realized, 6),
        unrealized_pnl=None if null else round(unrealized, 6),
        total_pnl=None if null else round(realized + unrealized, 6),
        percent_pnl=None if null else round(100.0 * (realized + unrealized) / cost, 4),
        percent_realized_pnl=None if null else round(100.0 * realized / cost, 4),
        status=status,
        redeemable=status.startswith("REDEEMABLE"),
        mergeable=status == "MERGEABLE",
        negative_risk=False,
        archived=False,
        title=names.title,
        slug=names.slug,
        icon="",
        event_id=event_id(int(world.markets.event[market])),
        event_slug=names.event_slug,
        outcome=names.outcomes[outcome],
        outcome_index=outcome,
        opposite_outcome=names.outcomes[1 - outcome],
        opposite_token_id=names.token_ids[1 - outcome],
        end_date=day(int(world.markets.closes_s[market])),
        last_event_at=last_event_s(world, bets, bet, now_s),
        name=profile.name,
        profile_image="",
        verified=profile.verified,
    )


def last_event_s(world: World, bets: Bets, bet: int, now_s: int) -> int:
    """When something last happened to a position: entry, exit, redemption; of what is held to the end, resolution."""
    end_s = world.markets.resolves_s[bets.market[bet]] if bets.exit_part[bet] < 1.0 else bets.exit_s[bet]
    moments = (bets.entry_s[bet], bets.exit_s[bet], end_s, bets.redeem_s[bet])
    return max(int(moment) for moment in moments if moment <= now_s)


def stats(world: World, history: History, now_s: int) -> wire.Stats:
    """Totals of a wallet that has begun."""
    bets = history.bets
    now = results.at(world.markets, bets, now_s)
    best = float(np.max(now.realized, initial=0.0))
    return wire.Stats(
        proxy_wallet=world.people.address(history.wallet),
        trades=int(now.begun.sum()),
        biggest_win=round(best, 6) if best > 0.0 else None,
        views=int(world.people.views[history.wallet]),
        join_date=world.people.joined_s(history.wallet, world.markets.anchor_s),
        all_time_pnl=totals(world, history, now, now_s),
    )


def totals(world: World, history: History, now: Results, now_s: int) -> wire.Pnl:
    """The last point of a wallet's results."""
    legs = history.legs
    shares, usdc = results.volume(history.bets, now_s)
    past = legs.time_s <= now_s
    rebates = legs.usdc[past & (legs.kind == Leg.REBATE)].sum()
    fills = int((past & (legs.kind <= Leg.SELL)).sum())
    realized, unrealized = float(now.realized.sum()), float(now.unrealized.sum())
    return _pnl(now_s, realized, unrealized, float(rebates), float(shares.sum()), float(usdc.sum()), fills)


def points(line: Series) -> list[wire.Pnl]:
    """A wallet's results over time."""
    columns = (line.times_s, line.realized, line.unrealized, line.rebates, line.shares, line.usdc, line.fills)
    return [_pnl(*numbers) for numbers in zip(*(column.tolist() for column in columns), strict=True)]


def _pnl(
    time_s: int, realized: float, unrealized: float, rebate: float, shares: float, usdc: float, fills: int
) -> wire.Pnl:
    earned, left, rebate = round(realized, 6), round(unrealized, 6), round(rebate, 6)
    return wire.Pnl(
        timestamp=time_s,
        source_block=max(0, time_s - _FIRST_BLOCK_S) // _BLOCK_S,
        realized_market_pnl=earned,
        realized_lp_pnl=0.0,
        realized_combo_pnl=0.0,
        unrealized_pnl=left,
        fees_refunded=0.0,
        maker_rebate=rebate,
        taker_rebate=0.0,
        reward_income=0.0,
        yield_income=0.0,
        referral_income=0.0,
        deposits=None,
        withdrawals=None,
        realized_pnl=earned,
        wallet_income=rebate,
        position_pnl=round(earned + left, 6),
        settled_pnl=round(earned + rebate, 6),
        economic_pnl=round(earned + left + rebate, 6),
        trade_pnl=round(earned + left, 6),
        sponsored_income=rebate,
        fees=0.0,
        fees_paid=0.0,
        cashflow_net=None,
        volume=round(shares, 6),
        volume_usdc=round(usdc, 6),
        trade_count=fills,
    )


def holder(world: World, history: History, now: Results, bet: int) -> wire.Holder:
    """One wallet's shares in one outcome."""
    profile, bets = world.profile(history.wallet), history.bets
    held, mark, price = float(now.held[bet]), float(now.mark[bet]), float(bets.price[bet])
    outcome = int(bets.outcome[bet])
    unrealized, realized = held * (mark - price), float(now.realized[bet])
    realized -= unrealized if now.resolved[bet] else 0.0
    return wire.Holder(
        profile.address, "", world.names.market(int(bets.market[bet])).token_ids[outcome], profile.pseudonym,
        round(held, 6), bool(profile.name), outcome, profile.name, "", "", profile.verified, price,
        round(held * price, 6), mark, round(held * mark, 6), round(realized, 6), round(unrealized, 6),
        round(realized + unrealized, 6),
    )  # fmt: skip


def event_id(event: int) -> str:
    """The venue's number of an event."""
    return str(20_000 + event)


def day(moment_s: int) -> str:
    """A UTC date."""
    return str(np.datetime64(moment_s, "s").astype("datetime64[D]"))


def days(begin_s: int, end_s: int, step_s: int) -> Integers:
    """Times of points: whole steps from `begin_s` on, and `end_s` last."""
    whole = np.arange(-(-begin_s // step_s) * step_s, end_s, step_s)
    return np.append(whole, end_s).astype(np.int64)
