"""Accounts as the venue tells them become values, or are refused with a reason; nothing else escapes."""

import gzip
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import FrameError
from app.core.events import Side
from app.core.traders import TraderFill
from app.feeds.hyperliquid import parse_traders as parse

SHARED = Path(__file__).parents[3].parent / "shared"
WIRE = SHARED / "wire" / "hyperliquid"
real = pytest.mark.real
needs_shared = pytest.mark.skipif(not WIRE.is_dir(), reason="needs the shared folder with real payloads")

TRADER, OTHER = "0x" + "a" * 40, "0x" + "b" * 40
RECEIVED_MS = 1_790_000_000_000
STREAMED = "0xf84d8d3863043d578b17c1f76dded6655d1f05fc"


def position(coin: str = "BTC", **changes: Any) -> dict[str, Any]:
    told = {
        "coin": coin, "szi": "-2.5", "leverage": {"type": "cross", "value": 20}, "entryPx": "80000.0",
        "positionValue": "201000.0", "unrealizedPnl": "-1000.5", "returnOnEquity": "-0.1", "liquidationPx": "95000.0",
        "marginUsed": "10050.0", "maxLeverage": 40, "cumFunding": {"allTime": "-1.0"},
    }  # fmt: skip
    return {"type": "oneWay", "position": {**told, **changes}}


def state(*positions: dict[str, Any], **changes: Any) -> bytes:
    margin = {"accountValue": "541765.1", "totalNtlPos": "201000.0", "totalRawUsd": "1.0", "totalMarginUsed": "10050.0"}
    told = {"marginSummary": margin, "withdrawable": "500.0", "assetPositions": positions, "time": RECEIVED_MS - 5}
    return json.dumps({**told, **changes}).encode()


def fill(**changes: Any) -> dict[str, Any]:
    told = {
        "coin": "BTC", "px": "80067.0", "sz": "0.5", "side": "B", "time": RECEIVED_MS, "startPosition": "0.0",
        "dir": "Open Long", "closedPnl": "0.0", "hash": "0x0", "oid": 1, "crossed": True, "fee": "1.5", "tid": 7,
        "feeToken": "USDC", "twapId": None,
    }  # fmt: skip
    return {**told, **changes}


def fills_body(*fills: dict[str, Any]) -> bytes:
    return json.dumps(fills).encode()


def read_state(body: bytes) -> object:
    return parse.parse_trader_state(body, TRADER, RECEIVED_MS)


def read_state_frame(frame: bytes) -> object:
    return parse.parse_trader_state_frame(frame, TRADER, RECEIVED_MS)


def read_fills(body: bytes) -> tuple[TraderFill, ...]:
    return parse.parse_fills(body, TRADER)


READERS: list[Callable[[bytes], object]] = [
    read_state,
    read_state_frame,
    read_fills,
    lambda frame: parse.parse_fills_frame(frame, TRADER),
    parse.parse_equity_histories,
]


def test_a_state_keeps_every_value_and_its_positions_by_coin() -> None:
    isolated = position("ETH", szi="3", leverage={"type": "isolated", "value": 5, "rawUsd": "1"}, liquidationPx=None)
    told = parse.parse_trader_state(state(isolated, position()), TRADER.upper().replace("0X", "0x"), RECEIVED_MS)
    assert (told.trader, told.at_ms, told.equity_usd) == (TRADER, RECEIVED_MS - 5, 541765.1)
    assert (told.positions_usd, told.margin_usd, told.withdrawable_usd) == (201000.0, 10050.0, 500.0)
    bitcoin, ether = told.positions
    assert (bitcoin.coin, bitcoin.size, bitcoin.value_usd, bitcoin.entry_price) == ("BTC", -2.5, 201000.0, 80000.0)
    assert (bitcoin.unrealized_pnl_usd, bitcoin.liquidation_price) == (-1000.5, 95000.0)
    assert (bitcoin.leverage, bitcoin.margin_usd, bitcoin.isolated) == (20.0, 10050.0, False)
    assert (ether.coin, ether.isolated, ether.liquidation_price, ether.leverage) == ("ETH", True, None, 5.0)


def test_without_a_time_of_the_venue_it_counts_from_when_it_came() -> None:
    body = json.loads(state())
    del body["time"]
    assert parse.parse_trader_state(json.dumps(body).encode(), TRADER, RECEIVED_MS).at_ms == RECEIVED_MS


def test_an_account_that_owes_can_withdraw_nothing() -> None:
    assert parse.parse_trader_state(state(withdrawable="-5.5"), TRADER, RECEIVED_MS).withdrawable_usd == 0.0


def test_two_hundred_positions_are_read_and_closed_or_foreign_ones_left_out() -> None:
    closed = [position(f"Z{number}", szi=size, entryPx=None) for number, size in enumerate(("0.0", "-0.0"))]
    foreign = [position(coin) for coin in ("xyz:SP500", "@107", "#12", "PURR/USDC")]
    many = [position(f"C{number}", szi="1") for number in range(200)]
    told = parse.parse_trader_state(state(*closed, *many, *foreign), TRADER, RECEIVED_MS)
    assert [each.coin for each in told.positions] == sorted(f"C{number}" for number in range(200))


@pytest.mark.parametrize("price", [None, "0.0", "-12.5", "3e20"])
def test_a_liquidation_price_out_of_reach_is_none(price: str | None) -> None:
    told = parse.parse_trader_state(state(position(liquidationPx=price)), TRADER, RECEIVED_MS)
    assert told.positions[0].liquidation_price is None


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"szi": None}, "szi"), ({"szi": "nan"}, "szi"), ({"szi": "1e400"}, "szi"), ({"szi": "1e15"}, "szi"),
        ({"szi": "1e-310"}, "no size"), ({"szi": "-9e-13"}, "no size"),
        ({"positionValue": None}, "positionValue"), ({"positionValue": "-1"}, "positionValue"),
        ({"unrealizedPnl": None}, "unrealizedPnl"), ({"marginUsed": "inf"}, "marginUsed"),
        ({"leverage": None}, "leverage"), ({"leverage": {"type": "cross", "value": None}}, "value"),
        ({"liquidationPx": "nan"}, "liquidationPx"), ({"entryPx": "1_000"}, "entryPx"),
        ({"coin": "\x1b[2J"}, "coin's name"), ({"coin": "BTC\u202e"}, "coin's name"), ({"coin": ""}, "coin"),
    ],
)  # fmt: skip
def test_one_bad_position_refuses_the_state_and_is_named(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(FrameError, match=named):
        read_state(state(position("ETH"), position(**changes)))


def test_bad_states_are_refused_and_named() -> None:
    margin = json.loads(state())["marginSummary"]
    with pytest.raises(FrameError, match="accountValue"):
        read_state(state(marginSummary={**margin, "accountValue": None}))
    with pytest.raises(FrameError, match="two positions in BTC"):
        read_state(state(position(), position("ETH"), position()))
    with pytest.raises(FrameError, match="truncated"):
        read_state(state(position())[:-20])
    with pytest.raises(FrameError, match="length"):
        read_state(state(*[position(f"C{number}") for number in range(2_001)]))
    with pytest.raises(FrameError, match="not a trader's address"):
        parse.parse_trader_state(state(), "0x12\x1b", RECEIVED_MS)


def test_a_streamed_state_is_that_of_its_stream() -> None:
    whole = json.loads(state(position()))
    data = {"dex": "", "user": TRADER, "clearinghouseState": whole}
    frame = json.dumps({"channel": "clearinghouseState", "data": data}).encode()
    assert parse.parse_trader_state_frame(frame, TRADER, 1) == parse.parse_trader_state(state(position()), TRADER, 1)
    with pytest.raises(FrameError, match="came with those of"):
        parse.parse_trader_state_frame(frame, OTHER, 1)
    foreign = json.dumps({"channel": "clearinghouseState", "data": {**data, "dex": "xyz"}}).encode()
    with pytest.raises(FrameError, match="'xyz', not of the main one"):
        parse.parse_trader_state_frame(foreign, TRADER, 1)


def test_a_fill_keeps_every_value() -> None:
    (told,) = read_fills(fills_body(fill(side="A", startPosition="-1.5", closedPnl="-2.5", fee="-0.25", crossed=False)))
    assert (told.trader, told.coin, told.side, told.price, told.size) == (TRADER, "BTC", Side.SELL, 80067.0, 0.5)
    assert (told.at_ms, told.trade_id, told.start_size) == (RECEIVED_MS, 7, -1.5)
    assert (told.closed_pnl_usd, told.fee_usd, told.crossed) == (-2.5, -0.25, False)
    assert (told.direction, told.liquidated) == ("Open Long", False)


@pytest.mark.parametrize(
    ("changes", "liquidated"),
    [
        ({"liquidation": {"liquidatedUser": TRADER.upper().replace("0X", "0x"), "markPx": "1"}}, True),
        ({"liquidation": {"liquidatedUser": OTHER, "markPx": "1"}}, False),
        ({"liquidation": {"markPx": "1"}}, False),
        ({"liquidation": None, "dir": "Liquidated Isolated Long"}, True),
    ],
)
def test_whose_position_a_liquidation_closed(changes: dict[str, Any], liquidated: bool) -> None:
    assert read_fills(fills_body(fill(**changes)))[0].liquidated is liquidated


@given(st.permutations(range(6)))
def test_fills_come_out_oldest_first_each_beginning_where_the_one_before_it_ended(order: Sequence[int]) -> None:
    sizes = ["0", "1", "2", "2.5", "3", "1"]
    made = [fill(startPosition=size, sz="1", time=RECEIVED_MS + number // 3) for number, size in enumerate(sizes)]
    made[3]["side"] = made[4]["side"] = made[5]["side"] = "A"
    made[3]["startPosition"], made[4]["startPosition"], made[5]["startPosition"] = "3", "2", "1"
    told = read_fills(fills_body(*(made[place] for place in order)))
    assert [(each.at_ms - RECEIVED_MS, each.start_size) for each in told] == [
        (0, 0), (0, 1), (0, 2), (1, 3), (1, 2), (1, 1)
    ]  # fmt: skip


def test_fills_of_spot_outcomes_and_other_markets_are_left_out() -> None:
    foreign = [fill(coin=coin, px="0.0") for coin in ("@156", "PURR/USDC", "#5", "xyz:SP500")]
    assert [each.coin for each in read_fills(fills_body(*foreign, fill()))] == ["BTC"]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"px": "0.0"}, "fill of BTC"), ({"px": None}, "px"), ({"sz": "-1"}, "sz"), ({"side": "C"}, "side"),
        ({"startPosition": "nan"}, "startPosition"), ({"closedPnl": "1e16"}, "closedPnl"), ({"time": 0}, "time"),
        ({"fee": None}, "fee"), ({"coin": "[b]"}, "coin's name"), ({"crossed": None}, "crossed"),
    ],
)  # fmt: skip
def test_a_bad_fill_is_refused_and_named(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(FrameError, match=named):
        read_fills(fills_body(fill(), fill(**changes)))


def test_a_snapshot_is_told_from_news() -> None:
    def frame(**data: Any) -> bytes:
        return json.dumps({"channel": "userFills", "data": {"user": TRADER, "fills": [fill()], **data}}).encode()

    assert parse.parse_fills_frame(frame(isSnapshot=True), TRADER).is_snapshot
    assert not parse.parse_fills_frame(frame(), TRADER).is_snapshot
    assert not parse.parse_fills_frame(frame(isSnapshot=False), TRADER).is_snapshot
    with pytest.raises(FrameError, match="came with those of"):
        parse.parse_fills_frame(frame(), OTHER)


def portfolio(**windows: Any) -> bytes:
    return json.dumps(list(windows.items())).encode()


def history(equities: Sequence[tuple[int, str]], results: Sequence[tuple[int, str]]) -> dict[str, Any]:
    return {"accountValueHistory": equities, "pnlHistory": results, "vlm": "12.5"}


def test_histories_are_those_in_perpetuals_alone() -> None:
    perpetual = history([(2, "11"), (1, "10"), (3, "9")], [(1, "0.0"), (2, "1"), (3, "-1")])
    both = history([(1, "99")], [(1, "98")])
    told = parse.parse_equity_histories(portfolio(day=both, perpAllTime=history([], []), perpDay=perpetual, odd={}))
    assert [(each.window, each.volume_usd) for each in told] == [("day", 12.5), ("all", 12.5)]
    assert [(point.at_ms, point.equity_usd, point.pnl_usd) for point in told[0].points] == [
        (1, 10.0, 0.0), (2, 11.0, 1.0), (3, 9.0, -1.0)
    ]  # fmt: skip
    assert told[1].points == ()


def test_portfolios_that_are_refused() -> None:
    with pytest.raises(FrameError, match="no history in perpetuals"):
        parse.parse_equity_histories(portfolio(day=history([(1, "1")], [(1, "1")])))
    with pytest.raises(FrameError, match="perpWeek has equities and results of different times"):
        parse.parse_equity_histories(portfolio(perpWeek=history([(1, "1")], [(2, "1")])))
    with pytest.raises(FrameError, match="history in a portfolio"):
        parse.parse_equity_histories(portfolio(perpWeek=history([(1, "nan")], [(1, "1")])))


def taken(data: bytes) -> int:
    """How many readers take these bytes; the others refuse them, and nothing else escapes."""
    count = 0
    for reader in READERS:
        with suppress(FrameError):
            reader(data)
            count += 1
    return count


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    assert taken(data) < len(READERS)


@given(st.data())
def test_sound_payloads_with_bytes_changed_are_read_or_refused(data: st.DataObject) -> None:
    sound = [state(position()), fills_body(fill()), portfolio(perpDay=history([(1, "1")], [(1, "1")]))]
    assert [taken(payload) for payload in sound] == [1, 1, 1]
    for payload in sound:
        at = data.draw(st.integers(0, len(payload) - 1))
        changed = payload[:at] + data.draw(st.binary(min_size=1, max_size=3)) + payload[at + 1 :]
        assert taken(changed) <= 1


def chained(fills: Sequence[TraderFill]) -> list[bool]:
    """Of each fill after the first of its coin, whether it begins where the one before it ended."""
    ends: dict[str, float] = {}
    found = []
    for each in fills:
        if each.coin in ends:
            found.append(abs(ends[each.coin] - each.start_size) < 1e-6 * max(1.0, abs(each.start_size)))
        ends[each.coin] = each.start_size + (each.size if each.side is Side.BUY else -each.size)
    return found


@real
@needs_shared
@pytest.mark.parametrize(
    ("name", "count", "equity", "largest"),
    [
        ("rest_clearinghouseState_12pos_2023-03.json", 12, 1182.312496, "BNB"),
        ("rest_clearinghouseState_2026-10_sample.json", 3, 541765.106589, "BTC"),
        ("rest_clearinghouseState_btc_long_2026-09.json", 1, 104048192.166624, "BTC"),
    ],
)
def test_real_states_are_read_whole(name: str, count: int, equity: float, largest: str) -> None:
    told = parse.parse_trader_state((WIRE / name).read_bytes(), TRADER, RECEIVED_MS)
    assert len(told.positions) == count
    assert told.equity_usd == pytest.approx(equity)
    assert max(told.positions, key=lambda each: each.value_usd).coin == largest


@real
@needs_shared
def test_real_fills_of_one_account_follow_each_other() -> None:
    path = SHARED / "data" / "wallets" / "hyperliquid_api_dump_one_wallet_2025-11.json.gz"
    told = json.loads(gzip.decompress(path.read_bytes()))
    fills = read_fills(json.dumps(told["userFillsByTime"]["data"]).encode())
    assert (len(fills), all(chained(fills))) == (2_000, True)
    assert len(parse.parse_trader_state(json.dumps(told["clearinghouseState"]["data"]).encode(), TRADER, 1).positions)
    assert len(read_fills((WIRE / "rest_userFills_500_2023.json").read_bytes())) == 500
    dust = read_fills((WIRE / "nautilus_http_user_fills_dust_conversion.json").read_bytes())
    assert [each.coin for each in dust] == ["MANTA", "JUP", "ARB"]


@real
@needs_shared
def test_a_real_liquidation_is_that_of_the_account_it_names() -> None:
    told = json.loads((WIRE / "nautilus_ws_user_fill_liquidation.json").read_bytes())["data"]["fills"]
    liquidated = told[0]["liquidation"]["liquidatedUser"]
    body = json.dumps(told).encode()
    assert [parse.parse_fills(body, trader)[0].liquidated for trader in (liquidated, TRADER)] == [True, False]


@real
@needs_shared
def test_real_streams_of_fills_are_read() -> None:
    lines = (WIRE / "ws_userFills_and_user_cap_2026-10.jsonl").read_bytes().splitlines()
    frames = [line for line in lines if line.startswith(b'{"channel":"userFills"')]
    told = [parse.parse_fills_frame(frame, json.loads(frame)["data"]["user"]) for frame in frames]
    assert [each.is_snapshot for each in told] == [True, False, False, False]
    assert told[0].fills[0].trader == STREAMED
    assert all(chained(told[0].fills[:2]))
    assert told[3].fills[0].fee_usd < 0


@real
@needs_shared
def test_a_real_portfolio_has_four_windows() -> None:
    told = parse.parse_equity_histories((WIRE / "rest_portfolio_2025-08.json").read_bytes())
    assert [(each.window, len(each.points)) for each in told] == [("day", 13), ("week", 64), ("month", 45), ("all", 72)]
    assert all(each.points[0].pnl_usd == 0 for each in told)
