"""The venue's words become events, or are refused with a reason; nothing else escapes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import FrameError
from app.core.events import Level, Side
from app.feeds.hyperliquid import parse
from app.feeds.hyperliquid.decoding import coin_name

SHARED = Path(__file__).parents[3].parent / "shared" / "wire" / "hyperliquid"
real = pytest.mark.real
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared folder with real payloads")

PARSERS: list[Callable[[bytes], object]] = [
    parse.parse_trades,
    parse.parse_recent_trades,
    parse.parse_book,
    parse.parse_quote,
    parse.parse_context,
    parse.parse_candle,
    parse.parse_candles,
    parse.parse_mids,
    parse.parse_meta_and_contexts,
    parse.parse_error_text,
]


def trades_frame(**changes: Any) -> bytes:
    trade = {
        "coin": "BTC", "side": "B", "px": "84143.0", "sz": "0.5", "time": 1790232216193,
        "hash": "0x" + "0" * 64, "tid": 7, "users": ["0xAb" + "0" * 38, "0x" + "1" * 40],
    }  # fmt: skip
    return json.dumps({"channel": "trades", "data": [{**trade, **changes}]}).encode()


def test_a_trade_keeps_every_value_and_names_both_sides() -> None:
    (trade,) = parse.parse_trades(trades_frame())
    assert (trade.coin, trade.side, trade.price, trade.size) == ("BTC", Side.BUY, 84143.0, 0.5)
    assert (trade.time_ms, trade.trade_id, trade.buyer) == (1790232216193, 7, "0xab" + "0" * 38)


@pytest.mark.parametrize(
    "price",
    [
        "nan",
        "inf",
        "-inf",
        "1e400",
        "1_000",
        "１０",
        " 1",
        "1 ",
        "",
        "0",
        "-1",
        "1e15",
        "0x10",
        "٣",
        None,
        [],
        {},
        True,
    ],
)
def test_hazard_3_what_is_no_price_is_refused(price: object) -> None:
    with pytest.raises(FrameError):
        parse.parse_trades(trades_frame(px=price))


@pytest.mark.parametrize(
    "changes",
    [
        {"coin": "\x1b]0;x\x07"}, {"coin": ""}, {"coin": "[/b]"}, {"coin": "X" * 65},
        {"coin": "BTC\u202e"}, {"side": "C"},
        {"time": 0}, {"time": 10**14}, {"time": "soon"}, {"tid": -1}, {"sz": "-1"}, {"users": ["a"]},
    ],
)  # fmt: skip
def test_hostile_fields_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(FrameError):
        parse.parse_trades(trades_frame(**changes))


@pytest.mark.parametrize("text", ["0x\x7f", "0xé", "\u202e0x", "\n", "\\", "\x1b[2J", "[red]0x1", "0x 1", ""])
def test_text_that_is_no_address_is_never_given_as_one(text: str) -> None:
    frame = json.loads(trades_frame(users=["0xAB", text]))
    for ascii_only in (True, False):
        (trade,) = parse.parse_trades(json.dumps(frame, ensure_ascii=ascii_only).encode())
        assert (trade.buyer, trade.seller) == ("0xab", "")


def test_trades_of_another_coin_than_the_streams_are_refused() -> None:
    assert parse.parse_trades(trades_frame(), "BTC")
    with pytest.raises(FrameError, match="a trade of BTC came with those of ETH"):
        parse.parse_trades(trades_frame(), "ETH")


@pytest.mark.parametrize("name", ["BTC", "kPEPE", "xyz:SP500", "PURR/USDC", "@107", "#12090"])
def test_the_venues_names_are_names(name: str) -> None:
    assert coin_name(name) == name


def test_markets_and_contexts_must_pair_up() -> None:
    with pytest.raises(FrameError, match="1 markets but 0 contexts"):
        parse.parse_meta_and_contexts(b'[{"universe":[{"name":"BTC","szDecimals":5,"maxLeverage":40}]},[]]')


def test_one_odd_market_does_not_hide_the_others() -> None:
    universe = [{"name": name, "szDecimals": 2, "maxLeverage": 5} for name in ("BTC", "\x1b[2J", "ETH")]
    context = {"funding": "0", "openInterest": "1", "prevDayPx": "1", "dayNtlVlm": "1", "markPx": "1", "oraclePx": "1"}
    answer = json.dumps([{"universe": universe}, [context, context, {**context, "markPx": "0.0"}]]).encode()
    usable, refused = parse.parse_meta_and_contexts(answer)
    assert [listing.coin for listing, _ in usable] == ["BTC"]
    assert len(refused) == 2
    assert all(reason.isprintable() for reason in refused)


def test_a_list_with_nothing_usable_is_refused() -> None:
    with pytest.raises(FrameError, match="no usable market"):
        parse.parse_meta_and_contexts(b'[{"universe":[]},[]]')


def test_a_candle_whose_close_lies_outside_its_range_is_refused() -> None:
    candle = {"t": 1, "T": 2, "s": "BTC", "i": "1m", "o": "10", "c": "12", "h": "11", "l": "9", "v": "0", "n": 0}
    with pytest.raises(FrameError, match="outside low and high"):
        parse.parse_candles(json.dumps([candle]).encode())


def reason_refused(parser: Callable[[bytes], object], payload: bytes) -> str:
    try:
        parser(payload)
    except FrameError as error:
        return str(error)
    return ""


@given(st.binary(max_size=300))
def test_garbage_is_refused_and_nothing_else_escapes(payload: bytes) -> None:
    for parser in PARSERS:
        assert reason_refused(parser, payload).isprintable()


WORDS = st.sampled_from(["channel", "data", "coin", "px", "sz", "time", "levels", "bbo", "mids", "universe", "ctx"])
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_decoded_or_refused(value: object) -> None:
    payload = json.dumps(value).encode()
    for parser in PARSERS:
        assert reason_refused(parser, payload).isprintable()


def test_deep_nesting_is_refused() -> None:
    for parser in PARSERS:
        with pytest.raises(FrameError):
            parser(b"[" * 100_000)


def body(name: str) -> bytes:
    return (SHARED / name).read_bytes()


def framed(name: str) -> bytes:
    """What the venue tells over either transport, as a frame."""
    return b'{"data":' + body(name) + b"}"


def frames(name: str) -> list[bytes]:
    lines = [json.loads(line) for line in body(name).splitlines()]
    return [json.dumps(line.get("frame", line), separators=(",", ":")).encode() for line in lines]


@real
@needs_shared
def test_real_raw_recording_decodes_whole() -> None:
    recorded = frames("ws_l2Book_trades_BTC_2025-01-26.jsonl")
    books = [parse.parse_book(frame) for frame in recorded if b'"l2Book"' in frame[:30]]
    trades = [trade for frame in recorded if b'"trades"' in frame[:30] for trade in parse.parse_trades(frame)]
    assert (len(books), books[0].bids[0], len(books[0].bids)) == (46, Level(105055.0, 3.03622, 5), 20)
    assert all(book.bids[0].price < book.asks[0].price for book in books)
    assert (len(trades), trades[0].trade_id, trades[0].price) == (64, 121451470284048, 105056.0)


@real
@needs_shared
def test_real_frames_of_the_probe() -> None:
    by_channel: dict[str, list[bytes]] = {}
    for frame in frames("ws_frames_probe_2026-09.jsonl"):
        by_channel.setdefault(json.loads(frame)["channel"], []).append(frame)
    books = [parse.parse_book(frame) for frame in by_channel["l2Book"]]
    assert [book.coin for book in books] == ["BTC", "kPEPE", "xyz:SP500", "MATIC"]
    assert books[3].bids == books[3].asks == ()
    quote = parse.parse_quote(by_channel["bbo"][0])
    assert (quote.bid, quote.ask) == (Level(84143.0, 10.25923, 36), Level(84144.0, 50.66422, 18))
    context = parse.parse_context(by_channel["activeAssetCtx"][0])
    assert (context.funding, context.mid_price, context.open_interest) == (0.0000018952, 84143.5, 36585.31848)
    candle = parse.parse_candle(by_channel["candle"][0])
    assert (candle.interval, candle.open_ms, candle.close, candle.trades) == ("1m", 1790232180000, 84143.0, 114)
    assert parse.parse_trades(by_channel["trades"][0])[0].seller == "0x8269c0a4f5f1a14582e0aa46856a234893c41970"
    assert parse.parse_error_text(by_channel["error"][0]).startswith("Already subscribed: ")


@real
@needs_shared
def test_real_answers_decode_to_their_values() -> None:
    pairs, refused = parse.parse_meta_and_contexts(body("rest_metaAndAssetCtxs_2026-10_first6.json"))
    assert refused == []
    assert [listing.coin for listing, _ in pairs] == ["BTC", "ETH", "ATOM", "MATIC", "DYDX", "SOL"]
    assert [listing.coin for listing, _ in pairs if listing.delisted] == ["MATIC"]
    assert {listing.coin: context.mid_price for listing, context in pairs}["MATIC"] is None
    assert len(parse.parse_candles(body("rest_candleSnapshot_ETH_1h_2026-10_first8.json"))) == 8
    assert parse.parse_candles(body("rest_candleSnapshot_kPEPE_1h_2023-05.json"))[0].close == 0.001604
    assert parse.parse_book(framed("rest_l2Book_DYDX_2023-07.json")).bids[0].price == 2.111
    assert parse.parse_book(framed("nautilus_http_l2_book_btc.json")).asks[0] == Level(110428.0, 3.72573, 0)
    assert parse.parse_mids(body("nautilus_ws_allmids.json"))["PURR/USDC"] == 0.067131
    assert parse.parse_book(framed("nautilus_ws_book_data.json")).asks[0] == Level(98451.0, 1.5, 2)
    assert [trade.trade_id for trade in parse.parse_recent_trades(body("nautilus_http_recent_trades_btc.json"))] == [
        300001, 300002, 300003,
    ]  # fmt: skip


@real
@needs_shared
def test_real_payloads_of_other_kinds_are_refused_with_a_reason() -> None:
    others = [
        path
        for path in SHARED.glob("*.json")
        if path.name.startswith(("rest_user", "rest_port", "rest_clear", "leader"))
    ]
    assert len(others) >= 8
    for path in others:
        for parser in (
            parse.parse_trades,
            parse.parse_book,
            parse.parse_quote,
            parse.parse_candle,
            parse.parse_context,
        ):
            with pytest.raises(FrameError, match="of Hyperliquid: "):
                parser(path.read_bytes())
