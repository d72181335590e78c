"""Routes of the data API v2 about everybody: leaderboards, the feed of all trades, and who is in a market."""

import numpy as np

from app.demo.grid import Integers
from app.demo.prediction import results, rows, wire
from app.demo.prediction.categories import SLUGS
from app.demo.prediction.data_api import MOST_ROWS, Filter, conditions, data, find, page
from app.demo.prediction.draws import Flags
from app.demo.prediction.history import Together
from app.demo.prediction.index import OVERALL, PERIODS, Boards, Feed, Small, Traders, standings
from app.demo.prediction.legs import Leg
from app.demo.prediction.questions import Question, invalid
from app.demo.prediction.world import World

# What the venue ranks besides its root tags; nothing of it is simulated.
_EMPTY_BOARDS = ("combos", "esports")
MOST_STANDINGS = 100
MOST_HOLDERS = 100
STALE_S = 300
_LATEST_S = 10_000_000_000


def leaderboard(world: World, boards: Boards, question: Question, now_s: int) -> bytes:
    """`/v2/leaderboard`, or the standing of one wallet with `user=`. Only wallets that traded in the period rank."""
    question.no_offset()
    period = question.choice("time_period", "day", tuple(PERIODS))
    category = question.choice("category", "overall", ("overall", *SLUGS, *_EMPTY_BOARDS))
    by_pnl = question.choice("sort_by", "PNL", ("PNL", "VOLUME")) == "PNL"
    limit = question.number("limit", 25, 1, MOST_STANDINGS)
    if category in _EMPTY_BOARDS:
        return data(None) if question.text("user") else page([], limit, 0, "")
    place = list(PERIODS).index(period), OVERALL if category == "overall" else SLUGS.index(category)
    pnl, volume = boards.pnl[place], boards.volume[place]
    if question.text("user"):
        return _standing(world, question, (pnl, volume), place, now_s)
    skip = question.cursor("leaderboard").get("o", 0)
    ranked = _ranked(pnl if by_pnl else volume, pnl, volume)
    shown = ranked[skip : skip + limit].tolist()
    found = [_row(world, skip + 1 + nth, wallet, pnl, volume) for nth, wallet in enumerate(shown)]
    rest = question.next_cursor("leaderboard", o=skip + limit) if skip + limit < len(ranked) else ""
    return page(found, limit, skip, rest)


def _ranked(amounts: Small, pnl: Small, volume: Small) -> Integers:
    there = np.flatnonzero((pnl != 0) | (volume != 0))
    result: Integers = there[np.argsort(-amounts[there], kind="stable")]
    return result


def _row(world: World, rank: int, wallet: int, pnl: Small, volume: Small) -> wire.Standing:
    profile = world.profile(wallet)
    return wire.Standing(
        rank, profile.address, round(float(pnl[wallet]), 6), round(float(volume[wallet]), 6), profile.name, "",
        profile.x_username, profile.verified,
    )  # fmt: skip


def _standing(
    world: World, question: Question, board: tuple[Small, Small], place: tuple[int, int], now_s: int
) -> bytes:
    """One wallet: its amounts as of now, its ranks as of the board."""
    history = find(world, question.user(), now_s)
    if history is None:
        return data(None)
    pnl, volume = standings(world.markets, history.bets._replace(wallet=np.zeros_like(history.bets.wallet)), 1, now_s)
    ranks = [1 + int((amounts > amounts[history.wallet]).sum()) for amounts in board]
    profile = world.profile(history.wallet)
    return data(
        wire.OneStanding(
            profile.address, round(float(pnl[place][0]), 6), round(float(volume[place][0]), 6), ranks[0], ranks[1],
            profile.name, "", profile.x_username, profile.verified,
        )
    )  # fmt: skip


def feed(world: World, everybody: Feed, question: Question, now_s: int) -> bytes:
    """`/v2/trades` of everybody, newest first. Its plain first page comes from a cache up to five minutes old."""
    question.no_offset()
    limit = question.number("limit", 100, 1, MOST_ROWS)
    plain = not question.filters("limit")
    latest = now_s // STALE_S * STALE_S if plain else now_s
    latest = min(latest, question.number("end", 0, 0, _LATEST_S) or latest)
    begin = question.number("start", 0, 0, _LATEST_S)
    stop = question.cursor("trades").get("sq", int(np.searchsorted(everybody.time_s, latest, side="right")))
    first = int(np.searchsorted(everybody.time_s, begin))
    found: list[int] = []
    # Backwards in pieces: most questions are answered by the newest few thousand.
    while stop > first and len(found) <= limit:
        piece = np.arange(max(first, stop - 20_000), stop)
        found += piece[_passes(question, everybody, piece)][::-1].tolist()
        stop = int(piece[0])
    shown = found[:limit]
    histories = world.histories.several(everybody.wallet[shown].tolist())
    trades = [
        rows.trade(world, history, row) for history, row in zip(histories, everybody.row[shown].tolist(), strict=True)
    ]
    return page(trades, limit, 0, question.next_cursor("trades", sq=shown[-1]) if len(found) > limit else "")


def _passes(question: Question, everybody: Feed, piece: Integers) -> Flags:
    side = question.choice("side", "", ("", "BUY", "SELL"))
    cash = question.choice("filter_type", "CASH", ("CASH", "TOKENS")) == "CASH"
    least = question.amount("filter_amount")
    wanted = (everybody.usdc if cash else everybody.size)[piece] >= least
    if side:
        wanted &= everybody.sell[piece] == (side == "SELL")
    if question.flag("taker_only", False):
        wanted &= ~everybody.maker[piece]
    return wanted


def market_trades(world: World, traders: Traders, question: Question, now_s: int) -> bytes:
    """`/v2/trades?condition=`: everybody's fills in some markets, newest first."""
    wanted = Filter.of(world, question, now_s)
    takers_only = question.flag("taker_only", False)
    anchor = question.cursor("trades")
    last = (anchor["ts"], anchor["sq"]) if anchor else (now_s + 1, 0)
    everybody = _together(world, traders, _asked(world, question))
    legs = everybody.legs
    chosen = wanted.rows(legs, everybody.bets.market) & (legs.kind <= Leg.SELL) & (legs.time_s <= last[0])
    if takers_only:
        chosen &= ~legs.maker
    lines = np.flatnonzero(chosen)
    moments = zip(legs.time_s[lines].tolist(), (legs.serial[lines] >> np.uint64(1)).tolist(), strict=True)
    found = [(*moment, row) for moment, row in zip(moments, lines.tolist(), strict=True) if moment < last]
    found.sort(key=lambda line: line[:2], reverse=True)
    shown = [rows.trade(world, everybody.of_row(row), row) for _, _, row in found[: wanted.limit]]
    if len(found) <= wanted.limit:
        return page(shown, wanted.limit, 0, "")
    time_s, serial, _ = found[wanted.limit - 1]
    return page(shown, wanted.limit, 0, question.next_cursor("trades", ts=time_s, sq=serial))


def holders(world: World, traders: Traders, question: Question, now_s: int) -> bytes:
    """`/v2/holders?condition=`: the largest holders of each outcome."""
    limit = question.number("limit", 20, 1, MOST_HOLDERS)
    least = question.amount("min_balance")
    numbers = _asked(world, question)
    found: dict[str, list[wire.Holder]] = {
        token: [] for number in numbers for token in world.names.market(number).token_ids
    }
    everybody = _together(world, traders, numbers)
    now = results.at(world.markets, everybody.bets, now_s)
    for bet in np.flatnonzero(now.held > least).tolist():
        row = rows.holder(world, everybody.of_bet(bet), now, bet)
        found[row.token_id].append(row)
    return data([
        wire.TokenHolders(token, sorted(some, key=lambda row: -row.amount)[:limit]) for token, some in found.items()
    ])  # fmt: skip


def market_positions(world: World, traders: Traders, question: Question, now_s: int) -> bytes:
    """`/v2/positions?condition=` without a user: everybody's positions in some markets, the largest first."""
    question.no_offset()
    limit = question.number("limit", 100, 1, MOST_ROWS)
    numbers = _asked(world, question)
    skip = question.cursor("positions").get("o", 0)
    everybody = _together(world, traders, numbers)
    now = results.at(world.markets, everybody.bets, now_s)
    words = rows.statuses(everybody.bets, now, now_s)
    chosen = np.flatnonzero(now.begun).tolist()
    found = [rows.position(world, everybody.of_bet(bet), now, bet, words[bet], now_s) for bet in chosen]
    found.sort(key=lambda row: (-row.current_value, row.proxy_wallet))
    rest = question.next_cursor("positions", o=skip + limit) if skip + limit < len(found) else ""
    return page(found[skip : skip + limit], limit, skip, rest)


def _asked(world: World, question: Question) -> list[int]:
    if not question.several("condition", "condition_id"):
        raise invalid("condition", "required: a market's condition id")
    return conditions(world, question)


def _together(world: World, traders: Traders, numbers: list[int]) -> Together:
    """What all who ever trade in some markets do there."""
    some = [traders.wallet[traders.first[number] : traders.first[number + 1]] for number in numbers]
    wallets = np.unique(np.concatenate(some)).astype(np.int64) if some else np.zeros(0, dtype=np.int64)
    return world.histories.together(numbers, wallets)
