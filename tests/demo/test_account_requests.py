"""What the venue tells of accounts: in the real shape, within its weights, and agreeing with itself."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.demo.accounts import ACCOUNTS
from app.demo.elsewhere import HOUR_MS, NAMES, SIZE
from app.demo.leaderboard import CHUNK_ROWS, FULL_ROWS
from app.demo.market import Market
from app.demo.requests import Reply, answer
from app.demo.trades import KEPT_FILLS
from app.demo.venue import Venue
from app.feeds.hyperliquid.parse_traders import is_of_main_market, parse_fills, parse_trader_state

START_MS = 1_790_232_236_546
SAMPLES = Path(__file__).parents[2] / "../shared/wire/hyperliquid"
STRANGER = "0x" + "00" * 20


@pytest.fixture(scope="module")
def venue() -> Venue:
    made = Venue(seed=7, coins=12, start_ms=START_MS)
    made.advance(START_MS + 20_000)
    return made


@pytest.fixture(scope="module")
def market(venue: Venue) -> Market:
    return venue.market


def ask_whole(market: Market, **body: Any) -> Reply:
    reply = answer(market, json.dumps(body).encode())
    assert reply.status == 200
    return reply


def ask(market: Market, **body: Any) -> Any:
    return json.loads(ask_whole(market, **body).body)


def keys(value: Any) -> Any:
    """Keys in order and types of leaves; of an array its first element stands for all."""
    if isinstance(value, dict):
        return [(key, keys(inner)) for key, inner in value.items()]
    if isinstance(value, list):
        return [keys(value[0])] if value else []
    return type(value).__name__


def test_positions_and_margin_of_a_state_add_up(market: Market) -> None:
    for account in range(0, ACCOUNTS, 13):
        state = ask(market, type="clearinghouseState", user=market.accounts.addresses[account])
        listed = [entry["position"] for entry in state["assetPositions"]]
        positions = [one for one in listed if float(one["szi"]) != 0.0]
        margin = {name: float(value) for name, value in state["marginSummary"].items()}
        signed = [float(one["positionValue"]) * (1 if float(one["szi"]) > 0 else -1) for one in positions]
        assert sum(map(abs, signed)) == pytest.approx(margin["totalNtlPos"], abs=0.01)
        assert margin["totalRawUsd"] + sum(signed) == pytest.approx(margin["accountValue"], abs=0.01)
        assert sum(float(one["marginUsed"]) for one in positions) == pytest.approx(margin["totalMarginUsed"], abs=0.01)
        assert float(state["withdrawable"]) >= 0.0
        for one in positions:
            assert 1 <= one["leverage"]["value"] <= one["maxLeverage"]
            mark = float(one["positionValue"]) / abs(float(one["szi"]))
            gain = float(one["szi"]) * (mark - float(one["entryPx"]))
            assert gain == pytest.approx(float(one["unrealizedPnl"]), rel=1e-3, abs=1.0)


def test_positions_are_what_the_fills_lead_to(market: Market) -> None:
    trader = next(a for a in range(300, ACCOUNTS) if 0 < len(market.fills.of(a)) < KEPT_FILLS)
    user = market.accounts.addresses[trader]
    fills = ask(market, type="userFillsByTime", user=user, startTime=0)
    assert len(fills) < 2_000
    held: dict[str, float] = {}
    for fill in fills:
        assert float(fill["startPosition"]) == pytest.approx(held.get(fill["coin"], 0.0), abs=1e-9)
        size = float(fill["sz"]) * (1 if fill["side"] == "B" else -1)
        held[fill["coin"]] = float(fill["startPosition"]) + size
    state = ask(market, type="clearinghouseState", user=user.upper().replace("0X", "0x"))
    told = {one["position"]["coin"]: float(one["position"]["szi"]) for one in state["assetPositions"]}
    told = {coin: size for coin, size in told.items() if size}
    assert told == pytest.approx({coin: size for coin, size in held.items() if abs(size) > 1e-9})


def test_positions_that_were_closed_stay_listed_without_a_size() -> None:
    market = Market(7, 12, START_MS)
    coin, account = (int(place[-1]) for place in np.nonzero(market.ledger.lots))
    assert account % 4
    market.ledger.apply(coin, account, -int(market.ledger.lots[coin, account]), 1.0, market.live[coin].lot)
    listed_by = {user: zeros_and_held(market, user) for user in market.accounts.addresses[account::-1][:20]}
    zeros, held = listed_by[market.accounts.addresses[account]]
    assert market.live[coin].name in zeros
    assert sum(bool(zeros) for zeros, _ in listed_by.values()) >= 4
    for user, (zeros, held) in listed_by.items():
        body = answer(market, json.dumps({"type": "clearinghouseState", "user": user}).encode()).body
        assert not zeros & held
        assert {position.coin for position in parse_trader_state(body, user, START_MS).positions} == held


def zeros_and_held(market: Market, user: str) -> tuple[set[str], set[str]]:
    """Coins that are listed without a size, and those with one."""
    listed = [one["position"] for one in ask(market, type="clearinghouseState", user=user)["assetPositions"]]
    zeros = [one for one in listed if one["szi"] == "0.0"]
    assert all((one["positionValue"], one["marginUsed"], one["entryPx"]) == ("0.0", "0.0", None) for one in zeros)
    assert len({one["coin"] for one in listed}) == len(listed)
    return {one["coin"] for one in zeros}, {one["coin"] for one in listed if one["szi"] != "0.0"}


def test_a_few_accounts_trade_spot_outcomes_and_other_builders_markets(market: Market) -> None:
    account, user = 21, market.accounts.addresses[21]
    fills = ask(market, type="userFillsByTime", user=user, startTime=START_MS - 10 * HOUR_MS)
    elsewhere = [fill for fill in fills if fill["coin"] in NAMES]
    assert {fill["coin"] for fill in ask(market, type="userFills", user=user)} >= set(NAMES)
    assert [fill["time"] for fill in fills] == sorted(fill["time"] for fill in fills)
    assert len(elsewhere) == 10
    assert len({fill["tid"] for fill in elsewhere}) == 10
    for fill in elsewhere:
        bought = fill["side"] == "B"
        assert (float(fill["startPosition"]) == 0.0) is bought
        assert float(fill["closedPnl"]) == pytest.approx(0.0 if bought else SIZE * float(fill["px"]) * 0.0031, rel=0.01)
    body = json.dumps({"type": "userFills", "user": user}).encode()
    own = parse_fills(answer(market, body).body, user)
    assert own
    assert all(is_of_main_market(fill.coin) for fill in own)
    assert {
        fill["coin"] for fill in ask(market, type="userFills", user=market.accounts.addresses[account - 1])
    }.isdisjoint(NAMES)


def test_a_position_on_another_exchange_is_told_of_that_one_alone(market: Market) -> None:
    user, told = market.accounts.addresses[21], []
    for hour in range(10):
        market_then = market if hour == 0 else Market(7, 1, START_MS + hour * HOUR_MS)
        state = ask(market_then, type="clearinghouseState", user=market_then.accounts.addresses[21], dex="xyz")
        told.append([one["position"]["coin"] for one in state["assetPositions"]])
    assert sorted(told) == [[]] * 9 + [["xyz:SP500"]]
    main = ask(market, type="clearinghouseState", user=user)
    assert all(":" not in one["position"]["coin"] for one in main["assetPositions"])


def test_sub_accounts_belong_to_their_masters(market: Market) -> None:
    master, sub, nobody = (market.accounts.addresses[place] for place in (200, 208, 20))
    (told,) = ask(market, type="subAccounts", user=master)
    assert (told["subAccountUser"], told["master"]) == (sub, master)
    assert told["clearinghouseState"] == ask(market, type="clearinghouseState", user=sub)
    assert ask(market, type="subAccounts", user=nobody) is None
    assert ask(market, type="subAccounts", user=STRANGER) is None
    assert ask(market, type="userRole", user=sub) == {"role": "subAccount", "data": {"master": master}}
    assert ask(market, type="userRole", user=master) == {"role": "user"}
    assert ask(market, type="userRole", user=STRANGER) == {"role": "missing"}
    assert ask_whole(market, type="userRole", user=sub).weight == 60


def test_fills_come_newest_first_or_by_time(market: Market) -> None:
    user = market.accounts.addresses[20]
    newest = ask(market, type="userFills", user=user)
    times = [fill["time"] for fill in newest]
    assert times == sorted(times, reverse=True)
    identifiers = {fill["tid"] for fill in newest}
    assert len(identifiers) == len(newest)
    start, end = times[40], times[10]
    span = ask(market, type="userFillsByTime", user=user, startTime=start, endTime=end)
    assert [fill["time"] for fill in span] == sorted(time for time in times if start <= time <= end)


def test_a_busy_account_tells_only_what_is_kept_of_it() -> None:
    market = Market(7, 12, START_MS)
    list(market.advance(START_MS + 90_000))
    busiest = max(range(14), key=lambda account: len(market.fills.of(account)))
    fills = ask(market, type="userFills", user=market.accounts.addresses[busiest])
    assert len(fills) == KEPT_FILLS
    assert min(fill["time"] for fill in fills) >= START_MS


def test_a_portfolio_has_every_window_in_order(market: Market) -> None:
    windows = dict(ask(market, type="portfolio", user=market.accounts.addresses[20]))
    assert list(windows) == [
        "day", "week", "month", "allTime", "perpDay", "perpWeek", "perpMonth", "perpAllTime",
    ]  # fmt: skip
    state = ask(market, type="clearinghouseState", user=market.accounts.addresses[20])
    for name, points in (("day", 12), ("week", 28), ("month", 28), ("allTime", 9)):
        window = windows[name]
        times = [at for at, _ in window["pnlHistory"]]
        assert len(times) >= points
        assert times == sorted(set(times)) == [at for at, _ in window["accountValueHistory"]]
        assert window["pnlHistory"][0][1] == "0.0"
        assert window["accountValueHistory"][-1][1] == state["marginSummary"]["accountValue"]
        assert float(window["vlm"]) > 0.0
    volumes = [float(windows[name]["vlm"]) for name in ("day", "week", "month", "allTime")]
    assert volumes == sorted(volumes)


@pytest.mark.parametrize("kind", ["clearinghouseState", "userFills", "portfolio"])
def test_a_stranger_is_an_empty_account(market: Market, kind: str) -> None:
    told = ask(market, type=kind, user=STRANGER)
    if kind == "clearinghouseState":
        assert told["assetPositions"] == []
        assert float(told["marginSummary"]["accountValue"]) == 0.0
    elif kind == "userFills":
        assert told == []
    else:
        assert all(window["pnlHistory"] == [] for _, window in told)


def test_other_exchanges_are_empty(market: Market) -> None:
    user = market.accounts.addresses[20]
    assert ask(market, type="clearinghouseState", user=user, dex="xyz")["assetPositions"] == []
    assert ask(market, type="clearinghouseState", user=user, dex="")["assetPositions"] != []


@pytest.mark.parametrize(
    "body",
    [
        b'{"type":"portfolio"}',
        b'{"type":"userFills","user":"0x12"}',
        b'{"type":"userFillsByTime","user":"0x0000000000000000000000000000000000000000"}',
        b'{"type":"clearinghouseState","user":5}',
    ],
)
def test_requests_without_a_proper_address_or_time_are_refused(market: Market, body: bytes) -> None:
    assert answer(market, body).status == 422


@given(st.integers(-(10**30), 10**30), st.integers(-(10**30), 10**30))
def test_any_span_of_fills_is_answered(market: Market, start: int, end: int) -> None:
    request = {"type": "userFillsByTime", "user": market.accounts.addresses[30], "startTime": start, "endTime": end}
    assert answer(market, json.dumps(request).encode()).status in (200, 422)


def test_accounts_weigh_what_they_do_on_the_venue(market: Market) -> None:
    user = market.accounts.addresses[20]
    assert ask_whole(market, type="clearinghouseState", user=user).weight == 2
    assert ask_whole(market, type="portfolio", user=user).weight == 20
    fills = ask_whole(market, type="userFills", user=user)
    assert fills.weight == 20 + len(json.loads(fills.body)) // 20
    assert ask_whole(market, type="userFillsByTime", user=STRANGER, startTime=0).weight == 20


def test_six_hundred_states_a_minute_and_not_one_more() -> None:
    venue = Venue(seed=1, coins=1, start_ms=START_MS)
    body = json.dumps({"type": "clearinghouseState", "user": STRANGER}).encode()
    assert [venue.request(body, 0).status for _ in range(601)] == [200] * 600 + [429]


def document(venue: Venue, rows: int) -> Any:
    return json.loads(b"".join(venue.leaderboard(rows)))["leaderboardRows"]


def test_a_leaderboard_has_all_accounts_among_strangers(venue: Venue) -> None:
    rows = document(venue, 5_000)
    addresses = [row["ethAddress"] for row in rows]
    assert len(rows) == len(set(addresses)) == 5_000
    assert set(venue.market.accounts.addresses) < set(addresses)
    assert addresses[:ACCOUNTS] != list(venue.market.accounts.addresses)


def test_a_leaderboard_agrees_with_portfolios_and_states(venue: Venue) -> None:
    rows = {row["ethAddress"]: row for row in document(venue, 1_000)}
    for account in range(0, ACCOUNTS, 40):
        user = venue.market.accounts.addresses[account]
        windows = dict(ask(venue.market, type="portfolio", user=user))
        state = ask(venue.market, type="clearinghouseState", user=user)
        told = float(state["marginSummary"]["accountValue"])
        assert float(rows[user]["accountValue"]) == pytest.approx(told, abs=1e-5)
        for name, window in rows[user]["windowPerformances"]:
            assert float(window["pnl"]) == pytest.approx(float(windows[name]["pnlHistory"][-1][1]), abs=1e-5)
            assert float(window["vlm"]) == pytest.approx(float(windows[name]["vlm"]), rel=1e-9, abs=1e-5)


def test_a_leaderboard_is_as_dirty_as_the_real_one(venue: Venue) -> None:
    rows = document(venue, 5_000)
    month = [(row, dict(row["windowPerformances"])["month"]) for row in rows]
    all_time = [dict(row["windowPerformances"])["allTime"] for row in rows]
    assert any(window["vlm"] == "0.0000000000" and float(row["accountValue"]) > 1e8 for row, window in month)
    assert any(float(window["roi"]) > 1_000.0 for window in all_time)
    assert any(row["displayName"] and "[bold]" in row["displayName"] for row in rows)
    assert sum(row["displayName"] is None for row in rows) > 4_000


def test_a_leaderboard_is_of_the_moment_it_was_asked_for() -> None:
    one, other = (Venue(seed=3, coins=2, start_ms=START_MS) for _ in range(2))
    moving, standing = one.leaderboard(1_000), list(other.leaderboard(1_000))
    pieces = [next(moving)]
    one.advance(START_MS + 10_000)
    assert [*pieces, *moving] == standing
    assert len(standing) == 1_000 // CHUNK_ROWS + 2 + 2
    assert list(one.leaderboard(1_000)) != standing


def test_a_whole_leaderboard_is_as_large_as_the_real_one() -> None:
    venue = Venue(seed=3, coins=2, start_ms=START_MS)
    body = b"".join(venue.leaderboard(FULL_ROWS))
    assert 37e6 < len(body) < 41e6
    assert len(json.loads(body)["leaderboardRows"]) == FULL_ROWS


real = pytest.mark.skipif(not SAMPLES.exists(), reason="the folder of real payloads is not here")


@pytest.mark.real
@real
def test_states_have_the_keys_of_a_real_one(market: Market) -> None:
    sample = json.loads((SAMPLES / "rest_clearinghouseState_btc_long_2026-09.json").read_text())
    ours = ask(market, type="clearinghouseState", user=market.accounts.addresses[20])
    # A long position that cannot be liquidated has no price for it, in either.
    position = ours["assetPositions"][0]["position"]
    position["liquidationPx"] = sample["assetPositions"][0]["position"]["liquidationPx"]
    assert keys(ours) == keys(sample)


@pytest.mark.real
@real
def test_portfolios_have_the_keys_of_a_real_one(market: Market) -> None:
    sample = dict(json.loads((SAMPLES / "rest_portfolio_2025-08.json").read_text()))
    ours = dict(ask(market, type="portfolio", user=market.accounts.addresses[20]))
    assert keys(ours) == keys(sample)


@pytest.mark.real
@real
def test_leaderboard_rows_have_the_keys_of_real_ones(venue: Venue) -> None:
    sample = json.loads((SAMPLES / "leaderboard_rows_2026-10_sample.json").read_text())["leaderboardRows"]
    for row in document(venue, 1_000)[:200]:
        assert keys({**row, "displayName": None}) == keys(sample[0])


@pytest.mark.real
@real
def test_fills_have_the_keys_of_real_ones(market: Market) -> None:
    lines = (SAMPLES / "ws_userFills_and_user_cap_2026-10.jsonl").read_text().splitlines()
    sample = next(frame for frame in map(json.loads, lines) if frame["channel"] == "userFills")["data"]["fills"][0]
    ours = ask(market, type="userFills", user=market.accounts.addresses[20])[0]
    assert keys(ours) == keys(sample)
