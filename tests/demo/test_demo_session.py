"""The protocol, frame by frame, without a socket."""

import itertools
import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.demo.elsewhere import HOUR_MS, NAMES
from app.demo.limits import IDLE_MS, SlidingBudget
from app.demo.session import OUTBOX_BYTES, Session
from app.demo.subscriptions import read_frame
from app.demo.venue import Venue
from app.feeds.hyperliquid.wire import (
    WireActiveContext,
    WireBook,
    WireCandle,
    WireMids,
    WireQuote,
    WireTrade,
)

START_MS = 1_790_232_236_546
SAMPLES = Path(__file__).parents[2] / "../shared/wire/hyperliquid/ws_frames_probe_2026-09.jsonl"
DATA: dict[str, Any] = {
    "trades": list[WireTrade],
    "bbo": WireQuote,
    "l2Book": WireBook,
    "activeAssetCtx": WireActiveContext,
    "candle": WireCandle,
    "allMids": WireMids,
}


def venue(seed: int = 7, coins: int = 4) -> Venue:
    return Venue(seed=seed, coins=coins, start_ms=START_MS)


def connected(to: Venue) -> Session:
    session = to.connect(0)
    assert session is not None
    return session


def drain(session: Session, now_ms: int = 0) -> list[Any]:
    taken = []
    while session.pending():
        taken.append(json.loads(session.take(now_ms)))
    return taken


def ask(session: Session, method: str, now_ms: int = 0, **subscription: Any) -> list[Any]:
    session.receive(json.dumps({"method": method, "subscription": subscription}).encode(), now_ms)
    return drain(session, now_ms)


def test_an_acknowledgement_has_the_defaults_filled_in() -> None:
    session = connected(venue())
    first, *_ = ask(session, "subscribe", type="l2Book", coin="SOL")
    assert first == {
        "channel": "subscriptionResponse",
        "data": {
            "method": "subscribe",
            "subscription": {"type": "l2Book", "coin": "SOL", "nSigFigs": None, "mantissa": None, "fast": False},
        },
    }
    first, *_ = ask(session, "subscribe", type="userFills", user="0x" + "AB" * 20)
    assert first["data"]["subscription"] == {
        "type": "userFills",
        "user": "0x" + "ab" * 20,
        "aggregateByTime": False,
    }


def test_duplicates_are_answered_in_the_venues_words() -> None:
    session = connected(venue())
    ask(session, "subscribe", type="l2Book", coin="SOL")
    text = '{"type":"l2Book","coin":"SOL","nSigFigs":null,"mantissa":null,"fast":false}'
    assert ask(session, "subscribe", type="l2Book", coin="SOL") == [
        {"channel": "error", "data": f"Already subscribed: {text}"}
    ]
    assert ask(session, "unsubscribe", type="l2Book", coin="SOL", fast=False)[0]["channel"] == "subscriptionResponse"
    assert ask(session, "unsubscribe", type="l2Book", coin="SOL") == [
        {"channel": "error", "data": f"Already unsubscribed: {text}"}
    ]


@pytest.mark.parametrize(
    "frame",
    [
        '{"method":"subscribe","subscription":{"type":"bbo","coin":["BTC","ETH"]}}',
        '{"method":"subscribe","subscription":{"type":"nothing","coin":"BTC"}}',
        '{"method":"subscribe","subscription":{"type":"candle","coin":"BTC","interval":"7m"}}',
        '{"method":"subscribe","subscription":{"type":"userFills","user":"0x12"}}',
        '{"method":"subscribe"}',
        '{"method":"dance"}',
        "hello",
        "[" * 5_000,
    ],
)
def test_what_cannot_be_read_is_echoed_in_an_error(frame: str) -> None:
    session = connected(venue())
    session.receive(frame.encode(), 0)
    assert drain(session) == [{"channel": "error", "data": f"Error parsing JSON into valid websocket request: {frame}"}]
    assert not session.cut


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    frame = read_frame(data)
    assert frame is None or frame.method in ("subscribe", "unsubscribe", "ping", "post")


@pytest.mark.parametrize(
    "subscription",
    [
        {"type": "trades", "coin": "btc"},
        {"type": "bbo", "coin": "NOPE"},
        {"type": "l2Book", "coin": "BTC", "nSigFigs": 7},
        {"type": "l2Book", "coin": "BTC", "nSigFigs": 3, "mantissa": 2},
    ],
)
def test_a_wrong_coin_or_joining_cuts_the_connection(subscription: dict[str, Any]) -> None:
    session = connected(venue())
    assert ask(session, "subscribe", **subscription) == []
    assert session.cut


def test_ping_and_idleness() -> None:
    session = connected(venue())
    session.receive(b'{"method":"ping"}', 50_000)
    assert drain(session, 50_000) == [{"channel": "pong"}]
    session.check_idle(50_000 + IDLE_MS - 1)
    assert not session.cut
    session.check_idle(50_000 + IDLE_MS)
    assert session.cut


def test_every_channel_speaks_the_wire() -> None:
    house = venue()
    session = connected(house)
    seen: dict[str, int] = {}
    for kind in ("trades", "bbo", "l2Book", "activeAssetCtx"):
        ask(session, "subscribe", type=kind, coin="BTC")
    ask(session, "subscribe", type="candle", coin="BTC", interval="1m")
    ask(session, "subscribe", type="allMids")
    house.advance(START_MS + 61_000)
    for frame in drain(session):
        data = msgspec.convert(frame["data"], DATA[frame["channel"]], strict=False)
        assert data
        seen[frame["channel"]] = seen.get(frame["channel"], 0) + 1
    assert set(seen) == set(DATA)
    assert 11 <= seen["l2Book"] <= 12
    assert 60 <= seen["activeAssetCtx"] <= 62
    assert 12 <= seen["allMids"] <= 13
    assert seen["trades"] > 30
    assert seen["bbo"] > 60


def test_fast_books_are_short_and_frequent() -> None:
    house = venue()
    session = connected(house)
    ask(session, "subscribe", type="l2Book", coin="ETH", fast=True)
    house.advance(START_MS + 54_000)
    frames = drain(session)
    assert 99 <= len(frames) <= 101
    assert all(len(side) == 5 for frame in frames for side in frame["data"]["levels"])


def test_a_joined_book_has_round_prices() -> None:
    session = connected(venue())
    book = ask(session, "subscribe", type="l2Book", coin="BTC", nSigFigs=4)[1]["data"]
    raw = ask(session, "subscribe", type="l2Book", coin="BTC")[1]["data"]
    for joined, plain in zip(book["levels"], raw["levels"], strict=True):
        assert all(float(level["px"]) % 10 == 0 for level in joined)
        assert sum(float(level["sz"]) for level in joined) == pytest.approx(sum(float(level["sz"]) for level in plain))
    assert float(book["levels"][0][0]["px"]) < float(book["levels"][1][0]["px"])


def test_the_first_trades_are_old_ones() -> None:
    frames = ask(connected(venue()), "subscribe", type="trades", coin="BTC")
    times = [trade["time"] for trade in frames[1]["data"]]
    assert times == sorted(times)
    assert START_MS - 20_000 <= times[0] <= times[-1] < START_MS


def test_a_candle_is_finished_before_the_next_one_opens() -> None:
    house = venue()
    session = connected(house)
    ask(session, "subscribe", type="candle", coin="BTC", interval="1m")
    house.advance(START_MS + 180_000)
    last: dict[int, Any] = {}
    for frame in drain(session):
        assert frame["data"]["t"] >= max(last, default=0)
        last[frame["data"]["t"]] = frame["data"]
    body = {"type": "candleSnapshot", "req": {"coin": "BTC", "interval": "1m", "startTime": START_MS - 60_000}}
    snapshot = {candle["t"]: candle for candle in json.loads(house.request(json.dumps(body).encode(), 0).body)}
    for opens in sorted(last)[:-1]:
        assert last[opens] == snapshot[opens]


def test_a_delisted_coin_is_silent() -> None:
    house = venue()
    session = connected(house)
    for kind in ("trades", "bbo", "l2Book"):
        assert ask(session, "subscribe", type=kind, coin="MATIC")[0]["channel"] == "subscriptionResponse"
    house.advance(START_MS + 12_000)
    frames = drain(session)
    assert {frame["channel"] for frame in frames} == {"l2Book"}
    assert all(frame["data"]["levels"] == [[], []] for frame in frames)


def test_fills_come_as_a_snapshot_and_then_live_without_the_key() -> None:
    house = venue()
    session = connected(house)
    market = house.market
    list(market.advance(START_MS + 20_000))
    maker = max(market.recent[0], key=lambda trade: trade.serial if trade.buyer_fill else 0).buyer
    user = market.accounts.addresses[maker]
    first = ask(session, "subscribe", type="userFills", user=user)[1]["data"]
    assert first["isSnapshot"] is True
    assert first["fills"][0]["coin"] in ("BTC", "ETH", "SOL", "HYPE")
    house.advance(START_MS + 120_000)
    live = [frame["data"] for frame in drain(session)]
    assert live
    assert all("isSnapshot" not in data and data["user"] == user for data in live)


def test_user_streams_are_capped_by_distinct_user_over_all_connections() -> None:
    house = venue()
    one, other = connected(house), connected(house)
    users = ["0x" + f"{number:040x}" for number in range(16)]
    for number, user in enumerate(users[:15]):
        ask((one, other)[number % 2], "subscribe", type="userFills", user=user)
    assert ask(one, "subscribe", type="userFills", user=users[15]) == [
        {"channel": "error", "data": "Cannot track more than 15 total users."}
    ]
    assert ask(other, "subscribe", type="userFills", user=users[0])[0]["channel"] == "subscriptionResponse"
    house.disconnect(other)
    assert ask(one, "subscribe", type="userFills", user=users[15])[0]["channel"] == "subscriptionResponse"


def test_states_come_each_second_they_change_and_count_as_users() -> None:
    house = venue()
    session = connected(house)
    users = house.market.accounts.addresses
    flat = next(a for a in range(len(users)) if not house.market.ledger.lots[:, a].any())
    ack, first = ask(session, "subscribe", type="clearinghouseState", user=users[20])
    assert ack["data"]["subscription"] == {"type": "clearinghouseState", "user": users[20], "dex": ""}
    assert first["data"]["user"] == users[20]
    assert first["data"]["clearinghouseState"]["assetPositions"]
    ask(session, "subscribe", type="clearinghouseState", user=users[flat])
    house.advance(START_MS + 10_000)
    sent = [frame["data"] for frame in drain(session)]
    mine = [data["clearinghouseState"]["time"] for data in sent if data["user"] == users[20]]
    assert 8 <= len(mine) <= 11
    assert all(later - earlier >= 1_000 for earlier, later in itertools.pairwise(mine))
    still = [data for data in sent if data["user"] == users[flat]]
    assert len(still) < 3
    for number in range(13):
        ask(session, "subscribe", type="userFills", user=f"0x{number:040x}")
    assert ask(session, "subscribe", type="clearinghouseState", user="0x" + "ab" * 20)[0]["channel"] == "error"
    assert ask(session, "subscribe", type="userFills", user=users[20])[0]["channel"] == "subscriptionResponse"


def test_the_cap_of_users_can_be_another_and_bring_a_storm() -> None:
    house = Venue(seed=7, coins=1, start_ms=START_MS, users=2, storm_per_s=200)
    session = connected(house)
    for number in range(2):
        ask(session, "subscribe", type="userFills", user=f"0x{number:040x}")
    refusal = {"channel": "error", "data": "Cannot track more than 2 total users."}
    assert ask(session, "subscribe", type="userFills", user="0x" + "ab" * 20) == [refusal]
    house.advance(START_MS + 1_000)
    assert drain(session).count(refusal) == 200
    house.advance(START_MS + 30_000)
    assert drain(session).count(refusal) == 1_800


def test_both_sides_of_a_liquidation_are_told() -> None:
    house = venue()
    market, session = house.market, connected(house)
    account = int(np.flatnonzero(market.ledger.lots[0] > 0)[-1])
    user = market.accounts.addresses[account]
    market.ledger.deposit(account, 1.0 - float(market.ledger.equity_usd(market.traders.lot_usd())[account]))
    ask(session, "subscribe", type="userFills", user=user)
    ask(session, "subscribe", type="trades", coin="BTC")
    house.advance(START_MS + 30_000)
    sent = drain(session)
    fills = [fill for frame in sent if frame["channel"] == "userFills" for fill in frame["data"]["fills"]]
    forced = {fill["tid"]: fill for fill in fills if fill["coin"] == "BTC" and "liquidation" in fill}
    assert forced
    prints = {trade["tid"]: trade for frame in sent if frame["channel"] == "trades" for trade in frame["data"]}
    for identifier, fill in forced.items():
        assert fill["liquidation"]["liquidatedUser"] == user
        assert fill["liquidation"]["method"] == "market"
        assert prints[identifier]["users"][1] == user


def test_events_of_an_account_do_not_say_whose_they_are() -> None:
    house = venue()
    market, session, other = house.market, connected(house), connected(house)
    account = int(np.flatnonzero(market.ledger.lots[0] > 0)[-1])
    user = market.accounts.addresses[account]
    market.ledger.deposit(account, 1.0 - float(market.ledger.equity_usd(market.traders.lot_usd())[account]))
    assert [frame["channel"] for frame in ask(session, "subscribe", type="userEvents", user=user)] == [
        "subscriptionResponse"
    ]
    ask(other, "subscribe", type="userFills", user=user)
    house.advance(START_MS + 30_000)
    told = [frame["data"] for frame in drain(session) if frame["channel"] == "user"]
    fills = [fill for data in told for fill in data.get("fills", [])]
    assert fills == [fill for frame in drain(other) for fill in frame["data"]["fills"]]
    ends = [data["liquidation"] for data in told if "liquidation" in data]
    assert ends
    assert all(end["liquidated_user"] == user and float(end["liquidated_ntl_pos"]) > 0 for end in ends)
    assert {len(data) for data in told} == {1}
    assert all("user" not in data for data in told)


def test_events_count_as_a_user() -> None:
    session = connected(Venue(seed=7, coins=1, start_ms=START_MS, users=1))
    ask(session, "subscribe", type="userEvents", user="0x" + "1" * 40)
    assert ask(session, "subscribe", type="userEvents", user="0x" + "2" * 40) == [
        {"channel": "error", "data": "Cannot track more than 1 total users."}
    ]


def test_fills_of_other_markets_come_by_stream_when_their_hour_does() -> None:
    start_ms = START_MS - START_MS % HOUR_MS + HOUR_MS - 2_000
    house = Venue(seed=7, coins=1, start_ms=start_ms)
    session, user = connected(house), house.market.accounts.addresses[21]
    first = ask(session, "subscribe", type="userFills", user=user)[1]["data"]
    assert sum(fill["coin"] in NAMES for fill in first["fills"]) == 10
    house.advance(start_ms + 4_000)
    live = [fill for frame in drain(session) for fill in frame["data"]["fills"] if fill["coin"] in NAMES]
    assert [fill["time"] for fill in live] == [start_ms + 2_000]


def test_connections_and_new_connections_are_capped() -> None:
    house = venue()
    sessions = [connected(house) for _ in range(10)]
    assert house.connect(0) is None
    for _ in range(20):
        house.disconnect(sessions.pop())
        sessions.append(connected(house))
    house.disconnect(sessions.pop())
    assert house.connect(59_999) is None
    assert house.connect(60_000) is not None


def test_messages_are_capped() -> None:
    session = connected(venue())
    for _ in range(2_000):
        session.receive(b'{"method":"ping"}', 0)
    drain(session)
    session.receive(b'{"method":"ping"}', 59_999)
    assert drain(session) == [{"channel": "error", "data": "Cannot send more than 2000 messages per minute."}]
    session.receive(b'{"method":"ping"}', 60_000)
    assert drain(session) == [{"channel": "pong"}]


def test_subscriptions_are_capped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.demo.session.SUBSCRIPTIONS", 2)
    session = connected(venue())
    ask(session, "subscribe", type="trades", coin="BTC")
    ask(session, "subscribe", type="trades", coin="ETH")
    answer = ask(session, "subscribe", type="trades", coin="SOL")
    assert answer == [{"channel": "error", "data": "Cannot subscribe to more than 2 channels."}]
    ask(session, "unsubscribe", type="trades", coin="BTC")
    assert ask(session, "subscribe", type="trades", coin="SOL")[0]["channel"] == "subscriptionResponse"


def test_a_client_that_never_reads_is_cut_and_its_memory_freed() -> None:
    session = connected(venue())
    for _ in range(OUTBOX_BYTES // 1_000 + 1):
        session.send(b"x" * 1_000)
    assert session.cut
    assert not session.pending()


def test_a_book_can_be_asked_for_through_the_socket() -> None:
    session = connected(venue())
    session.receive(b'{"method":"post","id":7,"request":{"type":"info","payload":{"type":"l2Book","coin":"BTC"}}}', 0)
    (answer,) = drain(session)
    assert answer["data"]["id"] == 7
    assert answer["data"]["response"]["payload"]["type"] == "l2Book"
    assert len(answer["data"]["response"]["payload"]["data"]["levels"][0]) == 20


def test_the_same_seed_sends_the_same_bytes() -> None:
    streams = []
    for _ in range(2):
        house = venue(seed=21, coins=6)
        session = connected(house)
        for coin in ("BTC", "ETH", "XRP"):
            for kind in ("trades", "bbo", "l2Book", "activeAssetCtx"):
                session.receive(
                    json.dumps({"method": "subscribe", "subscription": {"type": kind, "coin": coin}}).encode(), 0
                )
        frames = []
        for end in range(50, 20_001, 50):
            house.advance(START_MS + end)
            while session.pending():
                frames.append(session.take(0))
        streams.append(frames)
    assert streams[0] == streams[1]
    assert len(streams[0]) > 200


def test_a_budget_slides() -> None:
    budget = SlidingBudget(10, 100)
    assert budget.spend(6, 0)
    assert not budget.spend(5, 99)
    assert budget.used(99) == 6
    assert budget.spend(10, 100)


def keys(value: Any) -> Any:
    if isinstance(value, dict):
        return [(key, keys(inner)) for key, inner in value.items()]
    if isinstance(value, list):
        return [keys(value[0])] if value else []
    return type(value).__name__


@pytest.mark.real
@pytest.mark.skipif(not SAMPLES.exists(), reason="the folder of real payloads is not here")
@pytest.mark.parametrize("kind", ["l2Book", "bbo", "activeAssetCtx", "trades", "candle"])
def test_frames_have_the_keys_order_and_types_of_real_ones(kind: str) -> None:
    real = [json.loads(line) for line in SAMPLES.read_text().splitlines()]
    sample = next(frame for frame in real if frame["channel"] == kind)
    extra: dict[str, Any] = {"interval": "1m"} if kind == "candle" else {}
    ours = ask(connected(venue()), "subscribe", type=kind, coin="BTC", **extra)[1]
    assert keys(ours) == keys(sample)
