"""The arms of a benchmark do the same work, and nothing is lost on the way."""

import asyncio
import json
from collections import Counter

from app.bench.blaster import acknowledgements, framed
from app.bench.decoding import Conflating, parse_whole, read_with_json
from app.bench.frames import BUSY, COINS, make_frames
from app.bench.ingest import decode_times, socket_times
from app.core.clock import SystemClock
from app.core.events import Book

START_MS = 1_790_000_000_000
FRAMES = make_frames(2_000, 7, START_MS)


def numbers(frame: bytes) -> list[float]:
    """Every price and size of a frame, read the plain way."""
    data = json.loads(frame)["data"]
    if isinstance(data, list):
        return [float(trade[name]) for trade in data for name in ("px", "sz")]
    if "mids" in data:
        return [float(price) for price in data["mids"].values()]
    return [float(level[name]) for side in data["levels"] for level in side for name in ("px", "sz")]


def parsed_numbers(frame: bytes) -> list[float]:
    parsed = parse_whole(frame)
    if isinstance(parsed, dict):
        return list(parsed.values())
    assert isinstance(parsed, Book | list)
    priced = [*parsed.bids, *parsed.asks] if isinstance(parsed, Book) else parsed
    return [number for item in priced for number in (item.price, item.size)]


def test_the_mix_is_what_it_says_and_the_same_for_the_same_seed() -> None:
    shares = Counter(json.loads(frame)["channel"] for frame in FRAMES)
    assert 0.67 < shares["trades"] / len(FRAMES) < 0.73
    assert 0.25 < shares["l2Book"] / len(FRAMES) < 0.31
    assert shares["allMids"] > 0
    assert make_frames(50, 7, START_MS) == make_frames(50, 7, START_MS) != make_frames(50, 8, START_MS)


def test_both_arms_read_the_same_numbers() -> None:
    for frame in FRAMES:
        read_with_json(frame)
        assert parsed_numbers(frame) == numbers(frame)


def test_conflating_keeps_every_trade_once() -> None:
    trades = [trade for frame in FRAMES if frame[12:13] == b"t" for trade in json.loads(frame)["data"]]
    conflating = Conflating()
    conflating.decode(FRAMES)
    conflating.decode(FRAMES)
    kept = {coin: [trade.trade_id for trade in tape.trades()] for coin, tape in conflating.tapes.items()}
    assert kept == {coin: [trade["tid"] for trade in trades if trade["coin"] == coin] for coin in COINS[:BUSY]}


def test_messages_are_framed_by_their_length() -> None:
    assert framed(b"ab") == b"\x81\x02ab"
    assert framed(b"a" * 300)[:4] == b"\x81\x7e\x01\x2c"
    assert framed(b"a" * 70_000)[:10] == b"\x81\x7f" + (70_000).to_bytes(8)
    assert len(acknowledgements()) == 2 * BUSY + 1


def test_decoding_is_measured() -> None:
    assert all(time > 0 for time in decode_times(SystemClock(), 100, 1))


def test_every_frame_arrives_over_the_socket() -> None:
    # Both receivers refuse to give a figure when one frame is missing.
    json_s, engine_s = asyncio.run(socket_times(SystemClock(), 3_000, 1))
    assert json_s > 0
    assert engine_s > 0
