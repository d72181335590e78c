"""The fast path and the decode of the envelope name the same stream."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import FrameError
from app.feeds.hyperliquid.classify import Key, classify, fast_key, fast_key_of
from app.feeds.hyperliquid.limits import request_weight

NAMES = st.text(st.sampled_from("ABCDEFGHkPxyz0123456789:@"), min_size=1, max_size=20)


def compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


@given(st.sampled_from(["l2Book", "bbo", "activeAssetCtx"]), NAMES)
def test_fast_and_slow_agree_on_pictures(channel: str, coin: str) -> None:
    frame = compact({"channel": channel, "data": {"coin": coin, "time": 1}})
    assert fast_key(frame) == fast_key_of(channel, coin)
    assert classify(frame) == Key(channel, coin)


@given(NAMES)
def test_fast_and_slow_agree_on_trades(coin: str) -> None:
    frame = compact({"channel": "trades", "data": [{"coin": coin, "side": "B"}]})
    assert fast_key(frame) == fast_key_of("trades", coin)
    assert classify(frame) == Key("trades", coin)


@given(NAMES, NAMES)
def test_two_coins_never_share_a_key(one: str, other: str) -> None:
    assert (fast_key_of("bbo", one) == fast_key_of("bbo", other)) == (one == other)


def test_candles_are_named_by_coin_and_interval() -> None:
    frame = compact({"channel": "candle", "data": {"t": 1, "T": 2, "s": "BTC", "i": "1m", "o": "1"}})
    assert fast_key(frame) not in {fast_key_of(channel, "BTC") for channel in ("candle", "trades", "l2Book", "bbo")}
    assert classify(frame) == Key("candle", "BTC", "1m")


def test_a_spaced_frame_takes_the_slow_path() -> None:
    frame = b'{ "data": {"coin": "BTC"}, "channel": "bbo" }'
    assert classify(frame) == Key("bbo", "BTC")


@pytest.mark.parametrize(
    "frame", [b"", b"{}", b"[]", b"null", b'{"channel":1}', b'{"channel":"trades","data":3}', b"\xff\xfe", b"{" * 9_999]
)
def test_what_is_no_frame_is_refused(frame: bytes) -> None:
    with pytest.raises(FrameError):
        classify(frame)


@pytest.mark.parametrize(
    ("channel", "items", "weight"),
    [
        ("allMids", 0, 2),
        ("metaAndAssetCtxs", 0, 20),
        ("userRole", 0, 60),
        ("candleSnapshot", 5_000, 103),
        ("userFills", 2_000, 120),
    ],
)
def test_weights_are_the_published_ones(channel: str, items: int, weight: int) -> None:
    assert request_weight(channel, items) == weight
