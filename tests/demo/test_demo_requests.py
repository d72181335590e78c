"""POST /info: answers in the venue's shape, within its weights."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.demo.market import Market
from app.demo.requests import MAXIMUM_CANDLES, answer
from app.demo.venue import Venue
from app.feeds.hyperliquid.wire import WireBook, WireCandle, WireContext, WireMarket, WireTrade

START_MS = 1_790_232_236_546


@pytest.fixture(scope="module")
def market() -> Market:
    return Market(7, 5, START_MS)


def ask(market: Market, **body: Any) -> Any:
    reply = answer(market, json.dumps(body).encode())
    assert reply.status == 200
    return json.loads(reply.body)


def candles(market: Market, coin: str, interval: str, start: int, end: int | None = None) -> list[WireCandle]:
    request = {"coin": coin, "interval": interval, "startTime": start, "endTime": end}
    return msgspec.convert(ask(market, type="candleSnapshot", req=request), list[WireCandle], strict=False)


def test_markets_and_contexts_are_joined_by_index(market: Market) -> None:
    meta, contexts = ask(market, type="metaAndAssetCtxs")
    universe = msgspec.convert(meta["universe"], list[WireMarket])
    assert [entry.name for entry in universe] == ["BTC", "ETH", "SOL", "HYPE", "XRP", "MATIC"]
    assert [entry.isDelisted for entry in universe] == [None] * 5 + [True]
    converted = msgspec.convert(contexts, list[WireContext], strict=False)
    assert converted[0].markPx == pytest.approx(84143.0, rel=0.001)
    assert converted[-1].midPx is None
    volumes = [context.dayNtlVlm for context in converted]
    assert volumes[0] == max(volumes)
    assert ask(market, type="meta") == meta


def test_candles_end_with_the_open_one_and_have_no_holes(market: Market) -> None:
    result = candles(market, "ETH", "1m", START_MS - 3_600_000)
    opens = [candle.t for candle in result]
    assert opens == list(range(opens[0], START_MS, 60_000))
    assert result[-1].t + 59_999 == result[-1].T
    assert result[-1].c == pytest.approx(2722.4)


@pytest.mark.parametrize(("interval", "minutes"), [("5m", 5), ("15m", 15), ("1h", 60), ("4h", 240), ("1d", 1440)])
def test_longer_candles_join_the_shorter_ones(market: Market, interval: str, minutes: int) -> None:
    length = minutes * 60_000
    start = (START_MS // length - 1) * length
    whole = candles(market, "SOL", interval, start, start + length - 1)
    parts = candles(market, "SOL", "1m", start, start + length - 1)
    assert len(whole) == 1
    assert whole[0].h == max(candle.h for candle in parts)
    assert whole[0].l == min(candle.l for candle in parts)
    assert (whole[0].o, whole[0].c) == (parts[0].o, parts[-1].c)
    assert whole[0].v == pytest.approx(sum(candle.v for candle in parts))
    assert whole[0].n == sum(candle.n for candle in parts)


def test_only_the_newest_candles_are_given(market: Market) -> None:
    result = candles(market, "BTC", "1m", 0)
    assert len(result) == MAXIMUM_CANDLES
    assert result[-1].t == START_MS // 60_000 * 60_000
    assert candles(market, "BTC", "1m", START_MS + 60_000) == []
    assert candles(market, "BTC", "1h", 0, 1_000) == []


def test_recent_trades_come_newest_first(market: Market) -> None:
    trades = msgspec.convert(ask(market, type="recentTrades", coin="BTC"), list[WireTrade], strict=False)
    times = [trade.time_ms for trade in trades]
    assert times == sorted(times, reverse=True)
    assert len({trade.trade_id for trade in trades}) == len(trades) > 20


def test_a_book_and_an_empty_account(market: Market) -> None:
    book = msgspec.convert(ask(market, type="l2Book", coin="HYPE"), WireBook, strict=False)
    assert book.levels[0][0].price < book.levels[1][0].price
    state = ask(market, type="clearinghouseState", user="0x" + "00" * 20)
    assert state["assetPositions"] == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b'{"type":"\xff\xfe"}', 422),
        (b'{"type":"unheard"}', 422),
        (b'{"type":"l2Book"}', 422),
        (b'{"type":"l2Book","coin":"nope"}', 500),
        (b'{"type":"candleSnapshot","req":{"coin":"BTC","interval":"9m","startTime":0}}', 500),
        (b'{"type":"candleSnapshot"}', 422),
        (b'{"type":"clearinghouseState"}', 422),
    ],
)
def test_what_the_venue_refuses_is_refused(market: Market, body: bytes, status: int) -> None:
    assert answer(market, body).status == status


@given(st.binary(max_size=100))
def test_any_body_is_answered(market: Market, body: bytes) -> None:
    assert answer(market, body).status in (200, 422, 500)


@given(st.integers(-(10**30), 10**30), st.integers(-(10**30), 10**30))
def test_any_range_of_candles_is_answered(market: Market, start: int, end: int) -> None:
    request = {"coin": "BTC", "interval": "1h", "startTime": start, "endTime": end}
    reply = answer(market, json.dumps({"type": "candleSnapshot", "req": request}).encode())
    assert reply.status in (200, 422)


@pytest.mark.parametrize(
    ("body", "weight"),
    [
        ({"type": "allMids"}, 2),
        ({"type": "l2Book", "coin": "BTC"}, 2),
        ({"type": "meta"}, 20),
        ({"type": "candleSnapshot", "req": {"coin": "BTC", "interval": "1m", "startTime": 0}}, 20 + 5_000 // 60),
    ],
)
def test_requests_weigh_what_they_do_on_the_venue(market: Market, body: dict[str, Any], weight: int) -> None:
    assert answer(market, json.dumps(body).encode()).weight == weight


def test_weight_runs_out_and_comes_back() -> None:
    venue = Venue(seed=1, coins=1, start_ms=START_MS)
    statuses = [venue.request(b'{"type":"meta"}', 0).status for _ in range(61)]
    assert statuses == [200] * 60 + [429]
    assert venue.request(b'{"type":"allMids"}', 59_999).status == 429
    assert venue.request(b'{"type":"allMids"}', 60_000).status == 200
